//! Numbers as Python reads them: decimal digits of every script, integers of any length, and exact
//! comparison between integers and floats.
//!
//! Refused: an integer of more than 4,300 digits, as Python's `int` does by default.

use std::cmp::Ordering;

/// The most digits that Python's `int` reads (`sys.int_info.default_max_str_digits`).
pub(super) const MAX_DIGITS: usize = 4_300;

/// The zeros of Unicode's decimal digits (category Nd), each followed by its one to nine.
///
/// Unicode 13, which is what the oldest supported Python knows: a digit here is one for all.
const ZEROS: [u32; 65] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140,
    0x1e2f0, 0x1e950, 0x1fbf0,
];

/// Returns the value of a decimal digit of any script as an ASCII digit.
pub(super) fn digit(character: char) -> Option<char> {
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(character);
    }
    let code = u32::from(character);
    let after = ZEROS.partition_point(|&zero| zero <= code);
    let zero = after.checked_sub(1).and_then(|index| ZEROS.get(index))?;
    char::from_digit(code.checked_sub(*zero)?, 10)
}

/// Returns whether Python's `\d` takes this character.
pub(super) fn is_digit(character: char) -> bool {
    digit(character).is_some()
}

/// Returns whether Python's `\s` takes this character.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\x1c'..='\x1f').contains(&character)
}

/// An integer of at least zero and of any length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Natural(String);

impl Natural {
    /// Builds the number from digits of any script; `None` if there is anything else, or nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().map(digit).collect::<Option<_>>()?;
        (!digits.is_empty()).then(|| Self(digits.trim_start_matches('0').to_owned()))
    }

    /// Returns the digits, `0` for zero.
    pub(super) fn digits(&self) -> &str {
        if self.0.is_empty() { "0" } else { &self.0 }
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<usize> for Natural {
    fn from(number: usize) -> Self {
        Self(if number == 0 { String::new() } else { number.to_string() })
    }
}

/// The limit of a number converter (`min` or `max`): at least zero, as a rule cannot write a sign.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Limit {
    Natural(Natural),
    Float(f64),
}

/// The number that a converter read from a path.
#[derive(Clone, Debug)]
pub(super) enum Number {
    Integer { negative: bool, magnitude: Natural },
    Float(f64),
}

impl Number {
    /// Reads what `-?\d+` matched; `None` for more digits than Python's `int` takes.
    pub(super) fn integer(text: &str) -> Option<Self> {
        let (negative, digits) = signed(text);
        if digits.chars().count() > MAX_DIGITS {
            return None;
        }
        let magnitude = Natural::parse(digits)?;
        Some(Self::Integer { negative: negative && !magnitude.is_zero(), magnitude })
    }

    /// Reads what `-?\d+\.\d+` matched.
    pub(super) fn float(text: &str) -> Option<Self> {
        let ascii: String = text.chars().map(|character| digit(character).unwrap_or(character)).collect();
        ascii.parse().ok().map(Self::Float)
    }

    /// Compares as Python does, exactly; `None` if the limit is not a number.
    pub(super) fn compare(&self, limit: &Limit) -> Option<Ordering> {
        match (self, limit) {
            (Self::Integer { negative: true, .. }, Limit::Natural(_)) => Some(Ordering::Less),
            (Self::Integer { magnitude, .. }, Limit::Natural(limit)) => Some(magnitude.cmp(limit)),
            (Self::Integer { negative, magnitude }, Limit::Float(limit)) => {
                if limit.is_nan() {
                    None
                } else if *negative {
                    Some(Ordering::Less)
                } else {
                    Some(compare_natural(magnitude, *limit))
                }
            }
            (Self::Float(number), Limit::Float(limit)) => number.partial_cmp(limit),
            (Self::Float(number), Limit::Natural(_)) if *number < 0.0 => Some(Ordering::Less),
            (Self::Float(number), Limit::Natural(limit)) => Some(compare_natural(limit, *number).reverse()),
        }
    }
}

/// Splits the sign off.
pub(super) fn signed(text: &str) -> (bool, &str) {
    text.strip_prefix('-').map_or((false, text), |rest| (true, rest))
}

/// Compares with a float of at least zero, never rounding the integer.
fn compare_natural(number: &Natural, float: f64) -> Ordering {
    if float.is_infinite() {
        return Ordering::Less;
    }
    // The decimal notation of a float without a fraction is exact, however large it is.
    let whole = Natural::parse(&format!("{:.0}", float.abs().floor())).unwrap_or(Natural(String::new()));
    number.cmp(&whole).then(if float.fract() > 0.0 { Ordering::Less } else { Ordering::Equal })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_other_scripts_count() {
        assert_eq!(digit('٣'), Some('3'));
        assert_eq!(digit('９'), Some('9'));
        assert_eq!(digit('𝟿'), Some('9'));
        for other in ['²', '½', 'Ⅷ', '三', 'a', '/', ':', '٪', '\u{16ac0}'] {
            assert_eq!(digit(other), None, "{other:?}");
        }
    }

    #[test]
    fn zeros_are_in_order() {
        assert!(ZEROS.is_sorted());
    }

    #[test]
    fn integers_have_any_length_up_to_pythons_limit() {
        let long = "9".repeat(MAX_DIGITS);
        assert!(Number::integer(&long).is_some());
        assert!(Number::integer(&format!("-{long}")).is_some());
        assert!(Number::integer(&format!("0{long}")).is_none());
    }

    #[test]
    fn comparison_is_exact() {
        let cases = [
            ("5", Limit::Natural(5.into()), Some(Ordering::Equal)),
            ("-0", Limit::Natural(0.into()), Some(Ordering::Equal)),
            ("-1", Limit::Natural(0.into()), Some(Ordering::Less)),
            ("0010", Limit::Natural(9.into()), Some(Ordering::Greater)),
            ("9007199254740993", Limit::Float(9_007_199_254_740_992.0), Some(Ordering::Greater)),
            ("5", Limit::Float(5.5), Some(Ordering::Less)),
            ("6", Limit::Float(5.5), Some(Ordering::Greater)),
            ("6", Limit::Float(f64::INFINITY), Some(Ordering::Less)),
            ("6", Limit::Float(f64::NAN), None),
        ];
        for (text, limit, expected) in cases {
            assert_eq!(Number::integer(text).unwrap().compare(&limit), expected, "{text} {limit:?}");
        }
        let floats = [
            ("5.0", Limit::Natural(5.into()), Ordering::Equal),
            ("5.5", Limit::Natural(5.into()), Ordering::Greater),
            ("4.5", Limit::Natural(5.into()), Ordering::Less),
            ("-4.5", Limit::Natural(0.into()), Ordering::Less),
            ("-0.0", Limit::Natural(0.into()), Ordering::Equal),
            ("9007199254740992.0", Limit::Natural(9_007_199_254_740_993.into()), Ordering::Less),
            ("٤.٥", Limit::Float(4.5), Ordering::Equal),
        ];
        for (text, limit, expected) in floats {
            assert_eq!(Number::float(text).unwrap().compare(&limit), Some(expected), "{text} {limit:?}");
        }
        let endless = Number::float(&format!("{}.0", "9".repeat(400))).unwrap();
        assert_eq!(endless.compare(&Limit::Natural(7.into())), Some(Ordering::Greater));
    }
}
