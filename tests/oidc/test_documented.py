"""The classes of docs/oidc.md, with a provider that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from dash_auth import OIDCAuth
from docs.blocks import written_in

from .apps import ALICE, KEY, Direct, make_app, register
from .mock_provider import Provider
from .visitor import Visitor

PY = written_in("py")


def class_of(place: str, **names: Any) -> type[OIDCAuth]:
    """Return the class that stands in a place of the documentation."""
    defined: dict[str, Any] = {"OIDCAuth": OIDCAuth, "__name__": "documented", **names}
    exec(PY[place], defined)
    (found,) = (one for one in defined.values() if isinstance(one, type) and one is not OIDCAuth)
    return found


def test_staff_gets_in(direct: Callable[..., Direct]) -> None:
    here = direct(kind=class_of("oidc: Deciding who gets in", team_of=lambda email: email[:5]))
    staff = {"sub": "1", "email": "alice@example.com", "email_verified": True, "groups": ["staff"]}
    for missing in staff.keys() - {"sub", "email"}:
        here.log_in(**{name: value for name, value in staff.items() if name != missing})
        assert here.client.get("/whoami").status_code == 302
    here.log_in(**staff)
    assert here.client.get("/whoami").json()["session"]["user"]["team"] == "alice"


def test_the_other_claims_are_asked_for(
    provider: Provider, visit: Callable[[Any], Visitor]
) -> None:
    app = make_app()
    register(class_of("oidc: Deciding who gets in 2")(app, secret_key=KEY), provider)
    visitor = visit(app)
    with provider.goes_wrong(without=["email", "groups"]):
        visitor.log_in(provider)
    assert visitor.whoami()["session"]["user"]["email"] == "alice@example.com"
    assert visitor.whoami()["groups"] == ["admin", "staff"]


def test_the_groups_are_those_of_the_login(
    provider: Provider, visit: Callable[[Any], Visitor]
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    before, after = visit(app), visit(app)
    before.log_in(provider)
    try:
        provider.has("alice", **{**ALICE, "groups": []})
        after.log_in(provider)
    finally:
        provider.has("alice", **ALICE)
    assert before.whoami()["groups"] == ["admin", "staff"]
    assert after.whoami()["groups"] == []


def test_a_logout_leads_to_that_of_the_provider(
    provider: Provider, visit: Callable[[Any], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_URL", "https://sales.example.com/")
    app = make_app()
    register(class_of("oidc: Logging out at the provider too")(app, secret_key=KEY), provider)
    visitor = visit(app)
    there = "https://login.example.com/logout"
    with provider.goes_wrong(metadata={"end_session_endpoint": there}):
        visitor.log_in(provider)
        answer = visitor.get("/oidc/logout", **{"Sec-Fetch-Site": "same-origin"})
    url = urlsplit(answer.headers["Location"])
    assert url._replace(query="").geturl() == there
    assert parse_qs(url.query) == {
        "client_id": ["client-idp"],
        "post_logout_redirect_uri": ["https://sales.example.com/"],
    }
    assert visitor.get("/whoami").status_code == 302
