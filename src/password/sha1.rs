//! One SHA-1, as `htpasswd -s` (`{SHA}`) and LDAP servers (`{SSHA}`, with a salt) write it.
//!
//! It is checked for the files that have it, and called weak: it costs nothing to guess.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;

use super::{ParseError, Scheme};

const NAME: &str = "SHA-1";

const MAX_SALT: usize = 64;

pub(super) struct Stored {
    key: [u8; 20],
    salt: Vec<u8>,
}

impl Stored {
    pub(super) fn parse(value: &str) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged(NAME);
        let (text, is_salted) = match (value.strip_prefix("{SHA}"), value.strip_prefix("{SSHA}")) {
            (Some(text), _) => (text, false),
            (_, Some(text)) => (text, true),
            _ => return Err(damaged),
        };
        let octets = BASE64_STANDARD.decode(text).map_err(|_| damaged)?;
        let (key, salt) = octets.split_first_chunk::<20>().ok_or(damaged)?;
        if salt.is_empty() == is_salted || salt.len() > MAX_SALT {
            return Err(damaged);
        }
        Ok(Self { key: *key, salt: salt.to_vec() })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let derived = Sha1::new_with_prefix(password).chain_update(&self.salt).finalize();
        self.key.ct_eq(derived.as_slice()).into()
    }

    #[allow(clippy::unused_self)] // As the other schemes have it.
    pub(super) fn scheme(&self) -> Scheme {
        Scheme::Sha1
    }
}
