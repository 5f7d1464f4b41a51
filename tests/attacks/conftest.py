"""Fixtures of the attack tests, and the record from which the table of outcomes is made."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .apps import reset_dash
from .callbacks import ran
from .http import AttackSucceeded, HonestRefused, ServerError, Site, running

RECORD = pytest.StashKey[list[dict[str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker that ties a test to its rule."""
    config.addinivalue_line("markers", "rule(name): the security rule that the test is about")
    config.stash[RECORD] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Record how an attack ended: held, succeeded, 5xx, honest request refused."""
    result = yield
    report = result.get_result()
    marker = item.get_closest_marker("rule")
    if marker is None or (report.when != "call" and report.outcome == "passed"):
        return
    if report.when == "teardown":
        return
    if report.passed:
        outcome = "held"
    elif report.skipped:
        outcome = "skipped"
    elif call.excinfo is not None and call.excinfo.errisinstance(AttackSucceeded):
        outcome = "succeeded"
    elif call.excinfo is not None and call.excinfo.errisinstance(ServerError):
        outcome = "server error"
    elif call.excinfo is not None and call.excinfo.errisinstance(HonestRefused):
        outcome = "honest refused"
    else:
        outcome = "other"
    item.config.stash[RECORD].append(
        {"rule": marker.args[0], "test": item.nodeid, "outcome": outcome}
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the record where the environment variable ATTACK_OUTCOMES says."""
    target = os.environ.get("ATTACK_OUTCOMES")
    if target:
        Path(target).write_text(json.dumps(session.config.stash[RECORD], indent=1))


@pytest.fixture(autouse=True)
def fresh_dash() -> Iterator[None]:
    """Start and leave with empty registries of Dash."""
    reset_dash()
    ran.clear()
    yield
    reset_dash()


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Serve apps for the length of one test."""
    with contextlib.ExitStack() as stack:

        def start(app: Any, kind: str = "werkzeug") -> Site:
            wsgi = getattr(app, "server", app)
            return stack.enter_context(running(wsgi, kind))

        yield start
