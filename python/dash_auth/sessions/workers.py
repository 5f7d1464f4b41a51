"""Tells of several workers whose logins end in one of them alone."""

from __future__ import annotations

import logging
import time

from dash_auth._core import Ticket

logger: logging.Logger = logging.getLogger("dash_auth")

_STARTED = time.time()

_MOST = 10_000
"""How many logins of this process are known apart from those of others."""


class Workers:
    """Says so, once, if a worker beside this one serves the app."""

    def __init__(self) -> None:
        """Begin with no login."""
        self._is_done = False
        self._own: set[str] = set()

    def note(self, ticket: Ticket) -> None:
        """Remember a login that ended in this process.

        :param ticket: its ticket
        """
        self._own.add(ticket.id)
        # Nothing is said where it is not known for sure.
        self._is_done = self._is_done or len(self._own) > _MOST

    def look_at(self, ticket: Ticket) -> None:
        """Warn, once, if a login ended in another process while this one ran.

        :param ticket: its ticket
        """
        if self._is_done or ticket.auth_time <= _STARTED or ticket.id in self._own:
            return
        self._is_done = True
        logger.warning(
            "Several workers serve this app, and logins are kept in cookies: a logout counts in "
            "the browser and in one worker, and guesses are counted in each. To share both, pass "
            'sessions="redis://localhost", or the URL of a database.'
        )
