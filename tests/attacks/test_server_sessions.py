"""S15, S24, S27: sessions that the server keeps, of which the client has the id alone."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import dash_auth
import pytest
from dash import Dash

from .apps import IS_UPSTREAM, guard, plain_app
from .http import ALICE, BOB, Reply, honest
from .routes import add_route
from .stores import Store, keep_sessions
from .test_sessions import ELSEWHERE, KEY, NOBODY, empty, leave, who, write

pytestmark = [
    pytest.mark.skipif(IS_UPSTREAM, reason="upstream keeps the user in the session"),
    pytest.mark.not_on("fastapi", "sessions on FastAPI are Starlette's cookies"),
]

PLANTED = "an-id-that-somebody-else-knows"


def app_with(**options: Any) -> Dash:
    """Return an app whose routes read and write the session, not guarded yet."""
    app = plain_app(**options)
    for name, view in {"who": who, "write": write, "leave": leave, "empty": empty}.items():
        add_route(app, f"/{name}", view)
        add_route(app, f"/open/{name}", view)
    return app


def guarded(**options: Any) -> tuple[Dash, Store]:
    app = app_with()
    store = keep_sessions(app, regenerates=options.pop("regenerates", True))
    guard(app, secret_key=KEY, public_routes=["/open/<name>"], **options)
    return app, store


def oidc_app(store_options: Any = None) -> tuple[Dash, Store, Any]:
    app = app_with()
    store = keep_sessions(app, **(store_options or {}))
    auth = dash_auth.OIDCAuth(
        app, secret_key=KEY, public_routes=["/open/<name>"], secure_session=False
    )
    auth.register_provider("idp", client_id="x", server_metadata_url="https://idp.invalid/")
    return app, store, auth


def sid_of(reply: Reply) -> str:
    cookie = reply.cookie()
    assert cookie is not None
    return cookie.removeprefix("session=")


@pytest.mark.rule("S27")
@pytest.mark.parametrize("path", ["/open/who", "/who", "/_dash-layout", "/open/write", "/write"])
@pytest.mark.parametrize("auth", [None, ALICE, ("alice", "wrong"), BOB], ids=str)
def test_what_the_store_holds_is_not_believed(serve: Any, path: str, auth: Any) -> None:
    app, store = guarded()
    before = store.kept[PLANTED] = json.dumps({**ELSEWHERE, "_dash_auth": {"name": "mallory"}})
    reply = serve(app).get(path, cookie=f"session={PLANTED}", auth=auth)
    assert reply.status in (200, 401)
    assert "mallory" not in reply.text
    if reply.headers["Set-Cookie"] is None:
        # To mask it is not to write it.
        assert store.kept == {PLANTED: before}
    else:
        assert not {"user", "idp"} & set(store.content(sid_of(reply)))


@pytest.mark.rule("S27")
def test_masking_alone_writes_nothing(serve: Any) -> None:
    app, store = guarded()
    before = store.kept[PLANTED] = json.dumps({**ELSEWHERE, "theme": "dark"})
    site = serve(app)
    for path in ("/open/who", "/who", "/_dash-layout"):
        assert site.get(path, cookie=f"session={PLANTED}").headers["Set-Cookie"] is None
    assert store.kept == {PLANTED: before}
    reply = site.get("/open/who", cookie=f"session={PLANTED}")
    assert reply.json() == {**NOBODY, "theme": "dark"}


@pytest.mark.rule("S24")
@pytest.mark.parametrize("path", ["/who", "/write"])
def test_an_id_from_before_a_login_is_not_the_users(serve: Any, path: str) -> None:
    app, store = guarded()
    store.kept[PLANTED] = json.dumps({"theme": "light"})
    site = serve(app)
    reply = honest(site.get(path, cookie=f"session={PLANTED}", auth=ALICE), None)
    sid = sid_of(reply)
    assert sid != PLANTED
    known = site.get("/open/who", cookie=f"session={sid}").json()
    assert (known["current"], known["theme"]) == ("alice", "light" if path == "/who" else "dark")
    assert site.get("/open/who", cookie=f"session={PLANTED}").json() == NOBODY
    assert PLANTED not in store.kept


@pytest.mark.rule("S24")
def test_the_id_changes_with_the_user_alone(serve: Any) -> None:
    app, store = guarded()
    site = serve(app)
    first = sid_of(site.get("/who", auth=ALICE))
    assert site.get("/who", cookie=f"session={first}", auth=ALICE).headers["Set-Cookie"] is None
    assert sid_of(site.get("/write", cookie=f"session={first}", auth=ALICE)) == first
    second = sid_of(site.get("/who", cookie=f"session={first}", auth=BOB))
    assert second != first
    assert list(store.kept) == [second]
    assert site.get("/open/who", cookie=f"session={second}").json()["current"] == "bob"
    assert site.get("/open/who", cookie=f"session={first}").json() == NOBODY


@pytest.mark.rule("S24")
@pytest.mark.parametrize("way", ["leave", "empty"])
def test_an_app_may_log_its_user_out(serve: Any, way: str) -> None:
    app, store = guarded()
    site = serve(app)
    cookie = f"session={sid_of(site.get('/write', auth=ALICE))}"
    assert site.get("/open/who", cookie=cookie).json()["current"] == "alice"
    honest(site.get(f"/open/{way}", cookie=cookie), None)
    assert site.get("/open/who", cookie=cookie).json()["current"] is None
    assert "alice" not in str(store.kept)


@pytest.mark.rule("S24")
def test_a_logout_leaves_nothing_under_the_id(serve: Any) -> None:
    app, store, auth = oidc_app()
    login: dict[str, Any] = {"user": {"email": "carol", "sub": "1"}, "idp": "idp"}
    auth._dash_auth_notes.write(login, (KEY.encode(),))
    before = json.dumps({"_dash_auth": login["_dash_auth"], "theme": "dark"})
    store.kept["of-carol"] = before
    site = serve(app)
    assert site.get("/who", cookie="session=of-carol").json()["current"] == "carol"
    renewed: list[dict[str, Any]] = []
    regenerate = app.server.session_interface.regenerate
    app.server.session_interface.regenerate = lambda session: (
        renewed.append(dict(session)),
        regenerate(session),
    )
    honest(site.get("/oidc/logout", cookie="session=of-carol"), None)
    assert len(renewed) == 1
    assert store.kept == {}
    assert site.get("/open/who", cookie="session=of-carol").json() == NOBODY


@pytest.mark.rule("S24")
def test_an_id_that_cannot_be_renewed_remembers_no_login(serve: Any) -> None:
    app, store = guarded()

    def regenerate(_: Any) -> None:
        raise ConnectionError("the store is out of order")

    app.server.session_interface.regenerate = regenerate
    store.kept["known"] = json.dumps({"theme": "dark"})
    site = serve(app)
    assert site.get("/who", auth=ALICE, cookie="session=known").status == 503
    assert store.content("known") == {"theme": "dark"}
    known = site.get("/open/who", cookie="session=known").json()
    assert known == {**NOBODY, "theme": "dark"}


@pytest.mark.rule("S24")
@pytest.mark.not_on("flask", "an async method of the session interface is Quart's")
def test_ids_are_renewed_in_the_loop_that_serves(serve: Any) -> None:
    app, _ = guarded()
    loops: list[Any] = []

    async def open_session(*_: Any) -> Any:
        loops.append(asyncio.get_running_loop())
        return await opened(*_)

    async def regenerate(_: Any) -> None:
        loops.append(asyncio.get_running_loop())

    interface = app.server.session_interface
    opened, interface.open_session = interface.open_session, open_session
    interface.regenerate = regenerate
    honest(serve(app).get("/who", auth=ALICE), None)
    opening, renewing = loops
    assert renewing is opening


@pytest.mark.rule("S24")
def test_a_store_whose_ids_cannot_be_renewed_is_told_of_once(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app, _ = guarded(regenerates=False)
    site = serve(app)
    for _ in range(2):
        assert site.get("/who", auth=ALICE).status == 200
    assert caplog.text.count("regenerate") == 1
    caplog.clear()
    renewing, _ = guarded()
    serve(renewing).get("/who", auth=ALICE)
    assert "regenerate" not in caplog.text
