"""A store that may be away: what is said of it then, and for how long it is not asked again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from dash_auth._out_of_order import is_out_of_order, say_out_of_order
from dash_auth._unavailable import Unavailable
from dash_auth.sessions.store import SessionStore, StoredSession

T = TypeVar("T")

_PAUSE = 1.0
"""For how long a store that did not answer is not asked again, in seconds."""


class Away(Unavailable):
    """A store cannot be asked, which was told of."""

    is_told: bool = True


class Breaker:
    """Asks what may be away, as long as it answers."""

    def __init__(self, what: str) -> None:
        """Say what is asked.

        :param what: what is kept there, in messages
        """
        self._what = what
        self._lock = threading.Lock()
        self._away_until = 0.0

    def asked(self, ask: Callable[[], T]) -> T:
        """Return what is found.

        :param ask: finds it
        :raises Away: if it cannot be asked
        """
        if self._away_until:
            with self._lock:
                now = time.monotonic()
                if now < self._away_until:
                    raise Away(f"{self._what} cannot be asked")
                # This one finds out; the others do not wait for it.
                self._away_until = now + _PAUSE
        try:
            found = ask()
        except Exception as error:
            # An error about one session says nothing of the others.
            is_away = is_out_of_order(error) and not isinstance(error, Unavailable)
            self._away_until = time.monotonic() + _PAUSE if is_away else 0.0
            say_out_of_order(self._what, error)
            raise Away(f"{self._what} cannot be asked") from error
        self._away_until = 0.0
        return found


class Reached:
    """Asks a store, as long as it answers.

    Attributes:
        store: the store.
    """

    def __init__(self, store: SessionStore) -> None:
        """Remember what is asked.

        :param store: the store
        """
        self.store: SessionStore = store
        self._asked = Breaker("the sessions").asked

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {type(self.store).__name__}>"

    def create(self, id: str, user: str, data: str, seconds: int, *, began: float = 0.0) -> bool:
        """See :meth:`SessionStore.create`."""
        return self._asked(lambda: self.store.create(id, user, data, seconds, began=began))

    def load(self, id: str) -> StoredSession | None:
        """See :meth:`SessionStore.load`."""
        return self._asked(lambda: self.store.load(id))

    def touch(self, id: str, seconds: int) -> bool:
        """See :meth:`SessionStore.touch`."""
        return self._asked(lambda: self.store.touch(id, seconds))

    def change(self, id: str, data: str, was: str) -> bool:
        """See :meth:`SessionStore.change`."""
        return self._asked(lambda: self.store.change(id, data, was))

    def end(self, id: str) -> bool:
        """See :meth:`SessionStore.end`."""
        return self._asked(lambda: self.store.end(id))

    def end_all(self, user: str, except_: str | None = None) -> int:
        """See :meth:`SessionStore.end_all`."""
        return self._asked(lambda: self.store.end_all(user, except_))

    def of(self, user: str) -> list[StoredSession]:
        """See :meth:`SessionStore.of`."""
        return self._asked(lambda: self.store.of(user))
