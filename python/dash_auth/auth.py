"""The base of every way to log in."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar
from weakref import WeakKeyDictionary, ref

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._arguments import check_bytes, origins_of
from dash_auth._current import User
from dash_auth._dash.session_script import FOLDER, TEXTS
from dash_auth._guard.allow import Allow
from dash_auth._guard.guard import Guard
from dash_auth._keywords import keywords_of_class, refuse_unknown
from dash_auth._login import BASIC, Login, Logins
from dash_auth._request import Request
from dash_auth._servers import GuardedServer, is_server, server_for
from dash_auth.logins.guesses import SharedGuesses
from dash_auth.logins.own import OwnCheck, OwnRequest
from dash_auth.logins.pages.phrases import OURS, Phrases, spoken
from dash_auth.logins.passwords import count_together
from dash_auth.logins.session import NotRemembered, SessionLogin, ShownUser
from dash_auth.logins.several import together
from dash_auth.public_routes import add_public_routes, get_public_callbacks, get_public_routes

__all__ = ["Auth", "get_public_callbacks", "get_public_routes"]

logger: logging.Logger = logging.getLogger("dash_auth")

F = TypeVar("F", bound=Callable[..., Any])

ANONYMOUS_BODY_LIMIT = 1024 * 1024
"""The largest callback body, in bytes, that is read for a client that is not logged in."""

_auths: WeakKeyDictionary[Dash, ref[Auth]] = WeakKeyDictionary()
"""Who protects each app; the app itself keeps it alive, through its `init_app`."""


def auth_of(app: Dash) -> Auth | None:
    """Return who protects an app, None if nobody does."""
    found = _auths.get(app)
    return None if found is None else found()


def guard_of(app: Dash) -> Guard | None:
    """Return the guard before an app, None if it has no server yet or nobody protects it."""
    auth = auth_of(app)
    return None if auth is None else auth._dash_auth_guards.get(app)


def decides(auth: Auth) -> bool:
    """Tell whether our guard decides, and not what a subclass put in the place of `_protect`."""
    return auth._dash_auth_decides


_OURS = "_dash_auth_ours"


def ours(method: F) -> F:
    """Mark a method as ours: what stands in its place is the developer's.

    :param method: the method
    """
    # The method itself: `functools.wraps` copies what is marked to a wrapper of the developer's.
    vars(method)[_OURS] = method
    return method


class Auth:
    """Protects a Dash app: every request needs a login but those declared public.

    Give it a login, or have a subclass say who is logged in (:meth:`is_authorized`) and how to ask
    for it (:meth:`login_request`).

    Attributes:
        login_path: path of the login page, as browsers see it; None where there is none.
        logout_path: the path to which a form posts that logs out, as browsers see it; None where
            there is none.
    """

    logout_path: str | None = None
    """Path that ends the login, as the browser sees it; None where there is none."""

    _dash_auth_form_path: str | None = None
    """Path that a login form is sent to, as the browser sees it; None where there is none."""

    def __init__(
        self,
        app: Dash,
        public_routes: Iterable[str] | None = None,
        *,
        login: Login | None = None,
        allow: Iterable[str] | Callable[[User], bool | Awaitable[bool]] | None = None,
        also: Iterable[Login] = (),
        anonymous_body_limit: int = ANONYMOUS_BODY_LIMIT,
        trusted_origins: Iterable[str] = (),
        session_scope: str | None = None,
        session_banner: bool = True,
        **obsolete: NoReturn,
    ) -> None:
        """Protect an app.

        :param app: Dash app
        :param public_routes: routes that pass with no login, in Flask's syntax, see
            :func:`dash_auth.add_public_routes`
        :param login: a login of your own, see :class:`dash_auth.logins.Login`
        :param allow: names of groups, one of which a user needs; or a function of the
            :class:`dash_auth.User` that returns True for one who may enter, and may be async. None
            lets in all who log in
        :param also: further logins to the same app. Whatever their order here, the one with the
            lowest :attr:`~dash_auth.logins.Login.precedence` that finds something of its own in a
            request verifies it, alone
        :param anonymous_body_limit: largest callback body read for a client that is not logged in,
            in bytes; 1 MiB by default. A larger one is answered 413
        :param trusted_origins: origins, as browsers send them (`"https://example.com"`), whose
            pages may make requests that change something with the credentials that the browser
            holds, and ask for leave in a CORS preflight; none by default
            (OWASP, Cross-Site Request Forgery Prevention Cheat Sheet)
        :param session_scope: name of this instance, where several share a secret key and are of
            different users, such as tenants of one script: what a session of one says counts for
            none of the others. It has to be the same in all workers of an instance.
        :param session_banner: whether an open page shows that its login has ended, with a button
            to log in again; False leaves that to the app
        :raises TypeError: for arguments that are unknown or of a wrong type, for a login that lacks
            a method or has one that would wait, and for a server that cannot be protected
        :raises ValueError: if the app is protected already, or a route cannot be read
        """
        self._dash_auth_refuse_keywords(obsolete)
        if not isinstance(app, Dash):
            raise TypeError(f"the app must be a dash.Dash, not {type(app).__name__}")
        _refuse_protected(app)
        check_bytes("anonymous_body_limit", anonymous_body_limit)
        self.__also = _logins_of(also)
        self.__allow = None if allow is None else Allow(allow)
        if session_scope is not None and not isinstance(session_scope, str):
            raise TypeError(f"session_scope must be a str, not {type(session_scope).__name__}")
        if login is not None:
            _check_login(login)
        self.app = app
        self._dash_auth_scope = session_scope or ""
        self.__anonymous_body_limit = anonymous_body_limit
        self.__trusted_origins = origins_of(trusted_origins)
        self.__given = login
        self.__check_methods()
        self.__session_banner = bool(session_banner)
        self._dash_auth_decides = False
        self.__servers: list[GuardedServer] = []
        self._dash_auth_guards: dict[Dash, Guard] = {}
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
            for guard in self._dash_auth_guards.values():
                self._dash_auth_server.guards.add(guard)

    def __follow_to_other_servers(self) -> None:
        init_app = self.app.init_app

        def init_app_protected(*args: Any, **kwargs: Any) -> Any:
            result = init_app(*args, **kwargs)
            self.__install()
            return result

        vars(self.app)["init_app"] = init_app_protected

    def __install(self) -> None:
        server = server_for(self.app.server)
        if server in self.__servers:
            return
        self.__servers.append(server)
        self._dash_auth_server = server
        self._dash_auth_guard = guard = self.__put_guard(self.app)
        self.__logins = self.__logins_of(guard)
        guard.ask(*self.__logins)
        self._dash_auth_on_install(guard)
        self.__add_script(guard)

    def __put_guard(self, app: Dash) -> Guard:
        """Put a guard before an app: closed as long as it knows nobody to ask."""
        server = self._dash_auth_server
        self._dash_auth_guards[app] = guard = Guard(
            app,
            server,
            self.__name(app),
            anonymous_body_limit=self.__anonymous_body_limit,
            trusted_origins=self.__trusted_origins,
            allow=self.__allow,
        )
        if self._dash_auth_decides:
            server.guards.add(guard)
        return guard

    def protect(self, app: Dash, public_routes: Iterable[str] | None = None) -> None:
        """Put another Dash app of the same server behind the same login.

        Who has logged in to one is logged in to both. What is public is said for each app.

        :param app: the other Dash app, on the server of the first
        :param public_routes: routes of this app that pass with no login, in Flask's syntax, see
            :func:`dash_auth.add_public_routes`
        :raises TypeError: if it is no Dash app
        :raises ValueError: if it is protected already or on another server, if the first app has no
            server yet, if a subclass decides by itself, or a route cannot be read
        """
        if not isinstance(app, Dash):
            raise TypeError(f"the app must be a dash.Dash, not {type(app).__name__}")
        _refuse_protected(app)
        if not self._dash_auth_decides:
            raise ValueError(
                f"{type(self).__name__}._protect() puts no guard before an app, so that there is "
                "none to put before another"
            )
        if not self.__servers:
            raise ValueError("the first app has no server yet: call its init_app before protect")
        if app.server is not self.app.server:
            raise ValueError(
                "the other app is on another server: pass server=app.server to Dash, or protect it "
                "with a class of its own"
            )
        guard = self.__put_guard(app)
        guard.ask(*self.__logins)
        self.__add_script(guard)
        vars(app)["init_app"] = self.__stay
        _auths[app] = ref(self)
        if public_routes is not None:
            add_public_routes(app, public_routes)

    def __stay(self, *_: Any, **__: Any) -> NoReturn:
        # There no guard would stand before it. And the app keeps this object alive by it.
        raise RuntimeError("an app that Auth.protect has put behind a login stays on its server")

    # What an open page asks

    @property
    def login_path(self) -> str:
        """The path of the login, as the browser sees it; `?next=` says where it is to lead.

        Who is logged in is led there at once.
        """
        return self._dash_auth_login_path(self.app)

    def _dash_auth_login_path(self, app: Dash) -> str:
        """Return the path of the login to an app, as the browser sees it.

        :param app: the app
        """
        return f"{internals.requests_prefix(app)}{FOLDER}/login"

    def _dash_auth_own_paths(self, request: Request) -> list[str]:
        """Return the paths of logins and logouts, as the browser sees them.

        :param request: the current request
        """
        return []

    def _dash_auth_logout_path(self, request: Request | None) -> str | None:
        """Return the path to which a form posts that logs out, as the browser sees it.

        :param request: the current request, None outside of one
        """
        return self.logout_path

    def _dash_auth_lacks(self) -> str | None:
        """Return what is missing for anybody to log in, None for nothing."""
        return None

    _dash_auth_texts: Mapping[str, Mapping[str, str]] = TEXTS
    """What an open page shows, by language."""

    def _dash_auth_phrases(self, accept_language: str | None) -> Phrases:
        """Return what the parts of layouts say, in the language that a browser likes best.

        :param accept_language: the header Accept-Language
        """
        return spoken(OURS, accept_language)

    def __add_script(self, guard: Guard) -> None:
        guard.add_script(
            login_path=lambda: self._dash_auth_login_path(guard.app),
            own_paths=self._dash_auth_own_paths,
            with_banner=self.__session_banner,
            texts=self._dash_auth_texts,
        )

    def _dash_auth_guard_of(self, request: Request) -> Guard:
        """Return the guard that decides on a request, of those that were made here."""
        own = self._dash_auth_guards.values()
        responsible = self._dash_auth_server.guards.responsible(request) if len(own) > 1 else ()
        return next((guard for guard in responsible if guard in own), self._dash_auth_guard)

    def _dash_auth_on_install(self, guard: Guard) -> None:
        """Do what a server needs once, when the guard is made for it."""

    # Who knows the users

    def __name(self, app: Dash) -> str:
        """Return what tells the guard of an app from any other that shares the secret."""
        # Apps of one factory are mounted below paths of which the server of each sees nothing.
        prefixes = f"{internals.routes_prefix(app)} {internals.requests_prefix(app)}"
        source = internals.source_file(app)
        return f"{type(self).__name__} {source} {prefixes} {self._dash_auth_scope}"

    def __logins_of(self, guard: Guard) -> tuple[Logins, SessionLogin | None]:
        ours, session = self._dash_auth_logins(guard)
        count_together([ours.asking, *self.__also], self._dash_auth_guesses(guard))
        self.__ours = ours = together(ours, self.__also)
        own = OwnCheck(self.__own_check, session)
        # Of a public request it is asked only where credentials came along.
        by_header = any(login.precedence == BASIC for login in ours.public)
        headers = [OwnCheck(self.__own_check, session, of_headers=True)] if by_header else []
        logins = Logins(
            private=[own, *ours.private],
            public=[*headers, *ours.public],
            socket=[own, *ours.socket],
            asking=OwnRequest(self.__own_request, ours.asking),
        )
        return logins, session

    def _dash_auth_logins(self, guard: Guard) -> tuple[Logins, SessionLogin | None]:
        """Return the logins that recognise users, and the one that shows the app who is known.

        :param guard: the guard that asks them
        """
        login = self.__given
        if login is None:
            return Logins([], [ShownUser()], [], asking=Login()), None
        return Logins([login], [login], [login], asking=login), NotRemembered()

    def _dash_auth_guesses(self, guard: Guard) -> SharedGuesses | None:
        """Return what counts guesses with other processes, None where each counts for itself.

        :param guard: the guard of the app
        """
        return None

    def __check_methods(self) -> None:
        """Refuse a class that recognises nobody.

        :raises TypeError: if there is no login, and no method that does what one does
        """
        missing = [
            name for name in ("is_authorized", "login_request") if is_ours(getattr(self, name))
        ]
        if self.__given is None and missing and type(self)._dash_auth_logins is _NO_LOGINS:
            raise TypeError(
                f"{type(self).__name__} needs login=..., or a subclass that defines "
                f"{' and '.join(missing)}"
            )

    def __own_check(self) -> Callable[[], Any] | None:
        """Return the check that a subclass, or the app, has put in the place of ours."""
        return None if is_ours(self.is_authorized) else self.is_authorized

    def __own_request(self) -> Callable[[], Any] | None:
        """Return what a subclass, or the app, has put in the place of our request to log in."""
        return None if is_ours(self.login_request) else self.login_request

    @ours
    def is_authorized(self) -> bool:
        """Tell whether the current request is made by a user who may use the app."""
        request = self._dash_auth_server.request()
        guard = self._dash_auth_guard_of(request)
        if not self._dash_auth_decides and guard.parts.endpoints.is_of_login(request.endpoint):
            # A hook of a subclass's own asks about the routes of the login too.
            return True
        return guard.authorizes(request, self.__ours.private)

    @ours
    def login_request(self) -> Any:
        """Return what to answer to a request that needs a login."""
        request = self._dash_auth_server.request()
        guard = self._dash_auth_guard_of(request)
        return guard.asked(request, self.__ours.asking)


_NO_LOGINS = Auth._dash_auth_logins


def is_ours(method: Any) -> bool:
    """Tell whether a method is ours, and not the developer's."""
    function = getattr(method, "__func__", None)
    return function is not None and getattr(function, _OURS, None) is function


def _refuse_protected(app: Dash) -> None:
    if app in _auths:
        raise ValueError("the app is protected already: one BasicAuth, FormAuth or OIDCAuth an app")


def _logins_of(also: Any) -> tuple[Login, ...]:
    """Return the further logins of an app.

    :raises TypeError: if they are no list, or one of them is no login
    """
    if isinstance(also, Login | str) or not isinstance(also, Iterable):
        raise TypeError(f"also must be a list of logins, not {type(also).__name__}")
    logins = tuple(also)
    for login in logins:
        _check_login(login)
    return logins


def _check_login(login: Any) -> None:
    """Refuse what is no login, and one whose mistake would show later, or open something."""
    kind = type(login)
    if not isinstance(login, Login):
        raise TypeError(f"login must be an instance of dash_auth.logins.Login, not {kind.__name__}")
    for name in ("claim", "verify"):
        if getattr(kind, name) is getattr(Login, name):
            raise TypeError(f"{kind.__name__} must define {name}")
    for name in ("claim", "holds"):
        method = getattr(kind, name)
        if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
            # What it returns would pass for a yes.
            raise TypeError(f"{kind.__name__}.{name} must return at once: no async, no yield")
