//! Classes `Gate`, `Endpoint`, `Standing` and `Routed`, and functions of prefixes and origins.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyString, PyTuple};

use super::callbacks::{Callback, Parsed};
use super::routes::RouteMap;
use crate::gate::{self, Called, Page, PageRules, Request, Verdict};
use crate::origin;
use crate::sender::{self, Sender};

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
    /// Dash's notebook check.
    Alive,
    /// None.
    Missing,
}

impl From<Endpoint> for gate::Endpoint {
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
            Endpoint::Alive => Self::Alive,
            Endpoint::Missing => Self::Missing,
        }
    }
}

/// What a request is, before anybody is asked to log in.
#[pyclass(frozen, eq, hash, rename_all = "SCREAMING_SNAKE_CASE")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    /// Open to anyone.
    Open,
    /// A page of Dash's that a rule matches as it is written, and that is yet to be looked up.
    Page,
    /// The same, by a rule relative to the app's prefix.
    RelativePage,
    /// A callback, whose body tells whether it is open.
    Callback,
    /// A preflight of a trusted origin.
    Preflight,
    /// Open to nobody without a login.
    Closed,
}

impl From<gate::Standing> for Standing {
    fn from(standing: gate::Standing) -> Self {
        match standing {
            gate::Standing::Open => Self::Open,
            gate::Standing::Page => Self::Page,
            gate::Standing::RelativePage => Self::RelativePage,
            gate::Standing::Callback => Self::Callback,
            gate::Standing::Preflight => Self::Preflight,
            gate::Standing::Closed => Self::Closed,
        }
    }
}

impl Standing {
    /// Returns the one object of each kind, which Python can tell by identity.
    fn object(self, python: Python<'_>) -> PyResult<Bound<'_, Self>> {
        let member = python.get_type::<Self>().getattr(match self {
            Self::Open => "OPEN",
            Self::Page => "PAGE",
            Self::RelativePage => "RELATIVE_PAGE",
            Self::Callback => "CALLBACK",
            Self::Preflight => "PREFLIGHT",
            Self::Closed => "CLOSED",
        })?;
        Ok(member.cast_into()?)
    }
}

/// Where a callback leads that shows pages.
#[pyclass(frozen, get_all)]
pub(super) struct Routed {
    /// `PAGE` or `RELATIVE_PAGE`, yet to be looked up; or `CLOSED`, if no rule matches.
    standing: Py<Standing>,
    /// The pathname that it will receive.
    pathname: String,
    /// The query string that it will receive, empty where it receives none.
    search: String,
    /// The pathname relative to the app's prefix; empty if it is closed.
    path: String,
}

/// Says what each request to one app is.
#[pyclass(frozen)]
pub(super) struct Gate {
    gate: gate::Gate,
    /// Each answer, made once.
    verdicts: Vec<(Verdict, Py<PyTuple>)>,
}

#[pymethods]
impl Gate {
    /// Remembers the declared rules, which stay live, the app's prefix as the server has it and as
    /// browsers see it, and the origins whose pages may use what a browser holds.
    #[new]
    #[pyo3(signature = (rules, prefix, browser_prefix, trusted_origins, /))]
    #[allow(clippy::needless_pass_by_value)]
    fn new(
        python: Python<'_>,
        rules: &Bound<'_, RouteMap>,
        prefix: &str,
        browser_prefix: &str,
        trusted_origins: Vec<PyBackedStr>,
    ) -> PyResult<Self> {
        let trusted: Vec<&str> = trusted_origins.iter().map(|origin| &**origin).collect();
        let gate = gate::Gate::new(rules.get().0.clone(), prefix, browser_prefix, &trusted);
        let mut verdicts = Vec::new();
        for standing in gate::Standing::ALL {
            for is_forged in [false, true] {
                let verdict = (Standing::from(standing).object(python)?, is_forged);
                verdicts.push((Verdict { standing, is_forged }, verdict.into_pyobject(python)?.unbind()));
            }
        }
        Ok(Self { gate, verdicts })
    }

    /// Takes over which rules are about pages, relative to the app's prefix, which of them were
    /// declared with it, and whether one leads to a page.
    #[pyo3(signature = (showing, in_full, lead_to_pages, /))]
    fn show(&self, showing: &Bound<'_, RouteMap>, in_full: &Bound<'_, RouteMap>, lead_to_pages: bool) {
        let (showing, in_full) = (showing.get().0.clone(), in_full.get().0.clone());
        self.gate.show(PageRules { showing, in_full, lead_to_pages });
    }

    /// Says what a request is, and whether a page of another origin makes it in its visitor's name.
    ///
    /// `requested_method` is what a preflight asks for, and `templates` are those with which Dash would
    /// compare the path of a page.
    #[pyo3(signature = (
        endpoint, method, path, sec_fetch_site = None, origin = None, own_origin = "",
        requested_method = None, templates = None, /
    ) -> "tuple[Standing, bool]")]
    #[allow(clippy::needless_pass_by_value, clippy::too_many_arguments)]
    fn ask<'py>(
        &self,
        python: Python<'py>,
        endpoint: Endpoint,
        method: &str,
        path: &Bound<'py, PyString>,
        sec_fetch_site: Option<&str>,
        origin: Option<&str>,
        own_origin: &str,
        requested_method: Option<&str>,
        templates: Option<Vec<PyBackedStr>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        self.answer(
            python,
            self.gate.ask(&Request {
                endpoint: endpoint.into(),
                method,
                path: path.to_str().ok(),
                sender: Sender { sec_fetch_site, origin, own_origin },
                requested_method,
                templates: &texts(templates.as_deref()),
            }),
        )
    }

    /// Says the same of the handshake of a WebSocket, which may be the one for Dash's callbacks.
    #[pyo3(signature = (
        endpoint, path, sec_fetch_site, origin, own_origin, is_for_callbacks, templates = None, /
    ) -> "tuple[Standing, bool]")]
    #[allow(clippy::needless_pass_by_value, clippy::too_many_arguments)]
    fn ask_socket<'py>(
        &self,
        python: Python<'py>,
        endpoint: Endpoint,
        path: &Bound<'py, PyString>,
        sec_fetch_site: Option<&str>,
        origin: Option<&str>,
        own_origin: &str,
        is_for_callbacks: bool,
        templates: Option<Vec<PyBackedStr>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let request = Request {
            endpoint: endpoint.into(),
            method: "GET",
            path: path.to_str().ok(),
            sender: Sender { sec_fetch_site, origin, own_origin },
            requested_method: None,
            templates: &texts(templates.as_deref()),
        };
        self.answer(python, self.gate.ask_socket(&request, is_for_callbacks))
    }

    /// Says whether a callback may run with no login for a body: `None` if it may, else why it may
    /// not, or where it leads.
    #[pyo3(signature = (callback, body, is_public, is_page_router, templates = None, /) -> "Routed | str | None")]
    #[allow(clippy::needless_pass_by_value)]
    fn ask_callback<'py>(
        &self,
        callback: &Bound<'py, Callback>,
        body: &Bound<'py, PyAny>,
        is_public: bool,
        is_page_router: bool,
        templates: Option<Vec<PyBackedStr>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let python = callback.py();
        let text = |text: &str| Ok(PyString::new(python, text).into_any());
        let templates = texts(templates.as_deref());
        let called = self.gate.ask_callback(
            &callback.get().0,
            Parsed(body.clone()),
            is_public,
            is_page_router,
            &templates,
        );
        let (location, path, standing) = match called {
            Called::Open => return Ok(python.None().into_bound(python)),
            Called::Shut(shut) => return text(&shut.to_string()),
            Called::NoPage(location) => (location, String::new(), Standing::Closed),
            Called::Page { location, path, is_relative: true } => (location, path, Standing::RelativePage),
            Called::Page { location, path, is_relative: false } => (location, path, Standing::Page),
        };
        let routed = Routed {
            standing: standing.object(python)?.unbind(),
            pathname: location.pathname,
            search: location.search,
            path,
        };
        routed.into_pyobject(python).map(Bound::into_any)
    }

    /// Tells whether the rules mean the page that Dash resolves for a path below the app's prefix: the
    /// one with this path, the one with this template, or none.
    #[pyo3(signature = (below, page_path, template, variables_are_replaced, /))]
    fn ask_page(
        &self,
        below: &Bound<'_, PyString>,
        page_path: Option<&str>,
        template: Option<&str>,
        variables_are_replaced: bool,
    ) -> bool {
        let page = page(page_path, template, variables_are_replaced);
        below.to_str().is_ok_and(|below| self.gate.ask_page(below, page))
    }
}

impl Gate {
    fn answer<'py>(&self, python: Python<'py>, verdict: Verdict) -> PyResult<Bound<'py, PyTuple>> {
        match self.verdicts.iter().find(|(one, _)| *one == verdict) {
            Some((_, answer)) => Ok(answer.bind(python).clone()),
            None => {
                (Standing::from(verdict.standing).object(python)?, verdict.is_forged).into_pyobject(python)
            }
        }
    }
}

fn texts(given: Option<&[PyBackedStr]>) -> Vec<&str> {
    given.unwrap_or_default().iter().map(|text| &**text).collect()
}

pub(super) fn page<'a>(
    path: Option<&'a str>,
    template: Option<&'a str>,
    variables_are_replaced: bool,
) -> Page<'a> {
    match (path, template) {
        (_, Some(template)) => Page::Template { template, variables_are_replaced },
        (Some(path), None) => Page::Static { path, variables_are_replaced },
        (None, None) => Page::Missing,
    }
}

/// Returns a path relative to an app's prefix, `None` where it lies outside.
#[pyfunction]
#[pyo3(signature = (path, prefix, /))]
pub(super) fn below_prefix<'py>(path: &Bound<'py, PyString>, prefix: &str) -> Option<Bound<'py, PyString>> {
    let text = path.to_str().ok()?;
    let below = gate::below_prefix(text, prefix)?;
    if below.len() == text.len() { Some(path.clone()) } else { Some(PyString::new(path.py(), below)) }
}

/// Tells whether two texts name the same origin.
#[pyfunction]
#[pyo3(signature = (one, other, /))]
pub(super) fn is_same_origin(one: &str, other: &str) -> bool {
    origin::is_same(one, other)
}

/// Tells whether a page of this very origin sends a form with which a user logs in or out; None where the
/// headers prove neither, so that the form has to.
#[pyfunction]
#[pyo3(signature = (sec_fetch_site, origin, own_origin, /))]
pub(super) fn is_own_page(
    sec_fetch_site: Option<&str>,
    origin: Option<&str>,
    own_origin: &str,
) -> Option<bool> {
    sender::is_own_page(Sender { sec_fetch_site, origin, own_origin })
}
