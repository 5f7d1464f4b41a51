"""A user sets a new password: what is wrong with it, and one conditional write."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from dash_auth._arguments import check_number
from dash_auth._steps import Steps, Wait
from dash_auth.users.new_password import LEAST, SHORT, fault_of
from dash_auth.users.store import Account, WritableUserStore


class NewPasswords:
    """Takes new passwords.

    Attributes:
        store: keeps the users.
        least: how many characters one has at least.
    """

    def __init__(
        self, store: WritableUserStore, *, least: int = LEAST, names: Sequence[str] = ()
    ) -> None:
        """Remember where they are kept.

        :param store: keeps the users
        :param least: how many characters a password has at least
        :param names: what it may not be beside the user's names, such as the app's
        """
        self.store: WritableUserStore = store
        self._names = tuple(names)
        self.least: int = least

    def fault(self, account: Account, new: str, again: str) -> str | None:
        """Return why a password is not taken, None if it is.

        :param account: whose it is to be
        :param new: the password
        :param again: what was typed as the same
        """
        if new != again:
            return "different"
        return fault_of(new, account, least=self.least, names=self._names)

    def set(self, account: Account, new: str) -> Steps[Account | str | None]:
        """Store a password, if the account's credential is still what it was.

        :param account: the account as it was when it was found out who asks
        :param new: the password
        :return: the account as it is now; a text is why the password is not taken, and None stands
            for an account that has another credential by now
        """
        store, version = self.store, account.credential_version
        try:
            stored: str = yield Wait(partial(store.hashed, new), is_remembered=True)
        except ValueError:
            # Such as bcrypt, which reads 72 bytes.
            return "long"
        was = account.password if version is None else version
        write = partial(store.set_password, account.name, stored, was=was)
        if not (yield Wait(write, is_remembered=True)):
            return None
        found: Account | None = yield Wait(partial(store.find, account.name), is_remembered=True)
        # Whose password is another again is no longer known to be the one who has typed this one.
        return found if found is not None and found.password == stored else None


def check_password_length(length: object) -> int:
    """Return how many characters a new password has at least.

    :param length: the argument `password_length=`
    :raises TypeError: if it is no whole number
    :raises ValueError: if it is too small
    """
    check_number("password_length", length, "characters")
    if not isinstance(length, int):
        raise TypeError("password_length must be a whole number of characters")
    if length < SHORT:
        raise ValueError(f"password_length must be {SHORT} or more: what is shorter is guessed")
    return length
