"""A Redis and a PostgreSQL of the tests' own, which they may kill, stop for a while, and start again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import wait_for

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
UNPRIVILEGED = "nobody"


def free_port() -> int:
    """Return a port that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Database(ABC):
    """A server of the tests' own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)

    @property
    @abstractmethod
    def url(self) -> str:
        """What `sessions=` takes."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the command that serves."""

    @abstractmethod
    def _answers(self) -> bool:
        """Tell whether it serves by now."""

    def run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command as a user who may do little."""
        return subprocess.run(
            self._as_unprivileged(command), check=True, capture_output=True, cwd=self.folder
        )

    @staticmethod
    def _as_unprivileged(command: tuple[str, ...] | list[str]) -> list[str]:
        if os.geteuid() != 0:
            return list(command)
        return ["setpriv", f"--reuid={UNPRIVILEGED}", "--regid=nogroup", "--clear-groups", *command]

    def start(self) -> None:
        """Start it, with what it held before."""
        command = self._as_unprivileged(self._command())
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        wait_for(self._answers, f"{type(self).__name__} never answered")

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes."""
        assert self._process is not None
        own = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for process in (self._process.pid, *map(int, own.read_text().split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def kill(self) -> None:
        """End it as a crash does."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Have it answer nothing for a while, though it is there."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def end(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


class RedisServer(Database):
    """Redis, which writes its file once a second."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def _command(self) -> list[str]:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
        }
        return [
            "redis-server",
            *(word for pair in options.items() for word in (f"--{pair[0]}", pair[1])),
        ]

    def _answers(self) -> bool:
        import redis

        with redis.Redis(port=self.port) as client, contextlib.suppress(redis.ConnectionError):
            return bool(client.ping())
        return False


class PostgresServer(Database):
    """PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._data = folder / "data"
        initdb = str(POSTGRES[-1] / "initdb")
        self.run(initdb, "-D", str(self._data), "-U", "tests", "-A", "trust", "-E", "UTF8")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://tests@127.0.0.1:{self.port}/postgres"

    def _command(self) -> list[str]:
        postgres = str(POSTGRES[-1] / "postgres")
        return [
            postgres,
            "-D",
            str(self._data),
            "-p",
            str(self.port),
            "-h",
            "127.0.0.1",
            "-k",
            str(self.folder),
        ]

    def _answers(self) -> bool:
        import psycopg

        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"host=127.0.0.1 port={self.port} user=tests dbname=postgres").close()
            return True
        return False

    def kill(self) -> None:
        super().kill()
        # Its children end by themselves a little later, and hold the port until then.
        wait_for(lambda: not self._answers() and self._children_are_gone(), "a child goes on")
        with contextlib.suppress(FileNotFoundError):
            (self._data / "postmaster.pid").unlink()

    def _children_are_gone(self) -> bool:
        found = subprocess.run(["pgrep", "-f", str(self._data)], capture_output=True)
        return found.returncode != 0


def started(kind: type[Database]) -> Iterator[Database]:
    """Give a server that runs.

    Without it a test is skipped, but fails where `CI=true`: a test that never ran proves nothing.
    """
    there = shutil.which("redis-server") if kind is RedisServer else POSTGRES
    if not there:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{kind.__name__} is missing: `make stores` installs it")
        pytest.skip(f"{kind.__name__} is missing: `make stores` installs it")
    # Another user than pytest's, who alone may enter the folders of pytest's.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        server = kind(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.end()


def settle(server: Database) -> None:
    """Wait until Redis has written its file, which it does once a second."""
    if not isinstance(server, RedisServer):
        return
    import redis

    with redis.Redis.from_url(server.url) as client:
        wait_for(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0)
        client.bgrewriteaof()
        wait_for(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Database]:
    """Give a Redis."""
    yield from started(RedisServer)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Database]:
    """Give a PostgreSQL."""
    yield from started(PostgresServer)
