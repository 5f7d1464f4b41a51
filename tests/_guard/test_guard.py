"""The way of a request: what passes, what is refused, and what happens when something fails."""

from __future__ import annotations

import gc
import io
import json
import logging
import threading
import weakref
from typing import Any

import dash
import dash_auth
import flask
import pytest
from attacks.apps import body, item
from dash import Dash, Input, Output, html
from dash_auth._core import Refusal
from dash_auth.auth import Auth, auth_of
from dash_auth.logins import Wait
from dash_auth.logins.stored_passwords import StoredPasswords
from guarded import ALICE, BOB, PRIVATE, USERS, add_witness, call, client_of, guarded_app, new_app


class ByHeader(Auth):
    """Lets in whoever sends `X-Key: right`, as an app's own subclass would."""

    def is_authorized(self) -> bool:
        return flask.request.headers.get("X-Key") == "right"

    def login_request(self) -> Any:
        return "show your key", 403


KEY = {"X-Key": "right"}


def answers(auth: type[Auth], path: str = "/private", **options: Any) -> Any:
    app = new_app()
    auth(app)
    add_witness(app.server, "/private")
    return client_of(app).get(path, **options)


# Subclasses


def test_a_subclass_decides_and_answers() -> None:
    refused = answers(ByHeader)
    assert (refused.status_code, refused.text) == (403, "show your key")
    assert refused.headers["Cache-Control"] == "no-store"
    assert answers(ByHeader, headers=KEY).json["user"] is None


def test_the_user_of_a_subclass_is_the_sessions() -> None:
    app = new_app()
    app.server.secret_key = "a key"
    ByHeader(app, public_routes=["/open"])
    add_witness(app.server, "/private", "/open")
    client = client_of(app)
    with client.session_transaction() as session:
        session["user"] = {"email": "carol", "groups": ["staff"]}
    for path, headers in (("/private", KEY), ("/open", {})):
        reply = client.get(path, headers=headers).json
        assert (reply["user"], reply["groups"]) == ("carol", ["staff"])


def test_who_has_a_session_of_a_subclass_is_asked_anew_where_the_body_is_too_large() -> None:
    app = new_app()
    app.server.secret_key = "a key"
    ByHeader(app, public_routes=["/open"], anonymous_body_limit=100)
    client = client_of(app)
    large = ("in", "value", "x" * 200)
    assert call(client, "out.children", large).status_code == 413
    with client.session_transaction() as session:
        session["user"] = {"email": "carol"}
    assert call(client, "out.children", large).text == "show your key"


def test_a_check_that_never_asks_ours_leaves_the_user_to_the_session() -> None:
    class ByToken(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            return flask.request.headers.get("Authorization") == "Bearer right"

    app = new_app()
    ByToken(app, USERS, secret_key="a key", public_routes=["/open"])
    add_witness(app.server, "/private", "/open")
    app.server.before_request_funcs[None].append(
        lambda: flask.session.update(user={"email": "carol"})
    )
    client = client_of(app)
    for path in ("/private", "/open"):
        assert client.get(path, headers={"Authorization": "Bearer right"}).json["user"] == "carol"
    assert client.get("/open", headers={"Authorization": "Bearer wrong"}).json["user"] is None
    assert client.get("/private", auth=ALICE).status_code == 401


def test_an_answer_that_is_none_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    class Forgetful(ByHeader):
        def login_request(self) -> Any:
            return None

    refused = answers(Forgetful)
    assert (refused.status_code, refused.text) == (401, "Login required")
    assert "login_request returned None" in caplog.text


def test_an_answer_may_be_raised() -> None:
    class Aborting(ByHeader):
        def login_request(self) -> Any:
            flask.abort(flask.redirect("/elsewhere"))

    refused = answers(Aborting)
    assert (refused.status_code, refused.headers["Location"]) == (302, "/elsewhere")


def test_an_answer_that_fails_is_still_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ByHeader):
        def login_request(self) -> Any:
            raise LookupError("no template")

    refused = answers(Broken)
    assert (refused.status_code, refused.text) == (401, "Login required")
    assert "no template" in caplog.text
    assert "no template" not in refused.text


@pytest.mark.parametrize("error", [LookupError("down"), RecursionError(), SystemError()])
def test_a_check_that_fails_lets_nobody_in(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(ByHeader):
        def is_authorized(self) -> bool:
            raise error

    refused = answers(Broken, headers=KEY)
    assert (refused.status_code, refused.text) == (403, "show your key")
    assert "an error while deciding on a request" in caplog.text


def test_an_async_check_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    class Async(ByHeader):
        async def is_authorized(self) -> bool:  # type: ignore[override]
            return True

    assert answers(Async, headers=KEY).status_code == 403
    assert "is_authorized must not be async" in caplog.text


def test_any_awaitable_lets_nobody_in() -> None:
    class Future:
        def __await__(self) -> Any:
            yield

    class Async(ByHeader):
        def is_authorized(self) -> Any:
            return Future()

    assert answers(Async, headers=KEY).status_code == 403


def test_a_subclass_without_its_methods_cannot_be_made() -> None:
    class Half(Auth):
        def is_authorized(self) -> bool:
            return True

    with pytest.raises(TypeError, match="login_request"):
        Half(new_app())  # type: ignore[abstract]


def test_arguments_that_nobody_knows_are_named() -> None:
    with pytest.raises(
        TypeError, match=r"^ByHeader\(\) got an unexpected keyword argument 'tokens'$"
    ):
        ByHeader(new_app(), tokens=True)


# Errors of the developer's own


def test_an_error_in_the_layout_is_the_developers_to_see() -> None:
    app = new_app()
    app.layout = lambda: 1 / 0 if flask.has_request_context() else html.Div()
    dash_auth.BasicAuth(app, USERS)
    client = client_of(app)
    assert client.get("/_dash-layout").status_code == 401
    for _ in range(2):
        assert client.get("/_dash-layout", auth=ALICE).status_code == 500
    assert client.get("/_dash-layout").status_code == 401


def test_a_duplicate_callback_is_the_developers_to_see() -> None:
    app = guarded_app(public_routes=["/open"])
    app.callback(Output("a", "children"), Input("in", "value"))(lambda value: "a")
    dash.callback(Output("a", "children"), Input("other", "value"))(lambda value: "b")
    assert client_of(app).get("/open").status_code == 500


# The first request


def test_no_layout_runs_for_a_stranger_at_the_first_request() -> None:
    ran: list[Any] = []

    def layout() -> Any:
        user = dash_auth.current_user()
        ran.append(user and user.name)
        return html.Div(f"layout of {user}")

    app = new_app()
    app.layout = layout
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    add_witness(app.server, "/open")
    ran.clear()
    client = client_of(app)
    client.get("/private")
    client.get("/open")
    assert ran == []
    assert "layout of alice" in client.get("/_dash-layout", auth=ALICE).text
    assert "layout of bob" in client.get("/_dash-layout", auth=BOB).text
    assert ran == ["alice", "bob"]


def test_a_refused_request_starts_nothing() -> None:
    app = guarded_app()
    client = client_of(app)
    client.get("/")
    assert not app._got_first_request["setup_server"]
    client.get("/", auth=ALICE)
    assert app._got_first_request["setup_server"]


def test_the_first_requests_wait_for_the_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    app = guarded_app(public_routes=["/open"])
    runs: list[None] = []
    entered, leave = threading.Event(), threading.Event()
    auth = auth_of(app)
    assert auth is not None
    run = auth._dash_auth_server.run_first_request_hooks

    def slow(app: Dash) -> None:
        runs.append(None)
        entered.set()
        assert leave.wait(20)
        run(app)

    monkeypatch.setattr(auth._dash_auth_server, "run_first_request_hooks", slow)
    done: list[int] = []

    def ask() -> None:
        done.append(client_of(app).get("/open").status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert entered.wait(20)
    assert done == []
    leave.set()
    for thread in threads:
        thread.join()
    assert (done, len(runs)) == ([200] * 4, 1)


# The validation layout


def config_of(page: str) -> dict[str, Any]:
    start = page.index('<script id="_dash-config"')
    text = page[page.index(">", start) + 1 : page.index("</script>", start)]
    config: dict[str, Any] = json.loads(text)
    return config


def test_the_developers_validation_layout_is_for_users_alone() -> None:
    app = new_app()
    dash_auth.BasicAuth(app, USERS, public_routes=["/"])
    app.validation_layout = html.Div("every page's ids")
    client = client_of(app)
    stranger = client.get("/").text
    assert "every page's ids" not in stranger
    assert "validation_layout" not in config_of(stranger)
    assert config_of(stranger)["suppress_callback_exceptions"] is True
    user = client.get("/", auth=ALICE).text
    assert "every page" in str(config_of(user)["validation_layout"])
    assert config_of(user)["suppress_callback_exceptions"] is False
    assert "every page" not in client.get("/", auth=("alice", "wrong")).text
    # Whatever is made of the page outside of a request can reach anyone.
    with app.server.test_request_context("/"):
        assert "every page" not in app.index()


def test_an_app_with_pages_computes_none() -> None:
    app = Dash("pages", use_pages=True, pages_folder="", assets_folder="no-assets")
    app.layout = html.Div([dash.page_container])
    ran: list[None] = []
    dash.register_page("a", path="/a", layout=lambda: ran.append(None) or html.P(PRIVATE))
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    client = client_of(app)
    for auth in (None, ALICE):
        page = client.get("/open", auth=auth).text
        assert PRIVATE not in page
        assert "validation_layout" not in config_of(page)
    assert ran == []
    app.config.suppress_callback_exceptions = False


# Refusals that are no question for a password


def test_a_busy_server_says_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> Any:
        yield Wait(lambda: None)
        return Refusal.BUSY

    monkeypatch.setattr(StoredPasswords, "verify", busy)
    client = client_of(guarded_app(public_routes=["/open"]))
    busy = client.get("/private", auth=ALICE)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "1")
    assert "WWW-Authenticate" not in busy.headers
    assert client.get("/open", auth=ALICE).json["user"] is None


def test_a_request_that_changes_something_is_refused_across_sites() -> None:
    app = guarded_app()

    @app.callback(Output("a", "children"), Input("in", "value"))
    def show(value: str) -> str:
        return "private"

    client = client_of(app)
    sent = body("a.children", [item("in", "value", 1)])
    for site, status in (
        ("cross-site", 403),
        ("CROSS-SITE ", 403),
        ("same-site", 403),
        ("same-origin", 200),
        ("none", 200),
        (None, 200),
    ):
        headers = {} if site is None else {"Sec-Fetch-Site": site}
        reply = client.post("/_dash-update-component", json=sent, headers=headers, auth=ALICE)
        assert reply.status_code == status, site
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}, auth=ALICE).status_code == 200


def test_a_public_callback_runs_across_sites_but_as_nobody() -> None:
    app = guarded_app(secret_key="a key")

    @dash_auth.public_callback(Output("a", "children"), Input("in", "value"))
    def show(value: str) -> str:
        return f"asked by {dash_auth.current_user()}"

    sent = body("a.children", [item("in", "value", 1)])
    reply = client_of(app).post(
        "/_dash-update-component", json=sent, headers={"Sec-Fetch-Site": "cross-site"}, auth=ALICE
    )
    assert "asked by None" in reply.text


# Bodies


def public_app(**options: Any) -> Dash:
    app = guarded_app(**options)
    dash_auth.public_callback(Output("a", "children"), Input("in", "value"))(lambda value: "public")
    return app


GOOD = json.dumps(body("a.children", [item("in", "value", 1)])).encode()


def post(app: Dash, data: bytes, content_type: str = "application/json", **options: Any) -> int:
    client = client_of(app)
    reply = client.post("/_dash-update-component", data=data, content_type=content_type, **options)
    return reply.status_code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"a.children"',
        b"5",
        b'{"output": 5}',
        b'{"output": null}',
        b'{"inputs": []}',
        b'{"output": "missing.children", "inputs": []}',
        b'{"output": "a.children", "inputs": []}',
        b'{"output": "a.children", "inputs": 5}',
        b"\xff\xfe",
        b'{"output": "\\ud800"}',
        b"[" * 100_000,
        b'{"output": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_callback_request_is_refused(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    app = public_app()
    assert post(app, GOOD) == 200
    assert post(app, data) == 401
    # Nobody can fill the log with tracebacks.
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_body_of_another_type_is_refused() -> None:
    assert post(public_app(), GOOD, "text/plain") == 401
    assert post(public_app(), GOOD, "application/json; charset=utf-8") == 200


def test_another_method_or_address_is_no_callback() -> None:
    client = client_of(public_app())
    sent = {"data": GOOD, "content_type": "application/json"}
    assert client.post("/_dash-update-component", **sent).status_code == 200
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"):
        reply = client.open("/_dash-update-component", method=method, **sent)
        assert reply.status_code == 401, method
    for path in ("/_dash-update-component/", "//_dash-update-component", "/_dash-layout"):
        assert client.post(path, **sent).status_code == 401, path


def post_raw(app: Dash, data: bytes, **environ: Any) -> tuple[int, int]:
    """Return the status, and how many bytes of the body were read."""
    sent = io.BytesIO(data)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/_dash-update-component",
        "CONTENT_TYPE": "application/json",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": sent,
        "wsgi.errors": io.StringIO(),
        **environ,
    }
    statuses: list[str] = []
    list(app.server.wsgi_app(environ, lambda status, *_: statuses.append(status)))
    return int(statuses[0].split()[0]), sent.tell()


def test_no_body_is_read_where_nothing_is_public() -> None:
    length = str(len(GOOD))
    assert post_raw(public_app(), GOOD, CONTENT_LENGTH=length) == (200, len(GOOD))
    assert post_raw(guarded_app(), GOOD, CONTENT_LENGTH=length) == (401, 0)
    # The public callback of another app of the process opens nothing here.
    dash._callback.GLOBAL_CALLBACK_MAP.clear()
    assert post_raw(guarded_app(), GOOD, CONTENT_LENGTH=length) == (401, 0)


def test_no_public_callback_is_looked_for_where_the_process_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at: list[Any] = []
    monkeypatch.setattr(
        "dash_auth._dash.callbacks.is_public_callback", lambda *args: looked_at.append(args)
    )
    for registrations in (1, 0):
        monkeypatch.setattr("dash_auth.public_routes._registrations", registrations)
        app = guarded_app()
        app.callback(Output("out", "children"), Input("in", "value"))(lambda value: value)
        looked_at.clear()
        assert call(client_of(app), "out.children", ("in", "value", 1)).status_code == 401
        assert bool(looked_at) is bool(registrations)


def test_a_body_is_read_up_to_the_limit() -> None:
    length = str(len(GOOD))
    exact = public_app(anonymous_body_limit=len(GOOD))
    assert post_raw(exact, GOOD, CONTENT_LENGTH=length) == (200, len(GOOD))
    larger = GOOD + b" "
    assert post_raw(exact, larger, CONTENT_LENGTH=str(len(larger))) == (413, 0)
    # A body of unknown length, with no end: not read at all.
    assert post_raw(exact, GOOD) == (401, 0)


@pytest.mark.parametrize("length", [{}, {"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "5"}])
def test_a_body_that_the_server_ends_is_counted_whatever_length_is_stated(
    length: dict[str, str],
) -> None:
    ended = {**length, "wsgi.input_terminated": True}
    exact = public_app(anonymous_body_limit=len(GOOD))
    assert post_raw(exact, GOOD, **ended)[0] == 200
    status, count = post_raw(exact, GOOD + b" " * 5000, **ended)
    assert (status, count) == (413, len(GOOD) + 1)


def test_the_servers_own_limit_holds_too() -> None:
    app = public_app()
    assert post(app, GOOD) == 200
    app.server.config["MAX_CONTENT_LENGTH"] = 10
    assert post(app, GOOD) == 401


def test_a_redeclared_callback_is_compared_anew() -> None:
    app = public_app()
    assert post(app, GOOD) == 200
    entry = app.callback_map["a.children"]
    app.callback_map["a.children"] = {**entry, "inputs": [{"id": "other", "property": "value"}]}
    assert post(app, GOOD) == 401
    app.callback_map["a.children"] = entry
    assert post(app, GOOD) == 200
    del app.callback_map["a.children"]
    assert post(app, GOOD) == 401


def test_nothing_of_this_was_asked_without_logging_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    app = guarded_app(public_routes=["/open"], secret_key="the secret key")
    client = client_of(app)
    for auth in (ALICE, ("alice", "wrong-password"), ("eve", "wrong-password")):
        client.get("/private", auth=auth)
        client.get("/open", auth=auth)
    for secret in (ALICE[1], "wrong-password", "the secret key", "Basic "):
        assert secret not in caplog.text


def test_a_protected_app_is_freed_when_nobody_holds_it() -> None:
    app = new_app()
    dash_auth.BasicAuth(app, USERS)
    gc.collect()
    # While the app lives, so does who protects it.
    assert auth_of(app) is not None
    freed = weakref.ref(app)
    del app
    dash._get_app.APP = None
    gc.collect()
    assert freed() is None
