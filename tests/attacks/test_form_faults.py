"""Attacks on FormAuth, and accidents with it: headers that are none, what fails behind it, loops."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import dash_auth
import pytest
from clock import Clock
from dash_auth import _threads as threads
from dash_auth.users import Account
from everywhere import Serve, on_event_loops
from forms import USERS, Browser, form_app

from .apps import body, item
from .http import ALICE, PRIVATE
from .servers import BACKENDS

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://["},
        {"Origin": "https://[x]"},
        {"Origin": "https://a:b:c"},
        {"Host": "["},
        {"Host": "[::1"},
        {"Host": "http://x/"},
        {"Referer": "http://[/?next=/x"},
    ],
    ids=str,
)
def test_a_header_that_is_none_is_no_error_of_the_server(
    everywhere: Serve, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(everywhere(form_app(remember=True, idle_timeout=600)))
    for path in ("/login", "/logout", "/login/done", "/private"):
        assert browser.visit(path, **headers).status < 500
    sent = {"username": ALICE[0], "remember": "1"}
    for password in ("wrong", ALICE[1]):
        reply = browser.send(
            "POST",
            "/login",
            {**FORM, "Sec-Fetch-Site": "same-origin", **headers},
            body=urlencode({**sent, "password": password}).encode(),
        )
        assert reply.status in (303, 400, 401)
    assert browser.send("POST", "/logout", {**FORM, **headers}).status < 500
    assert "Traceback" not in caplog.text


class Store:
    """Keeps the users, until it fails."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def find(self, name: str) -> Account | None:
        if self.error is not None:
            raise self.error
        return Account(name, USERS[name]) if name in USERS else None

    def names(self) -> list[str]:
        return list(USERS)

    def version(self) -> int:
        return 1


@pytest.mark.parametrize("error", [OSError("down"), KeyError("a bug")], ids=str)
def test_where_the_users_cannot_be_asked_a_user_is_told_so_and_led_in_no_circle(
    everywhere: Serve, error: Exception
) -> None:
    store = Store()
    browser = Browser(everywhere(form_app(store)))
    browser.log_in()
    store.error = error
    for path in ("/login", "/login?next=/private", "/login/done?next=/private"):
        page = browser.visit(path)
        assert (page.status, page.headers["Retry-After"]) == (503, "10")
        assert page.headers["Dash-Auth"] == "busy"
        assert page.headers["Cache-Control"] == "no-store"
    for path in ("/logout", "/public", "/"):
        assert browser.visit(path).status in (200, 303, 503)
    assert browser.post("/logout", {}).status == 303
    store.error = None
    browser.log_in()
    assert browser.who() == "alice"


def _follow(browser: Browser, path: str) -> list[int]:
    """Navigate as a browser does that follows redirects; return the statuses."""
    found: list[int] = []
    while len(found) < 10:
        reply = browser.visit(path)
        found.append(reply.status)
        if reply.status != 303:
            break
        path = reply.headers["Location"]
    return found


def test_a_function_of_allow_that_fails_leads_in_no_circle(everywhere: Serve) -> None:
    def allow(user: dash_auth.User) -> bool:
        raise KeyError(user.name)

    browser = Browser(everywhere(form_app(allow=allow)))
    browser.log_in()
    assert _follow(browser, "/private") == [403]
    refused = browser.fetch("/private")
    assert (refused.status, refused.headers["Dash-Auth"]) == (403, "forbidden")
    assert "alice" in browser.visit("/private").text
    assert browser.log_out().status == 303
    assert _follow(browser, "/private") == [303, 200]


def test_a_check_of_a_subclass_leads_in_no_circle(
    everywhere: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Strict(dash_auth.FormAuth):
        def is_authorized(self) -> bool:
            return False

    monkeypatch.setattr(dash_auth, "FormAuth", Strict)
    browser = Browser(everywhere(form_app()))
    browser.log_in()
    assert _follow(browser, "/private") == [403]


@pytest.mark.parametrize("name", ["Alice", "ÉLISE", "straße", "alice"])
def test_guesses_made_elsewhere_lock_no_known_browser_out(
    everywhere: Serve, name: str, clock: Clock
) -> None:
    app = form_app(
        auth_func=lambda typed, password: (typed, password) == (name, "right"),
        throttle=dash_auth.Throttle(account_free=1, account_first=900),
    )
    browser = Browser(everywhere(app))
    assert browser.log_in(name, "right").status == 303
    browser.log_out()
    other = Browser(browser.site)
    for guess in "abcd":
        other.log_in(name, guess)
    assert other.log_in(name, "right").status == 429
    assert browser.log_in(name, "right").status == 303
    # Of another account it knows nothing.
    assert browser.log_in(f"{name}2", "x").status == 401
    assert browser.log_in(f"{name}2", "x").status in (401, 429)


@pytest.mark.parametrize("seconds", [20, 60, 90, 120])
def test_a_short_idle_limit_ends_no_login_of_who_goes_on(
    everywhere: Serve, clock: Clock, seconds: int
) -> None:
    browser = Browser(everywhere(form_app(idle_timeout=seconds)))
    browser.log_in()
    for _ in range(8):
        clock.advance(seconds * 0.7)
        assert browser.who() == "alice"
    clock.advance(seconds + 1)
    assert browser.who() is None


@on_event_loops
def test_a_websocket_lasts_while_its_user_goes_on(everywhere: Serve, clock: Clock) -> None:
    app = form_app(idle_timeout=600)
    address = everywhere(app)
    browser = Browser(address)
    browser.log_in()
    asked = body("private.children", [item("private-in", "value", 1)])
    with address.open(cookie=browser.cookie("/")) as socket:
        for _ in range(3):
            clock.advance(400)
            touched = browser.send("POST", "/_dash-auth/touch", {"Sec-Fetch-Site": "same-origin"})
            assert touched.status == 204
            assert PRIVATE in str(socket.call(asked))
        # What comes over it renews nothing.
        clock.advance(590)
        assert PRIVATE in str(socket.call(asked))
        clock.advance(11)
        assert socket.closing_code() == 4001


class _Loop:
    """Tells whether a server's event loop goes on while something waits."""

    def __init__(self) -> None:
        self.site: Any = None
        self.went_on: list[bool] = []

    def wait(self) -> None:
        if self.site is not None:
            done = threading.Event()
            self.site.loop.call_soon_threadsafe(done.set)
            self.went_on.append(done.wait(5))


def _limits(loop: _Loop) -> dict[str, Any]:
    def seconds(user: dash_auth.User) -> int:
        loop.wait()
        return 600

    return {"session_lifetime": seconds, "idle_timeout": seconds}


def _groups(loop: _Loop) -> dict[str, Any]:
    def groups(name: str) -> list[str]:
        loop.wait()
        return []

    return {"user_groups": groups}


def _allow(loop: _Loop) -> dict[str, Any]:
    def allow(user: dash_auth.User) -> bool:
        loop.wait()
        return True

    return {"allow": allow}


@on_event_loops
@pytest.mark.parametrize("options", [_limits, _groups, _allow])
def test_nothing_of_the_login_waits_in_the_event_loop(
    everywhere: Serve, clock: Clock, options: Callable[[_Loop], dict[str, Any]]
) -> None:
    loop = _Loop()
    browser = Browser(everywhere(form_app(**options(loop))))
    loop.site = browser.site
    browser.log_in()
    # No page of the app's own: who is there is asked for the page that asks.
    assert browser.post("/logout", {}, {}).status == 403
    assert browser.visit("/logout").status == 200
    clock.advance(300)
    browser.visit("/private")
    clock.advance(300)
    browser.send("POST", "/_dash-auth/touch", {"Sec-Fetch-Site": "same-origin"})
    browser.visit("/login")
    browser.visit("/login/done")
    browser.log_out()
    assert loop.went_on
    assert all(loop.went_on)


@pytest.mark.parametrize(
    "options",
    [
        {"login_route": "//login"},
        {"logout_route": "/a//b"},
        {"login_route": "/../login"},
        {"login_route": "/\\login"},
        {"login_route": "/{name}"},
        {"login_route": "/log in"},
        {"login_route": "/login\n"},
        {"page": "/<path:rest>"},
        {"page": "//evil.test"},
        {"page": "/welcome?x=1"},
        {"page": "/{rest}"},
    ],
    ids=str,
)
def test_a_route_that_would_lead_elsewhere_is_refused_at_start(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        form_app(**options)


@pytest.mark.parametrize("allow", [{"admin": False}, b"admin", [["admin"]], ["admin", None], [""]])
def test_allow_takes_no_table(allow: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="allow"):
        form_app(allow=allow)


@pytest.mark.parametrize("where", ["function", "verifier"])
def test_nobody_enters_with_no_password(everywhere: Serve, where: str) -> None:
    """A directory takes a bind with no password for an anonymous one, which succeeds."""
    asked: list[str] = []

    class Directory:
        def check(self, name: str, password: str) -> Account | None:
            asked.append(password)
            return Account(name) if password in ("", "right") else None

        def find(self, name: str) -> Account | None:
            return Account(name)

    directory = Directory()
    also = [dash_auth.logins.Basic(directory)]
    if where == "verifier":
        app = form_app(directory, also=also)
    else:
        app = form_app(auth_func=lambda *typed: directory.check(*typed) is not None, also=also)
    browser = Browser(everywhere(app))
    assert browser.log_in("alice", "").status == 401
    assert browser.post("/login", {"username": "alice"}).status == 401
    assert browser.site.get("/private", auth=("alice", "")).status == 401
    assert asked == []
    assert browser.log_in("alice", "right").status == 303


def test_routes_of_the_app_may_have_names_like_those_of_the_login(everywhere: Serve) -> None:
    app = form_app()
    if not hasattr(app.server, "add_url_rule"):
        pytest.skip("endpoints of FastAPI have no names that may clash")
    for name in (
        "login",
        "logout",
        "log_in",
        "log_out",
        "login_page",
        "login_submit",
        "login_done",
    ):
        app.server.add_url_rule(f"/own/{name}", name, lambda: "own")
    browser = Browser(everywhere(app))
    browser.log_in()
    assert browser.fetch("/own/login_submit").text == "own"


@pytest.mark.parametrize("seconds", [600, timedelta(minutes=10)], ids=str)
def test_a_limit_may_be_said_later(everywhere: Serve, clock: Clock, seconds: Any) -> None:
    async def said(user: dash_auth.User) -> Any:
        return seconds

    # A busy machine takes longer than the second that is left.
    clock.stop()
    browser = Browser(everywhere(form_app(session_lifetime=said)))
    browser.log_in()
    clock.advance(599)
    assert browser.who() == "alice"
    clock.advance(2)
    assert browser.who() is None


# Sessions on FastAPI are Starlette's cookies, which have no id.
@pytest.mark.parametrize(
    "everywhere", [name for name in BACKENDS if name != "fastapi"], indirect=True
)
def test_where_a_session_gets_no_other_id_there_is_no_login_and_always_a_logout(
    everywhere: Serve,
) -> None:
    """On FastAPI sessions are cookies."""
    app = form_app()
    interface = app.server.session_interface
    fails = False

    class Sessions(type(interface)):  # type: ignore[misc]
        def regenerate(self, session: Any) -> None:
            if fails:
                raise OSError("the store of sessions is down")

    app.server.session_interface = Sessions()
    browser, other = (Browser(site) for site in [everywhere(app)] * 2)
    browser.log_in()
    fails = True
    assert (other.log_in().status, other.ticket) == (503, None)
    assert (browser.log_out().status, browser.ticket) == (303, None)


def test_a_limit_below_what_a_page_says_is_told(caplog: pytest.LogCaptureFixture) -> None:
    form_app(idle_timeout=119)
    assert "idle_timeout is 119 seconds" in caplog.text
    caplog.clear()
    form_app(idle_timeout=120)
    assert "idle_timeout" not in caplog.text


@pytest.mark.parametrize("kind", ["table", "function"])
def test_guesses_at_the_page_and_by_header_are_counted_together(
    everywhere: Serve, kind: str, clock: Clock
) -> None:
    throttle = dash_auth.Throttle(account_first=900)

    def check(name: str, password: str) -> bool:
        return (name, password) == ALICE

    users: Any = dict(USERS) if kind == "table" else None
    also = [dash_auth.logins.Basic(users or check, throttle=throttle) for _ in range(2)]
    function = None if users else check
    app = form_app(users, auth_func=function, also=also, throttle=throttle)
    browser = Browser(everywhere(app))
    for guess in "abcd":
        assert browser.log_in("alice", guess).status == 401
    statuses = [
        browser.site.get("/private", auth=("alice", f"header {guess}")).status for guess in "abc"
    ]
    assert statuses == [401, 429, 429]
    assert browser.log_in(*ALICE).status == 429
    clock.advance(901)
    assert browser.log_in(*ALICE).status == 303
    assert browser.site.get("/private", auth=ALICE).status == 200


@on_event_loops
def test_those_who_guess_hold_up_no_user_who_is_logged_in(
    everywhere: Serve, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(everywhere(form_app(idle_timeout=600)))
    browser.log_in()
    # As if all turns were taken, and all places to wait for one.
    monkeypatch.setattr(threads, "VISITORS", threads.Threads("test", 0))
    assert Browser(browser.site).log_in("alice", "guess").status == 503
    for path in ("/login/login.css", "/_dash-auth/session.js", "/logout"):
        assert browser.visit(path).status == 200, path
    assert browser.visit("/_dash-auth/login?next=/private").headers["Location"] == "/private"
    assert browser.visit("/login?next=/private").headers["Location"] == "/private"
    assert Browser(browser.site).visit("/login").status == 200
    for _ in range(2):
        clock.advance(400)
        touched = browser.send("POST", "/_dash-auth/touch", {"Sec-Fetch-Site": "same-origin"})
        assert touched.status == 204
    assert browser.who() == "alice"
    assert browser.log_out().status == 303
