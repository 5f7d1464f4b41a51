//! The `Authorization: Basic` header: credentials, or why there are none.
//!
//! Refused: another scheme, anything that is not strict base64, text that is not UTF-8, and a pair
//! without a colon. A malformed header is never an error of the server's: it means "no credentials"
//! (RFC 7617 section 2, RFC 9110 section 11.4).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The user-id and password of one request. The password is wiped when this is dropped.
pub struct Credentials {
    username: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// Returns the pair that came in another way than in a header.
    #[must_use]
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: username.to_owned(), password: Zeroizing::new(password.to_owned()) }
    }

    /// Tells whether a user could have such a name: one with a colon or a control character cannot be
    /// sent in a header (RFC 7617 section 2), and no table holds it.
    #[must_use]
    pub fn are_possible(&self) -> bool {
        !self.username.contains(|character: char| character == ':' || character.is_control())
    }

    /// Returns the user-id: everything before the first colon.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the password: everything after the first colon.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Why a header holds no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// The scheme is not `Basic`, or nothing follows it.
    Scheme,
    /// The rest is not strict base64 (RFC 4648 section 4).
    Base64,
    /// The decoded octets are not UTF-8.
    Utf8,
    /// The decoded text has no colon.
    Colon,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Scheme => "the scheme is not Basic",
            Self::Base64 => "the credentials are not base64",
            Self::Utf8 => "the credentials are not UTF-8",
            Self::Colon => "the credentials have no colon",
        })
    }
}

impl std::error::Error for ParseError {}

/// Parses the value of one `Authorization` header.
///
/// The scheme is compared without regard to case (RFC 9110 section 11.1), and one or more spaces
/// stand between it and the credentials (section 11.4). Base64 is strict: standard alphabet,
/// padding required, no stray bits, since a lenient decoder gives one password many spellings.
///
/// # Errors
///
/// Returns why the value holds no credentials.
pub fn parse(header: &str) -> Result<Credentials, ParseError> {
    let (scheme, rest) = header.trim_matches([' ', '\t']).split_once(' ').ok_or(ParseError::Scheme)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(ParseError::Scheme);
    }
    let octets =
        Zeroizing::new(STANDARD.decode(rest.trim_start_matches(' ')).map_err(|_| ParseError::Base64)?);
    let text = std::str::from_utf8(&octets).map_err(|_| ParseError::Utf8)?;
    let (username, password) = text.split_once(':').ok_or(ParseError::Colon)?;
    Ok(Credentials { username: username.to_owned(), password: Zeroizing::new(password.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(header: &str) -> Result<(String, String), ParseError> {
        parse(header)
            .map(|credentials| (credentials.username().to_owned(), credentials.password().to_owned()))
    }

    fn encoded(text: &[u8]) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn the_examples_of_rfc_7617() {
        assert_eq!(pair("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Ok(("Aladdin".into(), "open sesame".into())));
        assert_eq!(pair("Basic dGVzdDoxMjPCow=="), Ok(("test".into(), "123£".into())));
    }

    #[test]
    fn the_scheme_has_any_case_and_any_spaces_after_it() {
        for header in ["basic YTpi", "BASIC YTpi", "Basic   YTpi", " Basic YTpi ", "bAsIc YTpi\t"] {
            assert_eq!(pair(header), Ok(("a".into(), "b".into())), "{header:?}");
        }
    }

    #[test]
    fn the_first_colon_parts_the_pair() {
        assert_eq!(pair(&encoded(b"a:b:c")), Ok(("a".into(), "b:c".into())));
        assert_eq!(pair(&encoded(b":b")), Ok((String::new(), "b".into())));
        assert_eq!(pair(&encoded(b"a:")), Ok(("a".into(), String::new())));
    }

    #[test]
    fn everything_else_is_no_credentials() {
        for header in ["", "Basic", "Basic ", "Bearer YTpi", "BasicYTpi", "Basic\tYTpi", "YTpi", "Digest a:b"]
        {
            assert_eq!(pair(header), Err(ParseError::Scheme), "{header:?}");
        }
        let strays = [
            "YTpi=",
            "YTpiYw",
            "YTo",
            "YT pi",
            "YTpi\nYTpi",
            "YTpi, Basic YTpi",
            "__--",
            "YTpj\u{e9}",
            "YTq=",
        ];
        for rest in strays {
            assert_eq!(pair(&format!("Basic {rest}")), Err(ParseError::Base64), "{rest:?}");
        }
        assert_eq!(pair(&encoded(b"caf\xe9:x")), Err(ParseError::Utf8));
        assert_eq!(pair(&encoded(b"alice")), Err(ParseError::Colon));
        assert_eq!(pair(&encoded(b"")), Err(ParseError::Scheme));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", parse("Basic YTpi").unwrap()), "Credentials { .. }");
    }
}
