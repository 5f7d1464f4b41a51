//! The `Authorization` header, beside a second parser that is slow and plain.

use dash_auth::basic;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Parses the input as the value of an `Authorization` header; returns whether it holds credentials.
///
/// # Panics
///
/// Panics if the two parsers disagree.
#[must_use]
pub fn basic(input: &[u8]) -> bool {
    let Ok(header) = std::str::from_utf8(input) else { return false };
    let parsed = basic::parse(header)
        .ok()
        .map(|credentials| (credentials.username().to_owned(), credentials.password().to_owned()));
    assert_eq!(parsed, plainly(header));
    parsed.is_some()
}

/// Parses by RFC 9110 section 11.4, RFC 4648 section 4 and RFC 7617 section 2, a character at a time.
fn plainly(header: &str) -> Option<(String, String)> {
    let mut characters: Vec<char> = header.chars().collect();
    while matches!(characters.last(), Some(' ' | '\t')) {
        characters.pop();
    }
    while matches!(characters.first(), Some(' ' | '\t')) {
        characters.remove(0);
    }
    let scheme: String = characters.iter().take(5).collect();
    if !scheme.eq_ignore_ascii_case("basic") || characters.get(5) != Some(&' ') {
        return None;
    }
    let token: String = characters.iter().skip(5).skip_while(|character| **character == ' ').collect();
    let octets = decode(token.as_bytes())?;
    let text = String::from_utf8(octets).ok()?;
    let colon = text.find(':')?;
    Some((text[..colon].to_owned(), text[colon + 1..].to_owned()))
}

/// Writes out the bits of each character, and reads them again by eights.
fn decode(token: &[u8]) -> Option<Vec<u8>> {
    if token.is_empty() || !token.len().is_multiple_of(4) {
        return None;
    }
    let padding = token.iter().rev().take(2).take_while(|octet| **octet == b'=').count();
    let mut bits = Vec::new();
    for octet in &token[..token.len() - padding] {
        let value = ALPHABET.iter().position(|letter| letter == octet)?;
        bits.extend((0..6).rev().map(|place| value >> place & 1 == 1));
    }
    let spare = bits.split_off(bits.len() - bits.len() % 8);
    if spare.contains(&true) {
        return None;
    }
    Some(bits.chunks(8).map(|octet| octet.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit))).collect())
}
