//! Class `Users`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use log::error;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::credentials::{ADMISSION, Refusal, parse};
use super::passwords::Hashlib;
use super::seal::draw_key;
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
    /// were verified against, or why there is none.
    ///
    /// The table is asked anew each time, so that a removed user or a changed password counts at
    /// once. Hashing is done without holding the interpreter.
    #[pyo3(signature = (header, table, address, /))]
    fn authenticate<'py>(
        &self,
        python: Python<'py>,
        header: &Bound<'py, PyString>,
        table: &Bound<'py, PyAny>,
        address: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
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
        if stored.is_some_and(|stored| self.users.are_known(&credentials, stored, &Hashlib)) {
            return verified(&name, &found);
        }
        let decoy = if stored.is_none() { self.decoy(credentials.username(), table)? } else { None };
        let against = match (stored, &decoy) {
            (Some(stored), _) => Against::Stored(stored),
            (None, Some((owner, stored))) => Against::Decoy(owner, stored),
            (None, None) => Against::Nothing,
        };
        let authentication =
            python.detach(|| self.users.verify(&credentials, against, address, &ADMISSION, &Hashlib));
        let refusal = match authentication {
            Authentication::Verified => return verified(&name, &found),
            Authentication::UnreadableStored(reason) => {
                return refuse_unreadable(&name, &reason.to_string());
            }
            Authentication::Busy => Refusal::Busy,
            Authentication::Refused => Refusal::Wrong,
        };
        refusal.into_pyobject(python).map(Bound::into_any)
    }

    /// Tells whether a header holds credentials that are right, as far as that can be told without
    /// hashing: those that were verified lately, and those of a plaintext password.
    #[pyo3(signature = (header, table, /))]
    fn knows(&self, header: &Bound<'_, PyString>, table: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Some(credentials) = parse(header) else { return Ok(false) };
        let stored = table.call_method1("get", (credentials.username(),))?;
        let stored = stored.cast::<PyString>().ok().and_then(|text| text.to_str().ok());
        Ok(stored.is_some_and(|stored| self.users.are_known(&credentials, stored, &Hashlib)))
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
