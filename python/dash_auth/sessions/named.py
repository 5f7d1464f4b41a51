"""The store that a developer names: by a URL, as an engine, or as an object of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from dash_auth.sessions.reached import Reached
from dash_auth.sessions.store import SessionStore

if TYPE_CHECKING:
    from sqlalchemy import Engine

ENVIRONMENT = "DASH_AUTH_SESSIONS"
"""The environment variable that names a store where no argument does."""

_METHODS = ("create", "load", "touch", "change", "end", "end_all", "of")

REDIS = ("redis", "rediss", "unix")
"""How the URLs of Redis begin."""

_SQL = ("postgresql", "sqlite")

_TAKEN = (
    '"redis://localhost", "postgresql+psycopg://user:password@host/database", '
    '"sqlite:///sessions.db", an engine of SQLAlchemy\'s, or an object with the methods '
    f"{', '.join(_METHODS)}"
)


def store_named(sessions: str | Engine | SessionStore | None) -> Reached | None:
    """Return the store of an app, None where its sessions are in cookies.

    :param sessions: what the developer has named; None takes the environment variable
    :raises ImportError: if a library is not installed
    :raises RuntimeError: if a table is not there, and may not be made
    :raises TypeError: for what is no store
    :raises ValueError: for a URL that is none of a store
    """
    named: Any = sessions
    if named is None:
        named = os.environ.get(ENVIRONMENT) or None
    if named is None:
        return None
    store = store_of(named)
    prepare = getattr(store, "prepare", None)
    if prepare is not None:
        prepare()
    return Reached(store)


def store_of(named: str | Engine | SessionStore) -> SessionStore:
    """Return a store.

    :param named: its URL, an engine, or the store itself
    :raises ImportError: if a library is not installed
    :raises TypeError: for what is no store
    :raises ValueError: for a URL that is none of a store
    """
    if isinstance(named, str):
        return _at(named)
    if isinstance(named, type) or not all(callable(getattr(named, one, None)) for one in _METHODS):
        if type(named).__module__.partition(".")[0] == "sqlalchemy":
            from dash_auth.sessions.sql import SqlSessions

            return SqlSessions(cast("Engine", named))
        raise TypeError(f"sessions must be {_TAKEN}, not {type(named).__name__}")
    return cast("SessionStore", named)


def _at(url: str) -> SessionStore:
    scheme = url.partition("://")[0].partition("+")[0] if "://" in url else ""
    if scheme in REDIS:
        from dash_auth.sessions.redis import RedisSessions

        return RedisSessions(url)
    if scheme in _SQL:
        from dash_auth.sessions.sql import SqlSessions

        return SqlSessions(url)
    # The URL itself may hold a password.
    raise ValueError(f"sessions= begins with {scheme or 'no scheme'!r}: it must be {_TAKEN}")
