"""What the developer declares: key, cookie, routes, providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import pytest
from dash import Dash, html
from dash_auth import OIDCAuth, get_oauth

from .apps import KEY, Direct, make_app
from .visitor import OWN_LINK


def test_a_missing_key_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"secrets.token_urlsafe.*\n.*secret_key="):
        OIDCAuth(make_app())
    with pytest.raises(RuntimeError):
        OIDCAuth(make_app(), secret_key="")
    moved = make_app()
    moved.server.secret_key = KEY
    OIDCAuth(moved)
    with pytest.raises(RuntimeError):
        moved.init_app(flask.Flask(__name__))


def test_a_key_of_a_wrong_type_is_an_error() -> None:
    with pytest.raises(TypeError, match="secret_key must be a str or bytes, not int"):
        OIDCAuth(make_app(), secret_key=4711)  # type: ignore[arg-type]


def test_the_apps_own_key_is_left_alone() -> None:
    app = make_app()
    app.server.secret_key = "mine"
    OIDCAuth(app)
    assert app.server.secret_key == "mine"
    other = make_app()
    OIDCAuth(other, "given")
    assert other.server.secret_key == "given"


def test_the_cookie_is_as_closed_as_asked() -> None:
    app, secure, own = make_app(), make_app(), make_app()
    OIDCAuth(app, KEY)
    OIDCAuth(secure, KEY, secure_session=True)
    own.server.config["SESSION_COOKIE_SAMESITE"] = "None"
    OIDCAuth(own, KEY)
    assert app.server.config["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert app.server.config["SESSION_COOKIE_SECURE"] is False
    assert secure.server.config["SESSION_COOKIE_SECURE"] is True
    assert secure.server.config["SESSION_COOKIE_HTTPONLY"] is True
    assert own.server.config["SESSION_COOKIE_SAMESITE"] == "None"


def test_an_app_without_a_server_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Dash(__name__, server=False)
    app.layout = html.Div()
    auth = OIDCAuth(app, KEY)
    auth.register_provider("idp", client_id="c", server_metadata_url="http://127.0.0.1:9/")
    server = flask.Flask(__name__)
    app.init_app(server)
    client = server.test_client()
    assert client.get("/").status_code == 502
    assert client.get("/oidc/logout", headers=OWN_LINK).status_code == 200
    assert auth.get_oauth_client("idp").client_id == "c"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"login_route": "/login"}, ValueError, "The login route must contain a <idp> placeholder"),
        ({"callback_route": "/<idp>x"}, ValueError, "The callback route must contain"),
        ({"login_route": None}, TypeError, "login_route must be a str, not NoneType"),
        ({"callback_route": b"/<idp>"}, TypeError, "callback_route must be a str, not bytes"),
        ({"logout_route": None}, TypeError, "logout_route must be a str, not NoneType"),
        ({"logout_route": "bye"}, ValueError, "logout_route must begin with a slash: '/bye'"),
        ({"session_lifetime": 0}, ValueError, "session_lifetime"),
        ({"session_lifetime": float("inf")}, ValueError, "session_lifetime"),
        ({"session_claims": "email"}, TypeError, "session_claims"),
        ({"trusted_origins": [None]}, TypeError, "origin must be a str, not NoneType"),
    ],
)
def test_wrong_arguments_are_errors(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        OIDCAuth(make_app(), secret_key=KEY, **options)


def test_what_cannot_be_protected_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"must be a dash\.Dash"):
        OIDCAuth(flask.Flask(__name__), KEY)  # type: ignore[arg-type]
    app = make_app()
    app.server = object()
    with pytest.raises(
        TypeError, match=r"does not know how to protect a server of type builtins\.object"
    ):
        OIDCAuth(app, KEY)


def test_providers_are_named_in_paths() -> None:
    app = make_app()
    auth = OIDCAuth(app, KEY, login_route="/in/<idp>", callback_route="/back/<idp>/")
    mine = {"scope": "openid"}
    auth.register_provider("My idp-1.a_b", client_id="c", client_kwargs=mine)
    assert mine == {"scope": "openid"}
    assert auth.get_oauth_kwargs("My idp-1.a_b")["client_id"] == "c"
    auth.register_provider("plain", client_id="c")
    assert auth.get_oauth_client("plain").client_kwargs["scope"] == "openid email"
    with pytest.raises(ValueError, match="named 'plain' already"):
        auth.register_provider("plain", client_id="another")
    for name in ("a/b", "a\n", "", "a<b"):
        with pytest.raises(ValueError, match="idp_name"):
            auth.register_provider(name)
    for ask in (auth.get_oauth_client, auth.get_oauth_kwargs):
        with pytest.raises(ValueError, match="'none' is not a valid registered idp"):
            ask("none")
    assert repr(auth) == f"<OIDCAuth of {app.config.name!r}>"


def test_a_client_of_oauth_1_takes_no_timeout(direct: Callable[..., Direct]) -> None:
    auth = direct().auth
    auth.register_provider("one", client_id="c", request_token_url="http://127.0.0.1:9/")
    assert auth.get_oauth_client("one").client_kwargs == {"scope": "openid email"}
    assert auth.get_oauth_client("idp").client_kwargs["default_timeout"] == 10


def test_the_providers_of_an_app_can_be_had() -> None:
    app = make_app()
    with pytest.raises(RuntimeError, match="needs to be run before"):
        get_oauth(app)
    auth = OIDCAuth(app, KEY)
    assert get_oauth(app) is auth.oauth
    assert get_oauth() is auth.oauth
    plain = make_app()
    plain.server.extensions["authlib.integrations.flask_client"] = marker = object()
    assert get_oauth(plain) is marker
