"""Looks after the sockets of users, who may be removed while they send nothing."""

from __future__ import annotations

import asyncio
from typing import Protocol
from weakref import WeakSet

from dash_auth._servers.websocket.outbox import start

_SECONDS_BETWEEN_LOOKS = 2.0
"""How often idle sockets are looked after, in seconds: a removed user's is closed within five."""


_AT_ONCE = 32
"""How many are looked at at once: to ask where their sessions are kept takes a while."""


class Watched(Protocol):
    """A socket that somebody logged in to open."""

    async def look_after(self) -> None:
        """Close the socket if a login that opened it holds no longer."""


_watched: dict[asyncio.AbstractEventLoop, WeakSet[Watched]] = {}
"""The sockets of each event loop that somebody logged in to open, while a task looks after them."""


def watch(socket: Watched) -> None:
    """Have a socket looked after for as long as it is open.

    :param socket: the socket; it is kept alive by others
    """
    loop = asyncio.get_running_loop()
    if loop not in _watched:
        _watched[loop] = WeakSet()
        start(_look_after(_watched[loop]))
    _watched[loop].add(socket)


async def _look_after(sockets: WeakSet[Watched]) -> None:
    try:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            if not sockets:
                return
            await _look_at(sockets)
    finally:
        del _watched[asyncio.get_running_loop()]


async def _look_at(sockets: WeakSet[Watched]) -> None:
    # A function of its own: the variable of a loop that waits would keep the last socket alive.
    looked_at = list(sockets)
    for first in range(0, len(looked_at), _AT_ONCE):
        some = looked_at[first : first + _AT_ONCE]
        looks = (socket.look_after() for socket in some)
        await asyncio.gather(*looks, return_exceptions=True)
