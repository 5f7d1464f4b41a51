//! A table of a fixed size, in which the weakest gives way.

use std::time::Duration;

use super::{FORGIVEN_EACH, FORGOTTEN_AFTER, KNOWN_FOR, millis};
use crate::seal::Digest;

/// How many sets a table has; with eight places each, 16,384 are counted.
const SETS: usize = 2048;
const PLACES: usize = 8;
/// How many wrong passwords are remembered of a pair.
const WRONG: usize = 4;

/// Where something stands in a table, and what tells it from what else stands there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    set: usize,
    tag: u64,
}

impl Key {
    pub(super) fn of(digest: &Digest) -> Self {
        let half = |from: usize| {
            let octets = digest.get(from..).and_then(|rest| rest.first_chunk::<8>());
            octets.map_or(0, |octets| u64::from_le_bytes(*octets))
        };
        let set = usize::try_from(half(8) % SETS as u64).unwrap_or(0);
        // A place with the tag 0 is empty.
        Self { set, tag: half(0).max(1) }
    }

    pub(super) fn tag(self) -> u64 {
        self.tag
    }
}

/// What stands in a place.
pub(super) trait Place: Copy + Default {
    fn tag(&self) -> u64;
    fn empty(tag: u64) -> Self;
    /// Returns what says, by its order, which of two gives way: the lesser.
    fn strength(&self, now: u64) -> (bool, bool, u32, u64);
}

pub(super) struct Table<P> {
    sets: Vec<Option<Box<[P; PLACES]>>>,
}

impl<P: Place> Table<P> {
    pub(super) fn new() -> Self {
        Self { sets: (0..SETS).map(|_| None).collect() }
    }

    pub(super) fn find(&self, key: Key) -> Option<&P> {
        self.sets.get(key.set)?.as_ref()?.iter().find(|place| place.tag() == key.tag)
    }

    pub(super) fn find_mut(&mut self, key: Key) -> Option<&mut P> {
        self.sets.get_mut(key.set)?.as_mut()?.iter_mut().find(|place| place.tag() == key.tag)
    }

    /// Returns the place of a key, which takes the weakest where it has none.
    #[allow(clippy::indexing_slicing)] // Both indices are below the lengths.
    pub(super) fn entry(&mut self, key: Key, now: u64) -> &mut P {
        let places = self.sets[key.set].get_or_insert_with(|| Box::new([P::default(); PLACES]));
        let own = places.iter().position(|place| place.tag() == key.tag);
        let weakest = || (0..PLACES).min_by_key(|index| places[*index].strength(now)).unwrap_or(0);
        let index = own.unwrap_or_else(weakest);
        let place = &mut places[index];
        if own.is_none() {
            *place = P::empty(key.tag);
        }
        place
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sets.iter().flatten().flat_map(|places| places.iter()).filter(|place| place.tag() != 0).count()
    }
}

/// Failures, and when the last one was, in milliseconds.
#[derive(Clone, Copy, Default)]
pub(super) struct Counter {
    tag: u64,
    pub(super) failures: u32,
    at: u64,
    /// Until when it is forgiven.
    forgiven: u64,
}

impl Counter {
    /// Returns the failures that are not forgotten.
    pub(super) fn failures_at(&self, now: u64) -> u32 {
        if now.saturating_sub(self.at) > millis(FORGOTTEN_AFTER) { 0 } else { self.failures }
    }

    /// Returns how much of a wait is left.
    pub(super) fn left(&self, now: u64, wait: Duration) -> u64 {
        if wait.is_zero() {
            // Of two at once the later one may have been counted first.
            return 0;
        }
        self.at.saturating_add(millis(wait)).saturating_sub(now)
    }

    /// Returns the counter with what is forgiven taken off.
    pub(super) fn forgiven(mut self, now: u64) -> Self {
        let times = now.saturating_sub(self.forgiven) / millis(FORGIVEN_EACH);
        self.failures = self.failures.saturating_sub(u32::try_from(times).unwrap_or(u32::MAX));
        self.forgiven = if self.failures == 0 { now } else { self.forgiven + times * millis(FORGIVEN_EACH) };
        self
    }

    /// Adds a failure, and returns when the last one before it was.
    pub(super) fn add(&mut self, now: u64) -> u64 {
        let before = self.at;
        self.failures = self.failures_at(now).saturating_add(1);
        self.at = now;
        before
    }

    /// Takes back a failure that was added at `at`, when the last one was at `before`.
    pub(super) fn take_back(&mut self, at: u64, before: u64) {
        self.failures = self.failures.saturating_sub(1);
        if self.at == at {
            self.at = before;
        }
    }
}

impl Place for Counter {
    fn tag(&self) -> u64 {
        self.tag
    }

    fn empty(tag: u64) -> Self {
        Self { tag, ..Self::default() }
    }

    fn strength(&self, now: u64) -> (bool, bool, u32, u64) {
        (self.tag != 0, false, self.failures_at(now), self.at)
    }
}

/// An account and a browser.
#[derive(Clone, Copy, Default)]
pub(super) struct Pair {
    pub(super) counter: Counter,
    /// When it was right last, or 0.
    right_at: u64,
    right: u64,
    wrong: [(u64, u64); WRONG],
}

impl Pair {
    pub(super) fn is_known(&self, now: u64) -> bool {
        self.right_at != 0 && now.saturating_sub(self.right_at) <= millis(KNOWN_FOR)
    }

    pub(super) fn is_forgotten(&self, now: u64) -> bool {
        !self.is_known(now) && now.saturating_sub(self.last_wrong()) > millis(FORGOTTEN_AFTER)
    }

    fn last_wrong(&self) -> u64 {
        self.wrong.iter().map(|(_, at)| *at).max().unwrap_or(0).max(self.counter.at)
    }

    pub(super) fn was_right(&self, password: u64, now: u64) -> bool {
        self.right == password && self.is_known(now)
    }

    /// Tells whether a password was wrong, within the time for which that counts.
    pub(super) fn was_wrong(&self, password: u64, now: u64, counts: Option<Duration>) -> bool {
        let counts = millis(counts.unwrap_or(FORGOTTEN_AFTER));
        self.wrong.iter().any(|(wrong, at)| *wrong == password && now.saturating_sub(*at) <= counts)
    }

    pub(super) fn note_right(&mut self, password: u64, now: u64) {
        *self = Self::empty(self.counter.tag);
        self.note_remembered(password, now);
    }

    /// Notes what is remembered as right, which clears nothing: it was looked up, not verified.
    pub(super) fn note_remembered(&mut self, password: u64, now: u64) {
        (self.right, self.right_at) = (password, now.max(1));
    }

    pub(super) fn forget_right(&mut self) {
        self.right_at = 0;
    }

    pub(super) fn note_wrong(&mut self, password: u64, now: u64) {
        if self.right == password {
            self.right = 0;
        }
        let oldest = self.wrong.iter_mut().min_by_key(|(wrong, at)| (*wrong != password, *at));
        if let Some(oldest) = oldest {
            *oldest = (password, now);
        }
    }
}

impl Place for Pair {
    fn tag(&self) -> u64 {
        self.counter.tag
    }

    fn empty(tag: u64) -> Self {
        Self { counter: Counter::empty(tag), ..Self::default() }
    }

    fn strength(&self, now: u64) -> (bool, bool, u32, u64) {
        let last = self.last_wrong().max(self.right_at);
        (self.counter.tag != 0, self.is_known(now), self.counter.failures_at(now), last)
    }
}
