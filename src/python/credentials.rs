//! Credentials, why they let nobody in, and the memory of those that were right.

use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};

use super::seal::draw_key;
use crate::admission::{Admission, LONGEST_WAIT};
use crate::{basic, cache};

/// One admission for the process, however many apps it guards: its cores and its threads are shared.
pub(super) static ADMISSION: LazyLock<Admission> =
    LazyLock::new(|| Admission::new(available_parallelism().unwrap_or(NonZeroUsize::MIN), LONGEST_WAIT));

/// The user-id and password of one request.
#[pyclass(frozen)]
pub(super) struct Credentials(basic::Credentials);

#[pymethods]
impl Credentials {
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
    parse(header).map(Credentials)
}

pub(super) fn parse(header: &Bound<'_, PyString>) -> Option<basic::Credentials> {
    // Text that is no UTF-8 (a lone surrogate) is no base64 either.
    let header = header.to_str().ok()?;
    basic::parse(header).ok()
}

/// Tells why an `Authorization` header holds no credentials; `None` where it holds some.
#[pyfunction]
#[pyo3(signature = (header, /))]
pub(super) fn why_no_credentials(header: &Bound<'_, PyString>) -> Option<String> {
    let reason = header.to_str().map_or(Some(basic::ParseError::Base64), |header| basic::parse(header).err());
    reason.map(|reason| reason.to_string())
}

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

/// Remembers credentials that the developer's own function verified, for some seconds.
#[pyclass(frozen)]
pub(super) struct VerifiedCredentials {
    cache: cache::VerifiedCredentials,
    lifetime: Duration,
}

#[pymethods]
impl VerifiedCredentials {
    #[new]
    fn new(seconds: f64) -> PyResult<Self> {
        let lifetime = Duration::try_from_secs_f64(seconds)
            .map_err(|_| PyValueError::new_err("the seconds must be a positive number"))?;
        Ok(Self { cache: cache::VerifiedCredentials::new(draw_key()?), lifetime })
    }

    /// Tells, at once, whether a header holds credentials that were verified lately.
    #[pyo3(signature = (header, /))]
    fn knows(&self, header: &Bound<'_, PyString>) -> bool {
        parse(header).is_some_and(|credentials| self.cache.is_verified(&self.cache.digest(&credentials, "")))
    }

    /// Tells whether another request is asking about the credentials, so that to look them up is to
    /// wait for it.
    #[pyo3(signature = (credentials, /))]
    fn is_in_flight(&self, credentials: &Credentials) -> bool {
        self.cache.is_in_flight(&self.cache.digest(&credentials.0, ""))
    }

    /// Returns `True` if the credentials were verified lately, a refusal if another request just
    /// found them wrong or takes too long, else the flight to land with one's own finding.
    ///
    /// An address that failed lately waits only for credentials that were right before.
    #[pyo3(signature = (credentials, address, /))]
    fn look_up<'py>(
        &self,
        python: Python<'py>,
        credentials: &Credentials,
        address: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let digest = self.cache.digest(&credentials.0, "");
        if self.cache.is_verified(&digest) {
            return Ok(PyBool::new(python, true).to_owned().into_any());
        }
        match python.detach(|| self.cache.look_up(digest, address, &ADMISSION)) {
            cache::Lookup::Verified => Ok(PyBool::new(python, true).to_owned().into_any()),
            cache::Lookup::Refused => Refusal::Wrong.into_pyobject(python).map(Bound::into_any),
            cache::Lookup::Busy => Refusal::Busy.into_pyobject(python).map(Bound::into_any),
            cache::Lookup::Unknown(flight) => {
                let flight = Flight { flight: Mutex::new(Some(flight)), lifetime: self.lifetime };
                flight.into_pyobject(python).map(Bound::into_any)
            }
        }
    }
}

/// The duty to verify credentials for all requests that wait for them.
#[pyclass(frozen)]
pub(super) struct Flight {
    flight: Mutex<Option<cache::Flight<'static>>>,
    lifetime: Duration,
}

#[pymethods]
impl Flight {
    /// Tells those who wait; `None` sends them away to come back later.
    #[pyo3(signature = (verified, /))]
    fn land(&self, verified: Option<bool>) {
        let flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(flight), Some(verified)) = (flight, verified) {
            // A lifetime past the end of the clock is as good as none.
            let expiry =
                Instant::now().checked_add(self.lifetime).map_or(cache::Expiry::Never, cache::Expiry::At);
            flight.land(verified, expiry);
        }
    }
}
