//! The lines of an htpasswd file.

use dash_auth::htpasswd::read;
use dash_auth::password::{NoForeignPbkdf2, StoredPassword};

/// Reads a file; returns whether it holds users.
///
/// # Panics
///
/// Panics if what is read could not be a user of a file: a name that is empty, has a colon or a control
/// character, or is there twice, or a stored value that is no hash.
#[must_use]
pub fn htpasswd(input: &[u8]) -> bool {
    let users = match read(input, &NoForeignPbkdf2) {
        Ok(users) => users,
        Err(error) => {
            let lines = input.split(|octet| *octet == b'\n').count();
            assert!((1..=lines).contains(&error.line), "line {} of {lines}", error.line);
            let _ = error.to_string();
            return false;
        }
    };
    for (number, (name, stored)) in users.iter().enumerate() {
        assert!(
            !name.is_empty() && !name.contains(':') && !name.bytes().any(|octet| octet.is_ascii_control())
        );
        assert!(users.iter().skip(number + 1).all(|(other, _)| other != name), "{name:?} twice");
        let stored = StoredPassword::parse(stored);
        assert!(stored.is_ok_and(|stored| !stored.is_plaintext()), "{name:?} has no hash");
    }
    !users.is_empty()
}
