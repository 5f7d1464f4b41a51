"""Users in a database, on real servers: tables of our own, and those of developers as they stand."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dash_auth
import pytest
import sqlalchemy
from attacks.http import ALICE, held
from clock import Clock
from dash_auth.sessions import reached
from dash_auth.users import Account, SqlUsers, sql_reading
from databases import Database
from everywhere import app_behind, known
from forms import Browser, form_app
from guarded import new_app
from writable import hashed

IN_AN_HOUR = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)

OWN = """
drop table if exists dash_auth_users; drop table if exists dash_auth_user_groups;
drop table if exists users; drop table if exists roles
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a database of each kind in turn, with no table in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'users.db'}"
    server: Database = request.getfixturevalue("postgres_server")
    run(server.url, *OWN.split(";"))
    return server.url


@pytest.fixture
def store(url: str) -> Iterator[SqlUsers]:
    store = SqlUsers(url)
    yield store
    store.close()


def run(url: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))
    engine.dispose()


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Return what calls return that begin together, each in a thread; what one raises is raised."""
    barrier, found = threading.Barrier(len(calls)), [None] * len(calls)
    errors: list[BaseException] = []

    def call(number: int) -> None:
        barrier.wait(20)
        try:
            found[number] = calls[number]()  # type: ignore[call-overload]
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if errors:
        raise errors[0]
    return found


# Tables of our own


def test_an_account_is_kept_and_changed(store: SqlUsers) -> None:
    account = Account(
        "alice", "stored", ["b", "a"], email="a@x.y", full_name="Alice", must_change=IN_AN_HOUR
    )
    assert store.create(account) and not store.create(account)
    found = store.find("alice")
    assert found is not None and found.credential_version
    assert (found.password, found.groups, found.must_change) == ("stored", ("a", "b"), IN_AN_HOUR)
    assert (found.email, found.full_name, found.disabled) == ("a@x.y", "Alice", False)
    assert store.change("alice", groups=["c"], disabled=True)
    changed = store.find("alice")
    assert changed is not None and (changed.groups, changed.disabled) == (("c",), True)
    # What was ended does not come back with the account; groups end nothing.
    assert changed.credential_version != found.credential_version
    assert store.change("alice", disabled=False, groups=["c", "d"])
    assert store.find("alice").credential_version == changed.credential_version  # type: ignore[union-attr]
    found = changed
    assert store.change("alice", password="other")
    last = store.find("alice")
    assert last is not None and last.password == "other" and last.must_change is False
    assert last.credential_version != found.credential_version
    assert store.change("alice", must_change=True) and store.find("alice").must_change is True  # type: ignore[union-attr]
    assert store.remove("alice") and not store.remove("alice") and store.find("alice") is None
    assert not store.change("alice", disabled=True)
    # The groups of one of that name before are gone as well.
    assert store.create(Account("alice")) and store.find("alice").groups == ()  # type: ignore[union-attr]


def test_the_same_password_is_stored_anew_on_one_condition(store: SqlUsers) -> None:
    store.create(Account("alice", "old"))
    version = store.find("alice").credential_version  # type: ignore[union-attr]
    assert not store.replace_password("alice", "other", "new")
    assert store.replace_password("alice", "old", "new")
    found = store.find("alice")
    assert found is not None and (found.password, found.credential_version) == ("new", version)
    assert not store.set_password("alice", "x", was="new")
    assert store.set_password("alice", "x", was=version)
    assert not store.set_password("alice", "y", was=version)
    assert not store.set_password("eve", "y", was=None)


def test_users_are_found_page_by_page(store: SqlUsers) -> None:
    for number in range(7):
        store.create(Account(f"user{number}", "x", full_name=f"100%_{number}" if number else None))
    assert [one.name for one in store.search(limit=3)] == ["user0", "user1", "user2"]
    assert [one.name for one in store.search(after="user4")] == ["user5", "user6"]
    assert [one.name for one in store.search("%_3")] == ["user3"]
    assert [one.name for one in store.search("USER6")] == ["user6"]
    assert store.search("'; drop table dash_auth_users; --") == []
    assert list(store.names()) == [f"user{number}" for number in range(7)]
    assert sorted(store.sample()) == list(store.names())


@pytest.mark.parametrize(
    "name",
    ["o'hara", '"quoted"', "100%_sure", "back\\slash", "a;b--c", "\u00e4\U0001f600", "x" * 255],
)
def test_odd_names_are_names(store: SqlUsers, name: str) -> None:
    assert store.find(name) is None
    assert store.create(Account(name, "x", ["o'g"]))
    found = store.find(name)
    assert found is not None and (found.name, found.groups) == (name, ("o'g",))
    assert store.remove(name)


@pytest.mark.parametrize(
    "name", ["", "a:b", "a\0b", " a", "a\n", "x" * 256, "\ud800", "x" * 10_000]
)
def test_what_is_no_name_finds_nobody_and_is_not_kept(store: SqlUsers, name: str) -> None:
    store.create(Account("alice", "x"))
    assert store.find(name) is None
    with pytest.raises(ValueError):
        store.create(Account(name, "x"))
    assert not store.change(name, disabled=True) and not store.remove(name)


# For how long an answer counts


def test_an_answer_counts_for_five_seconds(
    store: SqlUsers, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    clock.stop()
    monkeypatch.setattr(sql_reading, "time", clock)
    store.create(Account("alice", "x"))
    assert not store.is_current("alice") and store.find("alice") and store.is_current("alice")
    assert store.find("bob") is None and store.is_current("bob")
    other = SqlUsers(url)
    other.change("alice", disabled=True)
    other.create(Account("bob", "x"))
    clock.advance(4.9)
    assert not store.find("alice").disabled and store.find("bob") is None  # type: ignore[union-attr]
    clock.advance(0.2)
    assert not store.is_current("alice")
    assert store.find("alice").disabled and store.find("bob")  # type: ignore[union-attr]
    # What is changed through the store itself counts at once.
    store.change("alice", disabled=False)
    assert not store.find("alice").disabled  # type: ignore[union-attr]
    other.close()


def test_what_was_read_before_a_change_is_not_remembered(
    store: SqlUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(Account("alice", "x"))
    found = store._found

    def late(*arguments: Any) -> Account | None:
        account = found(*arguments)
        monkeypatch.undo()
        store.change("alice", disabled=True)
        return account

    monkeypatch.setattr(store, "_found", late)
    assert not store.find("alice").disabled  # type: ignore[union-attr]
    assert store.find("alice").disabled  # type: ignore[union-attr]


def test_what_is_remembered_is_bounded(store: SqlUsers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_reading, "_MOST_KEPT", 3)
    store.create(Account("alice", "x"))
    for number in range(5):
        store.find(f"user{number}")
        store.find("alice")
    assert len(store._kept) == 3 and store.is_current("alice")


# Several at once


def test_of_two_that_add_one_name_one_does(url: str) -> None:
    stores = [SqlUsers(url) for _ in range(4)]
    stores[0].create_tables()
    made = at_once(*(lambda one=one: one.create(Account("alice", "x")) for one in stores))  # type: ignore[misc]
    assert sorted(map(bool, made)) == [False, False, False, True]
    for one in stores:
        one.close()


def test_no_change_undoes_another(url: str) -> None:
    stores = [SqlUsers(url) for _ in range(3)]
    stores[0].create(Account("alice", "old"))
    at_once(
        lambda: stores[0].change("alice", groups=["a"]),
        lambda: stores[1].change("alice", email="a@x.y"),
        lambda: stores[2].change("alice", password="new"),
    )
    stores[0].stale_seconds = 0
    found = stores[0].find("alice")
    assert found is not None
    assert (found.groups, found.email, found.password) == (("a",), "a@x.y", "new")
    for one in stores:
        one.close()


def test_a_link_sets_a_password_once(url: str) -> None:
    stores = [SqlUsers(url) for _ in range(3)]
    stores[0].create(Account("alice"))
    was = stores[0].find("alice").credential_version  # type: ignore[union-attr]
    done = at_once(
        *(
            lambda n=n, one=one: one.set_password("alice", f"new {n}", was=was)
            for n, one in enumerate(stores)
        )  # type: ignore[misc]
    )
    assert sorted(map(bool, done)) == [False, False, True]
    for one in stores:
        one.close()


# A database that is away


def test_a_database_that_is_away_refuses(
    postgres_server: Database, everywhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reached, "_PAUSE", 0.0)
    run(postgres_server.url, *OWN.split(";"))
    store = SqlUsers(postgres_server.url, stale_seconds=0)
    store.create(Account("alice", hashed(ALICE[1]), ["board"]))
    site = everywhere(app_behind(store))
    browser = Browser(everywhere(form_app(store)))
    assert site.get("/private", auth=ALICE).json() == known("alice", ["board"])
    browser.log_in()
    postgres_server.kill()
    try:
        assert site.get("/private", auth=ALICE).status == 503
        assert site.get("/public", auth=ALICE).json()["user"] is None
        assert browser.fetch("/private").status == 503
        assert Browser(browser.site).log_in().status == 503
        with pytest.raises(dash_auth.Unavailable):
            store.find("alice")
    finally:
        postgres_server.start()
    assert site.get("/private", auth=ALICE).json() == known("alice", ["board"])
    assert browser.who() == "alice"
    store.close()


# Tables of developers

TUTORIAL = (
    "create table users (username varchar(80) primary key, password_hash varchar(255) not null)"
)


def test_the_table_of_the_tutorials_is_read_as_it_stands(url: str, everywhere: Any) -> None:
    run(url, TUTORIAL, f"insert into users values ('alice', '{hashed(ALICE[1])}')")
    store = SqlUsers(url, table="users")
    site = everywhere(app_behind(store))
    assert site.get("/private", auth=ALICE).json() == known("alice", [])
    held(site.get("/private", auth=("alice", "x")))
    held(site.get("/private", auth=("eve", "x")))
    assert store.fields == {"password"}
    # To it a hash is what logins are bound to.
    assert not store.replace_password("alice", hashed(ALICE[1]), "new")
    assert store.create(Account("bob", "x")) and store.change("bob", password="y")
    with pytest.raises(ValueError, match="cannot keep groups"):
        store.change("bob", groups=["a"])
    assert store.remove("bob")
    if url.startswith("sqlite"):
        # A file of the developer's keeps its mode of writing.
        assert not os.path.exists(f"{url.removeprefix('sqlite:///')}-wal")
    store.close()


WIDE = """
create table users (login varchar(80), pw varchar(255), mail varchar(80), active boolean, until timestamp,
version varchar(32), team varchar(80), tags varchar(80))
"""


def test_columns_have_the_names_that_are_said(url: str) -> None:
    run(
        url,
        WIDE,
        "create table roles (who varchar(80), role varchar(80))",
        "insert into users values ('alice', 'x', 'a@x.y', true, null, 'v1', 'north', 'p, q r')",
        "insert into users values ('bob', null, null, false, null, null, null, '[\"s t\"]')",
        "insert into users values ('carol', 'x', null, null, null, null, null, null)",
        "insert into roles values ('alice', 'board')",
    )
    columns: dict[str, Any] = {
        "table": "users",
        "name": "login",
        "password": "pw",
        "email": "mail",
        "active": "active",
        "must_change": "until",
        "credential_version": "version",
        "claims": ["team"],
    }
    store = SqlUsers(url, groups_table=("roles", "who", "role"), **columns)
    alice, bob, carol = (store.find(name) for name in ("alice", "bob", "carol"))
    assert alice is not None and bob is not None and carol is not None
    assert (alice.groups, alice.email, alice.claims) == (("board",), "a@x.y", {"team": "north"})
    assert (alice.credential_version, alice.disabled, alice.must_change) == ("v1", False, False)
    # Where it is not known whether a user is active, the user is not.
    assert bob.disabled and carol.disabled and bob.password is None
    assert store.change("alice", groups=["a", "b"], must_change=IN_AN_HOUR.replace(tzinfo=None))
    alice = store.find("alice")
    assert alice is not None and alice.groups == ("a", "b") and not alice.is_expired()
    assert alice.must_change == IN_AN_HOUR.replace(tzinfo=None)
    assert store.change("alice", password="new", disabled=True)
    alice = store.find("alice")
    assert alice is not None and alice.credential_version not in (None, "v1") and alice.disabled
    in_column = SqlUsers(url, groups="tags", **columns)
    assert in_column.find("alice").groups == ("p", "q", "r")  # type: ignore[union-attr]
    assert in_column.find("bob").groups == ("s t",)  # type: ignore[union-attr]
    store.close()
    in_column.close()


def test_of_two_rows_neither_is_meant(url: str) -> None:
    run(url, "create table users (username varchar(80), password_hash varchar(80))")
    run(url, *(f"insert into users values ('alice', '{stored}')" for stored in ("x", "y")))
    store = SqlUsers(url, table="users")
    assert store.find("alice") is None
    store.close()


def test_a_name_is_as_the_table_has_it(tmp_path: Path, everywhere: Any) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    run(
        url,
        "create table users (username text collate nocase primary key, password_hash text)",
        f"insert into users values ('Alice', '{hashed(ALICE[1])}')",
    )
    store = SqlUsers(url, table="users")
    site = everywhere(app_behind(store))
    assert site.get("/private", auth=("ALICE", ALICE[1])).json() == known("Alice", [])
    store.close()


def test_a_view_is_read_and_what_cannot_be_written_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    run(
        url,
        "create table people (id integer primary key, login text, pw text, age integer not null)",
        "insert into people values (1, 'alice', 'x', 5)",
        "create view users as select login as username, pw as password_hash from people",
    )
    store = SqlUsers(url, table="users")
    store.prepare()
    assert store.find("alice") is not None
    with pytest.raises(Exception, match="view"):
        store.change("alice", password="y")
    people = SqlUsers(url, table="people", name="login", password="pw")
    with pytest.raises(ValueError, match="columns that need a value"):
        people.create(Account("bob", "x"))
    store.close()
    people.close()


# Mistakes that show at start


def test_mistakes_show_at_start(url: str) -> None:
    def start(*arguments: Any, **named: Any) -> None:
        store = SqlUsers(url, *arguments, **named)
        try:
            dash_auth.BasicAuth(new_app(), store)
        finally:
            store.close()

    with pytest.raises(ValueError, match=r"there are no users\. Add one: dash-auth users add NAME"):
        start()
    run(url, TUTORIAL)
    with pytest.raises(ValueError, match=r"there is no table 'user' .*: did you mean 'users'"):
        start("user")
    with pytest.raises(ValueError, match="no column 'user_name': did you mean 'username'"):
        start("users", "user_name")
    with pytest.raises(ValueError, match="there are no users in the table 'users': add one there"):
        start("users")
    with pytest.raises(ValueError, match="pass table= as well"):
        start(groups="groups")
    with pytest.raises(ValueError, match="pass one"):
        start("users", disabled="a", active="b")
    with pytest.raises(ValueError, match="in a column, groups=, or in a table"):
        start("users", groups="a", groups_table="b")
    with pytest.raises(TypeError, match=r"claims must be a list of columns: \['team'\]"):
        start("users", claims="team")


@pytest.mark.parametrize("named", ["mysql://a:secret@b/c", "postgresql://a:sec@ret@b/c", "x://"])
def test_an_address_that_is_none_is_refused_and_not_quoted(named: str) -> None:
    with pytest.raises((ValueError, ImportError)) as refused:
        dash_auth.BasicAuth(new_app(), named)
    assert "sec" not in str(refused.value)


def test_nothing_shows_the_password_of_a_database() -> None:
    store = SqlUsers("postgresql+psycopg://app:secret@127.0.0.1:1/x")
    assert "secret" not in repr(store) and "secret" not in str(vars(store)["_database"])
    with pytest.raises(dash_auth.Unavailable) as away:
        store.find("alice")
    assert "secret" not in str(away.value)


@pytest.mark.parametrize(
    ("active", "is_in"), [("false", False), ("0", False), ("N", False), ("t", True), ("1", True)]
)
def test_text_that_says_no_is_no(url: str, active: str, is_in: bool) -> None:
    run(
        url,
        "create table users (username text, password_hash text, active text)",
        f"insert into users values ('alice', 'x', '{active}')",
    )
    store = SqlUsers(url, "users", active="active")
    found = store.find("alice")
    assert found is not None
    assert found.disabled is not is_in
    store.close()


def test_a_time_is_kept_in_utc(url: str) -> None:
    run(
        url,
        "create table users (username text, password_hash text, until timestamp)",
        "insert into users values ('alice', 'x', null)",
    )
    store = SqlUsers(url, "users", must_change="until")
    five = timezone(timedelta(hours=5))
    assert store.change("alice", must_change=datetime(2100, 1, 1, 12, tzinfo=five))
    found = store.find("alice")
    assert found is not None
    assert found.must_change == datetime(2100, 1, 1, 7)
    store.close()


@pytest.mark.parametrize(("kind", "value"), [("datetime", "'garbage'"), ("json", "'{{'")])
def test_a_row_that_cannot_be_read_refuses_its_user_alone(
    tmp_path: Path, kind: str, value: str
) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    run(
        url,
        f"create table users (username text, password_hash text, odd {kind})",
        f"insert into users values ('mallory', 'x', {value}), ('alice', 'x', null)",
    )
    store = SqlUsers(url, "users", claims=["odd"])
    assert store.find("mallory") is None
    assert store.find("alice") is not None
    store.close()


@pytest.mark.parametrize("value", ["1e300", "9e999"])
def test_a_time_beyond_all_times_has_no_end(tmp_path: Path, value: str) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    run(
        url,
        "create table users (username text, password_hash text, until real)",
        f"insert into users values ('alice', 'x', {value})",
    )
    store = SqlUsers(url, "users", must_change="until")
    found = store.find("alice")
    assert found is not None
    assert found.must_change is True
    store.close()


def test_a_change_counts_at_once_for_every_spelling(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    run(
        url,
        "create table users (username text collate nocase, password_hash text)",
        "insert into users values ('alice', 'old')",
    )
    store = SqlUsers(url, "users")
    assert store.find("ALICE") is not None
    assert store.change("alice", password="new")
    found = store.find("ALICE")
    assert found is not None
    assert found.password == "new"
    store.close()


def test_of_two_rows_neither_is_changed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    run(
        url,
        "create table users (username text collate nocase, password_hash text)",
        *(f"insert into users values ('{name}', 'x')" for name in ("bob", "BOB")),
    )
    store = SqlUsers(url, table="users")
    for call in (
        lambda: store.change("bob", password="y"),
        lambda: store.set_password("bob", "y", was="x"),
        lambda: store.remove("bob"),
    ):
        with pytest.raises(ValueError, match="2 rows have that name"):
            call()
    assert [one.password for one in store.search()] == ["x", "x"]
    store.close()


def test_a_row_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    run(
        url,
        "create table users (username text, password_hash text, until timestamp)",
        *(f"insert into users values ('user{n}', 'x', 'no date')" for n in range(3)),
        "insert into users values ('user4', 'x', null)",
    )
    store = SqlUsers(url, table="users", must_change="until")
    assert [one.name for one in store.search()] == ["user4"]
    assert list(store.names()) == ["user0", "user1", "user2", "user4"]
    store.close()


def test_a_hash_that_cannot_be_read_refuses_its_user_alone_at_start_too(
    url: str, everywhere: Any
) -> None:
    run(
        url,
        TUTORIAL,
        f"insert into users values ('alice', '{hashed(ALICE[1])}'), ('bob', '{'5' * 32}')",
    )
    store = SqlUsers(url, table="users")
    site = everywhere(app_behind(store))
    assert site.get("/private", auth=ALICE).json() == known("alice", [])
    # It is never taken for the password itself.
    held(site.get("/private", auth=("bob", "5" * 32)))
    store.close()
