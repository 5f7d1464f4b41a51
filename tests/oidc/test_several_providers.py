"""Several providers for one app: the user chooses."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from dash_auth import OIDCAuth, explain

from .apps import KEY, Direct, make_app, register
from .mock_provider import Provider
from .servers import add_page
from .visitor import Visit

pytestmark = pytest.mark.usefixtures("each_server")


def test_the_user_chooses_one_of_several_providers(
    visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY, idp_selection_route="/choose")

    links = "<a href=/oidc/new/login>New</a> <a href=/oidc/old/login>Old</a>"
    add_page(app.server, "/choose", lambda _: links)
    register(auth, provider, "new")
    register(auth, old_provider, "old")
    visitor = visit(app)
    chosen = visitor.get("/reports?a=1")
    assert (chosen.status_code, chosen.headers["Location"]) == (302, "/choose")
    assert visitor.get("/choose").status_code == 200
    assert visitor.get("/other-route").headers["Location"] == "/choose"
    visitor.get("/reports?a=1")
    for name, there in (("new", provider), ("old", old_provider)):
        begun = visitor.get(f"/oidc/{name}/login")
        back = visitor.get(there.consent(begun.headers["Location"], "alice"))
        assert back.headers["Location"] == ("/reports?a=1" if name == "new" else "/")
        assert visitor.whoami()["session"]["idp"] == name
    assert visitor.get("/oidc/none/login").headers["Location"] == "/choose"


def test_a_code_is_for_the_provider_that_was_asked(
    visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY)
    register(auth, provider, "new")
    register(auth, old_provider, "old")
    visitor = visit(app)
    begun = visitor.begin("/oidc/old/login")
    back = old_provider.consent(begun, "alice").replace("/oidc/old/", "/oidc/new/")
    assert visitor.get(back).status_code == 400


def test_names_that_run_into_the_state_are_told_apart(
    visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY)
    register(auth, provider, "a")
    register(auth, old_provider, "a_b")
    visitor = visit(app)
    back = old_provider.consent(visitor.begin("/oidc/a_b/login"), "alice")
    elsewhere = back.replace("/oidc/a_b/", "/oidc/a/").replace("state=", "state=b_")
    assert visitor.get(elsewhere).status_code == 400
    assert visitor.get(back).status_code == 302
    assert visitor.whoami()["session"]["idp"] == "a_b"


def test_several_providers_and_no_page_to_choose_on(visit: Visit) -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY)
    client = visit(app)
    assert client.get("/").text == "No OAuth provider is registered."
    auth.register_provider("a", client_id="c")
    auth.register_provider("b", client_id="c")
    answer = client.get("/")
    assert answer.status_code == 400
    assert answer.text == "Several OAuth providers are registered. Please choose one."


def test_a_prefix_and_a_page_of_dash_to_choose_on(visit: Visit) -> None:
    app = make_app("/app/")
    OIDCAuth(app, secret_key=KEY, idp_selection_route="/app/choose")
    visitor = visit(app)
    assert visitor.get("/app/reports").headers["Location"] == "/app/choose"
    assert visitor.get("/app/choose").status_code == 200
    assert visitor.get("/app/choose/other").headers["Location"] == "/app/choose"


def test_users_can_choose_on_another_host(visit: Visit) -> None:
    app = make_app()
    OIDCAuth(app, KEY, idp_selection_route="https://choose.example/here")
    client = visit(app)
    assert client.get("/").headers["Location"] == "https://choose.example/here"
    assert client.get("/here").status_code == 302
    assert explain(app).public_routes == ()


def test_a_waiting_login_of_a_provider_that_is_gone(direct: Callable[..., Direct]) -> None:
    here = direct()
    until = int(time.time()) + 100
    waiting = [["gone", str(number), until, {}, None] for number in range(5)]
    with here.client.session_transaction() as session:
        session["_dash_auth_pending"] = waiting
    assert here.client.get("/").status_code == 302
    with here.client.session_transaction() as session:
        assert session["_dash_auth_pending"][:4] == waiting[1:]
