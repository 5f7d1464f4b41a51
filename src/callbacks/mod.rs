//! May this Dash callback run with no login?
//!
//! What counts is the callback that Dash will run, with the inputs and states declared for it; what
//! the client says of ids and properties is only compared. Dash passes values by position and
//! ignores names, so everything is compared position by position, and whatever does not match is
//! refused: a body that names a public callback, or a routing callback, but carries another's
//! values, never reaches Dash.

mod body;
mod declaration;
mod location;
mod sent;

pub use body::Mismatch;
pub use declaration::{DeclarationError, Dependency, Outputs};
pub use location::Location;
pub use sent::Sent;

/// A registered callback, as its declaration has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    inputs: Vec<Dependency>,
    state: Vec<Dependency>,
    outputs: Outputs,
}

impl Callback {
    /// Returns the callback with these dependencies.
    #[must_use]
    pub fn new(inputs: Vec<Dependency>, state: Vec<Dependency>, outputs: Outputs) -> Self {
        Self { inputs, state, outputs }
    }
}
