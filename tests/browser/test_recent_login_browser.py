"""The whole way of what needs a recent login, in a real browser: banner, password, back, done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import new_app
from attacks.http import ALICE, BOB, USERS
from attacks.servers import BACKENDS, running
from clock import Clock
from dash import Dash, Input, Output, dcc, html, page_container, register_page
from dash_auth.recent_login import require_recent_login
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

RECENT = 600
ASKED = "Log in again to do this."


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Give `visit(**options)`: a page of a browser that remembers nothing."""
    contexts: list[BrowserContext] = []

    def page(**options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(10_000)
        return contexts[-1].new_page()

    yield page
    for context in contexts:
        context.close()


def paying_app(**options: Any) -> Dash:
    app = new_app("paying", use_pages=True, pages_folder="", **options)
    app.layout = html.Div(
        [
            dcc.Link("to the safe", href="/safe"),
            dcc.Link("to the till", href="/till?till=7"),
            page_container,
        ],
        style={"paddingTop": "64px"},
    )
    buttons = [html.Button("pay", id="pay"), html.Button("look", id="look")]
    said = [html.P(id="paid"), html.P(id="looked")]
    register_page("home", path="/", layout=html.H1("Home"))
    register_page("till", path="/till", layout=html.Div([html.H1("Till"), *buttons, *said]))
    register_page(
        "safe", path="/safe", layout=lambda **_: html.H2(f"Safe of {require_recent_login(RECENT)}")
    )

    @dash_auth.protected_callback(
        Output("paid", "children"),
        Input("pay", "n_clicks"),
        recent=RECENT,
        prevent_initial_call=True,
    )
    def pay(clicks: int) -> str:
        return f"paid by {dash_auth.current_user()}"

    app.callback(Output("looked", "children"), Input("look", "n_clicks"))(
        lambda clicks: f"looked {clicks or 0}"
    )
    dash_auth.FormAuth(app, dict(USERS), secret_key="a key that is long enough")
    return app


def log_in(page: Page, user: tuple[str, str] = ALICE, *, types_name: bool = True) -> None:
    if types_name:
        page.get_by_label("User name").fill(user[0])
    page.get_by_label("Password", exact=True).fill(user[1])
    page.get_by_role("button", name="Log in", exact=True).click()


def banner(page: Page) -> Any:
    return page.get_by_role("alert").filter(has_text=ASKED)


WAYS = [(one, False) for one in BACKENDS] + [(one, True) for one in BACKENDS if one != "flask"]


@pytest.mark.parametrize(("backend", "by_socket"), WAYS)
def test_a_button_asks_for_the_password_again_and_works_then(
    visit: Callable[..., Page],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    by_socket: bool,
) -> None:
    monkeypatch.setattr(apps, "backend", backend)
    app = paying_app(**({"websocket_callbacks": True} if by_socket else {}))
    with running(app.server, backend) as site:
        page = visit()
        page.goto(f"http://127.0.0.1:{site.port}/till?till=7")
        log_in(page)
        page.get_by_role("button", name="pay").click()
        expect(page.get_by_text("paid by alice")).to_be_visible()
        page.reload()
        expect(page.get_by_text("looked 0")).to_be_visible()

        clock.advance(RECENT + 1)
        page.get_by_role("button", name="pay").click()
        expect(banner(page)).to_have_count(1)
        expect(page.get_by_text("paid by")).to_have_count(0)
        # Everything else goes on, and leaves the banner where it is.
        page.get_by_role("button", name="look").click()
        expect(page.get_by_text("looked 1")).to_be_visible()
        expect(banner(page)).to_have_count(1)
        # To close it is no answer: the button asks again.
        page.get_by_role("button", name="Close").click()
        expect(banner(page)).to_have_count(0)
        page.get_by_role("button", name="pay").click()
        banner(page).get_by_role("button", name="Log in again").click()

        expect(page).to_have_url(re.compile(r"/login\?next=%2Ftill%3Ftill%3D7&again=1$"))
        expect(page.get_by_label("User name")).to_have_value("alice")
        expect(page.get_by_label("Password", exact=True)).to_be_focused()
        expect(page.get_by_text(ASKED)).to_be_visible()
        log_in(page, ("alice", "wrong"), types_name=False)
        expect(page.get_by_text("The user name or password is wrong.")).to_be_visible()
        log_in(page, types_name=False)
        expect(page).to_have_url(re.compile(r"/till\?till=7$"))
        page.get_by_role("button", name="pay").click()
        expect(page.get_by_text("paid by alice")).to_be_visible()
        expect(banner(page)).to_have_count(0)


def test_a_page_asks_once_and_another_user_may_come(
    visit: Callable[..., Page], clock: Clock
) -> None:
    app = paying_app()
    with running(app.server, apps.backend) as site:
        page = visit()
        page.goto(f"http://127.0.0.1:{site.port}/")
        log_in(page)
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        clock.advance(RECENT + 1)
        page.get_by_role("link", name="to the safe").click()
        expect(page).to_have_url(re.compile(r"/login\?next=%2Fsafe&again=1$"))
        log_in(page, BOB)
        expect(page.get_by_role("heading", name="Safe of bob")).to_be_visible()
        # A page that is loaded too late shows the banner, and goes nowhere by itself.
        clock.advance(RECENT + 1)
        page.reload()
        expect(banner(page)).to_have_count(1)
        expect(page).to_have_url(re.compile(r"/safe$"))
        banner(page).get_by_role("button", name="Log in again").click()
        log_in(page, BOB, types_name=False)
        expect(page.get_by_role("heading", name="Safe of bob")).to_be_visible()
