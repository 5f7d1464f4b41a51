"""The adapter for Quart."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import quart
from dash import Dash
from werkzeug.exceptions import HTTPException

from .. import _dash_internals as internals
from ..identity import EVENT_LOOP_FACTS
from . import UNREADABLE, asgi
from .asgi import AsgiRequest
from .flask import FlaskBackend


class QuartRequest(AsgiRequest):
    """The facts of the current request."""

    def __init__(self, request: Any) -> None:
        """Read what every decision needs.

        :param request: the current request or WebSocket
        """
        super().__init__(request.scope, request.path)
        self._request = request
        rule = request.url_rule
        self.endpoint = None if rule is None else rule.endpoint
        self.view_arguments = request.view_args or {}

    @property
    def session(self) -> MutableMapping[str, Any]:
        return quart.session._get_current_object()  # type: ignore[attr-defined, no-any-return]

    @property
    def has_session_cookie(self) -> bool:
        return quart.current_app.config["SESSION_COOKIE_NAME"] in self._request.cookies

    async def read_body(self, limit: int) -> None:
        if not self.fits(limit):
            return
        try:
            # Quart keeps what it parsed, so this is the very object that Dash will be given.
            self._body = await self._request.get_json()
        except (HTTPException, RecursionError, ValueError):
            self._body = UNREADABLE

    def replace_query_values(self, values: dict[str, list[str]]) -> None:
        super().replace_query_values(values)
        self._request.query_string = self.scope["query_string"]
        for cached in ("args", "full_path", "url"):
            vars(self._request).pop(cached, None)


class QuartBackend(FlaskBackend):
    """Guards the Dash apps on one Quart server, which is Flask's twin but for the event loop."""

    def request(self) -> QuartRequest:
        facts = EVENT_LOOP_FACTS.get()
        return facts if isinstance(facts, QuartRequest) else self._new_request()

    def _new_request(self) -> QuartRequest:
        request: Any = quart.request if quart.has_request_context() else quart.websocket
        facts = QuartRequest(request._get_current_object())
        EVENT_LOOP_FACTS.set(facts)
        return facts

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> Any:
        return quart.Response(text, status, headers, content_type="text/plain; charset=utf-8")

    def run_first_request_hooks(self, app: Dash) -> None:
        for hook in internals.first_request_hooks(app, self._server.before_request_funcs[None]):
            made = hook()
            if made is not None:
                asgi.run_to_end(made)

    async def _before_request(self) -> Any:
        request = self._new_request()
        for guard in self.guards.responsible(request):
            answer = await asgi.answer(guard, request)
            if answer is not None:
                return answer
        if request.rewrite is not None:
            quart.after_this_request(_rewriting(request.rewrite))
        return None


def _rewriting(rewrite: Any) -> Any:
    async def rewritten(response: quart.Response) -> quart.Response:
        if response.is_json:
            response.set_data(rewrite(await response.get_data(as_text=False)))
        return response

    return rewritten
