"""Login through identity providers: OpenID Connect with Authlib."""

from __future__ import annotations

import inspect
import logging
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any, NoReturn
from urllib.parse import quote, unquote, urlsplit

import dash
from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._arguments import check_path
from dash_auth._core import below_prefix
from dash_auth._current import User
from dash_auth._guard.guard import Guard
from dash_auth._request import Answer, Request
from dash_auth._session_auth import SessionAuth
from dash_auth._shown import IDP, REFRESH_TOKEN, USER
from dash_auth._steps import call, run_to_end, walk
from dash_auth.auth import ANONYMOUS_BODY_LIMIT, auth_of, ours
from dash_auth.logins import pages
from dash_auth.logins.oidc import login, navigation, pending
from dash_auth.logins.oidc.cookie import fits
from dash_auth.logins.oidc.login import LoginFailed, NotBegun
from dash_auth.logins.oidc.providers import Providers
from dash_auth.public_routes import add_public_routes

__all__ = ["OIDCAuth", "get_oauth"]

logger = logging.getLogger("dash_auth")

SESSION_SECONDS = 8 * 60 * 60
"""For how long a login counts, in seconds."""

PROTOCOL_CLAIMS = frozenset(
    {"aud", "azp", "nonce", "at_hash", "c_hash", "s_hash", "iat", "nbf", "exp", "jti"}
)
"""The claims that are about an ID token, not about the user (OpenID Connect Core, section 2)."""

_target: ContextVar[str | None] = ContextVar("dash_auth_target", default=None)
"""The path that the user wanted to see, while a login is completed."""


class OIDCAuth(SessionAuth):
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
        session_seconds: float = SESSION_SECONDS,
        session_claims: Iterable[str] | None = None,
        refresh_token_in_cookie: bool = False,
        anonymous_body_limit: int = ANONYMOUS_BODY_LIMIT,
        trusted_origins: Iterable[str] = (),
        session_cookie: bool = False,
        session_scope: str | None = None,
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
        :param session_seconds: for how long a login counts, in seconds; 8 hours by default
        :param session_claims: names of the claims that `session["user"]` holds; None for all
            but those about the token itself (:data:`PROTOCOL_CLAIMS`)
        :param refresh_token_in_cookie: whether the refresh token, if the scope `offline_access` was
            asked for, is put into the session even where that is a cookie, which its owner can read
        :param anonymous_body_limit: see :class:`dash_auth.auth.Auth`, in bytes
        :param trusted_origins: see :class:`dash_auth.auth.Auth`
        :param session_cookie: whether the session's cookie holds `session["user"]` and `["idp"]` as
            well, for what reads the session apart from a request to the app: Flask-SocketIO's
            connect handler, and `client.session_transaction()` in tests. By default it holds our
            own note of the login, and they are there in requests alone.
        :param session_scope: see :class:`dash_auth.auth.Auth`
        :raises ImportError: if Authlib is not installed
        :raises RuntimeError: if there is no secret key
        :raises TypeError: for an argument of a wrong type, and an unknown kind of server
        :raises ValueError: if a route lacks `<idp>`, is taken, or cannot be read
        """
        self._dash_auth_refuse_keywords(unknown)
        self.__providers = Providers()
        self.oauth = self.__providers.registry
        check_path("login_route", login_route)
        check_path("logout_route", logout_route)
        check_path("callback_route", callback_route)
        for name, route in (("login", login_route), ("callback", callback_route)):
            if not re.search(r"/<idp>(?=/|$)", route):
                raise ValueError(f"The {name} route must contain a <idp> placeholder.")
        if isinstance(session_claims, str):
            raise TypeError(f"session_claims must be a list: [{session_claims!r}]")
        if isinstance(force_https_callback, str):
            self.force_https_callback = force_https_callback in os.environ
        else:
            self.force_https_callback = bool(force_https_callback)
        self.login_route = login_route
        self.logout_route = logout_route
        self.callback_route = callback_route
        self.idp_selection_route = idp_selection_route
        self.log_signins = log_signins
        self.__session_claims = None if session_claims is None else frozenset(session_claims)
        self.__refresh_token_in_cookie = refresh_token_in_cookie
        super().__init__(
            app,
            public_routes,
            secret_key=secret_key,
            secure_session=secure_session,
            session_seconds=session_seconds,
            logout_page=logout_page,
            anonymous_body_limit=anonymous_body_limit,
            trusted_origins=trusted_origins,
            session_cookie=session_cookie,
            session_scope=session_scope,
        )
        if idp_selection_route is not None:
            self.__open_selection(idp_selection_route)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.app.config.name!r}>"

    # The server

    def _dash_auth_on_install(self, guard: Guard) -> None:
        self.__providers.registry.serve(self.app.server, self._dash_auth_server)
        add = self.__add_route
        self.login_route, self.__login = add("login", self.login_route, self.login_request)
        self.logout_route, logout = add("logout", self.logout_route, self.logout)
        self.callback_route, self.__callback = add(
            "callback", self.callback_route, self.__come_back
        )
        guard.parts.endpoints.add_login((self.__login, logout, self.__callback))

    def __add_route(self, name: str, route: str, view: Callable[..., Any]) -> tuple[str, str]:
        """Return the route that was free, and the name of its endpoint."""
        if self._dash_auth_server.has_route(route):
            route = internals.routes_prefix(self.app) + route.removeprefix("/")
        if self._dash_auth_server.has_route(route):
            raise ValueError(f"the {name} route {route!r} is taken: give another {name}_route")
        return route, self._dash_auth_server.add_route(
            route, f"oidc_{name}", view, navigation.UNCACHED
        )

    def __open_selection(self, route: str) -> None:
        parts = urlsplit(route)
        if not parts.netloc:
            prefix = internals.routes_prefix(self.app)
            add_public_routes(self.app, [below_prefix(parts.path, prefix) or parts.path])

    # The providers

    def register_provider(self, idp_name: str, **kwargs: Any) -> None:
        """Name an identity provider.

        PKCE is used where the provider's metadata list `S256`. For one that knows it and does not
        say so, pass `client_kwargs={"code_challenge_method": "S256", ...}`; None turns it off.

        :param idp_name: name of the provider: letters, digits, hyphens, underscores, full stops
            and spaces
        :param kwargs: arguments of Authlib's `OAuth.register`: `client_id`, `client_secret`,
            `server_metadata_url`, `token_endpoint_auth_method`, `client_kwargs` (with
            `{"scope": "openid email"}` by default); and `authorize_redirect_kwargs`,
            `authorize_token_kwargs`, given to the two steps of each login
        :raises ValueError: if the name cannot stand in a path, or another provider has it
        """
        self.__providers.register(idp_name, **kwargs)

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

    def _dash_auth_registration(self, idp: str) -> str:
        return self.__providers.registration(idp)

    # The login

    @ours
    def login_request(self, idp: str | None = None) -> Any:
        """Return the redirect that begins a login, or 401 to what cannot follow it.

        :param idp: name of the provider; None, for a request that needs a login, chooses the only
            one or has the user choose
        """
        request = self._dash_auth_server.request()
        target = None
        if request.endpoint == self.__login:
            target = pending.take_target(request.session)
        elif navigation.is_navigation(request):
            target = navigation.target(self.app, request)
        else:
            return self._dash_auth_plain(401, "Login required")
        providers = list(self.__providers)
        if idp in providers:
            return self.__begin_login(str(idp), target)
        if len(providers) == 1:
            return self.__begin_login(providers[0], target)
        if self.idp_selection_route:
            pending.remember_target(request.session, target)
            return self._dash_auth_uncached(
                self._dash_auth_respond(Answer.redirect(self.idp_selection_route))
            )
        some = "Several OAuth providers are registered. Please choose one."
        return self._dash_auth_plain(400, some if providers else "No OAuth provider is registered.")

    def _dash_auth_asking_waits(self, request: Request) -> bool:
        # To begin a login may mean asking the provider for its addresses.
        own = getattr(self.login_request, "__func__", None) is OIDCAuth.login_request
        return not own or navigation.is_navigation(request)

    def __begin_login(self, idp: str, target: str | None) -> Any:
        session = self._dash_auth_session
        redirect_uri = self._create_redirect_uri(idp)
        try:
            begun = login.begin(self.__providers, session, idp, redirect_uri, target)
        except LoginFailed as failed:
            return self._dash_auth_plain(failed.status, str(failed))
        fits(self._dash_auth_server, session)
        return self._dash_auth_uncached(begun)

    def _create_redirect_uri(self, idp: str) -> str:
        request = self._dash_auth_server.request()
        forwarded = request.header("X-Forwarded-Host")
        if forwarded and forwarded != request.header("Host"):
            self._dash_auth_warn_once(
                "X-Forwarded-Host differs from the host of the redirect URI. It counts for nothing "
                "as long as any client may send it: behind a proxy, "
                f"{self._dash_auth_server.how_to_trust_a_proxy}."
            )
        return self.__address(self.__callback, idp)

    def __address(self, endpoint: str, idp: str) -> str:
        """Return the address of a route of the login's own, as the browser sees it."""
        server, request = self._dash_auth_server, self._dash_auth_server.request()
        scheme = "https" if self.force_https_callback else None
        url = urlsplit(server.url_for(endpoint, scheme, idp=idp))
        path = unquote(url.path).removeprefix(request.root_path)
        return url._replace(path=quote(navigation.seen(self.app, request, path))).geturl()

    def __come_back(self, idp: str) -> Any:
        """Return the answer of :meth:`callback`, and have the login count that it stored."""
        if idp not in self.__providers:
            return self._dash_auth_plain(400, "No such identity provider")
        request = self._dash_auth_server.request()
        before = dict(request.session)
        try:
            answer = self.callback(idp)
            if inspect.iscoroutine(answer):
                answer = run_to_end(answer)
            login.keep(
                self._dash_auth_server,
                self._dash_auth_login,
                idp,
                before,
                with_user=self._dash_auth_session_cookie,
            )
        except LoginFailed as failed:
            login.undo(request, self._dash_auth_login, before)
            return self.__fail(idp, failed)
        except Exception as error:
            login.undo(request, self._dash_auth_login, before)
            # A callback of the developer's own may let Authlib's errors pass.
            if not login.is_theirs(error):
                raise
            return self.__fail(idp, login.failed(idp, error))
        return answer

    def __fail(self, idp: str, failed: LoginFailed) -> Any:
        if not isinstance(failed, NotBegun):
            return self._dash_auth_plain(failed.status, str(failed))
        # Asked for again (Back, or another tab was first): who is logged in has no need of it.
        request = self._dash_auth_server.request()
        if self._dash_auth_login.found(request) and self.__is_authorized(request):
            return self._dash_auth_respond(Answer.redirect(internals.requests_prefix(self.app)))
        anew = urlsplit(self.__address(self.__login, idp)).path
        page = navigation.page(str(failed), "Log in", anew)
        return self._dash_auth_respond(pages.as_answer(page, failed.status))

    def __is_authorized(self, request: Request) -> bool:
        """Tell whether a request is made by a user, by a check of the app's own too."""
        visitors = self._dash_auth_guard.visitors
        return walk(visitors.recognise(request, visitors.logins.private), request) is not None

    def callback(self, idp: str) -> Any:
        """Return the answer to a browser that comes back from its provider.

        The login counts if :attr:`session` holds a new `"user"` when it returns.

        :param idp: name of the provider
        """
        request = self._dash_auth_server.request()
        state = next(iter(request.query_values("state")), None)
        try:
            token, target = login.complete(self.__providers, request.session, idp, state)
        except LoginFailed as failed:
            return self.__fail(idp, failed)
        self.__renew(request)
        return self.__admit(token, idp, target)

    def __renew(self, request: Request) -> None:
        """Empty the session before a login, but for logins of other tabs.

        Nothing else that somebody put there beforehand outlives the login (OWASP, Session
        Management Cheat Sheet: renew the session after any privilege level change).
        """
        self._dash_auth_login.forget(request)
        waiting = request.session.get(pending.PENDING)
        request.session.clear()
        if waiting is not None:
            request.session[pending.PENDING] = waiting

    def __admit(self, token: dict[str, Any], idp: str, target: str | None) -> Any:
        waiting = _target.set(target)
        try:
            answer = call(self.after_logged_in, token.get("userinfo"), idp, token)
            return call(run_to_end, answer) if inspect.iscoroutine(answer) else answer
        finally:
            _target.reset(waiting)

    def after_logged_in(self, user: dict[str, Any] | None, idp: str, token: dict[str, Any]) -> Any:
        """Store the user in the session and return the redirect back to the app.

        Override it to add to the user or to look at the token, and call `super()`; or to refuse:
        the login counts if :attr:`session` holds a `"user"` when it returns. It may be async.

        :param user: claims of the ID token; None if the provider sent none
        :param idp: name of the provider
        :param token: the provider's answer: access token, ID token, perhaps a refresh token
        :return: the answer to the browser
        """
        if not user:
            logger.error(
                "Refused: %s sent no ID token. The scope must contain openid, and the provider "
                "must speak OpenID Connect.",
                idp,
            )
            return self._dash_auth_plain(401, "Login failed: the identity provider named no user")
        self._dash_auth_session[USER] = {
            key: value for key, value in user.items() if self.__keeps(key)
        }
        self._dash_auth_session[IDP] = idp
        self.__store_refresh_token(idp, token)
        if self.log_signins:
            logger.info("User %r is logging in.", User.from_claims(user).name)
        target: object = _target.get()
        if not isinstance(target, str) or not navigation.is_local(target):
            target = internals.requests_prefix(self.app)
        return self._dash_auth_respond(Answer.redirect(target))

    def __keeps(self, claim: str) -> bool:
        if self.__session_claims is None:
            return claim not in PROTOCOL_CLAIMS
        return claim in self.__session_claims

    def __store_refresh_token(self, idp: str, token: dict[str, Any]) -> None:
        if not self.__providers.asks_for(idp, "offline_access"):
            return
        in_cookie = self._dash_auth_server.session_cookie_length({}) is not None
        if in_cookie and not self.__refresh_token_in_cookie:
            self._dash_auth_warn_once(
                "The refresh token is not kept: a session in a cookie can be read by its owner. "
                "Keep sessions on the server, take it in after_logged_in, or pass "
                "refresh_token_in_cookie=True."
            )
            return
        self._dash_auth_session[REFRESH_TOKEN] = token.get(REFRESH_TOKEN)


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
