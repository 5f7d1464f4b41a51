"""Who is asking."""

from __future__ import annotations

from dash_auth._current import EVENT_LOOP_FACTS, User, current_user

__all__ = ["User", "current_user", "require_user"]


def require_user() -> User:
    """Return the user of the current request: `Depends(dash_auth.require_user)` in FastAPI.

    A route that is declared public asks for a login so; behind any other there is a user already.

    :return: the user
    :raises starlette.exceptions.HTTPException: if nobody is logged in; FastAPI answers with it by
        asking for a login
    :raises starlette.exceptions.WebSocketException: the same on a WebSocket, which FastAPI closes
    :raises RuntimeError: outside of a request to a FastAPI server that is protected
    """
    user = current_user()
    if user is not None:
        return user
    facts = EVENT_LOOP_FACTS.get()
    if facts is None:
        raise RuntimeError("require_user is for the routes of a FastAPI server that is protected")
    raise facts.login_required()
