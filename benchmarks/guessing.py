"""What others notice of a dozen clients that guess, and fifty users who come back at once."""

from __future__ import annotations

import time
from statistics import median

from http_load import Connection, guessing, request, sequences
from peers import Peers, Worker, answer_questions, worker
from rows import Row, at_most, duration, figure

GUESSERS = 12
FIFTY = 50
ROUNDS = 2
QUIET_SECONDS, SECONDS = 0.7, 3.0
"""For how long latencies are collected, a kind of request."""


Latencies = dict[tuple[str, str], tuple[float, float]]
"""By how clients guess and what is asked for: seconds when all is quiet, and while they guess."""

GUESSES = {"each for another user": range(1, GUESSERS + 1), "all for the same user": [1] * GUESSERS}
KINDS = ("a public page", "a logged-in request")


def rows(peers: Peers) -> list[Row]:
    """Measure both packages.

    :param peers: the interpreters of both environments
    """
    from werkzeug.security import generate_password_hash

    users = {f"user-{n}": generate_password_hash(f"secret-{n}") for n in range(FIFTY)}
    both = {"ours": peers.ours, "upstream": peers.upstream}
    slowest: dict[str, float] = {}
    latencies: dict[str, list[Latencies]] = {name: [] for name in both}
    for name, python in both.items():
        with worker(python, __file__) as server:
            slowest[name] = _fifty_at_once(server, users)
    for _ in range(ROUNDS):
        for name, python in both.items():
            with worker(python, __file__) as server:
                latencies[name].append(_while_guessing(server, users))
    return [
        *(_row(how, kind, latencies) for how in GUESSES for kind in KINDS),
        Row(
            f"{FIFTY} users at once after a start, the slowest load",
            duration(slowest["ours"]),
            duration(slowest["upstream"]),
            slowest["ours"] / slowest["upstream"],
        ),
    ]


def _row(how: str, kind: str, latencies: dict[str, list[Latencies]]) -> Row:
    texts, factors = [], []
    for measured in latencies.values():
        pairs = [figures[how, kind] for figures in measured]
        quiet, loaded = (median(pair[index] for pair in pairs) for index in (0, 1))
        factors.append(median(loaded / quiet for quiet, loaded in pairs))
        texts.append(f"{figure(factors[-1])} times ({duration(quiet)} → {duration(loaded)})")
    name = f"{GUESSERS} clients guess, {how}: latency of {kind}"
    return Row(name, texts[0], texts[1], factors[0], at_most(10))


def _fifty_at_once(server: Worker, users: dict[str, str]) -> float:
    """Start a server, have fifty users load a page, and return the slowest load's seconds."""
    import apps

    port = server.ask("serve", users=users, public_routes=None)
    loads = []
    for number in range(FIFTY):
        login = {"Authorization": apps.basic(f"user-{number}", f"secret-{number}")}
        paths = ("/", "/_dash-layout", "/_dash-dependencies")
        loads.append([request(path, login) for path in paths])
    start = time.perf_counter()
    replies = sequences(port, loads)
    took = time.perf_counter() - start
    refused = sum(reply.status != 200 for reply in replies)
    if refused:
        raise RuntimeError(f"{refused} of {len(replies)} requests were refused")
    return took


def _while_guessing(server: Worker, users: dict[str, str]) -> Latencies:
    """Start a server, and return the median latencies when all is quiet and while clients guess."""
    import apps

    port = server.ask("serve", users=users, public_routes=["/public"])
    login = {"Authorization": apps.basic("user-0", "secret-0")}
    honest = (request("/public", {}), request(apps.CALLBACK_PATH, login, apps.callback_body()))
    asked = dict(zip(KINDS, honest, strict=True))
    found: Latencies = {}
    for how, numbers in GUESSES.items():
        quiet = {kind: _median_latency(port, data, QUIET_SECONDS) for kind, data in asked.items()}
        guesses = [
            request("/", {"Authorization": apps.basic(f"user-{number}", "guess")})
            for number in numbers
        ]
        with guessing(port, guesses, seconds=60.0):
            for kind, data in asked.items():
                found[how, kind] = quiet[kind], _median_latency(port, data, SECONDS)
        # What the clients had under way when they stopped comes to its end.
        time.sleep(1.0)
    return found


def _median_latency(port: int, data: bytes, seconds: float) -> float:
    """Return the median latency of one client's requests.

    :param port: port of the server
    :param data: the request
    :param seconds: for how long requests are made; at least three are
    """
    connection = Connection(port)
    deadline = time.monotonic() + seconds
    latencies: list[float] = []
    while time.monotonic() < deadline or len(latencies) < 3:
        reply = connection.exchange(data)
        if reply.status != 200:
            raise RuntimeError(f"an honest request was answered {reply.status}")
        latencies.append(reply.seconds)
        # An honest client does not ask at full speed.
        time.sleep(0.002)
    connection.socket.close()
    return median(latencies)


def serve(users: dict[str, str], public_routes: list[str] | None) -> int:
    """Serve an app with hashed passwords, and return the port."""
    import apps

    app = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    return apps.serve_on_loopback(apps.protect_with_hashes(app, users, public_routes=public_routes))


if __name__ == "__main__":
    answer_questions(serve)
