"""Small guarded apps for the tests of the shim, asked through Flask's own client."""

from __future__ import annotations

import base64
from typing import Any

import dash_auth
import flask
from attacks.apps import body, item
from dash import Dash, html
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ALICE = ("alice", "wonderland")
BOB = ("bob", "the:builder")
USERS = dict([ALICE, BOB])

PRIVATE = "only after a login"
CALLBACK = "_dash-update-component"

SCRYPT_OF_ALICE = dash_auth.security.generate_password_hash(ALICE[1], "scrypt:1024:8:1")


def new_app(**options: Any) -> Dash:
    """Return an app whose layout says `PRIVATE`.

    :param options: what Dash takes
    """
    app = Dash("guarded", assets_folder=options.pop("assets_folder", "no-assets"), **options)
    app.layout = html.Div(PRIVATE)
    return app


def guarded_app(users: Any = None, **options: Any) -> Dash:
    """Return an app behind BasicAuth, with two routes that say who asks.

    :param users: names and stored passwords, alice and bob by default
    :param options: what BasicAuth takes
    """
    app = new_app()
    if users is None and "auth_func" not in options:
        users = dict(USERS)
    dash_auth.BasicAuth(app, users, **options)
    add_witness(app.server, "/private", "/open")
    return app


def add_witness(server: flask.Flask, *paths: str) -> None:
    """Add routes that answer with what app code learns of the user.

    :param server: Flask server
    :param paths: the routes
    """

    def witness(path: str) -> flask.Response:
        user = dash_auth.current_user()
        return flask.jsonify(
            path=path,
            user=None if user is None else user.name,
            groups=dash_auth.list_groups(),
            session=flask.session.get("user"),
        )

    for path in paths:
        server.add_url_rule(path, path, lambda path=path: witness(path), methods=["GET", "POST"])


def client_of(app: Dash | flask.Flask) -> FlaskClient:
    """Return a client that keeps cookies.

    :param app: Dash app, or its server
    """
    client = (app.server if isinstance(app, Dash) else app).test_client()
    # By this it shows it: a ticket is issued to no others.
    client.set_cookie("kept", "yes")
    return client


def basic(name: str, password: str) -> dict[str, str]:
    """Return the header that names a user.

    :param name: the user's name
    :param password: the password
    """
    token = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def call(
    client: FlaskClient,
    output: str,
    *inputs: tuple[Any, str, Any],
    prefix: str = "/",
    auth: tuple[str, str] | None = None,
    query: str = "",
    **options: Any,
) -> TestResponse:
    """Ask for a callback, as the renderer does.

    :param client: whom to ask with
    :param output: the callback's id
    :param inputs: id, property and value of each input
    :param prefix: prefix of the app's paths
    :param auth: name and password
    :param query: the query string, without its question mark
    :param options: what `attacks.apps.body` takes
    """
    sent = body(output, [item(*each) for each in inputs], **options)
    url = f"{prefix}{CALLBACK}?{query}" if query else f"{prefix}{CALLBACK}"
    return client.post(url, json=sent, auth=auth)
