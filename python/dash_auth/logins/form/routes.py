"""The routes of a login's pages, below the prefix of its app."""

from __future__ import annotations

from collections.abc import Callable

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._request import PageServer


class Routes:
    """Adds the routes of a login's pages.

    Attributes:
        endpoints: the names of those that were added.
    """

    def __init__(self, app: Dash, server: PageServer, page: str | None = None) -> None:
        """Name the app.

        :param app: Dash app
        :param server: its server
        :param page: path of the app's own login page, None where the page is ours
        """
        self._app = app
        self._server = server
        self._page = page
        self.endpoints: list[str] = []

    def add(self, name: str, path: str, view: Callable[..., object], method: str = "GET") -> str:
        """Add a route; of two that fit FastAPI takes the one that was added last.

        :param name: what tells it from the others
        :param path: path on the server, see :func:`below`
        :param view: view of the route
        :param method: its HTTP method
        :return: the name of its endpoint
        """
        endpoint = self._server.add_route(path, f"dash_auth login {name}", view, {}, [method])
        self.endpoints.append(endpoint)
        return endpoint

    def refuse_taken(self, name: str, route: str, *, other: str = "") -> None:
        """Refuse a route that something of the app's has already.

        :param name: the argument's name
        :param route: the route
        :param other: what else can be done about it
        :raises ValueError: if a page or another route has it
        """
        paths = [page.path for page in internals.registered_pages() if self._app.use_pages]
        if self._page is not None and self._page not in paths:
            raise ValueError(
                f"no page of the app has the path {self._page!r}: register the page= that shows "
                "login_form() before FormAuth"
            )
        if route != self._page and route in paths:
            raise ValueError(
                f"a page of the app has the path {route!r}: give another {name}{other}"
            )
        if self._server.has_route(below(self._app, route)):
            hint = other if name == "account_route" else ""
            raise ValueError(f"the {name} {route!r} is taken: give another one{hint}")


def below(app: Dash, route: str) -> str:
    """Return a route as the server has it.

    :param app: Dash app
    :param route: path relative to the app's prefix
    """
    return internals.routes_prefix(app) + route.removeprefix("/")


def seen(app: Dash, route: str) -> str:
    """Return a route as the browser sees it.

    :param app: Dash app
    :param route: path relative to the app's prefix
    """
    return internals.requests_prefix(app) + route.removeprefix("/")
