"""The three servers on which an app may run: their pages, their sessions, and what serves them."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import fastapi
import flask
import itsdangerous
import quart
from attacks.servers import running
from dash_auth._servers import server_for
from flask.sessions import SessionMixin
from hypercorn.middleware import ProxyFixMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware import dispatcher as wsgi
from werkzeug.middleware.proxy_fix import ProxyFix

KINDS = ("flask", "quart", "fastapi")


class Chosen:
    """The kind of server that the current test is about."""

    kind = "flask"


def kind_of(server: Any) -> str:
    return type(server).__module__.split(".")[0]


def new_server(name: str = __name__) -> Any:
    kinds = {"flask": flask.Flask, "quart": quart.Quart, "fastapi": lambda _: fastapi.FastAPI()}
    return kinds[Chosen.kind](name)


def add_page(server: Any, path: str, view: Callable[[Any], Any]) -> None:
    """Add a page of the developer's own.

    :param server: the server
    :param path: its path
    :param view: returns a dict or a str, for the session of the request
    """
    kind = kind_of(server)
    if kind == "fastapi":

        def page(request: fastapi.Request) -> Any:
            made = view(request.session)
            return fastapi.Response(made) if isinstance(made, str) else made

        server.add_api_route(path, page)
    else:
        of_kind: Any = flask if kind == "flask" else quart
        server.add_url_rule(path, endpoint=path, view_func=lambda: view(of_kind.session))


def response(text: str, status: int, headers: dict[str, str]) -> Any:
    """Return a response as the developer's own code on this server makes it."""
    kinds = {"flask": flask.Response, "quart": quart.Response, "fastapi": fastapi.Response}
    return kinds[Chosen.kind](text, status, headers)


class _Kept(dict[str, Any], SessionMixin):
    """A session on the server."""


class _OnServer(flask.sessions.SessionInterface):
    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def open_session(self, app: Any, request: Any) -> Any:
        return self._kept.get(request.cookies.get("session"), _Kept())

    def save_session(self, app: Any, session: Any, response: Any) -> None:
        self._kept["the-id"] = session
        response.set_cookie("session", "the-id")


class _OnQuartServer(quart.sessions.SessionInterface):
    def __init__(self) -> None:
        self._like_flask = _OnServer()

    async def open_session(self, app: Any, request: Any) -> Any:
        return self._like_flask.open_session(app, request)

    async def save_session(self, app: Any, session: Any, response: Any) -> None:
        self._like_flask.save_session(app, session, response)


def keep_sessions(server: Any) -> None:
    """Have a Flask or Quart server keep its sessions, and send their id alone."""
    on_quart = kind_of(server) == "quart"
    server.session_interface = _OnQuartServer() if on_quart else _OnServer()


def trust_a_proxy(server: Any) -> None:
    """Have the server believe the proxy before it, in its own way."""
    kind = kind_of(server)
    if kind == "flask":
        server.wsgi_app = ProxyFix(server.wsgi_app, x_host=1, x_proto=1, x_prefix=1)
    elif kind == "quart":
        server.asgi_app = ProxyFixMiddleware(server.asgi_app, mode="legacy", trusted_hops=1)
    else:
        server.add_middleware(ProxyHeadersMiddleware, trusted_hosts="127.0.0.1")


def mounted(server: Any, path: str) -> Any:
    """Return a server that has another one under a path."""
    kind = kind_of(server)
    if kind == "flask":
        return wsgi.DispatcherMiddleware(flask.Flask(__name__), {path: server})
    outer = fastapi.FastAPI()
    outer.mount(path, server)
    return outer


def session_of(server: Any, cookie: str) -> dict[str, Any]:
    """Return what a session cookie holds, nothing where there is none."""
    if not cookie:
        return {}
    if kind_of(server) == "fastapi":
        return dict(json.loads(b64decode(_starlettes(server).unsign(cookie))))
    return dict(server.session_interface.get_signing_serializer(server).loads(cookie))


def signed(server: Any, session: dict[str, Any]) -> str:
    """Return the cookie of a session."""
    if kind_of(server) == "fastapi":
        return _starlettes(server).sign(b64encode(json.dumps(session).encode())).decode()
    return str(server.session_interface.get_signing_serializer(server).dumps(session))


def _starlettes(server: Any) -> itsdangerous.TimestampSigner:
    return itsdangerous.TimestampSigner(server_for(server).secret_keys()[0])


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an app as it is served in life: with waitress, hypercorn or uvicorn.

    :param app: a Dash app, or its server
    """
    server = getattr(app, "server", app)
    kinds = {"quart": "quart", "fastapi": "fastapi"}
    with running(server, kinds.get(kind_of(server), "waitress")) as site:
        yield f"http://127.0.0.1:{site.port}"
