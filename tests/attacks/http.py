"""A raw HTTP client: what is sent is what the test says, nothing is normalised."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PRIVATE = "PRIVATE-MARKER"
PUBLIC = "PUBLIC-MARKER"
CALLBACK_URL = "/_dash-update-component"

Headers = Mapping[str, str] | Sequence[tuple[str, str]]


class AttackSucceeded(AssertionError):
    """The attacker got, or ran, what only a logged-in user may."""


class ServerError(AssertionError):
    """The server answered 5xx, or showed a traceback, to something a client sent."""


class HonestRefused(AssertionError):
    """The request of an honest client did not get its answer."""


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body parsed as JSON."""
        return json.loads(self.body)

    def cookie(self) -> str | None:
        """Return the cookies that this answer sets, in the form of a request header."""
        cookies = self.headers.get_all("Set-Cookie") or []
        return "; ".join(c.split(";", 1)[0] for c in cookies) or None


def basic(user: str, password: str, encoding: str = "utf-8") -> str:
    """Return the value of an Authorization header with the scheme Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode(encoding)).decode()


ALICE = ("alice", "wonder-land")
BOB = ("bob", "builder-yes")
USERS = dict([ALICE, BOB])


@dataclass
class Site:
    """A running server and the way to it."""

    port: int
    loop: asyncio.AbstractEventLoop | None = None
    """The event loop that it runs in, if it has one."""

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        auth: tuple[str, str] | str | None = None,
        cookie: str | None = None,
        source: str = "127.0.0.1",
        chunked: bool = False,
        declared_length: str | None = None,
        timeout: float = 20.0,
    ) -> Reply:
        """Send one request exactly as described.

        :param method: the method, as it stands on the request line
        :param target: path and query, sent as it is
        :param headers: further headers, repeated ones too
        :param body: the bytes of the body
        :param auth: user and password, or the whole value of the Authorization header
        :param cookie: the value of the Cookie header
        :param source: the client's own address
        :param chunked: send the body in chunks, with no Content-Length
        :param declared_length: a Content-Length to claim instead of the true one
        :param timeout: seconds to wait for the answer
        :return: the answer
        """
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        if auth is not None:
            pairs.append(("Authorization", auth if isinstance(auth, str) else basic(*auth)))
            # By this a client shows that it keeps cookies: a ticket is issued to no others.
            cookie = "kept=yes" if cookie is None else cookie
        if cookie is not None:
            pairs.append(("Cookie", cookie))
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=timeout, source_address=(source, 0)
        )
        try:
            names = {name.lower() for name, _ in pairs}
            connection.putrequest(
                method, target, skip_host="host" in names, skip_accept_encoding=True
            )
            for name, value in pairs:
                connection.putheader(name, value.encode("latin-1"))
            if chunked:
                connection.putheader("Transfer-Encoding", "chunked")
            elif declared_length is not None:
                connection.putheader("Content-Length", declared_length)
            elif body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            # A server that refuses early may hang up while the body is still on its way.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if chunked and body is not None:
                    for start in range(0, len(body), 65_536):
                        piece = body[start : start + 65_536]
                        connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                    connection.send(b"0\r\n\r\n")
                elif body:
                    connection.send(body)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        except TimeoutError as error:
            raise AttackSucceeded("the server waited for what the client never sent") from error
        finally:
            connection.close()

    def get(self, target: str, **options: Any) -> Reply:
        """Send a GET request."""
        return self.request("GET", target, **options)

    def call(self, body: Any, *, url: str = CALLBACK_URL, query: str = "", **options: Any) -> Reply:
        """Post a callback body as the renderer does: JSON, or the bytes as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = options.pop("headers", ())
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        if not any(name.lower() == "content-type" for name, _ in pairs):
            pairs.append(("Content-Type", "application/json"))
        target = f"{url}?{query}" if query else url
        return self.request("POST", target, headers=pairs, body=raw, **options)


def honest(reply: Reply, marker: str | None = PUBLIC, status: int = 200) -> Reply:
    """Demand that an honest request got its answer.

    :param reply: the answer
    :param marker: what the body must contain, None if any body will do
    :param status: the status that it must have
    :return: the same answer
    """
    if reply.status != status or (marker is not None and marker not in reply.text):
        raise HonestRefused(f"{reply.status} (wanted {status}), {marker!r}: {reply.text[:300]!r}")
    return reply


def no_server_error(reply: Reply, ran: Sequence[str] = ()) -> Reply:
    """Demand no 5xx and no traceback, and that nothing private came back or ran.

    :param reply: the answer
    :param ran: the log of what ran of the private parts, which must be empty
    :return: the same answer
    """
    if PRIVATE in reply.text or any(PRIVATE in value for value in reply.headers.values()):
        raise AttackSucceeded(f"{reply.status} with {PRIVATE!r}: {reply.text[:300]!r}")
    if ran:
        raise AttackSucceeded(f"{reply.status}, but this ran: {list(ran)}")
    if reply.status >= 500 or "Traceback (most recent call last)" in reply.text:
        raise ServerError(f"{reply.status}: {reply.text[:300]!r}")
    return reply


def held(
    reply: Reply,
    *markers: str,
    status: int | tuple[int, ...] = 401,
    ran: Sequence[str] = (),
) -> Reply:
    """Demand that an attack did not work: nothing private came back, nothing private ran.

    :param reply: the answer
    :param markers: further texts that must not come back, beside the private marker
    :param status: the status, or statuses, that a refusal may have
    :param ran: the log of what ran of the private parts, which must be empty
    :return: the same answer
    """
    for marker in markers:
        if marker in reply.text or any(marker in value for value in reply.headers.values()):
            raise AttackSucceeded(f"{reply.status} with {marker!r}: {reply.text[:300]!r}")
    no_server_error(reply, ran)
    wanted = (status,) if isinstance(status, int) else status
    if reply.status not in wanted:
        raise AttackSucceeded(f"{reply.status} (wanted {wanted}): {reply.text[:300]!r}")
    return reply


REFUSED = (400, 401, 403, 404, 405, 411, 413, 415)
