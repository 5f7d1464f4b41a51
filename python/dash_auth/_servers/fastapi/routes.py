"""Which endpoint FastAPI's own routing finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import is_
from typing import Any

from dash import Dash
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import Scope

from dash_auth import _dash_internals as internals
from dash_auth._servers.remembered import LONGEST_REMEMBERED_PATH, REMEMBERED_PATHS, remembering

Found = tuple[str, dict[str, Any]]
"""The name of an endpoint, and the variables of the path: shared by requests, so only read."""

_JUDGE_BY_PATH = (APIRoute, APIWebSocketRoute, Mount, Route, WebSocketRoute)
"""The kinds of routes that look at nothing of a request but its path and method."""


class Routes:
    """The routes of one FastAPI server."""

    def __init__(self, server: FastAPI) -> None:
        """Remember the server; it may be given more routes at any time.

        :param server: FastAPI server
        """
        self._server = server
        self._views: dict[str, Callable[..., Any]] = {}
        self._known_of: Sequence[BaseRoute] = ()
        self._known: dict[tuple[str, str, str, str], Found | None] | None = None
        self._endpoints_on: Callable[[str], list[str]] = self._find_endpoints
        self._version = object()

    def apps(self) -> list[Dash]:
        """Return the Dash apps on the server."""
        return internals.fastapi_apps(self._server)

    def view(self, endpoint: str) -> Callable[..., Any] | None:
        """Return the function behind an endpoint."""
        return self._views.get(endpoint)

    def find(self, scope: Scope) -> Found | None:
        """Return what the server is going to run for a request.

        :param scope: the scope of the connection
        """
        self._notice_changes()
        known = self._known
        path, method = scope["path"], scope.get("method", "")
        # The client chooses the method too.
        length = len(path) + len(method)
        if known is None or length > LONGEST_REMEMBERED_PATH or scope.get("path_params"):
            return self._find(scope)
        key = scope["type"], method, path, scope.get("root_path", "")
        try:
            return known[key]
        except KeyError:
            found = self._find(scope)
        if len(known) >= REMEMBERED_PATHS:
            known.clear()
        known[key] = found
        return found

    def endpoints_of(self, path: str) -> list[str]:
        """Return the endpoints that serve a path, whatever the method."""
        self._notice_changes()
        return self._endpoints_on(path)

    def routes(self) -> list[tuple[str, str]]:
        """Return the endpoints with their rules in Flask's syntax, FastAPI's documents left out."""
        server = self._server
        oauth = server.swagger_ui_oauth2_redirect_url
        documents = (server.openapi_url, server.docs_url, server.redoc_url, oauth)
        return [
            (self.name(route), in_flasks_syntax(path))
            for route in server.router.routes
            for path in _paths(route)
            if path not in documents
        ]

    def version(self) -> object:
        """Return what is the same object for as long as there are the same routes."""
        self._notice_changes()
        return self._version

    def _notice_changes(self) -> None:
        """Forget what was found once there are other routes."""
        routes = self._server.router.routes
        if len(routes) == len(self._known_of) and all(map(is_, routes, self._known_of)):
            return
        memorable = all(type(route) in _JUDGE_BY_PATH for route in routes)
        self._known = {} if memorable else None
        find = self._find_endpoints
        self._endpoints_on = remembering(find) if memorable else find
        self._version = object()
        self._known_of = tuple(routes)

    def _find(self, scope: Scope) -> Found | None:
        partial = None
        for match, route, child in self._matching(scope):
            if match == Match.FULL:
                return self.name(route), self._arguments(route, scope, child)
            if partial is None:
                partial = route, child
        if partial is None:
            return None
        route, child = partial
        return self.name(route), self._arguments(route, scope, child)

    def _find_endpoints(self, path: str) -> list[str]:
        scope = {"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []}
        methods: set[str] = set()
        found: dict[str, None] = {}
        for match, route, _ in self._matching(scope):
            declared = getattr(route, "methods", None)
            methods.update(declared or ("GET",))
            if not declared and match == Match.PARTIAL:
                # A router that was included does not say for which method else it has a route.
                found[self.name(route)] = None
        asked = [{**scope, "method": method} for method in sorted(methods)]
        for each in [*asked, {**scope, "type": "websocket"}]:
            for match, route, _ in self._matching(each):
                if match == Match.FULL:
                    found[self.name(route)] = None
                    break
        return list(found)

    def _matching(self, scope: Scope) -> Iterator[tuple[Match, BaseRoute, Scope]]:
        for route in self._server.router.routes:
            match, child = route.matches(dict(scope))
            if match != Match.NONE:
                yield match, route, child

    def name(self, route: BaseRoute) -> str:
        """Return the name of the endpoint that a route leads to."""
        path = getattr(route, "path", "")
        shadows = any(
            other is not route
            and getattr(other, "path", "") == path
            and internals.is_own_view(getattr(other, "endpoint", None))
            for other in self._server.router.routes
        )
        name, view = internals.fastapi_endpoint(route, self.apps(), shadows=shadows)
        self._views[name] = view
        return name

    @staticmethod
    def _arguments(route: BaseRoute, scope: Scope, child: Scope) -> dict[str, Any]:
        if isinstance(route, Mount):
            # A mount tells how far its own path goes by a longer root.
            return {"filename": internals.route_path({**scope, **child}).removeprefix("/")}
        arguments: dict[str, Any] = child.get("path_params", {})
        return arguments


def in_flasks_syntax(path: str) -> str:
    """Return a path of Starlette's as a rule; what it has no converter for is text."""
    rule = re.sub(r"{(\w+):(path|int|float|uuid)}", r"<\2:\1>", path)
    return re.sub(r"{(\w+)(?::[^}]*)?}", r"<\1>", rule)


def views(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Return the paths of routes with the functions behind them, wherever they are nested.

    :param routes: the routes
    :param prefix: where they are mounted
    """
    for route in routes:
        candidates = getattr(route, "effective_candidates", None)
        if candidates is not None:
            yield from views(candidates(), prefix)
            continue
        inner = getattr(route, "starlette_route", None)
        path = prefix + str(getattr(route, "path", None) or getattr(inner, "path", ""))
        yield path, getattr(route, "endpoint", None) or getattr(inner, "endpoint", None)
        yield from views(getattr(route, "routes", None) or (), path)


def _paths(route: Any) -> Iterator[str]:
    candidates = getattr(route, "effective_candidates", None)
    if candidates is not None:
        for each in candidates():
            yield from _paths(each)
        return
    # An included one keeps its path in the route that it was made of.
    inner = getattr(route, "starlette_route", None)
    path = str(getattr(route, "path", None) or getattr(inner, "path", ""))
    if isinstance(route, Mount):
        yield f"{path}/<path:mounted>"
    elif path.startswith("/"):
        yield path
