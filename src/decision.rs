//! The facts of a request put together: may it pass with no login?
//!
//! Everything here is pure. A request is recognised by the endpoint that will serve it, not by how
//! its path looks, and what nobody declared public is private.

use crate::routes::{self, RouteMap};

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
    /// None: the server answers 404, 405 or a redirect.
    Missing,
}

/// Tells whether the declared `rules` open `endpoint` for `path`.
///
/// `path` is relative to the app's prefix. `rules_open_pages` says whether one of the rules leads
/// to a page of Dash's, as the server's own routing has it.
#[must_use]
pub fn is_open(endpoint: Endpoint, path: &str, rules: &RouteMap, rules_open_pages: bool) -> bool {
    match endpoint {
        Endpoint::Page => may_be_page(path) && rules.matches(path),
        Endpoint::Server => rules.matches(path),
        Endpoint::Layout => rules_open_pages,
        Endpoint::Static => !rules.is_empty(),
        // However broad a rule is, it opens an endpoint of Dash's only where it names it.
        Endpoint::Named => rules.literal(path),
        Endpoint::Missing => rules.test(path).is_match(),
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
    origin.is_some_and(|origin| trusted_origins.iter().any(|trusted| trusted == origin))
}

/// Tells whether a request that changes something was made by a page of another site, which could
/// lean on the credentials that the browser holds (OWASP, Cross-Site Request Forgery Prevention
/// Cheat Sheet, "Fetch Metadata headers").
#[must_use]
pub fn is_cross_site_forgery(
    method: &str,
    sec_fetch_site: Option<&str>,
    origin: Option<&str>,
    trusted_origins: &[String],
) -> bool {
    // Safe methods change nothing (RFC 9110 section 9.2.1).
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
        && sec_fetch_site.is_some_and(|site| site.trim().eq_ignore_ascii_case("cross-site"))
        && !is_trusted(origin, trusted_origins)
}
