"""Logging out."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dash import html
from dash_auth import OIDCAuth, logout_button, user_menu
from dash_auth.sessions import ended
from waiting import GIVE_UP

from .apps import KEY, Client, Direct, make_app, register
from .mock_provider import Provider
from .servers import add_page, response
from .visitor import NAVIGATE, OWN_LINK, Serve, Visit

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


@pytest.mark.parametrize("worker", ["that ended the login", "that knows nothing of it"])
def test_a_late_answer_does_not_bring_the_login_back(
    direct: Callable[..., Direct], worker: str
) -> None:
    here, began, goes_on = direct(), threading.Event(), threading.Event()

    def slow(session: Any) -> str:
        session["theme"] = "dark"
        session["user"] = {**session["user"], "team": "red"}
        began.set()
        assert goes_on.wait(GIVE_UP)
        return "done"

    add_page(here.app.server, "/slow", slow)
    here.log_in()
    tab = Client(here.client.address, here.app.server)
    tab.take_over(here.client)
    with ThreadPoolExecutor(1) as browser, contextlib.closing(tab):
        late = browser.submit(tab.get, "/slow")
        try:
            assert began.wait(GIVE_UP)
            assert here.client.get("/oidc/logout", OWN_LINK).status_code == 200
        finally:
            goes_on.set()
        answer = late.result(GIVE_UP)
    assert answer.text.strip('"') == "done"
    if worker == "that knows nothing of it":
        ended._ended.clear()
    # The browser takes what comes last.
    here.client.receive(answer)
    with here.client.session_transaction() as session:
        assert session["theme"] == "dark"
    assert here.client.ticket == ""
    assert here.client.get("/whoami").status_code == 302


def test_two_apps_on_two_ports_do_not_log_each_other_out(
    serve: Serve, visit: Visit, provider: Provider
) -> None:
    """Cookies ignore ports."""
    addresses = []
    for prefix in ("/one/", "/two/"):
        app = make_app(prefix)
        register(OIDCAuth(app, secret_key=KEY), provider)
        addresses.append(serve(app))
    visitor = visit(addresses[0])
    visitor.log_in(provider, path="/one/")
    visitor.address = addresses[1]
    visitor.log_in(provider, path="/two/")
    for address, prefix in zip(addresses, ("/one/", "/two/"), strict=True):
        visitor.address = address
        assert visitor.call_back(prefix).status_code == 200
    visitor.address = addresses[1]
    assert visitor.get("/oidc/logout", **OWN_LINK).status_code == 200
    assert visitor.call_back("/two/").status_code == 401
    visitor.address = addresses[0]
    assert visitor.call_back("/one/").status_code == 200


def test_another_site_logs_nobody_out(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    cross = {"Sec-Fetch-Site": "cross-site"}
    embedded = {**cross, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    for headers in ({**cross, "Sec-Fetch-Dest": "image"}, embedded, cross):
        assert here.client.get("/oidc/logout", headers=headers).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert here.client.get("/oidc/logout", headers=headers).status_code == 403
        assert here.client.open("/oidc/logout", "POST", headers=headers).status_code == 403
    for headers in ({}, {**cross, **NAVIGATE}, {"Sec-Fetch-Site": "none", **NAVIGATE}):
        asked = here.client.get("/oidc/logout", headers=headers)
        assert asked.status_code == 200
        assert 'method="post" action="/oidc/logout"' in asked.text
    for headers in ({}, cross, {"Sec-Fetch-Site": "same-site"}):
        assert here.client.open("/oidc/logout", "POST", headers=headers).status_code == 403
    assert here.client.get("/whoami").status_code == 200
    here.client.get("/oidc/logout", OWN_LINK)
    assert here.client.get("/whoami").status_code == 302


def test_the_page_after_logging_out_is_the_developers(direct: Callable[..., Direct]) -> None:
    assert (
        direct(logout_page="<p>Bye</p>").client.get("/oidc/logout", OWN_LINK).text == "<p>Bye</p>"
    )
    page = response("Gone", 203, {"X-Mine": "yes"})
    here = direct(logout_page=page)
    for _ in range(2):
        here.log_in()
        answer = here.client.get("/oidc/logout", OWN_LINK)
        assert (answer.status_code, answer.text, answer.headers["X-Mine"]) == (203, "Gone", "yes")
        set_again = [one.split("=")[0] for one in answer.raw.headers.getlist("Set-Cookie")]
        assert set_again and len(set(set_again)) == len(set_again)
    assert "Set-Cookie" not in page.headers


def test_the_form_of_the_page_that_asks_logs_out(visit: Visit, provider: Provider) -> None:
    app = make_app("/app/")
    auth = OIDCAuth(app, secret_key=KEY, logout_route="/app/out", logout_page="<p>Bye</p>")
    register(auth, provider)
    visitor = visit(app)
    assert auth.logout_path == "/app/out"
    for headers in ({}, {"Sec-Fetch-Site": "same-origin"}):
        visitor.log_in(provider, path="/app/")
        # Browsers say nothing of the page over plain http: the field says it, and its cookie.
        page = visitor.get("/app/out", **{"Sec-Fetch-Site": "none"})
        field = re.search(r'name="proof" value="([^"]+)"', page.text)
        assert field is not None
        fields = {"proof": field[1]} if not headers else {}
        visitor.client.headers.clear()
        sent = visitor.client.post(
            f"{visitor.address}/app/out", data=fields, headers=headers, timeout=20
        )
        assert (sent.status_code, sent.text) == (200, "<p>Bye</p>")
        assert visitor.call_back("/app/").status_code == 401
    stranger = visit(visitor.address)
    stranger.log_in(provider, path="/app/")
    sent = stranger.client.post(f"{visitor.address}/app/out", data={"proof": field[1]}, timeout=20)
    assert sent.status_code == 403
    assert stranger.call_back("/app/").status_code == 200


def test_an_override_logs_out_by_each_way(visit: Visit, provider: Provider) -> None:
    class Says(OIDCAuth):
        def logout(self) -> Any:
            super().logout()
            return response("so long", 201, {})

    app = make_app()
    register(Says(app, secret_key=KEY), provider)
    visitor = visit(app)
    for method in ("GET", "POST"):
        visitor.log_in(provider)
        answer = visitor.client.request(
            method, f"{visitor.address}/oidc/logout", headers=OWN_LINK, timeout=20
        )
        assert (answer.status_code, answer.text) == (201, "so long")
        assert visitor.call_back().status_code == 401


def test_a_button_in_the_layout_logs_out(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    app.layout = lambda: html.Div([logout_button(), user_menu()])
    visitor = visit(app)
    visitor.log_in(provider)
    layout = visitor.get("/_dash-layout").text.replace("\\u002f", "/")
    assert layout.count('"action":"/oidc/logout"') == 2
    assert "Alice" in layout
