//! Where a login may lead back to: a path of this origin, and nothing else.

use std::fmt::Write as _;

/// The longest path that is come back to, in bytes: it waits in a cookie.
pub const LONGEST: usize = 512;

/// What stands as it is in a path, beside letters and digits (RFC 3986 section 3.3).
const IN_PATH: &[u8] = b"_.-~/:@!$&'()*+,;=";

/// What stands as it is in a query beside that; some of it is written unquoted by browsers.
const IN_QUERY: &[u8] = b"?%[]";

/// Returns the path and query to come back to; `None` for the app's start.
///
/// `path` is the path as the browser sees it, unquoted, and `query` the octets of the query string as
/// the client sent it. Where the query makes it too long, the path alone is come back to.
#[must_use]
pub fn way_back(path: &str, query: &[u8]) -> Option<String> {
    if path.len() > LONGEST {
        return None;
    }
    let mut found = String::with_capacity(LONGEST);
    quote(path.as_bytes(), IN_PATH, &mut found);
    let end = found.len();
    if !query.is_empty() && query.len() <= LONGEST {
        found.push('?');
        quote(query, &[IN_PATH, IN_QUERY].concat(), &mut found);
        if found.len() > LONGEST {
            found.truncate(end);
        }
    }
    (found.len() <= LONGEST && is_local(&found)).then_some(found)
}

fn quote(octets: &[u8], as_they_are: &[u8], quoted: &mut String) {
    for octet in octets {
        if octet.is_ascii_alphanumeric() || as_they_are.contains(octet) {
            quoted.push(char::from(*octet));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(quoted, "%{octet:02X}");
        }
    }
}

/// Tells whether a Location header leads to this origin.
///
/// Browsers take `//host` and `/\host` for another host, and skip tabs and line feeds.
#[must_use]
pub fn is_local(location: &str) -> bool {
    location.starts_with('/')
        && !matches!(location.as_bytes().get(1), Some(b'/' | b'\\'))
        && location.bytes().all(|octet| octet.is_ascii_graphic())
}

/// Returns where a login leads that was asked to lead to `target`: there, if that is a path below
/// `prefix` as the browser sees it, and none of the login's `own` routes, which would lead in a circle;
/// else `None`, for the app's start.
#[must_use]
pub fn landing<'a>(target: &'a str, prefix: &str, own: &[&str]) -> Option<&'a str> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let is_own = own.iter().any(|own| {
        let own = own.trim_end_matches('/');
        path.trim_end_matches('/')
            .strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let is_below = path.starts_with(prefix) && !has_dots(path);
    (target.len() <= 2 * LONGEST && is_local(target) && is_below && !is_own).then_some(target)
}

/// Tells whether a browser would take segments of a path away, which are dots however they are written
/// (WHATWG URL, "double-dot URL path segment").
fn has_dots(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let dots = segment.to_ascii_lowercase().replace("%2e", ".");
        dots == "." || dots == ".."
    })
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, is_local, landing, way_back};

    #[test]
    fn a_login_leads_to_a_path_of_the_app_and_never_in_a_circle() {
        let own = ["/board/login", "/board/logout"];
        for target in ["/board/", "/board/a?b=//evil", "/board/loginx", "/board/a/login", "/board/%5Cevil"] {
            assert_eq!(landing(target, "/board/", &own), Some(target), "{target}");
        }
        let long = "/board/".to_owned() + &"a".repeat(2 * LONGEST);
        for target in [
            "",
            "/",
            "/other",
            "/board",
            "//evil",
            "/\\evil",
            "/board/\u{7f}",
            "/board/\n",
            "https://evil",
            "javascript:alert(1)",
            "/board/login",
            "/board/login/",
            "/board/login?next=/board/",
            "/board/login#x",
            "/board/login/login.css",
            "/board/logout",
            "/board/../other",
            "/board/.%2E/other",
            "/board/..\\other",
            "/board/a/./login",
            &long,
        ] {
            assert_eq!(landing(target, "/board/", &own), None, "{target}");
        }
        assert_eq!(landing("/a", "/", &[]), Some("/a"));
    }

    #[test]
    fn a_way_back_is_quoted_and_local() {
        let long = "/".to_owned() + &"a".repeat(LONGEST);
        for (path, query, found) in [
            ("/a", "b=c", Some("/a?b=c")),
            ("/a b/ü%", "x=%20[1]&y='\"", Some("/a%20b/%C3%BC%25?x=%20[1]&y='%22")),
            ("/a", "", Some("/a")),
            ("/a?b", "", Some("/a%3Fb")),
            ("/a\t", "\r\n", Some("/a%09?%0D%0A")),
            ("/\\evil", "", Some("/%5Cevil")),
            ("//evil", "", None),
            ("evil", "", None),
            ("", "", None),
            (&long, "", None),
            (&long[..LONGEST], "", Some(&long[..LONGEST])),
            (&long[..LONGEST], "b", Some(&long[..LONGEST])),
            ("/a", &long, Some("/a")),
        ] {
            assert_eq!(way_back(path, query.as_bytes()).as_deref(), found, "{path} {query}");
        }
        // Longer once it is quoted.
        assert_eq!(way_back("/a", &[0xff; 300]).as_deref(), Some("/a"));
        assert_eq!(way_back(&("/".to_owned() + &" ".repeat(300)), b""), None);
    }

    #[test]
    fn only_a_path_of_this_origin_is_local() {
        for location in ["/", "/a", "/a//b", "/a?to=//evil", "/%5Cevil"] {
            assert!(is_local(location), "{location}");
        }
        for location in [
            "",
            "a",
            "//evil",
            "/\\evil",
            "/\t/evil",
            "/\n",
            "\t//evil",
            "http://evil",
            "javascript:x",
            "/a b",
            "/ü",
        ] {
            assert!(!is_local(location), "{location}");
        }
    }
}
