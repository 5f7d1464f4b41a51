"""What a session remembers of a login by password, and when that counts.

The cookie holds a note alone: the user's name, which guard wrote it, and against what the user was
verified. Cookies ignore ports and apps share keys, so that a note counts only for the guard that
wrote it, and only while what is noted still holds. What apps read, `flask.session["user"]`, is
shown from it, see `_shown.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash_auth._secret_keys import Keys, is_sealed, mark, seal
from dash_auth._shown import Session

NOTE = "_dash_auth"
"""The key of the note."""

REFRESH_TOKEN = "refresh_token"
"""The key under which apps read the refresh token, where it is kept at all."""


@dataclass(frozen=True)
class SessionNotes:
    """Writes and reads the notes of one guard.

    Attributes:
        guard: what tells this guard from any other that shares the secret.
        seconds: how long a note counts, in seconds; None for as long as its seal holds.
    """

    guard: str
    seconds: float | None = None

    def write(self, session: Session, keys: Keys, name: str, verified_against: str) -> bool:
        """Write the note, unless the session says the same already.

        :param session: the session of the current request
        :param keys: the server's secret keys
        :param name: the user's name
        :param verified_against: what the user was verified against; it cannot be read back
        :return: whether the session was not this user's before
        """
        # Renewed after half of its time: not at each request, and not too late. And where its seal
        # is under an old key, which will count no longer one day.
        rest = (self.seconds or 0) / 2
        if self._counts(session.get(NOTE), name, keys[:1], verified_against, rest):
            return False
        is_login = not self._counts(session.get(NOTE), name, keys, verified_against)
        now = time.time()
        until = None if self.seconds is None else int(now + self.seconds)
        session[NOTE] = {
            "name": name,
            "by": mark(self.guard),
            "made": int(now),
            "until": until,
            "seal": seal(keys, *self._parts(name, verified_against, until)),
        }
        return is_login

    def reader(self, session: Mapping[str, Any]) -> str | None:
        """Return the name of the user that a session claims to be of, None if there is none."""
        note = session.get(NOTE)
        name = note.get("name") if isinstance(note, dict) else None
        return name if isinstance(name, str) else None

    def wrote(self, session: Mapping[str, Any]) -> bool:
        """Tell whether a session says to hold a note of this guard's: no other is its to end."""
        note = session.get(NOTE)
        return isinstance(note, dict) and note.get("by") == mark(self.guard)

    def holds(self, session: Mapping[str, Any], keys: Keys, verified_against: str) -> bool:
        """Tell whether this guard wrote the note, and it still counts."""
        name = self.reader(session)
        return name is not None and self._counts(session[NOTE], name, keys, verified_against)

    def _counts(
        self, note: object, name: str, keys: Keys, verified_against: str, rest: float = 0
    ) -> bool:
        """Tell whether a note is this guard's for this user, and counts for some seconds more."""
        if not isinstance(note, dict) or note.get("name") != name:
            return False
        until, sealed = note.get("until"), note.get("seal")
        if self.seconds is not None and not (isinstance(until, int) and until > time.time() + rest):
            return False
        return is_sealed(keys, sealed, *self._parts(name, verified_against, until))

    def _parts(self, name: str, verified_against: str, until: object) -> tuple[str, ...]:
        return ("session", self.guard, name, verified_against, str(until))


def forget(session: Session) -> None:
    """Take the note out of the session."""
    session.pop(NOTE, None)
