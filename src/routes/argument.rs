//! The arguments of a converter, as in `<int(min=1, max=9):page>`: text -> values, in werkzeug's grammar.
//!
//! Refused: what werkzeug cannot read, what it would silently drop (a limit that is not applied makes
//! a public rule wider than it says), and values outside ASCII without quotes.

use super::number::{MAX_DIGITS, Natural, is_digit, is_space};

/// The value of one argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(Natural),
    Float(f64),
    Text(String),
}

impl Value {
    /// Returns Python's truth of the value.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(number) => number.digits() != "0",
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
        }
    }

    /// Returns what Python's `int()` makes of the value, if that is at least zero.
    pub(super) fn to_natural(&self) -> Option<Natural> {
        match self {
            Self::Bool(value) => Some(usize::from(*value).into()),
            Self::Int(number) => Some(number.clone()),
            Self::Float(number) if number.is_finite() => Natural::parse(&format!("{:.0}", number.trunc())),
            Self::None | Self::Float(_) => None,
            Self::Text(text) => {
                let text = text.trim_matches(is_space);
                natural(text.strip_prefix('+').unwrap_or(text))
            }
        }
    }

    /// Reads a value: a constant, an integer, a float, else text, without its quotes.
    fn parse(text: &str) -> Self {
        match text {
            "None" => return Self::None,
            "True" => return Self::Bool(true),
            "False" => return Self::Bool(false),
            _ => {}
        }
        let trimmed = text.trim_matches(is_space);
        if let Some(number) = natural(trimmed) {
            return Self::Int(number);
        }
        // Python's `float` reads underscores between digits, which Rust's parser does not know.
        if let Some(number) = without_underscores(trimmed).and_then(|digits| digits.parse().ok()) {
            return Self::Float(number);
        }
        for quote in ['"', '\''] {
            if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
                return Self::Text(inner.to_owned());
            }
        }
        Self::Text(text.to_owned())
    }
}

/// The arguments of one converter. Of a name given twice the last value counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
}

impl Arguments {
    /// Reads the text between the parentheses.
    ///
    /// # Errors
    ///
    /// Returns the text that cannot be read.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let characters: Vec<char> = text.chars().chain([',']).collect();
        let mut arguments = Self::default();
        let mut rest = characters.as_slice();
        while let Some((name, value, after)) = item(rest) {
            let value = Value::parse(&value);
            if let Some(name) = name {
                arguments.named.retain(|(known, _)| *known != name);
                arguments.named.push((name, value));
            } else {
                arguments.positional.push(value);
            }
            rest = after;
        }
        if rest.iter().all(|&character| character == ',' || is_space(character)) {
            Ok(arguments)
        } else {
            Err(rest.iter().collect::<String>().trim_end_matches(',').trim().to_owned())
        }
    }
}

/// Reads one argument with its comma: name, text of the value, and what follows.
fn item(text: &[char]) -> Option<(Option<String>, String, &[char])> {
    let text = skip(text, is_space);
    let after_name = skip(text, is_word);
    let name: String = taken(text, after_name);
    let equals = skip(after_name, is_space);
    if let Some(('=', rest)) = equals.split_first().map(|(first, rest)| (*first, rest))
        && !name.is_empty()
        && let Some((value, rest)) = value(skip(rest, is_space))
    {
        return Some((Some(name), value, rest));
    }
    value(text).map(|(value, rest)| (None, value, rest))
}

/// Reads a value and the comma that ends it, trying werkzeug's alternatives in its order.
fn value(text: &[char]) -> Option<(String, &[char])> {
    let digits = skip(text, |character| character.is_ascii_digit());
    let count = text.len() - digits.len();
    // `\d+.\d+` and `\d+.`, where the dot is any character but a newline: `1,2` is one value.
    if count > 0
        && let Some((any, rest)) = digits.split_first()
        && *any != '\n'
    {
        let fraction = skip(rest, |character| character.is_ascii_digit());
        if fraction.len() < rest.len()
            && let Some(found) = ended(text, fraction)
        {
            return Some(found);
        }
        // One digit can stand for any character and another for the fraction: that is `\d+` below.
        if count < 3
            && let Some(found) = ended(text, rest)
        {
            return Some(found);
        }
        if count >= 3
            && let Some(found) = ended(text, digits).or_else(|| ended(text, rest))
        {
            return Some(found);
        }
    }
    let word = skip(text, |character| is_word(character) || character == '.');
    if word.len() < text.len()
        && let Some(found) = ended(text, word)
    {
        return Some(found);
    }
    let quoted = match text.split_first() {
        Some(('u' | 'r' | 'U' | 'R', rest)) => rest,
        _ => text,
    };
    let (quote, inner) = quoted.split_first()?;
    if !matches!(quote, '"' | '\'') {
        return None;
    }
    let (_, after) = skip(inner, |character| character != *quote).split_first()?;
    ended(quoted, after)
}

/// Returns what stands before `rest` as text, if `rest` begins with spaces and a comma.
fn ended<'t>(text: &[char], rest: &'t [char]) -> Option<(String, &'t [char])> {
    match skip(rest, is_space).split_first() {
        Some((',', after)) => Some((taken(text, rest), after)),
        _ => None,
    }
}

fn taken(text: &[char], rest: &[char]) -> String {
    text.iter().take(text.len() - rest.len()).collect()
}

fn skip(text: &[char], mut takes: impl FnMut(char) -> bool) -> &[char] {
    let count = text.iter().take_while(|&&character| takes(character)).count();
    text.get(count..).unwrap_or_default()
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn natural(text: &str) -> Option<Natural> {
    let digits = without_underscores(text)?;
    if digits.chars().count() > MAX_DIGITS { None } else { Natural::parse(&digits) }
}

/// Removes underscores between digits; `None` if there is one elsewhere.
fn without_underscores(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '_' {
            plain.push(character);
        } else if !plain.chars().next_back().is_some_and(is_digit)
            || !characters.peek().copied().is_some_and(is_digit)
        {
            return None;
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positional(text: &str) -> Result<Vec<Value>, String> {
        Arguments::parse(text).map(|arguments| {
            assert_eq!(arguments.named, []);
            arguments.positional
        })
    }

    fn text(value: &str) -> Value {
        Value::Text(value.into())
    }

    fn int(value: usize) -> Value {
        Value::Int(value.into())
    }

    #[test]
    fn values_are_read_as_werkzeug_reads_them() {
        let cases = [
            ("", vec![]),
            (",", vec![]),
            ("a", vec![text("a")]),
            ("a, b,c,", vec![text("a"), text("b"), text("c")]),
            ("\"a, b\", 'c\"'", vec![text("a, b"), text("c\"")]),
            ("u'a', R\"b\"", vec![text("a"), text("b")]),
            ("5", vec![int(5)]),
            ("1_000", vec![int(1000)]),
            ("1, 2", vec![int(1), int(2)]),
            ("1,2", vec![text("1,2")]),
            ("1,2,3", vec![text("1,2"), int(3)]),
            ("5,", vec![text("5,")]),
            ("123,", vec![int(123)]),
            ("'5'", vec![text("5")]),
            ("1.5", vec![Value::Float(1.5)]),
            (".5", vec![Value::Float(0.5)]),
            ("5.", vec![Value::Float(5.0)]),
            ("1e3", vec![Value::Float(1000.0)]),
            ("1_0.5", vec![Value::Float(10.5)]),
            ("inf", vec![Value::Float(f64::INFINITY)]),
            ("_1, 1__0, 1_", vec![text("_1"), text("1__0"), text("1_")]),
            ("1.5.2", vec![text("1.5.2")]),
            ("2 ", vec![int(2)]),
            ("2%", vec![text("2%")]),
            ("True, False, None", vec![Value::Bool(true), Value::Bool(false), Value::None]),
        ];
        for (arguments, expected) in cases {
            assert_eq!(positional(arguments), Ok(expected), "{arguments:?}");
        }
    }

    #[test]
    fn named_arguments_may_have_spaces_and_the_last_one_counts() {
        let arguments = Arguments::parse("min = 1,max= 9,min=2").unwrap();
        assert_eq!(arguments.positional, []);
        assert_eq!(arguments.named, [("max".into(), int(9)), ("min".into(), int(2))]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let cases = [
            ("max=-5", "max=-5"),
            ("a b", "a b"),
            ("a, %%", "%%"),
            ("a,,b", ",b"),
            ("ä", "ä"),
            ("'a", "'a"),
            ("'a'b", "'a'b"),
            ("=5", "=5"),
        ];
        for (arguments, expected) in cases {
            assert_eq!(Arguments::parse(arguments), Err(expected.into()), "{arguments:?}");
        }
    }

    #[test]
    fn integers_come_from_what_pythons_int_takes() {
        let cases = [
            (Value::Bool(true), Some(1)),
            (Value::Float(2.9), Some(2)),
            (text(" +1_0 "), Some(10)),
            (text("٣"), Some(3)),
            (text("-5"), None),
            (text("x"), None),
            (Value::Float(f64::INFINITY), None),
            (Value::None, None),
        ];
        for (value, expected) in cases {
            assert_eq!(value.to_natural(), expected.map(Natural::from), "{value:?}");
        }
    }
}
