//! PBKDF2 (RFC 8018 section 5.2) in werkzeug's form `pbkdf2:digest:iterations$salt$hex`, in Django's and
//! in passlib's.

use std::slice::from_ref;

use ::pbkdf2::pbkdf2_hmac;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha1::Sha1;
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{ForeignPbkdf2, ParseError, Scheme, decimal, hexadecimal};

/// The most iterations that a stored value may ask for.
///
/// Ten times werkzeug's default and seven times the largest count that OWASP recommends (1,400,000
/// for SHA-1): one to three seconds of work.
const MAX_ITERATIONS: u32 = 10_000_000;

const DEFAULT_ITERATIONS: u32 = 1_000_000;

/// The hash under the HMAC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-512/224.
    Sha512_224,
    /// SHA-512/256.
    Sha512_256,
    /// One that this crate has no code for, by the name that was stored.
    Foreign(Box<str>),
}

impl Digest {
    fn named(name: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/".contains(&byte);
        Some(match name {
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            "sha512_224" => Self::Sha512_224,
            "sha512_256" => Self::Sha512_256,
            _ if !name.is_empty() && name.bytes().all(plain) => Self::Foreign(name.into()),
            _ => return None,
        })
    }

    fn name(&self) -> &str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Sha512_224 => "sha512_224",
            Self::Sha512_256 => "sha512_256",
            Self::Foreign(name) => name,
        }
    }
}

/// A digest, and how many times it is iterated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    digest: Digest,
    iterations: u32,
}

impl Params {
    /// Reads what follows `pbkdf2` in a method: nothing, `:digest` or `:digest:iterations`.
    pub(super) fn parse(arguments: Option<&str>) -> Result<Self, ParseError> {
        let refused = ParseError::Parameters("pbkdf2");
        let (digest, iterations) = match arguments {
            None => ("sha256", DEFAULT_ITERATIONS),
            Some(arguments) => match arguments.split_once(':') {
                None => (arguments, DEFAULT_ITERATIONS),
                Some((digest, iterations)) => (digest, decimal(iterations).ok_or(refused)?),
            },
        };
        Self::new(Digest::named(digest).ok_or(refused)?, iterations)
    }

    fn new(digest: Digest, iterations: u32) -> Result<Self, ParseError> {
        match iterations {
            0 => Err(ParseError::Parameters("pbkdf2")),
            1..=MAX_ITERATIONS => Ok(Self { digest, iterations }),
            _ => Err(ParseError::TooCostly("pbkdf2")),
        }
    }

    /// The method as werkzeug writes it.
    pub(super) fn method(&self) -> String {
        format!("pbkdf2:{}:{}", self.digest.name(), self.iterations)
    }

    pub(super) fn derive(
        &self,
        password: &[u8],
        salt: &[u8],
        foreign: &dyn ForeignPbkdf2,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let iterations = self.iterations;
        let filled = |length: usize, fill: fn(&[u8], &[u8], u32, &mut [u8])| {
            let mut key = Zeroizing::new(vec![0; length]);
            fill(password, salt, iterations, &mut key);
            Some(key)
        };
        match &self.digest {
            Digest::Sha1 => filled(20, pbkdf2_hmac::<Sha1>),
            Digest::Sha224 => filled(28, pbkdf2_hmac::<Sha224>),
            Digest::Sha256 => Some(Zeroizing::new(derive_sha256(password, salt, iterations).to_vec())),
            Digest::Sha384 => filled(48, pbkdf2_hmac::<Sha384>),
            Digest::Sha512 => filled(64, pbkdf2_hmac::<Sha512>),
            Digest::Sha512_224 => filled(28, pbkdf2_hmac::<Sha512_224>),
            Digest::Sha512_256 => filled(32, pbkdf2_hmac::<Sha512_256>),
            Digest::Foreign(name) => foreign.derive(name, password, salt, iterations).map(Zeroizing::new),
        }
    }
}

pub(super) struct Stored {
    params: Params,
    salt: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Stored {
    pub(super) fn parse(value: &str, foreign: &dyn ForeignPbkdf2) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged("pbkdf2");
        let (method, rest) = value.split_once('$').ok_or(damaged)?;
        let (salt, key) = rest.split_once('$').ok_or(damaged)?;
        let arguments = method.strip_prefix("pbkdf2").ok_or(damaged)?;
        let params = Params::parse(arguments.strip_prefix(':'))?;
        let key = Zeroizing::new(hexadecimal(key).ok_or(damaged)?);
        // Deriving once is how a digest is known to exist, and how long its keys are.
        let probe = Params { digest: params.digest.clone(), iterations: 1 };
        let length = probe.derive(&[], &[], foreign).ok_or(ParseError::Digest)?.len();
        if key.is_empty() || key.len() != length {
            return Err(damaged);
        }
        Ok(Self { params, salt: salt.as_bytes().to_vec(), key })
    }

    /// Reads `pbkdf2_sha256$iterations$salt$base64`, as Django writes it.
    pub(super) fn parse_django(value: &str) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged("pbkdf2");
        let mut parts = value.strip_prefix("pbkdf2_sha256$").ok_or(damaged)?.split('$');
        let [Some(iterations), Some(salt), Some(key), None] =
            [parts.next(), parts.next(), parts.next(), parts.next()]
        else {
            return Err(damaged);
        };
        let key = BASE64_STANDARD.decode(key).map_err(|_| damaged)?;
        Self::of_sha256(iterations, salt.as_bytes().to_vec(), key)
    }

    /// Reads `$pbkdf2-sha256$rounds$salt$key`, as passlib writes it: base64 with `.` for `+`.
    pub(super) fn parse_passlib(value: &str) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged("pbkdf2");
        let mut parts = value.strip_prefix("$pbkdf2-sha256$").ok_or(damaged)?.split('$');
        let [Some(iterations), Some(salt), Some(key), None] =
            [parts.next(), parts.next(), parts.next(), parts.next()]
        else {
            return Err(damaged);
        };
        let decoded = |text: &str| {
            if text.contains('+') {
                return Err(damaged);
            }
            BASE64_STANDARD_NO_PAD.decode(text.replace('.', "+")).map_err(|_| damaged)
        };
        Self::of_sha256(iterations, decoded(salt)?, decoded(key)?)
    }

    fn of_sha256(iterations: &str, salt: Vec<u8>, key: Vec<u8>) -> Result<Self, ParseError> {
        let key = Zeroizing::new(key);
        if key.len() != 32 {
            return Err(ParseError::Damaged("pbkdf2"));
        }
        let iterations = decimal(iterations).ok_or(ParseError::Damaged("pbkdf2"))?;
        Ok(Self { params: Params::new(Digest::Sha256, iterations)?, salt, key })
    }

    pub(super) fn verify(&self, password: &[u8], foreign: &dyn ForeignPbkdf2) -> bool {
        let derived = self.params.derive(password, &self.salt, foreign);
        if derived.is_none() {
            log::error!("the digest {:?} of a stored password is gone", self.params.digest.name());
        }
        derived.is_some_and(|derived| self.key.ct_eq(derived.as_slice()).into())
    }

    pub(super) fn scheme(&self) -> Scheme {
        Scheme::Pbkdf2 { digest: self.params.digest.clone(), iterations: self.params.iterations }
    }

    /// The lengths of salt and key in bytes.
    pub(super) fn lengths(&self) -> (usize, usize) {
        (self.salt.len(), self.key.len())
    }
}

/// FIPS 180-4 section 5.3.3.
const SHA256_START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Derives a key with HMAC-SHA256, werkzeug's default, a fifth faster than the general code.
///
/// Every message but the first is one digest long, so that an HMAC is two compressions of a block
/// whose padding never changes.
fn derive_sha256(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let keyed = |pad: u8| {
        // RFC 2104 section 2: a key longer than a block is hashed first.
        let hashed = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(password)));
        let key = if password.len() > 64 { hashed.as_slice() } else { password };
        let mut block = Zeroizing::new([pad; 64]);
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        let mut state = SHA256_START;
        compress256(&mut state, &[*block]);
        state
    };
    let (inner, outer) = (keyed(0x36), keyed(0x5c));

    // A block and a digest: 96 bytes, 768 bits (FIPS 180-4 section 5.1.1).
    let mut block = [0; 64];
    block[32] = 0x80;
    block[62] = 0x03;
    let mut key = [0; 32];
    pbkdf2_hmac::<Sha256>(password, salt, 1, &mut key);
    block.iter_mut().zip(key).for_each(|(byte, first)| *byte = first);
    let mut sum = [0_u32; 8];
    for _ in 1..iterations {
        let mut state = inner;
        compress256(&mut state, from_ref(&block));
        write_words(&mut block, &state);
        state = outer;
        compress256(&mut state, from_ref(&block));
        write_words(&mut block, &state);
        sum.iter_mut().zip(state).for_each(|(sum, word)| *sum ^= word);
    }
    let sum = sum.into_iter().flat_map(u32::to_be_bytes);
    key.iter_mut().zip(sum).for_each(|(key, byte)| *key ^= byte);
    key
}

/// Writes a digest over the start of a block.
fn write_words(block: &mut [u8; 64], words: &[u32; 8]) {
    for (bytes, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *bytes = word.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::super::NoForeignPbkdf2;
    use super::*;

    fn derived(digest: Digest, password: &str, salt: &str, iterations: u32) -> Vec<u8> {
        let params = Params { digest, iterations };
        params.derive(password.as_bytes(), salt.as_bytes(), &NoForeignPbkdf2).unwrap().to_vec()
    }

    #[test]
    fn the_vectors_of_rfc_6070() {
        let vectors = [
            (1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
            (2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
            (4096, "4b007901b765489abead49d926f721d065a429c1"),
        ];
        for (iterations, key) in vectors {
            assert_eq!(derived(Digest::Sha1, "password", "salt", iterations), hexadecimal(key).unwrap());
        }
    }

    #[test]
    fn the_vectors_of_rfc_7914_section_11() {
        let vectors = [
            ("passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
            ("Password", "NaCl", 80_000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"),
        ];
        for (password, salt, iterations, key) in vectors {
            assert_eq!(derived(Digest::Sha256, password, salt, iterations), hexadecimal(key).unwrap());
        }
    }

    #[test]
    fn the_loop_for_sha_256_is_the_general_code() {
        for length in [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 300] {
            for iterations in [1, 2, 3, 10] {
                let (password, salt) = (vec![0xa7; length], vec![0x51; length / 2]);
                let mut key = [0; 32];
                pbkdf2_hmac::<Sha256>(&password, &salt, iterations, &mut key);
                assert_eq!(derive_sha256(&password, &salt, iterations), key, "{length}, {iterations}");
            }
        }
    }
}
