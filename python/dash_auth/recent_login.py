"""What needs a login that is not long ago: whoever logged in before is asked again."""

from __future__ import annotations

import functools
import inspect
import math
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

from dash_auth._current import User, current_auth_time, current_facts, is_in_job
from dash_auth._dash.jobs import BEFORE_JOB
from dash_auth._login import LOG_IN_AGAIN
from dash_auth._raised import RECENT, Refused
from dash_auth.identity import require_user

__all__ = ["require_recent_login"]

F = TypeVar("F", bound=Callable[..., Any])

_SHORTEST = 10
"""To log in and come back takes a few seconds: with less nobody would ever be recent enough."""

_SKEW = 60
"""By how much the clocks of several servers may differ, in seconds."""

_IN_JOB = (
    "a background job cannot ask for a login: write @protected_callback(recent=..., "
    "background=True), which asks before the job begins"
)

_CANNOT_ASK = (
    "require_recent_login: the login of this app cannot ask a user to log in again. With BasicAuth "
    "the browser sends the password by itself, and a login of your own does not say when the user "
    "logged in. Use FormAuth or OIDCAuth"
)


def require_recent_login(seconds: float | timedelta) -> User:
    """Return the user, and ask whoever logged in longer ago to log in again.

    Call it first in a callback, in the layout function of a page, or in a route. An open page shows
    a banner, from which the user comes back to it after the login; a route that the browser shows
    as a page leads to the login at once.

    What counts is when the user gave the password on the login page; at a provider, when the ID
    token says that it asked the user (`auth_time`; OpenID Connect Core 1.0, sections 2 and
    3.1.2.1). That a session is used, or renewed, changes nothing.

    :param seconds: how long ago the login may be, in seconds or as a timedelta; 10 s or more
    :return: the user
    :raises Exception: if it is longer ago, or nobody is logged in. Let it pass: the server answers
        with it
    :raises RuntimeError: if the app's login cannot ask again (BasicAuth, a class of your own), in a
        background job, and outside of a request
    :raises TypeError: for what is no time
    :raises ValueError: for a time below 10 s
    """
    limit = seconds_of("require_recent_login(seconds)", seconds)
    if is_in_job():
        raise RuntimeError(_IN_JOB)
    user = require_user()
    at = current_auth_time()
    if at is not None and -_SKEW <= time.time() - at <= limit:
        return user
    facts = current_facts()
    refusing = None if facts is None else facts.refusing
    if facts is None or (refusing is not None and not refusing.can_ask_again):
        raise RuntimeError(_CANNOT_ASK)
    raise facts.raised(Refused(RECENT, LOG_IN_AGAIN))


def seconds_of(name: str, given: object) -> float:
    """Return a time in seconds.

    :param name: what it is called
    :param given: the time, in seconds or as a timedelta
    :raises TypeError: if it is none
    :raises ValueError: if it is too short, or no number
    """
    if isinstance(given, timedelta):
        given = given.total_seconds()
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise TypeError(f"{name} must be seconds or a timedelta, not {type(given).__name__}")
    if math.isnan(given) or given < _SHORTEST:
        raise ValueError(f"{name} is {given}: make it {_SHORTEST} seconds or more")
    return given


def with_recent_login(seconds: float, function: F) -> F:
    """Return a function of a callback that asks for a recent login before it runs.

    :param seconds: how long ago the login may be, in seconds
    :param function: the function, which stays async if it is
    """

    def ask() -> None:
        # In a job it was asked for before the job began.
        if not is_in_job():
            require_recent_login(seconds)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            ask()
            return await function(*args, **kwargs)

        return cast("F", _before_job(run_async, ask))

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        ask()
        return function(*args, **kwargs)

    return cast("F", _before_job(run, ask))


def _before_job(function: Callable[..., Any], ask: Callable[[], None]) -> Callable[..., Any]:
    # What wraps the function takes it over.
    setattr(function, BEFORE_JOB, ask)
    return function
