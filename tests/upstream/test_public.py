"""dash-auth 2.3.0's own cases for public routes and public callbacks."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from dash import Dash, Input, Output, dcc, html
from dash_auth import BasicAuth, add_public_routes, public_callback
from dash_auth.public_routes import get_public_callbacks, get_public_routes
from flask.testing import FlaskClient

USERS = {"hello": "world"}
LOGIN = ("hello", "world")


def basic_app() -> Dash:
    app = Dash("basic")
    app.layout = html.Div([dcc.Location(id="url"), html.Div(id="out")])
    return app


def ask(client: FlaskClient, output: str, prop: str, value: Any, **options: Any) -> Any:
    name, _, output_prop = output.partition(".")
    return client.post(
        "/_dash-update-component",
        json={
            "output": output,
            "outputs": {"id": name, "property": output_prop},
            "inputs": [{"id": "url", "property": prop, "value": value}],
            "changedPropIds": [f"url.{prop}"],
        },
        **options,
    )


@pytest.mark.parametrize("by_keyword", [True, False])
def test_public_routes_pass(by_keyword: bool) -> None:
    app = basic_app()
    routes = ["/home", "/user/<user_id>/public"]
    BasicAuth(app, USERS, public_routes=routes if by_keyword else None)
    if not by_keyword:
        add_public_routes(app, routes)
    client = app.server.test_client()
    for path in ("/home", "/user/john123/public"):
        assert client.get(path).status_code == 200, path
    for path in ("/", "/user", "/user/john123/private", "/home/more"):
        assert client.get(path).status_code == 401, path
        assert client.get(path, auth=LOGIN).status_code == 200, path


def test_public_routes_come_with_what_pages_need() -> None:
    app = basic_app()
    BasicAuth(app, USERS)
    client = app.server.test_client()
    paths = ("/_dash-layout", "/_dash-dependencies", "/_favicon.ico", "/_reload-hash")
    assert {client.get(path).status_code for path in paths} == {401}
    add_public_routes(app, ["/home"])
    assert {client.get(path).status_code for path in paths} == {200}


def test_public_routes_with_wrong_credentials_pass() -> None:
    app = basic_app()
    BasicAuth(app, USERS, public_routes=["/home"])
    assert app.server.test_client().get("/home", auth=("hello", "wrong")).status_code == 200


def test_routes_can_be_asked_for() -> None:
    app = basic_app()
    assert get_public_routes(app).test("/home") is False
    add_public_routes(app, ["/home"])
    add_public_routes(app, ["/user/<user_id>/public"])
    routes = get_public_routes(app)
    assert routes.test("/home") is True
    assert routes.test("/user/john123/public") is True
    assert routes.test("/user/john123/private") is False
    for path in (
        "/_dash-layout",
        "/_dash-dependencies",
        "/_reload-hash",
        "/_favicon.ico",
        "/_dash-component-suites/dash/x.js",
        "/assets/style.css",
        "/assets/folder/script.js",
    ):
        assert routes.test(path) is True, path
    assert routes.test("/assets/data.json") is False
    assert routes.test("/") is False


def test_a_public_callback_runs_with_no_login() -> None:
    app = basic_app()
    BasicAuth(app, USERS, public_routes=["/home"])

    @public_callback(Output("out", "children"), Input("url", "hash"))
    def public(value: str) -> str:
        return f"public {value}"

    @app.callback(Output("other", "children"), Input("url", "hash"))
    def private(value: str) -> str:
        return f"private {value}"

    client = app.server.test_client()
    assert "public #a" in ask(client, "out.children", "hash", "#a").text
    assert ask(client, "other.children", "hash", "#a").status_code == 401
    assert "private #a" in ask(client, "other.children", "hash", "#a", auth=LOGIN).text
    assert get_public_callbacks(app) == ["out.children"]
    # The decorated function can still be called.
    assert public("#b") == "public #b"


def test_a_routing_callback_follows_the_public_routes() -> None:
    app = basic_app()
    BasicAuth(app, USERS, public_routes=["/home"])

    @app.callback(Output("out", "children"), Input("url", "pathname"))
    def display_page(pathname: str) -> str:
        return "a page"

    client = app.server.test_client()
    assert "a page" in ask(client, "out.children", "pathname", "/home").text
    assert ask(client, "out.children", "pathname", "/other").status_code == 401
    assert "a page" in ask(client, "out.children", "pathname", "/other", auth=LOGIN).text


def test_pages_follow_the_public_routes() -> None:
    app = Dash("pages", use_pages=True, pages_folder="")
    app.layout = html.Div([dash.page_container])
    dash.register_page("pages.home", path="/home", layout=html.P("the home page"))
    dash.register_page("pages.secret", path="/secret", layout=html.P("the secret page"))
    BasicAuth(app, USERS, public_routes=["/home"])
    client = app.server.test_client()
    router = ".._pages_content.children..._pages_store.data.."

    def routed(pathname: str, **options: Any) -> Any:
        return client.post(
            "/_dash-update-component",
            json={
                "output": router,
                "outputs": [
                    {"id": "_pages_content", "property": "children"},
                    {"id": "_pages_store", "property": "data"},
                ],
                "inputs": [
                    {"id": "_pages_location", "property": "pathname", "value": pathname},
                    {"id": "_pages_location", "property": "search", "value": ""},
                ],
                "changedPropIds": ["_pages_location.pathname", "_pages_location.search"],
            },
            **options,
        )

    assert "the home page" in routed("/home").text
    assert routed("/secret").status_code == 401
    assert "the secret page" in routed("/secret", auth=LOGIN).text
