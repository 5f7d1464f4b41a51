"""Tells `dash_auth.audit` what becomes of requests: each place where that is decided says it once.

What a client can repeat as often as it likes is told once in a while, so that it fills no log.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Callable, Hashable

from dash_auth import audit
from dash_auth._core import Ticket
from dash_auth._current import User
from dash_auth._request import Request
from dash_auth._shown import USER
from dash_auth.audit import Kind

HOUR = 60 * 60.0
"""For how long the same success, and the same denied access, is not told again, in seconds."""

MINUTE = 60.0
"""For how long what costs a client nothing is not told again, in seconds."""


class Once:
    """Tells whether something is new; of more than it can hold, the oldest is new again."""

    def __init__(self, seconds: float, most: int = 10_000) -> None:
        """Begin with everything new.

        :param seconds: after how long something is new again, in seconds
        :param most: how much is remembered
        """
        self._seconds = seconds
        self._most = most
        # The oldest comes first.
        self._until: dict[Hashable, float] = {}
        self._lock = threading.Lock()

    def is_new(self, what: Hashable) -> bool:
        """Tell whether something is new: to one alone of those who ask at the same time.

        :param what: what it is
        """
        now = time.monotonic()
        if now < self._until.get(what, 0.0):
            return False
        with self._lock:
            until = self._until
            if now < until.pop(what, 0.0):
                until[what] = now + self._seconds
                return False
            if len(until) >= self._most:
                del until[next(iter(until))]
            until[what] = now + self._seconds
        return True


_guesses = Once(MINUTE)
_throttled = Once(MINUTE)
_came_to_nothing = Once(MINUTE)
_own = Once(MINUTE)
_invitations = Once(MINUTE)
_denied = Once(HOUR)
_ended = Once(math.inf)


def succeeded(request: Request, method: str, user: str, *, session: str | None = None) -> None:
    """Tell of a login.

    :param request: the request in which it ended
    :param method: the way to log in
    :param user: the name of the user
    :param session: the id of the ticket, if one was issued
    """
    _record(Kind.LOGIN_SUCCESS, request, method, user, session=session)


def failed(
    request: Request,
    method: str,
    name: str | None,
    *,
    knows: Callable[[str], bool] | None = None,
    guess: str | None = None,
    reason: str = "wrong",
) -> None:
    """Tell of a login that came to nothing: of the same guess from an address once a minute.

    Only the first of them costs a client anything, and a page sends it some forty times.

    :param request: the request
    :param method: the way to log in
    :param name: the name that was typed, if any
    :param knows: tells whether there is an account of that name; None where nothing can tell
    :param guess: what was guessed, which is not kept; None for nothing that could be repeated
    :param reason: why: `wrong` where credentials were
    """
    # The hash of a text has a key of the process.
    if guess is not None and not _guesses.is_new(hash((request.address, name, guess))):
        return
    _record(Kind.LOGIN_FAIL, request, method, name, reason=reason, is_known=_knows(knows, name))


def throttled(
    request: Request, method: str, name: str, *, knows: Callable[[str], bool] | None = None
) -> None:
    """Tell of a guess that was sent away: once a minute for each address.

    :param request: the request
    :param method: the way to log in
    :param name: the name that was typed
    :param knows: tells whether there is an account of that name; None where nothing can tell
    """
    if _throttled.is_new(request.address):
        known = _knows(knows, name)
        _record(Kind.LOGIN_THROTTLED, request, method, name, reason="wait", is_known=known)


def came_to_nothing(request: Request, method: str, reason: str) -> None:
    """Tell of a login through a provider that came to nothing: once a minute for each address.

    :param request: the request that came back
    :param method: the way to log in
    :param reason: why: `not_begun` in this browser, or over; `refused`; or `no_user`
    """
    if _came_to_nothing.is_new((request.address, reason)):
        failed(request, method, None, reason=reason)


def refused_by_app(request: Request, name: str) -> None:
    """Tell of credentials that a check of the app's own refuses: once a minute for each.

    :param request: the request
    :param name: the name that was sent
    """
    if _own.is_new((request.address, name)):
        failed(request, "own", name)


def password_set(request: Request, kind: Kind, method: str, user: str) -> None:
    """Tell of a user who has set a new password.

    :param request: the request that brought it
    :param kind: how: on the account page, or with an invitation
    :param method: the way to log in
    :param user: the name of the user
    """
    _record(kind, request, method, user)


def invitation_refused(request: Request, method: str) -> None:
    """Tell of an invitation that is none, or no longer one: once a minute for each address.

    :param request: the request that brought it
    :param method: the way to log in
    """
    if _invitations.is_new(request.address):
        _record(Kind.INVITATION_REFUSED, request, method, None, reason="link")


def logged_out(request: Request, method: str, user: str, ticket: Ticket) -> None:
    """Tell of a logout.

    :param request: the request
    :param method: the way to log in
    :param user: the name of the user
    :param ticket: the ticket that is over
    """
    _record(Kind.LOGOUT, request, method, user, session=ticket.id)


def session_ended(request: Request, method: str, ticket: Ticket, reason: str) -> None:
    """Tell of a ticket that no longer holds: once for each.

    :param request: the request with which it came along
    :param method: the way to log in
    :param ticket: the ticket
    :param reason: why: `expired`, `logged_out`, or `changed` where the user's account has
    """
    if _ended.is_new(ticket.id):
        user = _user_of(ticket)
        _record(Kind.SESSION_ENDED, request, method, user, session=ticket.id, reason=reason)


def _user_of(ticket: Ticket) -> str:
    """Return the name of a ticket's user as the app reads it, if the ticket holds that."""
    with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
        return User.from_claims(json.loads(ticket.claims)[USER]).name or ticket.name
    return ticket.name


def denied(request: Request | None, user: str, reason: str) -> None:
    """Tell of a user who may not have something: once an hour for each user, address and reason.

    :param request: the request, None in a background callback
    :param user: the name of the user
    :param reason: what, and why
    """
    if _denied.is_new((user, "" if request is None else request.address, reason)):
        method = "" if request is None else request.login_method
        _record(Kind.ACCESS_DENIED, request, method, user, reason=reason)


def managed(request: Request, kind: Kind, user: str, *, by: str, reason: str | None = None) -> None:
    """Tell of what an administrator did to a user.

    :param request: the request that did it
    :param kind: what
    :param user: the name of the user's account
    :param by: the name of the administrator
    :param reason: how, None where there is nothing to add
    """
    _record(kind, request, request.login_method, user, reason=reason, by=by)


def _knows(knows: Callable[[str], bool] | None, name: str | None) -> bool:
    try:
        return knows is not None and name is not None and knows(name)
    except Exception:
        # A store of the developer's that cannot be asked: it has said so already.
        return False


def _record(
    kind: Kind,
    request: Request | None,
    method: str,
    user: str | None,
    *,
    session: str | None = None,
    reason: str | None = None,
    is_known: bool = True,
    by: str | None = None,
) -> None:
    audit.record(
        kind,
        user=user,
        address="" if request is None else request.address,
        method=method,
        session=session,
        reason=reason,
        user_agent=None if request is None else request.header("User-Agent"),
        is_known=is_known,
        by=by,
    )
