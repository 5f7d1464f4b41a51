//! What each fuzz target does with its input: a panic is a finding.
//!
//! The targets under `targets/` hand these functions to libFuzzer; `tests/stable.rs` feeds them
//! random input where there is no nightly compiler. Each function returns whether the input got to
//! the far end of what it tests, so that the seeds can be shown to reach it.

mod basic;
mod callback;
mod htpasswd;
mod route;
mod stored_hash;
mod ticket;

pub use basic::basic;
pub use callback::callback;
pub use htpasswd::htpasswd;
pub use route::route;
pub use stored_hash::stored_hash;
pub use ticket::ticket;
