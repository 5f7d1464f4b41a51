"""A store of sessions: what servers share of who is logged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as a store has it.

    Attributes:
        id: what it is found by, in hexadecimal digits; the cookie cannot be made from it.
        user: what stands for its user, in hexadecimal digits.
        data: what the store keeps for us, sealed.
        created: when it was created, in seconds since 1970, by the store's clock.
        seen: when its user was last seen, likewise.
    """

    id: str
    user: str
    data: str
    created: float
    seen: float


class SessionStore(Protocol):
    """Keeps sessions for all servers of an app.

    Each call is one step for all others that ask at the same time, and none brings back what is
    gone. An error means that the request is answered 503. One that says that the store is out of
    reach, see :class:`dash_auth.Unavailable`, has it left alone for a second.
    """

    def create(self, id: str, user: str, data: str, seconds: int, *, began: float = 0.0) -> bool:
        """Keep a new session.

        :param id: what it is found by
        :param user: what stands for its user
        :param data: what to keep
        :param seconds: after how many seconds it ends, by the store's clock
        :param began: how many seconds ago its login began
        :return: False, and nothing is kept, if the id is there, or if all sessions of the user were
            ended since the login began
        """

    def load(self, id: str) -> StoredSession | None:
        """Return a session, None if it is not there, or over.

        :param id: what it is found by
        """

    def touch(self, id: str, seconds: int) -> bool:
        """Note that the user of a session was seen, if it is still there.

        :param id: what it is found by
        :param seconds: after how many seconds it ends from now on
        :return: whether it was there
        """

    def change(self, id: str, data: str, was: str) -> bool:
        """Keep something else for a session that is still there; when it ends stays as it is.

        :param id: what it is found by
        :param data: what to keep from now on
        :param was: what was kept
        :return: False, and nothing is changed, if it is gone, or something else was kept
        """

    def end(self, id: str) -> bool:
        """End a session.

        :param id: what it is found by
        :return: whether it was there
        """

    def end_all(self, user: str, except_: str | None = None) -> int:
        """End all sessions of a user, also what is created meanwhile.

        :param user: what stands for the user
        :param except_: the id of one that stays
        :return: how many were ended
        """

    def of(self, user: str) -> list[StoredSession]:
        """Return the sessions of a user.

        :param user: what stands for the user
        """
