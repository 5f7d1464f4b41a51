"""What is redirected to a provider, and where the user comes back to."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from dash import Dash, html
from dash_auth import OIDCAuth

from .apps import KEY, Direct, make_app, register
from .mock_provider import Provider
from .servers import add_page, new_server
from .visitor import NAVIGATE, OWN_LINK, Visit

pytestmark = pytest.mark.usefixtures("each_server")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 302),
        ("GET", {"Accept": "text/html,*/*;q=0.8"}, 302),
        ("GET", {"Accept": "*/*"}, 302),
        ("GET", {"Accept": "application/json"}, 401),
        ("GET", {"Sec-Fetch-Mode": "cors", "Accept": "*/*"}, 401),
        ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 401),
        ("GET", NAVIGATE, 302),
        ("POST", {}, 401),
        ("POST", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}, 302),
        ("HEAD", {}, 401),
    ],
)
def test_only_a_navigation_is_redirected(
    direct: Callable[..., Direct], method: str, headers: dict[str, str], status: int
) -> None:
    answer = direct().client.open("/reports", method=method, headers=headers)
    assert answer.status_code == status
    assert ("Set-Cookie" in answer.headers) == (status == 302)


def test_a_callback_that_is_refused_is_not_come_back_to(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    refused = visitor.call_back()
    assert refused.status_code == 401
    assert "Set-Cookie" not in refused.headers and "Location" not in refused.headers
    begun = visitor.client.post(
        f"{visitor.address}/form", headers=NAVIGATE, allow_redirects=False, timeout=20
    )
    back = visitor.get(provider.consent(begun.headers["Location"], "alice"))
    assert back.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/"),
        ("/a/b?c=d", "/a/b?c=d"),
        ("/a%20b%25c%3Fd", "/a%20b%25c%3Fd"),
        ("/%5Cevil.example", "/%5Cevil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("/%0d%0aSet-Cookie:a=b", "/%0D%0ASet-Cookie:a=b"),
        ("/a?next=//evil.example", "/a?next=//evil.example"),
        ("/a?" + "q" * 600, "/a"),
        ("/" + "p" * 600, "/"),
    ],
)
def test_the_way_back_stays_on_the_origin(
    visit: Visit, provider: Provider, path: str, target: str
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    assert visitor.log_in(provider, path=path).headers["Location"] == target


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", 1]
)
def test_the_way_back_is_no_other_host(direct: Callable[..., Direct], target: object) -> None:
    here = direct()
    with here.client.session_transaction() as session:
        waiting = ["idp", "the-state", int(time.time()) + 100, {}, target]
        session["_dash_auth_pending"] = [1, [], waiting]
    answer = here.client.get("/oidc/idp/callback?state=the-state")
    assert answer.headers["Location"] == "/"


def test_a_prefix_is_kept(visit: Visit, provider: Provider) -> None:
    app = make_app("/app/")
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    assert (
        visitor.log_in(provider, path="/app/reports?x=1").headers["Location"] == "/app/reports?x=1"
    )
    assert visitor.whoami("/app/whoami")["user"] == "alice@example.com"
    assert 'href="/app/"' in visitor.get("/oidc/logout", Accept="text/html", **OWN_LINK).text


def test_a_stripped_prefix_is_put_back(direct: Callable[..., Direct]) -> None:
    prefixes = {"routes_pathname_prefix": "/inside/", "requests_pathname_prefix": "/outside/"}
    here = direct(app=Dash(__name__, server=new_server(), **prefixes))
    here.app.layout = html.Div()
    add_page(here.app.server, "/beside", str)
    for path, target in (("/inside/x", "/outside/x"), ("/beside", "/beside")):
        here.client.get(path)
        with here.client.session_transaction() as session:
            assert session["_dash_auth_pending"][-1][4] == target
