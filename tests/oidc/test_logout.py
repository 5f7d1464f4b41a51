"""Logging out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dash_auth import OIDCAuth

from .apps import KEY, Direct, make_app, register
from .mock_provider import Provider
from .servers import response
from .visitor import NAVIGATE, Visit

pytestmark = pytest.mark.usefixtures("each_server")


def test_logging_out_ends_the_login(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    visitor.log_in(provider)
    out = visitor.get("/oidc/logout", **{"Sec-Fetch-Site": "same-origin"})
    assert out.status_code == 200
    assert "Logged out successfully" in out.text
    assert visitor.client.cookies.get("session") is None
    assert visitor.call_back().status_code == 401


def test_another_site_logs_nobody_out(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    cross = {"Sec-Fetch-Site": "cross-site"}
    embedded = {**cross, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    for headers in ({**cross, "Sec-Fetch-Dest": "image"}, embedded, cross):
        assert here.client.get("/oidc/logout", headers=headers).status_code == 403
    asked = here.client.get("/oidc/logout", headers={**cross, **NAVIGATE})
    assert asked.status_code == 200
    assert 'href="/oidc/logout"' in asked.text
    assert here.client.get("/whoami").status_code == 200
    assert here.client.post("/oidc/logout").status_code == 405
    here.client.get("/oidc/logout")
    assert here.client.get("/whoami").status_code == 302


def test_the_page_after_logging_out_is_the_developers(direct: Callable[..., Direct]) -> None:
    assert direct(logout_page="<p>Bye</p>").client.get("/oidc/logout").text == "<p>Bye</p>"
    page = response("Gone", 203, {"X-Mine": "yes"})
    here = direct(logout_page=page)
    for _ in range(2):
        here.log_in()
        answer = here.client.get("/oidc/logout")
        assert (answer.status_code, answer.text, answer.headers["X-Mine"]) == (203, "Gone", "yes")
        set_again = [one.split("=")[0] for one in answer.raw.headers.getlist("Set-Cookie")]
        assert set_again and len(set(set_again)) == len(set_again)
    assert "Set-Cookie" not in page.headers
