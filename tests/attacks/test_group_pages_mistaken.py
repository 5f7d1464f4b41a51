"""Callbacks of a page for groups that seem to belong to none."""

from __future__ import annotations

from typing import Any

import dash
import dash_auth
import pytest
from dash import html
from waiting import wait_for

from . import apps
from .apps import body, guard, item, page_module, pages_app
from .http import ALICE, BOB, PRIVATE, held
from .routes import add_group, add_route

BOARD = {"alice": ["board"], "bob": ["sales"]}


def test_a_callback_of_a_page_that_is_wrapped_is_the_pages(serve: Any) -> None:
    ran: list[str] = []

    def secret() -> str:
        ran.append("secret")
        return PRIVATE

    tools = page_module(
        "tools.timing",
        """
def timed(function):
    def run(*args):
        return function(*args)
    return run
""",
    )
    app = pages_app()
    dash.register_page("own.home", path="/", layout=lambda **_: html.Div("home"))
    dash.register_page(
        "own.board", path="/board", groups=["board"], layout=lambda **_: html.Div(id="figure")
    )
    page_module(
        "own.board",
        """
@dash.callback(Output("figure", "children"), Input("year", "value"))
@timed
def fill(_):
    return secret()
""",
        secret=secret,
        timed=tools.timed,
    )
    guard(app, user_groups=BOARD, secret_key="k" * 32)
    site = serve(app)
    reply = site.call(body("figure.children", [item("year", "value", 1)]), auth=BOB)
    held(reply, status=403, ran=ran)
    assert (
        PRIVATE in site.call(body("figure.children", [item("year", "value", 1)]), auth=ALICE).text
    )


def test_a_route_that_asks_for_no_group_is_told(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = apps.plain_app()
    guard(app, user_groups=BOARD, secret_key="k" * 32)

    def figures() -> str:
        return PRIVATE

    if apps.backend == "fastapi":
        app.server.add_api_route("/figures", figures)
    else:
        add_route(app, "/figures", figures)
    # As a decorator above that of the route.
    dash_auth.require_groups("board")(figures)
    site = serve(app)
    for user in (ALICE, BOB):
        reply = site.get("/figures", auth=user)
        assert reply.status == 500
        assert PRIVATE not in reply.text
    # The server logs it once it has answered.
    wait_for(lambda: "below the line with the route" in caplog.text, "nothing was told")


@pytest.mark.parametrize("mounted", [False, True])
def test_a_route_below_a_prefix_is_told_as_well(
    serve: Any, caplog: pytest.LogCaptureFixture, mounted: bool
) -> None:
    app = apps.plain_app()
    guard(app, user_groups=BOARD, secret_key="k" * 32)

    def figures() -> str:
        return PRIVATE

    if apps.backend == "fastapi":
        import fastapi

        if mounted:
            inner = fastapi.FastAPI()
            inner.add_api_route("/figures", figures)
            app.server.mount("/reports", inner)
        else:
            router, outer = fastapi.APIRouter(), fastapi.APIRouter()
            router.add_api_route("/figures", figures)
            outer.include_router(router)
            app.server.include_router(outer, prefix="/reports")
        app.server.router.routes.insert(0, app.server.router.routes.pop())
    elif mounted:
        pytest.skip("no app is mounted here")
    else:
        add_group(app, "/reports", "/figures", figures)
    dash_auth.require_groups("board")(figures)
    reply = serve(app).get("/reports/figures", auth=BOB)
    assert reply.status == 500
    assert PRIVATE not in reply.text
    # The server logs it once it has answered.
    wait_for(lambda: "/figures' runs figures for all users" in caplog.text, "nothing was told")


def test_all_of_no_groups_takes_no_callback_away_from_its_page(serve: Any) -> None:
    ran: list[str] = []

    def secret() -> str:
        ran.append("secret")
        return PRIVATE

    app = pages_app()
    dash.register_page(
        "own.board", path="/board", groups=["board"], layout=lambda **_: html.Div(id="figure")
    )
    page_module(
        "own.board",
        """
@dash_auth.protected_callback(
    Output("figure", "children"), Input("year", "value"), groups=[], check_type="all_of"
)
def fill(_):
    return secret()
""",
        secret=secret,
    )
    guard(app, user_groups=BOARD, secret_key="k" * 32)
    reply = serve(app).call(body("figure.children", [item("year", "value", 1)]), auth=BOB)
    held(reply, ran=ran, status=reply.status)
