//! The lines of an htpasswd file: a name, a colon and a stored password.

use std::collections::HashSet;
use std::fmt;

use crate::password::{ForeignPbkdf2, ParseError, StoredPassword};

/// Why a line cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is no text in UTF-8.
    Encoding,
    /// There is no colon after a name.
    Colon,
    /// The name is empty.
    Name,
    /// The name, or the rest, has a control character.
    Control,
    /// The name stood in a line before.
    Twice,
    /// What is stored is what crypt(3) made of the first eight characters.
    Des,
    /// What is stored is no hash.
    Plaintext,
    /// The hash cannot be used.
    Stored(ParseError),
}

/// A line that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// Its number, from 1.
    pub line: usize,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for LineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} ", self.line)?;
        match &self.reason {
            Reason::Encoding => formatter.write_str("is no text in UTF-8"),
            Reason::Colon => formatter.write_str("has no colon after a name"),
            Reason::Name => formatter.write_str("has no name"),
            Reason::Control => formatter.write_str("has a control character"),
            Reason::Twice => formatter.write_str("names a user again; remove one"),
            Reason::Des => formatter.write_str(
                "holds a DES hash, which sees eight characters of a password and is not checked; set the \
                 password anew, with htpasswd -B",
            ),
            Reason::Plaintext => {
                formatter.write_str("holds no hash; set the password anew, with htpasswd -B")
            }
            Reason::Stored(reason) => write!(formatter, "holds what {reason}"),
        }
    }
}

impl std::error::Error for LineError {}

/// Reads an htpasswd file: each name with what is stored for it.
///
/// Empty lines and those that begin with `#` say nothing. What follows a hash after a colon, as nginx
/// allows, is a comment.
///
/// # Errors
///
/// Returns the first line that cannot be used, and why; never what is stored there.
pub fn read<'a>(
    content: &'a [u8],
    foreign: &dyn ForeignPbkdf2,
) -> Result<Vec<(&'a str, &'a str)>, LineError> {
    let mut users = Vec::new();
    let mut names = HashSet::new();
    for (number, line) in content.split(|&octet| octet == b'\n').enumerate() {
        let refused = |reason| LineError { line: number + 1, reason };
        let line = str::from_utf8(line).map_err(|_| refused(Reason::Encoding))?;
        let line = if number == 0 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, rest) = line.split_once(':').ok_or_else(|| refused(Reason::Colon))?;
        if name.is_empty() {
            return Err(refused(Reason::Name));
        }
        if line.contains(|character: char| character.is_ascii_control()) {
            return Err(refused(Reason::Control));
        }
        let stored = stored(rest, foreign).map_err(refused)?;
        if !names.insert(name) {
            return Err(refused(Reason::Twice));
        }
        users.push((name, stored));
    }
    Ok(users)
}

fn stored<'a>(rest: &'a str, foreign: &dyn ForeignPbkdf2) -> Result<&'a str, Reason> {
    let before = rest.split(':').next().unwrap_or_default();
    // Those of werkzeug have colons of their own.
    let error = match StoredPassword::parse_with(rest, foreign) {
        Ok(stored) if !stored.is_plaintext() => return Ok(rest),
        Ok(_) if is_des(before) => return Err(Reason::Des),
        Ok(_) => Reason::Plaintext,
        Err(error) => Reason::Stored(error),
    };
    match StoredPassword::parse_with(before, foreign) {
        Ok(stored) if !stored.is_plaintext() => Ok(before),
        _ => Err(error),
    }
}

/// Tells whether a value is as crypt(3) writes it by default: two characters of salt and eleven.
fn is_des(value: &str) -> bool {
    value.len() == 13 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::NoForeignPbkdf2;

    const BCRYPT: &str = "$2y$05$6E0sFrnN/jTvYPQyWCTMveL8Nh5WBiFdJSlPEO6VtVwDAc0eyMTsS";
    const SHA: &str = "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=";

    fn read_text(text: &str) -> Result<Vec<(&str, &str)>, LineError> {
        read(text.as_bytes(), &NoForeignPbkdf2)
    }

    #[test]
    fn names_and_hashes_are_read() {
        let text = format!("\u{feff}# users\r\n\r\nalice:{BCRYPT}\r\n  bob:{SHA}:a comment\ncarol x:{SHA}");
        assert_eq!(read_text(&text), Ok(vec![("alice", BCRYPT), ("bob", SHA), ("carol x", SHA)]));
        assert_eq!(read_text(""), Ok(vec![]));
    }

    #[test]
    fn a_line_that_cannot_be_used_is_named() {
        let again = format!("a:{SHA}\na:{SHA}");
        let rows: [(&[u8], usize, Reason); 11] = [
            (b"alice", 1, Reason::Colon),
            (b"\n:x", 2, Reason::Name),
            (b"a:rqXexS6ZhobKA", 1, Reason::Des),
            (b"a:rqXexS6ZhobKA:comment", 1, Reason::Des),
            (b"a:secret", 1, Reason::Plaintext),
            (b"a:", 1, Reason::Stored(ParseError::Empty)),
            (b"a:$2y$05$cut", 1, Reason::Stored(ParseError::Damaged("bcrypt"))),
            (b"a:$y$j9T$x$y", 1, Reason::Stored(ParseError::Unsupported("a yescrypt hash"))),
            (b"a\x00b:x", 1, Reason::Control),
            (b"\xff:x", 1, Reason::Encoding),
            (again.as_bytes(), 2, Reason::Twice),
        ];
        for (content, line, reason) in rows {
            assert_eq!(read(content, &NoForeignPbkdf2), Err(LineError { line, reason }));
        }
    }
}
