"""Who is asking: `current_user`, with and without a session, on private and on public pages."""

from __future__ import annotations

import threading
from typing import Any

import dash_auth
import flask
import pytest
from dash import Input, Output, html
from dash_auth import User, current_user
from dash_auth._current import RequestIdentity
from guarded import (
    ALICE,
    BOB,
    SCRYPT_OF_ALICE,
    USERS,
    add_witness,
    call,
    client_of,
    guarded_app,
    new_app,
)

# A user


def test_a_user_reads_as_the_name_and_keeps_its_claims_out_of_logs() -> None:
    user = User("alice", ("admin",), {"email": "alice", "address": "Pond Lane 5"})
    assert str(user) == f"{user}" == "alice"
    assert repr(user) == "User(name='alice', groups=('admin',))"
    assert user == User("alice", ("admin",))
    assert user != User("alice")
    assert hash(user) == hash(User("alice", ("admin",)))
    with pytest.raises(AttributeError):
        user.name = "bob"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("claims", "name", "groups"),
    [
        ({"email": "a@example.com", "name": "Alice", "groups": ["x"]}, "a@example.com", ("x",)),
        ({"email": "", "preferred_username": "alice", "groups": ("x", "y")}, "alice", ("x", "y")),
        ({"email": None, "name": "Alice", "sub": "77"}, "77", ()),
        ({"email": "a@example.com", "sub": "77"}, "77", ()),
        ({"email": "a@example.com", "sub": "77", "email_verified": True}, "a@example.com", ()),
        ({"email": "a@example.com", "email_verified": False}, "", ()),
        ({"preferred_username": "a@example.com", "sub": "77"}, "77", ()),
        ({"email": 5, "sub": "77", "groups": "x,y"}, "77", ("x,y",)),
        ({}, "", ()),
    ],
)
def test_claims_describe_a_user(claims: dict[str, Any], name: str, groups: tuple[str]) -> None:
    user = User.from_claims(claims)
    assert (user.name, user.groups, user.claims) == (name, groups, claims)


def test_who_makes_a_request_is_found_once_and_only_when_asked_for() -> None:
    asked: list[object] = []

    def find(facts: object) -> User | None:
        asked.append(facts)
        return None

    identity = RequestIdentity(find)
    assert asked == []
    assert identity.user("facts") is None
    assert identity.user("facts") is None
    assert asked == ["facts"]


def test_without_a_way_to_find_the_user_it_is_nobody() -> None:
    assert RequestIdentity().user("facts") is None
    claims = {"email": "alice", "groups": ["admin"]}
    assert RequestIdentity(claims=claims).user("facts") == User("alice", ("admin",))


# In a request


def test_outside_of_a_request_there_is_nobody() -> None:
    assert current_user() is None


@pytest.mark.parametrize("secret_key", [None, "a key"])
def test_a_callback_and_a_layout_know_the_user(secret_key: str | None) -> None:
    app = new_app()
    app.layout = lambda: html.Div(f"layout of {current_user()}")
    dash_auth.BasicAuth(app, USERS, secret_key=secret_key, user_groups={"alice": ["admin"]})

    @app.callback(Output("out", "children"), Input("in", "value"))
    def show(value: str) -> str:
        user = current_user()
        assert user is not None
        assert flask.session["user"] == {"email": user.name, "groups": list(user.groups)}
        return f"{user} {user.groups}"

    client = client_of(app)
    reply = call(client, "out.children", ("in", "value", 1), auth=ALICE)
    assert reply.json["response"]["out"]["children"] == "alice ('admin',)"
    assert "layout of bob" in client.get("/_dash-layout", auth=BOB).text


def test_on_a_public_route_the_credentials_count_if_they_are_right() -> None:
    client = client_of(guarded_app(public_routes=["/open"]))
    assert client.get("/open").json["user"] is None
    assert client.get("/open", auth=ALICE).json["user"] == "alice"
    for wrong in (("alice", "wrong"), ("eve", "x")):
        reply = client.get("/open", auth=wrong)
        assert (reply.status_code, reply.json["user"], reply.json["groups"]) == (200, None, None)


def test_on_a_public_callback_the_credentials_count_if_they_are_right() -> None:
    app = guarded_app()
    seen: list[User | None] = []

    @dash_auth.public_callback(Output("out", "children"), Input("in", "value"))
    def show(value: str) -> str:
        seen.append(current_user())
        return "public"

    client = client_of(app)
    for auth in (None, ALICE, ("alice", "wrong")):
        assert call(client, "out.children", ("in", "value", 1), auth=auth).status_code == 200
    assert [user and user.name for user in seen] == [None, "alice", None]


def test_on_a_public_route_the_session_of_an_earlier_login_counts() -> None:
    app = guarded_app(public_routes=["/open"], secret_key="a key")
    client = client_of(app)
    client.get("/private", auth=ALICE)
    assert client.get("/open").json == {
        "path": "/open",
        "user": "alice",
        "groups": [],
        "session": {"email": "alice", "groups": []},
    }
    # It opens no private page, and no other credentials.
    assert client.get("/private").status_code == 401
    other = client.get("/open", auth=("alice", "wrong")).json
    assert other["user"] is None


def test_credentials_and_session_of_different_users_leave_no_trace_of_either() -> None:
    app = guarded_app(public_routes=["/open"], secret_key="a key")
    client = client_of(app)
    client.get("/private", auth=ALICE)
    both = client.get("/open", auth=BOB).json
    assert (both["user"], both["session"]) == ("bob", None)
    garbled = client.get("/open", headers={"Authorization": "Basic !"}).json
    assert (garbled["user"], garbled["session"]) == (None, None)


def test_no_password_is_hashed_on_a_public_route_that_does_not_ask() -> None:
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(name)
        return True

    app = guarded_app(auth_func=auth_func, public_routes=["/silent", "/open"])
    app.server.add_url_rule("/silent", "silent", lambda: "nobody asked")
    client = client_of(app)
    assert client.get("/silent", auth=ALICE).text == "nobody asked"
    assert asked == []
    assert client.get("/open", auth=ALICE).json["user"] == "alice"
    # Once a request, however often it is asked for.
    assert asked == ["alice"]


def test_a_refused_request_is_nobodys_whatever_its_session_says() -> None:
    app = guarded_app(public_routes=["/open"], secret_key="a key")
    seen: dict[str, User | None] = {}
    shown: dict[str, Any] = {}

    @app.server.after_request
    def audit(response: flask.Response) -> flask.Response:
        seen[flask.request.path] = current_user()
        shown[flask.request.path] = flask.session.get("user")
        return response

    client = client_of(app)
    with client.session_transaction() as session:
        session["user"] = {"email": "mallory", "groups": ["admin"]}
    assert client.get("/private").status_code == 401
    assert client.get("/_favicon.ico").status_code == 200
    assert client.get("/open").status_code == 200
    assert seen == {"/private": None, "/_favicon.ico": None, "/open": None}
    client.get("/private", auth=ALICE)
    assert str(seen["/private"]) == "alice"
    # By now her session is one that counts, for public pages alone.
    client.get("/open")
    assert str(seen["/open"]) == "alice"
    assert client.get("/private").status_code == 401
    assert seen["/private"] is None
    assert shown["/private"] is None


def test_a_page_of_another_site_does_not_lean_on_what_the_browser_holds() -> None:
    app = guarded_app(public_routes=["/open"], secret_key="a key")
    client = client_of(app)
    client.get("/private", auth=ALICE)
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert client.post("/open").json["user"] == "alice"
    assert client.post("/open", headers=cross).json["user"] is None
    assert client.post("/open", headers=cross, auth=ALICE).json["user"] is None
    refused = client.post("/private", headers=cross, auth=ALICE)
    assert (refused.status_code, refused.text) == (403, "Cross-site request refused")
    assert "WWW-Authenticate" not in refused.headers


def test_a_page_of_a_trusted_site_may() -> None:
    app = guarded_app(trusted_origins=["https://portal.example"])
    client = client_of(app)
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://portal.example"}
    assert client.post("/private", headers=cross, auth=ALICE).json["user"] == "alice"
    cross["Origin"] = "https://portal.example.evil.example"
    assert client.post("/private", headers=cross, auth=ALICE).status_code == 403


def test_requests_at_the_same_time_do_not_mix() -> None:
    app = new_app()
    dash_auth.BasicAuth(app, {f"user{number}": "pw" for number in range(8)})
    meeting = threading.Barrier(8, timeout=20)

    def meet() -> str:
        before = str(current_user())
        meeting.wait()
        return f"{before} {current_user()}"

    app.server.add_url_rule("/meet", "meet", meet)
    answers: dict[str, str] = {}

    def ask(name: str) -> None:
        answers[name] = client_of(app).get("/meet", auth=(name, "pw")).text

    threads = [threading.Thread(target=ask, args=(f"user{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {f"user{n}": f"user{n} user{n}" for n in range(8)}


def test_a_server_with_no_guard_tells_the_user_of_its_session() -> None:
    server = flask.Flask("other")
    server.secret_key = "a key"
    add_witness(server, "/")
    client = server.test_client()
    assert client.get("/").json["user"] is None
    with client.session_transaction() as session:
        session["user"] = {"email": "by another login", "groups": ["x"]}
    assert client.get("/").json["user"] == "by another login"
    with client.session_transaction() as session:
        session["user"] = "just text"
    assert client.get("/").json["user"] is None


def test_the_user_of_a_hash_is_known_too() -> None:
    client = client_of(guarded_app({"alice": SCRYPT_OF_ALICE}, public_routes=["/open"]))
    assert client.get("/open", auth=ALICE).json["user"] == "alice"
    assert client.get("/open", auth=("alice", SCRYPT_OF_ALICE)).json["user"] is None


def test_a_request_inside_of_another_is_its_own() -> None:
    """On one Flask app they share an application context."""
    app = guarded_app()
    seen: list[User | None] = []

    @app.server.route("/outer")
    def outer() -> str:
        with app.server.test_request_context("/inner"):
            seen.append(current_user())
        seen.append(current_user())
        return "answered"

    assert client_of(app).get("/outer", auth=ALICE).status_code == 200
    assert [user and user.name for user in seen] == [None, "alice"]
