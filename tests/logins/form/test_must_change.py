"""A password that has to be changed opens the account page and nothing else that is private."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from accounts import OLD, Users, account, account_app, change, logged_in, note
from attacks.http import PRIVATE, PUBLIC
from dash_auth import logins
from dash_auth._servers.websocket import watched
from elements import element, elements
from events import Events
from everywhere import PRIVATE_BODY, Serve, on_event_loops
from forms import Browser

FIRST = "Choose a password of your own to go on."
PUBLIC_BODY = {
    "output": "public.children",
    "outputs": {"id": "public", "property": "children"},
    "inputs": [{"id": "public-in", "property": "value", "value": 1}],
    "changedPropIds": ["public-in.value"],
}


@pytest.fixture
def users() -> Users:
    return Users(account(must_change=True), account("grace"))


def run(browser: Browser, body: Any) -> Any:
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    sent = json.dumps(body).encode()
    return browser.send("POST", "/_dash-update-component", headers, body=sent)


def test_all_that_is_private_leads_to_the_account_page(
    everywhere: Serve, users: Users, events: Events
) -> None:
    browser = Browser(everywhere(account_app(users)))
    landed = browser.log_in("ada", OLD, next="/private?x=1")
    assert landed.headers["Location"] == "/private?x=1"
    led = browser.visit("/private?x=1")
    assert (led.status, led.text) == (303, "")
    assert led.headers["Location"] == "/account?next=/private%3Fx%3D1"
    for path in ("/private", "/_dash-layout", "/_dash-dependencies", "/nowhere"):
        refused = browser.fetch(path)
        assert (refused.status, refused.headers["Dash-Auth"]) == (403, "forbidden"), path
        assert "Change your password first" in refused.text
    refused = run(browser, PRIVATE_BODY)
    assert (refused.status, refused.headers["Dash-Auth"]) == (403, "forbidden")
    assert PRIVATE not in refused.text
    # What is public stays so, and knows the user.
    assert PUBLIC in run(browser, PUBLIC_BODY).text
    assert browser.who("/public") == "ada"
    assert ("access_denied", "ada", "must_change") in events.take("event", "user", "reason")


def test_once_it_is_changed_all_opens(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users)))
    page = browser.visit("/account?next=/private%3Fx%3D1")
    assert note(page) == FIRST
    # No way back to the app, which would lead here again.
    assert [one["href"] for one in elements(page.text, "a")] == ["/logout"]
    assert browser.field(page, "next") == "/private?x=1"
    wrong = change(browser, "wrong", next="/private?x=1")
    assert wrong.status == 401 and browser.field(wrong, "next") == "/private?x=1"
    changed = change(browser, next="/private?x=1")
    assert (changed.status, changed.headers["Location"]) == (303, "/private?x=1")
    assert browser.who() == "ada"
    assert PRIVATE in run(browser, PRIVATE_BODY).text
    assert users.rows["ada"].must_change is False


def test_the_way_on_leads_to_no_other_site(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users)))
    for target in ("//evil.example", "https://evil.example", "/\\evil.example", "/logout"):
        page = browser.visit(f"/account?next={target}")
        assert browser.field(page, "next") == "/"
    changed = change(browser, next="//evil.example")
    assert changed.headers["Location"] == "/"


def test_the_way_out_is_open(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users)))
    assert browser.visit("/logout").status == 200
    assert browser.log_out().status == 303
    assert browser.ticket is None
    assert browser.fetch("/private").status == 401


def test_a_session_that_is_open_is_closed_when_it_is_asked_for(
    everywhere: Serve, users: Users
) -> None:
    browser = logged_in(everywhere(account_app(users)), "grace")
    assert browser.who() == "grace"
    users.change("grace", must_change=True)
    assert browser.fetch("/private").status == 403
    users.change("grace", must_change=False)
    assert browser.who() == "grace"


def test_one_that_is_too_old_lets_nobody_in(everywhere: Serve, users: Users) -> None:
    site = everywhere(account_app(users))
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    users.change("ada", must_change=later)
    browser = logged_in(site)
    assert browser.fetch("/private").status == 403
    users.change("ada", must_change=later - timedelta(hours=2))
    assert Browser(site).log_in("ada", OLD).status == 401
    assert browser.visit("/account").status == 303
    assert change(browser).status == 303
    assert users.hashes == []


def test_a_frame_shows_the_way_out_of_it(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users)))
    framed = browser.visit("/private", **{"Sec-Fetch-Dest": "iframe"})
    assert framed.status == 403
    link = element(framed.text, "a")
    assert (link["href"], link["target"]) == ("/account?next=/private", "_top")


def test_without_a_page_nothing_private_opens(
    everywhere: Serve, users: Users, caplog: pytest.LogCaptureFixture
) -> None:
    browser = logged_in(everywhere(account_app(users, account_route=None)))
    assert browser.visit("/private").status == 403
    assert browser.fetch("/private").status == 403
    assert "account_route=" in caplog.text


def test_who_may_not_enter_is_told_that_first(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users, allow=["admin"])))
    refused = browser.visit("/private")
    assert refused.status == 403 and "You have no access" in refused.text


def test_a_right_password_in_a_header_opens_nothing(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users, also=[logins.Basic(users)])))
    refused = browser.send("GET", "/private", {"Accept": "*/*"}, auth=("ada", OLD))
    assert refused.status in (401, 403)


@on_event_loops
def test_no_websocket_opens_and_an_open_one_ends(
    everywhere: Any, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_SECONDS_BETWEEN_LOOKS", 0.1)
    site = everywhere(account_app(users))
    ada, grace = logged_in(site), logged_in(site, "grace")
    for asks in (True, False):
        with site.open(cookie=grace.cookie("/")) as socket:
            assert PRIVATE in str(socket.call(PRIVATE_BODY))
            users.change("grace", must_change=True)
            if asks:
                socket.request(PRIVATE_BODY)
            # One that is idle is looked after by itself.
            assert socket.closing_code() == 4001
        users.change("grace", must_change=False)
    with site.open(cookie=ada.cookie("/")) as socket:
        assert PRIVATE not in str(socket.call(PRIVATE_BODY))
    assert change(ada).status == 303
    with site.open(cookie=ada.cookie("/")) as socket:
        assert PRIVATE in str(socket.call(PRIVATE_BODY))
