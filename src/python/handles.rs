//! Class `HandleSeal`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyString;

use crate::handles::{self, Parameter};

/// Seals the handles of the background jobs of one app.
#[pyclass(frozen)]
pub(super) struct HandleSeal(handles::HandleSeal);

#[pymethods]
impl HandleSeal {
    /// Names the guard, which tells it from any other that shares the secret.
    #[new]
    #[pyo3(signature = (guard, /))]
    fn new(guard: &str) -> Self {
        Self(handles::HandleSeal::new(guard))
    }

    /// Returns a handle sealed for the callback with the id `output`, under the name of its member in
    /// Dash's answer.
    #[pyo3(signature = (secret, kind, output, handle, /))]
    fn seal(&self, secret: &[u8], kind: &str, output: &str, handle: &str) -> String {
        self.0.seal(secret, kind, output, handle)
    }

    /// Returns the handle that a parameter of the query holds if it was issued under one of the secrets,
    /// for one of the callbacks; else `None`. Raises `ValueError` for a parameter that takes none.
    #[pyo3(signature = (secrets, parameter, outputs, sealed, /))]
    #[allow(clippy::needless_pass_by_value)]
    fn unseal(
        &self,
        secrets: Vec<PyBackedBytes>,
        parameter: &str,
        outputs: Vec<PyBackedStr>,
        sealed: &Bound<'_, PyString>,
    ) -> PyResult<Option<String>> {
        let parameter = Parameter::named(parameter)
            .ok_or_else(|| PyValueError::new_err(format!("{parameter} takes no handle")))?;
        let Ok(sealed) = sealed.to_str() else { return Ok(None) };
        let secrets: Vec<&[u8]> = secrets.iter().map(|secret| &**secret).collect();
        let outputs: Vec<&str> = outputs.iter().map(|output| &**output).collect();
        Ok(self.0.unseal(&secrets, parameter, &outputs, sealed).map(String::from))
    }
}
