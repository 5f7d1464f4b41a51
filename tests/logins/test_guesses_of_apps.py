"""Apps behind BasicAuth that count guesses together, in Redis, on each server."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import dash_auth
import pytest
from attacks.http import ALICE, PRIVATE, Reply
from clock import Clock
from dash_auth.logins.basic import Basic
from dash_auth.sessions import named
from dash_auth.sessions.redis import RedisSessions
from databases import Database
from everywhere import Serve, app_behind, on_event_loops
from forms import Browser, form_app
from guarded import USERS, guarded_app, new_app
from hashing import Hashing
from stores import MemoryStore

SLOW = dash_auth.Throttle(account_first=60)
_NUMBERS = itertools.count()


def guess(site: Any, name: str = "alice", source: str = "127.1.1.1") -> Reply:
    """Make a guess that is wrong, and another one each time."""
    reply: Reply = site.get("/private", auth=(name, f"{next(_NUMBERS)}"), source=source)
    assert PRIVATE not in reply.text
    return reply


def test_two_workers_count_together(
    everywhere: Serve, redis_server: Database, redis: Any, hashing: Hashing
) -> None:
    users = {"alice": hashing.of(ALICE[1])}
    sites = [
        everywhere(app_behind(dict(users), sessions=redis_server.url, throttle=SLOW))
        for _ in range(2)
    ]
    replies: list[Reply] = []
    barrier = threading.Barrier(50)

    def make(number: int) -> None:
        barrier.wait()
        replies.append(guess(sites[number % 2], source=f"127.1.2.{number + 1}"))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = [reply.status for reply in replies]
    # On a machine that is busy, one may have waited too long for its turn: it counts not.
    assert set(codes) <= {401, 429, 503}
    assert 1 <= codes.count(401) == len(hashing.begun) <= 5
    for site in sites:
        while (reply := guess(site)).status != 429:
            assert len(hashing.begun) <= 5
        assert 1 <= int(reply.headers["Retry-After"]) <= 60
        held = site.get("/private", auth=ALICE, source="127.1.1.1")
        assert (held.status, held.headers["Dash-Auth"]) == (429, "throttled")


def test_a_user_is_known_in_both(everywhere: Serve, redis_server: Database, redis: Any) -> None:
    sites = [everywhere(app_behind(dict([ALICE]), sessions=redis_server.url)) for _ in range(2)]
    assert [site.get("/private", auth=ALICE).status for site in sites] == [200, 200]
    codes = [guess(sites[number % 2]).status for number in range(12)]
    assert codes[:5] == [401] * 5 and codes[-1] == 429
    assert [site.get("/private", auth=ALICE).status for site in sites] == [200, 200]


@on_event_loops
def test_a_redis_that_hangs_holds_up_no_loop(
    everywhere: Serve, redis_server: Database, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, done = threading.Event(), threading.Event()
    run = dash_auth.logins.guesses.SharedGuesses._run

    def asking(*arguments: Any) -> Any:
        asked.set()
        # Longer than any answer of Redis's is waited for.
        assert done.wait(30)
        return run(*arguments)

    site = everywhere(app_behind(dict([ALICE]), sessions=redis_server.url))
    monkeypatch.setattr(dash_auth.logins.guesses.SharedGuesses, "_run", asking)
    with redis_server.paused():
        replies: list[Reply] = []
        thread = threading.Thread(
            target=lambda: replies.append(site.get("/private", auth=ALICE, source="127.1.1.2"))
        )
        thread.start()
        assert asked.wait(30)
        # While one waits for Redis the others are answered.
        assert site.get("/public").status == 200
        assert guess_with_no_name(site) == 401
        done.set()
        thread.join()
        assert [reply.status for reply in replies] == [200]


def guess_with_no_name(site: Any) -> int:
    """Return the status of a request with no credentials."""
    status: int = site.get("/private").status
    return status


def test_login_pages_count_together_too(
    everywhere: Serve, redis_server: Database, redis: Any
) -> None:
    options = {"sessions": redis_server.url, "throttle": SLOW}
    sites = [everywhere(form_app(**options)) for _ in range(2)]
    users = [Browser(site) for site in sites]
    for user in users:
        user.visit("/login")
    assert users[0].log_in().status == 303
    codes = []
    for number in range(6):
        browser = Browser(sites[number % 2])
        browser.visit("/login")
        codes.append(browser.log_in(password=f"{next(_NUMBERS)}").status)
    assert codes == TOGETHER
    assert users[1].log_in().status == 429
    # Whose browser has logged in before goes on, at the other worker too.
    users[0].site = sites[1]
    assert users[0].log_in().status == 303
    assert users[0].who() == "alice"


# What sessions= takes


def codes_of(*apps: Any, clock: Clock | None = None) -> list[int]:
    """Return the answers to six guesses, made at the apps in turn."""
    clients = [app.server.test_client() for app in apps]
    return [
        clients[number % len(clients)]
        .get("/private", auth=("alice", f"{next(_NUMBERS)}"))
        .status_code
        for number in range(6)
    ]


TOGETHER = [401] * 5 + [429]


def test_a_url_or_a_store(redis_server: Database, redis: Any) -> None:
    apps = [
        guarded_app(sessions=sessions, throttle=SLOW)
        for sessions in (redis_server.url, RedisSessions(redis_server.url))
    ]
    assert codes_of(*apps) == TOGETHER
    # With another scope it is another app.
    assert codes_of(guarded_app(sessions=redis_server.url, session_scope="x")) == TOGETHER


def test_the_environment_names_it(
    redis_server: Database, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(named.ENVIRONMENT, redis_server.url)
    assert codes_of(guarded_app(throttle=SLOW), guarded_app(throttle=SLOW)) == TOGETHER
    # What names a place of sessions alone is not for it.
    for url in ("sqlite:///sessions.db", "postgresql+psycopg://host/name", ""):
        monkeypatch.setenv(named.ENVIRONMENT, url)
        apps = [guarded_app(throttle=SLOW), guarded_app(throttle=SLOW)]
        assert codes_of(*apps) == [401] * 6


@pytest.mark.parametrize(
    "sessions",
    ["sqlite:///sessions.db", "postgresql://host/name", "localhost", "", MemoryStore(), 3, True],
)
def test_what_is_not_redis_is_an_error(sessions: Any) -> None:
    with pytest.raises(ValueError, match=r"BasicAuth keeps no sessions: .*redis://localhost"):
        dash_auth.BasicAuth(new_app(), USERS, sessions=sessions)


def test_an_error_quotes_no_password() -> None:
    for url in ("redis://:secret@host:x/0", "rediss//:secret@host"):
        with pytest.raises(ValueError) as raised:
            dash_auth.BasicAuth(new_app(), USERS, sessions=url)
        assert "secret" not in str(raised.value)


def test_with_no_throttle_nothing_is_counted(redis_server: Database, redis: Any) -> None:
    assert codes_of(guarded_app(sessions=redis_server.url, throttle=None)) == [401] * 6
    assert redis.keys() == []


@pytest.mark.parametrize("of_function", [False, True])
def test_further_logins_count_there_too(
    redis_server: Database, redis: Any, of_function: bool
) -> None:
    other: Any = (lambda *given: given == ALICE) if of_function else {"bob": "the builder"}
    apps = [
        guarded_app(sessions=redis_server.url, throttle=SLOW, also=[Basic(other, throttle=SLOW)])
        for _ in range(2)
    ]
    found: list[Callable[[], Any]] = [app.server.test_client for app in apps]
    assert len(found) == 2
    assert codes_of(*apps) == TOGETHER
