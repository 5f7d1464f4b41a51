//! One rule in Flask's syntax: text -> static and variable parts.
//!
//! Refused: what werkzeug refuses (no leading slash, a stray `<`, a variable named twice or named as
//! one of Python's constants, arguments that do not fit), and converters other than its default ones.

use std::fmt;
use std::ops::Range;

use super::argument::Arguments;
use super::converter::{Converter, NAMES, Shape};
use super::part::{Part, Span, Token};

/// Why a rule is refused. The message says which rule, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    rule: String,
    reason: Reason,
}

/// The kinds of refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The rule does not begin with a slash.
    NoSlash,
    /// From this text on it cannot be read.
    Malformed(String),
    /// The converter is none of werkzeug's default ones.
    UnknownConverter(String),
    /// The arguments of this converter are wrong, and how.
    Argument(String, String),
    /// A variable of this name stands in the rule already.
    RepeatedVariable(String),
    /// No variable can have this name.
    VariableName(String),
}

impl RuleError {
    /// Returns the kind of refusal.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "URL rule '{}': ", self.rule)?;
        match &self.reason {
            Reason::NoSlash => formatter.write_str("it must start with a slash"),
            Reason::Malformed(rest) => write!(
                formatter,
                "cannot read it from '{rest}' on; write a variable as <name> or <converter:name>"
            ),
            Reason::UnknownConverter(name) => write!(
                formatter,
                "the converter '{name}' is not supported; use one of {}, or no converter at all",
                NAMES.join(", ")
            ),
            Reason::Argument(name, reason) => {
                write!(formatter, "wrong arguments for the converter '{name}': {reason}")
            }
            Reason::RepeatedVariable(name) => {
                write!(formatter, "the variable '{name}' is there twice; give each one its own name")
            }
            Reason::VariableName(name) => {
                write!(formatter, "a variable cannot be named '{name}'; choose another name")
            }
        }
    }
}

impl std::error::Error for RuleError {}

/// The order in which werkzeug tries parts: the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Weight {
    /// How many literals, negative.
    literals: i64,
    /// The characters of each literal, negative.
    lengths: Vec<i64>,
    /// How many variables, negative.
    variables: i64,
    weights: Vec<i64>,
}

/// One step of a rule.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A segment without variables.
    Static(String),
    /// A segment with variables, or the rest of the path.
    Dynamic(Part, Weight),
}

/// A piece of the rule as it was written.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Literal(String),
    Variable(Converter),
}

/// A rule in Flask's syntax, such as `/docs/<path:page>`.
#[derive(Clone, Debug)]
pub struct Rule {
    text: String,
    pub(super) steps: Vec<Step>,
    pub(super) pieces: Vec<Piece>,
}

impl Rule {
    /// Parses a rule.
    ///
    /// # Errors
    ///
    /// Returns why the rule is refused.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        match read(&merge_slashes(text)) {
            Ok(pieces) => Ok(Self { text: text.to_owned(), steps: steps(&pieces), pieces }),
            Err(reason) => Err(RuleError { rule: text.to_owned(), reason }),
        }
    }

    /// Returns the rule as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the one path that the rule names, if it has no variable.
    pub(super) fn literal_path(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Literal(path)] => Some(path),
            _ => None,
        }
    }

    fn converters(&self) -> impl Iterator<Item = &Converter> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(converter) => Some(converter),
            Piece::Literal(_) => None,
        })
    }

    /// Returns whether a path of this many bytes can fit all parts and fail a check all the same.
    pub(super) fn has_checks(&self, size: usize) -> bool {
        self.converters().any(|converter| converter.has_checks(size))
    }

    /// Returns whether the rule matches the path as it stands: no redirect, no slashes merged.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let is_rooted = path.strip_prefix('/').is_some_and(|rest| !rest.starts_with('/'));
        if !is_rooted || path.len() > super::MAX_PATH || super::has_dot_segment(path) {
            return false;
        }
        let mut left = Some(path);
        let mut converters = self.converters();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for step in &self.steps {
            let Some(rest) = left else { return false };
            let (segment, after) = split_segment(rest);
            match step {
                Step::Static(literal) if literal == segment => left = after,
                Step::Static(_) => return false,
                Step::Dynamic(part, _) => {
                    let Some((text, slash)) = part.span.of(segment, rest) else { return false };
                    ranges.clear();
                    if !part.takes(text, &mut ranges) {
                        return false;
                    }
                    let accepted = ranges.drain(..).all(|range| {
                        let value = text.get(range);
                        converters
                            .next()
                            .zip(value)
                            .is_some_and(|(converter, value)| converter.accepts(value))
                    });
                    if !accepted {
                        return false;
                    }
                    left = match part.span {
                        Span::Segment => after,
                        Span::Rest | Span::RestAndSlash => slash.then_some(""),
                    };
                }
            }
        }
        left.is_none()
    }
}

/// Splits a path at its first slash; no second half where there is none.
pub(super) fn split_segment(path: &str) -> (&str, Option<&str>) {
    path.split_once('/').map_or((path, None), |(segment, rest)| (segment, Some(rest)))
}

/// Makes one slash of each run of them.
pub(super) fn merge_slashes(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !merged.ends_with('/') {
            merged.push(character);
        }
    }
    merged
}

/// Reads a rule into literals and variables.
fn read(rule: &str) -> Result<Vec<Piece>, Reason> {
    if !rule.starts_with('/') {
        return Err(Reason::NoSlash);
    }
    let mut pieces = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut rest = rule;
    while !rest.is_empty() {
        let (literal, variable) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_owned()));
        }
        if variable.is_empty() {
            break;
        }
        let found = Variable::read(variable).ok_or_else(|| Reason::Malformed(variable.to_owned()))?;
        if matches!(found.name, "None" | "True" | "False" | "__debug__") {
            return Err(Reason::VariableName(found.name.to_owned()));
        }
        if names.contains(&found.name) {
            return Err(Reason::RepeatedVariable(found.name.to_owned()));
        }
        names.push(found.name);
        let converter = found.converter.unwrap_or("default");
        if !NAMES.contains(&converter) {
            return Err(Reason::UnknownConverter(converter.to_owned()));
        }
        let wrong = |reason| Reason::Argument(converter.to_owned(), reason);
        let arguments = Arguments::parse(found.arguments).map_err(|text| {
            wrong(format!("cannot read '{text}'; put text in quotes, and no sign before a number"))
        })?;
        pieces.push(Piece::Variable(Converter::new(converter, arguments).map_err(wrong)?));
        rest = found.rest;
    }
    Ok(pieces)
}

/// A variable as it stands in a rule.
struct Variable<'r> {
    converter: Option<&'r str>,
    arguments: &'r str,
    name: &'r str,
    rest: &'r str,
}

impl<'r> Variable<'r> {
    /// Reads `<name>`, `<converter:name>` or `<converter(arguments):name>`.
    fn read(text: &'r str) -> Option<Self> {
        let text = text.strip_prefix('<')?;
        let (first, after) = identifier(text)?;
        if let Some(rest) = after.strip_prefix('>') {
            return Some(Self { converter: None, arguments: "", name: first, rest });
        }
        if let Some(name) = after.strip_prefix(':') {
            let (name, rest) = Self::end(name)?;
            return Some(Self { converter: Some(first), arguments: "", name, rest });
        }
        let inner = after.strip_prefix('(')?;
        let line = inner.split('\n').next()?;
        // The arguments end at the first `):name>`: a parenthesis in quotes is part of them.
        line.match_indices("):").find_map(|(place, _)| {
            let (name, rest) = Self::end(inner.get(place + 2..)?)?;
            Some(Self { converter: Some(first), arguments: inner.get(..place)?, name, rest })
        })
    }

    fn end(text: &'r str) -> Option<(&'r str, &'r str)> {
        let (name, after) = identifier(text)?;
        Some((name, after.strip_prefix('>')?))
    }
}

/// Splits off an ASCII identifier.
fn identifier(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())).then_some((name, rest))
}

/// Divides a rule into the steps that the matcher takes.
fn steps(pieces: &[Piece]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut part = Open::default();
    for piece in pieces {
        match piece {
            Piece::Variable(converter) => part.variable(&converter.shape),
            Piece::Literal(text) => {
                let mut segments = text.split('/');
                part.literal(segments.next().unwrap_or_default());
                for segment in segments {
                    if part.is_final {
                        part.slash();
                    } else {
                        steps.push(std::mem::take(&mut part).close(false));
                    }
                    part.literal(segment);
                }
            }
        }
    }
    let ends_in_slash = part.is_final && part.pop_slash();
    steps.push(part.close(ends_in_slash));
    if ends_in_slash {
        steps.push(Step::Static(String::new()));
    }
    steps
}

/// The step that is being read.
#[derive(Default)]
struct Open {
    tokens: Vec<Token>,
    weight: Weight,
    has_variable: bool,
    /// A variable takes slashes, so that all that follows belongs to this step.
    is_final: bool,
}

impl Open {
    fn literal(&mut self, text: &str) {
        if !text.is_empty() {
            self.weight.literals -= 1;
            let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            self.weight.lengths.push(-length);
            self.append(text);
        }
    }

    /// Adds a slash, which has no weight.
    fn slash(&mut self) {
        self.append("/");
    }

    fn append(&mut self, text: &str) {
        if let Some(Token::Literal(literal)) = self.tokens.last_mut() {
            literal.push_str(text);
        } else {
            self.tokens.push(Token::Literal(text.to_owned()));
        }
    }

    fn variable(&mut self, shape: &Shape) {
        self.has_variable = true;
        self.is_final |= *shape == Shape::Path;
        self.weight.variables -= 1;
        self.weight.weights.push(shape.weight());
        self.tokens.push(Token::Variable(shape.clone()));
    }

    /// Takes a slash off the end.
    fn pop_slash(&mut self) -> bool {
        let Some(Token::Literal(literal)) = self.tokens.last_mut() else { return false };
        if !literal.ends_with('/') {
            return false;
        }
        literal.pop();
        if literal.is_empty() {
            self.tokens.pop();
        }
        true
    }

    fn close(self, ends_in_slash: bool) -> Step {
        if !self.has_variable {
            let literals = self.tokens.into_iter().filter_map(|token| match token {
                Token::Literal(text) => Some(text),
                Token::Variable(_) => None,
            });
            return Step::Static(literals.collect());
        }
        let span = match (self.is_final, ends_in_slash) {
            (false, _) => Span::Segment,
            (true, false) => Span::Rest,
            (true, true) => Span::RestAndSlash,
        };
        Step::Dynamic(Part { tokens: self.tokens, span }, self.weight)
    }
}
