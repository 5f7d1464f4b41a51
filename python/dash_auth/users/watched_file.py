"""A file of users that is watched: what is changed in it counts at the next request."""

from __future__ import annotations

import logging
import os
import shlex
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from dash_auth import _core, audit
from dash_auth._arguments import check_number
from dash_auth._unavailable import Unavailable
from dash_auth.users.file_content import MISSING, Fault, Identity, content_of, identity_of
from dash_auth.users.store import Account
from dash_auth.users.written_file import rewrite

logger: logging.Logger = logging.getLogger("dash_auth")

MAX_STALE = 60 * 60
"""For how long the last good state of a file that cannot be read is in force, in seconds."""

_SETTLED = 2.0
"""How long a file has to have been as it is, in seconds, until another write to it cannot have the
same time: file systems count by up to two seconds."""

_BETWEEN_READS = 0.1
"""How often it is read until then, in seconds. What was found in a thread beforehand answers in the
event loop, too."""

_SAMPLE = 64

_MINUTE = 60


class WatchedFile(ABC):
    """Keeps users in a file.

    While it cannot be read, or holds no user, the last good state stays in force: that is logged
    once a minute, and is an event `users_unreadable`.

    Attributes:
        path: where it is.
        max_stale: for how long the last good state is in force while the file cannot be read, in
            seconds.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_stale: float = MAX_STALE) -> None:
        """Name the file; it is read when it is asked for.

        :param path: where it is; links are followed anew each time
        :param max_stale: for how long the last good state is in force while the file cannot be
            read, in seconds; 503 is answered after that
        :raises TypeError: for a path or a time that is none
        :raises ValueError: for a time that is none
        """
        check_number("max_stale", max_stale, "seconds")
        named = os.fspath(path)
        if not isinstance(named, str):
            raise TypeError(f"the path of the users must be a str, not {type(named).__name__}")
        self.path: str = named
        self.max_stale: float = max_stale
        self._accounts: Mapping[str, Account] = {}
        self._content: bytes | None = None
        self._identity: Identity | None = None
        self._version = 0
        self._fault: str | None = None
        # Whether what was found stays so as long as the file does: what could not be opened may be
        # opened later.
        self._is_final = False
        # By the monotonic clock: since when the file is as it is, when it was read last, and when
        # that was done; since when it has been seen to be bad, and when that was told.
        self._since: float | None = None
        self._began: float = 0.0
        self._ended: float = 0.0
        self._bad: float | None = None
        self._told: float | None = None
        self._reading = threading.Lock()
        self._telling = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    @abstractmethod
    def _parse(self, content: bytes) -> Mapping[str, Account]:
        """Return the accounts that a file holds.

        :raises TypeError: if they cannot be read
        :raises ValueError: if they cannot be read; what it says has no stored password
        """

    # What a store is asked

    def find(self, name: str) -> Account | None:
        """Return the account of a name, None if there is none.

        :param name: the name
        :raises Unavailable: if the file could not be read for too long
        """
        return self._current().get(name)

    def names(self) -> Iterable[str]:
        """Return the names of all accounts."""
        return list(self._current())

    def sample(self) -> list[str]:
        """Return some of the names with which somebody can log in.

        Against what is stored for them unknown names are verified in vain.
        """
        accounts = self._current().values()
        used = (
            one.name
            for one in accounts
            if one.password is not None and not one.disabled and not one.is_expired()
        )
        return list(islice(used, _SAMPLE))

    def version(self) -> object:
        """Return how often something else was read."""
        return self._version

    def is_current(self, name: str) -> bool:
        """Tell whether the file is as it was read, so that :meth:`find` answers from memory.

        :param name: the name that will be asked for
        """
        if self._since is None:
            return False
        # Another write may have left the same time, size and place.
        is_settled = self._is_final and self._began - self._since >= _SETTLED
        is_read = is_settled or time.monotonic() - self._ended < _BETWEEN_READS
        return is_read and self._identity == identity_of(self.path)

    def search(self, text: str = "", *, after: str = "", limit: int = 50) -> list[Account]:
        """Return accounts in the order of their names; see :class:`WritableUserStore`."""
        sought = text.casefold()
        accounts = self._current()
        found = (name for name, one in accounts.items() if name > after and _has(one, sought))
        return [accounts[name] for name in sorted(found)[:limit]]

    def prepare(self) -> None:
        """Read the file at start, where what is wrong with it is an error.

        :raises ValueError: if it is not there, holds no user, or cannot be read
        """
        with self._reading:
            self._read()
            fault = self._fault
        if fault is not None:
            raise ValueError(f"the users cannot be read: {self.path} {fault}{self._remedy(fault)}")

    def _remedy(self, fault: str) -> str:
        if fault not in (MISSING, _EMPTY):
            return ""
        return f". Add a user: dash-auth users add NAME --store {shlex.quote(self.path)}"

    # To read it

    def _current(self) -> Mapping[str, Account]:
        if not self.is_current(""):
            # All wait for the one that reads: what was removed counts for none of them.
            with self._reading:
                if not self.is_current(""):
                    self._read()
        fault = self._fault
        if fault is not None:
            self._tell(fault)
        return self._accounts

    def _tell(self, fault: str) -> None:
        """Tell that the file cannot be read, once a minute.

        :raises Unavailable: if that is so for too long
        """
        now = time.monotonic()
        bad = now if self._bad is None else self._bad
        is_over = self._content is None or now - bad > self.max_stale
        with self._telling:
            is_new = self._told is None or now - self._told >= _MINUTE
            if is_new:
                self._told = now
        if is_new:
            state = "requests are answered 503" if is_over else "the users before are in force"
            logger.warning("The users cannot be read: %s %s; %s", self.path, fault, state)
            audit.record(
                audit.Kind.USERS_UNREADABLE,
                user=None,
                address="",
                method="",
                reason=f"{self.path} {fault}",
            )
        if is_over:
            raise Unavailable(f"{self.path} {fault}")

    def _read(self) -> None:
        # Before it is opened: what is written later is read later.
        now = time.monotonic()
        identity: Identity | None
        try:
            _, identity, content = content_of(self.path)
        except Fault as fault:
            self._fault, identity, self._is_final = str(fault), identity_of(self.path), False
        else:
            self._fault, self._is_final = self._taken(content), True
        if self._fault is None:
            self._bad = self._told = None
        elif self._bad is None:
            self._bad = now
        if self._since is None or identity != self._identity:
            self._since = now
        self._identity, self._began, self._ended = identity, now, time.monotonic()

    def _taken(self, content: bytes) -> str | None:
        """Have what is in the file in force, or return why it cannot be."""
        if content == self._content and self._fault is None:
            return None
        try:
            accounts = self._accounts_in(content)
        except (TypeError, ValueError) as error:
            return f"holds what cannot be read: {error}"
        if not accounts:
            return _EMPTY
        self._accounts, self._content = accounts, content
        self._version += 1
        return None

    def _accounts_in(self, content: bytes) -> Mapping[str, Account]:
        """Return the accounts that a file holds, if each of them can be used.

        :raises TypeError: if they cannot be read
        :raises ValueError: if they cannot be read, or one could never log in
        """
        accounts = self._parse(content)
        stored = {one.name: one.password for one in accounts.values() if one.password is not None}
        if stored:
            # It names the user whose stored password, or name, could never log in.
            _core.Users(stored)
        return accounts

    # To change it

    def _rewrite(self, edit: Callable[[bytes], bytes | None]) -> bool:
        """Change the file, if apps can read what comes of it.

        :param edit: returns the new content, given the old one; None leaves it
        :raises OSError: if it cannot be read or written
        :raises ValueError: if apps would refuse what comes of it
        """

        def edited(content: bytes) -> bytes | None:
            new = edit(content)
            if new is not None and not self._accounts_in(new):
                raise ValueError(
                    f"{self.path} would hold no user, and apps would go on with the one that is "
                    "removed: add another one first"
                )
            return new

        return rewrite(self.path, edited)


_EMPTY = "holds no user"


def _has(account: Account, sought: str) -> bool:
    texts = (account.name, account.full_name or "", account.email or "")
    return any(sought in text.casefold() for text in texts)
