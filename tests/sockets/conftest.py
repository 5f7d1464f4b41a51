"""Fixtures of the tests with WebSockets."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .apps import ran
from .servers import Address, running


@pytest.fixture(params=["fastapi", "quart"])
def backend(request: pytest.FixtureRequest) -> str:
    """Give the name of each server that knows WebSockets."""
    name: str = request.param
    return name


@pytest.fixture
def serve() -> Iterator[Callable[[Any], Address]]:
    """Serve apps for the length of one test."""
    ran.clear()
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(running(app))


@pytest.fixture
def no_traceback(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Fail if the server wrote a traceback or an error."""
    yield
    records = [one for one in caplog.records if one.exc_info or one.levelno >= logging.ERROR]
    # hypercorn's own reader waits for ever where a client resets its connection in a flood, with
    # plain Dash as well; asyncio complains of it when the server ends.
    messages = [one.getMessage() for one in records]
    assert [text for text in messages if "StreamReaderProtocol.connection_made" not in text] == []
    written = "".join(capfd.readouterr())
    assert "Traceback" not in written, written
