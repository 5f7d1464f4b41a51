"""The login through a certified provider that others wrote: by the standards, not by the mock."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dash_auth import FormAuth, OIDCAuth

from .apps import KEY, make_app
from .certified_provider import CertifiedProvider
from .mock_provider import parameters
from .visitor import OWN_LINK, Serve, Visit, Visitor

DOCUMENT = Path(__file__).parents[2] / "docs" / "oidc.md"
pytestmark = pytest.mark.usefixtures("each_server")
Guarded = Callable[..., Visitor]


@pytest.fixture
def guarded(serve: Serve, visit: Visit, certified_provider: CertifiedProvider) -> Guarded:
    """Give `guarded(kind=OIDCAuth, **options)`: a visitor of an app that the provider knows."""

    def guarded(kind: type[OIDCAuth] = OIDCAuth, **options: Any) -> Visitor:
        app = make_app()
        own = {"secret_key": KEY, "refresh_token_in_cookie": True}
        auth = kind(app, **own)
        address = serve(app)
        certified_provider.register(auth, address, **options)
        return visit(address)

    return guarded


def documented(name: str) -> type[OIDCAuth]:
    """Return a class as docs/oidc.md has it."""
    blocks = re.findall(r"^```py\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    (code,) = (block for block in blocks if f"class {name}(" in block)
    names: dict[str, Any] = {"OIDCAuth": OIDCAuth}
    exec(code, names)
    kind: type[OIDCAuth] = names[name]
    return kind


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_user_logs_in_and_comes_back_to_the_page(
    guarded: Guarded, certified_provider: CertifiedProvider, method: str
) -> None:
    visitor = guarded(token_endpoint_auth_method=method)
    assert visitor.call_back().status_code == 401
    begun = visitor.begin("/reports/2026?a=1")
    sent = parameters(begun)
    assert sent["code_challenge_method"] == "S256"
    assert sent["nonce"] and sent["state"]
    back = certified_provider.consent(visitor.client, begun)
    # RFC 9207
    assert parameters(back)["iss"] == certified_provider.address
    answer = visitor.get(back)
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/reports/2026?a=1")
    assert visitor.call_back().json()["response"]["out"]["children"] == "secret x"
    known = visitor.whoami()
    # The claims of the scopes are not in the ID token, where an access token can ask for them
    # (OpenID Connect Core, section 5.4).
    assert known["session"]["user"] == {"iss": certified_provider.address, "sub": "alice"}
    assert (known["user"], known["admin"]) == ("alice", False)


def test_further_claims_are_asked_for(
    guarded: Guarded, certified_provider: CertifiedProvider
) -> None:
    visitor = guarded(documented("WithUserinfo"))
    visitor.get(certified_provider.consent(visitor.client, visitor.begin()))
    known = visitor.whoami()
    assert known["session"]["user"]["email_verified"] is True
    assert (known["user"], known["admin"]) == ("alice@example.com", True)


def test_a_login_without_pkce_is_refused(
    guarded: Guarded, certified_provider: CertifiedProvider
) -> None:
    visitor = guarded(client_kwargs={"scope": "openid", "code_challenge_method": None})
    refused = visitor.get(certified_provider.consent(visitor.client, visitor.begin()))
    assert refused.status_code == 401
    assert refused.text.startswith("invalid_request: Authorization Server policy requires PKCE")
    assert visitor.call_back().status_code == 401


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "invalid_grant"),
        # The nonce alone binds the code to the login.
        (
            {
                "without_pkce": True,
                "client_kwargs": {"scope": "openid", "code_challenge_method": None},
            },
            "nonce",
        ),
    ],
)
def test_a_code_of_another_login_is_refused(
    guarded: Guarded,
    visit: Visit,
    certified_provider: CertifiedProvider,
    options: dict[str, Any],
    reason: str,
) -> None:
    attacker = guarded(**options)
    victim = visit(attacker.address)
    stolen = parameters(certified_provider.consent(attacker.client, attacker.begin()))["code"]
    own = certified_provider.consent(victim.client, victim.begin(), "bob")
    refused = victim.get(own.replace(parameters(own)["code"], stolen))
    assert refused.status_code == 401
    assert reason in refused.text
    assert victim.call_back().status_code == 401


def test_a_code_counts_once(
    guarded: Guarded, visit: Visit, certified_provider: CertifiedProvider
) -> None:
    visitor = guarded()
    back = certified_provider.consent(visitor.client, visitor.begin())
    thief = visit(visitor.address)
    thief.client.cookies.set("session", visitor.cookie, domain="127.0.0.1", path="/")
    assert visitor.get(back).status_code == 302
    refused = thief.get(back)
    assert (refused.status_code, refused.text[:13]) == (401, "invalid_grant")
    assert thief.call_back().status_code == 401


def test_a_user_refuses(guarded: Guarded, certified_provider: CertifiedProvider) -> None:
    visitor = guarded()
    refused = visitor.get(certified_provider.refuse(visitor.client, visitor.begin()))
    assert (refused.status_code, refused.text[:13]) == (401, "access_denied")
    assert visitor.call_back().status_code == 401


def test_a_refresh_token_is_asked_for(
    guarded: Guarded, certified_provider: CertifiedProvider
) -> None:
    # Without `prompt` the scope is ignored (OpenID Connect Core, section 11).
    asked = {"prompt": "consent"}
    offline = {"scope": "openid offline_access"}
    visitor = guarded(client_kwargs=offline, authorize_redirect_kwargs=asked)
    visitor.get(certified_provider.consent(visitor.client, visitor.begin()))
    assert len(visitor.whoami()["session"]["refresh_token"]) > 20


@pytest.mark.parametrize("there", [False, True])
def test_logging_out_there_is_for_the_app_to_ask(
    guarded: Guarded,
    certified_provider: CertifiedProvider,
    there: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = guarded(documented("LogsOutThere") if there else OIDCAuth)
    monkeypatch.setenv("APP_URL", f"{visitor.address}/")
    asked = visitor.get("/oidc/logout", **OWN_LINK)
    assert (asked.status_code, "Logged out" in asked.text) == (200, True)
    visitor.get(certified_provider.consent(visitor.client, visitor.begin()))
    cross = visitor.get("/oidc/logout", **{"Sec-Fetch-Site": "cross-site"})
    assert "Log out?" in cross.text
    assert visitor.whoami()["user"] == "alice"
    out = visitor.get("/oidc/logout", **OWN_LINK)
    assert visitor.call_back().status_code == 401
    if there:
        end = certified_provider.walk(visitor.client, out.headers["Location"], logout="yes")
        assert end == f"{visitor.address}/"
    visitor.get(certified_provider.consent(visitor.client, visitor.begin(), "bob"))
    assert visitor.whoami()["user"] == ("bob" if there else "alice")


def test_a_button_on_the_login_page(
    serve: Serve, visit: Visit, certified_provider: CertifiedProvider
) -> None:
    app = make_app()
    auth = FormAuth(app, {"carol": "wonderland"}, secret_key=KEY)
    address = serve(app)
    # Also once the app is served.
    certified_provider.register(auth, address)
    visitor = visit(address)
    begun = visitor.begin("/login/idp?next=/whoami")
    back = visitor.get(certified_provider.consent(visitor.client, begun))
    done = visitor.get(back.headers["Location"])
    assert (done.status_code, done.headers["Location"]) == (303, "/whoami")
    known = visitor.whoami()
    assert (known["user"], known["session"]["idp"]) == ("alice", "idp")
    out = visitor.client.post(
        f"{address}/logout", headers=OWN_LINK, allow_redirects=False, timeout=20
    )
    assert out.headers["Location"] == "/login?logged_out=1"
    assert visitor.call_back().status_code == 401
