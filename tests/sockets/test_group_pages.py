"""Pages for groups over a WebSocket: the page router, and the callbacks of such a page."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from attacks.apps import body, guard, item, route_body
from attacks.http import ALICE, BOB, PRIVATE, PUBLIC, AttackSucceeded
from dash import Dash, Input, Output, html

from .apps import SECRET_KEY, ran

GROUPS: dict[str, list[str]] = {}
FIGURE = body("figure.children", [item("year", "value", 1)])
OTHER = body("other.children", [item("year", "value", 1)])


def layout(**_: Any) -> html.Div:
    ran.append("layout")
    return html.Div(PRIVATE)


def fill(_: Any) -> str:
    ran.append("callback")
    return PRIVATE


def board_app(backend: str, **keywords: Any) -> Dash:
    """Return a guarded app with a page for the board, all of whose callbacks run over a socket."""
    GROUPS.update(alice=["board"], bob=["sales"])
    app = Dash(
        "sockets",
        backend=backend,
        assets_folder="no-such-folder",
        websocket_callbacks=True,
        use_pages=True,
        pages_folder="",
    )
    app.layout = html.Div([dash.page_container])
    dash.register_page("home", path="/", layout=html.Div(PUBLIC))
    keywords = {"groups": ["board"], "callbacks": [fill], **keywords}
    dash.register_page("board", path="/board", layout=layout, **keywords)
    app.callback(Output("figure", "children"), Input("year", "value"))(fill)
    app.callback(Output("other", "children"), Input("year", "value"))(lambda _: PUBLIC)
    guard(app, user_groups=GROUPS.get, secret_key=SECRET_KEY)
    return app


def kept_out(answer: dict[str, Any]) -> None:
    """Demand that an answer shows nothing of the page, and nothing of it ran."""
    if PRIVATE in str(answer) or ran:
        raise AttackSucceeded(f"{answer} {ran}")


def test_the_board_is_served(serve: Any, backend: str) -> None:
    site = serve(board_app(backend))
    with site.open(cookie=site.session_of(ALICE)) as socket:
        assert PRIVATE in str(socket.call(route_body("/board")))
        assert PRIVATE in str(socket.call(FIGURE))


def test_others_are_not(serve: Any, backend: str) -> None:
    site = serve(board_app(backend))
    with site.open(cookie=site.session_of(BOB)) as socket:
        answer = socket.call(route_body("/board"))
        kept_out(answer)
        assert "Access denied" in str(answer)
        answer = socket.call(FIGURE)
        kept_out(answer)
        assert answer == {"status": "error", "message": "Access denied"}
        assert PUBLIC in str(socket.call(OTHER))
        assert PUBLIC in str(socket.call(route_body("/")))


@pytest.mark.parametrize("pathname", ["/board/", "//board", "/board?", "/%62oard", "/x/../board"])
def test_no_way_to_write_the_path_shows_the_page(serve: Any, backend: str, pathname: str) -> None:
    site = serve(board_app(backend))
    with site.open(cookie=site.session_of(BOB)) as socket:
        kept_out(socket.call(route_body(pathname)))


def test_the_page_router_takes_no_forged_body(serve: Any, backend: str) -> None:
    site = serve(board_app(backend))
    here, there = (item("_pages_location", "pathname", path) for path in ("/", "/board"))
    with site.open(cookie=site.session_of(BOB)) as socket:
        for inputs in ([here, there], [there], [[there], here], []):
            kept_out(socket.call({**route_body("/"), "inputs": inputs}))
            kept_out(socket.call({**route_body("/"), "inputs": [], "state": inputs}))


def test_who_leaves_the_group_sees_it_no_more(serve: Any, backend: str) -> None:
    site = serve(board_app(backend))
    with site.open(cookie=site.session_of(ALICE)) as socket:
        assert PRIVATE in str(socket.call(route_body("/board")))
        GROUPS["alice"] = []
        ran.clear()
        kept_out(socket.call(FIGURE))
        there = item("_pages_location", "pathname", "/board")
        kept_out(socket.call({**route_body("/"), "inputs": [there]}))
        kept_out(socket.call(route_body("/board")))


def test_a_hidden_page_is_not_found(serve: Any, backend: str) -> None:
    site = serve(board_app(backend, hide=True))
    with site.open(cookie=site.session_of(BOB)) as socket:
        answer = socket.call(route_body("/board"))
        kept_out(answer)
        assert answer == socket.call(route_body("/beard"))


def test_a_function_of_the_user_decides(serve: Any, backend: str) -> None:
    def admits(user: Any) -> bool:
        if user.name == "bob":
            raise KeyError(user.name)
        return True

    site = serve(board_app(backend, groups=admits))
    with site.open(cookie=site.session_of(ALICE)) as socket:
        assert PRIVATE in str(socket.call(route_body("/board")))
    ran.clear()
    with site.open(cookie=site.session_of(BOB)) as socket:
        kept_out(socket.call(route_body("/board")))
        kept_out(socket.call(FIGURE))
