"""A socket lasts no longer than the login that opened it."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator, Mapping
from typing import Any

import dash
import dash_auth
import pytest
from attacks import apps
from attacks.apps import guard
from attacks.http import ALICE, BOB, PRIVATE, USERS, honest
from attacks.routes import add_route, session
from clock import Clock
from dash_auth._servers.websocket import watched
from waiting import wait_for
from websockets.exceptions import ConnectionClosed

from .apps import (
    PRIVATE_BODY,
    PUBLIC_BODY,
    SECRET_KEY,
    STREAM_BODY,
    add_stream,
    ran,
    refused,
    shown,
    simple_app,
    websocket_app,
)
from .servers import LOGIN_REQUIRED, Socket

ways = pytest.mark.parametrize("way", ["header", "session"])
REFUSED = {"status": "error", "message": "Login required"}


@contextlib.contextmanager
def alice_and_bob(site: Any, way: str) -> Iterator[tuple[Socket, Socket]]:
    """Open a socket for each of the two users."""

    def login(user: tuple[str, str]) -> dict[str, Any]:
        return {"auth": user} if way == "header" else {"cookie": site.session_of(user)}

    with site.open(**login(ALICE)) as alice, site.open(**login(BOB)) as bob:
        yield alice, bob


def remove(users: dict[str, Any]) -> None:
    del users["alice"]


def change(users: dict[str, Any]) -> None:
    users["alice"] = "another"


def spoil(users: dict[str, Any]) -> None:
    users["alice"] = None


@ways
@pytest.mark.parametrize("end", [remove, change, spoil])
def test_an_idle_socket_is_closed(serve: Any, backend: str, way: str, end: Any) -> None:
    users = dict(USERS)
    with alice_and_bob(serve(simple_app(backend, users=users)), way) as (alice, bob):
        assert shown(alice.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        end(users)
        assert alice.closing_code() == LOGIN_REQUIRED
        assert shown(bob.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x bob"


def test_idle_sockets_are_looked_after_every_two_seconds() -> None:
    """The documents promise five: they are closed at the next look."""
    assert watched._SECONDS_BETWEEN_LOOKS == 2


@ways
def test_the_next_message_is_refused_at_once(
    serve: Any, backend: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_SECONDS_BETWEEN_LOOKS", 3600)
    users = dict(USERS)
    with alice_and_bob(serve(simple_app(backend, users=users)), way) as (alice, bob):
        assert shown(alice.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        ran.clear()
        change(users)
        for _ in range(3):
            with contextlib.suppress(ConnectionClosed):
                alice.request(PRIVATE_BODY)
        assert alice.closing_code() == LOGIN_REQUIRED
        assert ran == []
        assert shown(bob.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x bob"


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_what_runs_for_a_removed_user_hears_that_the_socket_is_closed(
    serve: Any, backend: str, is_async: bool
) -> None:
    users = dict(USERS)
    app = websocket_app(backend)
    ended: list[bool] = []

    def endless(value: Any) -> None:
        while not dash.ctx.websocket.is_shutdown:
            dash.set_props("progress", {"children": PRIVATE})
            time.sleep(0.05)
        ended.append(True)

    async def endless_on_loop(value: Any) -> None:
        import asyncio

        try:
            while True:
                dash.set_props("progress", {"children": PRIVATE})
                await asyncio.sleep(0.05)
        finally:
            ended.append(True)

    dash.callback(dash.Output("stream", "children"), dash.Input("stream-in", "value"))(
        endless_on_loop if is_async else endless
    )
    guard(app, users, secret_key=SECRET_KEY)
    with serve(app).open(auth=ALICE) as socket:
        socket.request(STREAM_BODY)
        assert socket.next()["type"] == "set_props"
        del users["alice"]
        assert socket.closing_code() == LOGIN_REQUIRED
        wait_for(lambda: ended == [True])


def test_auth_func_is_asked_again_at_each_message(serve: Any, backend: str) -> None:
    banned: set[str] = set()
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(name)
        return (name, password) in (ALICE, BOB) and name not in banned

    site = serve(simple_app(backend, auth_func=auth_func))
    with alice_and_bob(site, "header") as (alice, bob):
        assert shown(alice.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        before = len(asked)
        assert shown(alice.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        assert len(asked) == before + 1
        ran.clear()
        banned.add("alice")
        alice.request(PRIVATE_BODY)
        assert alice.closing_code() == LOGIN_REQUIRED
        assert ran == []
        assert shown(bob.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x bob"


@pytest.mark.parametrize("failure", [RuntimeError, None])
def test_auth_func_that_fails_later_refuses(serve: Any, backend: str, failure: Any) -> None:
    broken: list[Any] = []

    async def auth_func(name: str, password: str) -> Any:
        if broken and failure:
            raise failure(name)
        return None if broken else True

    with serve(simple_app(backend, auth_func=auth_func)).open(auth=ALICE) as socket:
        assert shown(socket.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        ran.clear()
        broken.append(True)
        socket.request(PRIVATE_BODY)
        assert socket.closing_code() == LOGIN_REQUIRED
        assert ran == []


@ways
def test_a_login_by_auth_func_ends_with_its_time(
    serve: Any, backend: str, way: str, clock: Clock
) -> None:
    app = simple_app(backend, auth_func=lambda *_: True, auth_func_session_seconds=600)
    with alice_and_bob(serve(app), way) as (alice, _):
        assert shown(alice.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        clock.advance(500)
        assert shown(alice.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        clock.advance(101)
        assert alice.closing_code() == LOGIN_REQUIRED


class Table(dict[str, str]):
    """Users kept elsewhere, which may be out of reach."""

    broken = False

    def get(self, *arguments: Any) -> Any:
        if self.broken:
            raise ConnectionError("no table")
        return super().get(*arguments)


def test_a_table_out_of_reach_ends_a_login(serve: Any, backend: str) -> None:
    users: Mapping[str, str] = Table(USERS)
    with serve(simple_app(backend, users=users)).open(auth=ALICE) as socket:
        assert shown(socket.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        Table.broken = True
        try:
            assert socket.closing_code() == LOGIN_REQUIRED
        finally:
            Table.broken = False


def test_a_client_that_does_not_read_keeps_nobody_elses_socket_open(
    serve: Any, backend: str
) -> None:
    """Its own callback ends too, though what it was sent is still on its way."""
    users = dict(USERS)
    app = websocket_app(backend)
    ended: list[bool] = []

    sent: list[None] = []

    def flood(value: Any) -> None:
        while not dash.ctx.websocket.is_shutdown:
            sent.append(None)
            dash.set_props("progress", {"children": "x" * 1_000_000})
            time.sleep(0.01)
        ended.append(True)

    dash.callback(dash.Output("stream", "children"), dash.Input("stream-in", "value"))(flood)
    guard(app, users, secret_key=SECRET_KEY)
    with alice_and_bob(serve(app), "header") as (alice, bob):
        # Its own thread stops reading when a few messages wait.
        alice.request(STREAM_BODY)
        wait_for(lambda: len(sent) > 30)
        users.clear()
        assert bob.closing_code() == LOGIN_REQUIRED
        wait_for(lambda: ended == [True])


def test_who_comes_when_nobody_was_looked_after_for_a_while_is(serve: Any) -> None:
    users = dict(USERS)
    # What other tests' servers have left behind.
    before = list(watched._watched)
    # On hypercorn the last connection's scope lives on until the next one comes.
    site = serve(simple_app("fastapi", users=users))
    for _ in range(3):
        with site.open(auth=BOB) as socket:
            assert socket.is_alive()
    wait_for(lambda: gc.collect() >= 0 and not set(watched._watched) - set(before))
    with site.open(auth=ALICE) as socket:
        assert len(set(watched._watched) - set(before)) == 1
        users.clear()
        assert socket.closing_code() == LOGIN_REQUIRED


def test_a_stranger_is_not_looked_after(serve: Any, backend: str) -> None:
    users = dict(USERS)
    with serve(simple_app(backend, users=users)).open() as socket:
        users.clear()
        assert refused(socket.call(PRIVATE_BODY))
        assert "PUBLIC" in shown(socket.call(PUBLIC_BODY), "pub")


def test_a_stream_is_not_cut_by_a_refusal_beside_it(serve: Any, backend: str) -> None:
    app = websocket_app(backend)
    add_stream(dash_auth.public_callback)
    dash.callback(dash.Output("priv", "children"), dash.Input("priv-in", "value"))(
        lambda value: ran.append("private")
    )
    guard(app, secret_key=SECRET_KEY)
    with serve(app).open() as socket:
        stream = socket.request(STREAM_BODY)
        private = socket.request(PRIVATE_BODY)
        arrived = [socket.next() for _ in range(5)]
    answers = {one["requestId"]: one["payload"] for one in arrived if "requestId" in one}
    assert refused(answers[private])
    assert answers[stream]["status"] == "ok"
    props = [one["payload"]["props"]["children"] for one in arrived if one["type"] == "set_props"]
    assert props == ["0 None", "1 None", "2 None"]
    assert ran == []


def test_a_logout_closes_the_socket_that_the_ticket_opened(
    serve: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "backend", backend)
    app = simple_app(backend, public_routes=["/logout"])

    def log_out() -> str:
        session().clear()
        return "logged out"

    add_route(app, "/logout", log_out)
    site = serve(app)
    cookie = site.session_of(ALICE)
    with site.open(cookie=cookie) as alice, site.open(auth=ALICE) as by_header:
        assert shown(alice.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        honest(site.get("/logout", cookie=cookie), None)
        assert alice.closing_code() == LOGIN_REQUIRED
        # It came with the password.
        assert shown(by_header.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
