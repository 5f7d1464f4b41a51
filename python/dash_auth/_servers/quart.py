"""The adapter for Quart, which is Flask's twin but for the event loop."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
from collections.abc import Callable, MutableMapping
from typing import Any

import quart
from quart.wrappers.request import Body
from werkzeug.exceptions import HTTPException

from dash_auth import _dash_internals as internals
from dash_auth._current import EVENT_LOOP_FACTS
from dash_auth._raised import Refused
from dash_auth._request import TOO_LARGE, UNREADABLE, Answer
from dash_auth._servers import asgi
from dash_auth._servers.asgi import AsgiRequest
from dash_auth._servers.websocket import GuardedSocket, closing_code
from dash_auth._servers.werkzeug import (
    WerkzeugServer,
    apps_on,
    decisive,
    fields_of,
    fit_caching,
    put_in_place,
    set_cookies,
    state_query,
    tell_refusal,
)
from dash_auth._steps import awaited, off_loop, run_to_end, walk_beside_loop

_SOCKET = "dash_auth.socket"
"""The key of an ASGI scope that holds the guard's end of a WebSocket."""


class _CountedBody(Body):
    """A body that tells, while it comes in, when it is longer than it may be.

    Quart takes in what a client sends up to `MAX_CONTENT_LENGTH`, and to read a part of it is to
    take that part away from Dash.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._length = 0
        self._ended = False
        self._changed = asyncio.Event()

    def append(self, data: bytes) -> None:
        self._length += len(data)
        self._changed.set()
        super().append(data)

    def set_complete(self) -> None:
        self._ended = True
        self._changed.set()
        super().set_complete()

    async def ends_within(self, limit: int) -> bool:
        """Wait for the end, and tell whether it came within a limit, in bytes."""
        while self._length <= limit and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        return self._length <= limit


class QuartRequest(AsgiRequest):
    """The facts of the current request."""

    def __init__(self, request: Any) -> None:
        """Read what every decision needs.

        :param request: the current request or WebSocket
        """
        super().__init__(request.scope, request.path)
        self._request = request
        self._decisive: tuple[object, ...] = ()
        self.read()

    def read(self) -> bool:
        """Read the facts as they are now: hooks of the developer's may change a request.

        :return: whether another visitor may make it now, or it may be for something else
        """
        request = self._request
        # At hand for as long as these facts are: in a WebSocket's other tasks there is no proxy.
        self._session = quart.session._get_current_object()  # type: ignore[attr-defined]
        self.method, self.path = request.method, request.path
        self.read_headers(
            (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in request.headers
        )
        rule = request.url_rule
        self.endpoint = None if rule is None else rule.endpoint
        self.view_arguments = request.view_args or {}
        if self.scope["type"] == "websocket" and self.path.endswith(f"/{internals.WEBSOCKET}"):
            # Dash gives the WebSockets of all apps one name.
            if internals.is_websocket_path(apps_on(quart.current_app), self.path):
                self.endpoint = self.path
        before, self._decisive = self._decisive, decisive(self)
        return before != self._decisive

    def header(self, name: str) -> str | None:
        values = self._request.headers.getlist(name)
        return ",".join(values) if values else None

    @property
    def session(self) -> MutableMapping[str, Any]:
        # The answer depends on the cookie: `Vary` is to say so.
        self._session.accessed = True
        return self._session  # type: ignore[no-any-return]

    @property
    def bare_session(self) -> MutableMapping[str, Any]:
        return self._session  # type: ignore[no-any-return]

    def cookie(self, name: str) -> str | None:
        return self._request.cookies.get(name)  # type: ignore[no-any-return]

    async def _read_body(self, limit: int) -> None:
        # Dash parses no other body.
        if self.is_stated_too_large(limit) or not self._request.is_json:
            return
        try:
            if not await self._ends_within(limit):
                self._body = TOO_LARGE
                return
            # Quart keeps what it parsed, so this is the very object that Dash will be given.
            self._body = await self._request.get_json()
        except (HTTPException, RecursionError, ValueError):
            self._body = UNREADABLE

    async def _read_form(self, limit: int) -> None:
        try:
            if not await self._ends_within(limit):
                self._body = TOO_LARGE
                return
            self._body = fields_of(await self._request.form)
        except (HTTPException, ValueError):
            self._body = UNREADABLE

    async def _ends_within(self, limit: int) -> bool:
        """Wait for the end of the body, and tell whether it came within a limit, in bytes."""
        body = self._request.body
        if isinstance(body, _CountedBody):
            return await body.ends_within(limit)
        # The developer has put a class of requests in the place of ours.
        return len(await self._request.get_data(as_text=False)) <= limit

    def replace_query_values(self, values: dict[str, list[str]]) -> None:
        super().replace_query_values(values)
        state_query(self._request, self.query)


class QuartServer(WerkzeugServer):
    """Guards the Dash apps on one Quart server."""

    has_event_loop = True
    how_to_trust_a_proxy = "wrap it in hypercorn.middleware.ProxyFixMiddleware"
    _library = quart

    def __init__(self, server: Any) -> None:
        """Put one hook before all of Dash's, count bodies, and stand before each WebSocket.

        :param server: Quart server
        """
        super().__init__(server)
        server.before_websocket(self._before_websocket)
        server.before_websocket_funcs[None].sort(key=internals.is_own_hook)
        self._preprocess_of_socket = put_in_place(
            server, "preprocess_websocket", self._preprocess_websocket
        )
        server.after_websocket_funcs.setdefault(None, []).insert(0, self._before_saving)
        self._asgi_app = server.asgi_app
        server.asgi_app = self._serve_asgi
        declared = server.request_class
        if declared.body_class is Body:
            counted = {"body_class": _CountedBody}
            server.request_class = type(declared.__name__, (declared,), counted)

    def request(self) -> QuartRequest:
        facts = EVENT_LOOP_FACTS.get()
        return facts if isinstance(facts, QuartRequest) else self._new_request()

    def _new_request(self) -> QuartRequest:
        request: Any = quart.request if quart.has_request_context() else quart.websocket
        facts = QuartRequest(request._get_current_object())
        EVENT_LOOP_FACTS.set(facts)
        return facts

    async def _preprocess_request(self, *context: Any) -> Any:
        request = self._new_request()
        await walk_beside_loop(self.guards.begin(request), request)
        return await self._preprocess(*context)

    async def _before_request(self) -> Any:
        request = self.request()
        answer = await walk_beside_loop(self._decide(request), request)
        if answer is not None:
            return await answer if inspect.isawaitable(answer) else answer
        if request.rewrite is not None:
            quart.after_this_request(_rewriting(request.rewrite))
        return None

    async def _handle_user_exception(self, *arguments: Any) -> Any:
        refused = arguments[-1]
        if not isinstance(refused, Refused):
            return await self._handle(*arguments)
        request = self.request()
        if request.is_socket:
            # Before it was opened that is 403.
            await quart.websocket.close(closing_code(refused), refused.text)
            return None
        made = self._response(await walk_beside_loop(self.guards.refuse(request, refused), request))
        return await made if inspect.isawaitable(made) else made

    async def _after_request(self, response: Any) -> Any:
        request = self.request()
        fit_caching(request, response)
        self.guards.end(request)
        await asgi.write(request, self.guards)
        set_cookies(request, response)
        tell_refusal(request, response)
        return response

    async def _process_response(self, response: Any, *context: Any) -> Any:
        request = self.request()
        try:
            return await self._process(response, *context)
        finally:
            self.guards.after(request)

    async def _serve_asgi(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            socket = GuardedSocket(receive, send, self._server.json.loads)
            scope[_SOCKET] = socket
            receive, send = socket.receive, socket.send
        elif scope["type"] == "http":
            receive, send = asgi.as_nobody(receive, send)
        await self._asgi_app(scope, receive, send)

    async def _preprocess_websocket(self, *context: Any) -> Any:
        request = self._new_request()
        await walk_beside_loop(self.guards.begin(request), request)
        return await self._preprocess_of_socket(*context)

    async def _before_websocket(self) -> Any:
        request = self.request()
        if request.read():
            await walk_beside_loop(self._begin_again(request), request)
        socket: GuardedSocket = request.scope[_SOCKET]
        if await socket.admit(self.guards.responsible(request), request):
            return None
        return self.respond(Answer(403, "Login required"))

    async def _before_saving(self, response: Any) -> Any:
        request = self.request()
        self.guards.end(request)
        await asgi.write(request, self.guards)
        return response

    def _answering(self, view: Callable[..., Any], headers: dict[str, str]) -> Callable[..., Any]:
        @functools.wraps(view)
        async def answer(**variables: str) -> Any:
            if inspect.isgeneratorfunction(view):
                made = await walk_beside_loop(view(**variables), self.request())
            else:
                made = await off_loop(functools.partial(view, **variables))
            made = await quart.make_response(self._response(made))
            return self.with_headers(made, headers)

        return answer

    def with_headers(self, answer: Any, headers: dict[str, str]) -> Any:
        answer.headers.update(headers)
        return answer

    def copy_of(self, answer: Any) -> Any:
        # Each answer gets a cookie of its own.
        if isinstance(answer, quart.Response):
            answer = copy.copy(answer)
            answer.headers = answer.headers.copy()
        return answer

    def _run(self, function: Callable[..., Any], *arguments: Any) -> None:
        made = function(*arguments)
        if inspect.isawaitable(made):
            run_to_end(awaited(made))


def _rewriting(rewrite: Any) -> Any:
    async def rewritten(response: quart.Response) -> quart.Response:
        if response.is_json:
            response.set_data(rewrite(await response.get_data(as_text=False)))
        return response

    return rewritten
