"""Attributes and methods of an app's own subclass collide with none of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import dash_auth
import flask
import pytest
from dash import Dash, html
from dash_auth.auth import Auth

KEY = "k" * 32
ALICE = ("alice", "wonderland")

NAMES = (
    "_app _backend _backends _cache _callback _challenge _check _claims _client _config _db _guard "
    "_guards _install _key _knows _lock _log_in _login _logins _logout _notes _own_endpoints "
    "_providers _realm _registry _resumes _routes _rules _secret _secret_key _server _session "
    "_session_seconds _sessions _settings _setup _stored _table _trusted_origins _user _verify "
    "_visitor _warned backend cache config db key login name notes realm secret_key server "
    "session session_seconds settings table user users verify"
).split()


class Own:
    """Sets attributes before and after ours are set, and again at a request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.occupy()
        super().__init__(*arguments, **options)
        self.occupy()

    def occupy(self) -> None:
        for name in NAMES:
            setattr(self, name, f"the app's own {name}")


class OwnBasic(Own, dash_auth.BasicAuth):
    pass


class OwnOidc(Own, dash_auth.OIDCAuth):
    pass


class OwnMethods(dash_auth.BasicAuth):
    """Methods instead: ours must call none of them."""


class OwnMethodsOidc(dash_auth.OIDCAuth):
    pass


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("called")


for name in NAMES:
    setattr(OwnMethods, name, never)
    setattr(OwnMethodsOidc, name, never)


def new_app() -> Dash:
    app = Dash("own", assets_folder="no-assets")
    app.layout = html.Div()
    app.server.add_url_rule("/open", "open", lambda: repr(dash_auth.current_user()))
    return app


@pytest.mark.parametrize("kind", [OwnBasic, OwnMethods])
@pytest.mark.parametrize(
    "options",
    [
        {"username_password_list": dict([ALICE])},
        {"auth_func": lambda *pair: pair == ALICE, "auth_func_cache_seconds": 60},
    ],
    ids=["table", "function"],
)
def test_basic_auth_goes_on_working(kind: Any, options: dict[str, Any]) -> None:
    auth = kind(app := new_app(), **options, public_routes=["/open"], secret_key=KEY)
    client = app.server.test_client()
    client.set_cookie("kept", "yes")
    assert client.get("/").status_code == 401
    assert client.get("/", auth=("alice", "wrong")).status_code == 401
    assert client.get("/", auth=ALICE).status_code == 200
    assert "alice" in client.get("/open").text
    if kind is OwnBasic:
        assert [getattr(auth, name) for name in NAMES] == [f"the app's own {n}" for n in NAMES]
        assert auth._users == options.get("username_password_list", {})
    assert repr(auth) == f"<{kind.__name__} of 'own'>"
    assert dash_auth.explain(app)


@pytest.mark.parametrize("kind", [OwnOidc, OwnMethodsOidc])
def test_oidc_auth_goes_on_working(kind: Any) -> None:
    auth = kind(app := new_app(), KEY, public_routes=["/open"])
    auth.register_provider(
        "idp",
        client_id="c",
        authorize_url="https://idp.example/authorize",
        access_token_url="https://idp.example/token",
    )
    client = app.server.test_client()
    asked = client.get("/", headers={"Accept": "text/html"})
    assert asked.headers["Location"].startswith("https://idp.example/authorize")
    assert client.get("/_dash-layout", headers={"Sec-Fetch-Mode": "cors"}).status_code == 401
    assert client.get("/oidc/idp/callback").status_code in (400, 401)
    assert client.get("/oidc/logout").status_code == 200
    assert client.get("/open").text == "None"
    assert dash_auth.explain(app)


KEPT = {
    # Upstream's own, which subclasses read and override.
    *("_auth_func", "_users", "_user_groups", "_protect", "_create_redirect_uri"),
    "_abc_impl",
}


class Plain(Auth):
    def is_authorized(self) -> bool:
        return "user" in flask.session

    def login_request(self) -> Any:
        return "log in", 401


def members() -> Iterator[str]:
    instances: list[Any] = [
        Plain(new_app()),
        dash_auth.BasicAuth(new_app(), dict([ALICE])),
        dash_auth.BasicAuth(new_app(), auth_func=lambda *_: True, auth_func_cache_seconds=1),
        dash_auth.OIDCAuth(new_app(), KEY),
    ]
    for instance in instances:
        # Some are set by a request.
        instance.app.server.test_client().get("/", auth=ALICE)
        yield from vars(instance)
        for kind in type(instance).__mro__:
            if kind.__module__.startswith("dash_auth"):
                yield from vars(kind)


def test_what_is_private_says_whose_it_is() -> None:
    ours = re.compile(r"_(Auth|BasicAuth|OIDCAuth)__\w+|_dash_auth_\w+|__\w+__")
    private = {name for name in members() if name.startswith("_")}
    assert {name for name in private if not ours.fullmatch(name)} <= KEPT


def test_what_is_public_is_documented_or_upstreams() -> None:
    public = {name for name in members() if not name.startswith("_")}
    assert public == {
        *("app", "is_authorized", "login_request"),
        *("force_https_callback", "login_route", "logout_route", "callback_route", "log_signins"),
        *("idp_selection_route", "logout_page", "oauth", "register_provider", "get_oauth_client"),
        *("get_oauth_kwargs", "logout", "callback"),
        # New here.
        *("session", "after_logged_in", "protect", "login_path", "logout_path"),
    }
