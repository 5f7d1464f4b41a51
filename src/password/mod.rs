//! Stored passwords: which scheme a stored value has, and whether a password matches it.
//!
//! Checked: werkzeug's `scrypt:N:r:p$salt$hex` and `pbkdf2:digest:iterations$salt$hex`, argon2 and
//! scrypt in the PHC string format, PBKDF2 as Django and passlib write it, what stands in htpasswd
//! files (bcrypt, MD5-crypt, SHA-crypt, `{SHA}`, `{SSHA}`), and plaintext (upstream accepts it, so do
//! we). Refused with the reason,
//! when the value is read and not when somebody logs in: an empty value, a damaged hash, anything in
//! the form of a hash that this version cannot check, one that asks for more memory or work than a
//! server should give to whoever knocks, and a password that no client can send. None of these is ever compared as plaintext: whoever has read the
//! table would log in with the hash itself.

mod argon2;
mod bcrypt;
mod crypt;
mod form;
mod fresh;
mod generation;
mod md5_crypt;
mod pbkdf2;
mod plaintext;
mod rehash;
mod scrypt;
mod sha1;
mod sha_crypt;
mod werkzeug;
mod workers;

use std::fmt;

pub use argon2::Variant;
pub use bcrypt::generate_bcrypt;
use form::Form;
pub use form::ParseError;
pub use fresh::{Fault, fault};
pub use generation::{DEFAULT_SALT_LENGTH, GenerateError, Method, generate};
pub use pbkdf2::Digest;
pub use werkzeug::{check_password_hash, generate_password_hash};

/// The longest password that is hashed, in bytes; a longer one never matches.
///
/// A password comes from a stranger. Nobody types 4 KiB, and what is not hashed costs nothing.
pub const MAX_PASSWORD_BYTES: usize = 4096;

/// Derives PBKDF2 keys with the digests that this crate has no code for.
pub trait ForeignPbkdf2: Sync {
    /// Returns as many bytes as the digest has, or `None` if the digest is unknown.
    fn derive(&self, digest: &str, password: &[u8], salt: &[u8], iterations: u32) -> Option<Vec<u8>>;
}

/// Knows no digest beyond those of this crate.
#[derive(Clone, Copy, Debug)]
pub struct NoForeignPbkdf2;

impl ForeignPbkdf2 for NoForeignPbkdf2 {
    fn derive(&self, _: &str, _: &[u8], _: &[u8], _: u32) -> Option<Vec<u8>> {
        None
    }
}

/// How a stored value was made, with what decides its cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// The password itself.
    Plaintext,
    /// scrypt (RFC 7914).
    Scrypt {
        /// The cost N, a power of two.
        n: u64,
        /// The block size.
        r: u32,
        /// The parallelization.
        p: u32,
    },
    /// PBKDF2 with HMAC (RFC 8018).
    Pbkdf2 {
        /// The hash under the HMAC.
        digest: Digest,
        /// How many times it is iterated.
        iterations: u32,
    },
    /// Argon2 (RFC 9106).
    Argon2 {
        /// Which of the three variants.
        variant: Variant,
        /// 0x10 or 0x13.
        version: u32,
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes of the memory.
        lanes: u32,
    },
    /// bcrypt.
    Bcrypt {
        /// The binary logarithm of its rounds.
        cost: u32,
    },
    /// MD5-crypt.
    Md5Crypt,
    /// SHA-crypt.
    ShaCrypt {
        /// SHA-256 or SHA-512.
        digest: Digest,
        /// How many rounds.
        rounds: u32,
    },
    /// SHA-1, once.
    Sha1,
}

/// A stored value that was read and can be checked.
pub struct StoredPassword(Kind);

enum Kind {
    Plaintext(plaintext::Stored),
    Scrypt(scrypt::Stored),
    Pbkdf2(pbkdf2::Stored),
    Argon2(argon2::Stored),
    Bcrypt(bcrypt::Stored),
    Md5Crypt(md5_crypt::Stored),
    ShaCrypt(sha_crypt::Stored),
    Sha1(sha1::Stored),
}

impl StoredPassword {
    /// Reads a stored value; of PBKDF2's digests only those of this crate count as known.
    ///
    /// # Errors
    ///
    /// Returns why the value cannot be used.
    pub fn parse(value: &str) -> Result<Self, ParseError> {
        Self::parse_with(value, &NoForeignPbkdf2)
    }

    /// Reads a stored value; PBKDF2 may have any digest that `foreign` knows.
    ///
    /// # Errors
    ///
    /// Returns why the value cannot be used.
    pub fn parse_with(value: &str, foreign: &dyn ForeignPbkdf2) -> Result<Self, ParseError> {
        Ok(Self(match Form::of(value)? {
            Form::Plaintext => Kind::Plaintext(plaintext::Stored::new(value)),
            Form::Scrypt => Kind::Scrypt(scrypt::Stored::parse(value)?),
            Form::Pbkdf2 => Kind::Pbkdf2(pbkdf2::Stored::parse(value, foreign)?),
            Form::Argon2 => Kind::Argon2(argon2::Stored::parse(value)?),
            Form::PhcScrypt => Kind::Scrypt(scrypt::Stored::parse_phc(value)?),
            Form::DjangoPbkdf2 => Kind::Pbkdf2(pbkdf2::Stored::parse_django(value)?),
            Form::PasslibPbkdf2 => Kind::Pbkdf2(pbkdf2::Stored::parse_passlib(value)?),
            Form::Bcrypt => Kind::Bcrypt(bcrypt::Stored::parse(value)?),
            Form::Md5Crypt => Kind::Md5Crypt(md5_crypt::Stored::parse(value)?),
            Form::ShaCrypt => Kind::ShaCrypt(sha_crypt::Stored::parse(value)?),
            Form::Sha1 => Kind::Sha1(sha1::Stored::parse(value)?),
        }))
    }

    /// Tells whether `password` is the one that was stored.
    ///
    /// What it costs depends on the stored value and on the length of `password` alone, never on
    /// whether they match. `foreign` is asked for the digests that this crate has no code for.
    #[must_use]
    pub fn verify(&self, password: &[u8], foreign: &dyn ForeignPbkdf2) -> bool {
        if password.len() > MAX_PASSWORD_BYTES {
            return false;
        }
        match &self.0 {
            Kind::Plaintext(stored) => stored.verify(password),
            Kind::Scrypt(stored) => stored.verify(password),
            Kind::Pbkdf2(stored) => stored.verify(password, foreign),
            Kind::Argon2(stored) => stored.verify(password),
            Kind::Bcrypt(stored) => stored.verify(password),
            Kind::Md5Crypt(stored) => stored.verify(password),
            Kind::ShaCrypt(stored) => stored.verify(password),
            Kind::Sha1(stored) => stored.verify(password),
        }
    }

    /// Returns the scheme and its parameters.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match &self.0 {
            Kind::Plaintext(_) => Scheme::Plaintext,
            Kind::Scrypt(stored) => stored.scheme(),
            Kind::Pbkdf2(stored) => stored.scheme(),
            Kind::Argon2(stored) => stored.scheme(),
            Kind::Bcrypt(stored) => stored.scheme(),
            Kind::Md5Crypt(stored) => stored.scheme(),
            Kind::ShaCrypt(stored) => stored.scheme(),
            Kind::Sha1(stored) => stored.scheme(),
        }
    }

    /// Tells whether the password itself was stored.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        matches!(self.0, Kind::Plaintext(_))
    }

    /// Tells whether the value is weaker than what [`generate`] makes by default.
    #[must_use]
    pub fn needs_rehash(&self) -> bool {
        let (salt, key) = match &self.0 {
            Kind::Plaintext(_) => return true,
            Kind::Scrypt(stored) => stored.lengths(),
            Kind::Pbkdf2(stored) => stored.lengths(),
            Kind::Argon2(stored) => stored.lengths(),
            Kind::Bcrypt(_) | Kind::Md5Crypt(_) | Kind::ShaCrypt(_) | Kind::Sha1(_) => {
                return rehash::is_cheap(&self.scheme());
            }
        };
        rehash::is_short(salt, key) || rehash::is_cheap(&self.scheme())
    }
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StoredPassword").field("scheme", &self.scheme()).finish_non_exhaustive()
    }
}

/// Reads a number as it is printed: ASCII digits with no sign and no leading zero.
fn decimal(text: &str) -> Option<u32> {
    let printed = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if printed { text.parse().ok() } else { None }
}

/// Reads lower-case hexadecimal, the only spelling that werkzeug writes and matches.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}
