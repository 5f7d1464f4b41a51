//! The gate of one app: what is this request, and may it pass with no login?
//!
//! A [`Gate`] owns the declared rules, the app's prefixes and the trusted origins, and answers in one
//! call. It is told facts alone: nothing here knows a server. A request is recognised by the endpoint
//! that will serve it, not by how its path looks, and what nobody declared public is private.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use crate::callbacks::{Callback, Location, Mismatch, Sent};
use crate::origin::Origin;
use crate::routes::{self, LiveRules, RouteMap, has_dot_segment};
use crate::sender::{Sender, is_cross_site_forgery, is_from_elsewhere, is_trusted};

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
    /// Dash's notebook check, which answers a GET with one word to who knows a token of this process.
    Alive,
    /// None: the server answers 404, 405 or a redirect.
    Missing,
}

/// What a request is, before anybody is asked to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Open to anyone.
    Open,
    /// A page of Dash's that a rule matches as it is written: open where the server has no other route
    /// for its path, and where the rule means the page that Dash finds ([`Gate::ask_page`]).
    Page,
    /// The same, by a rule relative to the app's prefix: the server may have a route of its own for
    /// the path without the prefix, which the rule means then.
    RelativePage,
    /// A callback, open where [`Gate::ask_callback`] finds its body to be that of an open one.
    Callback,
    /// A preflight of a trusted origin: without a login it gets the server's automatic answer.
    Preflight,
    /// Open to nobody without a login.
    Closed,
}

impl Standing {
    /// All that there are.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Page, Self::RelativePage, Self::Callback, Self::Preflight, Self::Closed];
}

/// What a gate says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the request is.
    pub standing: Standing,
    /// Tells whether a page of another origin makes it, and would change something: what the browser
    /// holds of its user counts for nothing, whatever is open.
    pub is_forged: bool,
}

/// The facts of a request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What the server is going to run.
    pub endpoint: Endpoint,
    /// The method.
    pub method: &'a str,
    /// The path as the server has it; `None` for one that is no text, which no rule matches.
    pub path: Option<&'a str>,
    /// Who makes it.
    pub sender: Sender<'a>,
    /// The value of the Access-Control-Request-Method header.
    pub requested_method: Option<&'a str>,
    /// The templates with which Dash would compare the path of a page.
    pub templates: &'a [&'a str],
}

/// What a gate says of a callback that a body names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// It is a public one, and the body is what was declared for it.
    Open,
    /// It is none that runs with no login.
    Shut(Shut),
    /// It leads to a page that no rule opens.
    NoPage(Location),
    /// It leads to a page that a rule matches, and that is yet to be looked up.
    Page {
        /// Where it leads.
        location: Location,
        /// The pathname relative to the app's prefix.
        path: String,
        /// Tells whether that is [`Standing::RelativePage`], else it is [`Standing::Page`].
        is_relative: bool,
    },
}

/// Why a callback does not run with no login, as it is told to the developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// The body is not what was declared for the callback.
    Mismatched(Mismatch),
    /// It is neither public nor does it lead to a page.
    Private,
    /// It leads to a page, but the body says of none.
    Nowhere,
}

impl fmt::Display for Shut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatched(mismatch) => mismatch.fmt(formatter),
            Self::Private => formatter.write_str("it was not registered with public_callback"),
            Self::Nowhere => formatter.write_str("its pathname or search is no page's"),
        }
    }
}

/// The rules that are about pages of Dash's, each relative to the app's prefix.
#[derive(Clone, Debug, Default)]
pub struct PageRules {
    /// All of them.
    pub showing: LiveRules,
    /// Those of them that were declared with the prefix.
    pub in_full: LiveRules,
    /// Tells whether one of them leads to a page, so that the layout opens.
    pub lead_to_pages: bool,
}

/// Says what each request to one app is.
#[derive(Debug)]
pub struct Gate {
    rules: LiveRules,
    prefix: String,
    browser_prefix: String,
    trusted_origins: Vec<Origin>,
    pages: RwLock<PageRules>,
}

impl Gate {
    /// Returns the gate of an app.
    ///
    /// `prefix` is the app's as the server has it, `browser_prefix` as browsers see it; both end in a
    /// slash. Of `trusted_origins` whatever is no origin trusts nobody.
    #[must_use]
    pub fn new(rules: LiveRules, prefix: &str, browser_prefix: &str, trusted_origins: &[&str]) -> Self {
        Self {
            rules,
            prefix: prefix.to_owned(),
            browser_prefix: browser_prefix.to_owned(),
            trusted_origins: trusted_origins.iter().filter_map(|origin| Origin::parse(origin)).collect(),
            pages: RwLock::default(),
        }
    }

    /// Takes over which of the rules are about pages: the server's routes tell.
    pub fn show(&self, pages: PageRules) {
        *self.pages.write().unwrap_or_else(PoisonError::into_inner) = pages;
    }

    fn pages(&self) -> PageRules {
        self.pages.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what a request is.
    #[must_use]
    pub fn ask(&self, request: &Request<'_>) -> Verdict {
        let is_forged = is_cross_site_forgery(request.method, request.sender, &self.trusted_origins);
        let is_preflight = || {
            is_preflight(
                request.method,
                request.sender.origin,
                request.requested_method,
                &self.trusted_origins,
            )
        };
        let standing = match self.standing(request) {
            Standing::Closed if is_preflight() => Standing::Preflight,
            standing => standing,
        };
        Verdict { standing, is_forged }
    }

    /// Says what the handshake of a WebSocket is. Dash asks itself who opens `its_own`, with a list of
    /// origins of its own, and each message over it is a callback.
    #[must_use]
    pub fn ask_socket(&self, request: &Request<'_>, its_own: bool) -> Verdict {
        if its_own {
            return Verdict { standing: Standing::Callback, is_forged: false };
        }
        // The browser sends along what it holds, and lets the page read what comes back.
        let is_forged = is_from_elsewhere(request.sender, &self.trusted_origins);
        Verdict { standing: self.standing(request), is_forged }
    }

    fn standing(&self, request: &Request<'_>) -> Standing {
        let Request { endpoint, path, .. } = *request;
        match (endpoint, path) {
            (Endpoint::Login, _) => Standing::Open,
            (Endpoint::Alive, _) if request.method == "GET" => Standing::Open,
            (Endpoint::Callback, _) if request.method == "POST" => Standing::Callback,
            (Endpoint::Page, Some(path)) => below_prefix(path, &self.prefix)
                .and_then(|below| self.is_relative_page(below, request.templates))
                .map_or(Standing::Closed, page_standing),
            (_, Some(path)) => {
                let rules_open_pages = endpoint == Endpoint::Layout && self.pages().lead_to_pages;
                if is_open(endpoint, path, &self.prefix, &self.rules.read(), rules_open_pages) {
                    Standing::Open
                } else {
                    Standing::Closed
                }
            }
            (_, None) => Standing::Closed,
        }
    }

    /// Tells whether a rule relative to the app's prefix means a path below it, or one that was
    /// declared with the prefix does; `None` where no rule matches, or Dash may not be asked.
    fn is_relative_page(&self, below: &str, templates: &[&str]) -> Option<bool> {
        let pages = self.pages();
        may_resolve_page(&pages.showing.read(), below, templates)
            .then(|| self.prefix != "/" && !pages.in_full.read().matches(below))
    }

    /// Tells whether the rules mean the page that Dash resolves for a path below the app's prefix.
    #[must_use]
    pub fn ask_page(&self, below: &str, page: Page<'_>) -> bool {
        opens_page(&self.pages().showing.read(), below, page)
    }

    /// Says whether a callback may run with no login for a body, the very one that Dash will be given.
    ///
    /// `is_public` tells whether the developer registered it as such, `is_page_router` whether it is the
    /// one with which Dash shows pages; `templates` are those with which Dash would compare the path.
    #[must_use]
    pub fn ask_callback<S: Sent + Clone>(
        &self,
        callback: &Callback,
        body: S,
        is_public: bool,
        is_page_router: bool,
        templates: &[&str],
    ) -> Called {
        if let Err(mismatch) = callback.admit(body.clone()) {
            return Called::Shut(Shut::Mismatched(mismatch));
        }
        if is_public {
            return Called::Open;
        }
        if !is_page_router && !callback.is_routing() {
            return Called::Shut(Shut::Private);
        }
        let Some(location) = callback.location(body) else { return Called::Shut(Shut::Nowhere) };
        let found = below_prefix(&location.pathname, &self.browser_prefix)
            .and_then(|path| Some((path.to_owned(), self.is_relative_page(path, templates)?)));
        match found {
            Some((path, is_relative)) => Called::Page { location, path, is_relative },
            None => Called::NoPage(location),
        }
    }
}

fn page_standing(is_relative: bool) -> Standing {
    if is_relative { Standing::RelativePage } else { Standing::Page }
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
        Endpoint::Alive | Endpoint::Callback | Endpoint::Closed => false,
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
fn is_preflight(
    method: &str,
    origin: Option<&str>,
    requested_method: Option<&str>,
    trusted_origins: &[Origin],
) -> bool {
    method == "OPTIONS"
        && requested_method.is_some_and(|requested| !requested.is_empty())
        && is_trusted(origin, trusted_origins)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        Called, Endpoint, Gate, Page, PageRules, Request, Sender, Shut, Standing, Verdict, is_preflight,
        opens_page,
    };
    use crate::callbacks::{Callback, Dependency, Outputs};
    use crate::origin::Origin;
    use crate::routes::{LiveRules, RouteMap, Rule};

    const OWN: &str = "http://host:8050";

    fn origins(texts: &[&str]) -> Vec<Origin> {
        texts.iter().filter_map(|text| Origin::parse(text)).collect()
    }

    fn rules(texts: &[&str]) -> LiveRules {
        let rules = LiveRules::default();
        for text in texts {
            rules.add(Rule::parse(text).unwrap());
        }
        rules
    }

    fn gate() -> Gate {
        let gate = Gate::new(
            rules(&["/open", "/board/wide/<path:x>", "/api"]),
            "/board/",
            "/seen/board/",
            &["https://friend.example"],
        );
        gate.show(PageRules {
            showing: rules(&["/open", "/wide/<path:x>"]),
            in_full: rules(&["/wide/<path:x>"]),
            lead_to_pages: true,
        });
        gate
    }

    fn request(endpoint: Endpoint, method: &'static str, path: &'static str) -> Request<'static> {
        Request {
            endpoint,
            method,
            path: Some(path),
            sender: Sender::default(),
            requested_method: None,
            templates: &[],
        }
    }

    #[test]
    fn a_gate_says_what_a_request_is() {
        use Endpoint as E;
        use Standing as S;
        for (endpoint, method, path, standing) in [
            (E::Login, "POST", "/elsewhere", S::Open),
            (E::Alive, "GET", "/_alive_x", S::Open),
            (E::Alive, "POST", "/_alive_x", S::Closed),
            (E::Callback, "POST", "/board/_dash-update-component", S::Callback),
            (E::Callback, "GET", "/board/_dash-update-component", S::Closed),
            (E::Page, "GET", "/board/open", S::RelativePage),
            (E::Page, "GET", "/board/wide/a", S::Page),
            (E::Page, "GET", "/board/wide/../a", S::Closed),
            (E::Page, "GET", "/board/shut", S::Closed),
            (E::Page, "GET", "/open", S::Closed),
            (E::Server, "DELETE", "/board/open", S::Open),
            (E::Server, "GET", "/open", S::Open),
            (E::Server, "GET", "/shut", S::Closed),
            (E::Layout, "GET", "/board/_dash-layout", S::Open),
            (E::Static, "GET", "/board/_favicon.ico", S::Open),
            (E::Named, "GET", "/board/wide/a", S::Closed),
            (E::Named, "GET", "/api", S::Open),
            (E::Missing, "GET", "/board/wide/a", S::Open),
            (E::Closed, "GET", "/open", S::Closed),
        ] {
            let asked = request(endpoint, method, path);
            assert_eq!(gate().ask(&asked), Verdict { standing, is_forged: false }, "{asked:?}");
            let standing = if endpoint == E::Login { S::Open } else { S::Closed };
            assert_eq!(
                gate().ask(&Request { path: None, ..asked }).standing,
                standing_of(endpoint, method, standing)
            );
        }
    }

    /// What needs no path to be known.
    fn standing_of(endpoint: Endpoint, method: &str, otherwise: Standing) -> Standing {
        match (endpoint, method) {
            (Endpoint::Alive, "GET") => Standing::Open,
            (Endpoint::Callback, "POST") => Standing::Callback,
            _ => otherwise,
        }
    }

    #[test]
    fn a_gate_says_who_leans_on_what_the_browser_holds() {
        let elsewhere = Sender { origin: Some("https://evil.example"), own_origin: OWN, ..Sender::default() };
        let friend = Sender { origin: Some("https://friend.example"), own_origin: OWN, ..Sender::default() };
        let posted = request(Endpoint::Server, "POST", "/open");
        for (sender, is_forged) in [(elsewhere, true), (friend, false), (Sender::default(), false)] {
            let verdict = Verdict { standing: Standing::Open, is_forged };
            assert_eq!(gate().ask(&Request { sender, ..posted }), verdict, "{sender:?}");
            // A handshake has no safe method, and Dash asks itself who opens its own.
            let opened = Request { sender, method: "GET", ..posted };
            assert_eq!(gate().ask_socket(&opened, false), verdict);
            let own = Verdict { standing: Standing::Callback, is_forged: false };
            assert_eq!(gate().ask_socket(&opened, true), own);
            let preflight = Request {
                sender,
                requested_method: Some("POST"),
                ..request(Endpoint::Server, "OPTIONS", "/shut")
            };
            let is_friend = sender.origin == friend.origin;
            let standing = if is_friend { Standing::Preflight } else { Standing::Closed };
            assert_eq!(gate().ask(&preflight).standing, standing);
            // What is open stays so.
            assert_eq!(gate().ask(&Request { path: Some("/open"), ..preflight }).standing, Standing::Open);
        }
    }

    #[test]
    fn rules_that_are_added_count_at_once() {
        let live = rules(&[]);
        let gate = Gate::new(live.clone(), "/", "/", &[]);
        let asked = request(Endpoint::Server, "GET", "/later");
        assert_eq!(gate.ask(&asked).standing, Standing::Closed);
        live.add(Rule::parse("/later").unwrap());
        assert_eq!(gate.ask(&asked).standing, Standing::Open);
    }

    fn page_of(called: Called) -> Option<(String, bool)> {
        match called {
            Called::Page { path, is_relative, .. } => Some((path, is_relative)),
            _ => None,
        }
    }

    #[test]
    fn a_gate_says_whether_a_callback_runs_with_no_login() {
        let location = |property| Dependency::new("url", property).unwrap();
        let shows = Outputs::Single(Dependency::new("content", "children").unwrap());
        let routing = Callback::new(vec![location("pathname")], vec![], shows.clone());
        let other = Callback::new(vec![Dependency::new("in", "value").unwrap()], vec![], shows);
        let body = |id: &str, property: &str, value: &str| {
            json!({
                "outputs": {"id": "content", "property": "children"},
                "inputs": [{"id": id, "property": property, "value": value}],
            })
        };
        let gate = gate();
        let at = |pathname| body("url", "pathname", pathname);
        let ask = |pathname| page_of(gate.ask_callback(&routing, &at(pathname), false, false, &[]));
        assert_eq!(ask("/seen/board/open"), Some(("/open".into(), true)));
        assert_eq!(ask("/seen/board/wide/a"), Some(("/wide/a".into(), false)));
        for closed in ["/board/open", "/open", "/seen/board/shut", "/seen/board/open/.."] {
            let body = at(closed);
            let called = gate.ask_callback(&routing, &body, false, false, &[]);
            assert!(matches!(&called, Called::NoPage(location) if location.pathname == closed), "{called:?}");
        }
        let (value, nowhere) = (body("in", "value", "x"), at("/\n"));
        assert_eq!(gate.ask_callback(&routing, &nowhere, false, false, &[]), Called::Shut(Shut::Nowhere));
        assert_eq!(gate.ask_callback(&other, &value, false, false, &[]), Called::Shut(Shut::Private));
        assert_eq!(gate.ask_callback(&other, &value, true, false, &[]), Called::Open);
        // Public or not, the body must be what was declared.
        for (is_public, is_page_router) in [(true, false), (false, true), (false, false)] {
            let body = at("/seen/board/open");
            let called = gate.ask_callback(&other, &body, is_public, is_page_router, &[]);
            assert!(matches!(called, Called::Shut(Shut::Mismatched(_))), "{called:?}");
        }
        // So many keep the process busy.
        let (templates, body) = (vec!["/<name>"; 1_000_000], at("/seen/board/open"));
        let called = gate.ask_callback(&routing, &body, false, false, &templates);
        assert!(matches!(called, Called::NoPage(_)), "{called:?}");
    }

    #[test]
    fn a_preflight_names_a_trusted_origin_and_a_method() {
        let trusted = origins(&["https://friend.example"]);
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
