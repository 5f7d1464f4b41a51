"""A store of users in memory that takes changes, for tests on the three servers."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dash_auth.users import Account
from werkzeug.security import generate_password_hash

FIELDS = frozenset({"password", "groups", "email", "full_name", "disabled", "must_change"})


def hashed(password: str) -> str:
    """Return what is stored of a password: a hash that costs a test nothing."""
    return generate_password_hash(password, "pbkdf2:sha256:10")


class MemoryUsers:
    """Keeps users in a dict.

    Attributes:
        rows: the accounts, by their names.
        fields: what it can keep besides the names.
        is_away: whether it is out of order.
        calls: what was called, by name.
        threads: the threads that changed something.
    """

    def __init__(self, *accounts: Account, fields: Iterable[str] = FIELDS) -> None:
        self.rows: dict[str, Account] = {}
        self.fields: frozenset[str] = frozenset(fields)
        self.is_away: bool = False
        self.calls: list[str] = []
        self.threads: set[int] = set()
        self.count: int = 0
        self.lock = threading.RLock()
        for account in accounts:
            assert self.create(account)
        self.calls.clear()

    def _asked(self, name: str) -> threading.RLock:
        self.calls.append(name)
        if name not in ("find", "names"):
            self.threads.add(threading.get_ident())
        if self.is_away:
            raise ConnectionError("the store is away")
        return self.lock

    def hashed(self, password: str) -> str:
        return hashed(password)

    def find(self, name: str) -> Account | None:
        with self._asked("find"):
            return self.rows.get(name)

    def names(self) -> Iterable[str]:
        with self._asked("names"):
            return list(self.rows)

    def version(self) -> object:
        return self.count

    def create(self, account: Account) -> bool:
        with self._asked("create"):
            self._check(account.name)
            if account.name in self.rows:
                return False
            self.rows[account.name] = replace(account, credential_version=secrets.token_hex(4))
            self.count += 1
            return True

    def change(self, name: str, **fields: Any) -> bool:
        with self._asked("change"):
            if not fields.keys() <= self.fields:
                raise ValueError(f"cannot keep {sorted(fields.keys() - self.fields)}")
            if name not in self.rows:
                return False
            if fields.get("disabled"):
                fields["credential_version"] = secrets.token_hex(4)
            if "password" in fields:
                fields.setdefault("must_change", False)
                fields["credential_version"] = secrets.token_hex(4)
            self.rows[name] = replace(self.rows[name], **fields)
            self.count += 1
            return True

    def remove(self, name: str) -> bool:
        with self._asked("remove"):
            self.count += 1
            return self.rows.pop(name, None) is not None

    def set_password(self, name: str, stored: str, *, was: str | None) -> bool:
        with self._asked("set_password"):
            account = self.rows.get(name)
            if account is None or account.credential_version != was:
                return False
            return self.change(name, password=stored)

    def replace_password(self, name: str, old: str, new: str) -> bool:
        with self._asked("replace_password"):
            account = self.rows.get(name)
            if account is None or account.password != old:
                return False
            self.rows[name] = replace(account, password=new)
            return True

    def search(self, text: str = "", *, after: str = "", limit: int = 50) -> list[Account]:
        with self._asked("search"):
            found = [
                account
                for name, account in sorted(self.rows.items())
                if name > after
                and any(
                    text.casefold() in (field or "").casefold()
                    for field in (name, account.full_name, account.email)
                )
            ]
            return found[:limit]

    @staticmethod
    def _check(name: str) -> None:
        if not name or not name.isprintable() or ":" in name or name != name.strip():
            raise ValueError("the name cannot be kept")
