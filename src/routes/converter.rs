//! Werkzeug's default converters: which texts a variable takes.
//!
//! A converter has a `Shape`, which is what werkzeug writes as a regular expression, and `Checks`,
//! which it makes on the value once the whole path fits. The two are kept apart because they act
//! differently: a shape that does not fit sends the search to the next rule, a failed check ends it.
//!
//! Refused: custom converters, arguments that werkzeug refuses, and arguments with which it would
//! fail on every request or mean something else than they say.

use super::argument::{Arguments, Value};
use super::number::{Limit, MAX_DIGITS, Number, is_digit, signed};

/// The names of the converters, as werkzeug's `DEFAULT_CONVERTERS` has them.
pub(super) const NAMES: [&str; 7] = ["default", "string", "any", "path", "int", "float", "uuid"];

/// The repetitions that Python's `re` counts to are below this.
const MAX_REPETITIONS: u32 = u32::MAX;

/// The form of what a variable takes. Equal shapes are one transition of the matcher.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// `[^/]{length}`
    Exactly(u32),
    /// `[^/]{min,max}`
    Between(u32, Option<u32>),
    /// `(?:a|b)`, never without a value: werkzeug's `any()` takes the empty text.
    Any(Vec<String>),
    /// `[^/].*?`
    Path,
    /// `\d+`, or `-?\d+` if signed
    Int { signed: bool },
    /// `\d+\.\d+`, or with `-?` if signed
    Float { signed: bool },
    /// `8-4-4-4-12` hexadecimal digits
    Uuid,
}

/// The groups of a UUID.
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

impl Shape {
    /// Returns the weight by which werkzeug sorts: the lower one is tried first.
    pub(super) fn weight(&self) -> i64 {
        match self {
            Self::Int { .. } | Self::Float { .. } => 50,
            Self::Exactly(_) | Self::Between(..) | Self::Any(_) | Self::Uuid => 100,
            Self::Path => 200,
        }
    }

    /// Returns whether the shape takes the whole of `text`.
    pub(super) fn takes(&self, text: &str) -> bool {
        match self {
            Self::Exactly(length) => takes_length(text, *length, Some(*length)),
            Self::Between(min, max) => takes_length(text, *min, *max),
            Self::Any(values) => values.iter().any(|value| value == text),
            Self::Path => {
                let mut characters = text.chars();
                characters.next().is_some_and(|first| first != '/') && !characters.as_str().contains('\n')
            }
            Self::Int { signed } => takes_digits(unsigned(text, *signed)),
            Self::Float { signed } => unsigned(text, *signed)
                .split_once('.')
                .is_some_and(|(whole, fraction)| takes_digits(whole) && takes_digits(fraction)),
            Self::Uuid => is_uuid(text),
        }
    }
}

/// Returns whether `text` is a UUID in the form that werkzeug takes.
pub(super) fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    UUID_GROUPS.iter().all(|&length| {
        groups
            .next()
            .is_some_and(|group| group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }) && groups.next().is_none()
}

fn takes_length(text: &str, min: u32, max: Option<u32>) -> bool {
    // Counting stops where the answer is known, however long the text is.
    let fits = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
    !text.contains('/')
        && (min == 0 || text.chars().nth(fits(min) - 1).is_some())
        && max.is_none_or(|max| text.chars().nth(fits(max)).is_none())
}

fn takes_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_digit)
}

fn unsigned(text: &str, signed: bool) -> &str {
    if signed { self::signed(text).1 } else { text }
}

/// What werkzeug checks of a value after the whole path has matched.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Checks {
    /// The number of characters, a sign included; one that no text has where werkzeug compares with
    /// something that is no whole number.
    pub(super) fixed_digits: Option<usize>,
    pub(super) min: Option<Limit>,
    pub(super) max: Option<Limit>,
}

/// One variable of a rule.
#[derive(Clone, Debug)]
pub(super) struct Converter {
    pub(super) shape: Shape,
    pub(super) checks: Checks,
}

impl Converter {
    /// Builds a converter by its name.
    ///
    /// # Errors
    ///
    /// Returns why the arguments do not fit it. A name not in `NAMES` is the caller's to refuse.
    pub(super) fn new(name: &str, arguments: Arguments) -> Result<Self, String> {
        match name {
            "any" => any(arguments),
            "int" => {
                let [fixed_digits, min, max, signed] =
                    bind(arguments, ["fixed_digits", "min", "max", "signed"])?;
                let signed = signed.is_some_and(|value| value.is_truthy());
                Ok(Self {
                    shape: Shape::Int { signed },
                    checks: Checks {
                        fixed_digits: fixed_digits.as_ref().and_then(digits),
                        min: limit("min", min)?,
                        max: limit("max", max)?,
                    },
                })
            }
            "float" => {
                let [min, max, signed] = bind(arguments, ["min", "max", "signed"])?;
                let signed = signed.is_some_and(|value| value.is_truthy());
                Ok(Self {
                    shape: Shape::Float { signed },
                    checks: Checks { fixed_digits: None, min: limit("min", min)?, max: limit("max", max)? },
                })
            }
            // These two ignore their arguments; only the names of Python's own parameters clash.
            "path" | "uuid" => match arguments.named.iter().find(|(name, _)| is_taken(name)) {
                Some((name, _)) => Err(format!("remove the argument '{name}'")),
                None if name == "path" => Ok(Self::plain(Shape::Path)),
                None => Ok(Self::plain(Shape::Uuid)),
            },
            _ => string(arguments),
        }
    }

    fn plain(shape: Shape) -> Self {
        Self { shape, checks: Checks::default() }
    }

    /// Returns whether a value in a path of this many bytes can fail the checks.
    pub(super) fn has_checks(&self, size: usize) -> bool {
        self.checks != Checks::default() || (size > MAX_DIGITS && matches!(self.shape, Shape::Int { .. }))
    }

    /// Returns whether the value passes the checks, the shape having taken it.
    pub(super) fn accepts(&self, value: &str) -> bool {
        let Checks { fixed_digits, min, max } = &self.checks;
        if fixed_digits.is_some_and(|count| value.chars().count() != count) {
            return false;
        }
        let number = match self.shape {
            Shape::Int { .. } if min.is_none() && max.is_none() => {
                // Nothing to compare: the value is not built, only Python's limit is kept.
                return value.len() <= MAX_DIGITS || signed(value).1.chars().count() <= MAX_DIGITS;
            }
            Shape::Int { .. } => Number::integer(value),
            Shape::Float { .. } if min.is_some() || max.is_some() => Number::float(value),
            _ => return true,
        };
        number.is_some_and(|number| {
            !min.as_ref().is_some_and(|min| number.compare(min).is_some_and(std::cmp::Ordering::is_lt))
                && !max.as_ref().is_some_and(|max| number.compare(max).is_some_and(std::cmp::Ordering::is_gt))
        })
    }
}

fn any(arguments: Arguments) -> Result<Converter, String> {
    if let Some((name, _)) = arguments.named.first() {
        return Err(format!("'any' takes values only: remove '{name}='"));
    }
    let mut values = arguments
        .positional
        .into_iter()
        .map(|value| match value {
            Value::Text(text) => Ok(text),
            Value::Int(number) => Err(quote(number.digits())),
            Value::Float(number) => Err(quote(&number.to_string())),
            Value::Bool(true) => Err(quote("True")),
            Value::Bool(false) => Err(quote("False")),
            Value::None => Err(quote("None")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    if values.is_empty() {
        values.push(String::new());
    }
    Ok(Converter::plain(Shape::Any(values)))
}

fn quote(value: &str) -> String {
    format!("write the value {value} in quotes, \"{value}\"")
}

fn string(arguments: Arguments) -> Result<Converter, String> {
    let [minlength, maxlength, length] = bind(arguments, ["minlength", "maxlength", "length"])?;
    if let Some(length) = length.filter(|value| *value != Value::None) {
        return Ok(Converter::plain(Shape::Exactly(repetitions("length", &length)?)));
    }
    let min = minlength.map_or(Ok(1), |value| repetitions("minlength", &value))?;
    let max = maxlength
        .filter(|value| *value != Value::None)
        .map(|value| repetitions("maxlength", &value))
        .transpose()?;
    if max.is_some_and(|max| max < min) {
        return Err(format!("no text has the length: 'minlength' is {min}, 'maxlength' is less"));
    }
    Ok(Converter::plain(Shape::Between(min, max)))
}

fn repetitions(name: &str, value: &Value) -> Result<u32, String> {
    value
        .to_natural()
        .and_then(|number| number.digits().parse().ok())
        .filter(|&count| count < MAX_REPETITIONS)
        .ok_or_else(|| format!("'{name}' must be a whole number from 0 to {}", MAX_REPETITIONS - 1))
}

/// Reads `fixed_digits`: `None` where Python takes the value for false.
fn digits(value: &Value) -> Option<usize> {
    value.is_truthy().then_some(match value {
        Value::Float(number) if number.fract() != 0.0 || !number.is_finite() => usize::MAX,
        Value::Text(_) => usize::MAX,
        _ => {
            value.to_natural().and_then(|number| number.digits().parse::<usize>().ok()).unwrap_or(usize::MAX)
        }
    })
}

fn limit(name: &str, value: Option<Value>) -> Result<Option<Limit>, String> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(Value::Int(number)) => Ok(Some(Limit::Natural(number))),
        Some(Value::Bool(value)) => Ok(Some(Limit::Natural(usize::from(value).into()))),
        Some(Value::Float(number)) => Ok(Some(Limit::Float(number))),
        Some(Value::Text(_)) => Err(format!("'{name}' must be a number, without quotes")),
    }
}

/// Puts positional and named arguments in the order of the parameters, as a Python call does.
fn bind<const COUNT: usize>(
    arguments: Arguments,
    parameters: [&str; COUNT],
) -> Result<[Option<Value>; COUNT], String> {
    if arguments.positional.len() > COUNT {
        return Err(format!("at most {COUNT} arguments fit: {}", parameters.join(", ")));
    }
    let mut positional = arguments.positional.into_iter();
    let mut named = arguments.named;
    let mut repeated = None;
    let bound = parameters.map(|parameter| {
        let by_name =
            named.iter().position(|(name, _)| name == parameter).map(|index| named.swap_remove(index).1);
        match (positional.next(), by_name) {
            (Some(_), Some(_)) => {
                repeated = Some(parameter);
                None
            }
            (first, second) => first.or(second),
        }
    });
    if let Some(parameter) = repeated {
        return Err(format!("'{parameter}' is given twice"));
    }
    match named.first() {
        Some((name, _)) => Err(format!("remove '{name}=': the arguments are {}", parameters.join(", "))),
        None => Ok(bound),
    }
}

fn is_taken(name: &str) -> bool {
    matches!(name, "map" | "self")
}
