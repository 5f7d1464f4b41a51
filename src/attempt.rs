//! Whose credentials are these? They are known now, refused, or there is work to do.
//!
//! Two have an answer: the developer's own table of stored passwords ([`Users::attempt`]), and what
//! knows the users without showing what it keeps, such as the developer's own function
//! ([`Memory::attempt`]). The first step is a look that never waits. What may take long is the work:
//! a hash, or to ask that function, once for all requests that wait for the same credentials.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use log::error;

use crate::admission::Admission;
use crate::basic::{self, Credentials};
use crate::cache::{Expiry, Flight, Lookup, VerifiedCredentials};
use crate::password::ForeignPbkdf2;
use crate::seal::{Digest, ProcessKey};
use crate::throttle::{Asks, Booking, Browser, Facts, Guess, Held, Throttle};
use crate::users::{Against, Authentication, Decoy, Users};

/// Why credentials let nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There are none.
    Absent,
    /// They are wrong.
    Wrong,
    /// The server verifies as many as it can; the client is to come back.
    Busy,
    /// Who knows the users cannot be asked just now; the client is to come back.
    Unavailable,
    /// It was guessed too often; the client is to come back after so many seconds.
    Throttled(u64),
}

impl From<Held> for Refusal {
    fn from(held: Held) -> Self {
        held.seconds().map_or(Self::Wrong, Self::Throttled)
    }
}

/// How credentials came.
#[derive(Clone, Copy)]
pub enum Brought<'a> {
    /// In the value of an `Authorization` header.
    Header(&'a str),
    /// As somebody typed them into a form.
    Typed(&'a Credentials),
}

impl Brought<'_> {
    fn credentials(self) -> Result<Credentials, Refusal> {
        match self {
            Self::Header(header) => basic::parse(header).map_err(|_| Refusal::Absent),
            Self::Typed(typed) if typed.are_possible() => {
                Ok(Credentials::new(typed.username(), typed.password()))
            }
            Self::Typed(_) => Err(Refusal::Wrong),
        }
    }
}

/// From where an attempt comes, as far as it was not known when it was read.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// What a header says of further addresses.
    pub forwarded: Option<&'a str>,
    /// By what the browser is known.
    pub browser: Browser<'a>,
    /// The time, by any clock that is never set back.
    pub now: Duration,
}

/// What comes of credentials.
#[derive(Debug)]
pub enum Outcome<Known, Work> {
    /// They are right.
    Known(Known),
    /// They let nobody in.
    Refused(Refusal),
    /// Nobody can tell yet.
    Work(Work),
}

/// What comes of credentials that a table is asked about.
pub type Attempted<Account> = Outcome<Account, ToHash<Account>>;

/// What a table holds under a name.
#[derive(Debug)]
pub enum Found<Account> {
    /// Nothing.
    Nobody,
    /// The account of that name.
    Account(Account),
    /// What nobody can log in with, and what it is.
    Unreadable(&'static str),
}

/// The developer's own table, which stays live.
pub trait Table {
    /// What it holds of a user; as text it is the stored password.
    type Account: AsRef<str>;
    /// What it fails with.
    type Error;

    /// Returns what is there under a name.
    ///
    /// # Errors
    ///
    /// The table cannot be asked.
    fn find(&self, name: &str) -> Result<Found<Self::Account>, Self::Error>;

    /// Returns the name of an account that was found under the name that was typed.
    fn name<'a>(&self, _account: &'a Self::Account, typed: &'a str) -> &'a str {
        typed
    }

    /// Returns how many names there are.
    ///
    /// # Errors
    ///
    /// The table cannot be asked.
    fn count(&self) -> Result<usize, Self::Error>;

    /// Returns all names with their stored passwords, as far as both are text.
    ///
    /// # Errors
    ///
    /// The table cannot be asked.
    fn all(&self) -> Result<Vec<(String, String)>, Self::Error>;
}

impl Users {
    /// Tells what comes of credentials, as far as that takes no hash and needs no counter.
    ///
    /// The table is asked anew each time, so that a removed user or a changed password counts at once.
    ///
    /// # Errors
    ///
    /// The table cannot be asked.
    pub fn attempt<T: Table>(
        self: &Arc<Self>,
        brought: Brought<'_>,
        table: &T,
        address: &str,
        now: Duration,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<Attempted<T::Account>, T::Error> {
        let credentials = match brought.credentials() {
            Ok(credentials) => credentials,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let account = match table.find(credentials.username())? {
            Found::Account(account) => Some(account),
            Found::Nobody => None,
            Found::Unreadable(reason) => {
                return Ok(Outcome::Refused(refuse_unreadable(credentials.username(), reason)));
            }
        };
        let is_remembered = account.as_ref().is_some_and(|account| match self.throttle() {
            None => self.are_known(&credentials, account.as_ref(), foreign),
            Some(_) => self.is_verified(&credentials, account.as_ref()),
        });
        Ok(match account {
            Some(account) if is_remembered && !is_hot(self.throttle(), now) => Outcome::Known(account),
            account => {
                let typed = credentials.username();
                let name = account.as_ref().map_or(typed, |found| table.name(found, typed)).to_owned();
                Outcome::Work(ToHash {
                    users: Arc::clone(self),
                    credentials,
                    account,
                    name,
                    address: address.to_owned(),
                    is_remembered,
                    guess: OnceLock::new(),
                    is_wrong: AtomicBool::new(false),
                })
            }
        })
    }
}

fn is_hot(throttle: Option<&Arc<Throttle>>, now: Duration) -> bool {
    throttle.is_some_and(|throttle| throttle.is_hot(now))
}

/// Credentials that have yet to be verified, against what was stored for them when they came.
pub struct ToHash<Account> {
    users: Arc<Users>,
    credentials: Credentials,
    account: Option<Account>,
    /// The account's own name; of an unknown one what was typed.
    name: String,
    address: String,
    is_remembered: bool,
    guess: OnceLock<Arc<Guess>>,
    /// Whether it was compared already, in vain.
    is_wrong: AtomicBool,
}

impl<Account: AsRef<str>> ToHash<Account> {
    /// Tells what comes of the credentials at once, once it is known from where they come: whoever has
    /// to wait is told so. What is left as work is to [`verify`](Self::verify) them.
    pub fn begin(&self, origin: &Origin<'_>, foreign: &dyn ForeignPbkdf2) -> Outcome<&Account, ()> {
        let Some(throttle) = self.users.throttle() else { return Outcome::Work(()) };
        let facts = Facts {
            account: &self.name,
            address: &self.address,
            forwarded: origin.forwarded,
            browser: origin.browser,
            password: self.credentials.password(),
            against: self.account.as_ref().map_or("", AsRef::as_ref),
        };
        let guess = self.guess.get_or_init(|| Arc::new(throttle.guess(&facts, origin.now)));
        if throttle.is_shared() {
            return match &self.account {
                Some(account) if self.is_remembered && guess.is_sure() => Outcome::Known(account),
                _ => Outcome::Work(()),
            };
        }
        let Some(account) = &self.account else { return looked(guess) };
        if self.is_remembered {
            return match guess.remembered() {
                Ok(()) => Outcome::Known(account),
                Err(held) => Outcome::Refused(held.into()),
            };
        }
        match self.users.compare(&self.credentials, account.as_ref(), guess, foreign) {
            None => looked(guess),
            Some(Authentication::Verified) => Outcome::Known(account),
            Some(Authentication::Throttled(seconds)) => Outcome::Refused(Refusal::Throttled(seconds)),
            Some(_) => {
                // It waits as an unknown name does: the time says nothing of who is known.
                self.is_wrong.store(true, Ordering::Relaxed);
                Outcome::Work(())
            }
        }
    }

    /// Tells whether the attempt may not be verified yet: it is to begin first.
    #[must_use]
    pub fn is_to_begin(&self) -> bool {
        self.users.throttle().is_some() && self.guess.get().is_none()
    }

    /// Tells whether the credentials are remembered as right.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.is_remembered
    }

    /// Returns the guess that it has begun, and what is to be asked elsewhere about it.
    #[must_use]
    pub fn shared(&self) -> Option<(&Guess, Asks)> {
        shared(self.guess.get(), self.is_remembered)
    }

    /// Returns the credentials.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Returns the stored value that they are verified against, `None` where their name is unknown.
    #[must_use]
    pub fn stored(&self) -> Option<&str> {
        self.account.as_ref().map(AsRef::as_ref)
    }

    /// Returns the user, with the account, against whom an unknown name is verified in vain; `None`
    /// for a known one, and where there is nobody.
    ///
    /// # Errors
    ///
    /// The table cannot be asked.
    pub fn decoy<T: Table<Account = Account>>(
        &self,
        table: &T,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<Option<Decoy<Account>>, T::Error> {
        match self.account {
            Some(_) => Ok(None),
            None => self.users.living_decoy(self.credentials.username(), table, foreign),
        }
    }

    /// Verifies the credentials: slow, so callers hold no lock meanwhile.
    ///
    /// # Errors
    ///
    /// Why they let nobody in.
    pub fn verify(
        &self,
        decoy: Option<&Decoy<Account>>,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<&Account, Refusal> {
        if self.is_wrong.load(Ordering::Relaxed) {
            return Err(Refusal::Wrong);
        }
        if let (true, Some(guess), Some(account)) = (self.is_remembered, self.guess.get(), &self.account) {
            return guess.remembered().map(|()| account).map_err(Refusal::from);
        }
        let against = match (&self.account, decoy) {
            (Some(account), _) => Against::Stored(account.as_ref()),
            (None, Some((owner, account))) => Against::Decoy(owner, account.as_ref()),
            (None, None) => Against::Nothing,
        };
        let (users, admission) = (&self.users, Admission::of_process());
        match users.verify(&self.credentials, against, &self.address, self.guess.get(), admission, foreign) {
            Authentication::Verified => self.account.as_ref().ok_or(Refusal::Wrong),
            Authentication::Refused => Err(Refusal::Wrong),
            Authentication::UnreadableStored(reason) => {
                Err(refuse_unreadable(self.credentials.username(), &reason.to_string()))
            }
            Authentication::Busy => Err(Refusal::Busy),
            Authentication::Throttled(seconds) => Err(Refusal::Throttled(seconds)),
        }
    }
}

fn looked<Known>(guess: &Guess) -> Outcome<Known, ()> {
    match guess.look() {
        // What repeats a wrong password waits as what does not.
        Ok(()) | Err(Held::Repeated) => Outcome::Work(()),
        Err(held) => Outcome::Refused(held.into()),
    }
}

/// Returns a guess with what is to be asked elsewhere about it.
fn shared(guess: Option<&Arc<Guess>>, is_remembered: bool) -> Option<(&Guess, Asks)> {
    guess.map(|guess| (&**guess, if is_remembered { Asks::Remember } else { guess.asks() }))
}

fn refuse_unreadable(name: &str, reason: &str) -> Refusal {
    error!(target: "dash_auth", "refused: the stored password of user '{}' {reason}", name.escape_debug());
    Refusal::Wrong
}

/// Remembers for some time the credentials that something else than a table found to be right.
pub struct Memory {
    verified: Option<VerifiedCredentials>,
    lifetime: Duration,
    throttle: Option<Arc<Throttle>>,
}

impl Memory {
    /// Returns a memory under `key`; with no lifetime it keeps nothing, and each request asks.
    #[must_use]
    pub fn new(key: ProcessKey, lifetime: Duration, throttle: Option<Arc<Throttle>>) -> Self {
        let verified = (!lifetime.is_zero()).then(|| VerifiedCredentials::new(key));
        Self { verified, lifetime, throttle }
    }

    /// Tells what comes of credentials, as far as nobody has to be asked and no counter is needed.
    ///
    /// What was found out of credentials counts for the account that they were meant for alone.
    #[must_use]
    pub fn attempt(
        &self,
        brought: Brought<'_>,
        account: &str,
        address: &str,
        now: Duration,
    ) -> Outcome<Credentials, ToAsk> {
        let credentials = match brought.credentials() {
            Ok(credentials) => credentials,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let mut is_remembered = false;
        let memory = match &self.verified {
            None => None,
            Some(verified) => {
                let digest = verified.digest(&credentials, account);
                is_remembered = verified.is_verified(&digest);
                if is_remembered && !is_hot(self.throttle.as_ref(), now) {
                    return Outcome::Known(credentials);
                }
                Some((verified.clone(), digest))
            }
        };
        Outcome::Work(ToAsk {
            credentials,
            memory,
            is_remembered,
            address: address.to_owned(),
            lifetime: self.lifetime,
            throttle: self.throttle.clone(),
            guess: OnceLock::new(),
            under_way: Mutex::default(),
        })
    }
}

/// Credentials about which somebody has to be asked, once for all requests that come with them.
pub struct ToAsk {
    credentials: Credentials,
    memory: Option<(VerifiedCredentials, Digest)>,
    is_remembered: bool,
    address: String,
    lifetime: Duration,
    throttle: Option<Arc<Throttle>>,
    guess: OnceLock<Arc<Guess>>,
    under_way: Mutex<UnderWay>,
}

/// What ends once it is known what the credentials are.
#[derive(Default)]
struct UnderWay {
    booking: Option<Booking>,
    flight: Option<Flight<'static>>,
}

impl ToAsk {
    /// Returns the credentials.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Tells what comes of the credentials at once, once it is known from where they come and which
    /// `account` they are meant for: whoever has to wait is told so.
    pub fn begin(&self, account: &str, origin: &Origin<'_>) -> Outcome<(), ()> {
        let Some(throttle) = &self.throttle else { return Outcome::Work(()) };
        let facts = Facts {
            account,
            address: &self.address,
            forwarded: origin.forwarded,
            browser: origin.browser,
            password: self.credentials.password(),
            against: self.credentials.username(),
        };
        let guess = self.guess.get_or_init(|| Arc::new(throttle.guess(&facts, origin.now)));
        if throttle.is_shared() {
            let is_known = self.is_remembered && guess.is_sure();
            return if is_known { Outcome::Known(()) } else { Outcome::Work(()) };
        }
        if self.is_remembered {
            return match guess.remembered() {
                Ok(()) => Outcome::Known(()),
                Err(held) => Outcome::Refused(held.into()),
            };
        }
        looked(guess)
    }

    /// Tells whether the attempt may not go on yet: it is to begin first.
    #[must_use]
    pub fn is_to_begin(&self) -> bool {
        self.throttle.is_some() && self.guess.get().is_none()
    }

    /// Tells whether the credentials are remembered as right.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.is_remembered
    }

    /// Returns the guess that it has begun, and what is to be asked elsewhere about it.
    #[must_use]
    pub fn shared(&self) -> Option<(&Guess, Asks)> {
        shared(self.guess.get(), self.is_remembered)
    }

    /// Waits for what another request finds out about these credentials, if one is at it. What is
    /// left as work is to ask, and to [`land`](Self::land) the finding.
    ///
    /// Where the caller cannot wait, since its thread is the other request's too, it asks as well.
    pub fn wait(&self, can_wait: bool) -> Outcome<(), ()> {
        if let (true, Some(guess)) = (self.is_remembered, self.guess.get()) {
            return match guess.remembered() {
                Ok(()) => Outcome::Known(()),
                Err(held) => Outcome::Refused(held.into()),
            };
        }
        let flight = match &self.memory {
            None => None,
            Some((memory, digest)) if !can_wait && memory.is_in_flight(digest) => None,
            Some((memory, digest)) => loop {
                match memory.look_up(*digest, &self.address, Admission::of_process()) {
                    Lookup::Verified => return Outcome::Known(()),
                    Lookup::Refused => return Outcome::Refused(Refusal::Wrong),
                    Lookup::Busy => return Outcome::Refused(Refusal::Busy),
                    Lookup::Again => {}
                    Lookup::Unknown(flight) => break Some(flight),
                }
            },
        };
        let booking = match self.guess.get().map(Guess::book).transpose() {
            Ok(booking) => booking,
            Err(held) => {
                if let Some(flight) = flight {
                    flight.pass_on();
                }
                return Outcome::Refused(held.into());
            }
        };
        *self.under_way.lock().unwrap_or_else(PoisonError::into_inner) = UnderWay { booking, flight };
        Outcome::Work(())
    }

    /// Tells those who wait what was found out; `None` sends them away to come back later.
    ///
    /// # Errors
    ///
    /// Why the credentials let nobody in.
    pub fn land(&self, accepted: Option<bool>) -> Result<(), Refusal> {
        let ended = std::mem::take(&mut *self.under_way.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(accepted) = accepted {
            if let Some(booking) = ended.booking {
                booking.settle(accepted);
            }
            if let Some(flight) = ended.flight {
                // A lifetime past the end of the clock is as good as none.
                let expiry = Instant::now().checked_add(self.lifetime).map_or(Expiry::Never, Expiry::At);
                flight.land(accepted, expiry);
            }
        }
        match accepted {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::Wrong),
            None => Err(Refusal::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;
    use crate::password::NoForeignPbkdf2;

    const ALICE: &str = "Basic YWxpY2U6Z3Vlc3M=";
    const EVE: &str = "Basic ZXZlOmd1ZXNz";
    const UNREADABLE: &str = "what nobody reads";

    /// Names and stored passwords.
    struct Live(BTreeMap<&'static str, &'static str>);

    impl Table for Live {
        type Account = &'static str;
        type Error = Infallible;

        fn find(&self, name: &str) -> Result<Found<&'static str>, Infallible> {
            Ok(match self.0.get(name) {
                None => Found::Nobody,
                Some(&UNREADABLE) => Found::Unreadable("is no str"),
                Some(stored) => Found::Account(*stored),
            })
        }

        fn count(&self) -> Result<usize, Infallible> {
            Ok(self.0.len())
        }

        fn all(&self) -> Result<Vec<(String, String)>, Infallible> {
            Ok(self.0.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
        }
    }

    fn key() -> ProcessKey {
        ProcessKey::draw().unwrap()
    }

    fn attempted(users: &Arc<Users>, header: &str, table: &Live) -> Attempted<&'static str> {
        match users.attempt(Brought::Header(header), table, "", Duration::ZERO, &NoForeignPbkdf2) {
            Ok(outcome) => outcome,
        }
    }

    #[test]
    fn a_table_knows_refuses_or_leaves_work() {
        let mut table = Live([("alice", "guess")].into());
        let users = Arc::new(Users::new(key(), table.0.clone(), &NoForeignPbkdf2).unwrap());
        assert!(matches!(attempted(&users, ALICE, &table), Outcome::Known("guess")));
        assert!(matches!(attempted(&users, "Bearer x", &table), Outcome::Refused(Refusal::Absent)));
        for (name, stored) in [("alice", "other"), ("bob", "guess")] {
            table.0 = [(name, stored)].into();
            let Outcome::Work(work) = attempted(&users, ALICE, &table) else { panic!("{name} is known") };
            let Ok(decoy) = work.decoy(&table, &NoForeignPbkdf2);
            assert_eq!(decoy.as_ref().map(|(owner, _)| &**owner), (name == "bob").then_some("bob"));
            assert_eq!(work.verify(decoy.as_ref(), &NoForeignPbkdf2), Err(Refusal::Wrong));
        }
        table.0 = [("alice", UNREADABLE)].into();
        assert!(matches!(attempted(&users, ALICE, &table), Outcome::Refused(Refusal::Wrong)));
    }

    #[test]
    fn a_table_that_is_empty_by_now_lets_nobody_in() {
        let mut table = Live([("alice", "guess")].into());
        let users = Arc::new(Users::new(key(), table.0.clone(), &NoForeignPbkdf2).unwrap());
        table.0.clear();
        let Outcome::Work(work) = attempted(&users, EVE, &table) else { panic!("eve is known") };
        let Ok(decoy) = work.decoy(&table, &NoForeignPbkdf2);
        assert_eq!(decoy, None);
        assert_eq!(work.verify(None, &NoForeignPbkdf2), Err(Refusal::Wrong));
    }

    fn to_ask(memory: &Memory, header: &str) -> ToAsk {
        match memory.attempt(Brought::Header(header), "", "", Duration::ZERO) {
            Outcome::Work(work) => work,
            outcome => panic!("{outcome:?}"),
        }
    }

    impl std::fmt::Debug for ToAsk {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("ToAsk")
        }
    }

    #[test]
    fn what_a_function_accepts_is_known_for_a_while() {
        let memory = Memory::new(key(), Duration::from_secs(60), None);
        assert!(matches!(
            memory.attempt(Brought::Header(""), "", "", Duration::ZERO),
            Outcome::Refused(Refusal::Absent)
        ));
        for (accepted, refusal) in [(Some(false), Refusal::Wrong), (None, Refusal::Unavailable)] {
            let work = to_ask(&memory, ALICE);
            assert!(matches!(work.wait(true), Outcome::Work(())));
            assert_eq!(work.land(accepted), Err(refusal));
        }
        let work = to_ask(&memory, ALICE);
        assert!(matches!(work.wait(true), Outcome::Work(())));
        assert_eq!(work.land(Some(true)), Ok(()));
        assert!(
            matches!(memory.attempt(Brought::Header(ALICE), "", "", Duration::ZERO), Outcome::Known(known) if known.username() == "alice")
        );
        assert!(matches!(memory.attempt(Brought::Header(EVE), "", "", Duration::ZERO), Outcome::Work(_)));
        // Of one account, whatever is meant by the name that was typed.
        assert!(matches!(
            memory.attempt(Brought::Header(ALICE), "another account", "", Duration::ZERO),
            Outcome::Work(_)
        ));
        // Who came before that need not ask any more.
        assert!(matches!(work.wait(true), Outcome::Known(())));
    }

    #[test]
    fn with_no_lifetime_each_request_asks() {
        let memory = Memory::new(key(), Duration::ZERO, None);
        for _ in 0..2 {
            let work = to_ask(&memory, ALICE);
            assert!(matches!(work.wait(true), Outcome::Work(())));
            assert_eq!(work.land(Some(true)), Ok(()));
        }
    }

    #[test]
    fn who_cannot_wait_asks_as_well() {
        let memory = Memory::new(key(), Duration::from_secs(60), None);
        let (first, second) = (to_ask(&memory, ALICE), to_ask(&memory, ALICE));
        assert!(matches!(first.wait(false), Outcome::Work(())));
        assert!(matches!(second.wait(false), Outcome::Work(())));
        // Of the second nothing is kept: the flight is the first's.
        assert_eq!(second.land(Some(true)), Ok(()));
        assert!(matches!(memory.attempt(Brought::Header(ALICE), "", "", Duration::ZERO), Outcome::Work(_)));
        assert_eq!(first.land(Some(true)), Ok(()));
        assert!(matches!(memory.attempt(Brought::Header(ALICE), "", "", Duration::ZERO), Outcome::Known(_)));
    }
}
