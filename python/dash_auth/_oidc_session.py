"""What a session remembers of logins through an identity provider.

The cookie holds a note with what is known of the user, sealed by the guard that wrote it: cookies
ignore ports and apps share keys, so that a login counts only for that guard, that user and that
provider, and only until the note says. What apps read, `flask.session["user"]` and `["idp"]`, is
shown from it, see `_shown.py`. Logins to other apps on the same server are set aside in the session
while this one is in use, and logins that were begun wait there for their callback.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ._backends import Backend
from ._parked import PARKED, hide, parked, set_aside, until
from ._secret_keys import Keys, is_sealed, mark, seal
from ._session import IDP, NOTE, USER, Session

COOKIE_LIMIT = 4000
"""The longest name and value of a cookie, in bytes: below what browsers take (RFC 6265 6.1)."""

_PENDING = "_dash_auth_pending"
_TARGET = "_dash_auth_target"

# A cookie holds 4 KB in all: two tabs that log in at once.
_PENDING_LOGINS = 2


@dataclass(frozen=True)
class LoginNotes:
    """Writes and reads the notes of one guard.

    Attributes:
        guard: what tells this guard from any other that shares the secret.
        seconds: how long a login counts, in seconds.
        registration: tells what the app is registered as at the provider of this name.
    """

    guard: str
    seconds: float
    registration: Callable[[str], str]

    def write(self, session: Session, keys: Keys) -> None:
        """Note that the user in a session logged in just now.

        :param session: the session of the current request, with user and provider in it
        :param keys: the server's secret keys
        """
        now = time.time()
        note = {
            "user": session[USER],
            "idp": session[IDP],
            "by": mark(self.guard),
            "made": int(now),
            "until": int(now + self.seconds),
            "id": secrets.token_urlsafe(9),
        }
        session[NOTE] = {**note, "seal": seal(keys, *self._parts(note))}

    def rewrite(self, session: Session) -> None:
        """Take over what the app has made of the user in a session whose login counts.

        The seal is on who that is, and through which provider: the app may add to the rest, and a
        change of those ends the login.

        :param session: the session of the current request
        """
        note = session[NOTE]
        if note["user"] is not session[USER] or note["idp"] != session.get(IDP):
            session[NOTE] = {**note, "user": session[USER], "idp": session.get(IDP)}

    def holds(self, session: Mapping[str, Any], keys: Keys) -> bool:
        """Tell whether a session holds a login that counts for this guard.

        :param session: a session, which stays as it is
        :param keys: the server's secret keys
        """
        return any(self._holds(login, keys) for login in (session, *parked(session)))

    def resume(self, session: Session, keys: Keys) -> bool:
        """Tell whether a session holds a login that counts for this guard, and make it current.

        No cookie is written for that.

        :param session: the session of the current request
        :param keys: the server's secret keys
        """
        if self._holds(session, keys):
            return True
        own = next((login for login in parked(session) if self._holds(login, keys)), None)
        if own is None:
            return False
        hide(session, own)
        return True

    def set_aside(self, session: Session, keys: Keys) -> None:
        """Take out of a session what is not of this guard, and keep the logins to other apps.

        :param session: the session of the current request
        :param keys: the server's secret keys
        """
        set_aside(session, lambda login: self._holds(login, keys))

    def renew(self, session: Session, keys: Keys) -> None:
        """Empty a session before a login, but for the logins to other apps.

        Nothing that somebody else put there beforehand outlives the login (OWASP, Session
        Management Cheat Sheet: renew the session after any privilege level change).

        :param session: the session of the current request
        :param keys: the server's secret keys
        """
        self.set_aside(session, keys)
        others = parked(session)
        session.clear()
        if others:
            session[PARKED] = others

    def _holds(self, login: Mapping[str, Any], keys: Keys) -> bool:
        if until(login) <= time.time():
            return False
        note = login[NOTE]
        return is_sealed(keys, note.get("seal"), *self._parts(note))

    def _parts(self, note: Mapping[str, Any]) -> tuple[str, ...]:
        idp = str(note["idp"])
        # Instances of one app may give the name to different providers.
        registration = self.registration(idp)
        user, end, number = _subject(note["user"]), str(note["until"]), str(note.get("id"))
        return ("login", self.guard, idp, registration, user, end, number)


def fits(backend: Backend, session: Session, *, with_user: bool = False) -> bool:
    """Tell whether a session can be kept; logins to other apps give way.

    :param backend: adapter of the server
    :param session: the session of the current request
    :param with_user: whether what is shown of the user is kept too
    """
    if _is_short(backend, session, with_user):
        return True
    return session.pop(PARKED, None) is not None and _is_short(backend, session, with_user)


def _is_short(backend: Backend, session: Session, with_user: bool) -> bool:
    shown = () if with_user else (USER, IDP)
    kept = {key: value for key, value in session.items() if key not in shown}
    length = backend.session_cookie_length(kept)
    return length is None or length <= COOKIE_LIMIT


def begin(session: Session, idp: str, state: str, target: str | None) -> list[tuple[str, str]]:
    """Remember a login that waits for its callback.

    :param session: the session of the current request
    :param idp: the name of the provider
    :param state: the parameter that comes back with the callback
    :param target: path that the user wanted to see, None for none
    :return: provider and state of each login that is waited for no longer
    """
    pending = [*_pending(session), [idp, state, target]]
    session[_PENDING] = pending[-_PENDING_LOGINS:]
    return [(old_idp, old_state) for old_idp, old_state, _ in pending[:-_PENDING_LOGINS]]


def is_of_another(session: Session, idp: str, state: str | None) -> bool:
    """Tell whether a callback would end a login that waits for another provider's.

    Authlib keeps what it has to prove under provider and state, joined by an underscore: `a` and
    `b_x` are `a_b` and `x`.
    """
    found = f"{idp}_{state}"
    return any(name != idp and f"{name}_{own}" == found for name, own, _ in _pending(session))


def finish(session: Session, state: str | None) -> str | None:
    """Forget a login that waited for its callback, and return the path that the user wanted."""
    target = None
    left = []
    for waiting in _pending(session):
        if waiting[1] == state:
            target = waiting[2]
        else:
            left.append(waiting)
    if left:
        session[_PENDING] = left
    else:
        session.pop(_PENDING, None)
    return target


def remember_target(session: Session, target: str | None) -> None:
    """Remember the path that the user wanted while a provider is being chosen."""
    if target is not None:
        session[_TARGET] = target


def take_target(session: Session) -> str | None:
    """Return the path that the user wanted before choosing a provider, and forget it."""
    target = session.pop(_TARGET, None)
    return target if isinstance(target, str) else None


def _pending(session: Mapping[str, Any]) -> list[list[Any]]:
    held = session.get(_PENDING)
    entries = held if isinstance(held, list) else []
    return [entry for entry in entries if isinstance(entry, list) and len(entry) == 3]


def _subject(user: object) -> str:
    """Return what names the user for good; the app may add to the rest of the claims."""
    if not isinstance(user, Mapping):
        return str(user)
    names = (user.get(key) for key in ("sub", "email", "preferred_username", "name"))
    return next((name for name in names if isinstance(name, str) and name), "")
