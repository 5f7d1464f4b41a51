"""The parts of one Dash app, and which of them are open."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from dash import Dash

from dash_auth import _core
from dash_auth import _dash_internals as internals
from dash_auth._core import Endpoint
from dash_auth._dash.callbacks import OpenCallbacks
from dash_auth._dash.endpoints import Endpoints
from dash_auth._dash.handles import CallbackHandles, HandleSeal
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

    def __init__(self, app: Dash, server: Server, guard: str, keys: Callable[[], Keys]) -> None:
        """Look at an app.

        :param app: Dash app
        :param server: its server
        :param guard: the name of the guard
        :param keys: returns the keys under which handles are sealed
        """
        self._app = app
        self._server = server
        self.prefix = internals.routes_prefix(app)
        self.rules = public_rules(app)
        self.endpoints = Endpoints(app, server)
        self.page_rules = PageRules(app, self.rules, self.endpoints, server)
        self.rule_warnings = RuleWarnings(
            self.rules, self.page_rules, use_pages=bool(app.use_pages)
        )
        self.pages = OpenPages(app, self.page_rules)
        self.callbacks = OpenCallbacks(app, self.rules, self.pages)
        self.websocket_callbacks = WebSocketCallbacks(app, self.callbacks)
        self.handles = CallbackHandles(app, HandleSeal(guard), keys)
        # A callback that is added later may start its jobs in a way of its own.
        registered = partial(internals.callbacks_registered, app)
        self.hand_user_to_jobs = UntilAdded(registered, partial(hand_user_to_jobs, app, keys))
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
        return kind == Endpoint.STATIC or self.endpoints.is_asset(request.endpoint)

    def is_open(self, request: Request, kind: Endpoint) -> bool:
        """Tell whether what the server is going to run, but a callback, is open to anyone.

        :param request: the request
        :param kind: what the server is going to run
        """
        if kind == Endpoint.LOGIN or self._is_notebook_check(request):
            return True
        if not len(self.rules):
            return False
        path, prefix = request.path, self.prefix
        if kind == Endpoint.PAGE:
            below = _core.below_prefix(path, prefix)
            return below is not None and self.pages.index_is_open(path, below)
        opens_pages = kind == Endpoint.LAYOUT and self.page_rules.lead_to_pages()
        return self.rules.is_open(kind, path, prefix, opens_pages)

    def _is_notebook_check(self, request: Request) -> bool:
        endpoint = request.endpoint
        # Most requests are told apart by their endpoint's name alone.
        if endpoint is None or request.method != "GET" or "_alive_" not in endpoint:
            return False
        return internals.is_notebook_check(self._app, endpoint, self._server.view(endpoint))

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
