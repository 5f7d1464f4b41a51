//! How often passwords may be guessed: counters of failed attempts, and who waits.
//!
//! An attempt is booked as failed before its hash begins, and given back if it was right or nobody
//! could tell: of many at once no more get through than one after another. There are three counters:
//! of the account, of the address (a /64 of IPv6), and of both together. What comes while one has to
//! wait is refused, begins no hash and lengthens nothing.
//!
//! A pair of account and browser that was right lately is known, by its address or by the cookie of
//! its device. It has a counter of its own, so that those who guess elsewhere lock no user out. Once
//! that is used up it is unknown, and waits as any other. What is remembered as right waits too where
//! the pair is unknown: an answer in the midst of a wait would tell which guess is right.
//!
//! The counters are in tables of a fixed size, indexed by a keyed hash: no flood makes them grow, and
//! names that exist are counted as names that do not. Where a place is needed, the weakest one goes:
//! what is forgotten anyway, then what failed least. A flood of new names so leaves an account that is
//! under attack counted, as the least recently used would not.
//!
//! Guesses may be counted elsewhere too, for several processes together ([`Throttle::share`]). Then
//! that place says who waits, and what is counted here stands in while it cannot be asked.

mod table;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use log::warn;

use crate::seal::{self, Digest, ProcessKey};
use table::{Counter, Key, Pair, Table};

/// After which time without a failure all of them are forgotten.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// For how long a pair that was right is known.
pub const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// After which time an address is forgiven one failure.
pub const FORGIVEN_EACH: Duration = Duration::from_secs(60);
/// The first wait of an address.
pub const ADDRESS_FIRST: Duration = Duration::from_secs(1);

/// How many attempts are free, and how long the waits are.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many failures of an account are free.
    pub account_free: u32,
    /// The first wait of an account; it doubles with each further failure.
    pub account_first: Duration,
    /// The longest wait of an account.
    pub account_longest: Duration,
    /// How many failures of an address are free.
    pub address_free: u32,
    /// The longest wait of an address; the first is one second.
    pub address_longest: Duration,
    /// How many failures of a known pair are free before it is unknown.
    pub known_free: u32,
    /// After how many failures an account is shut until they are forgotten.
    pub stop_after: Option<u32>,
    /// What becomes of a wrong password that comes again.
    pub repeated: Repeated,
}

/// What becomes of a wrong password that comes again, as browsers send it with each request of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// For so long, or for as long as it is remembered, it is refused without being looked at.
    Refused(Option<Duration>),
    /// For so long it is looked at again, and not counted again: what knows the users may have changed
    /// its mind.
    LookedAt(Duration),
}

/// Why an attempt may not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It has to wait for so long.
    Wait(Duration),
    /// The same password was wrong a moment ago.
    Repeated,
}

impl Held {
    /// Returns whole seconds, rounded up, at least one; `None` where nothing is to be waited for.
    #[must_use]
    pub fn seconds(self) -> Option<u64> {
        match self {
            Self::Wait(left) => Some((left.as_secs() + u64::from(left.subsec_nanos() > 0)).max(1)),
            Self::Repeated => None,
        }
    }
}

/// By what a browser is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser<'a> {
    /// By its address: nothing else comes with HTTP Basic.
    Address,
    /// By the id in the cookie of its device.
    Device(&'a str),
    /// By nothing: it has no such cookie.
    New,
}

/// Who guesses what, as a request states it.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The name of the account, as its store has it; of an unknown one as it was typed.
    pub account: &'a str,
    /// The client's address, after the server's own proxy support.
    pub address: &'a str,
    /// What a header says of further addresses (`X-Forwarded-For`, `Forwarded`).
    pub forwarded: Option<&'a str>,
    /// By what the browser is known.
    pub browser: Browser<'a>,
    /// The password.
    pub password: &'a str,
    /// What the password is compared with, as far as that is known.
    pub against: &'a str,
}

/// What an attempt counts for, in the clear: digests of it tell one counter from another.
struct Counted {
    account: String,
    network: String,
    forwarded: String,
    device: Option<String>,
    /// Whether the network is that of a proxy, or unknown.
    is_shared: bool,
}

impl Counted {
    fn account<D>(&self, digest: impl Fn(&[&str]) -> D) -> D {
        digest(&["account", &self.account])
    }

    fn address<D>(&self, digest: impl Fn(&[&str]) -> D) -> Option<D> {
        (!self.is_shared && !self.network.is_empty()).then(|| digest(&["address", &self.network]))
    }

    fn pair<D>(&self, digest: impl Fn(&[&str]) -> D) -> D {
        match &self.device {
            Some(id) => digest(&["device", &self.account, id]),
            None => digest(&["pair", &self.account, &self.network, &self.forwarded]),
        }
    }
}

/// By which keys a guess is counted elsewhere.
pub struct SharedKeys {
    /// The key of the account.
    pub account: Digest,
    /// The key of the account and the browser.
    pub pair: Digest,
    /// The key of the address, if there is one that counts.
    pub address: Option<Digest>,
}

/// What is to be asked elsewhere before a guess is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nothing: the same was right here lately.
    Nothing,
    /// Whether somebody has to wait: it was right here lately, or was wrong and counts already.
    Look,
    /// The same of what is remembered as right, whose pair is known from now on.
    Remember,
    /// The same, and it is booked as failed.
    Book,
}

/// An attempt that is counted.
pub struct Guess {
    throttle: Arc<Throttle>,
    counted: Counted,
    account: Key,
    address: Option<Key>,
    pair: Key,
    /// Whether the browser is known by a cookie, whatever the counters say.
    has_device: bool,
    /// Whether success makes the pair known.
    is_by_address: bool,
    password: u64,
    begun: (Duration, Instant),
    /// Whether it has not to wait, as is known from elsewhere.
    is_let_through: AtomicBool,
}

/// What is decided of a guess before it is made.
enum Verdict {
    Held(Held),
    /// The same guess is being made: both count as one.
    Joins,
    /// It was right lately, or counts already.
    Uncounted,
    Free {
        is_known: bool,
    },
}

/// What a booked attempt has counted, and when each was counted last before.
#[derive(Clone, Copy, Default)]
struct Charged {
    at: u64,
    account: Option<u64>,
    address: Option<u64>,
    pair: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Unknown,
    Wrong,
    Right,
}

/// The same guess, made by some requests at once.
struct Made {
    holders: usize,
    found: Found,
    charged: Charged,
}

struct State {
    accounts: Table<Counter>,
    addresses: Table<Counter>,
    pairs: Table<Pair>,
    made: HashMap<(Key, u64), Made>,
    /// Whose guesses these are: a fork copies them, and in it none of them ever ends.
    process: u32,
}

/// Counts attempts.
pub struct Throttle {
    settings: Settings,
    key: ProcessKey,
    state: Mutex<State>,
    /// Until when somebody has to wait, in milliseconds: with no attack nothing more is looked up.
    hot_until: AtomicU64,
    has_warned: AtomicBool,
    is_shared: AtomicBool,
}

impl Throttle {
    /// Returns counters under `key`, all at nothing.
    #[must_use]
    pub fn new(key: ProcessKey, settings: Settings) -> Self {
        let state = State {
            accounts: Table::new(),
            addresses: Table::new(),
            pairs: Table::new(),
            made: HashMap::new(),
            process: process::id(),
        };
        Self {
            settings,
            key,
            state: Mutex::new(state),
            hot_until: AtomicU64::new(0),
            has_warned: AtomicBool::new(false),
            is_shared: AtomicBool::new(false),
        }
    }

    /// Has guesses counted elsewhere too: who makes one asks there first.
    pub fn share(&self) {
        self.is_shared.store(true, Ordering::Relaxed);
    }

    /// Tells whether guesses are counted elsewhere too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Relaxed)
    }

    /// Returns how many attempts are free, and how long the waits are.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Tells whether anybody at all may have to wait at the time `now`.
    #[must_use]
    pub fn is_hot(&self, now: Duration) -> bool {
        self.is_shared() || millis(now) < self.hot_until.load(Ordering::Relaxed)
    }

    /// Returns what `facts` come to, for an attempt that begins at the time `now` of any clock that is
    /// never set back.
    #[must_use]
    pub fn guess(self: &Arc<Self>, facts: &Facts<'_>, now: Duration) -> Guess {
        let account = folded(facts.account);
        let (network, is_shared) = network_of(facts);
        if is_shared && !self.has_warned.swap(true, Ordering::Relaxed) {
            warn!(
                target: "dash_auth",
                "Wrong passwords are not counted by address: a proxy hides the addresses of the clients. \
                 Have the server believe the proxy (ProxyFix; uvicorn's --forwarded-allow-ips)."
            );
        }
        let device = match facts.browser {
            Browser::Device(id) => Some(id.to_owned()),
            Browser::Address | Browser::New => None,
        };
        // Behind such a proxy all of the header tells browsers apart: the proxy adds to what a client
        // makes up.
        let forwarded = if is_shared { facts.forwarded.unwrap_or_default() } else { "" };
        let counted = Counted { account, network, forwarded: forwarded.to_owned(), device, is_shared };
        let keyed = |parts: &[&str]| self.keyed(parts);
        let password = self.keyed(&["password", &counted.account, facts.password, facts.against]);
        Guess {
            throttle: Arc::clone(self),
            account: counted.account(keyed),
            address: counted.address(keyed),
            pair: counted.pair(keyed),
            has_device: counted.device.is_some(),
            is_by_address: facts.browser == Browser::Address && (is_shared || !counted.network.is_empty()),
            password: password.tag(),
            counted,
            begun: (now, Instant::now()),
            is_let_through: AtomicBool::new(false),
        }
    }

    fn keyed(&self, parts: &[&str]) -> Key {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        Key::of(&self.key.digest(&parts))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.process != process::id() {
            state.process = process::id();
            state.made.clear();
        }
        state
    }

    fn account_wait(&self, failures: u32) -> Duration {
        if self.settings.stop_after.is_some_and(|most| failures >= most) {
            return FORGOTTEN_AFTER;
        }
        let Settings { account_free, account_first, account_longest, .. } = self.settings;
        wait_after(failures, account_free, account_first, account_longest)
    }

    fn address_wait(&self, failures: u32) -> Duration {
        let Settings { address_free, address_longest, .. } = self.settings;
        wait_after(failures, address_free, ADDRESS_FIRST, address_longest)
    }

    /// Decides on a guess at the time `now`, and counts nothing.
    fn verdict(&self, state: &State, guess: &Guess, now: u64) -> Verdict {
        if state.made.contains_key(&(guess.pair, guess.password)) {
            return Verdict::Joins;
        }
        let pair = state.pairs.find(guess.pair).filter(|pair| !pair.is_forgotten(now));
        let failures = pair.map_or(0, |pair| pair.counter.failures_at(now));
        let is_known = (guess.has_device || (guess.is_by_address && pair.is_some_and(|it| it.is_known(now))))
            && failures < self.settings.known_free;
        if !is_known && !guess.is_let_through.load(Ordering::Relaxed) {
            let account = state.accounts.find(guess.account);
            let account =
                account.map_or(0, |counter| counter.left(now, self.account_wait(counter.failures_at(now))));
            let address = guess.address.and_then(|key| state.addresses.find(key));
            let address = address
                .map_or(0, |counter| counter.left(now, self.address_wait(counter.forgiven(now).failures)));
            if account > 0 || address > 0 {
                return Verdict::Held(Held::Wait(Duration::from_millis(account.max(address))));
            }
        }
        match pair {
            Some(pair) if pair.was_right(guess.password, now) => Verdict::Uncounted,
            Some(pair) => match self.settings.repeated {
                Repeated::Refused(time) if pair.was_wrong(guess.password, now, time) => {
                    Verdict::Held(Held::Repeated)
                }
                Repeated::LookedAt(time) if pair.was_wrong(guess.password, now, Some(time)) => {
                    Verdict::Uncounted
                }
                _ => Verdict::Free { is_known },
            },
            None => Verdict::Free { is_known },
        }
    }

    /// Counts a guess as failed.
    fn charge(&self, state: &mut State, guess: &Guess, is_known: bool, now: u64) -> Charged {
        let mut charged = Charged { at: now, ..Charged::default() };
        if is_known {
            charged.pair = Some(state.pairs.entry(guess.pair, now).counter.add(now));
        } else {
            let counter = state.accounts.entry(guess.account, now);
            charged.account = Some(counter.add(now));
            self.heat(now, self.account_wait(counter.failures));
        }
        if let Some(address) = guess.address {
            let counter = state.addresses.entry(address, now);
            *counter = counter.forgiven(now);
            charged.address = Some(counter.add(now));
            self.heat(now, self.address_wait(counter.failures));
        }
        charged
    }

    fn heat(&self, now: u64, wait: Duration) {
        if !wait.is_zero() {
            self.hot_until.fetch_max(now.saturating_add(millis(wait)), Ordering::Relaxed);
        }
    }

    fn give_back(state: &mut State, guess: &Guess, charged: Charged) {
        if let (Some(last), Some(counter)) = (charged.account, state.accounts.find_mut(guess.account)) {
            counter.take_back(charged.at, last);
        }
        if let (Some(last), Some(pair)) = (charged.pair, state.pairs.find_mut(guess.pair)) {
            pair.counter.take_back(charged.at, last);
        }
        if let (Some(last), Some(key)) = (charged.address, guess.address)
            && let Some(counter) = state.addresses.find_mut(key)
        {
            counter.take_back(charged.at, last);
        }
    }

    fn note_success(state: &mut State, guess: &Guess, now: u64) {
        if let Some(counter) = state.accounts.find_mut(guess.account) {
            counter.failures /= 2;
        }
        state.pairs.entry(guess.pair, now).note_right(guess.password, now);
    }

    /// Ends a request's part in a booked guess.
    fn end(&self, guess: &Guess, is_charged: bool, right: Option<bool>, now: u64) {
        let mut state = self.lock();
        if !is_charged {
            // It was right before, and counts only if it is so no more.
            match right {
                Some(true) => state.pairs.entry(guess.pair, now).note_right(guess.password, now),
                Some(false) => {
                    // Once, however many asked at the same time.
                    if !state.pairs.find(guess.pair).is_some_and(|pair| pair.was_right(guess.password, now)) {
                        return;
                    }
                    self.charge(&mut state, guess, guess.has_device || guess.is_by_address, now);
                    state.pairs.entry(guess.pair, now).note_wrong(guess.password, now);
                }
                None => {}
            }
            return;
        }
        let key = (guess.pair, guess.password);
        // After a fork there is none.
        let Some(made) = state.made.get_mut(&key) else { return };
        made.holders = made.holders.saturating_sub(1);
        let (before, charged) = (made.found, made.charged);
        match right {
            Some(true) => made.found = Found::Right,
            // A function may change its mind while both ask it: then one was wrong after all.
            Some(false) if before != Found::Right => made.found = Found::Wrong,
            _ => {}
        }
        let (after, is_last) = (made.found, made.holders == 0);
        if is_last {
            state.made.remove(&key);
        }
        if after == Found::Right && before != Found::Right || (is_last && after == Found::Unknown) {
            Self::give_back(&mut state, guess, charged);
        }
        match (before, after) {
            (Found::Unknown, Found::Wrong) => {
                state.pairs.entry(guess.pair, now).note_wrong(guess.password, now);
            }
            (Found::Unknown | Found::Wrong, Found::Right) => Self::note_success(&mut state, guess, now),
            _ => {}
        }
    }
}

impl Guess {
    fn now(&self) -> u64 {
        millis(self.begun.0.saturating_add(self.begun.1.elapsed()))
    }

    /// Tells, at once, whether the guess may be made. It counts nothing.
    ///
    /// # Errors
    ///
    /// Why it may not.
    pub fn look(&self) -> Result<(), Held> {
        match self.throttle.verdict(&self.throttle.lock(), self, self.now()) {
            Verdict::Held(held) => Err(held),
            Verdict::Joins | Verdict::Uncounted | Verdict::Free { .. } => Ok(()),
        }
    }

    /// Tells whether what is remembered as right may be believed, and if so has the pair known.
    ///
    /// # Errors
    ///
    /// The pair is unknown, and has to wait.
    pub fn remembered(&self) -> Result<(), Held> {
        let now = self.now();
        let mut state = self.throttle.lock();
        if let Verdict::Held(held @ Held::Wait(_)) = self.throttle.verdict(&state, self, now) {
            return Err(held);
        }
        state.pairs.entry(self.pair, now).note_remembered(self.password, now);
        Ok(())
    }

    /// Tells whether what is remembered as right may be believed with nothing asked elsewhere: the pair
    /// was right here lately, and may go on failing for a while.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        let now = self.now();
        let mut state = self.throttle.lock();
        let is_sure = self.is_known_here(&state, now);
        if is_sure {
            state.pairs.entry(self.pair, now).note_remembered(self.password, now);
        }
        is_sure
    }

    fn is_known_here(&self, state: &State, now: u64) -> bool {
        (self.has_device || self.is_by_address)
            && state.pairs.find(self.pair).is_some_and(|pair| {
                pair.is_known(now) && pair.counter.failures_at(now) < self.throttle.settings.known_free
            })
    }

    /// Returns what is to be asked elsewhere before the guess is made.
    #[must_use]
    pub fn asks(&self) -> Asks {
        let now = self.now();
        let state = self.throttle.lock();
        let Some(pair) = state.pairs.find(self.pair) else { return Asks::Book };
        let counts = match self.throttle.settings.repeated {
            Repeated::Refused(time) => time,
            Repeated::LookedAt(time) => Some(time),
        };
        if pair.was_right(self.password, now) && self.is_known_here(&state, now) {
            // What failed meanwhile is forgotten there too.
            if pair.counter.failures_at(now) == 0 { Asks::Nothing } else { Asks::Look }
        } else if pair.was_wrong(self.password, now, counts) {
            Asks::Look
        } else {
            Asks::Book
        }
    }

    /// Returns by which keys the guess is counted elsewhere, under the key `secret`, among those of one
    /// `scope`.
    #[must_use]
    pub fn shared_keys(&self, secret: &[u8], scope: &str) -> SharedKeys {
        let keyed = |parts: &[&str]| {
            let parts = ["guesses", scope].into_iter().chain(parts.iter().copied());
            seal::digest(secret, &parts.map(str::as_bytes).collect::<Vec<_>>())
        };
        let counted = &self.counted;
        SharedKeys {
            account: counted.account(keyed),
            pair: counted.pair(keyed),
            address: counted.address(keyed),
        }
    }

    /// Tells whether the browser is known by a cookie.
    #[must_use]
    pub fn has_device(&self) -> bool {
        self.has_device
    }

    /// Tells whether success has the pair known by its address.
    #[must_use]
    pub fn is_by_address(&self) -> bool {
        self.is_by_address
    }

    /// Returns what tells the guess from others in this process: of the pair, and of the password.
    #[must_use]
    pub fn id(&self) -> (u64, u64) {
        (self.pair.tag(), self.password)
    }

    /// Has the guess not wait: it may be made, as is known from elsewhere.
    pub fn let_through(&self) {
        self.is_let_through.store(true, Ordering::Relaxed);
    }

    /// Has the pair unknown, which has to wait, as is known from elsewhere.
    pub fn hold(&self) {
        if let Some(pair) = self.throttle.lock().pairs.find_mut(self.pair) {
            pair.forget_right();
        }
    }

    /// Books the guess as failed.
    ///
    /// # Errors
    ///
    /// Why it may not be made.
    pub fn book(self: &Arc<Self>) -> Result<Booking, Held> {
        let now = self.now();
        let mut state = self.throttle.lock();
        let is_charged = match self.throttle.verdict(&state, self, now) {
            Verdict::Held(held) => return Err(held),
            Verdict::Uncounted => false,
            Verdict::Joins => {
                if let Some(made) = state.made.get_mut(&(self.pair, self.password)) {
                    made.holders += 1;
                }
                true
            }
            Verdict::Free { is_known } => {
                let charged = self.throttle.charge(&mut state, self, is_known, now);
                let made = Made { holders: 1, found: Found::Unknown, charged };
                state.made.insert((self.pair, self.password), made);
                true
            }
        };
        Ok(Booking { guess: Arc::clone(self), is_charged, is_over: false })
    }
}

/// A guess that counts as failed. Dropped without a finding, it is given back.
pub struct Booking {
    guess: Arc<Guess>,
    is_charged: bool,
    is_over: bool,
}

impl Booking {
    /// Says whether the guess was right.
    pub fn settle(mut self, right: bool) {
        self.end(Some(right));
    }

    fn end(&mut self, right: Option<bool>) {
        if !self.is_over {
            self.is_over = true;
            self.guess.throttle.end(&self.guess, self.is_charged, right, self.guess.now());
        }
    }
}

impl Drop for Booking {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// Returns the name under which an account is counted.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Returns the network of an address, and whether a proxy's stands there in place of its clients'.
fn network_of(facts: &Facts<'_>) -> (String, bool) {
    let Some(address) = parsed(facts.address) else {
        // A Unix socket has no address, and a proxy at its other end.
        return (facts.address.to_owned(), facts.address.is_empty() && facts.forwarded.is_some());
    };
    let network = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    };
    // Where the server believes the proxy, the address is one that the header names.
    let is_shared = is_near(address)
        && facts.forwarded.is_some_and(|forwarded| {
            !forwarded.split([',', ';', '=', ' ', '"']).any(|named| parsed(named) == Some(address))
        });
    (network, is_shared)
}

fn parsed(text: &str) -> Option<IpAddr> {
    let text = text.split('%').next().unwrap_or_default();
    let bare = match text.strip_prefix('[') {
        // With a port after it, as `Forwarded` has it (RFC 7239 section 6).
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => text,
    };
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Tells whether an address is of this machine or a private network, as a proxy's mostly is.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

fn wait_after(failures: u32, free: u32, first: Duration, longest: Duration) -> Duration {
    match failures.checked_sub(free) {
        None | Some(0) => Duration::ZERO,
        Some(over) => first.saturating_mul(1 << (over - 1).min(30)).min(longest),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
