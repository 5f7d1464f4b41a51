"""The parts of one Dash app, and which of them are open."""

from __future__ import annotations

import logging
from collections.abc import Callable

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._dash.callbacks import OpenCallbacks
from dash_auth._dash.endpoints import Endpoints
from dash_auth._dash.handles import CallbackHandles, HandleSeal
from dash_auth._dash.index_page import IndexPage
from dash_auth._dash.jobs import hand_user_to_jobs
from dash_auth._dash.page_rules import PageRules
from dash_auth._dash.pages import OpenPages
from dash_auth._dash.rule_warnings import RuleWarnings
from dash_auth._dash.websocket import WebSocketCallbacks
from dash_auth._request import Server
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
        self._keys = keys
        self._handed_to: tuple[int, ...] = ()
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
        self._index_page = IndexPage(app, self.websocket_callbacks, keys, server.secret_keys)

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

    def hand_user_to_jobs(self) -> None:
        """Have the jobs of background callbacks know who started them."""
        # A callback that is added later may start its jobs in a way of its own.
        counted = internals.callback_counts(self._app)
        if counted != self._handed_to:
            hand_user_to_jobs(self._app, self._keys)
            self._handed_to = counted
