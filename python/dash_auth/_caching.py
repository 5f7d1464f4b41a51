"""Which answers a browser or a proxy may keep."""

from __future__ import annotations

from dash_auth._request import Caching, Request


def demand(request: Request, caching: Caching) -> None:
    """Have the answer to a request kept as this one guard would have it.

    :param request: the facts of the request
    :param caching: what the guard takes the answer for
    """
    if caching > request.caching:
        request.caching = caching


def cache_control(request: Request, declared: str | None) -> str | None:
    """Return the Cache-Control of an answer, None to leave it is.

    :param request: the facts of the request
    :param declared: the header as the server or the developer's view set it, None if none did
    """
    caching = request.caching
    if caching == Caching.PRIVATE_FILE:
        # The server sets one itself, `public` too where files are to be kept for long.
        parts = [part.strip() for part in (declared or "").split(",")]
        kept = [part for part in parts if part and part.lower() not in ("public", "private")]
        return ", ".join(["private", *kept])
    if declared is not None:
        return None
    if caching == Caching.PRIVATE:
        return "no-store"
    if caching == Caching.PUBLIC and _visitor_was_asked(request):
        return "private, no-store"
    return None


def _visitor_was_asked(request: Request) -> bool:
    """Tell whether the app asked who makes a request, or may have read it in the session."""
    # Hooks that come before the guard ask for the visitor.
    for one in (request.identity, request.visitor):
        if one is not None and one.was_asked:
            return True
    # Not every server tells whether the session was read.
    return request.shown is not None and bool(request.shown.values)
