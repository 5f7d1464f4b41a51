//! Functions `way_back`, `landing` and `is_local`.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
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

/// Returns where a login leads that was asked to lead to `target`: there, if that is a path below `prefix`
/// as the browser sees it and none of the login's `own` routes; else `None`, for the app's start.
#[pyfunction]
#[pyo3(signature = (target, prefix, own, /))]
#[allow(clippy::needless_pass_by_value)]
pub(super) fn landing<'py>(
    target: &Bound<'py, PyString>,
    prefix: &str,
    own: Vec<PyBackedStr>,
) -> Option<Bound<'py, PyString>> {
    let own: Vec<&str> = own.iter().map(|one| &**one).collect();
    target::landing(target.to_str().ok()?, prefix, &own).map(|_| target.clone())
}
