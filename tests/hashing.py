"""Stored passwords whose hashing a test sees, and can hold up.

PBKDF2 with a digest that the core has no code for is derived by Python's hashlib: there each hash
can be counted, and kept from ending until the test has seen what it waits for.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.security import generate_password_hash

DIGEST = "sha3_256"
GIVE_UP = 30
"""After how many seconds a hash that is held up goes on, so that a test that fails ends."""


class Hashing:
    """Counts the hashes of one test."""

    def __init__(self) -> None:
        self.begun: list[tuple[Any, ...]] = []
        """Digest, salt and iterations of each."""
        self.meanwhile: Callable[[], object] = lambda: None
        """Called in the thread of each hash, before it is derived."""
        self._holds: list[Hold] = []

    def of(self, password: str) -> str:
        """Return a stored value that is hashed in sight.

        :param password: the password
        """
        stored = generate_password_hash(password, f"pbkdf2:{DIGEST}:10")
        self.begun.clear()
        return stored

    def count(self, act: Callable[[], object]) -> int:
        """Return how many hashes something takes.

        :param act: what is done
        """
        before = len(self.begun)
        act()
        return len(self.begun) - before

    def hold(self) -> Hold:
        """Keep every hash that begins from ending until it is let go."""
        hold = Hold()
        self._holds.append(hold)
        self.meanwhile = hold.wait
        return hold

    def let_all_go(self) -> None:
        """Hold nothing up any more."""
        for hold in self._holds:
            hold.let_go()


class Hold:
    """Holds up who comes, until let go."""

    def __init__(self) -> None:
        self._reached = threading.Semaphore(0)
        self._let_go = threading.Event()
        self.gave_up = False

    def wait(self) -> None:
        """Wait here, as who is held up."""
        self._reached.release()
        if not self._let_go.wait(GIVE_UP):
            self.gave_up = True

    def reached(self) -> bool:
        """Wait until one more is held up."""
        return self._reached.acquire(timeout=GIVE_UP)

    def let_go(self) -> None:
        """Let all go on, those that come later too."""
        self._let_go.set()


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hashing]:
    """Give what counts the hashes of stored values that it made."""
    seen = Hashing()
    derive = hashlib.pbkdf2_hmac

    def derived(digest: str, password: bytes, salt: bytes, iterations: int, *more: Any) -> bytes:
        # The core asks once, with no salt, whether there is such a digest.
        if digest == DIGEST and salt:
            seen.begun.append((digest, salt, iterations))
            seen.meanwhile()
        return derive(digest, password, salt, iterations, *more)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", derived)
    yield seen
    seen.let_all_go()
