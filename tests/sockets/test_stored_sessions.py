"""A socket ends with the session that a store keeps, wherever that was ended."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import dash
import dash_auth
import pytest
from attacks.http import ALICE, BOB, PRIVATE
from dash import Input, Output
from dash_auth import sessions
from dash_auth._servers.websocket import watched
from dash_auth.sessions import reached, stored
from forms import KEY, USERS, Browser
from stores import MemoryStore
from waiting import wait_for

from .apps import PRIVATE_BODY, shown, websocket_app
from .servers import LOGIN_REQUIRED, Socket


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    monkeypatch.setattr(stored, "_all", weakref.WeakSet())
    # It is asked again at once when it was away.
    monkeypatch.setattr(reached, "_PAUSE", 0.0)
    return MemoryStore()


@pytest.fixture
def sockets(serve: Any, backend: str, store: MemoryStore) -> Iterator[tuple[Socket, Socket]]:
    app = websocket_app(backend)
    dash.callback(Output("priv", "children"), Input("priv-in", "value"))(
        lambda value: f"{PRIVATE} {value} {dash_auth.current_user()}"
    )
    dash_auth.FormAuth(app, dict(USERS), secret_key=KEY, sessions=store)
    site = serve(app)
    alice, bob = Browser(site), Browser(site)
    alice.log_in(*ALICE)
    bob.log_in(*BOB)
    with site.open(cookie=alice.cookie("/")) as one, site.open(cookie=bob.cookie("/")) as two:
        yield one, two


def text(socket: Socket) -> str:
    return shown(socket.call(PRIVATE_BODY), "priv")


def test_a_socket_is_closed_that_sends_nothing(sockets: tuple[Socket, Socket]) -> None:
    alice, bob = sockets
    assert text(alice) == f"{PRIVATE} x alice"
    sessions.end_all("alice")
    assert alice.closing_code() == LOGIN_REQUIRED
    assert text(bob) == f"{PRIVATE} x bob"


def test_the_next_callback_is_refused_at_once(
    sockets: tuple[Socket, Socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_SECONDS_BETWEEN_LOOKS", 3600)
    alice, bob = sockets
    assert text(alice) == f"{PRIVATE} x alice"
    sessions.end_all("alice")
    alice.request(PRIVATE_BODY)
    assert alice.closing_code() == LOGIN_REQUIRED
    assert text(bob) == f"{PRIVATE} x bob"


def test_callbacks_wait_for_a_store_that_is_started_anew(
    sockets: tuple[Socket, Socket], store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_SECONDS_BETWEEN_LOOKS", 3600)
    alice, _ = sockets
    store.is_away = True
    refused = alice.call(PRIVATE_BODY)
    assert refused["status"] == "error" and PRIVATE not in str(refused)
    store.is_away = False
    assert text(alice) == f"{PRIVATE} x alice"


def test_sockets_are_closed_when_the_store_stays_away(
    sockets: tuple[Socket, Socket], store: MemoryStore
) -> None:
    alice, bob = sockets
    looks = store.calls.count("load")
    store.is_away = True
    assert alice.closing_code() == bob.closing_code() == LOGIN_REQUIRED
    # The first look alone closes none.
    assert store.calls.count("load") - looks >= 3


def test_a_look_that_fails_once_closes_no_socket(
    sockets: tuple[Socket, Socket], store: MemoryStore
) -> None:
    alice, _ = sockets
    for _ in range(2):
        store.is_away = True
        before = len(store.calls)
        wait_for(lambda before=before: len(store.calls) >= before + 2)
        store.is_away = False
        before = len(store.calls)
        wait_for(lambda before=before: len(store.calls) >= before + 2)
    assert text(alice) == f"{PRIVATE} x alice"
