//! May this Dash callback run with no login?
//!
//! What counts is the callback that Dash will run, with the inputs and states declared for it; what
//! the client says of ids and properties is only compared. Dash passes values by position and
//! ignores names, so everything is compared position by position, and whatever does not match is
//! refused: a body that names a public callback, or a routing callback, but carries another's
//! values, never reaches Dash.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::gate;

/// The properties of a component that tell where the browser is. `href` carries a path of its own
/// and is not among them.
const LOCATION_PROPERTIES: [&str; 3] = ["pathname", "search", "hash"];

/// The longest query string of a page, in bytes of UTF-8, and the most fields that it may have: Dash
/// parses it.
const MAX_SEARCH: usize = 64 * 1024;
const MAX_SEARCH_FIELDS: usize = 1_000;

/// Why a declaration cannot be read. It is the developer's or Dash's, never a client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclarationError(String);

impl fmt::Display for DeclarationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the component id {} cannot be read", self.0)
    }
}

impl std::error::Error for DeclarationError {}

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

/// One declared Input, State or Output: a component id or a pattern of ids, and a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    id: Id,
    property: String,
    /// Declared with `allow_optional`.
    may_be_absent: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Id {
    Text(String),
    Pattern(BTreeMap<String, Part>),
}

/// What a key of a pattern id stands for.
#[derive(Clone, Debug, PartialEq)]
enum Part {
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
    fn is_several(&self) -> bool {
        matches!(&self.id, Id::Pattern(pattern) if pattern.values().any(|part| *part == Part::Several))
    }

    /// Tells whether what a client sent at this position is what was declared, its property being
    /// read by `property`.
    fn admits(&self, sent: &Value, property: PropertyReader) -> bool {
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
    fn is_named_by(&self, changed: &str) -> bool {
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

type PropertyReader = fn(&str) -> &str;

fn as_it_stands(property: &str) -> &str {
    property
}

/// `allow_duplicate` marks the property of an Output with `@` and a hash, which Dash cuts off again.
fn without_duplicate_mark(property: &str) -> &str {
    property.split_once('@').map_or(property, |(property, _)| property)
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

/// A registered callback, as its declaration has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    inputs: Vec<Dependency>,
    state: Vec<Dependency>,
    outputs: Outputs,
}

/// Where a routing callback is about to lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The `pathname` that the callback will receive.
    pub pathname: &'a str,
    /// The `search` that it will receive, empty where it receives none.
    pub search: &'a str,
}

impl Callback {
    /// Returns the callback with these dependencies.
    #[must_use]
    pub fn new(inputs: Vec<Dependency>, state: Vec<Dependency>, outputs: Outputs) -> Self {
        Self { inputs, state, outputs }
    }

    /// Tells whether this callback does nothing but turn the browser's location into content: all
    /// its Inputs are location properties of one component, `pathname` among them, it has no State,
    /// and its one Output is the `children` of a component.
    #[must_use]
    pub fn is_routing(&self) -> bool {
        let Some(first) = self.inputs.first() else { return false };
        // A pathname declared twice arrives twice, and one of the two values alone would be judged.
        let one_location = matches!(first.id, Id::Text(_))
            && self.inputs.iter().enumerate().all(|(position, input)| {
                input.id == first.id
                    && LOCATION_PROPERTIES.contains(&input.property.as_str())
                    && self.input_position(&input.property) == Some(position)
            });
        let children = match &self.outputs {
            Outputs::Single(output) => output.property == "children" && !output.is_several(),
            Outputs::Multiple(outputs) => {
                matches!(outputs.as_slice(), [output] if output.property == "children" && !output.is_several())
            }
            Outputs::None => false,
        };
        one_location && children && self.state.is_empty() && self.input_position("pathname").is_some()
    }

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

    /// Returns where an admitted body leads a routing callback; `None` where the pathname is no
    /// text or can be no page's, or the search neither text nor undefined, or too long.
    #[must_use]
    pub fn location<'a>(&self, body: &'a Value) -> Option<Location<'a>> {
        let value = |property| body.get("inputs")?.get(self.input_position(property)?)?.get("value");
        let search = match value("search") {
            None | Some(Value::Null) => "",
            Some(search) => search.as_str()?,
        };
        let fields = search.matches('&').count() + 1;
        let pathname = value("pathname")?.as_str()?;
        let is_small = search.len() <= MAX_SEARCH && fields <= MAX_SEARCH_FIELDS;
        (is_small && gate::may_be_page(pathname)).then_some(Location { pathname, search })
    }

    fn input_position(&self, property: &str) -> Option<usize> {
        self.inputs.iter().position(|input| input.property == property)
    }
}
