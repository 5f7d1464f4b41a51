"""The events that a test brings about."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

NAMES = [
    'alice" address=1.2.3.4 reason=wrong',
    'a" address=1.2.3.4 reason=wrong\nfailed login user="b',
    "\nfailed login user=- address=1.2.3.4 reason=wrong",
    '\r\nfailed login user="b" address=1.2.3.4 reason=wrong',
    "failed login user=- address=1.2.3.4 reason=wrong",
    "\\",
    '\\"',
    '\\\\" address=1.2.3.4',
    "\x1b[2J\x1b[31mroot",
    "\x9b31m",
    "\x00",
    "\x85failed login user=- address=1.2.3.4 reason=wrong",
    "\u2028failed login user=- address=1.2.3.4 reason=wrong",
    "\u2029",
    "\u202e4.3.2.1=sserdda",
    "\u2066\u2069\u200f\u200b",
    "\ud800",
    "\udcff",
    "\U0001f600",
    "“alice” address=1.2.3.4",
    "אב 1.2.3.4",
    "%s %(user)s {user} ${user}",
    "",
    " ",
    "x" * 100_000,
    "\n" * 100_000,
    "unknown:00000000",
    "-",
]
"""What somebody may send in the place of a name."""


class Events(logging.Handler):
    """Keeps the records of the logger of events."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def take(self, *names: str) -> list[tuple[Any, ...]]:
        """Return some fields of each record since the last look.

        :param names: the fields, `event`, `user` and `reason` by default
        """
        taken, self.records = self.records, []
        return [
            tuple(vars(record)[name] for name in names or ("event", "user", "reason"))
            for record in taken
        ]

    def lines(self) -> list[str]:
        """Return the text of each record since the last look."""
        taken, self.records = self.records, []
        return [record.getMessage() for record in taken]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[Events]:
    """Give the events, with nothing told of before."""
    from dash_auth import _witness, audit

    for name, value in list(vars(_witness).items()):
        if isinstance(value, _witness.Once):
            monkeypatch.setattr(_witness, name, _witness.Once(value._seconds))
    handler, level = Events(), audit.logger.level
    audit.logger.addHandler(handler)
    audit.logger.setLevel(logging.INFO)
    yield handler
    audit.logger.removeHandler(handler)
    audit.logger.setLevel(level)
