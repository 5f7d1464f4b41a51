"""Functions of the developer's that are told what happened, in a thread of their own."""

from __future__ import annotations

import asyncio
import atexit
import inspect
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

logger = logging.getLogger("dash_auth")

T = TypeVar("T")

_MOST = 1000
"""How much may wait to be told."""

_LAST_WORDS = 2.0
"""How long the end of the process waits for what is still to be told, in seconds."""


class Listeners(Generic[T]):
    """Calls functions one after another, so that who tells them something waits for none."""

    def __init__(self) -> None:
        """Begin with none; the thread is started when there is something to tell."""
        self._functions: tuple[Callable[[T], object], ...] = ()
        self._failed: set[int] = set()
        self._start()
        if hasattr(os, "register_at_fork"):
            # A fork takes no threads along, and tells what happens in it alone.
            os.register_at_fork(after_in_child=self._start)
        atexit.register(self.wait, _LAST_WORDS)

    def _start(self) -> None:
        self._waiting: deque[T] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_calling = False
        self._has_said_full = False

    def __bool__(self) -> bool:
        return bool(self._functions)

    def add(self, function: Callable[[T], object]) -> None:
        """Have a function called from now on.

        :param function: what is called
        """
        with self._changed:
            self._functions = (*self._functions, function)

    def tell(self, what: T) -> None:
        """Have all functions called with something, and do not wait for them.

        :param what: what they are called with
        """
        if not self._functions:
            return
        with self._changed:
            is_full = len(self._waiting) >= _MOST
            is_to_say = is_full and not self._has_said_full
            self._has_said_full = is_full
            if not is_full:
                self._waiting.append(what)
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dash_auth", daemon=True)
                self._thread.start()
        if is_to_say:
            logger.error("The functions of on_event are too slow: some events do not reach them")

    def wait(self, seconds: float) -> bool:
        """Wait until all is told, and return whether it is.

        :param seconds: for how long at most
        """
        with self._changed:
            return self._changed.wait_for(self._is_idle, seconds)

    def _is_idle(self) -> bool:
        return not self._waiting and not self._is_calling

    def _run(self) -> None:
        changed = self._changed
        while True:
            with changed:
                self._is_calling = False
                changed.notify_all()
                changed.wait_for(lambda: self._waiting)
                what = self._waiting.popleft()
                self._is_calling = True
            for function in self._functions:
                self._call(function, what)

    def _call(self, function: Any, what: T) -> None:
        try:
            made = function(what)
            if inspect.isawaitable(made):
                # Always in the same one: a pool of connections belongs to one.
                self._loop = self._loop or asyncio.new_event_loop()
                self._loop.run_until_complete(made)
        except BaseException as error:
            # SystemExit too: it would end the thread, and nobody would be told any more.
            if id(function) not in self._failed:
                self._failed.add(id(function))
                logger.error("An error in a function of on_event", exc_info=error)
