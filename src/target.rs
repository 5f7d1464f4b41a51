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

#[cfg(test)]
mod tests {
    use super::{LONGEST, is_local, way_back};

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
