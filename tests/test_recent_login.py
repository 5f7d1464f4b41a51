"""What needs a login that is not long ago: callbacks, layouts and routes, on each server."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import body, item
from attacks.http import ALICE, BOB, PRIVATE, USERS, Reply
from attacks.routes import add_route
from clock import Clock
from dash import Dash, Input, Output, html, register_page
from everywhere import Serve, app_behind
from forms import Browser, form_app
from stores import MemoryStore

RECENT = 600
AGAIN = "Log in again to do this"


def paying_app(**options: Any) -> Dash:
    """Return an app behind FormAuth with parts that need a recent login."""
    app = form_app(**options)
    add_paying(app)
    return app


def add_paying(app: Dash) -> None:
    app.callback(Output("paid", "children"), Input("pay", "n_clicks"))(paid)

    async def paid_async(clicks: int) -> str:
        return paid(clicks)

    if apps.backend != "flask":
        app.callback(Output("paid-async", "children"), Input("pay", "n_clicks"))(paid_async)
    add_route(app, "/pay", lambda: str(dash_auth.require_recent_login(timedelta(minutes=10))))
    dash_auth.add_public_routes(app, ["/open-pay"])
    add_route(app, "/open-pay", lambda: str(dash_auth.require_recent_login(RECENT)))


def paid(_: int) -> str:
    return f"{PRIVATE} paid by {dash_auth.require_recent_login(RECENT)}"


def call(browser: Browser, output: str = "paid.children") -> Reply:
    """Ask for a callback, as the renderer does."""
    sent = json.dumps(body(output, [item("pay", "n_clicks", 1)])).encode()
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    return browser.send("POST", "/_dash-update-component", headers, body=sent)


def outputs() -> list[str]:
    return ["paid.children", *(["paid-async.children"] if apps.backend != "flask" else [])]


def refused(reply: Reply) -> bool:
    """Tell whether an answer asks to log in again, and gives nothing away."""
    assert PRIVATE not in reply.text and "Traceback" not in reply.text
    assert (reply.status, reply.headers.get_all("Dash-Auth")) in (
        (200, None),
        (401, ["recent"]),
    ), (reply.status, reply.text)
    if reply.status == 401:
        assert reply.headers["Cache-Control"] == "no-store"
        assert "WWW-Authenticate" not in reply.headers
        assert AGAIN in reply.text
    return reply.status == 401


@pytest.mark.parametrize("is_stored", [False, True])
def test_who_logged_in_longer_ago_is_asked_again(
    everywhere: Serve, clock: Clock, is_stored: bool
) -> None:
    browser = Browser(everywhere(paying_app(sessions=MemoryStore() if is_stored else None)))
    browser.log_in()
    for output in outputs():
        assert "paid by alice" in call(browser, output).text
    assert browser.fetch("/pay").text == "alice"
    clock.advance(RECENT + 1)
    for output in outputs():
        assert refused(call(browser, output))
    assert refused(browser.fetch("/pay"))
    browser.visit("/private")
    assert refused(browser.fetch("/pay"))
    # Nothing else has ended.
    assert browser.who() == "alice"
    browser.log_in()
    for output in outputs():
        assert "paid by alice" in call(browser, output).text
    assert browser.fetch("/pay").text == "alice"


def test_a_page_that_needs_it_leads_to_the_login_and_back(everywhere: Serve, clock: Clock) -> None:
    browser = Browser(everywhere(paying_app()))
    browser.log_in()
    assert browser.visit("/pay?for=tea").text == "alice"
    clock.advance(RECENT + 1)
    asked = browser.visit("/pay?for=tea")
    assert (asked.status, asked.headers["Location"]) == (
        303,
        "/login?next=/pay%3Ffor%3Dtea&again=1",
    )
    page = browser.visit(asked.headers["Location"])
    assert page.status == 200 and "Log in again to do this." in page.text
    assert browser.field(page, "username") == "alice"
    fields = {name: browser.field(page, name) for name in ("next", "again")}
    wrong = browser.log_in("alice", "wrong", **fields)
    assert wrong.status == 401 and browser.field(wrong, "again") == "1"
    assert browser.who() == "alice" and refused(browser.fetch("/pay"))
    done = browser.log_in(*ALICE, **fields)
    assert (done.status, done.headers["Location"]) == (303, "/pay?for=tea")
    assert browser.visit("/pay?for=tea").text == "alice"


def test_the_login_of_any_app_asks_again(everywhere: Serve) -> None:
    app = paying_app()
    browser = Browser(everywhere(app))
    path = "/_dash-auth/login?next=/pay&again=1"
    assert browser.visit(path).headers["Location"] == "/login?next=/pay"
    browser.log_in()
    assert browser.visit(path).headers["Location"] == "/login?next=/pay&again=1"
    assert browser.visit("/_dash-auth/login?next=/pay").headers["Location"] == "/pay"
    assert browser.visit("/login?next=/pay").headers["Location"] == "/pay"


def test_a_login_page_of_ones_own_asks_again(everywhere: Serve, clock: Clock) -> None:
    app = apps.pages_app()
    register_page("welcome", path="/welcome", layout=lambda **_: dash_auth.login_form())
    dash_auth.FormAuth(app, dict(USERS), secret_key="a key of the tests", page="/welcome")
    add_paying(app)
    browser = Browser(everywhere(app))
    browser.log_in()
    clock.advance(RECENT + 1)
    asked = browser.visit("/pay").headers["Location"]
    assert asked == "/welcome?next=/pay&again=1"
    assert browser.visit(asked).status == 200
    own = {"Sec-Fetch-Site": "same-origin", "Referer": f"http://127.0.0.1{asked}"}
    done = browser.post("/login", {"username": ALICE[0], "password": ALICE[1]}, own)
    assert browser.visit(done.headers["Location"]).headers["Location"] == "/pay"
    assert browser.fetch("/pay").text == "alice"


def test_an_anonymous_visitor_is_asked_to_log_in(everywhere: Serve) -> None:
    browser = Browser(everywhere(paying_app()))
    reply = browser.fetch("/open-pay")
    assert (reply.status, reply.headers["Dash-Auth"]) == (401, "login")
    assert browser.visit("/open-pay").headers["Location"] == "/login?next=/open-pay"
    browser.log_in()
    assert browser.visit("/open-pay").text == "alice"


def test_a_public_page_knows_how_long_ago_it_was(everywhere: Serve, clock: Clock) -> None:
    browser = Browser(everywhere(paying_app()))
    browser.log_in()
    clock.advance(RECENT + 1)
    assert refused(browser.fetch("/open-pay"))


def test_a_route_of_two_apps_knows_when_its_user_logged_in(everywhere: Serve, clock: Clock) -> None:
    if apps.backend == "quart":
        pytest.skip("Dash serves one app there")
    first = apps.new_app("first", url_base_pathname="/first/")
    second = apps.new_app("second", url_base_pathname="/second/", server=first.server)
    for app in (first, second):
        app.layout = html.Div()
        dash_auth.FormAuth(app, dict(USERS), secret_key="a key of the tests")
        dash_auth.add_public_routes(app, ["/open-pay"])
    add_route(first, "/open-pay", lambda: str(dash_auth.require_recent_login(RECENT)))
    for prefix in ("/first", "/second"):
        browser = Browser(everywhere(first))
        browser.log_in(path=f"{prefix}/login")
        assert browser.fetch("/open-pay").text == "alice"
        clock.advance(RECENT + 1)
        assert refused(browser.fetch("/open-pay"))


def test_to_be_there_is_no_login(everywhere: Serve, clock: Clock) -> None:
    browser = Browser(everywhere(paying_app(idle_timeout=300, remember=True)))
    browser.log_in(remember="1")
    held = browser.ticket
    browser.log_in()
    for _ in range(3):
        clock.advance(201)
        before = browser.ticket
        assert browser.visit("/private").status == 200
        touched = browser.send("POST", "/_dash-auth/touch", {"Sec-Fetch-Site": "same-origin"})
        assert touched.status == 204
        assert browser.ticket not in (before, held)
    assert browser.who() == "alice"
    assert refused(call(browser)) and refused(browser.fetch("/pay"))


@pytest.mark.parametrize("debug", [False, True])
def test_no_handler_of_errors_makes_another_answer_of_it(
    everywhere: Serve, clock: Clock, debug: bool
) -> None:
    failed: list[Exception] = []
    app = apps.plain_app(on_error=failed.append)
    dash_auth.FormAuth(app, dict(USERS), secret_key="a key of the tests")
    add_paying(app)
    if apps.backend == "fastapi":

        async def handle(request: Any, error: Exception) -> Any:
            raise AssertionError("handled") from error

        app.server.add_exception_handler(Exception, handle)
    else:
        app.server.register_error_handler(Exception, lambda error: (f"oh {error}", 500))
    if debug:
        app.enable_dev_tools(debug=True, dev_tools_hot_reload=False)
    browser = Browser(everywhere(app))
    browser.log_in()
    clock.advance(RECENT + 1)
    for output in outputs():
        assert refused(call(browser, output))
    assert refused(browser.fetch("/pay"))
    assert failed == []


def test_a_hook_may_need_it_before_the_guard_decides(everywhere: Serve, clock: Clock) -> None:
    if apps.backend == "fastapi":
        pytest.skip("middleware runs before or after the login there")
    app = apps.plain_app()

    def hook() -> None:
        import flask
        import quart

        library: Any = flask if apps.backend == "flask" else quart
        if library.request.path == "/hooked":
            dash_auth.require_recent_login(RECENT)

    app.server.before_request(hook)
    dash_auth.FormAuth(app, dict(USERS), secret_key="a key of the tests")
    add_route(app, "/hooked", lambda: "hooked")
    browser = Browser(everywhere(app))
    assert browser.fetch("/hooked").headers["Dash-Auth"] == "login"
    browser.log_in()
    assert browser.fetch("/hooked").text == "hooked"
    clock.advance(RECENT + 1)
    assert refused(browser.fetch("/hooked"))


def test_the_layout_of_a_page_may_need_it(everywhere: Serve, clock: Clock) -> None:
    app = apps.pages_app()
    register_page(
        "board",
        path="/board",
        layout=lambda **_: f"{PRIVATE} for {dash_auth.require_recent_login(RECENT)}",
    )
    dash_auth.FormAuth(app, dict(USERS), secret_key="a key of the tests")
    browser = Browser(everywhere(app))
    browser.log_in()
    location = [
        item("_pages_location", "pathname", "/board"),
        item("_pages_location", "search", ""),
    ]
    sent = json.dumps(body(".._pages_content.children..._pages_store.data..", location)).encode()

    def ask() -> Reply:
        headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
        return browser.send("POST", "/_dash-update-component", headers, body=sent)

    assert "for alice" in ask().text
    clock.advance(RECENT + 1)
    assert refused(ask())


# protected_callback


def test_a_protected_callback_needs_it_after_all_else(everywhere: Serve, clock: Clock) -> None:
    ran: list[str] = []
    app = form_app(user_groups={"alice": ["board"], "bob": ["board"]} | {"bob": ["staff"]})

    @dash_auth.protected_callback(
        Output("paid", "children"),
        Input("pay", "n_clicks"),
        groups=["board"],
        recent=timedelta(minutes=10),
        missing_permissions_output="not for you",
    )
    def function(clicks: int) -> str:
        ran.append("ran")
        return f"{PRIVATE} {clicks}"

    if apps.backend != "flask":

        @dash_auth.protected_callback(
            Output("paid-async", "children"), Input("pay", "n_clicks"), recent=RECENT
        )
        async def function_async(clicks: int) -> str:
            ran.append("ran")
            return f"{PRIVATE} {clicks}"

    site = everywhere(app)
    alice, bob = Browser(site), Browser(site)
    alice.log_in()
    bob.log_in(*BOB)
    for output in outputs():
        assert PRIVATE in call(alice, output).text
    assert "not for you" in call(bob).text
    clock.advance(RECENT + 1)
    ran.clear()
    for output in outputs():
        assert refused(call(alice, output))
    assert "not for you" in call(bob).text
    assert ran == []
    alice.log_in()
    assert PRIVATE in call(alice).text


# Who cannot be asked again


def paid_or_told(_: int) -> str:
    try:
        return paid(1)
    except RuntimeError as error:
        return f"the developer: {error}"


def test_basic_auth_cannot_ask_again(everywhere: Serve) -> None:
    app = app_behind(dict(USERS), secret_key="a key of the tests")
    app.callback(Output("paid", "children"), Input("pay", "n_clicks"))(paid_or_told)
    dash_auth.public_callback(Output("open", "children"), Input("pay", "n_clicks"))(paid_or_told)
    site = everywhere(app)
    ticket = site.request("GET", "/private", auth=ALICE).cookie()
    for output, options in (
        ("paid.children", {"auth": ALICE}),
        ("open.children", {"auth": ALICE}),
        ("open.children", {"cookie": ticket}),
    ):
        reply = site.call(body(output, [item("pay", "n_clicks", 1)]), **options)
        assert "the developer: " in reply.text and "Use FormAuth" in reply.text


def test_a_login_of_ones_own_that_says_no_time_is_never_recent(everywhere: Serve) -> None:
    class Badge(dash_auth.logins.Login):
        def claim(self, request: Any) -> str | None:
            return request.header("X-Badge")

        def verify(self, request: Any, claim: str) -> dash_auth.User:
            return dash_auth.User(claim)

    alone, beside = apps.plain_app(), form_app(also=[Badge(), dash_auth.logins.Basic(USERS)])
    dash_auth.auth.Auth(alone, login=Badge())
    for app in (alone, beside):
        app.callback(Output("paid", "children"), Input("pay", "n_clicks"))(paid_or_told)
    add_route(beside, "/pay", lambda: str(dash_auth.require_recent_login(RECENT)))
    sent = body("paid.children", [item("pay", "n_clicks", 1)])
    told = everywhere(alone).call(sent, headers={"X-Badge": "carol"})
    assert "the developer: " in told.text
    site = everywhere(beside)
    # There it is no mistake of the developer's: programs are refused, people can log in.
    for options in ({"headers": {"X-Badge": "carol"}}, {"auth": ALICE}):
        assert refused(site.call(sent, **options))
    led = site.get("/pay", headers={"X-Badge": "carol", "Sec-Fetch-Mode": "navigate"})
    assert (led.status, led.headers["Location"]) == (303, "/login?next=/pay&again=1")


def test_a_check_of_ones_own_that_asks_ours_keeps_the_time(everywhere: Serve, clock: Clock) -> None:
    class Own(dash_auth.FormAuth):
        def is_authorized(self) -> bool:
            return super().is_authorized()

    app = apps.plain_app()
    Own(app, dict(USERS), secret_key="a key of the tests")
    add_paying(app)
    browser = Browser(everywhere(app))
    browser.log_in()
    assert "paid by alice" in call(browser).text
    clock.advance(RECENT + 1)
    assert refused(call(browser))


# Mistakes


@pytest.mark.parametrize("given", [None, "600", True, [600]])
def test_what_is_no_time_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError, match="seconds or a timedelta"):
        dash_auth.require_recent_login(given)
    if given is not None:
        with pytest.raises(TypeError, match="recent"):
            dash_auth.protected_callback(Output("a", "b"), Input("c", "d"), recent=given)


@pytest.mark.parametrize("given", [0, -1, 9.9, float("nan"), timedelta(seconds=1)])
def test_nobody_logs_in_within_so_short_a_time(given: Any) -> None:
    with pytest.raises(ValueError, match="10 seconds or more"):
        dash_auth.require_recent_login(given)
    with pytest.raises(ValueError, match="10 seconds or more"):
        dash_auth.protected_callback(Output("a", "b"), Input("c", "d"), recent=given)


def test_outside_of_a_request_it_says_what_it_is_for() -> None:
    with pytest.raises(RuntimeError, match="protected"):
        dash_auth.require_recent_login(RECENT)
