//! Where a callback leads that shows pages.

use super::declaration::Id;
use super::{Callback, Outputs, Sent};
use crate::gate;

/// The properties of a component that tell where the browser is. `href` carries a path of its own
/// and is not among them.
const LOCATION_PROPERTIES: [&str; 3] = ["pathname", "search", "hash"];

/// The longest query string of a page, in bytes of UTF-8, and the most fields that it may have: Dash
/// parses it.
const MAX_SEARCH: usize = 64 * 1024;
const MAX_SEARCH_FIELDS: usize = 1_000;

/// Where a routing callback is about to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The `pathname` that the callback will receive.
    pub pathname: String,
    /// The `search` that it will receive, empty where it receives none.
    pub search: String,
}

impl Callback {
    /// Tells whether this callback does nothing but turn the browser's location into content: all
    /// its Inputs are location properties of one component, `pathname` among them, it has no State,
    /// and its one Output is the `children` of a component.
    #[must_use]
    pub fn is_routing(&self) -> bool {
        let Some(first) = self.inputs.first() else { return false };
        // A pathname declared twice arrives twice, and one of the two values alone would be judged.
        let one_location = matches!(first.id, Id::Text(_))
            && self.inputs.iter().enumerate().all(|(position, input)| {
                input.id == first.id
                    && LOCATION_PROPERTIES.contains(&input.property.as_str())
                    && self.input_position(&input.property) == Some(position)
            });
        let children = match &self.outputs {
            Outputs::Single(output) => output.property == "children" && !output.is_several(),
            Outputs::Multiple(outputs) => {
                matches!(outputs.as_slice(), [output] if output.property == "children" && !output.is_several())
            }
            Outputs::None => false,
        };
        one_location && children && self.state.is_empty() && self.input_position("pathname").is_some()
    }

    /// Returns where an admitted body leads a routing callback; `None` where the pathname is no
    /// text or can be no page's, or the search neither text nor undefined, or too long.
    #[allow(clippy::needless_pass_by_value)] // What is sent is at hand by reference.
    #[must_use]
    pub fn location<S: Sent>(&self, body: S) -> Option<Location> {
        let inputs = body.member("inputs")?.items()?;
        let value = |property| inputs.get(self.input_position(property)?)?.member("value");
        let search = match value("search") {
            Some(search) if !search.is_null() => search.text()?.to_owned(),
            _ => String::new(),
        };
        let fields = search.matches('&').count() + 1;
        let pathname = value("pathname")?.text()?.to_owned();
        let is_small = search.len() <= MAX_SEARCH && fields <= MAX_SEARCH_FIELDS;
        (is_small && gate::may_be_page(&pathname)).then_some(Location { pathname, search })
    }

    fn input_position(&self, property: &str) -> Option<usize> {
        self.inputs.iter().position(|input| input.property == property)
    }
}
