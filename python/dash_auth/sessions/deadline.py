"""No database is waited for without an end: a driver waits for as long as its server is silent."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Asking:
    """A connection over which something is asked, and until when an answer may come."""

    until: float
    descriptor: int
    is_over: bool = False
    is_late: bool = False


class Deadlines:
    """Shuts connections down whose server does not answer in time."""

    def __init__(self, seconds: float) -> None:
        """Begin with none.

        :param seconds: for how long an answer is waited for, in seconds
        """
        self._seconds = seconds
        # All are waited for equally long: the first to come is the first to end.
        self._asking: deque[_Asking] = deque()
        self._is_asked = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def of(self, connection: Any) -> Iterator[None]:
        """Give what is asked over a connection meanwhile no more than the time.

        :param connection: a connection of SQLAlchemy's
        :raises TimeoutError: if it was not enough
        """
        descriptor = _descriptor_of(connection.connection.driver_connection)
        if descriptor is None:
            # SQLite has a limit of its own, and is no server.
            yield
            return
        asking = _Asking(time.monotonic() + self._seconds, descriptor)
        self._watch(asking)
        try:
            yield
        except Exception as error:
            if asking.is_late:
                raise TimeoutError("the database does not answer") from error
            raise
        finally:
            with self._lock:
                asking.is_over = True

    def _watch(self, asking: _Asking) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._look, name="dash_auth deadlines", daemon=True
                    )
                    self._thread.start()
        self._asking.append(asking)
        if not self._is_asked.is_set():
            self._is_asked.set()

    def _look(self) -> None:
        while True:
            self._is_asked.wait()
            self._is_asked.clear()
            while self._asking:
                asking = self._asking[0]
                if not asking.is_over:
                    time.sleep(max(0.0, asking.until - time.monotonic()))
                self._end(self._asking.popleft())

    def _end(self, asking: _Asking) -> None:
        # A connection that is over may be another's by now.
        with self._lock:
            if asking.is_over:
                return
            asking.is_late = True
            with (
                contextlib.suppress(OSError),
                socket.socket(fileno=os.dup(asking.descriptor)) as it,
            ):
                it.shutdown(socket.SHUT_RDWR)


def _descriptor_of(driver: Any) -> int | None:
    """Return the descriptor of a connection of psycopg's, None for another kind."""
    try:
        return int(driver.fileno())
    except Exception:
        return None


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Return what a call gives, if it gives that in time; a connection that comes later is closed.

    :param seconds: how long to wait, in seconds
    :param call: opens a connection
    :raises TimeoutError: if it does not
    """
    done: list[tuple[Any, BaseException | None]] = []
    is_done, lock, is_late = threading.Event(), threading.Lock(), False

    def run() -> None:
        made, failed = None, None
        try:
            made = call()
        except BaseException as error:
            failed = error
        with lock:
            done.append((made, failed))
            is_done.set()
        if is_late and made is not None:
            made.close()

    threading.Thread(target=run, name="dash_auth connects", daemon=True).start()
    is_done.wait(seconds)
    with lock:
        if not done:
            is_late = True
            raise TimeoutError("the database cannot be connected to in time")
    made, failed = done[0]
    if failed is not None:
        raise failed
    return made
