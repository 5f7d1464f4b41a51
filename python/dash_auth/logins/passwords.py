"""Names and passwords: who knows them, and what comes of those that a request brings."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

from dash_auth._core import Attempt, Counters, Credentials, Refusal, Throttled
from dash_auth._current import EMAIL_ADDRESS, FULL_NAME, groups_in, named
from dash_auth._request import Request
from dash_auth._steps import Steps, Wait
from dash_auth.logins.function import (
    GroupsFunc,
    account_in,
    groups_of,
)
from dash_auth.logins.guesses import SharedGuesses
from dash_auth.logins.throttle import (
    forwarded_of,
)
from dash_auth.users.store import Account, UserStore

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
        store: keeps the users; None where they are kept elsewhere.
        has_to_look: whether to find an account may take a while.
    """

    has_to_look: bool = False

    store: UserStore | None = None
    seconds: float | None = None
    keep_accounts: bool
    user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = None
    _counters: Counters | None = None
    _guesses: SharedGuesses | None = None

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

    def look_up(self, name: str) -> Steps[None] | None:
        """Have the account of a name at hand, if that takes a while.

        :param name: the user's name
        """
        return None

    def count_with(self, other: Passwords) -> None:
        """Count guesses together with another way to the same app, if both count alike.

        Else who is slowed down at one would go on at the other.

        :param other: who knows the passwords there
        """
        return

    def share_counters(self, guesses: SharedGuesses) -> None:
        """Have guesses counted together with those in other processes.

        :param guesses: counts them
        """
        self._guesses = guesses
        if self._counters is not None:
            self._counters.share()

    def _waited(self, attempt: Attempt, verify: Callable[[], Any]) -> Wait:
        """Return the step in which an attempt that has begun is counted and verified."""
        if self._guesses is None or self._counters is None:
            return Wait(verify)
        counted = partial(self._guesses.verified, attempt, self._counters, verify)
        # Who comes from a new place is held up by none of those who guess.
        return Wait(counted, is_remembered=attempt.is_remembered)

    def knows(self, name: str) -> bool:
        """Tell whether there is an account of that name, False where nothing can tell.

        :param name: the name as it was typed
        """
        return self.stored(name) is not None

    def must_change(self, name: str) -> bool:
        """Tell whether a user has to change the password before anything else.

        :param name: the user's name
        """
        account = self.account(name) if self.keep_accounts else None
        return account is not None and bool(account.must_change)

    def stored_in_use(self, name: str) -> str | None:
        """Return what :meth:`stored` does, None for a password that has to be changed first.

        :param name: the user's name
        """
        return None if self.must_change(name) else self.stored(name)

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
        claims = {} if account is None else claims_of(account)
        return named(name, {**claims, "groups": groups})

    def weak(self) -> list[tuple[str, str]]:
        """Return the names of users whose stored password should be stored anew, and why."""
        return []


def count_together(logins: Iterable[object], guesses: SharedGuesses | None = None) -> None:
    """Have guesses counted together that are made at the logins to one app.

    :param logins: the logins; those that check no passwords do not matter
    :param guesses: counts them with those in other processes, None where each counts for itself
    """
    named = [getattr(login, "passwords", None) for login in logins]
    found = [one for one in named if isinstance(one, Passwords)]
    for one in found[1:]:
        one.count_with(found[0])
    if guesses is not None:
        for one in found:
            one.share_counters(guesses)


def usable(find: Callable[[str], object], name: str) -> Account | None:
    """Return the account that is found by a name, None if nobody may log in to it."""
    account = account_in(find(name), getattr(find, "__qualname__", "find"))
    return None if account is None or account.disabled or account.is_expired() else account


def claims_of(account: Account) -> dict[str, Any]:
    """Return what the session shows of an account beside its name and its groups."""
    # Under "email" there is the name, as dash-auth has it.
    own = {EMAIL_ADDRESS: account.email, FULL_NAME: account.full_name}
    return {**account.claims, **{key: value for key, value in own.items() if value is not None}}


def outcome_at_once(
    attempt: Attempt, request: Request, device: DeviceOf | None, account: str, own: str
) -> Verification | None:
    """Return what comes of an attempt at once, None if it is to be verified.

    :param attempt: the attempt
    :param request: the request that makes it
    :param device: see :meth:`Passwords.verify`
    :param account: under which name it is counted
    :param own: the name of the account that it is meant for
    """
    return attempt.begin(
        time.monotonic(),
        account=account,
        forwarded=forwarded_of(request),
        device=None if device is None else device(own) or "",
    )
