"""Routes of the server's own for some groups: a decorator on each server, a dependency of FastAPI's."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import body, item
from attacks.http import ALICE, BOB, PRIVATE, USERS
from attacks.routes import add_group, add_route
from dash import Dash, Input, Output
from dash_auth import require_groups
from events import Events
from everywhere import Serve, app_behind, on_event_loops
from forms import Browser, form_app

GROUPS = {"alice": ["board", "staff"], "bob": ["staff"]}
HTML = {"Accept": "text/html"}


def guarded() -> Dash:
    return app_behind(dict(USERS), user_groups=GROUPS)


def view() -> str:
    return f"{PRIVATE} for {dash_auth.current_user()}"


def test_a_view_is_for_its_groups_alone(everywhere: Serve, events: Events) -> None:
    app = guarded()
    wanted: dict[str, Callable[..., Any]] = {
        "/board": require_groups("board")(view),
        "/either": require_groups("board", "staff")(view),
        "/both": require_groups("board", "staff", check_type="all_of")(view),
        "/others": require_groups("board", check_type="none_of")(view),
    }
    for path, one in wanted.items():
        add_route(app, path, one)
    add_group(app, "/reports", "/board", require_groups("board")(view))
    site = everywhere(app)

    def said(path: str, auth: Any) -> Any:
        reply = site.get(path, auth=auth)
        if reply.status == 200:
            assert PRIVATE in reply.text
            return "in"
        assert (reply.status, PRIVATE in reply.text, reply.text) == (403, False, "Access denied")
        assert reply.headers["Cache-Control"] == "no-store"
        assert "WWW-Authenticate" not in reply.headers
        return reply.headers["Dash-Auth"]

    assert {path: (said(path, ALICE), said(path, BOB)) for path in wanted} == {
        "/board": ("in", "forbidden"),
        "/either": ("in", "in"),
        "/both": ("in", "forbidden"),
        "/others": ("forbidden", "in"),
    }
    assert (said("/reports/board", ALICE), said("/reports/board", BOB)) == ("in", "forbidden")
    assert {one for one in events.take() if one[0] != "login_success"} == {
        ("access_denied", "bob", "view needs one_of: board"),
        ("access_denied", "bob", "view needs all_of: board, staff"),
        ("access_denied", "alice", "view needs none_of: board"),
    }
    # People see a page.
    page = site.get("/board", auth=BOB, headers=HTML)
    assert (page.status, page.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert site.get("/board").status == 401


def test_a_public_route_asks_for_a_login(everywhere: Serve) -> None:
    app = form_app(user_groups=GROUPS)
    add_route(app, "/board", require_groups("board")(view))
    dash_auth.add_public_routes(app, ["/board"])
    browser = Browser(everywhere(app))
    asked = browser.fetch("/board")
    assert (asked.status, asked.headers["Dash-Auth"]) == (401, "login")
    assert browser.visit("/board").headers["Location"] == "/login?next=/board"
    browser.log_in(*BOB)
    refused = browser.visit("/board")
    # No way round to the login page, which would lead back here.
    assert (refused.status, refused.headers["Dash-Auth"]) == (403, "forbidden")
    browser.log_in()
    assert PRIVATE in browser.fetch("/board").text


def test_a_callback_may_have_it_as_well(everywhere: Serve) -> None:
    app = guarded()

    @app.callback(Output("shut", "children"), Input("in", "value"))
    @require_groups("board")
    def callback(value: str) -> str:
        return f"{PRIVATE} {value}"

    site = everywhere(app)
    sent = body("shut.children", [item("in", "value", "x")])
    assert PRIVATE in site.call(sent, auth=ALICE).text
    refused = site.call(sent, auth=BOB)
    assert (refused.status, refused.headers["Dash-Auth"]) == (403, "forbidden")
    assert PRIVATE not in refused.text


def test_an_async_view_stays_async(everywhere: Serve) -> None:
    app = guarded()

    @require_groups("board")
    async def later() -> str:
        return view()

    assert inspect.iscoroutinefunction(later)
    if apps.backend == "fastapi":
        app.server.add_api_route("/board", later)
    elif apps.backend == "flask":
        # As Flask itself does where it is installed with `async`.
        app.server.add_url_rule("/board", endpoint="b", view_func=lambda: asyncio.run(later()))
    else:
        app.server.add_url_rule("/board", view_func=later)
    site = everywhere(app)
    assert PRIVATE in site.get("/board", auth=ALICE).text
    assert site.get("/board", auth=BOB).status == 403


fastapi_alone = pytest.mark.parametrize("everywhere", ["fastapi"], indirect=True)


@fastapi_alone
def test_a_dependency_gives_the_user(everywhere: Serve) -> None:
    fastapi = pytest.importorskip("fastapi")
    app = guarded()
    board = require_groups("board")

    async def given(user: Any) -> dict[str, Any]:
        return {"name": user.name, "groups": user.groups}

    given.__defaults__ = (fastapi.Depends(board),)

    def sub() -> str:
        return view()

    app.server.add_api_route("/given", given)
    app.server.add_api_route("/route", sub, dependencies=[fastapi.Depends(board)])
    router = fastapi.APIRouter(dependencies=[fastapi.Depends(require_groups("board"))])
    router.add_api_route("/x", sub)
    app.server.include_router(router, prefix="/router")
    inner = fastapi.FastAPI(dependencies=[fastapi.Depends(board)])
    inner.add_api_route("/x", sub)
    app.server.mount("/inner", inner)
    app.server.router.routes.insert(0, app.server.router.routes.pop())
    site = everywhere(app)
    assert site.get("/given?view=1", auth=ALICE).json() == {
        "name": "alice",
        "groups": ["board", "staff"],
    }
    for path in ("/route", "/router/x", "/inner/x"):
        assert PRIVATE in site.get(path, auth=ALICE).text
    for path in ("/given", "/given?view=1", "/route", "/router/x", "/inner/x"):
        refused = site.get(path, auth=BOB)
        assert (refused.status, refused.headers["Dash-Auth"]) == (403, "forbidden"), path
        assert PRIVATE not in refused.text
        assert site.get(path).status == 401
    # What it is called with is no parameter of the route's.
    described = site.get("/openapi.json", auth=ALICE).json()["paths"]["/given"]["get"]
    assert "parameters" not in described


@on_event_loops
def test_a_socket_of_ones_own_is_closed(everywhere: Any) -> None:
    app = app_behind(dict(USERS), user_groups=GROUPS, secret_key="a key of the tests")
    if apps.backend == "fastapi":
        from fastapi import Depends
        from starlette.websockets import WebSocket

        async def live(websocket: WebSocket, user: Any) -> None:
            await websocket.accept()
            await websocket.send_text(str(user))

        live.__annotations__["websocket"] = WebSocket
        live.__defaults__ = (Depends(require_groups("board")),)
        app.server.add_api_websocket_route("/live", live)
    else:
        import quart

        @require_groups("board")
        async def live() -> None:  # type: ignore[misc]
            await quart.websocket.accept()
            await quart.websocket.send(str(dash_auth.current_user()))

        app.server.add_websocket("/live", view_func=live)
    site = everywhere(app)
    with site.open("/live", auth=ALICE) as socket:
        assert socket.connection.recv(10) == "alice"
    with pytest.raises(Exception, match="403"), site.open("/live", auth=BOB):
        pass


@pytest.mark.parametrize("given", [(), (["board"],), (view,), (None,), ("board", 7)])
def test_what_names_no_group_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError, match=r'write require_groups\("board"\)'):
        require_groups(*given)


def test_other_mistakes() -> None:
    with pytest.raises(ValueError, match="check_type"):
        require_groups("board", check_type="any_of")  # type: ignore[arg-type]
    for given in (7, "view", Dash):
        with pytest.raises(TypeError, match="decorates the function of a route"):
            require_groups("board")(given)  # type: ignore[type-var]
    with pytest.raises(RuntimeError, match="protected"):
        require_groups("board")()


def test_it_says_what_it_is() -> None:
    one = require_groups("board", "staff", check_type="all_of")
    assert repr(one) == "<require_groups: all_of: board, staff>"
    assert (one.groups, one.check_type) == (("board", "staff"), "all_of")
    assert one(view).__name__ == "view"
