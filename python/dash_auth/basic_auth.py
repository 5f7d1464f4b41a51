"""HTTP Basic authentication (RFC 7617)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth import _secret_keys
from dash_auth._arguments import Pair, check_page_route, either, either_users, is_verifier
from dash_auth._current import User
from dash_auth._guard.guard import Guard
from dash_auth._login import Login, Logins
from dash_auth._request import Request
from dash_auth.auth import ANONYMOUS_BODY_LIMIT, Auth, is_ours
from dash_auth.logins.asked_passwords import FunctionVerifier
from dash_auth.logins.basic import DEFAULT_REALM, Basic
from dash_auth.logins.basic_log_out import BasicLogOut
from dash_auth.logins.basic_session import BasicSession
from dash_auth.logins.form.proof import Proof
from dash_auth.logins.function import (
    AuthFunc,
    GroupsFunc,
    UserGroups,
    warn_of_empty_groups,
    warn_of_unknown_users,
)
from dash_auth.logins.guesses import SharedGuesses, counting_store, guesses_in
from dash_auth.logins.passwords import Verifier
from dash_auth.logins.passwords_of import DEFAULT_THROTTLE, SESSION_SECONDS, passwords_of
from dash_auth.logins.session import SessionLogin, nothing_to_look_up
from dash_auth.logins.throttle import Throttle
from dash_auth.sessions.scope import scope_of
from dash_auth.sessions.ticket import Tickets
from dash_auth.users.named import store_of
from dash_auth.users.store import UserStore

if TYPE_CHECKING:
    from dash_auth.sessions.redis import RedisSessions

__all__ = ["BasicAuth", "UserGroups"]


class BasicAuth(Auth):
    """Protects a Dash app with HTTP Basic authentication."""

    def __init__(
        self,
        app: Dash,
        username_password_list: (
            Mapping[str, str] | Iterable[Pair] | UserStore | Verifier | None
        ) = None,
        auth_func: AuthFunc | None = None,
        public_routes: Iterable[str] | None = None,
        user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = None,
        secret_key: str | bytes | Sequence[str | bytes] | None = None,
        *,
        users: Mapping[str, str] | Iterable[Pair] | UserStore | Verifier | None = None,
        allow: Iterable[str] | Callable[[User], bool | Awaitable[bool]] | None = None,
        also: Iterable[Login] = (),
        logout_route: str | None = None,
        realm: str = DEFAULT_REALM,
        auth_func_cache_seconds: float = 0,
        auth_func_session_seconds: float = SESSION_SECONDS,
        throttle: Throttle | None = DEFAULT_THROTTLE,
        sessions: str | RedisSessions | None = None,
        anonymous_body_limit: int = ANONYMOUS_BODY_LIMIT,
        trusted_origins: Iterable[str] = (),
        session_cookie: bool = False,
        session_scope: str | None = None,
        session_banner: bool = True,
        **unknown: NoReturn,
    ) -> None:
        """Protect an app.

        :param app: Dash app
        :param username_password_list: users and their stored passwords, as a dict or a list of
            pairs; rows of two values are pairs, a database's and numpy's too. A stored password is
            a hash, see
            :func:`dash_auth.security.generate_password_hash`, or a plaintext password. A dict stays
            live: what is changed in it counts at the next request. Or a store of users
            (:class:`dash_auth.users.UserStore`), or what checks passwords that are kept elsewhere
            (:class:`dash_auth.logins.Verifier`).
        :param auth_func: function of user name and password that returns True for a user who may
            use the app; it may be async. Give it or the users.
        :param public_routes: routes that pass with no login, in Flask's syntax, see
            :func:`dash_auth.add_public_routes`
        :param user_groups: the groups of each user, as a dict, or as a function of the user's name
            that returns them; it may be async. By default those of the user's account
        :param secret_key: Flask's secret key, which signs the session. Needed where public pages
            are to know who logged in before; None leaves the server's own.
            Make one with `python -c "import secrets; print(secrets.token_urlsafe(32))"` and keep
            it outside of the code. A list is of keys that follow each other, the current one
            first: what was signed with an old one still counts.
        :param users: another name of `username_password_list`: give one of them
        :param allow: see :class:`dash_auth.auth.Auth`
        :param also: further logins, see :class:`dash_auth.auth.Auth`
        :param logout_route: path that logs out, relative to the app's prefix: `"/logout"`. The
            browser forgets the password there; None, the default, leaves that to the browser
        :param realm: what the browser shows when it asks for the password
        :param auth_func_cache_seconds: for how long credentials that `auth_func`, or a verifier,
            accepted are not asked about again, in seconds; 0, the default, asks at each request
        :param auth_func_session_seconds: for how long, in seconds, public pages know a user whom
            `auth_func` accepted; 8 hours by default
        :param throttle: how often passwords may be guessed, see :class:`dash_auth.Throttle`; None
            for as often as you like
        :param sessions: the URL of a Redis (`"redis://localhost"`), in which all workers count
            wrong passwords together. Sessions are kept nowhere: each request carries its name and
            password. None takes the URL in the environment variable `DASH_AUTH_SESSIONS` if that is
            one of Redis, else each process counts for itself
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
        :param session_banner: see :class:`dash_auth.auth.Auth`
        :raises ImportError: if the library is not installed that `sessions` needs
        :raises TypeError: for an argument of a wrong type, and for users under both names
        :raises ValueError: if `sessions` is not Redis, if both or neither of the users and
            `auth_func` are given, if a stored password cannot be read (the message names the user,
            never the value), for a time that is none, or if a route cannot be read
        """
        self._dash_auth_refuse_keywords(unknown)
        if logout_route is not None:
            check_page_route("logout_route", logout_route)
        self.logout_route: str | None = logout_route
        declared = either(
            type(self).__name__, users=users, username_password_list=username_password_list
        )
        known = either_users("BasicAuth", declared, auth_func)
        known = store_of(known) if auth_func is None else FunctionVerifier(auth_func)
        is_strict = is_ours(self.is_authorized)
        passwords = passwords_of(
            known,
            auth_func_cache_seconds,
            auth_func_session_seconds,
            user_groups=user_groups,
            is_strict=is_strict,
            throttle=throttle,
        )
        self.__basic = Basic(passwords, realm=realm)
        self.__store = counting_store(sessions, type(self).__name__)
        self._auth_func = auth_func
        self._users: Mapping[str, str] = known if isinstance(known, Mapping) else {}
        if self._users and is_strict:
            warn_of_unknown_users(user_groups, self._users)
        self._user_groups = user_groups
        self.__secret_keys = _secret_keys.given(secret_key)
        self.__session_cookie = bool(session_cookie)
        warn_of_empty_groups(allow, user_groups)
        super().__init__(
            app,
            public_routes=public_routes,
            allow=allow,
            also=also,
            anonymous_body_limit=anonymous_body_limit,
            trusted_origins=trusted_origins,
            session_banner=session_banner,
            # What a store's users were verified against tells one store from another.
            session_scope=scope_of(auth_func or known)
            if session_scope is None and is_verifier(known)
            else session_scope,
        )

    def _dash_auth_guesses(self, guard: Guard) -> SharedGuesses | None:
        return guesses_in(self.__store, guard.name, guard.server.secret_keys)

    def _dash_auth_logins(self, guard: Guard) -> tuple[Logins, SessionLogin | None]:
        # An empty one, of an environment variable that is not set, is none.
        if self.__secret_keys:
            guard.server.set_secret_keys(self.__secret_keys)
        basic = self.__basic
        tickets = Tickets(guard.server, guard.name, basic.passwords.seconds)
        session = BasicSession(
            guard.server,
            tickets,
            basic,
            stored=basic.passwords.stored_in_use,
            claims=basic.passwords.claims,
            # Else a ticket is opened where it is needed, and not at each request.
            look_up=basic.passwords.look_up if basic.passwords.has_to_look else nothing_to_look_up,
            known_name=self.__known_name,
            is_needed=lambda: any(
                one.parts.need_session() for one in self._dash_auth_guards.values()
            ),
            opens_sockets=lambda: any(
                one.parts.websocket_callbacks.exist() for one in self._dash_auth_guards.values()
            ),
            with_user=self.__session_cookie,
        )
        if self.logout_route is not None:
            below = internals.routes_prefix(self.app) + self.logout_route.removeprefix("/")
            proof = Proof(tickets, guard.name, guard.keys)
            self.__log_out = BasicLogOut(self._dash_auth_server, self.app, session, proof, below)
        # Over HTTP a session opens nothing private: each request is judged by its credentials.
        return Logins([basic], [basic, session], [basic, session], asking=basic), session

    def _dash_auth_on_install(self, guard: Guard) -> None:
        if self.logout_route is not None:
            self.__log_out.add_routes(guard.parts.endpoints)
            prefix = internals.requests_prefix(self.app)
            self.logout_path: str | None = prefix + self.logout_route.removeprefix("/")
            self.__basic.logout_path = self.logout_path

    def _dash_auth_own_paths(self, request: Request) -> list[str]:
        return [] if self.logout_path is None else [self.logout_path]

    def __known_name(self, request: Request) -> str | None:
        # A check of the developer's own might refuse the user.
        return self.__basic.known_name(request) if is_ours(self.is_authorized) else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.app.config.name!r}>"
