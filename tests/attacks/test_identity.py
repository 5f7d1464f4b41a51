"""S15, S16: sessions open no door, and who is asking on a public page."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import dash_auth
import pytest
from clock import Clock
from dash import Dash, Input, Output, html
from werkzeug.security import generate_password_hash

from . import routes
from .apps import IS_UPSTREAM, USERS, body, guard, item, new_app, plain_app
from .http import ALICE, BOB, PRIVATE, PUBLIC, Site, held, honest, no_server_error
from .routes import add_route, session

KEY = "a secret key of the app's own"
only_ours = pytest.mark.skipif(IS_UPSTREAM, reason="upstream has no current_user")


def who() -> str:
    """Show every way in which an app may ask who is there."""
    user = dash_auth.current_user() if hasattr(dash_auth, "current_user") else None
    held_by_session = (session().get("user") or {}).get("email")
    secret = dash_auth.protected("closed", groups=["admin"])(lambda: PRIVATE)()
    return (
        f"{PUBLIC} current={user.name if user else None} session={held_by_session} "
        f"groups={dash_auth.list_groups()} admin={dash_auth.check_groups(['admin'])} {secret}"
    )


def app_with(users: Any = None, **options: Any) -> Dash:
    """Return a guarded app whose public parts say who is asking."""
    app = plain_app()
    add_route(app, "/who", who, methods=["GET", "POST"])
    add_route(app, "/plain", lambda: PUBLIC)
    add_route(app, "/admin", lambda: PRIVATE)
    dash_auth.public_callback(Output("w", "children"), Input("i", "value"))(lambda _: who())
    options.setdefault("user_groups", {"alice": ["admin"], "bob": ["staff"]})
    options.setdefault("secret_key", KEY)
    options.setdefault("public_routes", ["/who", "/plain", "/open"])
    guard(app, users, **options)
    return app


WHO = body("w.children", [item("i", "value", 1)])


def forge(content: dict[str, Any], key: str = KEY) -> str:
    """Return a session cookie with any content, signed with the app's key."""
    return routes.forge(content, key)


def log_in(site: Site, user: tuple[str, str] = ALICE) -> str:
    """Return the session cookie of a login."""
    cookie = honest(site.get("/admin", auth=user), PRIVATE).cookie()
    assert cookie is not None and cookie.startswith(("dash_auth_", "session=")), cookie
    return cookie


# S15: sessions open no door


@pytest.mark.rule("S15")
def test_a_cookie_opens_no_door(serve: Any) -> None:
    app = app_with()
    app.callback(Output("p", "children"), Input("i", "value"))(lambda _: PRIVATE)
    site = serve(app)
    cookie = log_in(site)
    for path in ("/admin", "/", "/assets/secret.txt"):
        held(site.get(path, cookie=cookie))
    held(site.call(body("p.children", [item("i", "value", 1)]), cookie=cookie))
    held(site.get("/admin", cookie=cookie, auth=("alice", "wrong")))
    held(site.get("/admin", cookie=cookie, auth="Basic x"))
    honest(site.get("/admin", cookie=cookie, auth=ALICE), PRIVATE)
    honest(site.get("/admin", cookie=cookie, auth=BOB), PRIVATE)


@pytest.mark.rule("S15")
def test_a_session_that_the_app_wrote_opens_no_door(serve: Any) -> None:
    app = app_with()

    def sign_up() -> str:
        session()["user"] = {"email": "alice", "groups": ["admin"]}
        return PUBLIC

    add_route(app, "/sign-up", sign_up)
    dash_auth.add_public_routes(app, ["/sign-up"])
    site = serve(app)
    cookie = honest(site.get("/sign-up")).cookie()
    held(site.get("/admin", cookie=cookie))
    held(site.get("/admin", cookie=forge({"user": {"email": "alice"}, "alice": True})))


@pytest.mark.rule("S15")
def test_the_session_has_upstreams_shape(serve: Any) -> None:
    app = app_with()
    add_route(app, "/raw", lambda: dict(session()["user"]))
    site = serve(app)
    honest(site.get("/raw", auth=ALICE), None)
    assert site.get("/raw", auth=ALICE).json() == {"email": "alice", "groups": ["admin"]}
    assert site.get("/raw", auth=BOB).json() == {"email": "bob", "groups": ["staff"]}
    held(site.get("/raw"))


@pytest.mark.rule("S15")
def test_the_cookie_is_written_only_when_it_changes(serve: Any) -> None:
    site = serve(app_with())
    cookie = log_in(site)
    again = honest(site.get("/admin", auth=ALICE, cookie=cookie), PRIVATE)
    assert again.headers["Set-Cookie"] is None
    assert site.get("/admin", auth=BOB, cookie=cookie).headers["Set-Cookie"]
    assert held(site.get("/admin")).headers["Set-Cookie"] is None
    assert honest(site.get("/plain")).headers["Set-Cookie"] is None


@pytest.mark.rule("S15")
def test_no_cookie_where_nothing_could_need_it(serve: Any) -> None:
    app = plain_app()
    add_route(app, "/admin", lambda: PRIVATE)
    guard(app, secret_key=KEY)
    site = serve(app)
    reply = honest(site.get("/admin", auth=ALICE), PRIVATE)
    assert reply.headers["Set-Cookie"] is None


@pytest.mark.rule("S15")
def test_without_a_secret_key(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    site = serve(app_with(secret_key=None))
    for _ in range(3):
        honest(site.get("/admin", auth=ALICE), PRIVATE)
        held(site.get("/admin"))
        honest(site.get("/who"))
    warnings = [
        r for r in caplog.records if r.levelname == "WARNING" and "ecret key" in r.getMessage()
    ]
    assert len(warnings) <= 1, "the warning comes with each request"


@pytest.mark.rule("S15")
@pytest.mark.parametrize("same_name", [True, False], ids=["same app name", "other name"])
def test_a_session_counts_only_for_the_guard_that_wrote_it(serve: Any, same_name: bool) -> None:
    """Cookies ignore ports, and apps share keys and user names."""
    one = serve(app_with())
    other = new_app("attacked" if same_name else "other", url_base_pathname="/other/")
    other.layout = html.Div("x")
    add_route(other, "/other/who", who)
    guard(
        other,
        {"alice": "another password"},
        public_routes=["/who"],
        user_groups={"alice": ["admin"]},
        secret_key=KEY,
    )
    two = serve(other)
    honest(two.get("/other/who", auth=("alice", "another password")))
    reply = two.get("/other/who", cookie=log_in(one))
    held(reply, "current=alice", "admin=True", status=200)


@pytest.mark.rule("S15")
def test_a_session_of_another_kind_of_guard_does_not_count(serve: Any) -> None:
    site = serve(app_with())
    forged: list[dict[str, Any]] = [
        {"user": {"email": "alice", "groups": ["admin"]}},
        {"user": {"email": "alice", "groups": ["admin"]}, "idp": "oidc", "oidc": {"id_token": "x"}},
        {"user": {"email": "alice"}, "_dash_auth": {}},
        {"user": {"email": "alice"}, "_dash_auth": {"until": 9e12, "seal": "x"}},
        {"user": {"email": "alice"}, "_dash_auth": {"until": None, "seal": None}},
        {"user": {"email": "alice"}, "_dash_auth": "alice"},
        {"user": {"email": "alice"}, "_dash_auth": ["alice"]},
        {"user": {"email": ["alice"]}, "_dash_auth": {"until": 5, "seal": 5}},
        {"user": {"email": {"a": 1}}},
        {"_user_id": "alice", "email": "alice", "groups": ["admin"]},
    ]
    honest(site.get("/who"))
    for content in forged:
        held(site.get("/who", cookie=forge(content)), "current=alice", "admin=True", status=200)
        held(site.call(WHO, cookie=forge(content)), "current=alice", "admin=True", status=200)
        held(site.get("/admin", cookie=forge(content)))


@pytest.mark.rule("S15")
@pytest.mark.parametrize(
    "content",
    [
        {"user": "alice"},
        {"user": 5},
        {"user": ["alice"]},
        {"user": None},
        {"user": {"email": None}},
    ],
    ids=str,
)
def test_odd_sessions_are_no_server_error(serve: Any, content: dict[str, Any]) -> None:
    app = app_with()
    add_route(app, "/ask", lambda: f"{PUBLIC} {ask()}")
    dash_auth.add_public_routes(app, ["/ask"])

    def ask() -> Any:
        return getattr(dash_auth, "current_user", dash_auth.list_groups)()

    site = serve(app)
    honest(site.get("/ask"))
    no_server_error(site.get("/ask", cookie=forge(content)))
    held(site.get("/admin", cookie=forge(content)))
    honest(site.get("/admin", cookie=forge(content), auth=ALICE), PRIVATE)


# S16: who is asking on a public request


@only_ours
@pytest.mark.rule("S16")
def test_identity_from_the_credentials(serve: Any) -> None:
    site = serve(app_with())
    for ask in (site.get, lambda _path, **options: site.call(WHO, **options)):
        honest(ask("/who", auth=ALICE), "current=alice")
        honest(ask("/who", auth=ALICE), PRIVATE)
        honest(ask("/who", auth=BOB), "groups=['staff']")
        held(ask("/who"), "alice", "bob", status=200)
        for wrong in (("alice", "wrong"), "Basic x", "Bearer x", ("nobody", "x")):
            reply = held(ask("/who", auth=wrong), "current=alice", "admin=True", status=200)
            assert "current=None" in reply.text and "groups=None" in reply.text


@only_ours
@pytest.mark.rule("S16")
def test_identity_from_the_session(serve: Any) -> None:
    site = serve(app_with())
    cookie = log_in(site)
    reply = honest(site.get("/who", cookie=cookie), "current=alice")
    honest(reply, PRIVATE)
    honest(site.call(WHO, cookie=cookie), "current=alice")


@pytest.mark.rule("S16")
@only_ours
@pytest.mark.parametrize("how", ["refuses", "raises"])
def test_whom_a_check_of_the_developers_own_refuses_is_nobody(serve: Any, how: str) -> None:
    class WithoutAlice(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            user = dash_auth.current_user() if super().is_authorized() else None
            if user is not None and user.name == "alice" and how == "raises":
                raise ValueError(user.name)
            return user is not None and user.name != "alice"

    app = plain_app()
    add_route(app, "/who", who)
    add_route(app, "/admin", lambda: PRIVATE)
    groups = {"alice": ["admin"], "bob": ["admin"]}
    WithoutAlice(app, dict(USERS), user_groups=groups, secret_key=KEY, public_routes=["/who"])
    site = serve(app)
    refused = held(site.get("/admin", auth=ALICE))
    cookie = refused.cookie() if refused.headers["Set-Cookie"] else ""
    for reply in (site.get("/who", auth=ALICE), site.get("/who", cookie=cookie)):
        held(honest(reply, "current=None session=None groups=None admin=None"), PRIVATE, status=200)
    cookie = honest(site.get("/admin", auth=BOB), PRIVATE).cookie()
    for reply in (site.get("/who", auth=BOB), site.get("/who", cookie=cookie)):
        honest(reply, "current=bob")


@only_ours
@pytest.mark.rule("S10")
@pytest.mark.parametrize("asked_before", [False, True])
def test_the_unforeseen_makes_nobody_of_a_visitor(
    serve: Any, caplog: pytest.LogCaptureFixture, asked_before: bool
) -> None:
    class Broken(dict[str, str]):
        armed = False

        def get(self, name: str, default: Any = None) -> Any:
            if self.armed:
                raise RuntimeError("on purpose")
            return super().get(name, default)

    users = Broken([ALICE])
    site = serve(app_with(users))
    if asked_before:
        # Where there is an event loop, the user is found before the app runs from then on.
        honest(site.get("/who", auth=ALICE), "current=alice")
    users.armed = True
    reply = honest(site.get("/who", auth=("alice", "wrong")), "current=None")
    held(reply, PRIVATE, "on purpose", status=200)
    held(site.call(WHO, auth=("alice", "wrong")), PUBLIC)
    assert "finding out who makes a request" in caplog.text
    users.armed = False
    honest(site.get("/who", auth=ALICE), "current=alice")


@only_ours
@pytest.mark.rule("S16")
@pytest.mark.parametrize("wrong", [("alice", "wrong"), ("bob", "wrong"), "Basic x", "Bearer x", ""])
def test_wrong_credentials_mean_nobody(serve: Any, wrong: Any) -> None:
    site = serve(app_with())
    cookie = log_in(site)
    honest(site.get("/who", cookie=cookie), "current=alice")
    for reply in (
        site.get("/who", cookie=cookie, auth=wrong),
        site.call(WHO, cookie=cookie, auth=wrong),
    ):
        held(reply, "current=alice", "admin=True", status=200)
        assert "current=None" in reply.text


@only_ours
@pytest.mark.rule("S16")
@pytest.mark.parametrize("hashed", [True, False], ids=["hash", "plaintext"])
@pytest.mark.parametrize("change", ["changed", "removed", "same password hashed anew"])
def test_a_session_ends_with_the_stored_password(serve: Any, hashed: bool, change: str) -> None:
    def stored(password: str) -> str:
        return generate_password_hash(password, "scrypt:1024:8:1") if hashed else password

    users = {"alice": stored(ALICE[1]), "bob": stored(BOB[1])}
    site = serve(app_with(users))
    cookie = log_in(site)
    honest(site.get("/who", cookie=cookie), "current=alice")
    if change == "removed":
        users.pop("alice")
    elif change == "changed":
        users["alice"] = stored("another")
    else:
        users["alice"] = generate_password_hash(ALICE[1], "scrypt:2048:8:1")
    held(
        site.get("/who", cookie=cookie), "current=alice", "session=alice", "admin=True", status=200
    )
    held(site.call(WHO, cookie=cookie), "current=alice", "admin=True", status=200)
    honest(site.get("/who", auth=BOB), "current=bob")


@only_ours
@pytest.mark.rule("S16")
def test_groups_are_asked_for_again(serve: Any) -> None:
    groups = {"alice": ["admin"]}
    site = serve(app_with(user_groups=lambda name: groups.get(name, [])))
    cookie = log_in(site)
    honest(site.get("/who", cookie=cookie), "admin=True")
    groups["alice"] = ["staff"]
    reply = held(site.get("/who", cookie=cookie), "admin=True", status=200)
    assert "current=alice" in reply.text and "groups=['staff']" in reply.text
    held(site.call(WHO, cookie=cookie), "admin=True", status=200)


@pytest.mark.rule("S16")
@pytest.mark.parametrize("auth", [BOB, ("bob", "wrong"), ("nobody", "x")], ids=str)
def test_the_session_of_another_user_is_gone(serve: Any, auth: tuple[str, str]) -> None:
    site = serve(app_with())
    cookie = log_in(site)
    for reply in (
        site.get("/who", cookie=cookie, auth=auth),
        site.call(WHO, cookie=cookie, auth=auth),
    ):
        held(reply, "session=alice", "admin=True", "['admin']", status=200)
    honest(site.get("/who", cookie=cookie, auth=ALICE))


@only_ours
@pytest.mark.rule("S16")
def test_a_session_of_auth_func_has_a_lifetime(serve: Any, clock: Clock) -> None:
    def check(name: str, password: str) -> bool:
        return (name, password) == ALICE

    lasting = serve(app_with(auth_func=check))
    short = serve(app_with(auth_func=check, auth_func_session_seconds=600))
    old, new = log_in(lasting), log_in(short)
    honest(lasting.get("/who", cookie=old), "current=alice")
    honest(short.get("/who", cookie=new), "current=alice")
    clock.advance(601)
    honest(lasting.get("/who", cookie=old), "current=alice")
    held(short.get("/who", cookie=new), "current=alice", "session=alice", "admin=True", status=200)
    held(short.get("/admin", cookie=new))


@pytest.mark.rule("S16")
def test_no_password_is_checked_for_an_app_that_does_not_ask(serve: Any) -> None:
    asked: list[str] = []

    def check(name: str, password: str) -> bool:
        asked.append(name)
        return (name, password) == ALICE

    site = serve(app_with(auth_func=check))
    cookie = log_in(site)
    asked.clear()
    for auth in (ALICE, BOB):
        honest(site.get("/plain", auth=auth))
        honest(site.get("/plain", auth=auth, cookie=cookie))
    assert asked == [], "a password was checked on a public route"


@pytest.mark.rule("S16")
@pytest.mark.parametrize("key", ["another key", ""])
def test_cookies_that_were_tampered_with(serve: Any, key: str) -> None:
    site = serve(app_with())
    cookie = log_in(site)
    forged = forge({"user": {"email": "alice", "groups": ["admin"]}}, key or KEY + "x")
    own = cookie.partition("=")[0]
    odd = [f"{name}={value}" for name in ("session", own) for value in ("", "\xff", "a.b.c", "..")]
    for bad in (forged, cookie[:-2], cookie + "x", f"{own}={'A' * 9000}.A.A", *odd):
        held(site.get("/who", cookie=bad), "alice", "admin=True", status=200)
        held(site.get("/admin", cookie=bad))


@only_ours
@pytest.mark.rule("S16")
def test_a_ticket_cannot_be_given_another_name(serve: Any) -> None:
    site = serve(app_with())
    name, ticket = log_in(site, BOB).split("=")
    honest(site.get("/who", cookie=f"{name}={ticket}"), "current=bob")
    note, claims, seal = ticket.split(".")
    says = urlsafe_b64decode(note + "=" * (-len(note) % 4))
    changed = urlsafe_b64encode(says.replace(b'"bob"', b'"alice"')).decode().rstrip("=")
    of_alice = log_in(site).split("=")[1].split(".")[0]
    for other in (changed, of_alice):
        planted = f"{name}={other}.{claims}.{seal}"
        held(site.get("/who", cookie=planted), "current=alice", "admin=True", status=200)


@pytest.mark.rule("S19")
@pytest.mark.not_on("fastapi", "there nothing of the developer's comes before the guard")
@pytest.mark.skipif(IS_UPSTREAM, reason="upstream says nothing of caches")
def test_a_hook_before_the_guard_may_ask_for_the_visitor_too(serve: Any) -> None:
    app = plain_app()
    names: list[str] = []

    # Quart takes such a function too.
    @app.server.before_request
    def early() -> None:
        if not names:
            names.append(str(dash_auth.current_user()))

    add_route(app, "/asked", lambda: f"{PUBLIC} {names[0]}", methods=["GET", "POST"])
    guard(app, public_routes=["/asked"])
    site = serve(app)
    for auth, name in ((ALICE, "alice"), (None, "None")):
        names.clear()
        reply = honest(site.get("/asked", auth=auth), f"{PUBLIC} {name}")
        assert reply.headers["Cache-Control"] == "private, no-store"
    # Nor does a page of another site lean on what the browser holds.
    names.clear()
    foreign = {"Sec-Fetch-Site": "cross-site"}
    honest(site.request("POST", "/asked", body=b"", auth=ALICE, headers=foreign), f"{PUBLIC} None")
    # Asked nobody.
    assert site.get("/asked").headers["Cache-Control"] is None
