//! Class `Callback`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyList, PyString};
use serde_json::Value;

use crate::callbacks::{self, DeclarationError, Dependency, Outputs, Sent};

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

/// A body as Python's parser gives it. What no JSON parser gives is none of these, and matches nothing.
#[derive(Clone)]
pub(super) struct Parsed<'py>(pub(super) Bound<'py, PyAny>);

impl Sent for Parsed<'_> {
    fn text(&self) -> Option<&str> {
        self.0.cast::<PyString>().ok()?.to_str().ok()
    }

    fn items(&self) -> Option<Vec<Self>> {
        Some(self.0.cast::<PyList>().ok()?.iter().map(Self).collect())
    }

    fn members(&self) -> Option<usize> {
        Some(self.0.cast::<PyDict>().ok()?.len())
    }

    fn member(&self, name: &str) -> Option<Self> {
        self.0.cast::<PyDict>().ok()?.get_item(name).ok().flatten().map(Self)
    }

    fn scalar(&self) -> Option<Value> {
        if let Ok(flag) = self.0.cast::<PyBool>() {
            return Some(Value::Bool(flag.is_true()));
        }
        if let Some(text) = self.text() {
            return Some(Value::from(text));
        }
        if let Ok(number) = self.0.extract::<i64>() {
            return Some(Value::from(number));
        }
        // NaN and the infinities, which Python's parser takes, are in no id.
        let number = self.0.cast::<PyFloat>().ok()?.value();
        number.is_finite().then(|| Value::from(number))
    }

    fn is_null(&self) -> bool {
        self.0.is_none()
    }

    fn is_json(&self) -> bool {
        if let Ok(text) = self.0.cast::<PyString>() {
            return text.to_str().is_ok();
        }
        self.0.is_none()
            || self.0.is_instance_of::<PyList>()
            || self.0.is_instance_of::<PyDict>()
            // A flag is a number too. One beyond the largest float is none that a client can have.
            || self.0.extract::<f64>().is_ok()
    }
}
