"""Attacks on users in stores that stay live: files, databases, and those that have to look first."""

from __future__ import annotations

import fcntl
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from attacks.http import ALICE, BOB, PRIVATE
from dash_auth import _threads as threads
from dash_auth._core import Credentials, Refusal
from dash_auth._servers.websocket import watched
from dash_auth._steps import is_way, walk
from dash_auth._unavailable import Unavailable
from dash_auth.logins.form.invitation import Invitations
from dash_auth.logins.form.users_page_changes import Changes
from dash_auth.logins.pages.users import Said
from dash_auth.logins.stored_passwords import StoredPasswords
from dash_auth.users import Account, SqlUsers, UsersFile, written_file
from everywhere import PRIVATE_BODY, Serve, app_behind, on_event_loops
from forms import KEY, NAVIGATION, Browser, form_app
from hashing import Hashing
from managed import PASSWORD, administrator, managed_app
from sockets.servers import LOGIN_REQUIRED
from users.test_live_store import LookingUsers
from writable import MemoryUsers, hashed


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


@pytest.mark.parametrize("kind", ["BOOLEAN", "INTEGER", "TEXT"])
@pytest.mark.parametrize("column", ["disabled", "active"])
def test_of_a_table_that_is_there_too(
    kind: str, column: str, tmp_path: Path, hashing: Hashing
) -> None:
    url, stored = f"sqlite:///{tmp_path}/own.db", hashing.of(ALICE[1])
    engine = sql.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE people (username TEXT, password_hash TEXT, flag {kind})"
        )
        off = 1 if column == "disabled" else 0
        many = 10 if kind == "TEXT" else 70
        rows = [(f"a{number}", stored, off) for number in range(many)]
        connection.exec_driver_sql(
            "INSERT INTO people VALUES (?, ?, ?)",
            [*rows, ("b", None, 1 - off), ("zoe", stored, 1 - off)],
        )
    engine.dispose()
    store = SqlUsers(url, "people", **{column: "flag"})  # type: ignore[arg-type]
    assert "zoe" in store.sample()
    if kind != "TEXT":
        assert store.sample() == ["zoe"]
    store.close()


def test_an_invitation_overwrites_no_password_that_another_program_has_set(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/own.db"
    engine = sql.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE people (username TEXT, password_hash TEXT, version TEXT)"
        )
        connection.exec_driver_sql("INSERT INTO people VALUES ('ada', NULL, NULL)")
    store = SqlUsers(url, "people", credential_version="version")
    found = store.find("ada")
    assert found is not None and found.password is found.credential_version is None
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE people SET password_hash = 'theirs'")
    assert not store.set_password("ada", "ours", was=None)
    with engine.begin() as connection:
        kept = connection.exec_driver_sql("SELECT password_hash FROM people").scalar_one()
        connection.exec_driver_sql("UPDATE people SET password_hash = '', version = ''")
    assert kept == "theirs"
    assert store.set_password("ada", "ours", was=None)
    engine.dispose()
    store.close()


def test_a_lock_that_somebody_keeps_holds_up_nobody_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written_file, "LONGEST_WAIT", 0.1)
    store = file_of(tmp_path, Account("alice", hashed(ALICE[1])))
    with open(tmp_path / ".users.toml.lock", "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="another program has held the lock"):
            store.change("alice", disabled=True)
    assert store.change("alice", disabled=True)


def test_a_search_that_takes_too_long_stops_no_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = database_of(tmp_path, Account("alice", hashed(ALICE[1])))
    read = store._database.read

    def read_or_late(ask: Any) -> Any:
        if ask.__closure__ and any("page" in repr(one.cell_contents) for one in ask.__closure__):
            raise TimeoutError("the database does not answer")
        return read(ask)

    monkeypatch.setattr(store._database, "read", read_or_late)
    with pytest.raises(Unavailable):
        store.search("a")
    assert store.find("alice") is not None
    store.close()


@on_event_loops
def test_a_socket_opened_by_basic_ends_when_the_password_has_to_be_changed(
    everywhere: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_SECONDS_BETWEEN_LOOKS", 0.1)
    store = MemoryUsers(Account("alice", hashed(ALICE[1]), ["board"]))
    site: Any = everywhere(app_behind(store))
    with site.open(auth=ALICE) as socket:
        assert PRIVATE in str(socket.call(PRIVATE_BODY))
        store.change("alice", must_change=True)
        assert socket.closing_code() == LOGIN_REQUIRED


ODD = {
    "nul": b"%00", "lone": b"%ED%A0%80", "bytes": b"%FF%FE", "long": b"a" * 60_000,
    "wide": b"%F0%9F%98%80" * 20, "rtl": b"%E2%80%AE", "newline": b"%0d%0aSet-Cookie:%20x=y",
    "raw": b"\xff\x00", "percent": b"%zz%", "empty": b"",
}  # fmt: skip


def test_odd_bytes_in_forms_are_no_error(everywhere: Serve, tmp_path: Path) -> None:
    store = file_of(tmp_path, Account("ada", hashed(PASSWORD), ["admin"]), Account("grace"))
    browser = administrator(everywhere(managed_app(store)))
    proof = browser.field(browser.visit("/account"), "proof").encode()
    users_proof = browser.field(browser.visit("/users"), "proof").encode()
    token = Invitations(lambda: (KEY.encode(),)).token(store.find("grace"))  # type: ignore[arg-type]
    link = f"/login/invitation/{token}"
    linked = browser.field(browser.visit(link), "proof").encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        **NAVIGATION,
    }
    for what, odd in ODD.items():
        bodies = [
            (
                "/account",
                b"proof=%s&do=password&current=%s&new=%s&again=%s" % (proof, odd, odd, odd),
            ),
            ("/account", b"proof=%s&do=%s&next=%s" % (proof, odd, odd)),
            (link, b"proof=%s&new=%s&again=%s" % (linked, odd, odd)),
            ("/users", b"proof=%s&action=add&user=%s&groups=%s" % (users_proof, odd, odd)),
            ("/users", b"proof=%s&action=groups&user=grace&was=&groups=%s" % (users_proof, odd)),
            ("/users", b"proof=%s&action=disable&user=%s" % (users_proof, odd)),
            (
                "/users",
                b"proof=%s&action=%s&user=grace&q=%s&after=%s" % (users_proof, odd, odd, odd),
            ),
        ]
        for path, body in bodies:
            reply = browser.send("POST", path, headers, body=body)
            assert reply.status < 500, (what, path)
    # Each name that was taken is one that can be read, and nothing else came into the file.
    UsersFile(store.path).prepare()
    assert "admin" not in Path(store.path).read_text().replace('groups = ["admin"]', "", 1)


def test_what_another_process_did_a_moment_ago_is_not_undone(tmp_path: Path) -> None:
    ada, eve = Account("ada", "x", ["admin"]), Account("eve", "x", ["admin"])
    here = database_of(tmp_path, ada, eve, Account("grace", "x", ["staff"]))
    there = SqlUsers(f"sqlite:///{tmp_path}/users.db")
    changes = Changes(here, "admin", Invitations(lambda: (KEY.encode(),)))
    request: Any = Asking()
    for name in ("ada", "eve", "grace"):
        assert here.find(name) is not None
    assert there.change("grace", groups=["staff", "board"])
    assert changes.set_groups(request, "ada", "grace", "staff, x", "staff") is Said.CHANGED
    # Who asks was removed by the other one, who is the last one now.
    assert there.remove("ada")
    assert changes.remove(request, "ada", "eve") is Said.LAST
    here.close()
    there.close()


def test_a_weak_hash_that_was_stored_anew_already_is_not_made_again() -> None:
    weak = hashed(ALICE[1])
    store = MemoryUsers(Account("alice", weak))
    passwords = StoredPasswords(store)
    assert passwords._is_to_renew("alice", weak)
    assert store.replace_password("alice", weak, hashed(ALICE[1]))
    assert not passwords._is_to_renew("alice", weak)
