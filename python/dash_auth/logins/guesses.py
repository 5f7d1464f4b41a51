"""Guesses that all processes of an app count together, in Redis.

The core says which counters an attempt is for, and what is to be asked about it; `guesses.lua`
decides in one call. Redis learns names and addresses as keyed digests alone, and of passwords
nothing: that the same wrong one came again, and that the same right one is asked about by several
requests at once, each process knows for itself. So a wrong password that comes again counts once
in each.

What is remembered as right asks nothing where it was right lately, and its place is not used up
here. Elsewhere it asks: somebody may have to wait of whom this process has not heard.

Where Redis cannot be asked, the process goes by what it has counted itself all along. To refuse
would let anybody who can hold up Redis lock all users out; and guesses stay bounded, for each
process, as they are with no Redis.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any, cast

from dash_auth._core import Attempt, Counters, Refusal, SharedGuess, Throttled
from dash_auth._out_of_order import is_out_of_order
from dash_auth._secret_keys import Keys
from dash_auth.sessions import named
from dash_auth.sessions.reached import Reached

logger: logging.Logger = logging.getLogger("dash_auth")

_SCRIPT = (Path(__file__).parent / "guesses.lua").read_text(encoding="utf-8")
_SHA = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()

PREFIX = "dash_auth:guesses:"
"""What the names of all keys begin with."""

_PAUSE = 1.0
"""For how long Redis is not asked again once it could not be, in seconds."""

_SAID_EACH = 60.0
"""How often the log says so, in seconds."""

_BOOKED = 5
"""How many numbers come back once a guess is booked: no wait, when that was, and of each counter
when the last failure was."""

_JOINED = 5.0
"""For how long a request waits for another's call, in seconds: the call ends before."""


class _Made:
    """The same guess, made by some requests of this process at once: it counts as one.

    Attributes:
        is_asked: set once Redis has answered, or cannot be asked.
        booked: what it answered, None if it cannot be asked.
        holders: how many requests make it.
        found: whether it was right, None as long as nobody can tell.
    """

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.booked: list[int] | None = None
        self.holders = 0
        self.found: bool | None = None


class SharedGuesses:
    """Counts the guesses at one app, with all other processes that do."""

    def __init__(
        self,
        redis: Callable[[], Any],
        guard_name: str,
        keys: Callable[[], Keys],
        *,
        clock: Callable[[], int] | None = None,
    ) -> None:
        """Say where they are counted.

        :param redis: returns this process's client of Redis, which answers or fails soon
        :param guard_name: what tells this guard from any other in the same Redis
        :param keys: returns the server's secret keys, under which names and addresses are digested
        :param clock: for tests: returns the time in milliseconds, in the place of Redis's own
        """
        self._redis = redis
        self._guard = guard_name
        self._keys = keys
        self._clock = clock
        self._is_away = False
        self._asked_again_at = 0.0
        self._said_again_at = 0.0
        self._start()

    def _start(self) -> None:
        # Of another process no request ever ends in this one, which is its fork.
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._made: dict[tuple[int, int], _Made] = {}

    def verified(
        self, attempt: Attempt, counters: Counters, verify: Callable[[], Any]
    ) -> tuple[str, str] | Refusal | Throttled:
        """Return what comes of an attempt, which is counted before it is verified.

        :param attempt: the attempt, which has begun
        :param counters: those of this process
        :param verify: verifies it
        """
        keys = self._keys()
        numbers = counters.numbers
        # What counts otherwise counts apart.
        guess = attempt.shared(keys[0] if keys else b"", f"{self._guard} {numbers}")
        if guess is None:
            attempt.let_through()
            return verify()  # type: ignore[no-any-return]
        if guess.asks != "book":
            answer = self._ask(guess.asks, guess, numbers)
            outcome = self._decided(attempt, answer, verify)
            if guess.asks == "look" and answer is not None and isinstance(outcome, tuple):
                self._ask("known", guess, numbers)
            return outcome
        made = self._join(guess, numbers)
        found = None
        try:
            found = self._decided(attempt, made.booked, verify)
        finally:
            self._leave(made, guess, numbers, found)
        return found

    @staticmethod
    def _decided(
        attempt: Attempt, answer: list[int] | None, verify: Callable[[], Any]
    ) -> tuple[str, str] | Refusal | Throttled:
        if answer is not None:
            if answer[0]:
                return attempt.hold(answer[0])
            attempt.let_through()
        return verify()  # type: ignore[no-any-return]

    def _join(self, guess: SharedGuess, numbers: tuple[float, ...]) -> _Made:
        if self._process != os.getpid():
            self._start()
        with self._lock:
            made = self._made.get(guess.id)
            is_first = made is None
            if made is None:
                made = self._made[guess.id] = _Made()
            made.holders += 1
        if is_first:
            try:
                made.booked = self._ask("book", guess, numbers)
            finally:
                made.is_asked.set()
        else:
            made.is_asked.wait(_JOINED)
        return made

    def _leave(
        self,
        made: _Made,
        guess: SharedGuess,
        numbers: tuple[float, ...],
        outcome: object,
    ) -> None:
        is_right = isinstance(outcome, tuple)
        with self._lock:
            made.holders -= 1
            is_last = not made.holders
            if is_last and self._made.get(guess.id) is made:
                del self._made[guess.id]
            is_new = is_right and made.found is not True
            if is_right:
                made.found = True
            elif outcome == Refusal.WRONG and made.found is None:
                made.found = False
            is_unknown = is_last and made.found is None
        if made.booked is None or made.booked[0]:
            return
        if is_new:
            self._ask("right", guess, numbers, made.booked[1:])
        elif is_unknown:
            self._ask("back", guess, numbers, made.booked[1:])

    def _ask(
        self,
        what: str,
        guess: SharedGuess,
        numbers: tuple[float, ...],
        booked: list[int] | None = None,
    ) -> list[int] | None:
        """Return Redis's answer, None where it cannot be asked."""
        now = time.monotonic()
        if now < self._asked_again_at:
            return None
        if self._is_away:
            # One asks, and the others do not wait for it.
            self._asked_again_at = now + _PAUSE
        try:
            answer = self._run(what, guess, numbers, booked or [-1] * 4)
        except Exception as error:
            if is_out_of_order(error):
                self._is_away, self._asked_again_at = True, time.monotonic() + _PAUSE
            self._say(error)
            return None
        self._is_away, self._asked_again_at = False, 0.0
        return answer

    def _run(
        self, what: str, guess: SharedGuess, numbers: tuple[float, ...], booked: list[int]
    ) -> list[int]:
        found = [guess.account, guess.pair, guess.address]
        keys = [PREFIX + key[:32] for key in found if key is not None]
        known_by = int(guess.has_device), int(guess.is_by_address)
        clock = [] if self._clock is None else [self._clock()]
        arguments = [len(keys), *keys, what, *known_by, *numbers, *booked, *clock]
        redis = self._redis()
        try:
            answer = redis.evalsha(_SHA, *arguments)
        except Exception as error:
            if type(error).__name__ != "NoScriptError":
                raise
            answer = redis.eval(_SCRIPT, *arguments)
        numbered = [int(number) for number in answer]
        expected = 0 if what in ("right", "known", "back") else _BOOKED if what == "book" else 1
        if len(numbered) != expected and not (expected and len(numbered) == 1 and numbered[0] > 0):
            raise ValueError("that is no answer of the script's")
        return numbered

    def _say(self, error: Exception) -> None:
        now = time.monotonic()
        is_new = now >= self._said_again_at
        if is_new:
            self._said_again_at = now + _SAID_EACH
        logger.log(
            logging.ERROR if is_new else logging.DEBUG,
            "Redis cannot count wrong passwords: each process counts its own until it can: %s",
            type(error).__name__,
            exc_info=error,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def guesses_in(store: object, guard_name: str, keys: Callable[[], Keys]) -> SharedGuesses | None:
    """Return what counts guesses where sessions are kept, None if that is not Redis.

    :param store: the store of sessions, None for none
    :param guard_name: what tells this guard from any other in the same Redis
    :param keys: returns the server's secret keys
    """
    client = _client_of(store.store if isinstance(store, Reached) else store)
    return None if client is None else SharedGuesses(lambda: client, guard_name, keys)


def counting_store(sessions: Any, owner: str) -> object:
    """Return the store of a login that keeps no sessions, and counts guesses alone.

    :param sessions: what the developer has named; None takes the environment variable, if that
        names Redis
    :param owner: the name of the class
    :return: the store, None where each process counts for itself
    :raises ImportError: if Redis's library is not installed
    :raises ValueError: if it is not Redis
    """
    given = sessions
    if given is None:
        given = os.environ.get(named.ENVIRONMENT, "")
    if isinstance(given, str) and given.partition("://")[0] in named.REDIS:
        return named.store_of(given)
    if sessions is None or _client_of(sessions) is not None:
        return cast("object", sessions)
    raise ValueError(
        f"{owner} keeps no sessions: each request carries its name and password. sessions= has "
        'it count wrong passwords together with all workers, in Redis alone: "redis://localhost"'
    )


def _client_of(store: object) -> Any:
    """Return the client of a store in Redis, None for any other."""
    # Where no store is in Redis, its library need not be there.
    module = sys.modules.get("dash_auth.sessions.redis")
    return store.client if module is not None and isinstance(store, module.RedisSessions) else None
