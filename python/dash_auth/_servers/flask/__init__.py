"""The adapter for Flask, which does all of a request in one thread."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import flask

from dash_auth._current import FACTS, current_facts
from dash_auth._request import Request
from dash_auth._servers.flask.request import FlaskRequest
from dash_auth._servers.werkzeug import WerkzeugServer, fit_caching
from dash_auth._steps import walk


class FlaskServer(WerkzeugServer):
    """Guards the Dash apps on one Flask server."""

    has_event_loop = False
    how_to_trust_a_proxy = "wrap the server in werkzeug.middleware.proxy_fix.ProxyFix"
    _library = flask

    def request(self) -> Request:
        facts = current_facts()
        # Asked several times a request; `isinstance` of an abstract class takes five times as long.
        return facts if type(facts) is FlaskRequest else self._new_request()

    def _new_request(self) -> Request:
        facts = FlaskRequest(flask.request._get_current_object())  # type: ignore[attr-defined]
        vars(flask.g._get_current_object())[FACTS] = facts
        return facts

    def _preprocess_request(self, *context: Any) -> Any:
        request = self._new_request()
        walk(self.guards.begin(request), request)
        return self._preprocess(*context)

    def _before_request(self) -> Any:
        request = self.request()
        return walk(self._decide(request), request)

    def _after_request(self, response: Any) -> Any:
        request = self.request()
        fit_caching(request, response)
        self.guards.end(request)
        return response

    def _process_response(self, response: Any, *context: Any) -> Any:
        request = self.request()
        try:
            return self._process(response, *context)
        finally:
            self.guards.after(request)

    def _answering(self, view: Callable[..., Any], headers: dict[str, str]) -> Callable[..., Any]:
        @functools.wraps(view)
        def answer(**variables: str) -> Any:
            return self.with_headers(self._response(view(**variables)), headers)

        return answer

    def with_headers(self, answer: Any, headers: dict[str, str]) -> Any:
        response = flask.make_response(answer)
        response.headers.update(headers)
        return response

    def copy_of(self, answer: Any) -> Any:
        # Each answer gets a cookie of its own.
        if isinstance(answer, flask.Response):
            return flask.Response(answer.get_data(), answer.status, answer.headers.copy())
        return answer

    def _run(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._server.ensure_sync(function)(*arguments)
