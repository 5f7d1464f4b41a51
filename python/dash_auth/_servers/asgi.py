"""What the servers with an event loop (ASGI) have in common."""

from __future__ import annotations

import asyncio
import sys
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from dash_auth import _dash_internals as internals
from dash_auth._current import EVENT_LOOP_FACTS
from dash_auth._guard.guards import Guards
from dash_auth._raised import Refused
from dash_auth._request import NO_LIMIT, TOO_LARGE, UNREADABLE, Request
from dash_auth._steps import off_loop
from dash_auth._threads import Crowded

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_HEADERS = frozenset(
    (
        b"authorization",
        b"content-length",
        b"content-type",
        b"cookie",
        b"host",
        b"origin",
        b"sec-fetch-site",
    )
)


_ORIGIN_SCHEMES = {"ws": "http", "wss": "https"}


class AsgiRequest(Request):
    """The facts of a request, or of a WebSocket's handshake, as its scope has them."""

    rewrite: Callable[[bytes], bytes] | None = None
    """What rewrites the body of the answer."""
    _body: Any = UNREADABLE

    def __init__(self, scope: Scope, path: str) -> None:
        """Read what every decision needs.

        :param scope: the scope of the connection
        :param path: the path as the server's own routes have it
        """
        super().__init__()
        self.scope = scope
        self.path = path
        self.method = scope.get("method", "GET")
        self.is_socket = scope["type"] == "websocket"
        self.endpoint = None
        self.view_arguments = {}
        self.address = (scope.get("client") or ("",))[0] or ""
        self.read_headers(scope["headers"])

    def read_headers(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Read what every decision needs of the headers.

        :param pairs: names, in lower case, and values
        """
        headers: dict[bytes, str] = {}
        for name, value in pairs:
            if name in _HEADERS:
                text = value.decode("latin-1")
                # Several headers are joined as a WSGI server joins them, which none of these may
                # hold a comma for: no Basic credentials, no origin, no site, no length.
                headers[name] = f"{headers[name]},{text}" if name in headers else text
        self.has_cookies = b"cookie" in headers
        self.authorization = headers.get(b"authorization")
        self.sec_fetch_site = headers.get(b"sec-fetch-site")
        self.origin = headers.get(b"origin")
        self.content_type = headers.get(b"content-type", "")
        self.content_length: str | None = headers.get(b"content-length")
        self.host: str | None = headers.get(b"host")

    def header(self, name: str) -> str | None:
        wanted = name.lower().encode("latin-1")
        values = [value for key, value in self.scope["headers"] if key == wanted]
        return b",".join(values).decode("latin-1") if values else None

    @property
    def root_path(self) -> str:
        return str(self.scope.get("root_path", "")).rstrip("/")

    @property
    def query(self) -> str:
        query: bytes = self.scope.get("query_string", b"")
        return query.decode("latin-1")

    def leave_session_unwritten(self) -> None:
        """Have no change of the session written: a WebSocket sets no cookie, and Quart says so."""
        session: Any = self.session
        if getattr(session, "modified", False):
            session.modified = False

    @property
    def own_origin(self) -> str:
        scheme = str(self.scope.get("scheme", "http"))
        # A WebSocket's scheme is no origin's.
        return f"{_ORIGIN_SCHEMES.get(scheme, scheme)}://{self.host or ''}"

    def is_stated_too_large(self, limit: int) -> bool:
        """Tell whether a body is not to be read for its stated length.

        :param limit: the largest body that is read, in bytes
        """
        length = self.content_length
        if length is None:
            return False
        if length.isdecimal():
            # `int` refuses a number of thousands of digits.
            if len(length) < 20 and int(length) <= limit:
                return False
            self._body = TOO_LARGE
        return True

    async def read_body(self, limit: int) -> Any:
        """Return the very object that Dash will be given, `UNREADABLE` or `TOO_LARGE`.

        :param limit: the largest body that is read, in bytes
        :raises TimeoutError: if it does not end in time; a user may take longer
        """
        if limit >= NO_LIMIT:
            await self._read_body(limit)
            return self._body
        try:
            await _in_time(self._read_body(limit))
        except asyncio.TimeoutError as error:
            raise TimeoutError from error
        return self._body

    async def read_form(self, limit: int) -> Any:
        """Return the fields of a form as a dict, `UNREADABLE` or `TOO_LARGE`.

        :param limit: the largest body that is read, in bytes
        :raises TimeoutError: if it does not end in time
        """
        self._body = UNREADABLE
        if not self.is_stated_too_large(limit):
            try:
                await _in_time(self._read_form(limit))
            except asyncio.TimeoutError as error:
                raise TimeoutError from error
        return self._body

    @abstractmethod
    async def _read_body(self, limit: int) -> None:
        """Read and parse the body, so that it is at hand when it is judged."""

    @abstractmethod
    async def _read_form(self, limit: int) -> None:
        """Read and parse the body as a form."""

    def json_body(self, limit: int) -> Any:
        return self._body

    def form_body(self, limit: int) -> Any:
        return self._body

    def query_values(self, name: str) -> list[str]:
        return parse_qs(self.query, keep_blank_values=True).get(name, [])

    def replace_query_values(self, values: dict[str, list[str]]) -> None:
        kept = [(k, v) for k, v in parse_qsl(self.query, keep_blank_values=True) if k not in values]
        replaced = [(name, value) for name, several in values.items() for value in several]
        self.scope["query_string"] = urlencode(kept + replaced).encode()

    def rewrite_answer(self, rewrite: Callable[[bytes], bytes]) -> None:
        self.rewrite = rewrite

    def raised(self, refused: Refused) -> Exception:
        if self.is_socket:
            internals.tell_page(refused.text)
        return refused


BODY_TIMEOUT = 60
"""For how long the body of a stranger's request is waited for, in seconds, as Quart has it."""


async def _in_time(reading: Coroutine[Any, Any, None]) -> None:
    if sys.version_info >= (3, 11):
        async with asyncio.timeout(BODY_TIMEOUT):
            await reading
    else:
        # In a task of its own, which costs more than all of the decision.
        await asyncio.wait_for(reading, BODY_TIMEOUT)


async def write(request: Request, guards: Guards) -> None:
    """Have what is to go to a store be written beside the event loop.

    :param request: the request that brought it
    :param guards: the guards of the server
    """
    if request.writes:
        try:
            await off_loop(guards.write, request, is_remembered=True)
        except Crowded:
            guards.write(request)


def as_nobody(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Return a server's ends of a request so that no other request is taken for its user's.

    In these calls uvicorn reads on, and starts what comes next over the same connection, be it for
    a route that no guard stands before: with all that the context says then. A proxy sends the
    requests of many users over one connection.

    :param receive: gives the client's messages
    :param send: sends messages to the client
    """
    before = EVENT_LOOP_FACTS.get()

    async def received() -> Message:
        facts = EVENT_LOOP_FACTS.get()
        EVENT_LOOP_FACTS.set(before)
        try:
            return await receive()
        finally:
            EVENT_LOOP_FACTS.set(facts)

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            # Nothing ends here, and what the server logs may name the user.
            await send(message)
            return
        facts = EVENT_LOOP_FACTS.get()
        EVENT_LOOP_FACTS.set(before)
        try:
            await send(message)
        finally:
            EVENT_LOOP_FACTS.set(facts)

    return received, sent
