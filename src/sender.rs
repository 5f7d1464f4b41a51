//! Who makes a request: a page of this origin, a page of another, or what is no browser.

use crate::origin::{Origin, is_same};

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
pub fn is_cross_site_forgery(method: &str, sender: Sender<'_>, trusted_origins: &[Origin]) -> bool {
    // Safe methods change nothing (RFC 9110 section 9.2.1).
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") && is_from_elsewhere(sender, trusted_origins)
}

/// Tells whether a browser makes a request for a page that is neither of the request's own origin
/// nor of a trusted one. What is no browser sends neither header.
#[must_use]
pub fn is_from_elsewhere(sender: Sender<'_>, trusted_origins: &[Origin]) -> bool {
    let Sender { sec_fetch_site, origin, own_origin } = sender;
    if is_trusted(origin, trusted_origins) {
        return false;
    }
    // Over plain http, to any host but localhost, browsers send Origin alone.
    let Some(site) = sec_fetch_site else {
        return origin.is_some_and(|origin| !is_same(origin, own_origin));
    };
    let site = site.trim();
    // A page with no origin, as in a sandbox, asks of its own accord: no user typed that address.
    let is_typed = site.eq_ignore_ascii_case("none") && origin != Some("null");
    !is_typed && !site.eq_ignore_ascii_case("same-origin")
}

/// Tells whether a page of this very origin sends a form with which a user logs in or out; `None` where
/// the headers prove neither, so that the form has to.
///
/// No other origin is trusted with that: it could log its visitor in as somebody of its choice (OWASP,
/// Cross-Site Request Forgery Prevention Cheat Sheet, "Login forms"). Over plain http, and where a proxy
/// tells the server another host, neither header needs to be right.
#[must_use]
pub fn is_own_page(sender: Sender<'_>) -> Option<bool> {
    let Sender { sec_fetch_site, origin, own_origin } = sender;
    match sec_fetch_site.map(str::trim) {
        Some(site) if site.eq_ignore_ascii_case("same-origin") => Some(true),
        // A user who asks for the answer anew; a form's own page is not known then.
        Some(site) if !site.eq_ignore_ascii_case("none") => Some(false),
        _ if origin.is_some_and(|origin| is_same(origin, own_origin)) => Some(true),
        _ => None,
    }
}

/// Tells whether an origin is one of the trusted ones.
#[must_use]
pub fn is_trusted(origin: Option<&str>, trusted_origins: &[Origin]) -> bool {
    !trusted_origins.is_empty()
        && origin.and_then(Origin::parse).is_some_and(|origin| trusted_origins.contains(&origin))
}

#[cfg(test)]
mod tests {
    use super::{Sender, is_cross_site_forgery, is_from_elsewhere, is_own_page};
    use crate::origin::Origin;

    const OWN: &str = "http://host:8050";

    fn origins(texts: &[&str]) -> Vec<Origin> {
        texts.iter().filter_map(|text| Origin::parse(text)).collect()
    }

    #[test]
    fn a_browser_must_show_that_a_request_is_of_this_origin() {
        let trusted = origins(&["https://friend.example", "null"]);
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
    fn a_form_is_of_the_own_page_by_what_no_other_page_can_say() {
        for (sec_fetch_site, origin, is_own) in [
            (Some("same-origin"), Some(OWN), Some(true)),
            (Some(" Same-Origin"), Some("https://behind.proxy"), Some(true)),
            (Some("same-origin"), Some("null"), Some(true)),
            (Some("cross-site"), Some(OWN), Some(false)),
            (Some("same-site"), Some("http://sibling.host"), Some(false)),
            (Some("same-origin,cross-site"), Some(OWN), Some(false)),
            (Some(""), Some(OWN), Some(false)),
            (Some("none"), Some(OWN), Some(true)),
            (Some("none"), None, None),
            (None, Some(OWN), Some(true)),
            (None, Some("http://HOST:8050"), Some(true)),
            (None, Some("http://host"), None),
            (None, Some("http://evil.test"), None),
            (None, Some("null"), None),
            (None, None, None),
        ] {
            let sender = Sender { sec_fetch_site, origin, own_origin: OWN };
            assert_eq!(is_own_page(sender), is_own, "{sender:?}");
        }
    }
}
