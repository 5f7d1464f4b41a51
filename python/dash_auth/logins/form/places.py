"""Where the pages of a login are, as the browser sees them, and where a login leads back to."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlencode, urlsplit

from dash import Dash

from dash_auth import _core
from dash_auth import _dash_internals as internals
from dash_auth._request import Request
from dash_auth.logins import navigation


class Places:
    """The paths of a login's pages.

    Attributes:
        login: path of the login page on the server.
        logout: path of the logout on the server.
        page: path of the app's own login page on the server, None where the page is ours.
        account: path of the account page on the server, None where there is none.
    """

    def __init__(
        self, app: Dash, login: str, logout: str, page: str | None, account: str | None = None
    ) -> None:
        """Remember the paths.

        :param app: the Dash app whose login it is
        :param login: path of the login page on the server
        :param logout: path of the logout on the server
        :param page: path of the app's own login page on the server, None where the page is ours
        :param account: path of the account page on the server, None where there is none
        """
        self._app = app
        self.login: str = login
        self.logout: str = logout
        self.page: str | None = page
        self.account: str | None = account

    def seen(self, request: Request, path: str) -> str:
        """Return a path on the server as the browser sees it, quoted."""
        return quote(navigation.seen(self._app, request, path))

    def start(self) -> str:
        """Return the path of the app's start."""
        return internals.requests_prefix(self._app)

    def login_page(self, request: Request, target: str | None = None, **asked: str) -> str:
        """Return where the login page is.

        :param request: the request
        :param target: path that the login is to lead to, None for the app's start
        :param asked: further parameters of the query
        """
        query = {**({} if target is None else {"next": target}), **asked}
        path = self.seen(request, self.login if self.page is None else self.page)
        return f"{path}?{urlencode(query, safe='/')}" if query else path

    def account_page(self, request: Request, target: str | None = None, **asked: str) -> str:
        """Return where the account page is; there is one.

        :param request: the request
        :param target: path that it is to lead to, None for the app's start
        :param asked: further parameters of the query
        """
        query = {**({} if target is None else {"next": target}), **asked}
        path = self.seen(request, self.account or "")
        return f"{path}?{urlencode(query, safe='/')}" if query else path

    def done(self, request: Request, target: str) -> str:
        """Return where a user goes who has just logged in.

        :param request: the request
        :param target: path that the login is to lead to
        """
        return f"{self.seen(request, self.login)}/done?{urlencode({'next': target}, safe='/')}"

    def target(self, request: Request, app: Dash) -> str | None:
        """Return the path that a request was for, None where the login is to lead to the start.

        :param request: the request that a login interrupts
        :param app: the app that it is to
        """
        found = navigation.target(app, request)
        return None if found is None else self._landing(request, found)

    def landing(self, request: Request, asked: str | None) -> str:
        """Return where a login leads that was asked to lead somewhere.

        :param request: the request
        :param asked: what the client asked for
        """
        return (self._landing(request, asked) if asked else None) or self.start()

    def _landing(self, request: Request, asked: str) -> str | None:
        own = [self.seen(request, path) for path in (self.login, self.logout, self.page) if path]
        return _core.landing(asked, self.seen(request, "/"), own)


def is_again(request: Request) -> bool:
    """Tell whether a user who is logged in is to log in again.

    :param request: the request for the page, or for the way to a provider
    """
    return bool(request.query_values("again"))


def asked_of_page(request: Request) -> str | None:
    """Return where the login is to lead by the address of the page that sent a form, if it says so.

    The app's own login page has it there; where it may lead is looked at afterwards.

    :param request: the request that brought the form
    """
    try:
        query = urlsplit(request.header("Referer") or "").query
        return parse_qs(query, max_num_fields=20).get("next", [None])[0]
    except ValueError:
        return None
