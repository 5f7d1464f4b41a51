"""The time, as the package reads it, in the hands of a test."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest


class Clock:
    """Stands for the module `time` in the package; its two clocks go as far ahead as is said."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._still: tuple[float, float] | None = None

    def stop(self) -> None:
        """Let no time go by from now on but what is said."""
        self._still = time.time(), time.monotonic()

    def advance(self, seconds: float) -> None:
        """Let some time go by.

        :param seconds: how much
        """
        self._ahead += seconds

    def time(self) -> float:
        """Return the seconds since 1970."""
        return (time.time() if self._still is None else self._still[0]) + self._ahead

    def monotonic(self) -> float:
        """Return the seconds of the clock that is never set."""
        return (time.monotonic() if self._still is None else self._still[1]) + self._ahead

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the clock by which every module of the package goes during a test."""
    ticking = Clock()
    for name, module in list(sys.modules.items()):
        if name.startswith("dash_auth.") and vars(module).get("time") is time:
            monkeypatch.setattr(module, "time", ticking)
    return ticking
