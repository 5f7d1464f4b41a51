"""Routes of the server's own that are for groups: what asks for none must not be served itself."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from dash_auth._request import Server

_checked: WeakSet[Any] = WeakSet()
"""The functions behind `require_groups`, which ask for no group themselves."""


def note(view: Any) -> None:
    """Remember what runs once the groups are checked.

    :param view: the function
    """
    _checked.add(view)


def check(server: Server) -> None:
    """Refuse a route that runs such a function with no check before it.

    :param server: the server
    :raises ValueError: names the route, and says what to do
    """
    if not _checked:
        return
    for rule, view in server.views():
        if any(view is one for one in _checked):
            raise ValueError(
                f"The route {rule!r} runs {getattr(view, '__name__', 'a function')} for all users: "
                "write @require_groups(...) below the line with the route, not above it"
            )
