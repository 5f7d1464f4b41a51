//! The facts of a request put together: may it pass with no login?
//!
//! Everything here is pure. A request is recognised by the endpoint that will serve it, not by how
//! its path looks, and what nobody declared public is private.

use crate::origin;
use crate::routes::{self, RouteMap, has_dot_segment};

/// The longest path of a page, in bytes of UTF-8.
const MAX_PAGE_PATH: usize = 8 * 1024;

/// How many steps Dash's expressions may take to find a page.
const MAX_PAGE_SEARCH: usize = 1_000_000;

/// What the server is going to run for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Dash's index page, at its own path or at any path that nothing else takes.
    Page,
    /// The view that runs callbacks.
    Callback,
    /// Layout, dependencies and reload hash: what a page needs to come to life.
    Layout,
    /// A file that anyone may have once anything is public: a registered component suite, an asset
    /// with a public extension, the favicon.
    Static,
    /// Another endpoint of Dash's: health, startup routes, routes of hooks.
    Named,
    /// An endpoint that no rule opens: MCP, WebSocket, API routes of callbacks.
    Closed,
    /// A route of the developer's own.
    Server,
    /// A route of the login itself, which decides who may do what there.
    Login,
    /// None: the server answers 404, 405 or a redirect.
    Missing,
}

/// Tells whether the declared `rules` open `endpoint` for a `path`.
///
/// A rule names a route of the server's own as it stands, or relative to the app's `prefix`. For a
/// page of Dash's, `rules` are those that lead to pages, all relative to the prefix, and
/// `rules_open_pages` says whether there is one.
#[must_use]
pub fn is_open(
    endpoint: Endpoint,
    path: &str,
    prefix: &str,
    rules: &RouteMap,
    rules_open_pages: bool,
) -> bool {
    let below = below_prefix(path, prefix);
    let either = |fits: &dyn Fn(&str) -> bool| {
        fits(path) || below.is_some_and(|below| below.len() != path.len() && fits(below))
    };
    match endpoint {
        Endpoint::Page => below.is_some_and(|below| may_be_page(below) && rules.matches(below)),
        Endpoint::Server => either(&|path| rules.matches(path)),
        Endpoint::Layout => rules_open_pages,
        Endpoint::Static => !rules.is_empty() && !has_dot_segment(path),
        // However broad a rule is, it opens an endpoint of Dash's only where it names it.
        Endpoint::Named => either(&|path| rules.literal(path)),
        Endpoint::Missing => either(&|path| rules.test(path).is_match()),
        Endpoint::Login => true,
        Endpoint::Callback | Endpoint::Closed => false,
    }
}

/// Tells whether a path can be that of a page. Browsers write no control character into a pathname,
/// and Dash's expressions take long over a line feed.
#[must_use]
pub fn may_be_page(path: &str) -> bool {
    path.len() <= MAX_PAGE_PATH && !path.chars().any(char::is_control)
}

/// Tells whether Dash may be asked which page a path means: the declared `rules` match it, and none of
/// the `templates` that Dash compares it with keeps the process busy.
#[must_use]
pub fn may_resolve_page(rules: &RouteMap, path: &str, templates: &[&str]) -> bool {
    let steps = |templates: &[&str]| {
        templates.iter().fold(0_usize, |sum, template| sum.saturating_add(routes::steps(template, path)))
    };
    may_be_page(path) && rules.matches(path) && steps(templates) <= MAX_PAGE_SEARCH
}

/// The page that Dash resolves for a pathname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page<'a> {
    /// None: Dash's own "not found".
    Missing,
    /// A page found by its own path; it may have a template as well.
    Static {
        /// That path.
        path: &'a str,
        /// As below: Dash gives the variables to the page's layout however it found the page.
        variables_are_replaced: bool,
    },
    /// A page found by a template with variables.
    Template {
        /// The template.
        template: &'a str,
        /// Tells whether a key of the query string, or a routing input, has the name of one of the
        /// variables: Dash lets it take the variable's place.
        variables_are_replaced: bool,
    },
}

/// Tells whether the declared `rules` mean the page that Dash resolves for `pathname`, both
/// relative to the app's prefix.
///
/// Dash's templates match across slashes, so that the pathname alone does not tell: a private
/// `/<tenant>/dashboard` must not be reached through a public `/docs/<path:x>`.
#[must_use]
pub fn opens_page(rules: &RouteMap, pathname: &str, page: Page<'_>) -> bool {
    may_be_page(pathname)
        && rules.matches(pathname)
        && match page {
            Page::Missing => true,
            Page::Static { path, variables_are_replaced } => !variables_are_replaced && rules.matches(path),
            Page::Template { template, variables_are_replaced } => {
                !variables_are_replaced && rules.opens_template(pathname, template)
            }
        }
}

/// Returns a path relative to an app's prefix, which ends in a slash; `None` where it lies outside.
#[must_use]
pub fn below_prefix<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let start = prefix.len().checked_sub(1)?;
    path.starts_with(prefix).then(|| path.get(start..)).flatten()
}

/// Tells whether a browser asks, for a page of a trusted origin, whether it may make a request
/// (Fetch, "CORS-preflight request"). It sends no credentials along, so nobody can be logged in.
#[must_use]
pub fn is_preflight(
    method: &str,
    origin: Option<&str>,
    requested_method: Option<&str>,
    trusted_origins: &[String],
) -> bool {
    method == "OPTIONS"
        && requested_method.is_some_and(|requested| !requested.is_empty())
        && is_trusted(origin, trusted_origins)
}

fn is_trusted(origin: Option<&str>, trusted_origins: &[String]) -> bool {
    origin.is_some_and(|origin| trusted_origins.iter().any(|trusted| origin::is_same(trusted, origin)))
}

/// What a browser says of who makes a request, and what the server says of where it came in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender<'a> {
    /// The value of the Sec-Fetch-Site header.
    pub sec_fetch_site: Option<&'a str>,
    /// The value of the Origin header.
    pub origin: Option<&'a str>,
    /// The origin of the request itself, as the server's own proxy support states it.
    pub own_origin: &'a str,
}

/// Tells whether a request that changes something was made by a page of another origin, which could
/// lean on the credentials that the browser holds (OWASP, Cross-Site Request Forgery Prevention
/// Cheat Sheet, "Fetch Metadata headers" and "Verifying Origin With Standard Headers").
#[must_use]
pub fn is_cross_site_forgery(method: &str, sender: Sender<'_>, trusted_origins: &[String]) -> bool {
    // Safe methods change nothing (RFC 9110 section 9.2.1).
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") && is_from_elsewhere(sender, trusted_origins)
}

/// Tells whether a browser makes a request for a page that is neither of the request's own origin
/// nor of a trusted one. What is no browser sends neither header.
#[must_use]
pub fn is_from_elsewhere(sender: Sender<'_>, trusted_origins: &[String]) -> bool {
    let Sender { sec_fetch_site, origin, own_origin } = sender;
    if is_trusted(origin, trusted_origins) {
        return false;
    }
    // Over plain http, to any host but localhost, browsers send Origin alone.
    let Some(site) = sec_fetch_site else {
        return origin.is_some_and(|origin| !origin::is_same(origin, own_origin));
    };
    let site = site.trim();
    // A page with no origin, as in a sandbox, asks of its own accord: no user typed that address.
    let is_typed = site.eq_ignore_ascii_case("none") && origin != Some("null");
    !is_typed && !site.eq_ignore_ascii_case("same-origin")
}

#[cfg(test)]
mod tests {
    use super::{Page, Sender, is_cross_site_forgery, is_from_elsewhere, is_preflight, opens_page};
    use crate::routes::{RouteMap, Rule};

    const OWN: &str = "http://host:8050";

    #[test]
    fn a_browser_must_show_that_a_request_is_of_this_origin() {
        let trusted = ["https://friend.example".to_owned(), "null".to_owned()];
        for (sec_fetch_site, origin, is_foreign) in [
            (None, None, false),
            (None, Some(OWN), false),
            (None, Some("http://HOST:8050"), false),
            (None, Some("https://friend.example"), false),
            (None, Some("https://friend.example:443"), false),
            (None, Some("http://evil.test"), true),
            (None, Some("https://host:8050"), true),
            (None, Some("http://host"), true),
            (None, Some("null"), true),
            (None, Some(""), true),
            (Some("same-origin"), Some("null"), false),
            (Some(" Same-Origin "), Some("http://behind.proxy"), false),
            (Some("none"), None, false),
            (Some("none"), Some(OWN), false),
            (Some("none"), Some("null"), true),
            (Some("same-site"), Some("http://sibling.host"), true),
            (Some("same-site"), Some("https://friend.example"), false),
            (Some("same-site"), None, true),
            (Some("cross-site"), Some(OWN), true),
            (Some("cross-site"), Some("https://friend.example"), false),
            (Some("cross-site"), Some("null"), true),
            (Some(""), None, true),
            (Some("same-origin,cross-site"), None, true),
        ] {
            let sender = Sender { sec_fetch_site, origin, own_origin: OWN };
            assert_eq!(is_from_elsewhere(sender, &trusted), is_foreign, "{sender:?}");
            assert_eq!(is_cross_site_forgery("POST", sender, &trusted), is_foreign, "{sender:?}");
            assert!(!is_cross_site_forgery("GET", sender, &trusted));
        }
    }

    #[test]
    fn a_request_whose_own_origin_is_unknown_is_of_no_page() {
        let sender = Sender { origin: Some("http://host"), own_origin: "http://", ..Sender::default() };
        assert!(is_from_elsewhere(sender, &[]));
    }

    #[test]
    fn a_preflight_names_a_trusted_origin_and_a_method() {
        let trusted = ["https://friend.example".to_owned()];
        let friend = Some("https://friend.example");
        for (method, origin, requested, is_one) in [
            ("OPTIONS", friend, Some("POST"), true),
            ("OPTIONS", friend, Some(""), false),
            ("OPTIONS", friend, None, false),
            ("OPTIONS", None, Some("POST"), false),
            ("OPTIONS", Some("https://evil.example"), Some("POST"), false),
            ("OPTIONS", Some("null"), Some("POST"), false),
            ("options", friend, Some("POST"), false),
            ("POST", friend, Some("POST"), false),
        ] {
            assert_eq!(is_preflight(method, origin, requested, &trusted), is_one, "{method} {requested:?}");
        }
    }

    #[test]
    fn a_page_whose_variables_are_replaced_is_closed_however_it_was_found() {
        let mut rules = RouteMap::new();
        for rule in ["/report/<name>", "/plain"] {
            rules.add(Rule::parse(rule).unwrap());
        }
        let found = |variables_are_replaced| {
            [
                ("/report/x", Page::Template { template: "/report/<name>", variables_are_replaced }),
                ("/report/x", Page::Static { path: "/plain", variables_are_replaced }),
            ]
        };
        for ((pathname, whole), (_, replaced)) in found(false).into_iter().zip(found(true)) {
            assert!(opens_page(&rules, pathname, whole), "{whole:?}");
            assert!(!opens_page(&rules, pathname, replaced), "{replaced:?}");
        }
        for pathname in ["/other", "/report/\n", "/report/../plain"] {
            assert!(!opens_page(&rules, pathname, Page::Missing), "{pathname:?}");
        }
        let elsewhere = Page::Static { path: "/other", variables_are_replaced: false };
        assert!(!opens_page(&rules, "/plain", elsewhere));
    }
}
