"""What was found out of what an app has registered, until something is added to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_NEVER = object()


class UntilAdded(Generic[T]):
    """A question whose answer holds until something is registered: it is asked at each request."""

    def __init__(self, registered: Callable[[], object], find: Callable[[], T]) -> None:
        """Remember the question.

        :param registered: returns what is another thing after each registration
        :param find: returns the answer
        """
        self._registered = registered
        self._find = find
        self._found_of: object = _NEVER
        self._found: T

    def __call__(self) -> T:
        """Return the answer."""
        registered = self._registered()
        if registered != self._found_of:
            # What is added meanwhile is looked at the next time.
            self._found = self._find()
            self._found_of = registered
        return self._found
