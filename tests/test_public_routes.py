"""Public routes: how they are declared, and what they open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dash
import dash_auth
import flask
import pytest
from attacks.apps import route_body
from dash import Dash, Input, Output, html
from dash_auth import add_public_routes, public_callback
from dash_auth.public_routes import BASE_PUBLIC_ROUTES, get_public_routes, public_assets_extensions
from guarded import (
    ALICE,
    PRIVATE,
    USERS,
    add_witness,
    call,
    client_of,
    guarded_app,
    new_app,
)

# Declaring routes


def test_routes_are_added_by_any_of_three_ways() -> None:
    app = new_app()
    add_witness(app.server, "/a", "/b", "/c", "/d")
    add_public_routes(app, ["/a"])
    dash_auth.BasicAuth(app, USERS, public_routes=("/b",))
    add_public_routes(app, public_routes=iter(["/c"]))
    client = client_of(app)
    assert [client.get(f"/{name}").status_code for name in "abcd"] == [200, 200, 200, 401]


def test_a_route_may_be_added_while_the_app_runs() -> None:
    app = guarded_app()
    client = client_of(app)
    assert client.get("/open").status_code == 401
    add_public_routes(app, ["/open"])
    assert client.get("/open").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        ((), {}, TypeError),
        ((["/a"],), {"public_routes": ["/b"]}, TypeError),
        (("/a",), {}, TypeError),
        (([1],), {}, TypeError),
        ((["/a", "/<int:a"],), {}, ValueError),
        ((["/a", "/<a>/<a>"],), {}, ValueError),
        ((["relative"],), {}, ValueError),
    ],
)
def test_a_mistake_adds_no_route_at_all(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    app = new_app()
    with pytest.raises(error):
        add_public_routes(app, *arguments, **options)
    assert get_public_routes(app).test("/a") is False
    assert get_public_routes(app).test("/_dash-layout") is False


def test_the_routes_can_be_asked_as_werkzeugs_map() -> None:
    app = new_app()
    for path in ("/", "/open", "/_dash-layout", "/assets/x.css"):
        assert get_public_routes(app).test(path) is False
    add_public_routes(app, ["/open", "/user/<name>/<int:number>"])
    routes = get_public_routes(app)
    for path in ("/open", "/user/eve/5", "/_dash-layout", "/assets/a/x.css"):
        assert routes.test(path) is True
    for path in ("/", "/user/eve/x", "/assets/x.png", "/_dash-update-component"):
        assert routes.test(path) is False
    assert {rule.rule for rule in routes.map.iter_rules()} >= set(BASE_PUBLIC_ROUTES)
    assert get_public_routes(new_app()).test("/open") is False


# What routes open


@pytest.fixture
def assets(tmp_path: Path) -> str:
    for name in ("style.css", "SCRIPT.JS", "data.csv", "map.js.map", "noextension"):
        tmp_path.joinpath(name).write_text(name)
    return str(tmp_path)


def open_paths(app: Dash, paths: list[str]) -> list[str]:
    client, found = client_of(app), []
    for path in paths:
        with client.get(path) as reply:
            found += [path] if reply.status_code == 200 else []
    return found


MECHANICS = ["/_dash-layout", "/_dash-dependencies", "/_reload-hash"]
FILES = [
    "/_favicon.ico",
    "/assets/style.css",
    "/assets/SCRIPT.JS",
    "/assets/data.csv",
    "/assets/map.js.map",
    "/assets/noextension",
    "/_dash-component-suites/dash/deps/react@18.v3_0_0m0.js",
]


def test_without_a_public_route_nothing_is_open(assets: str) -> None:
    for options in ({}, {"public_routes": []}):
        app = new_app(assets_folder=assets)
        dash_auth.BasicAuth(app, USERS, **options)  # type: ignore[arg-type]
        assert open_paths(app, ["/", *MECHANICS, *FILES]) == []


def test_a_page_opens_the_mechanics_and_a_servers_route_does_not(assets: str) -> None:
    app = new_app(assets_folder=assets)
    add_witness(app.server, "/health")
    dash_auth.BasicAuth(app, USERS, public_routes=["/health"])
    files = ["/_favicon.ico", "/assets/style.css", "/assets/SCRIPT.JS"]
    assert open_paths(app, ["/", "/health", *MECHANICS, *FILES]) == ["/health", *files]
    add_public_routes(app, ["/"])
    assert open_paths(app, ["/", "/x", *MECHANICS, *FILES]) == ["/", *MECHANICS, *files]
    assert PRIVATE in client_of(app).get("/_dash-layout").text


def test_the_component_suites_of_registered_packages_open() -> None:
    client = client_of(guarded_app(public_routes=["/open"]))
    index = client.get("/", auth=ALICE).text
    scripts = [
        part.split('"')[0]
        for part in index.split('src="')
        if part.startswith("/_dash-component-suites/")
    ]
    assert len(scripts) > 3
    assert {client.get(script).status_code for script in scripts} == {200}
    for other in ("/_dash-component-suites/dash/x.js", "/_dash-component-suites/os/path.py"):
        assert client.get(other).status_code == 401


def test_a_public_callback_alone_opens_itself_and_nothing_else(assets: str) -> None:
    app = new_app(assets_folder=assets)
    dash_auth.BasicAuth(app, USERS)
    public_callback(Output("out", "children"), Input("in", "value"))(lambda value: "public")
    assert call(client_of(app), "out.children", ("in", "value", 1)).status_code == 200
    assert open_paths(app, ["/", *MECHANICS, *FILES]) == []


@pytest.mark.parametrize("name", ["DASH_PUBLIC_ASSETS_EXTENSIONS", "DASH_ASSETS_PUBLIC_EXTENSIONS"])
def test_the_public_extensions_are_set_by_the_environment(
    name: str, assets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, " CSV, .css ,,")
    assert public_assets_extensions() == ("csv", "css")
    app = new_app(assets_folder=assets)
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    assert open_paths(app, FILES) == ["/_favicon.ico", "/assets/style.css", "/assets/data.csv"]


def test_the_extensions_of_the_name_that_counts_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert public_assets_extensions() == ("js", "css")
    monkeypatch.setenv("DASH_ASSETS_PUBLIC_EXTENSIONS", "svg")
    monkeypatch.setenv("DASH_PUBLIC_ASSETS_EXTENSIONS", "")
    assert public_assets_extensions() == ()


def test_an_asset_that_is_not_public_may_be_declared(assets: str) -> None:
    app = new_app(assets_folder=assets)
    dash_auth.BasicAuth(app, USERS, public_routes=["/assets/data.csv"])
    assert "/assets/data.csv" in open_paths(app, FILES)
    assert "/assets/noextension" not in open_paths(app, FILES)


def test_a_webhook_is_open_for_every_method_of_its_route() -> None:
    app = guarded_app(public_routes=["/hook"])
    app.server.add_url_rule(
        "/hook", "hook", lambda: flask.request.method, methods=["POST", "PUT", "GET"]
    )
    client = client_of(app)
    assert [client.open("/hook", method=m).text for m in ("POST", "PUT", "GET")] == [
        *("POST", "PUT", "GET")
    ]
    assert client.delete("/hook").status_code == 405


# Pages


@pytest.fixture
def pages() -> Dash:
    app = Dash("guarded", use_pages=True, pages_folder="", assets_folder="no-assets")
    app.layout = html.Div([dash.page_container])
    for name in ("home", "open", "private"):
        path = "/" if name == "home" else f"/{name}"
        dash.register_page(f"pages.{name}", path=path, layout=html.P(f"page {name}"))
    dash.register_page(
        "pages.item", path_template="/items/<item>", layout=lambda item=None: html.P(f"item {item}")
    )
    return app


def routed(app: Dash, pathname: str, search: str = "") -> Any:
    reply = client_of(app).post("/_dash-update-component", json=route_body(pathname, search))
    return reply.text if reply.status_code == 200 else reply.status_code


def test_the_router_leads_to_public_pages_alone(pages: Dash) -> None:
    dash_auth.BasicAuth(pages, USERS, public_routes=["/open", "/items/<name>"])
    assert "page open" in routed(pages, "/open")
    assert "page open" in routed(pages, "/open", "?lang=de")
    assert "item 7" in routed(pages, "/items/7")
    for pathname in ("/", "/private", "/items", "/missing", ""):
        assert routed(pages, pathname) == 401
    # The query would take the place of the variable.
    assert routed(pages, "/items/7", "?item=8") == 401


def test_the_router_leads_to_the_page_for_missing_ones_where_that_is_public(pages: Dash) -> None:
    dash.register_page("pages.not_found_404", path="/404", layout=html.P("nothing here"))
    dash_auth.BasicAuth(pages, USERS, public_routes=["/missing", "/404"])
    assert "nothing here" in routed(pages, "/missing")
    other = Dash("other", use_pages=True, pages_folder="", assets_folder="no-assets")
    other.layout = html.Div([dash.page_container])
    dash_auth.BasicAuth(other, USERS, public_routes=["/missing"])
    assert routed(other, "/missing") == 401


def test_the_page_for_missing_ones_is_dashs_own_where_the_app_has_none(pages: Dash) -> None:
    dash_auth.BasicAuth(pages, USERS, public_routes=["/missing"])
    assert "404" in routed(pages, "/missing")


def test_the_index_opens_for_public_pages_alone(pages: Dash) -> None:
    dash_auth.BasicAuth(pages, USERS, public_routes=["/open", "/items/<name>", "/missing"])
    client = client_of(pages)
    paths = ["/", "/open", "/items/7", "/items", "/private", "/missing"]
    expected = [401, 200, 200, 401, 401, 200]
    assert [client.get(path).status_code for path in paths] == expected


def test_a_private_page_is_not_reached_through_a_broad_rule(pages: Dash) -> None:
    # Dash finds the template for this path, which the rule was not made for.
    dash.register_page(
        "pages.tenant", path_template="/<tenant>/board", layout=lambda tenant=None: html.P(tenant)
    )
    dash_auth.BasicAuth(pages, USERS, public_routes=["/docs/<path:page>"])
    client = client_of(pages)
    for path, status in (("/docs/board", 401), ("/docs/other", 200)):
        assert client.get(path).status_code == status, path
        reply = client.post("/_dash-update-component", json=route_body(path))
        assert reply.status_code == status, path


def test_a_page_that_dash_cannot_resolve_is_private(
    pages: Dash, monkeypatch: pytest.MonkeyPatch
) -> None:
    dash_auth.BasicAuth(pages, USERS, public_routes=["/open"])
    assert "page open" in routed(pages, "/open")

    def upset(path: str) -> Any:
        raise RecursionError

    monkeypatch.setattr("dash_auth._dash_internals._path_to_page", upset)
    assert routed(pages, "/open") == 401
    assert client_of(pages).get("/open").status_code == 401


def test_a_routing_callback_of_the_apps_own_leads_to_public_pathnames_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "dash_auth")
    app = guarded_app(public_routes=["/shown", "/open"])

    @app.callback(Output("page", "children"), Input("url", "pathname"))
    def display(pathname: str) -> str:
        return f"page of {len(pathname)}"

    @app.callback(Output("page", "data"), Input("url", "pathname"))
    def other(pathname: str) -> str:
        return f"data {pathname}"

    client = client_of(app)
    assert "page of 6" in call(client, "page.children", ("url", "pathname", "/shown")).text
    # What is open at /open is a route of the server's own.
    for pathname in ("/", "/shown/", "//shown", "/private", None, ["/shown"], "/open"):
        assert call(client, "page.children", ("url", "pathname", pathname)).status_code == 401
    assert call(client, "page.data", ("url", "pathname", "/shown")).status_code == 401
    assert caplog.text.count("Open with no login where its pathname is public: callback") == 1
    assert "callback page.children" in caplog.text
