"""What is made of Authlib: a registry of identity providers whose clients prove who began a login.

This is the one module that imports Authlib; nothing else of the package needs it.
"""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Mapping, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

import flask
from authlib.integrations.base_client import (  # type: ignore[import-untyped]
    BaseApp,
    MismatchingStateError,
    OAuth2Mixin,
    OAuthError,
    OpenIDMixin,
)
from authlib.integrations.flask_client import (  # type: ignore[import-untyped]
    FlaskIntegration,
    OAuth,
)
from authlib.integrations.flask_client.apps import (  # type: ignore[import-untyped]
    FlaskOAuth1App,
    FlaskOAuth2App,
)
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from authlib.oidc.core import UserInfo  # type: ignore[import-untyped]

from dash_auth import _core
from dash_auth._current import EVENT_LOOP_FACTS, current_facts
from dash_auth._request import Answer, PageServer, Request
from dash_auth.logins.oidc import claims as claims_of
from dash_auth.logins.oidc import pending
from dash_auth.logins.oidc.cookie import fits

__all__ = ["Registry"]

_CHALLENGE = "code_challenge_method"
_CHECKS_OF_ID_TOKEN = ("claims_options", "claims_cls", "leeway")


class _BelievesNoAnswer:
    """Takes the user from a verified ID token alone."""

    def fetch_access_token(self, *args: Any, **kwargs: Any) -> Any:
        """Return the token for a code, as the provider sent it.

        :param args: arguments of Authlib's
        :param kwargs: arguments of Authlib's
        """
        token = super().fetch_access_token(*args, **kwargs)  # type: ignore[misc]
        # Under this name Authlib hands on the claims that it has verified.
        token.pop("userinfo", None)
        return token


class _ProvesWhoBegan(_BelievesNoAnswer):
    """Uses PKCE (RFC 7636) if the provider knows it, and checks what Authlib may not."""

    def create_authorization_url(self, redirect_uri: str | None = None, **kwargs: Any) -> Any:
        """Return where to send the browser, with PKCE if the provider knows it.

        What the developer set in `client_kwargs` stands.

        :param redirect_uri: where the provider sends the browser back to
        :param kwargs: further parameters of the authorization request
        """
        client: Any = self
        known = client.load_server_metadata().get("code_challenge_methods_supported")
        if _CHALLENGE not in client.client_kwargs and isinstance(known, list) and "S256" in known:
            client.client_kwargs[_CHALLENGE] = "S256"
        if "state" not in kwargs:
            kwargs["state"] = secrets.token_urlsafe(24)
            derived = client.framework.derived(kwargs["state"])
            if client.client_kwargs.get(_CHALLENGE):
                kwargs.setdefault("code_verifier", derived["code_verifier"])
            scope = kwargs.get("scope") or client.client_kwargs.get("scope") or ""
            if "openid" in (scope.split() if isinstance(scope, str) else scope):
                kwargs.setdefault("nonce", derived["nonce"])
        return super().create_authorization_url(redirect_uri, **kwargs)  # type: ignore[misc]

    def parse_id_token(
        self, token: Any, nonce: Any, claims_options: Any = None, **kwargs: Any
    ) -> Any:
        """Return the claims of a token's ID token, verified; None if there is none.

        :param token: the provider's answer
        :param nonce: what was sent to the provider with this login
        :param claims_options: what Authlib is to demand of the claims; the issuer is that of the
            provider's metadata unless it says otherwise
        :param kwargs: further arguments of Authlib's
        :raises Exception: if the ID token is not for this app or names nobody
        """
        client: Any = self
        issuer = client.load_server_metadata().get("issuer")
        if claims_options is not None and issuer is not None:
            claims_options = {"iss": {"values": [issuer]}, **claims_options}
        claims = super().parse_id_token(  # type: ignore[misc]
            token, nonce=nonce, claims_options=claims_options, **kwargs
        )
        if claims is None:
            return None
        try:
            claims_of.check(claims, client.client_id, nonce)
        except claims_of.BadClaim as error:
            raise OAuthError(error="invalid_token", description=str(error)) from error
        request = current_facts()
        if request is not None:
            request.asked_at = claims_of.asked_at(claims, int(time.time()))
        return UserInfo(claims_of.readable(dict(claims)))


def _demand_login(begun: Mapping[str, Any]) -> None:
    """Refuse a login for which the provider was to ask the user anew, and says not that it did."""
    request = current_facts()
    at = None if request is None else request.asked_at
    if not claims_of.is_recent(at, begun.get(pending.SINCE)):
        raise OAuthError(error="login_required", description=claims_of.NOT_ASKED_AGAIN)


class Client(_ProvesWhoBegan, FlaskOAuth2App):  # type: ignore[misc]
    """A client of one identity provider, on Flask."""

    def save_authorize_data(self, **kwargs: Any) -> None:
        """Remember what the callback has to prove.

        :param kwargs: state, nonce, verifier and redirect URI
        """
        # The address itself is never read again, and would fill the cookie.
        kwargs.pop("url", None)
        super().save_authorize_data(**kwargs)

    def authorize_access_token(self, **kwargs: Any) -> Any:
        """Return the token for the code of the current request, with the user in `"userinfo"`.

        :param kwargs: see Authlib's
        :raises OAuthError: if the provider refused, or this browser did not begin the login
        """
        # Before what came along is taken for the provider's error (RFC 6749, section 4.1.2.1).
        state = flask.request.values.get("state")
        begun = self.framework.get_state_data(flask.session, state)
        if begun is None:
            raise MismatchingStateError()
        token = super().authorize_access_token(**kwargs)
        _demand_login(begun)
        return token


class OAuth1Client(_BelievesNoAnswer, FlaskOAuth1App):  # type: ignore[misc]
    """A client of a provider that speaks OAuth 1, on Flask."""


class ClientOffLoop(_ProvesWhoBegan, OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]
    """A client of one identity provider, on a server with an event loop.

    It has the methods of Authlib's client for Flask. They wait for the provider, and are called in
    a thread of their own.
    """

    client_cls = OAuth2Session

    def __init__(self, server: PageServer, *args: Any, **kwargs: Any) -> None:
        """Know one provider.

        :param server: adapter of the server
        :param args: arguments of Authlib's
        :param kwargs: arguments of Authlib's
        """
        super().__init__(*args, **kwargs)
        self._server = server
        self._tokens: WeakKeyDictionary[Request, Any] = WeakKeyDictionary()

    @property
    def token(self) -> Any:
        """The token of the current request."""
        request: Request | None = EVENT_LOOP_FACTS.get()
        token = None if request is None else self._tokens.get(request)
        if token is None and self._fetch_token:
            token = self._fetch_token()
            self.token = token
        return token

    @token.setter
    def token(self, token: Any) -> None:
        request: Request | None = EVENT_LOOP_FACTS.get()
        if request is not None:
            self._tokens[request] = token

    def _get_requested_token(self, *_: Any, **__: Any) -> Any:
        return self.token

    def authorize_redirect(self, redirect_uri: str | None = None, **kwargs: Any) -> Any:
        """Return the redirect that begins a login, and remember what its callback has to prove.

        :param redirect_uri: where the provider sends the browser back to
        :param kwargs: further parameters of the authorization request
        """
        begun = self.create_authorization_url(redirect_uri, **kwargs)
        location, state = begun.pop("url"), begun.pop("state")
        session = self._server.request().session
        self.framework.set_state_data(session, state, {"redirect_uri": redirect_uri, **begun})
        return self._server.respond(Answer.redirect(location))

    def authorize_access_token(self, **kwargs: Any) -> Any:
        """Return the token for the code of the current request, with the user in `"userinfo"`.

        :param kwargs: further parameters of the token request; `claims_options`, `claims_cls` and
            `leeway` are for the ID token
        :raises OAuthError: if the provider refused, or this browser did not begin the login
        """
        request = self._server.request()
        sent = {
            name: next(iter(request.query_values(name)), None)
            for name in ("error", "error_description", "code", "state")
        }
        begun = self.framework.get_state_data(request.session, sent["state"])
        if begun is None:
            raise MismatchingStateError()
        if sent["error"]:
            raise OAuthError(error=sent["error"], description=sent["error_description"])
        self.framework.clear_state_data(request.session, sent["state"])
        proof = self._format_state_params(begun, {"code": sent["code"], "state": sent["state"]})
        checks = {name: kwargs.pop(name) for name in _CHECKS_OF_ID_TOKEN if name in kwargs}
        token = self.fetch_access_token(**proof, **kwargs)
        self.token = token
        if "id_token" in token and "nonce" in begun:
            token["userinfo"] = self.parse_id_token(token, nonce=begun["nonce"], **checks)
        _demand_login(begun)
        return token


class _Integration(FlaskIntegration):  # type: ignore[misc]
    """What Authlib asks of a server, where that may be none of Flask's."""

    server: PageServer

    def derived(self, state: str) -> dict[str, str]:
        """Return what proves who began a login, for a state that was drawn here.

        It need not be kept, then: five logins that wait fit one cookie. Without the server's key
        it can't be guessed.
        """
        secret = (self.server.secret_keys() or (b"",))[0]
        names = ("nonce", "code_verifier")
        return {name: _core.seal(secret, "login", name, self.name, state) for name in names}

    def set_state_data(self, session: MutableMapping[str, Any], state: str, data: Any) -> None:
        derived = self.derived(state)
        proof = {name: derived.get(name) == value or value for name, value in data.items()}
        pending.begin(session, self.name, state, proof)
        # Browsers drop a cookie that is too long, and keep the one before.
        fits(self.server, session)

    def get_state_data(self, session: MutableMapping[str, Any], state: str | None) -> Any:
        proof = pending.proof(session, self.name, state)
        if proof is None or state is None:
            return None
        derived = self.derived(state)
        return {name: derived.get(name) if kept is True else kept for name, kept in proof.items()}

    def clear_state_data(self, session: MutableMapping[str, Any], state: str | None) -> None:
        pending.end(session, self.name, state)

    def update_token(self, *args: Any, **kwargs: Any) -> None:
        # Authlib's signal is Flask's.
        if flask.has_app_context():
            super().update_token(*args, **kwargs)

    @staticmethod
    def load_config(oauth: Any, name: str, params: Any) -> Any:
        if not hasattr(oauth.app, "config"):
            return {}
        return FlaskIntegration.load_config(oauth, name, params)


class Registry(OAuth):  # type: ignore[misc]
    """The identity providers of one app."""

    oauth1_client_cls: Any = OAuth1Client
    oauth2_client_cls: Any = Client

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with no provider, and no server yet.

        :param args: arguments of Authlib's
        :param kwargs: arguments of Authlib's
        """
        super().__init__(*args, **kwargs)
        # Providers may be named before there is a server.
        self.framework_integration_cls: Any = type("Integration", (_Integration,), {})

    def serve(self, app: Any, server: PageServer) -> None:
        """Have the clients work on a server.

        :param app: what Dash runs on
        :param server: the same, as we see it
        """
        self.framework_integration_cls.server = server
        if server.has_event_loop:
            self.oauth2_client_cls = functools.partial(ClientOffLoop, server)
            self.oauth1_client_cls = _refuse_oauth1
        self.init_app(app)


def _refuse_oauth1(*_: Any, **__: Any) -> None:
    raise TypeError("providers that speak OAuth 1 alone can be used on Flask only")
