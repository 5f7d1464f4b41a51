//! Classes `Counters` and `Throttled`.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::seal::draw_key;
use crate::throttle::{Repeated, Settings, Throttle};

/// Counts the attempts to log in; several kinds of passwords may share one.
#[pyclass(frozen)]
pub(super) struct Counters(pub(super) Arc<Throttle>);

#[pymethods]
impl Counters {
    /// Begin with nothing counted; the times are in seconds.
    ///
    /// A wrong password that comes again is refused without being looked at for `repeated` seconds;
    /// None for as long as it is remembered. Or for so long it `asks_again`, and counts it once.
    #[new]
    #[pyo3(signature = (
        *, account_free, account_first, account_longest, address_free, address_longest, known_free,
        stop_after = None, repeated = None, asks_again = false
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        account_free: u32,
        account_first: f64,
        account_longest: f64,
        address_free: u32,
        address_longest: f64,
        known_free: u32,
        stop_after: Option<u32>,
        repeated: Option<f64>,
        asks_again: bool,
    ) -> PyResult<Self> {
        let repeated = match repeated.map(seconds).transpose()? {
            Some(time) if asks_again => Repeated::LookedAt(time),
            time => Repeated::Refused(time),
        };
        let settings = Settings {
            account_free,
            account_first: seconds(account_first)?,
            account_longest: seconds(account_longest)?,
            address_free,
            address_longest: seconds(address_longest)?,
            known_free,
            stop_after,
            repeated,
        };
        Ok(Self(Arc::new(Throttle::new(draw_key()?, settings))))
    }
}

/// A password was guessed too often: nothing was looked at.
#[pyclass(frozen, eq, hash)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Throttled {
    /// After how many seconds the client may come back, rounded up.
    #[pyo3(get)]
    pub(super) seconds: u64,
}

#[pymethods]
impl Throttled {
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn __repr__(&self) -> String {
        format!("Throttled(seconds={})", self.seconds)
    }
}

/// Returns a time that Python states in seconds.
pub(super) fn seconds(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| PyValueError::new_err("the seconds must be a positive number"))
}
