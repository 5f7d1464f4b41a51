//! Class `Attempt` and what it is an outcome of: `Users` and `VerifiedCredentials`.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::passwords::Hashlib;
use super::seal::draw_key;
use super::users::{Account, Live};
use crate::attempt::{self, Attempted, Memory, Outcome, ToAsk, ToHash};

/// Why credentials let nobody in.
#[pyclass(frozen, eq, rename_all = "SCREAMING_SNAKE_CASE")]
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Refusal {
    /// There are none.
    Absent,
    /// They are wrong.
    Wrong,
    /// The server verifies as many as it can; the client is to come back.
    Busy,
    /// Who knows the users cannot be asked just now; the client is to come back.
    Unavailable,
}

impl From<attempt::Refusal> for Refusal {
    fn from(refusal: attempt::Refusal) -> Self {
        match refusal {
            attempt::Refusal::Absent => Self::Absent,
            attempt::Refusal::Wrong => Self::Wrong,
            attempt::Refusal::Busy => Self::Busy,
            attempt::Refusal::Unavailable => Self::Unavailable,
        }
    }
}

/// The name of a user, and what the user was verified against; nothing, where that is not known.
type Verified<'py> = (Bound<'py, PyString>, Bound<'py, PyString>);

/// What comes of credentials at once.
#[derive(IntoPyObject)]
pub(super) enum Begun<'py> {
    Known(Verified<'py>),
    Refused(Refusal),
    Work(Attempt),
}

/// What comes of them in the end.
#[derive(IntoPyObject)]
pub(super) enum Ended<'py> {
    Known(Verified<'py>),
    Refused(Refusal),
}

impl<'py> Begun<'py> {
    pub(super) fn of_table(outcome: Attempted<Account>, live: &Live<'_, 'py>) -> Self {
        let table = live.table.clone();
        match outcome {
            Outcome::Known(account) => Self::Known(account.verified(table.py())),
            Outcome::Refused(refusal) => Self::Refused(refusal.into()),
            Outcome::Work(work) => {
                Self::Work(Attempt(Work::Hash { work, table: table.unbind(), is_named: live.is_named }))
            }
        }
    }
}

/// Credentials of which it is not known yet whether they are right.
#[pyclass(frozen)]
pub(super) struct Attempt(Work);

enum Work {
    Hash { work: ToHash<Account>, table: Py<PyAny>, is_named: bool },
    Ask(ToAsk),
}

impl Attempt {
    fn credentials(&self) -> &crate::basic::Credentials {
        match &self.0 {
            Work::Hash { work, .. } => work.credentials(),
            Work::Ask(work) => work.credentials(),
        }
    }

    fn asked<'py>(&self, py: Python<'py>) -> Verified<'py> {
        unstored(py, self.credentials().username())
    }
}

#[pymethods]
impl Attempt {
    /// The name as it was sent.
    #[getter]
    fn username(&self) -> &str {
        self.credentials().username()
    }

    /// The password as it was sent.
    #[getter]
    fn password(&self) -> &str {
        self.credentials().password()
    }

    /// Return what comes of the credentials, None if the caller is to ask and to land the finding.
    ///
    /// Without holding the interpreter it hashes, or waits for another request that asks about the
    /// same credentials; where the caller cannot wait, it asks as well.
    #[pyo3(signature = (*, can_wait = true))]
    fn verify<'py>(&'py self, py: Python<'py>, can_wait: bool) -> PyResult<Option<Ended<'py>>> {
        Ok(Some(match &self.0 {
            Work::Hash { work, table, is_named } => {
                let live = Live { table: table.bind(py), is_named: *is_named };
                let decoy = work.decoy(&live, &Hashlib)?;
                match py.detach(|| work.verify(decoy.as_ref(), &Hashlib)) {
                    Ok(account) => Ended::Known(account.verified(py)),
                    Err(refusal) => Ended::Refused(refusal.into()),
                }
            }
            Work::Ask(work) => match py.detach(|| work.wait(can_wait)) {
                Outcome::Known(()) => Ended::Known(self.asked(py)),
                Outcome::Refused(refusal) => Ended::Refused(refusal.into()),
                Outcome::Work(()) => return Ok(None),
            },
        }))
    }

    /// Tell all requests that wait what was found out, and return what comes of it; None sends them
    /// away to come back later.
    #[pyo3(signature = (accepted, /))]
    fn land<'py>(&self, py: Python<'py>, accepted: Option<bool>) -> PyResult<Ended<'py>> {
        match &self.0 {
            Work::Hash { .. } => Err(PyValueError::new_err("a table is asked by verify alone")),
            Work::Ask(work) => Ok(match work.land(accepted) {
                Ok(()) => Ended::Known(self.asked(py)),
                Err(refusal) => Ended::Refused(refusal.into()),
            }),
        }
    }
}

/// Remembers for some seconds the credentials that something else than a table found to be right.
#[pyclass(frozen)]
pub(super) struct VerifiedCredentials(Memory);

#[pymethods]
impl VerifiedCredentials {
    /// Remember for some seconds; 0 keeps nothing, and each request asks.
    #[new]
    #[pyo3(signature = (seconds, /))]
    fn new(seconds: f64) -> PyResult<Self> {
        let lifetime = Duration::try_from_secs_f64(seconds)
            .map_err(|_| PyValueError::new_err("the seconds must be a positive number"))?;
        Ok(Self(Memory::new(draw_key()?, lifetime)))
    }

    /// Return whose credentials a header holds if that is remembered, why there are none, or the
    /// attempt to find out.
    ///
    /// What is remembered counts for the account that they are meant for alone.
    #[pyo3(signature = (header, account, address, /))]
    fn attempt<'py>(&self, header: &Bound<'py, PyString>, account: &str, address: &str) -> Begun<'py> {
        match self.0.attempt(text_of(header), account, address) {
            Outcome::Known(credentials) => Begun::Known(unstored(header.py(), credentials.username())),
            Outcome::Refused(refusal) => Begun::Refused(refusal.into()),
            Outcome::Work(work) => Begun::Work(Attempt(Work::Ask(work))),
        }
    }
}

/// Returns the text of a header; text that is no UTF-8 (a lone surrogate) holds no credentials either.
pub(super) fn text_of<'a>(header: &'a Bound<'_, PyString>) -> &'a str {
    header.to_str().unwrap_or_default()
}

fn unstored<'py>(py: Python<'py>, name: &str) -> Verified<'py> {
    (PyString::new(py, name), PyString::new(py, ""))
}
