"""Attacks on the login page: forged logins, foreign targets, planted cookies, late answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import dash_auth
import pytest
from clock import Clock
from everywhere import Serve
from forms import KEY, NAVIGATION, Browser, form_app

from .http import ALICE, BOB, Reply
from .routes import add_route, forge

FOREIGN = [
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "\t//evil.test",
    " //evil.test",
    "http://evil.test",
    "https:evil.test",
    "HTTPS://evil.test/private",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.test\\@host",
    "http://127.0.0.1@evil.test",
    "/%0d%0aSet-Cookie: x=y\r\nX: y",
    "/\x7f/evil",
    "/..//evil.test",
    "/.//evil.test",
    "/%2e%2e//evil.test",
    "evil.test",
    "?x",
    "#x",
    "/login",
    "/login/done?next=/private",
    "/logout",
    "/" + "a" * 5000,
]
"""Where no login may lead, in the spellings in which browsers would go there."""


@pytest.fixture
def browser(everywhere: Serve) -> Iterator[Browser]:
    return Browser(everywhere(form_app()))


@pytest.mark.parametrize("target", FOREIGN)
def test_a_login_leads_nowhere_else(browser: Browser, target: str) -> None:
    sent = {"username": ALICE[0], "password": ALICE[1], "next": target}
    done = browser.post("/login", sent)
    assert done.headers["Location"] == "/login/done?next=/"
    for path in ("/login", "/login/done"):
        led = browser.visit(f"{path}?next={quote(target, safe='')}")
        assert (led.status, led.headers["Location"]) == (303, "/")
    browser.log_out()
    page = browser.visit(f"/login?next={quote(target, safe='')}")
    assert page.status == 200
    assert "evil" not in page.text
    referer = f"http://127.0.0.1/login?{urlencode({'next': target})}"
    if referer.isascii():
        headers = {**NAVIGATION, "Sec-Fetch-Site": "same-origin", "Referer": referer}
        sent.pop("next")
        assert browser.post("/login", sent, headers).headers["Location"] == "/login/done?next=/"


def _fetched_field(browser: Browser) -> str:
    """Return a field that anybody can fetch."""
    other = Browser(browser.site)
    return other.field(other.visit("/login"), "proof")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "http://evil.test"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://sibling.test", "Sec-Fetch-Site": "same-site"},
        {},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "http://127.0.0.1/login"},
    ],
)
def test_no_other_site_logs_a_browser_in(browser: Browser, headers: dict[str, str]) -> None:
    sent = {"username": BOB[0], "password": BOB[1]}
    # It has opened the page, and holds the cookie of the form; the attacker has a field of another.
    browser.visit("/login")
    for field in ("", _fetched_field(browser), "\u00fc", "0" * 64):
        refused = browser.post("/login", {**sent, "proof": field}, headers)
        assert refused.status == 403
        assert browser.ticket is None


def test_over_plain_http_the_field_proves_it(browser: Browser) -> None:
    page = browser.visit("/login")
    sent = {"username": ALICE[0], "password": ALICE[1], "proof": browser.field(page, "proof")}
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "null"}
    assert browser.post("/login", sent, foreign).status == 403
    # A proxy that tells the server another host.
    assert browser.post("/login", sent, {"Origin": "http://public.example"}).status == 303
    assert browser.ticket is not None


@pytest.mark.parametrize("planted", ["", "x", "a" * 22, "a" * 4000, "\u00fc" * 22, '"; Path=/'])
def test_a_planted_cookie_of_the_form_proves_nothing(browser: Browser, planted: str) -> None:
    page = browser.visit("/login")
    name = next(one for one in browser.cookies if "_form_" in one)
    sent = {"username": ALICE[0], "password": ALICE[1], "proof": browser.field(page, "proof")}
    cookie = f"{name}={planted}".encode().decode("latin-1")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = browser.site.request(
        "POST", "/login", headers=form, body=urlencode(sent).encode(), cookie=cookie
    )
    assert reply.status == 403


def test_a_planted_ticket_is_no_login_and_outlives_none(browser: Browser) -> None:
    mallory = Browser(browser.site)
    mallory.log_in(*BOB)
    planted = mallory.ticket
    # A victim whose browser was given the attacker's ticket logs in as herself.
    browser.cookies.update(mallory.cookies)
    browser.paths.update(mallory.paths)
    browser.log_in()
    assert browser.ticket != planted
    assert browser.who() == "alice"
    assert mallory.who() is None


def _session_of(content: dict[str, Any]) -> str:
    return forge(content, KEY).removeprefix("session=")


def test_what_a_cookie_says_of_a_user_is_nobody(browser: Browser) -> None:
    browser.cookies["session"] = _session_of({"user": {"email": "alice", "groups": ["admin"]}})
    browser.paths["session"] = "/"
    assert browser.who() is None
    assert browser.fetch("/public").json()["session"] is None


def test_a_late_answer_brings_no_login_back(everywhere: Serve, clock: Clock) -> None:
    app = form_app(idle_timeout=600)
    arrived, leave = threading.Event(), threading.Event()

    def slow() -> str:
        arrived.set()
        assert leave.wait(20)
        return str(dash_auth.current_user())

    add_route(app, "/slow", slow)
    browser = Browser(everywhere(app))
    browser.log_in()
    clock.advance(100)
    replies: list[Reply] = []
    cookie = browser.cookie("/")
    asking = threading.Thread(
        target=lambda: replies.append(
            browser.site.request("GET", "/slow", headers=NAVIGATION, cookie=cookie)
        )
    )
    asking.start()
    assert arrived.wait(20)
    browser.log_out()
    leave.set()
    asking.join(20)
    # It was renewed before the logout, and comes after it.
    assert replies[0].headers.get_all("Set-Cookie")
    browser.keep(replies[0])
    assert browser.ticket is not None
    assert browser.who() is None
    browser.log_in(*BOB)
    browser.keep(replies[0])
    assert browser.who() is None


def test_two_apps_on_one_host_keep_their_logins_apart(everywhere: Serve) -> None:
    one = Browser(everywhere(form_app(session_scope="one")))
    other = Browser(everywhere(form_app(session_scope="other")))
    one.log_in()
    other.cookies.update(one.cookies)
    other.paths.update(one.paths)
    assert other.who() is None
    other.log_in(*BOB)
    one.cookies.update(other.cookies)
    one.paths.update(other.paths)
    assert (one.who(), other.who()) == ("alice", "bob")
    other.log_out()
    assert one.who() == "alice"


def test_methods_that_are_none_of_the_pages_are_refused(browser: Browser) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
        for path in ("/login", "/logout", "/login/done"):
            assert browser.send(method, path).status in (401, 403, 405, 501, 303)


def test_nothing_that_was_sent_is_shown_unquoted(browser: Browser) -> None:
    name = '"><script>alert(1)</script>{{7*7}}'
    page = browser.log_in(name, "x", next="/\"'><b>")
    assert page.status == 401
    assert "<script>alert" not in page.text
    assert "{{7*7}}" in page.text
    assert "<b>" not in page.text
