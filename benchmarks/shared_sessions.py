"""What a session in a store adds to a request, beside Flask-Login with Flask-Session on the same store."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from peers import Peers, answer_questions, worker
from rows import Row, at_most, median_ratio, microseconds

# The tests have a Redis and a PostgreSQL of their own to start.
sys.path.append(str(Path(__file__).parent.parent / "tests"))

ROUNDS = 5
BATCHES = 20
REQUESTS = 10
READS = 100
STORES = ("Redis", "PostgreSQL", "SQLite")
THEIRS = "(Flask-Login, Flask-Session)"


def rows(peers: Peers) -> list[Row]:
    """Measure both on each store, in one process.

    :param peers: the interpreters of the environments
    """
    found: list[Row] = []
    with urls_of_stores() as urls:
        for store in STORES:
            with worker(peers.ours, __file__) as asked:
                measured = [asked.ask("measure", url=urls[store]) for _round in range(ROUNDS)]
                reads = [asked.ask("read") for _round in range(ROUNDS)]
            ours, theirs = ([one[whose] for one in measured] for whose in ("ours", "theirs"))
            found.append(
                Row(
                    f"Added to a callback by a session in {store}",
                    microseconds(ours),
                    f"{microseconds(theirs)} {THEIRS}",
                    median_ratio(ours, theirs),
                    at_most(0.7),
                )
            )
            ours, theirs = ([one[whose] for one in reads] for whose in ("ours", "theirs"))
            found.append(
                Row(
                    f"Reads of a session in {store}, a second, one after the other",
                    _a_second(ours),
                    f"{_a_second(theirs)} (Flask-Session)",
                    median_ratio(theirs, ours),
                )
            )
    return found


def _a_second(times: list[float]) -> str:
    return f"{1e6 / median(times):,.0f}"


@contextmanager
def urls_of_stores() -> Iterator[dict[str, str]]:
    """Give the URL of each store; a server runs meanwhile."""
    from databases import PostgresServer, RedisServer

    with ExitStack() as stack:
        urls = {}
        for store, kind in (("Redis", RedisServer), ("PostgreSQL", PostgresServer)):
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp"))
            server = kind(Path(folder))
            stack.callback(server.end)
            server.start()
            urls[store] = server.url
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        urls["SQLite"] = f"sqlite:///{folder}/sessions.db"
        yield urls


_calls: dict[str, Any] = {}
_reads: dict[str, Any] = {}


def measure(url: str) -> dict[str, float]:
    """Return the microseconds that each adds to a request.

    :param url: where both keep sessions
    """
    import wsgi

    if not _calls:
        _prepare(url)
    # By the clock: a thread that waits for its store takes no processor time.
    times = wsgi.interleaved(_calls, BATCHES, REQUESTS, _by_the_clock)
    return {
        name: median(a - b for a, b in zip(times[name], times["plain"], strict=True))
        for name in ("ours", "theirs")
    }


def read() -> dict[str, float]:
    """Return the microseconds in which each reads a session."""
    import wsgi

    times = wsgi.interleaved(_reads, BATCHES, READS, _by_the_clock)
    return {name: median(found) for name, found in times.items()}


def _by_the_clock(call: Callable[[], Any], requests: int) -> float:
    start = time.perf_counter()
    for _ in range(requests):
        call()
    return (time.perf_counter() - start) / requests * 1e6


def _prepare(url: str) -> None:
    import apps
    from form_session import behind_flask_login, cookie_of
    from wsgi import WsgiRequest, expect

    plain = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    ours = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    apps.dash_auth.FormAuth(ours, {apps.USER: apps.PASSWORD}, sessions=url)
    theirs = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    keep_with_flask_session(theirs.server, url)
    behind_flask_login(theirs.server)
    for name, app in (("plain", plain), ("ours", ours), ("theirs", theirs)):
        headers = {} if name == "plain" else {"Cookie": cookie_of(app.server)}
        request = WsgiRequest(app.server, apps.CALLBACK_PATH, apps.callback_body(), headers)
        _calls[name] = request.call()
        expect(_calls[name], 200)
        if name != "plain":
            expect(WsgiRequest(app.server, apps.CALLBACK_PATH, apps.callback_body()).call(), 401)
            _reads[name] = _read_of(app.server, headers["Cookie"], url)


def keep_with_flask_session(server: Any, url: str) -> None:
    """Have a server keep its sessions as the documentation of Flask-Session says."""
    import flask_session

    if url.startswith("redis"):
        import redis

        server.config.update(SESSION_TYPE="redis", SESSION_REDIS=redis.Redis.from_url(url))
    else:
        import flask_sqlalchemy

        # A file of its own: each locks the whole of it to write.
        server.config["SQLALCHEMY_DATABASE_URI"] = url.replace("sessions.db", "theirs.db")
        database = flask_sqlalchemy.SQLAlchemy(server)
        server.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=database)
    flask_session.Session(server)


def _read_of(server: Any, cookie: str, url: str) -> Callable[[], Any]:
    """Return a function that reads the session of a cookie as requests do.

    :raises RuntimeError: if it is not there
    """
    interface = server.session_interface
    if hasattr(interface, "_retrieve_session_data"):
        id = interface._get_store_id(cookie.partition("=")[2])

        def read() -> Any:
            with server.app_context():
                return interface._retrieve_session_data(id)

    else:
        import apps
        from dash_auth.sessions import of
        from dash_auth.sessions.named import store_of

        id, store = of(apps.USER)[0].id, store_of(url)

        def read() -> Any:
            return store.load(id)

    if read() is None:
        raise RuntimeError("the session is not there")
    return read


if __name__ == "__main__":
    answer_questions(measure, read)
