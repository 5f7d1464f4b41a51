"""The session of a user who logged in through a provider: a ticket of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from dash_auth import _witness
from dash_auth._core import Ticket
from dash_auth._current import RequestIdentity, User, session_user
from dash_auth._login import FLOW, Outcome, Visitor
from dash_auth._request import PageServer, Request
from dash_auth._shown import IDP, NAMES, REFRESH_TOKEN, USER, Session, show
from dash_auth._steps import Steps
from dash_auth._unavailable import Unavailable
from dash_auth.logins.session import SessionLogin
from dash_auth.sessions import asked, ended, kept
from dash_auth.sessions.lifetime import Lifetime
from dash_auth.sessions.ticket import Tickets

_BEGINNING = b'{"user":'
"""How the claims in a ticket of a provider's user begin; no other login writes them so."""


class ProviderSession(SessionLogin):
    """The ticket of a user who logged in through a provider: it is the login itself."""

    precedence = FLOW
    method: str = "oidc"
    names: tuple[str, ...] = (*NAMES, REFRESH_TOKEN)

    def __init__(
        self,
        server: PageServer,
        tickets: Tickets,
        registration: Callable[[str], str],
        lifetime: Lifetime,
        *,
        with_user: bool,
    ) -> None:
        """Remember what decides.

        :param server: the app's server
        :param tickets: the tickets of the guard
        :param lifetime: for how long logins count
        :param registration: tells what the app is registered as at the provider of a name
        :param with_user: whether the session's cookie holds what is shown of the user as well
        """
        self._server = server
        tickets.method = self.method
        self._tickets = tickets
        self._registration = registration
        self.lifetime: Lifetime = lifetime
        self.waits_to_renew: bool = lifetime.asks or tickets.are_stored
        self._with_user = with_user

    def log_in(
        self, request: Request, values: Mapping[str, Any], methods: Sequence[str] = ()
    ) -> bool:
        """Remember who has just logged in; it may take a while.

        :param request: the request in which the login ended
        :param values: what stands under :attr:`names` from now on
        :param methods: how the user logged in, as far as the provider says so
        :return: whether it can be kept
        """
        name, registration = _subject(values[USER]), self._registration(str(values[IDP]))
        lasting = self.lifetime.of(User.from_claims(_claims_in(values[USER])))
        # The server says when a session is over.
        lasting = replace(lasting, seconds=int(self._tickets.at_most(lasting.seconds)))
        issue = partial(
            self._tickets.issue,
            request,
            name,
            registration,
            methods=methods,
            lasting=lasting,
            user=name_of(values[USER]),
        )
        issued = None
        # Where the server keeps sessions, the claims are there.
        if self._tickets.are_stored or self._server.session_cookie_length({}) is not None:
            claims = _as_json(values)
            issued = claims and issue(claims=claims)
        if not issued:
            issued = issue()
            if issued is None:
                return False
            kept.keep(request.session, self._tickets.name, issued, values)
        request.tickets[self] = issued, dict(values)
        show(request, values)
        return True

    def log_out(self, request: Request) -> None:
        """End the login of a request, and for the browser; it may take a while.

        :param request: the request
        """
        try:
            found = self.found(request)
        except Unavailable:
            found = None
        if found is not None:
            self._witness_logout(request, *found)
        self._tickets.leave(request)
        self.forget(request)

    def _witness_logout(self, request: Request, ticket: Ticket, values: Mapping[str, Any]) -> None:
        _witness.logged_out(request, self.method, name_of(values[USER]) or ticket.name, ticket)

    def give_way(self, request: Request) -> None:
        """End the login of a request, of whichever kind, before another takes its place.

        :param request: the request
        """
        before = self._tickets.held(request)
        if before is not None:
            # The browser's next user: a copy of the cookie before is worth nothing.
            self._tickets.end(before)
        self.forget(request)

    def wrote(self, request: Request) -> bool:
        """Tell whether the ticket that came along is that of a provider's user.

        :param request: the request
        """
        ticket = self._tickets.held(request)
        if ticket is None:
            return False
        if ticket.claims:
            return ticket.claims.startswith(_BEGINNING)
        return kept.is_kept(request.bare_session, self._tickets.name, ticket)

    def forget(self, request: Request) -> None:
        """Have the browser forget the login of a request.

        :param request: the request
        """
        self._tickets.withdraw(request)
        request.tickets[self] = None
        kept.forget(request.bare_session, self._tickets.name)

    def empty(self, session: Session, *outlive: str) -> None:
        """Empty a session, but for what it keeps of logins to other apps.

        :param session: the session of the current request
        :param outlive: what is to stay as well
        """
        kept.empty(session, self._tickets.name, *outlive)

    def end_older_other(self, session: Session) -> bool:
        """End the oldest login to another app that needs room in a session, if there is one.

        :param session: the session of the current request
        """
        return kept.end_older_other(session, self._tickets.name)

    def found(self, request: Request) -> tuple[Ticket, dict[str, Any]] | None:
        """Return the ticket that counts, and what the app reads of its user.

        :param request: the request
        """
        if self not in request.tickets:
            request.tickets[self] = self._find(request)
        found: tuple[Ticket, dict[str, Any]] | None = request.tickets[self]
        return found

    def _find(self, request: Request) -> tuple[Ticket, dict[str, Any]] | None:
        ticket = self._tickets.held(request)
        if ticket is None:
            return None
        values = kept.values_of(request.bare_session, self._tickets.name, ticket)
        if values is None:
            return None
        if self._counts(ticket, values):
            return ticket, values
        _witness.session_ended(request, self.method, ticket, "changed")
        return None

    def _counts(self, ticket: Ticket, values: Mapping[str, Any]) -> bool:
        if USER not in values or IDP not in values or ended.is_ended(ticket):
            return False
        # Instances of one app may give the name to different providers. And the app may add to what
        # is known of the user, but not make another of it.
        is_same = ticket.name == _subject(values[USER])
        return is_same and ticket.is_against(self._registration(str(values[IDP])))

    def claim(self, request: Request) -> tuple[Ticket, dict[str, Any]] | None:
        found = self.found(request)
        if found is not None and not request.is_socket:
            # What is answered depends on the cookie: the server is to say so.
            request.session  # noqa: B018
        return found

    def verify(self, request: Request, claim: tuple[Ticket, dict[str, Any]]) -> Outcome:
        values, asked_at = claim[1], asked.time_of(claim[0])
        if request.is_socket:
            identity = RequestIdentity(None, _claims_in(values[USER]), auth_time=asked_at)
            return Visitor(self, claim, identity, values)
        # The very objects: what the app adds to them is kept as any member of the session is.
        shown = values if request.shown is None or not request.shown.values else None
        return Visitor(self, claim, RequestIdentity(session_user, auth_time=asked_at), shown)

    def load(self, request: Request) -> Steps[None] | None:
        return self._tickets.load(request)

    def look_up(self, visitor: Visitor) -> Steps[None] | None:
        return self._tickets.look_up(visitor.claim[0])

    def holds(self, visitor: Visitor) -> bool:
        return self._tickets.lasts(visitor.claim[0]) and self._counts(*visitor.claim)

    def is_brought(self, request: Request) -> bool:
        return self._tickets.text(request) is not None

    def begin(self, request: Request) -> None:
        found = self.found(request)
        if found is not None:
            show(request, found[1])

    def renew(self, request: Request) -> None:
        # A store says of each login when its user was seen.
        is_noted = self.lifetime.has_idle_limit or self._tickets.are_stored
        found = self.found(request) if is_noted else None
        if found is not None:
            idle = self.lifetime.idle_of_visitor(request)
            ticket, values = found
            registration = self._registration(str(values[IDP]))
            renewed = self._tickets.renew(request, ticket, registration, idle)
            # The one that was just written, and the very objects that the app may change.
            request.tickets[self] = renewed or ticket, values

    def issue(self, request: Request, visitor: Visitor) -> None:
        # The flow that ended in it has done so.
        return

    def keep(self, request: Request) -> dict[str, Any] | None:
        shown, found = request.shown, self.found(request)
        if shown is None:
            return None
        session = shown.session
        if shown.is_taken_away:
            if found is not None:
                self._witness_logout(request, *found)
                if self._tickets.are_stored:
                    request.writes.append(partial(self._tickets.end, found[0]))
            self.forget(request)
        elif found is not None and shown.values.get(USER) is found[1][USER]:
            self._keep_changes(request, session, *found)
        if not self._with_user:
            return None
        found = self._find(request)
        return {} if found is None else {name: found[1][name] for name in NAMES if name in found[1]}

    def _keep_changes(
        self, request: Request, session: Session, ticket: Ticket, values: Mapping[str, Any]
    ) -> None:
        """Keep what the app has made of what it reads of the user."""
        now = {name: session[name] for name in self.names if name in session}
        if now == kept.values_of(session, self._tickets.name, ticket):
            return
        claims = _as_json(now) if self._tickets.are_stored else None
        if claims is None:
            kept.keep(session, self._tickets.name, ticket, now)
        else:
            # Of the provider that it was, whatever the app makes of the rest.
            registration = self._registration(str(values[IDP]))
            before = json.loads(ticket.claims) if ticket.claims else {}
            change = partial(_changed, before, json.loads(claims))
            request.writes.append(partial(self._tickets.change, ticket, registration, change))

    def use(self) -> str:
        seconds = self.lifetime.seconds
        where = ", in a store" if self._tickets.are_stored else ""
        if seconds is None:
            return f"the login itself, for as long as you said for the user{where}"
        return f"the login itself, for {self._tickets.at_most(seconds) / 3600:g} hours{where}"


def _changed(before: dict[str, Any], now: dict[str, Any], claims: bytes) -> bytes:
    """Return claims with what one request has changed, whatever others have changed meanwhile."""
    return _as_json(_merged(before, now, json.loads(claims) if claims else {})) or b""


def _merged(before: dict[str, Any], now: dict[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    merged = {key: value for key, value in held.items() if key in now or key not in before}
    for key, value in now.items():
        if key not in before or before[key] != value:
            parts = before.get(key), value, held.get(key)
            are_all = all(isinstance(part, dict) for part in parts)
            merged[key] = _merged(*parts) if are_all else value  # type: ignore[arg-type]
    return merged


def _as_json(values: Mapping[str, Any]) -> bytes | None:
    """Return values as JSON, None if it would not give them back."""
    try:
        return json.dumps(values, separators=(",", ":")).encode()
    except (TypeError, ValueError):
        return None


def name_of(user: object) -> str:
    """Return the name of a user as the app reads it, nothing if there is none.

    :param user: what stands under `"user"`
    """
    return User.from_claims(user).name if isinstance(user, Mapping) else str(user)


def _claims_in(user: object) -> Mapping[str, Any]:
    return user if isinstance(user, Mapping) else {}


def _subject(user: object) -> str:
    """Return what names the user for good; the app may add to the rest of the claims."""
    if not isinstance(user, Mapping):
        return str(user)
    names = (user.get(key) for key in ("sub", "email", "preferred_username", "name"))
    return next((name for name in names if isinstance(name, str) and name), "")
