"""Who is asking, inside of callbacks over WebSockets."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dash
import dash_auth
import pytest
from attacks import apps, routes
from attacks.apps import body, guard, item
from attacks.http import ALICE, BOB, PUBLIC
from dash import Input, Output
from dash_auth.logins import Answer
from websockets.exceptions import InvalidStatus

from .apps import SECRET_KEY, STREAM_BODY, WHO_BODY, add_stream, maybe_async, shown, websocket_app

asynchronous = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
GROUPS = {"alice": ["admin"], "bob": ["staff"]}


def who_app(backend: str, who: Callable[..., Any], is_async: bool = False, **options: Any) -> Any:
    """Return an app whose public callback `who` says something of its user."""
    app = websocket_app(backend)
    dash_auth.public_callback(Output("who", "children"), Input("who-in", "value"))(
        maybe_async(who, is_async)
    )
    guard(app, secret_key=SECRET_KEY, **{"user_groups": GROUPS, **options})
    return app


@asynchronous
def test_user_and_groups_are_known(serve: Any, backend: str, is_async: bool) -> None:
    def who(_: Any) -> str:
        user = dash_auth.current_user()
        admin = dash_auth.check_groups(["admin"])
        return f"{user} {user.groups if user else None} {admin} {dash_auth.list_groups()}"

    site = serve(who_app(backend, who, is_async))
    with (
        site.open(auth=ALICE) as alice,
        site.open(cookie=site.session_of(BOB)) as bob,
        site.open() as nobody,
    ):
        for _ in range(2):
            assert shown(alice.call(WHO_BODY), "who") == "alice ('admin',) True ['admin']"
            assert shown(bob.call(WHO_BODY), "who") == "bob ('staff',) False ['staff']"
            assert shown(nobody.call(WHO_BODY), "who") == "None None None None"


@asynchronous
def test_protected_and_protected_callback(serve: Any, backend: str, is_async: bool) -> None:
    def secret(_: Any) -> str:
        return "for admins"

    app = websocket_app(backend)
    shield = dash_auth.protected("log in", missing_permissions_output="no admin", groups=["admin"])
    dash_auth.public_callback(Output("who", "children"), Input("who-in", "value"))(
        shield(maybe_async(secret, is_async))
    )
    dash_auth.protected_callback(
        Output("priv", "children"),
        Input("priv-in", "value"),
        groups=["admin"],
        unauthenticated_output="log in",
        missing_permissions_output="no admin",
    )(maybe_async(secret, is_async))
    dash_auth.protected_callback(
        Output("quiet", "children"), Input("quiet-in", "value"), groups=["admin"]
    )(maybe_async(secret, is_async))
    guard(app, secret_key=SECRET_KEY, user_groups=GROUPS)
    site = serve(app)
    private = body("priv.children", [item("priv-in", "value", 1)])
    quiet = body("quiet.children", [item("quiet-in", "value", 1)])
    with site.open(auth=ALICE) as alice, site.open(auth=BOB) as bob, site.open() as nobody:
        assert shown(nobody.call(WHO_BODY), "who") == "log in"
        assert nobody.call(private)["message"] == "Login required"
        for socket, text in ((alice, "for admins"), (bob, "no admin")):
            assert shown(socket.call(WHO_BODY), "who") == text
            assert shown(socket.call(private), "priv") == text
        assert shown(alice.call(quiet), "quiet") == "for admins"
        assert bob.call(quiet) == {"status": "prevent_update"}


@asynchronous
@pytest.mark.parametrize("kind", ["dict", "function", "async function"])
def test_groups_are_asked_anew_at_each_message(
    serve: Any, backend: str, is_async: bool, kind: str
) -> None:
    groups = {"alice": ["admin"]}

    def function(name: str) -> list[str]:
        return groups[name]

    async def async_function(name: str) -> list[str]:
        await asyncio.sleep(0.01)
        return groups[name]

    given = {"dict": groups, "function": function, "async function": async_function}[kind]
    app = who_app(backend, lambda _: str(dash_auth.list_groups()), is_async, user_groups=given)
    site = serve(app)
    for login in ({"auth": ALICE}, {"cookie": site.session_of(ALICE)}):
        groups["alice"] = ["admin"]
        with site.open(**login) as socket:
            assert shown(socket.call(WHO_BODY), "who") == "['admin']"
            groups["alice"] = ["none", "other"]
            assert shown(socket.call(WHO_BODY), "who") == "['none', 'other']"


def test_groups_that_fail_are_none(serve: Any, backend: str) -> None:
    def groups(name: str) -> list[str]:
        raise RuntimeError(name)

    app = who_app(backend, lambda _: str(dash_auth.list_groups()), user_groups=groups)
    with serve(app).open(auth=ALICE) as socket:
        assert shown(socket.call(WHO_BODY), "who") == "[]"


@asynchronous
def test_sockets_at_once_never_see_each_others_user(
    serve: Any, backend: str, is_async: bool
) -> None:
    def who(number: Any) -> str:
        before = str(dash_auth.current_user())
        time.sleep(0.002)
        return f"{number} {before} {dash_auth.current_user()} {dash_auth.list_groups()}"

    async def who_on_loop(number: Any) -> str:
        before = str(dash_auth.current_user())
        await asyncio.sleep(0.002)
        return f"{number} {before} {dash_auth.current_user()} {dash_auth.list_groups()}"

    def slow_groups(name: str) -> list[str]:
        time.sleep(0.001)
        return GROUPS[name]

    app = websocket_app(backend)
    dash_auth.public_callback(Output("who", "children"), Input("who-in", "value"))(
        who_on_loop if is_async else who
    )
    guard(app, secret_key=SECRET_KEY, user_groups=slow_groups)
    site = serve(app)

    def ask(login: dict[str, Any], name: str, groups: Any) -> None:
        with site.open(**login) as socket:
            numbers = {}
            for number in range(30):
                asked = body("who.children", [item("who-in", "value", number)])
                numbers[socket.request(asked)] = number
            for _ in numbers:
                message = socket.next()
                number = numbers[message["requestId"]]
                text = shown(message["payload"], "who")
                assert text == f"{number} {name} {name} {groups}"

    logins: list[tuple[dict[str, Any], str, Any]] = [
        ({"auth": ALICE}, "alice", ["admin"]),
        ({"auth": BOB}, "bob", ["staff"]),
        ({}, "None", None),
    ] * 3
    with ThreadPoolExecutor(len(logins)) as clients:
        for done in [clients.submit(ask, *login) for login in logins]:
            done.result()


def test_callbacks_of_one_socket_at_once_all_know_its_user(serve: Any, backend: str) -> None:
    together = threading.Barrier(4)

    def who(_: Any) -> str:
        together.wait(10)
        return str(dash_auth.current_user())

    with serve(who_app(backend, who)).open(auth=ALICE) as socket:
        for _ in range(20):
            numbers = [socket.request(WHO_BODY) for _ in range(4)]
            found = {shown(socket.next()["payload"], "who") for _ in numbers}
            assert found == {"alice"}


@asynchronous
def test_a_stream_knows_its_user_to_the_end(serve: Any, backend: str, is_async: bool) -> None:
    app = websocket_app(backend)
    add_stream(dash_auth.public_callback, is_async=is_async)
    guard(app, secret_key=SECRET_KEY)
    site = serve(app)
    with site.open(auth=ALICE) as alice, site.open() as nobody:
        for socket in (alice, nobody):
            socket.request(STREAM_BODY)
        for socket, name in ((alice, "alice"), (nobody, "None")):
            for number in range(3):
                message = socket.next()
                assert message["type"] == "set_props"
                assert message["payload"]["props"] == {"children": f"{number} {name}"}
            assert shown(socket.next()["payload"], "stream") == f"{PUBLIC} done"


@pytest.mark.parametrize("payload", [{"value": "told"}, None, {}, {"other": 1}])
@asynchronous
def test_get_prop_is_answered_by_the_client(
    serve: Any, backend: str, is_async: bool, payload: Any, no_traceback: None
) -> None:
    async def ask(_: Any) -> str:
        return f"told: {await dash.ctx.websocket.get_prop('field', 'value', timeout=5)}"

    def ask_in_thread(_: Any) -> str:
        return asyncio.run(ask(_))

    app = websocket_app(backend)
    dash_auth.public_callback(Output("who", "children"), Input("who-in", "value"))(
        ask if is_async else ask_in_thread
    )
    guard(app, secret_key=SECRET_KEY)
    with serve(app).open() as socket, serve(app).open() as other:
        number = socket.request(WHO_BODY)
        question = socket.next()
        assert question["type"] == "get_props_request"
        response = {"type": "get_props_response", "requestId": question["requestId"]}
        # Neither another's answer counts, nor one that Dash would stumble over.
        other.send({**response, "payload": {"value": "a lie"}})
        assert other.is_alive()
        for junk in ("value", ["value"], 5, True):
            socket.send({**response, "payload": junk})
        socket.send({**response, "payload": payload})
        wanted = payload.get("value") if payload else None
        assert shown(socket.answer(number), "who") == f"told: {wanted}"


class Own(dash_auth.basic_auth.Auth):
    """A way to log in of the developer's, by what a proxy says."""

    def is_authorized(self) -> bool:
        from dash_auth._current import current_facts

        scope = current_facts().scope
        return (b"x-user", b"alice") in scope["headers"] and not self.banned

    def login_request(self) -> Any:
        return Answer(401, "Who are you?")

    banned = False


class OwnBySession(Own):
    def is_authorized(self) -> bool:
        import quart

        return quart.websocket.headers.get("X-User") == "alice" and not self.banned


@pytest.mark.parametrize("kind", [Own, OwnBySession])
def test_a_check_of_the_developers_own_is_asked_at_each_message(
    serve: Any, backend: str, kind: Any
) -> None:
    if kind is OwnBySession and backend != "quart":
        pytest.skip("Quart's way to the handshake")
    app = websocket_app(backend)
    dash.callback(Output("who", "children"), Input("who-in", "value"))(lambda _: "in")
    auth = kind(app)
    site = serve(app)
    with site.open(headers=[("X-User", "alice")]) as socket:
        assert shown(socket.call(WHO_BODY), "who") == "in"
        assert shown(socket.call(WHO_BODY), "who") == "in"
        auth.banned = True
        socket.request(WHO_BODY)
        assert socket.closing_code() == 4001


def test_an_error_in_a_check_of_the_developers_own_refuses(serve: Any, backend: str) -> None:
    class Failing(Own):
        broken = False

        def is_authorized(self) -> bool:
            if self.broken:
                raise ConnectionError("no directory")
            return super().is_authorized()

    app = websocket_app(backend)
    dash.callback(Output("who", "children"), Input("who-in", "value"))(lambda _: "in")
    auth = Failing(app)
    site = serve(app)
    alice = [("X-User", "alice")]
    with site.open(headers=alice) as socket:
        assert shown(socket.call(WHO_BODY), "who") == "in"
        auth.broken = True
        assert socket.call(WHO_BODY) == {"status": "error", "message": "Refused"}
        with pytest.raises(InvalidStatus), site.open(headers=alice):
            pass
        auth.broken = False
        assert shown(socket.call(WHO_BODY), "who") == "in"


@asynchronous
def test_the_session_shows_the_user_of_the_socket(serve: Any, backend: str, is_async: bool) -> None:
    def who(_: Any) -> str:
        from dash_auth._current import current_session

        held = current_session()
        return f"{(held.get('user') or {}).get('email')} {held.get('idp')}"

    site = serve(who_app(backend, who, is_async))
    planted = forge({"user": {"email": "mallory"}, "idp": "elsewhere"}, backend)
    with (
        site.open(auth=ALICE) as alice,
        site.open(cookie=site.session_of(BOB)) as bob,
        site.open(cookie=planted) as nobody,
    ):
        for socket, name in ((alice, "alice"), (bob, "bob"), (nobody, "None")):
            assert shown(socket.call(WHO_BODY), "who") == f"{name} None"


def forge(content: dict[str, Any], backend: str) -> str:
    attacked, apps.backend = apps.backend, backend
    try:
        return routes.forge(content, SECRET_KEY)
    finally:
        apps.backend = attacked


def test_a_session_opens_no_socket_of_another_tenant(serve: Any, backend: str) -> None:
    def tenant(password: str) -> Any:
        def check(name: str, given: str) -> bool:
            return given == password

        app = websocket_app(backend)

        @app.callback(Output("who", "children"), Input("who-in", "value"))
        def who(_: Any) -> str:
            return str(dash_auth.current_user())

        guard(app, auth_func=check, secret_key=SECRET_KEY)
        return app

    red, again, blue = serve(tenant("red")), serve(tenant("red")), serve(tenant("blue"))
    cookie = red.session_of(("alice", "red"))
    for site in (red, again):
        with site.open(cookie=cookie) as socket:
            assert shown(socket.call(WHO_BODY), "who") == "alice"
    with pytest.raises(InvalidStatus), blue.open(cookie=cookie):
        pass
