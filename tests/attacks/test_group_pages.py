"""Pages for some groups: no way leads a user outside of them to what such a page shows or runs."""

from __future__ import annotations

import re
from typing import Any

import dash
import dash_auth
import pytest
from dash import Dash, html

from .apps import (
    IS_UPSTREAM,
    body,
    guard,
    item,
    new_app,
    page_module,
    pages_app,
    route_body,
)
from .http import ALICE, BOB, PRIVATE, PUBLIC, Site, held, honest

if IS_UPSTREAM:
    pytest.skip("upstream has no pages for groups", allow_module_level=True)

from dash_auth import _dash_internals as internals

pytestmark = pytest.mark.rule("S29")

BOARD = {"alice": ["board"], "bob": ["sales"]}
TITLE = "The figures of the board"

ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def secret(*_: Any, **__: Any) -> str:
    """Stand for what only the board may have run."""
    ran.append("secret")
    return PRIVATE


def board(**_: Any) -> html.Div:
    """Stand for the layout of the board's page."""
    return html.Div(secret(), id="figures")


def own(name: str = "own.board") -> None:
    """Register a callback whose function's module is that of the board's page."""
    page_module(
        name,
        """
@dash.callback(Output("figure", "children"), Input("year", "value"))
def fill(_):
    return secret()
""",
        secret=secret,
    )


def board_app(name: str = "own.board", need: Any = None, **keywords: Any) -> Dash:
    """Return a guarded app with a page for all users, and one for the board."""
    app = pages_app()
    dash.register_page("own.home", path="/", layout=lambda **_: html.Div(PUBLIC))
    need = ["board"] if need is None else need
    keywords = {"path": "/board", "title": TITLE, "layout": board, "groups": need, **keywords}
    dash.register_page(name, description=secret_text, **keywords)
    own(name)
    guard(app, user_groups=BOARD, secret_key="k" * 32)
    return app


def secret_text(*_: Any, **__: Any) -> str:
    ran.append("description")
    return PRIVATE


FIGURE = body("figure.children", [item("year", "value", 1)])


@pytest.mark.every_server
def test_who_is_in_the_group_sees_the_page(serve: Any) -> None:
    site = serve(board_app())
    honest(site.get("/board", auth=ALICE), TITLE)
    honest(site.call(route_body("/board"), auth=ALICE), PRIVATE)
    honest(site.call(FIGURE, auth=ALICE), PRIVATE)
    honest(site.call(route_body("/"), auth=BOB))


@pytest.mark.every_server
def test_who_is_not_is_told_so_inside_of_the_app(serve: Any) -> None:
    site = serve(board_app())
    reply = held(site.get("/board", auth=BOB), TITLE, status=403, ran=ran)
    # The app itself, with its menu, and no page of ours in its place.
    assert "_dash-config" in reply.text
    assert reply.headers["Dash-Auth"] == "forbidden"
    assert "no-store" in reply.headers["Cache-Control"]
    reply = held(site.call(route_body("/board"), auth=BOB), TITLE, status=200, ran=ran)
    assert "Access denied" in reply.text
    assert reply.json()["response"]["_pages_store"]["data"]["title"] == "Access denied"
    reply = held(site.call(FIGURE, auth=BOB), status=403, ran=ran)
    assert reply.headers["Dash-Auth"] == "forbidden"


@pytest.mark.parametrize("ask", ["index", "router"])
def test_the_first_request_of_a_process_is_none_too_early(
    serve: Any, ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands between Dash and its pages is there before Dash looks for one."""
    site = serve(board_app())
    for name in (dash._pages, dash.dash):
        monkeypatch.setattr(name, "_path_to_page", internals._path_to_page)
    if ask == "index":
        held(site.get("/board", auth=BOB), TITLE, status=403, ran=ran)
    else:
        held(site.call(route_body("/board"), auth=BOB), TITLE, status=200, ran=ran)


@pytest.mark.parametrize("ask", ["index", "router", "callback"])
def test_an_anonymous_visitor_is_asked_to_log_in(serve: Any, ask: str) -> None:
    site = serve(board_app())
    asked = {
        "index": lambda: site.get("/board"),
        "router": lambda: site.call(route_body("/board")),
        "callback": lambda: site.call(FIGURE),
    }
    reply = held(asked[ask](), TITLE, status=401, ran=ran)
    assert reply.headers["Dash-Auth"] == "login"


PATHNAMES = [
    "/board/",
    "//board",
    "//board//",
    "/board?",
    "/board?x=1",
    "/board#x",
    "/./board",
    "/x/../board",
    "/Board",
    "/BOARD",
    "/%62oard",
    "/board%2f",
    "/board%00",
    "board",
    "\\board",
    "/board\n",
    " /board",
    "/board;x",
]


@pytest.mark.parametrize("pathname", PATHNAMES)
def test_no_way_to_write_the_path_shows_the_page(serve: Any, pathname: str) -> None:
    site = serve(board_app())
    statuses = (200, 400, 403, 404, 500)
    reply = site.call(route_body(pathname), auth=BOB)
    if reply.status == 500:
        # What Dash makes of a pathname outside of the app's prefix.
        assert PRIVATE not in reply.text and not ran
    else:
        held(reply, TITLE, status=statuses, ran=ran)
    target = re.sub(r"[\n ]", "", pathname)
    if target.startswith("/"):
        held(site.get(target, auth=BOB), TITLE, status=(200, 308, 403, 404), ran=ran)


def test_trailing_slashes_are_the_page_itself(serve: Any) -> None:
    site = serve(board_app())
    for pathname in ("/board/", "/board//"):
        honest(site.call(route_body(pathname), auth=ALICE), PRIVATE)
    held(site.get("/board/", auth=BOB), status=403)


FORGED = {
    "another one first": [
        item("_pages_location", "pathname", "/"),
        item("_pages_location", "pathname", "/board"),
    ],
    "the search first": [
        item("_pages_location", "search", "/board"),
        item("_pages_location", "pathname", "/"),
    ],
    "in a list": [[item("_pages_location", "pathname", "/board")]],
    "no text": [item("_pages_location", "pathname", ["/board"]), item("_pages_location", "search")],
    "one too many": [
        item("_pages_location", "pathname", "/"),
        item("_pages_location", "search", ""),
        item("_pages_location", "pathname", "/board"),
    ],
    "none": [],
}


@pytest.mark.parametrize("inputs", FORGED.values(), ids=FORGED.keys())
def test_the_page_router_takes_no_forged_body(serve: Any, inputs: Any) -> None:
    site = serve(board_app())
    sent = {**route_body("/"), "inputs": inputs}
    held(site.call(sent, auth=BOB), TITLE, status=(403, 400), ran=ran)
    sent = {**route_body("/"), "inputs": [], "state": inputs or [{}]}
    held(site.call(sent, auth=BOB), TITLE, status=(403, 400), ran=ran)


@pytest.mark.parametrize("sent", [b"", b"[]", b"null", b'{"output": 1}', b'{"output": []}', b"{"])
def test_a_body_that_is_none_runs_nothing(serve: Any, sent: bytes) -> None:
    held(serve(board_app()).call(sent, auth=BOB), status=(400, 403), ran=ran)


def test_a_page_with_a_template(serve: Any) -> None:
    app = board_app(path=None, path_template="/board/<year>")
    site = serve(app)
    honest(site.call(route_body("/board/2026"), auth=ALICE), PRIVATE)
    honest(site.get("/board/2026", auth=ALICE), TITLE)
    ran.clear()
    for path in ("/board/2026", "/board/none", "/board/a/b", "/board/2026/", "/board/"):
        held(site.call(route_body(path), auth=BOB), TITLE, status=200, ran=ran)
        held(site.get(path, auth=BOB), TITLE, status=(200, 403), ran=ran)
    held(site.get("/board/2026", auth=BOB), status=403)


def test_a_redirect_leads_to_the_page_and_no_further(serve: Any) -> None:
    site = serve(board_app(redirect_from=["/old"]))
    reply = held(site.get("/old", auth=BOB), TITLE, status=(301, 302, 307), ran=ran)
    held(site.get(reply.headers["Location"], auth=BOB), TITLE, status=403, ran=ran)


@pytest.mark.parametrize("prefix", ["/app/"])
def test_an_app_below_a_prefix(serve: Any, prefix: str) -> None:
    app = new_app(use_pages=True, pages_folder="", url_base_pathname=prefix)
    app.layout = html.Div([dash.page_container])
    for path in ("/board", "/app/board"):
        dash.register_page(f"own{path}", path=path, title=TITLE, layout=board, groups=["board"])
    guard(app, user_groups=BOARD)
    site: Site = serve(app)
    url = f"{prefix}_dash-update-component"
    for path in ("/app/board", "/app/app/board", "/app//board", "/app/board/"):
        held(site.call(route_body(path), url=url, auth=BOB), TITLE, status=200, ran=ran)
    for path in ("/app/board", "/app/app/board"):
        held(site.get(path, auth=BOB), TITLE, status=403, ran=ran)
    honest(site.call(route_body("/app/board"), url=url, auth=ALICE), PRIVATE)
    reply = honest(site.get("/app/board", auth=ALICE), TITLE)
    assert "Access denied" not in reply.text


def as_sent(reply: Any) -> str:
    """Return an index page without what Dash makes anew for each."""
    return re.sub(r'"end_id":"[^"]*"', "", reply.text)


def test_a_hidden_page_answers_like_one_that_is_not_there(serve: Any) -> None:
    site = serve(board_app(hide=True))
    known = held(site.get("/board", auth=BOB), TITLE, status=200, ran=ran)
    unknown = site.get("/beard", auth=BOB)
    assert as_sent(known).replace("/board", "/beard") == as_sent(unknown)
    assert "Dash-Auth" not in known.headers
    known = held(site.call(route_body("/board"), auth=BOB), TITLE, status=200, ran=ran)
    assert known.json() == site.call(route_body("/beard"), auth=BOB).json()
    assert "404" in known.text
    honest(site.call(route_body("/board"), auth=ALICE), PRIVATE)


def test_all_of_the_groups(serve: Any) -> None:
    app = board_app(need=["board", "sales"], check_type="all_of")
    site = serve(app)
    for user in (ALICE, BOB):
        held(site.call(route_body("/board"), auth=user), status=200, ran=ran)


def test_one_of_the_groups(serve: Any) -> None:
    site = serve(board_app(need=["board", "audit"]))
    honest(site.call(route_body("/board"), auth=ALICE), PRIVATE)
    held(site.call(route_body("/board"), auth=BOB), status=200)


ANSWERS: dict[str, Any] = {
    "false": False,
    "none": None,
    "one": 1,
    "text": "yes",
    "an error": KeyError("bob"),
    "an exit": SystemExit(1),
    "what is truthy": [True],
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_what_a_function_answers_but_true_refuses(serve: Any, answer: Any) -> None:
    def admits(user: dash_auth.User) -> Any:
        if user.name == "alice":
            return True
        if isinstance(answer, BaseException):
            raise answer
        return answer

    site = serve(board_app(need=admits))
    honest(site.call(route_body("/board"), auth=ALICE), PRIVATE)
    honest(site.call(FIGURE, auth=ALICE), PRIVATE)
    ran.clear()
    held(site.call(route_body("/board"), auth=BOB), TITLE, status=(200, 403), ran=ran)
    held(site.call(FIGURE, auth=BOB), TITLE, status=403, ran=ran)
    held(site.get("/board", auth=BOB), TITLE, status=403, ran=ran)


def test_a_coroutine_is_awaited_and_is_no_yes(serve: Any) -> None:
    async def admits(user: dash_auth.User) -> bool:
        return user.name == "alice"

    site = serve(board_app(need=admits))
    honest(site.call(route_body("/board"), auth=ALICE), PRIVATE)
    held(site.call(route_body("/board"), auth=BOB), status=200)


def test_groups_are_asked_of_their_source_each_time(serve: Any) -> None:
    groups = dict(BOARD)
    site = serve(board_app())
    honest(site.call(FIGURE, auth=ALICE), PRIVATE)
    BOARD["alice"] = ["sales"]
    ran.clear()
    try:
        held(site.call(FIGURE, auth=ALICE), status=403, ran=ran)
        held(site.call(route_body("/board"), auth=ALICE), status=200, ran=ran)
        held(site.get("/board", auth=ALICE), TITLE, status=403, ran=ran)
    finally:
        BOARD.update(groups)


def test_a_broad_rule_does_not_open_the_page(serve: Any) -> None:
    app = board_app()
    site = serve(app)
    honest(site.get("/", auth=ALICE), None)
    # Declared since the first request, which would have been an error.
    dash_auth.add_public_routes(app, ["/<path:rest>", "/board"])
    held(site.get("/board"), TITLE, ran=ran)
    held(site.call(route_body("/board")), TITLE, ran=ran)
    honest(site.call(route_body("/board"), auth=ALICE), PRIVATE)


def test_a_routing_callback_of_the_page_is_not_open(serve: Any) -> None:
    app = pages_app()
    dash.register_page("own.home", path="/", layout=lambda **_: html.Div(PUBLIC))
    dash.register_page("own.board", path="/board", layout=board, groups=["board"])
    page_module(
        "own.board",
        """
@dash.callback(Output("content", "children"), Input("url", "pathname"))
def route(_):
    return secret()
""",
        secret=secret,
    )
    guard(app, public_routes=["/"], user_groups=BOARD)
    site = serve(app)
    sent = body("content.children", [item("url", "pathname", "/")])
    held(site.call(sent), status=401, ran=ran)
    held(site.call(sent, auth=BOB), status=403, ran=ran)
    honest(site.call(sent, auth=ALICE), PRIVATE)


def test_the_layout_route_and_a_validation_layout_hold_no_such_page(serve: Any) -> None:
    app = pages_app()
    app.validation_layout = html.Div([dash.page_container, html.Div(PRIVATE)])
    dash.register_page("own.board", path="/board", layout=html.Div(PRIVATE), groups=["board"])
    guard(app, user_groups=BOARD)
    site = serve(app)
    for user in (BOB, ALICE):
        held(site.get("/", auth=user), status=200)
        held(site.get("/_dash-layout", auth=user), status=200)


# Declared wrongly: nothing is served


def refused_at_start(serve: Any, app: Dash, *said: str, caplog: Any) -> None:
    """Demand that an app serves nothing, and that the log says why."""
    site = serve(app)
    for _ in range(2):
        for reply in (site.get("/", auth=BOB), site.call(FIGURE, auth=BOB)):
            assert reply.status == 500
            assert PRIVATE not in reply.text and TITLE not in reply.text
    assert not ran
    logged = "".join(record.exc_text or str(record.exc_info) for record in caplog.records)
    assert all(one in logged for one in said), logged


MISNAMED = [
    {"group": "board"},
    {"role": "board"},
    {"roles": ["board"]},
    {"permission": "board"},
    {"permissions": ["board"]},
    {"check_type": "all_of"},
    {"groups": "board"},
    {"groups": []},
    {"groups": [""]},
    {"groups": 1},
    {"groups": {"board": True}},
    {"groups": [None]},
    {"groups": ["board"], "check_type": "none_of"},
    {"groups": ["board"], "hide": "yes"},
    {"groups": ["board"], "groups_key": "roles"},
    {"groups": ["board"], "roles": ["x"]},
    {"grups": ["board"]},
    {"groups": ["board", "staff"], "check_typ": "all_of"},
    {"groups": lambda: True},
    {"groups": ["board"], "callbacks": "fill"},
    {"groups": ["board"], "callbacks": [len]},
]


@pytest.mark.parametrize("keywords", MISNAMED, ids=str)
def test_a_mistake_opens_nothing(serve: Any, keywords: Any, caplog: Any) -> None:
    app = pages_app()
    dash.register_page("own.board", path="/board", title=TITLE, layout=board, **keywords)
    guard(app, user_groups=BOARD)
    own()
    refused_at_start(serve, app, caplog=caplog)
