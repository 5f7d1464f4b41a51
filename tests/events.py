"""The events that a test brings about."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest


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
