"""What the guard itself says to the client of a WebSocket."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

logger = logging.getLogger("dash_auth")

_LIMIT = 1024 * 1024
"""How much may wait for a client that does not read, in characters; what more comes is dropped."""

_tasks: set[asyncio.Task[None]] = set()
"""A loop keeps no task alive that nobody holds."""


class Outbox:
    """Answers that the client has not taken yet.

    Whoever reads the client's messages must not wait until it takes the answers: hypercorn tells of
    a lost connection by a message, and would wait for its reader for ever.
    """

    __slots__ = ("_is_emptied", "_length", "_send", "_waiting")

    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Start empty.

        :param send: sends a text to the client
        """
        self._send = send
        self._waiting: deque[str] = deque()
        self._length = 0
        self._is_emptied = False

    def put(self, text: str) -> None:
        """Have a text sent, unless too much waits already.

        :param text: the text
        """
        if self._length + len(text) > _LIMIT:
            return
        self._waiting.append(text)
        self._length += len(text)
        if not self._is_emptied:
            self._is_emptied = True
            start(self._empty())

    async def _empty(self) -> None:
        try:
            while self._waiting:
                await self._send(self._waiting[0])
                self._length -= len(self._waiting.popleft())
        except Exception:
            # The app hears of it when it reads on.
            logger.debug("A WebSocket's client is gone", exc_info=True)
        finally:
            self._is_emptied = False


def start(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run a coroutine beside the caller.

    :param coroutine: what to run; it handles its own errors
    """
    task = asyncio.get_running_loop().create_task(coroutine)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task
