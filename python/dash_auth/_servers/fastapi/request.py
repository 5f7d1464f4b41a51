"""A request to a FastAPI server, or a WebSocket's handshake."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from dash_auth import _dash_internals as internals
from dash_auth import _refused
from dash_auth._raised import FORBIDDEN, LOGIN, Refused
from dash_auth._request import TOO_LARGE, UNREADABLE
from dash_auth._servers.asgi import AsgiRequest
from dash_auth._servers.fastapi.answers import answer_of
from dash_auth._servers.websocket import closing_code

_MOST_FIELDS = 100
"""How many fields of a form are read."""


class HttpRefused(Refused, HTTPException):
    """A refusal that is an answer as well for apps that are mounted, and handle errors themselves.

    Attributes:
        answer: the answer, where it is made already.
    """

    answer: Response | None = None

    def __init__(self, refused: Refused) -> None:
        """Have it answered in a few words.

        :param refused: why
        """
        Refused.__init__(self, refused.why, refused.text)
        self.status_code: int = 403 if refused.why == FORBIDDEN else 401
        self.detail: str = refused.text
        self.headers: dict[str, str] | None = {_refused.HEADER: refused.why}

    def say(self, answer: Response) -> None:
        """Have it answered so.

        :param answer: the answer
        """
        self.answer = answer
        self.status_code = answer.status_code
        self.headers = {k: v for k, v in answer.headers.items() if not k.startswith("content-")}


class _SocketRefused(Refused, WebSocketException):
    """The same for a WebSocket."""

    def __init__(self, refused: Refused) -> None:
        Refused.__init__(self, refused.why, refused.text)
        self.code = closing_code(refused)
        self.reason = refused.text


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

    def raised(self, refused: Refused) -> Exception:
        super().raised(refused)
        if self.is_socket:
            return _SocketRefused(refused)
        raised = HttpRefused(refused)
        if refused.why == LOGIN and self.refusing is not None:
            raised.say(answer_of(self.refusing.asked(self)))
        return raised

    async def receive(self) -> Message:
        """Give the app the messages of the client, those that were read already among them."""
        return self._messages.pop(0) if self._messages else await self._receive()
