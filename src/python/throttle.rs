//! Classes `Counters` and `Throttled`.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::seal::draw_key;
use crate::seal::hex;
use crate::throttle::{
    ADDRESS_FIRST, Asks, FORGIVEN_EACH, FORGOTTEN_AFTER, Guess, KNOWN_FOR, Repeated, Settings, Throttle,
};

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

    /// Have guesses counted elsewhere too: who makes one asks there first.
    fn share(&self) {
        self.0.share();
    }

    /// The numbers that hold elsewhere too, with times in milliseconds: how many failures of an account
    /// are free, its first and its longest wait; the same of an address; how many of a known pair are
    /// free; after how many an account is shut, 0 for never; after which time failures are forgotten;
    /// for how long a pair is known; after which time an address is forgiven one.
    #[getter]
    fn numbers(&self) -> (u32, f64, f64, u32, f64, f64, u32, u32, f64, f64, f64) {
        let settings = self.0.settings();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        (
            settings.account_free,
            millis(settings.account_first),
            millis(settings.account_longest),
            settings.address_free,
            millis(ADDRESS_FIRST),
            millis(settings.address_longest),
            settings.known_free,
            settings.stop_after.unwrap_or(0),
            millis(FORGOTTEN_AFTER),
            millis(KNOWN_FOR),
            millis(FORGIVEN_EACH),
        )
    }
}

/// By which keys a guess is counted elsewhere, and what is to be asked there.
#[pyclass(frozen, get_all)]
pub(super) struct SharedGuess {
    /// `book`; or `look` or `remember`, where it is not to be counted.
    asks: &'static str,
    /// The key of the account.
    account: String,
    /// The key of the account and the browser.
    pair: String,
    /// The key of the address, None where it does not count.
    address: Option<String>,
    /// Whether the browser is known by a cookie.
    has_device: bool,
    /// Whether success has the pair known by its address.
    is_by_address: bool,
    /// What tells the guess from others in this process.
    id: (u64, u64),
}

impl SharedGuess {
    /// Returns it; `None` where nothing is to be asked.
    pub(super) fn of(guess: &Guess, asks: Asks, secret: &[u8], scope: &str) -> Option<Self> {
        let asks = match asks {
            Asks::Nothing => return None,
            Asks::Look => "look",
            Asks::Remember => "remember",
            Asks::Book => "book",
        };
        let keys = guess.shared_keys(secret, scope);
        Some(Self {
            asks,
            account: hex(&keys.account),
            pair: hex(&keys.pair),
            address: keys.address.as_ref().map(hex),
            has_device: guess.has_device(),
            is_by_address: guess.is_by_address(),
            id: guess.id(),
        })
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
