//! Functions on stored passwords.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::admission::{self, Admission};
use crate::htpasswd;
use crate::password::{self, Fault, ForeignPbkdf2, GenerateError, ParseError, StoredPassword};

impl From<ParseError> for PyErr {
    fn from(error: ParseError) -> Self {
        PyValueError::new_err(format!("the stored password {error}"))
    }
}

impl From<GenerateError> for PyErr {
    fn from(error: GenerateError) -> Self {
        match error {
            GenerateError::Randomness | GenerateError::Resources => PyOSError::new_err(error.to_string()),
            _ => PyValueError::new_err(error.to_string()),
        }
    }
}

/// The digests of `hashlib.pbkdf2_hmac`.
pub(crate) struct Hashlib;

impl ForeignPbkdf2 for Hashlib {
    fn derive(&self, digest: &str, password: &[u8], salt: &[u8], iterations: u32) -> Option<Vec<u8>> {
        Python::attach(|py| {
            let arguments = (digest, PyBytes::new(py, password), PyBytes::new(py, salt), iterations);
            py.import("hashlib")?.getattr("pbkdf2_hmac")?.call1(arguments)?.extract()
        })
        .ok()
    }
}

/// A turn to hash a password, which the process has as many of as it has cores.
#[pyclass(frozen)]
pub(super) struct Turn(Mutex<Option<admission::Turn<'static>>>);

#[pymethods]
impl Turn {
    /// Wait for a turn; None if there is none within the longest wait.
    #[staticmethod]
    fn wait(py: Python<'_>) -> Option<Self> {
        py.detach(|| Admission::of_process().admit_anyone()).ok().map(|turn| Self(Mutex::new(Some(turn))))
    }

    /// Give the turn back.
    fn give_back(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Check a password against a stored hash; None leaves the hash to werkzeug.
#[pyfunction]
#[pyo3(signature = (pwhash, password, /))]
pub(super) fn check_password_hash(
    py: Python<'_>,
    pwhash: &Bound<'_, PyString>,
    password: &Bound<'_, PyString>,
) -> PyResult<Option<bool>> {
    // A lone surrogate is werkzeug's to answer.
    let (Ok(pwhash), Ok(password)) = (pwhash.to_str(), password.to_str()) else {
        return Ok(None);
    };
    Ok(py.detach(|| password::check_password_hash(pwhash, password.as_bytes()))?)
}

/// Hash a password with a new salt; None leaves the method to werkzeug.
#[pyfunction]
#[pyo3(signature = (password, method, salt_length, /))]
pub(super) fn generate_password_hash(
    py: Python<'_>,
    password: &str,
    method: &Bound<'_, PyString>,
    salt_length: i64,
) -> PyResult<Option<String>> {
    let Ok(method) = method.to_str() else {
        return Ok(None);
    };
    Ok(py.detach(|| password::generate_password_hash(method, password.as_bytes(), salt_length))?)
}

/// Tell whether a stored password is weaker than what is made today.
#[pyfunction]
#[pyo3(signature = (stored, /))]
pub(super) fn password_needs_rehash(stored: &str) -> PyResult<bool> {
    Ok(StoredPassword::parse_with(stored, &Hashlib)?.needs_rehash())
}

/// Tell whether a stored value is the password itself.
#[pyfunction]
#[pyo3(signature = (stored, /))]
pub(super) fn is_plaintext(stored: &str) -> PyResult<bool> {
    Ok(StoredPassword::parse_with(stored, &Hashlib)?.is_plaintext())
}

/// Hash a password with bcrypt, for an htpasswd file; raise `ValueError` if bcrypt does not see all of
/// it: at most 72 bytes, and no NUL.
#[pyfunction]
#[pyo3(signature = (password, /))]
pub(super) fn generate_bcrypt(py: Python<'_>, password: &str) -> PyResult<String> {
    Ok(py.detach(|| password::generate_bcrypt(password.as_bytes()))?)
}

/// Return why a new password is not taken, None if it is: "short", "long", "control", "common" or
/// "name".
///
/// `names` are those that it may not be, the user's and the app's; it has at least so many characters.
#[pyfunction]
#[pyo3(signature = (password, names, least, /))]
#[allow(clippy::needless_pass_by_value)]
pub(super) fn password_fault(password: &str, names: Vec<String>, least: usize) -> Option<&'static str> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    password::fault(password, &names, least).map(|fault| match fault {
        Fault::Short => "short",
        Fault::Long => "long",
        Fault::Control => "control",
        Fault::Common => "common",
        Fault::Name => "name",
    })
}

/// Return the names in an htpasswd file, each with what is stored for it; raise `ValueError`, with the
/// number of the line, if there is one that cannot be used.
#[pyfunction]
#[pyo3(signature = (content, /))]
pub(super) fn read_htpasswd(content: &[u8]) -> PyResult<Vec<(&str, &str)>> {
    htpasswd::read(content, &Hashlib).map_err(|error| PyValueError::new_err(error.to_string()))
}
