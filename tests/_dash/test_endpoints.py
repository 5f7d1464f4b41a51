"""What each endpoint of a server is to an app: recognised by its name, never by a path."""

from __future__ import annotations

from typing import Any

import dash
import dash_auth
import pytest
from attacks.apps import DASH_VERSION
from attacks.servers import BACKENDS
from dash import Dash, Input, Output, html
from dash_auth._core import Endpoint, RouteMap, Standing
from dash_auth._dash.endpoints import Endpoints
from dash_auth._dash.page_rules import PageRules
from dash_auth._request import Server
from dash_auth._servers import server_for
from guarded import USERS, add_witness, client_of, new_app
from werkzeug.routing import Rule

PREFIXES = ["/", "/app/"]


def kinds_of(app: Dash) -> dict[str, Endpoint]:
    """Return what each GET or POST of the server's routes is, by its path."""
    endpoints = Endpoints(app, server_for(app.server))
    return {
        rule.rule: endpoints.kind(rule.endpoint, {}) for rule in app.server.url_map.iter_rules()
    }


@pytest.mark.parametrize("prefix", PREFIXES)
def test_dashs_endpoints_are_told_apart(prefix: str) -> None:
    kinds = kinds_of(new_app(url_base_pathname=prefix))
    expected = {
        "": Endpoint.PAGE,
        "<path:path>": Endpoint.PAGE,
        "_dash-layout": Endpoint.LAYOUT,
        "_dash-dependencies": Endpoint.LAYOUT,
        "_reload-hash": Endpoint.LAYOUT,
        "_dash-update-component": Endpoint.CALLBACK,
        "_favicon.ico": Endpoint.STATIC,
    }
    for name, kind in expected.items():
        assert kinds[prefix + name] == kind, name


def test_no_endpoint_and_the_developers_own() -> None:
    app = new_app()
    add_witness(app.server, "/health")
    endpoints = Endpoints(app, server_for(app.server))
    assert endpoints.kind(None, {}) == Endpoint.MISSING
    assert endpoints.kind("/health", {}) == Endpoint.SERVER
    # Flask's own folder of static files is the developer's too.
    assert endpoints.kind("static", {"filename": "x.css"}) == Endpoint.SERVER


def test_component_suites_are_static_where_dash_serves_the_file() -> None:
    app = new_app()
    endpoints = Endpoints(app, server_for(app.server))
    client_of(app).get("/")  # registers the packages
    name = "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"

    def kind(package: Any, path: Any) -> Endpoint:
        return endpoints.kind(name, {"package_name": package, "fingerprinted_path": path})

    assert kind("dash", "dash-renderer/build/dash_renderer.v1_2_3m4.min.js") == Endpoint.STATIC
    assert kind("dash", "dash-renderer/build/dash_renderer.min.js") == Endpoint.STATIC
    for package, path in (
        ("dash", "dash.py"),
        ("dash", "../secrets.js"),
        ("dash", ""),
        ("os", "path.py"),
        (None, "x.js"),
        ("dash", None),
        ("dash", 5),
    ):
        assert kind(package, path) == Endpoint.CLOSED, (package, path)


def test_a_path_that_upsets_dash_names_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def upset(path: str) -> Any:
        raise IndexError

    monkeypatch.setattr("dash_auth._dash_internals._check_fingerprint", upset)
    app = new_app()
    kind = Endpoints(app, server_for(app.server)).kind(
        "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
        {"package_name": "dash", "fingerprinted_path": "x"},
    )
    assert kind == Endpoint.CLOSED


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("a.css", Endpoint.STATIC),
        ("a/b.JS", Endpoint.STATIC),
        ("a.css.map", Endpoint.SERVER),
        ("css", Endpoint.SERVER),  # a name is no extension
        (".css", Endpoint.SERVER),
        ("a.png", Endpoint.SERVER),
        ("a.", Endpoint.SERVER),
        ("", Endpoint.SERVER),
    ],
)
def test_assets_are_static_by_their_extension(filename: str, kind: Endpoint) -> None:
    app = new_app()
    endpoints = Endpoints(app, server_for(app.server))
    assert endpoints.kind("_dash_assets.static", {"filename": filename}) == kind


def _redirect() -> str:
    return "the developer's own"


def test_the_redirects_of_pages_are_named() -> None:
    app = Dash("some", use_pages=True, pages_folder="", assets_folder="no-assets")
    app.layout = html.Div([dash.page_container])
    dash.register_page(
        "pages.new", path="/new", redirect_from=["/old", "/older"], layout=html.P("new")
    )
    app.server.add_url_rule("/own", "own", _redirect)
    kinds = kinds_of(app)
    assert (kinds["/old"], kinds["/older"]) == (Endpoint.NAMED, Endpoint.NAMED)
    # The developer's own, whatever they call it.
    assert kinds["/own"] == Endpoint.SERVER
    dash_auth.BasicAuth(app, USERS, public_routes=["/old", "/<path:p>"])
    client = client_of(app)
    assert client.get("/old").headers["Location"] == "/new"
    assert client.get("/older").status_code == 401


@pytest.mark.skipif(not hasattr(Dash, "setup_apis"), reason="Dash 4 brought health and API routes")
def test_health_is_named_and_callback_apis_are_closed() -> None:
    app = new_app(health_endpoint="health")

    @dash.callback(Output("a", "children"), Input("in", "value"), api_endpoint="api/show")
    def show(value: str) -> str:
        return "private"

    app.setup_apis()
    kinds = kinds_of(app)
    assert kinds["/health"] == Endpoint.NAMED
    assert kinds["/api/show"] == Endpoint.CLOSED
    dash_auth.BasicAuth(app, USERS, public_routes=["/<path:p>", "/api/show"])
    client = client_of(app)
    assert client.get("/health").status_code == 401
    assert client.post("/api/show", json={"value": 1}).status_code == 401
    assert client.post("/api/show", json={"value": 1}, auth=("alice", "wonderland")).json == (
        "private"
    )
    dash_auth.add_public_routes(app, ["/health"])
    assert client.get("/health").status_code == 200


@pytest.mark.skipif(DASH_VERSION < (4,), reason="Dash 4 brought the MCP server")
def test_the_mcp_server_is_closed_to_any_rule() -> None:
    app = new_app(enable_mcp=True)
    dash_auth.BasicAuth(app, USERS, public_routes=["/<path:p>", "/_mcp"])
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert client_of(app).post("/_mcp", json=call).status_code == 401


def test_the_routes_of_another_app_on_the_server_are_closed() -> None:
    first = new_app()
    second = Dash("second", server=first.server, url_base_pathname="/second/")
    second.layout = html.Div("of the second app")
    dash_auth.BasicAuth(first, USERS, public_routes=["/second/", "/second/<path:p>"])
    client = client_of(first)
    for name in ("", "_dash-layout", "x", "_dash-update-component"):
        assert client.get(f"/second/{name}").status_code == 401, name


# When rules open pages


class CountingRules:
    """A backend that counts how often it is asked to route."""

    def __init__(self, backend: Server) -> None:
        self._backend = backend
        self.count = 0

    def endpoints_of(self, path: str) -> list[str]:
        self.count += 1
        return self._backend.endpoints_of(path)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


def test_rules_are_examined_once_and_again_where_routes_were_added() -> None:
    app = new_app()
    add_witness(app.server, "/about")
    backend: Any = CountingRules(server_for(app.server))
    rules = RouteMap()
    pages = PageRules(app, rules, Endpoints(app, backend), backend)
    assert not pages.lead_to_pages()
    assert backend.count == 0

    rules.add("/about")
    assert not pages.lead_to_pages()
    after_first = backend.count
    assert after_first > 0
    assert not pages.lead_to_pages()
    assert backend.count == after_first

    rules.add("/later")
    assert pages.lead_to_pages()
    # The rule examined before is not examined again, and what was found stays found.
    assert backend.count - after_first <= after_first
    rules.add("/about")
    assert pages.lead_to_pages()

    # A page of Dash's until now; from now on a route of the developer's.
    add_witness(app.server, "/later")
    assert not pages.lead_to_pages()


def replace_route(server: Any, old: str, new: str) -> None:
    """Take a route away and put another in its place, which no server has a method for."""
    if hasattr(server, "router"):
        routes = server.router.routes
        routes[[route.path for route in routes].index(old)] = type(routes[0])(new, str, name=new)
    else:
        endpoints = {rule.rule: rule.endpoint for rule in server.url_map.iter_rules()}
        del endpoints[old]
        rules = {**endpoints, new: new}.items()
        server.url_map = type(server.url_map)(
            [Rule(rule, endpoint=endpoint, methods=["GET"]) for rule, endpoint in rules]
        )


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_route_that_takes_the_place_of_another_is_noticed(backend: str) -> None:
    server = (Dash() if backend == "flask" else Dash(backend=backend)).server
    if backend == "fastapi":
        server.add_route("/before", str)
    else:
        server.add_url_rule("/before", "/before", str)
    adapter = server_for(server)
    count, version = len(adapter.routes()), adapter.routes_version()
    before, catch_all = adapter.endpoints_of("/before"), adapter.endpoints_of("/after")
    assert before != catch_all
    assert adapter.routes_version() is version

    replace_route(server, "/before", "/after")
    assert len(adapter.routes()) == count
    assert adapter.routes_version() is not version
    assert adapter.endpoints_of("/before") == catch_all
    assert adapter.endpoints_of("/after") not in (before, catch_all)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    ("rule", "opens"),
    [
        ("/", True),
        ("/page", True),
        ("/<path:any>", True),
        ("/items/<int:number>", True),
        ("/about", False),
        ("/users/<name>", False),
        ("/_dash-layout", False),
        ("/assets/<path:p>", False),
    ],
)
def test_rules_open_pages_where_they_lead_to_one(prefix: str, rule: str, opens: bool) -> None:
    app = new_app(url_base_pathname=prefix)
    add_witness(app.server, f"{prefix}about", f"{prefix}users/<path>")
    rules = RouteMap()
    rules.add(rule)
    backend = server_for(app.server)
    assert PageRules(app, rules, Endpoints(app, backend), backend).lead_to_pages() is opens


@pytest.mark.parametrize("page", ["/plus/<name>", "/c++/<name>"])
def test_a_path_that_upsets_dash_is_no_page(page: str) -> None:
    app = Dash("some", use_pages=True, pages_folder="", assets_folder="no-assets")
    app.layout = html.Div([dash.page_container])
    dash.register_page("pages.some", path_template=page, layout=html.P("page"))
    app.server.add_url_rule(page, "own", _redirect, methods=["POST"])
    rules, backend = RouteMap(), server_for(app.server)
    rules.add(page)
    pages = PageRules(app, rules, Endpoints(app, backend), backend)
    # Dash makes a regular expression of the template, in which a plus is none, and raises.
    assert pages.means(page.replace("<name>", "x"), Standing.PAGE) is ("+" not in page)
