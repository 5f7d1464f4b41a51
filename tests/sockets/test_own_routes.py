"""WebSockets of the developer's own, and several apps on one server."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import dash_auth
import pytest
from attacks.apps import guard
from attacks.http import ALICE, PRIVATE, USERS
from dash import Dash, Input, Output, html
from dash_auth._current import current_session
from waiting import wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus

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
from .servers import LOGIN_REQUIRED, Address


def add_echo(app: Any, backend: str, path: str) -> None:
    """Add a WebSocket of the developer's that says who is there, and what comes in."""
    if backend == "quart":
        import quart

        @app.server.websocket(path, endpoint=path)
        async def echo(room: str = "") -> None:
            while True:
                text = await quart.websocket.receive()
                ran.append(text)
                await quart.websocket.send(f"{dash_auth.current_user()} {text}")

        return
    from starlette.websockets import WebSocket, WebSocketDisconnect

    async def echo_on_fastapi(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            while True:
                text = await websocket.receive_text()
                ran.append(text)
                await websocket.send_text(f"{dash_auth.current_user()} {text}")
        except WebSocketDisconnect:
            return

    echo_on_fastapi.__annotations__["websocket"] = WebSocket
    app.server.add_api_websocket_route(path, echo_on_fastapi)


def add_session_echo(app: Any, backend: str, path: str) -> None:
    """Add a WebSocket of the developer's that says whom the session names."""
    if backend == "quart":
        import quart

        @app.server.websocket(path, endpoint=path)
        async def echo() -> None:
            await quart.websocket.receive()
            await quart.websocket.send(quart.session.get("user", {}).get("email", "nobody"))

        return
    from starlette.websockets import WebSocket

    async def echo_on_fastapi(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()
        await websocket.send_text(websocket.session.get("user", {}).get("email", "nobody"))

    echo_on_fastapi.__annotations__["websocket"] = WebSocket
    app.server.add_api_websocket_route(path, echo_on_fastapi)


def said(site: Address, path: str, **options: Any) -> str:
    with site.open(path, **options) as socket:
        socket.send("hello")
        return str(socket.connection.recv(10))


def assert_closed(site: Address, path: str, **options: Any) -> None:
    with pytest.raises(InvalidStatus) as refusal, site.open(path, **options):
        pass
    assert refusal.value.response.status_code in (403, 404)
    assert ran == []


@pytest.mark.parametrize("routes", [None, [], ["/"], ["/live/other"]])
def test_it_is_private(serve: Any, backend: str, routes: Any) -> None:
    app = simple_app(backend, public_routes=routes)
    add_echo(app, backend, "/live")
    site = serve(app)
    assert_closed(site, "/live")
    assert_closed(site, "/live", auth=("alice", "wrong"))
    assert_closed(site, "/live", cookie="session=x")
    assert_closed(site, "/nowhere")
    assert said(site, "/live", auth=ALICE) == "alice hello"
    assert said(site, "/live", cookie=site.session_of(ALICE, "/private")) == "alice hello"


@pytest.mark.parametrize("route", ["/live", "/<name>"])
def test_a_rule_opens_it(serve: Any, backend: str, route: str) -> None:
    app = simple_app(backend, public_routes=[route])
    add_echo(app, backend, "/live")
    add_echo(app, backend, "/live/inside")
    site = serve(app)
    assert said(site, "/live") == "None hello"
    assert said(site, "/live", auth=ALICE) == "alice hello"
    assert said(site, "/live", auth=("alice", "wrong")) == "None hello"
    ran.clear()
    assert_closed(site, "/live/inside")


@pytest.mark.parametrize("dots", ["..", ".", "%2e%2e", "..%2fa", "a/..", "..%5ca"])
def test_a_path_with_dot_segments_is_closed(serve: Any, backend: str, dots: str) -> None:
    app = simple_app(backend, public_routes=["/live/<path:room>"])
    add_echo(app, backend, "/live/<path:room>" if backend == "quart" else "/live/{room:path}")
    site = serve(app)
    assert said(site, "/live/a/b") == "None hello"
    ran.clear()
    assert_closed(site, f"/live/{dots}/x")


def test_a_rule_for_one_opens_no_page(serve: Any, backend: str) -> None:
    app = simple_app(backend, public_routes=["/live/<room>"])
    add_echo(app, backend, "/live/<room>" if backend == "quart" else "/live/{room}")
    site = serve(app)
    assert said(site, "/live/a") == "None hello"
    assert not dash_auth.explain(app).layout_is_public


def test_no_rule_opens_the_one_for_callbacks(serve: Any, backend: str) -> None:
    site = serve(
        simple_app(backend, with_public=False, public_routes=["/<path:p>", "/_dash-ws-callback"])
    )
    assert_closed(site, "/_dash-ws-callback")


def test_a_public_one_of_fastapi_may_ask_for_a_login(serve: Any, no_traceback: None) -> None:
    from fastapi import Depends
    from starlette.websockets import WebSocket

    app = simple_app("fastapi", public_routes=["/before", "/later"])

    async def before(websocket: WebSocket, user: Any) -> None:
        await websocket.accept()
        await websocket.send_text(str(user))

    async def later(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(str(dash_auth.require_user()))

    before.__annotations__["websocket"] = later.__annotations__["websocket"] = WebSocket
    before.__defaults__ = (Depends(dash_auth.require_user),)
    app.server.add_api_websocket_route("/before", before)
    app.server.add_api_websocket_route("/later", later)
    site = serve(app)
    for login in ({"auth": ALICE}, {"cookie": site.session_of(ALICE)}):
        for path in ("/before", "/later"):
            with site.open(path, **login) as socket:
                assert socket.connection.recv(10) == "alice"
    for stranger in ({}, {"auth": ("alice", "wrong")}):
        assert_closed(site, "/before", **stranger)
        with site.open("/later", **stranger) as socket:
            assert socket.closing_code() == LOGIN_REQUIRED


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://[", "https://127.0.0.1"])
def test_a_page_of_another_site_opens_none_in_its_visitors_name(
    serve: Any, backend: str, origin: str, no_traceback: None, caplog: pytest.LogCaptureFixture
) -> None:
    app = simple_app(backend, public_routes=["/open"], trusted_origins=["http://friend.example"])
    for path in ("/live", "/open"):
        add_echo(app, backend, path)
    site = serve(app)
    cookie = site.session_of(ALICE)
    caplog.set_level("DEBUG", "dash_auth")
    for login in ({"auth": ALICE}, {"cookie": cookie}):
        caplog.clear()
        assert_closed(site, "/live", origin=origin, **login)
        (line,) = [one for one in caplog.messages if one.startswith("Refused: 'GET /live'")]
        assert repr(origin) in line
        # The same host by another scheme is another origin.
        assert_closed(site, "/live", origin=f"https://127.0.0.1:{site.port}", **login)
        assert said(site, "/open", origin=origin, **login) == "None hello"
        for trusted in (None, "", "http://friend.example"):
            assert said(site, "/live", origin=trusted, **login) == "alice hello"
        ran.clear()


def test_it_ends_with_the_login(serve: Any, backend: str) -> None:
    users = dict(USERS)
    app = simple_app(backend, users=users)
    add_echo(app, backend, "/live")
    with serve(app).open("/live", auth=ALICE) as socket:
        socket.send("hello")
        assert socket.connection.recv(10) == "alice hello"
        del users["alice"]
        assert socket.closing_code(5) == LOGIN_REQUIRED


def add_collector(app: Any, backend: str, path: str) -> list[str]:
    """Add a WebSocket that waits for a moment at a time, as one does that has more to do."""
    collected: list[str] = []
    moment = 0.0005
    if backend == "quart":
        import quart

        @app.server.websocket(path, endpoint=path)
        async def collect() -> None:
            while True:
                try:
                    collected.append(await asyncio.wait_for(quart.websocket.receive(), moment))
                except asyncio.TimeoutError:
                    continue

        return collected
    from starlette.websockets import WebSocket, WebSocketDisconnect

    async def collect_on_fastapi(websocket: WebSocket) -> None:
        await websocket.accept()
        while True:
            try:
                collected.append(await asyncio.wait_for(websocket.receive_text(), moment))
            except asyncio.TimeoutError:
                continue
            except WebSocketDisconnect:
                return

    collect_on_fastapi.__annotations__["websocket"] = WebSocket
    app.server.add_api_websocket_route(path, collect_on_fastapi)
    return collected


def test_who_stops_waiting_as_a_message_arrives_is_given_it_next(serve: Any, backend: str) -> None:
    app = simple_app(backend)
    collected = add_collector(app, backend, "/live")
    sent = [str(number) for number in range(600)]
    with serve(app).open("/live", auth=ALICE) as socket:
        for number, text in enumerate(sent):
            socket.send(text)
            if number % 3 == 0:
                time.sleep(0.0007)
        wait_for(lambda: len(collected) >= len(sent))
    assert collected == sent


def two_apps() -> tuple[Any, dict[str, str], dict[str, str]]:
    """Return a FastAPI server with two apps, each with users of its own."""
    from fastapi import FastAPI

    server = FastAPI()
    one, two = {"alice": "one"}, {"alice": "two"}
    for name, users in (("one", one), ("two", two)):
        app = Dash(name, server=server, url_base_pathname=f"/{name}/", websocket_callbacks=True)
        app.layout = html.Div(id="empty")
        app.callback(Output("priv", "children"), Input("priv-in", "value"))(
            lambda value, name=name: f"{PRIVATE} {name} {dash_auth.current_user()}"
        )
        if name == "one":
            dash_auth.public_callback(Output("pub", "children"), Input("pub-in", "value"))(
                lambda value: "open"
            )
            app._setup_server()
        guard(app, users, secret_key=SECRET_KEY)
    return server, one, two


def test_each_app_is_judged_by_its_own_guard(serve: Any) -> None:
    server, _, _ = two_apps()
    site = serve(server)
    url = "/{}/_dash-ws-callback".format
    for name, other in (("one", "two"), ("two", "one")):
        login, cookie = ("alice", name), site.session_of(("alice", name), f"/{name}/")
        for options in ({"auth": login}, {"cookie": cookie}):
            with site.open(url(name), **options) as socket:
                text = shown(socket.call(PRIVATE_BODY), "priv")
                assert text == f"{PRIVATE} {name} alice"
        foreign: list[dict[str, Any]] = [{"auth": ("alice", other)}, {}]
        foreign.append({"cookie": site.session_of(("alice", other), f"/{other}/")})
        for options in foreign:
            if name == "two":
                with pytest.raises(InvalidStatus), site.open(url(name), **options):
                    pass
                continue
            with site.open(url(name), **options) as socket:
                assert refused(socket.call(PRIVATE_BODY))
                assert shown(socket.call(PUBLIC_BODY), "pub") == "open"


def test_below_no_prefix_every_guard_has_to_agree_and_goes_on_agreeing(serve: Any) -> None:
    server, one, two = two_apps()
    two["alice"] = "one"
    app = type("Server", (), {"server": server})
    add_echo(app, "fastapi", "/live")
    site = serve(server)
    with site.open("/live", auth=("alice", "one")) as socket:
        socket.send("hello")
        assert socket.connection.recv(10) == "alice hello"
        del one["alice"]
        assert socket.closing_code(5) == LOGIN_REQUIRED
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        said(site, "/live", auth=("alice", "one"))


def test_a_public_callback_of_one_app_opens_nothing_of_another(serve: Any) -> None:
    server, _, _ = two_apps()
    site = serve(server)
    with site.open("/two/_dash-ws-callback", auth=("alice", "two")) as socket:
        answer = socket.call(PUBLIC_BODY)
        assert answer == {"status": "error", "message": "No such callback"}


@pytest.mark.parametrize("other", [None, ("bob", USERS["bob"])], ids=["stranger", "other user"])
def test_a_session_that_names_nobody_any_more_is_not_shown_to_the_app(
    serve: Any, backend: str, other: Any
) -> None:
    users = dict(USERS)
    app = websocket_app(backend)

    @dash_auth.public_callback(Output("pub", "children"), Input("pub-in", "value"))
    def held(_: Any) -> str:
        return str((current_session().get("user") or {}).get("email"))

    guard(app, users, secret_key=SECRET_KEY)
    site = serve(app)
    cookie = site.session_of(ALICE)
    with site.open(cookie=cookie) as socket:
        assert shown(socket.call(PUBLIC_BODY), "pub") == "alice"
    users["alice"] = "another password since"
    with site.open(cookie=cookie, auth=other) as socket:
        # The credentials that come along say who it is by now, if any do.
        assert shown(socket.call(PUBLIC_BODY), "pub") == str(other and other[0])


@pytest.mark.parametrize("with_credentials", [False, True])
def test_a_page_of_another_origin_is_shown_nobody_on_a_public_one(
    serve: Any, backend: str, with_credentials: bool
) -> None:
    """The browser sends its cookie along, and lets that page read what comes back."""
    app = simple_app(backend, public_routes=["/live"])
    add_session_echo(app, backend, "/live")
    site = serve(app)
    held: dict[str, Any] = {"cookie": site.session_of(ALICE, "/private")}
    if with_credentials:
        held["auth"] = ALICE
    assert said(site, "/live", **held) == "alice"
    assert said(site, "/live", origin="http://evil.test", **held) == "nobody"


def test_on_quart_earlier_hooks_run_before_the_login_and_what_they_leave_counts(serve: Any) -> None:
    import quart

    app = websocket_app("quart")

    @app.server.before_websocket
    async def earlier() -> None:
        ran.append("earlier")
        if quart.websocket.args:
            quart.websocket.headers.pop("Authorization")

    guard(app, secret_key=SECRET_KEY)

    @app.server.before_websocket
    async def later() -> None:
        ran.append("later")

    add_echo(app, "quart", "/live")
    site = serve(app)
    for path, auth in (("/live", None), ("/live?dropped=1", ALICE)):
        with pytest.raises(InvalidStatus), site.open(path, auth=auth):
            pass
        assert ran == ["earlier"], path
        ran.clear()
    assert said(site, "/live", auth=ALICE) == "alice hello"
    assert ran == ["earlier", "later", "hello"]
