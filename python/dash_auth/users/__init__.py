"""Where users are kept, and what a store of your own is made of."""

from typing import Any

from dash_auth.users.htpasswd import HtpasswdFile
from dash_auth.users.store import Account, UserStore, WritableUserStore
from dash_auth.users.toml_file import UsersFile

__all__ = ["Account", "HtpasswdFile", "SqlUsers", "UserStore", "UsersFile", "WritableUserStore"]


def __getattr__(name: str) -> Any:
    # It needs SQLAlchemy, which is an extra.
    if name == "SqlUsers":
        from dash_auth.users.sql import SqlUsers

        return SqlUsers
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
