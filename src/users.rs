//! The users and what their passwords are verified against.
//!
//! An unknown name costs what a known one costs: a keyed hash of the name picks one of the users,
//! always the same for that name, and the password is verified in vain against what is stored for
//! that user now. A stored value that cannot be read never lets anyone in.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use log::error;

use crate::admission::Admission;
use crate::attempt::{Found, Table};
use crate::basic::Credentials;
use crate::cache::{Expiry, Lookup, VerifiedCredentials};
use crate::password::{ForeignPbkdf2, ParseError, StoredPassword};
use crate::seal::ProcessKey;
use crate::throttle::{Booking, Guess, Held, Throttle};

/// What became of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// They are right.
    Verified,
    /// The name is unknown or the password wrong; a client is never told which.
    Refused,
    /// The value stored for the name cannot be read.
    UnreadableStored(ParseError),
    /// All turns to hash a password are taken.
    Busy,
    /// It was guessed too often: nothing was hashed.
    Throttled(u64),
}

/// A stored value that cannot be read, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableStored {
    /// The user's name.
    pub username: String,
    /// Why the value cannot be read.
    pub reason: ParseError,
}

impl fmt::Display for UnreadableStored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the stored password of user {:?} {}", self.username, self.reason)
    }
}

impl std::error::Error for UnreadableStored {}

/// Why a table of users cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableError {
    /// There is nobody in it.
    Empty,
    /// The name has a colon, which ends a name in the header (RFC 7617 section 2).
    Colon(String),
    /// The name has a control character, which no client sends (RFC 7617 section 2).
    Control(String),
    /// The name stands there more than once.
    Twice(String),
    /// A stored value cannot be read.
    Unreadable(UnreadableStored),
}

impl fmt::Display for TableError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("there are no users: nobody could log in"),
            Self::Colon(name) => {
                write!(
                    formatter,
                    "the user name {name:?} has a colon, so that it can never log in; rename it"
                )
            }
            Self::Control(name) => write!(
                formatter,
                "the user name {name:?} has a control character, such as a line feed at its end, which no \
                 login can send; remove it"
            ),
            Self::Twice(name) => write!(formatter, "the user name {name:?} is there twice; remove one"),
            Self::Unreadable(stored) => stored.fmt(formatter),
        }
    }
}

impl std::error::Error for TableError {}

/// What credentials are verified against.
#[derive(Clone, Copy)]
pub enum Against<'a> {
    /// The value stored for their name.
    Stored(&'a str),
    /// Their name is unknown: what is stored for the user of this name ([`Users::decoy`]), in vain.
    Decoy(&'a str, &'a str),
    /// Their name is unknown, and there is nobody else.
    Nothing,
}

/// A user's name and account, against which an unknown name is verified in vain.
pub type Decoy<Account> = (Arc<str>, Account);

/// Verifies credentials against stored passwords, and remembers those that were right.
pub struct Users {
    cache: VerifiedCredentials,
    throttle: Option<Arc<Throttle>>,
    stored: RwLock<Stored>,
    /// How many names the developer's table had when it was last read.
    names: AtomicUsize,
}

/// So many are kept beyond those that were read as a whole: of a database's millions of users each may
/// log in here once.
const MOST_KEPT: usize = 50_000;

/// The stored passwords read so far. The developer's own table stays the truth: it is asked on
/// each request, and what is kept here only saves reading the same text again.
#[derive(Default)]
struct Stored {
    positions: HashMap<String, usize>,
    entries: Vec<(Arc<str>, Arc<Entry>)>,
}

struct Entry {
    text: String,
    password: StoredPassword,
}

impl Entry {
    fn read(text: &str, foreign: &dyn ForeignPbkdf2) -> Result<Arc<Self>, ParseError> {
        Ok(Arc::new(Self { text: text.to_owned(), password: StoredPassword::parse_with(text, foreign)? }))
    }
}

impl Stored {
    fn get(&self, username: &str) -> Option<&Arc<Entry>> {
        self.entries.get(*self.positions.get(username)?).map(|(_, entry)| entry)
    }

    fn put(&mut self, username: &str, entry: Arc<Entry>) {
        let position = *self.positions.entry(username.to_owned()).or_insert(self.entries.len());
        match self.entries.get_mut(position) {
            Some((_, place)) => *place = entry,
            None => self.entries.push((username.into(), entry)),
        }
    }
}

impl Users {
    /// Returns the table of these names and stored values.
    ///
    /// # Errors
    ///
    /// Names the first user who could never log in, or whose stored value cannot be read.
    pub fn new<'a>(
        key: ProcessKey,
        stored: impl IntoIterator<Item = (&'a str, &'a str)>,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<Self, TableError> {
        let mut read = Stored::default();
        for (username, text) in stored {
            if username.contains(':') {
                return Err(TableError::Colon(username.to_owned()));
            }
            if username.contains(|character: char| character.is_ascii_control()) {
                return Err(TableError::Control(username.to_owned()));
            }
            if read.get(username).is_some() {
                return Err(TableError::Twice(username.to_owned()));
            }
            let entry = Entry::read(text, foreign).map_err(|reason| {
                TableError::Unreadable(UnreadableStored { username: username.to_owned(), reason })
            })?;
            read.put(username, entry);
        }
        if read.entries.is_empty() {
            return Err(TableError::Empty);
        }
        let names = AtomicUsize::new(read.entries.len());
        let cache = VerifiedCredentials::new(key);
        Ok(Self { cache, throttle: None, stored: RwLock::new(read), names })
    }

    /// Returns the same table with guesses counted.
    #[must_use]
    pub fn throttled(mut self, throttle: Option<Arc<Throttle>>) -> Self {
        self.throttle = throttle;
        self
    }

    /// Returns what counts guesses, if anything does.
    #[must_use]
    pub fn throttle(&self) -> Option<&Arc<Throttle>> {
        self.throttle.as_ref()
    }

    /// Reads the stored values anew, for the developer's table has other names now.
    ///
    /// # Errors
    ///
    /// Names the first user whose stored value cannot be read; the others are read.
    pub fn reread<'a>(
        &self,
        stored: impl IntoIterator<Item = (&'a str, &'a str)>,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<(), UnreadableStored> {
        let mut fresh = Stored::default();
        let mut first_error = None;
        for (username, text) in stored {
            match Entry::read(text, foreign) {
                Ok(entry) => fresh.put(username, entry),
                Err(reason) => {
                    first_error.get_or_insert(UnreadableStored { username: username.to_owned(), reason });
                }
            }
        }
        *self.stored.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        first_error.map_or(Ok(()), Err)
    }

    /// Returns how many stored values were read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stored.read().unwrap_or_else(PoisonError::into_inner).entries.len()
    }

    /// Tells whether no stored value was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells whether these credentials were verified before against this very stored value.
    /// Hashes no password and waits for nobody.
    #[must_use]
    pub fn is_verified(&self, credentials: &Credentials, stored: &str) -> bool {
        self.cache.is_verified(&self.cache.digest(credentials, stored))
    }

    /// Tells whether these credentials are right, as far as that can be told without hashing.
    #[must_use]
    pub fn are_known(&self, credentials: &Credentials, stored: &str, foreign: &dyn ForeignPbkdf2) -> bool {
        match self.entry(credentials.username(), stored, foreign) {
            Ok(entry) if entry.password.is_plaintext() => {
                entry.password.verify(credentials.password().as_bytes(), foreign)
            }
            Ok(_) => self.is_verified(credentials, stored),
            Err(_) => false,
        }
    }

    /// Returns the name of the user against whose stored value an unknown name is verified; `None`
    /// where no stored value was read.
    ///
    /// A name and no value: the developer's table may hold another by now.
    #[must_use]
    pub fn decoy(&self, username: &str) -> Option<Arc<str>> {
        let digest = self.cache.key().digest(&[b"decoy", username.as_bytes()]);
        let number = digest.first_chunk().map_or(0, |octets| u64::from_le_bytes(*octets));
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        let count = u64::try_from(stored.entries.len()).ok().filter(|count| *count > 0)?;
        stored.entries.get(usize::try_from(number % count).ok()?).map(|(name, _)| Arc::clone(name))
    }

    /// Returns the user against whom an unknown name is verified, and what the live table holds of that
    /// user, so that unknown names go on costing what the known ones cost.
    ///
    /// The whole table is read anew only where that user is gone, or there are more or fewer names.
    ///
    /// # Errors
    ///
    /// The table cannot be asked.
    pub fn living_decoy<T: Table>(
        &self,
        username: &str,
        table: &T,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<Option<Decoy<T::Account>>, T::Error> {
        let names = table.count()?;
        if self.names.swap(names, Ordering::Relaxed) == names
            && let Some(decoy) = self.known_decoy(username, table, foreign)?
        {
            return Ok(Some(decoy));
        }
        let stored = table.all()?;
        let stored = stored.iter().map(|(name, text)| (&**name, &**text));
        if let Err(unreadable) = self.reread(stored, foreign) {
            error!(target: "dash_auth", "{unreadable}; this user cannot log in");
        }
        self.known_decoy(username, table, foreign)
    }

    fn known_decoy<T: Table>(
        &self,
        username: &str,
        table: &T,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<Option<Decoy<T::Account>>, T::Error> {
        let Some(owner) = self.decoy(username) else { return Ok(None) };
        let Found::Account(account) = table.find(&owner)? else { return Ok(None) };
        Ok(self.entry(&owner, account.as_ref(), foreign).is_ok().then_some((owner, account)))
    }

    /// Verifies credentials against a stored value.
    ///
    /// Slow where the value is a hash: callers hold no lock meanwhile.
    pub fn verify(
        &self,
        credentials: &Credentials,
        against: Against<'_>,
        address: &str,
        guess: Option<&Arc<Guess>>,
        admission: &Admission,
        foreign: &dyn ForeignPbkdf2,
    ) -> Authentication {
        let (owner, text, known) = match against {
            Against::Stored(text) => (credentials.username(), text, true),
            Against::Decoy(owner, text) => (owner, text, false),
            Against::Nothing => return Authentication::Refused,
        };
        let entry = match self.entry(owner, text, foreign) {
            Ok(entry) => entry,
            Err(reason) if known => return Authentication::UnreadableStored(reason),
            Err(_) => return Authentication::Refused,
        };
        let password = credentials.password().as_bytes();
        if entry.password.is_plaintext() {
            let booking = match booked(guess) {
                Ok(booking) => booking,
                Err(held) => return held.into(),
            };
            let right = entry.password.verify(password, foreign) && known;
            settle(booking, right);
            if right && guess.is_some() {
                self.cache.remember(self.cache.digest(credentials, text), Expiry::Never);
            }
            return outcome(right);
        }
        // An unknown name takes the same way as a known one, under a digest of its own.
        let digest = self.cache.digest(credentials, if known { text } else { "" });
        let flight = loop {
            match self.cache.look_up(digest, address, admission) {
                Lookup::Verified => return Authentication::Verified,
                Lookup::Refused => return Authentication::Refused,
                Lookup::Busy => return Authentication::Busy,
                Lookup::Again => {}
                Lookup::Unknown(flight) => break flight,
            }
        };
        let booking = match booked(guess) {
            Ok(booking) => booking,
            Err(held) => {
                flight.pass_on();
                return held.into();
            }
        };
        let Ok(turn) = admission.admit(address) else { return Authentication::Busy };
        let right = entry.password.verify(password, foreign) && known;
        drop(turn);
        settle(booking, right);
        flight.land(right, Expiry::Never);
        outcome(right)
    }

    /// Compares, at once, credentials with what is stored in plaintext; `None` where that is a hash.
    ///
    /// Right ones are remembered. It is an attempt like any other: it is counted before it is made.
    #[must_use]
    pub fn compare(
        &self,
        credentials: &Credentials,
        stored: &str,
        guess: &Arc<Guess>,
        foreign: &dyn ForeignPbkdf2,
    ) -> Option<Authentication> {
        let entry = self.entry(credentials.username(), stored, foreign).ok()?;
        if !entry.password.is_plaintext() {
            return None;
        }
        let booking = match guess.book() {
            Ok(booking) => booking,
            Err(held) => return Some(held.into()),
        };
        let right = entry.password.verify(credentials.password().as_bytes(), foreign);
        booking.settle(right);
        if right {
            self.cache.remember(self.cache.digest(credentials, stored), Expiry::Never);
        }
        Some(outcome(right))
    }

    fn entry(
        &self,
        username: &str,
        text: &str,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<Arc<Entry>, ParseError> {
        let read = self.stored.read().unwrap_or_else(PoisonError::into_inner).get(username).cloned();
        if let Some(entry) = read.filter(|entry| entry.text == text) {
            return Ok(entry);
        }
        let entry = Entry::read(text, foreign)?;
        let mut stored = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        if stored.get(username).is_some()
            || stored.entries.len() < self.names.load(Ordering::Relaxed).saturating_add(MOST_KEPT)
        {
            stored.put(username, Arc::clone(&entry));
        }
        Ok(entry)
    }
}

impl From<Held> for Authentication {
    fn from(held: Held) -> Self {
        held.seconds().map_or(Self::Refused, Self::Throttled)
    }
}

fn booked(guess: Option<&Arc<Guess>>) -> Result<Option<Booking>, Held> {
    guess.map(Guess::book).transpose()
}

fn settle(booking: Option<Booking>, right: bool) {
    if let Some(booking) = booking {
        booking.settle(right);
    }
}

fn outcome(right: bool) -> Authentication {
    if right { Authentication::Verified } else { Authentication::Refused }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::admission::LONGEST_WAIT;
    use crate::basic;
    use crate::password::NoForeignPbkdf2;

    const STORED: &str = "scrypt:16384:8:1$salt$00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

    fn users() -> Users {
        Users::new(ProcessKey::draw().unwrap(), [("alice", STORED)], &NoForeignPbkdf2).unwrap()
    }

    fn guess() -> Credentials {
        basic::parse("Basic YWxpY2U6Z3Vlc3M=").unwrap()
    }

    fn against<'a>(stored: &[(&'a str, &'a str)]) -> Result<Users, TableError> {
        Users::new(ProcessKey::draw().unwrap(), stored.iter().copied(), &NoForeignPbkdf2)
    }

    #[test]
    fn a_table_in_which_somebody_could_never_log_in_is_refused() {
        let name = |name: &str| against(&[("bob", "x"), (name, "x")]).err();
        assert_eq!(against(&[]).err(), Some(TableError::Empty));
        assert_eq!(name("a:b"), Some(TableError::Colon("a:b".into())));
        assert_eq!(name("bob"), Some(TableError::Twice("bob".into())));
        for control in ["alice\n", "\u{1b}[2J", "a\0", "\u{7f}"] {
            assert_eq!(name(control), Some(TableError::Control(control.into())));
        }
        for taken in ["", " ", "\u{e4}lice", "alice@example.com", "a\\b"] {
            assert_eq!(name(taken), None, "{taken:?}");
        }
        let error = against(&[("a\nb", "x")]).err().unwrap().to_string();
        assert!(error.contains(r#""a\nb""#) && !error.contains('\n'), "{error}");
        let error = against(&[("alice", "secret\n")]).err().unwrap().to_string();
        assert!(error.contains(r#""alice" has a control character"#) && !error.contains("secret"), "{error}");
    }

    /// Derives nothing, and counts how often it is asked for more than one iteration.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl ForeignPbkdf2 for Count {
        fn derive(&self, _: &str, _: &[u8], _: &[u8], iterations: u32) -> Option<Vec<u8>> {
            self.0.fetch_add(usize::from(iterations > 1), Ordering::Relaxed);
            Some(vec![0; 32])
        }
    }

    #[test]
    fn a_decoy_is_verified_against_in_vain() {
        let zeros = format!("pbkdf2:sha3_256:2$salt${}", "0".repeat(64));
        let (count, admission) = (Count::default(), Admission::new(NonZeroUsize::MIN, LONGEST_WAIT));
        let users = Users::new(ProcessKey::draw().unwrap(), [("bob", "plain")], &count).unwrap();
        assert_eq!(users.decoy("alice").as_deref(), Some("bob"));
        let decoy = Against::Decoy("bob", &zeros);
        let outcome = users.verify(&guess(), decoy, "", None, &admission, &count);
        assert_eq!((outcome, count.0.load(Ordering::Relaxed)), (Authentication::Refused, 1));
        // The same credentials, of somebody who is there.
        let outcome = users.verify(&guess(), Against::Stored(&zeros), "", None, &admission, &count);
        assert_eq!((outcome, count.0.load(Ordering::Relaxed)), (Authentication::Verified, 2));
        assert_eq!(users.verify(&guess(), decoy, "", None, &admission, &count), Authentication::Refused);
        let outcome = users.verify(&guess(), Against::Decoy("bob", "guess"), "", None, &admission, &count);
        assert_eq!(outcome, Authentication::Refused);
    }

    #[test]
    fn all_who_guess_the_same_at_once_are_remembered() {
        let (users, barrier) = (users(), Barrier::new(8));
        let admission = Admission::new(NonZeroUsize::MIN, LONGEST_WAIT);
        let addresses: Vec<String> = (0..8).map(|number| number.to_string()).collect();
        thread::scope(|scope| {
            for address in &addresses {
                scope.spawn(|| {
                    barrier.wait();
                    users.verify(
                        &guess(),
                        Against::Stored(STORED),
                        address,
                        None,
                        &admission,
                        &NoForeignPbkdf2,
                    )
                });
            }
        });
        for address in &addresses {
            assert_eq!(admission.patience(address), Duration::ZERO, "{address}");
        }
    }
}
