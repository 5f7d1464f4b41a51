//! The cookie that remembers a login.

use dash_auth::ticket::{Tickets, claimed_time};

const KEY: &[u8] = b"the key of the seeds";

/// Reads the input as a ticket; returns whether it says when a user logged in.
///
/// # Panics
///
/// Panics if a ticket counts that was not issued in these very characters.
#[must_use]
pub fn ticket(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let tickets = Tickets::new("fuzzed".to_owned());
    let claimed = claimed_time(text);
    if let Some(opened) = tickets.open(&[b"another key", KEY], text, 1000) {
        assert_eq!(claimed, Some(opened.ticket.auth_time));
        assert_eq!(tickets.issue(KEY, &opened.ticket, "stored"), text);
        assert!(opened.is_against("stored") && !opened.is_against("other"));
        assert!(tickets.says(KEY, text, 1000, &opened.ticket.name, "stored"));
    }
    claimed.is_some()
}
