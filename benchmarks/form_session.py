"""What a session that a login page began adds to a request, beside Flask-Login."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from peers import Peers, answer_questions
from rows import Row, at_most, median_ratio, microseconds

ROUNDS = 7
BATCHES = 30
REQUESTS = 15


def rows(peers: Peers) -> list[Row]:
    """Measure both, in one process.

    :param peers: the interpreters of the environments
    """
    ours: list[float] = []
    flask_login: list[float] = []
    with peers.workers(__file__, peers.ours) as (worker, _):
        for _round in range(ROUNDS):
            measured = worker.ask("measure")
            ours.append(measured["ours"])
            flask_login.append(measured["flask_login"])
    return [
        Row(
            "Added to a callback by the session of a login page",
            microseconds(ours),
            f"{microseconds(flask_login)} (Flask-Login)",
            median_ratio(ours, flask_login),
            at_most(0.7),
        )
    ]


_calls: dict[str, Any] = {}


def measure() -> dict[str, float]:
    """Return the microseconds that each adds to a request."""
    import wsgi

    if not _calls:
        _calls.update(_prepare())
    times = wsgi.interleaved(_calls, BATCHES, REQUESTS)
    return {
        name: sorted(a - b for a, b in zip(times[name], times["plain"], strict=True))[BATCHES // 2]
        for name in ("ours", "flask_login")
    }


def _prepare() -> dict[str, Any]:
    import apps
    from wsgi import WsgiRequest, expect

    plain = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    ours = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    apps.dash_auth.FormAuth(ours, {apps.USER: apps.PASSWORD})
    theirs = apps.app_with_callbacks(secret_key=apps.SECRET_KEY)
    behind_flask_login(theirs.server)
    calls = {}
    for name, app in (("plain", plain), ("ours", ours), ("flask_login", theirs)):
        headers = {} if name == "plain" else {"Cookie": cookie_of(app.server)}
        calls[name] = WsgiRequest(
            app.server, apps.CALLBACK_PATH, apps.callback_body(), headers
        ).call()
        expect(calls[name], 200)
        if name != "plain":
            expect(WsgiRequest(app.server, apps.CALLBACK_PATH, apps.callback_body()).call(), 401)
    return calls


def behind_flask_login(server: Any) -> None:
    """Have a server ask for a login as the documentation of Flask-Login says."""
    import apps
    import flask
    import flask_login

    manager = flask_login.LoginManager(server)
    users = {apps.USER: apps.PASSWORD}

    class User(flask_login.UserMixin):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            self.id = name

    @manager.user_loader
    def load(name: str) -> Any:
        return User(name) if name in users else None

    @server.before_request
    def ask() -> Any:
        if flask.request.path != "/login" and not flask_login.current_user.is_authenticated:
            return "Login required", 401
        return None

    @server.route("/login", methods=["POST"])
    def login() -> str:
        name, password = flask.request.form["username"], flask.request.form["password"]
        if users.get(name) == password:
            flask_login.login_user(User(name))
        return ""


def cookie_of(server: Any) -> str:
    import apps

    sent = urlencode({"username": apps.USER, "password": apps.PASSWORD})
    client = server.test_client()
    client.post(
        "/login",
        data=sent,
        content_type="application/x-www-form-urlencoded",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    cookies = [client.get_cookie(key[2]) for key in client._cookies]
    kept = [one for one in cookies if one is not None and "_form_" not in one.key]
    return "; ".join(f"{one.key}={one.value}" for one in kept)


if __name__ == "__main__":
    answer_questions(measure)
