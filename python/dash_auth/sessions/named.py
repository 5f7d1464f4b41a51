"""Placeholder."""

from __future__ import annotations
from typing import Any
from dash_auth._unavailable import Unavailable


class Reached:
    """P."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        def ask(*args: Any, **kw: Any) -> Any:
            try:
                return getattr(self._store, name)(*args, **kw)
            except Exception as error:
                raise Unavailable("store") from error

        return ask


def store_named(sessions: Any) -> Any:
    """Return."""
    return sessions and Reached(sessions)
