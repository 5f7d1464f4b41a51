//! Class `Attempt` and what it is an outcome of: `Users` and `VerifiedCredentials`.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::credentials::Credentials;
use super::passwords::Hashlib;
use super::seal::draw_key;
use super::throttle::{Counters, SharedGuess, Throttled, seconds};
use super::users::{Account, Live};
use crate::attempt::{self, Attempted, Memory, Origin, Outcome, ToAsk, ToHash};
use crate::throttle::{Asks, Browser, Guess, Held};

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
    /// It was guessed too often; the client is to come back after some seconds.
    Throttled,
}

/// How credentials come: in the value of an `Authorization` header, or as somebody typed them.
#[derive(FromPyObject)]
pub(super) enum Brought<'py> {
    Header(Bound<'py, PyString>),
    Typed(PyRef<'py, Credentials>),
}

impl Brought<'_> {
    pub(super) fn as_core(&self) -> attempt::Brought<'_> {
        match self {
            // Text that is no UTF-8 (a lone surrogate) holds no credentials either.
            Self::Header(header) => attempt::Brought::Header(header.to_str().unwrap_or_default()),
            Self::Typed(typed) => attempt::Brought::Typed(&typed.0),
        }
    }
}

/// Why credentials let nobody in, as Python has it.
#[derive(IntoPyObject)]
pub(super) enum Refused {
    Refusal(Refusal),
    Throttled(Throttled),
}

impl From<attempt::Refusal> for Refused {
    fn from(refusal: attempt::Refusal) -> Self {
        Self::Refusal(match refusal {
            attempt::Refusal::Absent => Refusal::Absent,
            attempt::Refusal::Wrong => Refusal::Wrong,
            attempt::Refusal::Busy => Refusal::Busy,
            attempt::Refusal::Unavailable => Refusal::Unavailable,
            attempt::Refusal::Throttled(seconds) => return Self::Throttled(Throttled { seconds }),
        })
    }
}

/// The name of a user, and what the user was verified against; nothing, where that is not known.
type Verified<'py> = (Bound<'py, PyString>, Bound<'py, PyString>);

/// What comes of credentials at once.
#[derive(IntoPyObject)]
#[allow(clippy::large_enum_variant)] // It becomes an object of Python's at once.
pub(super) enum Begun<'py> {
    Known(Verified<'py>),
    Refused(Refused),
    Work(Attempt),
}

/// What comes of them in the end.
#[derive(IntoPyObject)]
pub(super) enum Ended<'py> {
    Known(Verified<'py>),
    Refused(Refused),
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

    fn guess(&self) -> Option<(&Guess, Asks)> {
        match &self.0 {
            Work::Hash { work, .. } => work.shared(),
            Work::Ask(work) => work.shared(),
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

    /// The stored value that the password is verified against, None where the name is unknown.
    #[getter]
    fn stored(&self) -> Option<&str> {
        match &self.0 {
            Work::Hash { work, .. } => work.stored(),
            Work::Ask(_) => None,
        }
    }

    /// Whether the credentials are remembered as right.
    #[getter]
    fn is_remembered(&self) -> bool {
        match &self.0 {
            Work::Hash { work, .. } => work.is_remembered(),
            Work::Ask(work) => work.is_remembered(),
        }
    }

    /// Return what comes of the credentials at once, None if they are to be verified.
    ///
    /// Where guesses are counted it comes before that. `now` is the time in seconds, by any clock that
    /// is never set back; `account` the name of the account that they are meant for, where a table does
    /// not say so; `forwarded` what a header says of further addresses; `device` the id of the browser's
    /// device, empty for a new one, None where there are no such ids.
    #[pyo3(signature = (now, /, *, account = "", forwarded = None, device = None))]
    fn begin<'py>(
        &'py self,
        py: Python<'py>,
        now: f64,
        account: &str,
        forwarded: Option<&str>,
        device: Option<&str>,
    ) -> PyResult<Option<Ended<'py>>> {
        let browser = match device {
            None => Browser::Address,
            Some("") => Browser::New,
            Some(id) => Browser::Device(id),
        };
        let origin = Origin { forwarded, browser, now: seconds(now)? };
        Ok(match &self.0 {
            Work::Hash { work, .. } => match work.begin(&origin, &Hashlib) {
                Outcome::Known(account) => Some(Ended::Known(account.verified(py))),
                Outcome::Refused(refusal) => Some(Ended::Refused(refusal.into())),
                Outcome::Work(()) => None,
            },
            Work::Ask(work) => match work.begin(account, &origin) {
                Outcome::Known(()) => Some(Ended::Known(self.asked(py))),
                Outcome::Refused(refusal) => Some(Ended::Refused(refusal.into())),
                Outcome::Work(()) => None,
            },
        })
    }

    /// Return by which keys the guess that has begun is counted elsewhere, under a secret and among
    /// those of one scope, and what is to be asked there; None if nothing is.
    #[pyo3(signature = (secret, scope, /))]
    fn shared(&self, secret: &[u8], scope: &str) -> Option<SharedGuess> {
        self.guess().and_then(|(guess, asks)| SharedGuess::of(guess, asks, secret, scope))
    }

    /// Have the guess not wait: it may be made, as is known from elsewhere.
    fn let_through(&self) {
        if let Some((guess, _)) = self.guess() {
            guess.let_through();
        }
    }

    /// Return that the guess has to wait for some milliseconds, as is known from elsewhere.
    #[pyo3(signature = (milliseconds, /))]
    fn hold(&self, milliseconds: u64) -> Throttled {
        if let Some((guess, _)) = self.guess() {
            guess.hold();
        }
        let held = Held::Wait(Duration::from_millis(milliseconds));
        Throttled { seconds: held.seconds().unwrap_or(1) }
    }

    /// Return what comes of the credentials, None if the caller is to ask and to land the finding.
    ///
    /// Without holding the interpreter it hashes, or waits for another request that asks about the
    /// same credentials; where the caller cannot wait, it asks as well.
    #[pyo3(signature = (*, can_wait = true))]
    fn verify<'py>(&'py self, py: Python<'py>, can_wait: bool) -> PyResult<Option<Ended<'py>>> {
        let is_to_begin = match &self.0 {
            Work::Hash { work, .. } => work.is_to_begin(),
            Work::Ask(work) => work.is_to_begin(),
        };
        if is_to_begin {
            return Err(PyValueError::new_err("guesses are counted: the attempt is to begin first"));
        }
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
    #[pyo3(signature = (lifetime, /, *, counters = None))]
    fn new(lifetime: f64, counters: Option<&Counters>) -> PyResult<Self> {
        let counters = counters.map(|counters| Arc::clone(&counters.0));
        Ok(Self(Memory::new(draw_key()?, seconds(lifetime)?, counters)))
    }

    /// Return whose credentials they are if that is remembered, why there are none, or the attempt to
    /// find out. They are a header's, or were typed.
    ///
    /// What is remembered counts for the account that they are meant for alone.
    #[pyo3(signature = (brought, account, address, now = 0.0, /))]
    #[allow(clippy::needless_pass_by_value)]
    fn attempt<'py>(
        &self,
        py: Python<'py>,
        brought: Brought<'py>,
        account: &str,
        address: &str,
        now: f64,
    ) -> PyResult<Begun<'py>> {
        Ok(match self.0.attempt(brought.as_core(), account, address, seconds(now)?) {
            Outcome::Known(credentials) => Begun::Known(unstored(py, credentials.username())),
            Outcome::Refused(refusal) => Begun::Refused(refusal.into()),
            Outcome::Work(work) => Begun::Work(Attempt(Work::Ask(work))),
        })
    }
}

fn unstored<'py>(py: Python<'py>, name: &str) -> Verified<'py> {
    (PyString::new(py, name), PyString::new(py, ""))
}
