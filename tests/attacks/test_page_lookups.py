"""S3: what Dash is asked about the page of a pathname, and what it gives that page's layout."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from dash import Dash, html

from .apps import IS_UPSTREAM, guard, item, pages_app, route_body
from .http import ALICE, PRIVATE, PUBLIC, Site, held, honest
from .test_routing_callbacks import at, location_app, open_layout, secret_layout

LINE = "/" + "a" * 2_000 + "\n/dashboard"


def asset(asset_id: Any = None, **_: Any) -> html.Div:
    """Stand for a page that lists what is public, and shows one private item."""
    return html.Div(PUBLIC if asset_id in (None, "none") else f"{PRIVATE} {asset_id}")


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "search", ["?asset_id=7", "?x=1&asset_id=7", "?%61sset_id=7", "?asset_id=7&asset_id=8"]
)
@pytest.mark.parametrize("module", ["inventory", "not_found_404"])
def test_a_query_does_not_give_a_variable_to_a_page_found_by_its_path(
    serve: Any, module: str, search: str
) -> None:
    app = pages_app()
    dash.register_page(module, path="/inventory", path_template="/item/<asset_id>", layout=asset)
    guard(app, public_routes=["/inventory", "/nowhere"])
    site = serve(app)
    # What no page has is answered by the page for that, with the same query.
    asked = "/inventory" if module == "inventory" else "/nowhere"
    honest(site.call(route_body(asked)))
    honest(site.call(route_body(asked, "?page=2")))
    held(site.call(route_body(asked, search)))
    honest(site.call(route_body(asked, search), auth=ALICE), PRIVATE)


@pytest.mark.rule("S3")
def test_a_routing_input_does_not_give_a_variable_to_a_page_found_by_its_path(serve: Any) -> None:
    app = pages_app(routing_callback_inputs={"asset_id": dash.Input("store", "data")})
    dash.register_page("i", path="/inventory", path_template="/item/<asset_id>", layout=asset)
    dash.register_page("open", path="/open", layout=open_layout)
    guard(app, public_routes=["/inventory", "/open"])
    site = serve(app)
    honest(site.call(route_body("/open", "", (item("store", "data", "7"),))))
    held(site.call(route_body("/inventory", "", (item("store", "data", "7"),))))


# How much Dash may be given to work on


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths that Dash has been asked to find a page for, by us or by itself."""
    if IS_UPSTREAM:
        pytest.skip("upstream asks Dash for every pathname")
    paths: list[str] = []
    find = dash._pages._path_to_page

    def note(path: str) -> Any:
        paths.append(path)
        return find(path)

    monkeypatch.setattr("dash_auth._dash_internals._path_to_page", note)
    monkeypatch.setattr("dash._pages._path_to_page", note)
    monkeypatch.setattr("dash.dash._path_to_page", note)
    return paths


def templates_app(*templates: str, public_routes: list[str]) -> Dash:
    """Return a guarded app with private pages of these templates and a public one below /docs."""
    app = pages_app()
    for number, template in enumerate(templates):
        dash.register_page(f"p{number}", path_template=template, layout=secret_layout)
    dash.register_page("z", path_template="/docs/<chapter>", layout=open_layout)
    guard(app, public_routes=public_routes)
    return app


NO_PAGES = {
    "a line feed": "/docs/a\n/dashboard",
    "a tab": "/docs/a\tb",
    "a null": "/docs/\0",
    "delete": "/docs/\x7f",
    "a control character": "/docs/\x85",
    "too long": "/docs/" + "a" * 8_192,
    "too long in bytes": "/docs/" + "é" * 4_096,
}


@pytest.mark.rule("S3")
@pytest.mark.parametrize("path", NO_PAGES.values(), ids=NO_PAGES.keys())
def test_dash_is_not_asked_for_what_is_no_page(serve: Any, asked: list[str], path: str) -> None:
    site = serve(templates_app("/<tenant>/dashboard", public_routes=["/<path:p>"]))
    honest(site.call(route_body("/docs/a")))
    held(site.call(route_body(path)))
    assert not any(len(one) > 100 or not one.isprintable() for one in asked)
    other = serve(location_app(["/<path:p>", "/open"]))
    honest(other.call(at("/open")))
    held(other.call(at(path)))


@pytest.mark.rule("S3")
@pytest.mark.parametrize("path", ["/secret", LINE, "/docs", "/docs/a/b"])
def test_dash_is_asked_only_where_a_rule_matches(serve: Any, asked: list[str], path: str) -> None:
    site = serve(templates_app("/<tenant>/dashboard", public_routes=["/docs/<chapter>"]))
    honest(site.call(route_body("/docs/a")))
    asked.clear()
    held(site.call(route_body(path)))
    assert asked == []


@pytest.mark.rule("S3")
@pytest.mark.parametrize("search", ["?" + "a" * 65_536, "?" + "a&" * 1_000], ids=["long", "fields"])
def test_dash_is_not_asked_with_a_long_search(serve: Any, asked: list[str], search: str) -> None:
    site = serve(templates_app(public_routes=["/docs/<chapter>"]))
    honest(site.call(route_body("/docs/a", "?" + "a" * 60_000)))
    honest(site.call(route_body("/docs/a", "?" + "&".join(["a=1"] * 900))))
    asked.clear()
    held(site.call(route_body("/docs/a", search)))
    assert asked == []


COSTLY = {
    "/<a>x<b>y<c>z": "/docs/xy" + "x" * 8_000 + "z",
    "/<a>x<b>y<c>z<d>w": "/docs/xyz" + "xy" * 400 + "w",
    "/<a>/x/<b>/y/<c>": "/docs/x/y" + "/x/" * 2_000 + "c",
    "/<a><b><c>": "/docs/" + "a" * 4_000,
    "/<a>.x/<b>.y/<c>": "/docs/.x/.y/" + "ax/" * 1_500,
    "/<a>+/<b>": "/docs/" + "+" * 4_000,
}


@pytest.mark.rule("S3")
@pytest.mark.parametrize("template,path", COSTLY.items(), ids=COSTLY.keys())
def test_dash_is_not_asked_where_a_template_makes_it_work_long(
    serve: Any, asked: list[str], template: str, path: str
) -> None:
    site = serve(templates_app(template, public_routes=["/docs/<path:p>"]))
    held(site.call(route_body(path)))
    assert asked == []
    # A long path as such is nothing to refuse: `<chapter>` takes it.
    long = serve(templates_app("/<tenant>/dashboard", public_routes=["/docs/<path:p>"]))
    honest(long.call(route_body("/docs/" + "a/" * 4_000)))


@pytest.mark.rule("S3")
@pytest.mark.parametrize("path", ["/docs/a%0a/dashboard", "/docs/%00", "/docs/" + "a" * 8_192])
def test_the_path_of_the_index_page_has_the_same_limits(
    serve: Any, asked: list[str], path: str
) -> None:
    site: Site = serve(templates_app("/<tenant>/dashboard", public_routes=["/docs/<path:p>"]))
    honest(site.get("/docs/a"), None)
    asked.clear()
    held(site.get(path), status=(400, 401, 404, 414))
    assert asked == []


@pytest.mark.rule("S3")
def test_the_index_page_of_a_costly_path_asks_for_a_login(serve: Any, asked: list[str]) -> None:
    app = templates_app("/<a>x<b>y<c>z", public_routes=["/docs/<path:p>"])
    site: Site = serve(app)
    held(site.get("/docs/xy" + "x" * 4_000 + "z"))
    assert asked == []
