"""Users in a TOML file: one table a user, which people write by hand, too."""

from __future__ import annotations

import json
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from dash_auth import security
from dash_auth.users.fields import FIELDS, account_of, check_fields, check_name, table_of
from dash_auth.users.store import Account
from dash_auth.users.watched_file import WatchedFile
from dash_auth.users.written_file import rewrite

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_BARE = re.compile(r"[A-Za-z0-9_-]+")

_HEADER = re.compile(r"\s*\[")

_BY_HAND = (
    "the file cannot be changed without changing more of it: write each user as a table of its own, "
    '["name"], or change it by hand'
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

    def _parse(self, content: bytes) -> Mapping[str, Account]:
        tables = _tables(content)
        return {name: _account(name, table) for name, table in tables.items()}

    # To change it

    def create(self, account: Account) -> bool:
        """Add an account; see :meth:`WritableUserStore.create`."""
        check_name(account.name)
        table = table_of(replace(account, credential_version=_drawn()))
        table = {key: _seconds(value) for key, value in table.items()}
        account_of(account.name, table)

        def added(text: str, tables: dict[str, Any]) -> str | None:
            if account.name in tables:
                return None
            tables[account.name] = table
            gap = (
                "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
            )
            lines = [f"{_key(key)} = {_value(value)}\n" for key, value in table.items()]
            return f"{text}{gap}[{_key(account.name)}]\n{''.join(lines)}"

        return self._edit(added)

    def change(self, name: str, **fields: Any) -> bool:
        """Change single fields of an account; see :meth:`WritableUserStore.change`."""
        check_fields(fields, self.fields, "a users.toml")
        changed = dict(fields)
        if "password" in changed:
            changed["credential_version"] = _drawn()
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
            if table.get("password") != old or "credential_version" not in table:
                return None
            return _with(text, tables, name, {"password": new})

        return self._edit(edited)

    def remove(self, name: str) -> bool:
        """Remove an account; see :meth:`WritableUserStore.remove`."""

        def removed(text: str, tables: dict[str, Any]) -> str | None:
            if name not in tables:
                return None
            del tables[name]
            lines = text.splitlines(keepends=True)
            begin, _, end = _place(lines, name)
            return "".join([*lines[:begin], *lines[end:]])

        return self._edit(removed)

    def _edit(self, edit: Callable[[str, dict[str, Any]], str | None]) -> bool:
        """Change the file, if what comes of it is what was meant, and nothing else.

        :param edit: returns the new text, given the old one and its tables, which it changes too;
            None leaves it
        """

        def edited(content: bytes) -> bytes | None:
            tables = _tables(content)
            new = edit(content.decode(), tables)
            if new is None:
                return None
            try:
                encoded = new.encode()
            except UnicodeEncodeError:
                raise ValueError("a text holds what is no Unicode character") from None
            try:
                is_meant = tomllib.loads(new) == tables
            except tomllib.TOMLDecodeError:
                is_meant = False
            if not is_meant:
                raise ValueError(f"{self.path}: {_BY_HAND}")
            return encoded

        written = rewrite(self.path, edited)
        self._forget()
        return written


def _tables(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        # What it says ends with the place, and quotes no value.
        raise ValueError(str(error)) from None


def _account(name: str, table: Any) -> Account:
    if isinstance(table, Mapping) and table and all(isinstance(v, Mapping) for v in table.values()):
        inner = f"{name}.{next(iter(table))}"
        raise ValueError(f'the table [{inner}] is no user: write ["{inner}"] if that is the name')
    if not isinstance(table, str | Mapping):
        raise TypeError(f"{name!r} must be a table, not {type(table).__name__}")
    return account_of(name, table)


def _credential(table: Any) -> str | None:
    account = account_of("", table)
    return account.password if account.credential_version is None else account.credential_version


def _drawn() -> str:
    return secrets.token_hex(8)


# The lines of one user


def _with(text: str, tables: dict[str, Any], name: str, changed: Mapping[str, Any]) -> str:
    """Return the text with other values in the table of one user."""
    lines = text.splitlines(keepends=True)
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
        if is_there:
            tables[name][key] = value
        else:
            tables[name].pop(key, None)
    return "".join([*lines[:begin], *block, *rest, *lines[end:]])


def _place(lines: list[str], name: str) -> tuple[int, int, int]:
    """Return where the table of a user begins, where tables within it do, and where it ends."""
    headers = [(n, _path(line)) for n, line in enumerate(lines) if _HEADER.match(line)]
    own = [(n, path) for n, path in headers if path and path[0] == name]
    if not own or len(own[0][1]) != 1:
        raise ValueError(_BY_HAND)
    begin = own[0][0]
    after = [n for n, path in headers if n > begin and path[:1] != [name] and path]
    end = after[0] if after else len(lines)
    # Comments right above a table are that table's.
    while end < len(lines) and end - 1 > begin and lines[end - 1].lstrip().startswith("#"):
        end -= 1
    inner = own[1][0] if len(own) > 1 and own[1][0] < end else end
    return begin, inner, end


def _path(line: str) -> list[str]:
    """Return the names in the header of a table; none of what is no header."""
    try:
        found: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
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
                found = tomllib.loads("".join(block[begin:end]))
            except tomllib.TOMLDecodeError:
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


def _key(key: str) -> str:
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
    raise ValueError(f"a users.toml is not given a value of type {type(value).__name__}")
