"""A login that is remembered: what a ticket says of a user, and when that counts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from dash_auth import _witness
from dash_auth._core import Ticket
from dash_auth._current import RequestIdentity, session_user
from dash_auth._login import TICKET, Login, Outcome, Visitor
from dash_auth._request import Request, Server
from dash_auth._shown import NAMES, USER, show
from dash_auth._steps import Steps
from dash_auth.sessions import ended, kept
from dash_auth.sessions.ticket import Tickets

LookUp = Callable[[str], Steps[None] | None]


def nothing_to_look_up(_: str) -> None:
    """Return that what is kept of a user is at hand."""
    return


class SessionLogin(Login):
    """Recognises whose ticket it is, and keeps what the app reads of that user."""

    precedence = TICKET
    names: tuple[str, ...] = NAMES
    """What it shows in the session, where nothing else counts under these names."""
    waits_to_renew: bool = False
    """Whether :meth:`renew` asks functions of the developer's, which may take long."""

    @abstractmethod
    def begin(self, request: Request) -> Steps[None] | None:
        """Show in the session who is known, before any hook of the developer's runs."""

    @abstractmethod
    def issue(self, request: Request, visitor: Visitor) -> None:
        """Remember a visitor whom another login has recognised.

        :param request: the request
        :param visitor: who makes it
        """

    def load(self, request: Request) -> Steps[None] | None:
        """Have at hand what it knows of who makes a request, if that takes a while.

        :param request: the request
        """
        return None

    def withdraw(self, request: Request) -> None:
        """Remember nobody: the visitor of :meth:`issue` is refused after all."""

    def is_brought(self, request: Request) -> bool:
        """Tell whether a ticket came along, be it right or not."""
        return False

    def show_known(self, request: Request) -> Steps[None]:
        """Show who makes a public request with a header, as far as that costs nothing."""
        yield from ()

    @abstractmethod
    def keep(self, request: Request) -> dict[str, Any] | None:
        """Take over what the app did to the session before it is saved.

        :return: what the cookie is to hold of the user, None to leave that as it is
        """

    @abstractmethod
    def use(self) -> str:
        """Return in words what a session is good for."""

    def renew(self, request: Request) -> None:
        """Have a login go on whose user works with the app.

        :param request: the request that shows it
        """
        return

    def lacks(self) -> str | None:
        """Return in words what it lacks, None if that is nothing."""
        return None


class AccountSession(SessionLogin):
    """The ticket of a user who has an account with a password."""

    method: str = "basic"

    def __init__(
        self,
        server: Server,
        tickets: Tickets,
        *,
        stored: Callable[[str], str | None],
        claims: Callable[[str], Steps[dict[str, Any]]],
        look_up: LookUp = nothing_to_look_up,
    ) -> None:
        """Remember what decides.

        :param server: the app's server
        :param tickets: the tickets of the guard
        :param stored: returns what a user is verified against now, None if that can be nothing
        :param claims: returns what the session shows of a user
        :param look_up: has what is kept of a user at hand, if that takes a while
        """
        self._look_up = look_up
        self._server = server
        self._tickets = tickets
        self._stored = stored
        self._claims = claims

    def claim(self, request: Request) -> Ticket | None:
        return self._tickets.held(request)

    def verify(self, request: Request, claim: Ticket) -> Steps[Outcome]:
        if not request.is_socket:
            # What is answered depends on the cookie: the server is to say so.
            request.session  # noqa: B018
        if not (self._counts(claim) if request.is_socket else self._counts_for(request, claim)):
            return None
        claims = yield from self._claims(claim.name)
        identity = RequestIdentity(None, claims, auth_time=self._auth_time(claim))
        # The one thing beside that opens with it is a WebSocket.
        is_for_public = claim.is_for_public and not request.is_socket
        return Visitor(self, claim, identity, {USER: claims}, is_for_public=is_for_public)

    def load(self, request: Request) -> Steps[None] | None:
        loading = self._tickets.load(request)
        if self._look_up is nothing_to_look_up:
            return loading
        if loading is None and (self._looked_up(request) or self._looking(request) is None):
            return None
        return self._loading(request, loading)

    def _loading(self, request: Request, loading: Steps[None] | None) -> Steps[None]:
        if loading is not None:
            yield from loading
        try:
            looking = self._looking(request)
            if looking is not None:
                yield from looking
        except Exception as error:
            # Told to who asks for it: what is public goes on without.
            request.tickets[self, "user"] = error
        else:
            request.tickets[self, "user"] = None

    def _looked_up(self, request: Request) -> bool:
        return (self, "user") in request.tickets

    def _looking(self, request: Request) -> Steps[None] | None:
        ticket = self._tickets.held(request)
        return None if ticket is None else self._look_up(ticket.name)

    def look_up(self, visitor: Visitor) -> Steps[None] | None:
        ticket, user = self._tickets.look_up(visitor.claim), self._look_up(visitor.claim.name)
        return user if ticket is None else ticket if user is None else _both(ticket, user)

    def holds(self, visitor: Visitor) -> bool:
        return self._tickets.lasts(visitor.claim) and self._counts(visitor.claim)

    def _auth_time(self, ticket: Ticket) -> float | None:
        """Return when the user was last asked for the password, None where nothing says so."""
        return None

    def _counts(self, ticket: Ticket) -> bool:
        """Tell whether it was not ended, and what the user was verified against is the same."""
        stored = self._stored(ticket.name)
        return stored is not None and ticket.is_against(stored) and not ended.is_ended(ticket)

    def _counts_for(self, request: Request, ticket: Ticket) -> bool:
        """Tell the same of the ticket of a request, for which it is asked once."""
        away: Exception | None = request.tickets.get((self, "user"))
        if away is not None:
            raise away.with_traceback(None)
        if self not in request.tickets:
            request.tickets[self] = self._counts(ticket)
            if not request.tickets[self] and not ended.is_ended(ticket):
                _witness.session_ended(request, self.method, ticket, "changed")
        counts: bool = request.tickets[self]
        return counts

    def begin(self, request: Request) -> Steps[None] | None:
        ticket = self._tickets.held(request)
        if ticket is None or not self._counts_for(request, ticket):
            return None
        return self._show(request, ticket.name)

    def _show(self, request: Request, name: str) -> Steps[None]:
        claims = yield from self._claims(name)
        show(request, {USER: claims})

    def is_brought(self, request: Request) -> bool:
        return self._tickets.text(request) is not None

    def log_out(self, request: Request) -> None:
        """End the login of a request, and for the browser; it may take a while.

        :param request: the request
        """
        ticket = self._tickets.leave(request)
        if ticket is not None:
            _witness.logged_out(request, self.method, ticket.name, ticket)

    def empty(self, request: Request) -> None:
        """Empty the app's session, but for what it keeps of logins to other apps.

        What somebody put there before a login must not outlive it, nor what a user left there the
        logout (OWASP, Session Management Cheat Sheet).

        :param request: the request
        """
        if request.session:
            # Without a key Flask's is always empty, and cannot be written.
            kept.empty(request.session, self._tickets.name)
        show(request, {})


def _both(first: Steps[None], second: Steps[None]) -> Steps[None]:
    yield from first
    yield from second


class ShownUser(Login):
    """Recognises whom the app's own login has put into `session["user"]`."""

    def claim(self, request: Request) -> Mapping[str, Any] | None:
        held = request.session.get(USER)
        return held if isinstance(held, Mapping) else None

    def verify(self, request: Request, claim: Mapping[str, Any]) -> Visitor:
        return Visitor(self, claim, RequestIdentity(session_user))


class NotRemembered(SessionLogin):
    """No session: each request is recognised by what comes with it; the app is shown whom."""

    def claim(self, request: Request) -> None:
        return None

    def begin(self, request: Request) -> None:
        return

    def issue(self, request: Request, visitor: Visitor) -> None:
        return

    def keep(self, request: Request) -> dict[str, Any] | None:
        return None

    def use(self) -> str:
        return "nothing: no cookie is written, each request carries its credentials"


def is_browser(request: Request) -> bool:
    """Tell whether a client says by Fetch Metadata that it is a browser.

    :param request: the request
    """
    return request.sec_fetch_site is not None or any(
        request.header(f"Sec-Fetch-{name}") is not None for name in ("Mode", "Dest")
    )
