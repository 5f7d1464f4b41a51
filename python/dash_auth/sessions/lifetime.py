"""For how long a login counts: in all, while its user is idle, and where it is to be kept."""

from __future__ import annotations

import inspect
import logging
import math
import numbers
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dash_auth._arguments import takes
from dash_auth._current import User
from dash_auth._request import Request
from dash_auth._steps import awaited, call, run_to_end

logger: logging.Logger = logging.getLogger("dash_auth")

Time = float | timedelta
"""How long something lasts, in seconds or as a timedelta."""

IdleLimit = Time | Callable[[User], Time | Awaitable[Time | None] | None]
"""How long a user may be idle; a function may say None, for no limit."""

Limit = Time | Callable[[User], Time | Awaitable[Time]]
"""How long something lasts, or a function of the user that says so, which may be async."""

REMEMBERED = 30 * 24 * 60 * 60
"""For how long a user who asks for that stays logged in, in seconds."""

_A_DAY = 24 * 60 * 60

UNKNOWN = 15 * 60
"""For how long a login counts where the function that says so fails, in seconds."""

_SHORT = 120
"""Below this an idle limit ends logins of users who are there, in seconds."""

_LONGEST = 100 * 365 * 24 * 60 * 60
"""The longest limit, in seconds: what is longer may be more than a date holds."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """For how long one login counts.

    Attributes:
        seconds: for how long in all.
        idle_seconds: for how long its user may be idle; None for no such limit.
        is_kept: whether the browser keeps it when it is closed.
    """

    seconds: int
    idle_seconds: int | None = None
    is_kept: bool = False


class Lifetime:
    """Says for how long logins count."""

    def __init__(
        self,
        session_lifetime: Limit,
        idle_timeout: IdleLimit | None = None,
        remember: bool | float | timedelta | None = None,
    ) -> None:
        """Read the limits.

        :param session_lifetime: for how long a login counts in all
        :param idle_timeout: for how long its user may be idle; None for no such limit
        :param remember: for how long a user who asks for that stays logged in; True for 30 days,
            None where it is not offered
        :raises TypeError: for what is no time
        :raises ValueError: for a time that is none
        """
        self._absolute = _limit("session_lifetime", session_lifetime)
        self._idle = None if idle_timeout is None else _limit("idle_timeout", idle_timeout)
        if isinstance(self._idle, int) and self._idle < _SHORT:
            logger.warning(
                "idle_timeout is %d seconds, and an open page says once a minute that its user is "
                "there: who works with it is logged out. Make it %d or more.",
                self._idle,
                _SHORT,
            )
        self.remember_seconds: int | None = None
        if remember is not None and remember is not False:
            self.remember_seconds = _seconds(
                "remember", REMEMBERED if remember is True else remember
            )
            if self.remember_seconds < _A_DAY:
                raise ValueError(
                    f"remember is {self.remember_seconds} seconds: make it a day or more, such as "
                    "timedelta(days=30)"
                )

    @property
    def has_idle_limit(self) -> bool:
        """Whether a login ends when its user is idle."""
        return self._idle is not None

    @property
    def asks(self) -> bool:
        """Whether functions of the developer's say so, which may take long."""
        return callable(self._absolute) or callable(self._idle)

    @property
    def seconds(self) -> int | None:
        """For how long logins count in all, in seconds; None where it depends on the user."""
        return None if callable(self._absolute) else self._absolute

    def of(self, user: User, *, is_remembered: bool = False) -> Lasting:
        """Return for how long a login counts.

        :param user: who logs in
        :param is_remembered: whether the user asked to stay logged in
        """
        if is_remembered and self.remember_seconds is not None:
            return Lasting(self.remember_seconds, is_kept=True)
        seconds = _of("session_lifetime", self._absolute, user)
        return Lasting(UNKNOWN if seconds is None else seconds, self.idle_of(user))

    def idle_of_visitor(self, request: Request) -> int | None:
        """Return the same of the user who makes a request; None where nobody is known.

        :param request: the request
        """
        user = None if request.identity is None else request.identity.user(request)
        return None if user is None else self.idle_of(user)

    def idle_of(self, user: User) -> int | None:
        """Return for how long a user may be idle, in seconds; None for no limit.

        :param user: who is logged in
        """
        return None if self._idle is None else _of("idle_timeout", self._idle, user)


def _limit(name: str, value: Any) -> int | Callable[[User], Any]:
    if not callable(value):
        return _seconds(name, value)
    if not takes(value, None):
        raise TypeError(f"{name} must take one positional argument: def {name}(user)")
    return value  # type: ignore[no-any-return]


def _of(name: str, limit: int | Callable[[User], Any], user: User) -> int | None:
    if not callable(limit):
        return limit
    try:
        said = call(limit, user)
        said = run_to_end(awaited(said)) if inspect.isawaitable(said) else said
        if said is None and name == "idle_timeout":
            return None
        return _seconds(f"what {name} returns", said)
    except Exception:
        logger.exception("%s says no time: this login counts for %d minutes", name, UNKNOWN / 60)
        return UNKNOWN


def _seconds(name: str, value: Any) -> int:
    """Return a time in whole seconds, rounded up.

    :raises TypeError: if it is none
    :raises ValueError: if it is not above 0
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        kind = type(value).__name__
        raise TypeError(f"{name} must be a number of seconds or a timedelta, not {kind}")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be a number of seconds above 0, or a timedelta")
    return min(math.ceil(float(value)), _LONGEST)
