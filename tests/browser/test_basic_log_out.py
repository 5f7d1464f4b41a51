"""Logging out of BasicAuth in a real browser, which is brought to forget the password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_auth
from attacks.apps import new_app
from attacks.http import ALICE, BOB, USERS
from attacks.servers import running
from dash import html
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def answering(page: Page, users: list[tuple[str, str]]) -> list[str]:
    """Answer the browser's dialog with one user after the other.

    :param page: the page
    :param users: name and password of each
    :return: a list to which the name of each is added
    """
    asked: list[str] = []
    session = page.context.new_cdp_session(page)

    def answer(event: dict[str, Any]) -> None:
        name, password = users[len(asked)]
        asked.append(name)
        given = {"response": "ProvideCredentials", "username": name, "password": password}
        answered = {"requestId": event["requestId"], "authChallengeResponse": given}
        session.send("Fetch.continueWithAuth", answered)

    def go_on(event: dict[str, Any]) -> None:
        session.send("Fetch.continueRequest", {"requestId": event["requestId"]})

    session.on("Fetch.authRequired", answer)
    session.on("Fetch.requestPaused", go_on)
    session.send("Fetch.enable", {"handleAuthRequests": True})
    return asked


def test_the_browser_asks_for_the_password_again(browser: Browser) -> None:
    app = new_app("basic")
    app.layout = lambda: html.Main(
        [html.P(f"You are {dash_auth.current_user()}"), dash_auth.logout_button()]
    )
    dash_auth.BasicAuth(app, dict(USERS), logout_route="/logout")
    with running(app.server, "flask") as site, browser.new_context() as context:
        page = context.new_page()
        asked = answering(page, [ALICE, BOB])
        url = f"http://127.0.0.1:{site.port}/"
        page.goto(url)
        expect(page.get_by_text("You are alice")).to_be_visible()
        page.reload()
        expect(page.get_by_text("You are alice")).to_be_visible()
        assert asked == ["alice"]
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_text("You are logged out.")).to_be_visible()
        page.get_by_role("link").click()
        expect(page.get_by_text("You are bob")).to_be_visible()
        assert asked == ["alice", "bob"] and page.url == url
        expect(page.get_by_text("alice")).to_have_count(0)
