"""Login through identity providers: OpenID Connect with Authlib."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, urlsplit

import dash
from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth import _witness
from dash_auth._arguments import check_path
from dash_auth._core import below_prefix
from dash_auth._current import User
from dash_auth._guard.guard import Guard
from dash_auth._login import Login, Logins
from dash_auth._request import Answer, Request, Server
from dash_auth._secret_keys import given
from dash_auth._servers import is_server, server_for
from dash_auth._shown import Session
from dash_auth._steps import walk
from dash_auth.auth import ANONYMOUS_BODY_LIMIT, Auth, auth_of, ours
from dash_auth.logins import navigation
from dash_auth.logins.form.proof import Proof
from dash_auth.logins.guesses import SharedGuesses, guesses_in
from dash_auth.logins.oidc import pending
from dash_auth.logins.oidc.flow import Methods, OpenIDConnect, wanted
from dash_auth.logins.oidc.keeping import Keeping
from dash_auth.logins.oidc.log_out import FILES, ProviderLogOut
from dash_auth.logins.oidc.providers import Providers
from dash_auth.logins.oidc.public import needs_allow, public_provider
from dash_auth.logins.oidc.session import ProviderSession
from dash_auth.logins.session import SessionLogin
from dash_auth.public_routes import add_public_routes
from dash_auth.sessions.lifetime import IdleLimit, Lifetime, Limit
from dash_auth.sessions.named import store_named
from dash_auth.sessions.store import SessionStore
from dash_auth.sessions.stored import tickets_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["OIDCAuth", "get_oauth"]

logger: logging.Logger = logging.getLogger("dash_auth")

SESSION_LIFETIME = 8 * 60 * 60
"""For how long a login counts, in seconds."""

_NO_KEY = """OIDCAuth needs a secret key, which signs the session.
Make one with
    python -c "import secrets; print(secrets.token_urlsafe(32))"
keep it outside of the code, the same for all workers, and pass it as secret_key= to OIDCAuth or set
app.server.secret_key before."""


class _RequestSession:
    """Gives the session of the current request, unless a subclass has set its own `session`."""

    def __get__(self, auth: OIDCAuth, _: object = None) -> Session:
        return auth._dash_auth_server.request().session


class OIDCAuth(Auth):
    """Protects a Dash app with a login at one or several identity providers.

    The providers are named with :meth:`register_provider`. Who navigates to a page without being
    logged in is redirected to the provider, and comes back to that page. Any other request (a
    callback of Dash's, a fetch) is answered 401: a redirect to another origin is something that
    `fetch` cannot follow, and each would leave a login that nobody ends in the session. The page
    then has to be loaded anew.
    """

    def __init__(
        self,
        app: Dash,
        secret_key: str | bytes | Sequence[str | bytes] | None = None,
        force_https_callback: bool | str | None = None,
        login_route: str = "/oidc/<idp>/login",
        logout_route: str = "/oidc/logout",
        callback_route: str = "/oidc/<idp>/callback",
        idp_selection_route: str | None = None,
        log_signins: bool = False,
        public_routes: Iterable[str] | None = None,
        logout_page: Any = None,
        secure_session: bool = False,
        *,
        allow: Iterable[str] | Callable[[User], bool | Awaitable[bool]] | None = None,
        also: Iterable[Login] = (),
        session_lifetime: Limit = SESSION_LIFETIME,
        idle_timeout: IdleLimit | None = None,
        session_claims: Iterable[str] | None = None,
        refresh_token_in_cookie: bool = False,
        sessions: str | Engine | SessionStore | None = None,
        anonymous_body_limit: int = ANONYMOUS_BODY_LIMIT,
        trusted_origins: Iterable[str] = (),
        session_cookie: bool = False,
        session_scope: str | None = None,
        session_banner: bool = True,
        **unknown: NoReturn,
    ) -> None:
        """Protect an app.

        The three routes are paths on the server as they stand. Where another app on it has taken
        one, it moves under this app's prefix.

        :param app: Dash app
        :param secret_key: key that signs the session; None leaves the server's own. A list is of
            keys that follow each other, the current one first: what was signed with an old one
            still counts.
        :param force_https_callback: whether the redirect URI is https whatever the request is, for
            a server behind a proxy that ends TLS; or the name of an environment variable that
            says so by being set
        :param login_route: path that begins a login; it contains `<idp>`
        :param logout_route: path that ends the login
        :param callback_route: path of the redirect URI; it contains `<idp>`
        :param idp_selection_route: path, public, of the app's own page on which the user chooses
            one of several providers; it links to the login routes
        :param log_signins: whether to log each login, under `dash_auth` at level INFO
        :param public_routes: routes that pass with no login, in Flask's syntax, see
            :func:`dash_auth.add_public_routes`
        :param logout_page: page shown after logging out, as HTML or as a response of the server's;
            None for a short message
        :param secure_session: whether the session's cookie is sent over https only
        :param allow: see :class:`dash_auth.auth.Auth`
        :param also: further logins, see :class:`dash_auth.auth.Auth`:
            `also=[dash_auth.logins.Basic(users)]` lets programs in with a password
        :param session_lifetime: for how long a login counts, in seconds or as a timedelta, or a
            function of the :class:`dash_auth.User` that says so; 8 hours by default
        :param idle_timeout: for how long a user may do nothing before the login ends, as
            `session_lifetime`; None, the default, for no such limit
        :param session_claims: names of the claims that `session["user"]` holds, beside `sub` and
            `email_verified`; None for all but those about the token itself
            (:data:`dash_auth.logins.oidc.keeping.PROTOCOL_CLAIMS`)
        :param refresh_token_in_cookie: whether the refresh token, if the scope `offline_access` was
            asked for, is put into the session even where that is a cookie, which its owner can read
        :param sessions: where several servers share the sessions, see :class:`dash_auth.FormAuth`.
            There claims may have any length, and the refresh token is kept
        :param anonymous_body_limit: see :class:`dash_auth.auth.Auth`, in bytes
        :param trusted_origins: see :class:`dash_auth.auth.Auth`
        :param session_cookie: whether the session's cookie holds `session["user"]` and `["idp"]` as
            well, for what reads the session apart from a request to the app: Flask-SocketIO's
            connect handler, and `client.session_transaction()` in tests. By default they
            are there in requests alone.
        :param session_scope: see :class:`dash_auth.auth.Auth`
        :param session_banner: see :class:`dash_auth.auth.Auth`
        :raises ImportError: if Authlib is not installed, or the library that `sessions` needs
        :raises RuntimeError: if there is no secret key
        :raises TypeError: for an argument of a wrong type, and an unknown kind of server
        :raises ValueError: if a route lacks `<idp>`, is taken, or cannot be read
        """
        self._dash_auth_refuse_keywords(unknown)
        self.__providers = Providers()
        self.oauth: Any = self.__providers.registry
        check_path("login_route", login_route)
        check_path("logout_route", logout_route)
        check_path("callback_route", callback_route)
        for name, route in (("login", login_route), ("callback", callback_route)):
            if not re.search(r"/<idp>(?=/|$)", route):
                raise ValueError(f"The {name} route must contain a <idp> placeholder.")
        if isinstance(session_claims, str):
            raise TypeError(f"session_claims must be a list: [{session_claims!r}]")
        if isinstance(force_https_callback, str):
            self.force_https_callback: bool = force_https_callback in os.environ
        else:
            self.force_https_callback = bool(force_https_callback)
        self.login_route: str = login_route
        self.logout_route: str = logout_route
        self.callback_route: str = callback_route
        self.idp_selection_route = idp_selection_route
        self.log_signins = log_signins
        self.__store = store_named(sessions)
        self.__keeping = Keeping(
            self.__providers,
            session_claims,
            refresh_token_in_cookie=refresh_token_in_cookie,
            is_stored=self.__store is not None,
        )
        self.__has_allow = allow is not None
        self.__lifetime = Lifetime(session_lifetime, idle_timeout)
        self.__secret_keys = given(secret_key)
        if isinstance(app, Dash) and is_server(app.server):
            # Before anything stands before the app: the next try may have a key.
            _require_key(server_for(app.server), self.__secret_keys)
        self.logout_page = logout_page
        self.__session_cookie = bool(session_cookie)
        self.__secure_session = secure_session
        super().__init__(
            app,
            public_routes,
            allow=allow,
            also=also,
            anonymous_body_limit=anonymous_body_limit,
            trusted_origins=trusted_origins,
            session_scope=session_scope,
            session_banner=session_banner,
        )
        if idp_selection_route is not None:
            self.__open_selection(idp_selection_route)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.app.config.name!r}>"

    # The server

    def _dash_auth_logins(self, guard: Guard) -> tuple[Logins, SessionLogin | None]:
        server = self._dash_auth_server
        _require_key(server, self.__secret_keys)
        if self.__secret_keys:
            server.set_secret_keys(self.__secret_keys)
        server.close_session_cookie(secure=self.__secure_session)
        tickets = tickets_of(server, guard.name, self.__store)
        self.__proof = Proof(tickets, guard.name, guard.keys)
        session = ProviderSession(
            server,
            tickets,
            self.__providers.registration,
            self.__lifetime,
            with_user=self.__session_cookie,
        )
        methods = Methods(
            self._create_redirect_uri,
            self.callback,
            self.__may_pass,
            lambda: self.idp_selection_route,
            lambda request: self._dash_auth_guard_of(request).app,
        )
        self.__flow = OpenIDConnect(
            self.app, server, self.__providers, session, methods, with_user=self.__session_cookie
        )
        return Logins([session], [session], [session], asking=self.__flow), session

    def _dash_auth_guesses(self, guard: Guard) -> SharedGuesses | None:
        return guesses_in(self.__store, guard.name, guard.server.secret_keys)

    def _dash_auth_on_install(self, guard: Guard) -> None:
        self.__providers.registry.serve(self.app.server, self._dash_auth_server)
        add, flow = self.__add_route, self.__flow
        self.login_route, flow.login_endpoint = add("login", self.login_route, self.login_request)
        self.logout_route, *logout = self.__add_logout(self.logout_route)
        self.callback_route, flow.callback_endpoint = add(
            "callback", self.callback_route, flow.come_back
        )
        guard.parts.endpoints.add_login((flow.login_endpoint, *logout, flow.callback_endpoint))
        flow.logout_route = self.logout_route
        self.logout_path: str | None = self._dash_auth_logout_path(None)

    def __add_logout(self, route: str) -> tuple[str, ...]:
        """Return the route that was free, and the names of its endpoints."""
        server, route = self._dash_auth_server, self.__free("logout", route)
        # As it is now: an instance may have one of its own.
        log_out = ProviderLogOut(server, self.app, self.__proof, route, lambda: self.logout())
        uncached = navigation.UNCACHED
        return (
            route,
            server.add_route(route, "oidc_logout", log_out.follow, uncached),
            server.add_route(route, "oidc_logout_form", log_out.submit, uncached, ["POST"]),
            server.add_route(
                f"{route}/{FILES}/<name>", "oidc_logout_file", log_out.look.answer, {}
            ),
        )

    def _dash_auth_logout_path(self, request: Request | None) -> str | None:
        if request is not None:
            return quote(navigation.seen(self.app, request, self.logout_route))
        inside = internals.routes_prefix(self.app)
        outside = internals.requests_prefix(self.app)
        cut = outside.removesuffix(inside) if outside.endswith(inside) else ""
        return quote(cut + self.logout_route)

    def __add_route(self, name: str, route: str, view: Callable[..., Any]) -> tuple[str, str]:
        """Return the route that was free, and the name of its endpoint."""
        route = self.__free(name, route)
        added = self._dash_auth_server.add_route(route, f"oidc_{name}", view, navigation.UNCACHED)
        return route, added

    def __free(self, name: str, route: str) -> str:
        server = self._dash_auth_server
        if server.has_route(route):
            route = internals.routes_prefix(self.app) + route.removeprefix("/")
        if server.has_route(route):
            raise ValueError(f"the {name} route {route!r} is taken: give another {name}_route")
        return route

    def __open_selection(self, route: str) -> None:
        parts = urlsplit(route)
        if not parts.netloc:
            prefix = internals.routes_prefix(self.app)
            add_public_routes(self.app, [below_prefix(parts.path, prefix) or parts.path])

    def _dash_auth_own_paths(self, request: Request) -> list[str]:
        logins = [self.login_route.replace("<idp>", idp) for idp in self.__providers]
        routes = [self.logout_route, *logins]
        return [quote(navigation.seen(self.app, request, route)) for route in routes]

    # The providers

    def register_provider(self, idp_name: str, *, trust_email: bool = False, **kwargs: Any) -> None:
        """Name an identity provider.

        Anybody can have an account at some: Google, GitHub, Microsoft with no tenant of yours. With
        one of these, say with `allow=` who may enter.

        PKCE is used where the provider's metadata list `S256`. For one that knows it and does not
        say so, pass `client_kwargs={"code_challenge_method": "S256", ...}`; None turns it off.

        :param idp_name: name of the provider: letters, digits, hyphens, underscores, full stops
            and spaces
        :param trust_email: whether the provider's e-mail addresses name its users where it does not
            say `email_verified`; for one where the users cannot choose them, such as Entra ID with
            a tenant of your own
        :param kwargs: arguments of Authlib's `OAuth.register`: `client_id`, `client_secret`,
            `server_metadata_url`, `token_endpoint_auth_method`, `client_kwargs` (with
            `{"scope": "openid email"}` by default); and `authorize_redirect_kwargs`,
            `authorize_token_kwargs`, given to the two steps of each login
        :raises ValueError: if the name cannot stand in a path, or another provider has it
        """
        self.__providers.register(idp_name, trust_email=trust_email, **kwargs)
        public = public_provider(kwargs)
        if public is not None and not self.__has_allow:
            logger.warning("%s", needs_allow(idp_name, public, type(self).__name__))

    def get_oauth_client(self, idp: str) -> Any:
        """Return Authlib's client of a provider.

        :param idp: name of the provider
        :raises ValueError: if no provider has that name
        """
        return self.__providers.client(idp)

    def get_oauth_kwargs(self, idp: str) -> dict[str, Any]:
        """Return the arguments with which a provider was registered.

        :param idp: name of the provider
        :raises ValueError: if no provider has that name
        """
        return self.__providers.arguments(idp)

    # The login

    session: _RequestSession = _RequestSession()
    """The session of the current request, on whichever server."""

    @ours
    def login_request(self, idp: str | None = None) -> Any:
        """Return the redirect that begins a login, or 401 to what cannot follow it.

        :param idp: name of the provider; None, for a request that needs a login, chooses the only
            one or has the user choose
        """
        request, flow = self._dash_auth_server.request(), self.__flow
        if request.endpoint == flow.login_endpoint:
            return flow.begin(request, pending.take_target(request.session), idp)
        if navigation.is_navigation(request):
            return flow.begin(request, flow.target(request), idp)
        return flow.plain(request, 401, "Login required")

    def _create_redirect_uri(self, idp: str) -> str:
        scheme = "https" if self.force_https_callback else None
        return self.__flow.redirect_uri(self._dash_auth_server.request(), idp, scheme)

    def __may_pass(self, request: Request) -> bool:
        if self.__flow.session.found(request) is None:
            return False
        visitors = self._dash_auth_guard.visitors
        return walk(visitors.recognise(request, visitors.logins.private), request) is not None

    def logout(self) -> Any:
        """End the login, with all that the session holds, and return the page that says so.

        The login at the provider goes on. The route calls this for a link or a form of the app's
        own; to any other request it answers with a page that asks, or refuses it.
        """
        return self.__flow.log_out(self._dash_auth_server.request(), self.logout_page)

    def callback(self, idp: str) -> Any:
        """Return the answer to a browser that comes back from its provider.

        The login counts if :attr:`session` holds a new `"user"` when it returns.

        :param idp: name of the provider
        """
        return self.__flow.callback(idp, self.after_logged_in)

    def after_logged_in(self, user: dict[str, Any] | None, idp: str, token: dict[str, Any]) -> Any:
        """Store the user in the session and return the redirect back to the app.

        Override it to add to the user or to look at the token, and call `super()`; or to refuse:
        the login counts if :attr:`session` holds a `"user"` when it returns. It may be async.

        :param user: claims of the ID token; None if the provider sent none
        :param idp: name of the provider
        :param token: the provider's answer: access token, ID token, perhaps a refresh token
        :return: the answer to the browser
        """
        flow, server = self.__flow, self._dash_auth_server
        request = server.request()
        if not self.__keeping.store(server, request, user, idp, token, flow.warn_once) or not user:
            _witness.came_to_nothing(request, flow.session.method, "no_user")
            failed = "Login failed: the identity provider named no user"
            return flow.plain(request, 401, failed)
        if self.log_signins:
            logger.info("User %r is logging in.", User.from_claims(user).name)
        target: object = wanted()
        if not isinstance(target, str) or not navigation.is_local(target):
            target = internals.requests_prefix(self.app)
        return server.respond(Answer.redirect(target))


def _require_key(server: Server, keys: Sequence[str | bytes]) -> None:
    if not (keys or server.secret_keys()):
        raise RuntimeError(_NO_KEY)


def get_oauth(app: Dash | None = None) -> Any:
    """Return Authlib's registry of the identity providers of an app.

    :param app: Dash app; None for the current one, `dash.get_app()`
    :return: `authlib.integrations.flask_client.OAuth`
    :raises RuntimeError: if the app has none yet
    """
    if app is None:
        app = dash.get_app()  # type: ignore[no-untyped-call]
    auth = auth_of(app)
    if isinstance(auth, OIDCAuth):
        return auth.oauth
    oauth = getattr(app.server, "extensions", {}).get("authlib.integrations.flask_client")
    if oauth is None:
        raise RuntimeError(
            "OAuth object is not yet defined. `OIDCAuth(app, **kwargs)` needs "
            "to be run before `get_oauth` is called."
        )
    return oauth
