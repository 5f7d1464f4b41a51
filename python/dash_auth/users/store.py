"""A store of users: what is asked of one, and what it says of a user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Account:
    """What is kept of a user.

    Attributes:
        name: the user's name, as it is kept: what the app is told, whatever spelling was typed.
        password: the stored password, a hash or plaintext; None lets nobody in by a password. What
            checks passwords elsewhere may leave it out.
        groups: the user's groups, where no `user_groups` says others.
        claims: what `session["user"]` holds beside the name, under `"email"`, and the groups.
        disabled: whether nobody may log in to it.
    """

    name: str
    password: str | None = field(default=None, repr=False)
    groups: Iterable[str] = ()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    disabled: bool = False


class UserStore(Protocol):
    """Keeps users and their passwords.

    It answers at once, from memory, for it is asked at each request, in an event loop too; and from
    several threads. Where it raises an error, nobody is let in: see :class:`dash_auth.Unavailable`.
    """

    def find(self, name: str) -> Account | None:
        """Return the account that a user means by a name, None if there is none.

        :param name: the name as it was typed, or that of an account
        """

    def names(self) -> Iterable[str]:
        """Return the names of all accounts."""

    def version(self) -> object:
        """Return something that is equal as long as the names are the same, such as a count."""
