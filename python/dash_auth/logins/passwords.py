"""Names and passwords: compared with what a store keeps, or asked of a verifier."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

from dash_auth import _core, security
from dash_auth._arguments import check_auth_func, check_number, is_store, is_verifier, users_of
from dash_auth._core import Attempt, Credentials, Refusal, Throttled, Users, VerifiedCredentials
from dash_auth._current import groups_in, named
from dash_auth._request import Request
from dash_auth._steps import Steps, Wait
from dash_auth.logins.function import (
    GroupsFunc,
    account_in,
    ask_function,
    asked,
    check_user_groups,
    groups_of,
)
from dash_auth.logins.throttle import (
    REPEATED,
    Throttle,
    check_throttle,
    counters_of,
    folded,
    forwarded_of,
)
from dash_auth.users.store import Account, UserStore
from dash_auth.users.table import Table

logger: logging.Logger = logging.getLogger("dash_auth")

SESSION_SECONDS = 8 * 60 * 60
"""For how long a login counts whose password is kept elsewhere, in seconds."""

DEFAULT_THROTTLE = Throttle()
"""How often passwords may be guessed, unless an app says otherwise."""

_SLOW = 0.05
"""How long a verifier may take where nothing is remembered, in seconds."""

Verified = tuple[str, str]
"""A user's name, and what the user was verified against."""

Brought = str | Credentials
"""Credentials as they came: the value of an Authorization header, or what was typed into a form."""

DeviceOf = Callable[[str], str | None]
"""Returns the id of a browser's device, if a cookie says that it is one for this account."""

Verification = Verified | Refusal | Throttled
"""What comes of credentials: whose they are, or why they are nobody's."""


class Verifier(Protocol):
    """Checks passwords that are kept elsewhere, such as in a directory.

    What it raises lets nobody in; see :class:`dash_auth.Unavailable`. It may state, as its
    attribute `throttle`, a :class:`dash_auth.Throttle` that is stricter than the app's: so a
    directory that locks accounts is asked too seldom to lock one.
    """

    def check(self, name: str, password: str) -> Account | Awaitable[Account | None] | None:
        """Return the account of a user whose password is right, else None.

        It may take long, and be async.

        :param name: the name as it was typed
        :param password: the password that came along
        """

    def find(self, name: str) -> Account | None:
        """Return the account that a user means by a name, None if there is none.

        It answers at once, from memory: it is asked at each request of a user who was checked
        before, in an event loop too.

        :param name: the name as it was typed, or that of an account
        """


class Passwords(ABC):
    """Who knows the passwords, and what else is known of their users.

    Attributes:
        seconds: for how long a login counts, in seconds; None while what is stored is the same.
        keep_accounts: whether they know more of a user than name and password.
        user_groups: the groups of each user, or a function of the name that returns them; None for
            those of the account.
    """

    seconds: float | None = None
    keep_accounts: bool
    user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = None

    @abstractmethod
    def verify(
        self, brought: Brought, request: Request, device: DeviceOf | None = None
    ) -> Steps[Verification] | Verification:
        """Return whose credentials a request brings, or why they are nobody's.

        Wrong ones are counted; where there were too many it says how long the client has to wait.

        :param brought: the value of the Authorization header, or name and password from a form
        :param request: the request that brings them
        :param device: with a form, returns the id in the cookie of the browser's device, if it is
            for the account of this name; None for HTTP Basic
        """

    @abstractmethod
    def account(self, name: str) -> Account | None:
        """Return a user's account, None if nobody may log in to it.

        :param name: the user's name
        """

    @abstractmethod
    def stored(self, name: str) -> str | None:
        """Return what a user is verified against now, None if that can be nothing.

        :param name: the user's name
        """

    def knows(self, name: str) -> bool:
        """Tell whether there is an account of that name, False where nothing can tell.

        :param name: the name as it was typed
        """
        return self.stored(name) is not None

    def claims(self, name: str) -> Steps[dict[str, Any]]:
        """Return what the session shows of a user.

        :param name: the user's name
        """
        account = self.account(name) if self.keep_accounts else None
        if callable(self.user_groups):
            groups = yield Wait(partial(groups_of, self.user_groups, name), is_remembered=True)
        elif account is not None and self.user_groups is None:
            groups = groups_in(account.groups)
        else:
            groups = groups_of(self.user_groups, name)
        claims = {} if account is None else account.claims
        return named(name, {**claims, "groups": groups})

    def weak(self) -> list[tuple[str, str]]:
        """Return the names of users whose stored password should be stored anew, and why."""
        return []


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
        table = {name: self._password(kept) for name, kept in self._kept.items()}
        if not is_strict:
            readable = {name: value for name, value in table.items() if _is_readable(name, value)}
            table = readable or {"nobody": secrets.token_urlsafe()}
        counters = counters_of(throttle)
        self._core = Users(table, is_named=self.keep_accounts, counters=counters)

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
        begun = _begun(attempt, request, device, account)
        # Wrong ones wait as those of an unknown name do: the time says nothing of who is known.
        return (yield Wait(attempt.verify)) if begun is None else begun

    def _own_name(self, typed: str) -> str:
        account = self.account(typed)
        return typed if account is None else account.name

    def account(self, name: str) -> Account | None:
        return _usable(self._store.find, name)

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
        account = _usable(self._store.find, name)
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


class FunctionVerifier:
    """The developer's own function of name and password, as a verifier."""

    def __init__(self, auth_func: Callable[[str, str], Any]) -> None:
        """Remember whom to ask.

        :param auth_func: the function
        """
        self._auth_func = auth_func

    def check(self, name: str, password: str) -> Account | None:
        """Return an account of that name if the function returns True."""
        return Account(name) if ask_function(self._auth_func, name, password) else None

    def find(self, name: str) -> Account:
        """Return an account of that name: the function cannot be asked about it alone."""
        return Account(name)


class AskedPasswords(Passwords):
    """Asks a verifier about passwords."""

    def __init__(
        self,
        verifier: Verifier,
        cache_seconds: float,
        session_seconds: float,
        throttle: Throttle | None = None,
    ) -> None:
        """Remember whom to ask.

        :param verifier: whom
        :param cache_seconds: for how long what it accepted is not asked about again, in seconds
        :param session_seconds: for how long it counts once it accepted somebody, in seconds
        :param throttle: how often passwords may be guessed, None for as often as you like; what the
            verifier states counts where it is stricter
        :raises TypeError: if the verifier states what is no throttle
        """
        self._verifier = verifier
        self.keep_accounts: bool = not isinstance(verifier, FunctionVerifier)
        self._what = f"{type(verifier).__name__}.check" if self.keep_accounts else "auth_func"
        self.seconds: float | None = session_seconds
        stated = getattr(verifier, "throttle", None)
        check_throttle(stated)
        if throttle is not None and stated is not None:
            throttle = throttle.stricter(stated)
        # What is kept elsewhere may be another password by now, so it is asked again; but not what
        # locks accounts, and counts each wrong password.
        counters = counters_of(throttle, repeated=REPEATED, asks_again=stated is None)
        self._memory = VerifiedCredentials(cache_seconds, counters=counters)
        self._is_throttled = counters is not None
        self._remembers_accounts = self.keep_accounts and bool(cache_seconds)
        self._is_told_of = bool(cache_seconds)

    def verify(
        self, brought: Brought, request: Request, device: DeviceOf | None = None
    ) -> Steps[Verification]:
        meant = self._meant(brought) if self._remembers_accounts else ""
        attempt = self._memory.attempt(brought, meant, request.address, time.monotonic())
        if not isinstance(attempt, Attempt):
            return self._named(attempt, meant)
        if self._is_throttled:
            counted = meant or self._counted(attempt.username)
            begun = _begun(attempt, request, device, counted)
            if begun is not None:
                return self._named(begun, meant)
        return (yield Wait(partial(self._ask, attempt, meant)))  # type: ignore[no-any-return]

    def _meant(self, brought: Brought) -> str:
        """Return the name of the account that credentials are meant for, nothing if there is none.

        By what was typed another one may be meant by now, whose password it is not.
        """
        credentials = _core.parse_basic(brought) if isinstance(brought, str) else brought
        account = None if credentials is None else self.account(credentials.username)
        return "" if account is None else account.name

    def _counted(self, typed: str) -> str:
        """Return the name under which guesses at an account are counted."""
        try:
            account = self.account(typed) if self.keep_accounts else None
        except Exception:
            # Whoever asks about the account next tells of it.
            logger.debug("Counted by the name that was typed", exc_info=True)
            account = None
        return folded(typed) if account is None else account.name

    def _ask(self, attempt: Attempt, meant: str) -> Verification:
        # Where greenlets share a thread, the core's wait would stop the one that could end it.
        outcome = attempt.verify(can_wait=not _threads_are_greenlets())
        if outcome is not None:
            return self._named(outcome, meant)
        found: Account | Refusal = Refusal.UNAVAILABLE
        try:
            found = self._checked(attempt.username, attempt.password)
        finally:
            is_unknown = found == Refusal.UNAVAILABLE
            outcome = attempt.land(None if is_unknown else isinstance(found, Account))
        return (found.name, _against(found)) if isinstance(found, Account) else outcome

    def _checked(self, name: str, password: str) -> Account | Refusal:
        begun = time.monotonic()
        found = asked(self._what, self._verifier.check, name, password)
        took = time.monotonic() - begun
        if took > _SLOW and not self._is_told_of:
            self._is_told_of = True
            logger.warning(
                "%s takes %d ms, and is asked at each request, some forty times a page: "
                "pass auth_func_cache_seconds=60 to BasicAuth.",
                self._what,
                took * 1000,
            )
        return found

    def _named(self, outcome: Verification, meant: str) -> Verification:
        """Return the user's own name, where what was typed is known to be right."""
        if isinstance(outcome, Refusal | Throttled):
            return outcome
        if self._remembers_accounts and not meant:
            return Refusal.WRONG
        account = self.account(meant or outcome[0])
        return Refusal.WRONG if account is None else (account.name, _against(account))

    def account(self, name: str) -> Account | None:
        return _usable(self._verifier.find, name)

    def knows(self, name: str) -> bool:
        return self.keep_accounts and super().knows(name)

    def stored(self, name: str) -> str | None:
        account = self.account(name)
        return None if account is None else _against(account)


def passwords_of(
    users: Any,
    cache_seconds: float = 0,
    session_seconds: float = SESSION_SECONDS,
    *,
    user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = None,
    is_strict: bool = True,
    throttle: Throttle | None = DEFAULT_THROTTLE,
) -> Passwords:
    """Return who knows the passwords.

    :param users: a mapping or pairs of names and stored passwords, a store of users, a verifier, or
        a function of name and password
    :param cache_seconds: see :class:`AskedPasswords`
    :param session_seconds: see :class:`AskedPasswords`
    :param user_groups: see :class:`Passwords`
    :param is_strict: see :class:`StoredPasswords`
    :param throttle: how often passwords may be guessed, None for as often as you like
    :raises TypeError: if it is none of these, for a time that is no number, or see
        :class:`StoredPasswords`
    :raises ValueError: for a time that is none, or goes with no store, or see
        :class:`StoredPasswords`
    """
    check_user_groups(user_groups)
    check_number("auth_func_cache_seconds", cache_seconds, "seconds")
    check_number("auth_func_session_seconds", session_seconds, "seconds")
    check_throttle(throttle)
    passwords = _passwords_of(
        users, cache_seconds, session_seconds, is_strict=is_strict, throttle=throttle
    )
    passwords.user_groups = user_groups
    return passwords


def _passwords_of(
    users: Any,
    cache_seconds: float,
    session_seconds: float,
    *,
    is_strict: bool,
    throttle: Throttle | None,
) -> Passwords:
    is_other = isinstance(users, Mapping | type) or is_store(users) or is_verifier(users)
    if callable(users) and not is_other:
        check_auth_func(users)
        users = FunctionVerifier(users)
    users = users_of(users)
    if is_verifier(users):
        return AskedPasswords(users, cache_seconds, session_seconds, throttle)
    if cache_seconds or session_seconds != SESSION_SECONDS:
        raise ValueError(
            "auth_func_cache_seconds and auth_func_session_seconds go with auth_func=: "
            "a table of users is asked at each request"
        )
    store = Table(users) if isinstance(users, Mapping) else users
    return StoredPasswords(store, is_strict=is_strict, throttle=throttle)


def _usable(find: Callable[[str], object], name: str) -> Account | None:
    """Return the account that is found by a name, None if nobody may log in to it."""
    account = account_in(find(name), getattr(find, "__qualname__", "find"))
    return None if account is None or account.disabled else account


def _against(account: Account) -> str:
    """Return what a user is verified against; nothing where only the verifier knows that."""
    return account.password if isinstance(account.password, str) else ""


def _begun(
    attempt: Attempt, request: Request, device: DeviceOf | None, account: str
) -> Verification | None:
    """Return what comes of an attempt at once, None if it is to be verified.

    :param attempt: the attempt
    :param request: the request that makes it
    :param device: see :meth:`Passwords.verify`
    :param account: the name of the account that it is meant for
    """
    return attempt.begin(
        time.monotonic(),
        account=account,
        forwarded=forwarded_of(request),
        device=None if device is None else device(account) or "",
    )


def _is_readable(name: str, stored: Any) -> bool:
    """Tell whether the core can verify a password against what is stored for a user."""
    try:
        Users({name: stored})
    except (TypeError, ValueError):
        return False
    return True


def _threads_are_greenlets() -> bool:
    """Tell whether gevent or eventlet has put greenlets, which share a thread, in their place."""
    return type(threading.Lock()).__module__ != "_thread"


def _weakness(stored: Any) -> str | None:
    """Return why a password should be stored anew, None if it need not be."""
    try:
        if not security.password_needs_rehash(stored):
            return None
        return "stored as plaintext" if _core.is_plaintext(stored) else "hash is outdated"
    except (TypeError, ValueError):  # put into the live table later on; nobody logs in with it
        return "cannot be read"
