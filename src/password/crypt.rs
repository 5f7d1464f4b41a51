//! What the hashes of crypt(3) have in common.

/// The digits of its numbers to the base 64.
pub(super) const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The longest password that crypt(3) takes, in bytes; a longer one never matches.
///
/// Each round of these schemes hashes the password again: what a client sends decides the work.
pub(super) const MAX_BYTES: usize = 512;

/// Appends a number, its last digit first.
pub(super) fn encoded(text: &mut String, mut number: u32, digits: usize) {
    for _ in 0..digits {
        let digit = usize::try_from(number & 63).unwrap_or_default();
        text.extend(ALPHABET.get(digit).map(|&digit| char::from(digit)));
        number >>= 6;
    }
}
