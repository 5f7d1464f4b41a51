"""What an adapter remembers of the paths that it was asked about."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

REMEMBERED_PATHS = 1024
LONGEST_REMEMBERED_PATH = 256
"""Clients choose the paths: what an adapter remembers of them stays below a megabyte."""


def remembering(find: Callable[[str], T]) -> Callable[[str], T]:
    """Return a function of a path that looks once for what another finds, and stays small.

    :param find: what finds it
    """
    remembered = functools.lru_cache(REMEMBERED_PATHS)(find)

    def found(path: str) -> T:
        return remembered(path) if len(path) <= LONGEST_REMEMBERED_PATH else find(path)

    return found
