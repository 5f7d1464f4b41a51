//! Whose credentials are these? They are known now, refused, or there is work to do.
//!
//! Two have an answer: the developer's own table of stored passwords ([`Users::attempt`]), and what
//! knows the users without showing what it keeps, such as the developer's own function
//! ([`Memory::attempt`]). The first step is a look that never waits. What may take long is the work:
//! a hash, or to ask that function, once for all requests that wait for the same credentials.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::error;

use crate::admission::Admission;
use crate::basic::{self, Credentials};
use crate::cache::{Expiry, Flight, Lookup, VerifiedCredentials};
use crate::password::ForeignPbkdf2;
use crate::seal::{Digest, ProcessKey};
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
    /// Tells what comes of the credentials in a header, as far as that takes no hash.
    ///
    /// The table is asked anew each time, so that a removed user or a changed password counts at once.
    ///
    /// # Errors
    ///
    /// The table cannot be asked.
    pub fn attempt<T: Table>(
        self: &Arc<Self>,
        header: &str,
        table: &T,
        address: &str,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<Attempted<T::Account>, T::Error> {
        let Ok(credentials) = basic::parse(header) else { return Ok(Outcome::Refused(Refusal::Absent)) };
        let account = match table.find(credentials.username())? {
            Found::Account(account) => Some(account),
            Found::Nobody => None,
            Found::Unreadable(reason) => {
                return Ok(Outcome::Refused(refuse_unreadable(credentials.username(), reason)));
            }
        };
        Ok(match account {
            Some(account) if self.are_known(&credentials, account.as_ref(), foreign) => {
                Outcome::Known(account)
            }
            account => {
                let (users, address) = (Arc::clone(self), address.to_owned());
                Outcome::Work(ToHash { users, credentials, account, address })
            }
        })
    }
}

/// Credentials that have yet to be verified, against what was stored for them when they came.
pub struct ToHash<Account> {
    users: Arc<Users>,
    credentials: Credentials,
    account: Option<Account>,
    address: String,
}

impl<Account: AsRef<str>> ToHash<Account> {
    /// Returns the credentials.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
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
        let against = match (&self.account, decoy) {
            (Some(account), _) => Against::Stored(account.as_ref()),
            (None, Some((owner, account))) => Against::Decoy(owner, account.as_ref()),
            (None, None) => Against::Nothing,
        };
        let (users, admission) = (&self.users, Admission::of_process());
        match users.verify(&self.credentials, against, &self.address, admission, foreign) {
            Authentication::Verified => self.account.as_ref().ok_or(Refusal::Wrong),
            Authentication::Refused => Err(Refusal::Wrong),
            Authentication::UnreadableStored(reason) => {
                Err(refuse_unreadable(self.credentials.username(), &reason.to_string()))
            }
            Authentication::Busy => Err(Refusal::Busy),
        }
    }
}

fn refuse_unreadable(name: &str, reason: &str) -> Refusal {
    error!(target: "dash_auth", "refused: the stored password of user '{}' {reason}", name.escape_debug());
    Refusal::Wrong
}

/// Remembers for some time the credentials that something else than a table found to be right.
pub struct Memory {
    verified: Option<VerifiedCredentials>,
    lifetime: Duration,
}

impl Memory {
    /// Returns a memory under `key`; with no lifetime it keeps nothing, and each request asks.
    #[must_use]
    pub fn new(key: ProcessKey, lifetime: Duration) -> Self {
        let verified = (!lifetime.is_zero()).then(|| VerifiedCredentials::new(key));
        Self { verified, lifetime }
    }

    /// Tells what comes of the credentials in a header, as far as nobody has to be asked.
    ///
    /// What was found out of credentials counts for the account that they were meant for alone.
    #[must_use]
    pub fn attempt(&self, header: &str, account: &str, address: &str) -> Outcome<Credentials, ToAsk> {
        let Ok(credentials) = basic::parse(header) else { return Outcome::Refused(Refusal::Absent) };
        let memory = match &self.verified {
            None => None,
            Some(verified) => {
                let digest = verified.digest(&credentials, account);
                if verified.is_verified(&digest) {
                    return Outcome::Known(credentials);
                }
                Some((verified.clone(), digest))
            }
        };
        let (address, lifetime, flight) = (address.to_owned(), self.lifetime, Mutex::default());
        Outcome::Work(ToAsk { credentials, memory, address, lifetime, flight })
    }
}

/// Credentials about which somebody has to be asked, once for all requests that come with them.
pub struct ToAsk {
    credentials: Credentials,
    memory: Option<(VerifiedCredentials, Digest)>,
    address: String,
    lifetime: Duration,
    flight: Mutex<Option<Flight<'static>>>,
}

impl ToAsk {
    /// Returns the credentials.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Waits for what another request finds out about these credentials, if one is at it. What is
    /// left as work is to ask, and to [`land`](Self::land) the finding.
    ///
    /// Where the caller cannot wait, since its thread is the other request's too, it asks as well.
    pub fn wait(&self, can_wait: bool) -> Outcome<(), ()> {
        let Some((memory, digest)) = &self.memory else { return Outcome::Work(()) };
        if !can_wait && memory.is_in_flight(digest) {
            return Outcome::Work(());
        }
        match memory.look_up(*digest, &self.address, Admission::of_process()) {
            Lookup::Verified => Outcome::Known(()),
            Lookup::Refused => Outcome::Refused(Refusal::Wrong),
            Lookup::Busy => Outcome::Refused(Refusal::Busy),
            Lookup::Unknown(flight) => {
                *self.flight.lock().unwrap_or_else(PoisonError::into_inner) = Some(flight);
                Outcome::Work(())
            }
        }
    }

    /// Tells those who wait what was found out; `None` sends them away to come back later.
    ///
    /// # Errors
    ///
    /// Why the credentials let nobody in.
    pub fn land(&self, accepted: Option<bool>) -> Result<(), Refusal> {
        let flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(flight), Some(accepted)) = (flight, accepted) {
            // A lifetime past the end of the clock is as good as none.
            let expiry = Instant::now().checked_add(self.lifetime).map_or(Expiry::Never, Expiry::At);
            flight.land(accepted, expiry);
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
        match users.attempt(header, table, "", &NoForeignPbkdf2) {
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
        match memory.attempt(header, "", "") {
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
        let memory = Memory::new(key(), Duration::from_secs(60));
        assert!(matches!(memory.attempt("", "", ""), Outcome::Refused(Refusal::Absent)));
        for (accepted, refusal) in [(Some(false), Refusal::Wrong), (None, Refusal::Unavailable)] {
            let work = to_ask(&memory, ALICE);
            assert!(matches!(work.wait(true), Outcome::Work(())));
            assert_eq!(work.land(accepted), Err(refusal));
        }
        let work = to_ask(&memory, ALICE);
        assert!(matches!(work.wait(true), Outcome::Work(())));
        assert_eq!(work.land(Some(true)), Ok(()));
        assert!(
            matches!(memory.attempt(ALICE, "", ""), Outcome::Known(known) if known.username() == "alice")
        );
        assert!(matches!(memory.attempt(EVE, "", ""), Outcome::Work(_)));
        // Of one account, whatever is meant by the name that was typed.
        assert!(matches!(memory.attempt(ALICE, "another account", ""), Outcome::Work(_)));
        // Who came before that need not ask any more.
        assert!(matches!(work.wait(true), Outcome::Known(())));
    }

    #[test]
    fn with_no_lifetime_each_request_asks() {
        let memory = Memory::new(key(), Duration::ZERO);
        for _ in 0..2 {
            let work = to_ask(&memory, ALICE);
            assert!(matches!(work.wait(true), Outcome::Work(())));
            assert_eq!(work.land(Some(true)), Ok(()));
        }
    }

    #[test]
    fn who_cannot_wait_asks_as_well() {
        let memory = Memory::new(key(), Duration::from_secs(60));
        let (first, second) = (to_ask(&memory, ALICE), to_ask(&memory, ALICE));
        assert!(matches!(first.wait(false), Outcome::Work(())));
        assert!(matches!(second.wait(false), Outcome::Work(())));
        // Of the second nothing is kept: the flight is the first's.
        assert_eq!(second.land(Some(true)), Ok(()));
        assert!(matches!(memory.attempt(ALICE, "", ""), Outcome::Work(_)));
        assert_eq!(first.land(Some(true)), Ok(()));
        assert!(matches!(memory.attempt(ALICE, "", ""), Outcome::Known(_)));
    }
}
