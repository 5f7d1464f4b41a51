"""What needs a login that is not long ago, where a provider logs users in."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from clock import Clock
from dash_auth import FormAuth, OIDCAuth, require_recent_login
from stores import MemoryStore

from .apps import KEY, make_app, register
from .certified_provider import CertifiedProvider
from .mock_provider import Provider, parameters
from .servers import Chosen, add_page, response
from .test_form_providers import links, post
from .visitor import Serve, Visit, Visitor

pytestmark = pytest.mark.usefixtures("each_server")

RECENT = 600
NOT_ASKED = "does not say that it asked you to log in again"
FETCH = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


def paying(kind: Any = OIDCAuth, **options: Any) -> Any:
    """Return a guarded app with a page that needs a recent login, and its guard."""
    app = make_app()

    def pay(_: Mapping[str, Any]) -> str:
        return f"paid by {require_recent_login(RECENT)}"

    add_page(app.server, "/pay", pay)
    users = {"users": {"carol": "the password of carol"}} if kind is FormAuth else {}
    return app, kind(app, **users, secret_key=KEY, **options)


def pays(visitor: Visitor) -> bool:
    """Tell whether a visitor may pay, or is to log in again."""
    answer = visitor.get("/pay", **FETCH)
    assert (answer.status_code, answer.headers.get("Dash-Auth")) in ((200, None), (401, "recent"))
    assert ("paid by" in answer.text) is (answer.status_code == 200)
    return answer.status_code == 200


def says_nothing(provider: Provider, **faults: Any) -> Any:
    """Have the provider not say when it asked the user."""
    return provider.goes_wrong(without=["auth_time"], **faults)


def says(provider: Provider, ago: float = 0, **claims: Any) -> Any:
    """Have the provider say how long ago it asked the user."""
    return provider.goes_wrong(claims={"auth_time": int(time.time() - ago), **claims})


def test_a_login_counts_from_when_the_provider_asked(
    visit: Visit, provider: Provider, clock: Clock
) -> None:
    app, auth = paying()
    register(auth, provider)
    visitor = visit(app)
    with says(provider, ago=RECENT - 60):
        visitor.log_in(provider)
    assert pays(visitor)
    clock.advance(90)
    assert not pays(visitor)
    assert visitor.whoami()["user"] == "alice@example.com"


def test_the_provider_is_told_to_ask_and_leads_back(visit: Visit, provider: Provider) -> None:
    app, auth = paying()
    register(auth, provider)
    visitor = visit(app)
    with says_nothing(provider):
        visitor.log_in(provider)
    # It says nothing of when: that it sent the user back just now proves nothing.
    assert not pays(visitor)
    before = visitor.ticket
    begun = visitor.begin("/pay?for=tea")
    assert (parameters(begun)["max_age"], parameters(begun)["prompt"]) == ("0", "login")
    with says(provider):
        back = visitor.get(provider.consent(begun, "alice"))
    assert (back.status_code, back.headers["Location"]) == (302, "/pay?for=tea")
    assert visitor.get("/pay?for=tea").text.strip('"') == "paid by alice@example.com"
    # The login before has made way.
    thief = visit(visitor.address)
    names = [name for name in visitor.client.cookies.keys() if name.startswith("dash_auth_")]
    thief.client.cookies.set(names[0], before, domain="127.0.0.1", path="/")
    assert thief.get("/whoami", **FETCH).status_code == 401


def test_the_banner_leads_to_the_provider_of_the_login(visit: Visit, provider: Provider) -> None:
    app, auth = paying()
    register(auth, provider, "one", "other")
    visitor = visit(app)
    path = "/_dash-auth/login?next=/pay&again=1"
    visitor.get(provider.consent(visitor.begin("/oidc/other/login"), "alice"))
    assert visitor.get("/_dash-auth/login?next=/pay").headers["Location"] == "/pay"
    begun = visitor.begin(path)
    assert parameters(begun)["client_id"] == "client-other"
    assert parameters(begun)["prompt"] == "login"
    with says(provider):
        back = visitor.get(provider.consent(begun, "alice"))
    assert back.headers["Location"] == "/pay"
    assert pays(visitor)


NOT_RECENT: list[dict[str, Any]] = [
    *({"claims": {"auth_time": value}} for value in (1, -1, 0, None, True, 1e300)),
    {"claims": {"auth_time": 2_000_000_000_000}},
    {"claims": {"auth_time": int(time.time() - RECENT)}},
    {"claims": {"amr": ["asked_at=NOW"]}, "without": ["auth_time"]},
    {"without": ["auth_time"]},
    {"claims": {"asked_at": 2_000_000_000}, "without": ["auth_time"]},
]


def test_a_provider_that_does_not_ask_makes_nothing_recent(
    visit: Visit, provider: Provider
) -> None:
    app, auth = paying()
    register(auth, provider)
    visitor = visit(app)
    # The rest of it is the same code on all servers.
    for faults in NOT_RECENT if Chosen.kind == "flask" else NOT_RECENT[-3:]:
        now = json.loads(json.dumps(faults).replace("NOW", str(int(time.time()))))
        with provider.goes_wrong(**now):
            visitor.log_in(provider)
            refused = visitor.get(provider.consent(visitor.begin("/pay"), "alice"))
            assert refused.status_code == 401 and NOT_ASKED in refused.text, faults
            # It stops there, and the login before goes on.
            assert visitor.whoami()["user"] == "alice@example.com"
            assert not pays(visitor), faults
            visitor.client.cookies.clear()
            visitor.log_in(provider)
        assert visitor.whoami()["user"] == "alice@example.com"
        assert not pays(visitor), faults
        visitor.client.cookies.clear()


@pytest.mark.parametrize("is_stored", [False, True])
def test_what_the_app_adds_to_the_user_changes_nothing_of_it(
    visit: Visit, provider: Provider, clock: Clock, is_stored: bool
) -> None:
    app, auth = paying(sessions=MemoryStore() if is_stored else None)
    register(auth, provider)

    def change(session: Any) -> str:
        session["user"] = {**session["user"], "auth_time": int(time.time() + 9000), "amr": ["x"]}
        return "changed"

    add_page(app.server, "/change", change)
    visitor = visit(app)
    with says(provider):
        visitor.log_in(provider)
    clock.advance(60)
    assert "changed" in visitor.get("/change").text
    assert visitor.whoami()["session"]["user"]["amr"] == ["x"]
    assert pays(visitor)
    clock.advance(RECENT)
    assert not pays(visitor)


@pytest.mark.parametrize("value", ["now", [1]])
def test_what_is_no_time_is_no_login(visit: Visit, provider: Provider, value: Any) -> None:
    app, auth = paying()
    register(auth, provider)
    visitor = visit(app)
    with provider.goes_wrong(claims={"auth_time": value}):
        assert visitor.log_in(provider).status_code == 401


def test_what_lies_ahead_is_now(visit: Visit, provider: Provider, clock: Clock) -> None:
    app, auth = paying()
    register(auth, provider)
    visitor = visit(app)
    with says(provider, ago=-100_000):
        visitor.log_in(provider)
    assert pays(visitor)
    clock.advance(RECENT + 1)
    assert not pays(visitor)


@pytest.mark.parametrize(
    ("own", "sent"),
    [("consent", "login consent"), ("none", "login"), ("select_account login", None)],
)
def test_what_the_developer_asks_for_is_asked_for_too(
    visit: Visit, provider: Provider, own: str, sent: str | None
) -> None:
    app, auth = paying()
    register(auth, provider, authorize_redirect_kwargs={"prompt": own, "max_age": "9000"})
    visitor = visit(app)
    begun = visitor.begin("/oidc/idp/login")
    assert (parameters(begun)["max_age"], parameters(begun)["prompt"]) == ("9000", own)
    with says(provider, ago=3600):
        visitor.get(provider.consent(begun.replace("prompt=none", "prompt=login"), "alice"))
    again = parameters(visitor.begin("/pay"))
    assert (again["max_age"], again["prompt"]) == ("0", sent or "login select_account")


def test_a_callback_of_ones_own_that_reads_no_id_token_makes_nothing_recent(
    visit: Visit, provider: Provider
) -> None:
    class Own(OIDCAuth):
        def callback(self, idp: str) -> Any:
            self.session["user"] = {"sub": "mallory", "auth_time": int(time.time())}
            return response("stored", 200, {})

    app, auth = paying(Own)
    register(auth, provider)
    visitor = visit(app)
    back = provider.consent(visitor.begin(), "alice")
    assert visitor.get(back).status_code == 200
    assert visitor.whoami()["user"] == "mallory" and not pays(visitor)
    refused = visitor.get(provider.consent(visitor.begin("/pay"), "alice"))
    assert refused.status_code == 401 and NOT_ASKED in refused.text
    assert visitor.whoami()["user"] == "mallory" and not pays(visitor)


def test_a_request_that_forges_the_wish_ends_nothing(visit: Visit, provider: Provider) -> None:
    app, auth = paying()
    register(auth, provider)
    visitor = visit(app)
    with says(provider):
        visitor.log_in(provider)
    forged = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for next_path in ("//evil.example", "https://evil.example", "/\\evil.example"):
        visitor.get(f"/_dash-auth/login?next={next_path}&again=1", **forged)
        assert pays(visitor)
        begun = visitor.begin(f"/_dash-auth/login?next={next_path}&again=1")
        with says(provider):
            assert visitor.get(provider.consent(begun, "alice")).headers["Location"] == "/"
        assert pays(visitor)


# Beside a form


def test_the_button_on_the_login_page_has_the_provider_ask(
    visit: Visit, provider: Provider
) -> None:
    app, auth = paying(FormAuth)
    register(auth, provider)
    visitor = visit(app)
    with says_nothing(provider):
        visitor.get(provider.consent(visitor.begin("/login/idp"), "alice"))
    assert not pays(visitor)
    asked = visitor.get("/pay")
    assert asked.headers["Location"] == "/login?next=/pay&again=1"
    page = visitor.get(asked.headers["Location"])
    (link,) = links(page)
    assert link == "/login/idp?next=/pay&amp;again=1"
    # The provider's user has no password here, whose name could be filled in.
    assert 'name="username" value=""' in page.text
    begun = visitor.begin("/login/idp?next=/pay&again=1")
    assert (parameters(begun)["max_age"], parameters(begun)["prompt"]) == ("0", "login")
    with says_nothing(provider):
        failed = visitor.get(provider.consent(begun, "alice"))
    assert failed.status_code == 401 and "The login did not succeed" in failed.text
    assert visitor.whoami()["user"] == "alice@example.com" and not pays(visitor)
    begun = visitor.begin(link.replace("&amp;", "&"))
    with says(provider):
        back = visitor.get(provider.consent(begun, "alice"))
    done = visitor.get(back.headers["Location"])
    assert done.headers["Location"] == "/pay"
    assert pays(visitor)


def test_the_form_may_be_the_way_of_a_providers_user_too(visit: Visit, provider: Provider) -> None:
    app, auth = paying(FormAuth)
    register(auth, provider)
    visitor = visit(app)
    with says_nothing(provider):
        visitor.get(provider.consent(visitor.begin("/login/idp"), "alice"))
    assert not pays(visitor)
    post(visitor, "/login", username="carol", password="the password of carol", again="1")
    assert visitor.whoami()["user"] == "carol"
    assert pays(visitor)


def test_a_certified_provider_asks_again(
    serve: Serve, visit: Visit, certified_provider: CertifiedProvider
) -> None:
    app, auth = paying()
    address = serve(app)
    certified_provider.register(auth, address)
    visitor = visit(address)
    visitor.get(certified_provider.consent(visitor.client, visitor.begin()))
    assert not pays(visitor)
    # It knows the browser, and sends it back with nothing asked.
    silent = visitor.client.get(visitor.begin("/oidc/idp/login"), allow_redirects=False, timeout=10)
    assert silent.headers["Location"].startswith(address)
    visitor.get(silent.headers["Location"])
    assert not pays(visitor)
    begun = visitor.begin("/pay")
    assert 'name="password"' in visitor.client.get(begun, timeout=10).text
    back = visitor.get(certified_provider.consent(visitor.client, begun))
    assert (back.status_code, back.headers.get("Location")) == (302, "/pay"), back.text
    assert pays(visitor)
