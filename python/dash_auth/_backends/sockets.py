"""A WebSocket between a client and an app: who opened it, and what each message may do.

Dash's own hooks are shared by all apps of a process, are not told which app is meant, and refuse by
closing the whole socket. So the guard stands between the server and the app: it reads each message
before the app does, and answers what is refused in the app's place.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from ..identity import RequestIdentity, SocketLogin
from . import asgi

if TYPE_CHECKING:
    from .._guard import Guard
    from .asgi import AsgiRequest

logger = logging.getLogger("dash_auth")

Message = MutableMapping[str, Any]

LOGIN_REQUIRED = 4001
"""The code of a socket that is closed: Dash's renderer does not open it again by itself."""

_SECONDS_BETWEEN_LOOKS = 2.0
"""How often idle sockets are looked after, in seconds: a removed user's is closed within five."""


class GuardedSocket:
    """A WebSocket, as the guard hands it to the app."""

    def __init__(
        self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Stand between server and app; until :meth:`admit` has said who is there, nobody is.

        :param receive: gives the client's messages
        :param send: sends messages to the client
        """
        self._receive = receive
        self._send = send
        self._sending = asyncio.Lock()
        self._guard: Guard | None = None
        self._request: AsgiRequest | None = None
        self._login: SocketLogin | None = None
        self._is_admitted = False
        self._is_closed = False

    async def admit(self, guards: list[Guard], request: AsgiRequest) -> bool:
        """Decide on the handshake; tell whether the socket may be opened.

        :param guards: the guards that are responsible
        :param request: the facts of the handshake
        """
        asgi.serve_from_this_loop()
        for guard in guards:
            try:
                admitted = await asgi.off_loop(guard.admit_socket, request)
            except Exception:
                logger.exception("Refused: an error while deciding on a WebSocket")
                admitted = None
            if admitted is None:
                return False
            self._login, carries_callbacks = admitted
            if carries_callbacks:
                self._guard = guard
        self._request = request
        self._is_admitted = bool(guards)
        if self._login is not None:
            _watch(self)
        return self._is_admitted

    async def receive(self) -> Message:
        """Give the app the next message that may pass."""
        while True:
            message = await self._receive()
            if self._is_closed:
                return {"type": "websocket.disconnect", "code": LOGIN_REQUIRED}
            if message["type"] != "websocket.receive" or await self._passes(message):
                return message

    async def send(self, message: Message) -> None:
        """Send the client a message of the app's."""
        async with self._sending:
            if not self._is_closed:
                await self._send(message)

    async def close(self) -> None:
        """Close the socket: its user has to log in again."""
        async with self._sending:
            if not self._is_closed:
                self._is_closed = True
                await self._send(
                    {"type": "websocket.close", "code": LOGIN_REQUIRED, "reason": "Login required"}
                )

    async def look_after(self) -> None:
        """Close the socket if the login that opened it holds no longer."""
        if self._login is not None and not self._login.holds():
            await self.close()

    async def _passes(self, message: Message) -> bool:
        if not self._is_admitted:
            return False
        if self._guard is None:
            # A WebSocket of the developer's own: the handshake was what there is to decide.
            return True
        content = _parsed(message)
        if content is None:
            logger.debug("Dropped: a WebSocket message that is none of Dash's")
            return False
        if content["type"] != "callback_request":
            return True
        try:
            refusal = await self._refusal(self._guard, content["payload"])
        except Exception:
            logger.exception("Refused: an error while deciding on a WebSocket message")
            refusal = "Refused"
        if refusal is None:
            return True
        if not self._is_closed:
            await self._refuse(content, refusal)
        return False

    async def _refusal(self, guard: Guard, payload: dict[str, Any]) -> str | None:
        """Tell why a callback may not run, None if it may."""
        request, login = self._request, self._login
        assert request is not None
        if login is not None:
            if not login.holds() or (login.ask and not await asgi.off_loop(login.ask)):
                await self.close()
                return "Login required"
            claims = await asgi.off_loop(login.claims) if login.claims_wait else login.claims()
            request.identity = RequestIdentity(None, claims)
            is_open = guard.websocket_callbacks.include(payload)
        else:
            request.identity = RequestIdentity()
            is_open = guard.websocket_callbacks.are_open(payload)
        return None if is_open else "Login required" if login is None else "No such callback"

    async def _refuse(self, content: dict[str, Any], reason: str) -> None:
        """Answer one callback in the app's place; the socket stays."""
        answer = {
            "type": "callback_response",
            "rendererId": content.get("rendererId", ""),
            "requestId": content["requestId"],
            "payload": {"status": "error", "message": reason},
        }
        await self.send({"type": "websocket.send", "text": json.dumps(answer)})


def _parsed(message: Message) -> dict[str, Any] | None:
    """Return a message of Dash's, None if it is none that Dash can read."""
    text = message.get("text")
    if text is None:
        # Dash's renderer sends text alone.
        return None
    try:
        content: Any = json.loads(text)
    except (RecursionError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    kind = content.get("type")
    if kind == "heartbeat":
        return content
    if not isinstance(content.get("requestId"), str):
        return None
    if kind == "get_props_response":
        return content
    if kind != "callback_request" or not isinstance(content.get("rendererId", ""), str):
        return None
    payload = content.get("payload")
    return content if isinstance(payload, dict) and _names_callback(payload) else None


def _names_callback(payload: dict[str, Any]) -> bool:
    return isinstance(payload.get("output"), str)


_watched: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakSet[GuardedSocket]] = WeakKeyDictionary()
"""The sockets of each event loop that somebody logged in to open."""


def _watch(socket: GuardedSocket) -> None:
    loop = asyncio.get_running_loop()
    sockets = _watched.get(loop)
    if sockets is None:
        sockets = _watched[loop] = WeakSet()
    if not sockets:
        # The loop keeps no task alive that nobody holds.
        task = loop.create_task(_look_after(sockets))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
    sockets.add(socket)


_tasks: set[asyncio.Task[None]] = set()


async def _look_after(sockets: WeakSet[GuardedSocket]) -> None:
    while sockets:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        for socket in list(sockets):
            try:
                await socket.look_after()
            except Exception:
                logger.debug("A WebSocket could not be closed", exc_info=True)
                sockets.discard(socket)
