"""The adapter for Quart, which is Flask's twin but for the event loop."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import quart
from quart.wrappers.request import Body

from dash_auth import _dash_internals as internals
from dash_auth._current import EVENT_LOOP_FACTS
from dash_auth._request import Answer
from dash_auth._servers import asgi
from dash_auth._servers.quart.request import CountedBody, QuartRequest
from dash_auth._servers.websocket import GuardedSocket
from dash_auth._servers.werkzeug import WerkzeugServer, fit_caching, put_in_place
from dash_auth._steps import off_loop, run_to_end, walk_beside_loop

_SOCKET = "dash_auth.socket"
"""The key of an ASGI scope that holds the guard's end of a WebSocket."""


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
            counted = {"body_class": CountedBody}
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

    async def _after_request(self, response: Any) -> Any:
        request = self.request()
        fit_caching(request, response)
        self.guards.end(request)
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
        await walk_beside_loop(self._read_again(request), request)
        socket: GuardedSocket = request.scope[_SOCKET]
        if await socket.admit(self.guards.responsible(request), request):
            return None
        return self.respond(Answer(403, "Login required"))

    async def _before_saving(self, response: Any) -> Any:
        self.guards.end(self.request())
        return response

    def _answering(self, view: Callable[..., Any], headers: dict[str, str]) -> Callable[..., Any]:
        @functools.wraps(view)
        async def answer(**variables: str) -> Any:
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
            run_to_end(_awaited(made))


async def _awaited(made: Awaitable[Any]) -> Any:
    return await made


def _rewriting(rewrite: Any) -> Any:
    async def rewritten(response: quart.Response) -> quart.Response:
        if response.is_json:
            response.set_data(rewrite(await response.get_data(as_text=False)))
        return response

    return rewritten
