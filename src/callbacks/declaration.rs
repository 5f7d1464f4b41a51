//! What a callback declares: Inputs, States and Outputs.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::body::PropertyReader;

/// Why a declaration cannot be read. It is the developer's or Dash's, never a client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclarationError(String);

impl fmt::Display for DeclarationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the component id {} cannot be read", self.0)
    }
}

impl std::error::Error for DeclarationError {}

/// One declared Input, State or Output: a component id or a pattern of ids, and a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    pub(super) id: Id,
    pub(super) property: String,
    /// Declared with `allow_optional`.
    may_be_absent: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Id {
    Text(String),
    Pattern(BTreeMap<String, Part>),
}

/// What a key of a pattern id stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Exactly(Value),
    /// MATCH: one component.
    One,
    /// ALL or ALLSMALLER: a list of components.
    Several,
}

impl Dependency {
    /// Reads a dependency as Dash keeps it: the id is text, or the JSON of a pattern in which a
    /// wildcard is written `["ALL"]`.
    ///
    /// # Errors
    ///
    /// The id is the JSON of no pattern.
    pub fn new(id: &str, property: &str) -> Result<Self, DeclarationError> {
        let property = property.to_owned();
        if !id.starts_with('{') {
            return Ok(Self { id: Id::Text(id.to_owned()), property, may_be_absent: false });
        }
        let parts: BTreeMap<String, Value> =
            serde_json::from_str(id).map_err(|_| DeclarationError(id.to_owned()))?;
        let pattern: Option<BTreeMap<String, Part>> =
            parts.into_iter().map(|(key, value)| Some((key, part(value)?))).collect();
        let id = Id::Pattern(pattern.ok_or_else(|| DeclarationError(id.to_owned()))?);
        Ok(Self { id, property, may_be_absent: false })
    }

    /// Returns the same as `allow_optional` declares it: the component may be missing from the page.
    #[must_use]
    pub fn optional(self, may_be_absent: bool) -> Self {
        Self { may_be_absent, ..self }
    }

    /// Tells whether a list of components stands for this dependency.
    pub(super) fn is_several(&self) -> bool {
        matches!(&self.id, Id::Pattern(pattern) if pattern.values().any(|part| *part == Part::Several))
    }

    /// Tells whether what a client sent at this position is what was declared, its property being
    /// read by `property`.
    pub(super) fn admits(&self, sent: &Value, property: PropertyReader) -> bool {
        match sent {
            Value::Array(components) => {
                self.is_several()
                    && components.iter().all(|component| self.admits_component(component, property))
            }
            component => {
                !self.is_several()
                    && (self.admits_component(component, property)
                        || self.admits_absence(component, property))
            }
        }
    }

    fn admits_component(&self, component: &Value, property: PropertyReader) -> bool {
        component.get("property").and_then(Value::as_str).map(property) == Some(&*self.property)
            && component.get("id").is_some_and(|id| self.admits_id(id))
    }

    /// Tells whether the renderer says that no component of an optional pattern is on the page: it
    /// sends the declared id itself, with no value.
    fn admits_absence(&self, component: &Value, property: PropertyReader) -> bool {
        let (Id::Pattern(declared), true) = (&self.id, self.may_be_absent) else { return false };
        component.get("property").and_then(Value::as_str).map(property) == Some(&*self.property)
            && component.get("value").is_none_or(Value::is_null)
            && component.get("id").and_then(Value::as_object).is_some_and(|sent| {
                declared.len() == sent.len()
                    && declared
                        .iter()
                        .all(|(key, part)| sent.get(key).is_some_and(|sent| part.is_named(sent)))
            })
    }

    fn admits_id(&self, id: &Value) -> bool {
        match (&self.id, id) {
            (Id::Text(declared), Value::String(sent)) => declared == sent,
            (Id::Pattern(declared), Value::Object(sent)) => {
                declared.len() == sent.len()
                    && declared
                        .iter()
                        .all(|(key, part)| sent.get(key).is_some_and(|value| part.admits(value)))
            }
            _ => false,
        }
    }

    /// Tells whether `changed`, an entry of `changedPropIds`, names this dependency. Dash splits it
    /// at the last dot and reads what stands before as JSON where it begins with a brace.
    pub(super) fn is_named_by(&self, changed: &str) -> bool {
        let Some((id, property)) = changed.rsplit_once('.') else { return false };
        property == self.property
            && match &self.id {
                Id::Text(declared) => declared == id,
                Id::Pattern(_) => serde_json::from_str(id).is_ok_and(|id: Value| self.admits_id(&id)),
            }
    }
}

impl Part {
    fn admits(&self, value: &Value) -> bool {
        match self {
            Self::Exactly(declared) => declared == value,
            Self::One | Self::Several => is_scalar(value),
        }
    }

    /// Tells whether this is the part itself, as the renderer writes it; a list has no such form.
    fn is_named(&self, value: &Value) -> bool {
        match self {
            Self::Exactly(declared) => declared == value,
            Self::One => value.as_object().is_some_and(|wildcard| {
                wildcard.len() == 1 && wildcard.get("wild").and_then(Value::as_str) == Some("MATCH")
            }),
            Self::Several => false,
        }
    }
}

fn part(value: Value) -> Option<Part> {
    if let Value::Array(wildcard) = &value {
        return match wildcard.as_slice() {
            [Value::String(name)] if name == "MATCH" => Some(Part::One),
            [Value::String(name)] if name == "ALL" || name == "ALLSMALLER" => Some(Part::Several),
            _ => None,
        };
    }
    is_scalar(&value).then_some(Part::Exactly(value))
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

/// The outputs that a callback declares.
#[derive(Clone, Debug, PartialEq)]
pub enum Outputs {
    /// None: the callback is run for what it does.
    None,
    /// A single Output.
    Single(Dependency),
    /// A list of them, however nested where it was declared.
    Multiple(Vec<Dependency>),
}
