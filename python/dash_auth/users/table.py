"""The developer's own dict of users, which stays live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dash_auth.users.fields import account_of
from dash_auth.users.store import Account


class Table:
    """Keeps users in a mapping: what is changed there counts at once.

    Attributes:
        users: names, and a stored password or a table of each, as in a `users.toml`.
        keeps_accounts: whether more is kept of users than their passwords.
        fields: what is kept of a user.
    """

    def __init__(self, users: Mapping[str, Any], *, has_tables: bool = True) -> None:
        """Remember the mapping.

        :param users: names, and a stored password or a table of each
        :param has_tables: whether a mapping among the values is a table, and not something that a
            check of the developer's own reads
        :raises TypeError: if a table holds what is of a wrong type, or no password
        :raises ValueError: if a table holds what nothing can be made of
        """
        self.users: Mapping[str, Any] = users
        tables = [name for name, kept in users.items() if has_tables and isinstance(kept, Mapping)]
        self.keeps_accounts: bool = bool(tables)
        self.fields: frozenset[str] = frozenset(("password", "groups") if tables else ("password",))
        for name in tables:
            if account_of(name, users[name]).password is None:
                raise TypeError(f"the table of user {name!r} must have a password, a str")

    def find(self, name: str) -> Account | None:
        """Return the account of a name, None if there is none."""
        if name not in self.users:
            return None
        kept = self.users.get(name)
        return account_of(name, kept) if self.keeps_accounts else Account(name, kept)

    def names(self) -> Iterable[str]:
        """Return the names of all accounts."""
        return list(self.users)

    def version(self) -> object:
        """Return how many names there are."""
        return len(self.users)
