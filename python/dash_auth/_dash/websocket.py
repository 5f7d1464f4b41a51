"""Callbacks over a WebSocket: which ones, and what the renderer is told of them."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._dash.callbacks import OpenCallbacks
from dash_auth._dash.closed import Closed
from dash_auth._dash.registry import UntilAdded
from dash_auth.public_routes import is_public_callback


class WebSocketCallbacks:
    """The callbacks of one app that Dash runs over a WebSocket."""

    def __init__(self, app: Dash, open_callbacks: OpenCallbacks) -> None:
        """Remember what decides.

        :param app: Dash app
        :param open_callbacks: which callbacks run with no login
        """
        self._app = app
        self._open_callbacks = open_callbacks
        self._any = UntilAdded(partial(internals.callbacks_registered, app), self._find_any)

    def exist(self) -> bool:
        """Tell whether there are any."""
        return internals.has_websockets(self._app) and self._any()

    def _find_any(self) -> bool:
        entries = internals.callback_entries(self._app)
        return any(internals.is_for_websocket(self._app, entry) for _, entry in entries)

    def include(self, body: dict[str, Any]) -> bool:
        """Tell whether a message's callback is one of them; for any other Dash raises."""
        entry = internals.callback_entry(self._app, body["output"])
        return (
            entry is not None
            and "callback" in entry
            and internals.is_for_websocket(self._app, entry)
        )

    def why_closed(self, body: dict[str, Any]) -> Closed | None:
        """Tell why a stranger may not run a message's callback, None if that is open."""
        opened = self._open_callbacks.named_by(body)
        if isinstance(opened, Closed) or self._may_be_open(opened.entry):
            return opened if isinstance(opened, Closed) else None
        return Closed("it does not run over a WebSocket", opened.output, opened.entry)

    def _may_be_open(self, entry: internals.CallbackEntry) -> bool:
        # The handles of background jobs are told apart by the URL, which a WebSocket has not.
        return internals.is_for_websocket(self._app, entry) and not internals.background(entry)

    def fit_settings(self, settings: dict[str, Any], worker: str | None) -> bool:
        """Adapt what the index page tells the renderer of WebSockets.

        :param settings: Dash's settings, which are changed
        :param worker: what tells the WebSocket of the user from that of any other, None for a
            stranger
        :return: whether the renderer may use WebSockets at all
        """
        if worker is None:
            # By HTTP, where the browser can ask for a login, but for what the list of callbacks
            # marks.
            settings["enabled"] = False
            return self._open_callbacks.any_public()
        # All tabs of a browser share one worker, and its WebSocket: one for each user, or a page
        # would use what a stranger opened.
        settings["worker_url"] += f"{'&' if '?' in settings['worker_url'] else '?'}user={worker}"
        return True

    def fit_dependencies(self, answer: bytes) -> bytes:
        """Mark in Dash's list of callbacks those that a stranger may run over a WebSocket.

        :param answer: the answer to a request for the list; any other, as to a method that is not
            allowed, stays as it is
        """
        try:
            callbacks = json.loads(answer)
        except ValueError:
            return answer
        if not isinstance(callbacks, list):
            return answer
        for callback in callbacks:
            entry = internals.callback_entry(self._app, callback["output"])
            callback["websocket"] = (
                entry is not None
                and self._may_be_open(entry)
                and is_public_callback(self._app, entry)
            )
        return json.dumps(callbacks).encode()
