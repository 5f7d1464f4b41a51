"""The command in processes of its own: at a terminal, several at once, and ended in between."""

from __future__ import annotations

import json
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
from dash_auth.security import generate_password_hash
from dash_auth.users.named import ENVIRONMENT, store_of
from waiting import GIVE_UP

from .conftest import PASSWORD, kept

HASH = generate_password_hash(PASSWORD, "argon2:1024:1:1")
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


@pytest.mark.parametrize("kind", ["users.toml", "users.htpasswd"])
def test_several_at_once_lose_nothing(tmp_path: Path, kind: str) -> None:
    path = str(tmp_path / kind)
    names = [f"user{number}" for number in range(4)]
    started = []
    for name in names:
        file = tmp_path / f"{name}.csv"
        # Some each, so that they write at the same time.
        rows = [f"{name}-{number},{HASH}\n" for number in range(15)]
        file.write_text("".join(["name,password_hash\n", *rows]))
        started.append(start("users", "import", str(file), store=path))
    for process in started:
        said, complained = process.communicate(timeout=GIVE_UP)
        assert (process.returncode, said, complained) == (0, "Users imported: 15.\n", "")
    left = store_of(path)
    assert len(left.search(limit=100)) == 60
    assert all(left.find(f"{name}-{number}") for name in names for number in range(15))
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_of_two_who_add_one_user_one_is_told(store: str) -> None:
    started = [start("users", "add", "alice", "--temporary", store=store) for _ in range(3)]
    ended = [process.communicate(timeout=GIVE_UP) for process in started]
    codes = sorted(process.returncode for process in started)
    assert codes == [0, 1, 1]
    drawn = [said for said, _ in ended if said]
    assert len(drawn) == 1
    checked = start("verify", "alice", "--stdin", store=store)
    checked.communicate(drawn[0], timeout=GIVE_UP)
    assert checked.returncode == 0


def test_a_reader_that_has_seen_enough_ends_it_quietly(store: str) -> None:
    made = start("users", "add", "alice", "--temporary", store=store)
    made.communicate(timeout=GIVE_UP)
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


def test_a_file_that_may_not_be_written_is_told_in_one_line(store: str) -> None:
    folder = Path(store).parent
    if os.geteuid() == 0:
        # Nothing keeps root out but what is no file system of its own.
        store = "/proc/users.toml"
    else:  # pragma: no cover
        folder.chmod(0o500)
    done = start("users", "add", "alice", "--temporary", store=store)
    said, complained = done.communicate(timeout=GIVE_UP)
    folder.chmod(0o700)
    assert (done.returncode, said) == (1, "")
    (line,) = complained.splitlines()
    assert line.startswith("Error: /")


def test_json_is_all_that_stands_on_the_output(store: str) -> None:
    start("users", "add", "alice", "--temporary", store=store).communicate(timeout=GIVE_UP)
    said, complained = start("users", "list", "--json", store=store).communicate(timeout=GIVE_UP)
    assert [one["name"] for one in json.loads(said)] == ["alice"]
    assert complained == ""
