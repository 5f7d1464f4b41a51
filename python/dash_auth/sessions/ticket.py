"""The ticket: what is remembered of a login, in a cookie of the guard's own.

Where a store keeps it, see :mod:`dash_auth.sessions.stored`, the cookie holds an id alone.

Login and logout alone write it, never the app's session: a late answer that writes the session
brings no login back. Two apps on one host have a cookie each.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence

from dash_auth import _core, _witness
from dash_auth._core import Ticket, claimed_time
from dash_auth._request import Request, Server
from dash_auth._secret_keys import mark
from dash_auth._steps import Steps
from dash_auth.sessions import ended
from dash_auth.sessions.lifetime import Lasting
from dash_auth.sessions.renewed import Renewed
from dash_auth.sessions.workers import Workers

logger: logging.Logger = logging.getLogger("dash_auth")

LONGEST_COOKIE = 4000
"""The longest name and value of a cookie, in bytes: below what browsers take (RFC 6265 6.1)."""

_NOTED_EVERY = 60
"""After how many seconds it is noted anew that a user is not idle: not with each request."""

_A_HUNDRED_YEARS = 100 * 365 * 24 * 60 * 60
"""The longest time of a ticket, in seconds: what is longer may be more than a date holds."""


def noted_every(idle_seconds: int | None) -> float:
    """Return after how many seconds it is noted anew that a user is not idle.

    :param idle_seconds: for how long a user may be idle, in seconds; None for no such limit
    """
    return _NOTED_EVERY if idle_seconds is None else min(_NOTED_EVERY, idle_seconds / 4)


class Tickets:
    """Issues, reads and withdraws the tickets of the guards of one login.

    Attributes:
        method: the way to log in, as :mod:`dash_auth.audit` calls it.
        are_stored: whether a store keeps them, which takes a while to ask.
    """

    method: str = "basic"
    are_stored: bool = False

    def __init__(self, server: Server, guard: str, seconds: float | None = None) -> None:
        """Name the guard.

        :param server: the app's server, whose keys seal the tickets
        :param guard: what tells this guard from any other that shares the keys
        :param seconds: how long a ticket counts, in seconds; None for no time of its own
        """
        self._seconds = seconds
        self._server = server
        self._tickets = _core.Tickets(guard)
        self.name: str = f"dash_auth_{mark(guard)}"
        self._renewed = Renewed()

    @property
    def seconds(self) -> float | None:
        """For how long a ticket counts, in seconds; None for no time of its own.

        No longer than the server has the cookie of a session count: it says when a login is over.
        """
        return None if self._seconds is None else self.at_most(self._seconds)

    def at_most(self, seconds: float) -> float:
        """Return a time, or that for which the server has the cookie of a session count.

        :param seconds: the time, in seconds
        """
        limit = self._server.cookie_attributes().seconds
        return min(seconds, _A_HUNDRED_YEARS, *([] if limit is None else [limit]))

    def text(self, request: Request) -> str | None:
        """Return the ticket that came along, be it what it may."""
        # Most programs send none, and to look for one takes a while.
        text = request.cookie(self._cookie_name(request)) if request.has_cookies else None
        return text if text is not None and text.isascii() else None

    def load(self, request: Request) -> Steps[None] | None:
        """Have the ticket of a request at hand, if that takes a while.

        :param request: the request
        """
        return None

    def look_up(self, ticket: Ticket) -> Steps[None] | None:
        """Find out whether a login still goes on that a WebSocket was opened with, likewise.

        :param ticket: the ticket of its handshake
        """
        return None

    def held(self, request: Request) -> Ticket | None:
        """Return the ticket of a request, None if none counts.

        :param request: the request
        """
        if self not in request.tickets:
            request.tickets[self] = self._open(request)
        held: Ticket | None = request.tickets[self]
        return held

    def _open(self, request: Request) -> Ticket | None:
        keys = self._server.secret_keys()
        text = self.text(request) if keys else None
        if text is None:
            return None
        held = self._tickets.open(keys, text, int(time.time()))
        if held is None:
            over = self._tickets.open(keys, text, 0)
            if over is None:
                _other_keys.look_at(text)
            else:
                _witness.session_ended(request, self.method, over, "expired")
        elif ended.is_ended(held):
            _witness.session_ended(request, self.method, held, "logged_out")
            return None
        if held is not None and self.method != "basic":
            _workers.look_at(held)
        return held

    def says(self, request: Request, name: str, verified_against: str) -> bool:
        """Tell whether a request has a ticket already that says who makes it.

        :param request: the request
        :param name: the user's name
        :param verified_against: what the user was verified against
        """
        text = self.text(request)
        # Renewed after half of its time: not at each request, and not too late. And where it is
        # under an old key, which will count no longer one day.
        at = int(time.time() + (self.seconds or 0) / 2)
        key = self._server.secret_keys()[0]
        says = text is not None and self._tickets.says(key, text, at, name, verified_against)
        return says and (ended.is_none() or self.held(request) is not None)

    def issue(
        self,
        request: Request,
        name: str,
        verified_against: str,
        *,
        methods: Sequence[str],
        is_for_public: bool = False,
        claims: bytes = b"",
        lasting: Lasting | None = None,
        renewed: Ticket | None = None,
        is_over_tls: bool = False,
        user: str | None = None,
    ) -> Ticket | None:
        """Have the answer to a request carry a new ticket; to store one takes a while.

        :param request: the request
        :param name: the user's name
        :param verified_against: what the user was verified against; it cannot be read back
        :param methods: how the user logged in (RFC 8176)
        :param is_for_public: whether the user is known by it on public pages alone
        :param claims: what else is known of the user
        :param lasting: for how long it counts; None for as long as all of them do
        :param renewed: the ticket of the same login, whose id, time and end the new one has; None
            for a new login
        :param is_over_tls: whether the browser came over https, though the server may not know
        :param user: the name by which the app knows the user; None for `name`
        :return: the ticket; None if it is longer than a cookie may be
        """
        now, keys = int(time.time()), self._server.secret_keys()
        seconds = self.seconds if lasting is None else lasting.seconds
        until = None if seconds is None else now + max(int(seconds), 1)
        idle_seconds = None if lasting is None else lasting.idle_seconds
        token, id = ("", renewed.id) if renewed is not None else self._drawn()
        text = self._tickets.issue(
            keys[0],
            name,
            verified_against,
            id=id,
            auth_time=now if renewed is None else renewed.auth_time,
            until=until if renewed is None else renewed.until,
            idle_until=None if idle_seconds is None else now + idle_seconds,
            methods=list(methods),
            is_for_public=is_for_public,
            claims=claims,
        )
        issued = self._tickets.open(keys, text, now)
        value = text if issued is None else self._keep(request, token, issued, text, user or name)
        cookie = self._cookie_name(request)
        if value is None or len(cookie) + len(value) > LONGEST_COOKIE:
            return None
        is_kept = lasting is not None and lasting.is_kept
        kept_for = f"; Max-Age={seconds:.0f}" if is_kept else ""
        self._set(request, cookie, value + kept_for, is_over_tls=is_over_tls)
        if issued is not None and self.method != "basic":
            _workers.note(issued)
        request.tickets[self] = issued
        return issued

    def _drawn(self) -> tuple[str, str]:
        """Return a new token, where the cookie is to hold one, and the id of its ticket."""
        return "", secrets.token_urlsafe(9)

    def _keep(
        self, request: Request, token: str, ticket: Ticket, text: str, user: str
    ) -> str | None:
        """Keep a new ticket; return what the cookie is to hold, None where it is too long.

        :param request: the request that ends the login
        :param token: what was drawn for it
        :param ticket: the ticket
        :param text: the ticket, sealed
        :param user: the name by which the app knows the user
        """
        return text

    def change(
        self, ticket: Ticket, verified_against: str, change: Callable[[bytes], bytes]
    ) -> None:
        """Have a stored ticket say something else of its user, if it is still there.

        The login ends where that cannot be kept.

        :param ticket: the ticket
        :param verified_against: what the user was verified against
        :param change: returns what it says from now on, by what it says now
        """
        raise NotImplementedError

    def end(self, ticket: Ticket) -> None:
        """End a login before its time; it may take a while where a store keeps it.

        :param ticket: its ticket
        """
        ended.end(ticket)

    def leave(self, request: Request) -> Ticket | None:
        """End the login of a request, and have the browser forget it.

        :param request: the request
        :return: its ticket, None where none counted
        """
        ticket = self.held(request)
        if ticket is not None:
            self.end(ticket)
        self.withdraw(request)
        return ticket

    def renew(
        self,
        request: Request,
        ticket: Ticket,
        verified_against: str,
        idle_seconds: int | None,
        *,
        is_over_tls: bool = False,
    ) -> Ticket | None:
        """Have a login go on whose user is not idle; None where that was noted a minute ago.

        :param request: the request that shows it
        :param ticket: the ticket of the login
        :param verified_against: what the user was verified against
        :param idle_seconds: for how long the user may be idle from now on, in seconds; None for
            no such limit
        :param is_over_tls: see :meth:`issue`
        :return: the new ticket
        """
        idle_until = ticket.idle_until
        if idle_until is None or idle_seconds is None:
            return None
        if idle_until - time.time() > idle_seconds - noted_every(idle_seconds):
            return None
        renewed = self.issue(
            request,
            ticket.name,
            verified_against,
            methods=ticket.methods,
            claims=ticket.claims,
            lasting=Lasting(idle_seconds, idle_seconds),
            renewed=ticket,
            is_over_tls=is_over_tls,
        )
        if renewed is not None:
            self._renewed.note(renewed)
        return renewed

    def lasts(self, ticket: Ticket) -> bool:
        """Tell whether the login of a ticket that was read before is not over.

        :param ticket: the ticket; a WebSocket goes on with that of its handshake
        """
        now, idle_until = time.time(), ticket.idle_until
        if idle_until is not None:
            idle_until = max(idle_until, self._renewed.until(ticket))
        return all(until is None or until > now for until in (ticket.until, idle_until))

    def withdraw(self, request: Request) -> None:
        """Have the browser forget the ticket.

        :param request: the request
        """
        cookie = self._cookie_name(request)
        request.tickets[self] = None
        request.set_cookies.pop(cookie, None)
        if request.cookie(cookie) is not None:
            self._set(request, cookie, "; Max-Age=0")

    def _cookie_name(self, request: Request) -> str:
        # No other host of the domain, and no page over http, can put a cookie of such a name.
        return f"__Host-{self.name}" if self.is_secure(request) else self.name

    def is_secure(self, request: Request) -> bool:
        """Tell whether cookies for a request go over https alone.

        :param request: the request
        """
        is_secure = self._server.cookie_attributes().is_secure
        return is_secure or request.own_origin.startswith("https:")

    def _set(self, request: Request, cookie: str, value: str, *, is_over_tls: bool = False) -> None:
        # What is answered depends on the cookie that came along: the server is to say so.
        request.session  # noqa: B018
        attributes, is_secure = self._server.cookie_attributes(), self.is_secure(request)
        is_secure = is_secure or is_over_tls
        # Strict would keep it from what comes from a provider's site.
        for_frames = attributes.is_for_frames and is_secure
        request.set_cookies[cookie] = "; ".join(
            (
                f"{cookie}={value}; Path=/; HttpOnly; SameSite={'None' if for_frames else 'Lax'}",
                *(["Secure"] if is_secure else []),
                *(["Partitioned"] if attributes.is_partitioned and is_secure else []),
            )
        )


_STARTED = time.time()


class _OtherKeys:
    """Tells of a process beside this one that seals tickets with a key of its own."""

    def __init__(self) -> None:
        # A client may send as many cookies as it likes: after so many it is looked at no more.
        self._looks = 1000

    def look_at(self, text: str) -> None:
        """Say so, once, if a ticket that does not count was made while this process ran."""
        if self._looks <= 0:
            return
        self._looks -= 1
        made = claimed_time(text)
        if made is not None and _STARTED < made <= time.time() + 1:
            self._looks = 0
            logger.warning(
                "A session of this app, made since this process started, does not verify: is the "
                "secret key the same in all workers? Make it once, and keep it outside of the code."
            )


_other_keys = _OtherKeys()
_workers = Workers()
