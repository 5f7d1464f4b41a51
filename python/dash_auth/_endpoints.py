"""What each endpoint of a server is to one Dash app."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from dash import Dash

from . import _dash_internals as internals
from ._backends import UNROUTABLE, Backend
from ._core import Endpoint, RouteMap
from .public_routes import public_assets_extensions

_PAGES = ("", "<path:path>")
_DEPENDENCIES = "_dash-dependencies"
_LAYOUT = ("_dash-layout", _DEPENDENCIES, "_reload-hash")
_CALLBACK = "_dash-update-component"
_FAVICON = "_favicon.ico"


class Endpoints:
    """Tells what a request will be served by, seen from one app.

    An endpoint is recognised by the name under which Dash registered it, never by a path.
    """

    def __init__(self, app: Dash, backend: Backend) -> None:
        """Name Dash's endpoints.

        :param app: Dash app
        :param backend: adapter of its server
        """
        self._app = app
        self._backend = backend

        def named(name: str) -> str:
            return internals.endpoint_name(app, name)

        self._index, self._catch_all = self.pages = tuple(map(named, _PAGES))
        self.component_suites = named(internals.COMPONENT_SUITES)
        self.websocket = named(internals.WEBSOCKET)
        self.dependencies = named(_DEPENDENCIES)
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
        self._rules_open_pages = False
        self._examined: tuple[int, tuple[int, int]] = (0, (0, 0))

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
        kind = self._kinds[endpoint] = self._other(endpoint)
        return kind

    def _other(self, endpoint: str) -> Endpoint:
        """Tell what an endpoint is that is none of those that every Dash app has."""
        for path in internals.callback_api_paths(self._app):
            names = (f"dash_callback_api_{path}", internals.endpoint_name(self._app, path))
            if endpoint in names:
                return Endpoint.CLOSED
        view = self._backend.view(endpoint)
        if endpoint in self._app.routes or internals.is_redirect(view):
            return Endpoint.NAMED
        return Endpoint.CLOSED if internals.is_own_view(view) else Endpoint.SERVER

    def rules_open_pages(self, rules: RouteMap) -> bool:
        """Tell whether a rule leads to a page of Dash's, as the server's own routing has it.

        :param rules: the declared rules; they are only ever added to
        """
        surroundings = (self._backend.route_count(), internals.page_count())
        examined = (len(rules), surroundings)
        if examined != self._examined:
            first = self._examined[0] if surroundings == self._examined[1] else 0
            found = any(self._opens_page(rule) for rule in rules.rules[first:])
            self._rules_open_pages = found or (first > 0 and self._rules_open_pages)
            self._examined = examined
        return self._rules_open_pages

    def _opens_page(self, rule: str) -> bool:
        return any(self.leads_to_page(path) for path in RouteMap.sample_paths(rule))

    def leads_to_page(self, path: str) -> bool:
        """Tell whether a public path means a page of Dash's.

        Dash's catch-all takes a GET for any path. Where the server has a route of its own for that
        path, be it for another method or outside of the app's prefix, that is what is meant, unless
        there is a page with that path.

        :param path: path relative to the app's prefix
        """
        endpoints = self.of(path)
        if self._index in endpoints:
            return True
        if self._catch_all not in endpoints:
            return False
        if all(self._kinds.get(endpoint) == Endpoint.PAGE for endpoint in endpoints):
            return True
        return self._app.use_pages and self._is_page(path)

    def of(self, path: str) -> list[str]:
        """Return the endpoints that a public path can mean, below the prefix and as it stands.

        :param path: path relative to the app's prefix
        """
        prefix = internals.routes_prefix(self._app)
        below = self._backend.endpoints_of(prefix + path.removeprefix("/"))
        as_it_stands = [] if prefix == "/" else self._backend.endpoints_of(path)
        # What another Dash app's catch-all takes is no route that a rule could name.
        own = [name for name in as_it_stands if not internals.is_own_view(self._backend.view(name))]
        return list(dict.fromkeys(below + own))

    @staticmethod
    def _is_page(path: str) -> bool:
        try:
            return internals.resolve_page(path) is not None
        except Exception:  # whatever Dash makes of it, it finds no page
            return False
