"""What a session remembers of logins through an identity provider.

The cookie holds a note with what is known of the user, sealed by the guard that wrote it: cookies
ignore ports and apps share keys, so that a login counts only for that guard, that user and that
provider, and only until the note says. What apps read, `flask.session["user"]` and `["idp"]`, is
shown from it, see `_shown.py`. Logins to other apps on the same server are set aside in the session
while this one is in use.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash_auth._secret_keys import Keys, is_sealed, mark, seal
from dash_auth._shown import IDP, USER, Session
from dash_auth.sessions.notes import NOTE
from dash_auth.sessions.parked import PARKED, hide, parked, set_aside, until


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
        return any(self.is_current(login, keys) for login in (session, *parked(session)))

    def resume(self, session: Session, keys: Keys) -> bool:
        """Tell whether a session holds a login that counts for this guard, and make it current.

        No cookie is written for that.

        :param session: the session of the current request
        :param keys: the server's secret keys
        """
        if self.is_current(session, keys):
            return True
        own = next((login for login in parked(session) if self.is_current(login, keys)), None)
        if own is None:
            return False
        hide(session, own)
        return True

    def set_aside(self, session: Session, keys: Keys) -> None:
        """Take out of a session what is not of this guard, and keep the logins to other apps.

        :param session: the session of the current request
        :param keys: the server's secret keys
        """
        set_aside(session, lambda login: self.is_current(login, keys))

    def renew(self, session: Session, keys: Keys, outlive: str) -> None:
        """Empty a session before a login, but for logins to other apps, and of other tabs.

        Nothing else that somebody put there beforehand outlives the login (OWASP, Session
        Management Cheat Sheet: renew the session after any privilege level change).

        :param session: the session of the current request
        :param keys: the server's secret keys
        :param outlive: the key of the logins of other tabs
        """
        self.set_aside(session, keys)
        kept = {key: session[key] for key in (PARKED, outlive) if key in session}
        session.clear()
        session.update(kept)

    def is_current(self, login: Mapping[str, Any], keys: Keys) -> bool:
        """Tell whether a session holds a login that counts for this guard, and not set aside.

        :param login: a session, or a login that was set aside in one
        :param keys: the server's secret keys
        """
        if until(login) <= time.time():
            return False
        note = login[NOTE]
        try:
            return is_sealed(keys, note.get("seal"), *self._parts(note))
        except UnicodeEncodeError:  # a lone surrogate, which no note is written for
            return False

    def _parts(self, note: Mapping[str, Any]) -> tuple[str, ...]:
        idp = str(note["idp"])
        # Instances of one app may give the name to different providers.
        registration = self.registration(idp)
        user, end, number = _subject(note["user"]), str(note["until"]), str(note.get("id"))
        return ("login", self.guard, idp, registration, user, end, number)


def _subject(user: object) -> str:
    """Return what names the user for good; the app may add to the rest of the claims."""
    if not isinstance(user, Mapping):
        return str(user)
    names = (user.get(key) for key in ("sub", "email", "preferred_username", "name"))
    return next((name for name in names if isinstance(name, str) and name), "")
