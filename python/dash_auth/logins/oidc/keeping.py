"""What the session holds of a user whom a provider has confirmed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dash_auth._current import EMAIL_VERIFIED, SUBJECT
from dash_auth._request import PageServer, Request
from dash_auth._shown import IDP, REFRESH_TOKEN, USER
from dash_auth.logins.oidc.providers import Providers

logger: logging.Logger = logging.getLogger("dash_auth")

PROTOCOL_CLAIMS = frozenset(
    {"aud", "azp", "nonce", "at_hash", "c_hash", "s_hash", "iat", "nbf", "exp", "jti"}
)
"""The claims that are about an ID token, not about the user (OpenID Connect Core, section 2)."""


class Keeping:
    """Decides on the claims and tokens that the session holds."""

    def __init__(
        self,
        providers: Providers,
        session_claims: Iterable[str] | None = None,
        *,
        refresh_token_in_cookie: bool = False,
        is_stored: bool = False,
    ) -> None:
        """Remember what is kept.

        :param providers: the providers
        :param session_claims: names of the claims that are; None for all but those about the token
        :param refresh_token_in_cookie: whether the refresh token is, even in a cookie
        :param is_stored: whether a store keeps what is known of users, and no cookie
        """
        self._providers = providers
        self._claims = None if session_claims is None else frozenset(session_claims)
        self._refresh_token_in_cookie = refresh_token_in_cookie
        self._is_stored = is_stored

    def store(
        self,
        server: PageServer,
        request: Request,
        user: Mapping[str, Any] | None,
        idp: str,
        token: Mapping[str, Any],
        warn: Callable[[str], None],
    ) -> bool:
        """Put a user into the session, and tell whether the provider named one.

        :param server: the server
        :param request: the request that came back from the provider
        :param user: the claims of the ID token; None if the provider sent none
        :param idp: name of the provider
        :param token: the provider's answer
        :param warn: tells the developer something once
        """
        if not user:
            logger.error(
                "Refused: %s sent no ID token. The scope must contain openid, and the provider "
                "must speak OpenID Connect.",
                idp,
            )
            return False
        if self._providers.trusts_email(idp):
            user = {EMAIL_VERIFIED: True, **user}
        session = request.session
        session[USER] = {key: value for key, value in user.items() if self._keeps(key)}
        session[IDP] = idp
        if self._keeps_refresh_token(server, idp, warn):
            session[REFRESH_TOKEN] = token.get(REFRESH_TOKEN)
        return True

    def _keeps(self, claim: str) -> bool:
        if self._claims is None:
            return claim not in PROTOCOL_CLAIMS
        # By these it is known whether the e-mail address may be believed.
        return claim in self._claims or claim in (SUBJECT, EMAIL_VERIFIED)

    def _keeps_refresh_token(
        self, server: PageServer, idp: str, warn: Callable[[str], None]
    ) -> bool:
        if not self._providers.asks_for(idp, "offline_access"):
            return False
        in_cookie = not self._is_stored and server.session_cookie_length({}) is not None
        if not in_cookie or self._refresh_token_in_cookie:
            return True
        warn(
            "The refresh token is not kept: a session in a cookie can be read by its owner. "
            "Keep sessions on the server, take it in after_logged_in, or pass "
            "refresh_token_in_cookie=True."
        )
        return False
