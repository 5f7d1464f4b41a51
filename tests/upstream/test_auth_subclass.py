"""What dash-auth 2.3.0 lets apps build on: subclasses of Auth."""

from __future__ import annotations

import functools
from typing import Any

import flask
import pytest
from dash import Dash, html
from dash_auth import BasicAuth
from dash_auth.auth import Auth


class SessionAuth(Auth):
    """A login form of the app's own, as apps have built it on dash-auth."""

    def __init__(self, app: Dash, greeting: str, **options: Any) -> None:
        super().__init__(app, **options)
        self.greeting = greeting

        @app.server.route("/login", methods=["GET", "POST"])
        def login() -> Any:
            if flask.request.method == "POST":
                flask.session["user"] = {"email": flask.request.form["name"], "groups": ["g"]}
                return flask.redirect("/")
            return self.greeting

    def is_authorized(self) -> bool:
        return "user" in flask.session

    def login_request(self) -> Any:
        return flask.redirect("/login")


def test_a_login_form_of_the_apps_own() -> None:
    app = Dash("form")
    app.server.secret_key = "Test!"

    # Dash calls a layout function outside of any request, and dash-auth for strangers too.
    def layout() -> html.Div:
        user = flask.session.get("user") if flask.has_request_context() else None
        return html.Div(f"layout of {user['email'] if user else 'nobody'}")

    app.layout = layout
    auth = SessionAuth(app, "who are you?", public_routes=["/login"])
    assert auth.app is app
    client = app.server.test_client()
    refused = client.get("/")
    assert (refused.status_code, refused.headers["Location"]) == (302, "/login")
    assert client.get("/login").text == "who are you?"
    assert client.post("/login", data={"name": "carol"}).status_code == 302
    assert client.get("/").status_code == 200
    assert "layout of carol" in client.get("/_dash-layout").text
    client.delete_cookie("session")
    assert client.get("/").status_code == 302


class FromOffice(BasicAuth):
    """Basic authentication with a condition of the app's own."""

    def is_authorized(self) -> bool:
        return flask.request.headers.get("X-Office") == "yes" and super().is_authorized()

    def login_request(self) -> Any:
        return "only from the office", 403


def test_a_subclass_of_basic_auth_has_the_last_word() -> None:
    app = Dash("office")
    app.layout = html.Div()
    FromOffice(app, {"hello": "world"})
    client = app.server.test_client()
    office = {"X-Office": "yes"}
    assert client.get("/", auth=("hello", "world"), headers=office).status_code == 200
    for options in ({}, {"headers": office}, {"auth": ("hello", "world")}):
        assert client.get("/", **options).status_code == 403


@pytest.mark.parametrize("place", ["class", "object"])
def test_a_check_put_in_the_place_of_basic_auths_has_the_last_word(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Dash("office")
    app.layout = html.Div()
    auth = BasicAuth(app, {"hello": "world"})
    original = BasicAuth.is_authorized

    def from_office(*_: Any) -> bool:
        return flask.request.headers.get("X-Office") == "yes" and original(auth)

    target = BasicAuth if place == "class" else auth
    monkeypatch.setattr(target, "is_authorized", from_office)
    client = app.server.test_client()
    login = ("hello", "world")
    assert client.get("/", auth=login, headers={"X-Office": "yes"}).status_code == 200
    assert client.get("/", auth=login).status_code == 401


@pytest.mark.parametrize("place", ["subclass", "class"])
@pytest.mark.parametrize("method", ["is_authorized", "login_request"])
def test_what_wraps_a_method_of_ours_is_not_ours(
    method: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = getattr(BasicAuth, method)

    # It copies what the method says of itself, and marks on it.
    @functools.wraps(original)
    def wrapper(self: Any) -> Any:
        original(self)
        return False if method == "is_authorized" else ("wrapped", 418)

    kind: type[BasicAuth] = BasicAuth
    if place == "class":
        monkeypatch.setattr(BasicAuth, method, wrapper)
    else:
        kind = type("Wrapping", (BasicAuth,), {method: wrapper})
    app = Dash("wrapped")
    app.layout = html.Div()
    kind(app, {"hello": "world"})
    client = app.server.test_client()
    password = "world" if method == "is_authorized" else "wrong"
    expected = 401 if method == "is_authorized" else 418
    assert client.get("/", auth=("hello", password)).status_code == expected


def test_a_check_refuses_where_there_is_no_session(caplog: pytest.LogCaptureFixture) -> None:
    class Nobody(BasicAuth):
        def is_authorized(self) -> bool:
            assert super().is_authorized()
            return False

    app = Dash("nobody")
    app.layout = html.Div()
    Nobody(app, {"hello": "world"})
    answer = app.server.test_client().get("/", auth=("hello", "world"))
    assert (answer.status_code, caplog.text) == (401, "")


@pytest.mark.parametrize("truthy", [True, {"email": "a"}, "yes", 1])
@pytest.mark.parametrize("falsy", [False, None, "", 0])
def test_is_authorized_may_return_whatever_is_true(truthy: Any, falsy: Any) -> None:
    answers = iter([falsy, truthy])

    class Loose(Auth):
        def is_authorized(self) -> Any:
            return next(answers)

        def login_request(self) -> Any:
            return "log in", 401

    app = Dash("loose")
    app.layout = html.Div()
    Loose(app)
    client = app.server.test_client()
    assert [client.get("/").status_code, client.get("/").status_code] == [401, 200]


def test_auth_is_abstract_and_names_arguments_that_it_does_not_know() -> None:
    with pytest.raises(TypeError):
        Auth(Dash("abstract"))  # type: ignore[abstract]
    with pytest.raises(TypeError, match="authorization_hook"):
        SessionAuth(Dash("obsolete"), "hello", authorization_hook=None)
