"""HTTP Basic authentication (RFC 7617)."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from dash import Dash

from . import _core, _parked, _secret_keys, _session, security
from ._arguments import Pair, check_auth_func, check_number, users_of
from ._backends import Backend, Request
from ._core import Credentials, Flight, Refusal, Users, VerifiedCredentials
from ._scope import scope_of
from ._session import SessionNotes
from ._shown import show
from ._unavailable import asked_by_guard
from ._user_functions import (
    AuthFunc,
    GroupsFunc,
    UserGroups,
    accepts,
    check_user_groups,
    groups_of,
    warn_of_unknown_users,
)
from .auth import ANONYMOUS_BODY_LIMIT, Auth
from .identity import RequestIdentity, SocketLogin, User

__all__ = ["BasicAuth", "UserGroups"]

logger = logging.getLogger("dash_auth")

AGAINST_FUNCTION = ""
"""What a user is verified against whom `auth_func` accepts: no stored value."""

_SLOW = 0.05
"""How long `auth_func` may take where nothing is remembered, in seconds."""

Verified = tuple[str, str]
"""A user's name, and what the user was verified against."""

SESSION_SECONDS = 8 * 60 * 60
"""For how long public pages know whom `auth_func` accepted, in seconds."""

DEFAULT_REALM = "User Visible Realm"
"""The realm that dash-auth names: password managers file what they hold under it."""


class BasicAuth(Auth):
    """Protects a Dash app with HTTP Basic authentication."""

    def __init__(
        self,
        app: Dash,
        username_password_list: Mapping[str, str] | Iterable[Pair] | None = None,
        auth_func: AuthFunc | None = None,
        public_routes: Iterable[str] | None = None,
        user_groups: UserGroups | GroupsFunc | None = None,
        secret_key: str | bytes | Sequence[str | bytes] | None = None,
        *,
        realm: str = DEFAULT_REALM,
        auth_func_cache_seconds: float = 0,
        auth_func_session_seconds: float = SESSION_SECONDS,
        anonymous_body_limit: int = ANONYMOUS_BODY_LIMIT,
        trusted_origins: Iterable[str] = (),
        session_cookie: bool = False,
        session_scope: str | None = None,
        **unknown: NoReturn,
    ) -> None:
        """Protect an app.

        :param app: Dash app
        :param username_password_list: users and their stored passwords, as a dict or a list of
            pairs; rows of two values are pairs, a database's and numpy's too. A stored password is
            a hash, see
            :func:`dash_auth.security.generate_password_hash`, or a plaintext password. A dict stays
            live: what is changed in it counts at the next request.
        :param auth_func: function of user name and password that returns True for a user who may
            use the app; it may be async. Give it or `username_password_list`.
        :param public_routes: routes that pass with no login, in Flask's syntax, see
            :func:`dash_auth.add_public_routes`
        :param user_groups: the groups of each user, as a dict, or as a function of the user's name
            that returns them; it may be async
        :param secret_key: Flask's secret key, which signs the session. Needed where public pages
            are to know who logged in before; None leaves the server's own.
            Make one with `python -c "import secrets; print(secrets.token_urlsafe(32))"` and keep
            it outside of the code. A list is of keys that follow each other, the current one
            first: what was signed with an old one still counts.
        :param realm: what the browser shows when it asks for the password
        :param auth_func_cache_seconds: for how long credentials that `auth_func` accepted are not
            asked about again, in seconds; 0, the default, asks at each request
        :param auth_func_session_seconds: for how long, in seconds, public pages know a user whom
            `auth_func` accepted; 8 hours by default
        :param anonymous_body_limit: see :class:`dash_auth.auth.Auth`, in bytes
        :param trusted_origins: see :class:`dash_auth.auth.Auth`
        :param session_cookie: whether the session's cookie is always written, with the user in it:
            `session["user"] == {"email": name}`, for what reads the session apart from a request to
            the app. That is Flask-SocketIO's connect handler, and `client.session_transaction()` in
            tests. By default the cookie is written where something public needs it, and
            `session["user"]` is there in requests alone. It holds no groups.
        :param session_scope: see :class:`dash_auth.auth.Auth`; by default the name of `auth_func`
            and what is bound to it (text, numbers). Name the instances where that is the same: a
            function that reads the environment
        :raises TypeError: for an argument of a wrong type
        :raises ValueError: if both or neither of `username_password_list` and `auth_func` are
            given, if a stored password cannot be read (the message names the user, never the
            value), for a time that is none, or if a route cannot be read
        """
        self._dash_auth_refuse_keywords(unknown)
        self.__challenge = f'Basic realm="{_quoted(realm)}", charset="UTF-8"'
        check_user_groups(user_groups)
        check_number("auth_func_cache_seconds", auth_func_cache_seconds, "seconds")
        check_number("auth_func_session_seconds", auth_func_session_seconds, "seconds")
        self._user_groups = user_groups
        self.__secret_keys = _secret_keys.given(secret_key)
        self.__session_cookie = bool(session_cookie)
        self._auth_func = auth_func
        self._users: Mapping[str, str] = {}
        self.__cache: VerifiedCredentials | None = None
        self.__said_slow = False
        if auth_func is not None:
            if username_password_list is not None:
                raise ValueError(
                    "BasicAuth can only use authorization function (auth_func kwarg) or "
                    "username_password_list, it cannot use both."
                )
            check_auth_func(auth_func)
            if auth_func_cache_seconds:
                self.__cache = VerifiedCredentials(auth_func_cache_seconds)
            self.__verify = self.__verify_by_function
        elif username_password_list is not None:
            if auth_func_cache_seconds or auth_func_session_seconds != SESSION_SECONDS:
                raise ValueError(
                    "auth_func_cache_seconds and auth_func_session_seconds go with auth_func=: "
                    "a table of users is asked at each request"
                )
            self._users = users_of(username_password_list)
            self.__table = self.__table_of(dict(self._users))
            if self.__has_own_check():
                warn_of_unknown_users(user_groups, self._users)
            self.__verify = self.__verify_by_table
        else:
            raise ValueError(
                "BasicAuth requires username/password map or user-defined authorization function."
            )
        self.__session_seconds = auth_func_session_seconds if auth_func is not None else None
        super().__init__(
            app,
            public_routes=public_routes,
            anonymous_body_limit=anonymous_body_limit,
            trusted_origins=trusted_origins,
            # What a table's users were verified against tells one table from another.
            session_scope=scope_of(auth_func)
            if auth_func and session_scope is None
            else session_scope,
        )

    def _dash_auth_on_install(self, backend: Backend) -> None:
        # An empty one, of an environment variable that is not set, is none.
        if self.__secret_keys:
            backend.set_secret_keys(self.__secret_keys)
        self.__notes = SessionNotes(self._dash_auth_guard.name, self.__session_seconds)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.app.config.name!r}>"

    # Who is logged in

    def __table_of(self, stored: dict[str, Any]) -> Users:
        if self.__has_own_check():
            return Users(stored)
        # A subclass's own check may read what the core cannot: ours refuses these users alone.
        readable = {name: value for name, value in stored.items() if _is_readable(name, value)}
        return Users(readable or {"nobody": secrets.token_urlsafe()})

    def is_authorized(self) -> bool:
        """Tell whether the current request carries the credentials of a user."""
        return self.__authorizes(self._dash_auth_backend.request())

    def _dash_auth_is_authorized(self, request: Request) -> bool:
        if self.__has_own_check():
            return self.__authorizes(request)
        before = request.identity
        authorized = False
        try:
            # Who has put a check of its own in the place of ours is asked as it expects to be.
            with asked_by_guard():
                authorized = self.is_authorized()
        finally:
            if not authorized and request.identity is not before:
                # It has the last word, after ours has noted the user.
                request.identity = RequestIdentity()
                show(request, {})
                _session.forget(request.session)
        return authorized

    def __has_own_check(self) -> bool:
        """Tell whether no subclass, and no app, has replaced the method that decides."""
        return getattr(self.is_authorized, "__func__", None) is _OWN_CHECK

    def __authorizes(self, request: Request) -> bool:
        header = request.authorization
        if not header:
            return False
        outcome = self.__verified(request, header)
        if isinstance(outcome, Refusal):
            request.refusal = outcome
            return False
        self.__log_in(request, *outcome)
        return True

    def __verified(self, request: Request, header: str) -> Verified | Refusal:
        """Return what comes of a request's credentials, verified once."""
        if request.verified is None or request.verified[:2] != (self, header):
            request.verified = (self, header, self.__verify(header, request.address))
        outcome: Verified | Refusal = request.verified[2]
        return outcome

    def _dash_auth_knows(self, request: Request) -> bool | None:
        if not self.__has_own_check():
            return None
        if not request.authorization:
            return False
        if self._auth_func is None and not callable(self._user_groups):
            # Wrong ones wait as those of an unknown name do: the time says nothing of who is known.
            return self.__table.knows(request.authorization, self._users) or None
        return None

    def _dash_auth_remembers(self, request: Request) -> bool:
        header = request.authorization
        if not self.__has_own_check():
            return False
        if not header:
            return self.__noted_user(request.bare_session) is not None
        if self._auth_func is None:
            return self.__table.knows(header, self._users)
        return self.__cache is not None and self.__cache.knows(header)

    def login_request(self) -> Any:
        """Return the challenge that makes a browser ask for user name and password."""
        challenge = {"WWW-Authenticate": self.__challenge}
        return self._dash_auth_answer(401, "Login Required", challenge)

    def __verify_by_table(self, header: str, address: str) -> Verified | Refusal:
        outcome: Verified | Refusal = self.__table.authenticate(header, self._users, address)
        return outcome

    def __verify_by_function(self, header: str, address: str) -> Verified | Refusal:
        credentials = _core.parse_basic(header)
        if credentials is None:
            return Refusal.ABSENT
        verified = (credentials.username, AGAINST_FUNCTION)
        if self.__cache is None or (
            # The core's wait would stop the one thread in which the other request could end it.
            _threads_are_greenlets() and self.__cache.is_in_flight(credentials)
        ):
            accepted = self.__accepts(credentials)
            return _outcome(verified, accepted)
        known = self.__cache.look_up(credentials, address)
        if isinstance(known, Refusal):
            return known
        if not isinstance(known, Flight):
            return verified
        accepted = None
        try:
            accepted = self.__accepts(credentials)
        finally:
            known.land(accepted)
        return _outcome(verified, accepted)

    def __accepts(self, credentials: Credentials) -> bool | None:
        """Tell whether `auth_func` lets a user in, None if it cannot tell."""
        assert self._auth_func is not None
        begun = time.monotonic()
        accepted = accepts(self._auth_func, credentials.username, credentials.password)
        took = time.monotonic() - begun
        if self.__cache is None and took > _SLOW and not self.__said_slow:
            self.__said_slow = True
            logger.warning(
                "auth_func takes %d ms, and is asked at each request, some forty times a page: "
                "pass auth_func_cache_seconds=60 to BasicAuth.",
                took * 1000,
            )
        return accepted

    def __claims(self, name: str) -> dict[str, Any]:
        return {"email": name, "groups": groups_of(self._user_groups, name)}

    # What the session remembers

    def __log_in(self, request: Request, name: str, verified_against: str) -> None:
        claims = self.__claims(name)
        request.identity = RequestIdentity(None, claims)
        keys = self._dash_auth_backend.secret_keys()
        if keys and (self.__session_cookie or self._dash_auth_guard.session_is_needed()):
            session = request.bare_session
            if _parked.until(session):
                # Where its guard is asked too, it is there still.
                _parked.hide(session)
            # Not what the live table holds by now: a password changed since then ends this login.
            is_login = self.__notes.write(session, keys, name, verified_against)
            # The answer to a WebSocket's handshake tells of no other id.
            if is_login and not request.is_socket:
                self._dash_auth_backend.renew_session_id(session)
        show(request, {_session.USER: claims})

    def __stored(self, name: str) -> str | None:
        """Return what a user is verified against, None if that can be nothing."""
        if self._auth_func is not None:
            return AGAINST_FUNCTION
        # The table is live, and may hold anything by now.
        stored: object = self._users.get(name)
        return stored if isinstance(stored, str) else None

    def _dash_auth_visitor(self, request: Request) -> User | None:
        header = request.authorization
        if header is not None and not self.__has_own_check():
            return self.__user_whom_own_check_admits(request)
        if header is not None:
            outcome = self.__verified(request, header)
            name = None if isinstance(outcome, Refusal) else outcome[0]
        else:
            name = self.__noted_user(request.session)
        return None if name is None else User.from_claims(self.__claims(name))

    def __user_whom_own_check_admits(self, request: Request) -> User | None:
        before = request.identity
        if not self._dash_auth_guard.is_authorized(request):
            return None
        if request.identity is None or request.identity is before:
            # It never asked ours who that is.
            return self._dash_auth_user_of_session(request)
        return request.identity.user(request)

    def __noted_user(self, session: Mapping[str, Any]) -> str | None:
        """Return the user whom a session that counts is of."""
        keys = self._dash_auth_backend.secret_keys()
        name = self.__notes.reader(session)
        if name is None:
            return None
        stored = self.__stored(name)
        if stored is None or not self.__notes.holds(session, keys, stored):
            return None
        return name

    def _dash_auth_socket_login(self, request: Request) -> SocketLogin | None:
        if not self.__has_own_check():
            return super()._dash_auth_socket_login(request)
        header = request.authorization
        if header is None:
            session = dict(request.session)
            noted = self.__noted_user(session)
            if noted is None:
                return None
            return self.__login_of(noted, lambda: self.__noted_user(session) == noted)
        outcome = self.__verify(header, request.address)
        if isinstance(outcome, Refusal):
            request.refusal = outcome
            return None
        name, verified_against = outcome
        if self._auth_func is None:
            return self.__login_of(name, lambda: self.__stored(name) == verified_against)
        until = time.monotonic() + (self.__session_seconds or 0)
        return self.__login_of(
            name,
            lambda: time.monotonic() < until,
            lambda: not isinstance(self.__verify(header, request.address), Refusal),
        )

    def __login_of(
        self, name: str, holds: Callable[[], bool], ask: Callable[[], bool] | None = None
    ) -> SocketLogin:
        return SocketLogin(
            holds, lambda: self.__claims(name), claims_wait=callable(self._user_groups), ask=ask
        )

    # What the app reads in the session

    _dash_auth_shows_user = True

    def _dash_auth_show_waits(self, request: Request) -> bool:
        return (
            callable(self._user_groups)
            and request.authorization is None
            and _session.NOTE in request.bare_session
        )

    def _dash_auth_show(self, request: Request, *, alone: bool) -> None:
        session = request.bare_session
        if alone and _parked.until(session):
            _parked.hide(session)
        # Who comes with credentials is known once they are verified.
        if _session.NOTE in session and request.authorization is None:
            self.__show_noted(request, self.__noted_user(session))

    def _dash_auth_tidy_session(self, request: Request) -> None:
        if not self.__notes.wrote(request.bare_session):
            return
        name = self.__noted_user(request.bare_session)
        header = request.authorization
        if header is not None:
            credentials = _core.parse_basic(header)
            if credentials is None or credentials.username != name:
                name = None
            elif self.__knows_to_be_right(request, header):
                self.__show_noted(request, name)
        if name is None:
            _session.forget(request.session)

    def __knows_to_be_right(self, request: Request, header: str) -> bool:
        """Tell whether a request's credentials are right, as far as that costs nothing.

        What is open asks for no hash: where none was made for these, nobody is shown, though
        `current_user()` finds out who it is.
        """
        if self.__has_own_check() and request.verified is not None:
            verifier, verified, outcome = request.verified
            if verifier is self and verified == header:
                return not isinstance(outcome, Refusal)
        return self._dash_auth_remembers(request)

    def __show_noted(self, request: Request, name: str | None) -> None:
        if name is not None:
            show(request, {_session.USER: self.__claims(name)})

    def _dash_auth_keep(self, request: Request) -> dict[str, Any] | None:
        shown = request.shown
        if shown is None:
            return None
        if shown.is_taken_away and _session.NOTE in shown.session:
            _session.forget(shown.session)
        if not self.__session_cookie:
            return None
        name = self.__noted_user(shown.session)
        return {} if name is None else {_session.USER: {"email": name}}

    def _dash_auth_weak_passwords(self) -> list[tuple[str, str]]:
        found = ((name, _weakness(stored)) for name, stored in self._users.items())
        return [(name, weakness) for name, weakness in found if weakness is not None]

    def _dash_auth_session_use(self) -> str:
        if not self.__session_cookie and not self._dash_auth_guard.session_is_needed():
            return "nothing: no cookie is written, each request carries its credentials"
        if not self._dash_auth_backend.secret_keys():
            return "nothing: there is no secret key"
        lifetime = (
            "while the stored password is the same"
            if self.__session_seconds is None
            else f"for {self.__session_seconds / 3600:g} hours"
        )
        if self._dash_auth_guard.websocket_callbacks.exist():
            return f"WebSockets open with it, and public pages know the user, {lifetime}"
        return f"public pages know the user {lifetime}; it opens no private page"

    def _dash_auth_announce(self) -> None:
        if self._dash_auth_backend.secret_keys() or not (
            self.__session_cookie or self._dash_auth_guard.session_is_needed()
        ):
            return
        lacking = (
            "callbacks will go by HTTP, not over WebSockets"
            if self._dash_auth_guard.websocket_callbacks.exist()
            else "public pages will not know who logged in"
        )
        logger.warning("No secret key: %s. Pass secret_key= to BasicAuth.", lacking)


_OWN_CHECK = BasicAuth.is_authorized


def _outcome(verified: Verified, accepted: bool | None) -> Verified | Refusal:
    if accepted is None:
        return Refusal.UNAVAILABLE
    return verified if accepted else Refusal.WRONG


def _is_readable(name: str, stored: Any) -> bool:
    """Tell whether the core can verify a password against what is stored for a user."""
    try:
        Users({name: stored})
    except (TypeError, ValueError):
        return False
    return True


def _threads_are_greenlets() -> bool:
    """Tell whether gevent or eventlet has put greenlets, which share a thread, in their place."""
    return type(threading.Lock()).__module__ != "_thread"


def _weakness(stored: str) -> str | None:
    """Return why a password should be stored anew, None if it need not be."""
    try:
        if not security.password_needs_rehash(stored):
            return None
        return "stored as plaintext" if _core.is_plaintext(stored) else "hash is outdated"
    except (TypeError, ValueError):  # put into the live table later on; nobody logs in with it
        return "cannot be read"


def _quoted(realm: str) -> str:
    """Return a realm as the content of a quoted-string (RFC 9110 section 5.6.4)."""
    if not isinstance(realm, str):
        raise TypeError(f"the realm must be a str, not {type(realm).__name__}")
    if not realm.isprintable() or not realm.isascii():
        raise ValueError("the realm must be printable ASCII text")
    return realm.replace("\\", "\\\\").replace('"', '\\"')
