"""Logins that were ended before their time.

A copy of the cookie counts until its ticket says, but not in this process: what lives there, a
WebSocket, ends with the login that opened it.
"""

from __future__ import annotations

import time

from dash_auth._core import Ticket

_ended: dict[str, int] = {}
"""When each login would have ended, by its id."""


def end(ticket: Ticket) -> None:
    """Remember that a login is over.

    :param ticket: the ticket that was issued for it
    """
    now = time.time()
    for number in [number for number, end in list(_ended.items()) if end <= now]:
        _ended.pop(number, None)
    if ticket.until is not None:
        _ended[ticket.id] = ticket.until


def is_ended(ticket: Ticket) -> bool:
    """Tell whether a login was ended in this process.

    :param ticket: the ticket that was issued for it
    """
    return ticket.id in _ended
