"""How far guesses get, and what users notice meanwhile: ours alone, dash-auth counts nothing."""

from __future__ import annotations

import multiprocessing
import os
import selectors
import threading
import time
from collections import Counter
from statistics import median
from typing import Any

from http_load import Connection, request
from peers import Peers, answer_questions, worker
from rows import Row, at_most, duration, figure

CLIENTS = 50
SECONDS, SECONDS_OF_LATENCY = 60.0, 6.0
PAUSE = 1.0
"""After an answer a client guesses again, after so many seconds: fifty guesses a second. What is sent
at full speed costs each server its time, whatever it answers."""

NOTHING = "counts nothing"
SERVERS = ("flask", "fastapi", "quart")


def rows(peers: Peers) -> list[Row]:
    """Measure this package.

    :param peers: the interpreters of the environments
    """
    found = [
        _guesses(peers, f"{CLIENTS} addresses, one account", True, 12),
        _guesses(peers, "one address, many accounts", False, 60),
        _burst(peers),
    ]
    latencies: dict[str, list[tuple[float, float]]] = {kind: [] for kind in SERVERS}
    memory: list[tuple[int, int]] = []
    for _ in range(2):
        for kind in SERVERS:
            with worker(peers.ours, __file__) as server:
                port = server.ask("serve", kind=kind)
                quiet = _latency(port, SECONDS_OF_LATENCY)
                before = server.ask("resident")
                with _Guessers(port, CLIENTS, one_account=True):
                    latencies[kind].append((quiet, _latency(port, SECONDS_OF_LATENCY)))
                memory.append((before, server.ask("resident")))
    for kind, pairs in latencies.items():
        quiet, loaded = (median(pair[index] for pair in pairs) for index in (0, 1))
        ratio = median(loaded / quiet for quiet, loaded in pairs)
        text = f"{figure(ratio)} times ({duration(quiet)} → {duration(loaded)})"
        name = f"{kind}: {CLIENTS} addresses guess at one account: latency of a logged-in request"
        found.append(Row(name, text, NOTHING, ratio, at_most(2 if kind == "flask" else 10)))
    growth = median(after / before for before, after in memory)
    found.append(
        Row(
            f"memory after {CLIENTS} clients guessed", figure(growth), NOTHING, growth, at_most(1.1)
        )
    )
    return found


def _guesses(peers: Peers, who: str, one_account: bool, most: int) -> Row:
    with worker(peers.ours, __file__) as server:
        port = server.ask("serve", kind="flask")
        with _Guessers(port, CLIENTS, one_account=one_account) as guessers:
            time.sleep(SECONDS)
        # 401 is what is said of a password that was looked at.
        reached = guessers.counted()[401]
    name = f"guesses in {SECONDS:.0f} s that reach a hash: {who}"
    return Row(name, str(reached), NOTHING, float(reached), at_most(most))


def _burst(peers: Peers) -> Row:
    import apps

    with worker(peers.ours, __file__) as server:
        port = server.ask("serve", kind="flask")
        connections = [Connection(port, f"127.0.0.{number + 2}") for number in range(CLIENTS)]
        for number, connection in enumerate(connections):
            connection.send(request("/", {"Authorization": apps.basic("user", f"guess {number}")}))
        statuses: Counter[int] = Counter()
        for connection in connections:
            while (reply := connection.receive()) is None:
                pass
            statuses[reply.status] += 1
    reached = CLIENTS - statuses[429]
    name = f"{CLIENTS} guesses at once at one account that reach a hash"
    return Row(name, str(reached), NOTHING, float(reached), at_most(5))


class _Guessers:
    """Clients that guess, each another password each time, in a process of their own."""

    def __init__(self, port: int, clients: int, *, one_account: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._said, saying = context.Pipe(duplex=False)
        self._stop = context.Event()
        arguments = (port, clients, one_account, saying, self._stop)
        self._process = context.Process(target=_guess, args=arguments, daemon=True)

    def __enter__(self) -> _Guessers:
        self._process.start()
        self._said.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._counted = Counter(self._said.recv())
        self._process.join()

    def counted(self) -> Counter[int]:
        """Return how many answers had which status."""
        return self._counted


def _guess(port: int, clients: int, one_account: bool, saying: Any, stop: Any) -> None:
    import apps

    def guess(number: int) -> bytes:
        name = "user" if one_account else f"user {number}"
        return request("/", {"Authorization": apps.basic(name, f"guess {number}")})

    statuses: Counter[int] = Counter()
    made, begun = 0, False
    with selectors.DefaultSelector() as selector:
        due: list[tuple[float, Connection]] = []
        for number in range(clients):
            source = f"127.0.0.{number + 2}" if one_account else "127.0.0.2"
            due.append((0.0, Connection(port, source)))
        while not stop.is_set():
            now = time.monotonic()
            for _, connection in [one for one in due if one[0] <= now]:
                connection.send(guess(made))
                made += 1
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            due = [one for one in due if one[0] > now]
            for key, _ in selector.select(0.01):
                if (reply := key.data.receive()) is not None:
                    selector.unregister(key.fileobj)
                    statuses[reply.status] += 1
                    due.append((time.monotonic() + PAUSE, key.data))
            if not begun:
                begun = True
                saying.send("begun")
    saying.send(dict(statuses))


def _latency(port: int, seconds: float) -> float:
    import apps

    data = request(apps.CALLBACK_PATH, {"Authorization": apps.basic("user", "secret")}, _body())
    connection, deadline = Connection(port), time.monotonic() + seconds
    latencies: list[float] = []
    while time.monotonic() < deadline or len(latencies) < 3:
        reply = connection.exchange(data)
        if reply.status != 200:
            raise RuntimeError(f"an honest request was answered {reply.status}")
        latencies.append(reply.seconds)
        # An honest client does not ask at full speed.
        time.sleep(0.005)
    connection.socket.close()
    return median(latencies[1:])


def _body() -> bytes:
    import apps

    return apps.callback_body()


def serve(kind: str) -> int:
    """Serve an app with one user, and return the port."""
    import apps
    from servers import server_of
    from werkzeug.security import generate_password_hash

    users = {"user": generate_password_hash("secret")}
    if kind == "flask":
        app = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
        return apps.serve_on_loopback(apps.protect_with_hashes(app, users))
    app = apps.app_with_callbacks(server=server_of(kind))
    apps.protect_with_hashes(app, users, secret_key=apps.SECRET_KEY)
    return _serve_loop(app.server, kind)


def _serve_loop(server: Any, kind: str) -> int:
    import asyncio
    import socket

    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    port = int(listener.getsockname()[1])
    if kind == "fastapi":
        import uvicorn

        serving = uvicorn.Server(uvicorn.Config(server, log_config=None))
        run = threading.Thread(target=serving.run, args=([listener],), daemon=True)
        run.start()
        while not serving.started:
            time.sleep(0.01)
        return port
    from hypercorn.asyncio import serve as hypercorn
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = config.errorlog = None

    async def forever() -> None:
        await hypercorn(server, config, shutdown_trigger=asyncio.Event().wait)

    threading.Thread(target=asyncio.run, args=(forever(),), daemon=True).start()
    time.sleep(1.0)
    return port


def resident() -> int:
    """Return the memory of this process, in pages."""
    with open(f"/proc/{os.getpid()}/statm") as statm:
        return int(statm.read().split()[1])


if __name__ == "__main__":
    answer_questions(serve, resident)
