//! A password that was stored as it is.
//!
//! Only a digest of it is kept and compared: the time that a comparison takes then depends on the
//! length of what the client sent, which the client knows, and not on the length of what is stored.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

pub(super) struct Stored(Zeroizing<[u8; 32]>);

impl Stored {
    pub(super) fn new(value: &str) -> Self {
        Self(digest(value.as_bytes()))
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        self.0.ct_eq(digest(password).as_slice()).into()
    }
}

fn digest(password: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Sha256::digest(password).into())
}
