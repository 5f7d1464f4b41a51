"""What the servers with an app in Flask's shape have in common: Flask, and Quart."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any, TypeVar

from dash import Dash
from werkzeug.exceptions import HTTPException

from dash_auth import _dash_internals as internals
from dash_auth import _refused
from dash_auth._caching import cache_control
from dash_auth._guard.guards import Guards
from dash_auth._request import UNREADABLE, Answer, Caching, CookieAttributes, Request
from dash_auth._secret_keys import Keys, keys_of
from dash_auth._servers.remembered import remembering
from dash_auth._steps import Steps

logger = logging.getLogger("dash_auth")

decisive = attrgetter(
    "authorization", "endpoint", "has_cookies", "method", "origin", "path", "sec_fetch_site"
)
"""What decides who makes a request, and what it is for."""

T = TypeVar("T", bound="WerkzeugServer")

_EXTENSION = "dash_auth"

_FALLBACKS = "SECRET_KEY_FALLBACKS"


class WerkzeugServer(ABC):
    """Guards the Dash apps on one server whose app is in Flask's shape."""

    _library: Any
    """The module that the server is of: `flask`, or its twin."""

    def __init__(self, server: Any) -> None:
        """Put one hook between the developer's earlier ones and Dash's.

        :param server: the server
        """
        self._server = server
        self.guards = Guards()
        self._watch_routes()
        self._said_ids_stay = False
        self._key: object = None
        self._keys: Keys = ()
        server.before_request(self._before_request)
        # Dash's own would set the app up, and run layouts, for strangers.
        server.before_request_funcs[None].sort(key=internals.is_own_hook)
        # Flask runs these backwards: what is first sees what all the others have made of an answer,
        # and the session is saved next.
        server.after_request_funcs.setdefault(None, []).insert(0, self._after_request)
        self._preprocess = put_in_place(server, "preprocess_request", self._preprocess_request)
        self._process = put_in_place(server, "process_response", self._process_response)
        self._handle = put_in_place(server, "handle_user_exception", self._handle_user_exception)

    @classmethod
    def of(cls: type[T], server: Any) -> T:
        """Return the one adapter of a server."""
        adapter = server.extensions.get(_EXTENSION)
        if not isinstance(adapter, cls):
            adapter = server.extensions[_EXTENSION] = cls(server)
        return adapter

    # What a thread does, and what an event loop does

    @abstractmethod
    def request(self) -> Any:
        """Return the current request."""

    @abstractmethod
    def _preprocess_request(self, *context: Any) -> Any:
        """Begin a request before any hook of the developer's runs."""

    @abstractmethod
    def _before_request(self) -> Any:
        """Return what to answer in place of an app, None if the request may pass."""

    @abstractmethod
    def _handle_user_exception(self, *arguments: Any) -> Any:
        """Answer what code of the app's own refuses, before any handler of errors sees it."""

    @abstractmethod
    def _after_request(self, response: Any) -> Any:
        """Finish an answer before the session is saved."""

    @abstractmethod
    def _process_response(self, response: Any, *context: Any) -> Any:
        """End a request once the session is saved."""

    @abstractmethod
    def _answering(self, view: Callable[..., Any], headers: dict[str, str]) -> Callable[..., Any]:
        """Return a view of a login's as one of the server's."""

    @abstractmethod
    def _run(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Run a function that may be async."""

    def _decide(self, request: Any) -> Steps[Any]:
        if request.read():
            yield from self._begin_again(request)
        return (yield from self.guards.decide(request))

    def _begin_again(self, request: Any) -> Steps[None]:
        """Begin anew where a hook of the developer's has changed the request."""
        # Whoever was found by what the client sent is not who asks now.
        request.identity = request.refusal = request.asked = None
        request.tickets.clear()
        yield from self.guards.begin(request)

    # Answers

    def respond(self, answer: Answer) -> Any:
        return self._library.Response(
            answer.body, answer.status, dict(answer.headers), content_type=answer.content_type
        )

    def _response(self, made: Any) -> Any:
        """Return what a view of a login's has made as what the server's own views return."""
        return self.respond(made) if isinstance(made, Answer) else made

    def automatic_options(self) -> Any:
        rule = self.request()._request.url_rule
        if not getattr(rule, "provide_automatic_options", False):
            return None
        return self._server.make_default_options_response()

    # The session

    def secret_keys(self) -> Keys:
        current, fallbacks = self._server.secret_key, self._server.config.get(_FALLBACKS)
        if fallbacks:
            return keys_of(current, fallbacks)
        # Asked several times a request.
        if current is not self._key:
            self._key, self._keys = current, keys_of(current)
        return self._keys

    def set_secret_keys(self, keys: Sequence[str | bytes]) -> None:
        self._server.secret_key, *old = keys
        if old:
            self._server.config[_FALLBACKS] = old

    def cookie_attributes(self) -> CookieAttributes:
        config = self._server.config
        is_secure = bool(config["SESSION_COOKIE_SECURE"])
        is_for_frames = config["SESSION_COOKIE_SAMESITE"] == "None"
        # Of Flask 3.1.
        is_partitioned = bool(config.get("SESSION_COOKIE_PARTITIONED"))
        seconds = None
        if self._keeps_sessions_in_cookies():
            seconds = self._server.permanent_session_lifetime.total_seconds()
        return CookieAttributes(is_secure, is_for_frames, is_partitioned, seconds)

    def close_session_cookie(self, *, secure: bool) -> None:
        config = self._server.config
        if secure:
            config["SESSION_COOKIE_SECURE"] = True
            config["SESSION_COOKIE_HTTPONLY"] = True
        if config["SESSION_COOKIE_SAMESITE"] is None:
            # Strict would keep the cookie from the callback, which comes from the provider's site.
            config["SESSION_COOKIE_SAMESITE"] = "Lax"

    def session_cookie_length(self, session: Mapping[str, Any]) -> int | None:
        if not self._keeps_sessions_in_cookies():
            return None
        interface = self._server.session_interface
        value = interface.get_signing_serializer(self._server).dumps(dict(session))
        return len(interface.get_cookie_name(self._server)) + len(value)

    def _keeps_sessions_in_cookies(self) -> bool:
        cookies = self._library.sessions.SecureCookieSessionInterface
        return isinstance(self._server.session_interface, cookies)

    def renew_session_id(self, session: MutableMapping[str, Any]) -> None:
        interface = self._server.session_interface
        regenerate = getattr(interface, "regenerate", None)
        if callable(regenerate):
            self._run(regenerate, session)
        elif not self._keeps_sessions_in_cookies() and not self._said_ids_stay:
            self._said_ids_stay = True
            logger.warning(
                "Sessions of %s keep their id at a login: whoever knows the id from before shares "
                "the login. Give it a method regenerate(session), as Flask-Session has.",
                type(interface).__qualname__,
            )

    # Routes

    def has_route(self, rule: str) -> bool:
        return any(rule == other.rule for other in self._server.url_map.iter_rules())

    def add_route(
        self,
        rule: str,
        name: str,
        view: Callable[..., Any],
        headers: dict[str, str],
        methods: Sequence[str] = ("GET",),
    ) -> str:
        endpoint = name if name not in self._server.view_functions else f"{name} {rule}"
        view = self._answering(view, headers)
        self._server.add_url_rule(rule, endpoint=endpoint, view_func=view, methods=list(methods))
        return endpoint

    def url_for(self, endpoint: str, scheme: str | None = None, **variables: Any) -> str:
        return str(self._library.url_for(endpoint, _external=True, _scheme=scheme, **variables))

    def view(self, endpoint: str) -> Callable[..., Any] | None:
        return self._server.view_functions.get(endpoint)  # type: ignore[no-any-return]

    def routes(self) -> list[tuple[str, str]]:
        return [(str(rule.endpoint), rule.rule) for rule in self._server.url_map.iter_rules()]

    def views(self) -> list[tuple[str, Callable[..., Any] | None]]:
        rules = self._server.url_map.iter_rules()
        return [(rule.rule, self.view(str(rule.endpoint))) for rule in rules]

    def routes_version(self) -> object:
        if self._url_map is not self._server.url_map:
            self._watch_routes()
        return self._routes_version

    def _watch_routes(self) -> None:
        """Notice each route that is added: to replace one is to add another."""
        self._url_map = routes = self._server.url_map
        add = routes.add

        def added(rules: Any) -> None:
            try:
                add(rules)
            finally:
                self._forget_routes()

        vars(routes)["add"] = added
        self._forget_routes()

    def _forget_routes(self) -> None:
        self._endpoints_on = remembering(self._find_endpoints)
        self._routes_version = object()

    def endpoints_of(self, path: str) -> list[str]:
        self.routes_version()
        return self._endpoints_on(path)

    def _find_endpoints(self, path: str) -> list[str]:
        routes = self._server.url_map.bind("")
        endpoints: dict[str, None] = {}
        for method in sorted(routes.allowed_methods(path)):
            with suppress(HTTPException):
                endpoints[str(routes.match(path, method=method)[0])] = None
        with suppress(HTTPException):
            endpoints[str(routes.match(path, websocket=True)[0])] = None
        return list(endpoints)

    # Dash

    def dash_apps(self) -> list[Dash]:
        return apps_on(self._server)

    def run_first_request_hooks(self, app: Dash) -> None:
        for hook in internals.first_request_hooks(app, self._server.before_request_funcs[None]):
            self._run(hook)


def apps_on(server: Any) -> list[Dash]:
    """Return the Dash apps on a server."""
    hooks = server.before_request_funcs.get(None, ())
    return internals.apps_of([*hooks, *server.view_functions.values()])


def put_in_place(server: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Put a function in the place of a server's method, which is returned."""
    method: Callable[..., Any] = getattr(server, name)
    vars(server)[name] = function
    return method


def state_query(request: Any, query: str) -> None:
    """Have a request of Flask's or Quart's read another query.

    :param request: the server's own request
    :param query: the query
    """
    request.query_string = query.encode()
    for cached in ("args", "full_path", "url"):
        vars(request).pop(cached, None)


def set_cookies(request: Request, response: Any) -> None:
    """Have an answer of Flask's or Quart's carry the cookies of the guards.

    :param request: the facts of the request
    :param response: the answer
    """
    for cookie in request.set_cookies.values():
        response.headers.add("Set-Cookie", cookie)


def fields_of(form: Any) -> Any:
    """Return the fields of a form, as werkzeug parsed it; `UNREADABLE` where one is there twice.

    :param form: the form
    """
    fields = {name: values[0] for name, values in form.lists()}
    return fields if len(fields) == sum(len(values) for _, values in form.lists()) else UNREADABLE


def tell_refusal(request: Request, response: Any) -> None:
    """Have an answer of Flask's or Quart's say to our script that it refuses.

    :param request: the facts of the request
    :param response: the answer
    """
    if request.status is not None and response.status_code == 200:
        response.status_code = request.status
    word = _refused.word(request, response.status_code)
    if word is not None:
        response.headers[_refused.HEADER] = word


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
