"""One line of the table, and how numbers are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Goal:
    """A limit for a figure: the most that it may be, or the least."""

    limit: float
    is_most: bool = True

    def is_reached(self, figure: float) -> bool:
        return figure <= self.limit if self.is_most else figure >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.is_most else '≥'} {self.limit:.3g}"


def at_most(limit: float) -> Goal:
    return Goal(limit)


def at_least(limit: float) -> Goal:
    return Goal(limit, is_most=False)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: what was measured.
        ours: what this package takes.
        upstream: what it is compared with takes; its name stands here where it is not dash-auth.
        ratio: the figure that the goal is about.
        goal: the goal, None for a line that only informs.
    """

    name: str
    ours: str
    upstream: str
    ratio: float
    goal: Goal | None = None

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "yes" if self.goal.is_reached(self.ratio) else "no"


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median of the ratios of what was measured together."""
    pairs = zip(numerators, denominators, strict=True)
    return median(numerator / denominator for numerator, denominator in pairs)


def microseconds(values: Sequence[float]) -> str:
    """Return the median of some times in microseconds as text."""
    return duration(median(values) * 1e-6)


def seconds(values: Sequence[float]) -> str:
    """Return the median of some times in seconds as text."""
    return duration(median(values))


def duration(seconds: float) -> str:
    """Return a time as text, to three digits.

    :param seconds: the time, in seconds
    """
    number, unit = next(
        (
            (seconds * factor, unit)
            for factor, unit in ((1, "s"), (1e3, "ms"))
            if seconds * factor >= 1
        ),
        (seconds * 1e6, "µs"),
    )
    return f"{figure(number)} {unit}"


def figure(number: float) -> str:
    """Return a number as text, to three digits."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
