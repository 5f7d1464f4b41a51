"""What is said about rules that lead nowhere, or open more than was meant."""

from __future__ import annotations

import logging

import dash
import dash_auth
import pytest
from dash import Dash, html
from guarded import USERS, add_witness, client_of, new_app


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    return [record.getMessage() for record in warnings if "route" in record.getMessage()]


def pages_app(*rules: str) -> Dash:
    app = Dash("some", use_pages=True, pages_folder="", assets_folder="no-assets")
    app.layout = html.Div([dash.page_container])
    dash.register_page("home", path="/home", layout=html.P("home"))
    dash.register_page("item", path_template="/item/<name>", layout=lambda name=None: html.P())
    dash_auth.BasicAuth(app, USERS, public_routes=rules)
    return app


@pytest.mark.parametrize(
    ("rule", "meant"),
    [
        ("/hoem", "did you mean '/home'?"),
        ("/items/<name>", "did you mean '/item/<name>'?"),
        ("/public/*", "write <path:name> for any text: '/public/<path:name>'"),
        ("/?a=b", "a rule is compared with the path alone: '/'"),
        ("/home#top", "a rule is compared with the path alone: '/home'"),
        ("/item/{name}", "write variables as Flask does: '/item/<name>'"),
        ("/<int(min=5,max=3):n>", "no path matches it"),
        ("/home/../item", "no path matches it"),
        ("/helth", "did you mean '/health'?"),
    ],
)
def test_a_rule_that_leads_to_nothing_is_told_once(
    rule: str, meant: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = pages_app("/home", rule)
    add_witness(app.server, "/health")
    assert told(caplog) == []
    for _ in range(2):
        client_of(app).get("/home")
    assert told(caplog) == [f"The public route {rule!r} leads to nothing; {meant}"]
    assert dash_auth.explain(app).dead_rules == ((rule, meant),)
    assert rule in str(dash_auth.explain(app))


def test_a_rule_added_later_is_told_when_it_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    app = pages_app("/home")
    client_of(app).get("/home")
    assert told(caplog) == []
    dash_auth.add_public_routes(app, ["/zzz"])
    client_of(app).get("/home")
    assert told(caplog) == ["The public route '/zzz' leads to nothing"]


def test_what_leads_somewhere_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    routes = ["/home", "/item/<name>", "/item/<path:rest>", "/<path:p>", "/<x>", "/health"]
    own = ["/api/<path:rest>", "/_dash-layout", "/_favicon.ico", "/assets/<path:p>.css"]
    app = pages_app(*routes, *own, "/_dash-component-suites/<path:p>", "/old")
    dash.register_page("new", path="/new", redirect_from=["/old"], layout=html.P())
    add_witness(app.server, "/health", "/api/v1/rows")
    client_of(app).get("/home")
    assert told(caplog) == []
    assert dash_auth.explain(app).dead_rules == ()


def test_that_all_of_the_layout_is_open_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    app = new_app()
    add_witness(app.server, "/health")
    dash_auth.BasicAuth(app, USERS, public_routes=["/", "/health", "/open"])
    for _ in range(2):
        client_of(app).get("/")
    (said,) = told(caplog)
    assert said.startswith("All of app.layout is open to anyone")
    assert "'/', '/open'" in said and "/health" not in said


def test_a_rule_that_leads_to_dashs_own_alone_opens_no_layout(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = new_app()
    dash_auth.BasicAuth(app, USERS, public_routes=["/_dash-update-component"])
    assert client_of(app).get("/_dash-layout").status_code == 401
    assert told(caplog) == ["The public route '/_dash-update-component' leads to nothing"]
