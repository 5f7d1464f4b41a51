"""Providers on the login page of FormAuth, beside the form and in its place."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from dash_auth import FormAuth, explain

from .apps import ALICE, KEY, make_app
from .mock_provider import Provider, parameters
from .visitor import NAVIGATE, Visit, Visitor

pytestmark = pytest.mark.usefixtures("each_server")

USERS = {"carol": "the password of carol", "alice": "the password of alice"}
FAILED = "The login did not succeed. Please try again."
OWN_PAGE = {**NAVIGATE, "Sec-Fetch-Site": "same-origin"}


def form_auth(app: Any, users: Any = None, **options: Any) -> FormAuth:
    return FormAuth(app, users, secret_key=KEY, **options)


def register(auth: FormAuth, provider: Provider, name: str = "idp", **options: Any) -> None:
    auth.register_provider(
        name,
        client_id=f"client-{name}",
        client_secret="the-client-secret",
        server_metadata_url=provider.metadata_url,
        client_kwargs={"scope": "openid email profile"},
        **options,
    )


def post(visitor: Visitor, path: str, **fields: str) -> requests.Response:
    """Send a form of the app's own."""
    return visitor.client.post(
        visitor.address + path, data=fields, headers=OWN_PAGE, allow_redirects=False, timeout=20
    )


def log_in_by_form(visitor: Visitor, name: str) -> requests.Response:
    return post(visitor, "/login", username=name, password=USERS[name])


def log_in(
    visitor: Visitor, provider: Provider, sub: str = "alice", path: str = "/login/idp"
) -> requests.Response:
    """Log in through a provider, and return the answer of the callback."""
    return visitor.get(provider.consent(visitor.begin(path), sub))


def who(visitor: Visitor) -> str | None:
    """Return whom the app takes the browser for, None where it may not see the app."""
    answer = visitor.get("/whoami", **{"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"})
    assert answer.status_code in (200, 401, 403), answer.text
    return answer.json()["user"] if answer.status_code == 200 else None


def links(page: requests.Response) -> list[str]:
    return re.findall(r'<a class="provider[^"]*" href="([^"]*)"', page.text)


def test_two_providers_and_a_form_on_one_page(
    visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    app = make_app()
    auth = form_auth(app, USERS)
    register(auth, provider, "idp")
    register(auth, old_provider, "my old one", label="The old one")
    visitor = visit(app)
    asked = visitor.get("/whoami?a=1")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/login?next=/whoami%3Fa%3D1")
    page = visitor.get(asked.headers["Location"])
    assert 'name="password"' in page.text
    assert "Continue with idp" in page.text and "Continue with The old one" in page.text
    first, second = links(page)
    assert first == "/login/idp?next=/whoami%3Fa%3D1"
    assert second == "/login/my%20old%20one?next=/whoami%3Fa%3D1"
    for link, there, idp in ((first, provider, "idp"), (second, old_provider, "my old one")):
        back = log_in(visitor, there, path=link)
        assert back.status_code == 303
        done = visitor.get(back.headers["Location"])
        assert (done.status_code, done.headers["Location"]) == (303, "/whoami?a=1")
        known = visitor.whoami()
        assert (known["user"], known["session"]["idp"]) == ("alice@example.com", idp)
        assert known["session"]["user"].items() >= ALICE.items()
        assert known["admin"]
    assert visitor.call_back().status_code == 200
    assert post(visitor, "/logout").headers["Location"] == "/login?logged_out=1"
    assert who(visitor) is None
    assert log_in_by_form(visitor, "carol").status_code == 303
    known = visitor.whoami()
    assert known["session"] == {
        "user": {"email": "carol", "groups": []},
        "idp": None,
        "refresh_token": None,
    }


def test_providers_alone_have_no_form(visit: Visit, provider: Provider) -> None:
    app = make_app("/app/")
    auth = form_auth(app)
    register(auth, provider)
    visitor = visit(app)
    page = visitor.get("/app/login")
    assert page.status_code == 200
    assert "<form" not in page.text
    assert post(visitor, "/app/login", username="carol", password="x").status_code == 403
    begun = visitor.begin(links(page)[0])
    assert urlsplit(parameters(begun)["redirect_uri"]).path == "/app/login/idp/callback"
    done = visitor.get(visitor.get(provider.consent(begun, "alice")).headers["Location"])
    assert done.headers["Location"] == "/app/"
    assert visitor.whoami("/app/whoami")["user"] == "alice@example.com"
    assert explain(app).protected_by == "FormAuth"


def test_with_neither_users_nor_a_provider_everybody_is_refused(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    form_auth(app)
    with pytest.raises(ValueError, match="register_provider"):
        explain(app)
    visitor = visit(app)
    assert visitor.get("/login").status_code == 503
    assert post(visitor, "/login", username="a", password="b").status_code == 503
    assert "register_provider" in caplog.text
    assert who(visitor) is None
    for path in ("/login/idp", "/login/idp/callback?code=x&state=y"):
        assert visitor.get(path).status_code == 404
    assert visitor.get("/login/login.css").status_code == 200


def test_what_comes_to_nothing_shows_the_page(visit: Visit, provider: Provider) -> None:
    app = make_app()
    auth = form_auth(app, USERS)
    register(auth, provider)
    auth.register_provider(
        "gone", client_id="c", server_metadata_url="http://127.0.0.1:9/.well-known/x"
    )
    visitor = visit(app)
    begun = visitor.begin("/login/idp?next=/whoami")
    refused = visitor.get(provider.refuse(begun))
    assert refused.status_code == 401
    assert FAILED in refused.text
    assert "access_denied" not in refused.text
    # From there the same way leads on.
    assert links(refused)[0] == "/login/idp?next=/whoami"
    back = provider.consent(visitor.begin("/login/idp"), "alice")
    for wrong in (
        back.replace("state=", "state=x"),
        back.split("?")[0],
        f"{visitor.address}/login/idp/callback?error=login_required",
    ):
        answer = visitor.get(wrong)
        assert (answer.status_code, FAILED in answer.text) == (400, True), answer.text
    assert who(visitor) is None
    # It is another browser's.
    assert visit(visitor.address).get(back).status_code == 400
    gone = visitor.get("/login/gone")
    assert gone.status_code == 502
    assert "The login service is not answering." in gone.text
    assert visitor.get(back).status_code == 303
    assert visitor.get(back).headers["Location"] == "/"


@pytest.mark.parametrize(
    "foreign", ["//evil.example", "https://evil.example", "/\\evil.example", "/login", "/logout"]
)
def test_a_login_leads_to_no_other_site(visit: Visit, provider: Provider, foreign: str) -> None:
    app = make_app()
    register(form_auth(app), provider)
    visitor = visit(app)
    back = log_in(visitor, provider, path=f"/login/idp?next={foreign}")
    assert back.headers["Location"] == "/login/done?next=/"
    assert visitor.get(back.headers["Location"]).headers["Location"] == "/"


def test_one_login_takes_the_place_of_the_other(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(form_auth(app, USERS), provider)
    visitor = visit(app)

    def copy() -> Visitor:
        other = visit(visitor.address)
        other.client.cookies.update(visitor.client.cookies)
        return other

    log_in_by_form(visitor, "carol")
    carol = copy()
    log_in(visitor, provider)
    alice = copy()
    assert (who(visitor), who(carol)) == ("alice@example.com", None)
    log_in(visitor, provider, "bob")
    bob = copy()
    assert (who(visitor), who(alice)) == ("bob@example.com", None)
    log_in_by_form(visitor, "carol")
    assert (who(visitor), who(bob), who(carol)) == ("carol", None, None)
    assert visitor.whoami()["session"]["idp"] is None
    assert len([name for name in visitor.client.cookies.keys() if "dash_auth_" in name]) <= 2


def test_a_ticket_counts_for_the_login_that_wrote_it_alone(
    visit: Visit, provider: Provider
) -> None:
    """The provider's user has the very name of an account, and no address."""
    with provider.goes_wrong(without=["email", "email_verified"]):
        app = make_app()
        register(form_auth(app, USERS), provider)
        visitor = visit(app)
        log_in(visitor, provider)
        known = visitor.whoami()
        assert known["session"]["user"]["sub"] == known["user"] == "alice"
        assert known["groups"] == ["admin", "staff"]
        assert post(visitor, "/logout").status_code == 303
        log_in_by_form(visitor, "alice")
        assert visitor.whoami()["groups"] == []


@pytest.mark.parametrize(
    ("claims", "name", "enters"),
    [
        ({}, "alice@example.com", True),
        ({"email_verified": False}, "alice", False),
        ({"email_verified": "true"}, "alice", False),
        ({"email_verified": None}, "alice", False),
    ],
)
def test_an_address_counts_that_the_provider_has_verified(
    visit: Visit, provider: Provider, claims: dict[str, Any], name: str, enters: bool
) -> None:
    app = make_app()
    asked = []

    def allow(user: Any) -> bool:
        asked.append(user.name)
        return user.email == "alice@example.com"

    register(form_auth(app, allow=allow), provider)
    visitor = visit(app)
    with provider.goes_wrong(claims={"preferred_username": "alice@example.com", **claims}):
        log_in(visitor, provider)
    page = visitor.get("/whoami")
    assert page.status_code == (200 if enters else 403)
    assert set(asked) == {name}
    if enters:
        assert page.json()["session"]["user"]["email"] == "alice@example.com"
    else:
        assert name in page.text
        assert "<form" in page.text


def test_a_provider_that_says_nothing_of_addresses_can_be_trusted(
    visit: Visit, provider: Provider
) -> None:
    app = make_app()
    auth = form_auth(app)
    register(auth, provider)
    register(auth, provider, "ours", trust_email=True)
    visitor = visit(app)
    with provider.goes_wrong(without=["email_verified"]):
        log_in(visitor, provider)
        assert who(visitor) == "alice"
        log_in(visitor, provider, path="/login/ours")
        assert who(visitor) == "alice@example.com"
    with provider.goes_wrong(claims={"email_verified": False}):
        log_in(visitor, provider, path="/login/ours")
        assert who(visitor) == "alice"


def test_a_login_is_logged_out_by_the_app_too(visit: Visit, provider: Provider) -> None:
    from .servers import add_page

    app = make_app()
    register(form_auth(app, USERS), provider)

    def leave(session: Any) -> str:
        session.clear()
        return "left"

    add_page(app.server, "/leave", leave)
    visitor = visit(app)
    for log_in_somehow in (
        lambda: log_in(visitor, provider),
        lambda: log_in_by_form(visitor, "carol"),
    ):
        log_in_somehow()
        assert who(visitor) is not None
        assert visitor.get("/leave").status_code == 200
        assert who(visitor) is None
