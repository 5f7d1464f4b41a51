//! Credentials that were verified a moment ago.
//!
//! An entry is a keyed digest, so nothing in memory leads back to a password; the key is drawn for
//! this process. Only successes are kept, a bounded number of them, the least recently used going
//! first. The digest covers what the credentials were verified against, so a changed or removed
//! password misses at once.
//!
//! A browser opens six connections at once. The first that asks about credentials verifies them;
//! the others wait for its result (single flight).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::basic::Credentials;
use crate::seal::{Digest, ProcessKey};

/// How many verified credentials are remembered: about two MiB.
const REMEMBERED_CREDENTIALS: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// What is known of some credentials.
pub enum Lookup {
    /// They were verified before.
    Verified,
    /// Another request just found them wrong.
    Refused,
    /// Another request is at it for longer than this one may wait, or gave up.
    Busy,
    /// Nobody knows: the caller verifies them and says so through the flight.
    Unknown(Flight),
}

/// The duty to verify credentials for all who wait. Dropped without a result, it leaves them to
/// come back later.
pub struct Flight {
    cache: VerifiedCredentials,
    digest: Digest,
    landed: bool,
}

impl Flight {
    /// Tells those who wait, and remembers a success until `expiry`.
    pub fn land(mut self, verified: bool, expiry: Expiry) {
        self.landed = true;
        self.cache.finish(&self.digest, if verified { Landing::Verified(expiry) } else { Landing::Refused });
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            self.cache.finish(&self.digest, Landing::Abandoned);
        }
    }
}

/// Until when verified credentials count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// For as long as what they were verified against is the same.
    Never,
    /// Until this moment.
    At(Instant),
}

/// Remembers verified credentials. Clones share one memory.
#[derive(Clone)]
pub struct VerifiedCredentials(Arc<Memory>);

struct Memory {
    key: ProcessKey,
    state: Mutex<State>,
}

struct State {
    verified: LruCache<Digest, Expiry>,
    flights: HashMap<Digest, Arc<Outcome>>,
}

/// What those who wait for a flight are told.
#[derive(Default)]
struct Outcome {
    landing: Mutex<Option<Landing>>,
    known: Condvar,
}

#[derive(Clone, Copy)]
enum Landing {
    Verified(Expiry),
    Refused,
    Abandoned,
}

impl VerifiedCredentials {
    /// Returns an empty memory under `key`.
    #[must_use]
    pub fn new(key: ProcessKey) -> Self {
        let state = State { verified: LruCache::new(REMEMBERED_CREDENTIALS), flights: HashMap::new() };
        Self(Arc::new(Memory { key, state: Mutex::new(state) }))
    }

    /// Returns the digest of credentials and of what they are verified `against`.
    #[must_use]
    pub fn digest(&self, credentials: &Credentials, against: &str) -> Digest {
        let (username, password) = (credentials.username().as_bytes(), credentials.password().as_bytes());
        self.0.key.digest(&[against.as_bytes(), username, password])
    }

    /// Returns the key for other digests of this process.
    #[must_use]
    pub fn key(&self) -> &ProcessKey {
        &self.0.key
    }

    /// Tells whether the credentials were verified before. Never waits.
    #[must_use]
    pub fn is_verified(&self, digest: &Digest) -> bool {
        is_verified(&mut self.lock(), digest)
    }

    /// Looks the credentials up; where another request is verifying them, waits for it.
    pub fn look_up(&self, digest: Digest, longest_wait: Duration) -> Lookup {
        let outcome = {
            let mut state = self.lock();
            if is_verified(&mut state, &digest) {
                return Lookup::Verified;
            }
            match state.flights.entry(digest) {
                Entry::Occupied(flight) => Arc::clone(flight.get()),
                Entry::Vacant(free) => {
                    free.insert(Arc::default());
                    return Lookup::Unknown(Flight { cache: self.clone(), digest, landed: false });
                }
            }
        };
        let landing = outcome.landing.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = outcome.known.wait_timeout_while(landing, longest_wait, |landing| landing.is_none());
        match *waited.unwrap_or_else(PoisonError::into_inner).0 {
            Some(Landing::Verified(_)) => Lookup::Verified,
            Some(Landing::Refused) => Lookup::Refused,
            Some(Landing::Abandoned) | None => Lookup::Busy,
        }
    }

    fn finish(&self, digest: &Digest, landing: Landing) {
        let flight = {
            let mut state = self.lock();
            if let Landing::Verified(expiry) = landing {
                state.verified.put(*digest, expiry);
            }
            state.flights.remove(digest)
        };
        if let Some(outcome) = flight {
            *outcome.landing.lock().unwrap_or_else(PoisonError::into_inner) = Some(landing);
            outcome.known.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_verified(state: &mut State, digest: &Digest) -> bool {
    match state.verified.get(digest) {
        Some(Expiry::At(moment)) if *moment <= Instant::now() => {
            state.verified.pop(digest);
            false
        }
        Some(_) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const WAIT: Duration = Duration::from_secs(60);

    fn empty() -> VerifiedCredentials {
        VerifiedCredentials::new(ProcessKey::draw().unwrap())
    }

    fn fly(cache: &VerifiedCredentials, digest: Digest) -> Flight {
        match cache.look_up(digest, WAIT) {
            Lookup::Unknown(flight) => flight,
            _ => panic!("the credentials are known"),
        }
    }

    #[test]
    fn remembers_successes_only() {
        let cache = empty();
        fly(&cache, [1; 32]).land(true, Expiry::Never);
        fly(&cache, [2; 32]).land(false, Expiry::Never);
        drop(fly(&cache, [3; 32]));
        assert!(cache.is_verified(&[1; 32]));
        assert!(!cache.is_verified(&[2; 32]));
        assert!(!cache.is_verified(&[3; 32]));
    }

    #[test]
    fn an_entry_expires() {
        let cache = empty();
        fly(&cache, [1; 32]).land(true, Expiry::At(Instant::now()));
        assert!(!cache.is_verified(&[1; 32]));
        fly(&cache, [1; 32]).land(true, Expiry::At(Instant::now() + WAIT));
        assert!(cache.is_verified(&[1; 32]));
    }

    #[test]
    fn others_wait_for_the_first() {
        for verified in [true, false] {
            let cache = empty();
            let flight = fly(&cache, [1; 32]);
            thread::scope(|scope| {
                let waiting: Vec<_> = (0..5)
                    .map(|_| scope.spawn(|| matches!(cache.look_up([1; 32], WAIT), Lookup::Verified)))
                    .collect();
                thread::sleep(Duration::from_millis(20));
                assert!(waiting.iter().all(|thread| !thread.is_finished()));
                flight.land(verified, Expiry::Never);
                assert!(waiting.into_iter().all(|thread| thread.join().unwrap() == verified));
            });
        }
    }

    #[test]
    fn who_waits_for_an_abandoned_flight_comes_back_later() {
        let cache = empty();
        let flight = fly(&cache, [1; 32]);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| matches!(cache.look_up([1; 32], WAIT), Lookup::Busy));
            thread::sleep(Duration::from_millis(20));
            drop(flight);
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn nobody_waits_for_ever() {
        let cache = empty();
        let _flight = fly(&cache, [1; 32]);
        assert!(matches!(cache.look_up([1; 32], Duration::ZERO), Lookup::Busy));
    }

    #[test]
    fn is_bounded() {
        let cache = empty();
        for number in 0..=REMEMBERED_CREDENTIALS.get() as u64 {
            fly(&cache, cache.key().digest(&[&number.to_le_bytes()])).land(true, Expiry::Never);
        }
        assert_eq!(cache.lock().verified.len(), REMEMBERED_CREDENTIALS.get());
        assert!(cache.lock().flights.is_empty());
    }
}
