"""Guesses are throttled (rule S23): over real servers, at once and one after the other."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import dash_auth
import pytest
from clock import Clock
from dash_auth.users import Account
from everywhere import NOBODY, PRIVATE_BODY, app_behind, on_event_loops
from hashing import Hashing
from waiting import wait_for

from .http import ALICE, PRIVATE, Reply, honest

ELSEWHERE: list[str] = []
"""The addresses of people who guess; the user's own is 127.0.0.1."""

SLOW = dash_auth.Throttle(account_first=60)
"""The usual numbers, but for a first wait that no busy machine outlasts."""

_NETWORKS = itertools.count(1)


@pytest.fixture(autouse=True)
def _addresses_of_its_own() -> None:
    """Give each test its own: the process remembers for a minute from where logins failed."""
    network = next(_NETWORKS)
    ELSEWHERE[:] = [f"127.1.{network}.{number}" for number in range(1, 51)]


def guess(site: Any, number: object, name: str = "alice", source: str | None = None) -> Reply:
    """Make a guess that is wrong."""
    source = ELSEWHERE[0] if source is None else source
    reply: Reply = site.get("/private", auth=(name, f"guess {number}"), source=source)
    assert PRIVATE not in reply.text
    return reply


def at_once(calls: Iterable[Callable[[], Reply]]) -> tuple[list[Reply], list[threading.Thread]]:
    """Make all requests together; return their answers as they come, and who waits for them."""
    waiting = list(calls)
    replies: list[Reply] = []
    barrier = threading.Barrier(len(waiting))

    def make(call: Callable[[], Reply]) -> None:
        barrier.wait()
        replies.append(call())

    threads = [threading.Thread(target=make, args=(call,)) for call in waiting]
    for thread in threads:
        thread.start()
    return replies, threads


def statuses(replies: Iterable[Reply]) -> Counter[int]:
    return Counter(reply.status for reply in replies)


@pytest.mark.parametrize("name", ["alice", "eve"])
@pytest.mark.parametrize("addresses", [50, 1])
def test_of_fifty_at_once_five_reach_a_hash(
    everywhere: Any, hashing: Hashing, name: str, addresses: int
) -> None:
    site = everywhere(app_behind({"alice": hashing.of(ALICE[1])}, throttle=SLOW))
    hold = hashing.hold()
    replies, threads = at_once(
        lambda number=number: guess(site, number, name, ELSEWHERE[number % addresses])
        for number in range(50)
    )
    wait_for(lambda: len(replies) >= 45)
    # On a machine that is busy, one of the five may have waited too long for its turn: it counts not.
    assert set(statuses(replies)) <= {429, 503}
    hold.let_go()
    for thread in threads:
        thread.join()
    assert 1 <= statuses(replies)[401] == len(hashing.begun)
    assert len(hashing.begun) <= 5


def test_fifty_addresses_guess_at_most_twelve_times_a_minute(
    everywhere: Any, hashing: Hashing, clock: Clock
) -> None:
    users = {"alice": hashing.of(ALICE[1]), "bob": hashing.of("bob")}
    site = everywhere(app_behind(users))
    honest(site.get("/private", auth=ALICE), marker=None)
    hashing.begun.clear()
    replies = [guess(site, "first", source=source) for source in ELSEWHERE]
    for second in range(60):
        clock.advance(1)
        replies.append(guess(site, second, source=ELSEWHERE[second % 50]))
        if second % 10 == 0:
            # Who logged in from another address lately goes on, and logs in anew too.
            honest(site.get("/private", auth=ALICE), marker=None)
    assert set(statuses(replies)) == {401, 429}
    assert 5 <= len(hashing.begun) <= 12
    users["alice"] = hashing.of("another")
    refused = site.get("/private", auth=("alice", "another"), source=ELSEWHERE[0])
    assert refused.status == 429
    honest(site.get("/private", auth=("alice", "another")), marker=None)
    # Others are not concerned.
    honest(site.get("/private", auth=("bob", "bob"), source="127.0.2.1"), marker=None)


def test_one_address_guesses_at_most_sixty_times_a_minute(
    everywhere: Any, hashing: Hashing, clock: Clock
) -> None:
    users = {f"user{number}": hashing.of("its own") for number in range(3)}
    site = everywhere(app_behind({**users, "alice": hashing.of(ALICE[1])}))
    honest(site.get("/private", auth=ALICE, source=ELSEWHERE[0]), marker=None)
    hashing.begun.clear()
    replies = [guess(site, 0, f"user{number}") for number in range(70)]
    for second in range(60):
        clock.advance(1)
        replies.append(guess(site, 0, f"another{second}"))
    assert 50 <= len(hashing.begun) <= 60
    assert statuses(replies)[401] == len(hashing.begun)
    # One of many in an office: whom the app knows there goes on, and other addresses do.
    honest(site.get("/private", auth=ALICE, source=ELSEWHERE[0]), marker=None)
    assert guess(site, 1, "user1", ELSEWHERE[1]).status == 401


def test_while_it_waits_a_right_guess_looks_like_a_wrong_one(everywhere: Any) -> None:
    site = everywhere(app_behind({"alice": ALICE[1]}, throttle=SLOW))
    honest(site.get("/private", auth=ALICE), marker=None)
    for number in range(5):
        assert guess(site, number).status == 401
    wrong, right = guess(site, 6), site.get("/private", auth=ALICE, source=ELSEWHERE[0])
    assert (right.status, right.body) == (wrong.status, wrong.body) == (429, wrong.body)
    assert PRIVATE not in site.call(PRIVATE_BODY, auth=ALICE, source=ELSEWHERE[0]).text
    honest(site.call(PRIVATE_BODY, auth=ALICE), PRIVATE)


def test_names_that_exist_are_throttled_as_those_that_do_not(
    everywhere: Any, hashing: Hashing
) -> None:
    users = {"alice": hashing.of(ALICE[1]), "bob": "in plaintext"}
    site = everywhere(app_behind(users, throttle=SLOW))

    def seen(name: str) -> list[object]:
        replies = [guess(site, number, name) for number in range(7)]
        return [
            (reply.status, reply.body, reply.headers["WWW-Authenticate"], reply.headers.keys())
            for reply in replies
        ]

    assert [row[0] for row in seen("alice")] == [401] * 5 + [429] * 2  # type: ignore[index]
    assert seen("bob") == seen("eve") == seen("carol")


def test_what_it_says_to_people_and_programs(everywhere: Any, clock: Clock) -> None:
    site = everywhere(app_behind({"alice": ALICE[1]}))
    for number in range(5):
        guess(site, number)
    for seconds in (1, 2, 4):
        reply = guess(site, "early")
        assert (reply.status, reply.text) == (429, "Too many wrong passwords")
        assert reply.headers["Retry-After"] == str(seconds)
        assert reply.headers["WWW-Authenticate"] is None
        assert reply.headers["Cache-Control"] == "no-store"
        clock.advance(seconds)
        assert guess(site, f"after {seconds}").status == 401
    page = site.get(
        "/private",
        auth=("alice", "early"),
        source=ELSEWHERE[0],
        headers={"Accept": "text/html"},
    )
    assert (page.status, page.headers["Retry-After"]) == (429, "8")
    assert "Wait a moment before you log in again." in page.text


def test_a_browsers_old_password_counts_once(everywhere: Any, hashing: Hashing) -> None:
    site = everywhere(app_behind({"alice": hashing.of(ALICE[1])}, throttle=SLOW))
    for _ in range(2):
        replies, threads = at_once([lambda: guess(site, "old")] * 12)
        for thread in threads:
            thread.join()
        # Who failed lately waits for nobody.
        assert set(statuses(replies)) <= {401, 503}
    assert len(hashing.begun) == 1
    assert [guess(site, number).status for number in range(5)] == [401] * 4 + [429]


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_page_full_of_requests_of_a_user_is_not_counted(everywhere: Any, seconds: float) -> None:
    right = {ALICE}
    app = app_behind(
        auth_func=lambda *given: given in right, auth_func_cache_seconds=seconds, throttle=SLOW
    )
    site = everywhere(app)
    for _ in range(2):
        calls = [lambda: site.get("/private", auth=ALICE, source=ELSEWHERE[0])] * 20
        replies, threads = at_once(calls)
        for thread in threads:
            thread.join()
        assert statuses(replies) == {200: 20}
    # And goes on while others guess, from where it was right.
    for number in range(20):
        guess(site, number, source=ELSEWHERE[1 + number])
    assert guess(site, 20, source=ELSEWHERE[30]).status == 429
    for _ in range(20):
        assert site.get("/private", auth=ALICE, source=ELSEWHERE[0]).status == 200


def test_what_nobody_can_tell_is_not_counted(everywhere: Any) -> None:
    is_down = True

    def auth_func(name: str, password: str) -> bool:
        if is_down:
            raise dash_auth.Unavailable
        return False

    site = everywhere(app_behind(auth_func=auth_func, throttle=SLOW))
    assert statuses(guess(site, number) for number in range(12)) == {503: 12}
    is_down = False
    assert statuses(guess(site, number) for number in range(12)) == {401: 5, 429: 7}


def test_a_function_that_fails_is_counted(everywhere: Any) -> None:
    passwords = {ALICE[0]: ALICE[1]}
    site = everywhere(
        app_behind(auth_func=lambda name, given: passwords[name] == given, throttle=SLOW)
    )
    replies = [guess(site, number, "eve") for number in range(12)]
    assert statuses(replies) == {401: 5, 429: 7}


def test_public_pages_know_nobody_while_it_waits(everywhere: Any) -> None:
    site = everywhere(app_behind({"alice": ALICE[1]}, throttle=SLOW))
    for number in range(6):
        # There a guess is one like elsewhere.
        found = site.get("/public", auth=("alice", f"guess {number}"), source=ELSEWHERE[0])
        assert (found.status, found.json()) == (200, NOBODY)
    assert guess(site, 7).status == 429
    assert site.get("/public", auth=ALICE, source=ELSEWHERE[0]).json() == NOBODY
    assert site.get("/public", auth=ALICE).status == 200


@on_event_loops
def test_a_socket_that_is_opened_while_it_waits_is_nobodys(everywhere: Any) -> None:
    site = everywhere(app_behind({"alice": ALICE[1]}, throttle=SLOW))
    with site.open(auth=ALICE) as socket:
        assert PRIVATE in str(socket.call(PRIVATE_BODY))
    for number in range(5):
        guess(site, number)
    with site.open(auth=ALICE, source_address=(ELSEWHERE[0], 0)) as socket:
        refused = str(socket.call(PRIVATE_BODY))
        assert PRIVATE not in refused and "Login required" in refused
    # Elsewhere the user goes on.
    with site.open(auth=ALICE) as socket:
        assert PRIVATE in str(socket.call(PRIVATE_BODY))


def test_with_no_throttle_nothing_waits(everywhere: Any) -> None:
    site = everywhere(app_behind({"alice": ALICE[1]}, throttle=None))
    assert statuses(guess(site, number) for number in range(60)) == {401: 60}
    honest(site.get("/private", auth=ALICE), marker=None)


class Directory:
    """Locks accounts, and says so."""

    throttle = dash_auth.Throttle(
        account_free=2, account_first=1800, account_longest=1800, known_free=0
    )

    def __init__(self) -> None:
        self.asked: list[str] = []

    def check(self, name: str, password: str) -> Account | None:
        self.asked.append(name)
        return Account("alice") if (name.lower(), password) == ALICE else None

    def find(self, name: str) -> Account | None:
        return Account("alice") if name.lower() == "alice" else None


def test_a_directory_is_asked_too_seldom_to_lock_an_account(everywhere: Any, clock: Clock) -> None:
    directory = Directory()
    site = everywhere(app_behind(directory))
    honest(site.get("/private", auth=ALICE), marker=None)
    directory.asked.clear()
    names = ["alice", "ALICE", "Alice", "aLICE", "alIce"]
    replies = [guess(site, name, name, ELSEWHERE[n]) for n, name in enumerate(names)]
    assert statuses(replies) == {401: 3, 429: 2}
    assert len(directory.asked) == 3
    assert replies[-1].headers["Retry-After"] == "1800"
    clock.advance(1801)
    assert [guess(site, number).status for number in range(2)] == [401, 429]
    assert len(directory.asked) == 4


def test_behind_a_proxy_that_hides_its_clients_addresses_are_not_counted(
    everywhere: Any, caplog: pytest.LogCaptureFixture
) -> None:
    site = everywhere(app_behind({"alice": ALICE[1]}, throttle=SLOW))
    with caplog.at_level(logging.WARNING, "dash_auth"):
        replies = [
            site.get(
                "/private",
                auth=(f"user{number}", "guess"),
                headers={"Forwarded": f"for=198.51.100.{number}"},
            )
            for number in range(60)
        ]
    assert statuses(replies) == {401: 60}
    told = [one for one in caplog.records if "not counted by address" in one.getMessage()]
    assert len(told) == 1
