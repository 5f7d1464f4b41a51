"""Logins that were begun and wait in the session for their callback.

Each tab of a browser may begin one. All of them share one cookie of 4 KB: what a login has to prove
is kept short, and the path that a tab wanted gives way before its login does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dash_auth._shown import Session

PENDING = "_dash_auth_pending"
"""The key of the logins that wait: for each the provider, the state, the end, what the callback has
to prove, and the path that the user wanted."""

SINCE = "since"
"""The key of what a callback has to prove that says since when the user is to have been asked."""

_TARGET = "_dash_auth_target"
_LOGINS = 5
_SECONDS = 3600


def begin(session: Session, idp: str, state: str, proof: Mapping[str, Any]) -> None:
    """Remember a login that waits for its callback.

    :param session: the session of the current request
    :param idp: the name of the provider
    :param state: the parameter that comes back with the callback
    :param proof: what the callback has to prove
    """
    others = [login for login in _pending(session) if login[:2] != [idp, state]]
    own = [idp, state, int(time.time() + _SECONDS), dict(proof), None]
    _keep(session, [*others, own][-_LOGINS:])


def aim(session: Session, target: str | None, *, again: bool = False) -> None:
    """Remember the path that the user wanted with the login that was begun last.

    :param session: the session of the current request
    :param target: the path
    :param again: whether the provider is to have asked the user since then
    """
    pending = _pending(session)
    if pending:
        pending[-1][4] = target
        if again:
            pending[-1][3] = {**pending[-1][3], SINCE: int(time.time())}
        _keep(session, pending)


def since(session: Mapping[str, Any], idp: str, state: str | None) -> int | None:
    """Return since when a provider is to have asked the user, None where that is all the same.

    :param session: what the session held when the browser came back
    :param idp: the name of the provider
    :param state: the parameter that came back
    :return: the time, in seconds since 1970
    """
    found = (proof(session, idp, state) or {}).get(SINCE)
    return found if isinstance(found, int) else None


def proof(session: Mapping[str, Any], idp: str, state: str | None) -> dict[str, Any] | None:
    """Return what a callback has to prove, None if this browser waits for no such callback."""
    login = _find(session, idp, state)
    return None if login is None else dict(login[3])


def age(session: Mapping[str, Any], idp: str, state: str | None) -> float:
    """Return how long ago a login was begun, in seconds; 0 if this browser waits for none.

    :param session: what the session held when the browser came back
    :param idp: the name of the provider
    :param state: the parameter that came back
    """
    login = _find(session, idp, state)
    return 0.0 if login is None else max(0.0, time.time() - (login[2] - _SECONDS))


def target(session: Mapping[str, Any], idp: str, state: str | None) -> str | None:
    """Return the path that the user wanted when a login was begun."""
    login = _find(session, idp, state)
    return login[4] if login is not None and isinstance(login[4], str) else None


def end(session: Session, idp: str, state: str | None) -> None:
    """Forget a login that waited for its callback."""
    _keep(session, [login for login in _pending(session) if login[:2] != [idp, state]])


def forget_older_target(session: Session) -> bool:
    """Forget the path that the oldest tab but the last wanted; tell whether there was one."""
    pending = _pending(session)
    login = next((login for login in pending[:-1] if login[4] is not None), None)
    if login is None:
        return False
    login[4] = None
    _keep(session, pending)
    return True


def forget_older_login(session: Session) -> bool:
    """Forget the oldest login but the last; tell whether there was one."""
    pending = _pending(session)
    if len(pending) < 2:
        return False
    _keep(session, pending[1:])
    return True


def remember_target(session: Session, target: str | None) -> None:
    """Remember the path that the user wanted while a provider is being chosen."""
    if target is not None:
        session[_TARGET] = target


def take_target(session: Session) -> str | None:
    """Return the path that the user wanted before choosing a provider, and forget it."""
    target = session.pop(_TARGET, None)
    return target if isinstance(target, str) else None


def _find(session: Mapping[str, Any], idp: str, state: str | None) -> list[Any] | None:
    return next((login for login in _pending(session) if login[:2] == [idp, state]), None)


def _keep(session: Session, pending: list[list[Any]]) -> None:
    if pending:
        session[PENDING] = pending
    else:
        session.pop(PENDING, None)


def _pending(session: Mapping[str, Any]) -> list[list[Any]]:
    """Return copies of the logins that still wait, the last begun at the end."""
    held = session.get(PENDING)
    now = time.time()
    return [list(login) for login in held if _waits(login, now)] if isinstance(held, list) else []


def _waits(login: Any, now: float) -> bool:
    if not (isinstance(login, list) and len(login) == 5):
        return False
    return isinstance(login[2], int) and login[2] > now and isinstance(login[3], dict)
