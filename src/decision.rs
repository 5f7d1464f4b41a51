//! The facts of a request put together: may it pass with no login?
//!
//! Everything here is pure. A request is recognised by the endpoint that will serve it, not by how
//! its path looks, and what nobody declared public is private.

use crate::routes::{RouteMap, has_dot_segment};

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
        Endpoint::Page => below.is_some_and(|below| rules.matches(below)),
        Endpoint::Server => either(&|path| rules.matches(path)),
        Endpoint::Layout => rules_open_pages,
        Endpoint::Static => !rules.is_empty() && !has_dot_segment(path),
        // However broad a rule is, it opens an endpoint of Dash's only where it names it.
        Endpoint::Named => either(&|path| rules.literal(path)),
        Endpoint::Missing => either(&|path| rules.test(path).is_match()),
        Endpoint::Callback | Endpoint::Closed => false,
    }
}

/// The page that Dash resolves for a pathname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page<'a> {
    /// None: Dash's own "not found".
    Missing,
    /// A page found by its own path.
    Static {
        /// That path.
        path: &'a str,
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
    rules.matches(pathname)
        && match page {
            Page::Missing => true,
            Page::Static { path } => rules.matches(path),
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
        && !origin.is_some_and(|origin| trusted_origins.iter().any(|trusted| trusted == origin))
}
