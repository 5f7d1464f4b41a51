"""A thousand logins from fifty connections at once, which each begin a session in a store."""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from peers import Peers, answer_questions, worker
from rows import Row, median_ratio
from shared_sessions import STORES, THEIRS, keep_with_flask_session, urls_of_stores

ROUNDS = 3
CONNECTIONS = 50
LOGINS = 1000


def rows(peers: Peers) -> list[Row]:
    """Measure both on each store, one after the other in turn.

    :param peers: the interpreters of the environments
    """
    found: list[Row] = []
    with urls_of_stores() as urls:
        for store in STORES:
            with worker(peers.ours, __file__) as asked:
                both = [asked.ask("log_in_often", url=urls[store]) for _round in range(ROUNDS)]
            ours, theirs = ([one[whose] for one in both] for whose in ("ours", "theirs"))
            found.append(
                Row(
                    f"{LOGINS:,} logins from {CONNECTIONS} connections at once, in {store}",
                    f"{sorted(ours)[ROUNDS // 2]:.1f} s",
                    f"{sorted(theirs)[ROUNDS // 2]:.1f} s {THEIRS}",
                    median_ratio(ours, theirs),
                )
            )
    return found


_ports: dict[str, int] = {}


def log_in_often(url: str) -> dict[str, float]:
    """Return the seconds that the logins take to each.

    :param url: where both keep sessions
    """
    if not _ports:
        _ports.update(_served(url))
    return {name: _seconds(port) for name, port in _ports.items()}


def _served(url: str) -> dict[str, int]:
    import apps
    from form_session import behind_flask_login
    from werkzeug.serving import make_server

    ours = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    apps.dash_auth.FormAuth(ours, {apps.USER: apps.PASSWORD}, sessions=url)
    theirs = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    keep_with_flask_session(theirs.server, url)
    behind_flask_login(theirs.server)
    # It tells of each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    ports = {}
    for name, app in (("ours", ours), ("theirs", theirs)):
        server = make_server("127.0.0.1", 0, app.server, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ports[name] = server.server_port
    return ports


def _seconds(port: int) -> float:
    import apps

    body = urlencode({"username": apps.USER, "password": apps.PASSWORD})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    failed: list[int] = []
    barrier = threading.Barrier(CONNECTIONS + 1)

    def log_in() -> None:
        barrier.wait()
        for _ in range(LOGINS // CONNECTIONS):
            with _connected(port) as connection:
                connection.request("POST", "/login", body, headers)
                answer = connection.getresponse()
                if answer.status not in (200, 303) or not answer.getheader("Set-Cookie"):
                    failed.append(answer.status)

    threads = [threading.Thread(target=log_in) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(f"{len(failed)} logins failed: {sorted(set(failed))}")
    return time.perf_counter() - start


@contextmanager
def _connected(port: int) -> Iterator[Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


if __name__ == "__main__":
    answer_questions(log_in_often)
