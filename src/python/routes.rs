//! Classes `RouteMap` and `Endpoint`, and what else is decided on a request's path and headers.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyString;

use crate::decision::{self, Page, Sender};
use crate::origin;
use crate::routes;

impl From<routes::RuleError> for PyErr {
    fn from(error: routes::RuleError) -> Self {
        PyValueError::new_err(error.to_string())
    }
}

/// What the server is going to run for a request.
#[pyclass(frozen, eq, hash, from_py_object, rename_all = "SCREAMING_SNAKE_CASE")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Endpoint {
    /// Dash's index page, at its own path or at any path that nothing else takes.
    Page,
    /// The view that runs callbacks.
    Callback,
    /// Layout, dependencies and reload hash.
    Layout,
    /// A registered component suite, an asset with a public extension, the favicon.
    Static,
    /// Another endpoint of Dash's, which only a rule that names it opens.
    Named,
    /// An endpoint that no rule opens.
    Closed,
    /// A route of the developer's own.
    Server,
    /// A route of the login itself.
    Login,
    /// None.
    Missing,
}

impl From<Endpoint> for decision::Endpoint {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Page => Self::Page,
            Endpoint::Callback => Self::Callback,
            Endpoint::Layout => Self::Layout,
            Endpoint::Static => Self::Static,
            Endpoint::Named => Self::Named,
            Endpoint::Closed => Self::Closed,
            Endpoint::Server => Self::Server,
            Endpoint::Login => Self::Login,
            Endpoint::Missing => Self::Missing,
        }
    }
}

/// The rules of an app's public routes, in Flask's syntax.
#[pyclass(frozen)]
#[derive(Default)]
pub(super) struct RouteMap(RwLock<routes::RouteMap>);

impl RouteMap {
    fn read(&self) -> RwLockReadGuard<'_, routes::RouteMap> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl RouteMap {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Adds a rule; raises `ValueError` where it cannot be read.
    #[pyo3(signature = (rule, /))]
    fn add(&self, rule: &str) -> PyResult<()> {
        let rule = routes::Rule::parse(rule)?;
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(rule);
        Ok(())
    }

    /// The text of all rules, in the order in which they were added.
    #[getter]
    fn rules(&self) -> Vec<String> {
        self.read().rules().map(|rule| rule.text().to_owned()).collect()
    }

    fn __len__(&self) -> usize {
        self.read().len()
    }

    /// Tells whether a rule matches the path as it stands, with no redirect.
    #[pyo3(signature = (path, /))]
    fn matches(&self, path: &Bound<'_, PyString>) -> bool {
        path.to_str().is_ok_and(|path| self.read().matches(path))
    }

    /// Tells whether a rule matches the path, or would after a redirect.
    #[pyo3(signature = (path, /))]
    fn test(&self, path: &Bound<'_, PyString>) -> bool {
        path.to_str().is_ok_and(|path| self.read().test(path).is_match())
    }

    /// Tells whether a rule without variables names exactly this path.
    #[pyo3(signature = (path, /))]
    fn literal(&self, path: &Bound<'_, PyString>) -> bool {
        path.to_str().is_ok_and(|path| self.read().literal(path))
    }

    /// Returns some paths that the rule matches, built with its own converters.
    #[staticmethod]
    #[pyo3(signature = (rule, /))]
    fn sample_paths(rule: &str) -> PyResult<Vec<String>> {
        Ok(routes::Rule::parse(rule)?.sample_paths())
    }

    /// Tells whether the rules open an endpoint for a path, seen from the app's prefix.
    #[pyo3(signature = (endpoint, path, prefix, rules_open_pages, /))]
    fn is_open(
        &self,
        endpoint: Endpoint,
        path: &Bound<'_, PyString>,
        prefix: &str,
        rules_open_pages: bool,
    ) -> bool {
        path.to_str().is_ok_and(|path| {
            decision::is_open(endpoint.into(), path, prefix, &self.read(), rules_open_pages)
        })
    }

    /// Tells whether Dash may be asked which page a path means: a rule matches the path, and it is
    /// quickly compared with the path templates of all pages.
    #[pyo3(signature = (path, templates, /))]
    #[allow(clippy::needless_pass_by_value)]
    fn may_resolve_page(&self, path: &Bound<'_, PyString>, templates: Vec<PyBackedStr>) -> bool {
        let templates: Vec<&str> = templates.iter().map(|template| &**template).collect();
        path.to_str().is_ok_and(|path| decision::may_resolve_page(&self.read(), path, &templates))
    }

    /// Tells whether the rules mean the page that Dash resolves for a pathname: the one with this
    /// path, the one with this template, or none.
    #[pyo3(signature = (pathname, /, *, path=None, template=None, variables_are_replaced=false))]
    fn opens_page(
        &self,
        pathname: &Bound<'_, PyString>,
        path: Option<&str>,
        template: Option<&str>,
        variables_are_replaced: bool,
    ) -> bool {
        let page = match (path, template) {
            (_, Some(template)) => Page::Template { template, variables_are_replaced },
            (Some(path), None) => Page::Static { path, variables_are_replaced },
            (None, None) => Page::Missing,
        };
        pathname.to_str().is_ok_and(|pathname| decision::opens_page(&self.read(), pathname, page))
    }
}

/// Returns a path relative to an app's prefix, `None` where it lies outside.
#[pyfunction]
#[pyo3(signature = (path, prefix, /))]
pub(super) fn below_prefix<'py>(path: &Bound<'py, PyString>, prefix: &str) -> Option<Bound<'py, PyString>> {
    let text = path.to_str().ok()?;
    let below = decision::below_prefix(text, prefix)?;
    if below.len() == text.len() { Some(path.clone()) } else { Some(PyString::new(path.py(), below)) }
}

/// Tells whether a request that changes something was made by a page of another origin.
#[pyfunction]
#[pyo3(signature = (method, sec_fetch_site, origin, own_origin, trusted_origins, /))]
#[allow(clippy::needless_pass_by_value)]
pub(super) fn is_cross_site_forgery(
    method: &str,
    sec_fetch_site: Option<&str>,
    origin: Option<&str>,
    own_origin: &str,
    trusted_origins: Vec<String>,
) -> bool {
    let sender = Sender { sec_fetch_site, origin, own_origin };
    decision::is_cross_site_forgery(method, sender, &trusted_origins)
}

/// Tells whether a browser makes a request for a page that is neither of the request's own origin
/// nor of a trusted one.
#[pyfunction]
#[pyo3(signature = (sec_fetch_site, origin, own_origin, trusted_origins, /))]
#[allow(clippy::needless_pass_by_value)]
pub(super) fn is_from_elsewhere(
    sec_fetch_site: Option<&str>,
    origin: Option<&str>,
    own_origin: &str,
    trusted_origins: Vec<String>,
) -> bool {
    decision::is_from_elsewhere(Sender { sec_fetch_site, origin, own_origin }, &trusted_origins)
}

/// Tells whether two texts name the same origin.
#[pyfunction]
#[pyo3(signature = (one, other, /))]
pub(super) fn is_same_origin(one: &str, other: &str) -> bool {
    origin::is_same(one, other)
}

/// Tells whether a browser asks, for a page of a trusted origin, whether it may make a request.
#[pyfunction]
#[pyo3(signature = (method, origin, requested_method, trusted_origins, /))]
#[allow(clippy::needless_pass_by_value)]
pub(super) fn is_preflight(
    method: &str,
    origin: Option<&str>,
    requested_method: Option<&str>,
    trusted_origins: Vec<String>,
) -> bool {
    decision::is_preflight(method, origin, requested_method, &trusted_origins)
}
