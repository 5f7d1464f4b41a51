"""What FastAPI's own routes get of the login."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from attacks.http import basic
from attacks.servers import running
from dash import Dash, html
from dash_auth import BasicAuth, User, add_public_routes, current_user, require_user

fastapi = pytest.importorskip("fastapi")
requests = pytest.importorskip("requests")

ALICE = ("alice", "wonder-land")


@pytest.fixture
def address() -> Iterator[str]:
    """Serve an app with routes of FastAPI's own."""
    app = Dash("routes", backend="fastapi")
    app.layout = html.Div()
    BasicAuth(app, dict([ALICE]), user_groups={"alice": ["makers"]})
    add_public_routes(app, ["/open", "/asking", "/sync"])

    @app.server.get("/private")
    async def private(user: Annotated[User, fastapi.Depends(require_user)]) -> dict[str, Any]:
        return {"name": user.name, "groups": user.groups}

    @app.server.get("/open")
    async def open_to_all() -> str:
        return f"hello {current_user()}"

    @app.server.get("/sync")
    def in_a_thread() -> str:
        return f"hello {current_user()}"

    @app.server.get("/asking")
    async def asking(user: Annotated[User, fastapi.Depends(require_user)]) -> str:
        return f"hello {user}"

    with running(app.server, "fastapi") as site:
        yield f"http://127.0.0.1:{site.port}"


def test_a_private_route_is_given_the_user(address: str) -> None:
    assert requests.get(f"{address}/private", timeout=10).status_code == 401
    answer = requests.get(f"{address}/private", auth=ALICE, timeout=10)
    assert answer.json() == {"name": "alice", "groups": ["makers"]}


@pytest.mark.parametrize("path", ["/open", "/sync"])
def test_a_public_route_knows_who_asks(address: str, path: str) -> None:
    assert requests.get(address + path, timeout=10).json() == "hello None"
    assert requests.get(address + path, auth=ALICE, timeout=10).json() == "hello alice"
    assert requests.get(address + path, auth=("alice", "no"), timeout=10).json() == "hello None"


def test_a_public_route_may_ask_for_a_login(address: str) -> None:
    answer = requests.get(f"{address}/asking", timeout=10)
    assert (answer.status_code, answer.headers["WWW-Authenticate"][:6]) == (401, "Basic ")
    assert requests.get(f"{address}/asking", auth=ALICE, timeout=10).json() == "hello alice"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_documentation_is_private(address: str, path: str) -> None:
    assert requests.get(address + path, timeout=10).status_code == 401
    assert requests.get(address + path, auth=ALICE, timeout=10).status_code == 200


@pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi is deprecated")
def test_apps_of_two_servers_below_one_fastapi_each_have_their_own_users() -> None:
    from starlette.middleware.wsgi import WSGIMiddleware

    reports = Dash("reports", requests_pathname_prefix="/reports/", routes_pathname_prefix="/")
    reports.layout = html.Div("REPORTS")
    BasicAuth(reports, {"bob": "builder-yes"})
    figures = Dash("figures", backend="fastapi", url_base_pathname="/figures/")
    figures.layout = html.Div("FIGURES")
    BasicAuth(figures, dict([ALICE]))
    house = fastapi.FastAPI()
    house.mount("/reports", WSGIMiddleware(reports.server))
    house.mount("/", figures.server)
    found = {}
    with running(house, "fastapi") as site:
        for path in ("/reports/_dash-layout", "/figures/_dash-layout", "/docs-of-nobody"):
            for auth in (None, ALICE, ("bob", "builder-yes")):
                url = f"http://127.0.0.1:{site.port}{path}"
                found[path, auth and auth[0]] = requests.get(url, auth=auth, timeout=10).status_code
    assert found == {
        ("/reports/_dash-layout", None): 401,
        ("/reports/_dash-layout", "alice"): 401,
        ("/reports/_dash-layout", "bob"): 200,
        ("/figures/_dash-layout", None): 401,
        ("/figures/_dash-layout", "alice"): 200,
        ("/figures/_dash-layout", "bob"): 401,
        ("/docs-of-nobody", None): 401,
        ("/docs-of-nobody", "alice"): 404,
        ("/docs-of-nobody", "bob"): 401,
    }


@pytest.mark.parametrize("fails", [False, True])
def test_a_route_that_calls_another_goes_on_as_its_own_users(fails: bool) -> None:
    app = Dash("calling", backend="fastapi")
    app.layout = html.Div()
    BasicAuth(app, dict([ALICE, ("service", "of-its-own")]))

    async def called(request: Any) -> Any:
        if fails:
            raise LookupError("on purpose")
        return fastapi.responses.PlainTextResponse(str(current_user()))

    async def calling(request: Any) -> Any:
        names = [str(current_user())]
        header = basic("service", "of-its-own").encode()
        scope = {**request.scope, "path": "/called", "headers": [(b"authorization", header)]}

        async def sent(message: Any) -> None:
            names.append(message.get("body", b"").decode())

        with contextlib.suppress(LookupError):
            await app.server(scope, request.receive, sent)
        return fastapi.responses.JSONResponse([*names, str(current_user())])

    app.server.add_route("/called", called)
    app.server.add_route("/calling", calling)
    with running(app.server, "fastapi") as site:
        url = f"http://127.0.0.1:{site.port}/calling"
        names = requests.get(url, auth=ALICE, timeout=10).json()
    assert (names[0], names[-1]) == ("alice", "alice")
    assert fails or "service" in names


def test_an_empty_secret_key_is_none() -> None:
    app = Dash("keyless", backend="fastapi")
    app.layout = html.Div()
    auth = BasicAuth(app, dict([ALICE]), public_routes=["/open"], secret_key="")
    assert auth._dash_auth_server.secret_keys() == ()

    async def open_to_all(request: Any) -> Any:
        return fastapi.responses.JSONResponse(str(request.scope.get("session")))

    app.server.add_route("/open", open_to_all)

    with running(app.server, "fastapi") as site:
        assert requests.get(f"http://127.0.0.1:{site.port}/open", timeout=10).json() == "None"


def test_require_user_outside_of_a_request_says_what_it_is_for() -> None:
    with pytest.raises(RuntimeError, match="FastAPI"):
        require_user()


def test_sessions_of_the_developers_are_not_doubled() -> None:
    from dash_auth._servers.fastapi.session import RotatingSessions, SessionCookie
    from starlette.middleware import Middleware
    from starlette.middleware.sessions import SessionMiddleware

    sessions = SessionCookie()
    own = Middleware(SessionMiddleware, secret_key="the developer's")
    assert (sessions.fit([]), sessions.fit([own])) == ([], [own])
    sessions.set_secret_keys(["the guard's"])
    assert [one.cls for one in sessions.fit([])] == [RotatingSessions]
    assert sessions.fit([own]) == [own]
    assert sessions.secret_keys([own]) == (b"the developer's",)
