"""S7: no page's layout reaches a client, or runs, before somebody is logged in."""

from __future__ import annotations

import json
import re
from typing import Any

import dash
import pytest
from dash import Dash, Input, Output, html

from .apps import guard, pages_app, plain_app, route_body
from .http import ALICE, BOB, PRIVATE, PUBLIC, Reply, held, honest, no_server_error
from .routes import has_request, session

ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def secret_layout(**_: Any) -> html.Div:
    """Stand for a private page that shows whose it is."""
    if not has_request():
        return html.Div("at start-up")
    ran.append("private")
    user = session().get("user", {}).get("email", "nobody")
    return html.Div(f"{PRIVATE} of {user}", id="secret")


def two_pages(routes: list[str] | None = None, **options: Any) -> Dash:
    """Return a guarded app with a public and a private page, in Dash's default configuration."""
    app = pages_app(**options)
    dash.register_page("open", path="/open", layout=lambda **_: html.Div(PUBLIC))
    dash.register_page("closed", path="/closed", layout=secret_layout)
    guard(app, public_routes=["/open"] if routes is None else routes, secret_key="k" * 32)
    return app


def config(reply: Reply) -> dict[str, Any]:
    """Return the configuration that the index page hands to the renderer."""
    found = re.search(r'id="_dash-config"[^>]*>(.*?)</script>', reply.text, re.S)
    assert found, reply.text[:500]
    parsed = json.loads(found.group(1))
    assert isinstance(parsed, dict)
    return parsed


FIRST = {
    "the public page": lambda site: site.get("/open"),
    "the private page": lambda site: site.get("/closed"),
    "the layout": lambda site: site.get("/_dash-layout"),
    "a callback": lambda site: site.call(route_body("/closed")),
    "an asset": lambda site: site.get("/assets/x.css"),
    "nothing": lambda site: site.get("/nowhere"),
}


@pytest.mark.rule("S7")
@pytest.mark.parametrize("first", FIRST)
def test_no_private_layout_runs_for_a_stranger(serve: Any, first: str) -> None:
    site = serve(two_pages())
    no_server_error(FIRST[first](site), ran)
    held(honest(site.get("/open"), None), status=200, ran=ran)
    honest(site.call(route_body("/closed"), auth=ALICE), PRIVATE)


@pytest.mark.rule("S7")
def test_the_index_page_of_a_stranger_holds_no_private_layout(serve: Any) -> None:
    site = serve(two_pages())
    honest(site.get("/closed", auth=ALICE), None)
    honest(site.call(route_body("/closed"), auth=ALICE), PRIVATE)
    ran.clear()
    reply = held(site.get("/open"), status=200, ran=ran)
    assert "validation_layout" not in config(reply)
    assert config(reply)["suppress_callback_exceptions"] is True


@pytest.mark.rule("S7")
@pytest.mark.parametrize("path", ["/open", "/closed", "/"])
def test_one_users_layout_never_reaches_another(serve: Any, path: str) -> None:
    site = serve(two_pages())
    honest(site.call(route_body("/closed"), auth=ALICE), "of alice")
    honest(site.get(path, auth=ALICE), None)
    reply = honest(site.get(path, auth=BOB), None)
    held(reply, "of alice", status=200)
    assert config(reply)["suppress_callback_exceptions"] is True


@pytest.mark.rule("S7")
def test_the_first_user_is_not_sent_it_either(serve: Any) -> None:
    site = serve(two_pages())
    held(honest(site.get("/closed", auth=ALICE), None), status=200, ran=ran)


@pytest.mark.rule("S7")
@pytest.mark.parametrize("first", FIRST)
def test_a_private_layout_that_fails_for_a_stranger(serve: Any, first: str) -> None:
    app = pages_app()
    dash.register_page("open", path="/open", layout=lambda **_: html.Div(PUBLIC))
    dash.register_page(
        "closed",
        path="/closed",
        layout=lambda **_: html.Div(f"{PRIVATE} of {session()['user']['email']}"),
    )
    guard(app, public_routes=["/open"], secret_key="k" * 32)
    site = serve(app)
    no_server_error(FIRST[first](site))
    honest(site.get("/open"), None)
    honest(site.call(route_body("/open")))
    honest(site.call(route_body("/closed"), auth=ALICE), "of alice")


@pytest.mark.rule("S7")
def test_a_validation_layout_of_the_developers_own(serve: Any) -> None:
    app = pages_app()
    app.validation_layout = html.Div([html.Div(PRIVATE), dash.page_container])
    dash.register_page("open", path="/open", layout=lambda **_: html.Div(PUBLIC))
    dash.register_page("closed", path="/closed", layout=secret_layout)
    guard(app, public_routes=["/open"])
    site = serve(app)
    reply = held(honest(site.get("/open"), None), status=200, ran=ran)
    assert config(reply)["suppress_callback_exceptions"] is True
    honest(site.call(route_body("/open")))
    honest(site.call(route_body("/closed"), auth=ALICE), PRIVATE)


@pytest.mark.rule("S7")
def test_a_validation_layout_set_on_an_app_without_pages(serve: Any) -> None:
    app = plain_app()
    app.layout = html.Div(PUBLIC)
    app.validation_layout = html.Div([html.Div(PRIVATE)])
    app.callback(Output("a", "children"), Input("b", "value"))(lambda v: v)
    guard(app, public_routes=["/open"])
    site = serve(app)
    reply = held(honest(site.get("/open"), None), status=200)
    assert config(reply)["suppress_callback_exceptions"] is True
    honest(site.get("/", auth=ALICE), PRIVATE)


@pytest.mark.rule("S7")
def test_a_session_alone_is_no_login(serve: Any) -> None:
    app = plain_app()
    app.layout = html.Div(PUBLIC)
    app.validation_layout = html.Div([html.Div(PRIVATE)])
    guard(app, public_routes=["/open"], secret_key="k" * 32)
    site = serve(app)
    cookie = honest(site.get("/", auth=ALICE), PRIVATE).cookie()
    assert cookie is not None
    reply = held(site.get("/open", cookie=cookie), status=200)
    assert config(reply)["suppress_callback_exceptions"] is True


@pytest.mark.rule("S7")
@pytest.mark.parametrize("guarded", ["before the layout", "after the layout"])
def test_a_full_layout_made_outside_requests(serve: Any, guarded: str) -> None:
    """A layout function that is asked once outside a request gives Dash a validation layout."""
    app = plain_app()

    def layout() -> html.Div:
        return html.Div(PUBLIC if has_request() else PRIVATE)

    if guarded == "before the layout":
        guard(app, public_routes=["/open"])
    app.layout = layout
    if guarded == "after the layout":
        guard(app, public_routes=["/open"])
    site = serve(app)
    reply = held(honest(site.get("/open"), None), status=200)
    assert config(reply)["suppress_callback_exceptions"] is True
    honest(site.get("/_dash-layout"))


@pytest.mark.rule("S7")
@pytest.mark.parametrize("first", ["the private page", "the layout", "an asset", "a callback"])
def test_with_nothing_public_the_apps_layout_does_not_run(serve: Any, first: str) -> None:
    app = plain_app()
    app.layout = secret_layout
    guard(app, secret_key="k" * 32)
    site = serve(app)
    no_server_error(FIRST[first](site), ran)
    honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)


@pytest.mark.rule("S7")
def test_the_setting_of_the_developer_stays(serve: Any) -> None:
    site = serve(two_pages(suppress_callback_exceptions=True))
    reply = held(honest(site.get("/open"), None), status=200, ran=ran)
    assert config(reply)["suppress_callback_exceptions"] is True
