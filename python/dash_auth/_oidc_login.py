"""One login: it begins with a redirect to a provider, and ends with the provider's answer."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from werkzeug.exceptions import BadRequest

from . import _oidc_session as logins
from ._oidc_providers import Providers
from ._session import Session

logger = logging.getLogger("dash_auth")

_NOT_BEGUN = "This login was not begun here, or is over. Please try again."


class LoginFailed(Exception):
    """A login that came to nothing; the text is for the user."""

    def __init__(self, status: int, text: str) -> None:
        """Say what to answer.

        :param status: the status
        :param text: what the user reads
        """
        super().__init__(text)
        self.status = status


def begin(
    providers: Providers, session: Session, idp: str, redirect_uri: str, target: str | None
) -> Any:
    """Return the redirect to a provider, and remember in the session what its answer has to prove.

    :param providers: the providers of the app
    :param session: the session of the current request
    :param idp: name of the provider
    :param redirect_uri: where the provider sends the browser back to
    :param target: path that the user wanted to see, None for none
    :raises LoginFailed: if the provider cannot be reached
    """
    client = providers.client(idp)
    state = secrets.token_urlsafe(24)
    kwargs = {"state": state, **providers.arguments(idp).get("authorize_redirect_kwargs", {})}
    for old_idp, old_state in logins.begin(session, idp, str(kwargs["state"]), target):
        if old_idp in providers:
            providers.client(old_idp).framework.clear_state_data(session, old_state)
    try:
        return client.authorize_redirect(redirect_uri, **kwargs)
    except Exception as error:
        logins.finish(session, str(kwargs["state"]))
        logger.error("%s cannot be reached, or is set up wrongly: %s", idp, type(error).__name__)
        raise LoginFailed(502, "The identity provider cannot be reached") from error


def complete(
    providers: Providers, session: Session, idp: str, state: str | None
) -> tuple[dict[str, Any], str | None]:
    """Return what a provider says of the user who came back, and the path that the user wanted.

    :param providers: the providers of the app
    :param session: the session of the current request
    :param idp: name of the provider
    :param state: the parameter that came back
    :raises LoginFailed: if the login was not begun here, or the provider does not confirm it
    """
    client = providers.client(idp)
    if logins.is_of_another(session, idp, state):
        logger.warning("A login through %s failed: it was begun at another provider", idp)
        raise LoginFailed(400, _NOT_BEGUN)
    target = logins.finish(session, state)
    try:
        token: dict[str, Any] = client.authorize_access_token(
            **providers.arguments(idp).get("authorize_token_kwargs", {})
        )
    except Exception as error:
        # Nothing of the login is left, nor is a user who was logged in before touched.
        client.framework.clear_state_data(session, state)
        raise _failed(idp, error) from error
    return token, target


def _failed(idp: str, error: Exception) -> LoginFailed:
    # Their errors carry what the provider, or whoever made up this request, says.
    reason = str(error) if type(error).__module__.startswith(("authlib.", "joserfc.")) else ""
    # Authlib 1.3 asks for the parameters in a way that raises Flask's error.
    forged = isinstance(error, BadRequest) or getattr(error, "error", "") == "mismatching_state"
    logger.warning("A login through %s failed: %s %.200r", idp, type(error).__name__, reason)
    if forged:
        return LoginFailed(400, _NOT_BEGUN)
    shown = "".join(char for char in reason if char.isprintable())[:300]
    return LoginFailed(401, shown or "Login failed")
