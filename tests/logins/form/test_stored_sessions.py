"""Sessions that several servers share, in a store."""

from __future__ import annotations

import logging
import re
import threading
import weakref
from typing import Any

import dash_auth
import pytest
from attacks import apps
from attacks.http import ALICE, BOB, basic
from attacks.routes import add_route, session
from clock import Clock
from dash_auth import sessions
from dash_auth.sessions import ended, reached, stored
from everywhere import Serve
from forms import Browser, form_app
from stores import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(autouse=True)
def as_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process remember no logout: what the others know of it is in the store."""
    monkeypatch.setattr(ended, "_ended", {})
    monkeypatch.setattr(ended, "end", lambda ticket: None)
    monkeypatch.setattr(stored, "_all", weakref.WeakSet())
    # It is asked again at once when it was away.
    monkeypatch.setattr(reached, "_PAUSE", 0.0)


def copy_of(browser: Browser) -> Browser:
    return Browser(browser.site, dict(browser.cookies), dict(browser.paths))


def test_the_cookie_holds_a_token_alone(everywhere: Serve, store: MemoryStore) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    assert browser.log_in().status == 303
    assert re.fullmatch(r"[\w-]{54}", browser.ticket or "")
    assert browser.who() == "alice"
    assert browser.ticket not in str(store.rows)
    (row,) = store.rows.values()
    assert re.fullmatch(r"[0-9a-f]{64}", row.id) and re.fullmatch(r"[0-9a-f]{64}", row.user)


def test_a_login_counts_and_ends_on_each_server(everywhere: Serve, store: MemoryStore) -> None:
    first = Browser(everywhere(form_app(sessions=store)))
    first.log_in()
    second = Browser(everywhere(form_app(sessions=store)), first.cookies, first.paths)
    stolen = copy_of(second)
    assert second.who() == "alice"
    assert second.log_out().status == 303
    assert store.rows == {}
    assert stolen.who() is None
    first.cookies = stolen.cookies
    assert first.who() is None


def test_the_next_user_of_a_browser_ends_the_session_before(
    everywhere: Serve, store: MemoryStore
) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    stolen = copy_of(browser)
    browser.log_in(*BOB)
    assert browser.who() == "bob"
    assert stolen.who() is None
    assert len(store.rows) == 1


def test_sessions_of_a_user_are_listed_and_ended(everywhere: Serve, store: MemoryStore) -> None:
    app = form_app(sessions=store)
    add_route(app, "/mine", lambda: {"current": [one.is_current for one in sessions.of("alice")]})
    add_route(app, "/others", lambda: {"ended": sessions.end_all("alice", except_current=True)})
    site = everywhere(app)
    browsers = [Browser(site) for _ in range(3)]
    for browser in browsers:
        browser.log_in()
    other = Browser(site)
    other.log_in(*BOB)
    assert sorted(browsers[1].fetch("/mine").json()["current"]) == [False, False, True]
    assert browsers[1].fetch("/others").json() == {"ended": 2}
    assert [browser.who() for browser in browsers] == [None, "alice", None]
    (left,) = sessions.of(dash_auth.User("alice"))
    assert sessions.end(left.id) and not sessions.end(left.id)
    assert browsers[1].who() is None
    assert sessions.end_all("bob") == 1
    assert other.who() is None
    with pytest.raises(TypeError, match="User or a name"):
        sessions.of(None)  # type: ignore[arg-type]


def test_a_login_that_began_before_all_were_ended_does_not_count(
    everywhere: Serve, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def check(name: str, password: str) -> bool:
        begun.set()
        return go_on.wait(20)

    browser = Browser(everywhere(form_app(auth_func=check, sessions=store)))
    replies: list[Any] = []
    logging_in = threading.Thread(target=lambda: replies.append(browser.log_in()))
    logging_in.start()
    assert begun.wait(20)
    sessions.end_all("alice")
    go_on.set()
    logging_in.join(20)
    assert replies[0].status == 503
    assert browser.ticket is None
    assert store.rows == {}


def test_users_are_not_let_in_while_the_store_is_away(
    everywhere: Serve, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    store.is_away = True
    refused = browser.fetch("/private")
    assert (refused.status, refused.headers["Dash-Auth"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    assert browser.visit("/").status == 503
    public = browser.fetch("/public")
    assert (public.status, public.json()["user"]) == (200, None)
    assert public.headers["Cache-Control"] == "private, no-store"
    for page in ("/login", "/logout"):
        assert browser.visit(page).status in (200, 503)
    failed = browser.log_in()
    assert failed.status == 503
    # A visitor with no session is asked to log in as ever.
    assert Browser(browser.site).fetch("/private").status == 401
    assert Browser(browser.site).fetch("/public").status == 200
    store.is_away = False
    assert browser.who() == "alice"
    assert [
        one
        for one in caplog.records
        if one.levelno >= logging.ERROR and "cannot be asked" not in one.getMessage()
    ] == []


def test_a_logout_while_the_store_is_away_ends_the_session_later(
    everywhere: Serve, store: MemoryStore
) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    stolen = copy_of(browser)
    store.is_away = True
    assert browser.log_out().status == 303
    assert browser.ticket is None
    assert len(store.rows) == 1
    store.is_away = False
    assert stolen.who() is None
    assert store.rows == {}


def test_a_cleared_session_ends_in_the_store(everywhere: Serve, store: MemoryStore) -> None:
    app = form_app(sessions=store)

    def leave() -> str:
        session().clear()
        return "gone"

    add_route(app, "/leave", leave)
    browser = Browser(everywhere(app))
    browser.log_in()
    stolen = copy_of(browser)
    assert browser.fetch("/leave").status == 200
    assert browser.ticket is None
    assert store.rows == {}
    assert stolen.who() is None


def test_a_row_that_was_written_by_hand_opens_nothing(
    everywhere: Serve, store: MemoryStore
) -> None:
    site = everywhere(form_app(sessions=store))
    alice, bob = Browser(site), Browser(site)
    alice.log_in()
    bob.log_in(*BOB)
    of_alice, of_bob = store.rows.values()
    for data in ("", "x", "..", of_alice.data[:-1], of_alice.data, f"{of_alice.data}.", "\udcff"):
        store.rows[of_bob.id] = dash_auth.sessions.StoredSession(
            of_bob.id, of_alice.user, data, of_bob.created, of_bob.seen
        )
        assert bob.who() is None
    assert [one.id for one in sessions.of("alice")] == [of_alice.id]
    assert alice.who() == "alice"


def test_sessions_of_another_app_or_key_open_nothing(everywhere: Serve, store: MemoryStore) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    for options in ({"session_scope": "another"}, {"secret_key": "another key of the tests"}):
        other = Browser(everywhere(form_app(sessions=store, **options)))
        name = next(iter(other.visit("/login").headers.get_all("Set-Cookie") or [""]))
        other.cookies = {
            key: browser.ticket or "" for key in [*browser.cookies, name.split("=")[0]]
        }
        other.paths = dict.fromkeys(other.cookies, "/")
        assert other.who() is None


def test_an_idle_user_is_known_to_the_store(
    everywhere: Serve, store: MemoryStore, clock: Clock
) -> None:
    app = form_app(sessions=store, idle_timeout=600, session_lifetime=7200)
    browser = Browser(everywhere(app))
    browser.log_in()
    (id,) = store.rows
    left = store.ends[id]
    browser.who()
    # Not with each request.
    assert store.ends[id] == left
    clock.advance(61)
    browser.who()
    assert store.ends[id] > left
    browser.fetch("/_dash-layout")
    store.ends[id] = 0.0
    assert browser.who() is None
    assert "touch" in store.calls
    # What is gone is not brought back.
    clock.advance(61)
    assert browser.who() is None


def test_a_session_ends_in_any_case(everywhere: Serve, store: MemoryStore, clock: Clock) -> None:
    browser = Browser(everywhere(form_app(sessions=store, session_lifetime=1000)))
    browser.log_in()
    store.ends = dict.fromkeys(store.ends, float("inf"))
    clock.advance(990)
    assert browser.who() == "alice"
    clock.advance(11)
    assert browser.who() is None


def test_changes_of_the_account_end_its_sessions(everywhere: Serve, store: MemoryStore) -> None:
    users = dict([ALICE, BOB])
    site = everywhere(form_app(users, sessions=store))
    alice, bob = Browser(site), Browser(site)
    alice.log_in()
    bob.log_in(*BOB)
    users["alice"] = "another password"
    del users["bob"]
    assert (alice.who(), bob.who()) == (None, None)


def test_the_event_loop_never_asks_the_store(everywhere: Serve, store: MemoryStore) -> None:
    app = form_app(sessions=store)
    loops: set[int] = set()

    async def on_the_loop() -> str:
        loops.add(threading.get_ident())
        return str(dash_auth.current_user())

    if apps.backend == "flask":
        pytest.skip("Flask has no event loop")
    if apps.backend == "quart":
        app.server.add_url_rule("/loop", endpoint="loop", view_func=on_the_loop)
    else:
        app.server.add_api_route("/loop", on_the_loop)
    browser = Browser(everywhere(app))
    browser.log_in()
    browser.visit("/")
    assert "alice" in browser.fetch("/loop").text
    browser.log_out()
    assert len(loops) == 1
    assert store.threads.isdisjoint(loops)


def test_a_program_may_come_with_a_password_beside(everywhere: Serve, store: MemoryStore) -> None:
    users = dict([ALICE])
    app = form_app(users, sessions=store, also=[dash_auth.logins.Basic(users)])
    site = everywhere(app)
    assert site.get("/private", auth=ALICE).status == 200
    store.is_away = True
    assert site.get("/private", auth=ALICE).status == 200
    assert basic(*ALICE)


def test_the_first_visit_loads_a_session_once(everywhere: Serve, store: MemoryStore) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    store.calls.clear()
    assert browser.who() == "alice"
    assert store.calls.count("load") == 1 + store.calls.count("touch")
    store.calls.clear()
    Browser(browser.site).fetch("/private")
    other = Browser(browser.site, dict.fromkeys(browser.cookies, "x" * 54), browser.paths)
    assert other.who() is None
    assert store.calls == []


def test_without_a_store_no_session_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dash_auth.sessions.known.all_stored", lambda: [])
    with pytest.raises(RuntimeError, match="sessions="):
        sessions.of("alice")


def test_a_request_of_another_site_asks_the_store_nothing(
    everywhere: Serve, store: MemoryStore
) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    store.calls.clear()
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for path in ("/_dash-update-component", "/private", "/public"):
        assert browser.send("POST", path, foreign).status >= 400
    assert store.calls == []
