//! Module `dash_auth._core`: converts types and errors, decides nothing.

mod attempt;
mod callbacks;
mod credentials;
mod gate;
mod handles;
mod passwords;
mod routes;
mod seal;
mod target;
mod throttle;
mod ticket;
mod users;

use pyo3::prelude::*;
use pyo3_log::{Caching, Logger};

/// The Rust core of `dash_auth`.
#[pymodule]
mod _core {
    use super::{Bound, Caching, Logger, PyModule, PyResult};

    #[pymodule_export]
    use super::attempt::{Attempt, Refusal, VerifiedCredentials};
    #[pymodule_export]
    use super::callbacks::Callback;
    #[pymodule_export]
    use super::credentials::{Credentials, parse_basic, why_no_credentials};
    #[pymodule_export]
    use super::gate::{Endpoint, Gate, Routed, Standing, below_prefix, is_own_page, is_same_origin};
    #[pymodule_export]
    use super::handles::HandleSeal;
    #[pymodule_export]
    use super::passwords::{
        Turn, check_password_hash, generate_bcrypt, generate_password_hash, is_plaintext, password_fault,
        password_needs_rehash, read_htpasswd,
    };
    #[pymodule_export]
    use super::routes::RouteMap;
    #[pymodule_export]
    use super::seal::seal;
    #[pymodule_export]
    use super::target::{is_local, landing, way_back};
    #[pymodule_export]
    use super::throttle::{Counters, SharedGuess, Throttled};
    #[pymodule_export]
    use super::ticket::{Ticket, Tickets, claimed_time};
    #[pymodule_export]
    use super::users::Users;

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // The default cache keeps levels too, and would lose what is logged after logging is set up.
        // Where another logger is installed in the process already, that one serves.
        let _ = Logger::new(module.py(), Caching::Loggers)?.install();
        Ok(())
    }
}
