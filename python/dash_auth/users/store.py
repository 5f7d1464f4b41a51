"""A store of users: what is asked of one, and what it says of a user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
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
        email: the user's e-mail address, None if none is known.
        full_name: the name that people call the user by, None if none is known.
        must_change: whether the password is good for nothing but to be changed; a time is when even
            that ends.
        credential_version: changes whenever the password does, and not where the same password is
            hashed anew: logins that were made under another one end. None where the stored password
            stands for itself.
    """

    name: str
    password: str | None = field(default=None, repr=False)
    groups: Iterable[str] = ()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    disabled: bool = False
    email: str | None = None
    full_name: str | None = None
    must_change: bool | datetime = False
    credential_version: str | None = field(default=None, repr=False)

    def is_expired(self) -> bool:
        """Tell whether its temporary password is good for nothing any more."""
        until = self.must_change
        if not isinstance(until, datetime):
            return False
        # One without a zone is meant in UTC: so databases give them.
        until = until.replace(tzinfo=timezone.utc) if until.tzinfo is None else until
        return until <= datetime.now(timezone.utc)


class UserStore(Protocol):
    """Keeps users and their passwords.

    It is asked at each request, in an event loop too, and from several threads: so it answers at
    once, from memory, or says with a method `is_current(name)` that it has to look first. Then it
    is asked in a thread beforehand. Where it raises an error, nobody is let in: see
    :class:`dash_auth.Unavailable`.
    """

    def find(self, name: str) -> Account | None:
        """Return the account that a user means by a name, None if there is none.

        :param name: the name as it was typed, or that of an account
        """

    def names(self) -> Iterable[str]:
        """Return the names of all accounts."""

    def version(self) -> object:
        """Return something that is equal as long as the names are the same, such as a count."""


class WritableUserStore(UserStore, Protocol):
    """Keeps users, and takes changes.

    Several processes may change it at once: each change is one step, and none undoes another's.

    Attributes:
        fields: what it can keep of a user: some of `password`, `groups`, `email`, `full_name`,
            `disabled` and `must_change`.
    """

    fields: frozenset[str]

    def hashed(self, password: str) -> str:
        """Return what to store for a new password.

        :param password: the password
        :raises ValueError: if it cannot be hashed, for its length
        """

    def create(self, account: Account) -> bool:
        """Add an account; its `credential_version` is drawn by the store.

        :param account: the account
        :return: False if the name is taken
        :raises ValueError: if the store cannot keep a field of it, or the name
        """

    def change(self, name: str, **fields: Any) -> bool:
        """Change single fields of an account, and nothing else.

        A `password` that is changed, and `disabled=True`, end all logins for good: the
        `credential_version` is drawn anew. With a password `must_change` ends unless it is given.

        :param name: the account's name
        :param fields: `password`, `groups`, `email`, `full_name`, `disabled`, `must_change`
        :return: False if there is no such account
        :raises ValueError: if the store cannot keep one of the fields
        """

    def remove(self, name: str) -> bool:
        """Remove an account.

        :param name: the account's name
        :return: False if there is no such account
        """

    def set_password(self, name: str, stored: str, *, was: str | None) -> bool:
        """Store a new password while an account's credential is what it was: one conditional step.

        It ends all logins, and the password has to be changed no more.

        :param name: the account's name
        :param stored: the new stored password
        :param was: the `credential_version`, or the stored password where there is none; None for
            neither
        :return: whether it was written
        """

    def replace_password(self, name: str, old: str, new: str) -> bool:
        """Store the same password in another form, if what is stored is still the old form.

        One conditional write of that field alone: it ends no login, and undoes nothing that is
        changed meanwhile.

        :param name: the account's name
        :param old: what was stored
        :param new: what is to be stored
        :return: whether it was written; a store that cannot tell the two apart writes nothing
        """

    def search(self, text: str = "", *, after: str = "", limit: int = 50) -> list[Account]:
        """Return accounts in the order of their names.

        :param text: what stands in the name, the full name or the e-mail address, in any case
        :param after: the name after which to go on
        :param limit: how many to return at most
        """
