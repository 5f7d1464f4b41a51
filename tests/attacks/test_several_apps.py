"""S9: several guarded apps on one server."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest
from dash import Dash, Input, Output, html

from .apps import body, guard, item, new_app
from .callbacks import ran
from .http import ALICE, BOB, CALLBACK_URL, PRIVATE, PUBLIC, REFUSED, held, honest
from .routes import add_route

pytestmark = pytest.mark.not_on(
    "quart", "Dash 4.4.1 cannot put two apps on one Quart: it gives their WebSockets one name"
)


def private_view(**_: Any) -> str:
    """Stand for a private route of the developer's."""
    ran.append("a private route")
    return PRIVATE


def public_view(**_: Any) -> str:
    """Stand for a public route of the developer's."""
    return PUBLIC


def route(app: Dash, rule: str, view: Any = private_view, **options: Any) -> None:
    """Add a route of the developer's own, a private one unless a view is given."""
    add_route(app, rule, view, **options)


def two_apps(first: str, second: str) -> tuple[Dash, Dash]:
    """Return two apps on one server, each with a user and a public page of its own."""
    one = new_app("one", url_base_pathname=first)
    two = new_app("two", server=one.server, url_base_pathname=second)
    one.layout, two.layout = html.Div(f"{PRIVATE} one"), html.Div(f"{PRIVATE} two")
    for app in (one, two):
        app.index_string = app.index_string.replace("<body>", f"<body>{PRIVATE}")
    guard(one, dict([ALICE]), public_routes=["/open-one"])
    guard(two, dict([BOB]), public_routes=["/open-two"])
    return one, two


@pytest.mark.rule("S9")
@pytest.mark.parametrize(
    "first,second",
    [("/a/", "/b/"), ("/a/", "/ab/"), ("/", "/b/"), ("/a/", "/a/b/"), ("/a/b/", "/a/")],
)
def test_the_guard_with_the_longest_prefix_decides_alone(
    serve: Any, backend: str, first: str, second: str
) -> None:
    one, _ = two_apps(first, second)
    site = serve(one)
    if backend == "fastapi":
        # There Dash has one catch-all, the last app's, which takes the paths of the first as well:
        # what would come is a page of the second app's, to which the second guard has to agree.
        for who in (ALICE, BOB, None):
            held(site.get(f"{first}x", auth=who))
            held(site.get(f"{first}open-one", auth=who))
    else:
        honest(site.get(f"{first}x", auth=ALICE), PRIVATE)
        honest(site.get(f"{first}open-one"), None)
    honest(site.get(first, auth=ALICE), PRIVATE)
    honest(site.get(f"{second}x", auth=BOB), PRIVATE)
    honest(site.get(f"{first}_dash-layout", auth=ALICE), "one")
    honest(site.get(f"{second}_dash-layout", auth=BOB), "two")
    for wrong in (BOB, None):
        held(site.get(f"{first}x", auth=wrong))
        held(site.get(f"{first}_dash-dependencies/x", auth=wrong))
    for wrong in (ALICE, None):
        held(site.get(f"{second}x", auth=wrong))
    honest(site.get(f"{second}open-two"), None)
    held(site.get(f"{first}open-two"))
    held(site.get(f"{second}open-one"))


@pytest.mark.rule("S9")
def test_a_path_under_no_prefix_is_not_more_open(serve: Any) -> None:
    one, two = two_apps("/a/", "/b/")
    route(one, "/other")
    route(one, "/open-one")
    route(one, "/open-two")
    route(one, "/shared", public_view)
    for app in (one, two):
        dash_auth.add_public_routes(app, ["/shared"])
    site = serve(one)
    honest(site.get("/a/", auth=ALICE), PRIVATE)
    honest(site.get("/shared"))
    for path in ("/other", "/a", "/b", "/ax", "/nothing"):
        for auth in (None, ALICE, BOB):
            held(site.get(path, auth=auth), ran=ran, status=(*REFUSED, 308))
    # Open as far as the first guard is concerned; the second still wants to see one of its users.
    for auth in (None, ALICE):
        held(site.get("/open-one", auth=auth), ran=ran)
    ran.clear()
    for path, user in (("/open-one", BOB), ("/open-two", ALICE)):
        reply = honest(site.get(path, auth=user), PRIVATE)
        # Of what one guard shows to its users alone.
        assert reply.headers["Cache-Control"] == "no-store", path


@pytest.mark.rule("S9")
def test_an_unguarded_app_beside_a_guarded_one(serve: Any) -> None:
    one = new_app("one", url_base_pathname="/a/")
    two = new_app("two", server=one.server, url_base_pathname="/b/")
    one.layout = two.layout = html.Div(PRIVATE)
    guard(one, public_routes=["/open"])
    site = serve(one)
    honest(site.get("/b/_dash-layout", auth=ALICE), PRIVATE)
    held(site.get("/b/_dash-layout"))
    held(site.get("/b/closed"))


@pytest.mark.rule("S9")
def test_callbacks_of_two_apps(serve: Any) -> None:
    one, two = two_apps("/a/", "/b/")
    one.callback(Output("o", "children"), Input("url", "pathname"))(lambda p: f"{PUBLIC} {p}")
    two.callback(Output("o", "children"), Input("url", "pathname"))(lambda p: f"{PRIVATE} {p}")
    site = serve(one)

    def sent(path: str) -> dict[str, Any]:
        return body("o.children", [item("url", "pathname", path)])

    honest(site.call(sent("/a/open-one"), url=f"/a{CALLBACK_URL}"))
    for path in ("/a/open-one", "/b/open-one", "/open-one"):
        held(site.call(sent(path), url=f"/b{CALLBACK_URL}"))
        held(site.call(sent(path), url=f"/b{CALLBACK_URL}", auth=ALICE))
