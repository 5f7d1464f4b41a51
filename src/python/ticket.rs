//! Classes `Tickets` and `Ticket`.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::ticket as core;

/// Issues and reads the tickets of one guard.
#[pyclass(frozen, module = "dash_auth._core")]
pub(super) struct Tickets(core::Tickets);

#[pymethods]
impl Tickets {
    /// Names the guard whose tickets they are.
    #[new]
    fn new(guard: String) -> Self {
        Self(core::Tickets::new(guard))
    }

    /// Return a ticket as text, sealed with a key.
    #[pyo3(signature = (key, name, verified_against, /, *, id, auth_time, until, methods, is_for_public, claims, idle_until = None))]
    #[allow(clippy::too_many_arguments)]
    fn issue(
        &self,
        key: &[u8],
        name: String,
        verified_against: &str,
        id: String,
        auth_time: u64,
        until: Option<u64>,
        methods: Vec<String>,
        is_for_public: bool,
        claims: Vec<u8>,
        idle_until: Option<u64>,
    ) -> String {
        let ticket = core::Ticket { name, id, auth_time, until, idle_until, methods, is_for_public, claims };
        self.0.issue(key, &ticket, verified_against)
    }

    /// Read a ticket at a time, in seconds since 1970; None where it does not count.
    #[pyo3(signature = (keys: "tuple[bytes, ...]", text, now, /))]
    #[allow(clippy::needless_pass_by_value)]
    fn open(&self, keys: Vec<PyBackedBytes>, text: &str, now: u64) -> Option<Ticket> {
        let keys: Vec<&[u8]> = keys.iter().map(|key| &**key).collect();
        self.0.open(&keys, text, now).map(Ticket)
    }

    /// Tell whether a text is a ticket for this very user, under this key, verified against this very
    /// value, and counts at a time, in seconds since 1970, that may lie ahead.
    #[pyo3(signature = (key, text, at, name, verified_against, /))]
    fn says(&self, key: &[u8], text: &str, at: u64, name: &str, verified_against: &str) -> bool {
        self.0.says(key, text, at, name, verified_against)
    }
}

/// A ticket that counts: what it says of a login.
#[pyclass(frozen, module = "dash_auth._core")]
pub(super) struct Ticket(core::Opened);

#[pymethods]
impl Ticket {
    /// The name of the user.
    #[getter]
    fn name(&self) -> &str {
        &self.0.ticket.name
    }

    /// What tells this login from every other.
    #[getter]
    fn id(&self) -> &str {
        &self.0.ticket.id
    }

    /// When the user logged in, in seconds since 1970.
    #[getter]
    fn auth_time(&self) -> u64 {
        self.0.ticket.auth_time
    }

    /// When it ends, in seconds since 1970; None for no time of its own.
    #[getter]
    fn until(&self) -> Option<u64> {
        self.0.ticket.until
    }

    /// When it ends unless the user goes on working with the app, in seconds since 1970; None for never.
    #[getter]
    fn idle_until(&self) -> Option<u64> {
        self.0.ticket.idle_until
    }

    /// How the user logged in (RFC 8176).
    #[getter]
    fn methods(&self) -> Vec<String> {
        self.0.ticket.methods.clone()
    }

    /// Whether the user is known by it on public pages alone.
    #[getter]
    fn is_for_public(&self) -> bool {
        self.0.ticket.is_for_public
    }

    /// What else is known of the user.
    #[getter]
    fn claims(&self) -> &[u8] {
        &self.0.ticket.claims
    }

    /// Tell, in constant time, whether the user was verified against this very value.
    #[pyo3(signature = (verified_against, /))]
    fn is_against(&self, verified_against: &str) -> bool {
        self.0.is_against(verified_against)
    }
}

/// Return when a text claims that a user logged in, whoever made it: it decides nothing.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(super) fn claimed_time(text: &str) -> Option<u64> {
    core::claimed_time(text)
}
