//! Class `Callback`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString};
use serde_json::Value;

use crate::callbacks::{self, DeclarationError, Dependency, Outputs};

/// How deep the parts of a callback body that are looked at can be: a component in a list of a list.
const BODY_DEPTH: usize = 6;

impl From<DeclarationError> for PyErr {
    fn from(error: DeclarationError) -> Self {
        PyValueError::new_err(error.to_string())
    }
}

/// A registered callback, as its declaration has it.
#[pyclass(frozen)]
pub(super) struct Callback(pub(super) callbacks::Callback);

#[pymethods]
impl Callback {
    /// Reads a declaration: component id (patterns as Dash writes them) and property, and of inputs
    /// and states whether the component may be absent. A callback with a single Output is not
    /// `multiple`.
    #[new]
    #[allow(clippy::needless_pass_by_value)]
    fn new(
        inputs: Vec<(String, String, bool)>,
        state: Vec<(String, String, bool)>,
        outputs: Vec<(String, String)>,
        multiple: bool,
    ) -> PyResult<Self> {
        let read = |declared: Vec<(String, String, bool)>| {
            declared
                .iter()
                .map(|(id, property, optional)| Ok(Dependency::new(id, property)?.optional(*optional)))
                .collect::<Result<Vec<_>, DeclarationError>>()
        };
        let mut outputs = read(outputs.into_iter().map(|(id, property)| (id, property, false)).collect())?;
        let outputs = match outputs.pop() {
            None => Outputs::None,
            Some(output) if !multiple && outputs.is_empty() => Outputs::Single(output),
            Some(output) => {
                outputs.push(output);
                Outputs::Multiple(outputs)
            }
        };
        Ok(Self(callbacks::Callback::new(read(inputs)?, read(state)?, outputs)))
    }

    /// Tells whether the callback only turns the browser's location into content.
    #[getter]
    fn is_routing(&self) -> bool {
        self.0.is_routing()
    }
}

/// Returns what is looked at of a parsed body: everything but the contents of values, which may be
/// large. `None` where it is nested beyond reason or holds what no JSON parser gives.
pub(super) fn skeleton(body: &Bound<'_, PyAny>) -> Option<Value> {
    looked_at(body, BODY_DEPTH, false)
}

/// A key of a component id may be named `value` too.
fn looked_at(object: &Bound<'_, PyAny>, depth: usize, is_id: bool) -> Option<Value> {
    if object.is_none() {
        return Some(Value::Null);
    }
    if let Ok(flag) = object.cast::<PyBool>() {
        return Some(Value::Bool(flag.is_true()));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return text.to_str().ok().map(Value::from);
    }
    if let Ok(list) = object.cast::<PyList>() {
        let depth = depth.checked_sub(1)?;
        return list
            .iter()
            .map(|item| looked_at(&item, depth, false))
            .collect::<Option<_>>()
            .map(Value::Array);
    }
    if let Ok(map) = object.cast::<PyDict>() {
        let depth = depth.checked_sub(1)?;
        let mut members = serde_json::Map::with_capacity(map.len());
        for (key, member) in map {
            let key: String = key.extract().ok()?;
            let is_container = member.is_instance_of::<PyList>() || member.is_instance_of::<PyDict>();
            let member = if key == "value" && is_container && !is_id {
                Value::Array(Vec::new())
            } else {
                looked_at(&member, depth, key == "id")?
            };
            members.insert(key, member);
        }
        return Some(Value::Object(members));
    }
    if let Ok(number) = object.extract::<i64>() {
        return Some(Value::from(number));
    }
    // NaN and the infinities, which Python's parser takes, become null: no id and no location.
    object.extract::<f64>().ok().map(Value::from)
}
