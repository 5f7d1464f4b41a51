"""S8: what a browser asks before a request of a trusted origin reaches no view."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest
from dash import Dash

from . import apps
from .apps import guard, plain_app
from .http import ALICE, PRIVATE, PUBLIC, Reply, Site, basic, held, honest
from .routes import add_route

FRIEND = "https://friend.example"
ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def private_view(**_: Any) -> str:
    """Stand for a view that would run."""
    ran.append("a view")
    return PRIVATE


def allow_friend(server: Any) -> None:
    """Have a server say that a friend's pages may make requests, as flask-cors does."""
    if apps.backend == "fastapi":
        from starlette.middleware.cors import CORSMiddleware

        server.add_middleware(
            CORSMiddleware, allow_origins=[FRIEND], allow_methods=["*"], allow_headers=["*"]
        )
        return

    def allow(response: Any) -> Any:
        response.headers["Access-Control-Allow-Origin"] = FRIEND
        return response

    async def allow_async(response: Any) -> Any:
        return allow(response)

    server.after_request(allow if apps.backend == "flask" else allow_async)


def app_with(*, cors: bool = True, **options: Any) -> Dash:
    """Return a guarded app with routes that take OPTIONS themselves, and one that does not."""
    app = plain_app()
    if cors:
        allow_friend(app.server)
    add_route(app, "/api", private_view, methods=["GET", "POST"])
    add_route(app, "/own", private_view, methods=["GET", "OPTIONS"])
    add_route(app, "/own/<path:rest>", private_view, methods=["OPTIONS"])
    options.setdefault("trusted_origins", [FRIEND])
    guard(app, **options)
    return app


def preflight(site: Site, path: str, **headers: str) -> Reply:
    """Ask as a browser does before a request of a page of the friend's."""
    asked = {"Origin": FRIEND, "Access-Control-Request-Method": "POST", **headers}
    return site.request("OPTIONS", path, headers={k: v for k, v in asked.items() if v})


PATHS = ["/_dash-update-component", "/_dash-layout", "/", "/api", "/own", "/own/deep", "/nowhere"]


@pytest.mark.rule("S8")
@pytest.mark.parametrize("path", PATHS)
def test_a_trusted_origin_may_ask_and_no_view_runs(serve: Any, path: str) -> None:
    reply = held(preflight(serve(app_with()), path), status=(200, 204), ran=ran)
    assert reply.headers["Access-Control-Allow-Origin"] == FRIEND


@pytest.mark.rule("S8")
@pytest.mark.parametrize("path", PATHS)
def test_with_nothing_that_knows_of_cors(serve: Any, path: str) -> None:
    reply = held(preflight(serve(app_with(cors=False)), path), status=(200, 204), ran=ran)
    assert reply.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.rule("S8")
@pytest.mark.not_on("fastapi", "it answers none by itself")
def test_of_a_view_that_takes_options_nothing_is_told(serve: Any) -> None:
    site = serve(app_with(cors=False))
    assert "POST" in held(preflight(site, "/api"), status=200).headers["Allow"]
    for path in ("/own", "/own/deep"):
        assert held(preflight(site, path), status=204, ran=ran).headers["Allow"] is None


@pytest.mark.rule("S8")
@pytest.mark.not_on("fastapi", "it has middlewares")
@pytest.mark.parametrize("credentials", ["a cookie", "wrong ones"])
def test_a_preflight_is_nobodys(serve: Any, credentials: str) -> None:
    """No browser sends them along, and what comes with one was not asked."""
    named: list[Any] = []

    def note(response: Any) -> Any:
        named.append(dash_auth.current_user())
        return response

    async def note_async(response: Any) -> Any:
        return note(response)

    app = app_with(cors=False, secret_key="k" * 32, public_routes=["/open"])
    app.server.after_request(note if apps.backend == "flask" else note_async)
    site = serve(app)
    if credentials == "a cookie":
        sent = {"Cookie": site.get("/", auth=ALICE).cookie() or ""}
    else:
        sent = {"Authorization": basic("alice", "wrong")}
    named.clear()
    held(preflight(site, "/api", **sent), status=(200, 204))
    assert named == [None]


@pytest.mark.rule("S8")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": ""}, {"Origin": "null"},
        {"Origin": f"{FRIEND}/"}, {"Origin": f"{FRIEND}, https://evil.example"},
        {"Access-Control-Request-Method": ""},
    ],
    ids=str,
)  # fmt: skip
def test_nobody_else_may(serve: Any, path: str, headers: dict[str, str]) -> None:
    site = serve(app_with(cors=False))
    held(preflight(site, path, **headers), ran=ran)


@pytest.mark.rule("S8")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_no_other_method_is_a_preflight(serve: Any, method: str) -> None:
    site = serve(app_with(cors=False))
    headers = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
    held(site.request(method, "/own", headers=headers), status=(400, 401, 405), ran=ran)
    override = {**headers, "X-HTTP-Method-Override": "OPTIONS"}
    held(site.request("GET", "/own", headers=override), ran=ran)


@pytest.mark.rule("S8")
def test_who_logs_in_and_what_is_public_reach_a_view_that_takes_options(serve: Any) -> None:
    app = app_with(cors=False, public_routes=["/open"])
    add_route(app, "/open", lambda: PUBLIC, methods=["OPTIONS"])
    site = serve(app)
    honest(preflight(site, "/open"))
    headers = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
    honest(site.request("OPTIONS", "/own", headers=headers, auth=ALICE), PRIVATE)
    assert ran


@pytest.mark.rule("S8")
@pytest.mark.not_on("fastapi", "it has middlewares")
def test_no_hook_from_after_the_login_runs(serve: Any) -> None:
    app = app_with()

    def later() -> None:
        ran.append("a hook")

    async def later_async() -> None:
        ran.append("a hook")

    app.server.before_request(later if apps.backend == "flask" else later_async)
    site = serve(app)
    for path in PATHS:
        held(preflight(site, path), status=(200, 204), ran=ran)


@pytest.mark.rule("S8")
@pytest.mark.not_on("flask", "it has no mounts")
@pytest.mark.not_on("quart", "it has no mounts")
def test_a_mounted_app_does_not_run(serve: Any) -> None:
    from fastapi import FastAPI

    inner = FastAPI()
    inner.add_api_route("/x", private_view, methods=["OPTIONS"])
    app = app_with(cors=False)
    app.server.mount("/inner", inner)
    app.server.router.routes.insert(0, app.server.router.routes.pop())
    held(preflight(serve(app), "/inner/x"), status=204, ran=ran)


@pytest.mark.rule("S8")
def test_a_request_after_the_preflight_still_needs_a_login(serve: Any) -> None:
    site = serve(app_with())
    honest(preflight(site, "/api"), None, status=200)
    friend = {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"}
    held(site.request("POST", "/api", body=b"", headers=friend), ran=ran)
    honest(site.request("POST", "/api", body=b"", headers=friend, auth=ALICE), PRIVATE)
