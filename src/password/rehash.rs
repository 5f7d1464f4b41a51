//! Which stored values are weaker than what is made today.
//!
//! Each scheme is measured against its own default; PBKDF2 is not called weak for not being scrypt.
//! Where OWASP lists several parameters as equal, the weakest of them still passes.

use super::{Digest, Scheme, Variant};

/// The salt of today's defaults, in bytes.
const SALT_LENGTH: usize = 16;

/// Shorter keys give away part of what the scheme offers.
const KEY_LENGTH: usize = 32;

/// Tells whether salt or key is shorter than today's default.
pub(super) fn is_short(salt: usize, key: usize) -> bool {
    salt < SALT_LENGTH || key < KEY_LENGTH
}

/// Tells whether a guess costs less than with today's default.
pub(super) fn is_cheap(scheme: &Scheme) -> bool {
    match *scheme {
        Scheme::Plaintext | Scheme::Md5Crypt | Scheme::ShaCrypt { .. } | Scheme::Sha1 => true,
        // The least that OWASP lists.
        Scheme::Bcrypt { cost } => cost < 10,
        // The work of werkzeug's default, in no less memory than the least that OWASP lists (8 MiB).
        Scheme::Scrypt { n, r, p } => {
            let memory = n.saturating_mul(r.into());
            memory < 8192 * 8 || memory.saturating_mul(p.into()) < 32_768 * 8
        }
        // OWASP asks for 0.35 times as many iterations with SHA-512 as with SHA-256.
        Scheme::Pbkdf2 { ref digest, iterations } => match digest {
            Digest::Sha256 | Digest::Sha512_256 => iterations < 1_000_000,
            Digest::Sha384 | Digest::Sha512 => iterations < 350_000,
            _ => true,
        },
        // OWASP's five choices are between 35 and 46 MiB written; the one with the least memory
        // (7 MiB, five passes) is the least of them.
        Scheme::Argon2 { variant, version, memory_kib, passes, .. } => {
            let work = u64::from(memory_kib) * u64::from(passes);
            variant != Variant::Id || version != 0x13 || memory_kib < 7168 || work < 7168 * 5
        }
    }
}
