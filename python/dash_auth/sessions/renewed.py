"""Logins that went on after their ticket was read.

A WebSocket goes on for hours with the ticket of its handshake, while requests beside it renew the
cookie. What was renewed in another process is not known here.
"""

from __future__ import annotations

import time

from dash_auth._core import Ticket

_LEAST = 1000
"""So many are kept before those that are over are looked for."""


class Renewed:
    """Remembers until when logins were renewed."""

    def __init__(self) -> None:
        """Begin with none."""
        self._until: dict[str, int] = {}
        self._most = _LEAST

    def note(self, ticket: Ticket) -> None:
        """Remember that a login goes on.

        :param ticket: its new ticket
        """
        if ticket.idle_until is None:
            return
        self._until[ticket.id] = ticket.idle_until
        if len(self._until) > self._most:
            now = time.time()
            for id, until in list(self._until.items()):
                if until <= now:
                    self._until.pop(id, None)
            # Seldom enough that it costs a login nothing.
            self._most = max(_LEAST, 2 * len(self._until))

    def until(self, ticket: Ticket) -> int:
        """Return until when the login of a ticket was renewed, 0 where it was not.

        :param ticket: the ticket
        """
        return self._until.get(ticket.id, 0)
