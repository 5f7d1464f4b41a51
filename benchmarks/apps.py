"""The apps that are measured; `dash_auth` is whichever package the environment holds."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, html
from werkzeug.security import check_password_hash

try:
    import dash_auth
except ModuleNotFoundError:
    import dash_auth_async as dash_auth  # type: ignore[import-not-found,no-redef]

OURS = hasattr(dash_auth, "current_user")
SECRET_KEY = "benchmarks-sign-with-this"
USER, PASSWORD = "hello", "world"
CALLBACK_PATH = "/_dash-update-component"


def app_with_callbacks(
    count: int = 1, secret_key: str | None = None, server: object = True
) -> Dash:
    """Return an unprotected app whose callbacks return what they are given.

    :param count: number of callbacks
    :param secret_key: Flask's secret key
    :param server: what the app runs on, a new Flask server by default
    """
    app = Dash("benchmarks", server=server)
    if server is True:
        app.server.secret_key = secret_key
    app.layout = html.Div(
        [html.Button(id=f"in-{number}") for number in range(count)]
        + [html.Div(id=f"out-{number}") for number in range(count)]
    )
    for number in range(count):
        app.callback(Output(f"out-{number}", "children"), Input(f"in-{number}", "n_clicks"))(
            lambda clicks: clicks
        )
    return app


def add_public_callback(app: Dash) -> None:
    """Add a callback that anyone may run."""
    app.layout.children.append(html.Div(id="public"))
    dash_auth.public_callback(Output("public", "children"), Input("in-0", "n_clicks"))(
        lambda clicks: str(clicks)
    )


def callback_body(number: int = 0, value: Any = 1) -> bytes:
    """Return what the renderer sends when a button is pressed."""
    name = f"in-{number}"
    return json.dumps(
        {
            "output": f"out-{number}.children",
            "outputs": {"id": f"out-{number}", "property": "children"},
            "inputs": [{"id": name, "property": "n_clicks", "value": value}],
            "changedPropIds": [f"{name}.n_clicks"],
            "state": [],
        }
    ).encode()


def basic(user: str = USER, password: str = PASSWORD) -> str:
    """Return the value of an `Authorization` header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def protect(app: Dash, **options: Any) -> Dash:
    """Protect an app with one user, whose password is stored as it is."""
    dash_auth.BasicAuth(app, {USER: PASSWORD}, **options)
    return app


def protect_with_hashes(app: Dash, users: Mapping[str, str], **options: Any) -> Dash:
    """Protect an app with hashed passwords: werkzeug's check in `auth_func` with dash-auth."""
    if OURS:
        dash_auth.BasicAuth(app, users, **options)
        return app

    def check(user: str, password: str) -> bool:
        stored = users.get(user)
        return stored is not None and check_password_hash(stored, password)

    dash_auth.BasicAuth(app, auth_func=check, **options)
    return app


def serve_on_loopback(app: Dash) -> int:
    """Serve an app by waitress with its four threads, and return the port."""
    from waitress.server import create_server

    server = create_server(app.server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    return int(server.effective_port)
