"""Users in an htpasswd file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dash_auth.security import check_password_hash
from dash_auth.users import Account, HtpasswdFile, UserStore, WritableUserStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHA = "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="
BCRYPT = "$2y$05$6E0sFrnN/jTvYPQyWCTMveL8Nh5WBiFdJSlPEO6VtVwDAc0eyMTsS"

CONTENT = f"""\
# Our users

alice:{BCRYPT}
# The next one left in May
bob:{SHA}:a comment
Zoë X:{SHA}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "users.htpasswd"
    written.write_text(CONTENT)
    return written


def state(path: Path) -> tuple[int, int, bytes]:
    """Return what tells whether a file was written."""
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, path.read_bytes()


def test_a_file_is_a_store(path: Path) -> None:
    users = HtpasswdFile(path)
    users.prepare()
    as_store: UserStore = users
    as_writable: WritableUserStore = users
    assert as_store is as_writable
    assert users.find("alice") == Account("alice", BCRYPT)
    assert users.find("bob") == Account("bob", SHA)
    assert users.find("# Our users") is None
    assert list(users.names()) == ["alice", "bob", "Zoë X"]
    assert users.fields == {"password"}


@pytest.mark.parametrize(
    "line, reason",
    [
        ("carol", "line 7 has no colon after a name"),
        (f"alice:{SHA}", "line 7 names a user again; remove one"),
        ("carol:wonderland", "line 7 holds no hash; set the password anew, with htpasswd -B"),
    ],
)
def test_what_cannot_be_read_is_told(path: Path, line: str, reason: str) -> None:
    path.write_text(CONTENT + line)
    with pytest.raises(ValueError) as raised:
        HtpasswdFile(path).prepare()
    said = str(raised.value)
    assert said == f"the users cannot be read: {path} holds what cannot be read: {reason}"


def test_a_file_with_no_user_is_told_with_what_to_run(path: Path) -> None:
    path.write_text("# nobody yet\n")
    with pytest.raises(ValueError, match=re.escape(f"add NAME --store {path}")):
        HtpasswdFile(path).prepare()


def test_other_lines_stay(path: Path) -> None:
    users = HtpasswdFile(path)
    assert users.create(Account("carol", BCRYPT))
    assert users.change("bob", password=BCRYPT)
    assert users.remove("alice")
    expected = CONTENT.replace(f"alice:{BCRYPT}\n", "")
    expected = expected.replace(f"bob:{SHA}:a comment", f"bob:{BCRYPT}")
    assert path.read_text() == f"{expected}carol:{BCRYPT}\n"
    assert list(users.names()) == ["bob", "Zoë X", "carol"]


def test_a_file_with_no_line_end_and_a_mark_is_changed(path: Path) -> None:
    path.write_bytes(f"\ufeffalice:{BCRYPT}\r\nbob:{SHA}".encode())
    users = HtpasswdFile(path)
    assert users.create(Account("carol", SHA))
    assert users.change("alice", password=SHA)
    assert users.remove("bob")
    assert [(one.name, one.password) for one in users.search()] == [("alice", SHA), ("carol", SHA)]


def test_who_is_not_there_is_not_changed_and_who_is_not_created(path: Path) -> None:
    users = HtpasswdFile(path)
    before = state(path)
    for name in ("eve", "# Our users", "", "bob:x"):
        assert not users.change(name, password=BCRYPT)
        assert not users.set_password(name, BCRYPT, was=None)
        assert not users.remove(name)
        assert not users.change(name)
    assert users.change("alice")
    assert not users.create(Account("alice", SHA))
    assert state(path) == before


def test_a_password_is_set_while_it_is_what_it_was(path: Path) -> None:
    users = HtpasswdFile(path)
    assert not users.set_password("alice", SHA, was=SHA)
    assert not users.set_password("alice", SHA, was=None)
    # Not with the comment after it.
    assert users.set_password("bob", BCRYPT, was=SHA)
    assert users.set_password("alice", SHA, was=BCRYPT)
    assert not users.set_password("alice", SHA, was=BCRYPT)
    assert users.find("alice") == Account("alice", SHA)


def test_a_weak_hash_stays(path: Path) -> None:
    before = state(path)
    assert not HtpasswdFile(path).replace_password("bob", SHA, BCRYPT)
    assert state(path) == before


@pytest.mark.parametrize(
    "field, value",
    [
        ("groups", ["board"]),
        ("email", "a@example.com"),
        ("full_name", "Alice"),
        ("disabled", True),
        ("must_change", True),
        ("claims", {"tenant": 7}),
    ],
)
def test_only_passwords_can_be_kept(path: Path, field: str, value: Any) -> None:
    users, before = HtpasswdFile(path), state(path)
    said = f"an htpasswd file cannot keep {field}: it keeps password"
    given: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match=said):
        users.create(Account("carol", SHA, **given))
    with pytest.raises(ValueError, match=said):
        users.change("alice", **given)
    assert state(path) == before


@pytest.mark.parametrize(
    "edit",
    [
        lambda users: users.create(Account("carol")),
        lambda users: users.change("alice", password=None),
        lambda users: users.create(Account("a:b", SHA)),
        lambda users: users.create(Account("", SHA)),
        lambda users: users.create(Account("#carol", SHA)),
        lambda users: users.create(Account("carol", "wonderland")),
        lambda users: users.create(Account("carol", f"{SHA}\neve:{SHA}")),
        lambda users: users.create(Account("carol", f"{SHA}:eve")),
        lambda users: users.change("alice", password=f"{SHA}\r\neve:{SHA}"),
        lambda users: users.set_password("alice", f"{SHA}\neve:{SHA}", was=BCRYPT),
        lambda users: users.set_password("alice", "", was=BCRYPT),
        lambda users: users.set_password("alice", "\ud800", was=BCRYPT),
    ],
)
def test_what_could_not_be_read_or_is_more_is_not_written(
    path: Path, edit: Callable[[HtpasswdFile], object]
) -> None:
    before = state(path)
    with pytest.raises(ValueError):
        edit(HtpasswdFile(path))
    assert state(path) == before


def test_the_last_user_is_not_removed(path: Path) -> None:
    path.write_text(f"alice:{SHA}\n")
    with pytest.raises(ValueError, match="would hold no user"):
        HtpasswdFile(path).remove("alice")


def test_a_new_password_is_hashed_for_other_programs_too(path: Path) -> None:
    users = HtpasswdFile(path)
    stored = users.hashed("a new password")
    assert stored.startswith("$2y$")
    assert users.change("alice", password=stored)
    assert check_password_hash(stored, "a new password")
    with pytest.raises(ValueError, match="72 bytes"):
        users.hashed("x" * 73)


@pytest.mark.skipif(
    shutil.which("htpasswd") is None and "CI" not in os.environ,
    reason="htpasswd is missing: `make htpasswd` installs it",
)
def test_htpasswd_reads_what_is_written_and_the_other_way_round(path: Path) -> None:
    users = HtpasswdFile(path)
    assert users.create(Account("carol", users.hashed("her password")))

    def run(*arguments: str) -> int:
        return subprocess.run(["htpasswd", *arguments], capture_output=True, check=False).returncode

    assert run("-bv", str(path), "carol", "her password") == 0
    assert run("-bv", str(path), "carol", "another") != 0
    assert run("-bB", str(path), "dan", "his password") == 0
    assert run("-D", str(path), "carol") == 0
    dan = users.find("dan")
    assert dan is not None
    assert check_password_hash(str(dan.password), "his password")
    assert users.find("carol") is None


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    begin=st.binary(max_size=30) | st.text("#: \nab\r\ufeff").map(str.encode),
    name=st.text(min_size=1, max_size=5),
)
def test_whatever_is_in_it_nobody_else_is_changed(tmp_path: Path, begin: bytes, name: str) -> None:
    path = tmp_path / "random.htpasswd"
    path.write_bytes(begin + f"\nalice:{BCRYPT}\n".encode())
    users = HtpasswdFile(path)
    try:
        users.prepare()
    except ValueError as error:
        assert BCRYPT not in str(error)
        return
    before = dict(users._accounts)
    for edit in (
        lambda: users.create(Account(name, SHA)),
        lambda: users.change(name, password=BCRYPT),
        lambda: users.remove(name),
    ):
        try:
            edit()
        except ValueError:
            pass
    before.pop(name, None)
    after = {one.name: one for one in users.search() if one.name != name}
    assert after == before
