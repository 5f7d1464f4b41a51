"""dash-auth 2.3.0's own cases for BasicAuth: an app written for it runs here unchanged.

Nothing in this folder uses a name, an argument or an outcome that dash-auth 2.3.0 does not have.
"""

from __future__ import annotations

from typing import Any

import flask
import pytest
from dash import Dash, Input, Output, dcc, html
from dash_auth import BasicAuth, basic_auth
from flask.testing import FlaskClient

VALID = [["hello", "world"], ["hello2", "wo:rld"]]
INVALID = [["hello", "password"], ["hello", "wo:rld"], ["nobody", "world"]]


def is_valid(username: str, password: str) -> bool:
    return [username, password] in VALID


def mirror_app() -> Dash:
    app = Dash("mirror")
    app.layout = html.Div([dcc.Input(id="input", value="initial value"), html.Div(id="output")])

    @app.callback(Output("output", "children"), Input("input", "value"))
    def update_output(new_value: str) -> str:
        return new_value

    return app


def mirrored(client: FlaskClient, **options: Any) -> Any:
    return client.post(
        "/_dash-update-component",
        json={
            "output": "output.children",
            "outputs": {"id": "output", "property": "children"},
            "inputs": [{"id": "input", "property": "value", "value": "typed"}],
            "changedPropIds": ["input.value"],
        },
        **options,
    )


@pytest.mark.parametrize(
    "how",
    [
        {"username_password_list": VALID},
        {"username_password_list": {name: password for name, password in VALID}},
        {"username_password_list": [tuple(pair) for pair in VALID]},
        {"auth_func": is_valid},
    ],
    ids=["list of lists", "dict", "list of tuples", "function"],
)
def test_login_flow(how: dict[str, Any]) -> None:
    app = mirror_app()
    basic_auth.BasicAuth(app, **how)
    client = app.server.test_client()
    for attempt in (None, *INVALID):
        for path in ("/", "/_dash-layout", "/_dash-dependencies"):
            refused = client.get(path, auth=tuple(attempt) if attempt else None)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
        assert mirrored(client, auth=tuple(attempt) if attempt else None).status_code == 401
    for name, password in VALID:
        assert client.get("/", auth=(name, password)).status_code == 200
        assert "initial value" in client.get("/_dash-layout", auth=(name, password)).text
        assert "typed" in mirrored(client, auth=(name, password)).text


def test_users_are_the_second_positional_argument_and_the_function_the_third() -> None:
    for arguments in ((VALID,), (None, is_valid)):
        app = mirror_app()
        BasicAuth(app, *arguments)  # type: ignore[arg-type]
        client = app.server.test_client()
        assert client.get("/", auth=("hello", "world")).status_code == 200
        assert client.get("/").status_code == 401


def test_both_users_and_function_or_neither_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        BasicAuth(mirror_app(), VALID, auth_func=is_valid)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        BasicAuth(mirror_app())


def test_a_function_that_raises_refuses() -> None:
    def broken(username: str, password: str) -> bool:
        raise RuntimeError("no database")

    app = mirror_app()
    BasicAuth(app, auth_func=broken)
    assert app.server.test_client().get("/", auth=("hello", "world")).status_code == 401


@pytest.mark.parametrize(
    "user_groups",
    [{"hello": ["group1", "group2"]}, lambda user: ["group1", "group2"] if user == "hello" else []],
    ids=["dict", "function"],
)
def test_the_session_holds_the_user_and_the_groups(user_groups: Any) -> None:
    app = mirror_app()
    BasicAuth(app, VALID, user_groups=user_groups, secret_key="Test!")  # type: ignore[arg-type]
    app.server.add_url_rule("/me", "me", lambda: flask.session["user"])
    client = app.server.test_client()
    first = client.get("/me", auth=("hello", "world")).json
    assert first == {"email": "hello", "groups": ["group1", "group2"]}
    second = client.get("/me", auth=("hello2", "wo:rld")).json
    assert second == {"email": "hello2", "groups": []}


def test_without_groups_the_session_holds_an_empty_list() -> None:
    app = mirror_app()
    BasicAuth(app, VALID, secret_key="Test!")  # type: ignore[arg-type]
    assert app.server.secret_key == "Test!"
    app.server.add_url_rule("/me", "me", lambda: flask.session["user"])
    client = app.server.test_client()
    assert client.get("/me", auth=("hello", "world")).json == {"email": "hello", "groups": []}


def test_without_a_secret_key_the_app_works() -> None:
    app = mirror_app()
    BasicAuth(app, VALID)  # type: ignore[arg-type]
    assert app.server.test_client().get("/", auth=("hello", "world")).status_code == 200


def test_a_user_taken_out_of_the_dict_is_out() -> None:
    users = {name: password for name, password in VALID}
    app = mirror_app()
    BasicAuth(app, users)
    client = app.server.test_client()
    assert client.get("/", auth=("hello", "world")).status_code == 200
    users.pop("hello")
    assert client.get("/", auth=("hello", "world")).status_code == 401
