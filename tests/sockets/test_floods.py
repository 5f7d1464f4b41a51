"""What a stranger's WebSocket may cost: junk, floods, and clients that never read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as sockets
import struct
import threading
from typing import Any

import dash_auth
import pytest
from attacks.apps import body, guard, item
from attacks.http import ALICE, PUBLIC, basic
from dash import Input, Output
from dash_auth._servers.websocket import GuardedSocket
from dash_auth._servers.websocket.allowance import Allowance, unread_request
from dash_auth._servers.websocket.outbox import Outbox

from .apps import (
    PRIVATE_BODY,
    PUBLIC_BODY,
    SECRET_KEY,
    ran,
    refused,
    shown,
    simple_app,
    websocket_app,
)

pytestmark = pytest.mark.usefixtures("no_traceback")

LIMIT = 20_000


def sized(length: int, output: str = "pub") -> dict[str, Any]:
    """Return a callback's body with a value of some length."""
    return body(f"{output}.children", [item(f"{output}-in", "value", "x" * length)])


def in_the_renderers_form(payload: Any, request: str = "r") -> str:
    """Return a message as JavaScript writes it."""
    message = {
        "type": "callback_request",
        "rendererId": "renderer",
        "requestId": request,
        "payload": payload,
    }
    return json.dumps(message, separators=(",", ":"))


def test_a_strangers_message_over_the_limit_is_answered_unread(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend, anonymous_body_limit=LIMIT))
    with site.open() as socket:
        assert PUBLIC in shown(socket.call(sized(LIMIT - 1_000)), "pub")
        for text in ("x" * LIMIT, "é" * (LIMIT // 2)):
            payload = {**sized(0), "inputs": [item("pub-in", "value", text)]}
            message = json.loads(in_the_renderers_form(payload))
            socket.send(json.dumps(message, ensure_ascii=False, separators=(",", ":")))
            assert refused(socket.answer("r"))
        socket.send("[" * LIMIT * 2)
        assert socket.is_alive()
        assert PUBLIC in shown(socket.call(PUBLIC_BODY), "pub")
    with site.open(auth=ALICE) as socket:
        assert PUBLIC in shown(socket.call(sized(LIMIT)), "pub")


def test_callbacks_that_wait_are_counted(serve: Any, backend: str) -> None:
    """Sixteen messages of a megabyte would otherwise wait in the memory of the app."""
    go = threading.Event()
    app = websocket_app(backend)
    dash_auth.public_callback(Output("pub", "children"), Input("pub-in", "value"))(
        lambda value: go.wait(20) and f"{PUBLIC} {len(value)}"
    )
    guard(app, secret_key=SECRET_KEY, anonymous_body_limit=LIMIT)
    site = serve(app)
    large = LIMIT - 1_000
    with site.open() as socket, site.open(auth=ALICE) as user:
        asked = [socket.request(sized(large)) for _ in range(16)]
        for _ in range(3):
            socket.request(sized(large), requestId=asked[0])
        of_user = [user.request(sized(large)) for _ in range(5)]
        go.set()
        statuses = [socket.next()["payload"] for _ in range(19)]
        done = [one for one in statuses if one["status"] == "ok"]
        busy = {"status": "error", "message": "Too many callbacks at once"}
        assert len(done) == 2
        assert statuses.count(busy) == 17
        # What is answered counts no longer.
        for _ in range(5):
            assert PUBLIC in shown(socket.call(sized(large)), "pub")
        for number in of_user:
            assert PUBLIC in shown(user.answer(number), "pub")


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        (in_the_renderers_form({}), {"rendererId": "renderer", "requestId": "r"}),
        (in_the_renderers_form({}, 'odd"'), None),
        ('{"type":"heartbeat"}', None),
        ("[", None),
    ],
)
def test_whom_to_answer_is_read_off_the_renderers_form(text: str, whom: Any) -> None:
    assert unread_request(text) == whom


def answer_to(number: str, data: Any = None) -> str:
    """Return what Dash answers to a request."""
    return json.dumps({"type": "callback_response", "requestId": number, "payload": data})


def test_an_allowance_is_given_back_once_for_each_answer() -> None:
    allowance = Allowance(100)

    def take(number: str) -> bool:
        return allowance.take({"requestId": number}, "x" * 60)

    assert [take('odd"\\é') for _ in range(3)] == [True, True, False]
    allowance.give_back(answer_to("another", 'odd"'))
    assert not take("b")
    answer = answer_to('odd"\\é')
    # What the stranger has the app say is no answer: the ids stand inside of one, or beside.
    for echo in (answer_to("another", answer), '{"type":"set_props","requestId":"b"}', "no JSON"):
        allowance.give_back(echo)
        assert not take("b")
    allowance.give_back(f"[{answer}]")
    assert take("b")
    assert not take("c")
    allowance.give_back(f"[{answer},{answer},{answer_to('b')}]")
    assert [take(number) for number in "cde"] == [True, True, False]


def test_clients_that_hang_up_in_the_middle_leave_no_trace(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend))
    for user in (None, ALICE):
        for _ in range(5):
            with site.open(auth=user) as socket:
                for number in range(200):
                    socket.send(in_the_renderers_form(PRIVATE_BODY, f"r{number}"))
                    socket.send("junk")
                reset(socket.connection.socket)
    with site.open() as socket:
        assert PUBLIC in shown(socket.call(PUBLIC_BODY), "pub")


def reset(raw: sockets.socket) -> None:
    """Close a connection so that the server is told of an error."""
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    raw.shutdown(sockets.SHUT_RDWR)


def raw_client(port: int, headers: str = "") -> sockets.socket:
    """Open a WebSocket of which nothing will be read but the answer to the handshake."""
    raw = sockets.create_connection(("127.0.0.1", port), timeout=10)
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.sendall(
        f"GET /_dash-ws-callback HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Origin: http://127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{headers}"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    assert b" 101 " in raw.recv(4096)
    return raw


def frame(text: str) -> bytes:
    data = text.encode()
    length = len(data)
    head = struct.pack("!BB", 0x81, 0x80 | length) if length < 126 else b""
    head = head or struct.pack("!BBH", 0x81, 0x80 | 126, length)
    # Masked with zeros.
    return head + bytes(4) + data


@pytest.mark.parametrize("user", [None, ALICE], ids=["stranger", "user"])
@pytest.mark.parametrize(
    "message",
    [
        '{"type": "heartbeat"}',
        in_the_renderers_form({**PRIVATE_BODY, "output": "nowhere.children"}),
    ],
    ids=["heartbeats", "refused callbacks"],
)
def test_a_client_that_never_reads_holds_up_nobody(
    serve: Any, backend: str, message: str, user: Any
) -> None:
    site = serve(simple_app(backend))
    headers = f"Authorization: {basic(*user)}\r\n" if user else ""
    many = frame(message) * 1_000
    for _ in range(2):
        with raw_client(site.port, headers) as raw:
            raw.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                for _ in range(20):
                    raw.sendall(many)
            with site.open() as socket:
                assert PUBLIC in shown(socket.call(PUBLIC_BODY), "pub")
            reset(raw)


@pytest.mark.parametrize("taken", [0, 5])
def test_what_waits_for_a_client_that_never_reads_is_limited(taken: int) -> None:
    sent: list[str] = []
    reads = asyncio.Event()

    async def send(text: str) -> None:
        if len(sent) == taken:
            await reads.wait()
        sent.append(text)

    async def sent_all(number: int) -> None:
        while len(sent) < number:
            await asyncio.sleep(0)

    async def fill() -> None:
        outbox = Outbox(send)
        for _ in range(100):
            outbox.put("x" * 100_000)
        reads.set()
        await sent_all(10)
        outbox.put("again")
        # What was put there behind the ten would come before it.
        await sent_all(11)
        assert sent[10:] == ["again"]

    asyncio.run(fill())


def test_an_outbox_whose_client_is_gone_is_no_error() -> None:
    async def send(text: str) -> None:
        raise ConnectionResetError

    async def fill() -> None:
        outbox = Outbox(send)
        for _ in range(3):
            outbox.put("text")
            await asyncio.sleep(0)

    asyncio.run(fill())


def test_strangers_and_junk_do_not_hold_up_others(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend))
    opened = [raw_client(site.port) for _ in range(150)]
    junk = frame("junk") + frame('{"type": 1}') + frame(in_the_renderers_form(PRIVATE_BODY))
    try:
        for raw in opened:
            raw.sendall(junk * 20)
        with site.open(auth=ALICE) as socket:
            socket.call(PRIVATE_BODY)
    finally:
        for raw in opened:
            raw.close()
    assert ran == ["private x"]


def test_a_socket_that_is_gone_when_it_is_closed_is_no_error() -> None:
    async def send(_: Any) -> None:
        raise ConnectionResetError

    async def never() -> Any:
        await asyncio.Event().wait()

    async def close() -> None:
        socket = GuardedSocket(never, send)
        for _ in range(2):
            socket.close()
        assert (await socket.receive())["type"] == "websocket.disconnect"
        await socket.send({"type": "websocket.send", "text": "dropped"})

    asyncio.run(close())


def test_nothing_passes_before_somebody_is_admitted() -> None:
    messages = [{"type": "websocket.receive", "text": "early"}, {"type": "websocket.disconnect"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def first() -> Any:
        return await GuardedSocket(receive, receive).receive()  # type: ignore[arg-type]

    assert asyncio.run(first()) == {"type": "websocket.disconnect"}
