//! Rules in Flask's syntax, a page template and a path.

use dash_auth::routes::{RouteMap, Rule};

/// Reads the input as rules, a template and a path, divided by NULs; returns whether a rule matches
/// the path as it stands.
///
/// # Panics
///
/// Panics if the answers about one path contradict each other, or if the map opens what none of its
/// rules opens alone.
#[must_use]
pub fn route(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let mut parts: Vec<&str> = text.split('\0').collect();
    let path = parts.pop().unwrap_or_default();
    let template = parts.pop().unwrap_or_default();
    let mut map = RouteMap::new();
    let mut rules = Vec::new();
    for text in parts {
        match Rule::parse(text) {
            Ok(rule) => {
                alone(&rule, template, path);
                rules.push(rule.clone());
                map.add(rule);
            }
            Err(error) => {
                let _ = error.to_string();
            }
        }
    }
    assert_eq!(map.len(), rules.len());
    consistent(&map, template, path);
    if map.matches(path) {
        assert!(rules.iter().any(|rule| rule.matches(path)), "no rule alone matches {path:?}");
    }
    if map.opens_template(path, template) {
        let opens = |rule: &Rule| rule.matches(path) && rule.covers(template);
        assert!(rules.iter().any(opens), "no rule alone opens {template:?} for {path:?}");
    }
    map.matches(path)
}

/// A rule says the same in a map of its own.
fn alone(rule: &Rule, template: &str, path: &str) {
    let mut map = RouteMap::new();
    map.add(rule.clone());
    consistent(&map, template, path);
    assert_eq!(map.matches(path), rule.matches(path), "{:?} and {path:?}", rule.text());
    for sample in rule.sample_paths() {
        assert!(map.matches(&sample), "{:?} does not match its sample {sample:?}", rule.text());
    }
}

fn consistent(map: &RouteMap, template: &str, path: &str) {
    let matched = map.test(path);
    if map.literal(path) {
        assert!(map.matches(path), "a literal rule does not match its own path {path:?}");
    }
    if map.matches(path) {
        assert!(matched.is_match(), "{path:?} matches and does not");
    }
    if map.opens_template(path, template) {
        assert!(map.matches(path), "{path:?} opens {template:?} without a match");
    }
}
