use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;
use std::thread;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// When the tests begin, by a clock that has run for some days.
const START: Duration = Duration::from_secs(1_000_000);

const SETTINGS: Settings = Settings {
    account_free: 4,
    account_first: SECOND,
    account_longest: Duration::from_secs(900),
    address_free: 50,
    address_longest: MINUTE,
    known_free: 10,
    stop_after: None,
    repeated: Repeated::Refused(None),
};

const ALICE: Facts<'_> = Facts {
    account: "alice",
    address: "203.0.113.1",
    forwarded: None,
    browser: Browser::Address,
    password: "",
    against: "",
};

fn throttle(settings: Settings) -> Arc<Throttle> {
    Arc::new(Throttle::new(ProcessKey::draw().unwrap(), settings))
}

fn usual() -> Arc<Throttle> {
    throttle(SETTINGS)
}

/// Makes one guess after the other, each with another password, and settles it.
struct Client<'a> {
    throttle: &'a Arc<Throttle>,
    facts: Facts<'a>,
}

/// Numbers the passwords, so that no two are the same.
static GUESSES: AtomicUsize = AtomicUsize::new(0);

impl Client<'_> {
    fn made(&self, password: &str, after: Duration) -> Arc<Guess> {
        Arc::new(self.throttle.guess(&Facts { password, ..self.facts }, START + after))
    }

    fn tries(&self, password: &str, right: bool, after: Duration) -> Result<(), Held> {
        self.made(password, after).book().map(|booking| booking.settle(right))
    }

    fn fails(&self, after: Duration) -> Result<(), Held> {
        let number = GUESSES.fetch_add(1, Ordering::Relaxed);
        self.tries(&format!("guess {number}"), false, after)
    }

    fn logs_in(&self, after: Duration) -> Result<(), Held> {
        self.tries("right", true, after)
    }

    /// Returns how many of some guesses may be made at one moment.
    fn most(&self, guesses: usize, after: Duration) -> usize {
        (0..guesses).filter(|_| self.fails(after).is_ok()).count()
    }

    fn seconds(&self, after: Duration) -> Option<u64> {
        self.made("looked", after).look().err().and_then(Held::seconds)
    }
}

fn client(throttle: &Arc<Throttle>) -> Client<'_> {
    Client { throttle, facts: ALICE }
}

fn from<'a>(throttle: &'a Arc<Throttle>, account: &'a str, address: &'a str) -> Client<'a> {
    Client { throttle, facts: Facts { account, address, ..ALICE } }
}

#[test]
fn four_are_free_and_each_wait_is_twice_as_long() {
    let throttle = usual();
    let client = client(&throttle);
    assert_eq!(client.most(50, Duration::ZERO), 5);
    let mut after = Duration::ZERO;
    for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        assert_eq!(client.seconds(after), Some(seconds));
        // What comes too early lengthens nothing.
        assert_eq!(client.most(50, after + Duration::from_secs(seconds) / 2), 0);
        after += Duration::from_secs(seconds + 1);
        assert_eq!(client.seconds(after), None);
        assert_eq!(client.most(50, after), 1);
    }
}

#[test]
fn seconds_are_rounded_up_and_at_least_one() {
    for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_500, 60)] {
        assert_eq!(Held::Wait(Duration::from_millis(millis)).seconds(), Some(seconds));
    }
    assert_eq!(Held::Repeated.seconds(), None);
}

#[test]
fn of_many_at_once_no_more_get_through_than_one_after_another() {
    // A first wait that no busy machine outlasts.
    let throttle = throttle(Settings { account_first: MINUTE, ..SETTINGS });
    let (begin, end) = (Barrier::new(50), Barrier::new(50));
    let through = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..50 {
            let (throttle, begin, end, through) = (&throttle, &begin, &end, &through);
            scope.spawn(move || {
                let address = format!("203.0.113.{number}");
                let guess = from(throttle, "alice", &address).made(&address, Duration::ZERO);
                begin.wait();
                let booking = guess.book();
                through.fetch_add(usize::from(booking.is_ok()), Ordering::Relaxed);
                // All are under way before one ends.
                end.wait();
                if let Ok(booking) = booking {
                    booking.settle(false);
                }
            });
        }
    });
    assert_eq!(through.into_inner(), 5);
}

#[test]
fn fifty_addresses_make_at_most_twelve_guesses_a_minute_at_one_account() {
    let throttle = usual();
    let addresses: Vec<String> = (0..50).map(|number| format!("203.0.113.{number}")).collect();
    for minute in 0..8 {
        let through = (0..120).filter(|half| {
            let after = MINUTE * minute + Duration::from_millis(500 * half);
            addresses.iter().any(|address| from(&throttle, "alice", address).fails(after).is_ok())
        });
        let most = if minute == 0 { 12 } else { 1 };
        assert!(through.count() <= most, "in minute {minute}");
    }
}

#[test]
fn one_address_makes_at_most_sixty_guesses_a_minute_at_many_accounts() {
    let throttle = usual();
    let mut number = 0;
    for (minute, most) in [(0, 60), (1, 3), (2, 3), (3, 3), (4, 3)] {
        let through = (0..1200).filter(|step| {
            number += 1;
            let after = MINUTE * minute + Duration::from_millis(50 * step);
            from(&throttle, &number.to_string(), "203.0.113.1").fails(after).is_ok()
        });
        let through = through.count();
        assert!(through <= most, "{through} in minute {minute}");
    }
    // One is forgiven each minute.
    let later = MINUTE * 70;
    let through =
        (0..100).filter(|name| from(&throttle, &format!("later {name}"), "203.0.113.1").fails(later).is_ok());
    assert_eq!(through.count(), 51);
}

#[test]
fn an_address_of_ipv6_counts_with_its_network() {
    for (first, second, counts_as_one) in [
        ("2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", true),
        ("2001:db8::1", "2001:db8:0:1::1", false),
        ("203.0.113.1", "::ffff:203.0.113.1", true),
        ("203.0.113.1", "203.0.113.2", false),
        ("fe80::1%eth0", "fe80::2%eth1", true),
        ("testclient", "testclient", true),
        ("testclient", "another", false),
    ] {
        let throttle = usual();
        let made =
            (0..60).filter(|name| from(&throttle, &name.to_string(), first).fails(Duration::ZERO).is_ok());
        assert_eq!(made.count(), 51);
        let held = from(&throttle, "alice", second).seconds(Duration::ZERO);
        assert_eq!(held.is_some(), counts_as_one, "{first} {second}");
    }
}

#[test]
fn an_address_that_is_a_proxys_does_not_count() {
    for (address, forwarded, counts) in [
        ("127.0.0.1", None, true),
        ("127.0.0.1", Some("198.51.100.7"), false),
        ("10.1.2.3", Some("198.51.100.7"), false),
        ("::1", Some("for=198.51.100.7"), false),
        ("fd00::1", Some(""), false),
        ("", Some("198.51.100.7"), false),
        ("203.0.113.1", Some("198.51.100.7"), true),
        // The server believes the proxy: the address is the client's, which is in a private network.
        ("10.1.2.3", Some("10.1.2.3"), true),
        ("10.1.2.3", Some("198.51.100.7, 10.1.2.3"), true),
        ("fd00::1", Some("for=\"[fd00::1]:4711\";proto=https"), true),
    ] {
        let throttle = usual();
        let made = (0..60).filter(|name| {
            let facts = Facts { account: &name.to_string(), address, forwarded, ..ALICE };
            Client { throttle: &throttle, facts }.fails(Duration::ZERO).is_ok()
        });
        assert_eq!(made.count(), if counts { 51 } else { 60 }, "{address} {forwarded:?}");
    }
}

#[test]
fn what_nobody_can_tell_is_given_back() {
    let throttle = usual();
    let client = client(&throttle);
    for number in 0..20 {
        drop(client.made(&number.to_string(), Duration::ZERO).book().ok().unwrap());
    }
    assert_eq!(client.most(4, Duration::ZERO), 4);
    drop(client.made("one more", Duration::ZERO).book().ok().unwrap());
    assert_eq!(client.most(50, MINUTE), 1);
    // Nor does it put off the end of a wait.
    let throttle = usual();
    let client = Client { throttle: &throttle, facts: ALICE };
    assert_eq!(client.most(6, Duration::ZERO), 5);
    drop(client.made("later", SECOND * 2).book().ok().unwrap());
    assert_eq!(client.seconds(SECOND * 2), None);
}

#[test]
fn a_panic_gives_back() {
    let throttle = usual();
    for number in 0..20 {
        let guess = client(&throttle).made(&number.to_string(), Duration::ZERO);
        let died = thread::spawn(move || {
            let _booking = guess.book().ok().unwrap();
            std::panic::resume_unwind(Box::new("while hashing"));
        });
        assert!(died.join().is_err());
    }
    assert_eq!(client(&throttle).most(50, Duration::ZERO), 5);
}

#[test]
fn a_success_halves_what_counts_for_the_account() {
    let throttle = usual();
    let client = client(&throttle);
    assert_eq!(client.most(4, Duration::ZERO), 4);
    client.logs_in(Duration::ZERO).unwrap();
    // From elsewhere, since this one is known now.
    let other = from(&throttle, "alice", "203.0.113.2");
    assert_eq!(other.most(50, Duration::ZERO), 3);
}

#[test]
fn who_guesses_elsewhere_locks_no_known_browser_out() {
    let throttle = usual();
    let (honest, other) = (client(&throttle), from(&throttle, "alice", "203.0.113.2"));
    honest.logs_in(Duration::ZERO).unwrap();
    assert_eq!(other.most(50, SECOND), 5);
    assert!(other.seconds(SECOND).is_some());
    honest.logs_in(SECOND).unwrap();
    // It has ten attempts of its own, and none of them adds to the account's.
    assert_eq!(honest.most(50, SECOND), 10);
    assert!(honest.seconds(SECOND).is_some());
    assert_eq!(other.seconds(SECOND), Some(1));
    // A success makes it known again: ten of its own, and the account's one.
    honest.logs_in(MINUTE).unwrap();
    assert_eq!(honest.most(50, MINUTE), 11);
}

#[test]
fn with_none_of_its_own_a_known_browser_counts_as_any_other() {
    let throttle = throttle(Settings { known_free: 0, ..SETTINGS });
    client(&throttle).logs_in(Duration::ZERO).unwrap();
    assert_eq!(client(&throttle).most(50, SECOND), 5);
    assert!(from(&throttle, "alice", "203.0.113.2").seconds(SECOND).is_some());
}

#[test]
fn a_known_browser_is_forgotten_in_time() {
    let throttle = usual();
    let honest = client(&throttle);
    honest.logs_in(Duration::ZERO).unwrap();
    let later = KNOWN_FOR + SECOND;
    assert_eq!(from(&throttle, "alice", "203.0.113.2").most(50, later), 5);
    assert!(honest.seconds(later).is_some());
}

#[test]
fn a_device_is_known_by_its_cookie_alone() {
    let throttle = usual();
    let by = |browser| Client { throttle: &throttle, facts: Facts { browser, ..ALICE } };
    by(Browser::New).logs_in(Duration::ZERO).unwrap();
    assert_eq!(from(&throttle, "alice", "203.0.113.2").most(50, SECOND), 5);
    // The same address helps a login page's guessers no more than another.
    assert!(by(Browser::New).seconds(SECOND).is_some());
    assert_eq!(by(Browser::Device("one")).most(50, SECOND), 10);
    assert!(by(Browser::Device("one")).seconds(SECOND).is_some());
    assert_eq!(by(Browser::Device("two")).most(50, SECOND), 10);
}

#[test]
fn a_wrong_password_that_comes_again_counts_once() {
    let throttle = usual();
    let client = client(&throttle);
    client.tries("stale", false, Duration::ZERO).unwrap();
    for _ in 0..40 {
        assert_eq!(client.tries("stale", false, Duration::ZERO), Err(Held::Repeated));
    }
    assert_eq!(client.most(3, Duration::ZERO), 3);
    assert_eq!(client.tries("stale", false, Duration::ZERO), Err(Held::Repeated));
    // The fifth takes the place of the first.
    assert_eq!(client.most(1, Duration::ZERO), 1);
    assert_eq!(client.tries("stale", false, MINUTE), Ok(()));
    // Of another account, from elsewhere, or compared with another value, it is another guess.
    for (minute, facts) in [
        (2, Facts { account: "bob", ..ALICE }),
        (3, Facts { address: "203.0.113.2", ..ALICE }),
        (4, Facts { against: "another", ..ALICE }),
    ] {
        assert_eq!(Client { throttle: &throttle, facts }.tries("stale", false, MINUTE * minute), Ok(()));
    }
}

#[test]
fn what_may_change_its_mind_looks_again_and_counts_once() {
    let repeated = Repeated::LookedAt(SECOND * 5);
    let throttle = throttle(Settings { repeated, ..SETTINGS });
    let client = client(&throttle);
    for _ in 0..40 {
        assert_eq!(client.tries("stale", false, Duration::ZERO), Ok(()));
    }
    assert_eq!(client.most(50, Duration::ZERO), 4);
    let throttle = Arc::new(Throttle::new(ProcessKey::draw().unwrap(), throttle.settings));
    let client = Client { throttle: &throttle, facts: ALICE };
    // It counts anew once the time is over, however often it came.
    for after in [0, 3, 6, 9, 12, 15, 18] {
        assert_eq!(client.tries("stale", false, SECOND * after), Ok(()));
    }
    assert_eq!(client.most(50, SECOND * 18), 1);
    // And it may become right.
    client.tries("stale", true, MINUTE).unwrap();
    // Ten of its own, and what is free of the account, of whose five failures two are left.
    assert_eq!(client.most(50, MINUTE), 13);
}

#[test]
fn the_same_guess_at_once_counts_once() {
    for (right, left) in [(Some(true), 10 + 5), (Some(false), 4), (None, 5)] {
        let throttle = usual();
        let client = client(&throttle);
        let bookings: Vec<Booking> =
            (0..40).map(|_| client.made("same", Duration::ZERO).book().ok().unwrap()).collect();
        for booking in bookings {
            match right {
                Some(right) => booking.settle(right),
                None => drop(booking),
            }
        }
        assert!(throttle.lock().made.is_empty());
        assert_eq!(client.most(50, Duration::ZERO), left, "{right:?}");
    }
}

#[test]
fn one_finding_is_enough_for_the_same_guess() {
    for found in [[None, Some(false)], [Some(false), None]] {
        let throttle = usual();
        let client = client(&throttle);
        let bookings = found.map(|right| (client.made("same", Duration::ZERO).book().ok().unwrap(), right));
        for (booking, right) in bookings {
            match right {
                Some(right) => booking.settle(right),
                None => drop(booking),
            }
        }
        assert_eq!(client.most(50, Duration::ZERO), 4, "{found:?}");
    }
}

#[test]
fn what_was_right_lately_counts_only_once_it_is_wrong() {
    let throttle = usual();
    let client = client(&throttle);
    client.logs_in(Duration::ZERO).unwrap();
    assert_eq!(client.most(4, Duration::ZERO), 4);
    let again: Vec<Booking> =
        (0..40).map(|_| client.made("right", Duration::ZERO).book().ok().unwrap()).collect();
    for booking in again {
        booking.settle(false);
    }
    // Five of its own are left, and the account's.
    assert_eq!(client.most(50, Duration::ZERO), 5 + 5);
}

#[test]
fn what_is_remembered_waits_where_its_browser_is_unknown() {
    let throttle = usual();
    let (honest, other) = (client(&throttle), from(&throttle, "alice", "203.0.113.2"));
    assert!(!throttle.is_hot(START));
    honest.logs_in(Duration::ZERO).unwrap();
    assert_eq!(other.most(50, SECOND), 5);
    assert!(throttle.is_hot(START + SECOND) && !throttle.is_hot(START + MINUTE));
    // Else who has to wait would be told which guess is right.
    assert!(other.made("right", SECOND).remembered().is_err());
    assert_eq!(honest.made("right", SECOND).remembered(), Ok(()));
    assert_eq!(honest.most(50, SECOND), 10);
    assert!(honest.made("right", SECOND).remembered().is_err());
    assert_eq!(honest.made("right", MINUTE).remembered(), Ok(()));
}

#[test]
fn a_known_browser_has_its_own_where_its_address_waits() {
    let throttle = usual();
    client(&throttle).logs_in(Duration::ZERO).unwrap();
    let made = (0..60).filter(|name| from(&throttle, &name.to_string(), ALICE.address).fails(SECOND).is_ok());
    assert_eq!(made.count(), 51);
    assert!(from(&throttle, "bob", ALICE.address).seconds(SECOND).is_some());
    client(&throttle).logs_in(SECOND).unwrap();
    assert_eq!(client(&throttle).most(50, SECOND), 10);
    // What it fails counts for the address.
    assert!(from(&throttle, "bob", ALICE.address).seconds(SECOND) > Some(50));
}

#[test]
fn browsers_behind_a_proxy_are_told_apart_by_its_header() {
    let throttle = usual();
    let by = |forwarded| {
        let facts = Facts { address: "127.0.0.1", forwarded: Some(forwarded), ..ALICE };
        Client { throttle: &throttle, facts }
    };
    by("203.0.113.1").logs_in(Duration::ZERO).unwrap();
    assert_eq!(by("203.0.113.2").most(50, SECOND), 5);
    // The proxy adds to what a client makes up.
    assert!(by("203.0.113.1, 203.0.113.2").seconds(SECOND).is_some());
    assert_eq!(by("203.0.113.1").seconds(SECOND), None);
}

#[test]
fn names_are_counted_folded_and_no_two_differ() {
    let throttle = usual();
    for name in ["alice", "ALICE", " Alice ", "aLICE\t", "alicE"] {
        from(&throttle, name, "203.0.113.1").fails(Duration::ZERO).unwrap();
    }
    assert!(client(&throttle).seconds(Duration::ZERO).is_some());
    assert_eq!(from(&throttle, "bob", "203.0.113.2").most(50, Duration::ZERO), 5);
}

#[test]
fn failures_are_forgotten_after_a_day() {
    let throttle = usual();
    assert_eq!(client(&throttle).most(50, Duration::ZERO), 5);
    assert_eq!(client(&throttle).most(50, DAY / 2), 1);
    assert_eq!(client(&throttle).most(50, DAY * 2), 5);
}

#[test]
fn an_account_may_be_shut_until_all_is_forgotten() {
    let throttle = throttle(Settings { stop_after: Some(6), ..SETTINGS });
    let client = client(&throttle);
    assert_eq!(client.most(50, Duration::ZERO), 5);
    assert_eq!(client.most(50, SECOND * 2), 1);
    assert!(client.seconds(DAY / 2).is_some());
    assert_eq!(client.seconds(DAY + MINUTE), None);
}

#[test]
fn the_first_wait_may_be_the_whole_of_it() {
    let wait = Duration::from_secs(1800);
    let settings = Settings { account_free: 2, account_first: wait, account_longest: wait, ..SETTINGS };
    let throttle = throttle(settings);
    let client = client(&throttle);
    assert_eq!(client.most(50, Duration::ZERO), 3);
    assert_eq!(client.seconds(Duration::ZERO), Some(1800));
    assert_eq!(client.most(50, wait + SECOND), 1);
    assert_eq!(client.seconds(wait + SECOND), Some(1800));
}

#[test]
fn a_flood_of_names_makes_nothing_forgotten_that_counts() {
    let throttle = usual();
    let honest = from(&throttle, "carol", "203.0.113.9");
    honest.logs_in(Duration::ZERO).unwrap();
    assert_eq!(client(&throttle).most(50, Duration::ZERO), 5);
    for number in 0..25_000_u32 {
        let address = format!("2001:db8:0:{number:x}::1");
        from(&throttle, &format!("name {number}"), &address).fails(SECOND / 2).unwrap();
    }
    let state = throttle.lock();
    let counted = [state.accounts.len(), state.addresses.len(), state.pairs.len()];
    drop(state);
    assert!(counted.iter().all(|count| *count <= 16_384), "{counted:?}");
    assert!(client(&throttle).seconds(SECOND / 2).is_some());
    // Nor the browser that is known.
    assert_eq!(from(&throttle, "carol", "203.0.113.1").most(50, SECOND), 5);
    assert_eq!(honest.seconds(SECOND), None);
}

#[test]
fn a_fork_waits_for_no_guess_of_its_parent() {
    let throttle = usual();
    let booking = client(&throttle).made("same", Duration::ZERO).book().ok().unwrap();
    throttle.lock().process = 0;
    assert!(throttle.lock().made.is_empty());
    booking.settle(false);
    assert_eq!(client(&throttle).most(50, Duration::ZERO), 4);
}

#[test]
fn who_is_let_through_from_elsewhere_waits_for_nothing_here() {
    let throttle = usual();
    let client = client(&throttle);
    assert_eq!(client.most(50, Duration::ZERO), 5);
    let guess = client.made("one more", Duration::ZERO);
    guess.let_through();
    guess.book().unwrap().settle(false);
    // It counts nonetheless: one over the four that are free was a second, two are two.
    assert_eq!(client.seconds(Duration::ZERO), Some(2));
}

#[test]
fn who_has_to_wait_elsewhere_is_unknown_here() {
    let throttle = usual();
    let client = client(&throttle);
    client.logs_in(Duration::ZERO).unwrap();
    let right = client.made("right", Duration::ZERO);
    assert!(right.is_sure());
    assert_eq!(right.asks(), Asks::Nothing);
    right.hold();
    assert!(!right.is_sure());
    assert_eq!(right.asks(), Asks::Book);
}

#[test]
fn what_is_asked_elsewhere_is_what_is_not_known_here() {
    let throttle = usual();
    let client = client(&throttle);
    let asks = |password| client.made(password, SECOND).asks();
    assert_eq!(asks("right"), Asks::Book);
    client.tries("wrong", false, Duration::ZERO).unwrap();
    assert_eq!((asks("wrong"), asks("right")), (Asks::Look, Asks::Book));
    client.logs_in(Duration::ZERO).unwrap();
    assert_eq!((asks("wrong"), asks("right")), (Asks::Book, Asks::Nothing));
    // What failed since is forgotten once it is right again, there too.
    client.fails(Duration::ZERO).unwrap();
    assert_eq!(asks("right"), Asks::Look);
    assert!(client.made("right", SECOND).is_sure());
    for _ in 0..9 {
        client.fails(Duration::ZERO).unwrap();
    }
    assert_eq!(asks("right"), Asks::Book);
    assert!(!client.made("right", SECOND).is_sure());
    // And what is known from nowhere is never sure.
    let nowhere = Client { throttle: &throttle, facts: Facts { address: "", ..ALICE } };
    nowhere.logs_in(Duration::ZERO).unwrap();
    assert!(!nowhere.made("right", SECOND).is_sure());
}

#[test]
fn keys_elsewhere_are_of_the_secret_the_scope_and_what_is_counted() {
    let (throttle, other) = (usual(), usual());
    let keys = |throttle: &Arc<Throttle>, facts: Facts<'static>, secret: &[u8], scope: &str| {
        let keys = throttle.guess(&facts, START).shared_keys(secret, scope);
        (keys.account, keys.pair, keys.address)
    };
    let (account, pair, address) = keys(&throttle, ALICE, b"key", "app");
    // In each process the same, whatever the password.
    let again = Facts { account: " Alice", password: "x", against: "y", ..ALICE };
    assert_eq!(keys(&other, again, b"key", "app"), (account, pair, address));
    for (secret, scope) in [(&b"other"[..], "app"), (b"key", "other")] {
        let (another, of_pair, of_address) = keys(&throttle, ALICE, secret, scope);
        assert!(another != account && of_pair != pair && of_address != address);
    }
    let device = Facts { browser: Browser::Device("one"), ..ALICE };
    let (same, of_device, too) = keys(&throttle, device, b"key", "app");
    assert!(same == account && of_device != pair && too == address);
    assert_eq!(keys(&throttle, Facts { address: "", ..ALICE }, b"key", "app").2, None);
}

#[test]
fn where_guesses_are_counted_elsewhere_all_ask() {
    let throttle = usual();
    assert!(!throttle.is_hot(START));
    throttle.share();
    assert!(throttle.is_shared() && throttle.is_hot(START));
}
