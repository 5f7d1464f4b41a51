"""What needs a login that is not long ago, in callbacks over WebSockets and in sockets of one's own."""

from __future__ import annotations

from typing import Any

import dash
import dash_auth
import pytest
from attacks.apps import body, item
from attacks.http import ALICE, BOB, PRIVATE, USERS
from clock import Clock
from dash import Input, Output
from forms import Browser

from .apps import SECRET_KEY, maybe_async, ran, shown, websocket_app
from .servers import LOGIN_REQUIRED

RECENT = 600
PAY = body("paid.children", [item("pay", "n_clicks", 1)])
AGAIN = {"status": "error", "message": "Log in again to do this"}

pytestmark = pytest.mark.usefixtures("no_traceback")


def paying_app(backend: str, is_async: bool, **options: Any) -> Any:
    app = websocket_app(backend, **options)

    def paid(_: int) -> str:
        user = dash_auth.require_recent_login(RECENT)
        ran.append(f"paid by {user}")
        return f"{PRIVATE} paid by {user}"

    dash.callback(Output("paid", "children"), Input("pay", "n_clicks"))(maybe_async(paid, is_async))
    dash_auth.FormAuth(app, dict(USERS), secret_key=SECRET_KEY)
    return app


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_old_handshake_is_asked_to_log_in_again(
    serve: Any, backend: str, is_async: bool, clock: Clock
) -> None:
    failed: list[Exception] = []
    browser = Browser(serve(paying_app(backend, is_async, on_error=failed.append)))
    browser.log_in()
    with browser.site.open(cookie=browser.cookie("/")) as socket:
        assert shown(socket.call(PAY), "paid").endswith("paid by alice")
        clock.advance(RECENT + 1)
        ran.clear()
        assert socket.call(PAY) == {"status": "prevent_update"}
        assert socket.answer("") == AGAIN
        assert socket.is_alive()
        with browser.site.open(cookie=browser.cookie("/")) as another:
            assert another.call(PAY) == {"status": "prevent_update"}
        assert ran == failed == []
        old = browser.cookie("/")
        browser.log_in()
        # The handshake's login has made way for the new one.
        assert socket.closing_code() == LOGIN_REQUIRED
    with browser.site.open(cookie=browser.cookie("/")) as socket:
        assert shown(socket.call(PAY), "paid").endswith("paid by alice")
        ran.clear()
        with pytest.raises(Exception, match="403"), browser.site.open(cookie=old):
            raise AssertionError("the old ticket opens a WebSocket")
    assert ran == []


def test_a_recent_login_of_another_user_lends_nothing_to_an_open_socket(
    serve: Any, backend: str, clock: Clock
) -> None:
    site = serve(paying_app(backend, False))
    alice, bob = Browser(site), Browser(site)
    alice.log_in()
    clock.advance(RECENT + 1)
    bob.log_in(*BOB)
    with (
        site.open(cookie=alice.cookie("/")) as old,
        site.open(cookie=bob.cookie("/")) as new,
    ):
        assert shown(new.call(PAY), "paid").endswith("paid by bob")
        assert old.call(PAY) == {"status": "prevent_update"}
    assert ran == ["paid by bob"]


def test_a_socket_of_ones_own_is_closed(serve: Any, backend: str, clock: Clock) -> None:
    app = paying_app(backend, False)
    if backend == "fastapi":
        from starlette.websockets import WebSocket

        async def live(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(str(dash_auth.require_recent_login(RECENT)))

        live.__annotations__["websocket"] = WebSocket
        app.server.add_api_websocket_route("/live", live)
    else:
        import quart

        async def live() -> None:  # type: ignore[misc]
            await quart.websocket.accept()
            await quart.websocket.send(str(dash_auth.require_recent_login(RECENT)))

        app.server.add_websocket("/live", view_func=live)
    browser = Browser(serve(app))
    browser.log_in(*ALICE)
    with browser.site.open("/live", cookie=browser.cookie("/")) as socket:
        assert socket.connection.recv(10) == "alice"
    clock.advance(RECENT + 1)
    with browser.site.open("/live", cookie=browser.cookie("/")) as socket:
        assert socket.closing_code() == LOGIN_REQUIRED
