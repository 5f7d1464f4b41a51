"""The store that a developer names: by a path, by a URL, as a mapping, or as an object."""

from __future__ import annotations

import os
from typing import Any

from dash_auth._arguments import is_store, is_verifier, users_of
from dash_auth.users.store import UserStore

ENVIRONMENT = "DASH_AUTH_USERS"
"""The environment variable that names a store for the command."""

_TAKEN = (
    "a path that ends in .toml or .htpasswd, the URL of a database "
    '("postgresql+psycopg://user:password@host/database", "sqlite:///users.db"), or an engine of '
    "SQLAlchemy's"
)


def store_of(declared: Any) -> Any:
    """Return the store that is named; a mapping, or rows as one, and a verifier as they are.

    :param declared: a path, a URL, an engine, a store, a mapping, rows, or a verifier
    :raises ImportError: if a library is not installed
    :raises TypeError: for what is none of these
    :raises ValueError: for a path or a URL that is none of a store
    """
    if isinstance(declared, str) or hasattr(declared, "__fspath__"):
        return _at(os.fspath(declared))
    if is_store(declared) or is_verifier(declared):
        return declared
    if type(declared).__module__.partition(".")[0] == "sqlalchemy" and hasattr(declared, "connect"):
        from dash_auth.users.sql import SqlUsers

        return SqlUsers(declared)
    return users_of(declared)


def _at(named: str) -> UserStore:
    if "://" in named:
        from dash_auth.users.sql import SqlUsers

        return SqlUsers(named)
    if named.endswith(".toml"):
        from dash_auth.users.toml_file import UsersFile

        return UsersFile(named)
    if named.endswith(".htpasswd"):
        from dash_auth.users.htpasswd import HtpasswdFile

        return HtpasswdFile(named)
    # It may hold a password.
    raise ValueError(
        "the users must be a dict, a list of pairs of user name and password, or named by "
        f"{_TAKEN}; read what is none of these first, JSON with json.loads()"
    )
