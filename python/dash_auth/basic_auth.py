"""HTTP Basic authentication (RFC 7617)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from dash import Dash

from dash_auth import _secret_keys
from dash_auth._arguments import Pair, check_auth_func, check_number, users_of
from dash_auth._guard.guard import Guard
from dash_auth._login import Logins
from dash_auth._request import Answer
from dash_auth.auth import ANONYMOUS_BODY_LIMIT, Auth, is_ours
from dash_auth.logins.basic import Basic
from dash_auth.logins.function import (
    AuthFunc,
    GroupsFunc,
    UserGroups,
    check_user_groups,
    warn_of_unknown_users,
)
from dash_auth.logins.passwords import PasswordFunction, PasswordTable
from dash_auth.logins.session import PasswordSession, SessionLogin
from dash_auth.sessions.scope import scope_of
from dash_auth.sessions.ticket import Tickets

__all__ = ["BasicAuth", "UserGroups"]

logger = logging.getLogger("dash_auth")

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
        self.__header = f'Basic realm="{_quoted(realm)}", charset="UTF-8"'
        check_user_groups(user_groups)
        check_number("auth_func_cache_seconds", auth_func_cache_seconds, "seconds")
        check_number("auth_func_session_seconds", auth_func_session_seconds, "seconds")
        self._user_groups = user_groups
        self.__secret_keys = _secret_keys.given(secret_key)
        self.__session_cookie = bool(session_cookie)
        self._auth_func = auth_func
        self._users: Mapping[str, str] = {}
        self.__passwords: PasswordTable | PasswordFunction
        if auth_func is not None:
            if username_password_list is not None:
                raise ValueError(
                    "BasicAuth can only use authorization function (auth_func kwarg) or "
                    "username_password_list, it cannot use both."
                )
            check_auth_func(auth_func)
            self.__passwords = PasswordFunction(
                auth_func, auth_func_cache_seconds, auth_func_session_seconds
            )
        elif username_password_list is not None:
            if auth_func_cache_seconds or auth_func_session_seconds != SESSION_SECONDS:
                raise ValueError(
                    "auth_func_cache_seconds and auth_func_session_seconds go with auth_func=: "
                    "a table of users is asked at each request"
                )
            self._users = users_of(username_password_list)
            is_strict = is_ours(self.is_authorized)
            self.__passwords = PasswordTable(self._users, is_strict=is_strict)
            if is_strict:
                warn_of_unknown_users(user_groups, self._users)
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

    def _dash_auth_logins(self, guard: Guard) -> tuple[Logins, SessionLogin | None]:
        # An empty one, of an environment variable that is not set, is none.
        if self.__secret_keys:
            guard.server.set_secret_keys(self.__secret_keys)
        passwords = self.__passwords
        basic = Basic(passwords, self._user_groups, self.__challenge)
        session = PasswordSession(
            guard.server,
            Tickets(guard.server, guard.name, self.__session_seconds),
            stored=passwords.stored,
            claims=basic.claims,
            are_right=lambda request: is_ours(self.is_authorized) and basic.are_right(request),
            is_needed=guard.parts.need_session,
            opens_sockets=guard.parts.websocket_callbacks.exist,
            with_user=self.__session_cookie,
        )
        # Over HTTP a session opens nothing private: each request is judged by its credentials.
        return Logins([basic], [basic, session], [basic, session], asking=basic), session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.app.config.name!r}>"

    def __challenge(self) -> Answer:
        """Return the challenge that makes a browser ask for user name and password."""
        challenge = {"WWW-Authenticate": self.__header}
        return self._dash_auth_answer(401, "Login Required", challenge)


def _quoted(realm: str) -> str:
    """Return a realm as the content of a quoted-string (RFC 9110 section 5.6.4)."""
    if not isinstance(realm, str):
        raise TypeError(f"the realm must be a str, not {type(realm).__name__}")
    if not realm.isprintable() or not realm.isascii():
        raise ValueError("the realm must be printable ASCII text")
    return realm.replace("\\", "\\\\").replace('"', '\\"')
