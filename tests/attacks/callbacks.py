"""Apps with public and private callbacks, which several files of attacks share."""

from __future__ import annotations

from typing import Any

import dash
import dash_auth
from dash import Dash, Input, Output, State, dcc, html

from .apps import body, guard, item, plain_app
from .http import PRIVATE, PUBLIC

ran: list[str] = []
"""What ran of the private parts in the test at hand; `conftest.py` empties it."""


def private(*_: Any, **__: Any) -> str:
    """Stand for the body of a private callback."""
    ran.append("private")
    return PRIVATE


def public(*values: Any, **named: Any) -> str:
    """Stand for the body of a public callback: show what came in."""
    return f"{PUBLIC} {list(values)} {named}"


def simple_app(public_routes: list[str] | None = None, **options: Any) -> Dash:
    """Return a guarded app with one public and one private callback."""
    app = plain_app(**options)

    @dash_auth.public_callback(
        Output("pub", "children"), Input("pub-in", "value"), State("pub-st", "value")
    )
    def open_to_all(value: Any, state: Any) -> str:
        return public(value, state)

    @dash.callback(Output("priv", "children"), Input("priv-in", "value"))
    def closed(value: Any) -> str:
        return private(value)

    guard(app, public_routes=public_routes)
    return app


PUBLIC_BODY = body(
    "pub.children",
    [item("pub-in", "value", "x")],
    [item("pub-st", "value", "y")],
    changed=["pub-in.value"],
)
PRIVATE_BODY = body("priv.children", [item("priv-in", "value", "x")], changed=["priv-in.value"])


# A dcc.Location, and what its callbacks send


def location_app(
    inputs: list[Any], outputs: Any = None, state: tuple[Any, ...] = (), routes: Any = ("/",)
) -> Dash:
    """Return a guarded app with one callback on a dcc.Location."""
    app = plain_app()
    app.layout = html.Div([dcc.Location(id="url"), html.Div(id="content")])
    outputs = Output("content", "children") if outputs is None else outputs
    many = isinstance(outputs, (list, tuple))

    @app.callback(outputs, inputs, list(state))
    def render(*values: Any) -> Any:
        answer = f"{PUBLIC} {list(values)}" if "/" in values else private()
        return [answer] * len(outputs) if many else answer

    guard(app, public_routes=list(routes) if routes is not None else None)
    return app


def location_body(*props: tuple[str, Any], output: str = "content.children") -> dict[str, Any]:
    """Return the body of a routing callback."""
    return body(output, [item("url", prop, value) for prop, value in props])


def no_output_id(app: Dash) -> str:
    """Return the id of the one callback with no output."""
    app._setup_server()
    return next(name for name, entry in app.callback_map.items() if entry.get("no_output"))


def twin_id(app: Dash, start: str) -> str:
    """Return the id of the callback whose output carries a hash."""
    app._setup_server()
    return next(name for name in app.callback_map if name.startswith(start))
