"""Logins that were ended before their time.

A copy of the cookie counts until its ticket says, but not in this process: what lives there, a
WebSocket, ends with the login that opened it.
"""

from __future__ import annotations

import math
import time

from dash_auth._core import Ticket

MOST = 100_000
"""How many with no time of their own are remembered: of more, the oldest are forgotten.

A provider's login, which opens private pages, has its time and is remembered until then.
"""

_FEW = 1000
"""Of no more than so many all are looked at each time, for those that are over."""

_ended: dict[str, float] = {}
"""When each login would have ended, by its id; infinity for a ticket with no time of its own."""


class _NextLook:
    """From which number on all are looked at again."""

    at = 0


_next_look = _NextLook()


def end(ticket: Ticket) -> None:
    """Remember that a login is over.

    :param ticket: the ticket that was issued for it
    """
    _ended[ticket.id] = math.inf if ticket.until is None else ticket.until
    if _FEW < len(_ended) < _next_look.at:
        return
    now, known = time.time(), list(_ended.items())
    over = [number for number, end in known if end <= now]
    lasting = [number for number, end in known if end == math.inf]
    for number in [*over, *lasting[:-MOST]]:
        _ended.pop(number, None)
    # Seldom enough that no logout takes longer the more there were.
    _next_look.at = len(_ended) * 5 // 4


def is_ended(ticket: Ticket) -> bool:
    """Tell whether a login was ended in this process.

    :param ticket: the ticket that was issued for it
    """
    return ticket.id in _ended


def is_none() -> bool:
    """Tell whether no login was ended in this process."""
    return not _ended
