"""Sessions that a login form begins: for how long they count, and what ends them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dash_auth
import pytest
from attacks.http import ALICE, BOB
from attacks.routes import add_route, session
from clock import Clock
from everywhere import Serve
from forms import KEY, USERS, Browser, form_app
from tickets import content_of_ticket

HOUR = 3600


def test_a_login_lasts_as_long_as_was_said(everywhere: Serve, clock: Clock) -> None:
    browser = Browser(everywhere(form_app(session_lifetime=HOUR)))
    browser.log_in()
    clock.advance(HOUR - 5)
    assert browser.who() == "alice"
    clock.advance(10)
    ended = browser.fetch("/private")
    assert (ended.status, ended.headers["Dash-Auth"]) == (401, "ended")
    asked = browser.visit("/private")
    assert "Your login has ended" in browser.visit(asked.headers["Location"]).text
    browser.log_in()
    assert browser.who() == "alice"


def test_idle_users_are_logged_out_and_others_are_not(everywhere: Serve, clock: Clock) -> None:
    app = form_app(session_lifetime=2 * HOUR, idle_timeout=600)
    browser = Browser(everywhere(app))
    browser.log_in()
    for _ in range(3):
        clock.advance(500)
        assert browser.who() == "alice"
        assert browser.set_cookies
    # Not with each request.
    browser.who()
    assert browser.set_cookies == []
    clock.advance(601)
    assert browser.who() is None


def test_what_dash_asks_for_by_itself_keeps_nobody_logged_in(
    everywhere: Serve, clock: Clock
) -> None:
    browser = Browser(everywhere(form_app(idle_timeout=600)))
    browser.log_in()
    for _ in range(2):
        clock.advance(400)
        for path in ("/_dash-layout", "/_dash-dependencies", "/_reload-hash"):
            browser.fetch(path)
            assert browser.set_cookies == []
    assert browser.fetch("/_dash-layout").status == 401


def test_a_touch_keeps_a_user_logged_in(everywhere: Serve, clock: Clock) -> None:
    browser = Browser(everywhere(form_app(idle_timeout=600)))
    browser.log_in()
    for _ in range(3):
        clock.advance(400)
        touched = browser.send("POST", "/_dash-auth/touch", {"Sec-Fetch-Site": "same-origin"})
        assert touched.status == 204
    assert browser.who() == "alice"


def test_a_renewed_login_ends_when_it_would_have(everywhere: Serve, clock: Clock) -> None:
    browser = Browser(everywhere(form_app(session_lifetime=1000, idle_timeout=600)))
    browser.log_in()
    before = content_of_ticket(browser.ticket or "")
    clock.advance(500)
    assert browser.who() == "alice"
    after = content_of_ticket(browser.ticket or "")
    same = ("id", "name", "auth_time", "until", "methods")
    assert [before[key] for key in same] == [after[key] for key in same]
    assert after["idle_until"] > before["idle_until"]
    clock.advance(501)
    assert browser.who() is None


def test_the_limits_may_depend_on_the_user(everywhere: Serve, clock: Clock) -> None:
    def lifetime(user: dash_auth.User) -> timedelta:
        return timedelta(days=90) if "display" in user.groups else timedelta(hours=12)

    app = form_app(session_lifetime=lifetime, user_groups={"bob": ["display"]})
    site = everywhere(app)
    alice, bob = Browser(site), Browser(site)
    alice.log_in()
    bob.log_in(*BOB)
    clock.advance(24 * HOUR)
    assert (alice.who(), bob.who()) == (None, "bob")
    clock.advance(90 * 24 * HOUR)
    assert bob.who() is None


def test_a_function_that_says_no_time_gives_a_short_one(
    everywhere: Serve, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(everywhere(form_app(session_lifetime=lambda user: user.nothing)))
    browser.log_in()
    assert browser.who() == "alice"
    assert "says no time" in caplog.text
    clock.advance(15 * 60 + 1)
    assert browser.who() is None


def test_a_user_may_ask_to_stay_logged_in(everywhere: Serve, clock: Clock) -> None:
    app = form_app(session_lifetime=HOUR, idle_timeout=600, remember=True)
    browser = Browser(everywhere(app))
    here = {"Host": f"localhost:{browser.site.port}"}
    page = browser.send("GET", "/login", here)
    assert "for 30 days" in page.text
    sent = {"username": ALICE[0], "password": ALICE[1], "remember": "1"}
    browser.post("/login", sent, {**here, "Sec-Fetch-Site": "same-origin"})
    kept = next(one for one in browser.set_cookies if "dash_auth_form" not in one)
    assert "Max-Age=2592000" in kept
    clock.advance(29 * 24 * HOUR)
    assert browser.who() == "alice"
    clock.advance(24 * HOUR)
    assert browser.who() is None


def test_it_is_offered_to_nobody_over_plain_http(everywhere: Serve, clock: Clock) -> None:
    browser = Browser(everywhere(form_app(session_lifetime=HOUR, remember=86400)))
    there = {"Host": "board.example"}
    assert 'name="remember"' not in browser.send("GET", "/login", there).text
    sent = {"username": ALICE[0], "password": ALICE[1], "remember": "1"}
    browser.post("/login", sent, {**there, "Sec-Fetch-Site": "same-origin"})
    assert "Max-Age=86400" not in "".join(browser.set_cookies)
    clock.advance(HOUR + 1)
    assert browser.who() is None
    # A proxy ends TLS, and says nothing of it: the form's own origin does.
    secure = {**there, "Origin": "https://board.example", "Sec-Fetch-Site": "same-origin"}
    browser.post("/login", sent, secure)
    assert any("Max-Age=86400" in one and "Secure" in one for one in browser.set_cookies)


def test_a_login_ends_with_its_password_and_its_user(everywhere: Serve) -> None:
    users = dict(USERS)
    site = everywhere(form_app(users))
    alice, bob = Browser(site), Browser(site)
    alice.log_in()
    bob.log_in(*BOB)
    users["alice"] = "another"
    del users["bob"]
    assert (alice.who(), bob.who()) == (None, None)
    alice.log_in("alice", "another")
    assert alice.who() == "alice"


def test_groups_are_asked_of_their_source_again(everywhere: Serve) -> None:
    groups = {"alice": ["admin"]}
    browser = Browser(everywhere(form_app(user_groups=groups)))
    browser.log_in()
    assert browser.fetch("/private").json()["groups"] == ["admin"]
    groups["alice"] = ["guest"]
    assert browser.fetch("/private").json()["groups"] == ["guest"]


def test_a_function_may_know_the_passwords(everywhere: Serve, clock: Clock) -> None:
    asked: list[str] = []

    def knows(name: str, password: str) -> bool:
        asked.append(name)
        return (name, password) == ALICE

    browser = Browser(everywhere(form_app(auth_func=knows, session_lifetime=HOUR)))
    assert browser.log_in("alice", "wrong").status == 401
    browser.log_in()
    for _ in range(5):
        assert browser.who() == "alice"
    # Once for each login, and for no request that follows.
    assert asked == ["alice", "alice"]
    clock.advance(HOUR + 1)
    assert browser.who() is None


def test_a_login_is_a_new_session(everywhere: Serve) -> None:
    app = form_app()

    def put() -> str:
        session()["left"] = "by somebody"
        return "put"

    def got() -> dict[str, Any]:
        return {"left": session().get("left")}

    add_route(app, "/put", put)
    add_route(app, "/got", got)
    dash_auth.add_public_routes(app, ["/put", "/got"])
    browser = Browser(everywhere(app))
    browser.fetch("/put")
    assert browser.fetch("/got").json() == {"left": "by somebody"}
    planted = browser.ticket
    browser.log_in()
    first = content_of_ticket(browser.ticket or "")
    assert browser.fetch("/got").json() == {"left": None}
    browser.fetch("/put")
    browser.log_in(*BOB)
    second = content_of_ticket(browser.ticket or "")
    assert browser.fetch("/got").json() == {"left": None}
    assert planted is None
    assert first["id"] != second["id"]
    browser.fetch("/put")
    browser.log_out()
    assert browser.fetch("/got").json() == {"left": None}


def test_the_next_user_of_a_browser_ends_the_login_of_the_one_before(everywhere: Serve) -> None:
    browser = Browser(everywhere(form_app()))
    browser.log_in()
    copy = Browser(browser.site, dict(browser.cookies), dict(browser.paths))
    browser.log_in(*BOB)
    assert (browser.who(), copy.who()) == ("bob", None)
    assert browser.fetch("/public").json()["user"] == "bob"


def test_a_wrong_login_leaves_the_one_before(everywhere: Serve) -> None:
    browser = Browser(everywhere(form_app()))
    browser.log_in()
    assert browser.log_in("bob", "wrong").status == 401
    assert browser.who() == "alice"


def test_the_cookie_is_of_the_guard_and_of_no_script(everywhere: Serve) -> None:
    browser = Browser(everywhere(form_app(secure_session=True)))
    browser.post("/login", {"username": ALICE[0], "password": ALICE[1]})
    tickets = [one for one in browser.set_cookies if "_form_" not in one and "dash_auth" in one]
    assert any(one.startswith("__Host-dash_auth_") for one in tickets)
    for one in tickets:
        assert "HttpOnly" in one
        assert "SameSite=Lax" in one
        assert "Secure" in one
        assert "Domain" not in one


def test_a_ticket_of_another_kind_of_login_counts_for_nothing(everywhere: Serve) -> None:
    app = form_app()
    auth = dash_auth.auth.auth_of(app)
    assert auth is not None
    name = auth._dash_auth_guard.name
    issued = dash_auth._core.Tickets(name).issue(
        KEY.encode(),
        "alice",
        USERS["alice"],
        id="1",
        auth_time=0,
        until=None,
        methods=[],
        is_for_public=False,
        claims=b"",
    )
    browser = Browser(everywhere(app))
    browser.log_in()
    cookie = next(key for key in browser.cookies if browser.cookies[key] == browser.ticket)
    browser.cookies[cookie] = issued
    assert browser.who() is None


def test_a_restart_ends_no_login(everywhere: Serve) -> None:
    first = Browser(everywhere(form_app()))
    first.log_in()
    again = Browser(everywhere(form_app()), dict(first.cookies), dict(first.paths))
    assert again.who() == "alice"
