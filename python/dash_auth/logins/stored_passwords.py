"""Passwords that a store keeps: compared with what is there now."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from typing import Any

from dash_auth import _core, security
from dash_auth._core import Attempt, Users
from dash_auth._request import Request
from dash_auth._steps import Steps
from dash_auth.logins.passwords import (
    Brought,
    DeviceOf,
    Passwords,
    Verification,
    outcome_at_once,
    usable,
)
from dash_auth.logins.throttle import (
    Throttle,
    counters_of,
)
from dash_auth.users.store import Account, UserStore
from dash_auth.users.table import Table


class StoredPasswords(Passwords):
    """Compares passwords with what a store keeps, which stays live."""

    def __init__(
        self, store: UserStore, *, is_strict: bool = True, throttle: Throttle | None = None
    ) -> None:
        """Read what is stored.

        :param store: keeps the users
        :param throttle: how often passwords may be guessed, None for as often as you like
        :param is_strict: whether a stored value that cannot be read is an error; a subclass's own
            check may read what the core cannot, and then ours refuses these users alone
        :raises TypeError: if a name or a stored value is no text
        :raises ValueError: if a name or a stored value can let nobody in, or there are no users
        """
        self._store = store
        self.keep_accounts: bool = not isinstance(store, Table)
        # Of a table the core asks the developer's own mapping itself: each request does.
        self._kept: Any = store.users if isinstance(store, Table) else _Accounts(store)
        self._is_strict = is_strict
        self._throttle = throttle
        self._counters = counters_of(throttle)
        self._core = self._read()

    def _read(self) -> Users:
        table = {name: self._password(kept) for name, kept in self._kept.items()}
        if not self._is_strict:
            readable = {name: value for name, value in table.items() if _is_readable(name, value)}
            table = readable or {"nobody": secrets.token_urlsafe()}
        return Users(table, is_named=self.keep_accounts, counters=self._counters)

    def count_with(self, other: Passwords) -> None:
        if not isinstance(other, StoredPasswords) or other._throttle != self._throttle:
            return
        if other._counters is not self._counters:
            self._counters = other._counters
            self._core = self._read()

    def verify(
        self, brought: Brought, request: Request, device: DeviceOf | None = None
    ) -> Steps[Verification] | Verification:
        attempt = self._core.attempt(brought, self._kept, request.address, time.monotonic())
        if not isinstance(attempt, Attempt):
            return attempt
        return self._verified_later(attempt, request, device)

    def _verified_later(
        self, attempt: Attempt, request: Request, device: DeviceOf | None
    ) -> Steps[Verification]:
        account = "" if device is None else self._own_name(attempt.username)
        begun = outcome_at_once(attempt, request, device, account, account)
        # Wrong ones wait as those of an unknown name do: the time says nothing of who is known.
        return (yield self._waited(attempt, attempt.verify)) if begun is None else begun

    def _own_name(self, typed: str) -> str:
        account = self.account(typed)
        return typed if account is None else account.name

    def account(self, name: str) -> Account | None:
        return usable(self._store.find, name)

    def stored(self, name: str) -> str | None:
        password = self._password(self._kept.get(name))
        # A store is live, and may hold anything by now.
        return password if isinstance(password, str) else None

    def knows(self, name: str) -> bool:
        return self._kept.get(name) is not None

    def _password(self, kept: Any) -> Any:
        return kept[1] if self.keep_accounts and kept is not None else kept

    def weak(self) -> list[tuple[str, str]]:
        rows = ((name, _weakness(self._password(kept))) for name, kept in self._kept.items())
        return [(name, weakness) for name, weakness in rows if weakness is not None]


class _Accounts:
    """The accounts of a store as the core asks for them: names, and stored passwords."""

    def __init__(self, store: UserStore) -> None:
        self._store = store
        self._version: object = object()
        self._names: tuple[str, ...] = ()

    def get(self, name: str) -> tuple[str, Any] | None:
        account = usable(self._store.find, name)
        if account is None or account.password is None:
            return None
        return account.name, account.password

    def __len__(self) -> int:
        return len(self._listed())

    def items(self) -> Iterable[tuple[str, tuple[str, Any]]]:
        found = ((name, self.get(name)) for name in self._listed())
        return [(name, kept) for name, kept in found if kept is not None]

    def _listed(self) -> tuple[str, ...]:
        version = self._store.version()
        if version != self._version:
            # In this order: names that come in between are read again.
            self._names, self._version = tuple(self._store.names()), version
        return self._names


def _is_readable(name: str, stored: Any) -> bool:
    """Tell whether the core can verify a password against what is stored for a user."""
    try:
        Users({name: stored})
    except (TypeError, ValueError):
        return False
    return True


def _weakness(stored: Any) -> str | None:
    """Return why a password should be stored anew, None if it need not be."""
    try:
        if not security.password_needs_rehash(stored):
            return None
        return "stored as plaintext" if _core.is_plaintext(stored) else "hash is outdated"
    except (TypeError, ValueError):  # put into the live table later on; nobody logs in with it
        return "cannot be read"
