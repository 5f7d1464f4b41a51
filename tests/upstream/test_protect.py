"""Subclasses that put a hook of their own in the place of `_protect`, as dash-auth lets them."""

from __future__ import annotations

import logging
from typing import Any

import dash_auth
import flask
import pytest
from attacks.http import ALICE, PRIVATE
from dash import Dash, html
from dash_auth.auth import Auth, get_public_callbacks, get_public_routes

KEY = "k" * 32


class Hook:
    """Decides as dash-auth's own hook does, by the methods of the base."""

    app: Dash

    def _protect(self) -> None:
        server = self.app.server

        @server.before_request
        def before_request_auth() -> Any:
            assert get_public_callbacks(self.app) == []
            if get_public_routes(self.app).test(flask.request.path):
                return None
            if self.is_authorized():  # type: ignore[attr-defined]
                return None
            return self.login_request()  # type: ignore[attr-defined]


class OwnHook(Hook, dash_auth.BasicAuth):
    pass


class OwnHookOfOidc(Hook, dash_auth.OIDCAuth):
    pass


class Both(dash_auth.BasicAuth):
    def _protect(self) -> None:
        super()._protect()
        asked = self.asked = []

        @self.app.server.before_request
        def note() -> None:
            asked.append(self.is_authorized())


class Nothing(Auth):
    def _protect(self) -> None:
        pass

    def is_authorized(self) -> bool:
        return False

    def login_request(self) -> Any:
        return "log in", 401


def flask_app() -> Dash:
    app = Dash("own hook", assets_folder="no-assets")
    app.layout = html.Div(PRIVATE)
    app.server.add_url_rule("/open", "open", lambda: str(dash_auth.current_user()))
    app.server.add_url_rule("/who", "who", lambda: dash_auth.current_user().name)  # type: ignore[union-attr]
    return app


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [r for r in caplog.records if "decides on no request" in r.getMessage()]
    assert all(record.levelno == logging.WARNING for record in said)
    return [record.getMessage() for record in said]


def test_the_methods_of_the_base_work_in_a_hook_of_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = flask_app()
    OwnHook(app, dict([ALICE]), public_routes=["/open"], secret_key=KEY)
    (said,) = warnings_of(caplog)
    assert said.startswith("dash_auth decides on no request to 'own hook': OwnHook._protect()")
    client = app.server.test_client()
    refused = client.get("/")
    assert (refused.status_code, refused.text) == (401, "Login Required")
    assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert client.get("/", auth=("alice", "wrong")).status_code == 401
    assert PRIVATE in client.get("/_dash-layout", auth=ALICE).text
    assert client.get("/who", auth=ALICE).text == "alice"
    assert client.get("/open").status_code == 200
    assert len(warnings_of(caplog)) == 1


@pytest.mark.parametrize("options", [{"auth_func": lambda *pair: pair == ALICE}, {}])
def test_a_check_by_function_works_there_too(options: dict[str, Any]) -> None:
    app = flask_app()
    OwnHook(app, None if options else dict([ALICE]), **options)
    client = app.server.test_client()
    assert [client.get("/", auth=pair).status_code for pair in (ALICE, None)] == [200, 401]


def test_a_hook_beside_the_guard_asks_the_methods_of_the_base(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = flask_app()
    auth = Both(app, dict([ALICE]), public_routes=["/open"], secret_key=KEY)
    assert warnings_of(caplog) == []
    client = app.server.test_client()
    assert client.get("/").status_code == 401
    assert client.get("/open").status_code == 200
    assert client.get("/", auth=ALICE).status_code == 200
    assert auth.asked == [False, True]


def test_the_routes_of_a_login_with_a_provider_pass_a_hook_of_its_own() -> None:
    app = flask_app()
    auth = OwnHookOfOidc(app, KEY)
    auth.register_provider(
        "idp",
        client_id="c",
        authorize_url="https://idp.example/authorize",
        access_token_url="https://idp.example/token",
        userinfo_endpoint="https://idp.example/me",
    )
    client = app.server.test_client()
    headers = {"Accept": "text/html"}
    asked = client.get("/", headers=headers)
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith("https://idp.example/authorize")
    # Each is answered by its own view: asked to log in, the browser would never come back.
    assert client.get("/oidc/idp/callback", headers=headers).status_code in (400, 401)
    assert client.get("/oidc/logout", headers=headers).status_code == 200


def test_who_puts_no_hook_there_is_told_and_protects_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = flask_app()
    Nothing(app)
    assert len(warnings_of(caplog)) == 1
    with pytest.raises(ValueError, match=r"Nothing._protect\(\) decides what is open"):
        dash_auth.explain(app)
    assert app.server.test_client().get("/").status_code == 200


def test_the_guard_follows_the_app_and_is_put_once() -> None:
    class Twice(dash_auth.BasicAuth):
        def _protect(self) -> None:
            super()._protect()
            super()._protect()

    app = Dash("moved", server=False)
    app.layout = html.Div(PRIVATE)
    Twice(app, dict([ALICE]))
    server = flask.Flask("later")
    app.init_app(server)
    client = server.test_client()
    assert [client.get("/", auth=pair).status_code for pair in (ALICE, None)] == [200, 401]
