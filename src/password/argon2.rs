//! Argon2 in the PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$key` (RFC 9106).
//!
//! Read as strictly as the reference implementation reads it: the parameters in this order, numbers
//! as they are printed, base64 with no padding and no stray bits. A version that is left out is 16.

use std::num::NonZero;
use std::thread::available_parallelism;

use ::argon2::{Algorithm, Argon2, Block, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rayon_core::ThreadPoolBuilder;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{ParseError, Scheme, decimal};

/// The most memory that a stored value may ask for, in KiB: 2 GiB.
///
/// What RFC 9106 section 4 recommends first, and the largest preset of the Python package
/// argon2-cffi.
const MAX_MEMORY_KIB: u32 = 2 << 20;

/// The most work that a stored value may ask for, in KiB times passes: four passes over 2 GiB.
const MAX_WORK: u64 = 4 * MAX_MEMORY_KIB as u64;

/// The lengths of salt and key that are taken, in bytes: RFC 9106 section 3.1, and upper bounds
/// that no library comes near.
const SALT_LENGTHS: std::ops::RangeInclusive<usize> = 8..=1024;
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 4..=1024;

/// So many blocks of 1 KiB are given back to the system when they are freed.
///
/// What is smaller may be kept by glibc's `malloc`, for each of dozens of threads; more than 32 MiB
/// never is. What of it is not written takes no memory.
const GIVEN_BACK: usize = 33 << 10;

/// Which of the three variants of Argon2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Argon2d: the memory access depends on the password.
    D,
    /// Argon2i: it does not.
    I,
    /// Argon2id: half a pass of I, then D; what RFC 9106 recommends.
    Id,
}

impl Variant {
    fn named(name: &str) -> Option<Self> {
        match name {
            "argon2d" => Some(Self::D),
            "argon2i" => Some(Self::I),
            "argon2id" => Some(Self::Id),
            _ => None,
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::D => Algorithm::Argon2d,
            Self::I => Algorithm::Argon2i,
            Self::Id => Algorithm::Argon2id,
        }
    }
}

/// Parameters that Argon2 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    variant: Variant,
    version: Version,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Params {
    /// OWASP's first recommendation for Argon2id.
    pub(super) const DEFAULT: Self =
        Self { variant: Variant::Id, version: Version::V0x13, memory_kib: 19_456, passes: 2, lanes: 1 };

    fn new(variant: Variant, version: Version, costs: [u32; 3]) -> Result<Self, ParseError> {
        let [memory_kib, passes, lanes] = costs;
        let memory_for_lanes = lanes.checked_mul(8).is_some_and(|least| memory_kib >= least);
        if passes == 0 || lanes == 0 || lanes >= 1 << 24 || !memory_for_lanes {
            return Err(ParseError::Parameters("argon2"));
        }
        if memory_kib > MAX_MEMORY_KIB || u64::from(memory_kib) * u64::from(passes) > MAX_WORK {
            return Err(ParseError::TooCostly("argon2"));
        }
        Ok(Self { variant, version, memory_kib, passes, lanes })
    }

    /// Reads what follows `argon2` in a method: nothing, or `:m:t:p`.
    pub(super) fn parse(arguments: Option<&str>) -> Result<Self, ParseError> {
        let Some(arguments) = arguments else {
            return Ok(Self::DEFAULT);
        };
        let mut numbers = arguments.split(':').map(decimal);
        match [numbers.next(), numbers.next(), numbers.next(), numbers.next()] {
            [Some(Some(memory_kib)), Some(Some(passes)), Some(Some(lanes)), None] => {
                Self::new(Variant::Id, Version::V0x13, [memory_kib, passes, lanes])
            }
            _ => Err(ParseError::Parameters("argon2")),
        }
    }

    /// The string for a salt and a key.
    pub(super) fn phc(self, salt: &[u8], key: &[u8]) -> String {
        let Self { variant, version, memory_kib, passes, lanes } = self;
        let (name, version) = (variant.algorithm().as_str(), u32::from(version));
        let [salt, key] = [salt, key].map(|bytes| STANDARD_NO_PAD.encode(bytes));
        format!("${name}$v={version}$m={memory_kib},t={passes},p={lanes}${salt}${key}")
    }

    /// Derives `length` bytes, or `None` if there are not the memory or the threads for it.
    ///
    /// The lanes run on threads that end with the hash. The process-wide pool that would run them
    /// otherwise does not survive a fork: in a worker that a server forked after the first hash, the
    /// next one would wait for ever.
    pub(super) fn derive(self, password: &[u8], salt: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
        let lanes = usize::try_from(self.lanes).ok()?;
        let threads = available_parallelism().map_or(1, NonZero::get).min(lanes);
        let params = ::argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(length)).ok()?;
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(params.block_count().max(GIVEN_BACK)).ok()?;
        blocks.resize(params.block_count(), Block::new());
        let argon2 = Argon2::new(self.variant.algorithm(), self.version, params);
        let mut key = Zeroizing::new(vec![0; length]);
        let hash = || argon2.hash_password_into_with_memory(password, salt, &mut key, &mut blocks);
        let pool = ThreadPoolBuilder::new().num_threads(threads);
        pool.build_scoped(rayon_core::ThreadBuilder::run, |pool| pool.install(hash)).ok()?.ok()?;
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
        let damaged = ParseError::Damaged("argon2");
        let mut fields = value.split('$').peekable();
        if fields.next() != Some("") {
            return Err(damaged);
        }
        let variant = fields.next().and_then(Variant::named).ok_or(damaged)?;
        let version = match fields.next_if(|field| field.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return Err(ParseError::Parameters("argon2")),
        };
        let costs = fields.next().and_then(costs).ok_or(damaged)?;
        let params = Params::new(variant, version, costs)?;
        let [salt, key, rest] = [fields.next(), fields.next(), fields.next()];
        let decoded = |text: Option<&str>| STANDARD_NO_PAD.decode(text?).ok();
        let salt = decoded(salt).filter(|salt| SALT_LENGTHS.contains(&salt.len())).ok_or(damaged)?;
        let key = decoded(key).filter(|key| KEY_LENGTHS.contains(&key.len())).ok_or(damaged)?;
        if rest.is_some() {
            return Err(damaged);
        }
        Ok(Self { params, salt, key: Zeroizing::new(key) })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let derived = self.params.derive(password, &self.salt, self.key.len());
        if derived.is_none() {
            log::error!("no memory or no threads for an argon2 hash of {} KiB", self.params.memory_kib);
        }
        derived.is_some_and(|derived| self.key.ct_eq(derived.as_slice()).into())
    }

    pub(super) fn scheme(&self) -> Scheme {
        let Params { variant, version, memory_kib, passes, lanes } = self.params;
        Scheme::Argon2 { variant, version: version.into(), memory_kib, passes, lanes }
    }

    /// The lengths of salt and key in bytes.
    pub(super) fn lengths(&self) -> (usize, usize) {
        (self.salt.len(), self.key.len())
    }
}

/// Reads `m=...,t=...,p=...`.
fn costs(field: &str) -> Option<[u32; 3]> {
    let mut numbers = field.split(',');
    let mut number = |name| numbers.next().and_then(|text| decimal(text.strip_prefix(name)?));
    let costs = [number("m=")?, number("t=")?, number("p=")?];
    if numbers.next().is_some() { None } else { Some(costs) }
}

#[cfg(test)]
mod tests {
    use ::argon2::{AssociatedData, ParamsBuilder};

    use super::super::hexadecimal;
    use super::*;

    /// The reference implementation's own vectors.
    #[test]
    fn the_vectors_of_the_reference_implementation() {
        let vectors = [
            (Variant::I, Version::V0x13, "c1628832147d9720c5bd1cfd61367078729f6dfb6f8fea9ff98158e0d7816ed0"),
            (Variant::Id, Version::V0x13, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
            (Variant::I, Version::V0x10, "f6c4db4a54e2a370627aff3db6176b94a2a209a62c8e36152711802f7b30c694"),
        ];
        for (variant, version, key) in vectors {
            let params = Params::new(variant, version, [65_536, 2, 1]).unwrap();
            let derived = params.derive(b"password", b"somesalt", 32).unwrap();
            assert_eq!(derived.to_vec(), hexadecimal(key).unwrap(), "{variant:?} {version:?}");
        }
    }

    /// It has a secret and associated data, which stored passwords do not.
    #[test]
    fn the_vector_of_rfc_9106_section_5_3() {
        let data = AssociatedData::new(&[4; 12]).unwrap();
        let params = ParamsBuilder::new().m_cost(32).t_cost(3).p_cost(4).data(data).build().unwrap();
        let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut key = [0; 32];
        argon2.hash_password_into(&[1; 32], &[2; 16], &mut key).unwrap();
        let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(key.to_vec(), hexadecimal(expected).unwrap());
    }

    #[test]
    fn the_parameters_are_bounded() {
        let params = |costs| Params::new(Variant::Id, Version::V0x13, costs).map(|_| ());
        let (damaged, costly) = (Err(ParseError::Parameters("argon2")), Err(ParseError::TooCostly("argon2")));
        // argon2-cffi's presets, RFC 9106's two among them, and OWASP's five.
        for costs in [
            [2_097_152, 1, 4],
            [65_536, 3, 4],
            [102_400, 2, 8],
            [512, 2, 2],
            [8, 1, 1],
            [47_104, 1, 1],
            [19_456, 2, 1],
            [12_288, 3, 1],
            [9_216, 4, 1],
            [7_168, 5, 1],
        ] {
            assert_eq!(params(costs), Ok(()), "{costs:?}");
        }
        for costs in [[7, 1, 1], [15, 1, 2], [8, 0, 1], [8, 1, 0], [u32::MAX, 1, 1 << 24]] {
            assert_eq!(params(costs), damaged, "{costs:?}");
        }
        for costs in [[2_097_153, 1, 1], [2_097_152, 5, 1], [65_536, 200, 1], [u32::MAX, u32::MAX, 1]] {
            assert_eq!(params(costs), costly, "{costs:?}");
        }
    }
}
