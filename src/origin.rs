//! Origins: scheme, host and port of what a browser shows (RFC 6454).

use std::net::Ipv6Addr;

/// An origin that could be trusted.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum Host {
    Name(String),
    V6(Ipv6Addr),
}

/// Tells whether two texts name the same origin. What cannot be read, `null` too, is none.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    Origin::parse(one).is_some_and(|one| Origin::parse(other).is_some_and(|other| one == other))
}

impl Origin {
    /// Reads an origin; `None` for what is none, `null` too.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
            let (address, rest) = bracketed.split_once(']')?;
            (Host::V6(address.parse().ok()?), rest)
        } else {
            let (name, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_name) {
                return None;
            }
            (Host::Name(name.to_ascii_lowercase()), port)
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => default_port(&scheme),
            // RFC 3986 section 3.2.3: a colon with nothing behind it stands for the default.
            Some("") => default_port(&scheme),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None | Some(_) => return None,
        };
        Some(Self { scheme, host, port })
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn scheme_host_and_port_count_however_they_are_written() {
        for (one, other) in [
            ("http://host:8050", "http://host:8050"),
            ("http://HOST:8050", "HTTP://host:8050"),
            ("http://host", "http://host:80"),
            ("https://host:443", "https://host"),
            ("http://host:", "http://host"),
            ("http://[::1]:8050", "http://[0:0:0:0:0:0:0:1]:8050"),
            ("http://[FE80::1]", "http://[fe80::1]:80"),
            ("http://my_app.local", "http://my_app.local"),
        ] {
            assert!(is_same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("http://host", "https://host"),
            ("http://host", "http://host:8050"),
            ("http://host:443", "https://host:443"),
            ("http://host", "http://host.evil"),
            ("http://host", "http://host@evil"),
            ("http://[::1]", "http://[::2]"),
            ("http://[::1]", "http://[::1]x"),
            ("null", "null"),
            ("", ""),
            ("http://", "http://"),
            ("http://host/", "http://host/"),
            ("http://a,b", "http://a,b"),
            ("http://host:99999", "http://host:99999"),
            ("http://host:+80", "http://host"),
            ("http://[::1", "http://[::1"),
        ] {
            assert!(!is_same(one, other), "{one} {other}");
        }
    }
}
