"""Names and passwords: compared with a table of users, or asked of the developer's function."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from dash_auth import _core, security
from dash_auth._core import Attempt, Credentials, Flight, Refusal, Users, VerifiedCredentials
from dash_auth._steps import Steps, Wait
from dash_auth.logins.function import AuthFunc, accepts

logger = logging.getLogger("dash_auth")

AGAINST_FUNCTION = ""
"""What a user is verified against whom `auth_func` accepts: no stored value."""

_SLOW = 0.05
"""How long `auth_func` may take where nothing is remembered, in seconds."""

Verified = tuple[str, str]
"""A user's name, and what the user was verified against."""


class Passwords(Protocol):
    """Who knows the passwords.

    Attributes:
        seconds: for how long a login counts, in seconds; None while what is stored is the same.
    """

    seconds: float | None

    def verify(self, header: str, address: str) -> Steps[Verified | Refusal] | Verified | Refusal:
        """Return whose credentials a header holds, or why they are nobody's.

        :param header: the value of the Authorization header
        :param address: the client's address
        """

    def stored(self, name: str) -> str | None:
        """Return what a user is verified against now, None if that can be nothing."""

    def weak(self) -> list[tuple[str, str]]:
        """Return the names of users whose stored password should be stored anew, and why."""


class PasswordTable:
    """The developer's own table of users, which stays live."""

    def __init__(self, users: Mapping[str, Any], *, is_strict: bool) -> None:
        """Read the table.

        :param users: names and stored passwords
        :param is_strict: whether a stored value that cannot be read is an error; a subclass's own
            check may read what the core cannot, and then ours refuses these users alone
        :raises TypeError: if a name or a stored value is no text
        :raises ValueError: if a name or a stored value can let nobody in, or there are no users
        """
        self.users = users
        self.seconds: float | None = None
        table = dict(users)
        if not is_strict:
            readable = {name: value for name, value in table.items() if _is_readable(name, value)}
            table = readable or {"nobody": secrets.token_urlsafe()}
        self._core = Users(table)

    def verify(self, header: str, address: str) -> Steps[Verified | Refusal] | Verified | Refusal:
        attempt = self._core.attempt(header, self.users, address)
        # Wrong ones wait as those of an unknown name do: the time says nothing of who is known.
        return _verified_later(attempt) if isinstance(attempt, _core.Attempt) else attempt

    def weak(self) -> list[tuple[str, str]]:
        """Return the names of users whose stored password should be stored anew, and why."""
        found = ((name, _weakness(stored)) for name, stored in self.users.items())
        return [(name, weakness) for name, weakness in found if weakness is not None]

    def stored(self, name: str) -> str | None:
        # The table is live, and may hold anything by now.
        stored: object = self.users.get(name)
        return stored if isinstance(stored, str) else None


class PasswordFunction:
    """The developer's own function of name and password."""

    def __init__(self, auth_func: AuthFunc, cache_seconds: float, session_seconds: float) -> None:
        """Remember whom to ask.

        :param auth_func: the function
        :param cache_seconds: for how long what it accepted is not asked about again, in seconds
        :param session_seconds: for how long it counts once it accepted somebody, in seconds
        """
        self._auth_func = auth_func
        self.seconds: float | None = session_seconds
        self._cache = VerifiedCredentials(cache_seconds) if cache_seconds else None
        self._said_slow = False

    def verify(self, header: str, address: str) -> Steps[Verified | Refusal]:
        credentials = _core.parse_basic(header)
        if credentials is None:
            return Refusal.ABSENT
        if self._cache is not None and self._cache.knows(header):
            return credentials.username, AGAINST_FUNCTION
        return (yield Wait(partial(self._ask, credentials, address)))  # type: ignore[no-any-return]

    def _ask(self, credentials: Credentials, address: str) -> Verified | Refusal:
        verified = (credentials.username, AGAINST_FUNCTION)
        if self._cache is None or (
            # The core's wait would stop the one thread in which the other request could end it.
            _threads_are_greenlets() and self._cache.is_in_flight(credentials)
        ):
            return _outcome(verified, self._accepts(credentials))
        known = self._cache.look_up(credentials, address)
        if isinstance(known, Refusal):
            return known
        if not isinstance(known, Flight):
            return verified
        accepted = None
        try:
            accepted = self._accepts(credentials)
        finally:
            known.land(accepted)
        return _outcome(verified, accepted)

    def weak(self) -> list[tuple[str, str]]:
        """Return nothing: what it compares with is not known here."""
        return []

    def stored(self, name: str) -> str | None:
        return AGAINST_FUNCTION

    def _accepts(self, credentials: Credentials) -> bool | None:
        """Tell whether `auth_func` lets a user in, None if it cannot tell."""
        begun = time.monotonic()
        accepted = accepts(self._auth_func, credentials.username, credentials.password)
        took = time.monotonic() - begun
        if self._cache is None and took > _SLOW and not self._said_slow:
            self._said_slow = True
            logger.warning(
                "auth_func takes %d ms, and is asked at each request, some forty times a page: "
                "pass auth_func_cache_seconds=60 to BasicAuth.",
                took * 1000,
            )
        return accepted


def _verified_later(attempt: Attempt) -> Steps[Verified | Refusal]:
    verified: Verified | Refusal = yield Wait(attempt.verify)
    return verified


def _outcome(verified: Verified, accepted: bool | None) -> Verified | Refusal:
    if accepted is None:
        return Refusal.UNAVAILABLE
    return verified if accepted else Refusal.WRONG


def _is_readable(name: str, stored: Any) -> bool:
    """Tell whether the core can verify a password against what is stored for a user."""
    try:
        Users({name: stored})
    except (TypeError, ValueError):
        return False
    return True


def _threads_are_greenlets() -> bool:
    """Tell whether gevent or eventlet has put greenlets, which share a thread, in their place."""
    return type(threading.Lock()).__module__ != "_thread"


def _weakness(stored: str) -> str | None:
    """Return why a password should be stored anew, None if it need not be."""
    try:
        if not security.password_needs_rehash(stored):
            return None
        return "stored as plaintext" if _core.is_plaintext(stored) else "hash is outdated"
    except (TypeError, ValueError):  # put into the live table later on; nobody logs in with it
        return "cannot be read"
