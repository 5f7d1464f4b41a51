"""The adapter for Flask, which does all of a request in one thread."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import urlencode

import flask
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from dash_auth._current import FACTS, current_facts
from dash_auth._raised import Refused
from dash_auth._request import NO_LIMIT, TOO_LARGE, UNREADABLE, Request
from dash_auth._servers.werkzeug import (
    WerkzeugServer,
    decisive,
    fields_of,
    fit_caching,
    set_cookies,
    state_query,
    tell_refusal,
)
from dash_auth._steps import is_way, walk


class FlaskRequest(Request):
    """The facts of the current request."""

    def __init__(self, request: flask.Request) -> None:
        """Read what every decision needs.

        :param request: the current request
        """
        Request.__init__(self)
        self._request = request
        self._environ = request.environ
        self._decisive: tuple[object, ...] = ()
        self.read()

    def read(self) -> bool:
        """Read the facts as they are now: hooks of the developer's may change a request.

        :return: whether another visitor may make it now, or it may be for something else
        """
        request, environ = self._request, self._environ
        rule = request.url_rule
        self.endpoint = None if rule is None else rule.endpoint
        self.view_arguments = request.view_args or {}
        self.method, self.path = request.method, request.path
        # The server joins several headers with a comma, which no Basic credentials hold.
        self.authorization = environ.get("HTTP_AUTHORIZATION")
        self.address = environ.get("REMOTE_ADDR") or ""
        self.sec_fetch_site = environ.get("HTTP_SEC_FETCH_SITE")
        self.origin = environ.get("HTTP_ORIGIN")
        self.has_cookies = "HTTP_COOKIE" in environ
        before, self._decisive = self._decisive, decisive(self)
        return before != self._decisive

    def is_of(self, request: flask.Request) -> bool:
        """Tell whether these are the facts of a request."""
        return request is self._request

    @property
    def own_origin(self) -> str:
        # As `ProxyFix` left them.
        return f"{self._environ['wsgi.url_scheme']}://{self._environ.get('HTTP_HOST', '')}"

    def header(self, name: str) -> str | None:
        return self._request.headers.get(name)

    @property
    def root_path(self) -> str:
        return self._request.script_root

    @property
    def query(self) -> str:
        return self._environ.get("QUERY_STRING") or ""

    @property
    def session(self) -> MutableMapping[str, Any]:
        # The session itself: a proxy passes for a dict, and is none.
        return flask.session._get_current_object()  # type: ignore[attr-defined, no-any-return]

    @property
    def bare_session(self) -> MutableMapping[str, Any]:
        session = self.session
        if not getattr(session, "modified", True):
            # Else Flask would add `Vary: Cookie` though the app never read the session.
            session.accessed = False  # type: ignore[attr-defined]
        return session

    def cookie(self, name: str) -> str | None:
        return self._request.cookies.get(name)

    def json_body(self, limit: int) -> Any:
        try:
            if (unread := self._bound_body(limit)) is not None:
                return unread
            # Flask keeps what it parsed, so this is the very object that Dash will be given.
            return self._request.get_json()
        except (HTTPException, RecursionError, ValueError):
            return UNREADABLE

    def form_body(self, limit: int) -> Any:
        try:
            if (unread := self._bound_body(limit)) is not None:
                return unread
            return fields_of(self._request.form)
        except RequestEntityTooLarge:
            return TOO_LARGE
        except (HTTPException, ValueError):
            return UNREADABLE

    def _bound_body(self, limit: int) -> object:
        """Return what stands for a body that is not parsed, None for one that fits the limit.

        One that the server ends is read to find out.
        """
        if limit >= NO_LIMIT:
            return None
        length = self._request.content_length
        if length is not None and length > limit:
            return TOO_LARGE
        # As werkzeug has it: such a body is read to its end, whatever length is stated.
        if "wsgi.input_terminated" not in self._environ:
            return UNREADABLE if length is None else None
        body = self._request.stream.read(limit + 1)
        if len(body) > limit:
            return TOO_LARGE
        vars(self._request)["stream"] = io.BytesIO(body)
        return None

    def query_values(self, name: str) -> list[str]:
        return self._request.args.getlist(name)

    def replace_query_values(self, values: dict[str, list[str]]) -> None:
        kept = [(k, v) for k, v in self._request.args.items(multi=True) if k not in values]
        replaced = [(name, value) for name, several in values.items() for value in several]
        query = self._environ["QUERY_STRING"] = urlencode(kept + replaced)
        state_query(self._request, query)

    def rewrite_answer(self, rewrite: Callable[[bytes], bytes]) -> None:
        @flask.after_this_request
        def rewritten(response: flask.Response) -> flask.Response:
            if response.is_json and not response.direct_passthrough:
                response.set_data(rewrite(response.get_data()))
            return response


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

    def _handle_user_exception(self, *arguments: Any) -> Any:
        refused = arguments[-1]
        if not isinstance(refused, Refused):
            return self._handle(*arguments)
        request = self.request()
        return self._response(walk(self.guards.refuse(request, refused), request))

    def _after_request(self, response: Any) -> Any:
        request = self.request()
        fit_caching(request, response)
        self.guards.end(request)
        self.guards.write(request)
        set_cookies(request, response)
        tell_refusal(request, response)
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
            made = view(**variables)
            made = walk(made, self.request()) if is_way(made) else made
            return self.with_headers(self._response(made), headers)

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
