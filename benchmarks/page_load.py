"""How long a page takes to load, and how many requests of logged-in users are answered."""

from __future__ import annotations

import time
from statistics import median

from http_load import load, request
from peers import Peers, answer_questions, worker
from rows import Row, at_least, seconds

CALLBACKS = 30
CONNECTIONS = 6
ROUNDS = 3
SUSTAINED = {"ours": 1500, "upstream": 60}
"""Requests in a row: as many as take each package a second or two."""


def rows(peers: Peers) -> list[Row]:
    """Measure both packages.

    :param peers: the interpreters of both environments
    """
    from werkzeug.security import generate_password_hash

    users = {f"user-{number}": generate_password_hash(f"secret-{number}") for number in range(10)}
    figures: dict[str, list[tuple[float, float, float]]] = {"ours": [], "upstream": []}
    for _ in range(ROUNDS):
        for name, python in (("ours", peers.ours), ("upstream", peers.upstream)):
            figures[name].append(_measure(python, users, SUSTAINED[name]))
    names = (
        (f"Page load of {CALLBACKS} callbacks, the first after a start", 12),
        (f"Page load of {CALLBACKS} callbacks, any later one", 40),
        ("Time of a request, logged-in users, sustained", 50),
    )
    found = []
    for index, (title, goal) in enumerate(names):
        ours, upstream = ([figure[index] for figure in figures[name]] for name in figures)
        ratio = median(theirs / mine for theirs, mine in zip(upstream, ours, strict=True))
        row = Row(title, seconds(ours), seconds(upstream), ratio, at_least(goal))
        found.append(row)
    return found


def _measure(python: str, users: dict[str, str], sustained: int) -> tuple[float, float, float]:
    """Return seconds of the first page load, of the second, and of a request in a row of many."""
    import apps

    login = {"Authorization": apps.basic("user-3", "secret-3")}
    with worker(python, __file__) as server:
        port = server.ask("serve", users=users)
        first = _page_load(port, login)
        later = min(_page_load(port, login) for _ in range(2))
        posts = [request(apps.CALLBACK_PATH, login, apps.callback_body())] * sustained
        return first, later, _time(port, posts, CONNECTIONS) / sustained


def _page_load(port: int, login: dict[str, str]) -> float:
    import apps

    callbacks = [
        request(apps.CALLBACK_PATH, login, apps.callback_body(number))
        for number in range(CALLBACKS)
    ]
    mechanics = [request(path, login) for path in ("/_dash-layout", "/_dash-dependencies")]
    return (
        _time(port, [request("/", login)], 1)
        + _time(port, mechanics, len(mechanics))
        + _time(port, callbacks, CONNECTIONS)
    )


def _time(port: int, requests: list[bytes], connections: int) -> float:
    start = time.perf_counter()
    replies = load(port, requests, connections)
    took = time.perf_counter() - start
    if any(reply.status != 200 for reply in replies):
        raise RuntimeError("a logged-in user was refused")
    return took


def serve(users: dict[str, str]) -> int:
    """Serve an app with hashed passwords, and return the port."""
    import apps

    app = apps.app_with_callbacks(CALLBACKS, apps.SECRET_KEY)
    return apps.serve_on_loopback(apps.protect_with_hashes(app, users))


if __name__ == "__main__":
    answer_questions(serve)
