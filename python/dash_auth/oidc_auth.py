"""Login through identity providers: OpenID Connect with Authlib, on Flask."""

from __future__ import annotations

import functools
import logging
import math
import os
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import dash
import flask
from dash import Dash
from werkzeug.exceptions import BadRequest

from . import _dash_internals as internals
from . import _oidc_navigation as navigation
from . import _oidc_session as logins
from ._backends import Backend, Request, is_server
from ._core import below_prefix
from ._oidc_session import LoginNotes
from ._session import IDP, REFRESH_TOKEN, USER
from .auth import ANONYMOUS_BODY_LIMIT, Auth, auth_of
from .identity import User, session_user
from .public_routes import add_public_routes

__all__ = ["OIDCAuth", "get_oauth"]

logger = logging.getLogger("dash_auth")

SESSION_SECONDS = 8 * 60 * 60
"""For how long a login counts, in seconds."""

PROTOCOL_CLAIMS = frozenset(
    {"aud", "azp", "nonce", "at_hash", "c_hash", "s_hash", "iat", "nbf", "exp", "jti"}
)
"""The claims that are about an ID token, not about the user (OpenID Connect Core, section 2)."""

_PROVIDER_TIMEOUT = 10
"""How long a provider is waited for, in seconds."""

_TARGET = "dash_auth_target"

_NO_KEY = """OIDCAuth needs a secret key, which signs the session.
Make one with
    python -c "import secrets; print(secrets.token_urlsafe(32))"
keep it outside of the code, the same for all workers, and pass it as secret_key= to OIDCAuth or set
app.server.secret_key before."""


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
        secret_key: str | bytes | None = None,
        force_https_callback: bool | str | None = None,
        login_route: str = "/oidc/<idp>/login",
        logout_route: str = "/oidc/logout",
        callback_route: str = "/oidc/<idp>/callback",
        idp_selection_route: str | None = None,
        log_signins: bool = False,
        public_routes: Iterable[str] | None = None,
        logout_page: str | flask.Response | None = None,
        secure_session: bool = False,
        *,
        session_seconds: float = SESSION_SECONDS,
        session_claims: Iterable[str] | None = None,
        refresh_token_in_cookie: bool = False,
        anonymous_body_limit: int = ANONYMOUS_BODY_LIMIT,
        trusted_origins: Iterable[str] = (),
    ) -> None:
        """Protect an app.

        The three routes are paths on the server as they stand. Where another app on it has taken
        one, it moves under this app's prefix.

        :param app: Dash app on a Flask server
        :param secret_key: Flask's secret key, which signs the session; None leaves the server's own
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
        :param logout_page: page shown after logging out, as HTML or as a response; None for a
            short message
        :param secure_session: whether the session's cookie is sent over https only
        :param session_seconds: for how long a login counts, in seconds; 8 hours by default
        :param session_claims: names of the claims that `flask.session["user"]` holds; None for all
            but those about the token itself (:data:`PROTOCOL_CLAIMS`)
        :param refresh_token_in_cookie: whether the refresh token, if the scope `offline_access` was
            asked for, is put into the session even where that is a cookie, which its owner can read
        :param anonymous_body_limit: see :class:`dash_auth.auth.Auth`, in bytes
        :param trusted_origins: see :class:`dash_auth.auth.Auth`
        :raises ImportError: if Authlib is not installed
        :raises RuntimeError: if there is no secret key
        :raises TypeError: for an argument of a wrong type, and for a server other than Flask
        :raises ValueError: if a route lacks `<idp>`, is taken, or cannot be read
        """
        self.oauth: Any = _new_registry()
        for name, route in (("login", login_route), ("callback", callback_route)):
            if not re.search(r"/<idp>(?=/|$)", route):
                raise ValueError(f"The {name} route must contain a <idp> placeholder.")
        if not (session_seconds > 0 and math.isfinite(session_seconds)):
            raise ValueError("session_seconds must be a number of seconds above 0")
        if isinstance(session_claims, str):
            raise TypeError(f"session_claims must be a list: [{session_claims!r}]")
        if isinstance(app, Dash) and is_server(app.server):
            _check_server(app.server, secret_key)
        if isinstance(force_https_callback, str):
            self.force_https_callback = force_https_callback in os.environ
        else:
            self.force_https_callback = bool(force_https_callback)
        self.login_route = login_route
        self.logout_route = logout_route
        self.callback_route = callback_route
        self.idp_selection_route = idp_selection_route
        self.log_signins = log_signins
        self.logout_page = logout_page
        self._secret_key = secret_key
        self._secure_session = secure_session
        self._session_seconds = session_seconds
        self._session_claims = None if session_claims is None else frozenset(session_claims)
        self._refresh_token_in_cookie = refresh_token_in_cookie
        self._warned_of: set[str] = set()
        super().__init__(
            app,
            public_routes=public_routes,
            anonymous_body_limit=anonymous_body_limit,
            trusted_origins=trusted_origins,
        )
        if idp_selection_route is not None:
            self._open_selection(idp_selection_route)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.app.config.name!r}>"

    # The server

    def _on_install(self, backend: Backend) -> None:
        server = self.app.server
        _check_server(server, self._secret_key)
        if self._secret_key is not None:
            backend.set_secret_key(self._secret_key)
        if self._secure_session:
            server.config["SESSION_COOKIE_SECURE"] = True
            server.config["SESSION_COOKIE_HTTPONLY"] = True
        if server.config["SESSION_COOKIE_SAMESITE"] is None:
            # Strict would keep the cookie from the callback, which comes from the provider's site.
            server.config["SESSION_COOKIE_SAMESITE"] = "Lax"
        self._notes = LoginNotes(self._guard.name, self._session_seconds)
        self.oauth.init_app(server)
        add = functools.partial(self._add_route, server)
        self.login_route, self._login = add("login", self.login_route, self.login_request)
        self.logout_route, self._logout = add("logout", self.logout_route, self.logout)
        self.callback_route, self._callback = add("callback", self.callback_route, self.callback)
        self._own_endpoints = frozenset({self._login, self._logout, self._callback})

    def _add_route(
        self, server: flask.Flask, name: str, route: str, view: Callable[..., Any]
    ) -> tuple[str, str]:
        """Return the route that was free, and the name of its endpoint."""
        prefix = internals.routes_prefix(self.app)
        taken = {rule.rule for rule in server.url_map.iter_rules()}
        if route in taken:
            route = prefix + route.removeprefix("/")
        if route in taken:
            raise ValueError(f"the {name} route {route!r} is taken: give another {name}_route")
        endpoint = f"oidc_{name}"
        if endpoint in server.view_functions:
            endpoint += f" {prefix}"

        @functools.wraps(view)
        def answer(**arguments: str) -> flask.Response:
            return navigation.uncached(view(**arguments))

        server.add_url_rule(route, endpoint=endpoint, view_func=answer, methods=["GET"])
        return route, endpoint

    def _open_selection(self, route: str) -> None:
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
        :raises ValueError: if the name cannot stand in a path
        """
        if not isinstance(idp_name, str) or not re.fullmatch(r"[\w\-. ]+", idp_name):
            raise ValueError(
                "`idp_name` should only contain letters, numbers, hyphens, "
                "underscores, periods and spaces"
            )
        client_kwargs = {"scope": "openid email", **(kwargs.pop("client_kwargs", None) or {})}
        if "request_token_url" not in kwargs:
            client_kwargs.setdefault("default_timeout", _PROVIDER_TIMEOUT)
        self.oauth.register(idp_name, client_kwargs=client_kwargs, **kwargs)

    def get_oauth_client(self, idp: str) -> Any:
        """Return Authlib's client of a provider.

        :param idp: name of the provider
        :raises ValueError: if no provider has that name
        """
        self._check_provider(idp)
        return self.oauth.create_client(idp)

    def get_oauth_kwargs(self, idp: str) -> dict[str, Any]:
        """Return the arguments with which a provider was registered.

        :param idp: name of the provider
        :raises ValueError: if no provider has that name
        """
        self._check_provider(idp)
        kwargs: dict[str, Any] = self.oauth._registry[idp][1]
        return kwargs

    def _check_provider(self, idp: str) -> None:
        if idp not in self.oauth._registry:
            raise ValueError(f"'{idp}' is not a valid registered idp")

    # The login

    def login_request(self, idp: str | None = None) -> Any:
        """Return the redirect that begins a login, or 401 to what cannot follow it.

        :param idp: name of the provider; None, for a request that needs a login, chooses the only
            one or has the user choose
        """
        target = None
        if flask.request.endpoint == self._login:
            target = logins.take_target(flask.session)
        elif navigation.is_navigation(flask.request):
            target = navigation.target(self.app, flask.request)
        else:
            return self._plain(401, "Login required")
        providers = list(self.oauth._registry)
        if idp in providers:
            return self._begin_login(str(idp), target)
        if len(providers) == 1:
            return self._begin_login(providers[0], target)
        if self.idp_selection_route:
            logins.remember_target(flask.session, target)
            return navigation.uncached(flask.redirect(self.idp_selection_route))
        some = "Several OAuth providers are registered. Please choose one."
        return self._plain(400, some if providers else "No OAuth provider is registered.")

    def _begin_login(self, idp: str, target: str | None) -> Any:
        client = self.get_oauth_client(idp)
        state = secrets.token_urlsafe(24)
        kwargs = {"state": state, **self.get_oauth_kwargs(idp).get("authorize_redirect_kwargs", {})}
        for old_idp, old_state in logins.begin(flask.session, idp, str(kwargs["state"]), target):
            if old_idp in self.oauth._registry:
                old_client = self.get_oauth_client(old_idp)
                old_client.framework.clear_state_data(flask.session, old_state)
        try:
            return navigation.uncached(
                client.authorize_redirect(self._create_redirect_uri(idp), **kwargs)
            )
        except Exception as error:
            logins.finish(flask.session, str(kwargs["state"]))
            logger.error(
                "%s cannot be reached, or is set up wrongly: %s", idp, type(error).__name__
            )
            return self._plain(502, "The identity provider cannot be reached")

    def _create_redirect_uri(self, idp: str) -> str:
        request = flask.request
        forwarded = request.headers.get("X-Forwarded-Host")
        if forwarded and forwarded != request.host:
            self._warn_once(
                "X-Forwarded-Host differs from the host of the redirect URI. It counts for nothing "
                "as long as any client may send it: behind a proxy, wrap the server in "
                "werkzeug.middleware.proxy_fix.ProxyFix."
            )
        scheme = "https" if self.force_https_callback else None
        return flask.url_for(self._callback, idp=idp, _external=True, _scheme=scheme)

    def callback(self, idp: str) -> Any:
        """Return the answer to a browser that comes back from its provider.

        :param idp: name of the provider
        """
        if idp not in self.oauth._registry:
            return self._plain(400, "No such identity provider")
        client = self.get_oauth_client(idp)
        session, state = flask.session, flask.request.args.get("state")
        target = logins.finish(session, state)
        try:
            token = client.authorize_access_token(
                **self.get_oauth_kwargs(idp).get("authorize_token_kwargs", {})
            )
        except Exception as error:
            # Nothing of the login is left, nor is a user who was logged in before touched.
            client.framework.clear_state_data(session, state)
            return self._refuse_login(idp, error)
        setattr(flask.g, _TARGET, target)
        secret = self._backend.secret_key() or b""
        self._renew_session(secret)
        answer = self.after_logged_in(token.get("userinfo"), idp, token)
        if USER not in session:
            return answer
        session.setdefault(IDP, idp)
        self._notes.write(session, secret)
        if not logins.fits(self.app.server, session):
            session.clear()
            logger.error(
                "Refused: the claims of a user fill more than a cookie holds (4 KB). Name those "
                "that the app needs, session_claims=[...], or keep sessions on the server."
            )
            return self._plain(401, "Login failed: too many claims")
        return answer

    def after_logged_in(self, user: dict[str, Any] | None, idp: str, token: dict[str, Any]) -> Any:
        """Store the user in the session and return the redirect back to the app.

        Override it to add to the user or to look at the token, and call `super()`; or to refuse:
        the login counts if `flask.session["user"]` is set when it returns.

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
            return self._plain(401, "Login failed: the identity provider named no user")
        flask.session[USER] = {key: value for key, value in user.items() if self._keeps(key)}
        flask.session[IDP] = idp
        self._store_refresh_token(idp, token)
        if self.log_signins:
            name = User.from_claims(user).name
            logger.info("User %s is logging in.", name if name.isprintable() else repr(name))
        target = flask.g.get(_TARGET)
        if not isinstance(target, str) or not navigation.is_local(target):
            target = internals.requests_prefix(self.app)
        return flask.redirect(target)

    def _keeps(self, claim: str) -> bool:
        if self._session_claims is None:
            return claim not in PROTOCOL_CLAIMS
        return claim in self._session_claims

    def _store_refresh_token(self, idp: str, token: dict[str, Any]) -> None:
        scope = self.get_oauth_client(idp).client_kwargs.get("scope") or ""
        if "offline_access" not in (scope.split() if isinstance(scope, str) else scope):
            return
        if logins.are_cookies(self.app.server) and not self._refresh_token_in_cookie:
            self._warn_once(
                "The refresh token is not kept: a session in a cookie can be read by its owner. "
                "Keep sessions on the server, take it in after_logged_in, or pass "
                "refresh_token_in_cookie=True."
            )
            return
        flask.session[REFRESH_TOKEN] = token.get(REFRESH_TOKEN)

    def _renew_session(self, secret: bytes) -> None:
        self._notes.renew(flask.session, secret)
        # Sessions on the server have an id, which whoever knew it before must not know now.
        regenerate = getattr(self.app.server.session_interface, "regenerate", None)
        if callable(regenerate):
            regenerate(flask.session)

    def _refuse_login(self, idp: str, error: Exception) -> Any:
        # Their errors carry what the provider, or whoever made up this request, says.
        reason = str(error) if type(error).__module__.startswith(("authlib.", "joserfc.")) else ""
        # Authlib 1.3 asks for the parameters in a way that raises Flask's error.
        forged = isinstance(error, BadRequest) or getattr(error, "error", "") == "mismatching_state"
        logger.warning("A login through %s failed: %s %.200r", idp, type(error).__name__, reason)
        if forged:
            return self._plain(400, "This login was not begun here, or is over. Please try again.")
        shown = "".join(char for char in reason if char.isprintable())[:300]
        return self._plain(401, shown or "Login failed")

    # The session

    def is_authorized(self) -> bool:
        """Tell whether the current request comes with a login that counts."""
        return self._resumes(self._backend.request())

    def _resumes(self, request: Request) -> bool:
        secret = self._backend.secret_key()
        if not secret or not request.has_session_cookie:
            return False
        return self._notes.resume(request.session, secret)

    def _visitor(self, request: Request) -> User | None:
        return session_user() if self._resumes(request) else None

    def _tidy_session(self, request: Request) -> None:
        secret = self._backend.secret_key()
        if request.has_session_cookie and secret and not self._resumes(request):
            if USER in request.session:
                self._notes.set_aside(request.session, secret)

    def _session_use(self) -> str:
        return f"the login itself, for {self._session_seconds / 3600:g} hours"

    def logout(self) -> Any:
        """End the login, with all that the session holds, and return the page that says so.

        The login at the provider goes on. A page of another site can have nobody logged out: what
        it embeds is refused, and a link from it leads to a page that asks.
        """
        headers = flask.request.headers
        if headers.get("Sec-Fetch-Site") == "cross-site":
            if headers.get("Sec-Fetch-Dest") != "document":
                return self._plain(403, "Cross-site request refused")
            again = flask.url_for(self._logout)
            return navigation.page("Do you want to log out?", "Log out", again)
        flask.session.clear()
        if isinstance(self.logout_page, flask.Response):
            # Each answer gets a cookie of its own.
            page = self.logout_page
            return flask.Response(page.get_data(), page.status, page.headers.copy())
        if self.logout_page:
            return self.logout_page
        start = internals.requests_prefix(self.app)
        return navigation.page("Logged out successfully", "Go back", start)

    def _plain(self, status: int, text: str) -> Any:
        return self._backend.answer(status, text, {"X-Content-Type-Options": "nosniff"})

    def _warn_once(self, text: str) -> None:
        if text not in self._warned_of:
            self._warned_of.add(text)
            logger.warning(text)


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


def _new_registry() -> Any:
    try:
        from ._oidc_client import Registry
    except ImportError as error:
        raise ImportError(
            'OIDCAuth needs Authlib and requests: pip install "dash-auth-rs[oidc]"'
        ) from error
    return Registry()


def _check_server(server: object, secret_key: str | bytes | None) -> None:
    if not isinstance(server, flask.Flask):
        raise TypeError(f"OIDCAuth protects apps on Flask, not on {type(server).__name__}")
    if not (server.secret_key if secret_key is None else secret_key):
        raise RuntimeError(_NO_KEY)
