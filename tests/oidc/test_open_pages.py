"""What an open page is told where logins go through a provider: the header, login and touch."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from dash_auth import OIDCAuth, add_public_routes
from dash_auth.logins.oidc.session import ProviderSession

from .apps import KEY, Direct, make_app, register
from .mock_provider import Provider
from .visitor import NAVIGATE, OWN_LINK, Visit

pytestmark = pytest.mark.usefixtures("each_server")

LOGIN, TOUCH = "/_dash-auth/login", "/_dash-auth/touch"
FETCH = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}


def test_each_refusal_says_what_it_is(direct: Callable[..., Direct]) -> None:
    client = direct().client
    assert client.get("/", FETCH).headers["Dash-Auth"] == "login"
    assert client.post("/_dash-update-component").headers["Dash-Auth"] == "login"
    begun = client.get("/", NAVIGATE)
    assert begun.status_code == 302 and "Dash-Auth" not in begun.headers
    client.ticket = "of-no-name"
    client._set("dash_auth_00000000", "of another app")
    assert client.get("/", FETCH).headers["Dash-Auth"] == "login"
    refused = client.get("/oidc/logout", {"Sec-Fetch-Site": "cross-site"})
    assert (refused.status_code, refused.headers["Dash-Auth"]) == (403, "forbidden")


def test_a_login_that_holds_no_longer_has_ended(direct: Callable[..., Direct]) -> None:
    site = direct()
    site.log_in()
    assert "Dash-Auth" not in site.client.get("/whoami", FETCH).headers
    site.client.ticket = "made-up"
    answer = site.client.get("/whoami", FETCH)
    assert (answer.status_code, answer.headers["Dash-Auth"]) == (401, "ended")


def test_the_login_leads_through_the_provider_to_where_it_was_asked_to(
    visit: Visit, provider: Provider
) -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY)
    register(auth, provider)
    visitor = visit(app)
    assert auth.login_path == LOGIN
    # Longer than what a path that is come back to may be, once it is quoted.
    wanted = "/reports?of=" + "%C3%BC" * 70
    path = f"{LOGIN}?next={quote(wanted, safe='')}"
    back = visitor.log_in(provider, "alice", path)
    assert back.headers["Location"] == wanted
    again = visitor.get(path)
    assert (again.status_code, again.headers["Location"]) == (303, wanted)
    for foreign in ("//evil.example", "https://evil.example", "/\\evil.example", LOGIN):
        again = visitor.get(f"{LOGIN}?next={quote(foreign, safe='')}")
        assert (again.status_code, again.headers["Location"]) == (303, "/")


def test_a_foreign_target_is_forgotten_before_the_provider_too(
    visit: Visit, provider: Provider
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    for foreign in ("//evil.example", "https://evil.example", "/oidc/logout", f"{LOGIN}?next=/x"):
        visitor = visit(app)
        back = visitor.log_in(provider, "alice", f"{LOGIN}?next={quote(foreign, safe='')}")
        assert back.headers["Location"] == "/"


def test_the_login_is_no_page_for_a_fetch(direct: Callable[..., Direct]) -> None:
    client = direct().client
    answer = client.get(f"{LOGIN}?next=/x", FETCH)
    assert (answer.status_code, answer.headers["Dash-Auth"]) == (401, "login")
    assert "Set-Cookie" not in answer.headers


def test_the_page_knows_the_routes_of_the_login(direct: Callable[..., Direct]) -> None:
    site = direct()
    add_public_routes(site.app, ["/"])
    site.auth.register_provider("my idp", client_id="c", client_secret="s")
    page = site.client.get("/").text
    (own,) = re.findall(r' data-own="([^"]*)"', page)
    assert unescape(own).split() == ["/oidc/logout", "/oidc/idp/login", "/oidc/my%20idp/login"]


def test_a_touch_renews_and_names_the_user(
    direct: Callable[..., Direct], monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[str] = []

    def renew(_: Any, request: Any) -> None:
        renewed.append(request.path)

    monkeypatch.setattr(ProviderSession, "renew", renew)
    site = direct()
    site.log_in()
    page = site.client.get("/").text
    (user,) = re.findall(r' data-user="(\w+)"', page)
    renewed.clear()
    look = site.client.get(TOUCH, FETCH)
    assert (look.status_code, look.headers["Dash-Auth-User"], renewed) == (204, user, [])
    touch = site.client.open(TOUCH, "POST", FETCH)
    assert (touch.status_code, touch.headers["Dash-Auth-User"], renewed) == (204, user, [TOUCH])
    foreign = site.client.open(TOUCH, "POST", {"Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, foreign.headers["Dash-Auth"]) == (403, "forbidden")
    # What the app adds to its user makes it no other one; another user is.
    site.log_in(sub="bob", email="bob@example.com")
    assert site.client.get(TOUCH, FETCH).headers["Dash-Auth-User"] not in ("", user)
    site.client.get("/oidc/logout", OWN_LINK)
    assert site.client.get(TOUCH, FETCH).headers["Dash-Auth-User"] == ""
    assert renewed == [TOUCH]
    ended = site.client.open(TOUCH, "POST", FETCH)
    assert (ended.status_code, ended.headers["Dash-Auth"]) == (401, "login")
