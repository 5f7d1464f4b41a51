"""Real servers for apps on Quart and FastAPI, and a real WebSocket client."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from attacks.http import Site, basic
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

CALLBACKS = "/_dash-ws-callback"
LOGIN_REQUIRED = 4001


@contextlib.contextmanager
def running(app: Any) -> Iterator[Address]:
    """Serve an app on a free port: FastAPI with uvicorn, Quart with hypercorn."""
    server = getattr(app, "server", app)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    port = listener.getsockname()[1]
    serve = _hypercorn if type(server).__module__.startswith("quart") else _uvicorn
    with serve(server, listener):
        yield Address(port)


@contextlib.contextmanager
def _uvicorn(server: Any, listener: socket.socket) -> Iterator[None]:
    import uvicorn

    config = uvicorn.Config(
        server, log_config=None, lifespan="on", loop="asyncio", timeout_graceful_shutdown=10
    )
    uvicorn_server = uvicorn.Server(config)
    thread = threading.Thread(target=uvicorn_server.run, args=([listener],), daemon=True)
    thread.start()
    while not uvicorn_server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield
    finally:
        uvicorn_server.should_exit = True
        thread.join(10)
        listener.close()


@contextlib.contextmanager
def _hypercorn(server: Any, listener: socket.socket) -> Iterator[None]:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = 1
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()
    run = serve(server, config, shutdown_trigger=ending.wait)
    thread = threading.Thread(target=_run, args=(loop, run), daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)


def _run(loop: asyncio.AbstractEventLoop, coroutine: Any) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(coroutine)


class Address(Site):
    """A running server and the ways to it."""

    def open(
        self,
        path: str = CALLBACKS,
        *,
        auth: tuple[str, str] | str | list[str] | None = None,
        cookie: str | None = None,
        origin: str | None = "",
        headers: list[tuple[str, str]] | None = None,
        **options: Any,
    ) -> Socket:
        """Open a WebSocket.

        :param path: where to
        :param auth: user and password, or the Authorization headers as they are
        :param cookie: the value of the Cookie header
        :param origin: the Origin header: the server's own by default, None for none
        :param headers: further headers
        :raises websockets.exceptions.InvalidStatus: if the server refuses
        """
        sent = list(headers or [])
        values = auth if isinstance(auth, list) else [] if auth is None else [auth]
        sent += [("Authorization", v if isinstance(v, str) else basic(*v)) for v in values]
        if cookie is not None:
            sent.append(("Cookie", cookie))
        host = f"127.0.0.1:{self.port}"
        connection = connect(
            f"ws://{host}{path}",
            origin=f"http://{host}" if origin == "" else origin,  # type: ignore[arg-type]
            additional_headers=sent,
            proxy=None,
            max_size=None,
            ping_interval=None,
            close_timeout=1,
            **options,
        )
        return Socket(connection.__enter__())

    def session_of(self, user: tuple[str, str], path: str = "/") -> str:
        """Return the session cookie that a user is given over HTTP."""
        cookie = self.get(path, auth=user).cookie()
        assert cookie is not None
        return cookie


class Socket:
    """The client's end of a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._numbers = itertools.count(1)
        self._arrived: list[dict[str, Any]] = []
        self._answers: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.__exit__(None, None, None)

    def send(self, message: Any) -> None:
        """Send a message: text and bytes as they are, anything else as JSON."""
        raw = message if isinstance(message, str | bytes) else json.dumps(message)
        self.connection.send(raw)

    def request(self, payload: Any, **members: Any) -> str:
        """Ask for a callback as the renderer does, and return the id of the request."""
        number = f"r{next(self._numbers)}"
        message = {
            "type": "callback_request",
            "rendererId": "renderer",
            "requestId": number,
            "payload": payload,
        }
        self.send({**message, **members})
        return number

    def next(self, timeout: float = 30) -> dict[str, Any]:
        """Return the next message of the server's."""
        while not self._arrived:
            content = json.loads(self.connection.recv(timeout))
            self._arrived = content if isinstance(content, list) else [content]
        return self._arrived.pop(0)

    def answer(self, number: str, timeout: float = 30) -> dict[str, Any]:
        """Return the payload of the answer to a request.

        Answers come in any order: those to other requests are kept, and what else arrives is passed
        over.
        """
        while number not in self._answers:
            message = self.next(timeout)
            if message["type"] == "callback_response":
                self._answers[message["requestId"]] = message["payload"]
        return self._answers.pop(number)

    def call(self, payload: Any, **members: Any) -> dict[str, Any]:
        """Ask for a callback, and return the payload of the answer."""
        number = members.get("requestId")
        asked = self.request(payload, **members)
        return self.answer(asked if number is None else number)

    def is_alive(self) -> bool:
        """Tell whether the app still answers."""
        self.send({"type": "heartbeat"})
        while self.next()["type"] != "heartbeat_ack":
            pass
        return True

    def closing_code(self, timeout: float = 30) -> int | None:
        """Wait until the server closes the socket, and return the code."""
        end = time.monotonic() + timeout
        try:
            while (left := end - time.monotonic()) > 0:
                self.connection.recv(left)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        raise TimeoutError("the server did not close the socket")
