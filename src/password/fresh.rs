//! Which new passwords are taken (NIST SP 800-63B-4, section 3.1.1.2; OWASP ASVS 5.0, 6.2).
//!
//! Long ones that are not among those that many use, and are not the user's name: there is no rule of
//! digits or punctuation.

use super::MAX_PASSWORD_BYTES;

/// Passwords of eight and more characters that many use, from the list of zxcvbn, sorted.
static COMMON: &str = include_str!("common.txt");

/// Why a new password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It has too few characters.
    Short,
    /// It has more than [`MAX_PASSWORD_BYTES`].
    Long,
    /// It has a control character, which no login can send (RFC 7617 section 2).
    Control,
    /// Many use it, or it is one character again and again, or a row of neighbours.
    Common,
    /// It is the user's name or the app's, with little beside it.
    Name,
}

/// Returns why a new password is not taken, if it is not.
///
/// `names` are those that it may not be: the user's, the app's; `least` is how many characters it has
/// at least.
#[must_use]
pub fn fault(password: &str, names: &[&str], least: usize) -> Option<Fault> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Some(Fault::Long);
    }
    if password.chars().any(char::is_control) {
        return Some(Fault::Control);
    }
    if password.chars().count() < least {
        return Some(Fault::Short);
    }
    let folded = password.to_lowercase();
    if is_common(&folded) || is_row(&folded) {
        return Some(Fault::Common);
    }
    names.iter().any(|name| is_like(&folded, name)).then_some(Fault::Name)
}

fn is_common(folded: &str) -> bool {
    let (mut low, mut high) = (0, COMMON.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let begin = COMMON.get(..middle).and_then(|before| before.rfind('\n')).map_or(0, |place| place + 1);
        let rest = COMMON.get(begin..).unwrap_or_default();
        let word = rest.split('\n').next().unwrap_or_default();
        match word.cmp(folded) {
            std::cmp::Ordering::Equal => return !word.is_empty(),
            std::cmp::Ordering::Less => low = begin + word.len() + 1,
            std::cmp::Ordering::Greater => high = begin,
        }
    }
    false
}

/// Tells whether each character is the one before, or the next to it in one direction, or whether a
/// short text is there again and again.
fn is_row(folded: &str) -> bool {
    let characters: Vec<u32> = folded.chars().map(u32::from).collect();
    let mut steps = characters.iter().zip(characters.iter().skip(1)).map(|(one, next)| {
        // After 9 comes 0, as on a keyboard.
        match (one, next) {
            (0x39, 0x30) => 1,
            (0x30, 0x39) => -1,
            _ => i64::from(*next) - i64::from(*one),
        }
    });
    let first = steps.next();
    let is_even = matches!(first, Some(-1..=1)) && steps.all(|step| Some(step) == first);
    let repeats =
        |length: usize| characters.iter().zip(characters.iter().skip(length)).all(|(one, next)| one == next);
    is_even || (1..=4.min(characters.len() / 2)).any(repeats)
}

/// Tells whether a password is a name, or that with so little beside it that who knows the name has it
/// soon: digits and punctuation, or the name again.
fn is_like(folded: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    let own = name.split('@').next().unwrap_or_default();
    [name.as_str(), own].into_iter().any(|name| {
        let name = name.trim();
        let is_name = name.chars().count() >= 3 && folded.contains(name);
        let rest = if is_name { folded.replace(name, "") } else { String::new() };
        is_name && rest.chars().all(|left| !left.is_alphabetic()) && rest.chars().count() <= 8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_each_word_is_found() {
        let words: Vec<&str> = COMMON.lines().collect();
        assert!(words.len() > 11_000 && words.is_sorted() && words.iter().all(|word| word.len() >= 8));
        assert!(words.iter().all(|word| is_common(word)));
        for absent in ["", "a", "zzzzzzzzzzzzzzzzzzzzzzzzz", "passwor", "password\n", "~~~~"] {
            assert!(!is_common(absent), "{absent:?}");
        }
    }

    #[test]
    fn what_is_taken_and_what_is_not() {
        let names = ["alice", "Quarterly sales", "alice.smith@example.com"];
        let faults = [
            ("correct horse battery", None),
            ("tr\u{e8}s long, vraiment", None),
            ("alice likes her bicycle", None),
            ("quarterly sales are up again", None),
            ("short", Some(Fault::Short)),
            ("\u{1f600}\u{1f600}", Some(Fault::Short)),
            ("a line\nfeed in a password", Some(Fault::Control)),
            ("PASSWORD", Some(Fault::Common)),
            ("football", Some(Fault::Common)),
            ("aaaaaaaaaaaaaaaa", Some(Fault::Common)),
            ("123456789012345", Some(Fault::Common)),
            ("abcdefghijklmno", Some(Fault::Common)),
            ("onmlkjihgfedcba", Some(Fault::Common)),
            ("abcabcabcabcabc", Some(Fault::Common)),
            ("Alice123!", Some(Fault::Name)),
            ("alicealicealice", Some(Fault::Name)),
            ("Quarterly Sales 2026", Some(Fault::Name)),
            ("alice.smith@example.com", Some(Fault::Name)),
            ("alice.smith2026", Some(Fault::Name)),
        ];
        for (password, expected) in faults {
            assert_eq!(fault(password, &names, 8), expected, "{password}");
        }
        assert_eq!(fault(&"x y".repeat(1366), &[], 8), Some(Fault::Long));
        assert_eq!(fault("fourteen chars", &[], 15), Some(Fault::Short));
        assert_eq!(fault("fifteen  chars!", &[], 15), None);
        assert_eq!(fault("anything at all", &["", "  ", "al"], 15), None);
    }
}
