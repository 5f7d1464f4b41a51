"""Where the guards stand on a FastAPI server: before all that serves something."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.exceptions import HTTPException

from dash_auth._current import EVENT_LOOP_FACTS
from dash_auth._guard.guards import Guards
from dash_auth._request import UNROUTABLE, Request
from dash_auth._servers import asgi
from dash_auth._servers.fastapi.answers import answer_of, answer_of_error, caching, rewriting
from dash_auth._servers.fastapi.request import FastAPIRequest
from dash_auth._servers.fastapi.routes import Routes
from dash_auth._servers.websocket import LOGIN_REQUIRED, GuardedSocket
from dash_auth._steps import walk_beside_loop

_ASKED = "dash_auth.asked"
"""The key of a scope under which the facts of the request stand once a guard is asked."""


class GuardMiddleware:
    """Asks the guards about each request."""

    def __init__(self, app: ASGIApp, guards: Guards, routes: Routes) -> None:
        """Stand before what serves something.

        :param app: what stands behind
        :param guards: who decides
        :param routes: the routes of the server
        """
        self._app = app
        self._guards = guards
        self._routes = routes

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

    def _request(self, scope: Scope, receive: Receive) -> FastAPIRequest:
        """Return a request, which is the current one from now on."""
        request = FastAPIRequest(scope, receive)
        try:
            found = self._routes.find(scope)
        except Exception:
            # A converter may fail: of a number with thousands of digits `int` makes an error.
            found = UNROUTABLE, {}
        if found is not None:
            request.endpoint, request.view_arguments = found
        EVENT_LOOP_FACTS.set(request)
        return request

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = self._request(scope, receive)
        await walk_beside_loop(self._guards.begin(request), request)
        socket = GuardedSocket(receive, send)
        if await socket.admit(self._guards.responsible(request), request):
            await self._app(scope, socket.receive, socket.send)
        else:
            await send({"type": "websocket.close", "code": LOGIN_REQUIRED})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        receive, send = asgi.as_nobody(receive, send)
        request, guards = self._request(scope, receive), self._guards
        scope[_ASKED].append(request)
        await walk_beside_loop(guards.begin(request), request)
        send = _saving(send, guards, request)
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


def fitting_caching(app: ASGIApp) -> ASGIApp:
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
        await asgi.write(request, guards)
        if request.set_cookies:
            cookies = [(b"set-cookie", one.encode("ascii")) for one in request.set_cookies.values()]
            message["headers"] = [*message.get("headers", ()), *cookies]
        try:
            await send(message)
        finally:
            guards.after(request)

    return saved
