//! werkzeug's two functions, as far as they are answered here.
//!
//! `Ok(None)` leaves a call to werkzeug itself: the few spellings that it reads and this crate does
//! not (`int()` takes `1_0`), digests of hashlib's, and whatever it answers with an exception. What
//! it answers is then the same by construction, with whichever version is installed.

use super::{
    GenerateError, Kind, MAX_PASSWORD_BYTES, Method, NoForeignPbkdf2, ParseError, StoredPassword, generate,
};

/// Checks a password as werkzeug's function of this name does, and argon2 as well.
///
/// Unlike [`StoredPassword::verify`] it never takes a value for plaintext.
///
/// # Errors
///
/// Returns why a value that starts as argon2 does cannot be read.
pub fn check_password_hash(value: &str, password: &[u8]) -> Result<Option<bool>, ParseError> {
    let argon2 = value.starts_with("$argon2") && value.matches('$').nth(1).is_some();
    match StoredPassword::parse(value) {
        Ok(StoredPassword(Kind::Plaintext(_))) => Ok(None),
        Ok(_) if !argon2 && password.len() > MAX_PASSWORD_BYTES => Ok(None),
        Ok(stored) => Ok(Some(stored.verify(password, &NoForeignPbkdf2))),
        Err(error) if argon2 => Err(error),
        Err(_) => Ok(None),
    }
}

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
