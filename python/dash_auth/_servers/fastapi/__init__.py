"""The adapter for FastAPI."""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import quote

from dash import Dash
from fastapi import FastAPI
from starlette.datastructures import URL
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.exceptions import WebSocketException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.exceptions import HTTPException

from dash_auth import _dash_internals as internals
from dash_auth._current import EVENT_LOOP_FACTS
from dash_auth._guard.guard import Guard
from dash_auth._guard.guards import Guards
from dash_auth._quoted import quoted
from dash_auth._request import TOO_LARGE, UNROUTABLE, Answer, Request
from dash_auth._secret_keys import Keys
from dash_auth._servers import asgi
from dash_auth._servers.asgi import AsgiRequest
from dash_auth._servers.fastapi.answers import answer_of, answer_of_error, caching, rewriting
from dash_auth._servers.fastapi.routes import Routes
from dash_auth._servers.fastapi.session import SessionCookie
from dash_auth._servers.websocket import LOGIN_REQUIRED, GuardedSocket
from dash_auth._steps import off_loop, run_to_end, walk_beside_loop

logger = logging.getLogger("dash_auth")

_STATE = "dash_auth"

_ASKED = "dash_auth.asked"
"""The key of a scope under which the facts of the request stand once a guard is asked."""

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


class FastAPIRequest(AsgiRequest):
    """The facts of the current request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        """Read what every decision needs.

        :param scope: the scope of the connection
        :param receive: gives the messages of the client
        """
        super().__init__(scope, internals.route_path(scope))
        self._receive = receive
        self._read: list[Message] = []
        self.guard: Guard | None = None
        session: MutableMapping[str, Any] | None = scope.get("session")
        self._session: MutableMapping[str, Any] = {} if session is None else session

    @property
    def session(self) -> MutableMapping[str, Any]:
        if hasattr(self._session, "mark_accessed"):
            # The answer depends on the cookie: `Vary` is to say so.
            self._session.mark_accessed()
        return self._session

    @property
    def bare_session(self) -> MutableMapping[str, Any]:
        return self._session

    @property
    def has_session_cookie(self) -> bool:
        return bool(self._session)

    async def _read_body(self, limit: int) -> None:
        # As Dash has it: it parses no other body.
        if self.is_stated_too_large(limit) or not self.content_type.startswith("application/json"):
            return
        chunks: list[bytes] = []
        length = 0
        more = True
        while more and length <= limit:
            message = await self._receive()
            self._read.append(message)
            if message["type"] != "http.request":
                return
            chunks.append(message.get("body", b""))
            length += len(chunks[-1])
            more = message.get("more_body", False)
        if more or length > limit:
            self._body = TOO_LARGE
            return
        try:
            # The bytes that Dash will be given, through the parser that it uses.
            self._body = json.loads(b"".join(chunks))
        except (RecursionError, ValueError):
            return

    def login_required(self) -> Exception:
        if self.scope["type"] == "websocket":
            return WebSocketException(LOGIN_REQUIRED, "Login required")
        assert self.guard is not None
        logger.debug("Refused: %s: its view asks for a login", quoted(f"{self.method} {self.path}"))
        asking = answer_of(self.guard.asked(self))
        headers = {k: v for k, v in asking.headers.items() if not k.startswith("content-")}
        return StarletteHTTPException(asking.status_code, "Login required", headers)

    async def receive(self) -> Message:
        """Give the app the messages of the client, those that were read already among them."""
        return self._read.pop(0) if self._read else await self._receive()


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
        server.user_middleware = [*outside, Middleware(_GuardMiddleware, adapter=self), *inside]
        try:
            return _fitting_caching(self._build())
        finally:
            server.user_middleware = declared

    def request(self) -> AsgiRequest:
        facts: AsgiRequest = EVENT_LOOP_FACTS.get()
        return facts

    def _response(self, made: Any) -> Any:
        """Return what a view of a login's has made as what the server's own views return."""
        return self.respond(made) if isinstance(made, Answer) else made

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

    def unverified_session(self, request: Request) -> str | None:
        scope = request.scope  # type: ignore[attr-defined]
        return self._session_cookie.unverified(self._fastapi.user_middleware, scope)

    def close_session_cookie(self, *, secure: bool) -> None:
        # SameSite=Lax and HttpOnly are what Starlette's cookie is anyway.
        if secure:
            self._session_cookie.only_over_https()
            self._fastapi.middleware_stack = None

    def session_cookie_length(self, session: Mapping[str, Any]) -> int | None:
        return self._session_cookie.length(self._fastapi.user_middleware, session)

    def renew_session_id(self, session: MutableMapping[str, Any]) -> None:
        # A cookie has none.
        return

    def has_route(self, rule: str) -> bool:
        path = _path_of(rule)
        return any(path == getattr(route, "path", None) for route in self._fastapi.router.routes)

    def add_route(
        self, rule: str, name: str, view: Callable[..., Any], headers: dict[str, str]
    ) -> str:
        async def answer(request: Any) -> Response:
            try:
                made = await off_loop(functools.partial(view, **request.path_params))
            except HTTPException as error:
                made = answer_of_error(error)
            return self.with_headers(self._response(made), headers)

        path = _path_of(rule)
        route = Route(
            path, answer, methods=["GET"], name=f"dash_auth.{name}", include_in_schema=False
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

    def find_endpoint(self, request: AsgiRequest) -> None:
        """State which endpoint the server's own routing finds for a request."""
        try:
            found = self._routes.find(request.scope)
        except Exception:
            # A converter may fail: of a number with thousands of digits `int` makes an error.
            found = UNROUTABLE, {}
        if found is not None:
            request.endpoint, request.view_arguments = found


class _GuardMiddleware:
    """Asks the guards about each request."""

    def __init__(self, app: ASGIApp, adapter: FastAPIServer) -> None:
        self._app = app
        self._adapter = adapter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asking = EVENT_LOOP_FACTS.get()
        try:
            if scope["type"] == "http":
                await self._serve(scope, receive, send)
            else:
                await self._connect(scope, receive, send)
        finally:
            if asking is not None:
                # A route called another within its own task: it goes on as its own user's.
                EVENT_LOOP_FACTS.set(asking)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = FastAPIRequest(scope, receive)
        self._adapter.find_endpoint(request)
        EVENT_LOOP_FACTS.set(request)
        guards = self._adapter.guards
        await walk_beside_loop(guards.begin(request), request)
        socket = GuardedSocket(receive, send)
        if await socket.admit(guards.responsible(request), request):
            await self._app(scope, socket.receive, socket.send)
        else:
            await send({"type": "websocket.close", "code": LOGIN_REQUIRED})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        receive, send = asgi.as_nobody(receive, send)
        request = FastAPIRequest(scope, receive)
        scope[_ASKED].append(request)
        self._adapter.find_endpoint(request)
        EVENT_LOOP_FACTS.set(request)
        guards = self._adapter.guards
        await walk_beside_loop(guards.begin(request), request)
        send = _saving(send, guards, request)
        # For a view that asks for a login itself.
        request.guard = next(reversed(guards.responsible(request)), None)
        try:
            refusal = await walk_beside_loop(guards.decide(request), request)
        except HTTPException as error:
            refusal = answer_of_error(error)
        except ClientDisconnect:
            return
        if refusal is not None:
            await answer_of(refusal)(scope, request.receive, send)
            return
        if request.rewrite is not None:
            # Where a middleware of the developer's compressed it, the guard could not read it.
            headers = scope["headers"]
            scope["headers"] = [one for one in headers if one[0] != b"accept-encoding"]
            send = rewriting(send, request.rewrite)
        await self._app(scope, request.receive, send)


def _fitting_caching(app: ASGIApp) -> ASGIApp:
    """Return a server that says in its answers who may keep them.

    That is said outside of all middleware, since Starlette answers errors there.
    """

    async def fitting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked: list[Request] = []
            scope[_ASKED] = asked
            send = caching(send, asked)
        await app(scope, receive, send)

    return fitting


def _saving(send: Send, guards: Guards, request: FastAPIRequest) -> Send:
    """Return a server's end of a request that takes out what the session shows as it is saved."""

    async def saved(message: Message) -> None:
        if message["type"] != "http.response.start":
            await send(message)
            return
        # Starlette's session, which stands before the guard, is written with this message.
        guards.end(request)
        try:
            await send(message)
        finally:
            guards.after(request)

    return saved


def _path_of(rule: str) -> str:
    """Return a route in Flask's syntax as Starlette has it."""
    return re.sub(r"<(\w+)>", r"{\1}", rule)
