"""Fixtures of the attack tests, and the record from which the table of outcomes is made."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import apps
from .apps import reset_dash
from .callbacks import ran
from .http import AttackSucceeded, HonestRefused, ServerError, Site
from .servers import BACKENDS, running

RECORD = pytest.StashKey[list[dict[str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for line in (
        "rule(name): the security rule that the test is about",
        "flask_only(reason): runs on Flask alone, for what is said",
        "not_on(backend, reason): does not run on a kind of server, for what is said",
        "event_loops: runs on the servers with an event loop, on Flask it would show nothing",
        "every_server: runs on waitress too, which reads headers and bodies in its own way",
    ):
        config.addinivalue_line("markers", line)
    # Quart does not close a file that it sends to a client that has hung up.
    config.addinivalue_line(
        "filterwarnings",
        "ignore:Exception ignored in.*FileIO.*assets:pytest.PytestUnraisableExceptionWarning",
    )
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that serves an app on every kind of server."""
    if "backend" not in metafunc.fixturenames:
        return
    kinds = list(BACKENDS)
    test = metafunc.definition
    if test.get_closest_marker("flask_only"):
        kinds = ["flask"]
    for marker in test.iter_markers("not_on"):
        kinds = [kind for kind in kinds if kind != marker.args[0]]
    if test.get_closest_marker("event_loops"):
        kinds.remove("flask")
    if test.get_closest_marker("every_server"):
        kinds.insert(1, "waitress")
    metafunc.parametrize("backend", kinds, indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Say on which kind of server the test runs, and have the apps made for it."""
    apps.backend = "flask" if request.param == "waitress" else request.param
    yield request.param
    apps.backend = "flask"


@pytest.fixture
def serve(backend: str) -> Iterator[Callable[[Any], Site]]:
    """Serve apps for the length of one test."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(running(getattr(app, "server", app), backend))
