"""Groups: what the current user may see and run."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterator
from typing import Any

import dash
import dash_auth
import flask
import pytest
from dash import Dash, Input, Output, State
from dash_auth import check_groups, list_groups, protected, protected_callback
from guarded import ALICE, BOB, call, client_of, guarded_app

GROUPS = {"alice": ["admin", "staff"], "bob": ["staff"]}


@pytest.fixture
def request_of_user() -> Iterator[dict[str, Any]]:
    """Open a request whose session holds a user, and give that session's user."""
    server = flask.Flask("groups")
    server.secret_key = "a key"
    with server.test_request_context("/"):
        user = {"email": "a@example.com", "groups": ["admin", "staff"], "tenants": "red, green"}
        flask.session["user"] = user
        yield user


# What groups a user has


def test_nobody_has_no_groups_at_all() -> None:
    assert list_groups() is None
    assert check_groups(["admin"]) is None
    with flask.Flask("groups").test_request_context("/"):
        assert list_groups() is None
        assert check_groups() is None
        assert check_groups([], check_type="none_of") is None


def test_groups_are_those_of_the_session_where_nothing_guards(
    request_of_user: dict[str, Any],
) -> None:
    assert list_groups() == ["admin", "staff"]
    assert list_groups(groups_key="tenants") == ["red, green"]
    assert list_groups(groups_key="tenants", groups_str_split=r",\s*") == ["red", "green"]
    assert list_groups(groups_key="missing") == []
    request_of_user["groups"] = None
    assert list_groups() == []


@pytest.mark.parametrize(
    ("groups", "one_of", "all_of", "none_of"),
    [
        (["admin"], True, True, False),
        (["admin", "other"], True, False, False),
        (["staff", "admin"], True, True, False),
        (["other"], False, False, True),
        ([], False, True, True),
        (("admin",), True, True, False),
        (None, True, True, True),
    ],
)
def test_three_ways_to_check(
    request_of_user: dict[str, Any], groups: Any, one_of: bool, all_of: bool, none_of: bool
) -> None:
    assert check_groups(groups) is one_of
    assert check_groups(groups, check_type="one_of") is one_of
    assert check_groups(groups, check_type="all_of") is all_of
    assert check_groups(groups, check_type="none_of") is none_of


def test_one_string_is_one_group_unless_it_is_parted(request_of_user: dict[str, Any]) -> None:
    request_of_user["groups"] = "non-admin,staff"
    for part in ("admin", "non-admin", "staff", "n", ""):
        assert check_groups([part]) is False
        assert check_groups([part], check_type="all_of") is False
    assert check_groups(["non-admin,staff"]) is True
    assert check_groups(["staff"], groups_str_split=",") is True
    assert check_groups(["admin"], groups_str_split=",") is False
    assert check_groups(["red"], groups_key="tenants", groups_str_split=", ") is True


def test_an_unknown_check_and_a_string_of_groups_are_mistakes() -> None:
    with pytest.raises(ValueError, match="Invalid check_type: any"):
        check_groups(["admin"], check_type="any")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Invalid check_type: any"):
        protected("no", check_type="any")  # type: ignore[arg-type]
    # Letter by letter, no user would be in a group "banned", and all would pass.
    with pytest.raises(TypeError, match=r"must be a list: \['banned'\]"):
        check_groups("banned", check_type="none_of")
    with pytest.raises(TypeError, match=r"must be a list: \['banned'\]"):
        protected("no", groups="banned", check_type="none_of")


def test_groups_are_asked_of_the_guard_and_never_read_from_the_cookie() -> None:
    groups = {"alice": ["staff"]}
    app = guarded_app(user_groups=groups, secret_key="a key", public_routes=["/open"])
    client = client_of(app)
    assert client.get("/private", auth=ALICE).json["groups"] == ["staff"]
    assert client.get("/open").json["groups"] == ["staff"]
    groups["alice"] = []
    assert client.get("/open").json["groups"] == []


def test_what_the_app_adds_to_the_user_in_the_session_can_be_asked_for() -> None:
    app = guarded_app(user_groups=GROUPS, secret_key="a key")

    @app.server.before_request
    def add_teams() -> None:
        flask.session["user"] = {**flask.session["user"], "teams": ["red"], "groups": ["root"]}

    @app.server.route("/teams")
    def teams() -> Any:
        return flask.jsonify(list_groups(groups_key="teams"), list_groups())

    # The groups themselves are the guard's word, whatever the session says.
    assert client_of(app).get("/teams", auth=ALICE).json == [["red"], ["admin", "staff"]]


# protected


def guarded_value() -> str:
    """Say what only some may read."""
    return "secret"


def test_a_function_is_protected_at_each_call(request_of_user: dict[str, Any]) -> None:
    function = protected(
        "log in", missing_permissions_output=lambda: "not yours", groups=["admin"]
    )(guarded_value)
    assert function() == "secret"
    request_of_user["groups"] = ["staff"]
    assert function() == "not yours"
    del flask.session["user"]
    assert function() == "log in"


def test_without_an_output_for_permissions_that_for_nobody_serves(
    request_of_user: dict[str, Any],
) -> None:
    assert protected(lambda: "log in", groups=["other"])(guarded_value)() == "log in"


def test_an_output_that_is_no_function_is_protected_at_once(
    request_of_user: dict[str, Any],
) -> None:
    assert protected("log in")("secret") == "secret"
    assert protected("log in", missing_permissions_output="no", groups=["x"])("secret") == "no"
    del flask.session["user"]
    assert protected("log in")("secret") == "log in"


def test_the_groups_may_be_any_iterable_and_are_read_once(request_of_user: dict[str, Any]) -> None:
    function = protected("log in", groups=iter(["admin"]))(guarded_value)
    assert [function(), function()] == ["secret", "secret"]


def test_the_function_keeps_its_name_and_its_arguments(request_of_user: dict[str, Any]) -> None:
    function = protected("log in")(guarded_value)
    assert (function.__name__, function.__doc__) == ("guarded_value", guarded_value.__doc__)
    assert inspect.getsource(function) == inspect.getsource(guarded_value)
    echo = protected("log in")(lambda *args, **kwargs: (args, kwargs))
    assert echo(1, b=2) == ((1,), {"b": 2})


def test_an_async_function_stays_async(request_of_user: dict[str, Any]) -> None:
    async def secret(word: str) -> str:
        return f"secret {word}"

    async def log_in() -> str:
        return "log in"

    function = protected(log_in)(secret)
    assert inspect.iscoroutinefunction(function)
    assert asyncio.run(function("word")) == "secret word"
    del flask.session["user"]
    assert asyncio.run(function("word")) == "log in"
    assert asyncio.run(protected("static")(secret)("word")) == "static"


# protected_callback


def callback_app(**options: Any) -> Dash:
    app = guarded_app(user_groups=GROUPS, public_routes=["/open"], **options)
    return app


def test_a_callback_runs_for_those_who_may() -> None:
    app = callback_app()

    @protected_callback(
        Output("out", "children"),
        Input("in", "value"),
        State("state", "value"),
        missing_permissions_output=lambda: "not yours",
        groups=["admin"],
    )
    def show(value: str, state: str) -> str:
        return f"secret {value} {state}"

    client = client_of(app)

    def reply(auth: tuple[str, str] | None) -> Any:
        state = [{"id": "state", "property": "value", "value": "s"}]
        return call(client, "out.children", ("in", "value", "v"), auth=auth, state=state)

    assert reply(ALICE).json["response"] == {"out": {"children": "secret v s"}}
    assert reply(BOB).json["response"] == {"out": {"children": "not yours"}}
    assert reply(None).status_code == 401


def test_without_outputs_of_its_own_a_callback_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    app = callback_app()

    @dash_auth.public_callback(Output("open", "children"), Input("in", "value"))
    @protected("log in")
    def for_users(value: str) -> str:
        return f"secret {value}"

    @protected_callback(Output("out", "children"), Input("in", "value"), groups=["admin"])
    def show(value: str) -> str:
        return f"secret {value}"

    client = client_of(app)
    refused = call(client, "out.children", ("in", "value", "v"), auth=BOB)
    assert (refused.status_code, refused.data) == (204, b"")
    assert "'bob' tried to run show but lacks the permissions" in caplog.text
    # A public callback that asks by itself: it runs for a stranger and tells nothing.
    stranger = call(client, "open.children", ("in", "value", "v"))
    assert stranger.json["response"] == {"open": {"children": "log in"}}
    user = call(client, "open.children", ("in", "value", "v"), auth=BOB)
    assert user.json["response"] == {"open": {"children": "secret v"}}


def test_a_callback_that_nobody_is_logged_in_for_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # No guard here: whoever is behind another login, or none.
    caplog.set_level(logging.INFO)
    app = Dash("open", assets_folder="none")
    app.layout = dash.html.Div()

    @protected_callback(Output("out", "children"), Input("in", "value"))
    def show(value: str) -> str:
        return "secret"

    refused = call(client_of(app), "out.children", ("in", "value", "v"))
    assert (refused.status_code, refused.data) == (204, b"")
    assert "A user tried to run show without being authenticated." in caplog.text


def test_a_protected_callback_is_private_and_can_be_called_directly() -> None:
    app = callback_app()

    @protected_callback(Output("out", "children"), Input("in", "value"), groups=["admin"])
    def show(value: str) -> str:
        return f"secret {value}"

    assert show.__name__ == "show"
    assert dash_auth.public_routes.get_public_callbacks(app) == []
    with pytest.raises(dash.exceptions.PreventUpdate):
        show("v")
