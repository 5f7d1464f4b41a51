//! Credentials that were verified a moment ago.
//!
//! An entry is a keyed digest, so nothing in memory leads back to a password; the key is drawn for
//! this process. Only successes are kept, a bounded number of them, the least recently used going
//! first. The digest covers what the credentials were verified against, so a changed or removed
//! password misses at once.
//!
//! A browser opens six connections at once. The first that asks about credentials verifies them;
//! the others wait for its result (single flight). Each one that waits holds one of the server's
//! threads, so whose address failed lately waits only for credentials that were right before: those
//! who guess do not know them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroUsize;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use lru::LruCache;

use crate::admission::Admission;
use crate::basic::Credentials;
use crate::seal::{Digest, ProcessKey};

/// How many verified credentials are remembered: about two MiB.
const REMEMBERED_CREDENTIALS: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// What is known of some credentials.
pub enum Lookup<'a> {
    /// They were verified before.
    Verified,
    /// Another request just found them wrong.
    Refused,
    /// Another request is at it for longer than this one may wait, or gave up.
    Busy,
    /// Another request was not allowed to verify them; whether this one may is to be asked anew.
    Again,
    /// Nobody knows: the caller verifies them and says so through the flight.
    Unknown(Flight<'a>),
}

/// The duty to verify credentials for all who wait. Dropped without a result, it leaves them to
/// come back later.
pub struct Flight<'a> {
    cache: VerifiedCredentials,
    digest: Digest,
    address: String,
    admission: &'a Admission,
    landed: bool,
}

impl Flight<'_> {
    /// Tells those who wait, and remembers a success until `expiry`, or the failure of the address.
    pub fn land(mut self, verified: bool, expiry: Expiry) {
        self.landed = true;
        if !verified {
            self.admission.record_failure(&self.address);
        }
        self.cache.finish(&self.digest, if verified { Landing::Verified(expiry) } else { Landing::Refused });
    }

    /// Leaves the verifying to one of those who wait: this request is not allowed to.
    pub fn pass_on(mut self) {
        self.landed = true;
        self.cache.finish(&self.digest, Landing::PassedOn);
    }
}

impl Drop for Flight<'_> {
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
    /// What has expired stays until it is verified again or refused.
    verified: LruCache<Digest, Expiry>,
    flights: HashMap<Digest, Arc<Outcome>>,
    /// Whose flights these are: a fork copies them, and in it none of them ever lands.
    process: u32,
}

impl State {
    fn flights(&mut self) -> &mut HashMap<Digest, Arc<Outcome>> {
        if self.process != process::id() {
            self.process = process::id();
            self.flights.clear();
        }
        &mut self.flights
    }
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
    PassedOn,
}

impl VerifiedCredentials {
    /// Returns an empty memory under `key`.
    #[must_use]
    pub fn new(key: ProcessKey) -> Self {
        let verified = LruCache::new(REMEMBERED_CREDENTIALS);
        let state = State { verified, flights: HashMap::new(), process: process::id() };
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

    /// Remembers credentials that took no flight to verify.
    pub fn remember(&self, digest: Digest, expiry: Expiry) {
        self.lock().verified.put(digest, expiry);
    }

    /// Tells whether a request is verifying the credentials, for which another would wait.
    #[must_use]
    pub fn is_in_flight(&self, digest: &Digest) -> bool {
        self.lock().flights().contains_key(digest)
    }

    /// Looks up credentials that came from `address`.
    ///
    /// Where another request is verifying them, waits for it: not at all where `admission` knows that
    /// the address failed lately, unless these very credentials were right before.
    pub fn look_up<'a>(&self, digest: Digest, address: &str, admission: &'a Admission) -> Lookup<'a> {
        let (outcome, were_right) = {
            let mut state = self.lock();
            if is_verified(&mut state, &digest) {
                return Lookup::Verified;
            }
            match state.flights().entry(digest) {
                Entry::Occupied(flight) => {
                    let outcome = Arc::clone(flight.get());
                    (outcome, state.verified.contains(&digest))
                }
                Entry::Vacant(free) => {
                    free.insert(Arc::default());
                    let (cache, address) = (self.clone(), address.to_owned());
                    return Lookup::Unknown(Flight { cache, digest, address, admission, landed: false });
                }
            }
        };
        let longest_wait = if were_right { admission.longest_wait() } else { admission.patience(address) };
        let landing = outcome.landing.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = outcome.known.wait_timeout_while(landing, longest_wait, |landing| landing.is_none());
        match *waited.unwrap_or_else(PoisonError::into_inner).0 {
            Some(Landing::Verified(_)) => Lookup::Verified,
            Some(Landing::Refused) => {
                // Many addresses that guess the same would else wait for each other's flight for ever.
                admission.record_failure(address);
                Lookup::Refused
            }
            Some(Landing::PassedOn) => Lookup::Again,
            Some(Landing::Abandoned) | None => Lookup::Busy,
        }
    }

    fn finish(&self, digest: &Digest, landing: Landing) {
        let flight = {
            let mut state = self.lock();
            match landing {
                Landing::Verified(expiry) => {
                    state.verified.put(*digest, expiry);
                }
                Landing::Refused => {
                    state.verified.pop(digest);
                }
                Landing::Abandoned | Landing::PassedOn => {}
            }
            state.flights().remove(digest)
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
        Some(Expiry::At(moment)) => Instant::now() < *moment,
        Some(Expiry::Never) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const WAIT: Duration = Duration::from_secs(60);

    fn patient() -> Admission {
        Admission::new(NonZeroUsize::MIN, WAIT)
    }

    fn empty() -> VerifiedCredentials {
        VerifiedCredentials::new(ProcessKey::draw().unwrap())
    }

    fn fly<'a>(cache: &VerifiedCredentials, digest: Digest, admission: &'a Admission) -> Flight<'a> {
        match cache.look_up(digest, "first", admission) {
            Lookup::Unknown(flight) => flight,
            _ => panic!("the credentials are known"),
        }
    }

    #[test]
    fn remembers_successes_only() {
        let (cache, admission) = (empty(), patient());
        fly(&cache, [1; 32], &admission).land(true, Expiry::Never);
        fly(&cache, [2; 32], &admission).land(false, Expiry::Never);
        drop(fly(&cache, [3; 32], &admission));
        assert!(cache.is_verified(&[1; 32]));
        assert!(!cache.is_verified(&[2; 32]));
        assert!(!cache.is_verified(&[3; 32]));
    }

    #[test]
    fn an_entry_expires() {
        let (cache, admission) = (empty(), patient());
        fly(&cache, [1; 32], &admission).land(true, Expiry::At(Instant::now()));
        assert!(!cache.is_verified(&[1; 32]));
        fly(&cache, [1; 32], &admission).land(true, Expiry::At(Instant::now() + WAIT));
        assert!(cache.is_verified(&[1; 32]));
    }

    #[test]
    fn nobody_waits_for_what_the_process_before_a_fork_has_begun() {
        let (cache, admission) = (empty(), patient());
        let lost = fly(&cache, [1; 32], &admission);
        cache.lock().process = 0;
        assert!(!cache.is_in_flight(&[1; 32]));
        cache.lock().process = 0;
        fly(&cache, [1; 32], &admission).land(true, Expiry::Never);
        assert!(cache.is_verified(&[1; 32]));
        drop(lost);
    }

    #[test]
    fn others_wait_for_the_first() {
        for verified in [true, false] {
            let (cache, admission) = (empty(), patient());
            let flight = fly(&cache, [1; 32], &admission);
            let addresses = ["2", "3", "4", "5", "6"];
            thread::scope(|scope| {
                let (cache, admission) = (&cache, &admission);
                let waiting = addresses.map(|address| {
                    scope.spawn(move || match cache.look_up([1; 32], address, admission) {
                        Lookup::Verified => true,
                        Lookup::Refused => false,
                        Lookup::Busy | Lookup::Again | Lookup::Unknown(_) => panic!("{address} was not told"),
                    })
                });
                thread::sleep(Duration::from_millis(20));
                assert!(waiting.iter().all(|thread| !thread.is_finished()));
                flight.land(verified, Expiry::Never);
                assert!(waiting.into_iter().all(|thread| thread.join().unwrap() == verified));
            });
            // A failure is remembered of the first and of all who waited.
            let patience = if verified { WAIT } else { Duration::ZERO };
            for address in ["first"].into_iter().chain(addresses) {
                assert_eq!(admission.patience(address), patience, "{address}");
            }
        }
    }

    #[test]
    fn who_waits_for_an_abandoned_flight_comes_back_later() {
        let (cache, admission) = (empty(), patient());
        let flight = fly(&cache, [1; 32], &admission);
        assert!(cache.is_in_flight(&[1; 32]) && !cache.is_in_flight(&[2; 32]));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| matches!(cache.look_up([1; 32], "a", &admission), Lookup::Busy));
            thread::sleep(Duration::from_millis(20));
            drop(flight);
            assert!(waiting.join().unwrap());
        });
        assert!(!cache.is_in_flight(&[1; 32]));
        assert_eq!(["first", "a"].map(|address| admission.patience(address)), [WAIT; 2]);
    }

    #[test]
    fn who_failed_lately_waits_for_nobody() {
        let (cache, admission) = (empty(), patient());
        fly(&cache, [2; 32], &admission).land(false, Expiry::Never);
        let flight = fly(&cache, [1; 32], &admission);
        thread::scope(|scope| {
            let guess = scope.spawn(|| matches!(cache.look_up([1; 32], "first", &admission), Lookup::Busy));
            for _ in 0..200 {
                if guess.is_finished() {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
            flight.land(false, Expiry::Never);
            assert!(guess.join().unwrap());
        });
    }

    #[test]
    fn who_failed_lately_waits_for_credentials_that_were_right() {
        let (cache, admission) = (empty(), patient());
        let renew = |verified| {
            thread::scope(|scope| {
                let flight = fly(&cache, [1; 32], &admission);
                let waiting = scope.spawn(|| match cache.look_up([1; 32], "neighbour", &admission) {
                    Lookup::Verified => Some(true),
                    Lookup::Refused => Some(false),
                    Lookup::Busy | Lookup::Again | Lookup::Unknown(_) => None,
                });
                thread::sleep(Duration::from_millis(20));
                flight.land(verified, Expiry::At(Instant::now()));
                waiting.join().unwrap()
            })
        };
        fly(&cache, [1; 32], &admission).land(true, Expiry::At(Instant::now()));
        admission.record_failure("neighbour");
        assert_eq!(renew(true), Some(true));
        assert_eq!(renew(false), Some(false));
        // Once refused, they are a guess like any other.
        assert_eq!(renew(false), None);
    }

    #[test]
    fn nobody_waits_for_ever() {
        let (cache, admission) = (empty(), Admission::new(NonZeroUsize::MIN, Duration::ZERO));
        let _flight = fly(&cache, [1; 32], &admission);
        assert!(matches!(cache.look_up([1; 32], "a", &admission), Lookup::Busy));
    }

    #[test]
    fn is_bounded() {
        let (cache, admission) = (empty(), patient());
        for number in 0..=REMEMBERED_CREDENTIALS.get() as u64 {
            let digest = cache.key().digest(&[&number.to_le_bytes()]);
            fly(&cache, digest, &admission).land(true, Expiry::Never);
        }
        assert_eq!(cache.lock().verified.len(), REMEMBERED_CREDENTIALS.get());
        assert!(cache.lock().flights.is_empty());
    }
}
