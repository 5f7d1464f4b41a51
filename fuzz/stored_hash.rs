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
            assert!(!value.bytes().any(|octet| octet.is_ascii_control()), "no client sends {value:?}");
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
        Scheme::Bcrypt { cost } => (0, 4096 << cost),
        Scheme::ShaCrypt { rounds, .. } => (0, 64 * u64::from(*rounds)),
        _ => (0, 0),
    }
}

/// Tells whether a value has one of the forms of a hash, whatever is around it.
fn looks_like_a_hash(value: &str) -> bool {
    let around = |mark: char| mark.is_whitespace() || mark.is_control() || "\"'`\u{feff}".contains(mark);
    let bare = value.trim_matches(around);
    let word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let begins =
        ["scrypt:", "scrypt$", "pbkdf2:", "pbkdf2$", "pbkdf2_sha256$", "bcrypt$", "argon2id$", "$argon2"];
    let lower = bare.to_ascii_lowercase();
    let starts_with_word =
        |text: &str| word(text) && text.starts_with(|first: char| first.is_ascii_alphanumeric());
    begins.iter().any(|begin| lower.starts_with(begin))
        // word:...$
        || bare.split_once(':').is_some_and(|(name, rest)| starts_with_word(name) && rest.contains('$'))
        // $x$
        || bare.strip_prefix('$').and_then(|rest| rest.split_once('$')).is_some_and(|(id, _)| starts_with_word(id))
        // {X}
        || bare.strip_prefix('{').and_then(|rest| rest.split_once('}')).is_some_and(|(id, _)| starts_with_word(id))
        || [32, 40, 56, 64, 96, 128].contains(&bare.len()) && bare.chars().all(|c| c.is_ascii_hexdigit())
}
