"""What an idle WebSocket costs in memory, beside the same app with nobody before it.

    python benchmarks/idle_sockets.py

dash-auth leaves WebSockets alone, so plain Dash stands in its place.
"""

from __future__ import annotations

import gc
import json
import socket
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from peers import Peers, answer_questions, worker
from rows import Row, figure

SOCKETS = 1_000
SETTLE_SECONDS = 3
ALICE = "Basic " + b64encode(b"alice:wonderland").decode()
SERVERS = ("fastapi", "quart")


def rows(peers: Peers) -> list[Row]:
    """Measure anonymous visitors' sockets and users' on both servers.

    :param peers: the interpreters of both environments
    """
    return [
        _row(peers, backend, kind, header)
        for backend in SERVERS
        for kind, header in (("an anonymous visitor's", ""), ("a user's", ALICE))
    ]


def _row(peers: Peers, backend: str, kind: str, header: str) -> Row:
    guarded, plain = (
        measure(peers.ours, backend, header, guarded=guarded) for guarded in (True, False)
    )
    server = {"fastapi": "FastAPI, uvicorn", "quart": "Quart, hypercorn"}[backend]
    return Row(
        f"An idle WebSocket of {SOCKETS:,}, {kind} ({server})",
        f"{figure(guarded)} KB",
        f"{figure(plain)} KB (plain Dash)",
        guarded / plain,
    )


def measure(python: str, backend: str, header: str, *, guarded: bool) -> float:
    """Return the resident memory that an idle socket adds, in kilobytes.

    :param python: interpreter of the server
    :param backend: "fastapi" or "quart"
    :param header: the Authorization header, empty for none
    :param guarded: whether BasicAuth stands before the app
    """
    with worker(python, __file__) as server:
        port = server.ask("start", backend=backend, guarded=guarded)
        # What the first ones load is not theirs.
        with opened(port, header, 50):
            time.sleep(SETTLE_SECONDS)
            before = server.ask("resident")
            with opened(port, header, SOCKETS):
                time.sleep(SETTLE_SECONDS)
                return float(server.ask("resident") - before) / SOCKETS / 1000


@contextmanager
def opened(port: int, header: str, count: int) -> Iterator[None]:
    """Open WebSockets for Dash's callbacks.

    :param port: where the server listens
    :param header: the Authorization header, empty for none
    :param count: how many
    """
    login = f"Authorization: {header}\r\n" if header else ""
    request = (
        f"GET /_dash-ws-callback HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Origin: http://127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {b64encode(bytes(16)).decode()}\r\n"
        f"{login}\r\n"
    ).encode()
    with ExitStack() as clients:
        for _ in range(count):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            client.sendall(request)
            answer = client.recv(4096)
            if b" 101 " not in answer:
                raise RuntimeError(f"the server refused: {answer[:200]!r}")
        yield


def start(backend: str, guarded: bool) -> int:
    """Serve an app in a thread of this worker, and return its port."""
    import dash_auth
    from dash import Dash, Input, Output, html

    app = Dash("idle", backend=backend, websocket_callbacks=True)
    app.layout = html.Div()
    dash_auth.public_callback(Output("out", "children"), Input("in", "value"))(lambda value: value)
    if guarded:
        dash_auth.BasicAuth(app, {"alice": "wonderland"}, secret_key="the key of a benchmark")
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    port = int(listener.getsockname()[1])
    serve = _hypercorn if backend == "quart" else _uvicorn
    threading.Thread(target=serve, args=(app.server, listener), daemon=True).start()
    return port


def _uvicorn(server: Any, listener: socket.socket) -> None:
    import uvicorn

    # No pings: nobody answers them here.
    config = uvicorn.Config(server, log_level="error", ws_ping_interval=None)
    uvicorn.Server(config).run([listener])


def _hypercorn(server: Any, listener: socket.socket) -> None:
    import asyncio

    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "ERROR"

    async def run() -> None:
        await serve(server, config, shutdown_trigger=asyncio.Event().wait)

    asyncio.run(run())


def resident() -> int:
    """Return this process's resident memory, in bytes."""
    gc.collect()
    with open("/proc/self/status", encoding="ascii") as status:
        (line,) = (line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    if "--worker" in sys.argv:
        answer_questions(start, resident)
    else:
        for row in rows(Peers(sys.executable, sys.executable)):
            print(json.dumps([row.name, row.ours, row.upstream, round(row.ratio, 2)]))
