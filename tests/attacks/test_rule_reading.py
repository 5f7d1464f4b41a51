"""S6: how a rule is read: a route of the server's own, or pages of Dash's, below a prefix or not."""

from __future__ import annotations

from typing import Any

import dash
import dash_auth
import pytest
from dash import Input, Output, dcc, html

from .apps import body, guard, item, pages_app, plain_app, route_body
from .http import ALICE, CALLBACK_URL, PRIVATE, PUBLIC, held, honest
from .routes import add_group, add_route

pytestmark = pytest.mark.rule("S6")

MECHANICS = ("_dash-layout", "_dash-dependencies", "_reload-hash")


def app_below(prefix: str = "/board/") -> Any:
    """Return an app whose every page and layout is private, below a prefix."""
    app = plain_app(url_base_pathname=prefix)
    app.index_string = app.index_string.replace("<body>", f"<body>{PRIVATE}")
    app.callback(Output("page", "children"), Input("url", "pathname"))(lambda path: PRIVATE)
    return app


def routing(path: str) -> Any:
    """Return the body for the routing callback of `app_below`."""
    return body("page.children", [item("url", "pathname", path)])


@pytest.mark.parametrize("rule", ["/", "/<any(about,imprint):page>", "/about"])
def test_a_rule_of_the_sites_own_opens_nothing_of_dashs(serve: Any, rule: str) -> None:
    app = app_below()
    for path in ("/", "/about"):
        add_route(app, path, lambda: PUBLIC, before_dash=True)
    guard(app, public_routes=[rule])
    site = serve(app)
    honest(site.get("/" if rule == "/" else "/about"))
    for path in ("/board/", "/board/about", *(f"/board/{name}" for name in MECHANICS)):
        held(site.get(path))
    for path in ("/board/", "/board/about"):
        held(site.call(routing(path), url=f"/board{CALLBACK_URL}"))
    honest(site.get("/board/", auth=ALICE), PRIVATE)
    # In full it is the app's own page.
    dash_auth.add_public_routes(app, ["/board/"])
    honest(site.get("/board/"), PRIVATE)
    honest(site.get("/board/_dash-layout"), PRIVATE)


def test_the_same_with_registered_pages(serve: Any) -> None:
    app = pages_app(url_base_pathname="/board/")
    dash.register_page("home", path="/", layout=html.P(PRIVATE))
    add_route(app, "/", lambda: PUBLIC, before_dash=True)
    guard(app, public_routes=["/"])
    site = serve(app)
    honest(site.get("/"))
    held(site.get("/board/_dash-layout"))
    held(site.get("/board/"))
    held(site.call(route_body("/board/"), url=f"/board{CALLBACK_URL}"))


@pytest.mark.parametrize("prefix", ["/", "/board/"])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_rule_over_an_api_opens_no_layout(serve: Any, prefix: str, grouped: bool) -> None:
    app = app_below(prefix)
    if grouped:
        add_group(app, "/api/v1", "/rows", lambda: PUBLIC)
    else:
        add_route(app, "/api/v1/rows", lambda: PUBLIC, before_dash=True)
    guard(app, public_routes=["/api/<path:rest>"])
    site = serve(app)
    honest(site.get("/api/v1/rows"))
    for name in (*MECHANICS, "", "api/other"):
        held(site.get(f"{prefix}{name}"))
    held(site.call(routing(f"{prefix}api/x"), url=f"{prefix}{CALLBACK_URL[1:]}"))
    # A rule for all pages is one, whatever the server has beside.
    dash_auth.add_public_routes(app, ["/<path:page>"])
    honest(site.get(f"{prefix}_dash-layout"), PRIVATE)


@pytest.mark.parametrize(
    "rules",
    [
        ["/dashboard/", "/dashboard/health"],
        ["/dashboard/<path:p>", "/dashboard/"],
        ["/", "/health"],
    ],
    ids=str,
)
def test_rules_in_full_and_relative_ones(serve: Any, rules: list[str]) -> None:
    app = plain_app(url_base_pathname="/dashboard/")
    app.layout = html.Div([PUBLIC, dcc.Location(id="url"), html.Div(id="page")])
    app.callback(Output("page", "children"), Input("url", "pathname"))(lambda path: PUBLIC)
    guard(app, public_routes=rules)
    site = serve(app)
    for name in ("", "health", *MECHANICS):
        honest(site.get(f"/dashboard/{name}"), None)
    honest(site.call(routing("/dashboard/health"), url=f"/dashboard{CALLBACK_URL}"))
    report = dash_auth.explain(app)
    assert {reached for _, reached in report.public_routes} == {"a page of Dash's"}
    assert report.layout_is_public and report.dead_rules == ()


def test_registered_pages_by_rules_in_full(serve: Any) -> None:
    app = pages_app(url_base_pathname="/dashboard/")
    dash.register_page("open", path="/open", layout=html.P(PUBLIC))
    dash.register_page("item", path_template="/item/<name>", layout=lambda name=None: PUBLIC)
    dash.register_page("closed", path="/closed", layout=html.P(PRIVATE))
    guard(app, public_routes=["/dashboard/open", "/dashboard/item/<name>"])
    site = serve(app)
    url = f"/dashboard{CALLBACK_URL}"
    for page in ("open", "item/x"):
        honest(site.get(f"/dashboard/{page}"), None)
        honest(site.call(route_body(f"/dashboard/{page}"), url=url))
    honest(site.get("/dashboard/_dash-layout"), None)
    held(site.get("/dashboard/closed"))
    held(site.call(route_body("/dashboard/closed"), url=url))


def test_a_rule_that_means_no_registered_page_opens_no_layout(serve: Any) -> None:
    app = pages_app()
    dash.register_page("home", path="/home", layout=html.P(PRIVATE))
    guard(app, public_routes=["/hoem", "/public/*", "/?a=b"])
    site = serve(app)
    honest(site.get("/_dash-layout", auth=ALICE), None)
    for path in ("/public/x", "/", "/home", *(f"/{name}" for name in MECHANICS)):
        held(site.get(path))
    for path in ("/home", "/", "/public/x"):
        held(site.call(route_body(path)))


@pytest.mark.parametrize(
    "rule",
    ["/<int(min=5,max=3):n>", "/<int(fixed_digits=1,min=10):n>", "/<string(minlength=70000):x>"],
)
def test_a_rule_that_no_path_matches_opens_nothing(serve: Any, rule: str) -> None:
    app = app_below("/")
    guard(app, public_routes=[rule])
    site = serve(app)
    for path in ("/", "/4", "/10", "/_dash-layout"):
        held(site.get(path))


def test_what_people_mistype_opens_no_layout(serve: Any) -> None:
    app = app_below("/")
    guard(app, public_routes=["/public/*", "/?a=b", "/item/{name}", "/#top"])
    site = serve(app)
    for path in (
        "/public/%2A",
        "/public/x",
        "/%3Fa=b",
        "/?a=b",
        "/_dash-layout",
        "/item/%7Bname%7D",
    ):
        held(site.get(path))
