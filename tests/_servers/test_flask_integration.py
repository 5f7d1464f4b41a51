"""Beside what else lives on a Flask server: extensions, several apps, prefixes, late servers."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import dash
import dash_auth
import flask
import pytest
from attacks.apps import DASH_VERSION, item, route_body
from dash import Dash, Input, Output, dcc, html
from flask.testing import FlaskClient
from guarded import ALICE, BOB, PRIVATE, USERS, add_witness, call, client_of, new_app
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client


def add_callbacks(app: Dash) -> None:
    """Add a public and a private callback, registered for this app alone."""
    app.callback(Output("closed", "children"), Input("in", "value"))(lambda value: "closed")
    dash_auth.public_callback(Output("open", "children"), Input("in", "value"))(
        lambda value: "open"
    )


def outcome(client: FlaskClient, prefix: str = "/", auth: Any = None) -> tuple[int, int]:
    """Return the status of the public and of the private callback."""
    return tuple(  # type: ignore[return-value]
        call(client, f"{name}.children", ("in", "value", 1), prefix=prefix, auth=auth).status_code
        for name in ("open", "closed")
    )


# Extensions


def test_csrf_protection_and_ours_work_side_by_side() -> None:
    from flask_wtf import CSRFProtect
    from flask_wtf.csrf import generate_csrf

    app = new_app()
    app.server.secret_key = "a key"
    csrf = CSRFProtect(app.server)
    # As the documentation of Dash has it: the renderer sends no token.
    view = app.server.view_functions["/_dash-update-component"]
    csrf.exempt(view)
    csrf._exempt_views.add(f"{view.__module__}.{view.__name__}")
    dash_auth.BasicAuth(app, USERS, public_routes=["/token", "/form"])
    add_callbacks(app)
    app.server.add_url_rule("/token", "token", generate_csrf)
    for path in ("/form", "/closed-form"):
        app.server.add_url_rule(path, path, lambda: "taken", methods=["POST"])

    client = client_of(app)
    assert outcome(client) == (200, 401)
    assert outcome(client, auth=ALICE) == (200, 200)
    # Their hook is there before our login: so is its refusal, and a token is no login.
    assert client.post("/closed-form").status_code == 400
    assert client.post("/closed-form", auth=ALICE).status_code == 400
    assert client.post("/form").status_code == 400
    token = client.get("/token").text
    assert client.post("/form", data={"csrf_token": token}).text == "taken"
    assert client.post("/closed-form", data={"csrf_token": token}).status_code == 401
    taken = client.post("/closed-form", data={"csrf_token": token}, auth=ALICE)
    assert taken.text == "taken"


@pytest.mark.parametrize("by_dash", [True, False])
def test_compressed_answers_stay_whole(by_dash: bool) -> None:
    from flask_compress import Compress

    app = new_app(compress=by_dash)
    app.layout = html.Div([html.P(PRIVATE) for _ in range(200)])
    if not by_dash:
        Compress(app.server)
    dash_auth.BasicAuth(app, USERS)
    add_callbacks(app)
    client = client_of(app)
    headers = {"Accept-Encoding": "gzip"}
    refused = client.get("/_dash-layout", headers=headers)
    assert refused.status_code == 401
    assert "WWW-Authenticate" in refused.headers
    layout = client.get("/_dash-layout", headers=headers, auth=ALICE)
    assert layout.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(layout.data).decode().count(PRIVATE) == 200
    assert outcome(client) == (200, 401)


def test_a_compressed_answer_of_a_public_job_is_sealed_whole(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import diskcache
    from dash import DiskcacheManager

    cache = diskcache.Cache(str(tmp_path))
    app = new_app(compress=True)
    app.server.config["COMPRESS_MIN_SIZE"] = 1
    dash_auth.BasicAuth(app, USERS)
    dash_auth.public_callback(
        Output("a", "children"),
        Input("in", "value"),
        manager=DiskcacheManager(cache),
        background=True,
    )(lambda value: "done")
    reply = client_of(app).post(
        "/_dash-update-component",
        json={
            "output": "a.children",
            "outputs": item("a", "children"),
            "inputs": [item("in", "value", 1)],
        },
        headers={"Accept-Encoding": "gzip"},
    )
    assert reply.headers.get("Content-Encoding") == "gzip"
    answer = json.loads(gzip.decompress(reply.data))
    assert re.search(r"\.[0-9a-f]{64}$", answer["job"])
    cache.close()


# What else runs before a request


def test_earlier_hooks_run_before_the_guard_and_later_ones_after() -> None:
    app = new_app()
    ran: list[str] = []

    @app.server.before_request
    def earlier() -> None:
        ran.append("earlier")

    dash_auth.BasicAuth(app, USERS)

    @app.server.before_request
    def later() -> None:
        ran.append("later")

    client = client_of(app)
    assert client.get("/").status_code == 401
    assert ran == ["earlier"]
    assert client.get("/", auth=ALICE).status_code == 200
    assert ran == ["earlier", "earlier", "later"]


def test_blueprints_and_routes_added_later_are_private() -> None:
    app = new_app()
    dash_auth.BasicAuth(app, USERS, public_routes=["/pages/open"])
    blueprint = flask.Blueprint("pages", __name__)
    for name in ("open", "closed"):
        blueprint.add_url_rule(f"/{name}", name, lambda: "served")
    app.server.register_blueprint(blueprint, url_prefix="/pages")
    client = client_of(app)
    assert client.get("/pages/open").text == "served"
    assert client.get("/pages/closed").status_code == 401
    assert client.get("/pages/closed", auth=BOB).text == "served"


def test_error_handlers_and_after_request_hooks_see_refusals() -> None:
    app = new_app()
    dash_auth.BasicAuth(app, USERS)
    app.server.after_request(lambda response: response.headers.update({"X-Seen": "1"}) or response)
    assert client_of(app).get("/").headers["X-Seen"] == "1"


# Several apps on one server


def two_apps() -> tuple[flask.Flask, Dash, Dash]:
    server = flask.Flask("shared")
    add_witness(server, "/", "/health")
    first = Dash("first", server=server, url_base_pathname="/first/", assets_folder="no-assets")
    second = Dash("second", server=server, url_base_pathname="/second/", assets_folder="no-assets")
    first.layout, second.layout = html.Div("first layout"), html.Div("second layout")
    return server, first, second


def test_each_app_has_its_own_users_and_its_own_public_parts() -> None:
    server, first, second = two_apps()
    dash_auth.BasicAuth(first, dict([ALICE]), public_routes=["/open"], realm="one")
    dash_auth.BasicAuth(second, dict([BOB]), realm="two")
    add_witness(server, "/first/open", "/second/open")
    first.callback(Output("a", "children"), Input("in", "value"))(lambda value: "first")
    second.callback(Output("a", "children"), Input("in", "value"))(lambda value: "second")
    client = server.test_client()
    for prefix, user, other in (("/first/", ALICE, BOB), ("/second/", BOB, ALICE)):
        assert client.get(f"{prefix}_dash-layout", auth=user).status_code == 200
        assert client.get(f"{prefix}_dash-layout", auth=other).status_code == 401
        reply = call(client, "a.children", ("in", "value", 1), prefix=prefix, auth=user)
        assert reply.json["response"]["a"]["children"] == prefix.strip("/")
        assert call(client, "a.children", ("in", "value", 1), prefix=prefix).status_code == 401
    assert 'realm="one"' in client.get("/first/").headers["WWW-Authenticate"]
    assert 'realm="two"' in client.get("/second/").headers["WWW-Authenticate"]
    assert client.get("/first/open").status_code == 200
    assert client.get("/second/open").status_code == 401
    # Under no app's prefix: as open as all of them have it.
    dash_auth.add_public_routes(first, ["/health"])
    assert client.get("/health").status_code == 401
    dash_auth.add_public_routes(second, ["/health"])
    assert client.get("/health").status_code == 200
    assert client.get("/", auth=ALICE).status_code == 401


def test_a_public_callback_of_one_app_is_none_of_the_other() -> None:
    _, first, second = two_apps()
    for app in (first, second):
        dash_auth.BasicAuth(app, USERS, public_routes=[])
    dash_auth.public_callback(Output("open", "children"), Input("in", "value"))(
        lambda value: "open"
    )
    second.callback(Output("open", "children"), Input("in", "value"))(lambda value: "closed")
    client = first.server.test_client()
    assert call(client, "open.children", ("in", "value", 1), prefix="/first/").status_code == 200
    assert call(client, "open.children", ("in", "value", 1), prefix="/second/").status_code == 401


def test_the_app_with_the_longest_prefix_decides() -> None:
    server = flask.Flask("shared")
    outer = Dash("outer", server=server, assets_folder="no-assets")
    inner = Dash("inner", server=server, url_base_pathname="/inner/", assets_folder="no-assets")
    outer.layout, inner.layout = html.Div("outer layout"), html.Div("inner layout")
    dash_auth.BasicAuth(outer, dict([ALICE]), public_routes=["/<path:p>", "/"])
    dash_auth.BasicAuth(inner, dict([BOB]))
    client = server.test_client()
    assert "outer layout" in client.get("/_dash-layout").text
    assert client.get("/inner/_dash-layout").status_code == 401
    assert client.get("/inner/_dash-layout", auth=ALICE).status_code == 401
    assert "inner layout" in client.get("/inner/_dash-layout", auth=BOB).text


def test_an_app_beside_a_guarded_one_is_closed_too() -> None:
    server, first, _ = two_apps()
    dash_auth.BasicAuth(first, USERS)
    client = server.test_client()
    assert client.get("/second/_dash-layout").status_code == 401
    assert client.get("/second/_dash-layout", auth=ALICE).status_code == 200


# Servers that come early, late, or anew


def test_a_flask_server_of_the_developers_own() -> None:
    server = flask.Flask("own")
    add_witness(server, "/before")
    app = Dash("own", server=server, assets_folder="no-assets")
    app.layout = html.Div(PRIVATE)
    dash_auth.BasicAuth(app, USERS)
    add_witness(server, "/after")
    client = server.test_client()
    for path in ("/", "/before", "/after", "/_dash-layout", "/missing"):
        assert client.get(path).status_code == 401, path
        assert client.get(path, auth=ALICE).status_code == 200, path


@pytest.mark.parametrize("guard_first", [True, False])
@pytest.mark.parametrize("server", [True, False], ids=["of its own", "none"])
def test_an_app_may_be_given_its_server_before_or_after_the_guard(
    guard_first: bool, server: bool
) -> None:
    app = new_app(server=server)
    flask_server = flask.Flask("late")

    def guard() -> None:
        dash_auth.BasicAuth(app, USERS, public_routes=["/open"], secret_key="a key")

    if guard_first:
        guard()
    app.init_app(flask_server)
    if not guard_first:
        guard()
    add_witness(flask_server, "/open", "/private")
    add_callbacks(app)
    client = client_of(flask_server)
    assert client.get("/_dash-layout").status_code == 401
    assert client.get("/private").status_code == 401
    assert PRIVATE in client.get("/_dash-layout", auth=ALICE).text
    assert outcome(client) == (200, 401)
    assert client.get("/private", auth=ALICE).json["user"] == "alice"
    assert client.get("/open").json["user"] == "alice"
    assert flask_server.secret_key == "a key"
    assert dash_auth.explain(app).public_routes == (("/open", "/open"),)


def test_the_server_that_an_app_was_moved_from_stays_closed() -> None:
    app = new_app()
    old, new = app.server, flask.Flask("new")
    dash_auth.BasicAuth(app, USERS)
    app.init_app(new)
    for server in (old, new):
        client = server.test_client()
        assert client.get("/_dash-layout").status_code == 401
        assert client.get("/_dash-layout", auth=ALICE).status_code == 200


def test_the_prefix_may_come_with_the_server() -> None:
    app = new_app(server=False)
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    server = flask.Flask("late")
    app.init_app(server, routes_pathname_prefix="/late/", requests_pathname_prefix="/late/")
    add_witness(server, "/late/open", "/elsewhere")
    client = server.test_client()
    assert client.get("/late/open").status_code == 200
    assert client.get("/late/_dash-layout").status_code == 401
    assert client.get("/late/_dash-layout", auth=ALICE).status_code == 200
    assert client.get("/elsewhere").status_code == 401


@pytest.mark.skipif(DASH_VERSION < (4,), reason="before, Dash could be initialised once")
def test_to_initialise_twice_guards_once(monkeypatch: pytest.MonkeyPatch) -> None:
    app = new_app()
    dash_auth.BasicAuth(app, USERS)
    hooks = app.server.before_request_funcs[None]
    guards = [hook for hook in hooks if "FlaskServer" in getattr(hook, "__qualname__", "")]
    app.init_app(app.server)
    assert guards == [
        hook
        for hook in app.server.before_request_funcs[None]
        if "FlaskServer" in getattr(hook, "__qualname__", "")
    ]
    assert client_of(app).get("/", auth=ALICE).status_code == 200


@pytest.mark.parametrize("server", [object(), "flask", 5], ids=repr)
def test_a_server_that_nobody_knows_to_protect_is_refused(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = new_app()
    monkeypatch.setattr(app, "server", server)
    with pytest.raises(TypeError, match="does not know how to protect a server of type"):
        dash_auth.BasicAuth(app, USERS)


# URL prefixes

PREFIXES = {
    "url_base_pathname": ({"url_base_pathname": "/app/"}, "/app/", "/app/"),
    "routes and requests": (
        {"routes_pathname_prefix": "/app/", "requests_pathname_prefix": "/app/"},
        "/app/",
        "/app/",
    ),
    "requests alone": ({"requests_pathname_prefix": "/proxy/"}, "/", "/proxy/"),
    "split": (
        {"routes_pathname_prefix": "/app/", "requests_pathname_prefix": "/proxy/app/"},
        "/app/",
        "/proxy/app/",
    ),
    "deep": ({"url_base_pathname": "/a/b.c/"}, "/a/b.c/", "/a/b.c/"),
}


@pytest.fixture(params=PREFIXES.values(), ids=PREFIXES.keys())
def prefixed(request: pytest.FixtureRequest, tmp_path: Any) -> tuple[Dash, str, str]:
    options, routes, requests = request.param
    tmp_path.joinpath("style.css").write_text("")
    app = Dash("prefixed", use_pages=True, pages_folder="", assets_folder=str(tmp_path), **options)
    app.layout = html.Div([dcc.Location(id="url"), dash.page_container])
    for name in ("open", "closed"):
        dash.register_page(f"pages.{name}", path=f"/{name}", layout=html.P(f"page {name}"))
    dash_auth.BasicAuth(app, USERS, public_routes=["/open", "/files/<name>"])
    add_callbacks(app)
    add_witness(app.server, f"{routes}files/<path>", f"{routes}other")
    return app, routes, requests


def test_public_pages_work_under_any_prefix(prefixed: tuple[Dash, str, str]) -> None:
    app, routes, requests = prefixed
    client = client_of(app)
    for path in ("files/x", "_dash-layout", "_dash-dependencies", "assets/style.css"):
        with client.get(routes + path) as reply:
            assert reply.status_code == 200, path
    for path in ("", "other", "missing", "assets/other.png"):
        assert client.get(routes + path).status_code == 401, path

    def routed(pathname: str) -> Any:
        reply = client.post(f"{routes}_dash-update-component", json=route_body(pathname))
        return "page open" in reply.text if reply.status_code == 200 else reply.status_code

    assert routed(f"{requests}open") is True
    for pathname in (f"{requests}closed", requests, "open", f"/x{requests}open"):
        assert routed(pathname) == 401, pathname
    if requests != "/":
        assert routed("/open") == 401


def test_the_index_of_public_pages_works_under_any_prefix(
    prefixed: tuple[Dash, str, str],
) -> None:
    app, routes, _ = prefixed
    client = client_of(app)
    assert client.get(f"{routes}open").status_code == 200
    assert client.get(f"{routes}closed").status_code == 401


def test_public_callbacks_work_under_any_prefix(prefixed: tuple[Dash, str, str]) -> None:
    app, routes, _ = prefixed
    client = client_of(app)
    assert outcome(client, routes) == (200, 401)
    assert outcome(client, routes, ALICE) == (200, 200)
    if routes != "/":
        # The address of another app, or of none.
        assert outcome(client) == (401, 401)


def test_a_routing_callback_of_the_apps_own_works_under_a_split_prefix() -> None:
    app = new_app(routes_pathname_prefix="/app/", requests_pathname_prefix="/proxy/app/")
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    app.callback(Output("page", "children"), Input("url", "pathname"))(lambda path: "shown")
    client = client_of(app)

    def status(pathname: str) -> int:
        inputs = ("url", "pathname", pathname)
        return call(client, "page.children", inputs, prefix="/app/").status_code

    assert status("/proxy/app/open") == 200
    for pathname in ("/app/open", "/open", "/proxy/app/closed", "/proxy/app", "/proxy/appopen"):
        assert status(pathname) == 401, pathname


def test_an_app_mounted_below_another_wsgi_app() -> None:
    app = new_app(routes_pathname_prefix="/", requests_pathname_prefix="/mounted/")
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    add_witness(app.server, "/open", "/private")
    root = flask.Flask("root")
    mounted = Client(DispatcherMiddleware(root.wsgi_app, {"/mounted": app.server.wsgi_app}))
    assert mounted.get("/mounted/open").status_code == 200
    assert mounted.get("/mounted/private").status_code == 401
    assert mounted.get("/mounted/_dash-layout").status_code == 401
    assert mounted.get("/mounted/mounted/open").status_code == 401
