"""What a session remembers of a login, and when that counts.

`flask.session["user"]` is written for the app to read. Beside it, under a key of its own, stands a
note on which guard wrote it and against what the user was verified: cookies ignore ports and apps
share keys, so that a session counts only for the guard that wrote it, and only while what is noted
still holds.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from . import _core

NOTE = "_dash_auth"
"""The key of the note."""

USER = "user"
"""The key under which apps read the user."""

IDP = "idp"
"""The key under which apps read the name of the provider."""

REFRESH_TOKEN = "refresh_token"
"""The key under which apps read the refresh token, where it is kept at all."""

Session = MutableMapping[str, Any]


@dataclass(frozen=True)
class SessionNotes:
    """Writes and reads the notes of one guard.

    Attributes:
        guard: what tells this guard from any other that shares the secret.
        seconds: how long a note counts, in seconds; None for as long as its seal holds.
    """

    guard: str
    seconds: float | None = None

    def write(
        self, session: Session, secret: bytes, claims: dict[str, Any], verified_against: str
    ) -> None:
        """Write the user and the note, unless the session says the same already.

        :param session: the session of the current request
        :param secret: key of the seal
        :param claims: what the app is to read of the user, with the name under `"email"`
        :param verified_against: what the user was verified against; it cannot be read back
        """
        # Renewed after half of its time: not at each request, and not too late.
        if session.get(USER) == claims and self._counts(
            session.get(NOTE), claims["email"], secret, verified_against, (self.seconds or 0) / 2
        ):
            return
        until = None if self.seconds is None else int(time.time() + self.seconds)
        session[USER] = claims
        session[NOTE] = {
            "until": until,
            "seal": _core.seal(secret, *self._parts(claims["email"], verified_against, until)),
        }

    def reader(self, session: Mapping[str, Any]) -> str | None:
        """Return the name of the user that a session claims to be of, None if there is none."""
        user = session.get(USER)
        name = user.get("email") if isinstance(user, dict) else None
        return name if isinstance(name, str) and isinstance(session.get(NOTE), dict) else None

    def holds(self, session: Mapping[str, Any], secret: bytes, verified_against: str) -> bool:
        """Tell whether this guard wrote the note for this user, and it still counts."""
        name = self.reader(session)
        return name is not None and self._counts(session[NOTE], name, secret, verified_against)

    def _counts(
        self, note: object, name: str, secret: bytes, verified_against: str, rest: float = 0
    ) -> bool:
        """Tell whether a note is this guard's for this user, and counts for some seconds more."""
        if not isinstance(note, dict):
            return False
        until, sealed = note.get("until"), note.get("seal")
        if self.seconds is not None and not (isinstance(until, int) and until > time.time() + rest):
            return False
        return isinstance(sealed, str) and _core.is_sealed(
            secret, sealed, *self._parts(name, verified_against, until)
        )

    def _parts(self, name: str, verified_against: str, until: object) -> tuple[str, ...]:
        return ("session", self.guard, name, verified_against, str(until))


def show(session: Session, claims: dict[str, Any]) -> None:
    """Let the app read the user in this request, without a cookie being written for it."""
    if isinstance(session, dict):
        # Past the session's own bookkeeping, by which Flask knows what to send.
        dict.__setitem__(session, USER, claims)
    elif session.get(USER) != claims:
        session[USER] = claims


def forget(session: Session) -> None:
    """Take the user out of the session."""
    session.pop(USER, None)
    session.pop(NOTE, None)
