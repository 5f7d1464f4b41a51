"""Which callbacks of one app run with no login."""

from __future__ import annotations

from typing import Any, NamedTuple

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import Callback, Gate, Routed, RouteMap
from dash_auth._dash.closed import Closed
from dash_auth._dash.group_pages import GroupPages
from dash_auth._dash.pages import OpenPages
from dash_auth._dash.registry import UntilAdded
from dash_auth.public_routes import configured_callbacks, is_public_callback, registrations


class OpenCallback(NamedTuple):
    """A callback that may run with no login.

    Attributes:
        output: its id.
        entry: the callback as Dash keeps it.
        is_public: whether it is a public one; else it shows a public page.
    """

    output: str
    entry: internals.CallbackEntry
    is_public: bool


class OpenCallbacks:
    """Compares what a body asks for with what is registered."""

    def __init__(
        self,
        app: Dash,
        rules: RouteMap,
        pages: OpenPages,
        gate: Gate,
        group_pages: GroupPages,
    ) -> None:
        """Remember what decides.

        :param app: Dash app
        :param rules: the declared rules
        :param pages: which pages are open
        :param gate: compares
        :param group_pages: the pages for some users only, whose callbacks are never open
        """
        self._group_pages = group_pages
        self._app = app
        self._rules = rules
        self._pages = pages
        self._gate = gate
        self._declared: dict[str, tuple[internals.CallbackEntry, Callback]] = {}
        self._any_public = UntilAdded(self._registered, self._find_public)

    def any_public(self) -> bool:
        """Tell whether there is a public callback."""
        if not registrations() and not configured_callbacks(self._app):
            return False
        return self._any_public()

    def _registered(self) -> object:
        configured = frozenset(configured_callbacks(self._app))
        return registrations(), configured, internals.callbacks_registered(self._app)

    def _find_public(self) -> bool:
        entries = internals.callback_entries(self._app)
        return any(is_public_callback(self._app, entry) for _, entry in entries)

    def named_by(self, body: Any) -> OpenCallback | Closed:
        """Return the callback that a body may run with no login, or why there is none.

        :param body: the very object that Dash will be given
        """
        output = body.get("output") if isinstance(body, dict) else None
        if not isinstance(output, str):
            return Closed("the body is no callback request")
        entry = internals.callback_entry(self._app, output)
        if entry is None or "callback" not in entry:
            return Closed("no callback of the server's is registered under that id", output)
        callback = self._declaration(output, entry)
        is_public = is_public_callback(self._app, entry)
        owners = self._group_pages.owners(entry)
        if owners:
            return Closed(
                f"it belongs to the page {owners[0].path!r}, which has groups", output, entry
            )
        is_page_router = self.is_page_router(output)
        may_route = not is_public and (is_page_router or callback.is_routing)
        templates = self._pages.templates() if may_route else None
        why = self._gate.ask_callback(callback, body, is_public, is_page_router, templates)
        if isinstance(why, Routed):
            why = self._pages.why_closed(why, is_page_router=is_page_router)
        return OpenCallback(output, entry, is_public) if why is None else Closed(why, output, entry)

    def routed(self, body: Any) -> Routed | str:
        """Return where the page router leads a user, or why a body is none that it is sent.

        :param body: the very object that Dash will be given; it names the page router
        """
        output = internals.PAGE_ROUTER_ID
        entry = internals.callback_entry(self._app, output)
        if entry is None:
            return "the page router is not registered"
        callback = self._declaration(output, entry)
        routed = self._gate.ask_callback(callback, body, False, True, None)
        return "it leads nowhere" if routed is None else routed

    def routing(self) -> list[str]:
        """Return the ids of the routing callbacks that public routes open."""
        if not len(self._rules):
            return []
        return [
            output
            for output, entry in internals.callback_entries(self._app)
            if "callback" in entry
            and (self.is_page_router(output) or self._declaration(output, entry).is_routing)
        ]

    def _declaration(self, output: str, entry: internals.CallbackEntry) -> Callback:
        known = self._declared.get(output)
        if known is None or known[0] is not entry:
            outputs, multiple = internals.outputs(entry)
            inputs = [internals.declared(item) for item in entry.get("inputs", [])]
            state = [internals.declared(item) for item in entry.get("state", [])]
            known = self._declared[output] = (entry, Callback(inputs, state, outputs, multiple))
        return known[1]

    def is_page_router(self, output: object) -> bool:
        """Tell whether an id is that of the callback with which Dash shows pages."""
        return output == internals.PAGE_ROUTER_ID and self._app.use_pages
