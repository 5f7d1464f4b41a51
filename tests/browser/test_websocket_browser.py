"""WebSocket callbacks in a real browser: which way they go, and as whom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dash
import dash_auth
import pytest
from attacks.apps import guard
from attacks.http import ALICE
from dash import Dash, Input, Output, dcc, html
from playwright.sync_api import expect
from sockets.servers import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

backends = pytest.mark.parametrize("backend", ["fastapi", "quart"])
each_or_all = pytest.mark.parametrize("per_callback", [False, True], ids=["all", "each"])


def said(clicks: int | None) -> str:
    """Say how a callback was called, and by whom."""
    # Set by Dash where a callback runs over the WebSocket.
    way = "socket" if dash.ctx.websocket else "http"
    return f"{clicks or 0} by {way} as {dash_auth.current_user()}"


def counter(name: str) -> html.Div:
    return html.Div([html.Button(name, id=name), html.Div(id=f"{name}-out")])


def add_counter(register: Any, name: str, per_callback: bool = False) -> None:
    more = {"websocket": True} if per_callback else {}
    register(Output(f"{name}-out", "children"), Input(name, "n_clicks"), **more)(said)


def pages_app(backend: str, per_callback: bool, **options: Any) -> Dash:
    """Return an app with a public and a private page; each has a counter of its kind."""
    app = Dash(
        "pages",
        backend=backend,
        use_pages=True,
        pages_folder="",
        assets_folder="no-such-folder",
        websocket_callbacks=not per_callback,
    )
    app.layout = html.Div(
        [dcc.Link("Home", href="/"), dcc.Link("Inside", href="/inside"), dash.page_container]
    )
    dash.register_page("home", path="/", layout=counter("open"))
    dash.register_page(
        "inside",
        path="/inside",
        layout=lambda **_: html.Div(
            [html.H1(f"Welcome, {dash_auth.current_user()}"), counter("open"), counter("closed")]
        ),
    )
    add_counter(dash_auth.public_callback, "open", per_callback)
    add_counter(dash.callback, "closed", per_callback)
    guard(app, public_routes=["/"], **{"secret_key": "the key of a test", **options})
    return app


@contextmanager
def visiting(browser: Browser, user: tuple[str, str] | None = None) -> Iterator[BrowserContext]:
    """Give a browser that remembers nothing; it types these credentials where it is asked."""
    credentials: Any = None
    if user is not None:
        credentials = {"username": user[0], "password": user[1]}
    context = browser.new_context(http_credentials=credentials)
    context.set_default_timeout(10_000)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def served(app: Dash) -> Iterator[str]:
    with running(app) as site:
        yield f"http://127.0.0.1:{site.port}"


def posts(page: Page) -> list[str]:
    """Return a list to which the body of every callback made by HTTP is added."""
    found: list[str] = []
    page.on("request", lambda one: found.append(one.post_data or "") if one.post_data else None)
    return found


def click(page: Page, name: str, text: str) -> None:
    page.get_by_role("button", name=name).click()
    expect(page.locator(f"#{name}-out")).to_have_text(text)


@backends
@each_or_all
def test_a_users_callbacks_go_over_the_socket_from_the_first_on(
    browser: Browser, backend: str, per_callback: bool
) -> None:
    app = pages_app(backend, per_callback)
    with served(app) as url, visiting(browser, ALICE) as context:
        page = context.new_page()
        by_http = posts(page)
        page.goto(f"{url}/inside")
        expect(page.get_by_role("heading", name="Welcome, alice")).to_be_visible()
        for name in ("open", "closed"):
            expect(page.locator(f"#{name}-out")).to_have_text("0 by socket as alice")
            click(page, name, "1 by socket as alice")
            click(page, name, "2 by socket as alice")
        assert not any("n_clicks" in body for body in by_http)
        if not per_callback:
            assert by_http == []


@backends
def test_without_a_secret_key_callbacks_go_by_http(browser: Browser, backend: str) -> None:
    app = pages_app(backend, False, secret_key=None)
    with served(app) as url, visiting(browser, ALICE) as context:
        page = context.new_page()
        page.goto(f"{url}/inside")
        click(page, "closed", "1 by http as alice")
        click(page, "open", "1 by http as alice")


@backends
@each_or_all
def test_a_strangers_public_callback_goes_over_a_socket_with_no_login(
    browser: Browser, backend: str, per_callback: bool
) -> None:
    app = pages_app(backend, per_callback)
    with served(app) as url, visiting(browser) as context:
        page = context.new_page()
        by_http = posts(page)
        page.goto(url)
        expect(page.locator("#open-out")).to_have_text("0 by socket as None")
        click(page, "open", "1 by socket as None")
        click(page, "open", "2 by socket as None")
        # The router, so that its refusal can ask for a login.
        assert by_http and all("_pages_content" in body for body in by_http)


@backends
@each_or_all
def test_a_link_to_a_private_page_asks_for_the_login(
    browser: Browser, backend: str, per_callback: bool
) -> None:
    app = pages_app(backend, per_callback)
    with served(app) as url:
        with visiting(browser) as context:
            page = context.new_page()
            page.goto(url)
            click(page, "open", "1 by socket as None")
            asked: list[int] = []
            challenges(context, page, asked)
            page.get_by_role("link", name="Inside").click()
            page.wait_for_timeout(500)
            assert asked == [1]
            expect(page.get_by_role("heading")).to_have_count(0)
        with visiting(browser, ALICE) as context:
            page = context.new_page()
            page.goto(url)
            click(page, "open", "1 by socket as None")
            page.get_by_role("link", name="Inside").click()
            expect(page.get_by_role("heading", name="Welcome, alice")).to_be_visible()
            click(page, "closed", "1 by http as alice")
            page.reload()
            expect(page.get_by_role("heading", name="Welcome, alice")).to_be_visible()
            click(page, "closed", "1 by socket as alice")
            click(page, "open", "1 by socket as alice")


def challenges(context: BrowserContext, page: Page, asked: list[int]) -> None:
    """Count how often the browser would open its dialog, and cancel it."""
    session = context.new_cdp_session(page)

    def cancel(event: dict[str, Any]) -> None:
        asked.append(1)
        answer = {"response": "CancelAuth"}
        session.send(
            "Fetch.continueWithAuth",
            {"requestId": event["requestId"], "authChallengeResponse": answer},
        )

    session.on("Fetch.authRequired", cancel)
    session.on(
        "Fetch.requestPaused",
        lambda event: session.send("Fetch.continueRequest", {"requestId": event["requestId"]}),
    )
    session.send("Fetch.enable", {"handleAuthRequests": True})


@backends
def test_tabs_of_a_stranger_and_of_a_user_share_no_socket(browser: Browser, backend: str) -> None:
    app = pages_app(backend, False)
    with served(app) as url, visiting(browser, ALICE) as context:
        stranger = context.new_page()
        stranger.goto(url)
        click(stranger, "open", "1 by socket as None")
        user = context.new_page()
        user.goto(f"{url}/inside")
        click(user, "closed", "1 by socket as alice")
        click(user, "open", "1 by socket as alice")
        click(stranger, "open", "2 by socket as None")
        click(user, "closed", "2 by socket as alice")
        other = context.new_page()
        other.goto(f"{url}/inside")
        click(other, "closed", "1 by socket as alice")


@backends
def test_a_removed_users_page_works_no_longer(browser: Browser, backend: str) -> None:
    users = dict([ALICE])
    app = pages_app(backend, False, users=users)
    with served(app) as url, visiting(browser, ALICE) as context:
        page = context.new_page()
        page.goto(f"{url}/inside")
        click(page, "closed", "1 by socket as alice")
        users.clear()
        page.get_by_role("button", name="closed").click()
        page.wait_for_timeout(1_000)
        expect(page.locator("#closed-out")).to_have_text("1 by socket as alice")
