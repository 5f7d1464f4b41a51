"""S1 and S2: callbacks that the server's config makes public by id, as apps of dash-auth do."""

from __future__ import annotations

import logging
from typing import Any

import dash
import dash_auth
import pytest
from dash import Dash, Input, Output, State
from dash_auth.public_routes import PUBLIC_CALLBACKS, get_public_callbacks

from .apps import PAGE_ROUTER, body, guard, item, pages_app, plain_app, route_body
from .callbacks import private, public, ran
from .http import ALICE, PUBLIC, held, honest

ASKED = body("a.children", [item("in", "value", 1)])


@pytest.fixture
def app(backend: str) -> Dash:
    """Return an app, not guarded yet, on a server that has a config."""
    app = plain_app()
    if not hasattr(app.server, "config"):
        pytest.skip("this server has no config")
    return app


def add(on: Any, output: str, function: Any) -> None:
    """Register a plain callback."""
    on(Output(output, "children"), Input("in", "value"))(function)


@pytest.mark.rule("S2")
@pytest.mark.parametrize("kind", [list, tuple, set])
@pytest.mark.parametrize("when", ["first", "last"])
def test_a_callback_named_by_the_config_is_public(
    serve: Any, app: Dash, kind: Any, when: str
) -> None:
    if when == "first":
        app.server.config[PUBLIC_CALLBACKS] = kind(["a.children"])
    add(dash.callback, "a", public)
    # The same function under another id stays private.
    add(app.callback, "b", public)
    guard(app)
    if when == "last":
        app.server.config[PUBLIC_CALLBACKS] = kind(["a.children"])
    site = serve(app)
    honest(site.call(ASKED))
    assert get_public_callbacks(app) == ["a.children"]
    held(site.call(body("b.children", [item("in", "value", 1)])), PUBLIC)
    # Its inputs and states are those declared, at their places.
    held(site.call(body("a.children", [item("other", "value", 1)])), PUBLIC)
    held(site.call(body("a.children", [item("in", "value", 1)], [item("s", "d", 1)])), PUBLIC)
    held(site.call({**ASKED, "changedPropIds": ["other.value"]}), PUBLIC)


@pytest.mark.rule("S2")
def test_ids_are_appended_to_what_is_public_already(serve: Any, app: Dash) -> None:
    dash_auth.public_callback(Output("b", "children"), Input("in", "value"))(public)
    add(app.callback, "a", public)
    guard(app)
    app.server.config[PUBLIC_CALLBACKS] = [*get_public_callbacks(app), "a.children"]
    site = serve(app)
    honest(site.call(ASKED))
    honest(site.call(body("b.children", [item("in", "value", 1)])))
    assert sorted(get_public_callbacks(app)) == ["a.children", "b.children"]


@pytest.mark.rule("S1")
def test_another_function_under_the_id_is_private(serve: Any, app: Dash) -> None:
    add(app.callback, "a", public)
    add(app.callback, "b", private)
    guard(app)
    app.server.config[PUBLIC_CALLBACKS] = ["a.children"]
    site = serve(app)
    honest(site.call(ASKED))
    app.callback_map["a.children"] = app.callback_map["b.children"]
    held(site.call(ASKED), ran=ran)
    assert get_public_callbacks(app) == []


@pytest.mark.rule("S1")
def test_an_id_that_is_taken_out_again_is_private(serve: Any, app: Dash) -> None:
    add(app.callback, "a", public)
    guard(app)
    app.server.config[PUBLIC_CALLBACKS] = ["a.children"]
    site = serve(app)
    honest(site.call(ASKED))
    app.server.config[PUBLIC_CALLBACKS] = []
    held(site.call(ASKED), PUBLIC)


@pytest.mark.rule("S2")
def test_an_id_waits_for_its_callback(serve: Any, app: Dash) -> None:
    guard(app)
    app.server.config[PUBLIC_CALLBACKS] = ["a.children"]
    site = serve(app)
    held(site.call(ASKED), PUBLIC)
    add(app.callback, "a", public)
    honest(site.call(ASKED))


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    "named", ["a.children", {"a.children": 1}, [b"a.children"], [None, 5], [["a.children"]], 7]
)
def test_what_is_no_list_of_ids_is_ignored_and_said_once(
    serve: Any, app: Dash, caplog: pytest.LogCaptureFixture, named: Any
) -> None:
    add(app.callback, "a", public)
    guard(app)
    app.server.config[PUBLIC_CALLBACKS] = named
    site = serve(app)
    with caplog.at_level(logging.WARNING, "dash_auth"):
        held(site.call(ASKED), PUBLIC)
        held(site.call(ASKED), PUBLIC)
    said = [one.getMessage() for one in caplog.records if PUBLIC_CALLBACKS in one.getMessage()]
    assert len(said) == len(set(said)) == (len(named) if isinstance(named, list) else 1)


@pytest.mark.rule("S3")
def test_the_page_router_is_not_opened_by_its_id(
    serve: Any, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = pages_app()
    if not hasattr(app.server, "config"):
        pytest.skip("this server has no config")
    dash.register_page("open", path="/open", layout=public)
    dash.register_page("closed", path="/closed", layout=private)
    guard(app, public_routes=["/open"])
    app.server.config[PUBLIC_CALLBACKS] = [PAGE_ROUTER]
    site = serve(app)
    held(site.call(route_body("/closed")), ran=ran)
    honest(site.call(route_body("/open")))
    assert "public_routes say which pages are public" in caplog.text


def test_a_server_without_a_config_names_no_callback(serve: Any, backend: str) -> None:
    app = plain_app()
    dash.callback(Output("a", "children"), Input("in", "value"), State("s", "d"))(public)
    guard(app)
    site = serve(app)
    held(site.call(ASKED), PUBLIC)
    honest(site.call(body("a.children", [item("in", "value", 1)], [item("s", "d", 1)]), auth=ALICE))
