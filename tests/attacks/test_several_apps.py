"""S9: several guarded apps on one server."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest
from dash import Dash, Input, Output, html
from tickets import ticket_of

from .apps import body, guard, item, new_app
from .callbacks import ran
from .http import ALICE, BOB, CALLBACK_URL, PRIVATE, PUBLIC, REFUSED, held, honest
from .routes import add_route, content_of, session

KEY = "a secret key of the server's own"

CAROL = {"email": "carol", "email_verified": True, "sub": "1"}

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


@pytest.mark.rule("S7")
def test_the_set_up_runs_no_layout_for_a_user_of_another_app(serve: Any) -> None:
    one, two = two_apps("/a/", "/b/")
    two.layout = lambda: ran.append("the layout of two") or html.Div()  # type: ignore[func-returns-value]
    route(one, "/open-two", public_view)
    ran.clear()
    site = serve(one)
    # The second guard lets anybody see it; the first wants to see one of its users.
    honest(site.get("/open-two", auth=ALICE), PUBLIC)
    assert ran == []


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


# Where several guards are asked, whoever one of them knows is there


def who() -> dict[str, Any]:
    """Say who app code finds, in both ways."""
    user = dash_auth.current_user()
    held = session().get("user")
    return {"current": user and user.name, "session": held and held["email"]}


def add() -> str:
    """Add to what is known of the user."""
    session()["user"] = {**session()["user"], "theme": "dark"}
    return PUBLIC


NOBODY = {"current": None, "session": None}


def carol(auth: dash_auth.OIDCAuth) -> str:
    """Return the cookie of a user who has logged in through a provider."""
    return ticket_of(auth, KEY.encode(), CAROL)


def apps_with_shared_routes(kinds: list[str], shared: list[list[str]]) -> tuple[Dash, list[Any]]:
    """Return two apps on one server, and their guards.

    :param kinds: how each is guarded
    :param shared: which routes that are below the prefix of neither are public at each
    """
    apps: list[Dash] = []
    for number, _ in enumerate(kinds):
        options = {"server": apps[0].server} if apps else {}
        apps.append(new_app(f"{number}", url_base_pathname=f"/{number}/", **options))
        apps[-1].layout = html.Div(PRIVATE)
        for path in ("who", "open/who"):
            add_route(apps[-1], f"/{number}/{path}", who)
    for path, view in {"/shared": who, "/half": who, "/add": add}.items():
        add_route(apps[0], path, view)
    guards: list[Any] = []
    for number, (app, kind) in enumerate(zip(apps, kinds, strict=True)):
        options = {"secret_key": KEY, "public_routes": ["/open/who", *shared[number]]}
        if kind == "oidc":
            auth = dash_auth.OIDCAuth(app, secure_session=False, **options)
            auth.register_provider("idp", client_id="x", server_metadata_url="https://idp.invalid/")
            guards.append(auth)
        else:
            guards.append(guard(app, dict([ALICE if kind == "alice" else BOB]), **options))
    return apps[0], guards


@pytest.mark.rule("S27")
@pytest.mark.parametrize(
    "kinds", [["alice", "bob"], ["bob", "alice"], ["alice", "oidc"], ["oidc", "alice"]], ids=str
)
def test_whom_one_of_the_guards_knows_is_there_for_app_code(serve: Any, kinds: list[str]) -> None:
    app, guards = apps_with_shared_routes(kinds, [["/shared"], ["/shared"]])
    site = serve(app)
    for number, kind in enumerate(kinds):
        if kind == "oidc":
            name, cookie = "carol", carol(guards[number])
        else:
            name, login = kind, ALICE if kind == "alice" else BOB
            cookie = site.get(f"/{number}/who", auth=login).cookie()
        known = {"current": name, "session": name}
        assert site.get(f"/{number}/open/who", cookie=cookie).json() == known
        assert site.get(f"/{1 - number}/open/who", cookie=cookie).json() == NOBODY
        assert site.get("/shared", cookie=cookie).json() == known
    assert site.get("/shared").json() == NOBODY
    assert site.get("/shared", auth=("alice", "wrong")).json() == NOBODY


@pytest.mark.rule("S15")
@pytest.mark.parametrize("kinds", [["alice", "bob"], ["bob", "alice"], ["alice", "oidc"]], ids=str)
@pytest.mark.parametrize("path", ["/shared", "open/who"])
def test_a_login_to_one_app_is_not_another_guards_to_end(
    serve: Any, kinds: list[str], path: str
) -> None:
    app, guards = apps_with_shared_routes(kinds, [["/shared"], ["/shared"]])
    site = serve(app)
    for number, kind in enumerate(kinds):
        if kind == "oidc":
            cookie = carol(guards[number])
        else:
            cookie = site.get(f"/{number}/who", auth=ALICE if kind == "alice" else BOB).cookie()
        seen = path if path.startswith("/") else f"/{1 - number}/{path}"
        # Who names another user ends a login to the app that it is to.
        for auth in (None,) if path == "/shared" else (None, ("eve", "wrong")):
            reply = site.get(seen, cookie=cookie, auth=auth)
            assert (reply.status, reply.headers["Set-Cookie"]) == (200, None)


@pytest.mark.rule("S9")
@pytest.mark.parametrize("private_at", [0, 1])
@pytest.mark.parametrize("kinds", [["alice", "bob"], ["alice", "oidc"], ["oidc", "alice"]], ids=str)
def test_who_had_to_log_in_for_one_of_the_guards_is_the_user(
    serve: Any, kinds: list[str], private_at: int
) -> None:
    shared: list[list[str]] = [[], []]
    shared[1 - private_at] = ["/half"]
    app, guards = apps_with_shared_routes(kinds, shared)
    site = serve(app)
    if kinds[private_at] == "oidc":
        reply = site.get("/half", cookie=carol(guards[private_at]))
        assert reply.json() == {"current": "carol", "session": "carol"}
        return
    held(site.get("/half"))
    name = kinds[private_at]
    reply = site.get("/half", auth=ALICE if name == "alice" else BOB)
    assert reply.json() == {"current": name, "session": name}


@pytest.mark.rule("S15")
@pytest.mark.parametrize("kinds", [["alice", "oidc"], ["oidc", "alice"]], ids=str)
@pytest.mark.parametrize("path", ["/half", "/shared"])
def test_a_login_by_password_leaves_one_through_a_provider(
    serve: Any, kinds: list[str], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    shared = [["/shared"], ["/shared"]]
    shared[kinds.index("oidc")].append("/half")
    app, guards = apps_with_shared_routes(kinds, shared)
    site = serve(app)
    cookie = carol(guards[kinds.index("oidc")])
    for _ in range(2):
        reply = site.get(path, cookie=cookie, auth=ALICE)
        assert reply.status == 200
        if path == "/half":
            assert reply.json() == {"current": "alice", "session": "alice"}
        assert "dash_auth_" not in (reply.cookie() or "") or path == "/half"
        here = site.get(f"/{kinds.index('oidc')}/who", cookie=cookie).json()
        assert here == {"current": "carol", "session": "carol"}
    assert "error" not in caplog.text.lower()


@pytest.mark.rule("S27")
@pytest.mark.parametrize("kinds", [["alice", "oidc"], ["oidc", "alice"]], ids=str)
def test_what_app_code_adds_to_a_login_is_kept(serve: Any, kinds: list[str]) -> None:
    app, guards = apps_with_shared_routes(kinds, [["/add"], ["/add"]])
    number = kinds.index("oidc")
    ticket = carol(guards[number])
    reply = serve(app).get("/add", cookie=ticket)
    held = content_of(reply.cookie(), KEY)
    assert list(held) == ["_dash_auth"]
    (kept,) = held["_dash_auth"].values()
    assert kept["values"]["user"] == {**CAROL, "theme": "dark"}


@pytest.mark.rule("S27")
@pytest.mark.flask_only("there hooks of the developer's come before the guard")
@pytest.mark.parametrize("kinds", [["alice", "bob"], ["bob", "alice"]], ids=str)
def test_who_asks_before_the_guards_gets_the_same_answer(serve: Any, kinds: list[str]) -> None:
    app, _ = apps_with_shared_routes(kinds, [["/shared"], ["/shared"]])
    seen: list[Any] = []
    app.server.url_value_preprocessor(lambda *_: seen.append(who()["current"]))
    site = serve(app)
    for auth in (ALICE, BOB, ("alice", "wrong"), None):
        site.get("/shared", auth=auth)
    assert seen == ["alice", "bob", None, None]
