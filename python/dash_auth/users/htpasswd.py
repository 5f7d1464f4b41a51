"""Users in an htpasswd file, as Apache and nginx read it, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dash_auth import _core
from dash_auth.users.fields import check_fields, check_name
from dash_auth.users.store import Account
from dash_auth.users.watched_file import WatchedFile

_STORE = "an htpasswd file"

_NO_PASSWORD = f"{_STORE} cannot keep a user who has no password: use a users.toml"


class HtpasswdFile(WatchedFile):
    """Keeps users in an htpasswd file: a name and a stored password in each line.

    It is watched: what is changed in it counts at the next request. Change it with
    `dash-auth users`, or with `htpasswd -B`. A weak hash stays as it is: other programs read the
    file, too.
    """

    fields: frozenset[str] = frozenset(("password",))

    def hashed(self, password: str) -> str:
        """Return what to store for a new password: a bcrypt hash, which Apache and nginx know.

        :param password: the password
        :raises ValueError: if it has more than 72 bytes, of which bcrypt would not see the rest
        """
        hashed: str = _core.generate_bcrypt(password)
        return hashed

    def _parse(self, content: bytes) -> Mapping[str, Account]:
        return {name: Account(name, stored) for name, stored in _core.read_htpasswd(content)}

    # To change it

    def create(self, account: Account) -> bool:
        """Add an account; see :meth:`WritableUserStore.create`."""
        return self.create_all([account])

    def create_all(self, accounts: Iterable[Account]) -> bool:
        """Add accounts in one step: all of them, or none.

        :param accounts: the accounts
        :return: False if a name is taken
        :raises ValueError: see :meth:`create`
        """
        new = [(account.name, _password_of(account)) for account in accounts]

        def added(lines: list[bytes], kept: dict[str, str]) -> list[bytes] | None:
            for name, stored in new:
                if name in kept:
                    return None
                kept[name] = stored
            return [*lines, *(_line(name, stored) for name, stored in new)]

        return not new or self._edit(added)

    def change(self, name: str, **fields: Any) -> bool:
        """Change the password of an account; see :meth:`WritableUserStore.change`."""
        check_fields(fields, self.fields, _STORE)
        if not fields:
            return self.find(name) is not None
        if fields["password"] is None:
            raise ValueError(_NO_PASSWORD)
        return self._change(name, fields["password"], lambda _: True)

    def set_password(self, name: str, stored: str, *, was: str | None) -> bool:
        """Store a new password while the stored one is what it was; see the protocol."""
        return self._change(name, stored, lambda old: old == was)

    def replace_password(self, name: str, old: str, new: str) -> bool:
        """Leave the hash as it is: logins are bound to it, and other programs read it."""
        return False

    def remove(self, name: str) -> bool:
        """Remove an account; see :meth:`WritableUserStore.remove`."""

        def removed(lines: list[bytes], kept: dict[str, str]) -> list[bytes] | None:
            if kept.pop(name, None) is None:
                return None
            return [line for line in lines if _name_in(line) != name]

        return self._edit(removed)

    def _change(self, name: str, new: str, is_to_be: Callable[[str], bool]) -> bool:
        def changed(lines: list[bytes], kept: dict[str, str]) -> list[bytes] | None:
            if name not in kept or not is_to_be(kept[name]):
                return None
            kept[name] = new
            return [_line(name, new) if _name_in(line) == name else line for line in lines]

        return self._edit(changed)

    def _edit(self, edit: Callable[[list[bytes], dict[str, str]], list[bytes] | None]) -> bool:
        """Change the file, if what comes of it is what was meant, and nothing else.

        :param edit: returns the new lines, given the old ones and what is kept in them, which it
            changes too; None leaves it
        """

        def edited(content: bytes) -> bytes | None:
            kept = dict(_core.read_htpasswd(content))
            lines = edit(content.splitlines(), kept)
            if lines is None:
                return None
            new = b"".join(line + b"\n" for line in lines)
            if dict(_core.read_htpasswd(new)) != kept:
                raise ValueError(f"{_STORE} cannot keep such a name, or such a stored password")
            return new

        return self._rewrite(edited)


def _password_of(account: Account) -> str:
    """Return the stored password of a new account, which has nothing else."""
    check_name(account.name)
    kept = {
        "groups": account.groups,
        "email": account.email,
        "full_name": account.full_name,
        "disabled": account.disabled,
        "must_change": account.must_change,
        "claims": account.claims,
    }
    given = {key: value for key, value in kept.items() if value}
    check_fields(given, HtpasswdFile.fields, _STORE)
    if account.password is None:
        raise ValueError(_NO_PASSWORD)
    return account.password


def _line(name: str, stored: str) -> bytes:
    return f"{name}:{stored}".encode()


def _name_in(line: bytes) -> str | None:
    """Return the name in a line, None in a comment and an empty line."""
    text = line.decode("utf-8", "surrogateescape").lstrip("\ufeff").strip()
    return None if not text or text.startswith("#") else text.partition(":")[0]
