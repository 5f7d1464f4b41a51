"""Logins that were ended before their time.

A copy of the cookie counts until its note says. What lives in this process, a WebSocket, ends with
the login that opened it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dash_auth.sessions.notes import NOTE
from dash_auth.sessions.parked import parked, until

_ended: dict[str, int] = {}
"""When each login would have ended, by its id."""


def end(session: Mapping[str, Any]) -> None:
    """Remember that the logins in a session are over, those to other apps too."""
    now = time.time()
    for number in [number for number, end in list(_ended.items()) if end <= now]:
        _ended.pop(number, None)
    for login in (session, *parked(session)):
        if until(login) > now:
            _ended[_id(login)] = until(login)


def is_ended(login: Mapping[str, Any]) -> bool:
    """Tell whether a login was ended in this process."""
    return _id(login) in _ended


def _id(login: Mapping[str, Any]) -> str:
    return str(login[NOTE].get("id"))
