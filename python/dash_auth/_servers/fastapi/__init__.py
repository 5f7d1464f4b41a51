"""The adapter for FastAPI."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import quote

from dash import Dash
from fastapi import FastAPI
from starlette.datastructures import URL
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.exceptions import HTTPException

from dash_auth import _dash_internals as internals
from dash_auth._current import EVENT_LOOP_FACTS
from dash_auth._guard.guards import Guards
from dash_auth._raised import Refused
from dash_auth._request import Answer, CookieAttributes
from dash_auth._secret_keys import Keys
from dash_auth._servers.asgi import AsgiRequest
from dash_auth._servers.fastapi.answers import answer_of, answer_of_error
from dash_auth._servers.fastapi.middleware import GuardMiddleware, fitting_caching
from dash_auth._servers.fastapi.request import HttpRefused
from dash_auth._servers.fastapi.routes import Routes, views
from dash_auth._servers.fastapi.session import SessionCookie
from dash_auth._servers.websocket import closing_code
from dash_auth._steps import off_loop, run_to_end, walk_beside_loop

_STATE = "dash_auth"

_OUTSIDE: tuple[Any, ...] = (
    CORSMiddleware,
    GZipMiddleware,
    HTTPSRedirectMiddleware,
    ProxyHeadersMiddleware,
    SessionMiddleware,
    TrustedHostMiddleware,
)
"""What may stand before the guard: it serves nothing of the app's, and the guard needs the session
and the client's true address."""


class FastAPIServer:
    """Guards the Dash apps on one FastAPI server."""

    has_event_loop = True
    how_to_trust_a_proxy = (
        "start uvicorn with --proxy-headers, and have the proxy pass the Host header on"
    )

    def __init__(self, server: FastAPI) -> None:
        """Put a middleware before all that serves something.

        :param server: FastAPI server
        """
        self._fastapi = server
        self.guards = Guards()
        self._session_cookie = SessionCookie()
        self._routes = Routes(server)
        self._login_routes: dict[str, Route] = {}
        self._build = server.build_middleware_stack
        vars(server)["build_middleware_stack"] = self._build_middleware_stack
        server.add_exception_handler(Refused, self._answer_refused)
        server.middleware_stack = None

    @classmethod
    def of(cls, server: FastAPI) -> FastAPIServer:
        """Return the one adapter of a server."""
        adapter = getattr(server.state, _STATE, None)
        if not isinstance(adapter, cls):
            adapter = cls(server)
            setattr(server.state, _STATE, adapter)
        return adapter

    def _build_middleware_stack(self) -> ASGIApp:
        server = self._fastapi
        declared = list(server.user_middleware)
        outside = self._session_cookie.fit([one for one in declared if one.cls in _OUTSIDE])
        inside = [one for one in declared if one.cls not in _OUTSIDE]
        guard = Middleware(GuardMiddleware, guards=self.guards, routes=self._routes)
        server.user_middleware = [*outside, guard, *inside]
        try:
            return fitting_caching(self._build())
        finally:
            server.user_middleware = declared

    async def _answer_refused(self, connection: Any, refused: Any) -> Any:
        if connection.scope["type"] == "websocket":
            await connection.close(closing_code(refused), refused.text)
            return None
        if isinstance(refused, HttpRefused) and refused.answer is not None:
            return refused.answer
        request = self.request()
        made = await walk_beside_loop(self.guards.refuse(request, refused), request)
        return answer_of(self.respond(made) if isinstance(made, Answer) else made)

    def request(self) -> AsgiRequest:
        facts: AsgiRequest = EVENT_LOOP_FACTS.get()
        return facts

    def respond(self, answer: Answer) -> Response:
        headers = {**answer.headers, "Content-Type": answer.content_type}
        return Response(answer.body, answer.status, headers)

    def automatic_options(self) -> None:
        # Starlette has none: CORSMiddleware, which stands before the guard, answers by itself.
        return None

    def with_headers(self, answer: Any, headers: dict[str, str]) -> Response:
        response = answer_of(answer)
        response.headers.update(headers)
        return response

    def copy_of(self, answer: Any) -> Any:
        # The cookie goes into a copy of the headers anyway.
        return answer

    def secret_keys(self) -> Keys:
        return self._session_cookie.secret_keys(self._fastapi.user_middleware)

    def set_secret_keys(self, keys: Sequence[str | bytes]) -> None:
        self._session_cookie.set_secret_keys(keys)
        self._fastapi.middleware_stack = None

    def cookie_attributes(self) -> CookieAttributes:
        return self._session_cookie.attributes(self._fastapi.user_middleware)

    def close_session_cookie(self, *, secure: bool) -> None:
        # SameSite=Lax and HttpOnly are what Starlette's cookie is anyway.
        if secure:
            self._session_cookie.only_over_https()
            self._fastapi.middleware_stack = None

    def session_cookie_length(self, session: Mapping[str, Any]) -> int | None:
        return self._session_cookie.length(self._fastapi.user_middleware, session)

    def renew_session_id(self, session: MutableMapping[str, Any]) -> None:
        # Starlette's are cookies.
        return

    def has_route(self, rule: str) -> bool:
        path = _path_of(rule)
        return any(path == getattr(route, "path", None) for route in self._fastapi.router.routes)

    def add_route(
        self,
        rule: str,
        name: str,
        view: Callable[..., Any],
        headers: dict[str, str],
        methods: Sequence[str] = ("GET",),
    ) -> str:
        async def answer(request: Any) -> Response:
            try:
                if inspect.isgeneratorfunction(view):
                    made = await walk_beside_loop(view(**request.path_params), self.request())
                else:
                    made = await off_loop(functools.partial(view, **request.path_params))
            except HTTPException as error:
                made = answer_of_error(error)
            made = self.respond(made) if isinstance(made, Answer) else made
            return self.with_headers(made, headers)

        path = _path_of(rule)
        route = Route(
            path, answer, methods=list(methods), name=f"dash_auth.{name}", include_in_schema=False
        )
        # First of all: Dash's catch-all may be there already.
        self._fastapi.router.routes.insert(0, route)
        endpoint = self._routes.name(route)
        self._login_routes[endpoint] = route
        return endpoint

    def url_for(self, endpoint: str, scheme: str | None = None, **variables: str) -> str:
        request = self.request()
        route = self._login_routes[endpoint]
        quoted = {name: quote(value, safe="") for name, value in variables.items()}
        path = quote(request.root_path) + route.url_path_for(route.name, **quoted)
        url = URL(scope={**request.scope, "path": path, "query_string": b""})
        return str(url if scheme is None else url.replace(scheme=scheme))

    def view(self, endpoint: str) -> Callable[..., Any] | None:
        return self._routes.view(endpoint)

    def endpoints_of(self, path: str) -> list[str]:
        return self._routes.endpoints_of(path)

    def routes(self) -> list[tuple[str, str]]:
        return self._routes.routes()

    def views(self) -> list[tuple[str, Callable[..., Any] | None]]:
        return list(views(self._fastapi.router.routes))

    def routes_version(self) -> object:
        return self._routes.version()

    def dash_apps(self) -> list[Dash]:
        return self._routes.apps()

    def run_first_request_hooks(self, app: Dash) -> None:
        server: Any = app.backend
        hooks = internals.first_request_hooks(app, server._before_request_funcs)
        for hook in hooks:
            made = hook()
            if made is not None:
                run_to_end(made)


def _path_of(rule: str) -> str:
    """Return a route in Flask's syntax as Starlette has it."""
    return re.sub(r"<(\w+)>", r"{\1}", rule)
