//! Function `seal`, and keys.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::seal as core;
use crate::seal::ProcessKey;

/// Returns the seal of some texts under a secret, in hexadecimal.
#[pyfunction]
#[pyo3(signature = (secret, /, *parts: "str"))]
#[allow(clippy::needless_pass_by_value)]
pub(super) fn seal(secret: &[u8], parts: Vec<String>) -> String {
    core::seal(secret, &parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Draws a key for this process.
pub(super) fn draw_key() -> PyResult<ProcessKey> {
    ProcessKey::draw()
        .map_err(|error| PyOSError::new_err(format!("the system has no randomness to give: {error}")))
}
