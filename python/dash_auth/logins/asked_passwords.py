"""Passwords that are kept elsewhere: a verifier, or a function, is asked about them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from dash_auth import _core
from dash_auth._core import Attempt, Refusal, Throttled, VerifiedCredentials
from dash_auth._request import Request
from dash_auth._steps import Steps
from dash_auth.logins.function import (
    ask_function,
    asked,
)
from dash_auth.logins.passwords import (
    Brought,
    DeviceOf,
    Passwords,
    Verification,
    Verifier,
    outcome_at_once,
    usable,
)
from dash_auth.logins.throttle import (
    REPEATED,
    Throttle,
    check_throttle,
    counters_of,
    folded,
)
from dash_auth.users.store import Account

logger: logging.Logger = logging.getLogger("dash_auth")

_SLOW = 0.05
"""How long a verifier may take where nothing is remembered, in seconds."""


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
        self._counting = throttle, stated is None
        self._counters = counters_of(throttle, repeated=REPEATED, asks_again=stated is None)
        self._cache_seconds = cache_seconds
        self._memory = VerifiedCredentials(cache_seconds, counters=self._counters)
        self._is_throttled = self._counters is not None
        self._remembers_accounts = self.keep_accounts and bool(cache_seconds)
        self._is_told_of = bool(cache_seconds)

    def count_with(self, other: Passwords) -> None:
        if not isinstance(other, AskedPasswords) or other._counting != self._counting:
            return
        if other._counters is not self._counters:
            self._counters = other._counters
            self._memory = VerifiedCredentials(self._cache_seconds, counters=self._counters)

    def verify(
        self, brought: Brought, request: Request, device: DeviceOf | None = None
    ) -> Steps[Verification]:
        meant = self._meant(brought) if self._remembers_accounts else ""
        attempt = self._memory.attempt(brought, meant, request.address, time.monotonic())
        if not isinstance(attempt, Attempt):
            return self._named(attempt, meant)
        if not attempt.password and (self.keep_accounts or not isinstance(brought, str)):
            # To a directory it means no login at all, which succeeds (RFC 4513 section 5.1.2). Of a
            # header a function may make what it likes: programs send a token as the name.
            return Refusal.WRONG
        if self._is_throttled:
            counted = meant or self._counted(attempt.username)
            # A function has no names of its own: who logged in did so by what was typed.
            own = counted if self.keep_accounts else attempt.username
            begun = outcome_at_once(attempt, request, device, counted, own)
            if begun is not None:
                return self._named(begun, meant)
        step = self._waited(attempt, partial(self._ask, attempt, meant))
        return (yield step)  # type: ignore[no-any-return]

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
        return usable(self._verifier.find, name)

    def knows(self, name: str) -> bool:
        return self.keep_accounts and super().knows(name)

    def stored(self, name: str) -> str | None:
        account = self.account(name)
        return None if account is None else _against(account)


def _against(account: Account) -> str:
    """Return what a user is verified against; nothing where only the verifier knows that."""
    return account.password if isinstance(account.password, str) else ""


def _threads_are_greenlets() -> bool:
    """Tell whether gevent or eventlet has put greenlets, which share a thread, in their place."""
    return type(threading.Lock()).__module__ != "_thread"
