"""What a session holds of a login, and until when it counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from dash_auth import OIDCAuth, explain

from .apps import ALICE, KEY, Direct, make_app, register
from .mock_provider import Provider
from .servers import session_of, signed
from .visitor import Visit

pytestmark = pytest.mark.usefixtures("each_server")


def test_a_session_ends(visit: Visit, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, session_seconds=100), provider)
    visitor = visit(app)
    visitor.log_in(provider)
    now = time.time()
    monkeypatch.setattr("dash_auth._oidc_session.time.time", lambda: now + 90)
    assert visitor.call_back().status_code == 200
    monkeypatch.setattr("dash_auth._oidc_session.time.time", lambda: now + 101)
    assert visitor.call_back().status_code == 401
    assert visitor.get("/").headers["Location"].startswith(provider.address)


def test_a_login_counts_for_eight_hours_by_default(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    with here.client.session_transaction() as session:
        assert abs(session["_dash_auth"]["until"] - time.time() - 8 * 3600) < 60
    assert explain(here.app).session == "the login itself, for 8 hours"


def test_a_changed_note_does_not_count(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    server = here.app.server
    held = session_of(server, str(here.client.cookie))
    note = held["_dash_auth"]

    def admitted(**changes: Any) -> bool:
        here.client.cookie = signed(server, {**held, **changes})
        return bool(here.client.get("/whoami").status_code == 200)

    def with_note(**changes: Any) -> bool:
        return admitted(_dash_auth={**note, **changes})

    assert admitted()
    assert with_note(user={**note["user"], "theme": "dark", "groups": []})
    assert not with_note(user={"sub": "bob", "email": ALICE["email"]})
    assert not with_note(user={**note["user"], "sub": "bob"})
    assert not with_note(user=None)
    assert not with_note(idp="other")
    assert not with_note(idp=None)
    assert not with_note(until=note["until"] + 1)
    assert not with_note(until=None)
    assert not with_note(id="other")
    assert not with_note(seal=None)
    assert not with_note(seal="0" * 64)
    assert not admitted(_dash_auth="x")
    assert not admitted(_dash_auth=None)
    shown = {"user": note["user"], "idp": note["idp"]}
    assert not admitted(**shown, _dash_auth=None)
    assert not admitted(_dash_auth_parked="x", _dash_auth=None)
    assert not admitted(_dash_auth_parked=[1, shown], _dash_auth=None)
    # What stands under the names that are shown is masked.
    assert admitted(user={"sub": "bob"}, idp="other")


def test_public_routes_know_who_logged_in_here_alone(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, public_routes=["/whoami"]), provider)
    visitor = visit(app)
    nobody = {
        "session": dict.fromkeys(("user", "idp", "refresh_token")),
        "user": None,
        "admin": None,
    }
    assert visitor.whoami() == nobody
    foreign = signed(app.server, {"user": {"sub": "alice", **ALICE}, "idp": "idp"})
    visitor.client.cookies.set("session", foreign, domain="127.0.0.1", path="/")
    assert visitor.whoami() == nobody
    visitor.client.cookies.clear()
    visitor.log_in(provider)
    assert visitor.whoami()["user"] == "alice@example.com"
    assert visitor.whoami()["admin"] is True


def test_nothing_from_before_outlives_a_login(direct: Callable[..., Direct]) -> None:
    here = direct()
    with here.client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["refresh_token"] = "planted"
    here.log_in()
    with here.client.session_transaction() as session:
        assert set(session) == {"_dash_auth"}


def test_a_session_on_the_server_gets_another_id(
    direct: Callable[..., Direct], each_server: str
) -> None:
    if each_server == "fastapi":
        pytest.skip("sessions on FastAPI are Starlette's cookies")
    here = direct()
    renewed = []

    async def regenerate(session: Any) -> None:
        renewed.append(session)

    interface: Any = here.app.server.session_interface
    interface.regenerate = renewed.append
    here.log_in()
    assert len(renewed) == 1
    if each_server == "quart":
        interface.regenerate = regenerate
        here.log_in()
        assert len(renewed) == 2


def test_waiting_logins_do_not_pile_up(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    begun = [visitor.begin(f"/{number}/" + "x" * 450) for number in range(6)]
    assert len(visitor.cookie) < 4000
    assert "/oauth2/authorize" not in str(session_of(app.server, visitor.cookie))
    assert visitor.get(provider.consent(begun[0], "alice")).status_code == 400
    back = visitor.get(provider.consent(begun[5], "alice"))
    assert back.headers["Location"] == "/5/" + "x" * 450
