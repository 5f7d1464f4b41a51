"""Logins to other apps, set aside in a session while one app is at work.

Cookies ignore ports, and apps on one server share the session: what it holds may be of another
guard. Such a login names nobody to this app, so that its code must not read it, but it is not this
guard's to end. The guard that wrote it finds it again by its seal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from dash_auth._shown import IDP, USER, Session
from dash_auth.sessions.notes import NOTE, REFRESH_TOKEN

PARKED = "_dash_auth_parked"
"""The key of the logins that are set aside."""

_LOGIN = (REFRESH_TOKEN, NOTE)

# A cookie holds 4 KB in all: two more apps.
_PARKED_LOGINS = 2


def parked(session: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the logins that are set aside in a session."""
    held = session.get(PARKED)
    return [login for login in held if isinstance(login, dict)] if isinstance(held, list) else []


def until(login: Mapping[str, Any]) -> int:
    """Return when a login through a provider ends, in seconds since 1970; 0 for what is none."""
    note = login.get(NOTE)
    if note is None or not isinstance(note, Mapping) or USER not in note or IDP not in note:
        return 0
    end = note.get("until")
    return end if isinstance(end, int) else 0


def set_aside(session: Session, is_own: Callable[[Mapping[str, Any]], bool]) -> None:
    """Take the login out of a session, and keep those through a provider that are of other apps.

    :param session: the session of the current request
    :param is_own: tells whether a login is of the guard that asks, which has no use for it then
    """
    current = {key: session.pop(key) for key in _LOGIN if key in session}
    kept = [
        login
        for login in (current, *parked(session))
        if until(login) > time.time() and not is_own(login)
    ]
    session.pop(PARKED, None)
    if kept:
        session[PARKED] = kept[:_PARKED_LOGINS]


def hide(session: Session, own: Mapping[str, Any] | None = None) -> None:
    """Set the login of another app aside, without a cookie being written for it.

    :param session: the session of the current request
    :param own: the login of those set aside that takes its place, if there is one
    """
    left: Session = dict(session) if isinstance(session, dict) else session
    set_aside(left, lambda login: login == own)
    left.update(own or {})
    if left is not session:
        # Past the session's own bookkeeping, by which the server knows what to send: if the app
        # writes to it, what is set aside goes along, and else the cookie is right as it is.
        dict.clear(session)
        dict.update(session, left)
