"""What the index page tells the renderer: for who is asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._current import current_facts, current_user, is_logged_in
from dash_auth._dash.websocket import WebSocketCallbacks
from dash_auth._secret_keys import Keys, seal


class IndexPage:
    """Fits Dash's settings, which it sends in the index page, to the visitor."""

    def __init__(
        self,
        app: Dash,
        websocket_callbacks: WebSocketCallbacks,
        keys: Callable[[], Keys],
        session_keys: Callable[[], Keys],
    ) -> None:
        """Have the settings fitted.

        :param app: Dash app
        :param websocket_callbacks: the callbacks that run over WebSockets
        :param keys: returns the keys under which a user is named
        :param session_keys: returns the keys of the server's sessions, none where it has none
        """
        self._websocket_callbacks = websocket_callbacks
        self._keys = keys
        self._session_keys = session_keys
        internals.suppress_validation_layout(app)
        internals.wrap_config(app, self._fit)

    def _fit(self, settings: dict[str, Any]) -> None:
        """Keep from a client what is not for it."""
        request = current_facts()
        logged_in = request is not None and is_logged_in(request)
        if "validation_layout" in settings and not logged_in:
            # Without it the renderer complains about every id that is not on the page.
            del settings["validation_layout"]
            settings["suppress_callback_exceptions"] = True
        if "websocket" in settings:
            # Not every browser sends credentials when it opens a WebSocket: it needs the session.
            impossible = logged_in and not self._session_keys()
            worker = self._tag_of_user() if logged_in else None
            if impossible or not self._websocket_callbacks.fit_settings(
                settings["websocket"], worker
            ):
                del settings["websocket"]

    def _tag_of_user(self) -> str:
        user = current_user()
        claims = "" if user is None else user.identifying_claims()
        return seal(self._keys(), "websocket", claims)[:16]
