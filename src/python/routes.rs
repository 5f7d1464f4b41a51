//! Class `RouteMap`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::gate::page;
use crate::gate;
use crate::routes::{self, LiveRules};

impl From<routes::RuleError> for PyErr {
    fn from(error: routes::RuleError) -> Self {
        PyValueError::new_err(error.to_string())
    }
}

/// The rules of an app's public routes, in Flask's syntax.
#[pyclass(frozen)]
#[derive(Default)]
pub(super) struct RouteMap(pub(super) LiveRules);

#[pymethods]
impl RouteMap {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Adds a rule; raises `ValueError` where it cannot be read.
    #[pyo3(signature = (rule, /))]
    fn add(&self, rule: &str) -> PyResult<()> {
        self.0.add(routes::Rule::parse(rule)?);
        Ok(())
    }

    /// The text of all rules, in the order in which they were added.
    #[getter]
    fn rules(&self) -> Vec<String> {
        self.0.read().rules().map(|rule| rule.text().to_owned()).collect()
    }

    fn __len__(&self) -> usize {
        self.0.read().len()
    }

    /// Tells whether a rule matches the path as it stands, with no redirect.
    #[pyo3(signature = (path, /))]
    fn matches(&self, path: &Bound<'_, PyString>) -> bool {
        path.to_str().is_ok_and(|path| self.0.read().matches(path))
    }

    /// Tells whether a rule matches the path, or would after a redirect.
    #[pyo3(signature = (path, /))]
    fn test(&self, path: &Bound<'_, PyString>) -> bool {
        path.to_str().is_ok_and(|path| self.0.read().test(path).is_match())
    }

    /// Tells whether a rule without variables names exactly this path.
    #[pyo3(signature = (path, /))]
    fn literal(&self, path: &Bound<'_, PyString>) -> bool {
        path.to_str().is_ok_and(|path| self.0.read().literal(path))
    }

    /// Returns some paths that the rule matches, built with its own converters.
    #[staticmethod]
    #[pyo3(signature = (rule, /))]
    fn sample_paths(rule: &str) -> PyResult<Vec<String>> {
        Ok(routes::Rule::parse(rule)?.sample_paths())
    }

    /// Tells whether the rules mean the page that Dash resolves for a pathname: the one with this
    /// path, the one with this template, or none.
    #[pyo3(signature = (pathname, /, *, path = None, template = None))]
    fn opens_page(&self, pathname: &Bound<'_, PyString>, path: Option<&str>, template: Option<&str>) -> bool {
        let page = page(path, template, false);
        pathname.to_str().is_ok_and(|pathname| gate::opens_page(&self.0.read(), pathname, page))
    }
}
