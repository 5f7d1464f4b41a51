"""The first request that a worker process gets, whichever it is."""

from __future__ import annotations

import dash_auth
from dash import Dash, html

SCRIPT = "/_dash-component-suites/dash/deps/prop-types@15.8.1.min.js"


def new_app(*public_routes: str) -> Dash:
    app = Dash(__name__)
    app.layout = html.Div("private")
    dash_auth.BasicAuth(app, {"alice": "secret"}, public_routes=public_routes or None)
    return app


def test_a_script_is_served_to_whoever_comes_first() -> None:
    assert new_app("/public").server.test_client().get(SCRIPT).status_code == 200


def test_a_script_is_private_where_nothing_is_public() -> None:
    assert new_app().server.test_client().get(SCRIPT).status_code == 401


def test_no_layout_runs_for_the_stranger_who_comes_first() -> None:
    app = new_app("/public")
    seen: list[str] = []

    def layout() -> html.Div:
        seen.append("run")
        return html.Div()

    app.layout = layout
    seen.clear()
    app.server.test_client().get(SCRIPT)
    assert seen == []
