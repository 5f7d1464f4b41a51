"""Fixtures: apps on a real server, the examples as their reader runs them, a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from clock import clock as clock
from databases import postgres_server as postgres_server
from databases import redis_server as redis_server
from events import events as events
from everywhere import everywhere as everywhere
from hashing import hashing as hashing
from waitress import wasyncore
from waitress.server import create_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXAMPLES = Path(__file__).parents[1] / "examples"
CHROMIUM = "/usr/bin/chromium"
# As root Chromium runs without its sandbox; the rest keeps it from calling home.
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests in the browser last.

    Playwright's synchronous interface leaves an event loop running in the main thread, under which
    `asyncio.run` fails; so no other test may come after the browser has started.
    """
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))


@contextmanager
def serving(app: Any, *, threads: int = 4) -> Iterator[str]:
    """Serve an app with waitress on a free port of 127.0.0.1.

    :param app: a Dash app, a Flask app or any WSGI callable
    :param threads: how many requests are worked on at once
    :return: the address, such as `http://127.0.0.1:41234`, without a slash at its end
    """
    wsgi = getattr(app, "server", app)
    server: Any = create_server(wsgi, host="127.0.0.1", port=0, threads=threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # The workers first: they write to what is closed then. The server's loop ends when it has
        # nothing to watch; what it watched is closed when it has ended, or a file would be closed
        # under its `select`, or under the trigger that is pulled here.
        server.task_dispatcher.shutdown()
        watched: dict[int, Any] = {}
        server.trigger.pull_trigger(lambda: (watched.update(server._map), server._map.clear()))
        thread.join(timeout=10)
        wasyncore.close_all(watched)


@contextmanager
def running(
    script: Path, *, interpreter: str = sys.executable, **environment: str
) -> Iterator[str]:
    """Run a script that calls `app.run()` in a process of its own, as its reader would.

    :param script: the file; its folder is the working directory
    :param interpreter: what runs it
    :param environment: variables added to this process's own
    :return: the address, without a slash at its end
    :raises RuntimeError: if the script ends, or does not listen within 30 s; with what it printed
    """
    port, process = _started(script, interpreter, environment)
    try:
        # Nobody reads the pipe while the app runs, and a full one would stop it.
        threading.Thread(target=drain, args=(process,), daemon=True).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)


def _started(
    script: Path, interpreter: str, environment: dict[str, str]
) -> tuple[int, subprocess.Popen[str]]:
    """Start a script, and wait until it listens; another program may be faster to take the port."""
    for _ in range(5):
        port = free_port()
        process = subprocess.Popen(
            [interpreter, script.name],
            cwd=script.parent,
            env={**os.environ, **environment, "HOST": "127.0.0.1", "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Dash starts FastAPI's server in a process of its own.
            start_new_session=True,
        )
        if listens(port, process):
            break
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate()[0]
        if "already in use" not in said:
            raise RuntimeError(f"{script.name} did not start:\n{said}")
    else:
        raise RuntimeError(f"{script.name} found no port that was free")
    return port, process


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def listens(port: int, process: subprocess.Popen[str], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False


def drain(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for _ in output:
            pass


@pytest.fixture(autouse=True)
def fresh_dash() -> Iterator[None]:
    """Start and leave with empty registries of Dash, which are the process's, not an app's."""
    from attacks.apps import reset_dash

    reset_dash()
    yield
    reset_dash()


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Give `serve(app, *, threads=4)`: its address; the server ends with the test."""
    with ExitStack() as servers:
        yield lambda app, **options: servers.enter_context(serving(app, **options))


@pytest.fixture(scope="session", params=["flask", "quart", "fastapi"])
def examples(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the examples for each server, with the database that one of them needs."""
    folder = tmp_path_factory.mktemp("examples") / "examples"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    if request.param != "flask":
        for script in folder.rglob("*.py"):
            script.write_text(on_server(request.param, script.read_text()))
    subprocess.run([sys.executable, folder / "sqlite_users" / "init_db.py"], check=True)
    return folder


def on_server(backend: str, script: str) -> str:
    """Return a script that is written for Flask as its author would write it for another server."""
    name = re.compile(r"\bDash\((\s*__name__(?:,|(?=\))))?\s*")
    script = name.sub(
        lambda found: f'Dash({"__name__, " if found[1] else ""}backend="{backend}", ', script
    )
    if backend == "quart":
        return script.replace("import flask", "import quart as flask")
    # FastAPI has no session that could be imported.
    script = script.replace("import flask", "import dash_auth")
    return script.replace('flask.session.get("user").get("email")', "dash_auth.current_user().name")


@pytest.fixture(scope="session")
def run_example(examples: Path) -> Iterator[Callable[[str], str]]:
    """Give `run_example("smallest.py")`: its address; each example starts once."""
    addresses: dict[str, str] = {}
    with ExitStack() as processes:

        def run(name: str) -> str:
            if name not in addresses:
                addresses[name] = processes.enter_context(running(examples / name))
            return addresses[name]

        yield run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give Debian's Chromium, headless.

    Without it a test is skipped, but fails where `CI=true`: a test that never ran proves nothing.
    """
    if shutil.which(CHROMIUM) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing: `make chromium` installs it")
        pytest.skip(f"{CHROMIUM} is missing: `make chromium` installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
