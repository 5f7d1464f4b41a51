"""One login: it begins with a redirect to a provider, and ends with the provider's answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import BadRequest

from dash_auth import _witness
from dash_auth._request import PageServer, Request
from dash_auth._shown import IDP, REFRESH_TOKEN, USER, Session
from dash_auth._unavailable import Unavailable
from dash_auth.logins.oidc import claims, pending
from dash_auth.logins.oidc.cookie import fits
from dash_auth.logins.oidc.providers import Providers
from dash_auth.logins.oidc.session import ProviderSession, name_of
from dash_auth.sessions import asked

logger: logging.Logger = logging.getLogger("dash_auth")

_PROMPTS = ("none", "login")
"""What `prompt` may not hold beside the login that is asked for anew."""

_THEIRS = ("authlib.", "joserfc.")
"""The modules of errors that carry what the provider, or whoever made up a request, says."""


class LoginFailed(Exception):
    """A login that came to nothing; the text is for the user."""

    def __init__(self, status: int, text: str) -> None:
        """Say what to answer.

        :param status: the status
        :param text: what the user reads
        """
        super().__init__(text)
        self.status = status


class NotBegun(LoginFailed):
    """A callback that this browser does not wait for: it is over, or was never begun here."""

    def __init__(self) -> None:
        """Say what to answer."""
        super().__init__(400, "This login was not begun here, or is over. Please try again.")


def begin(
    providers: Providers,
    session: Session,
    idp: str,
    redirect_uri: str,
    target: str | None,
    *,
    again: bool = False,
) -> Any:
    """Return the redirect to a provider, and remember in the session what its answer has to prove.

    :param providers: the providers of the app
    :param session: the session of the current request
    :param idp: name of the provider
    :param redirect_uri: where the provider sends the browser back to
    :param target: path that the user wanted to see, None for none
    :param again: whether the provider is to ask the user though it knows the browser
    :raises LoginFailed: if the provider cannot be reached
    """
    client = providers.client(idp)
    kwargs = providers.arguments(idp).get("authorize_redirect_kwargs", {})
    if again:
        # OpenID Connect Core, section 3.1.2.1: whatever else is to be asked is asked as well.
        others = [one for one in str(kwargs.get("prompt") or "").split() if one not in _PROMPTS]
        kwargs = {**kwargs, "prompt": " ".join(["login", *others]), "max_age": "0"}
    try:
        begun = client.authorize_redirect(redirect_uri, **kwargs)
    except Exception as error:
        logger.error("%s cannot be reached, or is set up wrongly: %s", idp, type(error).__name__)
        raise LoginFailed(502, "The identity provider cannot be reached") from error
    pending.aim(session, target, again=again)
    return begun


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
    target = pending.target(session, idp, state)
    try:
        token: dict[str, Any] = client.authorize_access_token(
            **providers.arguments(idp).get("authorize_token_kwargs", {})
        )
    except Exception as error:
        # Nothing of the login is left, nor is a user who was logged in before touched.
        pending.end(session, idp, state)
        raise failed(idp, error) from error
    return token, target


def keep(
    server: PageServer,
    remembering: ProviderSession,
    idp: str,
    before: Mapping[str, Any],
    *,
    with_user: bool,
) -> None:
    """Have the login count that a callback stored, if it stored one.

    :param server: adapter of the server
    :param remembering: what remembers it
    :param idp: name of the provider
    :param before: what the session held before the callback
    :param with_user: whether the cookie is to hold what apps read of the user
    :raises LoginFailed: if the login cannot be kept, and nothing is left of it
    """
    request = server.request()
    session = request.session
    user = session.get(USER)
    if user is None or user is before.get(USER):
        return
    state = next(iter(request.query_values("state")), None)
    if not claims.is_recent(request.asked_at, pending.since(before, idp, state)):
        # A callback of the developer's own may have looked at no ID token.
        raise LoginFailed(401, claims.NOT_ASKED_AGAIN)
    # What a callback of the developer's own did not write is of the login before.
    if session.get(IDP) is None or session[IDP] is before.get(IDP):
        session[IDP] = idp
    if session.get(REFRESH_TOKEN) is before.get(REFRESH_TOKEN):
        session.pop(REFRESH_TOKEN, None)
    try:
        session[USER] = claims.readable(user)
        values = {name: session[name] for name in remembering.names if name in session}
        methods = asked.among(claims.methods_of(user), request.asked_at)
        is_kept = remembering.log_in(request, values, methods)
        if is_kept and not fits(server, session, remembering, with_user=with_user):
            # Who is logged in needs no other tab's login any more.
            session.pop(pending.PENDING, None)
            is_kept = fits(server, session, remembering, with_user=with_user)
    except RecursionError:
        is_kept = False
    if not is_kept:
        remembering.forget(request)
        remembering.empty(session)
        logger.error(
            "Refused: the claims of a user fill more than a cookie holds (4 KB), or are nested too "
            "deeply. Name those that the app needs, session_claims=[...], or keep sessions on the "
            "server."
        )
        raise LoginFailed(401, "Login failed: too many claims")
    # Whoever knew the id of a session on the server before must not know it now.
    server.renew_session_id(session)
    found = remembering.found(request)
    if found is not None:
        _witness.succeeded(request, remembering.method, name_of(user), session=found[0].id)


def undo(request: Request, remembering: ProviderSession, before: Mapping[str, Any]) -> None:
    """Take back what a callback stored that failed: the login before it stays as it was.

    :param request: the current request
    :param remembering: what remembers that login
    :param before: what the session held before the callback
    """
    session = request.session
    try:
        is_left = remembering.found(request) is not None
    except Unavailable:
        is_left = False
    for name in remembering.names:
        if is_left and name in before:
            session[name] = before[name]
        else:
            session.pop(name, None)


def is_theirs(error: Exception) -> bool:
    """Tell whether an error says what came from the provider, or with the request."""
    return type(error).__module__.startswith(_THEIRS)


def failed(idp: str, error: Exception) -> LoginFailed:
    """Log why a login failed, and return what to answer.

    :param idp: name of the provider
    :param error: what happened when the provider's answer was looked at
    """
    reason = str(error) if is_theirs(error) else ""
    logger.warning("A login through %s failed: %s %.200r", idp, type(error).__name__, reason)
    # Authlib 1.3 asks for the parameters in a way that raises Flask's error.
    if isinstance(error, BadRequest) or type(error).__name__ == "MismatchingStateError":
        return NotBegun()
    shown = "".join(char for char in reason if char.isprintable())[:300]
    return LoginFailed(401, shown or "Login failed")
