"""A WebSocket for callbacks is opened by a login that counts, and lasts no longer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from dash_auth import OIDCAuth
from dash_auth._login import BASIC
from dash_auth.logins import Login, Request, User, Visitor
from dash_auth.sessions import ended as _ended_logins
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .apps import Direct, make_app
from .servers import Chosen
from .visitor import CALLBACK, OWN_LINK

LOGIN_REQUIRED = 4001


@pytest.fixture(params=["quart", "fastapi"])
def socket(
    request: pytest.FixtureRequest, direct: Callable[..., Direct]
) -> Iterator[Callable[..., Direct]]:
    """Give `socket(**options)`: an app whose callbacks run over WebSockets."""
    Chosen.kind = request.param
    yield lambda **options: direct(app=make_app(options={"websocket_callbacks": True}), **options)
    Chosen.kind = "flask"


def opened(here: Direct, headers: Mapping[str, str] | None = None) -> ClientConnection:
    address = here.client.address.removeprefix("http://")
    cookies = here.client.cookies
    return connect(
        f"ws://{address}/_dash-ws-callback",
        origin=f"http://{address}",  # type: ignore[arg-type]
        additional_headers=[*([("Cookie", cookies)] if cookies else []), *(headers or {}).items()],
        proxy=None,
        close_timeout=1,
    )


def call(connection: ClientConnection) -> Any:
    message = {"type": "callback_request", "rendererId": "r", "requestId": "1", "payload": CALLBACK}
    connection.send(json.dumps(message))
    return json.loads(connection.recv(10))["payload"]


def closes(connection: ClientConnection) -> bool:
    """Tell whether a socket that is idle is closed by the server."""
    with pytest.raises(ConnectionClosed) as closed:
        connection.recv(10)
    return closed.value.rcvd is not None and closed.value.rcvd.code == LOGIN_REQUIRED


def test_a_stranger_opens_none(socket: Callable[..., Direct]) -> None:
    here = socket()
    for cookie in (None, "forged"):
        if cookie:
            here.client.cookie = cookie
        with pytest.raises(InvalidStatus), opened(here):
            pass


def test_a_login_opens_one(socket: Callable[..., Direct]) -> None:
    here = socket()
    here.log_in()
    with opened(here) as connection:
        assert "secret x" in json.dumps(call(connection))


def test_a_ticket_that_was_changed_opens_none(socket: Callable[..., Direct]) -> None:
    here = socket()
    here.log_in()
    _, claims, seal = here.client.ticket.split(".")
    here.log_in(sub="bob")
    here.client.ticket = f"{here.client.ticket.split('.')[0]}.{claims}.{seal}"
    with pytest.raises(InvalidStatus), opened(here):
        pass


def test_a_socket_ends_with_its_login(
    socket: Callable[..., Direct], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = socket(session_lifetime=100)
    here.log_in()
    with opened(here) as idle, opened(here) as busy:
        call(busy)
        now = time.time()
        monkeypatch.setattr("time.time", lambda: now + 101)
        with pytest.raises(ConnectionClosed):
            call(busy)
        assert closes(idle)


def test_logging_out_closes_the_users_sockets(socket: Callable[..., Direct]) -> None:
    here = socket()
    here.log_in()
    with opened(here) as connection:
        here.client.get("/oidc/logout", {"Sec-Fetch-Site": "cross-site"})
        call(connection)
        here.client.get("/oidc/logout", OWN_LINK)
        with pytest.raises(ConnectionClosed):
            call(connection)


def test_what_is_remembered_of_ended_logins_ends_as_well(
    socket: Callable[..., Direct], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_ended_logins, "_ended", {})
    here = socket(session_lifetime=100)
    begin = time.time()
    for wait in (0, 50, 120):
        monkeypatch.setattr("time.time", lambda at=begin + wait: at)
        here.log_in()
        here.client.get("/oidc/logout", OWN_LINK)
        assert len(_ended_logins._ended) == (2 if wait else 1)
    here.client.get("/oidc/logout", OWN_LINK)
    assert len(_ended_logins._ended) == 2


def test_a_check_of_the_developers_own_is_asked_at_each_message(
    socket: Callable[..., Direct],
) -> None:
    class Switch(OIDCAuth):
        on = True

        def is_authorized(self) -> bool:
            return self.on and super().is_authorized()

    here = socket(kind=Switch)
    here.log_in()
    with opened(here) as connection:
        assert "secret x" in json.dumps(call(connection))
        Switch.on = False
        with pytest.raises(ConnectionClosed):
            call(connection)


def test_a_user_who_is_a_name_alone(socket: Callable[..., Direct]) -> None:
    class Own(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            self.session["user"] = "alice"
            return "in"

    here = socket(kind=Own)
    here.log_in()
    with opened(here) as connection:
        assert "secret x" in json.dumps(call(connection))


class Badge(Login):
    """A login that browsers go on sending, and that says itself until when it holds."""

    precedence = BASIC
    is_valid = True

    def claim(self, request: Request) -> str | None:
        return request.header("X-Badge")

    def verify(self, request: Request, claim: str) -> User:
        return User(claim)

    def holds(self, visitor: Visitor) -> bool:
        return self.is_valid


def test_a_socket_lasts_as_long_as_a_login_beside_the_pages_says(
    socket: Callable[..., Direct],
) -> None:
    badge = Badge()
    here = socket(also=[badge])
    with opened(here, {"X-Badge": "carol"}) as connection:
        assert call(connection)["status"] == "ok"
        badge.is_valid = False
        assert closes(connection)
