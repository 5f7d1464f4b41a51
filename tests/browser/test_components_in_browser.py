"""The parts of layouts in a real browser: their forms are sent as they are, with no callback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dash
import dash_auth
import pytest
from attacks.apps import reset_dash
from conftest import serving
from dash import Dash, html
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def address() -> Iterator[str]:
    """Give an app with a login page of its own."""
    reset_dash()
    app = Dash("own", use_pages=True, pages_folder="", assets_folder="no-such-folder")
    # Made before the app is protected.
    form = html.Div([html.H1("Welcome"), dash_auth.login_form()])
    dash.register_page("welcome", path="/welcome", layout=form)
    dash.register_page("home", path="/", layout=html.P("Turnover: 42"))
    app.layout = html.Div([dash_auth.user_menu(), dash.page_container])
    dash_auth.FormAuth(app, {"alice": "wonderland"}, secret_key="k" * 32, page="/welcome")
    with serving(app) as address:
        yield address
    reset_dash()


@contextmanager
def visiting(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(base_url=address)
    context.set_default_timeout(15_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def test_by_keyboard_alone_a_user_logs_in_on_an_own_page_and_out_again(
    browser: Browser, address: str
) -> None:
    with visiting(browser, address) as page:
        page.goto("/?year=2026")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        expect(page.get_by_role("link", name="Log in")).to_have_attribute("href", "/welcome")
        page.get_by_label("User name").focus()
        page.keyboard.type("alice")
        page.keyboard.press("Tab")
        page.keyboard.type("wonderland")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Turnover: 42")).to_be_visible()
        assert page.url == f"{address}/?year=2026"
        button = page.get_by_role("button", name="Log out")
        expect(button).to_be_hidden()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.innerText").split() == ["A", "alice"]
        page.keyboard.press("Enter")
        expect(button).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        expect(page.get_by_role("link", name="Log in")).to_be_visible()
        page.goto("/")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_a_wrong_password_leads_to_our_page_with_the_name(browser: Browser, address: str) -> None:
    with visiting(browser, address) as page:
        page.goto("/welcome?next=/%3Fyear%3D2026")
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_have_text("The user name or password is wrong.")
        expect(page.get_by_label("User name")).to_have_value("alice")
        page.get_by_label("Password", exact=True).fill("wonderland")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Turnover: 42")).to_be_visible()
        assert page.url == f"{address}/?year=2026"
