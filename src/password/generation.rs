//! New stored values: werkzeug's `scrypt` and `pbkdf2` methods, and `argon2`.

use std::fmt;

use super::{MAX_PASSWORD_BYTES, NoForeignPbkdf2, ParseError, argon2, pbkdf2, scrypt};

/// The length of a salt when none is asked for: characters, and bytes with argon2.
pub const DEFAULT_SALT_LENGTH: usize = 16;

/// The longest salt that is made.
const MAX_SALT_LENGTH: usize = 1024;

/// The length of an argon2 key, as RFC 9106 section 4 recommends.
const ARGON2_KEY_LENGTH: usize = 32;

/// werkzeug's alphabet, so that nobody can tell who made a hash.
const SALT_CHARACTERS: [u8; 62] = *b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// How to hash a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Scrypt(scrypt::Params),
    Pbkdf2(pbkdf2::Params),
    Argon2(argon2::Params),
}

impl Method {
    /// Reads `scrypt[:N:r:p]`, `pbkdf2[:digest[:iterations]]` or `argon2[:m:t:p]` (m in KiB).
    ///
    /// # Errors
    ///
    /// Returns an error for any other text, and for parameters that a stored value may not have.
    pub fn parse(text: &str) -> Result<Self, GenerateError> {
        let (name, arguments) = match text.split_once(':') {
            Some((name, arguments)) => (name, Some(arguments)),
            None => (text, None),
        };
        let kind = match name {
            "scrypt" => scrypt::Params::parse(arguments).map(Kind::Scrypt),
            "pbkdf2" => pbkdf2::Params::parse(arguments).map(Kind::Pbkdf2),
            "argon2" => argon2::Params::parse(arguments).map(Kind::Argon2),
            _ => return Err(GenerateError::Method),
        };
        kind.map(Self).map_err(|error| match error {
            ParseError::TooCostly(_) => GenerateError::TooCostly,
            _ => GenerateError::Method,
        })
    }

    /// Tells whether this is argon2, which werkzeug does not know.
    #[must_use]
    pub fn is_argon2(&self) -> bool {
        matches!(self.0, Kind::Argon2(_))
    }
}

/// Why no stored value was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GenerateError {
    /// The method is unknown, or its parameters are not allowed.
    Method,
    /// The method asks for more memory or work than a stored value may ask for.
    TooCostly,
    /// The pbkdf2 digest is none that this crate has code for.
    Digest,
    /// The salt is too short or too long.
    SaltLength,
    /// The password is longer than [`MAX_PASSWORD_BYTES`]: it could never log in.
    PasswordLength,
    /// The password is longer than the 72 bytes that bcrypt sees, or has a NUL.
    BcryptLength,
    /// The operating system gives no random bytes.
    Randomness,
    /// There is not enough memory, or there are not enough threads.
    Resources,
}

impl fmt::Display for GenerateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Method => {
                "the method must be scrypt[:N:r:p], pbkdf2[:digest[:iterations]] or argon2[:m:t:p]"
            }
            Self::TooCostly => "the method asks for more memory or work than a stored hash may ask for",
            Self::Digest => "the digest is not known",
            Self::SaltLength => "the salt length is not between 1 (argon2: 8) and 1024",
            Self::PasswordLength => "the password is longer than 4096 bytes",
            Self::BcryptLength => "bcrypt takes at most 72 bytes of a password, and no NUL",
            Self::Randomness => "the operating system gives no random bytes",
            Self::Resources => "there is not enough memory, or there are not enough threads",
        })
    }
}

impl std::error::Error for GenerateError {}

/// Hashes a password with a new salt.
///
/// # Errors
///
/// Returns an error if the salt length is out of bounds, the password too long, the digest a foreign
/// one, or the system short of random bytes, memory or threads.
pub fn generate(method: &Method, password: &[u8], salt_length: usize) -> Result<String, GenerateError> {
    let least = if method.is_argon2() { 8 } else { 1 };
    if !(least..=MAX_SALT_LENGTH).contains(&salt_length) {
        return Err(GenerateError::SaltLength);
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(GenerateError::PasswordLength);
    }
    match &method.0 {
        Kind::Scrypt(params) => {
            let salt = salt_text(salt_length)?;
            let key = params.derive(password, salt.as_bytes()).ok_or(GenerateError::Resources)?;
            Ok(format!("{}${salt}${}", params.method(), hexadecimal(key.as_slice())))
        }
        Kind::Pbkdf2(params) => {
            let salt = salt_text(salt_length)?;
            let key = params.derive(password, salt.as_bytes(), &NoForeignPbkdf2);
            let key = key.ok_or(GenerateError::Digest)?;
            Ok(format!("{}${salt}${}", params.method(), hexadecimal(&key)))
        }
        Kind::Argon2(params) => {
            let salt = random(salt_length)?;
            let key = params.derive(password, &salt, ARGON2_KEY_LENGTH).ok_or(GenerateError::Resources)?;
            Ok(params.phc(&salt, &key))
        }
    }
}

fn random(length: usize) -> Result<Vec<u8>, GenerateError> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|_| GenerateError::Randomness)?;
    Ok(bytes)
}

/// Makes a salt of random characters, each as likely as any other.
fn salt_text(length: usize) -> Result<String, GenerateError> {
    let mut salt = String::with_capacity(length);
    while salt.len() < length {
        // 62 of the 64 values of six bits stand for a character; the other two are drawn again.
        let drawn = random(length - salt.len())?;
        let characters = drawn.iter().filter_map(|byte| SALT_CHARACTERS.get(usize::from(byte & 63)));
        salt.extend(characters.map(|&character| char::from(character)));
    }
    Ok(salt)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
