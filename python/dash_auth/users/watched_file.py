"""A file of users that is watched: what is changed in it counts at the next request."""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import islice

from dash_auth import _core
from dash_auth._arguments import check_number
from dash_auth._unavailable import Unavailable
from dash_auth.users.store import Account

logger: logging.Logger = logging.getLogger("dash_auth")

MAX_STALE = 60 * 60
"""For how long the last good state of a file that cannot be read is in force, in seconds."""

_LARGEST = 64 * 1024 * 1024
"""The largest file that is read, in bytes."""

_SETTLED = 2_000_000_000
"""How old a file is, in ns, until two writes to it cannot have the same time."""

_SAMPLE = 64

_TRIES = 3
"""How often a file is read that changes meanwhile."""

_MINUTE = 60

_Identity = tuple[int, ...]


class WatchedFile(ABC):
    """Keeps users in a file.

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
        self.path: str = os.fspath(path)
        self.max_stale: float = max_stale
        self._accounts: Mapping[str, Account] = {}
        self._content: bytes | None = None
        self._identity: _Identity | None = None
        self._is_settled = False
        self._version = 0
        self._fault: str | None = None
        # Since when it has been seen to be bad, by the monotonic clock.
        self._bad: float | None = None
        self._warned: float | None = None
        self._reading = threading.Lock()

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
        """Return some of the names."""
        return list(islice(self._current(), _SAMPLE))

    def version(self) -> object:
        """Return how often something else was read."""
        return self._version

    def is_current(self, name: str) -> bool:
        """Tell whether the file is as it was read, so that :meth:`find` answers from memory."""
        return self._is_settled and self._identity == _identity_of(self.path)

    def search(self, text: str = "", *, after: str = "", limit: int = 50) -> list[Account]:
        """Return accounts in the order of their names; see :class:`WritableUserStore`."""
        sought = text.casefold()
        found = sorted(name for name, one in self._current().items() if _has(one, sought))
        return [self._accounts[name] for name in islice((n for n in found if n > after), limit)]

    def prepare(self) -> None:
        """Read the file at start, where what is wrong with it is an error.

        :raises ValueError: if it is not there, holds no user, or cannot be read
        """
        with self._reading:
            self._read()
        if self._fault is not None:
            raise ValueError(f"the users cannot be read: {self.path} {self._fault}{self._remedy()}")

    def _remedy(self) -> str:
        if self._fault not in (_MISSING, _EMPTY):
            return ""
        return f". Add a user: dash-auth users add NAME --store {self.path}"

    # To read it

    def _current(self) -> Mapping[str, Account]:
        if not self.is_current(""):
            # All wait for the one that reads: what was removed counts for none of them.
            with self._reading:
                if not self.is_current(""):
                    self._read()
        if self._fault is not None:
            self._tell(self._fault)
        return self._accounts

    def _tell(self, fault: str) -> None:
        """Warn that the file cannot be read, once a minute.

        :raises Unavailable: if that is so for too long
        """
        now = time.monotonic()
        is_over = self._content is None or now - (self._bad or now) > self.max_stale
        if self._warned is None or now - self._warned >= _MINUTE:
            self._warned = now
            state = "nobody can log in" if is_over else "the users before are in force"
            logger.warning("The users cannot be read: %s %s; %s", self.path, fault, state)
        if is_over:
            raise Unavailable(f"{self.path} {fault}")

    def _read(self) -> None:
        try:
            identity, content = _content_of(self.path)
            self._take(content)
            self._fault = None
        except _Fault as fault:
            self._fault = str(fault)
            identity = _identity_of(self.path)
        except (TypeError, ValueError) as error:
            self._fault = f"holds what cannot be read: {error}"
        if self._fault is None:
            self._bad = self._warned = None
        elif self._bad is None:
            self._bad = time.monotonic()
        self._identity = identity
        self._is_settled = identity is None or not _is_young(identity)

    def _take(self, content: bytes) -> None:
        if content == self._content and self._fault is None:
            return
        accounts = self._parse(content)
        if not accounts:
            raise _Fault(_EMPTY)
        stored = {one.name: one.password for one in accounts.values() if one.password is not None}
        if stored:
            # It names the user whose stored password, or name, could never log in.
            _core.Users(stored)
        self._accounts, self._content = accounts, content
        self._version += 1

    def _forget(self) -> None:
        """Have the file read again, which was just written."""
        self._is_settled = False


class _Fault(Exception):
    """Why a file is not read at all."""


_MISSING = "is not there"
_EMPTY = "holds no user"


def _identity_of(path: str) -> _Identity | None:
    """Return what tells a file from what was there before, None if nothing is there."""
    try:
        return _identity(os.stat(path))
    except (OSError, ValueError):
        return None


def _identity(found: os.stat_result) -> _Identity:
    return (
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_size,
        found.st_ino,
        found.st_dev,
        found.st_mode,
    )


def _is_young(identity: _Identity) -> bool:
    now = time.time_ns()
    return any(abs(now - changed) < _SETTLED for changed in identity[:2])


def _content_of(path: str) -> tuple[_Identity, bytes]:
    """Return what is in a file: of one that was opened once, and did not change meanwhile."""
    for _ in range(_TRIES):
        try:
            # What is no file, such as a pipe, must not make it wait.
            opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            raise _Fault(_MISSING) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "is no path"
            raise _Fault(f"cannot be opened: {reason}") from None
        with os.fdopen(opened, "rb") as file:
            found = os.fstat(opened)
            _check(found)
            try:
                content = file.read(_LARGEST + 1)
            except OSError as error:
                raise _Fault(f"cannot be read: {error.strerror}") from None
            if len(content) > _LARGEST:
                raise _Fault(f"is larger than {_LARGEST >> 20} MiB")
            identity = _identity(found)
            if identity == _identity(os.fstat(opened)):
                return identity, content
    raise _Fault("changes while it is read")


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _Fault("is no file")
    if os.name == "posix" and found.st_mode & stat.S_IWOTH:
        raise _Fault("can be written by every user of the machine: chmod o-w")


def _has(account: Account, sought: str) -> bool:
    texts = (account.name, account.full_name or "", account.email or "")
    return any(sought in text.casefold() for text in texts)
