"""S7, S8: what the developer's own hooks do before the login, and that Dash's do nothing before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
import dash_auth
import flask
import pytest
from dash import Dash, Input, Output, html

from . import apps
from .apps import guard, new_app, pages_app, plain_app, route_body
from .http import ALICE, BOB, PRIVATE, PUBLIC, basic, held, honest, no_server_error
from .routes import add_route, has_request, session

pytestmark = pytest.mark.not_on("fastapi", "there middlewares stand in the order of Starlette's")

ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def web() -> Any:
    """Return the module of the server at hand: Flask, or Quart, its twin."""
    if apps.backend == "flask":
        return flask
    import quart

    return quart


def in_a_hook(function: Callable[[], Any]) -> Callable[[], Any]:
    """Return a hook of the kind of the server's, which runs where the request is at hand."""
    if apps.backend == "flask":
        return function

    async def hook() -> Any:
        return function()

    return hook


def app_with(*hooks: Callable[[], Any], after: Any = (), **options: Any) -> Dash:
    """Return a guarded app with hooks from before the login, and from after it.

    :param hooks: those from before
    :param after: those from after
    :param options: what BasicAuth takes
    """
    app = plain_app()
    for hook in hooks:
        app.server.before_request(in_a_hook(hook))
    guard(app, secret_key="k" * 32, **options)
    for hook in after:
        app.server.before_request(in_a_hook(hook))
    add_route(app, "/open", lambda: PUBLIC)
    return app


def noting(what: str) -> Callable[[], None]:
    """Return a hook that notes that it ran."""
    return lambda: ran.append(what)


@pytest.mark.rule("S8")
def test_earlier_hooks_run_before_the_login_and_later_ones_after(serve: Any) -> None:
    site = serve(app_with(noting("earlier"), after=[noting("later")]))
    held(site.get("/"))
    assert ran == ["earlier"]
    ran.clear()
    honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)
    assert ran == ["earlier", "later"]


@pytest.mark.rule("S8")
def test_a_time_noted_by_a_hook_is_there_after_a_refusal(serve: Any) -> None:
    app = app_with(lambda: setattr(web().g, "began", "then"))

    def add_time(response: Any) -> Any:
        response.headers["Began"] = web().g.began
        return response

    async def add_time_async(response: Any) -> Any:
        return add_time(response)

    app.server.after_request(add_time if apps.backend == "flask" else add_time_async)
    reply = held(serve(app).get("/"))
    assert reply.headers["Began"] == "then"
    assert reply.headers["WWW-Authenticate"]


@pytest.mark.rule("S8")
def test_a_redirect_to_https_comes_before_the_challenge(serve: Any) -> None:
    site = serve(app_with(lambda: web().redirect("https://safe.test/")))
    reply = held(site.get("/"), status=302)
    assert reply.headers["WWW-Authenticate"] is None


@pytest.mark.rule("S8")
def test_a_limiter_counts_guesses(serve: Any) -> None:
    def limit() -> Any:
        ran.append("a guess")
        return web().Response("Slow down", 429) if len(ran) > 2 else None

    site = serve(app_with(limit))
    statuses = [site.get("/", auth=("alice", f"guess {number}")).status for number in range(4)]
    assert statuses == [401, 401, 429, 429]


@pytest.mark.rule("S8")
def test_what_an_earlier_hook_answers_is_the_developers(serve: Any) -> None:
    site = serve(app_with(lambda: web().Response(f"{PUBLIC}: down for maintenance", 503)))
    honest(site.get("/"), status=503)
    honest(site.get("/", auth=ALICE), status=503)


@pytest.mark.rule("S8")
def test_an_error_in_an_earlier_hook_is_the_developers(serve: Any) -> None:
    def fail() -> None:
        raise LookupError("the developer's")

    reply = serve(app_with(fail)).get("/", auth=ALICE)
    assert reply.status == 500
    assert PRIVATE not in reply.text


def sso() -> None:
    """Turn a token of a company's into the header that the login reads."""
    request = web().request
    name = request.headers.get("X-Token")
    if name is None:
        return
    header = basic(name, dict([ALICE, BOB]).get(name, "wrong"))
    if apps.backend == "flask":
        request.environ["HTTP_AUTHORIZATION"] = header
    else:
        request.headers["Authorization"] = header


@pytest.mark.rule("S8")
def test_a_token_that_a_hook_makes_a_header_of_logs_in(serve: Any) -> None:
    site = serve(app_with(sso, public_routes=["/open"]))
    honest(site.get("/_dash-layout", headers={"X-Token": "alice"}), PRIVATE)
    held(site.get("/_dash-layout", headers={"X-Token": "mallory"}))
    held(site.get("/_dash-layout"))


@pytest.mark.rule("S8")
def test_a_header_that_a_hook_replaces_or_takes_away_does_not_count(serve: Any) -> None:
    def drop() -> None:
        dash_auth.current_user()
        if apps.backend == "flask":
            web().request.environ.pop("HTTP_AUTHORIZATION", None)
        else:
            web().request.headers.pop("Authorization", None)

    held(serve(app_with(drop)).get("/_dash-layout", auth=ALICE))
    site = serve(app_with(sso, after=[lambda: ran.append(dash_auth.current_user().name)]))
    honest(site.get("/_dash-layout", auth=ALICE, headers={"X-Token": "bob"}), PRIVATE)
    assert ran == ["bob"]


@pytest.mark.rule("S8")
def test_the_endpoint_that_a_hook_leaves_is_what_counts(serve: Any) -> None:
    """A hook that sends a request to Dash opens nothing of Dash's by the path that it came with."""
    app = app_with(public_routes=["/open"])

    def divert() -> None:
        rules = app.server.url_map.iter_rules("/_dash-layout")
        web().request.url_rule = next(iter(rules))

    app.server.before_request_funcs[None].insert(0, in_a_hook(divert))
    site = serve(app)
    held(site.get("/open"))
    honest(site.get("/open", auth=ALICE), PRIVATE)


@pytest.mark.rule("S7")
def test_a_layout_reads_what_a_hook_noted(serve: Any) -> None:
    def note() -> None:
        web().g.tenant = "acme"

    app = app_with(note)
    app.layout = lambda: html.Div(f"{PRIVATE} {web().g.tenant}" if has_request() else "start")
    honest(serve(app).get("/_dash-layout", auth=ALICE), "acme")


@pytest.mark.rule("S8")
def test_hooks_for_all_routes_that_a_blueprint_brings(serve: Any) -> None:
    app = plain_app()
    for when in ("earlier", "later"):
        blueprint = web().Blueprint(when, __name__)
        blueprint.before_app_request(in_a_hook(noting(when)))
        app.server.register_blueprint(blueprint)
        if when == "earlier":
            guard(app)
    site = serve(app)
    held(site.get("/"))
    assert ran == ["earlier"]
    honest(site.get("/", auth=ALICE), None)
    assert ran == ["earlier", "earlier", "later"]


@pytest.mark.rule("S7")
@pytest.mark.parametrize("pages", [True, False])
@pytest.mark.parametrize("path", ["/", "/closed", "/_dash-layout", "/open", "/nowhere"])
def test_dashs_hooks_run_after_the_login_wherever_they_stood(
    serve: Any, pages: bool, path: str
) -> None:
    """Neither an earlier hook, nor one between, brings a layout of Dash's before the login."""
    app = pages_app() if pages else plain_app()

    def layout(**_: Any) -> html.Div:
        ran.append("a private layout") if has_request() else None
        return html.Div([PRIVATE, dash.page_container] if pages else PRIVATE)

    if pages:
        dash.register_page("closed", path="/closed", layout=layout)
    else:
        app.layout = layout
    app.server.before_request(in_a_hook(noting("earlier")))
    guard(app, public_routes=["/open"] if path == "/open" else None)
    add_route(app, "/open", lambda: PUBLIC)
    site = serve(app)
    no_server_error(site.get(path), [name for name in ran if name != "earlier"])
    assert ran == ["earlier"]
    if pages:
        honest(site.call(route_body("/closed"), auth=ALICE), PRIVATE)
    else:
        honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)


class OwnDash(Dash):
    """A subclass that does something of its own when the app is set up, as extensions do."""

    def _setup_server(self) -> Any:
        if has_request():
            ran.append("set-up")
        return super()._setup_server()


@pytest.mark.rule("S7")
def test_a_subclass_of_dashs_is_set_up_after_the_login(serve: Any) -> None:
    options = {} if apps.backend == "flask" else {"backend": apps.backend}
    app = OwnDash("own", **options)
    app.layout = html.Div(PRIVATE)
    guard(app)
    site = serve(app)
    held(site.get("/"), ran=ran)
    honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)
    assert ran


class NotingDash(Dash):
    """A subclass with a hook of its own, which is the developer's and none of Dash's."""

    def note(self) -> None:
        ran.append("earlier")

    async def note_async(self) -> None:
        self.note()


@pytest.mark.rule("S8")
def test_a_hook_of_a_subclasss_own_runs_before_the_login(serve: Any) -> None:
    options = {} if apps.backend == "flask" else {"backend": apps.backend}
    app = NotingDash("noting", **options)
    app.layout = html.Div(PRIVATE)
    app.server.before_request(app.note if apps.backend == "flask" else app.note_async)
    guard(app)
    held(serve(app).get("/"))
    assert ran == ["earlier"]


@pytest.mark.rule("S7")
@pytest.mark.not_on("quart", "Dash 4.4.1 cannot put two apps on one Quart")
@pytest.mark.parametrize("order", ["made before the login", "made after the login"])
def test_no_layout_of_another_app_runs_for_a_stranger(serve: Any, order: str) -> None:
    """Dash sets all apps of a server up at its first request, to whichever app it is."""
    one = new_app("one", url_base_pathname="/one/")
    one.layout = html.Div(PUBLIC)

    def second() -> Dash:
        app = new_app("two", server=one.server, url_base_pathname="/two/")

        def layout() -> html.Div:
            ran.append("a private layout") if has_request() else None
            return html.Div(PRIVATE)

        app.layout = layout
        app.callback(Output("a", "children"), Input("b", "value"))(lambda value: value)
        return app

    if order == "made before the login":
        two = second()
        guard(one, public_routes=["/"])
    else:
        guard(one, public_routes=["/"])
        two = second()
    guard(two)
    site = serve(one)
    honest(site.get("/one/"), None)
    held(site.get("/two/"), ran=ran)
    honest(site.get("/two/_dash-layout", auth=ALICE), PRIVATE)


@pytest.mark.rule("S7")
def test_a_server_that_the_app_is_put_on_later(serve: Any) -> None:
    server = web().__dict__["Flask" if apps.backend == "flask" else "Quart"]("later")
    app = new_app(server=False)
    app.layout = html.Div(PRIVATE)
    guard(app)
    server.before_request(in_a_hook(noting("earlier")))
    app.init_app(server)
    server.before_request(in_a_hook(noting("later")))
    site = serve(server)
    held(site.get("/"))
    assert ran == ["earlier"]
    honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)
    assert ran == ["earlier", "earlier", "later"]


@pytest.mark.rule("S7")
@pytest.mark.flask_only("Quart is async anyway")
def test_in_dashs_async_mode(serve: Any) -> None:
    if apps.DASH_VERSION < (3,):
        pytest.skip("Dash 2 has no async mode")
    pytest.importorskip("asgiref")
    app = pages_app(use_async=True)

    async def layout(**_: Any) -> html.Div:
        ran.append("a private layout") if has_request() else None
        return html.Div(PRIVATE)

    dash.register_page("closed", path="/closed", layout=layout)

    async def earlier() -> None:
        ran.append("earlier")

    app.server.before_request(earlier)
    guard(app)
    site = serve(app)
    held(site.get("/closed"))
    assert ran == ["earlier"]
    honest(site.call(route_body("/closed"), auth=ALICE), PRIVATE)


@pytest.mark.rule("S8")
def test_sessions_of_the_developers_own_are_there_in_earlier_hooks(serve: Any) -> None:
    def count() -> None:
        session()["visits"] = session().get("visits", 0) + 1

    site = serve(app_with(count))
    reply = held(site.get("/"))
    reply = honest(site.get("/_dash-layout", auth=ALICE, cookie=reply.cookie()), PRIVATE)
    assert reply.cookie()
