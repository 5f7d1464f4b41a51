"""Files of users that are changed, broken or replaced while an app reads them."""

from __future__ import annotations

import errno
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dash_auth
import pytest
from attacks.http import ALICE, BOB, held, honest
from clock import Clock
from dash_auth.security import generate_password_hash
from dash_auth.users import Account, HtpasswdFile, UsersFile, file_content, watched_file
from dash_auth.users.watched_file import WatchedFile
from events import Events
from everywhere import app_behind, known

HASH = generate_password_hash(ALICE[1], "scrypt:1024:8:1")

SHA = "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="


def of(*names: str) -> str:
    """Return the content of a file of users."""
    return "".join(f'["{name}"]\npassword = "{HASH}"\n' for name in names)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "users.toml"
    written.write_text(of("alice", "bob"))
    return written


@pytest.fixture
def users(path: Path, clock: Clock) -> UsersFile:
    """Give a file that was read, and has been as it is for long."""
    clock.stop()
    users = UsersFile(path, max_stale=600)
    users.prepare()
    clock.advance(3)
    assert users.find("alice") is not None
    clock.advance(3)
    assert users.is_current("alice")
    return users


def names(users: WatchedFile) -> list[str]:
    return list(users.names())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was told in the log, beside the events."""
    return [one.getMessage() for one in caplog.records if one.name == "dash_auth"]


# What is changed counts at once


@pytest.mark.parametrize("is_replaced", [False, True], ids=["in place", "by rename"])
def test_a_change_counts_at_the_next_request(
    users: UsersFile, path: Path, is_replaced: bool
) -> None:
    before = users.version()
    new = path.with_suffix(".new") if is_replaced else path
    new.write_text(of("alice", "carol"))
    if is_replaced:
        # As old as the other one, as `cp -p` and `rsync -t` leave it.
        os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
        new.rename(path)
    assert not users.is_current("bob")
    assert users.find("bob") is None
    assert users.find("carol") == Account("carol", HASH)
    assert users.is_current("bob")
    assert users.version() != before


def test_a_file_that_is_as_it_was_is_not_read_again(
    users: UsersFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: Any) -> Any:
        raise AssertionError("it is read")

    monkeypatch.setattr(watched_file, "content_of", unexpected)
    first = users.find("alice")
    assert first is users.find("alice") is not None
    assert users.find("eve") is None


def test_the_same_content_is_not_parsed_again(
    users: UsersFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: Any) -> Any:
        raise AssertionError("it is parsed")

    found, version = users.find("alice"), users.version()
    monkeypatch.setattr(UsersFile, "_parse", unexpected)
    path.touch()
    assert not users.is_current("alice")
    assert users.find("alice") is found
    assert users.version() == version


def test_two_writes_in_one_tick_of_the_clock_are_told_apart(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.stop()
    monkeypatch.setattr(file_content, "_identity", lambda found: (1, found.st_size))
    users = UsersFile(path)
    assert names(users) == ["alice", "bob"]
    path.write_text(of("alice", "eve"))
    # What was found in a thread just now answers the same request in the event loop.
    assert users.is_current("bob")
    assert users.find("bob") is not None
    clock.advance(0.2)
    assert not users.is_current("bob")
    assert names(users) == ["alice", "eve"]
    path.write_text(of("alice", "bob"))
    clock.advance(1.7)
    assert names(users) == ["alice", "bob"]
    path.write_text(of("alice", "eve"))
    # Two seconds after it was seen first, and no write of the same tick can follow.
    clock.advance(0.2)
    assert names(users) == ["alice", "eve"]
    clock.advance(100)
    assert users.is_current("alice")
    # It begins anew with each that is seen.
    for name in ("alice", "carol"):
        path.write_text(of(name))
        assert names(users) == [name]
        clock.advance(0.2)


def test_a_file_system_whose_clock_is_wrong_is_no_less_watched(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.stop()
    for seconds in (1, 4_000_000_000):
        os.utime(path, (seconds, seconds))
        users = UsersFile(path)
        users.prepare()
        clock.advance(0.5)
        assert not users.is_current("alice")
        clock.advance(3)
        assert users.find("alice") is not None
        clock.advance(3)
        assert users.is_current("alice")


@pytest.mark.parametrize("field", ["mtime_ns", "ctime_ns", "size", "ino", "dev", "mode"])
def test_each_of_these_tells_a_file_from_another(field: str) -> None:
    same: dict[str, Any] = dict.fromkeys(
        ("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_dev", "st_mode"), 1
    )
    one, other = SimpleNamespace(**same), SimpleNamespace(**{**same, f"st_{field}": 2})
    identity: Any = file_content._identity
    assert identity(one) != identity(other)
    assert identity(one) == identity(SimpleNamespace(**same))


def test_links_as_kubernetes_mounts_them(tmp_path: Path, clock: Clock) -> None:
    clock.stop()
    for folder, name in (("..2026_1", "alice"), ("..2026_2", "bob")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "users.toml").write_text(of(name))
    (tmp_path / "..data").symlink_to("..2026_1")
    (tmp_path / "users.toml").symlink_to("..data/users.toml")
    users = UsersFile(tmp_path / "users.toml")
    assert names(users) == ["alice"]
    clock.advance(3)
    assert names(users) == ["alice"]
    assert users.is_current("alice")
    (tmp_path / "..data_tmp").symlink_to("..2026_2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert not users.is_current("alice")
    assert names(users) == ["bob"]


def test_many_ask_while_it_is_read_and_none_is_told_what_was(
    users: UsersFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reading, go_on = file_content.content_of, threading.Event(), threading.Event()
    calls: list[int] = []

    def slowly(path: str) -> Any:
        calls.append(1)
        reading.set()
        assert go_on.wait(30)
        return read(path)

    monkeypatch.setattr(watched_file, "content_of", slowly)
    path.write_text(of("alice"))
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(users.find, "bob") for _ in range(8)]
        assert reading.wait(30)
        go_on.set()
        assert [one.result(30) for one in asked] == [None] * 8
    assert len(calls) == 1


# What cannot be read leaves the last good state in force


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _large(path: Path) -> None:
    os.truncate(path, file_content.LARGEST + 1)


BROKEN = {
    "deleted": (lambda path: path.unlink(), "is not there"),
    "emptied": (lambda path: path.write_text(""), "holds no user"),
    "comments": (lambda path: path.write_text("# nobody\n"), "holds no user"),
    "half": (lambda path: path.write_text(of("alice", "bob")[:-9]), "holds what cannot be read: "),
    "hash": (
        lambda path: path.write_text(of("alice") + "[bob]\npassword = '$2b$04$half'\n"),
        "holds what cannot be read: ",
    ),
    "field": (
        lambda path: path.write_text(of("alice") + "groups = 'half'\n"),
        "holds what cannot be read: groups of user",
    ),
    "bytes": (lambda path: path.write_bytes(b"\xff\xfe"), "it is no text in UTF-8"),
    "writable": (lambda path: path.chmod(0o646), "by every user of the machine: chmod o-w"),
    "fifo": (_fifo, "is no file"),
    "folder": (_folder, "is no file"),
    "large": (_large, "is larger than 64 MiB"),
    "loop": (lambda path: (path.unlink(), path.symlink_to(path)), "cannot be opened: Too many"),
}


@pytest.mark.parametrize("break_it, reason", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_leaves_the_last_good_state(
    users: UsersFile,
    path: Path,
    clock: Clock,
    events: Events,
    caplog: pytest.LogCaptureFixture,
    break_it: Any,
    reason: str,
) -> None:
    break_it(path)
    before = users.find("alice"), users.version()
    assert before[0] == Account("alice", HASH)
    clock.advance(1)
    assert (users.find("alice"), users.version()) == before
    assert names(users) == ["alice", "bob"]
    clock.advance(58)
    assert users.find("alice") is before[0]
    (line,) = warnings(caplog)
    assert line.startswith(f"The users cannot be read: {path} ")
    assert reason in line
    assert line.endswith("; the users before are in force")
    assert HASH not in line
    ((event, user, told),) = events.take()
    assert (event, user) == ("users_unreadable", None)
    assert line == f"The users cannot be read: {told}; the users before are in force" or (
        told.endswith("...")
    )
    clock.advance(2)
    assert users.find("alice") is before[0]
    assert len(warnings(caplog)) == len(events.take()) + 1 == 2
    # At start it is an error.
    with pytest.raises(ValueError, match="the users cannot be read: "):
        UsersFile(path).prepare()


@pytest.mark.parametrize("break_it, reason", BROKEN.values(), ids=BROKEN)
def test_nobody_is_let_in_once_that_lasts_too_long(
    users: UsersFile, path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, break_it: Any, reason: str
) -> None:  # fmt: skip
    # It counts from when it was seen.
    clock.advance(10_000)
    break_it(path)
    assert users.find("alice") is not None
    clock.advance(600)
    assert users.find("alice") is not None
    caplog.clear()
    clock.advance(61)
    for ask in (users.find, lambda _: users.names(), users.search, lambda _: users.sample()):
        with pytest.raises(dash_auth.Unavailable, match=r"users\.toml ") as raised:
            ask("alice")
        assert HASH not in str(raised.value)
    assert [line.rpartition("; ")[2] for line in warnings(caplog)] == ["requests are answered 503"]
    # And counts anew once it was mended.
    if path.is_dir():
        path.rmdir()
    elif path.exists() or path.is_symlink():
        path.unlink()
    path.write_text(of("carol"))
    clock.advance(0.2)
    assert names(users) == ["carol"]
    path.unlink()
    clock.advance(500)
    assert names(users) == ["carol"]
    clock.advance(500)
    assert names(users) == ["carol"]


def test_a_file_that_was_never_read_lets_nobody_in(path: Path, clock: Clock) -> None:
    clock.stop()
    path.unlink()
    users = UsersFile(path)
    with pytest.raises(dash_auth.Unavailable, match="is not there"):
        users.find("alice")
    path.write_text(of("alice"))
    assert users.find("alice") is not None


def test_no_time_for_the_last_good_state(path: Path, clock: Clock) -> None:
    clock.stop()
    users = UsersFile(path, max_stale=0)
    assert users.find("alice") is not None
    path.unlink()
    assert users.find("alice") is not None
    clock.advance(0.01)
    with pytest.raises(dash_auth.Unavailable):
        users.find("alice")


def test_it_is_told_again_after_it_was_good(
    users: UsersFile, path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        path.write_text("[")
        assert names(users) == ["alice", "bob"]
        path.write_text(of("alice", "bob"))
        assert names(users) == ["alice", "bob"]
        clock.advance(1)
    assert len(warnings(caplog)) == 2


@pytest.mark.parametrize("error", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_what_cannot_be_opened_is_tried_again(
    users: UsersFile, path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    # The tests may run as root, who may open everything.
    def refuse(*_: Any) -> Any:
        raise OSError(error, os.strerror(error))

    path.write_text(of("alice"))
    with monkeypatch.context() as patched:
        patched.setattr(file_content.os, "open", refuse)
        for _ in range(4):
            assert users.find("bob") is not None
            clock.advance(1)
    # Nothing says that it can be opened now.
    assert users.find("bob") is None


def test_an_error_of_the_disk_leaves_the_last_good_state(
    users: UsersFile, path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    path.write_text(of("alice"))
    with monkeypatch.context() as patched:
        patched.setattr(file_content, "open", refuse, raising=False)
        assert users.find("bob") is not None
    clock.advance(5)
    assert users.find("bob") is None


@pytest.mark.parametrize("times", [1, 5])
def test_what_changes_while_it_is_read_is_read_again(
    users: UsersFile, path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    read, calls = file_content._read, []

    def half(opened: int) -> bytes:
        content = read(opened)
        calls.append(1)
        if len(calls) <= times:
            path.write_text(of("alice") + "# x\n" * len(calls))
            return content[:20]
        return content

    path.write_text(of("carol"))
    monkeypatch.setattr(file_content, "_read", half)
    if times == 5:
        assert names(users) == ["alice", "bob"]
        clock.advance(0.2)
    assert names(users) == ["alice"]


def test_what_is_replaced_while_it_is_read_is_read_as_a_whole(
    users: UsersFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, calls = file_content._read, []

    def replaced(opened: int) -> bytes:
        calls.append(1)
        path.with_suffix(".new").write_text(of(f"user {len(calls)}"))
        path.with_suffix(".new").rename(path)
        return read(opened)

    path.write_text(of("alice"))
    with monkeypatch.context() as patched:
        patched.setattr(file_content, "_read", replaced)
        assert names(users) == ["alice"]
    assert names(users) == ["user 1"]


def test_a_pipe_does_not_make_it_wait(path: Path) -> None:
    _fifo(path)
    with pytest.raises(ValueError, match="is no file"):
        UsersFile(path).prepare()
    with pytest.raises(ValueError, match="is no file"):
        UsersFile(path).create(Account("carol", HASH))
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o660, 0o400])
def test_who_else_may_read_it_is_the_owners_business(path: Path, mode: int) -> None:
    path.chmod(mode)
    UsersFile(path).prepare()


def test_a_file_of_htpasswd_is_watched_as_well(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.stop()
    path = tmp_path / "users.htpasswd"
    path.write_text(f"alice:{SHA}\nbob:{SHA}\n")
    users = HtpasswdFile(path, max_stale=5)
    path.write_text(f"alice:{SHA}\n")
    assert names(users) == ["alice"]
    path.write_text("alice")
    assert names(users) == ["alice"]
    clock.advance(6)
    with pytest.raises(dash_auth.Unavailable):
        users.names()
    assert "line 1" in warnings(caplog)[0]


def test_many_users_are_found_in_memory(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "users.toml"
    path.write_text("".join(f"[user{number}]\npassword = 'x'\n" for number in range(5000)))
    users = UsersFile(path)
    users.prepare()
    assert users.find("user4999") is users.find("user4999") is not None
    assert len(users.sample()) == 64
    assert len(names(users)) == 5000


# In an app


def test_changes_are_in_force_at_the_next_request(
    everywhere: Any, tmp_path: Path, path: Path
) -> None:
    path.write_text(
        f'[alice]\npassword = "{HASH}"\ngroups = ["board"]\n[bob]\npassword = "{BOB[1]}"\n'
    )
    site = everywhere(app_behind(str(path)))
    store = UsersFile(path)
    assert honest(site.get("/private", auth=ALICE), marker=None).json() == known("alice", ["board"])
    assert site.get("/private", auth=BOB).json() == known("bob", [])
    assert store.change("alice", groups=["staff"])
    assert site.get("/private", auth=ALICE).json() == known("alice", ["staff"])
    assert store.change("alice", disabled=True)
    held(site.get("/private", auth=ALICE))
    assert store.change("alice", disabled=False, password="another one")
    held(site.get("/private", auth=ALICE))
    assert site.get("/private", auth=("alice", "another one")).status == 200
    assert store.remove("bob")
    held(site.get("/private", auth=BOB))
    path.write_text("[half")
    assert site.get("/private", auth=("alice", "another one")).status == 200


def test_who_cannot_be_asked_for_is_answered_503(everywhere: Any, path: Path) -> None:
    users = UsersFile(path, max_stale=0)
    site = everywhere(app_behind(users))
    assert site.get("/private", auth=ALICE).status == 200
    path.unlink()
    site.get("/private", auth=ALICE)
    answer = site.get("/private", auth=ALICE)
    assert answer.status == 503
    assert str(path) not in answer.text


def test_a_file_that_cannot_be_read_is_an_error_at_start(path: Path) -> None:
    path.write_text("")
    with pytest.raises(ValueError, match="dash-auth users add NAME --store"):
        app_behind(str(path))
