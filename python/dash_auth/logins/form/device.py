"""The cookie of a device (in the making)."""

from __future__ import annotations

from dash_auth._request import Request, Server


class Devices:
    """Tells browsers that a user has logged in with."""

    def __init__(self, server: Server, guard: str) -> None:
        """Name the guard."""

    def id_of(self, request: Request, account: str) -> str | None:
        """Return the id of a browser's device."""
        return None

    def remember(self, request: Request, account: str) -> None:
        """Remember a device."""
