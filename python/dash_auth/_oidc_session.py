"""What a session remembers of logins through an identity provider.

`flask.session["user"]` and `["idp"]` are there for the app to read. Beside them stands a note,
sealed by the guard that wrote it: cookies ignore ports and apps share keys, so that a login counts
only for that guard, that user and that provider, and only until the note says. Logins to other apps
on the same server are set aside in the session while this one is in use.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import _core
from . import _oidc_pending as pending
from ._backends import Backend
from ._parked import PARKED, parked, set_aside, until
from ._session import IDP, NOTE, USER, Session

COOKIE_LIMIT = 4000
"""The longest name and value of a cookie, in bytes: below what browsers take (RFC 6265 6.1)."""


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

    def write(self, session: Session, secret: bytes) -> None:
        """Note that the user in a session logged in just now.

        :param session: the session of the current request, with user and provider in it
        :param secret: key of the seal
        """
        end = int(time.time() + self.seconds)
        number = secrets.token_urlsafe(9)
        sealed = _core.seal(secret, *self._parts(session, end, number))
        session[NOTE] = {"until": end, "id": number, "seal": sealed}

    def holds(self, session: Mapping[str, Any], secret: bytes) -> bool:
        """Tell whether a session holds a login that counts for this guard.

        :param session: a session, which stays as it is
        :param secret: key of the seal
        """
        return any(self._holds(login, secret) for login in (session, *parked(session)))

    def resume(self, session: Session, secret: bytes) -> bool:
        """Tell whether a session holds a login that counts for this guard, and make it current.

        :param session: the session of the current request
        :param secret: key of the seal
        """
        if self._holds(session, secret):
            return True
        own = next((login for login in parked(session) if self._holds(login, secret)), None)
        if own is None:
            return False
        self.set_aside(session, secret)
        session.update(own)
        return True

    def set_aside(self, session: Session, secret: bytes) -> None:
        """Take out of a session what is not of this guard, and keep the logins to other apps.

        :param session: the session of the current request
        :param secret: key of the seal
        """
        set_aside(session, lambda login: self._holds(login, secret))

    def renew(self, session: Session, secret: bytes) -> None:
        """Empty a session before a login, but for logins to other apps, and of other tabs.

        Nothing else that somebody put there beforehand outlives the login (OWASP, Session
        Management Cheat Sheet: renew the session after any privilege level change).

        :param session: the session of the current request
        :param secret: key of the seal
        """
        self.set_aside(session, secret)
        kept = {key: session[key] for key in (PARKED, pending.PENDING) if key in session}
        session.clear()
        session.update(kept)

    def _holds(self, login: Mapping[str, Any], secret: bytes) -> bool:
        end = until(login)
        if end <= time.time():
            return False
        sealed, number = login[NOTE].get("seal"), login[NOTE].get("id")
        try:
            return isinstance(sealed, str) and _core.is_sealed(
                secret, sealed, *self._parts(login, end, number)
            )
        except UnicodeEncodeError:  # a lone surrogate, which no note is written for
            return False

    def _parts(self, login: Mapping[str, Any], end: int, number: object) -> tuple[str, ...]:
        user = _subject(login.get(USER))
        idp = str(login.get(IDP))
        # Instances of one app may give the name to different providers.
        return ("login", self.guard, idp, self.registration(idp), user, str(end), str(number))


def fits(backend: Backend, session: Session) -> bool:
    """Tell whether a session can be kept; paths of other tabs, and other logins give way.

    :param backend: adapter of the server
    :param session: the session of the current request
    """
    for give_way in (pending.forget_older_target, _forget_parked, pending.forget_older_login):
        while not _is_short(backend, session):
            if not give_way(session):
                break
        else:
            return True
    return False


def _forget_parked(session: Session) -> bool:
    return session.pop(PARKED, None) is not None


def _is_short(backend: Backend, session: Session) -> bool:
    length = backend.session_cookie_length(session)
    return length is None or length <= COOKIE_LIMIT


def _subject(user: object) -> str:
    """Return what names the user for good; the app may add to the rest of the claims."""
    if not isinstance(user, Mapping):
        return str(user)
    names = (user.get(key) for key in ("sub", "email", "preferred_username", "name"))
    return next((name for name in names if isinstance(name, str) and name), "")
