"""`dash-auth users disable`, `enable`, `remove` and `groups`: what is named is changed, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ..conftest import PASSWORD, Run, add, kept


@pytest.fixture(autouse=True)
def three(run: Run) -> None:
    """Add three users."""
    for name in ("alice", "bob", "carol"):
        run("users", "add", name, "--group", "staff", "--temporary")


def test_disabled_and_enabled(run: Run, store: str) -> None:
    before = {name: kept(store, name) for name in ("alice", "bob", "carol")}
    done = run("users", "disable", "alice", "carol", "alice")
    assert done.output == "alice is disabled.\ncarol is disabled.\n"
    assert [kept(store, name).disabled for name in ("alice", "bob", "carol")] == [True, False, True]
    assert run("users", "disable", "alice").output == "alice is disabled.\n"
    assert (
        run("users", "enable", "alice", "carol").output == "alice is enabled.\ncarol is enabled.\n"
    )
    after = {name: kept(store, name) for name in before}
    # Logins that were ended do not come back.
    versions = {name: one.credential_version for name, one in after.items()}
    assert {n for n in before if versions[n] == before[n].credential_version} == {"bob"}
    as_before = {n: replace(one, credential_version=versions[n]) for n, one in before.items()}
    assert after == as_before


@pytest.mark.parametrize("command", [["disable"], ["enable"], ["remove", "--yes"]])
def test_an_unknown_one_among_them_leaves_all(run: Run, store: str, command: list[str]) -> None:
    before = {name: kept(store, name) for name in ("alice", "bob", "carol")}
    done = run("users", *command, "alice", "eve", "mallory", code=1)
    assert done.output == "Error: there is no user eve, mallory; nothing is changed\n"
    assert {name: kept(store, name) for name in before} == before


@pytest.mark.parametrize("command", ["disable", "enable", "remove"])
def test_somebody_is_named(run: Run, command: str) -> None:
    assert "Missing argument" in run("users", command, code=2).stderr


def test_removed_once_it_is_meant(run: Run, store: str) -> None:
    for answer in ("", "n\n", "\n"):
        done = run("users", "remove", "alice", "bob", code=1, input=answer)
        assert "Remove alice, bob? [y/N]" in done.stderr
        assert kept(store) and kept(store, "bob")
    done = run("users", "remove", "alice", "bob", input="y\n")
    assert done.stdout == "alice is removed.\nbob is removed.\n"
    assert (kept(store), kept(store, "bob")) == (None, None)
    assert kept(store, "carol")
    run("users", "remove", "--yes", "alice", code=1)


def groups_of(store: str) -> list[str]:
    # A database keeps no order.
    return sorted(kept(store).groups)


def test_groups(run: Run, store: str) -> None:
    before = kept(store)
    assert run("users", "groups", "alice").output == "staff\n"
    done = run("users", "groups", "alice", "--add", "board", "--add", "staff", "--add", "a b")
    assert done.output == "staff\nboard\na b\n"
    assert groups_of(store) == ["a b", "board", "staff"]
    run("users", "groups", "alice", "--remove", "staff", "--remove", "none", "--add", "new")
    assert groups_of(store) == ["a b", "board", "new"]
    assert run("users", "groups", "alice", "--set", "x, y z,,x").output == "x\ny z\n"
    assert groups_of(store) == ["x", "y z"]
    assert run("users", "groups", "alice", "--set", "").output == ""
    assert groups_of(store) == []
    # No login ends by it.
    after = kept(store)
    assert (after.password, after.credential_version) == (
        before.password,
        before.credential_version,
    )
    assert list(kept(store, "bob").groups) == ["staff"]


@pytest.mark.parametrize(
    "options",
    [
        ["--set", "x", "--add", "y"],
        ["--set", "", "--remove", "y"],
        ["--add", ""],
        ["--add", "a\nb"],
    ],
)
def test_groups_that_are_none(run: Run, store: str, options: list[str]) -> None:
    run("users", "groups", "alice", *options, code=2)
    assert groups_of(store) == ["staff"]


def test_groups_of_an_unknown_user(run: Run) -> None:
    assert (
        run("users", "groups", "eve", "--add", "x", code=1).output
        == "Error: there is no user eve\n"
    )


def test_an_htpasswd_file_can_do_less(run: Run, tmp_path: Path) -> None:
    path = str(tmp_path / "users.htpasswd")
    add(run, "alice", "--store", path)
    add(run, "bob", "--store", path)
    for command in (
        ["disable", "alice"],
        ["enable", "alice"],
        ["groups", "alice", "--add", "x"],
        ["passwd", "alice", "--temporary"],
    ):
        done = run("users", *command, "--store", path, code=1)
        assert "this store cannot keep" in done.stderr
    assert run("users", "groups", "alice", "--store", path).output == ""
    run("users", "remove", "--yes", "alice", "--store", path)
    run("verify", "bob", "--store", path, "--stdin", input=f"{PASSWORD}\n")
    assert kept(path) is None
