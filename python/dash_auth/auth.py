"""The base of every way to log in."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary, ref

from dash import Dash

from . import _dash_internals as internals
from . import _pages as pages
from ._arguments import check_bytes, origins_of
from ._backends import Backend, Request, backend_for, is_server
from ._guard import Guard
from ._keywords import keywords_of_class, refuse_unknown
from ._parked import PARKED
from ._session import NOTE, USER
from ._unavailable import asked_by_guard
from .identity import EVENT_LOOP_FACTS, SocketLogin, User, session_user
from .public_routes import add_public_routes, get_public_callbacks, get_public_routes

__all__ = ["Auth", "get_public_callbacks", "get_public_routes"]

logger = logging.getLogger("dash_auth")

ANONYMOUS_BODY_LIMIT = 1024 * 1024
"""The largest callback body, in bytes, that is read for a client that is not logged in."""

_auths: WeakKeyDictionary[Dash, ref[Auth]] = WeakKeyDictionary()
"""Who protects each app; the app itself keeps it alive, through its `init_app`."""


def auth_of(app: Dash) -> Auth | None:
    """Return who protects an app, None if nobody does."""
    found = _auths.get(app)
    return None if found is None else found()


class Auth(ABC):
    """Protects a Dash app: every request needs a login but those declared public.

    A subclass says who is logged in (:meth:`is_authorized`) and how to ask for it
    (:meth:`login_request`).
    """

    def __init__(
        self,
        app: Dash,
        public_routes: Iterable[str] | None = None,
        *,
        anonymous_body_limit: int = ANONYMOUS_BODY_LIMIT,
        trusted_origins: Iterable[str] = (),
        session_scope: str | None = None,
        **obsolete: Any,
    ) -> None:
        """Protect an app.

        :param app: Dash app
        :param public_routes: routes that pass with no login, in Flask's syntax, see
            :func:`dash_auth.add_public_routes`
        :param anonymous_body_limit: largest callback body read for a client that is not logged in,
            in bytes; 1 MiB by default. A larger one is answered 413
        :param trusted_origins: origins, as browsers send them (`"https://example.com"`), whose
            pages may make requests that change something with the credentials that the browser
            holds, and ask for leave in a CORS preflight; none by default
            (OWASP, Cross-Site Request Forgery Prevention Cheat Sheet)
        :param session_scope: name of this instance, where several share a secret key and are of
            different users, such as tenants of one script: what a session of one says counts for
            none of the others. It has to be the same in all workers of an instance.
        :raises TypeError: for arguments that are unknown or of a wrong type, and for a server that
            cannot be protected
        :raises ValueError: if the app is protected already, or a route cannot be read
        """
        self._dash_auth_refuse_keywords(obsolete)
        if not isinstance(app, Dash):
            raise TypeError(f"the app must be a dash.Dash, not {type(app).__name__}")
        if app in _auths:
            raise ValueError("the app is protected already: one BasicAuth or OIDCAuth an app")
        check_bytes("anonymous_body_limit", anonymous_body_limit)
        if session_scope is not None and not isinstance(session_scope, str):
            raise TypeError(f"session_scope must be a str, not {type(session_scope).__name__}")
        self.app = app
        self._dash_auth_scope = session_scope or ""
        self.__anonymous_body_limit = anonymous_body_limit
        self.__trusted_origins = origins_of(trusted_origins)
        self._dash_auth_decides = False
        self._dash_auth_own_endpoints: frozenset[str] = frozenset()
        self._dash_auth_backends: list[Backend] = []
        if is_server(app.server):
            # Also where a subclass decides in a hook of its own: it asks the methods of ours.
            self.__install()
        self.__follow_to_other_servers()
        self._protect()
        if not self._dash_auth_decides:
            logger.warning(
                "dash_auth decides on no request to %r: %s._protect() puts no guard before the "
                "app. What it does instead decides alone; super()._protect() puts the guard.",
                app.config.name,
                type(self).__name__,
            )
        _auths[app] = ref(self)
        if public_routes is not None:
            add_public_routes(app, public_routes)

    def _dash_auth_refuse_keywords(self, unknown: Iterable[str]) -> None:
        """Refuse keywords that no class took on the way here."""
        refuse_unknown(type(self).__name__, unknown, keywords_of_class(type(self)))

    def _protect(self) -> None:
        """Put the guard before the app, on whichever server it is moved to.

        A subclass that puts a hook of its own in its place takes the decision over.
        """
        if not self._dash_auth_decides:
            self._dash_auth_decides = True
            if self._dash_auth_backends:
                self._dash_auth_backend.guards.add(self._dash_auth_guard)

    def __follow_to_other_servers(self) -> None:
        init_app = self.app.init_app

        def init_app_protected(*args: Any, **kwargs: Any) -> Any:
            result = init_app(*args, **kwargs)
            self.__install()
            return result

        vars(self.app)["init_app"] = init_app_protected

    def __install(self) -> None:
        backend = backend_for(self.app.server)
        if backend in self._dash_auth_backends:
            return
        self._dash_auth_backends.append(backend)
        self._dash_auth_backend = backend
        self._dash_auth_guard = Guard(
            self,
            backend,
            anonymous_body_limit=self.__anonymous_body_limit,
            trusted_origins=self.__trusted_origins,
        )
        if self._dash_auth_decides:
            # Before what may fail: the app stays closed.
            backend.guards.add(self._dash_auth_guard)
        self._dash_auth_on_install(backend)

    def _dash_auth_on_install(self, backend: Backend) -> None:  # noqa: B027 (does nothing unless needed)
        """Do what a server needs once, when the guard is made for it."""

    @abstractmethod
    def is_authorized(self) -> bool:
        """Tell whether the current request is made by a user who may use the app."""

    @abstractmethod
    def login_request(self) -> Any:
        """Return what to answer to a request that needs a login."""

    def _dash_auth_is_authorized(self, request: Request) -> bool:
        """Tell whether a request may pass; as :meth:`is_authorized`, with the facts at hand."""
        with asked_by_guard():
            return self.is_authorized()

    def _dash_auth_knows(self, request: Request) -> bool | None:
        """Tell whether a request may pass, where that takes no time; None if it has to be asked."""
        return None

    def _dash_auth_remembers(self, request: Request) -> bool:
        """Tell, at once, whether a request carries a login that was verified before."""
        return False

    def _dash_auth_socket_login(self, request: Request) -> SocketLogin | None:
        """Return who opens a WebSocket, None for a stranger."""
        if not self._dash_auth_is_authorized(request):
            return None

        def claims() -> Mapping[str, Any]:
            EVENT_LOOP_FACTS.set(request)
            user = session_user()
            return {} if user is None else user.claims

        def ask() -> bool:
            # A WebSocket's messages may come in a context of their own.
            EVENT_LOOP_FACTS.set(request)
            return bool(self._dash_auth_is_authorized(request))

        return SocketLogin(lambda: True, claims, claims_wait=True, ask=ask)

    _dash_auth_shows_user = False
    """Whether `session["user"]` is what we know of the user, and not what a login wrote there."""

    def _dash_auth_show_waits(self, request: Request) -> bool:
        """Tell whether to show who is known may take long."""
        return False

    def _dash_auth_show(self, request: Request, *, alone: bool) -> None:  # noqa: B027 (does nothing unless needed)
        """Show in the session who is known, before any hook of the developer's runs.

        :param request: the facts of the request
        :param alone: whether logins to other apps are to be set aside: no guard of theirs is asked
        """

    def _dash_auth_keep(self, request: Request) -> dict[str, Any] | None:
        """Take over what the app did to the session before it is saved.

        :return: what the cookie is to hold of the user, None to leave that as it is
        """
        return None

    def _dash_auth_visitor(self, request: Request) -> User | None:
        """Return who makes a request that needs no login, None for a stranger."""
        return session_user()

    def _dash_auth_user_of_session(self, request: Request) -> User | None:
        """Return who makes an authorized request, where `is_authorized` does not say."""
        return session_user()

    def _dash_auth_tidy_session(self, request: Request) -> None:  # noqa: B027 (does nothing unless needed)
        """Take what does not count out of the session before the app reads it."""

    def _dash_auth_brings_login(self, request: Request) -> bool:
        """Tell whether credentials, or a session of a user, came along, be they right or not."""
        if request.authorization is not None:
            return True
        if not request.has_session_cookie:
            return False
        session = request.bare_session
        return any(name in session for name in (NOTE, PARKED, USER))

    def _dash_auth_answer(
        self, status: int, text: str, headers: dict[str, str] | None = None
    ) -> Any:
        """Return an answer of the login's own: a page to people, plain text to programs.

        :param status: its status
        :param text: what happened
        :param headers: further headers
        """
        backend = self._dash_auth_backend
        start = internals.requests_prefix(self.app)
        return pages.answer(backend, backend.request(), status, text, start, headers)

    def _dash_auth_weak_passwords(self) -> list[tuple[str, str]]:
        """Return the names of users whose stored password should be stored anew, and why."""
        return []

    def _dash_auth_session_use(self) -> str:
        """Return in words what a session is good for."""
        return "whatever is_authorized makes of it"

    def _dash_auth_announce(self) -> None:  # noqa: B027 (does nothing unless needed)
        """Tell the developer, once at start, what the app lacks."""
