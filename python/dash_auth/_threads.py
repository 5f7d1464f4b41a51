"""The threads in which an event loop's requests wait, and how many may wait for one.

Who is remembered waits beside nobody else: a thread for the groups of a user who has logged in is
not kept waiting by those who guess passwords, however many they are.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from werkzeug.exceptions import ServiceUnavailable

T = TypeVar("T")

_THREADS = 64

RETRY_AFTER = 1
"""Seconds after which a client that was sent away may come back: a hash takes a tenth of one."""


class Crowded(ServiceUnavailable):
    """So many wait already that one more is sent away: 503 with Retry-After."""

    def __init__(self) -> None:
        super().__init__("Too many logins", retry_after=RETRY_AFTER)


class Threads:
    """Some threads, and a limit to how many calls are in them or wait for them."""

    def __init__(self, name: str, limit: int) -> None:
        """Start with none; each is started when it is needed.

        :param name: what the threads are called
        :param limit: how many calls may be under way, those that wait for a thread included
        """
        self._name = name
        self._limit = limit
        self._start()
        if hasattr(os, "register_at_fork"):
            # A fork takes no threads along, and what it was told of them holds no more.
            os.register_at_fork(after_in_child=self._start)

    def _start(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix=self._name)
        self._lock = threading.Lock()
        self._under_way = 0

    async def call(
        self, context: contextvars.Context, function: Callable[..., T], *arguments: Any
    ) -> T:
        """Call a function in one of the threads.

        :param context: the context in which it runs
        :param function: function that may take long
        :param arguments: what it is called with
        :return: what it returns
        :raises Crowded: at once, if too many calls are under way
        """
        with self._lock:
            if self._under_way >= self._limit:
                raise Crowded
            self._under_way += 1
        try:
            call = self._pool.submit(context.run, function, *arguments)
        except BaseException:
            self._count_out()
            raise
        # What is called goes on where its client has gone, and counts until it ends.
        call.add_done_callback(self._count_out)
        return await asyncio.wrap_future(call)

    def _count_out(self, _: object = None) -> None:
        with self._lock:
            self._under_way -= 1


VISITORS = Threads("dash_auth", 2 * _THREADS)
"""Where those wait of whom nothing is known yet: for a turn to hash, for the developer's check."""

REMEMBERED = Threads("dash_auth_remembered", 16 * _THREADS)
"""Where the groups of users are asked for whose credentials were verified before."""
