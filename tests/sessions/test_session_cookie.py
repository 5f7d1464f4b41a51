"""The session apart from requests: Flask-SocketIO's handlers, tests, hooks, what runs later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_auth
import flask
import pytest
from flask.sessions import SessionMixin
from flask.testing import FlaskClient
from guarded import ALICE, BOB, USERS, add_witness, basic, client_of, guarded_app, new_app

KEY = "a key that is long enough"
MALLORY = {"email": "mallory", "groups": ["admin"]}


def on_connect(client: FlaskClient) -> dict[str, Any]:
    """Return what Flask-SocketIO's connect handler reads: it opens the session, and no hook runs."""
    cookie = client.get_cookie("session")
    environ = {} if cookie is None else {"HTTP_COOKIE": f"session={cookie.value}"}
    with client.application.request_context(
        client.application.test_request_context(
            "/socket.io/", environ_overrides=environ
        ).request.environ
    ):
        return dict(flask.session)


@pytest.mark.parametrize("public_routes", [None, ["/open"]])
def test_the_cookie_is_written_always_where_that_is_asked_for(public_routes: Any) -> None:
    app = guarded_app(
        secret_key=KEY,
        session_cookie=True,
        user_groups={"alice": ["admin"]},
        public_routes=public_routes,
    )
    client = client_of(app)
    client.get("/private", auth=ALICE)
    assert on_connect(client)["user"] == {"email": "alice"}
    with client.session_transaction() as session:
        assert session["user"] == {"email": "alice"}
    # In requests it is all that is known, and the cookie is not written again.
    again = client.get("/private", auth=ALICE)
    assert again.json["session"] == {"email": "alice", "groups": ["admin"]}
    assert "Set-Cookie" not in again.headers
    client.get("/private", auth=BOB)
    assert on_connect(client)["user"] == {"email": "bob"}


def test_without_it_what_reads_the_cookie_finds_nobody() -> None:
    client = client_of(guarded_app(secret_key=KEY, public_routes=["/open"]))
    client.get("/private", auth=ALICE)
    assert on_connect(client) == {}


def test_a_cookie_that_names_somebody_else_is_put_right() -> None:
    users = dict(USERS)
    client = client_of(
        guarded_app(users, secret_key=KEY, session_cookie=True, public_routes=["/open"])
    )
    with client.session_transaction() as session:
        session["user"] = MALLORY
        session["theme"] = "dark"
    assert client.get("/open").json["session"] is None
    assert on_connect(client) == {"theme": "dark"}
    client.get("/private", auth=ALICE)
    # A refusal in between, as of a request that the browser makes with no credentials.
    assert client.get("/private").status_code == 401
    assert on_connect(client)["user"] == {"email": "alice"}
    del users["alice"]
    client.get("/open")
    assert "user" not in on_connect(client)


@pytest.mark.parametrize(
    "path", ["/plain", "/_dash-component-suites/dash/dcc/dash_core_components.js", "/_favicon.ico"]
)
def test_what_asks_for_no_user_leaves_the_cookie_as_it_is(path: str) -> None:
    app = guarded_app(
        auth_func=lambda name, password: (name, password) == ALICE,
        secret_key=KEY,
        session_cookie=True,
        public_routes=["/plain", "/open"],
    )
    app.server.add_url_rule("/plain", "plain", lambda: "plain")
    client = client_of(app)
    client.get("/private", auth=ALICE)
    # The function is asked at each request, and for this one it is not.
    answer = client.get(path, auth=ALICE)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
    assert on_connect(client)["user"] == {"email": "alice"}
    # Of credentials that are found to be wrong nobody is known.
    assert client.get("/open", auth=("alice", "wrong")).json["user"] is None
    assert "user" not in on_connect(client)


def test_whom_the_app_logs_out_is_in_the_cookie_no_more() -> None:
    app = guarded_app(secret_key=KEY, session_cookie=True, public_routes=["/leave"])
    app.server.add_url_rule("/leave", "leave", lambda: flask.session.pop("user")["email"])
    client = client_of(app)
    client.get("/private", auth=ALICE)
    assert on_connect(client)["user"] == {"email": "alice"}
    assert client.get("/leave").text == "alice"
    assert "user" not in on_connect(client)


def test_what_a_test_writes_into_the_session_stays() -> None:
    app = guarded_app(secret_key=KEY, session_cookie=True)
    app.server.add_url_rule("/theme", "theme", lambda: flask.session["theme"])
    client = client_of(app)
    client.get("/private", auth=ALICE)
    with client.session_transaction() as session:
        session["theme"] = "dark"
    assert client.get("/theme", auth=ALICE).text == "dark"
    with client.session_transaction() as session:
        assert (session["theme"], session["user"]) == ("dark", {"email": "alice"})


def test_it_asks_for_a_secret_key(caplog: pytest.LogCaptureFixture) -> None:
    client = client_of(guarded_app(session_cookie=True))
    assert client.get("/private", auth=ALICE).json["session"]["email"] == "alice"
    assert "No secret key" in caplog.text


# Before the guard has decided


def asked_early(**options: Any) -> tuple[FlaskClient, list[Any]]:
    """Return a client of an app that asks for its user before the guard decides."""
    app = guarded_app(secret_key=KEY, public_routes=["/open"], **options)
    seen: list[Any] = []

    @app.server.url_value_preprocessor
    def early(endpoint: str | None, values: Any) -> None:
        user = dash_auth.current_user()
        held = flask.session.get("user")
        seen.append((user and user.name, held and held["email"]))

    return client_of(app), seen


@pytest.mark.parametrize("path", ["/open", "/private"])
def test_what_asks_before_the_guard_gets_the_same_answer(path: str) -> None:
    client, seen = asked_early()
    with client.session_transaction() as session:
        session["user"] = MALLORY
    client.get(path)
    client.get(path, auth=("alice", "wrong"))
    client.get(path, auth=ALICE)
    assert [name for name, _ in seen] == [None, None, "alice"]
    assert [held for _, held in seen] == [None, None, None]
    client.get("/private", auth=ALICE)
    client.get(path)
    # What a session remembers is known at once.
    assert seen[-1] == ("alice", "alice")
    client.get(path, auth=BOB)
    assert seen[-1] == ("bob", None)


def test_a_visitor_who_is_asked_for_early_is_verified_once() -> None:
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(name)
        return (name, password) == ALICE

    client, seen = asked_early(auth_func=auth_func)
    assert client.get("/private", auth=ALICE).json["user"] == "alice"
    assert (seen, asked) == ([("alice", None)], ["alice"])
    assert client.get("/private", auth=BOB).status_code == 401
    assert asked == ["alice", "bob"]


def test_a_refused_request_shows_nobody_any_more() -> None:
    app = guarded_app(secret_key=KEY, public_routes=["/open"])
    seen: list[Any] = []

    @app.server.after_request
    def audit(response: flask.Response) -> flask.Response:
        seen.append((response.status_code, flask.session.get("user")))
        return response

    client = client_of(app)
    client.get("/private", auth=ALICE)
    client.get("/private")
    assert seen == [(200, {"email": "alice", "groups": []}), (401, None)]


# After the session is saved


def test_what_runs_after_the_session_is_saved_still_reads_the_user() -> None:
    app = guarded_app(secret_key=KEY)
    seen: list[Any] = []

    @app.server.teardown_request
    def teardown(_: Any) -> None:
        seen.append(flask.session.get("user", {}).get("email"))

    def stream() -> flask.Response:
        flask.session["theme"] = "dark"
        return flask.Response(
            flask.stream_with_context(flask.session["user"]["email"] for _ in range(2))
        )

    app.server.add_url_rule("/stream", "stream", stream)
    client = client_of(app)
    assert client.get("/stream", auth=ALICE).text == "alicealice"
    assert set(seen) == {"alice"}
    assert set(on_connect(client)) == {"theme"}


def test_what_runs_last_of_all_sees_the_user_and_saves_without() -> None:
    app = new_app()

    @app.server.after_request
    def first_registered(response: flask.Response) -> flask.Response:
        flask.session["seen"] = flask.session["user"]["email"]
        return response

    dash_auth.BasicAuth(app, USERS, secret_key=KEY)
    client = client_of(app)
    client.get("/", auth=ALICE)
    assert on_connect(client) == {"seen": "alice"}


class OnServer(flask.sessions.SessionInterface):
    """Sessions that the server keeps, whatever was changed in them."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def open_session(self, app: flask.Flask, request: flask.Request) -> Any:
        class Session(dict[str, Any], SessionMixin):
            pass

        return Session(self.kept)

    def save_session(self, app: flask.Flask, session: Any, response: Any) -> None:
        self.kept = dict(session)


def test_a_session_on_the_server_holds_nothing_of_the_user() -> None:
    app = guarded_app(secret_key=KEY, public_routes=["/open"])
    interface = app.server.session_interface = OnServer()
    interface.kept = {"user": MALLORY, "theme": "dark"}
    client = client_of(app)
    assert client.get("/open").json["session"] is None
    assert client.get("/private", auth=ALICE).json["session"]["email"] == "alice"
    assert set(interface.kept) == {"theme"}
    assert client.get("/open").json["session"]["email"] == "alice"


def test_a_page_of_another_site_is_shown_nobody() -> None:
    client = client_of(guarded_app(secret_key=KEY, public_routes=["/open"]))
    client.get("/private", auth=ALICE)
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for headers in (cross, {**cross, **basic(*ALICE)}):
        reply = client.post("/open", headers=headers).json
        assert (reply["user"], reply["session"]) == (None, None)


def test_a_server_of_two_apps_masks_for_each() -> None:
    server = flask.Flask("shared")
    add_witness(server, "/health")
    server.secret_key = KEY
    for name, user in (("one", ALICE), ("two", BOB)):
        app = new_app(server=server, url_base_pathname=f"/{name}/")
        dash_auth.BasicAuth(app, dict([user]), public_routes=["/open", "/health"])
        add_witness(server, f"/{name}/open", f"/{name}/private")
    client = client_of(server)
    client.get("/one/private", auth=ALICE)
    assert client.get("/one/open").json["session"]["email"] == "alice"
    assert client.get("/two/open").json["session"] is None
    with client.session_transaction() as session:
        session["user"] = MALLORY
    for path in ("/one/open", "/two/open", "/health"):
        assert "mallory" not in client.get(path).text


def change_credentials() -> None:
    flask.request.environ["HTTP_AUTHORIZATION"] = basic(*BOB)["Authorization"]


def change_origin() -> None:
    flask.request.environ["HTTP_ORIGIN"] = "http://evil.test"


def change_site() -> None:
    flask.request.environ["HTTP_SEC_FETCH_SITE"] = "cross-site"


def change_method() -> None:
    # Of a page of another site: what is safe comes with the cookie, and may read what it shows.
    flask.request.method = "POST"


def change_path() -> None:
    flask.request.path = "/two/open"


CHANGES = [change_credentials, change_origin, change_site, change_method, change_path]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_who_was_shown_before_a_hook_changed_the_request_is_not_shown_after(
    change: Callable[[], None],
) -> None:
    server = flask.Flask("shared")
    server.secret_key = KEY
    before: list[Any] = []

    @server.before_request
    def hook() -> None:
        before.append((dash_auth.current_user(), flask.session.get("user", {}).get("email")))
        if flask.request.args:
            change()

    for name in ("one", "two"):
        app = new_app(server=server, url_base_pathname=f"/{name}/")
        dash_auth.BasicAuth(app, dict(USERS), public_routes=["/open"])
        add_witness(server, f"/{name}/open", f"/{name}/private")
    client = client_of(server)
    client.get("/one/private", auth=ALICE)
    safe = change is change_method
    ask = client.get if safe else client.post
    headers = {"Sec-Fetch-Site": "cross-site"} if safe else {}
    same = ask("/one/open", headers=headers).json
    assert (same["user"], same["session"]["email"]) == ("alice", "alice")
    changed = ask("/one/open?changed=1", headers=headers).json
    assert changed["session"] is None
    assert changed["user"] == ("bob" if change is change_credentials else None)
    assert [held for _, held in before[1:]] == ["alice", "alice"]
    assert {user and user.name for user, _ in before[1:]} == {"alice"}


class OwnCheck(dash_auth.BasicAuth):
    def is_authorized(self) -> bool:
        return super().is_authorized()


def test_why_credentials_did_not_count_is_forgotten_where_a_hook_takes_them_away() -> None:
    """A stranger is asked to log in, however the users of another header could not be asked."""
    app = new_app()

    @app.server.before_request
    def drop() -> None:
        assert dash_auth.current_user() is None
        flask.request.environ.pop("HTTP_AUTHORIZATION")

    def auth_func(name: str, password: str) -> bool:
        raise dash_auth.Unavailable

    OwnCheck(app, auth_func=auth_func)
    reply = client_of(app).get("/", auth=ALICE)
    assert (reply.status_code, "WWW-Authenticate" in reply.headers) == (401, True)


class OwnHeader(dash_auth.BasicAuth):
    def is_authorized(self) -> bool:
        return "X-Own" in flask.request.headers or super().is_authorized()


def test_who_was_found_before_a_hook_changed_the_credentials_does_not_pass_for_the_user() -> None:
    app = new_app()
    seen: list[Any] = []

    @app.server.before_request
    def change() -> None:
        seen.append(dash_auth.current_user())
        flask.request.environ.pop("HTTP_AUTHORIZATION")
        flask.request.environ["HTTP_X_OWN"] = "a token of some service"

    OwnHeader(app, dict(USERS))
    add_witness(app.server, "/private")
    assert client_of(app).get("/private", auth=ALICE).json["user"] is None
    assert [user.name for user in seen] == ["alice"]
