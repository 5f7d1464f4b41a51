"""`Basic` as a login like any other, built with public names alone."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import plain_app
from attacks.http import ALICE, BOB, PRIVATE, held, honest
from dash import Dash
from dash_auth.auth import Auth
from dash_auth.logins import Basic
from dash_auth.security import generate_password_hash
from dash_auth.users import Account
from everywhere import NOBODY, PRIVATE_BODY, add_parts, known
from guarded import client_of, new_app

HASH = generate_password_hash(ALICE[1], "scrypt:1024:8:1")


def app_with(login: Basic) -> Dash:
    app = plain_app()
    Auth(app, login=login)
    if apps.backend == "fastapi":
        from starlette.middleware.sessions import SessionMiddleware

        app.server.add_middleware(SessionMiddleware, secret_key="the key of a test")
    add_parts(app)
    return app


class Store:
    def find(self, name: str) -> Account | None:
        return Account("alice", HASH, ["board"]) if name.lower() == "alice" else None

    def names(self) -> list[str]:
        return ["alice"]

    def version(self) -> object:
        return None


class Directory:
    def check(self, name: str, password: str) -> Account | None:
        return self.find(name) if password == ALICE[1] else None

    def find(self, name: str) -> Account | None:
        return Account("alice", groups=["board"]) if name.lower() == "alice" else None


async def asked_later(name: str, password: str) -> bool:
    return (name, password) == ALICE


class Callable:
    def __call__(self, name: str, password: str) -> bool:
        return (name, password) == ALICE


KNOWS: dict[str, Any] = {
    "dict": lambda: {"alice": HASH},
    "pairs": lambda: [ALICE],
    "function": lambda: lambda name, password: (name, password) == ALICE,
    "async function": lambda: asked_later,
    "object": Callable,
    "store": Store,
    "verifier": Directory,
}


@pytest.mark.parametrize("case", KNOWS)
def test_it_protects_an_app_by_itself(everywhere: Any, case: str) -> None:
    groups = {"alice": ["board"]}
    login = Basic(KNOWS[case](), user_groups=groups, realm='The "board"')
    site = everywhere(app_with(login))
    for _ in range(2):
        found = honest(site.get("/private", auth=ALICE), marker=None).json()
        assert found == known("alice", ["board"])
        honest(site.call(PRIVATE_BODY, auth=ALICE), f"{PRIVATE} alice ['board']")
        assert site.get("/public", auth=ALICE).json()["user"] == "alice"
    for wrong in (BOB, ("alice", "wrong"), "Basic x", None):
        reply = held(site.get("/private", auth=wrong))
        challenge = 'Basic realm="The \\"board\\"", charset="UTF-8"'
        assert reply.headers.get_all("WWW-Authenticate") == [challenge] == [login.challenge]
        assert site.get("/public", auth=wrong).json() == NOBODY


def test_its_page_leads_to_the_start_of_the_app() -> None:
    app = new_app(url_base_pathname="/board/")
    Auth(app, login=Basic({"alice": HASH}))
    client = client_of(app)
    asking = {"Accept": "text/html"}
    page = client.post("/board/form", headers=asking)
    assert (page.status_code, 'href="/board/"' in page.text) == (401, True)
    assert 'href=""' in client.get("/board/", headers=asking).text
    assert client.get("/board/").text == "Login Required"


def test_its_weak_passwords_are_told() -> None:
    app = new_app()
    Auth(app, login=Basic({"alice": "plain"}))
    assert dash_auth.explain(app).weak_passwords == (("alice", "stored as plaintext"),)


def test_a_function_is_asked_again_after_a_while_alone() -> None:
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(name)
        return True

    app = new_app()
    Auth(app, login=Basic(auth_func, auth_func_cache_seconds=3600))
    client = client_of(app)
    assert [client.get("/", auth=ALICE).status_code for _ in range(3)] == [200] * 3
    assert asked == ["alice"]


@pytest.mark.parametrize(
    ("users", "options", "words"),
    [
        (None, {}, "must be a dict, or a list of pairs"),
        (dict, {}, "must be a dict"),
        (lambda name: True, {}, "auth_func must take two positional arguments"),
        ({"alice": None}, {}, "must be a str"),
        ({"alice": "x"}, {"user_groups": 5}, "user_groups must be a dict"),
        ({"alice": "x"}, {"realm": None}, "the realm must be a str"),
        ({"alice": "x"}, {"relam": "x"}, "unexpected keyword argument"),
    ],
)
def test_what_could_let_nobody_in_is_refused(
    users: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        Basic(users, **options)


@pytest.mark.parametrize(
    ("users", "options", "words"),
    [
        ({}, {}, "there are no users"),
        ("users.txt", {}, r"read what is none of these first, JSON with json\.loads"),
        ({"alice": "$2b$x"}, {}, "alice"),
        ({"alice": "x"}, {"realm": "a\nb"}, "printable"),
        ({"alice": "x"}, {"auth_func_cache_seconds": 5}, "go with auth_func="),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(
    users: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Basic(users, **options)
