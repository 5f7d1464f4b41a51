"""`protect_page`, and what menus are made of: `can_see` and `visible_pages`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import dash
import dash_auth
import pytest
from attacks.apps import body, item, pages_app, route_body
from attacks.http import ALICE, BOB, PRIVATE, USERS
from attacks.routes import add_route
from dash import Dash, Input, Output, html
from everywhere import Serve, on_event_loops

GROUPS = {"alice": ["board"], "bob": ["sales"]}
MENU = body("menu.children", [item("url", "pathname", "/")])


def menu(_: Any = None) -> str:
    """Stand for a menu."""
    seen = [page["path"] for page in dash_auth.visible_pages()]
    asked = [
        path for path in ("/", "/about", "/board", "/item/7", "/no") if dash_auth.can_see(path)
    ]
    return f"{seen} {asked}"


def menu_app(**options: Any) -> Dash:
    """Return a guarded app with a public page, one for all users, and some for groups."""
    app = pages_app()
    dash.register_page("home", path="/", layout=html.Div())
    dash.register_page("about", path="/about", layout=html.Div())
    dash.register_page("board", path="/board", layout=html.Div(PRIVATE))
    dash.register_page(
        "item",
        path_template="/item/<id>",
        layout=html.Div(PRIVATE),
        groups=lambda u: u.name == "bob",
    )
    options = {"public_routes": ["/about"], "user_groups": GROUPS, **options}
    dash_auth.BasicAuth(app, dict(USERS), secret_key="k" * 32, **options)
    dash_auth.protect_page("/board", groups=["board"])
    dash_auth.public_callback(Output("menu", "children"), Input("url", "pathname"))(menu)
    return app


def test_a_menu_shows_what_its_user_may_see(everywhere: Serve) -> None:
    site = everywhere(menu_app())
    seen = {
        user: site.call(MENU, auth=user).json()["response"]["menu"]["children"]
        for user in (ALICE, BOB, None)
    }
    assert seen[ALICE] == "['/', '/about', '/board'] ['/', '/about', '/board']"
    assert seen[BOB] == "['/', '/about', '/item/none'] ['/', '/about', '/item/7']"
    assert seen[None] == "['/about'] ['/about']"


def test_so_does_one_in_a_route_and_in_the_layout(everywhere: Serve) -> None:
    app = menu_app()
    app.layout = lambda: html.Div([menu(), dash.page_container])
    add_route(app, "/menu", menu)
    site = everywhere(app)
    for path in ("/menu", "/_dash-layout"):
        assert "board" in site.get(path, auth=ALICE).text
        assert "board" not in site.get(path, auth=BOB).text


def test_a_function_that_fails_leaves_its_page_out(everywhere: Serve) -> None:
    app = menu_app()
    dash.register_page("other", path="/other", layout=html.Div(), groups=lambda user: 1 / 0)
    site = everywhere(app)
    reply = site.call(MENU, auth=ALICE)
    assert reply.status == 200
    assert "other" not in reply.text
    assert "board" in reply.text


def test_an_async_function_is_awaited(everywhere: Serve) -> None:
    async def admits(user: dash_auth.User) -> bool:
        return user.name == "alice"

    app = menu_app()
    dash.register_page("other", path="/other", layout=html.Div(), groups=admits)
    site = everywhere(app)
    assert "other" in site.call(MENU, auth=ALICE).text
    assert "other" not in site.call(MENU, auth=BOB).text


def test_outside_of_a_request_only_public_pages_are_visible() -> None:
    menu_app()
    assert menu() == "['/about'] ['/about']"


def test_with_nobody_to_protect_the_app_none_is() -> None:
    pages_app()
    dash.register_page("home", path="/", layout=html.Div())
    assert dash_auth.visible_pages() == []
    assert not dash_auth.can_see("/")


@pytest.mark.parametrize("path", ["//board", "board", "/board/", "/board\n", "/\0", "/item/\n"])
def test_a_path_is_what_dash_finds_for_it(path: str) -> None:
    menu_app()
    assert not dash_auth.can_see(path)


# protect_page


def test_it_protects_a_page_of_a_package(everywhere: Serve) -> None:
    site = everywhere(menu_app())
    assert site.get("/board", auth=BOB).status == 403
    assert site.get("/board", auth=ALICE).status == 200


@pytest.mark.parametrize(
    "keywords",
    [
        {"groups": "board"},
        {"groups": 7},
        {"groups": [None]},
        {"groups": lambda: True},
        {"groups": ["board"], "hide": 1},
        {"groups": ["board"], "callbacks": ["fill"]},
        {"groups": ["board"], "callbacks": "fill"},
    ],
    ids=str,
)
def test_a_wrong_type_is_an_error(keywords: Any) -> None:
    menu_app()
    with pytest.raises(TypeError):
        dash_auth.protect_page("/", **keywords)


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"groups": []},
        {"groups": [""]},
        {"groups": ["board"], "check_type": "none_of"},
        {"check_type": "all_of"},
        {"groups": lambda user: True, "check_type": "all_of"},
    ],
    ids=str,
)
def test_a_wrong_value_is_an_error(keywords: Any) -> None:
    menu_app()
    with pytest.raises(ValueError):
        dash_auth.protect_page("/", **keywords)


@pytest.mark.parametrize(
    "name, meant", [("group", "groups"), ("roles", "groups"), ("hidden", "hide")]
)
def test_an_unknown_keyword_is_an_error(name: str, meant: str) -> None:
    menu_app()
    with pytest.raises(TypeError, match=f"{name}.*did you mean {meant}=?"):
        dash_auth.protect_page("/", **{name: ["board"]})


def test_a_refused_page_is_an_event_once(everywhere: Serve, events: Any) -> None:
    site = everywhere(menu_app())
    for _ in range(2):
        site.get("/board", auth=BOB)
        site.call(route_body("/board"), auth=BOB)
    site.get("/board", auth=ALICE)
    told = [one for one in events.take("event", "user", "reason") if one[0] == "access_denied"]
    assert told == [("access_denied", "bob", "the page /board needs board")]
    # A menu asks too, and denies nothing.
    site.call(MENU, auth=BOB)
    assert [one for one in events.take("event") if one == ("access_denied",)] == []


@on_event_loops
def test_a_function_of_the_user_never_holds_up_the_event_loop(everywhere: Serve) -> None:
    in_loop = []

    def admits(user: dash_auth.User) -> bool:
        with contextlib.suppress(RuntimeError):
            in_loop.append(asyncio.get_running_loop())
        return user.name == "alice"

    app = menu_app()
    dash.register_page("slow", path="/slow", layout=html.Div(PRIVATE), groups=admits)
    site = everywhere(app)
    for user, status in ((ALICE, 200), (BOB, 403)):
        assert site.get("/slow", auth=user).status == status
        assert (PRIVATE in site.call(route_body("/slow"), auth=user).text) is (status == 200)
    assert in_loop == []


def test_a_path_begins_with_a_slash_and_is_declared_once() -> None:
    menu_app()
    with pytest.raises(ValueError, match="begin with a slash"):
        dash_auth.protect_page("about", groups=["board"])
    with pytest.raises(ValueError, match="already"):
        dash_auth.protect_page("/board/", groups=["board"])


def test_after_the_first_request_it_is_too_late(everywhere: Serve) -> None:
    site = everywhere(menu_app())
    site.get("/", auth=ALICE)
    with pytest.raises(RuntimeError, match="before the app's first request"):
        dash_auth.protect_page("/", groups=["board"])


def test_a_list_that_grows_later_changes_nothing() -> None:
    app = menu_app()
    groups = ["board"]
    dash_auth.protect_page("/", groups=groups)
    groups.append("sales")
    client = app.server.test_client()
    assert client.get("/", auth=BOB).status_code == 403
    assert client.get("/", auth=ALICE).status_code == 200
