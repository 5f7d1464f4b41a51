//! The body of a callback request, beside the declaration that it is compared with.

use dash_auth::callbacks::{Callback, Dependency, Outputs};
use serde_json::Value;

/// A declared Input, State or Output: id, property, and whether it may be absent.
type Declared = (String, String, bool);

/// Reads the first line as a declaration and the rest as a body; returns whether it is admitted.
///
/// A declaration is an object of `inputs`, `state` and `outputs`: lists of pairs of id and property,
/// with a third member `true` where it may be absent; `outputs` also one such pair or null.
///
/// # Panics
///
/// Panics if a body is admitted that does not have the declared ids and properties, position by
/// position, or leads elsewhere than to the value of every declared `pathname`.
#[must_use]
pub fn callback(input: &[u8]) -> bool {
    let end = input.iter().position(|octet| *octet == b'\n').unwrap_or(input.len());
    let Some(declaration) = Declaration::read(&input[..end]) else { return false };
    let Some(callback) = declaration.callback() else { return false };
    let Ok(body) = serde_json::from_slice::<Value>(input.get(end + 1..).unwrap_or_default()) else {
        return false;
    };
    // Asked of any body, admitted or not.
    let location = callback.location(&body);
    if let Err(mismatch) = callback.admit(&body) {
        let _ = mismatch.to_string();
        return false;
    }
    declaration.check(&body);
    if let (true, Some(location)) = (callback.is_routing(), location) {
        for value in declaration.values(&body, "pathname") {
            assert_eq!(value.and_then(Value::as_str), Some(&*location.pathname), "another pathname");
        }
    }
    true
}

struct Declaration {
    inputs: Vec<Declared>,
    state: Vec<Declared>,
    outputs: Declarations,
}

enum Declarations {
    None,
    One(Declared),
    List(Vec<Declared>),
}

impl Declaration {
    fn read(line: &[u8]) -> Option<Self> {
        let read: Value = serde_json::from_slice(line).ok()?;
        Some(Self {
            inputs: pairs(read.get("inputs")?)?,
            state: pairs(read.get("state")?)?,
            outputs: match read.get("outputs")? {
                Value::Null => Declarations::None,
                one => pair(one).map(Declarations::One).or_else(|| pairs(one).map(Declarations::List))?,
            },
        })
    }

    fn callback(&self) -> Option<Callback> {
        let outputs = match &self.outputs {
            Declarations::None => Outputs::None,
            Declarations::One(one) => Outputs::Single(dependency(one)?),
            Declarations::List(list) => Outputs::Multiple(dependencies(list)?),
        };
        Some(Callback::new(dependencies(&self.inputs)?, dependencies(&self.state)?, outputs))
    }

    fn check(&self, body: &Value) {
        check(&self.inputs, body.get("inputs"), |property| property);
        check(&self.state, body.get("state"), |property| property);
        match (&self.outputs, body.get("outputs")) {
            (Declarations::None, sent) => {
                let nothing =
                    sent.is_none_or(|sent| sent.is_null() || sent.as_array().is_some_and(Vec::is_empty));
                assert!(nothing, "outputs of a callback without any");
            }
            (Declarations::One(one), Some(sent)) => {
                assert!(stands_for(one, sent, unmarked), "another output");
            }
            (Declarations::One(_), None) => panic!("no output"),
            (Declarations::List(list), sent) => check(list, sent, unmarked),
        }
    }

    /// Returns what the callback will be given at each position that declares this property.
    fn values<'a>(&self, body: &'a Value, property: &str) -> Vec<Option<&'a Value>> {
        let positions = self.inputs.iter().enumerate().filter(|(_, declared)| declared.1 == property);
        positions.map(|(position, _)| body.get("inputs")?.get(position)?.get("value")).collect()
    }
}

fn pair(value: &Value) -> Option<Declared> {
    match value.as_array()?.as_slice() {
        [Value::String(id), Value::String(property)] => Some((id.clone(), property.clone(), false)),
        [Value::String(id), Value::String(property), Value::Bool(true)] => {
            Some((id.clone(), property.clone(), true))
        }
        _ => None,
    }
}

fn pairs(value: &Value) -> Option<Vec<Declared>> {
    value.as_array()?.iter().map(pair).collect()
}

fn dependency((id, property, optional): &Declared) -> Option<Dependency> {
    Some(Dependency::new(id, property).ok()?.optional(*optional))
}

fn dependencies(declared: &[Declared]) -> Option<Vec<Dependency>> {
    declared.iter().map(dependency).collect()
}

fn check(declared: &[Declared], sent: Option<&Value>, read: fn(&str) -> &str) {
    let sent = sent.map_or(&[][..], |sent| sent.as_array().expect("a list").as_slice());
    assert_eq!(declared.len(), sent.len(), "another number of them");
    for (declared, sent) in declared.iter().zip(sent) {
        assert!(stands_for(declared, sent, read), "{declared:?} is not {sent}");
    }
}

/// `allow_duplicate` marks the property of an Output.
fn unmarked(property: &str) -> &str {
    property.split('@').next().unwrap_or_default()
}

/// Tells whether what was sent is a component that this declaration names, or a list of them where it
/// names several.
fn stands_for((id, property, optional): &Declared, sent: &Value, read: fn(&str) -> &str) -> bool {
    let pattern: Option<Value> = id.starts_with('{').then(|| serde_json::from_str(id).expect("a pattern"));
    let several = pattern
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|keys| keys.values())
        .any(|key| key.get(0).is_some_and(|wildcard| wildcard == "ALL" || wildcard == "ALLSMALLER"));
    let components =
        if several { sent.as_array().expect("a list").as_slice() } else { std::slice::from_ref(sent) };
    components.iter().all(|component| {
        let Some(sent) = component.as_object() else { return false };
        let same_property = sent.get("property").and_then(Value::as_str).map(read) == Some(property);
        let is_absent = *optional && !several && sent.get("value").is_none_or(Value::is_null);
        let same_id = match (&pattern, sent.get("id")) {
            (None, Some(Value::String(sent))) => sent == id,
            (Some(Value::Object(declared)), Some(Value::Object(sent))) => {
                let keys = |is_wild: fn(&Value) -> bool| {
                    declared.iter().all(|(key, value)| {
                        let sent = &sent[key];
                        if value.is_array() { is_wild(sent) } else { sent == value }
                    })
                };
                let present: fn(&Value) -> bool =
                    |sent| sent.is_string() || sent.is_number() || sent.is_boolean();
                let absent: fn(&Value) -> bool = |sent| *sent == serde_json::json!({"wild": "MATCH"});
                declared.keys().eq(sent.keys()) && (keys(present) || is_absent && keys(absent))
            }
            _ => false,
        };
        same_property && same_id
    })
}
