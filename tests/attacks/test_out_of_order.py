"""S12, S21: who cannot be asked is no wrong password, and S13: how many wait is bounded."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import urllib.error
from collections.abc import Callable
from typing import Any

import dash_auth
import pytest
import requests
from dash import Dash, Input, Output
from dash_auth import _threads as threads
from dash_auth.auth import Auth
from waiting import wait_for

from .apps import IS_UPSTREAM, body, guard, item, plain_app
from .http import ALICE, BOB, PRIVATE, PUBLIC, Site, held, honest
from .routes import add_route, session

pytestmark = pytest.mark.skipif(IS_UPSTREAM, reason="upstream has no 503")

PRIVATE_CALL = body("closed.children", [item("i", "value", 1)])


def app_with(users: Any = None, **options: Any) -> Dash:
    """Return a guarded app with a private route and callback, and a public route that asks."""
    app = plain_app()
    add_route(app, "/ask", lambda: f"{PUBLIC} {dash_auth.current_user()}")
    add_route(app, "/about", lambda: PUBLIC)
    add_route(app, "/admin", lambda: PRIVATE)
    app.callback(Output("closed", "children"), Input("i", "value"))(lambda _: PRIVATE)
    guard(app, users, public_routes=["/ask", "/about"], secret_key="k" * 32, **options)
    return app


def answered(status: int) -> requests.HTTPError:
    """Return what `raise_for_status` raises."""
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(response=response)


def named(name: str, module: str, base: type[Exception] = Exception) -> Exception:
    """Return an error as a library defines it that is not installed here."""
    error: Exception = type(name, (type(f"{module}Error", (base,), {}),), {"__module__": module})()
    return error


def group_of(*errors: Exception) -> Exception:
    """Return what a TaskGroup raises: a group of errors, which Python has since 3.11."""
    error = named("ExceptionGroup", "builtins")
    error.exceptions = errors  # type: ignore[attr-defined]
    return error


def coded(error: Exception, code: object) -> Exception:
    """Return an error with a code of its library's, which is no HTTP status."""
    error.code = code  # type: ignore[attr-defined]
    return error


OUT_OF_ORDER: list[BaseException] = [
    *([] if IS_UPSTREAM else [dash_auth.Unavailable("the directory is being moved")]),
    OSError("disk"),
    FileNotFoundError("users.db"),
    ConnectionRefusedError(),
    TimeoutError(),
    asyncio.TimeoutError(),
    sqlite3.OperationalError("database is locked"),
    requests.ConnectionError("directory"),
    answered(502),
    answered(429),
    urllib.error.HTTPError("http://directory", 503, "down", None, None),  # type: ignore[arg-type]
    named("OperationalError", "psycopg"),
    named("SERVER_DOWN", "ldap"),
    named("LDAPSocketOpenError", "ldap3", type("LDAPCommunicationError", (Exception,), {})),
    named("ServerSelectionTimeoutError", "pymongo", type("ConnectionFailure", (Exception,), {})),
    named("ConnectTimeout", "httpx", type("TransportError", (Exception,), {})),
    group_of(OSError("disk"), group_of(TimeoutError())),
    coded(OSError("disk"), 7),
    coded(named("OperationalError", "sqlalchemy"), "e3q8"),
]
REFUSES = [
    KeyError("alice"),
    ValueError("no such user"),
    answered(401),
    urllib.error.HTTPError("http://directory", 403, "no", None, None),  # type: ignore[arg-type]
    sqlite3.ProgrammingError("a mistake"),
    named("INVALID_CREDENTIALS", "ldap"),
    group_of(OSError("disk"), KeyError("alice")),
    coded(KeyError("alice"), 1203),
]


class Failing:
    """A developer's check that fails as it is told to."""

    def __init__(self, is_async: bool = False) -> None:
        self.error: BaseException | None = None
        self.auth_func: Any = self.check_async if is_async else self.check

    def check(self, name: str, password: str) -> bool:
        if self.error is not None:
            raise self.error
        return (name, password) == ALICE

    async def check_async(self, name: str, password: str) -> bool:
        return self.check(name, password)


@pytest.mark.rule("S12")
@pytest.mark.parametrize("cache", [0, 3600])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_what_auth_func_raises(
    serve: Any, caplog: pytest.LogCaptureFixture, cache: float, is_async: bool
) -> None:
    failing = Failing(is_async)
    site = serve(app_with(auth_func=failing.auth_func, auth_func_cache_seconds=cache))
    for failing.error in OUT_OF_ORDER:
        for reply in (site.get("/admin", auth=ALICE), site.call(PRIVATE_CALL, auth=ALICE)):
            assert reply.status == 503, failing.error
            assert int(reply.headers["Retry-After"]) > 0
            assert "WWW-Authenticate" not in reply.headers
            assert PRIVATE not in reply.text
        # Nobody, and that at once: the page is public.
        honest(site.get("/ask", auth=ALICE), f"{PUBLIC} None")
    for failing.error in REFUSES:
        held(site.get("/admin", auth=ALICE))
        held(site.call(PRIVATE_CALL, auth=ALICE))
    failing.error = None
    honest(site.get("/admin", auth=ALICE), PRIVATE)
    said = [r for r in caplog.records if "auth_func cannot be asked" in r.getMessage()]
    # Once a minute in what is read; else a server whose database is down would fill the disk.
    assert len([r for r in said if r.levelname == "ERROR"]) <= 1


@pytest.mark.rule("S12")
def test_the_log_says_what_failed(
    serve: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dash_auth._out_of_order._said", {})
    failing = Failing()
    site = serve(app_with(auth_func=failing.auth_func))
    failing.error = sqlite3.OperationalError("database is locked")
    for _ in range(3):
        assert site.get("/admin", auth=ALICE).status == 503
    (said,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert said.getMessage() == "Answered 503: auth_func cannot be asked: OperationalError"
    assert said.exc_info is not None
    assert "database is locked" in str(said.exc_info[1])


class Table(dict[str, str]):
    """Users kept elsewhere, which may be out of reach."""

    error: BaseException | None = None

    def get(self, *arguments: Any) -> Any:
        if self.error is not None:
            raise self.error
        return super().get(*arguments)


@pytest.mark.rule("S21")
def test_a_live_table_out_of_reach(serve: Any) -> None:
    users = Table([ALICE])
    # With the user in the cookie the table is asked when the session is saved, too.
    site = serve(app_with(users, session_cookie=True))
    cookie = honest(site.get("/admin", auth=ALICE), PRIVATE).cookie()
    honest(site.get("/ask", cookie=cookie), f"{PUBLIC} alice")
    for users.error in OUT_OF_ORDER:
        assert site.get("/admin", auth=ALICE).status == 503, users.error
        for known in ({"auth": ALICE}, {"cookie": cookie}, {"auth": ALICE, "cookie": cookie}):
            honest(site.get("/ask", **known), f"{PUBLIC} None")
    users.error = KeyError("a mistake")
    held(site.get("/admin", auth=ALICE))
    honest(site.get("/ask", cookie=cookie), f"{PUBLIC} None")
    users.error = None
    honest(site.get("/admin", auth=ALICE), PRIVATE)


@pytest.mark.rule("S12")
def test_a_check_of_a_subclass_that_is_out_of_order(serve: Any) -> None:
    failing = Failing()

    class Own(Auth):
        def is_authorized(self) -> bool:
            return failing.check(*ALICE)

        def login_request(self) -> Any:
            return "log in", 401

    app = plain_app()
    add_route(app, "/admin", lambda: PRIVATE)
    Own(app)
    site = serve(app)
    honest(site.get("/admin"), PRIVATE)
    for failing.error in OUT_OF_ORDER:
        assert site.get("/admin").status == 503, failing.error
    failing.error = LookupError()
    held(site.get("/admin"))


@pytest.mark.rule("S13")
def test_a_hash_in_a_check_of_a_subclass_is_bounded(serve: Any) -> None:
    """Else it would wait for a turn without end, where the guard answers 503."""
    from dash_auth._unavailable import is_asked_by_guard

    asked: list[bool] = []

    class Own(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            asked.append(is_asked_by_guard())
            return super().is_authorized()

    app = plain_app()
    add_route(app, "/admin", lambda: f"{PRIVATE} {is_asked_by_guard()}")
    Own(app, dict([ALICE]))
    site = serve(app)
    honest(site.get("/admin", auth=ALICE), f"{PRIVATE} False")
    held(site.get("/admin", auth=BOB))
    assert asked == [True, True]


@pytest.mark.rule("S13")
def test_an_outage_is_no_wrong_guess(serve: Any, hashing: Any) -> None:
    """Who was answered 503 for it still waits for a turn as anybody does."""
    source = "127.0.5.1"
    failing = Failing()
    site = serve(app_with(auth_func=failing.auth_func, auth_func_cache_seconds=3600))
    failing.error = OSError()
    assert site.get("/admin", auth=ALICE, source=source).status == 503
    failing.error = None
    other = serve(app_with({"bob": hashing.of(BOB[1]), "carol": hashing.of("c"), "dan": "d"}))
    hold = hashing.hold()
    statuses: list[int] = []

    def log_in(name: str, password: str) -> None:
        statuses.append(other.get("/admin", auth=(name, password), source=source).status)

    first = threading.Thread(target=log_in, args=BOB)
    first.start()
    assert hold.reached()
    # An address that failed lately would be sent away here, half of the turns being taken.
    second = threading.Thread(target=log_in, args=("carol", "c"))
    second.start()
    assert hold.reached()
    hold.let_go()
    first.join()
    second.join()
    assert statuses == [200, 200]


# How many wait


@pytest.mark.rule("S13")
@pytest.mark.event_loops
@pytest.mark.parametrize("kind", ["auth_func", "hash"])
def test_who_is_remembered_waits_for_no_guesser(serve: Any, hashing: Any, kind: str) -> None:
    let_go = threading.Event()
    waiting: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        if name != "alice":
            waiting.append(name)
            let_go.wait(60)
        return (name, password) == ALICE

    def groups(name: str) -> list[str]:
        return [f"friends of {name}"]

    logins: dict[str, Any] = {"auth_func": auth_func, "auth_func_cache_seconds": 3600}
    if kind == "hash":
        logins = {"users": {"alice": hashing.of(ALICE[1])}}
    site: Site = serve(app_with(**logins, user_groups=groups))
    asking: list[Callable[[], Any]] = [
        lambda: honest(site.get("/admin", auth=ALICE), PRIVATE),
        lambda: honest(site.call(PRIVATE_CALL, auth=ALICE), PRIVATE),
        lambda: honest(site.get("/ask", auth=ALICE), "alice"),
        lambda: honest(site.get("/ask"), "None"),
    ]
    for ask in asking:
        ask()
    hold = hashing.hold()
    statuses: list[int] = []

    def guess(number: int) -> None:
        address = f"127.1.{number // 200}.{1 + number % 200}"
        guessed = (f"guesser{number}", "guess")
        statuses.append(site.get("/admin", auth=guessed, source=address, timeout=60).status)

    guessers = [threading.Thread(target=guess, args=(number,)) for number in range(150)]
    for guesser in guessers:
        guesser.start()
    # Those are sent away for whom there is no place in the queue.
    wait_for(lambda: len(statuses) >= 22)
    for ask in asking:
        ask()
    hold.let_go()
    let_go.set()
    for guesser in guessers:
        guesser.join()
    assert set(statuses) <= {401, 503}
    assert statuses[:22] == [503] * 22
    assert not hold.gave_up


def test_auth_func_that_is_slow_and_asked_each_time_is_told_of_once(
    serve: Any, caplog: pytest.LogCaptureFixture, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Far from what a busy machine adds.
    monkeypatch.setattr("dash_auth.logins.asked_passwords._SLOW", 3600)
    takes = 7200

    def auth_func(name: str, password: str) -> bool:
        clock.advance(takes)
        return (name, password) == ALICE

    def said() -> list[str]:
        return [r.getMessage() for r in caplog.records if "auth_func_cache_seconds" in r.msg]

    cached = serve(app_with(auth_func=auth_func, auth_func_cache_seconds=60))
    honest(cached.get("/admin", auth=ALICE), PRIVATE)
    assert said() == []
    site = serve(app_with(auth_func=auth_func))
    takes = 60
    honest(site.get("/admin", auth=ALICE), PRIVATE)
    assert said() == []
    takes = 7200
    for _ in range(2):
        honest(site.get("/admin", auth=ALICE), PRIVATE)
    (warning,) = said()
    assert "auth_func takes 7200000 ms" in warning


@pytest.mark.rule("S13")
def test_where_too_many_wait_a_public_page_goes_on_as_nobodys(
    serve: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The groups of a remembered user are asked for before any hook, in a thread."""
    app = plain_app()
    add_route(app, "/who", lambda: f"{PUBLIC} {session().get('user')} {dash_auth.current_user()}")
    options: dict[str, Any] = {"user_groups": lambda _: [], "secret_key": "k" * 32}
    # What the cookie holds under that name names nobody either.
    guard(app, public_routes=["/who"], session_cookie=True, **options)
    site = serve(app)
    cookie = site.get("/", auth=ALICE).cookie()
    honest(site.get("/who", cookie=cookie), "} alice")
    if site.loop is not None:
        monkeypatch.setattr(threads.REMEMBERED, "_limit", 0)
        for known in ({"cookie": cookie}, {"cookie": cookie, "auth": ALICE}):
            honest(site.get("/who", **known), f"{PUBLIC} None None")
        held(site.get("/", cookie=cookie), status=(401, 503))
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
