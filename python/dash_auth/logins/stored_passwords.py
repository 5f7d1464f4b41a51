"""Passwords that a store keeps: compared with what is there now."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from dash_auth import _core, security
from dash_auth._core import Attempt, Refusal, Users
from dash_auth._request import Request
from dash_auth._steps import Steps, Wait, is_way
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

logger: logging.Logger = logging.getLogger("dash_auth")


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
        self.store: UserStore = store
        self.keep_accounts: bool = not isinstance(store, Table) or store.keeps_accounts
        # Of stored passwords alone the core asks the developer's own mapping itself.
        self._kept: Any = (
            _Accounts(store) if self.keep_accounts or not isinstance(store, Table) else store.users
        )
        self._is_current = getattr(store, "is_current", None)
        self.has_to_look: bool = self._is_current is not None
        self._is_strict = is_strict
        self._throttle = throttle
        self._counters = counters_of(throttle)
        self._core = self._read()

    def _read(self) -> Users:
        table = {name: self._password(kept) for name, kept in self._kept.items()}
        if not self._is_strict:
            readable = {name: value for name, value in table.items() if _is_readable(name, value)}
            table = readable or {"nobody": secrets.token_urlsafe()}
        elif hasattr(self.store, "create"):
            if hasattr(self.store, "sample"):
                # A file was read as a whole; in a database a row refuses its user alone.
                table = {name: value for name, value in table.items() if _is_readable(name, value)}
            # Those who were invited have no password yet.
            table = table or {"nobody": secrets.token_urlsafe()}
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
        if self._is_current is not None:
            credentials = _core.parse_basic(brought) if isinstance(brought, str) else brought
            name = None if credentials is None else credentials.username
            if name is not None and not self._is_current(name):
                looking = self._looking_up(name, is_remembered=False)
                return self._verified_once_found(looking, brought, request, device)
        return self._verified(brought, request, device)

    def _verified_once_found(
        self,
        looking: Steps[None],
        brought: Brought,
        request: Request,
        device: DeviceOf | None,
    ) -> Steps[Verification]:
        yield from looking
        verified = self._verified(brought, request, device)
        return (yield from verified) if is_way(verified) else verified

    def _verified(
        self, brought: Brought, request: Request, device: DeviceOf | None
    ) -> Steps[Verification] | Verification:
        attempt = self._core.attempt(brought, self._kept, request.address, time.monotonic())
        if not isinstance(attempt, Attempt):
            return self._entering(attempt, device)
        return self._verified_later(attempt, request, device)

    def _verified_later(
        self, attempt: Attempt, request: Request, device: DeviceOf | None
    ) -> Steps[Verification]:
        account = "" if device is None else self._own_name(attempt.username)
        begun = outcome_at_once(attempt, request, device, account, account)
        # Wrong ones wait as those of an unknown name do: the time says nothing of who is known.
        outcome: Verification = (
            (yield self._waited(attempt, attempt.verify)) if begun is None else begun
        )
        if isinstance(outcome, tuple) and self._is_to_renew(outcome[0], attempt.stored):
            yield Wait(partial(self._renew, outcome[0], attempt), is_remembered=True)
        return self._entering(outcome, device)

    def _entering(self, outcome: Verification, device: DeviceOf | None) -> Verification:
        """Refuse who is to choose a password first where there is no page to do so."""
        if device is not None or not self.keep_accounts or not isinstance(outcome, tuple):
            return outcome
        account = self.account(outcome[0])
        if account is None:
            return Refusal.WRONG
        if account.must_change:
            logger.warning("Refused: %r has to change the password on the login page", account.name)
            return Refusal.WRONG
        return outcome

    # A weak hash of a right password is stored anew

    def _is_to_renew(self, name: str, stored: str | None) -> bool:
        """Tell whether a stored password is weak, is still there, and can be told from another."""
        if stored is None or not hasattr(self.store, "replace_password"):
            return False
        account = self.account(name)
        is_same = (
            account is not None
            and account.credential_version is not None
            # Of many at once the first one did so.
            and account.password == stored
        )
        return is_same and _weakness(stored) is not None

    def _renew(self, name: str, attempt: Attempt) -> None:
        """Store a password anew; where that cannot be, the login goes on all the same."""
        try:
            stored = security.generate_password_hash(attempt.password)
            self.store.replace_password(name, attempt.stored, stored)  # type: ignore[attr-defined]
        except Exception as error:
            # What it says may hold what was to be written.
            kind = type(error).__name__
            logger.warning("The weak password of %r could not be stored anew: %s", name, kind)

    # What is known of a user

    def look_up(self, name: str) -> Steps[None] | None:
        if self._is_current is None or self._is_current(name):
            return None
        # Who has logged in is held up by none of those who guess.
        return self._looking_up(name, is_remembered=True)

    def _looking_up(self, name: str, *, is_remembered: bool) -> Steps[None]:
        yield Wait(partial(self.store.find, name), is_remembered=is_remembered)

    def _own_name(self, typed: str) -> str:
        account = self.account(typed)
        return typed if account is None else account.name

    def account(self, name: str) -> Account | None:
        return usable(self.store.find, name)

    def stored(self, name: str) -> str | None:
        kept = self._kept.get(name)
        against = kept[2] if self.keep_accounts and kept is not None else kept
        # A store is live, and may hold anything by now.
        return against if isinstance(against, str) else None

    def knows(self, name: str) -> bool:
        if self.keep_accounts:
            # Also one to which nobody may log in.
            return self.store.find(name) is not None
        return self._kept.get(name) is not None

    def _password(self, kept: Any) -> Any:
        return kept[1] if self.keep_accounts and kept is not None else kept

    def weak(self) -> list[tuple[str, str]]:
        if hasattr(self.store, "replace_password"):
            # They are stored anew when their users log in.
            return []
        rows = ((name, _weakness(self._password(kept))) for name, kept in self._kept.items())
        return [(name, weakness) for name, weakness in rows if weakness is not None]


class _Accounts:
    """The accounts of a store as the core asks for them: name, password, what stands for it."""

    def __init__(self, store: UserStore) -> None:
        self._store = store
        self._version: object = object()
        self._names: tuple[str, ...] = ()

    def get(self, name: str) -> tuple[str, Any, Any] | None:
        account = usable(self._store.find, name)
        if account is None or account.password is None:
            return None
        return account.name, account.password, against_of(account)

    def __len__(self) -> int:
        return len(self.names())

    def items(self) -> Iterable[tuple[str, tuple[str, Any, Any]]]:
        found = ((name, self.get(name)) for name in self.names())
        return [(name, kept) for name, kept in found if kept is not None]

    def names(self) -> tuple[str, ...]:
        version = self._store.version()
        if version != self._version:
            # A few do where there are millions.
            names = getattr(self._store, "sample", self._store.names)
            # In this order: names that come in between are read again.
            self._names, self._version = tuple(names()), version
        return self._names


def against_of(account: Account) -> Any:
    """Return what logins to an account are bound to: they end when it changes."""
    version = account.credential_version
    # A stored password is read as no version.
    return account.password if version is None else f"version {version}"


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
