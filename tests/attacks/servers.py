"""Real servers on free ports of the loopback address: two for WSGI, one each for Quart and FastAPI."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import waitress.server
from werkzeug.serving import WSGIRequestHandler, make_server

from .apps import DASH_VERSION, IS_UPSTREAM
from .http import Site

HAS_EVENT_LOOPS = (
    DASH_VERSION >= (4, 4)
    and not IS_UPSTREAM
    and all(importlib.util.find_spec(name) for name in ("quart", "fastapi", "hypercorn"))
)
BACKENDS = ("flask", "quart", "fastapi") if HAS_EVENT_LOOPS else ("flask",)
"""What this version of Dash runs on."""


@contextlib.contextmanager
def running(server: Any, kind: str) -> Iterator[Site]:
    """Serve an app on a free port of the loopback address.

    :param server: a Flask, Quart or FastAPI server
    :param kind: "flask" (werkzeug's server), "waitress", "quart" (hypercorn) or "fastapi" (uvicorn)
    :return: a context with the running site
    """
    with _SERVERS[kind](server) as site:
        yield site


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Keep the output of the tests quiet."""


@contextlib.contextmanager
def _werkzeug(wsgi: Any) -> Iterator[Site]:
    server = make_server("127.0.0.1", 0, wsgi, threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield Site(server.port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextlib.contextmanager
def _waitress(wsgi: Any) -> Iterator[Site]:
    server: Any = waitress.server.create_server(
        wsgi, host="127.0.0.1", port=0, threads=4, clear_untrusted_proxy_headers=False
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    def close() -> None:
        for dispatcher in list(server._map.values()):
            dispatcher.close()

    try:
        yield Site(server.effective_port)
    finally:
        # Within the server's own loop, which else polls closed sockets. The loop may be awake
        # already, and have closed the trigger before it is pulled.
        with contextlib.suppress(OSError):
            server.trigger.pull_trigger(close)
        server.task_dispatcher.shutdown()
        thread.join(10)


@contextlib.contextmanager
def _hypercorn(asgi: Any) -> Iterator[Site]:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    def serving(listener: socket.socket, stopped: Callable[..., Coroutine[Any, Any, None]]) -> Any:
        config = Config()
        # The server closes what it is given.
        config.bind = [f"fd://{listener.detach()}"]
        config.errorlog = None
        config.graceful_timeout = 1
        return serve(asgi, config, shutdown_trigger=stopped)

    with _in_event_loop(asgi, serving) as site:
        yield site


@contextlib.contextmanager
def _uvicorn(asgi: Any) -> Iterator[Site]:
    import uvicorn

    class Server(uvicorn.Server):
        """Ends at once when told, where uvicorn sleeps for tenths of a second."""

        stopped: Callable[..., Coroutine[Any, Any, None]]

        async def main_loop(self) -> None:
            await self.on_tick(0)
            await self.stopped()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for server in self.servers:
                server.close()
            for connection in list(self.server_state.connections):
                connection.shutdown()
            tasks = list(self.server_state.tasks)
            if tasks:
                await asyncio.wait(tasks, timeout=1)
            await self.lifespan.shutdown()

    def serving(listener: socket.socket, stopped: Callable[..., Coroutine[Any, Any, None]]) -> Any:
        config = uvicorn.Config(asgi, log_config=None)
        server = Server(config)
        server.stopped = stopped
        return server.serve(sockets=[listener])

    with _in_event_loop(asgi, serving) as site:
        yield site


_SERVERS = {
    "flask": _werkzeug,
    "waitress": _waitress,
    "quart": _hypercorn,
    "fastapi": _uvicorn,
}


@contextlib.contextmanager
def _in_event_loop(asgi: Any, serving: Callable[..., Any]) -> Iterator[Site]:
    """Run a server in a thread with an event loop of its own, from when the app has started.

    :param asgi: the app
    :param serving: returns the coroutine that serves on a listening socket until it is stopped
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    port: int = listener.getsockname()[1]
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def stopped(*_: object) -> None:
        started.set()
        await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serving(listener, stopped))
        finally:
            started.set()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield Site(port, loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive(), "the server does not end"
