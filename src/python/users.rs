//! Class `Users`, and the developer's own table as the core asks for it.

use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyString};

use super::attempt::{Begun, Brought};
use super::passwords::Hashlib;
use super::seal::draw_key;
use super::throttle::{Counters, seconds};
use crate::attempt::{Found, Table};
use crate::users;

impl From<users::TableError> for PyErr {
    fn from(error: users::TableError) -> Self {
        PyValueError::new_err(error.to_string())
    }
}

/// Verifies credentials against the developer's own table of stored passwords.
#[pyclass(frozen)]
pub(super) struct Users {
    users: Arc<users::Users>,
    is_named: bool,
}

#[pymethods]
impl Users {
    /// Read the table; raise `ValueError` or `TypeError`, naming the user, where a name or a stored
    /// value could never log in, and `ValueError` where there are no users.
    ///
    /// Where it `is_named`, the live table holds triples: the user's own name, the stored value, and
    /// what stands for it.
    #[new]
    #[pyo3(signature = (table: "dict[str, str]", /, *, is_named = false, counters = None))]
    fn new(table: &Bound<'_, PyDict>, is_named: bool, counters: Option<&Counters>) -> PyResult<Self> {
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
        let stored = stored.iter().map(|(name, text)| (&**name, &**text));
        let users = users::Users::new(draw_key()?, stored, &Hashlib)?;
        let counters = counters.map(|counters| Arc::clone(&counters.0));
        Ok(Self { users: Arc::new(users.throttled(counters)), is_named })
    }

    /// Return whose credentials they are and what they were verified against, or why there are none; or
    /// the attempt, where that is to hash. They are a header's, or were typed.
    ///
    /// The live table is asked anew each time, so that a removed user or a changed password counts at
    /// once.
    #[pyo3(signature = (brought, table, address, now = 0.0, /))]
    #[allow(clippy::needless_pass_by_value)]
    fn attempt<'py>(
        &self,
        brought: Brought<'py>,
        table: &Bound<'py, PyAny>,
        address: &str,
        now: f64,
    ) -> PyResult<Begun<'py>> {
        let live = Live { table, is_named: self.is_named };
        let attempted = self.users.attempt(brought.as_core(), &live, address, seconds(now)?, &Hashlib)?;
        Ok(Begun::of_table(attempted, &live))
    }
}

/// What a table holds of a user.
pub(super) struct Account {
    name: PyBackedStr,
    stored: PyBackedStr,
    against: PyBackedStr,
}

impl AsRef<str> for Account {
    fn as_ref(&self) -> &str {
        &self.stored
    }
}

impl Account {
    /// Returns the user's name, and what the user was verified against.
    pub(super) fn verified<'py>(&self, py: Python<'py>) -> (Bound<'py, PyString>, Bound<'py, PyString>) {
        (self.name.as_py_str().bind(py).clone(), self.against.as_py_str().bind(py).clone())
    }
}

/// The developer's own table: a mapping.
pub(super) struct Live<'a, 'py> {
    pub(super) table: &'a Bound<'py, PyAny>,
    pub(super) is_named: bool,
}

impl Live<'_, '_> {
    /// Reads what stands under a name; `None` where it is not of the right types.
    fn read(&self, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> Option<PyResult<Account>> {
        let (name, stored, against): (Bound<'_, PyString>, Bound<'_, PyString>, Bound<'_, PyString>) =
            if self.is_named {
                value.extract().ok()?
            } else {
                let stored = value.cast::<PyString>().ok()?.clone();
                (name.clone(), stored.clone(), stored)
            };
        Some(
            name.try_into().and_then(|name| {
                Ok(Account { name, stored: stored.try_into()?, against: against.try_into()? })
            }),
        )
    }
}

impl Table for Live<'_, '_> {
    type Account = Account;
    type Error = PyErr;

    fn find(&self, name: &str) -> PyResult<Found<Account>> {
        let name = PyString::new(self.table.py(), name);
        let value = self.table.call_method1("get", (&name,))?;
        Ok(match self.read(&name, &value) {
            Some(Ok(account)) => Found::Account(account),
            Some(Err(_)) => Found::Unreadable("is no Unicode text"),
            // A name that stands there with nothing is a mistake to tell of, unlike an unknown one.
            None if value.is_none() && (self.is_named || !self.table.contains(&name)?) => Found::Nobody,
            None => Found::Unreadable("is no str"),
        })
    }

    fn name<'a>(&self, account: &'a Account, _typed: &'a str) -> &'a str {
        &account.name
    }

    fn count(&self) -> PyResult<usize> {
        self.table.len()
    }

    fn all(&self) -> PyResult<Vec<(String, String)>> {
        let mut stored = Vec::with_capacity(self.table.len()?);
        for item in self.table.call_method0("items")?.try_iter()? {
            // What is no pair of texts lets nobody in and need not be imitated.
            if let Ok((name, value)) = item?.extract::<(Bound<'_, PyString>, Bound<'_, PyAny>)>()
                && let (Ok(text), Some(Ok(account))) = (name.to_str(), self.read(&name, &value))
            {
                stored.push((text.to_owned(), account.as_ref().to_owned()));
            }
        }
        Ok(stored)
    }
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| String::from("that"), |name| name.to_string())
}
