"""S6, S8: which routes are open, decided by the endpoint that serves them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dash
import dash_auth
import pytest
from dash import Dash, Input, Output, html

from .apps import DASH_VERSION, body, guard, item, pages_app, plain_app
from .http import ALICE, CALLBACK_URL, PRIVATE, PUBLIC, REFUSED, held, honest, no_server_error
from .routes import add_group, add_route, plain_paths

ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def private_view(**_: Any) -> str:
    """Stand for a private route of the developer's."""
    ran.append("a private route")
    return PRIVATE


def public_view(**_: Any) -> str:
    """Stand for a public route of the developer's."""
    return PUBLIC


def route(app: Dash, rule: str, view: Any = private_view, **options: Any) -> None:
    """Add a route of the developer's own, a private one unless a view is given."""
    add_route(app, rule, view, **options)


@pytest.fixture
def assets(tmp_path: Path) -> str:
    """Make an assets folder with public and private files."""
    folder = tmp_path / "assets"
    (folder / "deep").mkdir(parents=True)
    for name in ("x.css", "y.js", "deep/z.css"):
        (folder / name).write_text(f"/* {PUBLIC} */")
    for name in ("secret.txt", "deep/secret.json", "secret", "secret.css.txt", "secret.CSV"):
        (folder / name).write_text(PRIVATE)
    return str(folder)


def app_with(assets: str = "none", **options: Any) -> Dash:
    """Return an app whose every page is private by its index page and its layout."""
    app = plain_app(assets_folder=assets, **options)
    app.index_string = app.index_string.replace("<body>", f"<body>{PRIVATE}")
    app.callback(Output("p", "children"), Input("i", "value"))(
        lambda _: ran.append("callback") or PRIVATE
    )
    return app


PRIVATE_CALL = body("p.children", [item("i", "value", 1)])


# S6: assets and component suites


@pytest.mark.rule("S6")
def test_assets_open_with_the_first_rule(serve: Any, assets: str) -> None:
    app = app_with(assets)
    route(app, "/about", public_view)
    guard(app, public_routes=["/about"])
    site = serve(app)
    for path in ("/assets/x.css", "/assets/y.js", "/assets/deep/z.css", "/assets/x.css?m=1"):
        honest(site.get(path))
    for path in (
        "/assets/secret.txt", "/assets/deep/secret.json", "/assets/secret", "/assets/secret.CSV",
        "/assets/secret.css.txt", "/assets/secret.txt?x.css", "/assets/secret.txt#x.css",
        "/assets/deep/../secret.txt", "/assets/x.css/../secret.txt", "/assets/secret.txt/.css",
        "/assets/secret.txt%00.css", "/assets/secret.txt;.css", "/assets/secret.txt%20.css",
        "/assets/%2e%2e/secret.css", "/assets/..%2fsecret.css", "/assets//secret.txt",
    ):  # fmt: skip
        held(site.get(path), status=REFUSED, ran=ran)
    honest(site.get("/assets/secret.txt", auth=ALICE), PRIVATE)


@pytest.mark.rule("S6")
def test_with_no_rule_everything_is_private(serve: Any, assets: str) -> None:
    app = app_with(assets)
    guard(app)
    site = serve(app)
    for path in (
        "/", "/assets/x.css", "/_dash-layout", "/_dash-dependencies", "/_reload-hash",
        "/_favicon.ico", "/_dash-component-suites/dash/deps/x.js",
    ):  # fmt: skip
        held(site.get(path), PUBLIC)
    honest(site.get("/assets/x.css", auth=ALICE))


@pytest.mark.rule("S6")
def test_component_suites_of_registered_packages(serve: Any) -> None:
    app = app_with()
    route(app, "/about", public_view)
    guard(app, public_routes=["/about"])
    site = serve(app)
    index = honest(site.get("/", auth=ALICE), None).text
    suites = re.findall(r'src="(/_dash-component-suites/[^"]+)"', index)
    assert suites
    honest(site.get(suites[0]), None)
    for path in (
        "/_dash-component-suites/x", "/_dash-component-suites/", "/_dash-component-suites",
        "/_dash-component-suites//x.js", "/_dash-component-suites/os/os.py",
        "/_dash-component-suites/flask/app.py", "/_dash-component-suites/dash/dash.py",
        "/_dash-component-suites/dash/../flask/app.py", "/_dash-component-suites/dash/",
        "/_dash-component-suites/dash_auth/auth.py", "/_dash-component-suites/dash/nothing.js",
        "/_dash-component-suites/%00/x.js", "/_dash-component-suites/dash/%2e%2e/x.js",
    ):  # fmt: skip
        held(site.get(path), "import ", status=REFUSED, ran=ran)


@pytest.mark.rule("S6")
@pytest.mark.parametrize(
    "path",
    [
        "/assets//x.css", "/assets/", "/assets", "/x.css", "/assetsx/x.css", "/x/assets/x.css",
        "/_dash-component-suites/x", "/_dash-component-suites/x.js",
        "/_dash-layout/", "/_dash-layout/x", "/_dash-dependencies/x.js", "/_favicon.ico/x.js",
        "/_dash-update-component", "/_reload-hash/x", "/ASSETS/x.css",
        "/_dash-component-suites/dash", "/static/x.css",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_asset_is_private(serve: Any, assets: str, path: str) -> None:
    """The catch-all serves the index page for every path that nothing else takes."""
    app = app_with(assets)
    route(app, "/about", public_view)
    guard(app, public_routes=["/about"])
    site = serve(app)
    honest(site.get("/assets/x.css"))
    reply = no_server_error(site.get(path), ran)
    # Servers differ in what they make of two slashes; where the asset comes, it is an open one.
    if PUBLIC not in reply.text:
        held(reply, status=REFUSED)


@pytest.mark.rule("S6")
@pytest.mark.parametrize(
    "rule,path",
    [
        ("/assets/report.css", "/assets/report.css"),
        ("/assets/reports/<name>.js", "/assets/reports/x.js"),
        ("/_dash-component-suites/report", "/_dash-component-suites/report"),
        ("/_dash-component-suites/dash/report.js", "/_dash-component-suites/dash/report.js"),
        ("/_dash-layout/<x>", "/_dash-layout/x"),
    ],
)
def test_routes_of_the_developers_that_look_like_assets(
    serve: Any, assets: str, rule: str, path: str
) -> None:
    app = app_with(assets)
    route(app, rule, before_dash=True)
    guard(app, public_routes=["/open"])
    site = serve(app)
    honest(site.get("/assets/x.css"))
    held(site.get(path), ran=ran)
    honest(site.get(path, auth=ALICE), PRIVATE)


@pytest.mark.rule("S6")
@pytest.mark.parametrize("name", ["css", "js", "x.", "x.css.", "x.css~", "css.x", "x.js.map"])
def test_a_name_is_no_extension(serve: Any, assets: str, name: str) -> None:
    """A file that is named like an extension has none."""
    (Path(assets) / name).write_text(PRIVATE)
    app = app_with(assets)
    route(app, "/about", public_view)
    guard(app, public_routes=["/about"])
    site = serve(app)
    honest(site.get("/assets/x.css"))
    held(site.get(f"/assets/{name}"), ran=ran)
    honest(site.get(f"/assets/{name}", auth=ALICE), PRIVATE)


# S6: layout, dependencies, reload hash


MECHANICS = ("/_dash-layout", "/_dash-dependencies", "/_reload-hash")


@pytest.mark.rule("S6")
@pytest.mark.parametrize(
    "rules",
    [[], ["/about"], ["/item/<int:n>"], ["/about", "/health", "/item/<int:n>"], ["/hook"]],
    ids=str,
)
def test_a_rule_of_the_server_alone_opens_no_layout(serve: Any, rules: list[str]) -> None:
    app = app_with()
    for rule in ("/about", "/item/<int:n>", "/health"):
        route(app, rule, public_view)
    route(app, "/hook", public_view, methods=["GET", "POST"])
    route(app, "/admin")
    guard(app, public_routes=rules)
    site = serve(app)
    for rule in rules:
        honest(site.get(rule.replace("<int:n>", "5")))
    for path in (*MECHANICS, "/", "/admin", "/other", "/about/x", "/item/x"):
        held(site.get(path), status=REFUSED, ran=ran)
    honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)


@pytest.mark.rule("S6")
@pytest.mark.parametrize("rule", ["/", "/open", "/page/<int:n>", "/<x>", "/docs/<path:p>"])
def test_a_rule_that_leads_to_pages_opens_the_layout(serve: Any, rule: str) -> None:
    app = plain_app()
    app.layout = html.Div(PUBLIC)
    route(app, "/admin/panel")
    guard(app, public_routes=[rule])
    site = serve(app)
    honest(site.get("/_dash-layout"))
    honest(site.get("/_dash-dependencies"), None)
    honest(site.get("/_reload-hash"), None)
    path = {"/page/<int:n>": "/page/5", "/<x>": "/y", "/docs/<path:p>": "/docs/a/b"}.get(rule, rule)
    honest(site.get(path), None)
    held(site.get("/admin/panel"), ran=ran)
    held(site.get("/closed/deep"))


@pytest.mark.rule("S6")
def test_rules_added_later_count_too(serve: Any) -> None:
    app = app_with()
    route(app, "/about", public_view)
    guard(app, public_routes=["/about"])
    dash_auth.add_public_routes(app, ["/open"])
    site = serve(app)
    honest(site.get("/about"))
    honest(site.get("/open"), None)
    honest(site.get("/_dash-layout"), None)
    held(site.get("/closed"))


# S6: methods, prefixes, broad rules


@pytest.mark.rule("S6")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_a_rule_holds_for_every_method(serve: Any, method: str) -> None:
    app = app_with()
    every = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    route(app, "/hook", public_view, methods=every)
    route(app, "/hook2", methods=every)
    guard(app, public_routes=["/hook"])
    site = serve(app)
    honest(site.request(method, "/hook", body=b"{}"))
    held(site.request(method, "/hook2", body=b"{}"), ran=ran)
    held(site.request(method, "/hook/", body=b"{}"), ran=ran, status=REFUSED)


@pytest.mark.rule("S6")
@pytest.mark.parametrize(
    "options",
    [
        {"url_base_pathname": "/app/"},
        {"routes_pathname_prefix": "/app/", "requests_pathname_prefix": "/out/"},
    ],
    ids=["prefix", "split"],
)
def test_rules_are_relative_to_the_prefix(serve: Any, assets: str, options: dict[str, str]) -> None:
    app = app_with(assets, **options)
    route(app, "/health", public_view)
    route(app, "/admin")
    route(app, "/app/own", public_view)
    route(app, "/app/admin")
    route(app, "/closed")
    guard(app, public_routes=["/open", "/health", "/own"])
    site = serve(app)
    honest(site.get("/health"))
    honest(site.get("/app/own"))
    honest(site.get("/app/open"), None)
    honest(site.get("/app/assets/x.css"))
    honest(site.get("/app/_dash-layout"), None)
    for path in (
        "/admin", "/app/admin", "/app/closed", "/closed", "/app/", "/app", "/out/open",
        "/app/app/open", "/app/assets/secret.txt", "/apple/open", "/app/open/x",
        "//app/admin", "/app//admin",
    ):  # fmt: skip
        held(site.get(path), status=(*REFUSED, 308), ran=ran)


def dash_endpoints(app: Dash) -> None:
    """Add what a Dash app may have beside its pages, as far as this version has it."""
    if hasattr(app, "setup_apis"):
        dash.callback(Output("api", "children"), Input("i", "value"), api_endpoint="/api/secret")(
            lambda value=None: ran.append("api") or PRIVATE
        )
        app.setup_apis()


def broad_app(**options: Any) -> Dash:
    """Return an app with every kind of endpoint that this version of Dash has."""
    if DASH_VERSION >= (4, 4):
        options.setdefault("enable_mcp", True)
    if DASH_VERSION >= (3, 4):
        options.setdefault("health_endpoint", "healthz")
    app = plain_app(**options)
    app.layout = html.Div(PUBLIC)
    app.callback(Output("p", "children"), Input("i", "value"))(
        lambda _: ran.append("callback") or PRIVATE
    )
    dash_endpoints(app)
    return app


MCP_CALL = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26",'
    b'"capabilities":{},"clientInfo":{"name":"x","version":"1"}}}'
)
MCP_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}


def dash_endpoint_paths(app: Dash) -> list[tuple[str, str]]:
    """Return method and path of every endpoint of Dash's that no rule may open."""
    return [
        (method, path)
        for path, methods in plain_paths(app)
        if re.search(r"mcp|api/|healthz|startup", path)
        for method in ("GET", "POST", "DELETE")
        if method in methods
    ]


@pytest.mark.rule("S6")
@pytest.mark.parametrize(
    "rules", [["/<path:p>"], ["/", "/<path:p>"], ["/<x>", "/<x>/<y>"]], ids=str
)
def test_however_broad_a_rule_opens_no_other_endpoint(serve: Any, rules: list[str]) -> None:
    app = broad_app()
    guard(app, public_routes=rules)
    site = serve(app)
    honest(site.get("/anything"), None)
    held(site.call(PRIVATE_CALL), ran=ran)
    paths = [p for p in dash_endpoint_paths(app) if p[1] != "/healthz"]
    assert paths or DASH_VERSION < (3,)
    for method, path in paths:
        reply = site.request(method, path, headers=MCP_HEADERS, body=MCP_CALL)
        held(reply, "serverInfo", ran=ran)


@pytest.mark.rule("S6")
def test_a_rule_that_names_an_endpoint_of_dashs_does_not_open_it(serve: Any) -> None:
    app = broad_app()
    paths = [p for p in dash_endpoint_paths(app) if p[1] != "/healthz"]
    named = {CALLBACK_URL, *(path for _, path in paths)}
    guard(app, public_routes=["/open", *sorted(named)])
    site = serve(app)
    honest(site.get("/open"), None)
    held(site.call(PRIVATE_CALL), ran=ran)
    for method, path in paths:
        reply = site.request(method, path, headers=MCP_HEADERS, body=MCP_CALL)
        held(reply, "serverInfo", ran=ran)


# S8: what is not declared is private


@pytest.mark.rule("S8")
def test_what_is_not_declared_is_private(serve: Any) -> None:
    app = broad_app()
    route(app, "/before")
    guard(app, public_routes=["/open"])
    route(app, "/after", methods=["GET", "POST"])
    add_group(app, "/blue", "/x", private_view)
    site = serve(app)
    honest(site.get("/open"), None)
    paths = [*dash_endpoint_paths(app), *(("GET", p) for p in ("/before", "/after", "/blue/x"))]
    for method, path in [*paths, ("POST", "/after"), ("HEAD", "/after"), ("OPTIONS", "/after")]:
        reply = site.request(method, path, headers=MCP_HEADERS, body=MCP_CALL)
        held(reply, "serverInfo", "OK", ran=ran)
    honest(site.get("/after", auth=ALICE), PRIVATE)


@pytest.mark.rule("S8")
@pytest.mark.skipif(not hasattr(Dash, "add_startup_route"), reason="no startup routes here")
def test_startup_routes_are_private(serve: Any) -> None:
    # FastAPI takes the arguments of a view for parameters of the request.
    Dash.add_startup_route("secret", lambda: private_view(), ["GET", "POST"])
    app = plain_app()
    guard(app, public_routes=["/<path:p>"])
    app.setup_startup_routes()
    site = serve(app)
    path = "/_dash_startup_route/secret"
    honest(site.get("/open"), None)
    held(site.get(path), ran=ran)
    held(site.request("POST", path, body=b""), ran=ran)
    honest(site.get(path, auth=ALICE), PRIVATE)


@pytest.mark.rule("S8")
@pytest.mark.parametrize("path", ["/dir", "/post-only", "/nowhere/else", "/dir//x", "/static/x"])
def test_routing_errors_tell_a_stranger_nothing(serve: Any, path: str) -> None:
    app = app_with()
    route(app, "/dir/")
    route(app, "/post-only", methods=["POST"])
    guard(app, public_routes=["/open"])
    site = serve(app)
    honest(site.get("/open"), None)
    held(site.get(path), ran=ran)


FORGED = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-Host": "127.0.0.1"},
    {"X-Forwarded-Prefix": "/open"},
    {"X-Forwarded-Path": "/open"},
    {"X-Forwarded-Uri": "/open"},
    {"X-Forwarded-User": "alice"},
    {"X-Remote-User": "alice", "Remote-User": "alice"},
    {"X-Original-URL": "/open"},
    {"X-Original-Uri": "/open"},
    {"X-Rewrite-URL": "/open"},
    {"X-Script-Name": "/open"},
    {"Script-Name": "/open"},
    {"Path-Info": "/open"},
    {"X-HTTP-Method-Override": "GET"},
    {"X-HTTP-Method": "GET"},
    {"X-Method-Override": "OPTIONS"},
    {"Forwarded": "for=127.0.0.1;host=open;proto=https"},
    {"Host": "open"},
    {"Host": "127.0.0.1/open"},
    {"Host": "alice:wonder-land@127.0.0.1"},
    {"Host": ""},
    {"Host": "[::1"},
    {"Referer": "http://127.0.0.1/open"},
    {"Origin": "http://127.0.0.1"},
    {"Proxy-Authorization": "Basic YWxpY2U6d29uZGVyLWxhbmQ="},
    {"X-Authorization": "Basic YWxpY2U6d29uZGVyLWxhbmQ="},
    {"Cookie": "Authorization=Basic YWxpY2U6d29uZGVyLWxhbmQ=; session=x; user=alice"},
]


@pytest.mark.rule("S8")
@pytest.mark.parametrize("headers", FORGED, ids=str)
def test_headers_decide_nothing(serve: Any, headers: dict[str, str]) -> None:
    app = app_with()
    route(app, "/admin", methods=["GET", "POST"])
    route(app, "/open2", public_view)
    guard(app, public_routes=["/open2"])
    site = serve(app)
    honest(site.get("/open2"))
    for method, path in (
        ("GET", "/admin"),
        ("POST", "/admin"),
        ("GET", "/"),
        ("OPTIONS", "/admin"),
    ):
        held(site.request(method, path, headers=headers), ran=ran, status=REFUSED)
    held(site.call(PRIVATE_CALL, headers=headers), ran=ran, status=REFUSED)
    if "Host" not in headers:
        honest(site.get("/open2", headers=headers))
        honest(site.get("/admin", headers=headers, auth=ALICE), PRIVATE)


@pytest.mark.rule("S8")
@pytest.mark.parametrize(
    "target",
    ["/admin?_method=GET", "/admin?path=/open", "/admin;/open", "/open/../admin",
     "/open%2f..%2fadmin", "/./admin", "//admin", "/admin/", "/open?/../admin",
     "http://127.0.0.1/admin", "/%61dmin",
     "/admin%20", "/admin%00", "/admin#/open", "/open/%2e%2e/admin", "*", "/admin\\..\\open"],
)  # fmt: skip
def test_targets_that_lead_to_a_private_route(serve: Any, target: str) -> None:
    app = app_with()
    route(app, "/admin")
    route(app, "/open", public_view)
    guard(app, public_routes=["/open"])
    site = serve(app)
    honest(site.get("/open"))
    reply = no_server_error(site.get(target), ran)
    assert reply.status != 200 or reply.text == PUBLIC


@pytest.mark.rule("S6")
def test_a_webhook_opens_neither_layout_nor_index(serve: Any) -> None:
    """The catch-all takes a GET for the path of a route that takes POST alone."""
    app = app_with()
    route(app, "/hook", public_view, methods=["POST"])
    guard(app, public_routes=["/hook"])
    site = serve(app)
    honest(site.request("POST", "/hook"))
    honest(site.get("/_dash-layout", auth=ALICE), None)
    for path in ("/_dash-layout", "/_dash-dependencies", "/_reload-hash", "/hook"):
        held(site.get(path), status=REFUSED, ran=ran)


@pytest.mark.rule("S6")
def test_a_route_outside_of_the_prefix_opens_nothing_below_it(serve: Any) -> None:
    app = app_with(url_base_pathname="/app/")
    route(app, "/health", public_view)
    guard(app, public_routes=["/health"])
    site = serve(app)
    honest(site.get("/health"))
    honest(site.get("/app/_dash-layout", auth=ALICE), None)
    for path in ("/app/_dash-layout", "/app/_dash-dependencies", "/app/health"):
        held(site.get(path), status=REFUSED, ran=ran)


@pytest.mark.rule("S6")
def test_a_page_with_a_webhook_on_its_path_stays_a_public_page(serve: Any) -> None:
    app = pages_app()
    app.layout = html.Div([PUBLIC, dash.page_container])
    dash.register_page("form", path="/form", layout=html.P(PUBLIC))
    route(app, "/form", public_view, methods=["POST"])
    guard(app, public_routes=["/form"])
    site = serve(app)
    honest(site.get("/form"), None)
    honest(site.request("POST", "/form"))
    honest(site.get("/_dash-layout"))
    held(site.get("/other"), status=REFUSED)


VARIED = [
    "/_DASH-LAYOUT", "/_dash-layout/", "//_dash-layout", "/_dash-layout%2f", "/_dash-layout%00",
    "/./_dash-layout", "/x/../_dash-layout", "/_dash-layout;x", "/_dash-layout%20", "/%5fdash-layout",
    "/_dash-layout?x=/about", "/about/../_dash-layout", "/_Dash-Dependencies", "/_reload-hash/",
    "//", "/?/about", "/%2e", "/index", "/_dash-component-suites/DASH/deps/x.js", "/_FAVICON.ICO",
    "/Assets/x.css", "/assets%2fsecret.txt", "/_dash-layout\\", "/_dash-update-component/",
    "/_DASH-UPDATE-COMPONENT", "//_dash-update-component",
]  # fmt: skip


@pytest.mark.rule("S6")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "TRACE", "get", "LAYOUT"])
@pytest.mark.parametrize("rules", [None, ["/about"]], ids=str)
def test_paths_of_dashs_in_other_spellings(
    serve: Any, assets: str, method: str, rules: list[str] | None
) -> None:
    app = app_with(assets)
    route(app, "/about", public_view)
    guard(app, public_routes=rules)
    site = serve(app)
    honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)
    for path in (*MECHANICS, *VARIED):
        reply = no_server_error(site.request(method, path), ran)
        if "x.css" not in path or rules is None:
            assert reply.status in (*REFUSED, 307, 308), (path, reply.status, reply.text[:200])
