//! MD5-crypt, as `htpasswd -m` (`$apr1$`) and crypt(3) (`$1$`) write it: a thousand rounds of MD5.
//!
//! It is checked for the files that have it, and called weak.

use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

use super::crypt::{MAX_BYTES, encoded, is_key};
use super::{ParseError, Scheme};

const NAME: &str = "MD5-crypt";

const ROUNDS: u32 = 1000;

/// In which order the octets of the key are written, three to four characters.
const ORDER: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];

pub(super) struct Stored {
    magic: &'static str,
    salt: String,
    key: String,
}

impl Stored {
    pub(super) fn parse(value: &str) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged(NAME);
        let magic = ["$1$", "$apr1$"].into_iter().find(|magic| value.starts_with(magic)).ok_or(damaged)?;
        let rest = value.strip_prefix(magic).ok_or(damaged)?;
        let (salt, key) = rest.split_once('$').ok_or(damaged)?;
        if salt.len() > 8 || !is_key(key, 16) {
            return Err(damaged);
        }
        Ok(Self { magic, salt: salt.to_owned(), key: key.to_owned() })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        if password.len() > MAX_BYTES || password.contains(&0) {
            return false;
        }
        let key = derive(password, self.magic.as_bytes(), self.salt.as_bytes());
        self.key.as_bytes().ct_eq(key.as_bytes()).into()
    }

    #[allow(clippy::unused_self)] // As the other schemes have it.
    pub(super) fn scheme(&self) -> Scheme {
        Scheme::Md5Crypt
    }
}

fn derive(password: &[u8], magic: &[u8], salt: &[u8]) -> String {
    let mut second = Md5::new();
    for part in [password, salt, password] {
        second.update(part);
    }
    let second = second.finalize();
    let mut first = Md5::new();
    for part in [password, magic, salt] {
        first.update(part);
    }
    for chunk in password.chunks(16) {
        first.update(second.get(..chunk.len()).unwrap_or_default());
    }
    let mut bits = password.len();
    while bits != 0 {
        // As the first program had it, by mistake: the first letter of the password, or a NUL.
        let octet: &[u8] = if bits & 1 == 1 { &[0] } else { password.get(..1).unwrap_or_default() };
        first.update(octet);
        bits >>= 1;
    }
    let mut key = first.finalize();
    for round in 0..ROUNDS {
        let mut next = Md5::new();
        let (before, after): (&[u8], &[u8]) =
            if round & 1 == 1 { (password, &key) } else { (&key, password) };
        next.update(before);
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(after);
        key = next.finalize();
    }
    let octet = |place: usize| u32::from(key.get(place).copied().unwrap_or_default());
    let mut text = String::with_capacity(22);
    for [high, middle, low] in ORDER {
        encoded(&mut text, octet(high) << 16 | octet(middle) << 8 | octet(low), 4);
    }
    encoded(&mut text, octet(11), 2);
    text
}
