"""Logging out, on each server and with each class."""

from __future__ import annotations

import dash_auth
import pytest
from attacks.http import ALICE
from everywhere import Serve, add_parts, app_behind
from forms import Browser, form_app


def test_a_logout_ends_the_login_here_and_for_copies(everywhere: Serve) -> None:
    browser = Browser(everywhere(form_app()))
    browser.log_in()
    copy = Browser(browser.site, dict(browser.cookies), dict(browser.paths))
    left = browser.log_out()
    assert (left.status, left.headers["Location"]) == (303, "/login?logged_out=1")
    page = browser.visit("/login?logged_out=1")
    assert "You are logged out." in page.text
    assert browser.ticket is None
    assert (browser.who(), copy.who()) == (None, None)


def test_a_link_asks_first(everywhere: Serve) -> None:
    browser = Browser(everywhere(form_app()))
    browser.log_in()
    page = browser.visit("/logout")
    assert page.status == 200
    assert "alice" in page.text
    assert browser.who() == "alice"
    field = browser.field(page, "proof")
    # As a browser that says nothing of the page: the field, and the cookie with it.
    assert browser.post("/logout", {"proof": field}, {}).status == 303
    assert browser.who() is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {},
    ],
)
def test_another_site_logs_nobody_out(everywhere: Serve, headers: dict[str, str]) -> None:
    browser = Browser(everywhere(form_app()))
    browser.log_in()
    assert browser.post("/logout", {}, headers).status == 403
    assert browser.send("POST", "/logout", headers).status == 403
    assert browser.who() == "alice"


def test_an_app_logs_out_as_it_did(everywhere: Serve) -> None:
    from attacks.routes import add_route, session

    app = form_app()

    def leave() -> str:
        session().clear()
        return "left"

    add_route(app, "/leave", leave)
    browser = Browser(everywhere(app))
    browser.log_in()
    browser.fetch("/leave")
    assert browser.who() is None


def test_basic_makes_the_browser_forget(everywhere: Serve) -> None:
    app = app_behind(dict([ALICE]), secret_key="k" * 32, logout_route="/logout")
    site = everywhere(app)
    page = site.request("GET", "/logout", auth=ALICE, headers={"Accept": "text/html"})
    assert page.status == 200
    assert "Log out?" in page.text
    sent = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    left = site.request("POST", "/logout", auth=ALICE, headers=sent)
    assert left.status == 401
    assert "WWW-Authenticate" not in left.headers
    assert left.headers["Clear-Site-Data"] == '"cache"'
    assert "logged out" in left.text
    foreign = {"Origin": "http://evil.test"}
    assert site.request("POST", "/logout", auth=ALICE, headers=foreign).status == 403


def test_basic_logs_out_with_no_key(everywhere: Serve) -> None:
    from attacks.apps import plain_app

    app = plain_app()
    dash_auth.BasicAuth(app, dict([ALICE]), logout_route="/logout")
    add_parts(app)
    sent = {"Sec-Fetch-Site": "same-origin"}
    left = everywhere(app).request("POST", "/logout", auth=ALICE, headers=sent)
    assert left.status == 401


def test_basic_ends_the_ticket_too(everywhere: Serve) -> None:
    app = app_behind(dict([ALICE]), secret_key="k" * 32, logout_route="/logout")
    browser = Browser(everywhere(app))
    browser.send("GET", "/private", auth=ALICE, cookie="kept=yes")
    assert browser.ticket is not None
    assert browser.fetch("/public").json()["user"] == "alice"
    copy = Browser(browser.site, dict(browser.cookies), dict(browser.paths))
    browser.log_out()
    assert browser.ticket is None
    assert copy.fetch("/public").json()["user"] is None
