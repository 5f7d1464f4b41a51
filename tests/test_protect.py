"""`auth.protect`: several apps of one server behind one login."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import dash_auth
import flask
import pytest
from attacks import apps
from attacks.apps import body, item, new_app
from attacks.http import ALICE, BOB, PRIVATE, Site, held, honest
from attacks.routes import add_route
from attacks.servers import running
from dash import Dash, Input, Output, html
from tickets import ticket_of

KEY = "a key that is long enough"


def who() -> dict[str, Any]:
    user = dash_auth.current_user()
    return {"user": user and user.name, "groups": list(user.groups) if user else []}


def two_apps() -> tuple[Dash, Dash]:
    """Return two apps on one server that say who asks, not guarded yet."""
    one = new_app("one", url_base_pathname="/one/")
    two = new_app("two", server=one.server, url_base_pathname="/two/")
    for app, prefix in ((one, "/one/"), (two, "/two/")):
        app.layout = html.Div(f"{PRIVATE} {prefix}")
        for path in ("who", "open/who"):
            add_route(app, f"{prefix}{path}", who)
    return one, two


@pytest.fixture(params=["flask", "fastapi"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    # Dash 4.4.1 cannot put two apps on one Quart.
    monkeypatch.setattr(apps, "backend", request.param)
    return str(request.param)


@pytest.fixture
def serve(backend: str) -> Iterator[Callable[[Dash], Site]]:
    """Serve apps for the length of one test."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(running(app.server, backend))


def test_both_apps_are_closed_and_know_the_users(serve: Any, backend: str) -> None:
    one, two = two_apps()
    auth = dash_auth.BasicAuth(one, dict([ALICE]), user_groups={"alice": ["admin"]})
    auth.protect(two)
    site = serve(one)
    for prefix in ("/one/", "/two/"):
        for path in ("", "who", "open/who", "_dash-layout", "_dash-dependencies"):
            held(site.get(f"{prefix}{path}"))
            held(site.get(f"{prefix}{path}", auth=BOB))
        reply = site.get(f"{prefix}who", auth=ALICE).json()
        assert reply == {"user": "alice", "groups": ["admin"]}
        honest(site.get(f"{prefix}_dash-layout", auth=ALICE), prefix.strip("/"))


def test_each_apps_rules_are_its_own(serve: Any, backend: str) -> None:
    one, two = two_apps()
    auth = dash_auth.BasicAuth(one, dict([ALICE]), secret_key=KEY, public_routes=["/nothing"])
    auth.protect(two, public_routes=["/open/who"])
    site = serve(one)
    held(site.get("/one/open/who"))
    assert site.get("/two/open/who").json()["user"] is None
    # Who has logged in to the first is known to the second.
    ticket = site.get("/one/who", auth=ALICE).cookie()
    assert site.get("/two/open/who", cookie=ticket).json()["user"] == "alice"
    # But a ticket that came of a password opens nothing private.
    held(site.get("/two/who", cookie=ticket))
    assert dash_auth.explain(two).public_routes != dash_auth.explain(one).public_routes
    assert dash_auth.explain(two).protected_by == "BasicAuth"


def test_one_login_through_a_provider_is_for_both(serve: Any, backend: str) -> None:
    one, two = two_apps()
    auth = dash_auth.OIDCAuth(one, secret_key=KEY)
    auth.register_provider("idp", client_id="x", server_metadata_url="https://idp.invalid/")
    auth.protect(two)
    assert dash_auth.get_oauth(two) is auth.oauth
    site = serve(one)
    cookie = ticket_of(auth, KEY.encode(), {"sub": "1", "email": "carol", "email_verified": True})
    for prefix in ("/one/", "/two/"):
        assert site.get(f"{prefix}who", cookie=cookie).json()["user"] == "carol"
        held(site.get(f"{prefix}who", headers={"Sec-Fetch-Mode": "cors"}))
    own_link = {"Sec-Fetch-Site": "same-origin"}
    honest(site.get("/oidc/logout", cookie=cookie, headers=own_link), None)
    for prefix in ("/one/", "/two/"):
        held(site.get(f"{prefix}who", cookie=cookie, headers={"Sec-Fetch-Mode": "cors"}))


def test_a_login_of_another_class_is_none(serve: Any, backend: str) -> None:
    one, two = two_apps()
    auth = dash_auth.BasicAuth(one, dict([ALICE]), secret_key=KEY, public_routes=["/open/who"])
    dash_auth.BasicAuth(two, dict([ALICE]), public_routes=["/open/who"])
    site = serve(one)
    ticket = site.get("/one/who", auth=ALICE).cookie()
    assert site.get("/one/open/who", cookie=ticket).json()["user"] == "alice"
    assert site.get("/two/open/who", cookie=ticket).json()["user"] is None
    with pytest.raises(ValueError, match="protected already"):
        auth.protect(two)


def test_a_check_of_a_subclass_is_asked_about_both(serve: Any, backend: str) -> None:
    asked: list[bool] = []

    class OwnCheck(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            asked.append(super().is_authorized())
            return asked[-1]

    one, two = two_apps()
    OwnCheck(one, dict([ALICE])).protect(two)
    site = serve(one)
    for prefix in ("/one/", "/two/"):
        assert site.get(f"{prefix}who", auth=ALICE).json()["user"] == "alice"
        held(site.get(f"{prefix}who", auth=BOB))
    assert asked == [True, False, True, False]


def test_callbacks_of_both_need_the_login(serve: Any, backend: str) -> None:
    one, two = two_apps()
    dash_auth.BasicAuth(one, dict([ALICE])).protect(two)
    for app in (one, two):
        app.callback(Output("priv", "children"), Input("in", "value"))(lambda _: PRIVATE)
    site = serve(one)
    sent = body("priv.children", [item("in", "value", "x")])
    for prefix in ("/one", "/two"):
        url = f"{prefix}/_dash-update-component"
        held(site.call(sent, url=url))
        honest(site.call(sent, url=url, auth=ALICE), PRIVATE)


# What is wrong is said at start


def test_what_cannot_be_protected_is_an_error() -> None:
    one = Dash("one", server=flask.Flask("one"))
    auth = dash_auth.BasicAuth(one, dict([ALICE]))
    with pytest.raises(TypeError, match=r"must be a dash\.Dash, not str"):
        auth.protect("two")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="protected already"):
        auth.protect(one)
    with pytest.raises(ValueError, match="on another server"):
        auth.protect(Dash("two", server=flask.Flask("two")))
    app = Dash("later", server=False)
    # As older Dash leaves it.
    app.server = None
    later = dash_auth.BasicAuth(app, dict([ALICE]))
    with pytest.raises(ValueError, match="no server yet"):
        later.protect(Dash("two", server=flask.Flask("two")))
    other = Dash("other", server=one.server, url_base_pathname="/other/")
    with pytest.raises(ValueError, match="rule"):
        auth.protect(other, public_routes=["/<"])
    # Closed all the same.
    assert one.server.test_client().get("/other/").status_code == 401


def test_a_subclass_that_decides_by_itself_puts_no_guard_before_another() -> None:
    class Alone(dash_auth.BasicAuth):
        def _protect(self) -> None:
            pass

    one = Dash("one", server=flask.Flask("one"))
    two = Dash("two", server=one.server, url_base_pathname="/two/")
    with pytest.raises(ValueError, match="puts no guard"):
        Alone(one, dict([ALICE])).protect(two)


def test_an_app_that_is_protected_so_stays_on_its_server() -> None:
    one = Dash("one", server=flask.Flask("one"))
    two = Dash("two", server=one.server, url_base_pathname="/two/")
    dash_auth.BasicAuth(one, dict([ALICE])).protect(two)
    with pytest.raises(RuntimeError, match="stays on its server"):
        two.init_app(flask.Flask("elsewhere"))
    with pytest.raises(ValueError, match="protected already"):
        dash_auth.BasicAuth(two, dict([ALICE]))


def test_the_login_lives_as_long_as_either_app() -> None:
    one = Dash("one", server=flask.Flask("one"))
    two = Dash("two", server=one.server, url_base_pathname="/two/")
    auth = dash_auth.BasicAuth(one, dict([ALICE]))
    auth.protect(two)
    known = weakref.ref(auth)
    del auth
    gc.collect()
    assert known() is not None
    assert dash_auth.explain(two).protected_by == "BasicAuth"
