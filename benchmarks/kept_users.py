"""Users in files and databases: what a login costs among few, and among very many.

The peer is a dict of three users. Sizes beyond a thousand are made of one hash, since a hash of
each would take days.
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from dash import Dash, html
from peers import Peers
from rows import Row, at_most, figure
from wsgi import WsgiRequest, batch, expect

ROUNDS, REQUESTS = 15, 40
FEW, MANY, MOST = 1_000, 100_000, 1_000_000
PASSWORD = "a quiet place by the sea"
# What a login waits for that asks the store anew, in hashes.
BESIDE_A_HASH = 0.1


def rows(peers: Peers) -> list[Row]:
    """Measure this package; there is no other that keeps users.

    :param peers: the interpreters of both environments
    """
    from dash_auth.security import check_password_hash, generate_password_hash
    from dash_auth.users import HtpasswdFile, SqlUsers, UsersFile

    stored = generate_password_hash(PASSWORD)
    begun = process_time()
    for _ in range(5):
        check_password_hash(stored, PASSWORD)
    hash_seconds = (process_time() - begun) / 5
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        stores: dict[str, Any] = {"a dict of 3": {f"user{n}": stored for n in range(3)}}
        for count in (FEW, MANY):
            path = place / f"{count}.htpasswd"
            path.write_text("".join(f"user{n}:{stored}\n" for n in range(count)))
            stores[f"{count:,} in an htpasswd file"] = HtpasswdFile(path)
        path = place / "users.toml"
        path.write_text("".join(f'[user{n}]\npassword = "{stored}"\n' for n in range(FEW)))
        stores[f"{FEW:,} in a users.toml"] = UsersFile(path)
        stores[f"{MOST:,} in SQLite"] = database(place / "users.db", stored, MOST)
        calls = {name: login(users) for name, users in stores.items()}
        found: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                found[name].append(batch(call, REQUESTS))
        middle = {name: median(times) for name, times in found.items()}
        base = middle.pop("a dict of 3")
        result = [
            Row(
                f"A login that is known, among {name}",
                f"{figure(time)} µs",
                f"{figure(base)} µs, a dict of 3",
                time / base,
                at_most(1.2),
            )
            for name, time in middle.items()
        ]
        result += [cold(stores[f"{MOST:,} in SQLite"], hash_seconds)]
        for name in (f"{FEW:,} in a users.toml", f"{MANY:,} in an htpasswd file"):
            result.append(reload(name, stores[name], hash_seconds))
        assert isinstance(stores[f"{MOST:,} in SQLite"], SqlUsers)
        stores[f"{MOST:,} in SQLite"].close()
    return result


def login(users: Any) -> Any:
    """Return a request with a right password, which is known by now."""
    import dash_auth

    app = Dash("kept", assets_folder="none")
    app.layout = html.Div()
    dash_auth.BasicAuth(app, users)
    token = base64.b64encode(f"user2:{PASSWORD}".encode()).decode()
    call = WsgiRequest(
        app.server, "/_dash-layout", headers={"Authorization": f"Basic {token}"}
    ).call()
    expect(call, 200)
    expect(call, 200)
    return call


def database(path: Path, stored: str, count: int) -> Any:
    """Return a table of users, written at once."""
    import sqlalchemy as sql
    from dash_auth.users import SqlUsers

    engine = sql.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(
            sql.text("create table users (username text primary key, password_hash text)")
        )
        connection.execute(
            sql.text(
                "with recursive n(i) as (select 0 union all select i + 1 from n where i < :last) "
                "insert into users select 'user' || i, :stored from n"
            ),
            {"last": count - 1, "stored": stored},
        )
    engine.dispose()
    # As a table of the developer's is read; here an answer counts for as long as it is measured.
    return SqlUsers(f"sqlite:///{path}", table="users", stale_seconds=3600)


def cold(store: Any, hash_seconds: float) -> Row:
    """Measure what asking for a user takes that is not known, beside the hash of that login."""
    import sqlalchemy as sql

    asked: list[str] = []
    sql.event.listen(
        store._database.engine,
        "before_cursor_execute",
        lambda *arguments: asked.append(arguments[2]),
    )
    times = []
    for number in range(1000, 1200):
        begun = perf_counter()
        assert store.find(f"user{number}") is not None
        times.append(perf_counter() - begun)
    time = median(times)
    return Row(
        f"A user looked up among {MOST:,} in SQLite: {len(asked) / len(times):.0f} query",
        f"{figure(time * 1e6)} µs",
        f"{figure(hash_seconds * 1e6)} µs, the hash of the login",
        time / hash_seconds,
        at_most(BESIDE_A_HASH),
    )


def reload(name: str, store: Any, hash_seconds: float) -> Row:
    """Measure how long a file is read after a change by hand."""
    times = []
    path = Path(store.path)
    for number in range(3):
        with path.open("a") as file:
            file.write(f"# {number}\n")
        begun = perf_counter()
        store.prepare()
        times.append(perf_counter() - begun)
    time = median(times)
    return Row(
        f"A file read anew: {name}",
        f"{figure(time * 1000)} ms",
        f"{figure(hash_seconds * 1000)} ms, one hash",
        time / hash_seconds,
        None,
    )
