"""The adapter for Flask."""

from __future__ import annotations

import contextlib
import functools
import io
import logging
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlencode

import flask
from dash import Dash
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException

from dash_auth import _dash_internals as internals
from dash_auth._caching import cache_control
from dash_auth._current import FACTS, current_facts
from dash_auth._guard.guards import Guards
from dash_auth._request import TOO_LARGE, UNREADABLE, Answer, Caching, Request
from dash_auth._secret_keys import Keys, keys_of
from dash_auth._servers.remembered import LONGEST_REMEMBERED_PATH, REMEMBERED_PATHS
from dash_auth._servers.unverified import content_of
from dash_auth._steps import Steps, walk

logger = logging.getLogger("dash_auth")

_EXTENSION = "dash_auth"

_FALLBACKS = "SECRET_KEY_FALLBACKS"


class FlaskRequest(Request):
    """The facts of the current request."""

    __slots__ = (
        "_decisive",
        "_environ",
        "_request",
        "address",
        "authorization",
        "endpoint",
        "method",
        "origin",
        "path",
        "sec_fetch_site",
        "view_arguments",
    )

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

    @property
    def has_session_cookie(self) -> bool:
        return flask.current_app.config["SESSION_COOKIE_NAME"] in self._request.cookies

    def json_body(self, limit: int) -> Any:
        try:
            if (unread := self._bound_body(limit)) is not None:
                return unread
            # Flask keeps what it parsed, so this is the very object that Dash will be given.
            return self._request.get_json()
        except (HTTPException, RecursionError, ValueError):
            return UNREADABLE

    def _bound_body(self, limit: int) -> object:
        """Return what stands for a body that is not parsed, None for one that fits the limit.

        One that the server ends is read to find out.
        """
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
        query = urlencode(kept + replaced)
        self._environ["QUERY_STRING"] = query
        self._request.query_string = query.encode()
        for cached in ("args", "full_path", "url"):
            vars(self._request).pop(cached, None)

    def rewrite_answer(self, rewrite: Callable[[bytes], bytes]) -> None:
        @flask.after_this_request
        def rewritten(response: flask.Response) -> flask.Response:
            if response.is_json and not response.direct_passthrough:
                response.set_data(rewrite(response.get_data()))
            return response


class FlaskServer:
    """Guards the Dash apps on one Flask server."""

    has_event_loop = False
    how_to_trust_a_proxy = "wrap the server in werkzeug.middleware.proxy_fix.ProxyFix"
    _cookie_sessions: Any = SecureCookieSessionInterface

    def __init__(self, server: flask.Flask) -> None:
        """Put one hook between the developer's earlier ones and Dash's.

        :param server: Flask server
        """
        self._flask = server
        self.guards = Guards()
        self._known: dict[str, list[str]] = {}
        self._known_of = 0
        """How many routes the server had then: it takes none away."""
        self._said_ids_stay = False
        self._key: object = None
        self._keys: Keys = ()
        server.before_request(self._before_request)
        # Dash's own would set the app up, and run layouts, for strangers.
        server.before_request_funcs[None].sort(key=internals.is_own_hook)
        # Flask runs these backwards: what is first sees what all the others have made of an answer,
        # and the session is saved next.
        server.after_request_funcs.setdefault(None, []).insert(0, self._after_request)
        self._preprocess = server.preprocess_request
        vars(server)["preprocess_request"] = self._preprocess_request
        self._process = server.process_response
        vars(server)["process_response"] = self._process_response

    @classmethod
    def of(cls, server: flask.Flask) -> FlaskServer:
        """Return the one adapter of a server."""
        adapter = server.extensions.get(_EXTENSION)
        if not isinstance(adapter, cls):
            adapter = server.extensions[_EXTENSION] = cls(server)
        return adapter

    def request(self) -> Request:
        facts = current_facts()
        return facts if isinstance(facts, FlaskRequest) else self._new_request()

    def _new_request(self) -> Request:
        facts = FlaskRequest(flask.request._get_current_object())  # type: ignore[attr-defined]
        vars(flask.g._get_current_object())[FACTS] = facts
        return facts

    def _response(self, made: Any) -> Any:
        """Return what a view of a login's has made as what the server's own views return."""
        return self.respond(made) if isinstance(made, Answer) else made

    def respond(self, answer: Answer) -> Any:
        return flask.Response(
            answer.body, answer.status, dict(answer.headers), content_type=answer.content_type
        )

    def secret_keys(self) -> Keys:
        current, fallbacks = self._flask.secret_key, self._flask.config.get(_FALLBACKS)
        if fallbacks:
            return keys_of(current, fallbacks)
        # Asked several times a request.
        if current is not self._key:
            self._key, self._keys = current, keys_of(current)
        return self._keys

    def set_secret_keys(self, keys: Sequence[str | bytes]) -> None:
        self._flask.secret_key, *old = keys
        if old:
            self._flask.config[_FALLBACKS] = old

    def unverified_session(self, request: Request) -> str | None:
        cookies = request._request.cookies  # type: ignore[attr-defined]
        cookie = cookies.get(self._flask.config["SESSION_COOKIE_NAME"])
        return None if cookie is None else content_of(cookie.rpartition(".")[0].rpartition(".")[0])

    def with_headers(self, answer: Any, headers: dict[str, str]) -> Any:
        response = flask.make_response(answer)
        response.headers.update(headers)
        return response

    def copy_of(self, answer: Any) -> Any:
        # Each answer gets a cookie of its own.
        if isinstance(answer, flask.Response):
            return flask.Response(answer.get_data(), answer.status, answer.headers.copy())
        return answer

    def has_route(self, rule: str) -> bool:
        return any(rule == other.rule for other in self._flask.url_map.iter_rules())

    def add_route(
        self, rule: str, name: str, view: Callable[..., Any], headers: dict[str, str]
    ) -> str:
        endpoint = name if name not in self._flask.view_functions else f"{name} {rule}"
        view = self._answering(view, headers)
        self._flask.add_url_rule(rule, endpoint=endpoint, view_func=view, methods=["GET"])
        return endpoint

    def _answering(self, view: Callable[..., Any], headers: dict[str, str]) -> Callable[..., Any]:
        @functools.wraps(view)
        def answer(**variables: str) -> Any:
            return self.with_headers(self._response(view(**variables)), headers)

        return answer

    def url_for(self, endpoint: str, scheme: str | None = None, **variables: Any) -> str:
        return flask.url_for(endpoint, _external=True, _scheme=scheme, **variables)

    def close_session_cookie(self, *, secure: bool) -> None:
        config = self._flask.config
        if secure:
            config["SESSION_COOKIE_SECURE"] = True
            config["SESSION_COOKIE_HTTPONLY"] = True
        if config["SESSION_COOKIE_SAMESITE"] is None:
            # Strict would keep the cookie from the callback, which comes from the provider's site.
            config["SESSION_COOKIE_SAMESITE"] = "Lax"

    def session_cookie_length(self, session: Mapping[str, Any]) -> int | None:
        interface: Any = self._flask.session_interface
        if not isinstance(interface, self._cookie_sessions):
            return None
        value = interface.get_signing_serializer(self._flask).dumps(dict(session))
        return len(interface.get_cookie_name(self._flask)) + len(value)

    def renew_session_id(self, session: MutableMapping[str, Any]) -> None:
        regenerate = self._regenerate()
        if regenerate is not None:
            regenerate(session)

    def _regenerate(self) -> Callable[..., Any] | None:
        """Return what gives a session on the server another id, None if there is nothing."""
        interface: Any = self._flask.session_interface
        regenerate = getattr(interface, "regenerate", None)
        if callable(regenerate):
            return regenerate  # type: ignore[no-any-return]
        if not isinstance(interface, self._cookie_sessions) and not self._said_ids_stay:
            self._said_ids_stay = True
            logger.warning(
                "Sessions of %s keep their id at a login: whoever knows the id from before shares "
                "the login. Give it a method regenerate(session), as Flask-Session has.",
                type(interface).__qualname__,
            )
        return None

    def view(self, endpoint: str) -> Callable[..., Any] | None:
        return self._flask.view_functions.get(endpoint)

    def endpoints_of(self, path: str) -> list[str]:
        count = self.route_count()
        if count != self._known_of:
            self._known, self._known_of = {}, count
        known = self._known
        found = known.get(path)
        if found is None:
            found = self._endpoints_of(path)
            if len(path) <= LONGEST_REMEMBERED_PATH:
                if len(known) >= REMEMBERED_PATHS:
                    known.clear()
                known[path] = found
        return found

    def _endpoints_of(self, path: str) -> list[str]:
        routes = self._flask.url_map.bind("")
        endpoints: dict[str, None] = {}
        for method in sorted(routes.allowed_methods(path)):
            with contextlib.suppress(HTTPException):
                endpoints[str(routes.match(path, method=method)[0])] = None
        with contextlib.suppress(HTTPException):
            endpoints[str(routes.match(path, websocket=True)[0])] = None
        return list(endpoints)

    def routes(self) -> list[tuple[str, str]]:
        return [(str(rule.endpoint), rule.rule) for rule in self._flask.url_map.iter_rules()]

    def route_count(self) -> int:
        return len(self._flask.url_map._rules)

    def dash_apps(self) -> list[Dash]:
        hooks = self._flask.before_request_funcs.get(None, ())
        return internals.apps_of([*hooks, *self._flask.view_functions.values()])

    def run_first_request_hooks(self, app: Dash) -> None:
        hooks = internals.first_request_hooks(app, self._flask.before_request_funcs[None])
        for hook in hooks:
            self._flask.ensure_sync(hook)()

    def _preprocess_request(self, *context: Any) -> Any:
        request = self._new_request()
        walk(self.guards.begin(request), request)
        return self._preprocess(*context)

    def _read_again(self, request: Any) -> Steps[None]:
        """Read what a hook of the developer's may have changed since the request began."""
        if request.read():
            # Whoever was found by what the client sent is not who asks now.
            request.identity = request.refusal = None
            yield from self.guards.begin(request)

    def automatic_options(self) -> Any:
        rule = self.request()._request.url_rule  # type: ignore[attr-defined]
        if not getattr(rule, "provide_automatic_options", False):
            return None
        return self._flask.make_default_options_response()

    def _process_response(self, response: Any, *context: Any) -> Any:
        request = self.request()
        try:
            return self._process(response, *context)
        finally:
            self.guards.after(request)

    def _before_request(self) -> Any:
        request = self.request()
        return walk(self._decide(request), request)

    def _decide(self, request: Any) -> Steps[Any]:
        yield from self._read_again(request)
        return (yield from self.guards.decide(request))

    def _after_request(self, response: Any) -> Any:
        request = self.request()
        fit_caching(request, response)
        self.guards.end(request)
        return response


def decisive(request: Any) -> tuple[object, ...]:
    """Return what decides who makes a request, and what it is for."""
    return (
        request.authorization,
        request.endpoint,
        request.path,
        request.method,
        request.origin,
        request.sec_fetch_site,
    )


def fit_caching(request: Any, response: Any) -> None:
    """Say in an answer of Flask's or Quart's who may keep it.

    :param request: the facts of the request
    :param response: the answer
    """
    if request.caching == Caching.UNDECIDED:
        return
    # Most answers have none, for which `get` makes an exception.
    declared = response.headers.getlist("Cache-Control")
    fitting = cache_control(request, declared[0] if declared else None)
    if fitting is not None and declared:
        response.headers["Cache-Control"] = fitting
    elif fitting is not None:
        # To set it is to look for others once more.
        response.headers.add("Cache-Control", fitting)
