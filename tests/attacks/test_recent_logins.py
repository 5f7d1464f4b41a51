"""Attacks on what needs a recent login: forged wishes, old tickets, other users, background jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import dash_auth
import pytest
from clock import Clock
from dash import DiskcacheManager, Input, Output
from everywhere import Serve
from forms import NAVIGATION, Browser, form_app
from waiting import wait_for

from .apps import body, item, plain_app
from .http import ALICE, BOB, PRIVATE, USERS, Reply
from .routes import add_route

RECENT = 600


@pytest.fixture
def browser(everywhere: Serve, clock: Clock) -> Iterator[Browser]:
    """Give a browser whose user logged in too long ago to pay."""
    app = form_app(idle_timeout=100_000)
    add_route(app, "/pay", lambda: f"{PRIVATE} {dash_auth.require_recent_login(RECENT)}")
    browser = Browser(everywhere(app))
    browser.log_in()
    assert pays(browser) == "alice"
    clock.advance(RECENT + 1)
    assert pays(browser) is None
    return browser


def pays(browser: Browser) -> str | None:
    """Return who may pay, None where the user is to log in again."""
    reply = browser.fetch("/pay")
    if reply.status == 200:
        return reply.text.split()[-1].strip('"')
    assert (reply.status, PRIVATE in reply.text) == (401, False)
    return None


def copy_of(browser: Browser) -> Browser:
    return Browser(browser.site, dict(browser.cookies), dict(browser.paths))


@pytest.mark.parametrize("wish", ["again=1", "again=0", "again", "again=1&again=2", "again=%ff"])
def test_a_forged_wish_changes_nothing(browser: Browser, wish: str) -> None:
    held = browser.ticket
    foreign = {"Sec-Fetch-Site": "cross-site", "Referer": "https://evil.test/"}
    for path in ("/login", "/_dash-auth/login"):
        for headers in ({}, foreign):
            reply = browser.visit(f"{path}?next=/pay&{wish}", **headers)
            assert reply.status in (200, 303)
            assert browser.ticket == held
            assert (browser.who(), pays(browser)) == ("alice", None)
    # Nor does it log in who knows no password.
    stranger = Browser(browser.site)
    stranger.visit(f"/login?next=/pay&{wish}")
    refused = stranger.log_in("alice", "wrong", again="1")
    assert (refused.status, stranger.ticket, pays(stranger)) == (401, None, None)


def test_the_form_that_asks_again_is_no_way_around_its_proof(browser: Browser) -> None:
    for headers in ({}, {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        sent = {"username": BOB[0], "password": BOB[1], "again": "1", "next": "/pay"}
        assert browser.post("/login", sent, headers).status == 403
    assert (browser.who(), pays(browser)) == ("alice", None)


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test", "/login"])
def test_asking_again_leads_nowhere_else(browser: Browser, target: str) -> None:
    for path in ("/login", "/_dash-auth/login"):
        reply = browser.visit(f"{path}?next={quote(target, safe='')}&again=1")
        assert "evil" not in reply.text + (reply.headers["Location"] or "")
    done = browser.log_in(*ALICE, next=target, again="1")
    assert done.headers["Location"] == "/"


def test_the_old_ticket_is_dead_after_the_new_login(browser: Browser) -> None:
    thief = copy_of(browser)
    browser.log_in(again="1")
    assert pays(browser) == "alice"
    assert (thief.who(), pays(thief)) == (None, None)


def test_a_recent_login_elsewhere_lends_nothing_to_an_old_one(browser: Browser) -> None:
    other, bob = Browser(browser.site), Browser(browser.site)
    other.log_in()
    bob.log_in(*BOB)
    assert (pays(other), pays(bob), pays(browser)) == ("alice", "bob", None)


def test_another_user_who_logs_in_again_is_that_user(browser: Browser) -> None:
    thief = copy_of(browser)
    browser.visit("/login?next=/pay&again=1")
    browser.log_in(*BOB, again="1")
    assert (browser.who(), pays(browser)) == ("bob", "bob")
    assert thief.who() is None


def test_a_visit_renews_the_session_and_not_the_login(browser: Browser, clock: Clock) -> None:
    for _ in range(3):
        clock.advance(1000)
        before = browser.ticket
        browser.visit("/private")
        assert browser.ticket != before
        assert pays(browser) is None
    # Nor does a failed login, nor one that a page of another site sends.
    browser.log_in("alice", "wrong")
    browser.send("POST", "/login", {**NAVIGATION, "Sec-Fetch-Site": "cross-site"}, body=b"x=y")
    assert (browser.who(), pays(browser)) == ("alice", None)


# Background jobs: a fork of this process, which has threads; newer interpreters warn of that.


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("is_inside", [False, True])
def test_a_job_does_not_begin_for_an_old_login(
    everywhere: Serve,
    clock: Clock,
    tmp_path_factory: pytest.TempPathFactory,
    is_inside: bool,
) -> None:
    diskcache = pytest.importorskip("diskcache")
    pytest.importorskip("multiprocess")
    folder = tmp_path_factory.mktemp("jobs")
    with diskcache.Cache(str(folder / "store")) as store:
        app = plain_app(background_callback_manager=DiskcacheManager(store))
        options: dict[str, Any] = {} if is_inside else {"recent": RECENT}
        ran = folder / "ran"

        @dash_auth.protected_callback(
            Output("paid", "children"),
            Input("pay", "n_clicks"),
            background=True,
            interval=100,
            **options,
        )
        def job(clicks: int) -> str:
            import dash_auth

            if is_inside:
                dash_auth.require_recent_login(RECENT)
            ran.touch()
            return f"{PRIVATE} {dash_auth.current_user()}"

        dash_auth.FormAuth(app, dict(USERS), secret_key="the key of a test")
        browser = Browser(everywhere(app))
        browser.log_in()

        def call(query: str = "") -> Reply:
            sent = json.dumps(body("paid.children", [item("pay", "n_clicks", 1)])).encode()
            headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
            return browser.send("POST", f"/_dash-update-component{query}", headers, body=sent)

        def result(started: dict[str, Any]) -> Any:
            query = urlencode({"cacheKey": started["cacheKey"], "job": started["job"]})

            def said() -> Reply | None:
                reply = call(f"?{query}")
                return reply if reply.status != 200 or "response" in reply.text else None

            return wait_for(said, "the job did not end")

        if is_inside:
            # It can't ask there, and is no way around: it fails, whoever started it.
            reply = result(call().json())
            assert reply.status == 500 and not ran.exists()
            return
        started = call().json()
        # What was begun in time may be fetched later.
        clock.advance(RECENT + 1)
        assert "alice" in result(started).text
        os.remove(ran)
        refused = call()
        assert (refused.status, refused.headers["Dash-Auth"]) == (401, "recent")
        assert "cacheKey" not in refused.text and not ran.exists()
        browser.log_in()
        assert "alice" in result(call().json()).text
