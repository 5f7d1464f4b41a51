//! The users and what their passwords are verified against.
//!
//! An unknown name costs what a known one costs: a keyed hash of the name picks one of the stored
//! passwords, always the same for that name, and the password is verified against it in vain. A
//! stored value that cannot be read never lets anyone in.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::admission::Admission;
use crate::basic::Credentials;
use crate::cache::{Expiry, Lookup, VerifiedCredentials};
use crate::password::{ForeignPbkdf2, ParseError, StoredPassword};
use crate::seal::ProcessKey;

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

/// Verifies credentials against stored passwords, and remembers those that were right.
pub struct Users {
    cache: VerifiedCredentials,
    stored: RwLock<Stored>,
}

/// The stored passwords read so far. The developer's own table stays the truth: it is asked on
/// each request, and what is kept here only saves reading the same text again.
#[derive(Default)]
struct Stored {
    positions: HashMap<String, usize>,
    entries: Vec<Arc<Entry>>,
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
        self.entries.get(*self.positions.get(username)?)
    }

    fn put(&mut self, username: &str, entry: Arc<Entry>) {
        let position = *self.positions.entry(username.to_owned()).or_insert(self.entries.len());
        match self.entries.get_mut(position) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
    }
}

impl Users {
    /// Returns the table of these names and stored values.
    ///
    /// # Errors
    ///
    /// Names the first user whose stored value cannot be read.
    pub fn new<'a>(
        key: ProcessKey,
        stored: impl IntoIterator<Item = (&'a str, &'a str)>,
        foreign: &dyn ForeignPbkdf2,
    ) -> Result<Self, UnreadableStored> {
        let users = Self { cache: VerifiedCredentials::new(key), stored: RwLock::default() };
        users.reread(stored, foreign)?;
        Ok(users)
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

    /// Verifies credentials against the value stored for their name, `None` for an unknown name.
    ///
    /// Slow where the value is a hash: callers hold no lock meanwhile.
    pub fn verify(
        &self,
        credentials: &Credentials,
        stored: Option<&str>,
        address: &str,
        admission: &Admission,
        foreign: &dyn ForeignPbkdf2,
    ) -> Authentication {
        let entry = match stored.map(|text| self.entry(credentials.username(), text, foreign)) {
            Some(Ok(entry)) => entry,
            Some(Err(reason)) => return Authentication::UnreadableStored(reason),
            None => match self.decoy(credentials.username()) {
                Some(decoy) => decoy,
                None => return Authentication::Refused,
            },
        };
        let password = credentials.password().as_bytes();
        if entry.password.is_plaintext() {
            let right = entry.password.verify(password, foreign);
            return outcome(right && stored.is_some());
        }
        // An unknown name takes the same way as a known one, under a digest of its own.
        let against = stored.unwrap_or_default();
        let digest = self.cache.digest(credentials, against);
        let flight = match self.cache.look_up(digest, address, admission) {
            Lookup::Verified => return Authentication::Verified,
            Lookup::Refused => return Authentication::Refused,
            Lookup::Busy => return Authentication::Busy,
            Lookup::Unknown(flight) => flight,
        };
        let Ok(turn) = admission.admit(address) else { return Authentication::Busy };
        let right = entry.password.verify(password, foreign) && stored.is_some();
        drop(turn);
        flight.land(right, Expiry::Never);
        outcome(right)
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
        self.stored.write().unwrap_or_else(PoisonError::into_inner).put(username, Arc::clone(&entry));
        Ok(entry)
    }

    /// Returns the stored password that an unknown name is verified against.
    fn decoy(&self, username: &str) -> Option<Arc<Entry>> {
        let digest = self.cache.key().digest(&[b"decoy", username.as_bytes()]);
        let number = digest.first_chunk().map_or(0, |octets| u64::from_le_bytes(*octets));
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        let count = u64::try_from(stored.entries.len()).ok().filter(|count| *count > 0)?;
        stored.entries.get(usize::try_from(number % count).ok()?).cloned()
    }
}

fn outcome(right: bool) -> Authentication {
    if right { Authentication::Verified } else { Authentication::Refused }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::Barrier;
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

    #[test]
    fn all_who_guess_the_same_at_once_are_remembered() {
        let (users, barrier) = (users(), Barrier::new(8));
        let admission = Admission::new(NonZeroUsize::MIN, LONGEST_WAIT);
        let addresses: Vec<String> = (0..8).map(|number| number.to_string()).collect();
        thread::scope(|scope| {
            for address in &addresses {
                scope.spawn(|| {
                    barrier.wait();
                    users.verify(&guess(), Some(STORED), address, &admission, &NoForeignPbkdf2)
                });
            }
        });
        for address in &addresses {
            assert_eq!(admission.patience(address), Duration::ZERO, "{address}");
        }
    }
}
