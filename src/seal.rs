//! What this server signs for itself: keyed digests that lead back to nothing.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// A keyed digest.
pub type Digest = [u8; 32];

/// A key that this process alone knows.
pub struct ProcessKey([u8; 32]);

impl ProcessKey {
    /// Draws a key from the operating system.
    ///
    /// # Errors
    ///
    /// The operating system has no randomness to give.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// Returns the digest of the parts under this key.
    #[must_use]
    pub fn digest(&self, parts: &[&[u8]]) -> Digest {
        digest(&self.0, parts)
    }
}

/// Returns HMAC-SHA256 (RFC 2104) over the parts, each preceded by its length, so that no two lists
/// of parts read the same.
pub(crate) fn digest(key: &[u8], parts: &[&[u8]]) -> Digest {
    // HMAC takes a key of any length, so the error arm is never reached.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Returns the seal of the parts under a secret, in hexadecimal.
#[must_use]
pub fn seal(secret: &[u8], parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    hex(&digest(secret, &parts))
}

/// Returns a digest in hexadecimal.
#[must_use]
pub fn hex(digest: &Digest) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, octet| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// Tells, in constant time, whether `sealed` is the seal of the parts under the secret.
#[must_use]
pub fn is_sealed(secret: &[u8], parts: &[&str], sealed: &str) -> bool {
    seal(secret, parts).as_bytes().ct_eq(sealed.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let key = ProcessKey::draw().unwrap();
        assert_ne!(key.digest(&[b"ab", b"c"]), key.digest(&[b"a", b"bc"]));
        assert_ne!(key.digest(&[b"ab"]), key.digest(&[b"ab", b""]));
        assert_eq!(key.digest(&[b"ab", b"c"]), key.digest(&[b"ab", b"c"]));
    }

    #[test]
    fn a_seal_holds_for_its_secret_and_parts_alone() {
        let sealed = seal(b"secret", &["a", "b"]);
        assert_eq!(sealed.len(), 64);
        assert!(is_sealed(b"secret", &["a", "b"], &sealed));
        assert!(!is_sealed(b"other", &["a", "b"], &sealed));
        assert!(!is_sealed(b"secret", &["b", "a"], &sealed));
        assert!(!is_sealed(b"secret", &["a", "b"], ""));
        assert!(!is_sealed(b"secret", &["a", "b"], &sealed.to_uppercase()));
    }
}
