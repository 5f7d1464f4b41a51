"""The login from its beginning to its callback, and what must not get past it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from dash_auth import OIDCAuth

from .apps import ALICE, KEY, Direct, make_app, register
from .mock_provider import Provider, parameters
from .visitor import Serve, Visit

pytestmark = pytest.mark.usefixtures("each_server")


def test_a_user_logs_in_and_comes_back_to_the_page(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    assert visitor.call_back().status_code == 401
    answer = visitor.log_in(provider, path="/reports/2026?a=1&b=%C3%A9&c=%26")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/reports/2026?a=1&b=%C3%A9&c=%26"
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.get("/reports/2026").status_code == 200
    assert visitor.call_back().json()["response"]["out"]["children"] == "secret x"
    known = visitor.whoami()
    assert abs(known["session"]["user"].pop("auth_time") - time.time()) < 600
    assert known == {
        "session": {
            "user": {"iss": provider.address, "sub": "alice", **ALICE},
            "idp": "idp",
            "refresh_token": None,
        },
        "user": "alice@example.com",
        "groups": ["admin", "staff"],
        "admin": True,
    }


def test_a_login_proves_who_began_it(serve: Serve, visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    address = serve(app)
    sent = parameters(visit(address).begin())
    assert sent["code_challenge_method"] == "S256"
    assert sent["redirect_uri"] == f"{address}/oidc/idp/callback"
    assert len(sent["state"]) >= 32 and len(sent["nonce"]) >= 20


def test_pkce_is_for_the_developer_to_turn_off(visit: Visit, provider: Provider) -> None:
    app = make_app()
    options = {"scope": "openid", "code_challenge_method": None}
    register(OIDCAuth(app, secret_key=KEY), provider, client_kwargs=options)
    visitor = visit(app)
    assert "code_challenge" not in parameters(visitor.begin())
    refused = visitor.log_in(provider)
    assert (refused.status_code, refused.text) == (401, "invalid_grant: PKCE")


@pytest.mark.parametrize("kind", ["provider", "old_provider"])
def test_a_code_of_another_login_is_refused(
    serve: Serve, visit: Visit, kind: str, request: pytest.FixtureRequest
) -> None:
    provider: Provider = request.getfixturevalue(kind)
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    address = serve(app)
    attacker, victim = visit(address), visit(address)
    code = parameters(provider.consent(attacker.begin(), "alice"))["code"]
    state = parameters(victim.begin())["state"]
    refused = victim.get(f"/oidc/idp/callback?code={code}&state={state}")
    assert refused.status_code == 401
    assert victim.call_back().status_code == 401


def test_a_callback_without_its_login_is_refused(
    serve: Serve, visit: Visit, provider: Provider
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    address = serve(app)
    attacker, victim = visit(address), visit(address)
    forged = provider.consent(attacker.begin(), "alice")
    for visit in (forged, "/oidc/idp/callback", "/oidc/idp/callback?state=x&code=y"):
        assert victim.get(visit).status_code == 400
    victim.begin()
    assert victim.get(forged).status_code == 400
    assert victim.call_back().status_code == 401
    assert victim.log_in(provider, "bob").status_code == 302
    assert victim.get(forged).headers["Location"] == "/"
    assert victim.whoami()["user"] == "bob@example.com"


def test_a_callback_counts_once(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    location = provider.consent(visitor.begin(), "alice")
    before = visitor.cookie
    assert visitor.get(location).status_code == 302
    thief = visit(visitor.address)
    thief.client.cookies.set("session", before, domain="127.0.0.1", path="/")
    assert thief.get(location).status_code == 401
    assert thief.call_back().status_code == 401


def test_what_the_provider_refuses_is_plain_text(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    refused = visitor.get(provider.refuse(visitor.begin()))
    assert refused.status_code == 401
    assert refused.text.startswith("access_denied")
    assert visitor.client.cookies.get("session") is None
    markup = quote("<script>alert(1)</script>")
    refusal = f"error=e&error_description={markup}"
    own = parameters(visitor.begin())["state"]
    for path in (
        f"/oidc/idp/callback?{refusal}&state={own}",
        f"/oidc/{quote('<img src=x onerror=alert(1)>')}/callback",
    ):
        answer = visitor.get(path)
        assert answer.status_code in (400, 401)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Traceback" not in answer.text
    # What nobody waits for is not repeated.
    forged = visitor.get(f"/oidc/idp/callback?{refusal}")
    assert forged.status_code == 400
    assert "alert" not in forged.text


def test_a_provider_that_does_not_answer_is_no_error_of_the_app(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), Provider("http://127.0.0.1:9"))
    client = visit(app)
    for path in ("/", "/oidc/idp/login"):
        assert client.get(path).status_code == 502
    assert "Traceback" not in caplog.text
    assert client.get("/oidc/idp/callback?state=x&code=y").status_code == 400


def test_a_login_without_an_id_token_is_refused(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider, client_kwargs={"scope": "email"})
    visitor = visit(app)
    refused = visitor.log_in(provider)
    assert refused.status_code == 401
    assert visitor.call_back().status_code == 401


def test_nothing_secret_is_logged(
    visit: Visit, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="dash_auth")
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, log_signins=True), provider)
    visitor = visit(app)
    location = provider.consent(visitor.begin(), "alice")
    visitor.get(location)
    visitor.get(location)
    logged = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("dash_auth"))
    assert "User 'alice@example.com' is logging in." in logged
    assert "A login through idp failed: MismatchingStateError" in logged
    for secret in (*parameters(location).values(), visitor.ticket, KEY, "the-client-secret"):
        assert secret not in logged


def test_a_name_cannot_forge_a_line_of_the_log(
    direct: Callable[..., Direct], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="dash_auth")
    name = "a\nUser root is logging in."
    direct(log_signins=True).log_in(sub="1", email=name, email_verified=True)
    assert "User 'a\\nUser root is logging in.' is logging in." in caplog.text
