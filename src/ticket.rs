//! What a session remembers of a login: a ticket, in a cookie of the guard's own.
//!
//! A ticket is text that its owner may read and nobody can make: two parts in base64url and a seal over
//! both. Cookies ignore ports and apps share keys, so that it counts for the guard that it names alone,
//! under one of the keys that the server has, and until it says. What the user was verified against,
//! a stored password or the registration at a provider, stands in it as a keyed fingerprint.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::seal::{Digest, digest};

/// The longest ticket that is read, in bytes: a client may choose it, and a store holds longer ones than a cookie.
const LONGEST: usize = 512 * 1024;

const FORMAT: &str = "dash_auth ticket 2";

/// Who logged in, how, when, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The name of the user.
    pub name: String,
    /// What tells this login from every other.
    pub id: String,
    /// When the user logged in, in seconds since 1970.
    pub auth_time: u64,
    /// When the ticket ends, in seconds since 1970; `None` for no time of its own.
    pub until: Option<u64>,
    /// When it ends unless the user goes on working with the app, in seconds since 1970; `None` for never.
    pub idle_until: Option<u64>,
    /// How the user logged in (RFC 8176).
    pub methods: Vec<String>,
    /// Whether the user is known by it on public pages alone.
    pub is_for_public: bool,
    /// What else is known of the user, which the core does not read.
    pub claims: Vec<u8>,
}

/// A ticket that was read, and the key that it is sealed with.
pub struct Opened {
    /// What it says.
    pub ticket: Ticket,
    fingerprint: Vec<u8>,
    key: Vec<u8>,
}

impl Opened {
    /// Tells, in constant time, whether the user was verified against this very value.
    #[must_use]
    pub fn is_against(&self, verified_against: &str) -> bool {
        let expected = fingerprint(&self.key, &self.ticket.name, verified_against);
        expected.as_slice().ct_eq(&self.fingerprint).into()
    }
}

/// Issues and reads the tickets of one guard.
pub struct Tickets {
    guard: String,
}

impl Tickets {
    /// Names the guard whose tickets they are.
    #[must_use]
    pub const fn new(guard: String) -> Self {
        Self { guard }
    }

    /// Returns a ticket as text.
    #[must_use]
    pub fn issue(&self, key: &[u8], ticket: &Ticket, verified_against: &str) -> String {
        let fingerprint = fingerprint(key, &ticket.name, verified_against);
        let note = json!([
            ticket.name,
            ticket.id,
            ticket.auth_time,
            ticket.until,
            ticket.idle_until,
            ticket.methods,
            ticket.is_for_public,
            URL_SAFE_NO_PAD.encode(fingerprint),
        ]);
        let note = URL_SAFE_NO_PAD.encode(note.to_string());
        let claims = URL_SAFE_NO_PAD.encode(&ticket.claims);
        let seal = URL_SAFE_NO_PAD.encode(self.seal(key, &note, &claims));
        format!("{note}.{claims}.{seal}")
    }

    /// Reads a ticket, `None` where it is not this guard's, under none of the keys, or over.
    ///
    /// `now` is in seconds since 1970.
    #[must_use]
    pub fn open(&self, keys: &[&[u8]], text: &str, now: u64) -> Option<Opened> {
        let (note, claims, seal) = parts(text)?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        let key = keys.iter().find(|key| self.seal(key, note, claims).as_slice().ct_eq(&seal).into())?;
        let (ticket, fingerprint) = read(note, claims)?;
        if [ticket.until, ticket.idle_until].into_iter().flatten().any(|until| until <= now) {
            return None;
        }
        Some(Opened { ticket, fingerprint, key: key.to_vec() })
    }

    /// Tells whether a text is a ticket for this very user, under the current key, verified against
    /// this very value, and counts at a time that may lie ahead.
    #[must_use]
    pub fn says(&self, key: &[u8], text: &str, at: u64, name: &str, verified_against: &str) -> bool {
        self.open(&[key], text, at)
            .is_some_and(|opened| opened.ticket.name == name && opened.is_against(verified_against))
    }

    fn seal(&self, key: &[u8], note: &str, claims: &str) -> Digest {
        let parts = [FORMAT, &self.guard, note, claims].map(str::as_bytes);
        digest(key, &parts)
    }
}

/// Returns when a text claims that a user logged in, whoever made it: it decides nothing.
#[must_use]
pub fn claimed_time(text: &str) -> Option<u64> {
    let (note, claims, _) = parts(text)?;
    read(note, claims).map(|(ticket, _)| ticket.auth_time)
}

fn fingerprint(key: &[u8], name: &str, verified_against: &str) -> Digest {
    let parts = [FORMAT, "verified against", name, verified_against].map(str::as_bytes);
    digest(key, &parts)
}

fn parts(text: &str) -> Option<(&str, &str, &str)> {
    if text.len() > LONGEST {
        return None;
    }
    let (note, rest) = text.split_once('.')?;
    let (claims, seal) = rest.split_once('.')?;
    Some((note, claims, seal))
}

fn read(note: &str, claims: &str) -> Option<(Ticket, Vec<u8>)> {
    let note: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(note).ok()?).ok()?;
    let [name, id, auth_time, until, idle_until, methods, is_for_public, fingerprint] =
        note.as_array()?.as_slice()
    else {
        return None;
    };
    let end = |value: &Value| if value.is_null() { Some(None) } else { value.as_u64().map(Some) };
    let methods = methods.as_array()?.iter().map(|one| one.as_str().map(str::to_owned));
    let ticket = Ticket {
        name: name.as_str()?.to_owned(),
        id: id.as_str()?.to_owned(),
        auth_time: auth_time.as_u64()?,
        until: end(until)?,
        idle_until: end(idle_until)?,
        methods: methods.collect::<Option<_>>()?,
        is_for_public: is_for_public.as_bool()?,
        claims: URL_SAFE_NO_PAD.decode(claims).ok()?,
    };
    Some((ticket, URL_SAFE_NO_PAD.decode(fingerprint.as_str()?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            name: "alice".to_owned(),
            id: "1".to_owned(),
            auth_time: 1000,
            until: Some(2000),
            idle_until: None,
            methods: vec!["pwd".to_owned()],
            is_for_public: true,
            claims: b"{}".to_vec(),
        }
    }

    fn tickets() -> Tickets {
        Tickets::new("guard".to_owned())
    }

    #[test]
    fn a_ticket_comes_back_as_it_was() {
        for (until, idle_until) in [(None, None), (Some(2000), None), (Some(9000), Some(2000))] {
            let ticket = Ticket { until, idle_until, ..ticket() };
            let text = tickets().issue(b"key", &ticket, "stored");
            let opened = tickets().open(&[b"new", b"key"], &text, 1999).unwrap();
            assert_eq!(opened.ticket, ticket);
            assert!(opened.is_against("stored"));
            assert!(!opened.is_against("other"));
        }
    }

    #[test]
    fn it_counts_for_its_guard_its_keys_and_its_time_alone() {
        let text = tickets().issue(b"key", &ticket(), "stored");
        assert!(tickets().open(&[b"key"], &text, 1999).is_some());
        assert!(tickets().open(&[b"key"], &text, 2000).is_none());
        let idle = tickets().issue(b"key", &Ticket { idle_until: Some(1500), ..ticket() }, "stored");
        assert!(tickets().open(&[b"key"], &idle, 1499).is_some());
        assert!(tickets().open(&[b"key"], &idle, 1500).is_none());
        assert!(tickets().open(&[b"other"], &text, 1000).is_none());
        assert!(tickets().open(&[], &text, 1000).is_none());
        assert!(Tickets::new("guard2".to_owned()).open(&[b"key"], &text, 1000).is_none());
    }

    #[test]
    fn it_says_whose_it_is() {
        let text = tickets().issue(b"key", &ticket(), "stored");
        assert!(tickets().says(b"key", &text, 1999, "alice", "stored"));
        assert!(!tickets().says(b"key", &text, 2000, "alice", "stored"));
        assert!(!tickets().says(b"key", &text, 1999, "bob", "stored"));
        assert!(!tickets().says(b"key", &text, 1999, "alice", "other"));
        assert!(!tickets().says(b"new", &text, 1999, "alice", "stored"));
    }

    #[test]
    fn each_changed_character_breaks_it() {
        let text = tickets().issue(b"key", &ticket(), "stored");
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character of a part in base64 holds bits that say nothing, and must be zero.
            assert!(tickets().open(&[b"key"], &changed, 1000).is_none(), "{place}");
        }
    }

    #[test]
    fn what_is_no_ticket_opens_nothing() {
        let long = "A".repeat(LONGEST + 1);
        for text in ["", ".", "..", "a.b", "a.b.c", "W10..", "\u{fc}.\u{fc}.\u{fc}", &long] {
            assert!(tickets().open(&[b"key"], text, 1000).is_none());
            assert!(claimed_time(text).is_none());
        }
        let text = tickets().issue(b"key", &ticket(), "stored");
        assert_eq!(claimed_time(&text), Some(1000));
        assert_eq!(claimed_time(&text[..text.len() - 1]), Some(1000));
    }
}
