"""The way of a request to one app: public, logged in, or asked to log in."""

from __future__ import annotations

import contextlib
import enum
import inspect
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

from . import _core, _session
from . import _dash_internals as internals
from ._backends import TOO_LARGE, UNREADABLE, Backend, Request, asgi
from ._backends.threads import RETRY_AFTER
from ._background_jobs import hand_user_to_jobs
from ._caching import Caching, demand
from ._callback_handles import CallbackHandles, HandleSeal
from ._core import Endpoint, Refusal
from ._endpoints import Endpoints
from ._open_callbacks import OpenCallbacks
from ._open_pages import OpenPages
from ._origins import Origins
from ._out_of_order import is_out_of_order, say_out_of_order
from ._page_rules import PageRules
from ._refusals import Closed, quoted, why_login_is_needed
from ._rule_warnings import RuleWarnings
from ._secret_keys import Keys, OtherKeys, seal, weakness
from ._shown import show
from ._websocket_callbacks import WebSocketCallbacks
from .identity import RequestIdentity, SocketLogin, User, current_facts, current_user
from .public_routes import public_rules

if TYPE_CHECKING:
    from ._backends.asgi import AsgiRequest
    from .auth import Auth

logger = logging.getLogger("dash_auth")

_RETRY_AFTER = {True: str(RETRY_AFTER), False: "10"}
"""After how many seconds a client may come back, by whether all turns are taken."""

_PROCESS_SECRET = secrets.token_bytes(32)
"""Seals handles where neither the server nor Dash has a key that all workers share."""


_MOST_WARNINGS = 32
"""How many mistakes are told of as warnings: clients choose what is told."""
_WEAK_KEY = (
    "The secret key %s: whoever finds it out signs sessions of any user. Make one with "
    'python -c "import secrets; print(secrets.token_urlsafe(32))" and keep it outside of the code.'
)


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
        self._origins = Origins(backend, trusted_origins)
        self._warned_of: set[str | None] = set()
        self.prefix = internals.routes_prefix(auth.app)
        self._rules = public_rules(auth.app)
        self.endpoints = Endpoints(auth.app, backend)
        self.name = _name(auth)
        self.page_rules = PageRules(auth.app, self._rules, self.endpoints, backend)
        self._rule_warnings = RuleWarnings(
            self._rules, self.page_rules, use_pages=bool(auth.app.use_pages)
        )
        self._open_pages = OpenPages(auth.app, self.page_rules)
        self.open_callbacks = OpenCallbacks(auth.app, self._rules, self._open_pages)
        self.websocket_callbacks = WebSocketCallbacks(auth.app, self.open_callbacks)
        self._handles = CallbackHandles(auth.app, HandleSeal(self.name), self._keys)
        self._other_keys = OtherKeys(self.name)
        self.shows_user = auth._dash_auth_shows_user
        self._set_up_lock = threading.RLock()
        self._is_set_up = False
        self._handed_to: tuple[int, ...] = ()
        self.asking_endpoints: set[str | None] = set()
        """The endpoints that have asked for the user of a public request."""
        internals.suppress_validation_layout(auth.app)
        internals.wrap_config(auth.app, self._fit_config)

    def begin(self, request: Request, *, alone: bool) -> None:
        """Show who is known, and find the visitor for hooks that ask before this guard decides.

        :param request: the facts of the request
        :param alone: whether the session is this guard's alone in this request
        """
        found = request.visitor
        try:
            if self._other_keys.is_to_be_told and self._backend.secret_keys():
                if _session.NOTE not in request.bare_session:
                    self._other_keys.look_at(self._backend.unverified_session(request))
            request.visitor = _known_or(found, self._visitor)
            if not self._is_foreign(request):
                self._auth._dash_auth_show(request, alone=alone)
        except Exception:
            logger.exception("An error while finding out whom a session shows: nobody")
            request.visitor = found or RequestIdentity()

    def begin_waits(self, request: Request) -> bool:
        """Tell whether to begin may take long."""
        return self.shows_user and self._auth._dash_auth_show_waits(request)

    def end(self, request: Request) -> dict[str, Any] | None:
        """Take over what the app did to the session before it is saved.

        :param request: the facts of the request
        :return: what the cookie is to hold of the user, None to leave that as it is
        """
        try:
            return self._auth._dash_auth_keep(request)
        except Exception:
            logger.exception("An error while saving a session: nothing of the user is kept")
            return None

    def _visitor(self, request: Request) -> User | None:
        return None if self._is_foreign(request) else self._auth._dash_auth_visitor(request)

    def _is_foreign(self, request: Request) -> bool:
        """Tell whether a page of another origin may not lean on what the browser holds."""
        if not request.is_socket:
            return self._origins.is_forged(request)
        # Dash asks the same of its own WebSocket, with a list of origins of its own.
        is_for_callbacks = request.endpoint == self.endpoints.websocket
        return not is_for_callbacks and self._origins.is_hijack(request)

    def answer(self, request: Request) -> Any:
        """Return what to answer in place of the app, None if the request may pass.

        :param request: the facts of the request
        """
        try:
            self._rule_warnings.tell()
            passed = self._pass(request)
        except Exception as error:
            if is_out_of_order(error):
                request.refusal = Refusal.UNAVAILABLE
                say_out_of_order("the users", error)
            else:
                logger.exception("Refused: an error while deciding on a request")
            request.is_explained = True
            passed = None
        if passed is None:
            return self._answer_preflight(request) or self._refuse(request)
        # Outside of the net: what goes wrong in Dash's set-up is for the developer to see.
        self._set_up(layout_of_visitor=passed == _Passed.LOGGED_IN)
        for guard in self._backend.guards:
            # Dash's hooks set up all apps of the server, to whichever of them the request is.
            guard._set_up()
        self._hand_user_to_jobs()
        return None

    def _hand_user_to_jobs(self) -> None:
        # A callback that is added later may start its jobs in a way of its own.
        counted = internals.callback_counts(self._app)
        if counted != self._handed_to:
            hand_user_to_jobs(self._app, self._keys)
            self._handed_to = counted

    def waits_for(self, request: Request) -> tuple[bool, bool]:
        """Tell whether to answer is to wait: for the body, and long, so not in an event loop.

        The body is read first where reading means waiting, if it may be asked for at all.
        """
        try:
            # A forged request counts as a stranger's, whoever it is.
            knows = (
                False if self._origins.is_forged(request) else self._auth._dash_auth_knows(request)
            )
            may_open = not knows and self.has_public_parts()
            reads_body = (
                may_open and request.method == "POST" and self._kind(request) == Endpoint.CALLBACK
            )
        except Exception:  # which `answer` meets again, and refuses
            return False, True
        # Who is refused leaves the app as it is, set up or not.
        sets_up = not self._is_set_up and (knows or may_open)
        return reads_body, knows is None or sets_up

    def remembers(self, request: Request) -> bool:
        """Tell, at once, whether a request carries a login that was verified before."""
        try:
            return self._auth._dash_auth_remembers(request)
        except Exception:  # which `answer` meets again, and refuses
            return False

    def send_away(self, request: Request) -> Any:
        """Return the answer to a request that comes while too many wait."""
        request.refusal = Refusal.BUSY
        return self._refuse(request)

    def _pass(self, request: Request) -> _Passed | None:
        """Let a request pass, and tell as what; None if it may not."""
        if not self._is_set_up and request.endpoint == self.endpoints.component_suites:
            if len(self._rules):
                # Dash knows the files of component packages only then.
                self._set_up()
        kind = self._kind(request)
        is_callback = kind == Endpoint.CALLBACK
        if not is_callback and self._is_open(kind, request):
            return self._pass_anonymously(request, kind)
        before = request.identity
        if not self._origins.is_forged(request) and self.is_authorized(request):
            if request.identity is before:
                # Another guard's, which did not ask for a login.
                request.identity = None
            return self._pass_logged_in(request, kind)
        if is_callback and self._is_open_callback(request):
            return self._pass_anonymously(request, kind)
        return None

    def is_authorized(self, request: Request) -> bool:
        """Tell whether whoever makes a request may use the app."""
        authorized: object = asgi.call(self._auth._dash_auth_is_authorized, request)
        if isinstance(authorized, bool):
            return authorized
        if inspect.isawaitable(authorized):
            logger.error("Refused: is_authorized must not be async on this server")
            request.is_explained = True
            if inspect.iscoroutine(authorized):
                authorized.close()
            return False
        return bool(authorized)

    def _answer_preflight(self, request: Request) -> Any:
        """Answer what a browser asks before it makes a request of a trusted origin, else None.

        No view, and no hook that comes after the guard, runs for it.
        """
        if not self._origins.is_preflight(request):
            return None
        request.identity = RequestIdentity()
        return self._backend.automatic_options() or self._backend.answer(204, "")

    def _refuse(self, request: Request) -> Any:
        # What the session holds was not asked, and names nobody.
        request.identity = RequestIdentity()
        if request.shown is not None:
            request.shown.show({})
        demand(request, Caching.PRIVATE)
        if self._origins.is_forged(request):
            why = partial(self._origins.why_foreign, request)
            self._explain(request, why, warn_of=request.origin)
            return self._auth._dash_auth_answer(403, "Cross-site request refused")
        why = partial(self._why_login_is_needed, request)
        if request.refusal in (Refusal.BUSY, Refusal.UNAVAILABLE):
            self._explain(request, why)
            busy = request.refusal == Refusal.BUSY
            said = "Too many logins" if busy else "Logins cannot be checked at the moment"
            return self._auth._dash_auth_answer(503, said, {"Retry-After": _RETRY_AFTER[busy]})
        if request.is_too_large and not self._auth._dash_auth_brings_login(request):
            self._explain(request, why, warn_of="anonymous_body_limit")
            return self._auth._dash_auth_answer(413, "Request too large")
        try:
            answer = self.login_request()
        except HTTPException:
            # `flask.abort`, or a redirect: an answer as well.
            self._explain(request, why)
            raise
        except Exception:
            logger.exception("Refused: an error while asking to log in")
        else:
            if answer is not None:
                self._explain(request, why)
                return answer
            # The server would take it for leave to go on.
            logger.error("Refused: login_request returned None")
        return self._auth._dash_auth_answer(401, "Login required")

    def _explain(
        self, request: Request, why: Callable[[], str], *, warn_of: str | None = None
    ) -> None:
        """Log in one line why a request is refused.

        :param request: the facts of the request
        :param why: returns the reason
        :param warn_of: what to warn of once, since it keeps honest clients out as well
        """
        level = logging.DEBUG
        if warn_of is not None and warn_of not in self._warned_of:
            if len(self._warned_of) < _MOST_WARNINGS:
                self._warned_of.add(warn_of)
                level = logging.WARNING
        if not request.is_explained and logger.isEnabledFor(level):
            logger.log(level, "Refused: %s: %s", quoted(f"{request.method} {request.path}"), why())

    def _why_login_is_needed(self, request: Request) -> str:
        return why_login_is_needed(self, request, self._kind(request), self._rules)

    def login_request(self) -> Any:
        """Return the answer that asks for a login."""
        return asgi.call(self._auth.login_request)

    def _pass_logged_in(self, request: Request, kind: Endpoint) -> _Passed:
        request.logged_in = True
        demand(request, self._caching(kind, request))
        if request.identity is None:
            request.identity = RequestIdentity(self._auth._dash_auth_user_of_session)
        if kind == Endpoint.CALLBACK and request.query and self.open_callbacks.any_public():
            self._handles.unseal_those_of_stranger(request)
        return _Passed.LOGGED_IN

    def _caching(self, kind: Endpoint, request: Request) -> Caching:
        """Tell what an answer to a user is, as far as keeping it goes."""
        if self.endpoints.is_asset(request.endpoint):
            return Caching.PRIVATE_FILE
        # Component suites are the same for everybody, and large.
        return Caching.PUBLIC if kind == Endpoint.STATIC else Caching.PRIVATE

    def _pass_anonymously(self, request: Request, kind: Endpoint) -> _Passed:
        if kind != Endpoint.STATIC:
            demand(request, Caching.PUBLIC)
        if self._origins.is_forged(request):
            # A page of another site may not lean on what the browser holds here either.
            request.identity = RequestIdentity()
        else:
            request.identity = _known_or(request.identity, self._auth._dash_auth_visitor)
            if kind != Endpoint.STATIC:
                self._auth._dash_auth_tidy_session(request)
        if request.endpoint == self.endpoints.dependencies and self.websocket_callbacks.exist():
            if not _is_logged_in(request):
                request.rewrite_answer(self.websocket_callbacks.fit_dependencies)
        return _Passed.ANONYMOUS

    # What the server is going to run

    def owns(self, endpoint: str | None) -> bool:
        """Tell whether an endpoint belongs to the login itself."""
        return endpoint in self._auth._dash_auth_own_endpoints

    def serves(self, endpoint: str | None) -> bool:
        """Tell whether an endpoint is one that every Dash app has, and this app's."""
        return self.endpoints.are_own(endpoint)

    def _kind(self, request: Request) -> Endpoint:
        if request.endpoint in self._auth._dash_auth_own_endpoints:
            return Endpoint.STATIC
        return self.endpoints.kind(request.endpoint, request.view_arguments)

    def _is_open(self, kind: Endpoint, request: Request) -> bool:
        if self.owns(request.endpoint) or self._is_notebook_check(request):
            return True
        if not len(self._rules):
            return False
        path, prefix = request.path, self.prefix
        if kind == Endpoint.PAGE:
            below = _core.below_prefix(path, prefix)
            return below is not None and self._open_pages.index_is_open(path, below)
        opens_pages = kind == Endpoint.LAYOUT and self.page_rules.lead_to_pages()
        return self._rules.is_open(kind, path, prefix, opens_pages)

    def _is_notebook_check(self, request: Request) -> bool:
        # Most requests are told apart by their endpoint's name alone.
        return (
            request.method == "GET"
            and "_alive_" in (request.endpoint or "")
            and internals.is_notebook_check(
                self._app, request.endpoint, self._backend.view(request.endpoint or "")
            )
        )

    def _is_open_callback(self, request: Request) -> bool:
        if request.method != "POST" or not self.has_public_parts():
            return False
        body = request.json_body(self.body_limit)
        if body is TOO_LARGE:
            request.is_too_large = True
            limit = f"anonymous_body_limit={self.body_limit}"
            request.closed = Closed(f"the body is larger than is read with no login, {limit}")
            return False
        if body is UNREADABLE:
            request.closed = request.closed or Closed("the body is no callback request")
            return False
        self._set_up()
        opened = self.open_callbacks.named_by(body)
        if isinstance(opened, Closed):
            request.closed = opened
        elif self._handles.admit(request, opened):
            return True
        else:
            why = "a handle that was not issued for this callback, or too long a query"
            request.closed = Closed(why, opened.output, opened.entry)
        return False

    def _keys(self) -> Keys:
        keys = self._backend.secret_keys()
        return keys or (internals.signing_secret(self._app) or _PROCESS_SECRET,)

    # WebSockets

    def admit_socket(self, request: AsgiRequest) -> tuple[SocketLogin | None, bool] | None:
        """Decide on the handshake of a WebSocket.

        :param request: the facts of the handshake
        :return: who logged in, None for a stranger, and whether it is a WebSocket for Dash's
            callbacks; None if it may not be opened
        """
        self._set_up()
        is_for_callbacks = request.endpoint == self.endpoints.websocket
        is_hijack = self._is_foreign(request)
        login = None if is_hijack else self._auth._dash_auth_socket_login(request)
        request.logged_in = login is not None
        request.identity = RequestIdentity()
        if login is not None:
            self.name_user_of_socket(request, login.claims())
        if not is_hijack:
            self._auth._dash_auth_tidy_session(request)
        request.leave_session_unwritten()
        if login is not None:
            return login, is_for_callbacks
        if is_for_callbacks:
            if self.open_callbacks.any_public():
                return None, True
            request.closed = Closed("no callback is public")
        elif self._is_open(self._kind(request), request):
            return None, False
        reason = self._origins.why_foreign if is_hijack else self._why_login_is_needed
        self._explain(
            request, partial(reason, request), warn_of=request.origin if is_hijack else None
        )
        return None

    def name_user_of_socket(self, request: AsgiRequest, claims: Mapping[str, Any]) -> None:
        """Tell the app who a WebSocket's user is, and what is known of the user by now."""
        request.identity = RequestIdentity(None, claims)
        if self.shows_user:
            shown = {} if request.shown is None else request.shown.values
            show(request, {**shown, _session.USER: claims})

    def _fit_config(self, settings: dict[str, Any]) -> None:
        """Keep from a client what is not for it, before Dash sends it in the index page."""
        facts = current_facts()
        logged_in = facts is not None and _is_logged_in(facts)
        if "validation_layout" in settings and not logged_in:
            # Without it the renderer complains about every id that is not on the page.
            del settings["validation_layout"]
            settings["suppress_callback_exceptions"] = True
        if "websocket" in settings:
            # Not every browser sends credentials when it opens a WebSocket: it needs the session.
            impossible = logged_in and not self._backend.secret_keys()
            worker = self._tag_of_user() if logged_in else None
            if impossible or not self.websocket_callbacks.fit_settings(
                settings["websocket"], worker
            ):
                del settings["websocket"]

    def _tag_of_user(self) -> str:
        user = current_user()
        claims = "" if user is None else user.identifying_claims()
        return seal(self._keys(), "websocket", claims)[:16]

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
        self._is_set_up = True
        self._auth._dash_auth_announce()
        for key in self._backend.secret_keys()[:1]:
            weak = weakness(key)
            if weak is not None:
                logger.warning(_WEAK_KEY, weak)
        for output in self.open_callbacks.routing():
            logger.info("Open with no login where its pathname is public: callback %s", output)

    def has_public_parts(self) -> bool:
        """Tell whether anything can be reached with no login."""
        return bool(len(self._rules)) or self.open_callbacks.any_public()

    def session_is_needed(self) -> bool:
        """Tell whether something may come later that only a session tells who makes it."""
        return self.has_public_parts() or self.websocket_callbacks.exist()


def _name(auth: Auth) -> str:
    """Return what tells a guard from any other that shares the secret."""
    app = auth.app
    # Apps of one factory are mounted below paths of which the server of each sees nothing.
    prefixes = f"{internals.routes_prefix(app)} {internals.requests_prefix(app)}"
    return f"{type(auth).__name__} {internals.source_file(app)} {prefixes} {auth._dash_auth_scope}"


def _known_or(
    known: RequestIdentity | None, find: Callable[[Request], User | None]
) -> RequestIdentity:
    """Return who makes a request as other guards know; where that is nobody, as this one does.

    :param known: what the guards that were asked before know, None if none was
    :param find: returns the user as this guard knows the user
    """
    if known is None:
        return RequestIdentity(find)
    return RequestIdentity(lambda request: known.user(request) or find(request))


def _is_logged_in(request: Request) -> bool:
    """Tell whether a request carries a login; what a session remembers is none."""
    return request.logged_in or (request.authorization is not None and current_user() is not None)
