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

/// Tells whether a text is as a key of so many octets is written: the bits of its last digit that say
/// nothing are zero.
pub(super) fn is_key(text: &str, octets: usize) -> bool {
    let digits = (octets * 8).div_ceil(6);
    let spare = digits * 6 - octets * 8;
    let mut values = text.bytes().map(|byte| ALPHABET.iter().position(|&digit| digit == byte));
    text.len() == digits
        && values.clone().all(|value| value.is_some())
        && values.next_back().flatten().is_some_and(|last| last < 64 >> spare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_length_its_digits_and_no_bits_beyond() {
        for (octets, digits, last, beyond) in [(16, 22, '1', '2'), (32, 43, 'D', 'E'), (64, 86, '1', '2')] {
            let begin = "z".repeat(digits - 1);
            assert!(is_key(&format!("{begin}{last}"), octets), "{octets}");
            for wrong in [format!("{begin}{beyond}"), format!("z{begin}{last}"), begin.clone(), String::new()]
            {
                assert!(!is_key(&wrong, octets), "{octets} {wrong}");
            }
            assert!(!is_key(&format!("+{}{last}", &begin[1..]), octets), "{octets}");
        }
    }
}
