"""S6, S8 on FastAPI, whose routes, mounts and middleware differ from Flask's."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest
from dash import Dash, Input, Output, html

from .apps import body, guard, item, plain_app
from .http import ALICE, PRIVATE, PUBLIC, REFUSED, held, honest, no_server_error
from .routes import add_route, for_fastapi
from .servers import HAS_EVENT_LOOPS

pytestmark = [
    pytest.mark.event_loops,
    pytest.mark.not_on("quart", "FastAPI's own routing"),
    pytest.mark.rule("S8"),
]

if HAS_EVENT_LOOPS:
    from fastapi import APIRouter, FastAPI, Request
    from fastapi.responses import PlainTextResponse
    from starlette.routing import Mount, Route

ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def closed_view(**_: Any) -> str:
    """Stand for a private route of the developer's."""
    ran.append("a private route")
    return PRIVATE


def app_with(**options: Any) -> Dash:
    """Return an app whose every page is private by its index page and its layout."""
    app = plain_app(**options)
    app.index_string = app.index_string.replace("<body>", f"<body>{PRIVATE}")
    app.callback(Output("p", "children"), Input("i", "value"))(
        lambda _: ran.append("callback") or PRIVATE
    )
    return app


CALL = body("p.children", [item("i", "value", 1)])
DOCUMENTS = ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect")


@pytest.mark.parametrize("rules", [None, [], ["/open"], ["/about", "/"]], ids=str)
def test_the_documents_of_the_api_are_private(serve: Any, rules: Any) -> None:
    app = app_with()
    app.layout = html.Div(PUBLIC)
    app.index_string = app.index_string.replace(PRIVATE, "")
    add_route(app, "/secret-api", closed_view)
    guard(app, public_routes=rules)
    site = serve(app)
    for path in DOCUMENTS:
        for method in ("GET", "HEAD", "OPTIONS"):
            held(site.request(method, path), "secret-api", "swagger", "redoc")
    honest(site.get("/openapi.json", auth=ALICE), "secret-api")
    honest(site.get("/docs", auth=ALICE), "swagger")


def test_a_document_that_is_declared_opens_alone(serve: Any) -> None:
    app = app_with()
    guard(app, public_routes=["/openapi.json"])
    site = serve(app)
    honest(site.get("/openapi.json"), "openapi")
    for path in ("/docs", "/redoc", "/", "/_dash-layout", "/openapi.json/", "/openapi.jsonx"):
        held(site.get(path), ran=ran, status=REFUSED)


def other_app() -> FastAPI:
    """Return an app of the developer's with a private route and its documents."""
    other = FastAPI()
    other.add_api_route("/admin", for_fastapi(closed_view), methods=["GET", "POST"])
    other.add_api_route("/open", for_fastapi(lambda: PUBLIC))
    return other


@pytest.mark.parametrize("when", ["before the guard", "after the guard", "before Dash"])
def test_a_mounted_app_is_private(serve: Any, when: str) -> None:
    if when == "before Dash":
        server = FastAPI()
        server.mount("/sub", other_app())
        app = app_with(server=server)
    else:
        app = app_with()
    if when == "before the guard":
        app.server.mount("/sub", other_app())
    guard(app, public_routes=["/open", "/sub/open"])
    if when == "after the guard":
        app.server.mount("/sub", other_app())
    site = serve(app)
    honest(site.get("/sub/open"))
    for path in (
        "/sub/admin", "/sub", "/sub/", "/sub/docs", "/sub/openapi.json", "/sub//admin",
        "/sub/open/../admin", "/sub/open/", "/sub/open%2f..%2fadmin", "/sub/%61dmin", "/SUB/admin",
        "//sub/admin", "/sub/nothing", "/admin", "/sub/sub/open",
    ):  # fmt: skip
        held(site.get(path), ran=ran, status=(*REFUSED, 307, 308))
    held(site.request("POST", "/sub/admin", body=b"{}"), ran=ran)
    honest(site.get("/sub/admin", auth=ALICE), PRIVATE)


def test_a_mounted_dash_app_is_private(serve: Any) -> None:
    other = Dash("other", backend="fastapi", assets_folder="none")
    other.layout = html.Div(PRIVATE)
    app = app_with()
    app.server.mount("/sub", other.server)
    guard(app, public_routes=["/open"])
    site = serve(app)
    for path in ("/sub/_dash-layout", "/sub/", "/sub", "/sub/_dash-dependencies", "/sub/x"):
        held(site.get(path))
    held(site.call(CALL, url="/sub/_dash-update-component"))
    honest(site.get("/sub/_dash-layout", auth=ALICE), PRIVATE)


@pytest.mark.parametrize("server", ["FastAPI", "Starlette"])
def test_a_guarded_app_that_is_mounted(serve: Any, server: str) -> None:
    """The guard goes where its server goes, and no further."""
    from starlette.applications import Starlette

    app = app_with()
    add_route(app, "/admin", closed_view)
    add_route(app, "/open", lambda: PUBLIC)
    guard(app, public_routes=["/open"])
    outer: Any = FastAPI() if server == "FastAPI" else Starlette()
    outer.mount("/below", app.server)
    outer.router.routes.append(Route("/open-above", for_starlette(PUBLIC)))
    site = serve(outer)
    honest(site.get("/open-above"))
    honest(site.get("/below/open"))
    for path in (
        "/below/admin", "/below/_dash-layout", "/below", "/below/", "/below//admin",
        "/below/below/admin", "/below/_dash-update-component",
    ):  # fmt: skip
        held(site.get(path), ran=ran, status=(*REFUSED, 307))
    held(site.call(CALL, url="/below/_dash-update-component"), ran=ran)
    honest(site.get("/below/admin", auth=ALICE), PRIVATE)


def for_starlette(text: str) -> Any:
    """Return a view of Starlette's that answers with a text."""

    async def view(request: Request) -> Any:
        return PlainTextResponse(text)

    return view


def test_included_routers(serve: Any) -> None:
    app = app_with()
    inner, outer = APIRouter(), APIRouter(prefix="/v1")
    inner.add_api_route("/admin", for_fastapi(closed_view), methods=["GET", "POST"])
    inner.add_api_route("/open", for_fastapi(lambda: PUBLIC), methods=["GET"])
    inner.add_api_route("/number/{n:int}", for_fastapi(lambda n: PUBLIC))
    outer.include_router(inner, prefix="/inner")
    app.server.include_router(outer, prefix="/api")
    guard(app, public_routes=["/api/v1/inner/open", "/api/v1/inner/number/<int:n>"])
    site = serve(app)
    honest(site.get("/api/v1/inner/open"))
    honest(site.get("/api/v1/inner/number/5"))
    for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT"):
        held(site.request(method, "/api/v1/inner/admin"), ran=ran)
    for path in (
        "/api/v1/inner/admin/", "/api/v1/inner", "/api/v1/inner/open/", "/api/v1/inner//admin",
        "/v1/inner/open", "/inner/open", "/open", "/api/v1/inner/number/x",
        "/api/v1/inner/number/-1",
    ):  # fmt: skip
        held(site.get(path), ran=ran, status=REFUSED)
    held(site.get("/_dash-layout"))
    honest(site.get("/api/v1/inner/admin", auth=ALICE), PRIVATE)


@pytest.mark.rule("S6")
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("kind", ["FastAPI's", "Starlette's"])
def test_a_webhook_of_an_included_router_opens_neither_layout_nor_index(
    serve: Any, kind: str, depth: int
) -> None:
    """The catch-all takes a GET for its path, as for that of a route of the server's own."""
    app = app_with()
    router = APIRouter()
    if kind == "FastAPI's":
        router.add_api_route("/hook", for_fastapi(lambda: PUBLIC), methods=["POST"])
    else:
        router.add_route("/hook", for_starlette(PUBLIC), methods=["POST"])
    for _ in range(depth):
        inner, router = router, APIRouter()
        router.include_router(inner)
    app.server.include_router(router)
    guard(app, public_routes=["/hook"])
    site = serve(app)
    honest(site.request("POST", "/hook"))
    honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)
    for path in ("/_dash-layout", "/_dash-dependencies", "/_reload-hash", "/hook"):
        held(site.get(path), ran=ran)
    dash_auth.add_public_routes(app, ["/a-page"])
    honest(site.get("/_dash-layout"), PRIVATE)


@pytest.mark.parametrize(
    "name",
    [
        "/", "/<path:path>", "/_dash-layout", "/_dash-dependencies", "/_reload-hash",
        "/_favicon.ico", "/_dash-update-component", "_dash_assets.static", "_dash_assets",
        "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
        "dash_auth: the server's routing fails", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/own", "/own/{package_name}/{fingerprinted_path:path}"])
def test_a_route_with_the_name_of_one_of_dashs(serve: Any, name: str, path: str) -> None:
    """The guard knows Dash's endpoints by the function, not by what a route is called."""
    app = app_with()
    app.server.add_api_route(path, for_fastapi(closed_view), methods=["GET", "POST"], name=name)
    guard(app, public_routes=["/", "/open"])
    site = serve(app)
    target = "/own" if path == "/own" else "/own/dash/deps/polyfill@7.min.js"
    held(site.get(target), ran=ran)
    held(site.request("POST", target, body=b"{}"), ran=ran)
    honest(site.get(target, auth=ALICE), PRIVATE)


@pytest.mark.parametrize("kind", ["before the guard", "after the guard", "a class", "a route's"])
def test_middleware_that_answers_by_itself_stays_behind(serve: Any, kind: str) -> None:
    app = app_with()
    add_route(app, "/open", lambda: PUBLIC)

    class Answering:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["path"] == "/shortcut":
                ran.append("shortcut")
                await PlainTextResponse(PRIVATE)(scope, receive, send)
                return
            await self.app(scope, receive, send)

    def declare() -> None:
        @app.server.middleware("http")
        async def answering(request: Request, call_next: Any) -> Any:
            if request.url.path == "/shortcut":
                ran.append("shortcut")
                return PlainTextResponse(PRIVATE)
            return await call_next(request)

    if kind == "before the guard":
        declare()
    guard(app, public_routes=["/open"])
    if kind == "after the guard":
        declare()
    elif kind == "a class":
        app.server.add_middleware(Answering)
    elif kind == "a route's":
        app.server.router.routes.insert(0, Mount("/shortcut", app=Answering(None)))
    site = serve(app)
    honest(site.get("/open"))
    held(site.get("/shortcut"), ran=ran)
    held(site.get("/shortcut", auth=("alice", "wrong")), ran=ran)
    if kind != "a route's":
        honest(site.get("/shortcut", auth=ALICE), PRIVATE)


def test_a_route_in_starlettes_own_way(serve: Any) -> None:
    app = app_with()

    async def starlette_view(request: Request) -> Any:
        ran.append("a private route")
        return PlainTextResponse(PRIVATE)

    app.server.router.routes.insert(0, Route("/own/{x}", starlette_view))
    app.server.add_route("/own2", starlette_view)
    guard(app, public_routes=["/open"])
    site = serve(app)
    for path in ("/own/5", "/own2"):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            held(site.request(method, path), ran=ran)
        honest(site.get(path, auth=ALICE), PRIVATE)
        ran.clear()


@pytest.mark.parametrize("public", [True, False])
def test_a_path_that_the_routing_fails_on(serve: Any, public: bool) -> None:
    """Python makes no number of thousands of digits."""
    app = app_with()
    add_route(app, "/item/<int:n>", lambda n: PUBLIC)
    guard(app, public_routes=["/item/<n>"] if public else ["/open"])
    site = serve(app)
    honest(site.get("/item/5", auth=None if public else ALICE))
    held(site.get("/item/" + "9" * 5000), ran=ran)
    held(site.request("POST", "/item/" + "9" * 5000), ran=ran)


def test_a_server_that_stands_below_a_path(serve: Any) -> None:
    app = app_with()
    add_route(app, "/admin", closed_view)
    add_route(app, "/proxy/admin", closed_view)
    add_route(app, "/open", lambda: PUBLIC)
    guard(app, public_routes=["/open"])

    async def below(scope: Any, receive: Any, send: Any) -> None:
        # As a server that is told so states it.
        await app.server({**scope, "root_path": "/proxy"}, receive, send)

    site = serve(below)
    for path in (
        "/admin", "/proxy/admin", "/proxy/proxy/admin", "/proxyadmin", "/proxy//admin",
        "/PROXY/admin", "/proxy", "/proxy/", "/proxy/_dash-layout", "/_dash-layout", "//proxy/admin",
        "/proxy/../admin", "/open/../proxy/admin", "/x/proxy/admin", "/proxy/openx",
    ):  # fmt: skip
        reply = no_server_error(site.get(path), ran)
        assert PUBLIC not in reply.text and reply.status in (*REFUSED, 307)
    honest(site.get("/proxy/open"))
    honest(site.get("/proxy/admin", auth=ALICE), PRIVATE)
    ran.clear()
    for prefix in ("", "/proxy", "/proxy/proxy", "/x"):
        held(site.call(CALL, url=f"{prefix}/_dash-update-component"), ran=ran)


def test_the_slash_at_the_end(serve: Any) -> None:
    """FastAPI sends a client on to the path with, or without, the slash: to what it may see alone."""
    app = app_with()
    add_route(app, "/own/", closed_view)
    add_route(app, "/post-only", closed_view, methods=["POST"])
    guard(app, public_routes=["/open"])
    site = serve(app)
    for path in ("/own", "/own/", "/post-only", "/post-only/"):
        for method in ("GET", "POST", "HEAD", "OPTIONS"):
            reply = held(site.request(method, path), ran=ran)
            assert reply.headers["Location"] is None and reply.headers["Allow"] is None


def test_hooks_routes_are_not_opened_by_a_broad_rule(serve: Any) -> None:
    """Dash serves a developer's function for a hook; a broad rule opens no endpoint of Dash's."""
    from dash import hooks

    app_of: list[Dash] = []
    before = dict(hooks._ns)
    try:
        hooks.route("hooked", methods=("GET", "POST"))(lambda: closed_view())
        app_of.append(app_with())
    finally:
        hooks._ns.clear()
        hooks._ns.update({name: list(kept) for name, kept in before.items() if name != "routes"})
    (app,) = app_of
    app.index_string = app.index_string.replace(PRIVATE, PUBLIC)
    guard(app, public_routes=["/<path:p>"])
    site = serve(app)
    honest(site.get("/anything"))
    held(site.get("/hooked"), ran=ran)
    held(site.request("POST", "/hooked", body=b"{}"), ran=ran)
    honest(site.get("/hooked", auth=ALICE), PRIVATE)


def test_routes_added_while_it_runs(serve: Any) -> None:
    app = app_with()
    guard(app, public_routes=["/open"])
    site = serve(app)
    honest(site.get("/open", auth=ALICE), None)
    add_route(app, "/later", closed_view, before_dash=True)
    held(site.get("/later"), ran=ran)
    dash_auth.add_public_routes(app, ["/later-open"])
    add_route(app, "/later-open", lambda: PUBLIC, before_dash=True)
    honest(site.get("/later-open"))
    honest(site.get("/later", auth=ALICE), PRIVATE)
