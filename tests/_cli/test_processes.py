"""The command in processes of its own: at a terminal, several at once, and ended in between."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dash_auth._cli.verify import is_right
from dash_auth.security import generate_password_hash
from dash_auth.users import Account
from dash_auth.users.named import ENVIRONMENT, store_of
from waiting import GIVE_UP

from .conftest import PASSWORD, kept

HASH = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
COMMAND = [sys.executable, "-m", "dash_auth"]


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Name a file."""
    return str(tmp_path / "users.toml")


@contextmanager
def at_terminal(*arguments: str, store: str) -> Iterator[tuple[int, int]]:
    """Run the command at a terminal; give the process, and the other side of the terminal."""
    pid, terminal = pty.fork()
    if not pid:  # pragma: no cover
        os.environ[ENVIRONMENT] = store
        os.execv(sys.executable, [*COMMAND, *arguments])
    try:
        yield pid, terminal
    finally:
        os.close(terminal)


def seen(terminal: int, until: str | None) -> str:
    """Return what a terminal shows until there is some text, or until its program ends."""
    shown = b""
    end = time.monotonic() + GIVE_UP
    while until is None or until.encode() not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        assert ready, f"it never showed {until!r}"
        try:
            read = os.read(terminal, 4096)
        except OSError:  # as Linux has it, where the program has ended
            break
        if not read:
            break
        shown += read
    return shown.decode()


def code_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_terminal_shows_no_password(store: str) -> None:
    with at_terminal("users", "add", "alice", store=store) as (pid, terminal):
        shown = seen(terminal, "New password of alice: ")
        os.write(terminal, f"{PASSWORD}\n".encode())
        shown += seen(terminal, "The same once more: ")
        os.write(terminal, f"{PASSWORD}\n".encode())
        shown += seen(terminal, None)
        assert code_of(pid) == 0
    assert "alice is added." in shown
    assert "lake" not in shown
    assert kept(store).password.startswith("scrypt:")


def test_an_interrupt_ends_it_quietly(store: str) -> None:
    with at_terminal("users", "add", "alice", store=store) as (pid, terminal):
        seen(terminal, "New password of alice: ")
        os.write(terminal, b"\x03")
        shown = seen(terminal, None)
        assert code_of(pid) == 1
    assert "Aborted!" in shown
    assert "Traceback" not in shown
    assert not os.path.exists(store)


def start(*arguments: str, store: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env={**os.environ, ENVIRONMENT: store},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_several_at_once_lose_nothing(tmp_path: Path, store: str) -> None:
    names = [f"user{number}" for number in range(4)]
    started = []
    for name in names:
        file = tmp_path / f"{name}.csv"
        # Some each, so that they write at the same time.
        rows = [f"{name}-{number},{HASH}\n" for number in range(15)]
        file.write_text("".join(["name,password_hash\n", *rows]))
        started.append(start("users", "import", str(file), store=store))
    ended = [process.communicate(timeout=GIVE_UP) for process in started]
    assert ended == [("Users imported: 15.\n", "")] * 4
    left = store_of(store)
    assert len(left.search(limit=100)) == 60
    assert all(left.find(f"{name}-{number}") for name in names for number in range(15))
    assert os.stat(store).st_mode & 0o777 == 0o600


def test_of_two_who_add_one_user_one_is_told(store: str) -> None:
    started = [start("users", "add", "alice", "--temporary", store=store) for _ in range(2)]
    ended = [process.communicate(timeout=GIVE_UP) for process in started]
    codes = sorted(process.returncode for process in started)
    assert codes == [0, 1]
    drawn = [said for said, _ in ended if said]
    assert len(drawn) == 1
    assert is_right(kept(store).password, drawn[0].strip())


def test_a_reader_that_has_seen_enough_ends_it_quietly(store: str) -> None:
    assert store_of(store).create(Account("alice", HASH))
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "users", "list"],
        env={**os.environ, ENVIRONMENT: store},
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=GIVE_UP,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
