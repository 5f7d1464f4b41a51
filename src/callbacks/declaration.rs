//! What a callback declares: Inputs, States and Outputs.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::Sent;
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
    pub(super) fn admits<S: Sent>(&self, sent: &S, property: PropertyReader) -> bool {
        match sent.items() {
            Some(components) => {
                self.is_several()
                    && components.iter().all(|component| self.admits_component(component, property))
            }
            None => {
                !self.is_several()
                    && (self.admits_component(sent, property) || self.admits_absence(sent, property))
            }
        }
    }

    fn is_of(&self, component: &impl Sent, property: PropertyReader) -> bool {
        component.member("property").is_some_and(|sent| sent.text().map(property) == Some(&*self.property))
    }

    fn admits_component(&self, component: &impl Sent, property: PropertyReader) -> bool {
        self.is_of(component, property)
            && component.member("id").is_some_and(|id| self.admits_id(&id))
            // The developer's function gets it, and need not expect what JSON cannot hold.
            && component.member("value").is_none_or(|value| value.is_json())
    }

    /// Tells whether the renderer says that no component of an optional pattern is on the page: it
    /// sends the declared id itself, with no value.
    fn admits_absence(&self, component: &impl Sent, property: PropertyReader) -> bool {
        let (Id::Pattern(declared), true) = (&self.id, self.may_be_absent) else { return false };
        self.is_of(component, property)
            && component.member("value").is_none_or(|value| value.is_null())
            && component.member("id").is_some_and(|sent| has_parts(declared, &sent, Part::is_named))
    }

    fn admits_id<S: Sent>(&self, id: &S) -> bool {
        match &self.id {
            Id::Text(declared) => id.text() == Some(declared),
            Id::Pattern(declared) => has_parts(declared, id, Part::admits),
        }
    }

    /// Tells whether `changed`, an entry of `changedPropIds`, names this dependency. Dash splits it
    /// at the last dot and reads what stands before as JSON where it begins with a brace.
    pub(super) fn is_named_by(&self, changed: &str) -> bool {
        let Some((id, property)) = changed.rsplit_once('.') else { return false };
        property == self.property
            && match &self.id {
                Id::Text(declared) => declared == id,
                Id::Pattern(_) => serde_json::from_str(id).is_ok_and(|id: Value| self.admits_id(&&id)),
            }
    }
}

/// Tells whether an id has the parts of a pattern, and no others.
fn has_parts<S: Sent>(declared: &BTreeMap<String, Part>, id: &S, fits: fn(&Part, &S) -> bool) -> bool {
    id.members() == Some(declared.len())
        && declared.iter().all(|(key, part)| id.member(key).is_some_and(|sent| fits(part, &sent)))
}

impl Part {
    fn admits<S: Sent>(&self, sent: &S) -> bool {
        sent.scalar().is_some_and(|sent| match self {
            Self::Exactly(declared) => *declared == sent,
            Self::One | Self::Several => true,
        })
    }

    /// Tells whether this is the part itself, as the renderer writes it; a list has no such form.
    fn is_named<S: Sent>(&self, sent: &S) -> bool {
        match self {
            Self::Exactly(declared) => sent.scalar().as_ref() == Some(declared),
            Self::One => {
                sent.members() == Some(1)
                    && sent.member("wild").is_some_and(|wildcard| wildcard.text() == Some("MATCH"))
            }
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
