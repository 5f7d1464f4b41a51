//! SHA-crypt, as crypt(3) and `mkpasswd` write it: `$5$` with SHA-256, `$6$` with SHA-512.
//!
//! It is checked for the files that have it, and called weak.

use ::sha_crypt::{PasswordVerifier as _, ShaCrypt};

use super::crypt::{ALPHABET, MAX_BYTES, is_key};
use super::{Digest, ParseError, Scheme, decimal};

const NAME: &str = "SHA-crypt";

const DEFAULT_ROUNDS: u32 = 5000;

/// The most rounds that a stored value may ask for, three times passlib's default: about a second, and
/// some seven with the longest password.
const MAX_ROUNDS: u32 = 2_000_000;

const MIN_ROUNDS: u32 = 1000;

pub(super) struct Stored {
    value: String,
    rounds: u32,
    digest: Digest,
}

impl Stored {
    pub(super) fn parse(value: &str) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged(NAME);
        let (digest, octets, rest) = match (value.strip_prefix("$5$"), value.strip_prefix("$6$")) {
            (Some(rest), _) => (Digest::Sha256, 32, rest),
            (_, Some(rest)) => (Digest::Sha512, 64, rest),
            _ => return Err(damaged),
        };
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            None => (DEFAULT_ROUNDS, rest),
            Some(rest) => {
                let (rounds, rest) = rest.split_once('$').ok_or(damaged)?;
                (decimal(rounds).ok_or(damaged)?, rest)
            }
        };
        let (salt, key) = rest.split_once('$').ok_or(damaged)?;
        // What the crate cannot read, such as a hash without a salt, would be taken and never match.
        let is_salt = (1..=16).contains(&salt.len()) && salt.bytes().all(|byte| ALPHABET.contains(&byte));
        if !is_salt || !is_key(key, octets) {
            return Err(damaged);
        }
        match rounds {
            MIN_ROUNDS..=MAX_ROUNDS => Ok(Self { value: value.to_owned(), rounds, digest }),
            0..MIN_ROUNDS => Err(ParseError::Parameters(NAME)),
            _ => Err(ParseError::TooCostly(NAME)),
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let is_whole = password.len() <= MAX_BYTES && !password.contains(&0);
        is_whole && ShaCrypt::default().verify_password(password, self.value.as_str()).is_ok()
    }

    pub(super) fn scheme(&self) -> Scheme {
        Scheme::ShaCrypt { digest: self.digest.clone(), rounds: self.rounds }
    }
}
