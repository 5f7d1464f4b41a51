"""Stores of sessions, each on a real server: what is there once, and what is gone for good."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import stat
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dash_auth
import pytest
import sqlalchemy
from clock import Clock
from dash_auth.sessions import SessionStore, named, reached
from dash_auth.sessions.deadline import Deadlines
from dash_auth.sessions.named import store_named, store_of
from dash_auth.sessions.redis import RedisSessions
from dash_auth.sessions.sql import SqlSessions
from databases import Database, settle
from waiting import wait_for

SERVERS = ["redis", "postgres"]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Database:
    """Give each server in turn."""
    found: Database = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture(params=[*SERVERS, "sqlite", "engine"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Give each store in turn."""
    if request.param in SERVERS:
        made: Any = store_of(request.getfixturevalue(f"{request.param}_server").url)
        yield made
        close(made)
        return
    url = f"sqlite:///{tmp_path / 'sessions.db'}"
    # An engine of the developer's own has none of our settings.
    engine = sqlalchemy.create_engine(url) if request.param == "engine" else url
    made = store_of(engine)
    yield made
    close(made)


@pytest.fixture
def reach() -> Iterator[Callable[[Any], reached.Reached]]:
    """Give `reach(server)`, which asks its store as apps do."""
    with contextlib.ExitStack() as stack:

        def reaching(server: Database) -> reached.Reached:
            store = store_named(server.url)
            assert store is not None
            stack.callback(close, store.store)
            return store

        yield reaching


def close(store: Any) -> None:
    """Close the connections of a store."""
    if isinstance(store, RedisSessions):
        store.client.close()
    else:
        store.engine.dispose()


def new() -> str:
    """Return an id, or what stands for a user."""
    return uuid.uuid4().hex * 2


def test_a_session_is_kept_as_it_was_given(store: SessionStore) -> None:
    id, user, other = new(), new(), new()
    assert store.create(id, user, "sealed \u00fc", 100)
    assert store.create(other, user, "other", 100)
    found = store.load(id)
    assert found is not None
    assert (found.id, found.user, found.data) == (id, user, "sealed \u00fc")
    assert found.created == found.seen > 1_700_000_000
    assert {one.id for one in store.of(user)} == {id, other}
    assert (store.load(new()), store.of(new())) == (None, [])
    # Twice is never.
    assert not store.create(id, new(), "another", 100)
    again = store.load(id)
    assert again is not None and again.data == found.data


def test_a_touch_notes_and_brings_nothing_back(store: SessionStore) -> None:
    id, user = new(), new()
    store.create(id, user, "sealed", 100)
    before = store.load(id)
    assert store.touch(id, 200)
    after = store.load(id)
    assert before is not None and after is not None
    assert (after.data, after.created) == (before.data, before.created)
    assert after.seen >= before.seen
    assert store.touch(id, 200, "another")
    changed = store.load(id)
    assert changed is not None and changed.data == "another"
    assert store.end(id)
    assert not store.end(id)
    assert not store.touch(id, 200)
    assert not store.touch(id, 200, "another")
    assert (store.load(id), store.of(user)) == (None, [])


def test_all_of_a_user_are_ended_but_one(store: SessionStore) -> None:
    user, other = new(), new()
    ids, kept = [new() for _ in range(3)], new()
    for id in ids:
        store.create(id, user, "sealed", 100)
    store.create(kept, other, "sealed", 100)
    assert store.end_all(user, ids[1]) == 2
    assert [one.id for one in store.of(user)] == [ids[1]]
    assert store.end_all(user) == 1
    assert store.end_all(user) == 0
    assert store.load(kept) is not None


def test_a_login_that_began_before_all_were_ended_is_not_kept(store: SessionStore) -> None:
    user = new()
    store.end_all(user)
    assert not store.create(new(), user, "sealed", 100, began=5)
    assert store.of(user) == []
    assert store.create(new(), user, "sealed", 100)
    assert store.create(new(), new(), "sealed", 100, began=5)


def expire(store: Any, id: str) -> None:
    """Have the time of a session be over by the store's own clock."""
    if isinstance(store, RedisSessions):
        store.client.pexpire(f"dash_auth:session:{id}", 1)
    else:
        with store.engine.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE dash_auth_sessions SET ends = ends - 1000 WHERE id = '{id}'"
            )


def test_a_session_ends_by_the_stores_clock(store: Any, clock: Clock) -> None:
    id, user, other = new(), new(), new()
    store.create(id, user, "sealed", 100)
    store.create(other, user, "sealed", 100)
    expire(store, id)
    wait_for(lambda: store.load(id) is None)
    assert not store.touch(id, 100)
    assert [one.id for one in store.of(user)] == [other]
    if isinstance(store, SqlSessions):
        # What is over is cleared away, a while later.
        clock.advance(61)
        store.create(new(), new(), "sealed", 10_000)
        with store.engine.begin() as connection:
            rows = connection.exec_driver_sql("SELECT id FROM dash_auth_sessions").scalars().all()
        assert id not in rows


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """Return what calls give that begin at the same time."""
    barrier, found = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        barrier.wait(20)
        found[number] = call(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_of_two_that_create_the_same_one_does(store: Any) -> None:
    for _ in range(5):
        create = partial(store.create, new())
        created = at_once(4, lambda _, create=create: create(new(), "sealed", 100))
        assert sorted(created) == [False, False, False, True]


def test_no_touch_outlives_an_end(store: Any) -> None:
    for _ in range(10):
        id, user = new(), new()
        store.create(id, user, "sealed", 100)
        calls = [partial(store.end, id), partial(store.touch, id, 100, "changed")]
        at_once(4, lambda number, calls=calls: calls[number % 2]())
        assert (store.load(id), store.of(user)) == (None, [])


def test_no_login_under_way_outlives_the_end_of_all(store: Any) -> None:
    for _ in range(10):
        user = new()
        creating = [partial(store.create, new(), user, "sealed", 100, began=10) for _ in range(3)]
        calls = [*creating, partial(store.end_all, user)]
        *created, ended = at_once(4, lambda number, calls=calls: calls[number]())
        # Each was either ended, or refused.
        assert ended == sum(created)
        assert store.of(user) == []


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_login_that_waits_for_its_turn_sees_that_all_were_ended(
    postgres_server: Database, isolation: Any
) -> None:
    engine = sqlalchemy.create_engine(postgres_server.url, isolation_level=isolation)
    store, user = SqlSessions(engine), new()
    # The first call makes the tables.
    assert store.load(new()) is None
    store._deadlines = Deadlines(60)
    created: list[bool] = []
    login = threading.Thread(
        target=lambda: created.append(store.create(new(), user, "sealed", 100, began=50))
    )
    with engine.begin() as ending, engine.connect() as looking:
        store._queue_up(ending, user)
        login.start()
        waiting = sqlalchemy.text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        )
        looking = looking.execution_options(isolation_level="AUTOCOMMIT")
        wait_for(lambda: looking.execute(waiting).scalar(), "the login never waited")
        ending.execute(store._ended.insert().values(user_key=user, ended=store._time(ending)))
    login.join(60)
    assert created == [False]
    engine.dispose()


def test_a_row_that_was_written_by_hand_is_no_error(store: Any) -> None:
    id, user = new(), new()
    if isinstance(store, RedisSessions):
        key = f"dash_auth:session:{id}"
        store.client.set(key, "x")
        assert store.load(id) is None
        store.client.delete(key)
        for row in (
            {"data": "x"},
            {"user": user, "data": "x"},
            {"user": user, "data": "x", "created": "x", "seen": "y"},
        ):
            store.client.delete(key)
            store.client.hset(key, mapping=row)
            assert store.load(id) is None
        store.client.hset(
            key, mapping={"user": user, "data": b"\xff\xfe", "created": "1", "seen": "1"}
        )
        assert store.load(id) is not None
        store.client.zadd(f"dash_auth:user:{user}", {"x": 1, id: 2})
        assert [one.id for one in store.of(user)] == [id]
    else:
        store.create(new(), new(), "x", 10)
        with store.engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO dash_auth_sessions (id, user_key, data, created, seen, ends) "
                f"VALUES ('{id}', '{user}', '', 0, 0, 1e12)"
            )
        assert store.load(id) is not None
    assert store.end(id)


def test_a_process_that_was_forked_has_connections_of_its_own(server: Database) -> None:
    store: Any = store_of(server.url)
    id = new()
    store.create(id, new(), "sealed", 100)
    fork = multiprocessing.get_context("fork")
    found = fork.SimpleQueue()

    def ask() -> None:
        for _ in range(50):
            row = store.load(id)
            found.put(row is not None and row.data)
        os._exit(0)

    children = [fork.Process(target=ask) for _ in range(2)]
    for child in children:
        child.start()
    own = [store.load(id) for _ in range(50)]
    answers = [found.get() for _ in range(100)]
    for child in children:
        child.join(20)
    assert set(answers) == {"sealed"}
    assert {row is not None and row.data for row in own} == {"sealed"}
    close(store)


# When a server is away


def test_a_server_that_is_started_anew_costs_nothing(server: Database, reach: Any) -> None:
    store = reach(server)
    id = new()
    store.create(id, new(), "sealed", 1000)
    settle(server)
    server.kill()
    server.start()
    assert store.load(id) is not None


def test_a_server_that_is_gone_is_asked_again_a_second_later(
    server: Database, clock: Clock, reach: Any
) -> None:
    store = reach(server)
    id = new()
    store.create(id, new(), "sealed", 1000)
    settle(server)
    server.kill()
    try:
        for _ in range(3):
            with pytest.raises(dash_auth.Unavailable):
                store.load(id)
    finally:
        server.start()
    clock.advance(1.1)
    assert store.load(id) is not None
    assert store.load(id) is not None


def test_a_server_that_is_silent_is_not_waited_for(
    server: Database, clock: Clock, reach: Any
) -> None:
    store = reach(server)
    id = new()
    store.create(id, new(), "sealed", 1000)
    with server.paused():
        # With no limit these would wait for as long as the server is stopped.
        with pytest.raises(dash_auth.Unavailable):
            store.load(id)
        for call in (lambda: store.end(id), lambda: store.touch(id, 5)):
            clock.advance(1.1)
            with pytest.raises(dash_auth.Unavailable):
                call()
        with pytest.raises(dash_auth.Unavailable):
            reach(server).load(id)
    clock.advance(1.1)
    store.load(id)


def test_one_alone_finds_out_whether_a_store_is_back(clock: Clock) -> None:
    asked: list[int] = []
    asking, go_on = threading.Event(), threading.Event()

    class Away:
        def load(self, id: str) -> None:
            asked.append(1)
            if len(asked) > 1:
                asking.set()
                go_on.wait(20)
            raise ConnectionError

    store = reached.Reached(Away())  # type: ignore[arg-type]
    with pytest.raises(dash_auth.Unavailable):
        store.load("x")
    clock.advance(1.1)
    probe = threading.Thread(target=lambda: _tried_away(store))
    probe.start()
    assert asking.wait(20)
    for _ in range(3):
        with pytest.raises(dash_auth.Unavailable):
            store.load("x")
    go_on.set()
    probe.join(20)
    assert len(asked) == 2


def _tried_away(store: reached.Reached) -> None:
    with pytest.raises(dash_auth.Unavailable):
        store.load("x")


# Which store is meant


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ("mongodb://localhost", ValueError, "begins with 'mongodb'"),
        ("localhost", ValueError, "begins with 'no scheme'"),
        ("", ValueError, "no scheme"),
        ("mysql://u:secret@h/d", ValueError, "begins with 'mysql'"),
        ("redis://localhost:x", ValueError, "is no URL of a Redis"),
        ("redis://:secret/x@localhost", ValueError, "is no URL of a Redis"),
        ("postgresql://:x@:y", ValueError, "sessions= is no URL"),
        ("postgresql://u:secret/d", ValueError, "sessions= is no URL"),
        ("postgresql://u:my@secret@h/d", ValueError, "as %40"),
        ("postgresql+psycopg_async://u:secret@h/d", ValueError, "for async code"),
        ("postgresql+nothing://u:secret@h/d", ValueError, "knows no driver"),
        ("sqlite:////no/such/folder/x.db", ValueError, "not there: /no/such/folder"),
        (5, TypeError, "not int"),
        (object(), TypeError, "not object"),
        (SqlSessions, TypeError, "not type"),
    ],
    ids=str,
)
def test_what_is_no_store_is_refused(value: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as refused:
        store_named(value)
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_the_environment_names_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(named.ENVIRONMENT, raising=False)
    assert store_named(None) is None
    monkeypatch.setenv(named.ENVIRONMENT, f"sqlite:///{tmp_path / 'x.db'}")
    found = store_named(None)
    assert found is not None and isinstance(found.store, SqlSessions)


def test_no_password_is_shown() -> None:
    for url in ("redis://user:secret@localhost/", "postgresql://user:secret@localhost/d"):
        store = store_named(url)
        assert store is not None
        assert "secret" not in f"{store!r} {store.store!r}"


def test_a_file_of_sessions_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    store: Any = store_of(f"sqlite:///{path}")
    store.create(new(), new(), "sealed", 100)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    store.engine.dispose()


def test_a_user_who_may_make_no_table_is_told_what_to_do(postgres_server: Database) -> None:
    admin = sqlalchemy.create_engine(postgres_server.url)
    with admin.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA app")
        connection.exec_driver_sql("CREATE ROLE app LOGIN")
        connection.exec_driver_sql("GRANT USAGE ON SCHEMA app TO app")
        connection.exec_driver_sql("ALTER ROLE app SET search_path = app")
    url = sqlalchemy.make_url(postgres_server.url).set(username="app")
    store: Any = store_of(url.render_as_string(hide_password=False))
    with pytest.raises(RuntimeError, match="dash-auth sessions create"):
        store.load(new())
    with admin.begin() as connection:
        connection.exec_driver_sql("SET search_path = app")
        store._metadata.create_all(connection)
        connection.exec_driver_sql(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO app"
        )
    assert store.create(new(), new(), "sealed", 100)
    store.engine.dispose()
    admin.dispose()


def test_workers_that_start_at_once_make_the_tables_once(postgres_server: Database) -> None:
    table = f"t{uuid.uuid4().hex}"
    stores = [SqlSessions(postgres_server.url, table) for _ in range(6)]
    assert at_once(6, lambda number: stores[number].create(new(), new(), "x", 9)) == [True] * 6
    for store in stores:
        store.engine.dispose()
