"""A request to a FastAPI server, or a WebSocket's handshake."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope

from dash_auth import _dash_internals as internals
from dash_auth._guard.guard import Guard
from dash_auth._quoted import quoted
from dash_auth._request import TOO_LARGE, UNREADABLE
from dash_auth._servers.asgi import AsgiRequest
from dash_auth._servers.fastapi.answers import answer_of
from dash_auth._servers.websocket import LOGIN_REQUIRED

logger = logging.getLogger("dash_auth")

_MOST_FIELDS = 100
"""How many fields of a form are read."""


class FastAPIRequest(AsgiRequest):
    """The facts of the current request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        """Read what every decision needs.

        :param scope: the scope of the connection
        :param receive: gives the messages of the client
        """
        super().__init__(scope, internals.route_path(scope))
        self._receive = receive
        self._messages: list[Message] = []
        self.guard: Guard | None = None
        self._cookies: Mapping[str, str] | None = None
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

    def cookie(self, name: str) -> str | None:
        if self._cookies is None:
            self._cookies = HTTPConnection(self.scope).cookies
        return self._cookies.get(name)

    async def _read_body(self, limit: int) -> None:
        # As Dash has it: it parses no other body.
        if self.is_stated_too_large(limit) or not self.content_type.startswith("application/json"):
            return
        body = await self._read(limit)
        if body is None:
            return
        try:
            # The bytes that Dash will be given, through the parser that it uses.
            self._body = json.loads(body)
        except (RecursionError, ValueError):
            return

    async def _read_form(self, limit: int) -> None:
        body = await self._read(limit)
        if body is None:
            return
        try:
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
            )
        except ValueError:
            return
        fields = dict(pairs)
        self._body = fields if len(fields) == len(pairs) else UNREADABLE

    async def _read(self, limit: int) -> bytes | None:
        """Return the body; None where it is too large, or the client is gone."""
        chunks: list[bytes] = []
        length = 0
        more = True
        while more and length <= limit:
            message = await self._receive()
            self._messages.append(message)
            if message["type"] != "http.request":
                return None
            chunks.append(message.get("body", b""))
            length += len(chunks[-1])
            more = message.get("more_body", False)
        if more or length > limit:
            self._body = TOO_LARGE
            return None
        return b"".join(chunks)

    def login_required(self) -> Exception:
        if self.scope["type"] == "websocket":
            return WebSocketException(LOGIN_REQUIRED, "Login required")
        assert self.guard is not None
        logger.debug("Refused: %s: its view asks for a login", quoted(f"{self.method} {self.path}"))
        asking = answer_of(self.guard.asked(self))
        headers = {k: v for k, v in asking.headers.items() if not k.startswith("content-")}
        return HTTPException(asking.status_code, "Login required", headers)

    async def receive(self) -> Message:
        """Give the app the messages of the client, those that were read already among them."""
        return self._messages.pop(0) if self._messages else await self._receive()
