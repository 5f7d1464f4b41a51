"""Several tabs of one browser, and callbacks that nobody waits for any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import pytest
from dash_auth import OIDCAuth

from .apps import KEY, make_app, register
from .mock_provider import Provider, parameters
from .servers import session_of, signed
from .visitor import OWN_LINK, Visit, Visitor

pytestmark = pytest.mark.usefixtures("each_server")
Guarded = Callable[..., Visitor]


@pytest.fixture
def guarded(visit: Visit, provider: Provider) -> Guarded:
    """Give `guarded(prefix)`: a visitor of an app that the provider knows."""

    def guarded(prefix: str = "/") -> Visitor:
        app = make_app(prefix)
        register(OIDCAuth(app, secret_key=KEY), provider)
        visitor = visit(app)
        visitor.server = app.server  # type: ignore[attr-defined]
        return visitor

    return guarded


def demand_a_page_to_begin_anew(visitor: Visitor, provider: Provider, location: str) -> None:
    page = visitor.get(location)
    assert page.status_code == 400
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Traceback" not in page.text
    link = page.text.split('href="')[1].split('"')[0]
    assert visitor.get(link).headers["Location"].startswith(provider.address)


@pytest.mark.parametrize(
    "order", [(0, 1), (1, 0), (0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3)]
)
@pytest.mark.parametrize("length", [0, 450])
def test_each_tab_ends_in_the_app(
    guarded: Guarded, provider: Provider, order: Sequence[int], length: int
) -> None:
    visitor = guarded()
    begun = [visitor.begin(f"/{number}/" + "x" * length) for number in range(len(order))]
    for number in order:
        back = visitor.get(provider.consent(begun[number], "alice"))
        assert back.status_code == 302
        # Where the cookie is too small, the paths give way.
        targets = {f"/{number}/" + "x" * length} | ({"/"} if length else set())
        assert back.headers["Location"] in targets
        assert len(visitor.cookie) < 4000
        assert visitor.whoami()["user"] == "alice@example.com"
    assert "_dash_auth_pending" not in session_of(visitor.server, visitor.cookie)  # type: ignore[attr-defined]


def test_the_sixth_tab_takes_the_place_of_the_first(guarded: Guarded, provider: Provider) -> None:
    visitor = guarded()
    begun = [visitor.begin(f"/{number}") for number in range(6)]
    first, last = (provider.consent(begun[number], "alice") for number in (0, 5))
    demand_a_page_to_begin_anew(visitor, provider, first)
    assert visitor.get(last).headers["Location"] == "/5"
    assert visitor.get(first).headers["Location"] == "/"


def test_a_tab_that_is_another_user_at_the_provider_changes_the_user(
    guarded: Guarded, provider: Provider
) -> None:
    visitor = guarded()
    begun = [visitor.begin() for _ in range(2)]
    for location, sub in zip(begun, ("alice", "bob"), strict=True):
        assert visitor.get(provider.consent(location, sub)).status_code == 302
        assert visitor.whoami()["user"] == f"{sub}@example.com"


@pytest.mark.parametrize("prefix", ["/", "/app/"])
def test_the_redirect_uri_asked_for_again(
    guarded: Guarded, visit: Visit, provider: Provider, prefix: str
) -> None:
    visitor = guarded(prefix)
    location = provider.consent(visitor.begin(f"{prefix}reports"), "alice")
    assert visitor.get(location).headers["Location"] == f"{prefix}reports"
    bare = location.split("?")[0]
    for again in (location, bare, f"{bare}?error=access_denied&state=x"):
        before = visitor.cookie
        assert visitor.get(again).headers["Location"] == prefix
        assert visitor.cookie == before
    stranger = visit(visitor.address)
    demand_a_page_to_begin_anew(stranger, provider, location)
    visitor.get("/oidc/logout", **OWN_LINK)
    demand_a_page_to_begin_anew(visitor, provider, location)


def test_nobody_is_logged_in_by_the_callback_of_another(
    guarded: Guarded, visit: Visit, provider: Provider
) -> None:
    victim = guarded()
    attacker = visit(victim.address)
    forged = provider.consent(attacker.begin(), "bob")
    victim.begin()
    demand_a_page_to_begin_anew(victim, provider, forged)
    assert victim.call_back().status_code == 401
    victim.log_in(provider)
    assert victim.get(forged).headers["Location"] == "/"
    assert victim.whoami()["user"] == "alice@example.com"


def test_who_is_logged_in_can_log_in_as_another(guarded: Guarded, provider: Provider) -> None:
    visitor = guarded()
    visitor.log_in(provider)
    begun = visitor.get("/oidc/idp/login")
    assert begun.status_code == 302
    # Until it has come back, nothing changes.
    assert visitor.whoami()["user"] == "alice@example.com"
    back = visitor.get(provider.consent(begun.headers["Location"], "bob"))
    assert back.headers["Location"] == "/"
    assert visitor.whoami()["user"] == "bob@example.com"


def test_the_verifier_is_in_no_cookie(guarded: Guarded, provider: Provider) -> None:
    visitor = guarded()
    begun = visitor.begin()
    held = session_of(visitor.server, visitor.cookie)  # type: ignore[attr-defined]
    ((idp, state, _, proof, target),) = held["_dash_auth_pending"]
    sent = parameters(begun)
    redirect_uri = f"{visitor.address}/oidc/idp/callback"
    assert (idp, state, target) == ("idp", sent["state"], "/")
    assert proof == {"redirect_uri": redirect_uri, "code_verifier": True, "nonce": True}
    assert sent["nonce"] != parameters(visitor.begin())["nonce"]


@pytest.mark.parametrize("pending", ["x", {}, [1, [], ["idp"], ["idp", "x", "y", {}, None]], None])
def test_a_session_of_another_make(guarded: Guarded, provider: Provider, pending: object) -> None:
    visitor = guarded()
    odd = {"_dash_auth_pending": pending, "user": {"sub": "a\ud800"}, "idp": "i\ud800"}
    odd["_dash_auth"] = {"id": "\ud800", "values": {"user": "\ud800"}}
    odd["_dash_auth_target"] = "/\ud800"
    cookie = signed(visitor.server, odd)  # type: ignore[attr-defined]
    for path in ("/oidc/idp/callback?state=x", "/oidc/idp/login", "/", "/whoami", "/oidc/logout"):
        visitor.client.cookies.clear()
        visitor.client.cookies.set("session", cookie, domain="127.0.0.1", path="/")
        assert visitor.get(path).status_code < 500
    visitor.client.cookies.set("session", cookie, domain="127.0.0.1", path="/")
    back = visitor.get(provider.consent(visitor.begin("/oidc/idp/login"), "alice"))
    assert urlsplit(back.headers["Location"]).path == "/"
    assert visitor.whoami()["user"] == "alice@example.com"
