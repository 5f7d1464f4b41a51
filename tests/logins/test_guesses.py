"""Guesses that several processes count together, in Redis: they count as one process does."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import pytest
from clock import Clock
from dash_auth import Throttle
from dash_auth._core import Credentials, Refusal, Throttled
from dash_auth._request import Request
from dash_auth._steps import stepwise, walk
from dash_auth.logins import guesses
from dash_auth.logins.guesses import PREFIX, SharedGuesses
from dash_auth.logins.passwords import Passwords, count_together
from dash_auth.logins.passwords_of import passwords_of
from databases import Database
from guarded import ALICE, USERS, basic
from hashing import Hashing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waiting import wait_for

KEYS = (b"the key of a test",)
RIGHT = ALICE[1]
DAY = 24 * 60 * 60


class Visit(NamedTuple):
    """A request that brings credentials."""

    address: str = "203.0.113.1"
    forwarded: str | None = None

    def header(self, name: str) -> str | None:
        return self.forwarded if name == "X-Forwarded-For" else None


HOME, AWAY = Visit(), Visit("198.51.100.7")


class Worker:
    """A process that serves the app, as far as its counters go."""

    def __init__(self, redis: Any, users: Any = None, guard: str = "a guard", **how: Any) -> None:
        self.passwords: Passwords = passwords_of(dict(USERS) if users is None else users, **how)
        if redis is not None:
            self.passwords.share_counters(
                SharedGuesses(lambda: redis, guard, lambda: KEYS, clock=milliseconds)
            )

    def asks(
        self, password: str, name: str = "alice", visit: Visit = HOME, device: str | None = None
    ) -> Any:
        """Return what comes of credentials: of a header's, or of a form's with a device."""
        request = cast(Request, visit)
        by_form = device is not None
        brought = Credentials(name, password) if by_form else basic(name, password)["Authorization"]
        made = self.passwords.verify(brought, request, (lambda _: device) if by_form else None)
        found = walk(stepwise(made), request)  # type: ignore[arg-type]
        return "right" if isinstance(found, tuple) else found

    def fails(self, times: int = 1, **options: Any) -> list[Any]:
        """Make guesses, each another one."""
        return [self.asks(f"guess {next(_NUMBERS)}", **options) for _ in range(times)]


_NUMBERS = itertools.count()
WRONG = Refusal.WRONG


def milliseconds() -> int:
    """Return the time by the clock that tests move, as the core has it."""
    return int(vars(guesses)["time"].monotonic() * 1000)


@pytest.fixture(autouse=True)
def _moved(clock: Clock) -> None:
    """Have the clock in the hands of each test, far from its beginning."""
    clock.advance(10**6)


@pytest.fixture
def workers(redis: Any) -> list[Worker]:
    """Give two processes of one app."""
    return [Worker(redis), Worker(redis)]


def asked_of(redis: Any) -> int:
    """Return how many scripts Redis has run."""
    found = redis.info("commandstats")
    return sum(found.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval"))


# As in one process

STRICT = Throttle(account_free=2, address_free=6, known_free=3, account_longest=20)
SHUT = Throttle(account_free=1, address_free=4, known_free=2, stop_after=5, address_longest=5)
CENTURIES = 10**10

steps = st.tuples(
    # Never a whole number of seconds apart: the two look at the clock one after the other.
    st.sampled_from([0, 0, 0, 1, 2, 5, 20, 59, 60, 61, 300, DAY - 2, DAY + 1, 31 * DAY]),
    st.sampled_from(["alice", "alice", "alice", "ALICE ", "bob", "eve"]),
    st.sampled_from(["wrong", "wrong", "wrong", "right", "again"]),
    st.sampled_from(
        [
            HOME,
            HOME,
            AWAY,
            Visit("2001:db8::1"),
            Visit("2001:db8::2"),
            Visit("10.0.0.1", "198.51.100.9"),
            Visit(""),
        ]
    ),
    st.sampled_from([None, None, "", "a device"]),
)


def knows(name: str, password: str) -> bool:
    """Tell whether name and password are a user's, as an `auth_func` does."""
    return USERS.get(name) == password


def differences(
    redis: Any, clock: Clock, throttle: Throttle, users: Any, given_steps: Any
) -> list[Any]:
    """Return where a process that counts in Redis answers otherwise than one that does not."""
    redis.flushall()
    # The two look at it one after the other, however busy the machine is.
    clock.stop()
    alone, shared = [Worker(one, users, throttle=throttle) for one in (None, redis)]
    # What is remembered as right makes a place known in a process alone while somebody has to wait.
    clock.advance(CENTURIES)
    alone.fails(5, name="somebody", visit=Visit("192.0.2.1"))
    clock.advance(-CENTURIES)
    found = []
    for number, (seconds, name, what, visit, device) in enumerate(given_steps):
        clock.advance(seconds + 0.037)
        password = {"wrong": f"{number}", "again": "again"}.get(what) or USERS.get(name, "none")
        answers = [one.asks(password, name, visit, device) for one in (alone, shared)]
        if answers[0] != answers[1]:
            found.append((number, name, what, *answers))
    return found


@given(
    given_steps=st.lists(steps, max_size=25),
    throttle=st.sampled_from([STRICT, SHUT]),
    users=st.sampled_from([None, knows]),
)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_redis_counts_as_a_process_does(
    redis: Any, clock: Clock, given_steps: Any, throttle: Throttle, users: Any
) -> None:
    assert differences(redis, clock, throttle, users, given_steps) == []


@pytest.mark.parametrize(
    "given_steps",
    [
        # Waits that double, each one waited for.
        [(2**n, "alice", "wrong", HOME, None) for n in range(-1, 16)],
        # Those of an address, and what it is forgiven.
        [(0, f"user {n}", "wrong", HOME, None) for n in range(20)]
        + [(70 * n, f"other {n}", "wrong", HOME, None) for n in range(6)],
        # And it is so however often it guesses meanwhile.
        [(0, f"user {n}", "wrong", HOME, None) for n in range(8)]
        + [(40, f"other {n}", "wrong", HOME, None) for n in range(17)],
        # A pair that is known until its own are used up.
        [(0, "alice", "right", HOME, None)]
        + [(0, "alice", "wrong", AWAY, None)] * 5
        + [(0, "alice", "wrong", HOME, None)] * 8
        + [(30, "alice", "right", HOME, None), (0, "alice", "wrong", HOME, None)],
        # What it forgets once it was right again, and after a time.
        ([(0, "alice", "right", HOME, None)] + [(0, "alice", "wrong", HOME, None)] * 2) * 6
        + [(DAY + 1, "alice", "wrong", HOME, None)] * 6
        + [(31 * DAY, "alice", "wrong", HOME, None)] * 3
        + [(0, "alice", "wrong", HOME, None)] * 5,
        # The same of a device, and of one that is new.
        [(0, "alice", "right", HOME, "a device")] * 2
        + [(0, "alice", "wrong", AWAY, "")] * 5
        + [(0, "alice", "wrong", HOME, "a device")] * 2
        + [(0, "alice", "right", AWAY, "a device")]
        + [(0, "alice", "wrong", HOME, "a device")] * 12,
    ],
    ids=["account", "address", "often", "known", "again", "device"],
)
@pytest.mark.parametrize("throttle", [STRICT, SHUT, Throttle()], ids=["strict", "shut", "usual"])
@pytest.mark.parametrize("users", [None, knows], ids=["table", "function"])
def test_long_rows_of_guesses_count_as_in_a_process(
    redis: Any, clock: Clock, throttle: Throttle, users: Any, given_steps: Any
) -> None:
    assert differences(redis, clock, throttle, users, given_steps) == []


# Together


def test_five_are_free_in_all_processes_together(workers: list[Worker], clock: Clock) -> None:
    one, other = workers
    assert one.fails(3) + other.fails(2) == [WRONG] * 5
    for worker in workers:
        held = worker.asks(RIGHT)
        assert isinstance(held, Throttled) and held.seconds == 1
    clock.advance(1.1)
    assert other.fails() == [WRONG]
    assert [worker.asks(RIGHT).seconds for worker in workers] == [2, 2]
    clock.advance(2.1)
    assert [worker.asks(RIGHT) for worker in workers] == ["right", "right"]


def test_success_counts_in_all_processes(workers: list[Worker]) -> None:
    one, other = workers
    one.fails(4)
    assert other.asks(RIGHT) == "right"
    # Two are left of four; and from here the user is known everywhere.
    assert isinstance(one.fails(4, visit=AWAY)[-1], Throttled)
    assert one.asks(RIGHT) == "right"
    assert one.fails() == [WRONG]


def test_right_ones_are_given_back(workers: list[Worker]) -> None:
    for visit in (Visit(f"203.0.113.{number}") for number in range(20)):
        assert [worker.asks(RIGHT, visit=visit) for worker in workers] == ["right", "right"]
    assert [worker.fails(visit=AWAY) for worker in workers] == [[WRONG], [WRONG]]


def knows_alice(name: str, password: str) -> bool:
    """Tell whether name and password are alice's, as an `auth_func` does."""
    return [name, password] == list(ALICE)


class OutOfOrder:
    """Knows the users, but for a while."""

    def __init__(self) -> None:
        self.is_away = True
        self.asked = 0

    def __call__(self, name: str, password: str) -> bool:
        self.asked += 1
        if self.is_away:
            raise ConnectionError
        return knows_alice(name, password)


def test_what_nobody_can_tell_is_given_back(redis: Any) -> None:
    users = OutOfOrder()
    worker = Worker(redis, users)
    assert worker.fails(9) == [Refusal.UNAVAILABLE] * 9
    users.is_away = False
    assert worker.fails(5) == [WRONG] * 5
    assert isinstance(worker.asks(RIGHT), Throttled)
    assert users.asked == 14


def test_the_same_wrong_password_counts_once_in_each_process(workers: list[Worker]) -> None:
    one, other = workers
    for worker in workers:
        assert [worker.asks("again") for _ in range(10)] == [WRONG] * 10
    assert one.fails(3) == [WRONG] * 3
    # It waits as any other.
    assert isinstance(one.asks("again"), Throttled)
    assert isinstance(other.asks("again"), Throttled)


def test_a_guess_is_refused_where_the_right_one_is_remembered(workers: list[Worker]) -> None:
    one, other = workers
    for worker in workers:
        assert worker.asks(RIGHT) == "right"
    one.fails(5, visit=AWAY)
    # The other has heard of none of them.
    assert isinstance(other.asks(RIGHT, visit=AWAY), Throttled)
    assert other.asks(RIGHT) == "right"


def test_who_has_used_up_a_known_place_waits_in_all_processes(workers: list[Worker]) -> None:
    one, other = workers
    for worker in workers:
        assert worker.asks(RIGHT) == "right"
    assert one.fails(10) == [WRONG] * 10
    # Then the account's own.
    assert other.fails(6)[:5] == [WRONG] * 5
    assert isinstance(other.asks(RIGHT), Throttled)


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make some calls at once, and return what they gave."""
    barrier, found = threading.Barrier(len(calls)), []

    def make(call: Callable[[], Any]) -> None:
        barrier.wait()
        found.append(call())

    threads = [threading.Thread(target=make, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("name", ["alice", "eve"])
def test_of_fifty_at_once_five_reach_a_hash(redis: Any, hashing: Hashing, name: str) -> None:
    slow = Throttle(account_first=60)
    users = {"alice": hashing.of(RIGHT)}
    both = [Worker(redis, dict(users), throttle=slow) for _ in range(2)]
    # An address that failed a moment ago is sent away while all turns to hash are taken.
    network = {"alice": "203.0.113", "eve": "198.51.100"}[name]
    found = at_once(
        [
            lambda n=number: both[n % 2].asks(f"{n}", name, Visit(f"{network}.{100 + n}"))
            for number in range(50)
        ]
    )
    assert len(hashing.begun) == found.count(WRONG) == 5
    assert sum(isinstance(one, Throttled) for one in found) == 45


def test_the_same_guess_at_once_counts_once(redis: Any) -> None:
    asked, everyone = [], threading.Barrier(20)

    def check(name: str, password: str) -> bool:
        asked.append(name)
        everyone.wait(30)
        return knows_alice(name, password)

    Worker(redis).fails(name="bob", visit=AWAY)
    before = asked_of(redis)
    worker = Worker(redis, check)
    assert at_once([lambda: worker.asks(RIGHT)] * 20) == ["right"] * 20
    assert len(asked) == 20
    # Booked once, and given back once.
    assert asked_of(redis) == before + 2


def test_two_logins_to_one_app_count_together(redis: Any) -> None:
    class Login:
        def __init__(self, passwords: Passwords) -> None:
            self.passwords = passwords

    form = Worker(redis)
    others = [Worker(None), Worker(None, knows_alice), Worker(None, dict(USERS))]
    count_together([Login(one.passwords) for one in (form, *others)], form.passwords._guesses)
    elsewhere = Worker(redis)
    assert form.fails(2, device="") + others[0].fails(2) + elsewhere.fails() == [WRONG] * 5
    for worker in (form, *others, elsewhere):
        assert isinstance(worker.asks(RIGHT), Throttled)


def test_what_is_no_part_of_the_app_counts_apart(redis: Any) -> None:
    Worker(redis).fails(5)
    assert isinstance(Worker(redis).asks(RIGHT), Throttled)
    assert Worker(redis, guard="another").asks(RIGHT) == "right"
    assert Worker(redis, throttle=Throttle(account_longest=800)).asks(RIGHT) == "right"
    assert Worker(None).asks(RIGHT) == "right"


# What it costs, and what is kept


def test_a_user_who_is_known_asks_nothing(redis: Any) -> None:
    for users in (dict(USERS), knows_alice):
        worker = Worker(redis, users)
        assert worker.asks(RIGHT) == "right"
        before = asked_of(redis)
        assert [worker.asks(RIGHT) for _ in range(5)] == ["right"] * 5
        assert asked_of(redis) == before


def test_a_wrong_password_is_one_call_and_a_right_one_two(redis: Any) -> None:
    worker = Worker(redis)
    worker.fails()
    before = asked_of(redis)
    worker.fails()
    assert asked_of(redis) == before + 1
    worker.asks(RIGHT)
    assert asked_of(redis) == before + 3


@pytest.mark.parametrize("name", ["alice", "eve"])
def test_redis_learns_no_name_and_keeps_nothing_for_ever(redis: Any, name: str) -> None:
    worker = Worker(redis)
    worker.fails(2, name=name)
    rows = {key: redis.get(key) for key in redis.keys()}
    # Of an account and an address, whether there is one of that name or not.
    assert len(rows) == 2
    text = repr(rows).lower()
    assert name not in text and "203.0" not in text and "guess " not in text
    for key in rows:
        assert key.startswith(PREFIX)
        assert len(key) == len(PREFIX) + 32
        assert 0 < redis.pttl(key) <= DAY * 1000


def test_a_known_place_is_kept_for_thirty_days(redis: Any) -> None:
    worker = Worker(redis)
    worker.asks(RIGHT)
    # What was given back is gone.
    (key,) = redis.keys()
    assert 29 * DAY * 1000 < redis.pttl(key) <= 30 * DAY * 1000


def test_digests_have_the_key_of_the_server(redis: Any) -> None:
    def names(key: bytes) -> set[str]:
        redis.flushall()
        worker = Worker(None)
        worker.passwords.share_counters(SharedGuesses(lambda: redis, "a guard", lambda: (key,)))
        worker.fails()
        return set(redis.keys())

    assert names(b"one") == names(b"one")
    assert not names(b"one") & names(b"another")


def test_by_the_clock_of_redis(redis: Any) -> None:
    worker = Worker(None)
    worker.passwords.share_counters(SharedGuesses(lambda: redis, "a guard", lambda: KEYS))
    worker.fails(5)
    held = worker.asks(RIGHT)
    assert isinstance(held, Throttled) and held.seconds == 1
    now = time.time() * 1000
    times = [int(redis.get(key).split()[1]) for key in redis.keys()]
    assert all(now - 60_000 < one < now + 60_000 for one in times)


def test_a_script_that_redis_has_forgotten_is_sent_again(redis: Any) -> None:
    worker = Worker(redis)
    worker.fails(3)
    redis.script_flush()
    assert worker.fails(2) == [WRONG] * 2
    assert isinstance(worker.asks(RIGHT), Throttled)


# Out of order


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


def test_where_redis_is_gone_each_process_counts(
    redis_server: Database, redis: Any, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    both = [Worker(redis), Worker(redis)]
    assert both[0].fails(2) == [WRONG] * 2
    redis_server.kill()
    try:
        # With what it has counted itself all along.
        assert both[0].fails(3) == [WRONG] * 3
        assert both[1].fails(5) == [WRONG] * 5
        for worker in both:
            held = worker.asks(RIGHT)
            assert isinstance(held, Throttled) and held.seconds == 1
        clock.advance(1.5)
        assert both[0].asks(RIGHT) == "right"
        assert len(lines(caplog)) == 2
        assert "Redis cannot count wrong passwords" in lines(caplog)[0]
        assert "ConnectionError" in lines(caplog)[0]
        clock.advance(61)
        both[0].fails()
        assert len(lines(caplog)) == 3
    finally:
        redis_server.start()
    clock.advance(2)
    before = asked_of(redis)
    assert both[1].fails() == [WRONG]
    assert asked_of(redis) > before


def test_a_redis_that_hangs_holds_nobody_up(
    redis_server: Database, redis: Any, hashing: Hashing
) -> None:
    worker = Worker(redis, {"alice": hashing.of(RIGHT)}, throttle=Throttle(account_first=60))
    assert worker.fails() == [WRONG]
    with redis_server.paused():
        found = at_once([worker.fails] * 20)
        assert found.count([WRONG]) == 4
        held = worker.asks(RIGHT)
    assert isinstance(held, Throttled)
    assert len(hashing.begun) == 5


def test_once_it_is_away_nobody_waits_for_it(redis: Any, clock: Clock) -> None:
    tried = []

    class Away:
        def evalsha(self, *_: Any) -> Any:
            tried.append(threading.get_ident())
            raise TimeoutError

    worker = Worker(Away())
    worker.fails(3)
    assert len(tried) == 1
    clock.advance(1.1)
    worker.fails(2)
    assert len(tried) == 2


def test_one_alone_finds_out_whether_it_is_back(clock: Clock) -> None:
    tried, go_on = [], threading.Event()

    class Away:
        def evalsha(self, *_: Any) -> Any:
            tried.append(threading.get_ident())
            if len(tried) > 1:
                assert go_on.wait(30)
            raise ConnectionError

    worker = Worker(Away())
    worker.fails()
    clock.advance(1.1)
    one = threading.Thread(target=worker.fails)
    one.start()
    wait_for(lambda: len(tried) == 2)
    # While that one waits for its answer.
    assert worker.fails(2) == [WRONG] * 2
    go_on.set()
    one.join()
    assert len(tried) == 2


def test_numbers_written_by_hand_beyond_all_bounds(redis: Any) -> None:
    worker = Worker(redis)
    worker.fails()
    for key in redis.keys():
        redis.set(key, f"{'9' * 400} {'9' * 400} {'9' * 400} 0")
    assert isinstance(worker.asks(RIGHT), Throttled)
    assert worker.asks(USERS["bob"], "bob", AWAY) == "right"


@pytest.mark.parametrize("planted", ["list", "hash", "nonsense", "", "nan nan nan nan", "-9 0 0 0"])
def test_a_counter_written_by_hand_frees_nobody(
    redis: Any, planted: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(redis)
    worker.fails()
    for key in redis.keys():
        redis.delete(key)
        if planted == "list":
            redis.rpush(key, "x")
        elif planted == "hash":
            redis.hset(key, "failures", "0")
        else:
            redis.set(key, planted)
    assert worker.fails(4) == [WRONG] * 4
    assert isinstance(worker.asks(RIGHT), Throttled)
    assert len(lines(caplog)) == 1
    # It concerns the others not at all.
    assert worker.asks(USERS["bob"], "bob", AWAY) == "right"


def test_a_time_written_by_hand_lets_wait_no_longer(redis: Any, clock: Clock) -> None:
    worker = Worker(redis)
    worker.fails(5)
    for key in redis.keys():
        redis.set(key, f"5 {CENTURIES * 10**4} 0 0")
    held = worker.asks(RIGHT)
    assert isinstance(held, Throttled) and held.seconds == 1


def test_an_answer_that_is_none_is_not_believed(redis: Any) -> None:
    class Odd:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def evalsha(self, *_: Any) -> Any:
            return self.answer

    for answer in (None, [], ["x"], [None], 7):
        worker = Worker(Odd(answer))
        assert worker.fails(5) == [WRONG] * 5, answer
        assert isinstance(worker.asks(RIGHT), Throttled), answer


def test_a_fork_waits_for_none_of_its_parent(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def check(name: str, password: str) -> bool:
        begun.set()
        assert go_on.wait(30)
        return False

    worker = Worker(redis, check)
    thread = threading.Thread(target=worker.asks, args=("the same",))
    thread.start()
    assert begun.wait(30)
    shared = worker.passwords._guesses
    assert shared is not None and len(shared._made) == 1
    # As a fork finds it.
    monkeypatch.setattr(shared, "_process", -1)
    go_on.set()
    assert worker.asks("another") == WRONG
    thread.join()
    wait_for(lambda: not shared._made)


def test_it_shows_nothing(redis: Any) -> None:
    worker = Worker(redis)
    assert repr(worker.passwords._guesses) == "<SharedGuesses>"
