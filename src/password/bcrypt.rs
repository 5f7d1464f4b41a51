//! bcrypt, as `htpasswd -B` and the libraries of that name write it: `$2y$12$...`.
//!
//! It sees 72 bytes of a password: what is longer never matches, and is never cut.

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, NO_PAD};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{GenerateError, ParseError, Scheme};

/// The longest password that it sees, in bytes.
const MAX_BYTES: usize = 72;

/// 2^14 rounds take some two seconds.
const MAX_COST: u32 = 14;

const MIN_COST: u32 = 4;

const DEFAULT_COST: u32 = 12;

const NAME: &str = "bcrypt";

const CONFIG: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, CONFIG);

pub(super) struct Stored {
    cost: u32,
    salt: [u8; 16],
    key: Zeroizing<[u8; 23]>,
}

impl Stored {
    pub(super) fn parse(value: &str) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged(NAME);
        let mut parts = value.split('$');
        let [Some(""), Some("2a" | "2b" | "2y"), Some(cost), Some(rest), None] =
            [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()]
        else {
            return Err(damaged);
        };
        if cost.len() != 2 || !cost.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(damaged);
        }
        let cost: u32 = cost.parse().map_err(|_| damaged)?;
        let (salt, key) = rest.split_at_checked(22).ok_or(damaged)?;
        let decoded = |text: &str| BASE64.decode(text).map_err(|_| damaged);
        let salt = decoded(salt)?.try_into().map_err(|_| damaged)?;
        let key = Zeroizing::new(decoded(key)?.try_into().map_err(|_| damaged)?);
        match cost {
            MIN_COST..=MAX_COST => Ok(Self { cost, salt, key }),
            0..MIN_COST => Err(ParseError::Parameters(NAME)),
            _ => Err(ParseError::TooCostly(NAME)),
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let Some(derived) = derive(self.cost, self.salt, password) else { return false };
        derived.get(..23).is_some_and(|derived| self.key.ct_eq(derived).into())
    }

    pub(super) fn scheme(&self) -> Scheme {
        Scheme::Bcrypt { cost: self.cost }
    }
}

/// Hashes a password with a new salt, for files that Apache and nginx read as well.
///
/// # Errors
///
/// Returns an error if the password has more than 72 bytes, or a NUL, at which other programs stop.
pub fn generate_bcrypt(password: &[u8]) -> Result<String, GenerateError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| GenerateError::Randomness)?;
    let derived = derive(DEFAULT_COST, salt, password).ok_or(GenerateError::BcryptLength)?;
    let key = derived.get(..23).unwrap_or_default();
    Ok(format!("$2y${DEFAULT_COST:02}${}{}", BASE64.encode(salt), BASE64.encode(key)))
}

/// Derives the key, or `None` for a password that bcrypt does not see as a whole.
fn derive(cost: u32, salt: [u8; 16], password: &[u8]) -> Option<Zeroizing<[u8; 24]>> {
    if password.len() > MAX_BYTES || password.contains(&0) {
        return None;
    }
    let mut ended = Zeroizing::new(password.to_vec());
    ended.push(0);
    ended.truncate(MAX_BYTES);
    Some(Zeroizing::new(::bcrypt::bcrypt(cost, salt, &ended)))
}
