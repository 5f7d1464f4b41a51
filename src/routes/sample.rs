//! Paths that a rule matches, built with its own converters, so that a server's routing can be asked
//! which endpoint the rule leads to.

use super::MAX_PATH;
use super::converter::{Checks, Converter, Shape};
use super::number::Limit;
use super::rule::{Piece, Rule};

/// The most paths that are built.
const MOST: usize = 256;

/// Texts that no route of a server is likely to spell out.
const WORDS: [&str; 2] = ["sample-of-a-route-", "zz9-another-sample-"];

/// Returns paths that the rule matches: every combination of the values of `any` up to a bound, and
/// two values for each other variable. None at all if no path matches the rule.
pub(super) fn paths(rule: &Rule) -> Vec<String> {
    let values: Vec<(bool, Vec<String>)> = rule
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => (false, vec![text.clone()]),
            Piece::Variable(converter) => {
                let mut values = candidates(converter);
                values.retain(|value| converter.shape.takes(value) && converter.accepts(value));
                let is_list = matches!(converter.shape, Shape::Any(_));
                if !is_list {
                    values.dedup();
                    values.truncate(2);
                }
                (is_list, values)
            }
        })
        .collect();
    let rounds = values.iter().map(|(is_list, values)| if *is_list { 1 } else { values.len() }).max();
    let rounds = rounds.unwrap_or(1).max(1);
    let combinations = values
        .iter()
        .filter(|(is_list, _)| *is_list)
        .try_fold(rounds, |count, (_, values)| count.checked_mul(values.len()))
        .map_or(MOST, |count| count.min(MOST));
    let mut paths = Vec::new();
    for number in 0..combinations {
        let mut combination = number / rounds;
        let path: Option<String> = values
            .iter()
            .map(|(is_list, values)| {
                let index = if *is_list {
                    let index = combination.checked_rem(values.len())?;
                    combination /= values.len();
                    index
                } else {
                    number % values.len().max(1)
                };
                values.get(index).map(String::as_str)
            })
            .collect();
        // Values that fit their converters can still be divided differently where two variables meet.
        if let Some(path) = path.filter(|path| rule.matches(path) && !paths.contains(path)) {
            paths.push(path);
        }
    }
    paths
}

fn candidates(converter: &Converter) -> Vec<String> {
    match &converter.shape {
        Shape::Exactly(length) => words(*length, Some(*length)),
        Shape::Between(min, max) => words(*min, *max),
        Shape::Any(values) => values.clone(),
        // Different depths, as a server may have a route of its own for paths of one segment.
        Shape::Path => {
            WORDS.map(|word| format!("{word}1/{word}2")).into_iter().chain([WORDS.concat()]).rev().collect()
        }
        Shape::Int { signed } => integers(&converter.checks, *signed),
        Shape::Float { signed } => floats(&converter.checks, *signed),
        Shape::Uuid => ["0f3cdb41-6a1e-4c5e-9d0a-5b1d2e7f8a90", "9b2f6c1d-7e4a-4b3c-8f5d-1a2b3c4d5e6f"]
            .map(String::from)
            .to_vec(),
    }
}

/// Texts of an allowed length, near that of the words.
fn words(min: u32, max: Option<u32>) -> Vec<String> {
    let [min, max] = [min, max.unwrap_or(u32::MAX)].map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    if min > MAX_PATH {
        return Vec::new();
    }
    WORDS.map(|word| word.chars().cycle().take(word.len().clamp(min, max)).collect()).to_vec()
}

fn integers(checks: &Checks, signed: bool) -> Vec<String> {
    let width = checks.fixed_digits.unwrap_or(0);
    if width > MAX_PATH {
        return Vec::new();
    }
    let limits = [&checks.min, &checks.max].into_iter().flatten().flat_map(whole);
    let mut values: Vec<_> = limits.chain(["7", "42", "0"].map(String::from)).collect();
    if signed {
        values.extend(["-1", "-7"].map(String::from));
    }
    values
        .into_iter()
        .map(|value| {
            let (sign, digits) = value.strip_prefix('-').map_or(("", value.as_str()), |rest| ("-", rest));
            format!("{sign}{digits:0>width$}", width = width.saturating_sub(sign.len()))
        })
        .collect()
}

/// The integers next to a limit.
fn whole(limit: &Limit) -> Vec<String> {
    match limit {
        Limit::Natural(number) => vec![number.digits().to_owned()],
        Limit::Float(number) if number.is_finite() => {
            vec![format!("{:.0}", number.floor()), format!("{:.0}", number.ceil())]
        }
        Limit::Float(_) => Vec::new(),
    }
}

fn floats(checks: &Checks, signed: bool) -> Vec<String> {
    let limits = [&checks.min, &checks.max].into_iter().flatten().map(|limit| match limit {
        Limit::Natural(number) => format!("{}.0", number.digits()),
        Limit::Float(number) if number.fract() == 0.0 => format!("{number}.0"),
        Limit::Float(number) => number.to_string(),
    });
    let mut values: Vec<_> = limits.chain(["7.25", "42.5", "0.0"].map(String::from)).collect();
    if signed {
        values.extend(["-1.5", "-7.25"].map(String::from));
    }
    values
}
