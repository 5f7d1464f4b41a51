//! Rules in Flask's syntax, and one matcher for all of them.
//!
//! # What a rule says
//!
//! A rule begins with a slash; `<name>` and `<converter:name>` stand for text, as in
//! `/docs/<path:page>` or `/app-<int(min=1):version>.js`. The converters are werkzeug's:
//!
//! | converter | takes | arguments |
//! | --- | --- | --- |
//! | none, `default`, `string` | text without a slash | `minlength=1`, `maxlength`, `length` |
//! | `int` | digits of any script, up to 4,300 | `fixed_digits`, `min`, `max`, `signed=False` |
//! | `float` | digits, a point, digits | `min`, `max`, `signed=False` |
//! | `any` | one of its arguments | the values |
//! | `uuid` | a UUID with hyphens | |
//! | `path` | any text that does not begin with a slash; no newline but as the first character | |
//!
//! # What matches
//!
//! The oracle is `werkzeug.routing.Map([...]).bind("").test(path)`, its order included: literals go
//! before variables, the number converters before texts, paths last. Its consequences are kept:
//! a rule that lacks only the slash at the end of `/docs/` ends the search with a redirect, and a value
//! beyond a `min`, `max` or `fixed_digits` ends it without a match, even if another rule fits.
//!
//! # Where this is stricter than werkzeug
//!
//! - [`Matched::Redirect`] is kept apart from [`Matched::Yes`]: a path counts as it stands only if it
//!   needs no slash at its end, no slashes merged and none taken from or added to its start.
//! - A path longer than [`MAX_PATH`] matches nothing.
//! - A path with a segment `.` or `..` matches nothing ([`has_dot_segment`]).
//! - Custom converters, arguments that werkzeug would silently drop, and arguments with which it fails
//!   on each request are refused when the rule is parsed.

mod argument;
mod converter;
mod number;
mod part;
mod rule;
mod sample;
mod state;
mod template;

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

pub use rule::{Reason, Rule, RuleError};
use state::{Found, Tree};
pub use template::steps;

/// The longest path that is looked at, in bytes of UTF-8: servers refuse longer ones, but a pathname
/// in a request's body is bounded by nothing else.
pub const MAX_PATH: usize = 65_536;

/// Tells whether a segment of the path is `.` or `..`, where a backslash divides segments too.
///
/// Handlers take such segments out after a rule has been compared with the path, and honest clients
/// before they ask (RFC 3986 section 5.2.4).
#[must_use]
pub fn has_dot_segment(path: &str) -> bool {
    path.contains('.') && path.split(['/', '\\']).any(|segment| matches!(segment, "." | ".."))
}

/// What became of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// No rule matches.
    No,
    /// Werkzeug takes the path, but not as it stands: it would redirect, or set its first slashes right.
    Redirect,
    /// A rule matches the path as it stands.
    Yes,
}

impl Matched {
    /// Returns whether werkzeug would say that the path matches.
    #[must_use]
    pub fn is_match(self) -> bool {
        self != Self::No
    }
}

impl Rule {
    /// Returns a few paths that this rule matches, built with its own converters; none if no path does.
    #[must_use]
    pub fn sample_paths(&self) -> Vec<String> {
        sample::paths(self)
    }

    /// Returns whether this rule covers a page template in Dash's syntax: literal for literal, variable
    /// for variable, and whatever follows for a `<path:x>` at its end.
    #[must_use]
    pub fn covers(&self, template: &str) -> bool {
        template::covers(self, template)
    }
}

/// All the rules of one app.
#[derive(Clone, Debug, Default)]
pub struct RouteMap {
    rules: Vec<Arc<Rule>>,
    literals: HashSet<Box<str>>,
    tree: Tree,
}

impl RouteMap {
    /// Builds a map without rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule. The cost does not grow with the number of rules.
    pub fn add(&mut self, rule: Rule) {
        let rule = Arc::new(rule);
        if let Some(path) = rule.literal_path() {
            self.literals.insert(path.into());
        }
        self.rules.push(Arc::clone(&rule));
        self.tree.add(rule);
    }

    /// Returns the rules in the order in which they were added.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter().map(AsRef::as_ref)
    }

    /// Returns whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Returns whether the path matches, as werkzeug would say, and if so whether it does as it stands.
    #[must_use]
    pub fn test(&self, path: &str) -> Matched {
        if path.len() > MAX_PATH || has_dot_segment(path) {
            return Matched::No;
        }
        if self.literals.contains(path) {
            return Matched::Yes;
        }
        let stripped = path.trim_start_matches('/');
        let rooted;
        let as_it_stands = path.strip_prefix('/').is_some_and(|rest| rest.len() == stripped.len());
        let path = if as_it_stands || path.is_empty() {
            path
        } else {
            rooted = format!("/{stripped}");
            &rooted
        };
        match self.first(path) {
            Some(Found::WithSlash) => Matched::Redirect,
            Some(Found::Rules(rules)) => match rules.first() {
                // Only now are values checked, and by the first rule alone: so does werkzeug.
                Some(rule) if !rule.has_checks(path.len()) || rule.matches(path) => {
                    if as_it_stands {
                        Matched::Yes
                    } else {
                        Matched::Redirect
                    }
                }
                _ => Matched::No,
            },
            None if path.contains("//") && self.first(&rule::merge_slashes(path)).is_some() => {
                Matched::Redirect
            }
            None => Matched::No,
        }
    }

    /// Returns whether a rule matches the path as it stands.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.test(path) == Matched::Yes
    }

    /// Returns whether a rule without variables names exactly this path.
    #[must_use]
    pub fn literal(&self, path: &str) -> bool {
        self.literals.contains(path) && !has_dot_segment(path)
    }

    /// Returns whether the path matches as it stands, and a rule that matches it also covers the
    /// template of the Dash page that answers it.
    #[must_use]
    pub fn opens_template(&self, pathname: &str, template: &str) -> bool {
        if !self.matches(pathname) {
            return false;
        }
        let mut opens = false;
        self.tree.search(pathname, |found| {
            if let Found::Rules(rules) = found {
                opens = rules.iter().any(|rule| rule.covers(template) && rule.matches(pathname));
            }
            opens
        });
        opens
    }

    /// Returns what the search comes upon first.
    fn first(&self, path: &str) -> Option<Found<'_>> {
        let mut first = None;
        self.tree.search(path, |found| {
            first = Some(found);
            true
        });
        first
    }
}

/// The developer's list of rules, which may grow while requests are asked about.
#[derive(Clone, Debug, Default)]
pub struct LiveRules(Arc<RwLock<RouteMap>>);

impl LiveRules {
    /// Returns the rules as they are now.
    pub fn read(&self) -> RwLockReadGuard<'_, RouteMap> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(rule);
    }
}
