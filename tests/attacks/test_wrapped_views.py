"""S6, S9: Dash's endpoints are known by Dash's names for them, whatever function stands there."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import dash
import dash_auth
import pytest
from dash import Dash, Input, Output, html

from . import apps
from .apps import DASH_VERSION, body, guard, item, new_app
from .callbacks import ran
from .http import ALICE, CALLBACK_URL, PRIVATE, PUBLIC, held, honest, no_server_error

pytestmark = pytest.mark.rule("S6")

MCP = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}


def app_with_everything(name: str = "attacked", **options: Any) -> Dash:
    """Return an app with a callback that tells when it runs, MCP and an API route where there are."""
    if DASH_VERSION >= (4, 4):
        options.setdefault("enable_mcp", True)
    app = new_app(name, **options)
    app.layout = html.Div(PUBLIC)
    app.callback(Output("p", "children"), Input("i", "value"))(
        lambda _: ran.append("callback") or PRIVATE
    )
    if hasattr(app, "setup_apis"):
        dash.callback(Output("a", "children"), Input("i", "value"), api_endpoint=f"/api/{name}")(
            lambda value=None: ran.append("api") or PRIVATE
        )
        app.setup_apis()
    return app


def _wrapped(view: Callable[..., Any]) -> Callable[..., Any]:
    # On Flask Dash's views are async where asgiref is installed.
    if apps.backend == "quart" or inspect.iscoroutinefunction(view):

        async def decorated(*arguments: Any, **variables: Any) -> Any:
            made = view(*arguments, **variables)
            return await made if hasattr(made, "__await__") else made
    else:

        def decorated(*arguments: Any, **variables: Any) -> Any:
            return view(*arguments, **variables)

    return decorated


def wrap_views(app: Dash) -> None:
    """Put a function of the developer's, with no `functools.wraps`, in the place of every view."""
    if apps.backend != "fastapi":
        views = app.server.view_functions
        views.update({name: _wrapped(view) for name, view in views.items()})
        return
    from starlette.routing import Mount, Route, WebSocketRoute

    routes = app.server.router.routes
    for place, route in enumerate(routes):
        if isinstance(route, Mount | WebSocketRoute):
            continue
        handle = route.app

        async def passed_on(scope: Any, receive: Any, send: Any, handle: Any = handle) -> None:
            await handle(scope, receive, send)

        replaced = Route(route.path, lambda request: None, methods=list(route.methods or ["GET"]))
        replaced.app = passed_on
        routes[place] = replaced


HAS_ENDPOINTS = DASH_VERSION >= (4, 4)
"""Whether Dash has MCP and API routes of callbacks; before, these are paths like any other."""

PRIVATE_CALL = body("p.children", [item("i", "value", 1)])


@pytest.mark.parametrize("when", ["before the guard", "after the guard"])
def test_a_broad_rule_opens_no_wrapped_view(serve: Any, when: str) -> None:
    app = app_with_everything()
    if when == "before the guard":
        wrap_views(app)
    guard(app, public_routes=["/<path:page>", "/_mcp", "/api/attacked", CALLBACK_URL])
    if when == "after the guard":
        wrap_views(app)
    site = serve(app)
    honest(site.get("/_dash-layout"))
    held(site.call(PRIVATE_CALL), ran=ran)
    for method in ("POST", "GET", "DELETE"):
        for path in ("/_mcp", "/api/attacked") if HAS_ENDPOINTS else ():
            raw = json.dumps(MCP).encode()
            reply = no_server_error(site.request(method, path, headers=HEADERS, body=raw), ran)
            assert reply.status in (401, 405), (method, path)
            assert "tools" not in reply.text and "event-stream" not in str(reply.headers)
    honest(site.call(PRIVATE_CALL, auth=ALICE), PRIVATE)


@pytest.mark.rule("S9")
@pytest.mark.not_on("quart", "Dash 4.4.1 cannot put two apps on one Quart")
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("rules", [["/<path:p>"], ["/<x>/<path:p>", "/b/", "/b/<x>"]], ids=str)
def test_a_broad_rule_opens_no_unguarded_app(serve: Any, wrapped: bool, rules: list[str]) -> None:
    one = app_with_everything("one")
    two = app_with_everything("two", server=one.server, url_base_pathname="/b/")
    two.layout = html.Div(PRIVATE)
    two.index_string = two.index_string.replace("<body>", f"<body>{PRIVATE}")
    if wrapped:
        wrap_views(one)
    guard(one, public_routes=rules)
    site = serve(one)
    for path in ("", "page", "_dash-layout", "_dash-dependencies", "_reload-hash", "_mcp"):
        held(site.get(f"/b/{path}"), "p.children")
    for url in (f"/b{CALLBACK_URL}", *(("/b/_mcp", "/api/two") if HAS_ENDPOINTS else ())):
        held(site.call(PRIVATE_CALL, url=url, headers=HEADERS), ran=ran)
    honest(site.call(PRIVATE_CALL, url=f"/b{CALLBACK_URL}", auth=ALICE), PRIVATE)
    assert "/b/" not in dict(dash_auth.explain(one).public_routes).get("/<path:p>", "")
