"""The session of a user who logged in on the login page: a ticket, which is the login itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from dash_auth import _witness
from dash_auth._core import Ticket
from dash_auth._current import User
from dash_auth._login import FLOW, Outcome, Visitor
from dash_auth._request import PageServer, Request
from dash_auth._shown import USER, show
from dash_auth._steps import Steps, Wait
from dash_auth.logins.session import AccountSession, LookUp, nothing_to_look_up
from dash_auth.sessions.lifetime import Lifetime
from dash_auth.sessions.ticket import Tickets

_OVER_TLS = b'{"tls":true}'
"""What the ticket of a browser says that came over https, though the server may not know it."""

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
"""The hosts that no network lies before."""


class FormSession(AccountSession):
    """Remembers who logged in on the login page."""

    precedence = FLOW
    method = "form"

    def __init__(
        self,
        server: PageServer,
        tickets: Tickets,
        lifetime: Lifetime,
        *,
        stored: Callable[[str], str | None],
        claims: Callable[[str], Steps[dict[str, Any]]],
        look_up: LookUp = nothing_to_look_up,
        must_change: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Remember what decides.

        :param server: the app's server
        :param tickets: the tickets of the guard
        :param lifetime: for how long logins count
        :param stored: returns what a user is verified against now, None if that can be nothing
        :param claims: returns what the session shows of a user
        :param look_up: has what is kept of a user at hand, if that takes a while
        :param must_change: tells whether a user has to change the password before anything else
        """

        def of_form(name: str) -> str | None:
            # A ticket of another kind of login to the same app must not count as one of this.
            found = stored(name)
            return None if found is None else f"form {found}"

        super().__init__(server, tickets, stored=of_form, claims=claims, look_up=look_up)
        self.lifetime: Lifetime = lifetime
        self._must_change = must_change
        self.waits_to_renew: bool = lifetime.asks or tickets.are_stored

    def _auth_time(self, ticket: Ticket) -> float | None:
        return ticket.auth_time

    def found(self, request: Request) -> Ticket | None:
        """Return the ticket that counts, None if there is none.

        :param request: the request
        """
        ticket = self._tickets.held(request)
        return ticket if ticket is not None and self._counts_for(request, ticket) else None

    def claim(self, request: Request) -> Ticket | None:
        # One that no longer holds is as good as none: another login may know who asks.
        return self.found(request)

    def log_in(
        self,
        request: Request,
        name: str,
        verified_against: str,
        claims: Mapping[str, Any],
        *,
        remembers: bool,
    ) -> Steps[bool]:
        """Remember who has just logged in, and nothing that was in the session before.

        :param request: the request that brought the password
        :param name: the name of the account
        :param verified_against: what the password was verified against
        :param claims: what the app is shown of the user
        :param remembers: whether the browser is to keep the login
        :return: whether it can be kept: a cookie holds no name of thousands of characters
        """
        user, remembers = User.from_claims(claims), remembers and self.may_remember(request)
        said = partial(self.lifetime.of, user, is_remembered=remembers)
        lasting = (yield Wait(said, is_remembered=True)) if self.lifetime.asks else said()
        is_over_tls = came_over_tls(request)
        before = self._tickets.held(request)
        issue = partial(
            self._tickets.issue,
            request,
            name,
            f"form {verified_against}",
            methods=["pwd"],
            lasting=lasting,
            claims=_OVER_TLS if is_over_tls else b"",
            is_over_tls=is_over_tls,
        )
        waits = self._tickets.are_stored
        issued = (yield Wait(issue, is_remembered=True)) if waits else issue()
        if issued is None:
            return False
        request.tickets[self] = True
        _witness.succeeded(request, self.method, name, session=issued.id)
        if before is not None:
            # The browser's next user: a copy of the cookie before is worth nothing.
            end = partial(self._tickets.end, before)
            _ = (yield Wait(end, is_remembered=True)) if waits else end()
        self.empty(request)
        show(request, {USER: claims})
        return True

    def may_remember(self, request: Request) -> bool:
        """Tell whether a browser may keep the login for long: over https, or on this machine.

        :param request: the request
        """
        if self.lifetime.remember_seconds is None:
            return False
        is_local = _host_of(request.own_origin) in LOCAL_HOSTS
        return self._tickets.is_secure(request) or came_over_tls(request) or is_local

    def is_remembered(self, request: Request) -> bool:
        """Tell whether the user who is logged in asked to be for long.

        :param request: the request
        """
        ticket, seconds = self.found(request), self.lifetime.remember_seconds
        if ticket is None or ticket.until is None or seconds is None:
            return False
        return ticket.until - ticket.auth_time == seconds

    def renew(self, request: Request) -> None:
        # A store says of each login when its user was seen.
        is_noted = self.lifetime.has_idle_limit or self._tickets.are_stored
        ticket = self.found(request) if is_noted else None
        against = None if ticket is None else self._stored(ticket.name)
        if ticket is not None and against is not None:
            idle = self.lifetime.idle_of_visitor(request)
            is_over_tls = ticket.claims == _OVER_TLS
            self._tickets.renew(request, ticket, against, idle, is_over_tls=is_over_tls)

    def has_to_change(self, request: Request) -> bool:
        """Tell whether the user who is logged in has to change the password first.

        :param request: the request
        """
        ticket = self.found(request)
        return ticket is not None and self._must_change(ticket.name)

    # The guard

    def verify(self, request: Request, claim: Ticket) -> Steps[Outcome]:
        visitor = yield from super().verify(request, claim)
        if isinstance(visitor, Visitor) and self._must_change(claim.name):
            visitor.is_for_public = True
        return visitor

    def holds(self, visitor: Visitor) -> bool:
        return super().holds(visitor) and not self._must_change(visitor.claim.name)

    def issue(self, request: Request, visitor: Visitor) -> None:
        # The form that ended in it has done so.
        return

    def keep(self, request: Request) -> None:
        if request.shown is not None and request.shown.is_taken_away:
            # As apps of dash-auth's log out: `session.clear()`, or `del session["user"]`.
            if self._tickets.are_stored:
                request.writes.append(partial(super().log_out, request))
            else:
                super().log_out(request)

    def use(self) -> str:
        seconds = self.lifetime.seconds
        where = ", in a store" if self._tickets.are_stored else ""
        if seconds is None:
            return f"the login itself, for as long as you said for the user{where}"
        return f"the login itself, for {seconds / 3600:g} hours{where}"


def came_over_tls(request: Request) -> bool:
    """Tell whether a form of the app's own came over https, perhaps to a proxy before the server.

    :param request: the request that brought it
    """
    origin = request.origin or ""
    if request.own_origin.startswith("https:"):
        return True
    host = _host_of(origin) if origin.startswith("https:") else None
    return host is not None and host == _host_of(request.own_origin)


def _host_of(origin: str) -> str | None:
    """Return the host of an origin, None where it has none: a client may send anything."""
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None
