"""The ticket of a user of Basic, who is asked for a password at each request to what is private."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash_auth._core import Refusal
from dash_auth._login import Login, Visitor
from dash_auth._request import Request, Server
from dash_auth._shown import USER
from dash_auth._steps import Steps
from dash_auth.logins.session import (
    AccountSession,
    LookUp,
    is_browser,
    nothing_to_look_up,
)
from dash_auth.sessions.ticket import Tickets


class BasicSession(AccountSession):
    """The ticket of a user who came with Basic: it names the user on public pages."""

    def __init__(
        self,
        server: Server,
        tickets: Tickets,
        login: Login,
        *,
        stored: Callable[[str], str | None],
        claims: Callable[[str], Steps[dict[str, Any]]],
        known_name: Callable[[Request], str | None],
        is_needed: Callable[[], bool],
        opens_sockets: Callable[[], bool],
        with_user: bool,
        look_up: LookUp = nothing_to_look_up,
    ) -> None:
        """Remember what decides.

        :param server: the app's server
        :param tickets: the tickets of the guard
        :param login: whose visitors are remembered
        :param stored: returns what a user is verified against now, None if that can be nothing
        :param claims: returns what the session shows of a user
        :param known_name: returns whose credentials a request has, as far as that costs nothing
        :param is_needed: tells whether something is public, so that a ticket is good for something
        :param opens_sockets: tells whether there are callbacks over WebSockets
        :param with_user: whether the session's cookie is written always, with the user in it
        :param look_up: has what is kept of a user at hand, if that takes a while
        """
        super().__init__(server, tickets, stored=stored, claims=claims, look_up=look_up)
        self._login = login
        self._known_name = known_name
        self._is_needed = is_needed
        self._opens_sockets = opens_sockets
        self._with_user = with_user

    def issue(self, request: Request, visitor: Visitor) -> None:
        if not self._server.secret_keys():
            return
        # What is needed takes the longest to find out.
        if not self._with_user and not (_keeps_cookies(request) and self._is_needed()):
            return
        if visitor.login is not self._login:
            # Of another one it would say nothing that still holds.
            return
        # Not what the live table holds by now: a password changed since ends this login.
        name, verified_against = visitor.against
        if not self._tickets.says(request, name, verified_against):
            methods = ["pwd"]
            self._tickets.issue(
                request, name, verified_against, methods=methods, is_for_public=True
            )

    def withdraw(self, request: Request) -> None:
        self._tickets.withdraw(request)

    def show_known(self, request: Request) -> Steps[None]:
        ticket = None if request.authorization is None else self._tickets.held(request)
        if ticket is None or not self._counts_for(request, ticket):
            return
        # What is open asks for no hash: where none was made for these, nobody is shown, though
        # `current_user()` finds out who it is.
        if self._known_name(request) == ticket.name:
            yield from self._show(request, ticket.name)

    def keep(self, request: Request) -> dict[str, Any] | None:
        shown = request.shown
        if shown is None:
            return None
        if shown.is_taken_away:
            self.log_out(request)
        if not self._with_user:
            return None
        ticket = self._tickets.held(request)
        if ticket is None or not self._counts(ticket):
            return {}
        # Of wrong credentials nobody is known, whatever a ticket says. Those that nobody asked
        # about leave the cookie as it is.
        is_wrong = not shown.values and request.refusal in (Refusal.ABSENT, Refusal.WRONG)
        return {} if is_wrong else {USER: {"email": ticket.name}}

    def use(self) -> str:
        if not self._with_user and not self._is_needed():
            return "nothing: no cookie is written, each request carries its credentials"
        if not self._server.secret_keys():
            return "nothing: there is no secret key"
        seconds = self._tickets.seconds
        lifetime = (
            "while the stored password is the same"
            if seconds is None
            else f"for {seconds / 3600:g} hours"
        )
        if self._opens_sockets():
            return f"WebSockets open with it, and public pages know the user, {lifetime}"
        return f"public pages know the user {lifetime}; it opens no private page"

    def lacks(self) -> str | None:
        if self._server.secret_keys() or not (self._with_user or self._is_needed()):
            return None
        lacking = (
            "callbacks will go by HTTP, not over WebSockets"
            if self._opens_sockets()
            else "public pages will not know who logged in"
        )
        return f"No secret key: {lacking}. Pass secret_key= to BasicAuth."


def _keeps_cookies(request: Request) -> bool:
    """Tell whether a client is a browser, or shows that it keeps cookies."""
    return (
        request.has_cookies
        or is_browser(request)
        or "text/html" in (request.header("Accept") or "")
    )
