"""What is made of Authlib: a registry of identity providers whose clients prove who began a login.

This is the one module that imports Authlib; nothing else of the package needs it.
"""

from __future__ import annotations

from typing import Any

from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]
from authlib.integrations.flask_client.apps import FlaskOAuth2App  # type: ignore[import-untyped]

__all__ = ["Registry"]

_CHALLENGE = "code_challenge_method"


class Client(FlaskOAuth2App):  # type: ignore[misc]
    """A client of one identity provider."""

    def create_authorization_url(self, redirect_uri: str | None = None, **kwargs: Any) -> Any:
        """Return where to send the browser, with PKCE (RFC 7636) if the provider knows it.

        What the developer set in `client_kwargs` stands.

        :param redirect_uri: where the provider sends the browser back to
        :param kwargs: further parameters of the authorization request
        """
        metadata = self.load_server_metadata()
        known = metadata.get("code_challenge_methods_supported")
        if _CHALLENGE not in self.client_kwargs and isinstance(known, list) and "S256" in known:
            self.client_kwargs[_CHALLENGE] = "S256"
        return super().create_authorization_url(redirect_uri, **kwargs)

    def save_authorize_data(self, **kwargs: Any) -> None:
        """Remember what the callback has to prove.

        :param kwargs: state, nonce, verifier and redirect URI
        """
        # The address itself is never read again, and would fill the cookie.
        kwargs.pop("url", None)
        super().save_authorize_data(**kwargs)


class Registry(OAuth):  # type: ignore[misc]
    """The identity providers of one app."""

    oauth2_client_cls = Client
