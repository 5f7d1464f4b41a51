//! How many passwords are hashed at once, who waits for a turn, and who is told to come back.
//!
//! A hash that is slow by design is a lever for whoever guesses: each guess costs the server a
//! core and tens of megabytes. So only as many run as there are cores. While all are busy, any
//! request waits, but for those from an address that failed lately: these share half of the turns,
//! never wait, and are refused where anyone else does. Fifty people who come back together all get
//! in, and a dozen who guess cannot stand in their way: a core is left for everything else.

use std::num::NonZeroUsize;
use std::process;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use lru::LruCache;

/// How long a failed attempt counts against its address.
pub const FAILURE_MEMORY: Duration = Duration::from_secs(60);
/// How long a request waits for its turn at most.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How many addresses with a failed attempt are remembered: about one MiB.
const REMEMBERED_ADDRESSES: NonZeroUsize = NonZeroUsize::new(8192).unwrap();

/// All turns are taken: the client is to come back later (503 with `Retry-After`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Hands out turns to hash a password.
pub struct Admission {
    turns: usize,
    longest_wait: Duration,
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    process: u32,
    taken: usize,
    waiting: usize,
    failures: LruCache<String, Instant>,
}

/// A turn; it is given back when dropped.
pub struct Turn<'a>(&'a Admission);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.taken = state.taken.saturating_sub(1);
        drop(state);
        self.0.freed.notify_one();
    }
}

/// One for the process, however many apps it guards: its cores and its threads are shared.
static OF_PROCESS: LazyLock<Admission> =
    LazyLock::new(|| Admission::new(available_parallelism().unwrap_or(NonZeroUsize::MIN), LONGEST_WAIT));

impl Admission {
    /// Returns the admission of this process: a turn for each core.
    #[must_use]
    pub fn of_process() -> &'static Self {
        &OF_PROCESS
    }

    /// Returns an admission of `turns` hashes at once, for which a request waits `longest_wait`.
    #[must_use]
    pub fn new(turns: NonZeroUsize, longest_wait: Duration) -> Self {
        Self {
            turns: turns.get(),
            longest_wait,
            state: Mutex::new(State {
                process: process::id(),
                taken: 0,
                waiting: 0,
                failures: LruCache::new(REMEMBERED_ADDRESSES),
            }),
            freed: Condvar::new(),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    ///
    /// [`Busy`] at once where `address` failed lately and half of the turns are taken or someone
    /// waits; for any other address after the longest wait.
    pub fn admit(&self, address: &str) -> Result<Turn<'_>, Busy> {
        let mut state = self.lock();
        if state.taken + state.waiting >= self.turns.div_ceil(2) && failed_lately(&mut state, address) {
            return Err(Busy);
        }
        self.wait(state)
    }

    /// Waits for a turn where no address is known: for a hash that the developer's own function asks
    /// for.
    ///
    /// # Errors
    ///
    /// [`Busy`] after the longest wait.
    pub fn admit_anyone(&self) -> Result<Turn<'_>, Busy> {
        self.wait(self.lock())
    }

    fn wait<'a>(&'a self, mut state: MutexGuard<'a, State>) -> Result<Turn<'a>, Busy> {
        let deadline = Instant::now() + self.longest_wait;
        while state.taken >= self.turns {
            let left = deadline.checked_duration_since(Instant::now()).ok_or(Busy)?;
            state.waiting += 1;
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.waiting = state.waiting.saturating_sub(1);
        }
        state.taken += 1;
        Ok(Turn(self))
    }

    /// Returns how long a request waits at most.
    #[must_use]
    pub fn longest_wait(&self) -> Duration {
        self.longest_wait
    }

    /// Returns how long a request waits for what another request finds out: not at all where its
    /// address failed lately, for each one that waits holds one of the server's threads.
    #[must_use]
    pub fn patience(&self, address: &str) -> Duration {
        if failed_lately(&mut self.lock(), address) { Duration::ZERO } else { self.longest_wait }
    }

    /// Remembers that an attempt from `address` failed.
    pub fn record_failure(&self, address: &str) {
        self.lock().failures.put(address.to_owned(), Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.process != process::id() {
            // A fork takes along which turns are taken, but not the threads that would give them back.
            (state.process, state.taken, state.waiting) = (process::id(), 0, 0);
        }
        state
    }
}

fn failed_lately(state: &mut State, address: &str) -> bool {
    match state.failures.peek(address) {
        Some(when) if when.elapsed() < FAILURE_MEMORY => true,
        Some(_) => {
            state.failures.pop(address);
            false
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    fn one_turn(longest_wait: Duration) -> Admission {
        Admission::new(NonZeroUsize::MIN, longest_wait)
    }

    #[test]
    fn a_turn_comes_back() {
        let admission = one_turn(Duration::ZERO);
        let turn = admission.admit("a").unwrap();
        assert_eq!(admission.admit("b").err(), Some(Busy));
        drop(turn);
        assert!(admission.admit("b").is_ok());
    }

    #[test]
    fn who_has_no_address_waits_like_anyone_else() {
        let admission = one_turn(Duration::ZERO);
        admission.record_failure("");
        let turn = admission.admit_anyone().unwrap();
        assert_eq!(admission.admit_anyone().err(), Some(Busy));
        drop(turn);
        assert!(admission.admit_anyone().is_ok());
    }

    #[test]
    fn who_failed_lately_does_not_wait() {
        let admission = one_turn(Duration::from_secs(60));
        admission.record_failure("guesser");
        let turn = admission.admit("guesser").expect("a free turn is for everyone");
        assert_eq!(admission.admit("guesser").err(), Some(Busy));
        drop(turn);
    }

    #[test]
    fn who_failed_lately_shares_half_of_the_turns() {
        let admission = Admission::new(NonZeroUsize::new(4).unwrap(), Duration::ZERO);
        admission.record_failure("guesser");
        let _turns = [admission.admit("guesser").unwrap(), admission.admit("guesser").unwrap()];
        assert_eq!(admission.admit("guesser").err(), Some(Busy));
        assert!(admission.admit("alice").is_ok());
    }

    #[test]
    fn who_failed_lately_has_no_patience() {
        let admission = one_turn(LONGEST_WAIT);
        admission.record_failure("guesser");
        assert_eq!(admission.patience("guesser"), Duration::ZERO);
        assert_eq!(admission.patience("alice"), LONGEST_WAIT);
    }

    /// For longer than any test lasts.
    const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);
    const GIVE_UP: Duration = Duration::from_secs(30);

    #[test]
    fn anyone_else_waits_until_a_turn_is_given_back() {
        // Whoever waits for ever would keep a scope from ending.
        let admission: &'static Admission = Box::leak(Box::new(one_turn(FOR_EVER)));
        admission.record_failure("guesser");
        let turn = admission.admit("guesser").unwrap();
        let (done, admitted) = channel();
        thread::spawn(move || {
            let is_admitted = admission.admit("alice").is_ok();
            done.send(is_admitted)
        });
        let end = Instant::now() + GIVE_UP;
        while admission.lock().waiting == 0 {
            assert!(Instant::now() < end, "nobody waits");
            thread::yield_now();
        }
        drop(turn);
        assert_eq!(admitted.recv_timeout(GIVE_UP), Ok(true));
        // Nobody waits any more, so that a free turn is for everyone again.
        assert!(admission.admit("guesser").is_ok());
    }

    #[test]
    fn a_turn_for_which_someone_waits_is_not_for_who_failed_lately() {
        let admission = one_turn(Duration::ZERO);
        admission.record_failure("guesser");
        // As it is between the end of one turn and the moment when who waits takes it.
        admission.lock().waiting = 1;
        assert_eq!(admission.admit("guesser").err(), Some(Busy));
        assert!(admission.admit("alice").is_ok());
    }

    #[test]
    fn the_wait_has_an_end() {
        let admission = one_turn(Duration::from_millis(1));
        let _turn = admission.admit("a").unwrap();
        assert_eq!(admission.admit("b").err(), Some(Busy));
        assert_eq!(admission.lock().waiting, 0);
    }

    #[test]
    fn a_failure_is_forgotten() {
        let admission = one_turn(LONGEST_WAIT);
        let Some(then) = Instant::now().checked_sub(FAILURE_MEMORY) else { return };
        admission.lock().failures.put(String::from("guesser"), then);
        assert_eq!(admission.patience("guesser"), LONGEST_WAIT);
    }

    #[test]
    fn the_turns_of_the_process_before_a_fork_are_not_taken() {
        let admission = one_turn(Duration::ZERO);
        let turn = admission.admit("a").unwrap();
        let mut state = admission.lock();
        (state.process, state.waiting) = (0, 1);
        drop(state);
        admission.record_failure("guesser");
        assert!(admission.admit("guesser").is_ok());
        drop(turn);
    }
}
