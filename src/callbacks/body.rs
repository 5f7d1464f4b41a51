//! Whether a body is the request of a callback's declared dependencies.

use std::fmt;

use super::{Callback, Dependency, Outputs, Sent};

/// Why a body is not the request of a callback's declared dependencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// The body is no object, or one of its parts has another type than Dash expects.
    Shape,
    /// The inputs differ from the declared ones.
    Inputs,
    /// The states differ from the declared ones.
    State,
    /// The outputs differ from the declared ones.
    Outputs,
    /// A changed property is none of the declared inputs.
    ChangedProperties,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Shape => "the body has not the shape of a callback request",
            Self::Inputs => "the inputs are not those declared",
            Self::State => "the states are not those declared",
            Self::Outputs => "the outputs are not those declared",
            Self::ChangedProperties => "a changed property is no declared input",
        })
    }
}

impl std::error::Error for Mismatch {}

/// Reads the property that a client sent.
pub(super) type PropertyReader = fn(&str) -> &str;

fn as_it_stands(property: &str) -> &str {
    property
}

/// `allow_duplicate` marks the property of an Output with `@` and a hash, which Dash cuts off again.
fn without_duplicate_mark(property: &str) -> &str {
    property.split_once('@').map_or(property, |(property, _)| property)
}

impl Outputs {
    fn admit<S: Sent>(&self, sent: Option<&S>) -> bool {
        let Some(sent) = sent else { return *self == Self::None };
        match self {
            Self::None => sent.is_null() || sent.items().is_some_and(|list| list.is_empty()),
            Self::Single(declared) => declared.admits(sent, without_duplicate_mark),
            Self::Multiple(declared) => {
                sent.items().is_some_and(|sent| all_admitted(declared, &sent, without_duplicate_mark))
            }
        }
    }
}

fn all_admitted<S: Sent>(declared: &[Dependency], sent: &[S], property: PropertyReader) -> bool {
    declared.len() == sent.len()
        && declared.iter().zip(sent).all(|(dependency, sent)| dependency.admits(sent, property))
}

impl Callback {
    /// Compares a body with the declaration.
    ///
    /// `value` may be absent anywhere, and `state` and `changedPropIds` where there are none: the
    /// renderer leaves out what is undefined.
    ///
    /// # Errors
    ///
    /// Returns what does not match.
    #[allow(clippy::needless_pass_by_value)] // What is sent is at hand by reference.
    pub fn admit<S: Sent>(&self, body: S) -> Result<(), Mismatch> {
        if body.members().is_none() {
            return Err(Mismatch::Shape);
        }
        let list =
            |name| body.member(name).map_or(Ok(Vec::new()), |sent| sent.items().ok_or(Mismatch::Shape));
        if !all_admitted(&self.inputs, &list("inputs")?, as_it_stands) {
            return Err(Mismatch::Inputs);
        }
        if !all_admitted(&self.state, &list("state")?, as_it_stands) {
            return Err(Mismatch::State);
        }
        if !self.outputs.admit(body.member("outputs").as_ref()) {
            return Err(Mismatch::Outputs);
        }
        let named = |changed: &S| {
            changed.text().is_some_and(|changed| self.inputs.iter().any(|input| input.is_named_by(changed)))
        };
        if !list("changedPropIds")?.iter().all(named) {
            return Err(Mismatch::ChangedProperties);
        }
        Ok(())
    }
}
