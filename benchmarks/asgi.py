"""Requests to a server with an event loop, made in this process: the twin of `wsgi.py`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import process_time_ns
from typing import Any
from urllib.parse import urlsplit

Call = Callable[[], Awaitable["Answer"]]

_loop = asyncio.new_event_loop()


@dataclass
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class AsgiRequest:
    """A request to a server, made as often as wanted.

    Attributes:
        client: address of the client.
    """

    server: Any
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    client: str = "127.0.0.1"

    def call(self) -> Call:
        """Return a function that makes the request and reads the answer to its end."""
        server, body = self.server, self.body or b""
        url = urlsplit(self.path)
        named = {"host": "localhost", **{k.lower(): v for k, v in (self.headers or {}).items()}}
        if self.body is not None:
            named |= {"content-type": "application/json", "content-length": str(len(body))}
        headers = [(name.encode(), value.encode()) for name, value in named.items()]
        base = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET" if self.body is None else "POST",
            "scheme": "http",
            "path": url.path,
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "root_path": "",
            "client": (self.client, 50000),
            "server": ("localhost", 80),
            "extensions": {},
        }

        async def call() -> Answer:
            answer = Answer(0, [])
            asked = False

            async def receive() -> dict[str, Any]:
                nonlocal asked
                if asked:
                    # The client stays until it has its answer.
                    await asyncio.Event().wait()
                asked = True
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(message: Mapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    answer.status = message["status"]
                    answer.headers = list(message.get("headers", ()))

            await server({**base, "headers": list(headers), "state": {}}, receive, send)
            return answer

        return call


def start(server: Any) -> None:
    """Tell a server that it starts: Dash adds routes then."""

    async def lifespan() -> None:
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"].endswith("failed"):
                raise RuntimeError(f"the server does not start: {message}")

        await server({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)

    run(lifespan())


def run(task: Any) -> Any:
    """Return what a coroutine returns; all share one event loop."""
    return _loop.run_until_complete(task)


def expect(call: Call, status: int) -> Answer:
    """Make a request once; what is measured must be what was meant.

    :raises RuntimeError: if it is answered with another status
    """
    answer: Answer = run(call())
    if answer.status != status:
        raise RuntimeError(f"expected {status}, found {answer.status}")
    return answer


def batch(call: Call, requests: int) -> float:
    """Return the processor time of one request, in microseconds.

    :param call: makes the request
    :param requests: how many are made
    """
    gc.disable()
    try:
        return float(run(_batch(call, requests)))
    finally:
        gc.enable()
        gc.collect(0)


async def _batch(call: Call, requests: int) -> float:
    # Of the whole process: what another thread does for a request counts as well.
    begin = process_time_ns()
    for _ in range(requests):
        await call()
    return (process_time_ns() - begin) / requests / 1000
