"""`dash-auth users list` and `show`: who there is, in a table or in JSON, and never a hash."""

from __future__ import annotations

import importlib
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from dash_auth._secret_keys import ENVIRONMENT as KEY_ENVIRONMENT
from dash_auth.security import generate_password_hash
from dash_auth.users import Account
from dash_auth.users.named import store_of

from ..conftest import PASSWORD, Run, add, kept

KEY = "c7b1d1b6a5f24e0c9f0e"


@pytest.fixture
def some(run: Run, store: str) -> None:
    """Add users of each state."""
    add(run, "dora", "--full-name", "Dora Ö.", "--email", "dora@example.com", "--group", "a b")
    add(run, "bob", "--group", "x", "--group", "y")
    run("users", "disable", "bob")
    run("users", "add", "carol", "--temporary")
    invite = ("--invite", "--url", "https://example.com")
    run("users", "add", "alice", *invite, **{KEY_ENVIRONMENT: KEY})


@pytest.mark.usefixtures("some")
def test_a_table(run: Run) -> None:
    assert run("users", "list").output == (
        "NAME   FULL NAME  E-MAIL            GROUPS  STATE\n"
        "alice                                       invited\n"
        "bob                                 x, y    disabled\n"
        "carol                                       must change\n"
        "dora   Dora Ö.    dora@example.com  a b     active\n"
    )


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("text", "names"),
    [("ora", ["dora"]), ("DORA@", ["dora"]), ("dora Ö", ["dora"]), ("o", ["bob", "carol", "dora"])],
)
def test_a_search(run: Run, text: str, names: list[str]) -> None:
    found = json.loads(run("users", "list", "--search", text, "--json").output)
    assert [one["name"] for one in found] == names
    table = run("users", "list", "--search", text).output.splitlines()[1:]
    assert [line.split()[0] for line in table] == names
    assert json.loads(run("users", "list", "--search", "nobody", "--json").output) == []


@pytest.mark.usefixtures("some")
def test_json(run: Run, store: str) -> None:
    done = run("users", "list", "--json")
    assert done.output.isascii()
    found = {one.pop("name"): one for one in json.loads(done.output)}
    assert found["dora"] == {
        "full_name": "Dora Ö.",
        "email": "dora@example.com",
        "groups": ["a b"],
        "state": "active",
        "disabled": False,
        "must_change": False,
    }
    assert (found["bob"]["state"], found["bob"]["disabled"]) == ("disabled", True)
    assert found["alice"]["state"] == "invited"
    assert found["carol"]["state"] == "must change"
    until = datetime.fromisoformat(found["carol"]["must_change"])
    assert until == kept(store, "carol").must_change.replace(tzinfo=timezone.utc)


@pytest.mark.usefixtures("some")
def test_nothing_shows_what_is_stored(run: Run, store: str) -> None:
    for command in (["list"], ["list", "--json"], ["show", "dora"], ["show", "dora", "--json"]):
        said = run("users", *command).output
        assert kept(store, "dora").password not in said
        assert kept(store, "dora").password.rpartition("$")[2] not in said
        assert kept(store, "dora").credential_version not in said


@pytest.mark.usefixtures("real_hashes")
@pytest.mark.usefixtures("some")
def test_one_is_shown(run: Run) -> None:
    assert run("users", "show", "dora").output == (
        "Name       dora\n"
        "Full name  Dora Ö.\n"
        "E-mail     dora@example.com\n"
        "Groups     a b\n"
        "State      active\n"
        "Password   scrypt\n"
    )
    assert "\nPassword   none yet\n" in run("users", "show", "alice").output
    assert "\nState      must change until 20" in run("users", "show", "carol").output
    found = json.loads(run("users", "show", "dora", "--json").output)
    assert (found["name"], found["password"]) == ("dora", "scrypt")
    assert run("users", "show", "eve", code=1).output == "Error: there is no user eve\n"


KINDS = {
    "scrypt": (generate_password_hash(PASSWORD), "scrypt"),
    "weak": (
        generate_password_hash(PASSWORD, "scrypt:1024:8:1"),
        "scrypt, weak: hashed anew at the next login",
    ),
    "pbkdf2": (
        generate_password_hash(PASSWORD, "pbkdf2:sha256:1000"),
        "pbkdf2, weak: hashed anew at the next login",
    ),
    "argon2": (generate_password_hash(PASSWORD, "argon2"), "argon2"),
    "plaintext": (PASSWORD, "plaintext, weak: hashed anew at the next login"),
    "bcrypt": (
        "$2b$04$abcdefghijklmnopqrstuu5Lj8ZXv4CpEKOSJnPRG5wrqUAzUDIS6",
        "bcrypt, weak: hashed anew at the next login",
    ),
    "apr1": (
        "$apr1$abcdefgh$RrLzdPLbOYwwTHmtHHnmc1",
        "MD5-crypt, weak: hashed anew at the next login",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_a_stored_password(run: Run, store: str, kind: str) -> None:
    stored, said = KINDS[kind]
    keeping = store_of(store)
    assert keeping.create(Account("alice", stored))
    if hasattr(keeping, "close"):
        keeping.close()
    assert run("users", "show", "alice").output.endswith(f"\nPassword   {said}\n")


def test_by_hand(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "by_hand.toml"
    ended = datetime.now(timezone.utc) - timedelta(seconds=1)
    weak = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
    path.write_text(
        f'[alice]\npassword = "{weak}"\n[bob]\npassword = "{weak}"\nmust_change = {ended:%Y-%m-%dT%H:%M:%SZ}\n'
    )
    found = json.loads(run("users", "list", "--json", "--store", str(path)).output)
    assert [one["state"] for one in found] == ["active", "expired"]
    # Logins are bound to what is stored: it stays as it is.
    assert run("users", "show", "alice", "--store", str(path)).output.endswith("scrypt, weak\n")


def test_what_stands_there_steers_no_terminal(run: Run, store: str) -> None:
    keeping: Any = store_of(store)
    keeping.create(
        Account("alice", None, ["\x1b[2Jx"], email="a\nb", full_name="\x9b31m\u202eevil")
    )
    if hasattr(keeping, "close"):
        keeping.close()
    for command in (["list"], ["show", "alice"], ["list", "--json"], ["groups", "alice"]):
        said = run("users", *command).output
        assert not {"\x1b", "\x9b", "\u202e"} & set(said)
        assert "a\nb" not in said
    for command in (["show"], ["passwd"], ["disable"], ["groups"]):
        assert "\x1b" not in run("users", *command, "\x1b[2J", code=1).output


def test_pages_are_put_together(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = importlib.import_module("dash_auth._cli.users.accounts")
    monkeypatch.setattr(accounts, "_AT_ONCE", 2)
    names = ["b", "a", "e", "d", "c"]
    for name in names:
        run("users", "add", name, "--temporary")
    found = json.loads(run("users", "list", "--json").output)
    assert [one["name"] for one in found] == sorted(names)


def test_what_cannot_be_checked_is_told() -> None:
    kinds = importlib.import_module("dash_auth._cli.users.stored_kind")
    said = kinds.describe(Account("alice", "$2b$99$swordfish"), object())
    assert said == "bcrypt, which cannot be checked: nobody can log in with it"
    assert kinds.describe(Account("alice", "$gy$j9T$abc$def"), object()).startswith("a hash, which")
