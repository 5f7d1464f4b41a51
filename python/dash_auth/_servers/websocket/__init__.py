"""A WebSocket between a client and an app: who opened it, and what each message may do.

Dash's own hooks are shared by all apps of a process, are not told which app is meant, and refuse by
closing the whole socket. So the guard stands between the server and the app: it reads each message
before the app does, and answers what is refused in the app's place.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from dash_auth._core import Refusal
from dash_auth._guard.guard import Guard
from dash_auth._guard.socket import Admission, admit, judge
from dash_auth._login import Visitor
from dash_auth._out_of_order import is_out_of_order
from dash_auth._raised import FORBIDDEN, Refused
from dash_auth._servers.asgi import AsgiRequest
from dash_auth._servers.websocket.allowance import Allowance, unread_request
from dash_auth._servers.websocket.messages import message_of_dash, refusal_of
from dash_auth._servers.websocket.outbox import Outbox, start
from dash_auth._servers.websocket.watched import watch
from dash_auth._steps import walk_beside_loop
from dash_auth._threads import Crowded

logger = logging.getLogger("dash_auth")

Message = MutableMapping[str, Any]

LOGIN_REQUIRED = 4001
"""The code of a socket that is closed: Dash's renderer does not open it again by itself."""

_MAY_NOT = 1008
"""The code for what the user of a socket may not have (RFC 6455 section 7.4: against a policy)."""

_TOO_MUCH = "more than anonymous_body_limit came with no login"

_FAILED_LOOKS = 2
"""After so many looks in turn that came to nothing a socket is closed: two seconds lie between."""

_SECONDS_TO_SAY_GOODBYE = 1.0
"""How long the app hears later of the end where the client does not read, in seconds."""


def closing_code(refused: Refused) -> int:
    """Return the code with which a WebSocket is closed that code of the app's own refuses.

    :param refused: why
    """
    return _MAY_NOT if refused.why == FORBIDDEN else LOGIN_REQUIRED


class GuardedSocket:
    """A WebSocket, as the guard hands it to the app."""

    def __init__(
        self,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
        parse: Callable[[str], Any] = json.loads,
    ) -> None:
        """Stand between server and app; until :meth:`admit` has said who is there, nobody is.

        :param receive: gives the client's messages
        :param send: sends messages to the client
        :param parse: the parser that the app's messages go through
        """
        self._receive = receive
        self._send = send
        self._parse = parse
        self._sending = asyncio.Lock()
        self._outbox = Outbox(self._send_text)
        self._guard: Guard | None = None
        self._request: AsgiRequest | None = None
        self._visitors: list[Visitor] = []
        self._allowance: Allowance | None = None
        self._context = contextvars.Context()
        self._is_admitted = False
        self._unread: asyncio.Future[Message] | None = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._goodbye: asyncio.Task[None] | None = None
        self._failed_looks = 0

    async def admit(self, guards: list[Guard], request: AsgiRequest) -> bool:
        """Decide on the handshake; tell whether the socket may be opened.

        :param guards: the guards that are responsible
        :param request: the facts of the handshake
        """
        try:
            for guard in guards:
                admission = await self._admission(guard, request)
                if admission is None:
                    return False
                if admission.visitor is not None:
                    self._visitors.append(admission.visitor)
                if admission.is_for_callbacks:
                    self._guard = guard
        finally:
            request.leave_session_unwritten()
        self._request = request
        # Messages may be read in a task that knows nothing of this handshake.
        self._context = contextvars.copy_context()
        self._is_admitted = bool(guards)
        if self._visitors:
            watch(self)
        elif self._guard is not None:
            self._allowance = Allowance(self._guard.body_limit)
        return self._is_admitted

    async def _admission(self, guard: Guard, request: AsgiRequest) -> Admission | None:
        try:
            return await walk_beside_loop(admit(guard, request), request)
        except Crowded:
            logger.debug("Refused: a WebSocket, since too many logins are under way")
        except Exception:
            logger.exception("Refused: an error while deciding on a WebSocket")
        return None

    async def receive(self) -> Message:
        """Give the app the next message that may pass."""
        while True:
            message = await self._next()
            if message is None:
                return {"type": "websocket.disconnect", "code": LOGIN_REQUIRED}
            if message["type"] != "websocket.receive" or await self._passes(message):
                return message

    async def _next(self) -> Message | None:
        """Return the client's next message, None once the socket is closed."""
        if self._is_admitted and not self._visitors:
            # Nobody closes a stranger's.
            return await self._receive()
        received, self._unread = self._unread or asyncio.ensure_future(self._receive()), None
        try:
            await asyncio.wait((received, self._closed), return_when=asyncio.FIRST_COMPLETED)
            if self._goodbye is None:
                return received.result()
            # A client that does not close, or does not even read, must not keep the app at work.
            await asyncio.wait((self._goodbye,), timeout=_SECONDS_TO_SAY_GOODBYE)
            return None
        except asyncio.CancelledError:
            # An app that waits for a while only may give up as the message arrives: it is the next.
            if received.done() and not received.cancelled():
                self._unread = received
            raise
        finally:
            received.cancel()

    async def send(self, message: Message) -> None:
        """Send the client a message of the app's."""
        async with self._sending:
            if self._goodbye is None:
                await self._send(message)
        if self._allowance is not None:
            self._allowance.give_back(message.get("text") or "")

    async def _send_text(self, text: str) -> None:
        async with self._sending:
            if self._goodbye is None:
                await self._send({"type": "websocket.send", "text": text})

    def close(self) -> None:
        """Close the socket: its user has to log in again."""
        if self._goodbye is None:
            self._goodbye = start(self._say_goodbye())
            self._closed.set_result(None)

    async def _say_goodbye(self) -> None:
        closing = {"type": "websocket.close", "code": LOGIN_REQUIRED, "reason": "Login required"}
        try:
            async with self._sending:
                await self._send(closing)
        except Exception:
            logger.debug("A WebSocket is closed already", exc_info=True)

    async def look_after(self) -> None:
        """Close the socket if a login that opened it holds no longer."""
        if not (await self._is_known() and self._holds()):
            self.close()

    async def _is_known(self) -> bool:
        """Find out what :meth:`_holds` is to know; tell whether that could be done of late."""
        assert self._request is not None
        try:
            for visitor in self._visitors:
                looking_up = visitor.login.look_up(visitor)
                if looking_up is not None:
                    await walk_beside_loop(looking_up, self._request, is_remembered=True)
        except Exception as error:
            if not (isinstance(error, Crowded) or is_out_of_order(error)):
                logger.exception("Closed: an error while asking whether a WebSocket's login holds")
                return False
            # A store that is started anew is back by the next look, and a socket is not.
            self._failed_looks += 1
            return self._failed_looks < _FAILED_LOOKS
        self._failed_looks = 0
        return True

    def _holds(self) -> bool:
        try:
            return all(visitor.login.holds(visitor) for visitor in self._visitors)
        except Exception:
            logger.exception("Closed: an error while asking whether a WebSocket's login holds")
            return False

    async def _passes(self, message: Message) -> bool:
        if not self._is_admitted:
            return False
        if self._guard is None:
            # A WebSocket of the developer's own: the handshake was what there is to decide.
            return True
        text = message.get("text")
        if text is None:
            logger.debug("Dropped: a WebSocket message that is no text, as Dash's are")
            return False
        if self._allowance is not None and not self._allowance.admits(text):
            logger.debug("Refused: a WebSocket message; %s", _TOO_MUCH)
            unread = unread_request(text)
            if unread is not None:
                self._outbox.put(refusal_of(unread, "Login required"))
            return False
        content = message_of_dash(text, self._parse)
        if content is None:
            logger.debug("Dropped: a WebSocket message that is none of Dash's")
            return False
        if content["type"] == "callback_request":
            return await self._may_run(self._guard, content, text)
        if content["type"] == "heartbeat" and self._allowance is not None:
            # Dash would queue its answers without end for a client that does not read them.
            self._outbox.put('{"type": "heartbeat_ack"}')
            return False
        return True

    async def _may_run(self, guard: Guard, content: dict[str, Any], text: str) -> bool:
        try:
            refusal = await self._refusal(guard, content["payload"])
        except Crowded:
            logger.debug("Refused: a WebSocket's callback; too many wait already")
            refusal = "Too many logins"
        except Exception as error:
            if getattr(error, "is_told", False):
                logger.debug("Refused: a WebSocket's callback; %s", error)
                refusal = "Please try again in a few seconds"
            else:
                logger.exception("Refused: an error while deciding on a WebSocket message")
                refusal = "Refused"
        if refusal is None and self._allowance is not None:
            refusal = None if self._allowance.take(content, text) else "Too many callbacks at once"
            if refusal is not None:
                logger.debug("Refused: a WebSocket's callback; %s", _TOO_MUCH)
        if refusal is not None:
            self._outbox.put(refusal_of(content, refusal))
        return refusal is None

    async def _refusal(self, guard: Guard, payload: dict[str, Any]) -> str | None:
        """Tell why a callback may not run, None if it may."""
        request = self._request
        assert request is not None
        visitor = self._visitors[0] if self._visitors else None
        if visitor is not None and not self._holds():
            refusal: str | Refusal | None = Refusal.WRONG
        else:
            refusal = await walk_beside_loop(
                judge(guard, request, visitor, payload),
                request,
                context=self._context,
                is_remembered=True,
            )
        if isinstance(refusal, Refusal):
            self.close()
            logger.debug("Refused: a WebSocket's callback; its login holds no longer")
            return "Login required"
        return refusal
