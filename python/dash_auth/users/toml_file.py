"""Users in a TOML file: one table a user, which people write by hand, too."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from dash_auth import security
from dash_auth.users.fields import FIELDS, account_of, check_fields, check_name, table_of
from dash_auth.users.store import Account
from dash_auth.users.toml_tables import Parts, read, text_of
from dash_auth.users.watched_file import WatchedFile

_GAPS = ("\n\n", "\n", "")
"""What parts a table from the one before, by how many line feeds are there."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")

_OF_USERS = frozenset(("password", "disabled", "must_change", "credential_version"))
"""Keys that no claim has in it."""

_HEADER = re.compile(r"\s*\[")

_BY_HAND = (
    "the file cannot be changed without changing more of it: write each user as a table of its "
    'own, ["name"], or change it by hand'
)


class UsersFile(WatchedFile):
    """Keeps users in a TOML file, one table a user.

    It is watched: what is changed in it counts at the next request. Change it with
    `dash-auth users`, or by hand; comments and the order of the users stay.
    """

    fields: frozenset[str] = FIELDS

    def hashed(self, password: str) -> str:
        """Return what to store for a new password."""
        return security.generate_password_hash(password)

    _parts: Parts | None = None

    def _parse(self, content: bytes) -> Mapping[str, Account]:
        tables, self._parts = read(text_of(content), self._parts)
        return {name: _account(name, table) for name, table in tables.items()}

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
        new = [(account.name, _new_table(account)) for account in accounts]

        def added(text: str, tables: dict[str, Any]) -> str | None:
            parts = [text]
            for name, table in new:
                if name in tables:
                    return None
                tables[name] = table
                gap = _GAPS[(text[-1:] == "\n") + (text[-2:] == "\n\n")] if text else ""
                lines = [f"{_key(key)} = {_value(value)}\n" for key, value in table.items()]
                text = f"{gap}[{_key(name)}]\n{''.join(lines)}"
                parts.append(text)
            return "".join(parts)

        return not new or self._edit(added)

    def change(self, name: str, **fields: Any) -> bool:
        """Change single fields of an account; see :meth:`WritableUserStore.change`."""
        check_fields(fields, self.fields, "a users.toml")
        changed = dict(fields)
        if "password" in changed or changed.get("disabled"):
            # What was ended does not come back with the account.
            changed["credential_version"] = _drawn()
        if "password" in changed:
            changed.setdefault("must_change", False)

        def edited(text: str, tables: dict[str, Any]) -> str | None:
            return None if name not in tables else _with(text, tables, name, changed)

        return self._edit(edited)

    def set_password(self, name: str, stored: str, *, was: str | None) -> bool:
        """Store a new password while the credential is what it was; see the protocol."""
        changed = {
            "password": stored,
            "credential_version": _drawn(),
            "must_change": False,
        }

        def edited(text: str, tables: dict[str, Any]) -> str | None:
            if name not in tables or _credential(tables[name]) != was:
                return None
            return _with(text, tables, name, changed)

        return self._edit(edited)

    def replace_password(self, name: str, old: str, new: str) -> bool:
        """Store the same password in another form; see :meth:`WritableUserStore.replace_password`.

        A user without a `credential_version` keeps what is stored: it is what logins are bound to.
        """

        def edited(text: str, tables: dict[str, Any]) -> str | None:
            table = tables.get(name, {})
            if table.get("password") != old or table.get("credential_version") is None:
                return None
            return _with(text, tables, name, {"password": new})

        return self._edit(edited)

    def remove(self, name: str) -> bool:
        """Remove an account; see :meth:`WritableUserStore.remove`."""

        def removed(text: str, tables: dict[str, Any]) -> str | None:
            if name not in tables:
                return None
            del tables[name]
            lines = _lines(text)
            begin, _, end = _place(lines, name)
            return "".join([*lines[:begin], *lines[end:]])

        return self._edit(removed)

    def _edit(self, edit: Callable[[str, dict[str, Any]], str | None]) -> bool:
        """Change the file, if what comes of it is what was meant, and nothing else.

        :param edit: returns the new text, given the old one and its tables, which it changes too;
            None leaves it
        """

        def edited(content: bytes) -> bytes | None:
            text = text_of(content)
            tables, parts = read(text, self._parts)
            new = edit(text, tables)
            if new is None:
                return None
            try:
                # Windows' editors end lines in their own way.
                encoded = (new.replace("\n", "\r\n") if b"\r\n" in content else new).encode()
            except UnicodeEncodeError:
                raise ValueError("a text holds what is no Unicode character") from None
            try:
                written, self._parts = read(new, parts)
                is_meant = written == tables
            except ValueError:
                is_meant = False
            if not is_meant:
                raise ValueError(f"{self.path}: {_BY_HAND}")
            return encoded

        return self._rewrite(edited)


def _new_table(account: Account) -> dict[str, Any]:
    """Return the table of a new account."""
    check_name(account.name)
    table = table_of(replace(account, credential_version=_drawn()))
    table = {key: _seconds(value) for key, value in table.items()}
    return table


def _account(name: str, table: Any) -> Account:
    if not isinstance(table, Mapping):
        # A string would be a password, and what is meant as a title would let somebody in.
        raise TypeError(
            f"{name!r} must be a table, not {type(table).__name__}: write [{_key(name)}], and "
            'below it password = "..."'
        )
    inner = _user_within(name, table)
    if inner is None and table and all(isinstance(one, Mapping) for one in table.values()):
        inner = f"{name}.{next(iter(table))}"
    if inner is not None:
        raise ValueError(f"the table [{inner}] is no user: write [{_key(inner)}] if that is a name")
    return account_of(name, table)


def _user_within(name: str, table: Mapping[str, Any]) -> str | None:
    """Return the name that was meant by a table within a table: one with a dot and no quotes."""
    for key, one in table.items():
        if isinstance(one, Mapping):
            inner = f"{name}.{key}"
            # One of a user's address, say, is a claim.
            found = _user_within(inner, one) if _OF_USERS.isdisjoint(one) else inner
            if found is not None:
                return found
    return None


def _credential(table: Any) -> str | None:
    account = account_of("", table)
    return account.password if account.credential_version is None else account.credential_version


def _drawn() -> str:
    return secrets.token_hex(8)


# The lines of one user


def _lines(text: str) -> list[str]:
    # Not splitlines(): it ends a line at more characters than TOML does.
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _with(text: str, tables: dict[str, Any], name: str, changed: Mapping[str, Any]) -> str:
    """Return the text with other values in the table of one user."""
    lines = _lines(text)
    begin, inner, end = _place(lines, name)
    block, rest = lines[begin:inner], lines[inner:end]
    for key, value in changed.items():
        is_there = value not in (None, False, (), [])
        value = list(value) if key == "groups" and is_there else _seconds(value)
        new = [f"{_key(key)} = {_value(value)}\n"] if is_there else []
        found = _lines_of(block, key)
        if found is None:
            last = max(n for n, line in enumerate(block) if line.strip()) + 1
            if new and not block[last - 1].endswith("\n"):
                block[last - 1] += "\n"
            block[last:last] = new
        else:
            block[found] = new
        # Not in place: it is known for the next time.
        tables[name] = {own: kept for own, kept in tables[name].items() if own != key}
        if is_there:
            tables[name][key] = value
    return "".join([*lines[:begin], *block, *rest, *lines[end:]])


def _place(lines: list[str], name: str) -> tuple[int, int, int]:
    """Return where the table of a user begins, where tables within it do, and where it ends."""
    begin = inner = None
    end = len(lines)
    for number, line in enumerate(lines):
        if not _HEADER.match(line):
            continue
        # Of many users each header would be parsed.
        path = _path(line) if begin is not None or name in line or "\\" in line else []
        if path[:1] == [name]:
            if begin is None and len(path) > 1:
                break
            begin, inner = (number, None) if begin is None else (begin, inner or number)
        elif path and begin is not None:
            end = number
            break
    if begin is None:
        raise ValueError(_BY_HAND)
    # Comments right above a table are that table's.
    while end < len(lines) and end - 1 > begin and lines[end - 1].lstrip().startswith("#"):
        end -= 1
    return begin, inner or end, end


def _path(line: str) -> list[str]:
    """Return the names in the header of a table; none of what is no header."""
    try:
        found: Any = read(line)[0]
    except ValueError:
        return []
    path: list[str] = []
    while isinstance(found, dict) and len(found) == 1:
        ((name, found),) = found.items()
        path.append(name)
    return path


def _lines_of(block: list[str], key: str) -> slice | None:
    """Return which lines of a table hold a key, None if none do."""
    for begin in range(1, len(block)):
        if key not in block[begin].partition("=")[0]:
            continue
        for end in range(begin + 1, len(block) + 1):
            try:
                found = read("".join(block[begin:end]))[0]
            except ValueError:
                continue
            if list(found) == [key]:
                return slice(begin, end)
            break
    return None


def _seconds(value: Any) -> Any:
    """Return a time to the second, with its zone: without one it is another moment elsewhere."""
    if not isinstance(value, datetime):
        return value
    zoned = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
    return zoned.replace(microsecond=0)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError(f"a key of a users.toml must be text, not {type(key).__name__}")
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)} = {_value(inner)}' for key, inner in value.items())}}}"
    raise ValueError(f"a users.toml is not given a value of type {type(value).__name__}")
