"""A client over the loopback: some connections, each of which sends its next request at once."""

from __future__ import annotations

import multiprocessing
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

HOST = "127.0.0.1"
_SILENCE = 60.0
"""How long an answer may take at most, in seconds."""


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        status: its status.
        seconds: from sending the request to having read the answer.
    """

    status: int
    seconds: float


def request(path: str, headers: Mapping[str, str], body: bytes | None = None) -> bytes:
    """Return a request as it goes over the wire.

    :param path: path
    :param headers: headers beside those that every request has
    :param body: JSON to post, None for a GET
    """
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: {HOST}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Connection:
    """A connection that is kept, with at most one request under way."""

    def __init__(self, port: int, source: str = HOST) -> None:
        self._to, self._from = (HOST, port), (source, 0)
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(self._to, _SILENCE, self._from)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        self._data, self._start, self._received = data, time.perf_counter(), b""
        self.socket.sendall(data)

    def receive(self) -> Reply | None:
        """Read what is there, and return the reply if that was its end."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        self._received += part
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found or len(rest) < _content_length(head):
            return None
        reply = Reply(int(head[9:12]), time.perf_counter() - self._start)
        if b"\r\nconnection: close" in head.lower():
            self.socket.close()
            self._connect()
        return reply

    def exchange(self, data: bytes) -> Reply:
        """Send a request and wait for the answer."""
        self.send(data)
        while (reply := self.receive()) is None:
            pass
        return reply


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer of unknown length")


def load(port: int, requests: Sequence[bytes], connections: int) -> list[Reply]:
    """Make some requests, the next one over whichever connection is free.

    :param port: port of the server
    :param requests: the requests in their order
    :param connections: how many connections
    """
    return sequences(port, [], requests, connections)


def sequences(
    port: int,
    each: Sequence[Sequence[bytes]],
    shared: Sequence[bytes] = (),
    connections: int = 0,
) -> list[Reply]:
    """Make sequences of requests at once, each over a connection of its own.

    :param port: port of the server
    :param each: the sequences
    :param shared: requests of which each further connection takes the next
    :param connections: how many further connections
    """
    common = deque(shared)
    pending = [deque(sequence) for sequence in each] + [common] * min(connections, len(common))
    replies = []
    with selectors.DefaultSelector() as selector:
        opened = [Connection(port) for _ in pending]
        for connection, left in zip(opened, pending, strict=True):
            connection.send(left.popleft())
            selector.register(connection.socket, selectors.EVENT_READ, (connection, left))
        while selector.get_map():
            ready = selector.select(_SILENCE)
            if not ready:
                raise TimeoutError("no answer")
            for key, _ in ready:
                connection, left = key.data
                reply = connection.receive()
                if reply is None:
                    continue
                replies.append(reply)
                selector.unregister(key.fileobj)
                if left:
                    connection.send(left.popleft())
                    selector.register(connection.socket, selectors.EVENT_READ, key.data)
                else:
                    connection.socket.close()
    return replies


@contextmanager
def guessing(port: int, guesses: Sequence[bytes], seconds: float) -> Iterator[None]:
    """Guess at full speed while the block runs: each client from an address of its own.

    :param port: port of the server
    :param guesses: what each client sends again and again
    :param seconds: when they stop at the latest
    """
    process = multiprocessing.get_context("spawn").Process(
        target=_guess, args=(port, guesses, seconds), daemon=True
    )
    process.start()
    time.sleep(1.0)
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _guess(port: int, guesses: Sequence[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for number, guess in enumerate(guesses, start=2):
            # All of 127.0.0.0/8 is this machine.
            connection = Connection(port, f"127.0.0.{number}")
            connection.send(guess)
            selector.register(connection.socket, selectors.EVENT_READ, (connection, guess))
        while time.monotonic() < deadline:
            for key, _ in selector.select(1.0):
                connection, guess = key.data
                if connection.receive() is not None:
                    selector.unregister(key.fileobj)
                    connection.send(guess)
                    selector.register(connection.socket, selectors.EVENT_READ, key.data)
