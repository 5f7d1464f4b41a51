"""Attacks on users in stores that stay live: files, databases, and those that have to look first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from dash_auth import _threads as threads
from dash_auth._core import Credentials, Refusal
from dash_auth._steps import is_way, walk
from dash_auth.logins.stored_passwords import StoredPasswords
from dash_auth.users import Account, SqlUsers, UsersFile
from everywhere import Serve, app_behind, on_event_loops
from forms import Browser, form_app
from hashing import Hashing
from users.test_live_store import LookingUsers
from writable import MemoryUsers, hashed

from .http import ALICE, BOB


@pytest.fixture
def looking() -> LookingUsers:
    return LookingUsers(Account("alice", hashed(ALICE[1])), Account("bob", hashed(BOB[1])))


@on_event_loops
def test_those_who_guess_hold_up_no_session_whose_user_is_looked_up(
    everywhere: Serve, looking: LookingUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(everywhere(form_app(looking)))
    browser.log_in()
    # As if all turns were taken, and all places to wait for one.
    monkeypatch.setattr(threads, "VISITORS", threads.Threads("test", 0))
    looking.seen.clear()
    assert Browser(browser.site).log_in("alice", "guess").status == 503
    looking.seen.clear()
    assert browser.who() == "alice"
    assert looking.on_loop == []


class Asking:
    """What is asked of a request that brings a password."""

    address = "192.0.2.1"

    def header(self, name: str) -> None:
        return None


def file_of(path: Path, *accounts: Account) -> UsersFile:
    store = UsersFile(path / "users.toml")
    for account in accounts:
        assert store.create(account)
    return store


def database_of(path: Path, *accounts: Account) -> SqlUsers:
    store = SqlUsers(f"sqlite:///{path}/users.db")
    for account in accounts:
        assert store.create(account)
    return store


@pytest.mark.parametrize("made", [file_of, database_of])
@pytest.mark.parametrize("kind", ["disabled", "invited", "expired"])
def test_an_unknown_name_costs_a_hash_though_most_accounts_are_unused(
    made: Any, kind: str, tmp_path: Path, hashing: Hashing
) -> None:
    stored = hashing.of(ALICE[1])
    unused = {
        "disabled": Account("a", stored, disabled=True),
        "invited": Account("a"),
        "expired": Account("a", stored, must_change=datetime(2020, 1, 1, tzinfo=timezone.utc)),
    }[kind]
    many = [replace(unused, name=f"a{number:02}") for number in range(70)]
    store = made(tmp_path, *many, Account("zoe", stored))
    passwords = StoredPasswords(store)

    def guess(name: str) -> None:
        verified = passwords.verify(Credentials(name, "wrong"), Asking())  # type: ignore[arg-type]
        outcome = walk(verified, None) if is_way(verified) else verified  # type: ignore[arg-type]
        assert outcome == Refusal.WRONG

    assert hashing.count(partial(guess, "zoe")) == 1
    for name in ("mallory", "eve", "a01"):
        assert hashing.count(partial(guess, name)) == 1, name
    if hasattr(store, "close"):
        store.close()
