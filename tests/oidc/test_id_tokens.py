"""What an ID token has to be: the provider goes wrong in one thing at a time."""

from __future__ import annotations

from typing import Any

import pytest
from dash_auth import OIDCAuth

from .apps import KEY, make_app, register
from .mock_provider import Provider, parameters
from .visitor import Visit, Visitor

pytestmark = pytest.mark.usefixtures("each_server")

MALLORY = {"sub": "root", "email": "root@example.com", "groups": ["admin"]}
STATED = ["RS256", "HS256", "none"]


def visitor_of(visit: Visit, provider: Provider, **options: Any) -> Visitor:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider, **options)
    return visit(app)


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        # Only a verified ID token names the user.
        ({"answer": {"userinfo": MALLORY}, "without": ["id_token"]}, "named no user"),
        ({"answer": {"userinfo": MALLORY, "id_token": None}}, ""),
        ({"answer": {"userinfo": MALLORY, "id_token": ""}}, ""),
        ({"answer": {"userinfo": MALLORY, "id_token": [1]}}, ""),
        ({"key": "other"}, ""),
        ({"header": {"kid": "another"}}, ""),
        ({"key": "none"}, ""),
        ({"key": "none", "metadata": {"id_token_signing_alg_values_supported": STATED}}, ""),
        ({"key": "public"}, ""),
        ({"key": "public", "metadata": {"id_token_signing_alg_values_supported": STATED}}, ""),
        ({"key": "public", "header": {"kid": None}}, ""),
        # OpenID Connect Core, section 3.1.3.7.
        ({"claims": {"iss": "http://evil.example"}}, "iss"),
        ({"without": ["iss"]}, "iss"),
        ({"claims": {"aud": "another"}}, "azp"),
        ({"claims": {"aud": "another", "azp": "client-idp"}}, "the aud of the ID token"),
        ({"claims": {"aud": ["another"], "azp": "client-idp"}}, "the aud of the ID token"),
        ({"claims": {"aud": ["x", "y"], "azp": "client-idp"}}, "the aud of the ID token"),
        ({"claims": {"aud": "", "azp": "client-idp"}}, "the aud of the ID token"),
        ({"claims": {"aud": [], "azp": "client-idp"}}, "the aud of the ID token"),
        ({"claims": {"aud": {"client-idp": 1}, "azp": "client-idp"}}, "aud"),
        ({"claims": {"aud": "not-client-idp", "azp": "client-idp"}}, "the aud of the ID token"),
        ({"without": ["aud"]}, "aud"),
        ({"claims": {"aud": ["client-idp", "another"]}}, "azp"),
        ({"claims": {"aud": ["client-idp", "another"], "azp": "another"}}, "azp"),
        ({"claims": {"azp": "another"}}, "azp"),
        ({"claims": {"azp": ""}}, "azp"),
        ({"claims": {"exp": 1}}, "expired"),
        ({"claims": {"exp": "never"}}, "exp"),
        ({"without": ["exp"]}, "exp"),
        ({"claims": {"iat": 4_000_000_000}}, ""),
        ({"without": ["iat"]}, "iat"),
        ({"claims": {"nonce": "of another login"}}, "nonce"),
        ({"claims": {"nonce": "of another login", "nonce_supported": False}}, "nonce"),
        ({"without": ["nonce"]}, "nonce"),
        ({"claims": {"nonce_supported": False}, "without": ["nonce"]}, "nonce"),
        # Nobody.
        *(({"claims": {"sub": sub}}, "names nobody") for sub in ("", " ", "\t\n")),
        *(({"claims": {"sub": sub}}, "sub") for sub in (7, None, ["x"], {"x": 1})),
        ({"without": ["sub"]}, "sub"),
        ({"claims": {"sub": "a\ud800"}}, "no Unicode text"),
    ],
    ids=str,
)
def test_an_id_token_that_proves_nothing(
    visit: Visit,
    provider: Provider,
    faults: dict[str, Any],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with provider.goes_wrong(**faults):
        visitor = visitor_of(visit, provider)
        refused = visitor.log_in(provider)
    assert refused.status_code == 401, refused.text
    assert reason in refused.text
    assert visitor.call_back().status_code == 401
    assert "Traceback" not in caplog.text
    assert ("A login through idp failed" in caplog.text) != ("named no user" in reason)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "client-idp"},
        {"aud": ["client-idp"], "azp": "client-idp"},
        {"aud": ["client-idp", "another"], "azp": "client-idp"},
    ],
    ids=str,
)
def test_an_id_token_that_is_right(
    visit: Visit, provider: Provider, claims: dict[str, Any]
) -> None:
    with provider.goes_wrong(claims=claims, answer={"userinfo": MALLORY}):
        visitor = visitor_of(visit, provider)
        assert visitor.log_in(provider).status_code == 302
    assert visitor.whoami()["user"] == "alice@example.com"


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"sub": {"essential": True}}, 401),
        ({"iss": {"values": ["http://tenant.example"]}}, 302),
    ],
    ids=str,
)
def test_the_issuer_is_the_providers_unless_the_developer_names_others(
    visit: Visit, provider: Provider, options: dict[str, Any], status: int
) -> None:
    with provider.goes_wrong(claims={"iss": "http://tenant.example"}):
        kwargs = {"claims_options": options}
        visitor = visitor_of(visit, provider, authorize_token_kwargs=kwargs)
        assert visitor.log_in(provider).status_code == status


def test_claims_that_no_page_could_show_are_made_readable(visit: Visit, provider: Provider) -> None:
    odd = {
        "email": "a\ud800@b",
        "name": "\udc00",
        "x\ud800": [{"deep": ["\ud800b", 1, None, True]}],
    }
    with provider.goes_wrong(claims=odd):
        visitor = visitor_of(visit, provider)
        assert visitor.log_in(provider).status_code == 302
    user = visitor.whoami()["session"]["user"]
    assert (user["email"], user["name"]) == ("a\ufffd@b", "\ufffd")
    assert user["x\ufffd"] == [{"deep": ["\ufffdb", 1, None, True]}]


def test_claims_that_are_nested_beyond_reason(visit: Visit, provider: Provider) -> None:
    deep: list[Any] = []
    for _ in range(800):
        deep = [deep]
    with provider.goes_wrong(claims={"deep": deep}):
        visitor = visitor_of(visit, provider)
        assert visitor.log_in(provider).status_code == 401
    assert visitor.call_back().status_code == 401


@pytest.mark.parametrize("answer", ["[1]", '"text"', "null", "{", "[]", "\ud800"])
def test_a_token_answer_that_is_none(visit: Visit, provider: Provider, answer: str) -> None:
    with provider.goes_wrong(text=answer):
        visitor = visitor_of(visit, provider)
        assert visitor.log_in(provider).status_code == 401


def test_what_a_provider_says_is_one_line_of_the_log(
    visit: Visit, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    said = '{"error": "e\\nUser root is logging in.", "error_description": "\\u001b[31m\\ud800"}'
    with provider.goes_wrong(text=said):
        visitor = visitor_of(visit, provider)
        refused = visitor.log_in(provider)
    assert (refused.status_code, refused.text) == (401, "eUser root is logging in.: [31m")
    (line,) = (record.getMessage() for record in caplog.records if "failed" in record.getMessage())
    assert line.isprintable() and "\\nUser root" in line


@pytest.mark.parametrize("value", ["%ED%A0%80", "%FF", "%00", "%0A", ""])
def test_odd_parameters_are_no_error(visit: Visit, provider: Provider, value: str) -> None:
    visitor = visitor_of(visit, provider)
    for name in ("state", "code", "error", "error_description", "iss"):
        for query in ("", f"&state={parameters(visitor.begin())['state']}"):
            answer = visitor.get(f"/oidc/idp/callback?{name}={value}{query}")
            assert answer.status_code in (400, 401)
    assert visitor.get(f"/oidc/{value}/callback").status_code in (302, 400, 404)
