//! Class `Users`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use log::error;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyString};

use super::credentials::{ADMISSION, Refusal, parse};
use super::passwords::Hashlib;
use super::seal::draw_key;
use crate::basic::Credentials;
use crate::users::{self, Against, Authentication};

impl From<users::TableError> for PyErr {
    fn from(error: users::TableError) -> Self {
        PyValueError::new_err(error.to_string())
    }
}

/// Verifies credentials against the developer's own table of stored passwords.
#[pyclass(frozen)]
pub(super) struct Users {
    users: users::Users,
    /// How many names the developer's table had when it was last read.
    names: AtomicUsize,
}

#[pymethods]
impl Users {
    /// Reads the table; raises `ValueError` or `TypeError`, naming the user, where a name or a stored
    /// value could never log in, and `ValueError` where there are no users.
    #[new]
    #[pyo3(signature = (table: "dict[str, str]", /))]
    fn new(table: &Bound<'_, PyDict>) -> PyResult<Self> {
        let stored: Vec<(String, String)> = table
            .iter()
            .map(|(username, stored)| {
                let username = username.cast_into::<PyString>().map_err(|other| {
                    let message =
                        format!("a user's name must be a str, not {}", type_name(&other.into_inner()));
                    PyTypeError::new_err(message)
                })?;
                let stored = stored.cast_into::<PyString>().map_err(|other| {
                    let (name, kind) = (username.repr(), type_name(&other.into_inner()));
                    let name = name.map_or_else(|_| String::new(), |name| name.to_string());
                    PyTypeError::new_err(format!(
                        "the stored password of user {name} must be a str, not {kind}"
                    ))
                })?;
                Ok((username.to_str()?.to_owned(), stored.to_str()?.to_owned()))
            })
            .collect::<PyResult<_>>()?;
        let users =
            users::Users::new(draw_key()?, stored.iter().map(|(name, text)| (&**name, &**text)), &Hashlib)?;
        Ok(Self { users, names: AtomicUsize::new(table.len()) })
    }

    /// Returns the name of the user whose credentials a header holds and the stored value that they
    /// were verified against, or why there is none; or the attempt, where that is to hash.
    ///
    /// The table is asked anew each time, so that a removed user or a changed password counts at once.
    #[pyo3(signature = (header, table, address, /))]
    fn attempt<'py>(
        slf: &Bound<'py, Self>,
        header: &Bound<'py, PyString>,
        table: &Bound<'py, PyAny>,
        address: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (python, users) = (slf.py(), slf.get());
        let Some(credentials) = parse(header) else {
            return Refusal::Absent.into_pyobject(python).map(Bound::into_any);
        };
        let name = PyString::new(python, credentials.username());
        let found = table.call_method1("get", (&name,))?;
        let stored = match found.cast::<PyString>().ok().map(|text| text.to_str()) {
            Some(Ok(text)) => Some(text),
            Some(Err(_)) => return refuse_unreadable(&name, "is no Unicode text"),
            // A name that stands there with nothing is a mistake to tell of, unlike an unknown one.
            None if found.is_none() && !table.contains(&name)? => None,
            None => return refuse_unreadable(&name, "is no str"),
        };
        if stored.is_some_and(|stored| users.users.are_known(&credentials, stored, &Hashlib)) {
            return verified(&name, &found);
        }
        let stored = stored.is_some().then(|| found.unbind());
        let (users, table) = (slf.clone().unbind(), table.clone().unbind());
        let attempt = Attempt { users, table, credentials, stored, address: address.to_owned() };
        attempt.into_pyobject(python).map(Bound::into_any)
    }
}

/// Credentials that have yet to be verified, against what was stored for them when they came.
#[pyclass(frozen)]
pub(super) struct Attempt {
    users: Py<Users>,
    table: Py<PyAny>,
    credentials: Credentials,
    stored: Option<Py<PyAny>>,
    address: String,
}

#[pymethods]
impl Attempt {
    /// Hashes, without holding the interpreter, and returns the name of the user and the stored value
    /// that the credentials were verified against, or why there is none.
    fn verify<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let users = self.users.get();
        let name = PyString::new(python, self.credentials.username());
        let stored = self.stored.as_ref().map(|stored| stored.bind(python).extract::<PyBackedStr>());
        let stored = stored.transpose()?;
        let decoy = match stored {
            Some(_) => None,
            None => users.decoy(self.credentials.username(), self.table.bind(python))?,
        };
        let against = match (&stored, &decoy) {
            (Some(stored), _) => Against::Stored(stored),
            (None, Some((owner, stored))) => Against::Decoy(owner, stored),
            (None, None) => Against::Nothing,
        };
        let authentication = python
            .detach(|| users.users.verify(&self.credentials, against, &self.address, &ADMISSION, &Hashlib));
        let refusal = match (authentication, &self.stored) {
            (Authentication::Verified, Some(stored)) => return verified(&name, stored.bind(python)),
            (Authentication::UnreadableStored(reason), _) => {
                return refuse_unreadable(&name, &reason.to_string());
            }
            (Authentication::Busy, _) => Refusal::Busy,
            (Authentication::Refused | Authentication::Verified, _) => Refusal::Wrong,
        };
        refusal.into_pyobject(python).map(Bound::into_any)
    }
}

impl Users {
    /// Returns the user against whose stored value an unknown name is verified, and that value as it
    /// stands in the live table, so that unknown names go on costing what the known ones cost.
    ///
    /// The whole table is read anew only where that user is gone, or there are more or fewer names.
    fn decoy(&self, username: &str, table: &Bound<'_, PyAny>) -> PyResult<Option<(Arc<str>, String)>> {
        let names = table.len()?;
        if self.names.swap(names, Ordering::Relaxed) == names
            && let Some(decoy) = self.living_decoy(username, table)?
        {
            return Ok(Some(decoy));
        }
        self.reread(table, names)?;
        self.living_decoy(username, table)
    }

    fn living_decoy(&self, username: &str, table: &Bound<'_, PyAny>) -> PyResult<Option<(Arc<str>, String)>> {
        let Some(owner) = self.users.decoy(username) else { return Ok(None) };
        let stored = table.call_method1("get", (&*owner,))?.extract::<String>().ok();
        Ok(stored
            .filter(|stored| self.users.can_read(&owner, stored, &Hashlib))
            .map(|stored| (owner, stored)))
    }

    fn reread(&self, table: &Bound<'_, PyAny>, names: usize) -> PyResult<()> {
        let mut stored: Vec<(String, String)> = Vec::with_capacity(names);
        for item in table.call_method0("items")?.try_iter()? {
            // What is no pair of texts lets nobody in and need not be imitated.
            if let Ok(pair) = item?.extract() {
                stored.push(pair);
            }
        }
        if let Err(unreadable) =
            self.users.reread(stored.iter().map(|(name, text)| (&**name, &**text)), &Hashlib)
        {
            error!(target: "dash_auth", "{unreadable}; this user cannot log in");
        }
        Ok(())
    }
}

fn verified<'py>(name: &Bound<'py, PyString>, stored: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    (name, stored).into_pyobject(name.py()).map(Bound::into_any)
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| String::from("that"), |name| name.to_string())
}

fn refuse_unreadable<'py>(name: &Bound<'py, PyString>, reason: &str) -> PyResult<Bound<'py, PyAny>> {
    error!(target: "dash_auth", "refused: the stored password of user {} {reason}", name.repr()?);
    Refusal::Wrong.into_pyobject(name.py()).map(Bound::into_any)
}
