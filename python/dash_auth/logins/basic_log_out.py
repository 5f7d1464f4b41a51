"""Logging out of Basic: the browser is brought to forget the password.

A 401 without a challenge does that, in all browsers, and shows its page. The header
`Clear-Site-Data: "cookies"` would do it as well, but takes all cookies of the registered domain
along, those of other apps too.
"""

from __future__ import annotations

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._dash.endpoints import Endpoints
from dash_auth._request import Answer, PageServer, Request
from dash_auth._steps import Steps
from dash_auth.logins import pages
from dash_auth.logins.form.places import Places
from dash_auth.logins.form.proof import Proof
from dash_auth.logins.log_out import LogOut
from dash_auth.logins.pages import Look
from dash_auth.logins.session import AccountSession


class BasicLogOut:
    """The routes by which a user of Basic logs out."""

    def __init__(
        self, server: PageServer, app: Dash, session: AccountSession, proof: Proof, route: str
    ) -> None:
        """Remember what takes part.

        :param server: the app's server
        :param app: the Dash app
        :param session: remembers who has logged in
        :param proof: proves whose page sends a form
        :param route: path that logs out, on the server
        """
        self._server = server
        self._app = app
        self._route = route
        self._look = Look(title=app.title)
        self._places = Places(app, route, route, None)
        self._log_out = LogOut(
            server=server,
            session=session,
            proof=proof,
            places=self._places,
            look=self._look,
            files=self._files,
            finish=self._finish,
        )

    def add_routes(self, endpoints: Endpoints) -> None:
        """Add the routes to the server.

        :param endpoints: the endpoints of the app, which learn that these are the login's own
        :raises ValueError: if a route is taken
        """
        if self._server.has_route(self._route):
            raise ValueError(f"the logout_route {self._route!r} is taken: give another one")
        add, log_out = self._server.add_route, self._log_out
        endpoints.add_login(
            [
                add(self._route, "dash_auth basic_log_out page", log_out.ask, {}),
                add(self._route, "dash_auth basic_log_out", log_out.leave, {}, ["POST"]),
                add(f"{self._route}/<name>", "dash_auth basic_log_out file", self._file, {}),
            ]
        )

    def _file(self, name: str) -> Steps[Answer]:
        # A way with no steps: those who guess passwords must not hold it up.
        yield from ()
        return self._look.answer(name)

    def _files(self, request: Request) -> str:
        return self._places.seen(request, self._route)

    def _finish(self, request: Request) -> Answer:
        start = internals.requests_prefix(self._app)
        card = pages.logged_out(self._files(request), start)
        html = pages.card(self._look, card, request.header("Accept-Language"))
        headers = {**pages.headers(), "Clear-Site-Data": '"cache"'}
        return Answer(401, html, headers, "text/html; charset=utf-8")
