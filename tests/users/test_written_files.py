"""Files of users that several processes change at once, and how they are put in place."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dash_auth
import pytest
from dash_auth.security import generate_password_hash
from dash_auth.users import Account, HtpasswdFile, UsersFile, written_file
from dash_auth.users.written_file import rewrite

HASH = generate_password_hash("wonderland", "scrypt:1024:8:1")

SHA = "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="

PACKAGE = Path(dash_auth.__file__).parents[1]

GIVE_UP = 30
"""After how many seconds a process or a thread that is waited for is given up."""

BEGIN = f"""
import sys
sys.path.insert(0, {str(PACKAGE)!r})
from dash_auth.users import Account, HtpasswdFile, UsersFile
folder, own = sys.argv[1:]
users, others = UsersFile(folder + "/users.toml"), HtpasswdFile(folder + "/users.htpasswd")
print("ready", flush=True)
sys.stdin.readline()
"""


@contextmanager
def processes(script: str, folder: Path) -> Iterator[list[Any]]:
    """Start two processes that begin with what they do at the same time, and wait for them.

    :param script: what they do with `users` and `others`, given `own`, which tells them apart
    :param folder: where the files are
    """
    with ExitStack() as stack:
        begun = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", BEGIN + script, str(folder), str(own)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for own in range(2)
        ]
        for one in begun:
            stack.callback(one.kill)
        assert [one.stdout.readline() for one in begun if one.stdout] == ["ready\n"] * 2
        yield begun
        assert [one.wait(GIVE_UP) for one in begun] == [0, 0]


def go(begun: list[Any]) -> None:
    for one in begun:
        one.stdin.write("go\n")
        one.stdin.flush()


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    script = f"""
for number in range(20):
    assert users.create(Account(f"user-{{own}}-{{number}}", {SHA!r}))
    assert others.create(Account(f"user-{{own}}-{{number}}", {SHA!r}))
"""
    stores = (UsersFile(tmp_path / "users.toml"), HtpasswdFile(tmp_path / "users.htpasswd"))
    with processes(script, tmp_path) as begun:
        go(begun)
        # Each state that is seen meanwhile is a whole one, and none is lost again.
        seen: list[set[str]] = [set(), set()]
        while any(one.poll() is None for one in begun):
            for before, users in zip(seen, stores, strict=True):
                if Path(users.path).exists():
                    names = set(users.names())
                    assert before <= names
                    before |= names
    for users in stores:
        assert set(users.names()) == {f"user-{own}-{n}" for own in range(2) for n in range(20)}


def test_of_two_processes_one_creates_a_user_and_one_sets_a_password(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    assert UsersFile(path).create(Account("invited"))
    was = UsersFile(path).find("invited").credential_version  # type: ignore[union-attr]
    script = f"""
made = users.create(Account("alice", groups=[own]))
set_ = users.set_password("invited", {SHA!r}, was={was!r})
changed = users.change("invited", **({{"groups": ["x"]}} if own == "0" else {{"email": "y"}}))
print(int(made), int(set_), int(changed))
"""
    with processes(script, tmp_path) as begun:
        go(begun)
        said = [one.stdout.read().split() for one in begun]
    assert sorted(made for made, _, _ in said) == ["0", "1"]
    assert sorted(is_set for _, is_set, _ in said) == ["0", "1"]
    first = [made for made, _, _ in said].index("1")
    alice, invited = UsersFile(path).find("alice"), UsersFile(path).find("invited")
    assert alice is not None
    assert alice.groups == (str(first),)
    assert invited is not None
    assert (invited.groups, invited.email, invited.password) == (("x",), "y", SHA)


def test_threads_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    users, barrier = UsersFile(tmp_path / "users.toml"), threading.Barrier(4)

    def add(own: int) -> None:
        barrier.wait(GIVE_UP)
        for number in range(5):
            assert users.create(Account(f"user-{own}-{number}", HASH))

    threads = [threading.Thread(target=add, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(GIVE_UP)
    assert len(list(users.names())) == 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "users.toml"
    written.write_text(f"[alice]\npassword = '{HASH}'\n")
    return written


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o660, 0o400])
def test_the_mode_and_the_owner_of_a_file_stay(path: Path, mode: int) -> None:
    path.chmod(mode)
    if os.getuid() == 0:
        os.chown(path, 12345, 54321)
    before = path.stat()
    assert UsersFile(path).change("alice", disabled=True)
    after = path.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


def test_a_group_that_cannot_be_kept_is_not_replaced_by_another(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if os.getuid():
        pytest.skip("gives the file to another group first, which root may do")
    path.chmod(0o640)
    os.chown(path, 0, 54321)
    monkeypatch.setattr(written_file.os, "fchown", refuse)
    assert UsersFile(path).change("alice", disabled=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_everybody_may_write_is_not_made_one_of_ours(path: Path) -> None:
    path.chmod(0o666)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="by every user of the machine: chmod o-w"):
        UsersFile(path).change("alice", disabled=True)
    assert path.read_bytes() == before


def test_the_file_behind_a_link_is_replaced(path: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").mkdir()
    link = tmp_path / "linked" / "users.toml"
    link.symlink_to("../users.toml")
    assert UsersFile(link).change("alice", full_name="Alice")
    assert link.is_symlink()
    assert "Alice" in path.read_text()
    # Whichever way it is reached, it is the same lock.
    assert [one.name for one in link.parent.iterdir()] == ["users.toml"]


@pytest.mark.parametrize("call", ["mkstemp", "replace", "fsync", "open"])
@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_what_cannot_be_written_is_told_and_left(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: int
) -> None:
    # The tests may run as root, who may write everywhere.
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(error, os.strerror(error), "/the/temporary/one")

    before = path.read_bytes()
    module = written_file.tempfile if call == "mkstemp" else written_file.os
    with monkeypatch.context() as patched:
        patched.setattr(module, call, refuse)
        with pytest.raises(
            OSError, match="mounted read-only is changed where it comes from"
        ) as told:
            UsersFile(path).change("alice", disabled=True)
    assert type(told.value) is (PermissionError if error == errno.EACCES else OSError)
    assert (told.value.errno, told.value.filename) == (error, str(path))
    assert os.strerror(error) in str(told.value)
    assert path.read_bytes() == before
    assert {one.name for one in path.parent.iterdir()} <= {"users.toml", ".users.toml.lock"}
    assert UsersFile(path).change("alice", disabled=True)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="its folder has to be there"):
        UsersFile(tmp_path / "none" / "users.toml").create(Account("alice", HASH))


def test_it_is_whole_before_it_is_in_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            done.append(name)
            if name == "replace":
                assert b"disabled" in Path(given[0]).read_bytes()
                assert stat.S_IMODE(os.stat(given[0]).st_mode) == 0o644
            return function(*given)

        return noted

    path.chmod(0o644)
    for name in ("fsync", "replace"):
        monkeypatch.setattr(written_file.os, name, noting(name, getattr(os, name)))
    assert UsersFile(path).change("alice", disabled=True)
    assert done == ["fsync", "replace", "fsync"]


def test_the_lock_can_be_opened_by_who_may_write_the_folder(tmp_path: Path) -> None:
    lock = tmp_path / ".users.toml.lock"
    for mode, owner, expected in ((0o755, 12345, 0o600), (0o775, 12346, 0o660)):
        tmp_path.chmod(mode)
        if os.getuid() == 0:
            os.chown(tmp_path, owner, 54321)
        lock.unlink(missing_ok=True)
        UsersFile(tmp_path / "users.toml").create(Account(f"user {mode}", HASH))
        found = lock.stat()
        assert stat.S_IMODE(found.st_mode) == expected
        assert (found.st_uid, found.st_gid) == (tmp_path.stat().st_uid, tmp_path.stat().st_gid)


def test_a_link_in_the_place_of_the_lock_is_not_followed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("x")
    (tmp_path / ".users.toml.lock").symlink_to(other)
    with pytest.raises(OSError, match="symbolic links"):
        UsersFile(path).change("alice", disabled=True)


def test_a_file_that_is_left_as_it_is_is_not_written(path: Path) -> None:
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert not rewrite(str(path), lambda _: None)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
