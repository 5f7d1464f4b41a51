//! Functions `way_back` and `is_local`.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::target;

/// Returns the path and query that a login leads back to, quoted; `None` for the app's start.
///
/// `path` is the path as the browser sees it, unquoted; `query` the query string as the client sent it.
#[pyfunction]
#[pyo3(signature = (path, query, /))]
pub(super) fn way_back(path: &Bound<'_, PyString>, query: &[u8]) -> Option<String> {
    target::way_back(path.to_str().ok()?, query)
}

/// Tells whether a Location header leads to this origin.
#[pyfunction]
#[pyo3(signature = (location, /))]
pub(super) fn is_local(location: &Bound<'_, PyString>) -> bool {
    location.to_str().is_ok_and(target::is_local)
}
