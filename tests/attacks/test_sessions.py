"""S15, S27: what the cookie holds, what of it the app can read, and for whom it counts."""

from __future__ import annotations

import functools
from importlib import metadata
from typing import Any

import dash_auth
import pytest
from dash import Dash, html
from dash_auth.logins import Answer

from . import routes
from .apps import IS_UPSTREAM, USERS, guard, new_app, plain_app
from .http import ALICE, BOB, PRIVATE, PUBLIC, Reply, Site, held, honest
from .routes import add_route, content_of, forge, session

pytestmark = pytest.mark.skipif(IS_UPSTREAM, reason="upstream keeps the user in the cookie")

FLASK = tuple(map(int, metadata.version("flask").split(".")[:2]))
KEY = "a secret key of the app's own"
ELSEWHERE = {"user": {"email": "mallory", "groups": ["admin"]}, "idp": "elsewhere"}


def who() -> dict[str, Any]:
    """Say who the app thinks is there."""
    user = dash_auth.current_user()
    return {
        "current": user.name if user else None,
        "session": session().get("user"),
        "idp": session().get("idp"),
        "theme": session().get("theme"),
        "admin": dash_auth.check_groups(["admin"]),
    }


NOBODY = {"current": None, "session": None, "idp": None, "theme": None, "admin": None}


def write() -> str:
    session()["theme"] = "dark"
    return PUBLIC


def leave() -> str:
    session().pop("user", None)
    return PUBLIC


def empty() -> str:
    session().clear()
    return PUBLIC


def app_with(users: Any = None, **options: Any) -> Dash:
    """Return a guarded app whose routes read and write the session."""
    app = plain_app()
    for name, view in {"who": who, "write": write, "leave": leave, "empty": empty}.items():
        add_route(app, f"/{name}", view)
        add_route(app, f"/open/{name}", view)
    options.setdefault("user_groups", {"alice": ["admin"]})
    options.setdefault("secret_key", KEY)
    options.setdefault("public_routes", ["/open/<name>"])
    guard(app, users, **options)
    return app


def kept(reply: Reply, key: str = KEY) -> dict[str, Any]:
    """Return what the cookie of an answer holds."""
    cookie = reply.cookie()
    assert cookie is not None
    return content_of(cookie, key)


# What the cookie holds


@pytest.mark.rule("S27")
@pytest.mark.parametrize("public_routes", [None, ["/open/<name>"]])
def test_what_is_shown_does_not_get_into_the_cookie(serve: Any, public_routes: Any) -> None:
    site = serve(app_with(public_routes=public_routes))
    written = honest(site.get("/write", auth=ALICE))
    assert kept(written)["theme"] == "dark"
    assert not {"user", "idp"} & set(kept(written))
    known = site.get("/who", auth=ALICE, cookie=written.cookie())
    assert known.json() == {
        "current": "alice",
        "session": {"email": "alice", "groups": ["admin"]},
        "idp": None,
        "theme": "dark",
        "admin": True,
    }


@pytest.mark.rule("S27")
@pytest.mark.parametrize("path", ["/open/who", "/who"])
@pytest.mark.parametrize("auth", [None, ALICE, ("alice", "wrong"), BOB], ids=str)
def test_what_the_cookie_holds_is_masked(serve: Any, path: str, auth: Any) -> None:
    site = serve(app_with())
    for content in (ELSEWHERE, {**ELSEWHERE, "_dash_auth": {"name": "mallory"}}):
        reply = site.get(path, cookie=forge({**ELSEWHERE, **content}, KEY), auth=auth)
        held(reply, "mallory", "elsewhere", status=reply.status)
        assert reply.status in (200, 401)


@pytest.mark.rule("S27")
def test_masking_alone_writes_no_cookie(serve: Any) -> None:
    site = serve(app_with())
    cookie = forge({**ELSEWHERE, "theme": "dark"}, KEY)
    for path in ("/open/who", "/_dash-layout", "/who", "/_favicon.ico"):
        reply = site.get(path, cookie=cookie)
        assert reply.headers["Set-Cookie"] is None, path
    assert site.get("/open/who", cookie=cookie).json() == {**NOBODY, "theme": "dark"}


@pytest.mark.rule("S27")
def test_a_session_that_is_written_anew_drops_what_was_masked(serve: Any) -> None:
    """Else the login of somebody who is gone would be signed anew at each visit."""
    site = serve(app_with())
    for path, auth in (("/open/write", None), ("/write", ALICE)):
        reply = honest(site.get(path, cookie=forge(ELSEWHERE, KEY), auth=auth))
        assert not {"user", "idp"} & set(kept(reply))
        assert kept(reply)["theme"] == "dark"


@pytest.mark.rule("S27")
def test_a_user_who_is_gone_is_gone_from_what_the_app_reads(serve: Any) -> None:
    users = dict(USERS)
    site = serve(app_with(users))
    cookie = honest(site.get("/write", auth=ALICE)).cookie()
    assert site.get("/open/who", cookie=cookie).json()["current"] == "alice"
    del users["alice"]
    assert site.get("/open/who", cookie=cookie).json() == {**NOBODY, "theme": "dark"}


def by_function(name: str, password: str) -> bool:
    return (name, password) == ALICE


def checked_by(check: str) -> dict[str, Any]:
    """Return the options of an app that verifies alice in one of the ways that there are."""
    if check in ("table", "hashes"):
        hashed = dash_auth.security.generate_password_hash(ALICE[1], "scrypt:1024:8:1")
        return {"users": {"alice": ALICE[1] if check == "table" else hashed}}
    return {
        "auth_func": by_function,
        "auth_func_cache_seconds": 60 if check == "remembered" else 0,
    }


@pytest.mark.rule("S16")
@pytest.mark.parametrize("check", ["table", "hashes", "function", "remembered"])
def test_wrong_credentials_show_nobody_whatever_the_session_says(serve: Any, check: str) -> None:
    site = serve(app_with(**checked_by(check)))
    cookie = honest(site.get("/write", auth=ALICE)).cookie()
    assert site.get("/open/who", cookie=cookie).json()["session"]["email"] == "alice"
    for password in ("wrong", "", f"{ALICE[1]} "):
        reply = site.get("/open/who", cookie=cookie, auth=("alice", password)).json()
        assert reply == {**NOBODY, "theme": "dark"}
    # It is this request's alone: the login stays.
    assert site.get("/open/who", cookie=cookie).json()["session"]["email"] == "alice"


@pytest.mark.rule("S16")
@pytest.mark.parametrize("check", ["table", "hashes", "remembered"])
def test_right_credentials_that_are_known_are_shown_beside_a_session(
    serve: Any, check: str
) -> None:
    site = serve(app_with(**checked_by(check)))
    cookie = honest(site.get("/write", auth=ALICE)).cookie()
    reply = site.get("/open/who", cookie=cookie, auth=ALICE).json()
    assert (reply["current"], reply["session"]["email"]) == ("alice", "alice")


@pytest.mark.rule("S27")
def test_another_app_with_the_key_learns_of_nobody(serve: Any) -> None:
    site = serve(app_with())
    cookie = honest(site.get("/write", auth=ALICE)).cookie()
    other = new_app("other", url_base_pathname="/other/")
    other.layout = html.Div("x")
    add_route(other, "/other/who", who)
    guard(other, public_routes=["/who"], secret_key=KEY)
    assert serve(other).get("/other/who", cookie=cookie).json() == {**NOBODY, "theme": "dark"}


@pytest.mark.rule("S27")
@pytest.mark.parametrize("leave", ["leave", "empty"])
@pytest.mark.parametrize("prefix", ["/", "/open/"])
def test_an_app_may_log_its_user_out(serve: Any, leave: str, prefix: str) -> None:
    site = serve(app_with())
    cookie = honest(site.get("/write", auth=ALICE)).cookie()
    left = honest(site.get(f"{prefix}{leave}", cookie=cookie, auth=ALICE))
    set_again = [one for one in left.headers.get_all("Set-Cookie") if one.startswith("dash_auth_")]
    assert ["Max-Age=0" in one for one in set_again] == [True]
    assert site.get("/open/who", cookie=left.cookie()).json()["current"] is None


@pytest.mark.rule("S27")
def test_the_cookie_holds_no_groups(serve: Any) -> None:
    many = {"alice": [f"group number {number}" for number in range(200)] + ["admin"]}
    for options in ({}, {"session_cookie": True}):
        site = serve(app_with(user_groups=many, **options))
        reply = honest(site.get("/write", auth=ALICE))
        assert all(len(cookie) < 500 for cookie in reply.headers.get_all("Set-Cookie"))
        assert "group number" not in str(kept(reply))
        assert kept(reply).get("user") == ({"email": "alice"} if options else None)
        assert site.get("/open/who", cookie=reply.cookie()).json()["admin"] is True


@pytest.mark.rule("S27")
@pytest.mark.parametrize("groups", ["dict", "function"])
def test_public_pages_read_the_groups_of_now(serve: Any, groups: str) -> None:
    known = {"alice": ["admin"]}
    given: Any = known if groups == "dict" else known.get
    site = serve(app_with(user_groups=given))
    cookie = honest(site.get("/write", auth=ALICE)).cookie()
    for now in (["staff"], ["admin", "staff"]):
        known["alice"] = now
        assert site.get("/open/who", cookie=cookie).json()["session"]["groups"] == now


# Logins of the developer's own


class OwnLogin(dash_auth.basic_auth.Auth):
    """A login that keeps its user in the session."""

    def is_authorized(self) -> bool:
        return isinstance(session_of_request().get("user"), dict)

    def login_request(self) -> Any:
        return Answer(401, "Who are you?")


def session_of_request() -> Any:
    from dash_auth._current import current_session

    return current_session()


def log_in() -> str:
    session()["user"] = {"email": "carol", "groups": ["admin"]}
    return PUBLIC


@pytest.mark.rule("S27")
def test_a_login_of_the_developers_own_goes_by_the_session(serve: Any) -> None:
    app = plain_app()
    add_route(app, "/log-in", log_in)
    add_route(app, "/who", who)
    add_route(app, "/write", write)
    app.server.secret_key = KEY
    auth = OwnLogin(app, public_routes=["/log-in"])
    auth._dash_auth_server.set_secret_keys([KEY])
    site = serve(app)
    held(site.get("/who"))
    cookie = honest(site.get("/log-in")).cookie()
    written = honest(site.get("/write", cookie=cookie))
    known = site.get("/who", cookie=written.cookie()).json()
    assert (known["current"], known["admin"], known["theme"]) == ("carol", True, "dark")


@pytest.mark.rule("S27")
@pytest.mark.not_on("quart", "Dash 4.4.1 cannot put two apps on one Quart")
def test_nor_does_an_app_beside_it_take_it_away(serve: Any) -> None:
    own = new_app("own", url_base_pathname="/own/")
    other = new_app("other", server=own.server, url_base_pathname="/other/")
    own.layout = other.layout = html.Div(PRIVATE)
    for app, prefix in ((own, "/own"), (other, "/other")):
        add_route(app, f"{prefix}/who", who)
        add_route(app, f"{prefix}/write", write)
    add_route(own, "/own/log-in", log_in)
    OwnLogin(own, public_routes=["/log-in"])
    guard(other, public_routes=["/who"], secret_key=KEY)
    site = serve(own)
    cookie = honest(site.get("/own/log-in")).cookie()
    assert site.get("/own/who", cookie=cookie).json()["current"] == "carol"
    assert site.get("/other/who", cookie=cookie).json() == NOBODY
    written = honest(site.get("/other/write", cookie=cookie, auth=ALICE))
    assert site.get("/own/who", cookie=written.cookie()).json()["current"] == "carol"


# What auth_func writes


@pytest.mark.rule("S27")
@pytest.mark.not_on("fastapi", "there a function has no way to the session")
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("public_routes", [None, ["/open/<name>"]])
def test_what_auth_func_writes_is_kept(serve: Any, is_async: bool, public_routes: Any) -> None:
    def check(name: str, password: str) -> bool:
        session()["theme"] = f"of {name}"
        session()["refresh_token"] = "token"
        return (name, password) == ALICE

    async def check_async(name: str, password: str) -> bool:
        return check(name, password)

    auth_func: Any = check_async if is_async else check
    site = serve(app_with(auth_func=auth_func, public_routes=public_routes))
    reply = honest(site.get("/who", auth=ALICE), None)
    assert reply.json()["theme"] == "of alice"
    assert kept(reply)["theme"] == "of alice"
    assert kept(reply)["refresh_token"] == "token"
    refused = held(site.get("/who", auth=("eve", "x")))
    assert kept(refused)["theme"] == "of eve"


# Whose session it is


def check_password(allowed: str, name: str, password: str) -> bool:
    return password == allowed


class Tenant:
    def __init__(self, allowed: str) -> None:
        self.allowed = allowed

    def check(self, name: str, password: str) -> bool:
        return password == self.allowed

    def __call__(self, name: str, password: str) -> bool:
        return password == self.allowed


def closure(allowed: str) -> Any:
    def check(name: str, password: str) -> bool:
        return password == allowed

    return check


def by_environment(name: str, password: str) -> bool:
    return True


TENANTS: dict[str, Any] = {
    "closure": closure,
    "partial": lambda allowed: functools.partial(check_password, allowed),
    "method": lambda allowed: Tenant(allowed).check,
    "object": Tenant,
    "default": lambda allowed: eval(f"lambda name, password, allowed={allowed!r}: True"),
}


@pytest.mark.rule("S15")
@pytest.mark.parametrize("kind", [*TENANTS, "session_scope"])
def test_tenants_of_one_script_do_not_share_sessions(serve: Any, kind: str) -> None:
    def options(tenant: str) -> dict[str, Any]:
        if kind == "session_scope":
            return {"auth_func": by_environment, "session_scope": tenant}
        return {"auth_func": TENANTS[kind](tenant)}

    one, again, two = (serve(app_with(**options(tenant))) for tenant in ("red", "red", "blue"))
    cookie = honest(one.get("/write", auth=("alice", "red"))).cookie()
    assert one.get("/open/who", cookie=cookie).json()["current"] == "alice"
    # Another worker of the same.
    assert again.get("/open/who", cookie=cookie).json()["current"] == "alice"
    assert two.get("/open/who", cookie=cookie).json() == {**NOBODY, "theme": "dark"}


# Rotation of the secret key

OLD, NEW = "the old key of all workers", b"the new key of all workers"


def site_with(serve: Any, backend: str, keys: Any, by_config: bool) -> Site:
    if not by_config or backend == "fastapi":
        return serve(app_with(secret_key=keys))  # type: ignore[no-any-return]
    app = app_with(secret_key=None)
    app.server.secret_key = keys[0]
    app.server.config["SECRET_KEY_FALLBACKS"] = keys[1:]
    return serve(app)  # type: ignore[no-any-return]


@pytest.mark.rule("S15")
@pytest.mark.skipif(FLASK < (3, 1), reason="Flask itself knows old keys from 3.1 on")
@pytest.mark.parametrize("by_config", [True, False])
def test_a_session_under_an_old_key_counts_and_is_written_anew(
    serve: Any, backend: str, by_config: bool
) -> None:
    before = serve(app_with(secret_key=OLD))
    cookie = honest(before.get("/write", auth=ALICE)).cookie()
    after = site_with(serve, backend, [NEW, OLD], by_config)
    known = after.get("/open/who", cookie=cookie).json()
    assert (known["current"], known["theme"]) == ("alice", "dark")
    renewed = honest(after.get("/who", auth=ALICE, cookie=cookie), None)
    last = serve(app_with(secret_key=NEW))
    assert last.get("/open/who", cookie=renewed.cookie()).json()["current"] == "alice"
    assert last.get("/open/who", cookie=cookie).json() == NOBODY
    forged = routes.forge(ELSEWHERE, "of neither")
    assert after.get("/open/who", cookie=forged).json() == NOBODY


@pytest.mark.rule("S19")
@pytest.mark.parametrize("cookie", ["a=b", "ticket"])
def test_an_answer_that_carries_a_ticket_or_takes_it_back_varies_with_the_cookie(
    serve: Any, cookie: str
) -> None:
    app = app_with()

    def plain() -> str:
        return PUBLIC

    add_route(app, "/plain", plain)
    site = serve(app)
    answer = honest(site.get("/plain", auth=ALICE, headers={"Cookie": "a=b"}), None)
    if cookie == "ticket":
        answer = honest(site.get("/open/leave", cookie=answer.cookie()), None)
    assert "dash_auth_" in (answer.headers["Set-Cookie"] or "")
    assert answer.headers["Vary"] == "Cookie"
