"""Which claims and tokens the session keeps, and what no cookie holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from .apps import Direct
from .servers import keep_sessions

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
    assert chosen.client.get("/whoami").json()["session"]["user"] == {
        "sub": "1",
        "email": "a@b",
        "iat": 1,
    }


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


def test_claims_too_long_for_the_ticket_are_kept_in_the_session(
    direct: Callable[..., Direct], each_server: str
) -> None:
    if each_server == "fastapi":
        pytest.skip("Starlette's cookie is not compressed, and holds no more than a ticket")
    here = direct()
    # Flask's cookie is compressed.
    groups = ["a group with a long name"] * 200
    assert here.log_in(sub="1", email="a@b", groups=groups).status_code == 302
    for _ in range(2):
        assert here.client.get("/whoami").json()["groups"] == groups
    with here.client.session_transaction() as session:
        del session["_dash_auth"]
    assert here.client.get("/whoami").status_code == 302


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
