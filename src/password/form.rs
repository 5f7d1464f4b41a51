//! The form of a stored value: which scheme it claims, or why it cannot be used.
//!
//! What looks like a hash is one, in any letter case, cut short, misspelt, or with the quotes of a
//! settings file around it: taken for plaintext, it would be a password that whoever has read it can
//! type. The forms are `word:...$`, `$x$`, `{X}`, and as many hexadecimal digits as a digest has; and
//! what is left of a hash where a shell, or what fills in variables as one does, took `$argon2id` and
//! `$m` for variables that are not set. A password that happens to look like a hash is refused too; it
//! can be hashed and stored so.

use std::fmt;

use zeroize::Zeroizing;

/// Why a stored value cannot be used. The text follows the name of whose value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// There is nothing.
    Empty,
    /// A plaintext password with a control character, which no client sends (RFC 7617 section 2).
    Control,
    /// White space or quotation marks stand around a hash.
    Enclosed,
    /// A hash of a scheme that this version cannot check: what it is.
    Unsupported(&'static str),
    /// A hash of this scheme that is cut short or changed.
    Damaged(&'static str),
    /// A hash of this scheme with parameters that the scheme does not have.
    Parameters(&'static str),
    /// A hash of this scheme that asks for more memory or work than is given.
    TooCostly(&'static str),
    /// A pbkdf2 hash with an unknown digest.
    Digest,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("is empty"),
            Self::Control => formatter.write_str(
                "has a control character, such as a line feed at its end, which no login can send; remove it",
            ),
            Self::Enclosed => {
                formatter.write_str("is a hash with white space or quotation marks around it; remove them")
            }
            Self::Unsupported(what) => write!(
                formatter,
                "is {what}, which this version cannot check; store an argon2, scrypt, pbkdf2 or bcrypt hash \
                 (dash_auth.security.generate_password_hash)"
            ),
            Self::Damaged(scheme) => {
                write!(formatter, "is a damaged {scheme} hash; was it cut, or its \"$\" replaced?")
            }
            Self::Parameters(scheme) => {
                write!(formatter, "is a {scheme} hash with parameters that {scheme} does not have")
            }
            Self::TooCostly(scheme) => {
                write!(formatter, "is a {scheme} hash that asks for more memory or work than is allowed")
            }
            Self::Digest => formatter.write_str("is a pbkdf2 hash with a digest that is not known here"),
        }
    }
}

impl std::error::Error for ParseError {}

/// What a stored value claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plaintext,
    Scrypt,
    Pbkdf2,
    Argon2,
    PhcScrypt,
    DjangoPbkdf2,
    PasslibPbkdf2,
    Bcrypt,
    Md5Crypt,
    ShaCrypt,
    Sha1,
}

impl Form {
    fn by_prefix(lower: &str) -> Option<Self> {
        PREFIXES.iter().find(|(prefix, _)| lower.starts_with(prefix)).map(|&(_, form)| form)
    }

    /// Tells the form of a value.
    pub(super) fn of(value: &str) -> Result<Self, ParseError> {
        if value.is_empty() {
            return Err(ParseError::Empty);
        }
        let bare = bare(value);
        let lower = Zeroizing::new(bare.to_ascii_lowercase());
        let form = if lower.starts_with("$argon2") {
            Self::Argon2
        } else if claims(&lower, "scrypt") {
            Self::Scrypt
        } else if claims(&lower, "pbkdf2") {
            Self::Pbkdf2
        } else if let Some(form) = Self::by_prefix(&lower) {
            form
        } else if let Some(what) = foreign_form(&lower) {
            return Err(ParseError::Unsupported(what));
        } else if let Some(scheme) = remains(&lower) {
            return Err(ParseError::Damaged(scheme));
        } else if value.contains(|character: char| character.is_ascii_control()) {
            return Err(ParseError::Control);
        } else {
            return Ok(Self::Plaintext);
        };
        if bare == value { Ok(form) } else { Err(ParseError::Enclosed) }
    }
}

/// How the forms begin that begin with no more than a name.
const PREFIXES: [(&str, Form); 12] = [
    ("$2a$", Form::Bcrypt),
    ("$2b$", Form::Bcrypt),
    ("$2y$", Form::Bcrypt),
    ("$1$", Form::Md5Crypt),
    ("$apr1$", Form::Md5Crypt),
    ("$5$", Form::ShaCrypt),
    ("$6$", Form::ShaCrypt),
    ("{sha}", Form::Sha1),
    ("{ssha}", Form::Sha1),
    ("$scrypt$", Form::PhcScrypt),
    ("pbkdf2_sha256$", Form::DjangoPbkdf2),
    ("$pbkdf2-sha256$", Form::PasslibPbkdf2),
];

/// Takes off what copying, settings files and Python's `repr` put around a value.
fn bare(value: &str) -> &str {
    let around = |mark: char| {
        mark.is_whitespace()
            || mark.is_control()
            || matches!(mark, '"' | '\'' | '`' | '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}')
            // What nobody sees: soft hyphen, spaces and joiners of no width, marks of direction.
            || matches!(mark, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(mark, '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let trimmed = value.trim_matches(around);
    match trimmed.strip_prefix(['b', 'B']) {
        Some(octets) if octets.starts_with(['"', '\'']) => octets.trim_matches(around),
        _ => trimmed,
    }
}

/// Tells whether a value starts as werkzeug's hashes of this scheme do.
fn claims(lower: &str, scheme: &str) -> bool {
    lower.strip_prefix(scheme).is_some_and(|rest| rest.starts_with([':', '$']))
}

/// Says what a value is that has the form of a hash which is not checked here.
fn foreign_form(lower: &str) -> Option<&'static str> {
    // A `$` for a shell is written `\$`, and `$$` for others.
    if let Some(rest) = lower.strip_prefix('\\').unwrap_or(lower).strip_prefix('$') {
        let (id, _) = rest.trim_start_matches('$').split_once('$')?;
        return modular_crypt(id.trim_end_matches('\\'));
    }
    if let Some((scheme, _)) = lower.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return is_word(scheme).then_some("an LDAP or Dovecot hash ({scheme}...)");
    }
    if lower.strip_prefix('*').is_some_and(|rest| hexadecimal_digits(rest) == Some(40)) {
        return Some("a MySQL hash");
    }
    if lower.strip_prefix("md5").is_some_and(|rest| hexadecimal_digits(rest) == Some(32)) {
        return Some("a PostgreSQL hash");
    }
    if let Some((name, rest)) = lower.split_once(':')
        && is_word(name)
        && rest.contains('$')
    {
        return Some("in the form of a hash (word:...$)");
    }
    let digest = lower.rsplit([':', '$']).next().and_then(hexadecimal_digits);
    if digest.is_some_and(|digits| DIGEST_DIGITS.contains(&digits)) {
        return Some("a digest in hexadecimal digits");
    }
    named_hash(lower.split_once('$')?.0)
}

/// How many hexadecimal digits the digests from MD5 to SHA-512 have.
const DIGEST_DIGITS: [usize; 6] = [32, 40, 56, 64, 96, 128];

/// Returns how many hexadecimal digits a text has, if it has nothing else.
fn hexadecimal_digits(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(text.len())
}

/// The modular crypt format, `$id$...`, by its id.
fn modular_crypt(id: &str) -> Option<&'static str> {
    Some(match id {
        "2" | "2x" | "bcrypt" => "an old bcrypt hash",
        "bcrypt-sha256" => "a bcrypt hash of a SHA-256",
        "md5" => "a Sun MD5 hash",
        "7" => "an scrypt hash in the form of crypt(3)",
        "y" | "gy" => "a yescrypt hash",
        // It would begin with one `$` alone.
        "argon2id" | "argon2i" | "argon2d" => "an argon2 hash with its \"$\" doubled or escaped",
        "2a" | "2b" | "2y" => "a bcrypt hash with its \"$\" doubled or escaped",
        "1" | "apr1" => "an MD5-crypt hash with its \"$\" doubled or escaped",
        "5" | "6" => "a SHA-crypt hash with its \"$\" doubled or escaped",
        "scrypt" => "an scrypt hash with its \"$\" doubled or escaped",
        "pbkdf2-sha256" => "a pbkdf2 hash with its \"$\" doubled or escaped",
        "p" | "h" | "s" => "a phpass hash",
        "sha1" => "a SHA-1-crypt hash",
        "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha512" => "a pbkdf2 hash of passlib's other than SHA-256",
        _ if is_word(id) => "in the form of a hash ($id$...)",
        _ => return None,
    })
}

/// Hashes that start with a name and `$`: werkzeug's before version 3, Django's, SCRAM's.
fn named_hash(name: &str) -> Option<&'static str> {
    match name {
        "plain" | "md4" | "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" | "sha3_224"
        | "sha3_256" | "sha3_384" | "sha3_512" | "blake2b" | "blake2s" | "ripemd160" | "sm3"
        | "whirlpool" | "crypt" | "unsalted_md5" | "unsalted_sha1" => Some("a salted digest"),
        "pbkdf2_sha1" | "scrypt" | "bcrypt" | "bcrypt_sha256" | "argon2" => Some("a Django hash"),
        "argon2id" | "argon2i" | "argon2d" => Some("an argon2 hash without its first \"$\""),
        "scram-sha-1" | "scram-sha-256" => Some("a SCRAM verifier"),
        _ => None,
    }
}

/// Names the scheme of the hash of which a value is what a shell has left.
///
/// What is left of werkzeug's begins as they do. Of bcrypt's `$2b$12$salt` there may be so little,
/// `b2`, that nothing tells it from a password.
fn remains(lower: &str) -> Option<&'static str> {
    // The parameters of `$argon2id$v=19$m=19456,t=2,p=1$`, and of passlib's `$scrypt$ln=16,r=8,p=1$`.
    if has_costs(lower, ",t=", ",p=") {
        return Some("argon2");
    }
    if has_costs(lower, ",r=", ",p=") {
        return Some("scrypt");
    }
    if ["pbkdf2_sha1", "pbkdf2_sha256"].iter().any(|name| lower.starts_with(name)) {
        return Some("pbkdf2");
    }
    is_left_of_bcrypt(lower).then_some("bcrypt")
}

/// Tells whether three numbers stand somewhere, the second and the third after these names.
fn has_costs(lower: &str, second: &str, third: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    lower.match_indices(second).any(|(place, _)| {
        let (before, rest) = lower.split_at(place);
        let rest = rest.strip_prefix(second).unwrap_or_default();
        let first = before.trim_end_matches(|last: char| last.is_ascii_digit());
        let last = rest.get(digits(rest)..).and_then(|rest| rest.strip_prefix(third));
        first.len() < before.len() && first.ends_with('=') && digits(rest) > 0 && last.map_or(0, digits) > 0
    })
}

/// Tells whether a value is what is left of `$2b$12$` and 53 characters: of each part but the first
/// character, where that is a digit; of the last one else what follows its letters and digits.
fn is_left_of_bcrypt(lower: &str) -> bool {
    let mut rest = lower.bytes();
    let begins = matches!(rest.next(), Some(b'a' | b'b' | b'x' | b'y'))
        && rest.next().is_some_and(|digit| digit.is_ascii_digit());
    let left = rest.len();
    let is_cut = matches!(lower.as_bytes().get(2), Some(b'.' | b'/')) && (24..=52).contains(&left);
    begins && (left == 52 || is_cut) && rest.all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte))
}

/// A letter or digit, then letters, digits and the marks that names of schemes have.
fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-,=./+@".contains(&byte))
}
