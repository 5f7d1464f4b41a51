"""The store that a developer names: by a path, by a URL, as a mapping, or as an object."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dash_auth._arguments import is_store, is_verifier, users_of
from dash_auth.users.store import UserStore
from dash_auth.users.table import Table

if TYPE_CHECKING:
    from sqlalchemy import Engine  # noqa: F401

ENVIRONMENT = "DASH_AUTH_USERS"
"""The environment variable that names a store for the command."""

_TAKEN = (
    "a path that ends in .toml or .htpasswd, the URL of a database "
    '("postgresql+psycopg://user:password@host/database", "sqlite:///users.db"), or an engine of '
    "SQLAlchemy's"
)


def store_of(declared: Any) -> Any:
    """Return the store that is named, as it is; a verifier, and what else is none, unchanged.

    :param declared: a mapping, rows, a path, a URL, an engine, a store or a verifier
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
    declared = users_of(declared)
    return Table(declared) if isinstance(declared, Mapping) else declared


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
    raise ValueError(f"a store of users is {_TAKEN}: {named!r} is none of these")
