"""Apps that are guarded by OIDCAuth and say who is asking."""

from __future__ import annotations

from typing import Any

import flask
import pytest
from dash import Dash, Input, Output, html
from dash_auth import OIDCAuth, check_groups, current_user

from .mock_provider import Provider

KEY = "a-secret-key-of-the-tests"
ALICE = {"email": "alice@example.com", "name": "Alice", "groups": ["admin", "staff"]}


def make_app(prefix: str = "/", server: flask.Flask | bool = True, name: str = __name__) -> Dash:
    """Return an app of which a callback and a route say who is asking."""
    app = Dash(name, server=server, url_base_pathname=prefix)
    app.layout = html.Div([html.Div(id="in"), html.Div(id="out")])

    @app.callback(Output("out", "children"), Input("in", "value"))
    def secret(value: str) -> str:
        return f"secret {value}"

    @app.server.route(f"{prefix}whoami", endpoint=f"{prefix}whoami")
    def whoami() -> dict[str, Any]:
        user = current_user()
        return {
            "session": {key: flask.session.get(key) for key in ("user", "idp", "refresh_token")},
            "user": None if user is None else user.name,
            "admin": check_groups(["admin"]),
        }

    return app


def register(auth: OIDCAuth, provider: Provider, *names: str, **options: Any) -> None:
    for name in names or ("idp",):
        auth.register_provider(
            name,
            client_id=f"client-{name}",
            client_secret="the-client-secret",
            server_metadata_url=provider.metadata_url,
            **{"client_kwargs": {"scope": "openid email profile"}, **options},
        )


def session_of(server: flask.Flask, cookie: str) -> dict[str, Any]:
    serializer: Any = server.session_interface.get_signing_serializer(server)  # type: ignore[attr-defined]
    return dict(serializer.loads(cookie))


def signed(server: flask.Flask, session: dict[str, Any]) -> str:
    serializer: Any = server.session_interface.get_signing_serializer(server)  # type: ignore[attr-defined]
    return str(serializer.dumps(session))


class Direct:
    """An app whose provider is skipped: each callback is a login of the user that is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        from authlib.integrations.flask_client.apps import FlaskOAuth2App

        self.token: dict[str, Any] = {"userinfo": {"sub": "alice", **ALICE}}
        self.app = options.pop("app", None) or make_app()
        kind = options.pop("kind", OIDCAuth)
        self.auth = kind(self.app, **{"secret_key": KEY, **options})
        self.auth.register_provider("idp", client_id="c", client_secret="s")
        self.client = self.app.server.test_client()
        monkeypatch.setattr(
            FlaskOAuth2App, "authorize_redirect", lambda _, uri, **__: flask.redirect(uri)
        )
        monkeypatch.setattr(
            FlaskOAuth2App, "authorize_access_token", lambda _, **__: dict(self.token)
        )

    def log_in(self, **claims: Any) -> Any:
        if claims:
            self.token["userinfo"] = claims
        return self.client.get("/oidc/idp/callback")
