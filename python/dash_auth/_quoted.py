"""What a client sent, in a line of the log."""

from __future__ import annotations

_LONGEST_QUOTED = 200
"""How much of what a client sent is logged, in characters."""


def quoted(value: object) -> str:
    """Return what a client sent so that it neither breaks nor fills a line of the log."""
    text = str(value)
    return repr(text) if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]!r}..."
