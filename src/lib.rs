//! The core of dash-auth-rs: who may pass, and which requests need no login.
//!
//! This page is the specification; each module says the rest of what it decides and refuses. The core
//! knows neither Python nor a server: facts of a request go in, a decision comes out. The Python shim
//! gathers the facts, runs the steps below in this order and answers; `src/python/`, behind the feature
//! `python`, converts types and errors and decides nothing.
//!
//! # What a request is asked
//!
//! 1. **Whose is it?** Of several guarded apps on one server the one with the longest prefix that the
//!    path begins with decides alone; a path under no prefix has to satisfy all of them.
//! 2. **What is the server going to run?** That, as the server's own routing has it, is an
//!    [`Endpoint`](gate::Endpoint); how the path looks decides nothing.
//! 3. **Is that endpoint open?** [`gate::Gate::ask`] asks the declared rules ([`routes`]), and where
//!    Dash is to show a page [`gate::Gate::ask_page`] asks whether a rule means that very page. A path
//!    with a segment `.` or `..` matches no rule, and what is too long or too costly to look up is no
//!    page ([`gate::may_resolve_page`]). An open endpoint passes with no login, and no password is
//!    hashed for it.
//! 4. **Is it a forgery?** A request that changes something and is not shown to come from a page of this
//!    [`origin`] or a trusted one ([`gate::Verdict::is_forged`]) counts as an anonymous
//!    visitor's, whatever credentials it brings. A program states neither `Sec-Fetch-Site` nor
//!    `Origin`, and is asked for its own.
//! 5. **Does it bring right credentials?** [`basic`] reads the header: one header, or there are none.
//!    [`attempt`] says whether they are known, refused, or take work: [`cache`] tells whether they were
//!    verified before against the very value that is stored now; if not, [`users`] verifies them once for all requests that wait, [`password`] says what a stored
//!    value is and whether the password matches, [`throttle`] counts what is guessed, before it is hashed, and says who has to wait, and [`admission`] bounds how many hashes run. Who is
//!    right passes, and the body is never read.
//! 6. **Is it a callback that needs no login?** Only for a POST to Dash's callback view, and only where
//!    something is public, is the body read. [`callbacks`] compares it, position by position, with the
//!    declaration of the callback that Dash will run. It passes if the developer registered that
//!    function as public, or if it is a routing callback and step 3's rules mean the page that its
//!    pathname leads to. The handles of background jobs that it names must be sealed for that
//!    same callback ([`handles`]).
//! 7. **Is it a preflight of a trusted origin** ([`gate::Standing::Preflight`])? Then the server's automatic
//!    answer is all that it gets.
//! 8. **Else it is refused:** 403 for a forgery, 429 after too many wrong passwords, 503 while all turns to hash are taken or the users
//!    cannot be asked, 413 for a body that is too large to be read with no login, and otherwise the
//!    request to log in.
//!
//! # What holds throughout
//!
//! - What is not declared public is private.
//! - What a client sends is never an error of the server's: malformed input is an outcome, and nothing
//!   here panics on it. Whatever goes wrong while deciding refuses.
//! - What the developer configures wrongly is refused at start, with the reason: a rule
//!   ([`routes::RuleError`]), a name or a stored value that could never log in
//!   ([`users::TableError`]), a value in the form of a hash that cannot be checked ([`password`]).
//! - A secret is compared in constant time, shown by no `Debug` and no message, and kept in the cache
//!   only as a digest under a key that this process alone knows ([`seal::ProcessKey`]). An unknown name
//!   costs what a known one costs.
//! - What the server gives to a client and takes back, tickets ([`ticket`]) and handles of jobs ([`handles`]),
//!   carries its [`seal`]. A ticket counts for the guard that it names, under a key that the server has, until it
//!   says, and only while what the user was verified against is the same.
//! - Work for anonymous visitors is bounded: the length of what is read, matched and hashed, how many
//!   hashes run at once, and the memory that they keep.
//!
//! The targets under `fuzz/` hold the parsers to this: header, stored value, rule and path, body.

pub mod admission;
pub mod attempt;
pub mod basic;
pub mod cache;
pub mod callbacks;
pub mod gate;
pub mod handles;
pub mod htpasswd;
pub mod origin;
pub mod password;
#[cfg(feature = "python")]
mod python;
pub mod routes;
pub mod seal;
pub mod sender;
pub mod target;
pub mod throttle;
pub mod ticket;
pub mod users;
