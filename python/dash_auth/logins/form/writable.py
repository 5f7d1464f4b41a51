"""Which stores of users have pages on which users set their passwords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from dash_auth.users.store import WritableUserStore

_WRITES = ("create", "change", "remove", "set_password", "hashed")


def writable(store: object) -> WritableUserStore | None:
    """Return a store in which a user can set a password, None where it is none.

    :param store: keeps the users, None where they are kept elsewhere
    """
    if isinstance(store, Mapping | type):
        return None
    if not all(callable(getattr(store, name, None)) for name in _WRITES):
        return None
    return cast("WritableUserStore", store)
