//! Whether a body is the request of a callback's declared dependencies.

use std::fmt;

use serde_json::Value;

use super::{Callback, Dependency, Outputs};

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
    fn admit(&self, sent: Option<&Value>) -> bool {
        match (self, sent) {
            (Self::None, None | Some(Value::Null)) => true,
            (Self::None, Some(Value::Array(list))) => list.is_empty(),
            (Self::Single(declared), Some(sent)) => declared.admits(sent, without_duplicate_mark),
            (Self::Multiple(declared), Some(Value::Array(sent))) => {
                all_admitted(declared, sent, without_duplicate_mark)
            }
            _ => false,
        }
    }
}

fn all_admitted(declared: &[Dependency], sent: &[Value], property: PropertyReader) -> bool {
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
    pub fn admit(&self, body: &Value) -> Result<(), Mismatch> {
        let body = body.as_object().ok_or(Mismatch::Shape)?;
        let list = |name| match body.get(name) {
            None => Ok(&[][..]),
            Some(Value::Array(list)) => Ok(list.as_slice()),
            Some(_) => Err(Mismatch::Shape),
        };
        if !all_admitted(&self.inputs, list("inputs")?, as_it_stands) {
            return Err(Mismatch::Inputs);
        }
        if !all_admitted(&self.state, list("state")?, as_it_stands) {
            return Err(Mismatch::State);
        }
        if !self.outputs.admit(body.get("outputs")) {
            return Err(Mismatch::Outputs);
        }
        let named = |changed: &Value| {
            changed.as_str().is_some_and(|changed| self.inputs.iter().any(|input| input.is_named_by(changed)))
        };
        if !list("changedPropIds")?.iter().all(named) {
            return Err(Mismatch::ChangedProperties);
        }
        Ok(())
    }
}
