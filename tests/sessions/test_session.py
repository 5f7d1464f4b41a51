"""What a ticket remembers of a login: when it is issued, and when it counts."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import dash_auth
import flask
import pytest
from dash import Dash
from dash_auth._shown import USER
from flask.testing import FlaskClient
from guarded import (
    ALICE,
    BOB,
    SCRYPT_OF_ALICE,
    USERS,
    add_witness,
    basic,
    client_of,
    guarded_app,
    new_app,
)
from hashing import Hashing
from tickets import content_of_ticket, text_in


def cookies_of(app: Dash, path: str, auth: tuple[str, str] | None = None) -> list[str]:
    return client_of(app).get(path, auth=auth).headers.getlist("Set-Cookie")


# The cookie


def test_no_cookie_is_written_where_nothing_could_need_it() -> None:
    assert cookies_of(guarded_app(secret_key="a key"), "/private", ALICE) == []
    assert cookies_of(guarded_app(public_routes=["/open"]), "/private", ALICE) == []
    open_app = guarded_app(secret_key="a key", public_routes=["/open"])
    assert cookies_of(open_app, "/open") == []
    assert cookies_of(open_app, "/private") == []
    assert cookies_of(open_app, "/private", ("alice", "wrong")) == []
    (cookie,) = cookies_of(open_app, "/private", ALICE)
    assert re.fullmatch(r"dash_auth_[0-9a-f]{8}=[\w.-]+; Path=/; HttpOnly; SameSite=Lax", cookie)


def test_no_cookie_goes_out_with_a_file(tmp_path: Path) -> None:
    """A cache between may keep the file, and would give the cookie to the next visitor."""
    for name in ("a.png", "a.css"):
        (tmp_path / name).write_text("a file")
    app = new_app(assets_folder=str(tmp_path))
    dash_auth.BasicAuth(app, USERS, secret_key="a key", public_routes=["/open"])
    for path in ("/assets/a.png", "/assets/a.css"):
        with client_of(app).get(path, auth=ALICE) as answer:
            assert (answer.text, "Set-Cookie" in answer.headers) == ("a file", False), path
    assert cookies_of(app, "/", ALICE)


def test_the_cookie_is_written_once() -> None:
    client = client_of(guarded_app(secret_key="a key", public_routes=["/open"]))
    assert client.get("/private", auth=ALICE).headers.getlist("Set-Cookie")
    assert not client.get("/private", auth=ALICE).headers.getlist("Set-Cookie")
    assert not client.get("/open", auth=ALICE).headers.getlist("Set-Cookie")
    assert not client.get("/open").headers.getlist("Set-Cookie")


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "a=b"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Dest": "empty"},
        {"Accept": "text/html,*/*;q=0.8"},
    ],
    ids=str,
)
def test_a_ticket_is_issued_to_who_keeps_cookies_alone(headers: dict[str, str]) -> None:
    app = guarded_app(secret_key="a key", public_routes=["/open"])
    for sent, is_issued in ((headers, True), ({}, False), ({"Accept": "*/*"}, False)):
        client = app.server.test_client(use_cookies=False)
        answer = client.get("/private", headers={**basic(*ALICE), **sent})
        assert answer.status_code == 200
        assert ("Set-Cookie" in answer.headers) == is_issued


def test_the_ticket_holds_no_password_and_no_hash() -> None:
    app = guarded_app({"alice": SCRYPT_OF_ALICE}, secret_key="a key", public_routes=["/open"])
    begun = int(time.time())
    (cookie,) = cookies_of(app, "/private", ALICE)
    content = content_of_ticket(text_in(cookie) or "")
    assert (content["name"], content["methods"]) == ("alice", ["pwd"])
    assert (content["until"], content["claims"], content["is_for_public"]) == (None, None, True)
    assert begun <= content["auth_time"] <= time.time()
    assert ALICE[1] not in str(content)
    assert SCRYPT_OF_ALICE.split("$")[2] not in str(content)


@pytest.mark.parametrize("way", ["https", "config"])
def test_over_https_no_other_host_and_no_page_over_http_can_put_the_ticket(way: str) -> None:
    app = guarded_app(secret_key="a key", public_routes=["/open"])
    app.server.config["SESSION_COOKIE_SECURE"] = way == "config"
    base = "https://app.example" if way == "https" else "http://app.example"
    client = app.server.test_client(use_cookies=False)
    answer = client.get("/private", base_url=base, headers={**basic(*ALICE), "Cookie": "a=b"})
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-dash_auth_")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
    ticket = cookie.split(";")[0]
    assert client.get("/open", base_url=base, headers={"Cookie": ticket}).json["user"] == "alice"
    # Under the name that a page over http could set, the same ticket is none.
    planted = {"Cookie": ticket.removeprefix("__Host-")}
    assert client.get("/open", base_url=base, headers=planted).json["user"] is None


@pytest.mark.parametrize(
    "is_partitioned,attributes",
    [(False, "SameSite=None; Secure"), (True, "SameSite=None; Secure; Partitioned")],
)
def test_an_app_in_frames_of_other_sites_says_so_of_its_session(
    is_partitioned: bool, attributes: str
) -> None:
    app = guarded_app(secret_key="a key", public_routes=["/open"])
    app.server.config["SESSION_COOKIE_SAMESITE"] = "None"
    app.server.config["SESSION_COOKIE_PARTITIONED"] = is_partitioned
    headers = {**basic(*ALICE), "Cookie": "a=b"}
    client = app.server.test_client(use_cookies=False)
    answer = client.get("/private", base_url="https://app.example", headers=headers)
    assert answer.headers["Set-Cookie"].endswith(f"; {attributes}")
    # Over http no browser takes such a cookie.
    plain = client.get("/private", headers=headers).headers["Set-Cookie"]
    assert plain.endswith("; SameSite=Lax")


@pytest.mark.parametrize("key", ["text", b"bytes"])
def test_the_secret_key_is_the_servers(key: Any) -> None:
    app = guarded_app(secret_key=key, public_routes=["/open"])
    assert app.server.secret_key == key
    client = client_of(app)
    client.get("/private", auth=ALICE)
    assert client.get("/open").json["user"] == "alice"


def test_a_key_that_the_server_has_already_serves_and_stays() -> None:
    app = new_app()
    app.server.secret_key = "set before"
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    add_witness(app.server, "/private", "/open")
    assert app.server.secret_key == "set before"
    client = client_of(app)
    client.get("/private", auth=ALICE)
    assert client.get("/open").json["user"] == "alice"


@pytest.mark.parametrize("empty", ["", b""])
def test_an_empty_key_is_none(empty: str | bytes, caplog: pytest.LogCaptureFixture) -> None:
    keyed, bare = new_app(), new_app()
    keyed.server.secret_key = "of the app's own"
    bare.server.secret_key = empty
    for app in (keyed, bare):
        dash_auth.BasicAuth(app, USERS, public_routes=["/open"], secret_key=empty)
    assert keyed.server.secret_key == "of the app's own"
    assert "there is no secret key" in dash_auth.explain(bare).session
    client_of(bare).get("/", auth=ALICE)
    assert "No secret key" in caplog.text


def test_without_a_key_one_warning_is_given_at_start(caplog: pytest.LogCaptureFixture) -> None:
    client = client_of(guarded_app(public_routes=["/open"]))
    for _ in range(3):
        assert client.get("/private", auth=ALICE).json["session"]["email"] == "alice"
    warnings = [record.message for record in caplog.records if "secret key" in record.message]
    assert len(warnings) == 1
    assert "secret_key=" in warnings[0]
    caplog.clear()
    client_of(guarded_app()).get("/private", auth=ALICE)
    assert "secret key" not in caplog.text


# When a session counts


def hand_over(one: FlaskClient, other: FlaskClient) -> None:
    """Give a client all cookies of another."""
    for cookie in one._cookies.values():
        other.set_cookie(cookie.key, cookie.value)


def user_of_open_page(client: FlaskClient) -> Any:
    reply = client.get("/open")
    assert reply.status_code == 200
    return reply.json["user"], reply.json["session"] and reply.json["session"]["email"]


def test_a_session_ends_with_the_stored_password_and_with_the_user() -> None:
    users: dict[str, Any] = dict(USERS)
    client = client_of(guarded_app(users, secret_key="a key", public_routes=["/open"]))
    client.get("/private", auth=ALICE)
    assert user_of_open_page(client) == ("alice", "alice")
    for stored in ("another", SCRYPT_OF_ALICE, None, 5, ""):
        client.get("/private", auth=ALICE)
        users["alice"] = stored
        assert user_of_open_page(client) == (None, None), stored
        # The ticket is for this very password.
        users["alice"] = ALICE[1]
        assert user_of_open_page(client) == ("alice", "alice")
    client.get("/private", auth=ALICE)
    assert user_of_open_page(client) == ("alice", "alice")
    del users["alice"]
    assert user_of_open_page(client) == (None, None)


def test_credentials_that_no_hash_was_made_for_are_shown_when_one_was(hashing: Hashing) -> None:
    users = {"alice": hashing.of(ALICE[1])}
    first, second = (
        client_of(guarded_app(users, secret_key="a key", public_routes=["/only-session", "/open"]))
        for _ in range(2)
    )
    first.get("/private", auth=ALICE)
    # Another worker.
    hand_over(first, second)
    second.application.add_url_rule(
        "/only-session", "only", lambda: flask.jsonify(flask.session.get("user"))
    )

    def shown(auth: tuple[str, str] | None) -> Any:
        return second.get("/only-session", auth=auth).json

    assert hashing.count(lambda: shown(("alice", "wrong"))) == 0
    assert hashing.count(lambda: shown(ALICE)) == 0
    assert shown(ALICE) is None
    assert shown(None)["email"] == "alice"
    # Who is asked for is verified, and known from then on.
    assert second.get("/open", auth=ALICE).json["user"] == "alice"
    assert shown(ALICE)["email"] == "alice"


def test_who_a_subclasss_own_check_would_refuse_is_not_shown() -> None:
    class OwnCheck(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            return super().is_authorized() and "blocked" not in flask.request.args

    app = new_app()
    OwnCheck(app, USERS, secret_key="a key", public_routes=["/only-session"])
    app.server.add_url_rule(
        "/only-session", "only", lambda: flask.jsonify(flask.session.get("user"))
    )
    client = client_of(app)
    client.get("/", auth=ALICE)
    assert client.get("/only-session").json["email"] == "alice"
    assert client.get("/only-session?blocked=1", auth=ALICE).json is None


def test_who_a_subclasss_own_check_refuses_gets_no_ticket_and_loses_the_one_before() -> None:
    class OwnCheck(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            return super().is_authorized() and "blocked" not in flask.request.args

    app = new_app()
    OwnCheck(app, USERS, secret_key="a key", public_routes=["/open"])
    client = client_of(app)
    refused = client.get("/?blocked=1", auth=ALICE)
    assert (refused.status_code, refused.headers.getlist("Set-Cookie")) == (401, [])
    assert text_in(client.get("/", auth=ALICE).headers["Set-Cookie"])
    refused = client.get("/?blocked=1", auth=BOB)
    (cookie,) = refused.headers.getlist("Set-Cookie")
    assert (refused.status_code, text_in(cookie), "Max-Age=0" in cookie) == (401, None, True)


def test_a_password_that_changes_during_a_login_ends_its_session() -> None:
    users = dict(USERS)

    def user_groups(name: str) -> list[str]:
        # Asked after the password was verified, and before the session is written.
        users["alice"] = "changed meanwhile"
        return []

    app = guarded_app(users, secret_key="a key", public_routes=["/open"], user_groups=user_groups)
    client = client_of(app)
    assert client.get("/private", auth=ALICE).status_code == 200
    assert user_of_open_page(client) == (None, None)


def test_a_session_of_another_app_with_the_same_key_counts_for_nothing() -> None:
    def app_at(prefix: str) -> Dash:
        app = new_app(url_base_pathname=prefix)
        dash_auth.BasicAuth(app, USERS, secret_key="shared", public_routes=["/open"])
        add_witness(app.server, f"{prefix}private", f"{prefix}open")
        return app

    first, second = client_of(app_at("/first/")), client_of(app_at("/second/"))
    first.get("/first/private", auth=ALICE)
    assert first.get("/first/open").json["user"] == "alice"
    hand_over(first, second)
    assert second.get("/second/open").json["user"] is None
    assert second.get("/second/open").json["session"] is None


def test_a_session_that_only_names_a_user_counts_for_nothing() -> None:
    # What dash-auth wrote, or another login of the same server.
    client = client_of(guarded_app(secret_key="a key", public_routes=["/open"]))
    with client.session_transaction() as session:
        session["user"] = {"email": "alice", "groups": ["admin"]}
    reply = client.get("/open").json
    assert (reply["user"], reply["groups"]) == (None, None)
    assert client.get("/private").status_code == 401


def test_a_cookie_of_another_key_counts_for_nothing() -> None:
    client = client_of(guarded_app(secret_key="a key", public_routes=["/open"]))
    other = flask.Flask("forger")
    other.secret_key = "guessed"
    forger = other.test_client()
    with forger.session_transaction() as session:
        session[USER] = {"email": "alice", "groups": ["admin"]}
    cookie = forger.get_cookie("session")
    assert cookie is not None
    client.set_cookie("session", cookie.value)
    assert client.get("/open").json["session"] is None
    assert client.get("/private").status_code == 401


def test_a_ticket_of_another_key_counts_for_nothing() -> None:
    client, other = (
        client_of(guarded_app(secret_key=key, public_routes=["/open"])) for key in ("a", "another")
    )
    other.get("/private", auth=ALICE)
    assert user_of_open_page(other) == ("alice", "alice")
    hand_over(other, client)
    assert user_of_open_page(client) == (None, None)


def test_a_ticket_is_issued_when_it_says_something_new(monkeypatch: pytest.MonkeyPatch) -> None:
    users = {"alice": ALICE[1], "bob": BOB[1]}

    def auth_func(name: str, password: str) -> bool:
        return users.get(name) == password

    app = guarded_app(auth_func=auth_func, secret_key="a key", public_routes=["/open"])
    client = client_of(app)

    def issued(auth: tuple[str, str]) -> Any:
        text = text_in(client.get("/private", auth=auth).headers.get("Set-Cookie"))
        return text and content_of_ticket(text)

    first = issued(ALICE)
    assert first["until"] - first["auth_time"] == 8 * 3600
    assert issued(ALICE) is None
    assert issued(BOB)["name"] == "bob"
    assert issued(BOB) is None
    # Past half of its time.
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 4 * 3600 - 60)
    assert issued(BOB) is None
    monkeypatch.setattr(time, "time", lambda: now + 4 * 3600 + 60)
    assert issued(BOB)["name"] == "bob"
    # Under an old key, which will count no longer one day.
    app.server.secret_key, app.server.config["SECRET_KEY_FALLBACKS"] = "new", ["a key"]
    assert user_of_open_page(client) == ("bob", "bob")
    assert issued(BOB)["name"] == "bob"
    assert issued(BOB) is None


def test_a_session_of_a_functions_user_lives_for_a_stated_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def client_for(**options: Any) -> FlaskClient:
        app = guarded_app(
            auth_func=lambda name, password: True,
            secret_key="a key",
            public_routes=["/open"],
            **options,
        )
        client = client_of(app)
        client.get("/private", auth=ALICE)
        assert user_of_open_page(client) == ("alice", "alice")
        return client

    by_default, stated = client_for(), client_for(auth_func_session_seconds=60)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert user_of_open_page(by_default) == ("alice", "alice")
    assert user_of_open_page(stated) == (None, None)
    monkeypatch.setattr(time, "time", lambda: now + 8 * 3600 + 1)
    assert user_of_open_page(by_default) == (None, None)


def test_a_session_that_is_no_dict_is_written_to_as_it_takes_it() -> None:
    from collections import UserDict

    from flask.sessions import SessionInterface, SessionMixin

    class Stored(UserDict, SessionMixin):  # type: ignore[type-arg]
        pass

    stored = Stored()

    class Interface(SessionInterface):
        def open_session(self, app: flask.Flask, request: flask.Request) -> Any:
            return stored

        def save_session(self, app: flask.Flask, session: Any, response: Any) -> None:
            pass

    app = guarded_app()
    app.server.session_interface = Interface()
    assert client_of(app).get("/private", auth=ALICE).json["session"]["email"] == "alice"
    assert dict(stored) == {USER: {"email": "alice", "groups": []}}
    assert client_of(app).get("/private", auth=ALICE).json["session"]["email"] == "alice"


def test_the_guards_own_look_makes_no_answer_vary_with_the_cookie() -> None:
    app = guarded_app(secret_key="a key")
    answer = client_of(app).get("/", auth=ALICE)
    assert answer.status_code == 200
    assert "Vary" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_whom_the_session_showed_is_gone_once_a_hook_says_who_else_asks() -> None:
    app = new_app()

    @app.server.before_request
    def swap() -> None:
        if "X-Swap" in flask.request.headers:
            flask.request.environ["HTTP_AUTHORIZATION"] = "Basic of nobody"

    dash_auth.BasicAuth(app, USERS, secret_key="a key", public_routes=["/open"])
    add_witness(app.server, "/open")
    client = client_of(app)
    client.get("/", auth=ALICE)
    assert user_of_open_page(client) == ("alice", "alice")
    swapped = client.get("/open", headers={"X-Swap": "1"}).json
    assert (swapped["user"], swapped["session"]) == (None, None)


def test_a_ticket_that_a_hook_takes_away_counts_no_more() -> None:
    app = new_app()

    @app.server.before_request
    def drop() -> None:
        if "X-Drop" in flask.request.headers:
            flask.request.environ.pop("HTTP_COOKIE")

    dash_auth.BasicAuth(app, USERS, secret_key="a key", public_routes=["/open"])
    add_witness(app.server, "/open")
    client = client_of(app)
    client.get("/", auth=ALICE)
    assert user_of_open_page(client) == ("alice", "alice")
    dropped = client.get("/open", headers={"X-Drop": "1"}).json
    assert (dropped["user"], dropped["session"]) == (None, None)
    assert user_of_open_page(client) == ("alice", "alice")
