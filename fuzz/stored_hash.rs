//! A stored password and one that is checked against it.

use dash_auth::password::{MAX_PASSWORD_BYTES, NoForeignPbkdf2, Scheme, StoredPassword};

/// Reads what stands before the first NUL as a stored value and, where that is cheap to check, the
/// rest as a password; returns whether a password was checked against a hash.
///
/// # Panics
///
/// Panics if a value is taken that asks for more than is ever given, if one that looks like a hash is
/// taken for plaintext, or if the outcome of a check is wrong or changes.
#[must_use]
pub fn stored_hash(input: &[u8]) -> bool {
    let end = input.iter().position(|octet| *octet == 0).unwrap_or(input.len());
    let Ok(value) = std::str::from_utf8(&input[..end]) else { return false };
    let password = input.get(end + 1..).unwrap_or_default();
    let stored = match StoredPassword::parse(value) {
        Ok(stored) => stored,
        Err(error) => {
            let _ = error.to_string();
            return false;
        }
    };
    let _ = stored.needs_rehash();
    let _ = format!("{stored:?}");
    match stored.scheme() {
        Scheme::Plaintext => {
            assert!(!looks_like_a_hash(value), "plaintext: {value:?}");
            let right = value.as_bytes() == password && password.len() <= MAX_PASSWORD_BYTES;
            assert_eq!(stored.verify(password, &NoForeignPbkdf2), right);
            return false;
        }
        scheme => {
            let (memory, work) = cost(&scheme);
            assert!(memory <= 2 << 30 && work <= 8 << 30, "{scheme:?} asks for {memory} and {work}");
            if work > 1 << 16 {
                return false;
            }
        }
    }
    let right = stored.verify(password, &NoForeignPbkdf2);
    assert_eq!(stored.verify(password, &NoForeignPbkdf2), right);
    let other = [password, b"x"].concat();
    assert!(!stored.verify(&other, &NoForeignPbkdf2), "two passwords match {value:?}");
    right
}

/// Returns the memory that a check takes in bytes, and how many bytes of it are written; for pbkdf2,
/// which takes none, how many bytes go through its hash.
fn cost(scheme: &Scheme) -> (u64, u64) {
    match scheme {
        Scheme::Scrypt { n, r, p } => {
            let memory = 128 * n * u64::from(*r);
            (memory, memory * u64::from(*p))
        }
        Scheme::Argon2 { memory_kib, passes, .. } => {
            let memory = 1024 * u64::from(*memory_kib);
            (memory, memory * u64::from(*passes))
        }
        Scheme::Pbkdf2 { iterations, .. } => (0, 64 * u64::from(*iterations)),
        _ => (0, 0),
    }
}

/// Tells whether a value begins as a hash of a well-known kind does and goes on after that.
fn looks_like_a_hash(value: &str) -> bool {
    let bare = value.trim().to_ascii_lowercase();
    let begins = [
        "scrypt:",
        "scrypt$",
        "pbkdf2:",
        "pbkdf2$",
        "$argon2",
        "$2a$",
        "$2b$",
        "$2y$",
        "$1$",
        "$5$",
        "$6$",
        "$apr1$",
        "$y$",
        "$scrypt$",
        "pbkdf2_sha256$",
        "bcrypt$",
        "argon2id$",
    ];
    let ldap = ["{sha}", "{ssha}", "{md5}", "{crypt}"];
    begins.iter().any(|begin| bare.starts_with(begin))
        || ldap.iter().any(|begin| bare.len() > begin.len() && bare.starts_with(begin))
}
