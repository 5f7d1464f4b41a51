"""S4 on an event loop: bodies that come in pieces, are not what was announced, or never end."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import dash_auth
import pytest
from dash import Input, Output, State

from .apps import guard, plain_app
from .callbacks import PRIVATE_BODY, PUBLIC_BODY, private, public, ran, simple_app
from .http import (
    ALICE,
    CALLBACK_URL,
    PRIVATE,
    PUBLIC,
    AttackSucceeded,
    HonestRefused,
    ServerError,
    Site,
    basic,
    held,
    honest,
)

pytestmark = [pytest.mark.event_loops, pytest.mark.rule("S4")]

SENT = json.dumps(PUBLIC_BODY).encode()


class Line:
    """A connection on which a test sends what it likes, and when."""

    def __init__(self, site: Site) -> None:
        self._socket = socket.create_connection(("127.0.0.1", site.port), timeout=30)

    def head(self, *headers: str, method: str = "POST", target: str = CALLBACK_URL) -> None:
        """Send the head of a request."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
        self.send("\r\n".join(lines).encode())

    def send(self, data: bytes) -> None:
        """Send some bytes; the server may have hung up."""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def answer(self, seconds: float = 30) -> str:
        """Return all that comes back until the server hangs up or the time is over."""
        parts = []
        end = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError, ConnectionError):
            while time.monotonic() < end:
                self._socket.settimeout(max(end - time.monotonic(), 0.01))
                part = self._socket.recv(65_536)
                if not part:
                    break
                parts.append(part)
        return b"".join(parts).decode("latin-1")

    def status(self) -> int:
        """Return the status of the answer, which must come though the request has not ended."""
        with contextlib.suppress(ConnectionError):
            try:
                line = self._socket.recv(4096).decode("latin-1").split("\r\n")[0]
            except TimeoutError as error:
                raise AttackSucceeded("the server waited for what never came") from error
            if line:
                return int(line.split()[1])
        return 0

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextlib.contextmanager
def line_to(site: Site) -> Iterator[Line]:
    """Open a connection, and close it in the end."""
    line = Line(site)
    try:
        yield line
    finally:
        line.close()


JSON = "Content-Type: application/json"
CLOSE = "Connection: close"


@pytest.mark.parametrize("pieces", [2, 10, len(SENT)])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("sent,marker", [(PUBLIC_BODY, PUBLIC), (PRIVATE_BODY, None)], ids=str)
def test_a_body_in_pieces(
    serve: Any, pieces: int, chunked: bool, sent: dict[str, Any], marker: str | None
) -> None:
    site = serve(simple_app([]))
    data = json.dumps(sent).encode()
    size = max(len(data) // pieces, 1)
    with line_to(site) as line:
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(data)}"
        line.head(JSON, CLOSE, framing)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            line.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            time.sleep(0.001)
        if chunked:
            line.send(b"0\r\n\r\n")
        answer = line.answer()
    if marker is None:
        assert answer.startswith("HTTP/1.1 401") and PRIVATE not in answer and not ran
    elif marker not in answer:
        raise HonestRefused(answer[:300])


def test_more_than_was_announced(serve: Any) -> None:
    """What comes behind the body is a request of its own, and is judged as one."""
    site = serve(simple_app([]))
    behind = (
        f"POST {CALLBACK_URL} HTTP/1.1\r\nHost: x\r\n{JSON}\r\n"
        f"Content-Length: {len(json.dumps(PRIVATE_BODY))}\r\n{CLOSE}\r\n\r\n"
    ).encode() + json.dumps(PRIVATE_BODY).encode()
    for rest in (b"x" * 100, b"]}", json.dumps(PRIVATE_BODY).encode(), behind):
        with line_to(site) as line:
            line.head(JSON, f"Content-Length: {len(SENT)}")
            line.send(SENT + rest)
            answer = line.answer(30 if rest == behind else 0.5)
        assert PRIVATE not in answer and not ran
        assert answer.count("HTTP/1.1 2") <= 1 and "HTTP/1.1 5" not in answer
        if rest == behind:
            assert PUBLIC in answer and "HTTP/1.1 401" in answer
    honest(site.call(PUBLIC_BODY))


@pytest.mark.parametrize("who", [None, ALICE], ids=["stranger", "user"])
@pytest.mark.parametrize("extra", ["Content-Length: 5", "Content-Length: 10, 10", "X: y"])
def test_two_ways_to_say_how_long_it_is(serve: Any, who: Any, extra: str) -> None:
    """A stated length beside chunks does not lift the limit."""
    site = serve(limited_app())
    large = json.dumps({**PUBLIC_BODY, "pad": "p" * 50_000}).encode()
    with line_to(site) as line:
        login = [] if who is None else [f"Authorization: {basic(*who)}"]
        line.head(JSON, CLOSE, *login, extra, "Transfer-Encoding: chunked")
        line.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(large), large))
        answer = line.answer()
    assert not answer.startswith("HTTP/1.1 5")
    if who is None:
        assert PUBLIC not in answer
    elif extra == "X: y":
        assert PUBLIC in answer
    honest(site.call(PUBLIC_BODY))


def limited_app(**options: Any) -> Any:
    """Return an app that reads little of a stranger."""
    app = plain_app(**options)
    dash_auth.public_callback(
        Output("pub", "children"), Input("pub-in", "value"), State("pub-st", "value")
    )(lambda v, s: public(v, s))
    guard(app, public_routes=[], anonymous_body_limit=1000)
    return app


def test_chunks_without_end_are_refused_at_the_limit(serve: Any) -> None:
    site = serve(limited_app())
    with line_to(site) as line:
        line.head(JSON, "Transfer-Encoding: chunked")
        line.send(b"200\r\n" + b"[" * 512 + b"\r\n")
        time.sleep(0.1)
        line.send(b"200\r\n" + b"[" * 512 + b"\r\n")
        assert line.status() == 413
    honest(site.call(PUBLIC_BODY))


def test_an_error_while_a_body_is_read_refuses(
    serve: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = serve(limited_app())

    async def fail(*_: Any) -> None:
        raise OSError("no body to be had")

    for request in ("quart.QuartRequest", "fastapi.request.FastAPIRequest"):
        monkeypatch.setattr(f"dash_auth._servers.{request}.read_body", fail)
    assert site.call(PUBLIC_BODY).status == 401
    assert "an error while reading a body" in caplog.text


@pytest.mark.parametrize("length", ["9" * 25, "9" * 4301])
def test_a_length_that_is_no_number_of_bytes(serve: Any, length: str) -> None:
    site = serve(limited_app())
    with line_to(site) as line:
        line.head(JSON, f"Content-Length: {length}")
        assert line.status() in (0, 400, 401, 413, 431)
    honest(site.call(PUBLIC_BODY))


def test_a_body_that_dash_would_not_parse_is_not_waited_for(serve: Any) -> None:
    site = serve(limited_app())
    with line_to(site) as line:
        line.head("Content-Type: text/plain", "Content-Length: 500")
        assert line.status() == 401


def test_a_body_that_stops_midway_is_not_waited_for_without_end(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dash_auth._servers.asgi.BODY_TIMEOUT", 0.3)
    site = serve(limited_app())
    with line_to(site) as line:
        line.head(JSON, "Content-Length: 500")
        line.send(b"[" * 100)
        assert line.status() == 401
    honest(site.call(PUBLIC_BODY))


@pytest.mark.not_on("fastapi", "Quart alone has a class for the bodies of requests")
@pytest.mark.parametrize("own", ["the bodies", "the requests, later on"])
def test_a_class_of_the_developers_own(serve: Any, own: str) -> None:
    """Where the bodies are not ours to count, the limit holds all the same."""
    from quart import Quart
    from quart.wrappers import Request
    from quart.wrappers.request import Body

    class OwnBody(Body):
        pass

    class OwnRequest(Request):
        body_class = OwnBody

    server = Quart("own")
    if own == "the bodies":
        server.request_class = OwnRequest
    app = limited_app(server=server)
    if own != "the bodies":
        server.request_class = OwnRequest
    site = serve(app)
    large = {**PUBLIC_BODY, "pad": "p" * 2000}
    for chunked in (False, True):
        honest(site.call(PUBLIC_BODY, chunked=chunked))
        held(site.call(large, chunked=chunked), PUBLIC, status=413)
        honest(site.call(large, chunked=chunked, auth=ALICE))


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("login", [[], [f"Authorization: {basic('alice', 'wrong')}"]], ids=str)
def test_nothing_is_waited_for_where_nothing_is_public(
    serve: Any, framing: str, login: list[str]
) -> None:
    app = plain_app()
    app.callback(Output("priv", "children"), Input("priv-in", "value"))(private)
    guard(app)
    site = serve(app)
    for start in (b"", b"3e8\r\n{"):
        with line_to(site) as line:
            line.head(JSON, framing, *login)
            line.send(start)
            assert line.status() == 401
    honest(site.call(PRIVATE_BODY, auth=ALICE), PRIVATE)


@pytest.mark.parametrize("target", ["/", "/closed", "/_mcp", "/assets/x.txt"])
def test_a_body_is_waited_for_on_the_way_to_a_callback_alone(serve: Any, target: str) -> None:
    site = serve(simple_app(["/open"]))
    for method in ("POST", "GET", "PUT", "OPTIONS"):
        with line_to(site) as line:
            line.head(JSON, "Content-Length: 1000", method=method, target=target)
            assert line.status() == 401


def test_bodies_that_never_end_hold_up_nobody(serve: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    with contextlib.ExitStack() as lines:
        for number in range(80):
            line = lines.enter_context(line_to(site))
            # Some with credentials, which are verified in a thread.
            login = [f"Authorization: {basic('alice', 'wrong')}"] if number % 2 else []
            line.head(JSON, "Content-Length: 1000", *login)
            line.send(b'{"output": "pub.children", ')
        honest(site.call(PUBLIC_BODY, timeout=30))
        honest(site.call(PRIVATE_BODY, auth=ALICE, timeout=30), PRIVATE)
        ran.clear()
        held(site.call(PRIVATE_BODY, timeout=30), ran=ran)
    honest(site.call(PUBLIC_BODY))


@pytest.mark.parametrize("login", [[], [f"Authorization: {basic(*ALICE)}"]], ids=["none", "alice"])
@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_client_that_hangs_up_midway(
    serve: Any, caplog: pytest.LogCaptureFixture, login: list[str], framing: str
) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    for start in (b"", b"10\r\n" + SENT[:16] + b"\r\n", SENT[:-1]):
        with line_to(site) as line:
            line.head(JSON, framing, *login)
            line.send(start)
            time.sleep(0.05)
    time.sleep(0.2)
    honest(site.call(PUBLIC_BODY))
    held(site.call(PRIVATE_BODY), ran=ran)
    ours = [r for r in caplog.records if r.name == "dash_auth" and r.levelname == "ERROR"]
    assert not ours, ours[0].getMessage()
    if not login and any(r.exc_info for r in caplog.records):
        raise ServerError("a stranger caused a traceback")
