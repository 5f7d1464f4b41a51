"""dash-auth 2.3.0's own cases for groups, and those of its documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flask
import pytest
from dash import Dash, Input, Output, html
from dash_auth import BasicAuth, check_groups, list_groups, protected, protected_callback


@pytest.fixture
def user() -> Iterator[None]:
    app = flask.Flask("groups")
    app.secret_key = "Test!"
    with app.test_request_context("/", method="GET"):
        flask.session["user"] = {
            "email": "a.b@mail.com",
            "groups": ["default"],
            "tenant": "ABC",
        }
        yield


@pytest.mark.usefixtures("user")
def test_groups_are_listed() -> None:
    assert list_groups() == ["default"]
    assert list_groups(groups_key="tenant", groups_str_split=",") == ["ABC"]
    del flask.session["user"]
    assert list_groups() is None


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("groups", "check_type", "expected"),
    [
        (["default"], "one_of", True),
        (["other"], "one_of", False),
        (["default", "other"], "one_of", True),
        (["other", "default"], "all_of", False),
        (["default"], "all_of", True),
        (["other", "default"], "none_of", False),
        (["other"], "none_of", True),
        (None, "one_of", True),
    ],
)
def test_groups_are_checked(groups: Any, check_type: Any, expected: bool) -> None:
    assert check_groups(groups, check_type=check_type) is expected
    del flask.session["user"]
    assert check_groups(groups, check_type=check_type) is None


@pytest.mark.usefixtures("user")
def test_an_unknown_check_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        check_groups(["default"], check_type="some_of")  # type: ignore[arg-type]


@pytest.mark.usefixtures("user")
def test_a_function_is_protected() -> None:
    def func() -> str:
        return "success"

    may = protected(
        unauthenticated_output="unauthenticated",
        missing_permissions_output="forbidden",
        groups=["default"],
    )(func)
    may_not = protected(
        unauthenticated_output="unauthenticated",
        missing_permissions_output="forbidden",
        groups=["admin"],
    )(func)
    assert (may(), may_not()) == ("success", "forbidden")
    del flask.session["user"]
    assert (may(), may_not()) == ("unauthenticated", "unauthenticated")


def test_a_layout_and_callbacks_are_protected_by_group() -> None:
    app = Dash("groups")
    app.layout = lambda: html.Div(
        [
            protected(html.P("log in first"))(html.P("for users")),
            protected(
                "log in first",
                missing_permissions_output=lambda: html.P("not for you"),
                groups=["admin"],
            )(html.P("for admins")),
        ]
    )
    BasicAuth(
        app,
        {"admin": "pw", "guest": "pw"},
        user_groups={"admin": ["admin"]},
        secret_key="Test!",
    )

    @protected_callback(
        Output("out", "children"),
        Input("in", "value"),
        missing_permissions_output="forbidden",
        groups=["admin"],
    )
    def compute(value: int) -> str:
        return f"computed {value}"

    @protected_callback(Output("quiet", "children"), Input("in", "value"), groups=["admin"])
    def quiet(value: int) -> str:
        return f"computed {value}"

    client = app.server.test_client()
    admin = client.get("/_dash-layout", auth=("admin", "pw")).text
    guest = client.get("/_dash-layout", auth=("guest", "pw")).text
    assert "for users" in admin and "for admins" in admin
    assert "for users" in guest and "not for you" in guest and "for admins" not in guest

    def ask(output: str, name: str) -> Any:
        return client.post(
            "/_dash-update-component",
            json={
                "output": f"{output}.children",
                "outputs": {"id": output, "property": "children"},
                "inputs": [{"id": "in", "property": "value", "value": 5}],
                "changedPropIds": ["in.value"],
            },
            auth=(name, "pw"),
        )

    assert "computed 5" in ask("out", "admin").text
    assert "forbidden" in ask("out", "guest").text
    assert "computed 5" in ask("quiet", "admin").text
    assert ask("quiet", "guest").status_code == 204
