"""The parts of one Dash app, and which of them are open."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import Endpoint, Gate, HandleSeal, RouteMap, Standing
from dash_auth._dash.callbacks import OpenCallbacks
from dash_auth._dash.endpoints import Endpoints
from dash_auth._dash.group_pages import GroupPages
from dash_auth._dash.handles import CallbackHandles
from dash_auth._dash.index_page import IndexPage
from dash_auth._dash.jobs import hand_user_to_jobs
from dash_auth._dash.page_rules import PageRules
from dash_auth._dash.pages import OpenPages
from dash_auth._dash.registry import UntilAdded
from dash_auth._dash.rule_warnings import RuleWarnings
from dash_auth._dash.websocket import WebSocketCallbacks
from dash_auth._request import Request, Server
from dash_auth._secret_keys import Keys
from dash_auth.public_routes import public_rules

logger = logging.getLogger("dash_auth")


class Parts:
    """What an app consists of, for the guard before it."""

    def __init__(
        self,
        app: Dash,
        server: Server,
        guard: str,
        keys: Callable[[], Keys],
        trusted_origins: Sequence[str],
    ) -> None:
        """Look at an app.

        :param app: Dash app
        :param server: its server
        :param guard: the name of the guard
        :param keys: returns the keys under which handles are sealed
        :param trusted_origins: origins beside the app's own whose pages may make requests
        """
        self.prefix: str = internals.routes_prefix(app)
        self.rules: RouteMap = public_rules(app)
        self.endpoints: Endpoints = Endpoints(app, server)
        self.dash_apps: Callable[[], list[Dash]] = server.dash_apps
        """Returns the Dash apps on the server, guarded or not."""
        self._gate = Gate(
            self.rules, self.prefix, internals.requests_prefix(app), list(trusted_origins)
        )
        self.page_rules: PageRules = PageRules(
            app, self.rules, self.endpoints, server, show=self._gate.show
        )
        self.rule_warnings: RuleWarnings = RuleWarnings(
            self.rules, self.page_rules, use_pages=bool(app.use_pages)
        )
        self.pages: OpenPages = OpenPages(app, self.page_rules, self._gate)
        self.group_pages: GroupPages = GroupPages(app, self.pages.opens)
        self.callbacks: OpenCallbacks = OpenCallbacks(
            app, self.rules, self.pages, self._gate, self.group_pages
        )
        self.websocket_callbacks: WebSocketCallbacks = WebSocketCallbacks(app, self.callbacks)
        self.handles: CallbackHandles = CallbackHandles(app, HandleSeal(guard), keys)
        # A callback that is added later may start its jobs in a way of its own.
        registered = partial(internals.callbacks_registered, app)
        self.hand_user_to_jobs: UntilAdded[None] = UntilAdded(
            registered, partial(hand_user_to_jobs, app, keys)
        )
        """Has the jobs of background callbacks know who started them."""
        self._index_page = IndexPage(app, self.websocket_callbacks, keys, server.secret_keys)

    def kind(self, request: Request) -> Endpoint:
        """Tell what the server is going to run for a request."""
        return self.endpoints.kind(request.endpoint, request.view_arguments)

    def is_file(self, request: Request, kind: Endpoint) -> bool:
        """Tell whether a request is for a file: a component suite, the favicon, an asset.

        :param request: the request
        :param kind: what the server is going to run
        """
        return kind is Endpoint.STATIC or self.endpoints.is_asset(request.endpoint)

    def ask(self, request: Request, kind: Endpoint) -> tuple[Standing, bool]:
        """Say what a request is, and whether a page of another origin makes it for its visitor.

        :param request: the request
        :param kind: what the server is going to run
        """
        origin = request.origin
        own_origin = "" if origin is None else request.own_origin
        asked = request.asked
        if asked is not None and asked[:3] == (self, kind, own_origin):
            return asked[3]
        templates = None
        if (kind is Endpoint.PAGE or kind is Endpoint.LAYOUT) and len(self.rules):
            templates = self.pages.templates()
        gate, path, site = self._gate, request.path, request.sec_fetch_site
        if request.is_socket:
            is_own = request.endpoint == self.endpoints.websocket
            said = gate.ask_socket(kind, path, site, origin, own_origin, is_own, templates)
        else:
            method = request.method
            requested = None
            if method == "OPTIONS":
                requested = request.header("Access-Control-Request-Method")
            said = gate.ask(kind, method, path, site, origin, own_origin, requested, templates)
        request.asked = (self, kind, own_origin, said)
        return said

    def is_foreign(self, request: Request) -> bool:
        """Tell whether a page of another origin may not lean on what the browser holds."""
        if request.sec_fetch_site is None and request.origin is None:
            # A program, which holds nobody's credentials but its own.
            return False
        return self.ask(request, self.kind(request))[1]

    def is_open(self, request: Request, standing: Standing) -> bool:
        """Tell whether what the server is going to run, but a callback, is open to anyone.

        :param request: the request
        :param standing: what the gate says of it
        """
        if standing is Standing.PAGE or standing is Standing.RELATIVE_PAGE:
            return self.pages.index_is_open(request.path, standing)
        return standing is Standing.OPEN

    def any_public(self) -> bool:
        """Tell whether anything can be reached with no login."""
        return bool(len(self.rules)) or self.callbacks.any_public()

    def need_session(self) -> bool:
        """Tell whether something may come later that only a session tells who makes it."""
        return self.any_public() or self.websocket_callbacks.exist()

    def tell_routing(self) -> None:
        """Tell the developer which callbacks public routes open."""
        for output in self.callbacks.routing():
            logger.info("Open with no login where its pathname is public: callback %s", output)
