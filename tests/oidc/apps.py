"""Apps that are guarded by OIDCAuth and say who is asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import flask
import pytest
import requests
from dash import Dash, Input, Output, html
from dash_auth import OIDCAuth, check_groups, current_user
from dash_auth._secret_keys import mark

from .mock_provider import Provider
from .servers import Chosen, add_page, new_server, session_of, signed

KEY = "a-secret-key-of-the-tests"
ALICE = {
    "email": "alice@example.com",
    "email_verified": True,
    "name": "Alice",
    "groups": ["admin", "staff"],
}


def make_app(
    prefix: str = "/",
    server: Any = None,
    name: str = __name__,
    options: dict[str, Any] | None = None,
) -> Dash:
    """Return an app of which a callback and a route say who is asking."""
    server = new_server(name) if server is None else server
    app = Dash(name, server=server, **(options or {"url_base_pathname": prefix}))
    app.layout = html.Div([html.Div(id="in"), html.Div(id="out")])

    @app.callback(Output("out", "children"), Input("in", "value"))
    def secret(value: str) -> str:
        return f"secret {value}"

    def whoami(session: Mapping[str, Any]) -> dict[str, Any]:
        user = current_user()
        return {
            "session": {key: session.get(key) for key in ("user", "idp", "refresh_token")},
            "user": None if user is None else user.name,
            "groups": [] if user is None else list(user.groups),
            "admin": check_groups(["admin"]),
        }

    add_page(app.server, f"{prefix}whoami", whoami)
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


class Client:
    """A client that keeps cookies and follows no redirect."""

    def __init__(self, address: str, server: Any) -> None:
        self.address = address
        self._server = server
        self._session = requests.Session()
        # What a client sends unasked would hide what the server makes of its absence.
        self._session.headers.clear()

    def open(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        answer = self._session.request(
            method, self.address + path, headers=headers, allow_redirects=False, timeout=20
        )
        # Hypercorn hangs up after an answer that came before it had read the end of the request;
        # on the same connection the next request might meet that.
        self._session.close()
        return answer

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        return self.open(path, headers=headers)

    def post(self, path: str) -> requests.Response:
        return self.open(path, "POST")

    @property
    def cookie(self) -> str:
        return self._session.cookies.get("session", "")

    @cookie.setter
    def cookie(self, value: str) -> None:
        self._session.cookies.clear()
        self._set("session", value)

    @property
    def cookies(self) -> str:
        """All cookies, as they are sent."""
        return "; ".join(f"{name}={value}" for name, value in self._session.cookies.items())

    @property
    def ticket(self) -> str:
        """What is remembered of the login."""
        return self._session.cookies.get(self._ticket_name(), "")

    @ticket.setter
    def ticket(self, value: str) -> None:
        self._set(self._ticket_name(), value)

    def take_over(self, other: Client) -> None:
        """Come with the cookies of another client."""
        self._session.cookies = other._session.cookies.copy()  # type: ignore[no-untyped-call]

    def receive(self, answer: requests.Response) -> None:
        """Keep the cookies of an answer that another tab has got."""
        self._session.cookies.update(answer.cookies)

    def _ticket_name(self) -> str:
        names = [name for name in self._session.cookies.keys() if name.startswith("dash_auth_")]
        return names[0] if names else ""

    def _set(self, name: str, value: str) -> None:
        self._session.cookies.set(name, value, domain="127.0.0.1", path="/")

    @contextmanager
    def session_transaction(self) -> Iterator[dict[str, Any]]:
        session = session_of(self._server, self.cookie)
        yield session
        self._set("session", signed(self._server, session))

    def close(self) -> None:
        self._session.close()


class Direct:
    """An app whose provider is skipped: each callback is a login of the user that is set."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, serve: Callable[[Any], str], **options: Any
    ) -> None:
        from dash_auth.logins.oidc.client import Client as ClientOnFlask
        from dash_auth.logins.oidc.client import ClientOffLoop

        self.token: dict[str, Any] = {"userinfo": {"sub": "alice", **ALICE}}
        self.app = options.pop("app", None) or make_app()
        kind = options.pop("kind", OIDCAuth)
        self.auth = kind(self.app, **{"secret_key": KEY, **options})
        self.auth.register_provider("idp", client_id="c", client_secret="s")
        self._serve = serve
        self._client: Client | None = None
        client = ClientOnFlask if Chosen.kind == "flask" else ClientOffLoop

        def begin(self: Any, uri: str, **_: Any) -> Any:
            session = self.framework.server.request().session
            self.framework.set_state_data(session, "the-state", {"redirect_uri": uri})
            return flask.redirect(uri)

        monkeypatch.setattr(client, "authorize_redirect", begin)
        monkeypatch.setattr(client, "authorize_access_token", lambda _, **__: dict(self.token))

    @property
    def client(self) -> Client:
        """A client of the app, which is served from now on."""
        if self._client is None:
            self._client = Client(self._serve(self.app), self.app.server)
        return self._client

    @property
    def ticket_name(self) -> str:
        """The name of the cookie that holds a ticket of the app's."""
        return f"dash_auth_{mark(self.auth._dash_auth_guard.name)}"

    def log_in(self, **claims: Any) -> requests.Response:
        if claims:
            self.token["userinfo"] = claims
        return self.client.get("/oidc/idp/callback")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
