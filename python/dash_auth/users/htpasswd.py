"""Users in an htpasswd file, as Apache and nginx read it, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash_auth import _core
from dash_auth.users.fields import check_fields, check_name
from dash_auth.users.store import Account
from dash_auth.users.watched_file import WatchedFile
from dash_auth.users.written_file import rewrite

_STORE = "an htpasswd file"


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
        return _core.generate_bcrypt(password)

    def _parse(self, content: bytes) -> Mapping[str, Account]:
        return {name: Account(name, stored) for name, stored in _core.read_htpasswd(content)}

    # To change it

    def create(self, account: Account) -> bool:
        """Add an account; see :meth:`WritableUserStore.create`."""
        check_name(account.name)
        kept = {
            "groups": account.groups,
            "email": account.email,
            "full_name": account.full_name,
            "disabled": account.disabled,
            "must_change": account.must_change,
        }
        check_fields({key: value for key, value in kept.items() if value}, self.fields, _STORE)
        if account.password is None:
            raise ValueError(f"{_STORE} cannot keep a user who has no password yet")
        line = f"{account.name}:{account.password}".encode()

        def added(lines: list[bytes], names: set[str]) -> list[bytes] | None:
            return None if account.name in names else [*lines, line]

        return self._edit(added)

    def change(self, name: str, **fields: Any) -> bool:
        """Change the password of an account; see :meth:`WritableUserStore.change`."""
        check_fields(fields, self.fields, _STORE)
        return self._change(name, lambda _: fields.get("password"))

    def set_password(self, name: str, stored: str, *, was: str | None) -> bool:
        """Store a new password while the stored one is what it was; see the protocol."""
        return self._change(name, lambda old: stored if old == was else None)

    def replace_password(self, name: str, old: str, new: str) -> bool:
        """Leave the hash as it is: logins are bound to it, and other programs read it."""
        return False

    def remove(self, name: str) -> bool:
        """Remove an account; see :meth:`WritableUserStore.remove`."""

        def removed(lines: list[bytes], names: set[str]) -> list[bytes] | None:
            left = [line for line in lines if _name_in(line) != name]
            return left if name in names else None

        return self._edit(removed)

    def _change(self, name: str, new: Callable[[str], str | None]) -> bool:
        def changed(lines: list[bytes], names: set[str]) -> list[bytes] | None:
            for number, line in enumerate(lines):
                if name in names and _name_in(line) == name:
                    stored = new(line.decode().partition(":")[2].strip())
                    if stored is None:
                        return None
                    return [*lines[:number], f"{name}:{stored}".encode(), *lines[number + 1 :]]
            return None

        return self._edit(changed)

    def _edit(self, edit: Callable[[list[bytes], set[str]], list[bytes] | None]) -> bool:
        """Change the file.

        :param edit: returns the new lines, given the old ones and the names in them; None leaves it
        """

        def edited(content: bytes) -> bytes | None:
            names = {name for name, _ in _core.read_htpasswd(content)}
            lines = edit(content.splitlines(), names)
            if lines is None:
                return None
            new = b"".join(line + b"\n" for line in lines)
            # What would be refused when it is read is not written.
            _core.read_htpasswd(new)
            return new

        written = rewrite(self.path, edited)
        self._forget()
        return written


def _name_in(line: bytes) -> str | None:
    """Return the name in a line, None in a comment and an empty line."""
    text = line.decode().strip()
    return None if not text or text.startswith("#") else text.partition(":")[0]
