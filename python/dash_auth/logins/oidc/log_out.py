"""Logging out of a login through providers: a link of the app's own, or a form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash

from dash_auth import _core, _refused
from dash_auth import _dash_internals as internals
from dash_auth._request import PageServer
from dash_auth._steps import Steps, Wait
from dash_auth.logins import pages
from dash_auth.logins.form.places import Places
from dash_auth.logins.form.proof import Proof
from dash_auth.logins.log_out import Asking
from dash_auth.logins.pages import Look

FILES = "files"
"""Where style and logo of the page are, below the route."""


class ProviderLogOut:
    """The routes by which a user of a provider logs out of the app."""

    def __init__(
        self, server: PageServer, app: Dash, proof: Proof, route: str, leave: Callable[[], Any]
    ) -> None:
        """Remember what takes part.

        :param server: the app's server
        :param app: the Dash app
        :param proof: proves whose page sends a form
        :param route: path that logs out, on the server
        :param leave: logs the user out, and returns the answer; it may wait
        """
        self._server = server
        self._start = internals.requests_prefix(app)
        self._leave = leave
        self.look: Look = Look(title=app.title)
        places = Places(app, route, route, None)
        self._asking = Asking(
            server=server,
            proof=proof,
            places=places,
            look=self.look,
            files=lambda request: f"{places.seen(request, route)}/{FILES}",
        )

    def follow(self) -> Steps[Any]:
        """Log out who follows a link of the app's own, as apps have it; any other is asked."""
        request = self._server.request()
        is_own = _core.is_own_page(request.sec_fetch_site, request.origin, request.own_origin)
        if is_own:
            return (yield Wait(self._leave))
        # A link says no origin.
        is_foreign = is_own is False or request.origin is not None
        if is_foreign and request.header("Sec-Fetch-Dest") != "document":
            _refused.note(request, brought=False)
            return pages.answer(request, 403, "Cross-site request refused", self._start)
        return (yield from self._asking.ask())

    def submit(self) -> Steps[Any]:
        """Log out who sends the form from a page of the app's own."""
        refused = yield from self._asking.refusal()
        return refused if refused is not None else (yield Wait(self._leave))
