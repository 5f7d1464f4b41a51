//! Class `Credentials`, and what a header holds of them.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::basic;

/// The user-id and password of one request.
#[pyclass(frozen)]
pub(super) struct Credentials(pub(super) basic::Credentials);

#[pymethods]
impl Credentials {
    /// Return a name and a password that came in another way than in a header, such as a form.
    ///
    /// A name with a colon or a control character is nobody's.
    #[new]
    #[pyo3(signature = (username, password, /))]
    fn new(username: &Bound<'_, PyString>, password: &Bound<'_, PyString>) -> Self {
        // Text that is no UTF-8 (a lone surrogate) is nobody's either: no name has a line feed.
        Self(match (username.to_str(), password.to_str()) {
            (Ok(username), Ok(password)) => basic::Credentials::new(username, password),
            _ => basic::Credentials::new("\n", ""),
        })
    }

    /// The user-id: everything before the first colon.
    #[getter]
    fn username(&self) -> &str {
        self.0.username()
    }

    /// The password: everything after the first colon.
    #[getter]
    fn password(&self) -> &str {
        self.0.password()
    }
}

/// Parses the value of an `Authorization` header (RFC 7617); `None` where it holds no credentials.
#[pyfunction]
#[pyo3(signature = (header, /))]
pub(super) fn parse_basic(header: &Bound<'_, PyString>) -> Option<Credentials> {
    // Text that is no UTF-8 (a lone surrogate) is no base64 either.
    basic::parse(header.to_str().ok()?).ok().map(Credentials)
}

/// Tells why an `Authorization` header holds no credentials; `None` where it holds some.
#[pyfunction]
#[pyo3(signature = (header, /))]
pub(super) fn why_no_credentials(header: &Bound<'_, PyString>) -> Option<String> {
    let reason = header.to_str().map_or(Some(basic::ParseError::Base64), |header| basic::parse(header).err());
    reason.map(|reason| reason.to_string())
}
