"""The adapter for FastAPI."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, MutableMapping
from typing import Any

from dash import Dash
from fastapi import FastAPI
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.exceptions import HTTPException

from .. import _dash_internals as internals
from ..identity import EVENT_LOOP_FACTS
from . import UNROUTABLE, Guards, asgi
from .asgi import AsgiRequest
from .fastapi_routes import Routes
from .sockets import LOGIN_REQUIRED, GuardedSocket

logger = logging.getLogger("dash_auth")

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
        self._session: MutableMapping[str, Any] | None = scope.get("session")

    @property
    def session(self) -> MutableMapping[str, Any]:
        if self._session is None:
            self._session = {}
        return self._session

    async def read_body(self, limit: int) -> None:
        # As Dash has it: it parses no other body.
        if not self.content_type.startswith("application/json"):
            return
        if self.content_length is not None and not self.fits(limit):
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
            return
        try:
            # The bytes that Dash will be given, through the parser that it uses.
            self._body = json.loads(b"".join(chunks))
        except (RecursionError, ValueError):
            return

    def login_required(self) -> Exception:
        assert self.guard is not None
        asking = _response(self.guard.login_request())
        headers = {k: v for k, v in asking.headers.items() if not k.startswith("content-")}
        return StarletteHTTPException(asking.status_code, "Login required", headers)

    async def receive(self) -> Message:
        """Give the app the messages of the client, those that were read already among them."""
        return self._read.pop(0) if self._read else await self._receive()


class FastAPIBackend:
    """Guards the Dash apps on one FastAPI server."""

    def __init__(self, server: FastAPI) -> None:
        """Put a middleware before all that serves something.

        :param server: FastAPI server
        """
        self._server = server
        self.guards = Guards()
        self._secret_key: str | None = None
        self._routes = Routes(server)
        self._build = server.build_middleware_stack
        vars(server)["build_middleware_stack"] = self._build_middleware_stack
        server.middleware_stack = None

    @classmethod
    def of(cls, server: FastAPI) -> FastAPIBackend:
        """Return the one adapter of a server."""
        backend = getattr(server.state, _STATE, None)
        if not isinstance(backend, cls):
            backend = cls(server)
            setattr(server.state, _STATE, backend)
        return backend

    def _build_middleware_stack(self) -> ASGIApp:
        server = self._server
        declared = list(server.user_middleware)
        outside = [one for one in declared if one.cls in _OUTSIDE]
        inside = [one for one in declared if one.cls not in _OUTSIDE]
        if self._secret_key is not None and self._sessions() is None:
            outside.append(Middleware(SessionMiddleware, secret_key=self._secret_key))
        server.user_middleware = [*outside, Middleware(_GuardMiddleware, backend=self), *inside]
        try:
            return self._build()
        finally:
            server.user_middleware = declared

    def _sessions(self) -> Middleware | None:
        """Return the developer's own sessions, None if there are none."""
        declared: list[Any] = self._server.user_middleware
        return next((one for one in declared if one.cls is SessionMiddleware), None)

    def request(self) -> AsgiRequest:
        facts: AsgiRequest = EVENT_LOOP_FACTS.get()
        return facts

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> Response:
        return PlainTextResponse(text, status, headers)

    def secret_key(self) -> bytes | None:
        sessions = self._sessions()
        if sessions is None:
            return None if self._secret_key is None else self._secret_key.encode()
        key = sessions.kwargs.get("secret_key") or (sessions.args[0] if sessions.args else "")
        return str(key).encode() or None

    def set_secret_key(self, key: str | bytes) -> None:
        self._secret_key = key if isinstance(key, str) else key.decode("latin-1")
        self._server.middleware_stack = None

    def view(self, endpoint: str) -> Callable[..., Any] | None:
        return self._routes.view(endpoint)

    def endpoints_of(self, path: str) -> list[str]:
        return self._routes.endpoints_of(path)

    def route_count(self) -> int:
        return len(self._routes)

    def run_first_request_hooks(self, app: Dash) -> None:
        server: Any = app.backend
        hooks = internals.first_request_hooks(app, server._before_request_funcs)
        for hook in hooks:
            made = hook()
            if made is not None:
                asgi.run_to_end(made)

    def find_endpoint(self, request: AsgiRequest) -> None:
        """State which endpoint the server's own routing finds for a request."""
        try:
            found = self._routes.find(request.scope)
        except Exception:
            # A converter may fail: of a number with thousands of digits `int` makes an error.
            logger.debug("The server's routing fails", exc_info=True)
            found = UNROUTABLE, {}
        if found is not None:
            request.endpoint, request.view_arguments = found


class _GuardMiddleware:
    """Asks the guards about each request."""

    def __init__(self, app: ASGIApp, backend: FastAPIBackend) -> None:
        self._app = app
        self._backend = backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self._connect(scope, receive, send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = FastAPIRequest(scope, receive)
        self._backend.find_endpoint(request)
        EVENT_LOOP_FACTS.set(request)
        socket = GuardedSocket(receive, send)
        if await socket.admit(self._backend.guards.responsible(request), request):
            await self._app(scope, socket.receive, socket.send)
        else:
            await send({"type": "websocket.close", "code": LOGIN_REQUIRED})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = FastAPIRequest(scope, receive)
        self._backend.find_endpoint(request)
        EVENT_LOOP_FACTS.set(request)
        for guard in self._backend.guards.responsible(request):
            try:
                refusal = await asgi.answer(guard, request)
            except HTTPException as error:
                refusal = _from_werkzeug(error)
            except ClientDisconnect:
                return
            if refusal is not None:
                await _response(refusal)(scope, request.receive, send)
                return
        if request.rewrite is not None:
            send = _rewriting(send, request.rewrite)
        await self._app(scope, request.receive, send)


def _from_werkzeug(error: HTTPException) -> Response:
    return Response(error.get_body(), error.code or 500, dict(error.get_headers()))


def _response(answer: Any) -> Response:
    """Return what `login_request` returned as a response: a body, or body, status and headers."""
    if isinstance(answer, Response):
        return answer
    body, status, headers = answer, 200, {}
    if isinstance(answer, tuple):
        body, status, headers = (*answer, 200, {})[:3] if len(answer) < 3 else answer
    return Response(body, status, dict(headers), media_type="text/html")


def _rewriting(send: Send, rewrite: Callable[[bytes], bytes]) -> Send:
    start: Message = {}
    parts: list[bytes] = []

    async def rewritten(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if message["type"] != "http.response.body":
            await send(message)
            return
        parts.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = rewrite(b"".join(parts))
        headers = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
        start["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return rewritten
