"""The session of a user who logged in on the login page, with its form or through a provider."""

from __future__ import annotations

from typing import Any

from dash_auth._login import FLOW, Outcome, Visitor
from dash_auth._request import Request
from dash_auth._shown import NAMES, USER
from dash_auth._steps import Steps, stepwise
from dash_auth._unavailable import Unavailable
from dash_auth.logins.form.session import FormSession
from dash_auth.logins.oidc.session import ProviderSession, name_of
from dash_auth.logins.session import SessionLogin
from dash_auth.sessions.ticket import Tickets


class EitherSession(SessionLogin):
    """One ticket for both: it is the one's or the other's, by which of them has written it.

    Attributes:
        form: the session of a user who sent a name and a password.
        provider: the session of a user who came back from a provider.
    """

    precedence = FLOW

    def __init__(self, tickets: Tickets, form: FormSession, provider: ProviderSession) -> None:
        """Put the two together.

        :param tickets: the tickets of the guard
        :param form: the session of a user who sent a name and a password
        :param provider: the session of a user who came back from a provider
        """
        tickets.method = form.method
        self._tickets = tickets
        self.form = form
        self.provider = provider
        self.names: tuple[str, ...] = NAMES
        # Both have one lifetime.
        self.waits_to_renew: bool = form.waits_to_renew

    def have_providers(self) -> None:
        """Have the app shown what a provider's login shows, too."""
        self.names = self.provider.names

    def _of(self, request: Request) -> FormSession | ProviderSession:
        return self.provider if self.provider.wrote(request) else self.form

    def found(self, request: Request) -> bool:
        """Tell whether a user is logged in.

        :param request: the request
        """
        return self.name_of_user(request) is not None

    def name_of_user(self, request: Request) -> str | None:
        """Return the name of the user who is logged in, None if it is nobody.

        :param request: the request
        """
        if self.provider.wrote(request):
            found = self.provider.found(request)
            return None if found is None else name_of(found[1][USER])
        ticket = self.form.found(request)
        return None if ticket is None else ticket.name

    def name_in_form(self, request: Request) -> str:
        """Return the name with which the user logged in who is to do so again.

        :param request: the request
        :return: nothing of a provider's user, who has no password here
        """
        ticket = None if self.provider.wrote(request) else self.form.found(request)
        return "" if ticket is None else ticket.name

    def has_to_change(self, request: Request) -> bool:
        """Tell whether the user who is logged in has to change the password first.

        :param request: the request
        """
        return not self.provider.wrote(request) and self.form.has_to_change(request)

    def log_out(self, request: Request) -> None:
        """End the login of a request, and for the browser; it may take a while.

        :param request: the request
        """
        try:
            session = self._of(request)
        except Unavailable:
            # What cannot be read is ended all the same.
            session = self.form
        session.log_out(request)

    def empty(self, request: Request) -> None:
        """Empty the app's session, but for what it keeps of logins to other apps.

        :param request: the request
        """
        self.form.empty(request)

    # The guard

    def claim(self, request: Request) -> Any:
        session = self._of(request)
        claim = session.claim(request)
        return None if claim is None else (session, claim)

    def verify(self, request: Request, claim: Any) -> Steps[Outcome]:
        # The visitor is that session's own, which is asked whether it still holds.
        session, own = claim
        outcome: Outcome = yield from stepwise(session.verify(request, own))
        return outcome

    def begin(self, request: Request) -> Steps[None] | None:
        return self._of(request).begin(request)

    def issue(self, request: Request, visitor: Visitor) -> None:
        # What the login ended in has done so.
        return

    def load(self, request: Request) -> Steps[None] | None:
        loading = self._tickets.load(request)
        if loading is not None:
            return self._loading(request, loading)
        return None if self.provider.wrote(request) else self.form.load(request)

    def _loading(self, request: Request, loading: Steps[None]) -> Steps[None]:
        yield from loading
        loading_user = self.load(request)
        if loading_user is not None:
            yield from loading_user

    def is_brought(self, request: Request) -> bool:
        return self._tickets.text(request) is not None

    def keep(self, request: Request) -> dict[str, Any] | None:
        return self._of(request).keep(request)

    def renew(self, request: Request) -> None:
        self._of(request).renew(request)

    def use(self) -> str:
        return self.form.use()
