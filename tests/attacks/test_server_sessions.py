"""S15, S24, S27: sessions that the server keeps, of which the client has the id alone."""

from __future__ import annotations

import json
from typing import Any

import dash_auth
import pytest
from dash import Dash
from tickets import ticket_of

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


def cookies_of(reply: Reply) -> dict[str, str]:
    return dict(one.split("=", 1) for one in (reply.cookie() or "").split("; ") if one)


def ticket_in(reply: Reply) -> str:
    (ticket,) = (f"{n}={v}" for n, v in cookies_of(reply).items() if n.startswith("dash_auth_"))
    return ticket


@pytest.mark.rule("S27")
@pytest.mark.parametrize("path", ["/open/who", "/who", "/_dash-layout", "/open/write", "/write"])
@pytest.mark.parametrize("auth", [None, ALICE, ("alice", "wrong"), BOB], ids=str)
def test_what_the_store_holds_is_not_believed(serve: Any, path: str, auth: Any) -> None:
    app, store = guarded()
    before = store.kept[PLANTED] = json.dumps({**ELSEWHERE, "_dash_auth": {"name": "mallory"}})
    reply = serve(app).get(path, cookie=f"session={PLANTED}", auth=auth)
    assert reply.status in (200, 401)
    assert "mallory" not in reply.text
    sid = cookies_of(reply).get("session")
    if sid is None:
        # To mask it is not to write it.
        assert store.kept == {PLANTED: before}
    else:
        assert not {"user", "idp"} & set(store.content(sid))


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
def test_the_id_of_a_session_names_no_user(serve: Any, path: str) -> None:
    app, store = guarded()
    store.kept[PLANTED] = json.dumps({"theme": "light"})
    site = serve(app)
    reply = honest(site.get(path, cookie=f"session={PLANTED}", auth=ALICE), None)
    theme = "light" if path == "/who" else "dark"
    assert site.get("/open/who", cookie=f"session={PLANTED}").json() == {**NOBODY, "theme": theme}
    known = site.get("/open/who", cookie=f"session={PLANTED}; {ticket_in(reply)}").json()
    assert (known["current"], known["theme"]) == ("alice", theme)
    assert "alice" not in str(store.kept)


@pytest.mark.rule("S24")
@pytest.mark.parametrize("way", ["leave", "empty"])
def test_an_app_may_log_its_user_out(serve: Any, way: str) -> None:
    app, store = guarded()
    site = serve(app)
    cookie = honest(site.get("/write", auth=ALICE)).cookie()
    assert site.get("/open/who", cookie=cookie).json()["current"] == "alice"
    left = honest(site.get(f"/open/{way}", cookie=cookie), None)
    assert site.get("/open/who", cookie=left.cookie()).json()["current"] is None
    assert "alice" not in str(store.kept)


@pytest.mark.rule("S24")
def test_a_logout_leaves_nothing_under_the_id(serve: Any) -> None:
    app, store, auth = oidc_app()
    ticket = ticket_of(auth, KEY.encode(), {"email": "carol", "email_verified": True, "sub": "1"})
    store.kept["of-carol"] = json.dumps({"theme": "dark"})
    site = serve(app)
    cookie = f"session=of-carol; {ticket}"
    assert site.get("/who", cookie=cookie).json()["current"] == "carol"
    renewed: list[dict[str, Any]] = []
    regenerate = app.server.session_interface.regenerate
    app.server.session_interface.regenerate = lambda session: (
        renewed.append(dict(session)),
        regenerate(session),
    )
    own_link = {"Sec-Fetch-Site": "same-origin"}
    honest(site.get("/oidc/logout", cookie=cookie, headers=own_link), None)
    assert len(renewed) == 1
    assert store.kept == {}
    # Nor does a copy of the ticket count where the login was ended.
    assert site.get("/open/who", cookie=cookie).json() == NOBODY
    assert site.get("/who", cookie=cookie, headers={"Sec-Fetch-Mode": "cors"}).status == 401
