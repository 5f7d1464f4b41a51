//! werkzeug's two functions, as far as they are answered here.
//!
//! `Ok(None)` leaves a call to werkzeug itself: the few spellings that it reads and this crate does
//! not (`int()` takes `1_0`), digests of hashlib's, and whatever it answers with an exception. What
//! it answers is then the same by construction, with whichever version is installed.

use super::{
    GenerateError, Kind, MAX_PASSWORD_BYTES, Method, NoForeignPbkdf2, ParseError, StoredPassword, generate,
};

/// Checks a password as werkzeug's function of this name does, and the other hashes of this crate as
/// well.
///
/// Unlike [`StoredPassword::verify`] it never takes a value for plaintext.
///
/// # Errors
///
/// Returns why a value that starts as one of the other hashes does cannot be read.
pub fn check_password_hash(value: &str, password: &[u8]) -> Result<Option<bool>, ParseError> {
    let is_argon2 = value.starts_with("$argon2") && value.matches('$').nth(1).is_some();
    let is_ours = is_argon2 || OURS.iter().any(|prefix| value.starts_with(prefix));
    match StoredPassword::parse(value) {
        Ok(StoredPassword(Kind::Plaintext(_))) => Ok(None),
        Ok(_) if !is_ours && password.len() > MAX_PASSWORD_BYTES => Ok(None),
        Ok(stored) => Ok(Some(stored.verify(password, &NoForeignPbkdf2))),
        Err(error) if is_ours => Err(error),
        Err(_) => Ok(None),
    }
}

/// How those begin that werkzeug does not know.
const OURS: [&str; 12] = [
    "$2a$",
    "$2b$",
    "$2y$",
    "$1$",
    "$apr1$",
    "$5$",
    "$6$",
    "{SHA}",
    "{SSHA}",
    "$scrypt$",
    "pbkdf2_sha256$",
    "$pbkdf2-sha256$",
];

/// Hashes a password as werkzeug's function of this name does, and with argon2 as well.
///
/// # Errors
///
/// Returns an error as [`generate`] does, but for what werkzeug answers.
pub fn generate_password_hash(
    method: &str,
    password: &[u8],
    salt_length: i64,
) -> Result<Option<String>, GenerateError> {
    // Its error for any other name does not say what it knows, nor what we do.
    let werkzeugs = matches!(method.split(':').next(), Some("scrypt" | "pbkdf2"));
    let generated = Method::parse(method).and_then(|method| {
        let salt_length = usize::try_from(salt_length).map_err(|_| GenerateError::SaltLength)?;
        generate(&method, password, salt_length)
    });
    match generated {
        Err(
            GenerateError::Method
            | GenerateError::TooCostly
            | GenerateError::Digest
            | GenerateError::SaltLength,
        ) if werkzeugs => Ok(None),
        generated => generated.map(Some),
    }
}
