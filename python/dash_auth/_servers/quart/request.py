"""A request to a Quart server, or a WebSocket's handshake."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import quart
from quart.wrappers.request import Body
from werkzeug.exceptions import HTTPException

from dash_auth import _dash_internals as internals
from dash_auth._request import TOO_LARGE, UNREADABLE
from dash_auth._servers.asgi import AsgiRequest
from dash_auth._servers.werkzeug import apps_on, decisive, state_query


class CountedBody(Body):
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
        self._session_cookie = quart.current_app.config["SESSION_COOKIE_NAME"]
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

    @property
    def has_session_cookie(self) -> bool:
        return self._session_cookie in self._request.cookies

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

    async def _ends_within(self, limit: int) -> bool:
        """Wait for the end of the body, and tell whether it came within a limit, in bytes."""
        body = self._request.body
        if isinstance(body, CountedBody):
            return await body.ends_within(limit)
        # The developer has put a class of requests in the place of ours.
        return len(await self._request.get_data(as_text=False)) <= limit

    def replace_query_values(self, values: dict[str, list[str]]) -> None:
        super().replace_query_values(values)
        state_query(self._request, self.query)
