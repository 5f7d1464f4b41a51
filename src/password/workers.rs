//! The threads on which scrypt runs, whose memory its crate allocates: as many as hash at once.
//!
//! What a thread has freed is kept by glibc's `malloc` for that thread and those that share its arena,
//! up to 32 MiB and more. A server has dozens of threads, each of which would come to hold the memory
//! of a hash for good. These few hold it once each, and use it again for the next hash.

use std::mem;
use std::process;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

struct Idle {
    process: u32,
    workers: Vec<Sender<Job>>,
}

static IDLE: Mutex<Idle> = Mutex::new(Idle { process: 0, workers: Vec::new() });

/// Runs a job to its end on one of the threads; `None` if there is no thread for it.
pub(super) fn run<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let idle = idle().workers.pop();
    let worker = match idle {
        Some(worker) => worker,
        None => start()?,
    };
    let (done, result) = sync_channel(1);
    worker
        .send(Box::new(move || {
            let _ = done.send(job());
        }))
        .ok()?;
    let result = result.recv().ok()?;
    self::idle().workers.push(worker);
    Some(result)
}

/// Returns those that wait for work in this process: a fork takes no threads along.
fn idle() -> MutexGuard<'static, Idle> {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if idle.process != process::id() {
        // Nobody is there who could be told that they are not needed any more.
        mem::forget(mem::take(&mut idle.workers));
        idle.process = process::id();
    }
    idle
}

fn start() -> Option<Sender<Job>> {
    let (sender, jobs) = channel::<Job>();
    let work = move || jobs.into_iter().for_each(|job| job());
    thread::Builder::new().name(String::from("dash_auth")).spawn(work).ok()?;
    Some(sender)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn jobs_at_once_run_on_threads_of_their_own() {
        let barrier: &'static Barrier = Box::leak(Box::new(Barrier::new(2)));
        let at_once = thread::scope(|scope| {
            let runs = [(), ()].map(|()| {
                scope.spawn(|| {
                    run(|| {
                        barrier.wait();
                        thread::current().id()
                    })
                })
            });
            runs.map(|run| run.join().unwrap().unwrap())
        });
        assert_ne!(at_once[0], at_once[1]);
    }

    #[test]
    fn a_job_that_panics_is_none() {
        assert_eq!(run(|| -> u8 { panic!("on purpose") }), None);
        assert_eq!(run(|| 5), Some(5));
    }
}
