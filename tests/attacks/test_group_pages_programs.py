"""Pages for groups, asked for by programs: Dash's MCP endpoint, and API routes of callbacks."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from dash import Dash, html

from .apps import DASH_VERSION, IS_UPSTREAM, guard, page_module, pages_app
from .http import ALICE, BOB, PRIVATE, PUBLIC, held, honest

if IS_UPSTREAM or DASH_VERSION < (4, 4):
    pytest.skip("this Dash has neither", allow_module_level=True)

pytestmark = pytest.mark.rule("S29")

ran: list[str] = []

CALLBACK = """
@dash.callback(Output("{output}", "children"), Input("year", "value"), api_endpoint="/api/{output}")
def fill(year=1):
    ran.append("{output}")
    return "{marker}"
"""


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def app_for_programs(**options: Any) -> Dash:
    """Return a guarded app, a page of which is for the board."""
    app = pages_app(**options)
    dash.register_page("own.home", path="/", layout=html.Div(PUBLIC))
    dash.register_page("own.board", path="/board", layout=html.Div(PRIVATE), groups=["board"])
    page_module("own.board", CALLBACK.format(output="figure", marker=PRIVATE), ran=ran)
    page_module("own.home", CALLBACK.format(output="other", marker=PUBLIC), ran=ran)
    guard(app, user_groups={"alice": ["board"]})
    return app


def test_the_api_route_of_a_callback_is_the_pages(serve: Any) -> None:
    app = app_for_programs()
    app.setup_apis()
    site = serve(app)
    json = [("Content-Type", "application/json")]
    honest(site.get("/", auth=ALICE), None)

    def post(path: str, auth: Any) -> Any:
        return site.request("POST", path, auth=auth, headers=json, body=b'{"year": 1}')

    honest(post("/api/figure", ALICE), PRIVATE)
    honest(post("/api/other", BOB), PUBLIC)
    ran.clear()
    held(post("/api/figure", BOB), status=403, ran=ran)
    held(post("/api/figure", None), status=401, ran=ran)


METHODS = {
    "tools/list": {},
    "resources/list": {},
    "resources/read": {"uri": "dash://page-layout/board"},
    "tools/call": {"name": "fill", "arguments": {"year": 1}},
}


@pytest.mark.not_on("fastapi", "Dash's own MCP fails there")
@pytest.mark.parametrize("method", METHODS)
def test_mcp_is_for_those_who_may_see_all(serve: Any, method: str) -> None:
    site = serve(app_for_programs(enable_mcp=True))
    honest(site.get("/", auth=ALICE), None)
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": METHODS[method]}
    held(site.call(message, url="/_mcp", auth=BOB), "board", status=403, ran=ran)
    reply = site.call(message, url="/_mcp", auth=ALICE)
    assert reply.status != 403
    for other in ("GET", "DELETE"):
        held(site.request(other, "/_mcp", auth=BOB), status=(403, 405), ran=ran)
