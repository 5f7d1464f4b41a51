"""Which claims and tokens the session keeps, and what no cookie holds."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from dash_auth import OIDCAuth

from .apps import KEY, Direct, make_app, register
from .mock_provider import Provider
from .servers import keep_sessions, signed
from .visitor import Visit

pytestmark = pytest.mark.usefixtures("each_server")


def test_the_claims_of_the_token_itself_are_not_kept(direct: Callable[..., Direct]) -> None:
    protocol = dict.fromkeys(("aud", "azp", "nonce", "at_hash", "iat", "nbf", "exp", "jti"), 1)
    here = direct()
    here.log_in(sub="1", email="a@b", iss="i", roles=["x"], **protocol)
    assert here.client.get("/whoami").json()["session"]["user"] == {
        "sub": "1",
        "email": "a@b",
        "iss": "i",
        "roles": ["x"],
    }
    chosen = direct(session_claims=["email", "iat"])
    chosen.log_in(sub="1", email="a@b", iat=1)
    assert chosen.client.get("/whoami").json()["session"]["user"] == {"email": "a@b", "iat": 1}


def test_claims_that_no_cookie_holds_are_refused_and_named(
    direct: Callable[..., Direct], caplog: pytest.LogCaptureFixture
) -> None:
    groups = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(120)]
    here = direct()
    refused = here.log_in(sub="1", email="a@b", groups=groups)
    assert refused.status_code == 401
    assert "session_claims" in caplog.text
    assert here.client.get("/whoami").status_code == 302
    chosen = direct(session_claims=["email"])
    assert chosen.log_in(sub="1", email="a@b", groups=groups).status_code == 302
    assert chosen.client.get("/whoami").status_code == 200


def test_logins_to_other_apps_give_way_to_a_large_one(direct: Callable[..., Direct]) -> None:
    here = direct()
    incompressible = base64.b64encode(random.Random(0).randbytes(1600)).decode()
    until = int(time.time()) + 100
    note = {"user": incompressible, "idp": "x", "until": until, "seal": ""}
    parked = {"_dash_auth": note}
    with here.client.session_transaction() as session:
        session["_dash_auth_parked"] = [parked]
    assert here.log_in(sub="1").status_code == 302
    with here.client.session_transaction() as session:
        assert "_dash_auth_parked" in session
    assert here.log_in(sub="1", about=incompressible[::-1]).status_code == 302
    with here.client.session_transaction() as session:
        assert "_dash_auth_parked" not in session
        assert session["_dash_auth"]["user"]["sub"] == "1"


@pytest.mark.parametrize(
    ("scope", "options", "on_server", "kept"),
    [
        ("openid", {}, True, None),
        ("openid offline_access", {}, False, None),
        ("openid offline_access", {"refresh_token_in_cookie": True}, False, "refresh"),
        ("openid offline_access", {}, True, "refresh"),
        ("openid no_offline_access", {"refresh_token_in_cookie": True}, False, None),
    ],
)
def test_a_refresh_token_is_kept_where_its_owner_cannot_read_it(
    direct: Callable[..., Direct],
    caplog: pytest.LogCaptureFixture,
    each_server: str,
    scope: str,
    options: dict[str, Any],
    on_server: bool,
    kept: str | None,
) -> None:
    if on_server and each_server == "fastapi":
        pytest.skip("sessions on FastAPI are Starlette's cookies")
    here = direct(**options)
    here.auth.get_oauth_client("idp").client_kwargs["scope"] = scope
    here.token["refresh_token"] = "refresh"
    if on_server:
        keep_sessions(here.app.server)
    here.log_in()
    assert here.client.get("/whoami").json()["session"]["refresh_token"] == kept
    assert ("refresh_token_in_cookie" in caplog.text) == (
        kept is None and "openid offline_access" == scope
    )


def test_a_large_login_that_is_over_does_not_stand_in_the_way_of_the_next(
    visit: Visit, provider: Provider, each_server: str
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    # It fits a cookie, but not beside a login that waits, which takes 280 bytes and more.
    size = 1900 if each_server == "fastapi" else 2700
    incompressible = base64.b64encode(random.Random(0).randbytes(size)).decode()
    for until in (time.time() - 100, time.time() + 100):
        note = {"until": int(until), "id": "x", "seal": "of another app"}
        large = {"_dash_auth": {"user": incompressible, "idp": "x", **note}}
        visitor.client.cookies.clear()
        cookie = signed(app.server, large)
        assert len(cookie) < 4000
        visitor.client.cookies.set("session", cookie, domain="127.0.0.1", path="/")
        for _ in range(2):
            visitor.begin("/" + "x" * 450)
            # Browsers drop a cookie beyond 4096 bytes, and keep the one before.
            assert len(visitor.cookie) < 4000


@pytest.mark.parametrize(
    ("groups", "is_admin"),
    [
        (["admin"], True),
        ({"admin": False}, False),
        ({"admin": True}, False),
        ("admin", True),
        ([["admin"]], False),
        (None, False),
        (7, False),
    ],
)
def test_groups_of_odd_types_say_the_same_everywhere(
    direct: Callable[..., Direct], groups: Any, is_admin: bool
) -> None:
    here = direct()
    here.log_in(sub="1", email="a@b", groups=groups)
    known = here.client.get("/whoami").json()
    assert bool(known["admin"]) == ("admin" in known["groups"]) == is_admin
