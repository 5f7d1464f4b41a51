//! scrypt (RFC 7914) in werkzeug's form `scrypt:N:r:p$salt$hex`, and in passlib's, a PHC string.
//!
//! The parameters that are taken are those that werkzeug itself can check: it gives OpenSSL
//! `132 * N * r * p` bytes, OpenSSL refuses what needs more, and Python refuses to give 2 GiB.

use std::hint::black_box;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{ParseError, Scheme, decimal, hexadecimal, workers};

/// The length of the key that werkzeug derives, in bytes.
const KEY_LENGTH: usize = 64;

/// The most memory that werkzeug can ask of `hashlib.scrypt`: C's `INT_MAX`.
///
/// It bounds the work as well, since it is a bound on `N * r * p`. The largest parameters that RFC
/// 7914 shows (N = 2^20, r = 8, p = 1: 1 GiB) stay below it.
const MAX_MEMORY: u128 = i32::MAX as u128;

/// Parameters that scrypt and werkzeug allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Params {
    /// werkzeug's parameters when it is given none: 32 MiB.
    pub(super) const DEFAULT: Self = Self { log_n: 15, r: 8, p: 1 };

    pub(super) fn new(n: u32, r: u32, p: u32) -> Result<Self, ParseError> {
        let refused = Err(ParseError::Parameters("scrypt"));
        if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
            return refused;
        }
        let [wide_n, wide_r, wide_p] = [n, r, p].map(u128::from);
        let given = 132 * wide_n * wide_r * wide_p;
        if given > MAX_MEMORY {
            return Err(ParseError::TooCostly("scrypt"));
        }
        // RFC 7914 section 2: N is less than 2^(128 * r / 8).
        let n_fits_r = r >= 2 || n < 1 << 16;
        if !n_fits_r || 128 * wide_r * (wide_n + wide_p + 2) > given {
            return refused;
        }
        Ok(Self { log_n: u8::try_from(n.ilog2()).unwrap_or(u8::MAX), r, p })
    }

    /// Reads what follows `scrypt` in a method: nothing, or `:N:r:p`.
    pub(super) fn parse(arguments: Option<&str>) -> Result<Self, ParseError> {
        let Some(arguments) = arguments else {
            return Ok(Self::DEFAULT);
        };
        let mut numbers = arguments.split(':').map(decimal);
        match [numbers.next(), numbers.next(), numbers.next(), numbers.next()] {
            [Some(Some(n)), Some(Some(r)), Some(Some(p)), None] => Self::new(n, r, p),
            _ => Err(ParseError::Parameters("scrypt")),
        }
    }

    /// The method as werkzeug writes it.
    pub(super) fn method(self) -> String {
        format!("scrypt:{}:{}:{}", 1_u64 << self.log_n, self.r, self.p)
    }

    fn scheme(self) -> Scheme {
        Scheme::Scrypt { n: 1 << self.log_n, r: self.r, p: self.p }
    }

    /// Derives the key, or `None` if there are not the memory or a thread for it.
    pub(super) fn derive(self, password: &[u8], salt: &[u8]) -> Option<Zeroizing<[u8; KEY_LENGTH]>> {
        let (password, salt) = (Zeroizing::new(password.to_vec()), salt.to_vec());
        workers::run(move || self.derive_here(&password, &salt))?
    }

    fn derive_here(self, password: &[u8], salt: &[u8]) -> Option<Zeroizing<[u8; KEY_LENGTH]>> {
        // The crate ends the process where it gets no memory, so we ask first.
        let memory = usize::try_from(self.r).ok()?.checked_mul(128)?.checked_shl(self.log_n.into())?;
        let mut probe = Vec::<u8>::new();
        probe.try_reserve_exact(memory).ok()?;
        drop(black_box(probe));
        let params = scrypt::Params::new(self.log_n, self.r, self.p).ok()?;
        // The crate keeps its 32 MiB to itself and does not wipe them; that would cost 1 to 7 % of a hash.
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        scrypt::scrypt(password, salt, &params, key.as_mut_slice()).ok()?;
        Some(key)
    }
}

pub(super) struct Stored {
    params: Params,
    salt: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Stored {
    pub(super) fn parse(value: &str) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged("scrypt");
        let (method, rest) = value.split_once('$').ok_or(damaged)?;
        let (salt, key) = rest.split_once('$').ok_or(damaged)?;
        let arguments = method.strip_prefix("scrypt").ok_or(damaged)?;
        let params = Params::parse(arguments.strip_prefix(':'))?;
        let key = Zeroizing::new(hexadecimal(key).ok_or(damaged)?);
        if key.len() != KEY_LENGTH {
            return Err(damaged);
        }
        Ok(Self { params, salt: salt.as_bytes().to_vec(), key })
    }

    /// Reads `$scrypt$ln=16,r=8,p=1$salt$key`, as passlib writes it.
    pub(super) fn parse_phc(value: &str) -> Result<Self, ParseError> {
        let damaged = ParseError::Damaged("scrypt");
        let mut parts = value.strip_prefix("$scrypt$").ok_or(damaged)?.split('$');
        let [Some(costs), Some(salt), Some(key), None] =
            [parts.next(), parts.next(), parts.next(), parts.next()]
        else {
            return Err(damaged);
        };
        let mut costs = costs.split(',');
        let mut cost = |name: &str| costs.next()?.strip_prefix(name).and_then(decimal);
        let [Some(log_n), Some(r), Some(p)] = [cost("ln="), cost("r="), cost("p=")] else {
            return Err(damaged);
        };
        if costs.next().is_some() {
            return Err(damaged);
        }
        let n = 1_u32.checked_shl(log_n).ok_or(ParseError::TooCostly("scrypt"))?;
        let params = Params::new(n, r, p)?;
        let decoded = |text: &str| BASE64_STANDARD_NO_PAD.decode(text).map_err(|_| damaged);
        let (salt, key) = (decoded(salt)?, Zeroizing::new(decoded(key)?));
        // The shorter one is the beginning of the longer one.
        if ![32, KEY_LENGTH].contains(&key.len()) {
            return Err(damaged);
        }
        Ok(Self { params, salt, key })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let derived = self.params.derive(password, &self.salt);
        if derived.is_none() {
            log::error!("no memory or no thread for an scrypt hash: {:?}", self.params);
        }
        let begins =
            |derived: &[u8]| derived.get(..self.key.len()).is_some_and(|begin| self.key.ct_eq(begin).into());
        derived.is_some_and(|derived| begins(derived.as_slice()))
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.params.scheme()
    }

    /// The lengths of salt and key in bytes.
    pub(super) fn lengths(&self) -> (usize, usize) {
        (self.salt.len(), self.key.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_7914() {
        let vectors = [
            (Params { log_n: 4, r: 1, p: 1 }, "", "", "77d6576238657b203b19ca42c18a0497"),
            (Params { log_n: 10, r: 8, p: 16 }, "password", "NaCl", "fdbabe1c9d3472007856e7190d01e9fe"),
            (
                Params { log_n: 14, r: 8, p: 1 },
                "pleaseletmein",
                "SodiumChloride",
                "7023bdcb3afd7348461c06cd81fd38eb",
            ),
        ];
        for (params, password, salt, start) in vectors {
            let key = params.derive(password.as_bytes(), salt.as_bytes()).unwrap();
            assert_eq!(key[..16].to_vec(), hexadecimal(start).unwrap(), "{params:?}");
        }
    }

    #[test]
    fn the_parameters_are_those_that_werkzeug_can_check() {
        let damaged = Err(ParseError::Parameters("scrypt"));
        let costly = Err(ParseError::TooCostly("scrypt"));
        let outcomes = [
            ([32_768, 8, 1], Ok(Params::DEFAULT)),
            // OWASP's strongest, and the largest that RFC 7914 shows.
            ([131_072, 8, 1], Ok(Params { log_n: 17, r: 8, p: 1 })),
            ([1 << 20, 8, 1], Ok(Params { log_n: 20, r: 8, p: 1 })),
            ([1 << 20, 15, 1], Ok(Params { log_n: 20, r: 15, p: 1 })),
            ([1 << 20, 16, 1], costly),
            ([1 << 15, 8, 63], costly),
            ([1 << 31, u32::MAX, u32::MAX], costly),
            ([0, 8, 1], damaged),
            ([1, 8, 1], damaged),
            ([32_767, 8, 1], damaged),
            ([32_768, 0, 1], damaged),
            ([32_768, 8, 0], damaged),
            ([64, 8, 1], damaged),
            ([128, 8, 1], Ok(Params { log_n: 7, r: 8, p: 1 })),
            ([1 << 15, 1, 1], Ok(Params { log_n: 15, r: 1, p: 1 })),
            ([1 << 16, 1, 1], damaged),
        ];
        for ([n, r, p], outcome) in outcomes {
            assert_eq!(Params::new(n, r, p), outcome, "{n}:{r}:{p}");
        }
    }
}
