//! Whether a rule means a Dash page with a path template: literal for literal, variable for variable;
//! and what Dash's look at a template costs.
//!
//! Dash's variables match across slashes, so that a path alone says little about the page that answers
//! it: `/docs/dashboard` fits the rule `/docs/<path:x>` and the private template `/<tenant>/dashboard`.
//! Refused: every template of which a literal stands where the rule has a variable or the other way
//! round. Only a `<path:x>` at the end of a rule covers more than one variable: whatever follows.

use super::converter::Shape;
use super::rule::{Piece, Rule};

/// A piece of a template, in Dash's syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    Literal(&'t str),
    Variable,
}

/// Returns whether the rule covers the template. Slashes at the ends of either do not count, as Dash
/// strips them.
pub(super) fn covers(rule: &Rule, template: &str) -> bool {
    let template = tokens(template.trim_matches('/'));
    let mut left = template.as_slice();
    let pieces = strip(&rule.pieces);
    let Some((last, leading)) = pieces.split_last() else { return false };
    let is_open = matches!(last, Written::Variable { is_path: true });
    let exact = if is_open { leading } else { pieces.as_slice() };
    for (place, piece) in exact.iter().enumerate() {
        let is_last = place + 1 == exact.len();
        let Some((token, rest)) = left.split_first() else { return false };
        match (piece, token) {
            (Written::Variable { .. }, Token::Variable) => {}
            (Written::Literal(text), Token::Literal(literal)) if text == literal => {}
            // The literal before a path variable at the end is only where the template begins.
            (Written::Literal(text), Token::Literal(literal)) if is_open && is_last => {
                return literal.strip_prefix(text).is_some_and(|rest| !rest.starts_with('/'));
            }
            _ => return false,
        }
        left = rest;
    }
    match left.first() {
        None => !is_open,
        // The value of a path variable never begins with a slash.
        Some(Token::Literal(literal)) => is_open && !literal.starts_with('/'),
        Some(Token::Variable) => is_open,
    }
}

/// A piece of the rule without the slashes at its ends.
enum Written<'r> {
    Literal(&'r str),
    Variable { is_path: bool },
}

fn strip(pieces: &[Piece]) -> Vec<Written<'_>> {
    let last = pieces.len().saturating_sub(1);
    let written = pieces.iter().enumerate().map(|(place, piece)| match piece {
        Piece::Literal(text) => {
            let text = if place == 0 { text.trim_start_matches('/') } else { text };
            Written::Literal(if place == last { text.trim_end_matches('/') } else { text })
        }
        Piece::Variable(converter) => Written::Variable { is_path: converter.shape == Shape::Path },
    });
    written.filter(|piece| !matches!(piece, Written::Literal(""))).collect()
}

/// Returns an upper bound of the steps in which Dash compares a path with a template.
///
/// Each variable is a greedy `(.*)` to Dash: for every place where the literal after it stands, what
/// follows is looked for in the rest. The last literal ends the search.
#[must_use]
pub fn steps(template: &str, path: &str) -> usize {
    let tokens = tokens(template.trim_matches('/'));
    let length = path.len() + 1;
    let starts = tokens.iter().position(|token| *token == Token::Variable).unwrap_or(tokens.len());
    let mut factors = Vec::new();
    let mut previous = Token::Literal("");
    for token in tokens.iter().skip(starts) {
        match (previous, token) {
            (Token::Variable, Token::Variable) => factors.push(length),
            (_, Token::Literal(text)) => factors.push(places(text, path).unwrap_or(length)),
            _ => {}
        }
        previous = *token;
    }
    factors.pop();
    // What Dash's comparison before takes for a match must be one to the expression, or that begins
    // anew at each place.
    let is_exact = !cfg!(windows)
        && tokens.iter().all(|token| matches!(token, Token::Variable) || !is_expression(token));
    let first = if is_exact { length } else { length.saturating_mul(length) };
    factors.into_iter().fold(first, usize::saturating_mul)
}

fn is_expression(token: &Token<'_>) -> bool {
    matches!(token, Token::Literal(text) if text.contains(|character: char| r"*?[](){}+^$|\".contains(character)))
}

/// Returns in how many places of the path a literal may stand, to an expression in which a dot is any
/// character; at least one. `None` where it is more of an expression than that.
fn places(literal: &str, path: &str) -> Option<usize> {
    if is_expression(&Token::Literal(literal)) {
        return None;
    }
    let path: Vec<char> = path.chars().collect();
    let literal: Vec<char> = literal.chars().collect();
    let fits = |place: &[char]| place.iter().zip(&literal).all(|(found, is)| *is == '.' || found == is);
    Some(path.windows(literal.len().max(1)).filter(|place| fits(place)).count().max(1))
}

/// Reads a template as Dash's expression `<.*?>` does: any text without a newline is a name.
fn tokens(template: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut literal = 0;
    let mut from = 0;
    while let Some(start) = template.get(from..).and_then(|rest| rest.find('<')).map(|place| from + place) {
        let name = template.get(start..).unwrap_or_default();
        match name.find(['>', '\n']) {
            Some(end) if name.as_bytes().get(end) == Some(&b'>') => {
                tokens
                    .extend(template.get(literal..start).filter(|text| !text.is_empty()).map(Token::Literal));
                tokens.push(Token::Variable);
                from = start + end + 1;
                literal = from;
            }
            _ => from = start + 1,
        }
    }
    tokens.extend(template.get(literal..).filter(|text| !text.is_empty()).map(Token::Literal));
    tokens
}
