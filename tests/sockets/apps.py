"""Apps with callbacks over WebSockets, and what the renderer sends for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import dash
import dash_auth
from attacks.apps import body, guard, item
from attacks.http import PRIVATE, PUBLIC
from dash import Dash, Input, Output, html, set_props

ran: list[str] = []
"""What ran of the private parts in the test at hand; `conftest.py` empties it."""

SECRET_KEY = "the key of a test"
PUBLIC_BODY = body("pub.children", [item("pub-in", "value", "x")], changed=["pub-in.value"])
PRIVATE_BODY = body("priv.children", [item("priv-in", "value", "x")], changed=["priv-in.value"])
WHO_BODY = body("who.children", [item("who-in", "value", 0)])
STREAM_BODY = body("stream.children", [item("stream-in", "value", 3)])


def websocket_app(backend: str, **options: Any) -> Dash:
    """Return an app on a server that knows WebSockets, not guarded yet."""
    options = {"websocket_callbacks": True, **options}
    app = Dash("sockets", backend=backend, assets_folder="no-such-folder", **options)
    app.layout = html.Div([html.Div(PRIVATE, id="private-layout")])
    return app


def maybe_async(function: Callable[..., Any], is_async: bool) -> Callable[..., Any]:
    """Return a function of the event loop that does the same, or the function."""
    if not is_async:
        return function

    async def run(*arguments: Any) -> Any:
        await asyncio.sleep(0)
        return function(*arguments)

    return run


def simple_app(
    backend: str,
    *,
    is_async: bool = False,
    per_callback: bool = False,
    with_public: bool = True,
    users: Any = None,
    secret_key: str | None = SECRET_KEY,
    url_base_pathname: str | None = None,
    **options: Any,
) -> Dash:
    """Return a guarded app with one public and one private callback over the WebSocket."""
    app = websocket_app(
        backend, websocket_callbacks=not per_callback, url_base_pathname=url_base_pathname
    )
    more: dict[str, Any] = {"websocket": True} if per_callback else {}

    def show(value: Any) -> str:
        return f"{PUBLIC} {value} {dash_auth.current_user()}"

    def hide(value: Any) -> str:
        ran.append(f"private {value}")
        return f"{PRIVATE} {value} {dash_auth.current_user()}"

    if with_public:
        dash_auth.public_callback(Output("pub", "children"), Input("pub-in", "value"), **more)(
            maybe_async(show, is_async)
        )
    dash.callback(Output("priv", "children"), Input("priv-in", "value"), **more)(
        maybe_async(hide, is_async)
    )
    guard(app, users, secret_key=secret_key, **options)
    return app


def add_stream(decorator: Any, *, is_async: bool = True) -> None:
    """Register a callback that sets a property several times while it runs."""

    async def on_loop(count: int) -> str:
        for number in range(count):
            set_props("progress", {"children": f"{number} {dash_auth.current_user()}"})
            await asyncio.sleep(0.05)
        return f"{PUBLIC} done"

    def in_thread(count: int) -> str:
        return asyncio.run(on_loop(count))

    decorator(Output("stream", "children"), Input("stream-in", "value"))(
        on_loop if is_async else in_thread
    )


def refused(answer: dict[str, Any]) -> bool:
    """Tell whether the guard answered in the app's place."""
    return answer == {"status": "error", "message": "Login required"}


def shown(answer: dict[str, Any], component: str) -> str:
    """Return what a callback gave for a component's children."""
    assert answer["status"] == "ok", answer
    data = answer["data"]
    text: str = data["response"][component]["children"]
    return text
