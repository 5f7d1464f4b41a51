"""Who may open a WebSocket, and as whom."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest
from attacks import apps, routes
from attacks.http import ALICE, BOB, PRIVATE, PUBLIC, basic
from attacks.stores import keep_sessions
from dash import Input, Output
from websockets.exceptions import InvalidStatus

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
from .servers import Address

asynchronous = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
per_callback = pytest.mark.parametrize("per_callback", [False, True], ids=["all", "each"])


def assert_refused(site: Address, **options: Any) -> None:
    """Fail unless the server refuses the handshake."""
    with pytest.raises(InvalidStatus) as refusal, site.open(**options):
        pass
    assert refusal.value.response.status_code == 403


@asynchronous
@per_callback
@pytest.mark.parametrize("way", ["header", "session"])
def test_a_user_runs_every_callback(
    serve: Any, backend: str, is_async: bool, per_callback: bool, way: str
) -> None:
    site = serve(simple_app(backend, is_async=is_async, per_callback=per_callback))
    login = {"auth": ALICE} if way == "header" else {"cookie": site.session_of(ALICE)}
    with site.open(**login) as socket:
        assert shown(socket.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
        assert shown(socket.call(PUBLIC_BODY), "pub") == f"{PUBLIC} x alice"


@asynchronous
@per_callback
def test_a_stranger_runs_public_callbacks_alone(
    serve: Any, backend: str, is_async: bool, per_callback: bool
) -> None:
    site = serve(simple_app(backend, is_async=is_async, per_callback=per_callback))
    with site.open() as socket:
        assert shown(socket.call(PUBLIC_BODY), "pub") == f"{PUBLIC} x None"
        assert refused(socket.call(PRIVATE_BODY))
        assert shown(socket.call(PUBLIC_BODY), "pub") == f"{PUBLIC} x None"
    assert ran == []


def test_a_stranger_opens_nothing_where_no_callback_is_public(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend, with_public=False, public_routes=["/"]))
    assert_refused(site)
    assert_refused(site, auth=("alice", "wrong"))
    assert_refused(site, cookie="session=forged")
    with site.open(auth=ALICE) as socket:
        assert shown(socket.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"


@pytest.mark.parametrize(
    "auth",
    [
        "",
        "Basic",
        "Basic !!!",
        "Bearer token",
        basic("alice", "wrong"),
        basic("nobody", "wonder-land"),
        [basic(*ALICE), basic(*ALICE)],
        [basic(*ALICE), basic(*BOB)],
        ["", "", basic(*ALICE) + ","],
    ],
)
def test_a_header_that_is_wrong_beside_a_good_session_is_nobody(
    serve: Any, backend: str, auth: Any
) -> None:
    site = serve(simple_app(backend))
    cookie = site.session_of(ALICE)
    with site.open(auth=auth, cookie=cookie) as socket:
        assert refused(socket.call(PRIVATE_BODY))
        assert shown(socket.call(PUBLIC_BODY), "pub") == f"{PUBLIC} x None"
    assert ran == []


def test_the_header_counts_where_the_session_is_of_another(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend))
    with site.open(auth=BOB, cookie=site.session_of(ALICE)) as socket:
        assert shown(socket.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x bob"


def test_a_session_counts_for_the_guard_that_wrote_it(serve: Any, backend: str) -> None:
    """Apps share keys, and cookies ignore ports."""
    cookie = serve(simple_app(backend, url_base_pathname="/one/")).session_of(ALICE, "/one/")
    site = serve(simple_app(backend, url_base_pathname="/two/"))
    own = site.session_of(ALICE, "/two/")
    # Under the name of the other guard's too.
    planted = f"{own.split('=')[0]}={cookie.split('=')[1]}"
    for one in (cookie, planted):
        with site.open("/two/_dash-ws-callback", cookie=one) as socket:
            assert refused(socket.call(PRIVATE_BODY))
    with site.open("/two/_dash-ws-callback", cookie=own) as socket:
        assert shown(socket.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"


def test_a_session_under_another_key_or_altered_is_nobody(serve: Any, backend: str) -> None:
    foreign = serve(simple_app(backend, secret_key="another")).session_of(ALICE)
    site = serve(simple_app(backend))
    own = site.session_of(ALICE)
    for cookie in (
        foreign,
        own[:-2],
        own.replace("=", "=A"),
        own.split("=")[0] + "=",
        own.split("=")[0] + "=..",
    ):
        with site.open(cookie=cookie) as socket:
            assert refused(socket.call(PRIVATE_BODY))
    assert ran == []


def test_a_session_that_names_a_user_alone_is_nobody(
    serve: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the guard's ticket, not what an app or dash-auth wrote."""
    monkeypatch.setattr(apps, "backend", backend)
    site = serve(simple_app(backend))
    cookie = routes.forge({"user": {"email": "alice", "groups": ["admin"]}}, SECRET_KEY)
    with site.open(cookie=cookie) as socket:
        assert refused(socket.call(PRIVATE_BODY))
        assert shown(socket.call(PUBLIC_BODY), "pub") == f"{PUBLIC} x None"
    assert ran == []


def test_a_session_ends_with_the_stored_password(serve: Any, backend: str) -> None:
    users = dict([ALICE, BOB])
    site = serve(simple_app(backend, users=users))
    cookie = site.session_of(ALICE)
    users["alice"] = "new"
    with site.open(cookie=cookie) as socket:
        assert refused(socket.call(PRIVATE_BODY))
    del users["alice"]
    with site.open(cookie=cookie) as socket:
        assert refused(socket.call(PRIVATE_BODY))
    assert ran == []


def test_without_a_secret_key_the_header_alone_counts(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend, secret_key=None))
    assert site.get("/", auth=ALICE).cookie() is None
    with site.open(auth=ALICE) as socket:
        assert shown(socket.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"
    with site.open(cookie="session=x") as socket:
        assert refused(socket.call(PRIVATE_BODY))


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null"])
def test_the_origin_is_checked_by_dash(serve: Any, backend: str, origin: str | None) -> None:
    site = serve(simple_app(backend))
    with pytest.raises(InvalidStatus), site.open(auth=ALICE, origin=origin):
        pass
    assert_refused(site, origin=origin)


def test_an_allowed_origin_is_dashs_to_allow(serve: Any, backend: str) -> None:
    app = simple_app(backend)
    app._websocket_allowed_origins.append("http://friend.example")
    site = serve(app)
    with site.open(auth=ALICE, origin="http://friend.example") as socket:
        assert shown(socket.call(PRIVATE_BODY), "priv") == f"{PRIVATE} x alice"


def test_an_error_in_auth_func_refuses(serve: Any, backend: str) -> None:
    def auth_func(name: str, password: str) -> bool:
        raise RuntimeError(name)

    site = serve(simple_app(backend, auth_func=auth_func))
    with site.open(auth=ALICE) as socket:
        assert refused(socket.call(PRIVATE_BODY))
    assert ran == []


def test_a_handshake_leaves_a_session_its_id(monkeypatch: pytest.MonkeyPatch, serve: Any) -> None:
    """No cookie goes out with it that would name another one."""

    class OwnCheck(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            return super().is_authorized()

    monkeypatch.setattr(apps, "backend", "quart")
    app = websocket_app("quart")
    dash_auth.public_callback(Output("pub", "children"), Input("pub-in", "value"))(lambda _: PUBLIC)
    store = keep_sessions(app)
    OwnCheck(app, dict([ALICE]), secret_key=SECRET_KEY)
    before = store.kept["known"] = '{"theme": "dark"}'
    with serve(app).open(auth=ALICE, cookie="session=known") as socket:
        assert shown(socket.call(PUBLIC_BODY), "pub") == PUBLIC
    assert store.kept == {"known": before}
