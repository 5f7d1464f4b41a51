"""What each endpoint of a server is to one Dash app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import Endpoint
from dash_auth._request import UNROUTABLE, Server
from dash_auth.public_routes import public_assets_extensions

_PAGES = ("", "<path:path>")
_DEPENDENCIES = "_dash-dependencies"
_LAYOUT = ("_dash-layout", _DEPENDENCIES, "_reload-hash")
_CALLBACK = "_dash-update-component"
_FAVICON = "_favicon.ico"


class Endpoints:
    """Tells what a request will be served by, seen from one app.

    An endpoint is recognised by the name under which Dash registered it, never by a path.
    """

    def __init__(self, app: Dash, server: Server) -> None:
        """Name Dash's endpoints.

        :param app: Dash app
        :param server: adapter of its server
        """
        self._app = app
        self._server = server

        def named(name: str) -> str:
            return internals.endpoint_name(app, name)

        self.pages: tuple[str, ...] = tuple(map(named, _PAGES))
        self.component_suites: str = named(internals.COMPONENT_SUITES)
        self.websocket: str = named(internals.WEBSOCKET)
        self.dependencies: str = named(_DEPENDENCIES)
        self._kinds: dict[str, Endpoint] = {
            **dict.fromkeys(self.pages, Endpoint.PAGE),
            **dict.fromkeys(map(named, _LAYOUT), Endpoint.LAYOUT),
            named(_CALLBACK): Endpoint.CALLBACK,
            named(_FAVICON): Endpoint.STATIC,
            UNROUTABLE: Endpoint.CLOSED,
        }
        self._own = frozenset(self._kinds) - {UNROUTABLE}
        self._assets = internals.assets_endpoint_name(app)
        self._public_extensions = public_assets_extensions()

    def add_login(self, endpoints: Iterable[str]) -> None:
        """Have some endpoints count as the login's own.

        :param endpoints: their names
        """
        self._kinds.update(dict.fromkeys(endpoints, Endpoint.LOGIN))

    def is_of_login(self, endpoint: str | None) -> bool:
        """Tell whether an endpoint belongs to the login itself."""
        return endpoint is not None and self._kinds.get(endpoint) == Endpoint.LOGIN

    def are_own(self, endpoint: str | None) -> bool:
        """Tell whether an endpoint is one of those that every Dash app has, and this app's."""
        return endpoint in self._own

    def is_asset(self, endpoint: str | None) -> bool:
        """Tell whether an endpoint serves the files of the app's assets folder."""
        return endpoint == self._assets

    def kind(self, endpoint: str | None, arguments: Mapping[str, Any]) -> Endpoint:
        """Tell what an endpoint is.

        :param endpoint: its name, None if there is none
        :param arguments: the variables of the path, as the server parsed them
        """
        if endpoint is None:
            return Endpoint.MISSING
        kind = self._kinds.get(endpoint)
        if kind is not None:
            return kind
        if endpoint == self.component_suites:
            package, path = arguments.get("package_name"), arguments.get("fingerprinted_path")
            known = internals.is_component_suite(self._app, package, path)
            return Endpoint.STATIC if known else Endpoint.CLOSED
        if endpoint == self._assets:
            extension = PurePosixPath(str(arguments.get("filename"))).suffix.removeprefix(".")
            public = extension.lower() in self._public_extensions
            return Endpoint.STATIC if public else Endpoint.SERVER
        if "_alive_" in endpoint and self._is_notebook_check(endpoint):
            return Endpoint.ALIVE
        kind = self._kinds[endpoint] = self._other(endpoint)
        return kind

    def _is_notebook_check(self, endpoint: str) -> bool:
        return internals.is_notebook_check(self._app, endpoint, self._server.view(endpoint))

    def _other(self, endpoint: str) -> Endpoint:
        """Tell what an endpoint is that is none of those that every Dash app has."""
        if internals.is_closed_name(self._app, endpoint):
            return Endpoint.CLOSED
        view = self._server.view(endpoint)
        if endpoint in self._app.routes or internals.is_redirect(view):
            return Endpoint.NAMED
        for other in self._server.dash_apps():
            if endpoint == internals.assets_endpoint_name(other):
                # What is meant for its pages, which are not this app's.
                return Endpoint.NAMED
            if internals.has_named(other, endpoint):
                return Endpoint.CLOSED
        return Endpoint.CLOSED if internals.is_own_view(view) else Endpoint.SERVER

    def is_of_server(self, endpoint: str) -> bool:
        """Tell whether an endpoint is a route of the server's own, none of Dash's."""
        if endpoint in (self._assets, self.component_suites):
            return False
        return self.kind(endpoint, {}) in (Endpoint.SERVER, Endpoint.LOGIN)

    def without_pages(self, endpoints: list[str]) -> list[str]:
        """Return the endpoints that are no index page of Dash's.

        On FastAPI the last app's catch-all takes the paths of the others as well.
        """
        return [
            endpoint
            for endpoint in endpoints
            if endpoint not in self.pages
            and not (endpoint.endswith(_PAGES[1]) and self.kind(endpoint, {}) == Endpoint.CLOSED)
        ]

    def are_pages(self, endpoints: list[str]) -> bool:
        """Tell whether a path leads to the app's index page and nothing else."""
        return bool(endpoints) and all(endpoint in self.pages for endpoint in endpoints)

    def is_opened_by(self, endpoint: str, rule: str) -> bool:
        """Tell whether a rule that leads to an endpoint opens it.

        :param endpoint: its name
        :param rule: the rule
        """
        if endpoint == self._assets or self.is_of_server(endpoint):
            return True
        return "<" not in rule and self.kind(endpoint, {}) == Endpoint.NAMED

    def open_by_themselves(self, endpoint: str) -> bool:
        """Tell whether an endpoint of Dash's opens with other rules: none has to name it."""
        kinds = (Endpoint.LAYOUT, Endpoint.STATIC)
        return endpoint == self.component_suites or self._kinds.get(endpoint) in kinds
