"""The way of a request to one app: public, logged in, or asked to log in."""

from __future__ import annotations

import contextlib
import enum
import inspect
import json
import logging
import secrets
import threading
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

from . import _core
from . import _dash_internals as internals
from ._backends import UNREADABLE, Backend, Request
from ._background_jobs import hand_user_to_jobs
from ._callback_handles import KINDS as HANDLE_PARAMETERS
from ._callback_handles import HandleSeal
from ._core import Callback, Endpoint, Refusal
from ._endpoints import Endpoints
from .identity import RequestIdentity, SocketLogin, current_facts, current_user
from .public_routes import is_public_callback, public_rules, registrations

if TYPE_CHECKING:
    from .auth import Auth

logger = logging.getLogger("dash_auth")

_RETRY_AFTER = "1"
"""Seconds after which a client may come back: a hash takes a tenth of one."""

_PROCESS_SECRET = secrets.token_bytes(32)
"""Seals handles where neither the server nor Dash has a key that all workers share."""


class _Passed(enum.Enum):
    """As what a request passes."""

    ANONYMOUS = enum.auto()
    LOGGED_IN = enum.auto()


class Guard:
    """Decides on each request to one app."""

    def __init__(
        self,
        auth: Auth,
        backend: Backend,
        *,
        anonymous_body_limit: int,
        trusted_origins: tuple[str, ...],
    ) -> None:
        """Remember whom to ask.

        :param auth: who knows the users
        :param backend: adapter of the app's server
        :param anonymous_body_limit: largest body read for a client that is not logged in, in bytes
        :param trusted_origins: origins whose pages may make requests with a user's credentials
        """
        self._auth = auth
        self._app = auth.app
        self._backend = backend
        self.body_limit = anonymous_body_limit
        self._trusted_origins = list(trusted_origins)
        self.prefix = internals.routes_prefix(auth.app)
        self._rules = public_rules(auth.app)
        self.endpoints = Endpoints(auth.app, backend)
        self.name = f"{type(auth).__name__} {internals.source_file(auth.app)} {self.prefix}"
        self._handles = HandleSeal(self.name)
        self._callbacks: dict[str, tuple[internals.CallbackEntry, Callback]] = {}
        self._any_public_callback = False
        self._counted: tuple[int, ...] = ()
        self._any_for_websocket = False
        self._counted_for_websockets: tuple[int, ...] = ()
        self._set_up_lock = threading.RLock()
        self._is_set_up = False
        self.asking_endpoints: set[str | None] = set()
        """The endpoints that have asked for the user of a public request."""
        internals.suppress_validation_layout(auth.app)
        internals.wrap_config(auth.app, self._fit_config)

    def answer(self, request: Request) -> Any:
        """Return what to answer in place of the app, None if the request may pass.

        :param request: the facts of the request
        """
        try:
            passed = self._pass(request)
        except Exception:
            logger.exception("Refused: an error while deciding on a request")
            passed = None
        if passed is None:
            return self._refuse(request)
        # Outside of the net: what goes wrong in Dash's set-up is for the developer to see.
        self._set_up(layout_of_visitor=passed == _Passed.LOGGED_IN)
        return None

    def reads_body(self, request: Request) -> bool:
        """Tell whether the body may be asked for: read it first where reading means waiting."""
        try:
            return (
                request.method == "POST"
                and self._kind(request) == Endpoint.CALLBACK
                and self.has_public_parts()
                and not self._auth._knows(request)
            )
        except Exception:  # which `answer` meets again, and refuses
            return False

    def may_wait(self, request: Request) -> bool:
        """Tell whether to answer may take long: not to be done in an event loop."""
        try:
            return not self._is_set_up or self._auth._knows(request) is None
        except Exception:  # which `answer` meets again, and refuses
            return True

    def _pass(self, request: Request) -> _Passed | None:
        """Let a request pass, and tell as what; None if it may not."""
        kind = self._kind(request)
        is_callback = kind == Endpoint.CALLBACK
        if not is_callback and self._is_open(kind, request):
            return self._pass_anonymously(request, kind)
        if not self._is_forged(request) and self._is_authorized(request):
            return self._pass_logged_in(request, is_callback)
        if is_callback and self._is_open_callback(request):
            return self._pass_anonymously(request, kind)
        return None

    def _is_authorized(self, request: Request) -> bool:
        authorized: object = self._auth._is_authorized(request)
        if isinstance(authorized, bool):
            return authorized
        if inspect.isawaitable(authorized):
            logger.error("Refused: is_authorized must not be async on this server")
            if inspect.iscoroutine(authorized):
                authorized.close()
            return False
        return bool(authorized)

    def _refuse(self, request: Request) -> Any:
        # What the session holds was not asked, and names nobody.
        request.identity = RequestIdentity()
        if self._is_forged(request):
            logger.debug("Refused: a page of another site made a request that changes something")
            return self._backend.answer(403, "Cross-site request refused")
        if request.refusal == Refusal.BUSY:
            return self._backend.answer(503, "Too many logins", {"Retry-After": _RETRY_AFTER})
        try:
            answer = self.login_request()
        except HTTPException:
            # `flask.abort`, or a redirect: an answer as well.
            raise
        except Exception:
            logger.exception("Refused: an error while asking to log in")
        else:
            if answer is not None:
                return answer
            # The server would take it for leave to go on.
            logger.error("Refused: login_request returned None")
        return self._backend.answer(401, "Login required")

    def login_request(self) -> Any:
        """Return the answer that asks for a login."""
        return self._auth.login_request()

    def _pass_logged_in(self, request: Request, is_callback: bool) -> _Passed:
        request.logged_in = True
        if request.identity is None:
            request.identity = RequestIdentity(self._auth._user_of_session)
        if is_callback and request.query and self._has_public_callback():
            self._handles_of_stranger(request)
        return _Passed.LOGGED_IN

    def _pass_anonymously(self, request: Request, kind: Endpoint) -> _Passed:
        # A page of another site may not lean on what the browser holds here either.
        request.identity = (
            RequestIdentity() if self._is_forged(request) else RequestIdentity(self._auth._visitor)
        )
        if kind != Endpoint.STATIC:
            self._auth._tidy_session(request)
        if request.endpoint == self.endpoints.dependencies and self.uses_websockets():
            if not _is_logged_in(request):
                request.rewrite_answer(self._fit_dependencies)
        return _Passed.ANONYMOUS

    def _is_forged(self, request: Request) -> bool:
        if request.sec_fetch_site is None:
            return False
        return _core.is_cross_site_forgery(
            request.method, request.sec_fetch_site, request.origin, self._trusted_origins
        )

    # What the server is going to run

    def owns(self, endpoint: str | None) -> bool:
        """Tell whether an endpoint belongs to the login itself."""
        return endpoint in self._auth._own_endpoints

    def serves(self, endpoint: str | None) -> bool:
        """Tell whether an endpoint is one that every Dash app has, and this app's."""
        return self.endpoints.are_own(endpoint)

    def _kind(self, request: Request) -> Endpoint:
        if request.endpoint in self._auth._own_endpoints:
            return Endpoint.STATIC
        return self.endpoints.kind(request.endpoint, request.view_arguments)

    def _is_open(self, kind: Endpoint, request: Request) -> bool:
        if self.owns(request.endpoint):
            return True
        if not len(self._rules):
            return False
        # Outside of the prefix a rule is taken as it stands.
        path = _core.below_prefix(request.path, self.prefix) or request.path
        opens_pages = kind == Endpoint.LAYOUT and self.endpoints.rules_open_pages(self._rules)
        if not self._rules.is_open(kind, path, opens_pages):
            return False
        return kind != Endpoint.PAGE or self._index_is_open(request, path)

    def _index_is_open(self, request: Request, path: str) -> bool:
        if not self.endpoints.leads_to_page(path):
            return False
        if not self._app.use_pages:
            return True
        # Dash puts title and description of the page into the index, and runs them if they are
        # functions. It looks the page up by the path with the prefix, whatever that finds.
        try:
            page = internals.resolve_page(request.path)
        except Exception:
            logger.debug("Refused: Dash cannot resolve the page", exc_info=True)
            return False
        return self._means(path, page, frozenset())

    def _router_is_open(self, path: str, pathname: str, search: str) -> bool:
        try:
            page = internals.resolve_page(self._app.strip_relative_path(pathname) or "")
            supplied = internals.query_names(search) | set(self._app.routing_callback_inputs)
        except Exception:
            logger.debug("Refused: Dash cannot resolve the page", exc_info=True)
            return False
        return self._means(path, page or internals.not_found_page(), supplied)

    def _means(
        self, path: str, page: internals.ResolvedPage | None, supplied: frozenset[str]
    ) -> bool:
        """Tell whether the rules that match a path mean a page.

        :param path: path relative to the app's prefix
        :param page: the page that Dash finds
        :param supplied: names that Dash merges over the variables of the page
        """
        if page is None:
            return self._rules.opens_page(path)
        return self._rules.opens_page(
            path,
            path=page.path,
            template=page.template,
            variables_are_replaced=bool(page.variables & supplied),
        )

    # Callbacks

    def _is_open_callback(self, request: Request) -> bool:
        if request.method != "POST" or not self.has_public_parts():
            return False
        opened = self._opened(request.json_body(self.body_limit))
        return opened is not None and self._admit_handles(request, *opened)

    def _opened(self, body: Any) -> tuple[str, internals.CallbackEntry, bool] | None:
        """Return the callback that a body may run with no login, and whether it is a public one."""
        output = body.get("output") if isinstance(body, dict) else UNREADABLE
        if not isinstance(output, str):
            logger.debug("Refused: the body is no callback request")
            return None
        self._set_up()
        entry = internals.callback_entry(self._app, output)
        if entry is None or "callback" not in entry:
            return None
        callback = self._callback(output, entry)
        mismatch = callback.mismatch(body)
        if mismatch is not None:
            logger.debug("Refused: %s", mismatch)
            return None
        public = is_public_callback(self._app, entry)
        if not public and not self._routes_to_public_page(output, callback, body):
            return None
        return output, entry, public

    def _callback(self, output: str, entry: internals.CallbackEntry) -> Callback:
        known = self._callbacks.get(output)
        if known is None or known[0] is not entry:
            outputs, multiple = internals.outputs(entry)
            inputs = [internals.json_id(item) for item in entry.get("inputs", [])]
            state = [internals.json_id(item) for item in entry.get("state", [])]
            known = self._callbacks[output] = (entry, Callback(inputs, state, outputs, multiple))
        return known[1]

    def _routes_to_public_page(self, output: str, callback: Callback, body: Any) -> bool:
        is_router = output == internals.PAGE_ROUTER_ID and self._app.use_pages
        if not (is_router or callback.is_routing):
            return False
        location = callback.location(body)
        if location is None:
            return False
        pathname, search = location
        path = _core.below_prefix(pathname, internals.requests_prefix(self._app))
        if path is None:
            return False
        return (
            self._router_is_open(path, pathname, search) if is_router else self._rules.matches(path)
        )

    def _admit_handles(
        self, request: Request, output: str, entry: internals.CallbackEntry, public: bool
    ) -> bool:
        """Tell whether all handles in the query were issued for this callback, and unseal them."""
        own = [output] if public and internals.background(entry) else []
        sealed = {name: request.query_values(name) for name in HANDLE_PARAMETERS}
        unsealed: dict[str, list[str]] = {}
        for name, values in sealed.items():
            if not values:
                continue
            issuers = self._cancelled(entry) if name == "cancelJob" else own
            handles = [self._unseal(name, issuers, value) for value in values]
            unsealed[name] = [handle for handle in handles if handle is not None]
            if len(unsealed[name]) < len(values):
                logger.debug("Refused: a handle that was not issued for this callback")
                return False
        if unsealed:
            request.replace_query_values(unsealed)
        if own:
            request.rewrite_answer(
                lambda answer: self._handles.seal_answer(self._secret(), output, answer)
            )
        return True

    def _cancelled(self, entry: internals.CallbackEntry) -> list[str]:
        """Return the public callbacks that a change of a callback's inputs cancels."""
        return [
            output
            for output, cancelled in internals.cancelled_by(self._app, entry).items()
            if is_public_callback(self._app, cancelled)
        ]

    def _handles_of_stranger(self, request: Request) -> None:
        """Unseal the handles that a user was given before logging in."""
        if not any(name in request.query for name in HANDLE_PARAMETERS):
            return
        issuers = [
            output
            for output, entry in internals.callback_entries(self._app)
            if internals.background(entry) and is_public_callback(self._app, entry)
        ]
        values = {name: request.query_values(name) for name in HANDLE_PARAMETERS}
        request.replace_query_values(
            {
                name: [self._unseal(name, issuers, value) or value for value in several]
                for name, several in values.items()
            }
        )

    def _unseal(self, parameter: str, issuers: list[str], sealed: str) -> str | None:
        return self._handles.unseal(self._secret(), parameter, issuers, sealed)

    def _secret(self) -> bytes:
        return self._backend.secret_key() or internals.signing_secret(self._app) or _PROCESS_SECRET

    # WebSockets

    def admit_socket(self, request: Request) -> tuple[SocketLogin | None, bool] | None:
        """Decide on the handshake of a WebSocket.

        :param request: the facts of the handshake
        :return: who logged in, None for a stranger, and whether it is a WebSocket for Dash's
            callbacks; None if it may not be opened
        """
        self._set_up()
        is_for_callbacks = request.endpoint == self.endpoints.websocket
        login = self._auth._socket_login(request)
        request.identity = RequestIdentity(None, login.claims()) if login else RequestIdentity()
        request.logged_in = login is not None
        if login is not None:
            return login, is_for_callbacks
        if is_for_callbacks:
            return (None, True) if self._has_public_callback() else None
        return (None, False) if self._is_open(self._kind(request), request) else None

    def runs_over_websocket(self, body: dict[str, Any]) -> bool:
        """Tell whether Dash runs a callback over a WebSocket; for any other it raises."""
        entry = internals.callback_entry(self._app, body["output"])
        return (
            entry is not None
            and "callback" in entry
            and internals.is_for_websocket(self._app, entry)
        )

    def opens_over_websocket(self, body: dict[str, Any]) -> bool:
        """Tell whether a stranger may run a callback over a WebSocket."""
        opened = self._opened(body) if self.has_public_parts() else None
        if opened is None:
            return False
        _, entry, _ = opened
        # The handles of background jobs are told apart by the URL, which a WebSocket has not.
        return internals.is_for_websocket(self._app, entry) and not internals.background(entry)

    def uses_websockets(self) -> bool:
        """Tell whether callbacks of the app run over WebSockets."""
        if not internals.has_websockets(self._app):
            return False
        counted = internals.callback_counts(self._app)
        if counted != self._counted_for_websockets:
            self._any_for_websocket = any(
                internals.is_for_websocket(self._app, entry)
                for _, entry in internals.callback_entries(self._app)
            )
            self._counted_for_websockets = counted
        return self._any_for_websocket

    def _fit_config(self, settings: dict[str, Any]) -> None:
        """Keep from a client what is not for it, before Dash sends it in the index page."""
        facts = current_facts()
        logged_in = facts is not None and _is_logged_in(facts)
        if "validation_layout" in settings and not logged_in:
            # Without it the renderer complains about every id that is not on the page.
            del settings["validation_layout"]
            settings["suppress_callback_exceptions"] = True
        if "websocket" in settings and not self._fit_websocket(settings["websocket"], logged_in):
            # The renderer makes its requests by HTTP then, where the browser can ask for a login.
            del settings["websocket"]

    def _fit_websocket(self, settings: dict[str, Any], logged_in: bool) -> bool:
        """Adapt what the renderer is told of WebSockets; tell whether it may use them at all."""
        if not logged_in:
            # By HTTP, but for the public callbacks, which `_fit_dependencies` marks.
            settings["enabled"] = False
            return self._has_public_callback()
        if self._backend.secret_key() is None:
            # Not every browser sends credentials when it opens a WebSocket.
            return False
        # All tabs of a browser share one worker, and its WebSocket: one for each user, or a page
        # would use what a stranger opened.
        user = current_user()
        tag = _core.seal(self._secret(), "websocket", "" if user is None else user.name)[:16]
        settings["worker_url"] += f"{'&' if '?' in settings['worker_url'] else '?'}user={tag}"
        return True

    def _fit_dependencies(self, answer: bytes) -> bytes:
        """Mark in Dash's list of callbacks which of them a stranger may run over a WebSocket."""
        callbacks = json.loads(answer)
        for callback in callbacks:
            entry = internals.callback_entry(self._app, callback["output"])
            callback["websocket"] = (
                entry is not None
                and internals.is_for_websocket(self._app, entry)
                and not internals.background(entry)
                and is_public_callback(self._app, entry)
            )
        return json.dumps(callbacks).encode()

    # The first request

    def _set_up(self, *, layout_of_visitor: bool = False) -> None:
        """Run Dash's set-up before the first request goes on, and hold the others until then.

        :param layout_of_visitor: whether the app's layout function may run for who is asking
        """
        if not self._is_set_up:
            with self._set_up_lock:
                self._set_up_once(layout_of_visitor)

    def _set_up_once(self, layout_of_visitor: bool) -> None:
        if self._is_set_up:
            return
        internals.suppress_validation_layout(self._app)
        unseen = internals.layout_unseen(self._app)
        with contextlib.nullcontext() if layout_of_visitor else unseen:
            self._backend.run_first_request_hooks(self._app)
        hand_user_to_jobs(self._app)
        self._is_set_up = True
        self._auth._announce()
        for output in self.open_routing_callbacks():
            logger.info("Open with no login where its pathname is public: callback %s", output)

    def open_routing_callbacks(self) -> list[str]:
        """Return the ids of the routing callbacks that public routes open."""
        if not len(self._rules):
            return []
        return [
            output
            for output, entry in internals.callback_entries(self._app)
            if "callback" in entry
            and (
                (output == internals.PAGE_ROUTER_ID and self._app.use_pages)
                or self._callback(output, entry).is_routing
            )
        ]

    def has_public_parts(self) -> bool:
        """Tell whether anything can be reached with no login."""
        return bool(len(self._rules)) or self._has_public_callback()

    def session_is_needed(self) -> bool:
        """Tell whether something may come later that only a session tells who makes it."""
        return self.has_public_parts() or self.uses_websockets()

    def _has_public_callback(self) -> bool:
        if not registrations():
            return False
        # Asked at each request, and looked up anew only where callbacks were added since.
        counted = (registrations(), *internals.callback_counts(self._app))
        if counted != self._counted:
            self._any_public_callback = any(
                is_public_callback(self._app, entry)
                for _, entry in internals.callback_entries(self._app)
            )
            self._counted = counted
        return self._any_public_callback


def _is_logged_in(request: Request) -> bool:
    """Tell whether a request carries a login; what a session remembers is none."""
    return request.logged_in or (request.authorization is not None and current_user() is not None)
