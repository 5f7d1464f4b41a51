"""Who is asking."""

from __future__ import annotations

from dash_auth._current import User, current_facts, current_user, is_in_job
from dash_auth._raised import LOGIN, Refused

__all__ = ["User", "current_user", "require_user"]


def require_user() -> User:
    """Return the user of the current request, and ask for a login where nobody is logged in.

    Call it in a route or a callback that is declared public, or write `Depends(require_user)` in
    FastAPI. Behind any other there is a user already.

    :return: the user
    :raises Exception: if nobody is logged in. Let it pass: the server answers with it by asking for
        a login, and closes a WebSocket
    :raises RuntimeError: outside of a request to an app that is protected
    """
    user = current_user()
    if user is not None:
        return user
    facts = current_facts()
    if facts is None or is_in_job():
        raise RuntimeError(
            "require_user is for requests to an app that is protected: its callbacks, and the "
            "routes of its server (Flask, Quart, FastAPI)"
        )
    raise facts.raised(Refused(LOGIN, "Login required"))
