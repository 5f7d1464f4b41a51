"""The developer's own dict of users, which stays live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dash_auth.users.store import Account


class Table:
    """Keeps users in a mapping: what is changed there counts at once."""

    def __init__(self, users: Mapping[str, Any]) -> None:
        """Remember the mapping.

        :param users: names and stored passwords
        """
        self.users = users

    def find(self, name: str) -> Account | None:
        """Return the account of a name, None if there is none."""
        return Account(name, self.users.get(name)) if name in self.users else None

    def names(self) -> Iterable[str]:
        """Return the names of all accounts."""
        return list(self.users)

    def version(self) -> object:
        """Return how many names there are."""
        return len(self.users)
