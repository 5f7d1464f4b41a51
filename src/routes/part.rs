//! A part of a rule that has variables: which texts it takes, and what each variable is given.
//!
//! Werkzeug matches a part with a regular expression. Here each token says how far it may reach from
//! a place, and the places from which the rest fits are found from the end backwards: the outcome is
//! that of a backtracking search, in time proportional to tokens times characters whatever the text.

use std::ops::Range;

use super::converter::{Shape, is_uuid};
use super::number::is_digit;

/// A piece of a part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Token {
    Literal(String),
    Variable(Shape),
}

/// What of the path a part is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Span {
    /// One segment.
    Segment,
    /// All that is left of the path, since one of the variables takes slashes.
    Rest,
    /// All that is left of the path, where the rule ends in a slash.
    RestAndSlash,
}

impl Span {
    /// Returns the text to compare with, and whether it had the slash that the rule ends in.
    pub(super) fn of<'p>(self, segment: &'p str, rest: &'p str) -> Option<(&'p str, bool)> {
        match self {
            Self::Segment => Some((segment, false)),
            Self::Rest => Some((rest, false)),
            Self::RestAndSlash => {
                let (text, slash) = rest.strip_suffix('/').map_or((rest, false), |text| (text, true));
                (!text.ends_with('/')).then_some((text, slash))
            }
        }
    }
}

/// A part with at least one variable. Two literals never stand side by side, and none is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part {
    pub(super) tokens: Vec<Token>,
    pub(super) span: Span,
}

impl Part {
    /// Returns the literal that every text of this part begins with, and the one that it ends with.
    pub(super) fn ends(&self) -> (&str, &str) {
        (literal(self.tokens.first()), literal(self.tokens.last()))
    }

    /// Returns whether the part takes the whole of `text`, and puts the ranges of bytes that its
    /// variables are given into `values`.
    pub(super) fn takes(&self, text: &str, values: &mut Vec<Range<usize>>) -> bool {
        let (head, tail) = self.ends();
        if text.len() < head.len() + tail.len() || !text.starts_with(head) || !text.ends_with(tail) {
            return false;
        }
        let mut variables = self.tokens.iter().filter_map(|token| match token {
            Token::Variable(shape) => Some(shape),
            Token::Literal(_) => None,
        });
        if let (Some(only), None) = (variables.next(), variables.next()) {
            let range = head.len()..text.len() - tail.len();
            let taken = text.get(range.clone()).is_some_and(|value| only.takes(value));
            values.extend(taken.then_some(range));
            return taken;
        }
        self.divide(text, values)
    }

    /// Divides the text among several variables, as a regular expression would.
    fn divide(&self, text: &str, values: &mut Vec<Range<usize>>) -> bool {
        let places = Places::new(text);
        let end = places.characters.len();
        // Of each token, where it ends if it begins at a place and all that follows it fits.
        let mut reaches: Vec<Vec<usize>> = Vec::with_capacity(self.tokens.len());
        let mut fits = vec![false; end + 1];
        if let Some(last) = fits.last_mut() {
            *last = true;
        }
        for token in self.tokens.iter().rev() {
            let reach = places.reach(token, &fits);
            fits = reach.iter().map(|&place| place != NOWHERE).collect();
            reaches.push(reach);
        }
        let mut place = 0;
        let mut found = Vec::new();
        for (token, reach) in self.tokens.iter().zip(reaches.iter().rev()) {
            let Some(&next) = reach.get(place).filter(|&&next| next != NOWHERE) else {
                return false;
            };
            if let Token::Variable(_) = token {
                found.push(places.bytes(place)..places.bytes(next));
            }
            place = next;
        }
        values.append(&mut found);
        true
    }
}

fn literal(token: Option<&Token>) -> &str {
    match token {
        Some(Token::Literal(text)) => text,
        _ => "",
    }
}

/// A place that cannot be reached.
const NOWHERE: usize = usize::MAX;

/// A text by characters, with the places where runs of characters end.
struct Places<'t> {
    text: &'t str,
    characters: Vec<char>,
    offsets: Vec<usize>,
    digits: Vec<usize>,
    segment: Vec<usize>,
    line: Vec<usize>,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        let (offsets, characters): (Vec<_>, Vec<_>) = text.char_indices().unzip();
        let digits = runs(&characters, is_digit);
        let segment = runs(&characters, |character| character != '/');
        let line = runs(&characters, |character| character != '\n');
        Self { text, characters, offsets, digits, segment, line }
    }

    /// Returns the offset in bytes of a place.
    fn bytes(&self, place: usize) -> usize {
        self.offsets.get(place).copied().unwrap_or(self.text.len())
    }

    /// Returns, for each place, where a token that begins there ends.
    fn reach(&self, token: &Token, fits: &[bool]) -> Vec<usize> {
        let places = 0..=self.characters.len();
        let (previous, next) = (nearest_before(fits), nearest_after(fits));
        let greedy = |lowest: usize, highest: usize| {
            at(&previous, highest).filter(|&place| place >= lowest).unwrap_or(NOWHERE)
        };
        match token {
            Token::Literal(literal) => {
                let ends = |place| self.after(place, literal).filter(|&end| fits.get(end) == Some(&true));
                places.map(|place| ends(place).unwrap_or(NOWHERE)).collect()
            }
            Token::Variable(Shape::Any(values)) => places
                .map(|place| {
                    let mut ends = values.iter().filter_map(|value| self.after(place, value));
                    ends.find(|&end| fits.get(end) == Some(&true)).unwrap_or(NOWHERE)
                })
                .collect(),
            Token::Variable(Shape::Path) => places
                .map(|place| {
                    let Some(highest) = self.starts(place).and_then(|()| at(&self.line, place + 1)) else {
                        return NOWHERE;
                    };
                    at(&next, place + 1).filter(|&end| end <= highest).unwrap_or(NOWHERE)
                })
                .collect(),
            Token::Variable(shape) => places
                .map(|place| self.bounds(shape, place).map_or(NOWHERE, |(low, high)| greedy(low, high)))
                .collect(),
        }
    }

    /// Returns the first and the last place where a shape may end.
    fn bounds(&self, shape: &Shape, place: usize) -> Option<(usize, usize)> {
        let length = |min: u32, max: Option<u32>| {
            let count = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
            let segment = at(&self.segment, place)?;
            let last = max.map_or(segment, |max| place.saturating_add(count(max)).min(segment));
            Some((place.saturating_add(count(min)), last))
        };
        let unsigned = |signed: bool| place + usize::from(signed && self.characters.get(place) == Some(&'-'));
        let digits = |place: usize| Some((place + 1, at(&self.digits, place).filter(|&end| end > place)?));
        match *shape {
            Shape::Exactly(count) => length(count, Some(count)),
            Shape::Between(min, max) => length(min, max),
            Shape::Int { signed } => digits(unsigned(signed)),
            Shape::Float { signed } => {
                let (_, point) = digits(unsigned(signed))?;
                self.characters.get(point).filter(|&&character| character == '.')?;
                digits(point + 1)
            }
            Shape::Uuid => {
                // A UUID is ASCII, so that its length in bytes is that in characters.
                let start = self.bytes(place);
                let uuid = self.text.get(start..start.checked_add(UUID_LENGTH)?)?;
                is_uuid(uuid).then_some((place + UUID_LENGTH, place + UUID_LENGTH))
            }
            Shape::Any(_) | Shape::Path => None,
        }
    }

    /// Returns the place after `literal`, if it stands here.
    fn after(&self, place: usize, literal: &str) -> Option<usize> {
        let start = self.bytes(place);
        self.text.get(start..)?.starts_with(literal).then(|| place + literal.chars().count())
    }

    /// Says if a path may begin here.
    fn starts(&self, place: usize) -> Option<()> {
        self.characters.get(place).filter(|&&character| character != '/').map(|_| ())
    }
}

const UUID_LENGTH: usize = 36;

fn at(places: &[usize], place: usize) -> Option<usize> {
    places.get(place).copied().filter(|&found| found != NOWHERE)
}

/// Returns for each place where the run of characters that begins there ends.
fn runs(characters: &[char], belongs: impl Fn(char) -> bool) -> Vec<usize> {
    let mut ends = vec![characters.len(); characters.len() + 1];
    let mut end = characters.len();
    for ((place, &character), found) in characters.iter().enumerate().zip(&mut ends).rev() {
        if !belongs(character) {
            end = place;
        }
        *found = end;
    }
    ends
}

fn nearest_before(fits: &[bool]) -> Vec<usize> {
    let mut nearest = NOWHERE;
    let mark = |(place, &fit): (usize, &bool)| {
        if fit {
            nearest = place;
        }
        nearest
    };
    fits.iter().enumerate().map(mark).collect()
}

fn nearest_after(fits: &[bool]) -> Vec<usize> {
    let mut nearest = NOWHERE;
    let mark = |(place, &fit): (usize, &bool)| {
        if fit {
            nearest = place;
        }
        nearest
    };
    let mut places: Vec<_> = fits.iter().enumerate().rev().map(mark).collect();
    places.reverse();
    places
}
