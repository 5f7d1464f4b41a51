"""What is special to servers with an event loop: nothing that a guard waits for may hold it up."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import dash_auth
import pytest
from dash import Dash, Input, Output
from hashing import Hashing

from .apps import body, guard, item, plain_app
from .http import ALICE, BOB, PRIVATE, PUBLIC, Site, basic, held, honest
from .routes import add_route
from .servers import running

pytestmark = pytest.mark.event_loops

ASK = body("ask.children", [item("i", "value", 1)])
CLOSED = body("closed.children", [item("i", "value", 1)])


def who(*_: Any) -> str:
    """Say who is asking."""
    user = dash_auth.current_user()
    return f"{PUBLIC} {user.name if user else 'nobody'} {dash_auth.list_groups()}"


def app_with(users: Any = None, **options: Any) -> Dash:
    """Return a guarded app whose public parts say who is asking."""
    app = plain_app()
    add_route(app, "/ask", who)
    add_route(app, "/closed", lambda: PRIVATE)
    dash_auth.public_callback(Output("ask", "children"), Input("i", "value"))(who)
    app.callback(Output("closed", "children"), Input("i", "value"))(lambda _: PRIVATE)
    guard(app, users, public_routes=["/ask", "/open"], secret_key="k" * 32, **options)
    return app


# The loop goes on


class Loop:
    """A server's event loop, as seen from work that takes long."""

    def __init__(self) -> None:
        self.site: Site | None = None
        self.went_on: list[bool] = []
        """Of each piece of work, whether the loop did something else before it ended."""

    def wait(self) -> None:
        """Wait, once the site is known, until the loop does something else.

        It cannot where this is called in the loop.
        """
        done = threading.Event()
        if self.site is None or self.site.loop is None:
            return
        self.site.loop.call_soon_threadsafe(done.set)
        self.went_on.append(done.wait(20))

    def slow(self, name: str, password: str) -> bool:
        """Check a password as a database does that is far away."""
        self.wait()
        return (name, password) == ALICE

    def slow_groups(self, name: str) -> list[str]:
        """Look groups up in a directory that is far away."""
        self.wait()
        return ["staff"]


WORK: dict[str, Callable[[Loop, Hashing], dict[str, Any]]] = {
    "auth_func": lambda loop, _: {"auth_func": loop.slow},
    "hash": lambda _, hashing: {"users": {"alice": hashing.of(ALICE[1])}},
    "user_groups": lambda loop, _: {"user_groups": loop.slow_groups},
}
ASKING: dict[str, Callable[..., Any]] = {
    "a private route": lambda site, auth: site.get("/closed", auth=auth),
    "a private callback": lambda site, auth: site.call(CLOSED, auth=auth),
    "a public route": lambda site, auth: site.get("/ask", auth=auth),
    "a public callback": lambda site, auth: site.call(ASK, auth=auth),
}


@pytest.mark.rule("S13")
@pytest.mark.parametrize("asking", ASKING)
@pytest.mark.parametrize(
    "work,auth",
    [
        ("auth_func", ALICE),
        ("auth_func", ("alice", "wrong")),
        ("hash", ALICE),
        ("hash", ("alice", "wrong")),
        ("user_groups", ALICE),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
def test_the_loop_does_not_wait(
    serve: Any, hashing: Hashing, work: str, asking: str, auth: tuple[str, str]
) -> None:
    loop = Loop()
    hashing.meanwhile = loop.wait
    site = serve(app_with(**WORK[work](loop, hashing)))
    # The guard learns what asks for the user of a public request when it is asked.
    ASKING[asking](site, ("bob", "unknown"))
    loop.site = site
    reply = ASKING[asking](site, auth)
    assert reply.status == (401 if auth != ALICE and "private" in asking else 200)
    assert loop.went_on
    assert all(loop.went_on)


@pytest.mark.rule("S13")
@pytest.mark.parametrize("is_callback", [False, True], ids=["route", "callback"])
def test_the_loop_does_not_wait_for_the_groups_of_a_session(serve: Any, is_callback: bool) -> None:
    loop = Loop()
    site = serve(app_with(user_groups=loop.slow_groups))
    cookie = honest(site.get("/closed", auth=ALICE), PRIVATE).cookie()
    for loop.site in (None, site):
        reply = site.call(ASK, cookie=cookie) if is_callback else site.get("/ask", cookie=cookie)
        honest(reply, f"{PUBLIC} alice ['staff']")
    assert loop.went_on
    assert all(loop.went_on)


@pytest.mark.rule("S12")
@pytest.mark.parametrize("asking", ASKING)
@pytest.mark.parametrize("kind", ["function", "object", "partial"])
def test_an_async_function_runs_in_the_servers_own_loop(serve: Any, asking: str, kind: str) -> None:
    """There live the connections that it opened."""
    loops: list[Any] = []

    async def check(name: str, password: str) -> bool:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return (name, password) == ALICE

    class Check:
        async def __call__(self, name: str, password: str) -> bool:
            return await check(name, password)

    async def groups(name: str) -> list[str]:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return [f"friends of {name}"]

    function = {"function": check, "object": Check(), "partial": functools.partial(check)}[kind]
    site = serve(app_with(auth_func=function, user_groups=groups))
    ASKING[asking](site, BOB)
    loops.clear()
    honest(ASKING[asking](site, ALICE), PRIVATE if "private" in asking else "friends of alice")
    assert len(loops) >= 2
    assert all(loop is site.loop for loop in loops)
    refused = ASKING[asking](site, BOB)
    held(refused, "friends", status=401 if "private" in asking else 200)
    held(site.get("/closed", auth=BOB))
    held(site.get("/closed"))


@pytest.mark.rule("S12")
def test_the_first_to_ask_is_told_too(serve: Any) -> None:
    """A callback runs in the loop, where nothing can be awaited: the check gets a loop of its own."""

    async def check(name: str, password: str) -> bool:
        await asyncio.sleep(0)
        return (name, password) == ALICE

    async def groups(name: str) -> list[str]:
        await asyncio.sleep(0)
        return [f"friends of {name}"]

    for asking in ("a public route", "a public callback"):
        site = serve(app_with(auth_func=check, user_groups=groups))
        honest(ASKING[asking](site, ALICE), "friends of alice")
        site = serve(app_with(auth_func=check, user_groups=groups))
        honest(ASKING[asking](site, BOB), "nobody None")


@pytest.mark.rule("S12")
@pytest.mark.parametrize("answer", ["truthy", "raises", "groups raise", "groups are odd"])
def test_async_functions_that_go_wrong(
    serve: Any, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    async def check(name: str, password: str) -> Any:
        await asyncio.sleep(0)
        if answer == "truthy" and name == "bob":
            return "yes"
        if answer == "raises" and name == "bob":
            raise LookupError("on purpose")
        return name == "alice"

    async def groups(name: str) -> Any:
        await asyncio.sleep(0)
        if answer == "groups raise":
            raise LookupError("on purpose")
        return 5 if answer == "groups are odd" else ["staff"]

    site = serve(app_with(auth_func=check, user_groups=groups))
    held(site.get("/closed", auth=BOB), "on purpose")
    honest(site.get("/closed", auth=ALICE), PRIVATE)
    for _ in range(2):
        held(site.get("/ask", auth=BOB), "bob", "on purpose", status=200)
        named = honest(site.get("/ask", auth=ALICE), "alice []" if "groups" in answer else "alice")
        assert "on purpose" not in named.text
    assert any(record.levelname == "ERROR" for record in caplog.records)


@pytest.mark.rule("S16")
def test_what_one_request_learns_is_not_anothers(serve: Any) -> None:
    """Who asks is found before the app runs, each time anew."""
    site = serve(app_with())
    for _ in range(3):
        honest(site.get("/ask", auth=ALICE), "alice")
        honest(site.get("/ask", auth=BOB), "bob")
        honest(site.get("/ask"), "nobody")
        honest(site.get("/ask", auth=("alice", "wrong")), "nobody")
        honest(site.call(ASK, auth=BOB), "bob")
        honest(site.call(ASK), "nobody")


@pytest.mark.rule("S16")
def test_requests_at_once_do_not_mix(serve: Any) -> None:
    def check(name: str, password: str) -> bool:
        time.sleep(0.01)
        return name == password

    site = serve(app_with(auth_func=check))
    wrong: list[str] = []

    def ask(name: str) -> None:
        for _ in range(10):
            for reply in (site.get("/ask", auth=(name, name)), site.call(ASK, auth=(name, name))):
                if f"{PUBLIC} {name} " not in reply.text:
                    wrong.append(reply.text)

    threads = [threading.Thread(target=ask, args=(f"user{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong


@pytest.mark.rule("S16")
@pytest.mark.parametrize("how", ["pipelined", "one by one"])
@pytest.mark.parametrize("length", [1, 1_000_000])
def test_nobody_is_taken_for_who_used_the_connection_before(
    backend: str, how: str, length: int
) -> None:
    """A proxy sends the requests of all over one connection, to what is unguarded as well."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    async def unguarded(_: Any) -> Any:
        return PlainTextResponse(f"here is {dash_auth.current_user()}")

    outer = Starlette(routes=[Route("/who", unguarded), Mount("/", app_with().server)])
    called = json.dumps(body("ask.children", [item("i", "value", "x" * length)])).encode()
    first = (
        b"POST /_dash-update-component HTTP/1.1\r\nHost: here\r\nAuthorization: %s\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    ) % (basic(*ALICE).encode(), len(called), called)
    second = b"GET /who HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
    with (
        running(outer, "fastapi") as site,
        socket.create_connection(("127.0.0.1", site.port), 20) as connection,
    ):
        received = b""
        connection.sendall(first + second if how == "pipelined" else first)
        while part := connection.recv(65_536):
            received += part
            if how == "one by one" and b"alice" in received:
                connection.sendall(second)
                how = "done"
    assert PUBLIC.encode() + b" alice" in received
    assert received.endswith(b"here is None")


def test_a_job_in_a_fork_does_not_wait_for_the_loop() -> None:
    """A background callback may run in a fork of the server, where the server's loop stands still."""
    from dash_auth import _steps as steps

    async def answer() -> str:
        return "answered"

    answers: list[str] = []
    standing = asyncio.new_event_loop()
    context = contextvars.copy_context()
    context.run(steps._serving.set, (standing, os.getpid() + 1))
    job = threading.Thread(
        target=lambda: answers.append(context.run(steps.run_to_end, answer())), daemon=True
    )
    job.start()
    job.join(10)
    standing.close()
    assert answers == ["answered"]


def test_a_fork_has_threads_of_its_own() -> None:
    """A server may have served before it forks its workers: where a worker waits, so would all."""
    script = """
import asyncio, os, signal, threading
from dash_auth import _steps as steps, _threads as threads

def five():
    return asyncio.run(steps.off_loop(lambda: 5))

def fork():
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        threads.VISITORS._limit = 1
        os._exit(0 if (five(), five()) == (5, 5) else 1)
    return os.waitpid(child, 0)[1]

# One that has nothing to do, and one that is at work, which the fork is not to count.
assert five() == 5
ended = [fork()]
begun, done = threading.Event(), threading.Event()
working = threading.Thread(
    target=lambda: asyncio.run(steps.off_loop(lambda: (begun.set(), done.wait())))
)
working.start()
begun.wait()
with threads.VISITORS._lock:
    ended.append(fork())
done.set()
working.join()
raise SystemExit(str(ended) if any(ended) else 0)
"""
    command = [sys.executable, "-W", "ignore", "-c", script]
    ran = subprocess.run(command, timeout=90, check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
