"""A BasicAuth app that shares key and cookie with an OIDCAuth app: neither uses up the other's login."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import pytest
from dash_auth import BasicAuth, OIDCAuth
from guarded import basic

from .apps import KEY, make_app, register
from .mock_provider import Provider
from .servers import session_of
from .visitor import Serve, Visit, Visitor

NOBODY = {
    "session": dict.fromkeys(("user", "idp", "refresh_token")),
    "user": None,
    "groups": [],
    "admin": None,
}
BOB = {"email": "bob", "groups": ["admin"]}
Beside = Callable[..., "Neighbours"]


class Neighbours:
    """An app with a login through a provider, one with passwords, and a visitor of both."""

    def __init__(
        self, server: flask.Flask, by_provider: str, by_password: str, visitor: Visitor
    ) -> None:
        self.server, self.visitor = server, visitor
        self.by_provider, self.by_password = by_provider, by_password

    def open_page(self, **headers: str) -> dict[str, Any]:
        answer = self.visitor.get(f"{self.by_password}whoami", **headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def private_page(self) -> dict[str, Any]:
        return dict(self.visitor.get(f"{self.by_password}private", **basic("bob", "p")).json())

    def writing_page(self, path: str = "write?theme=dark") -> dict[str, Any]:
        answer = self.visitor.get(f"{self.by_password}{path}", **basic("bob", "p"))
        assert "Set-Cookie" in answer.headers
        return dict(answer.json())

    def is_logged_in(self) -> bool:
        answer = self.visitor.get(f"{self.by_provider}whoami")
        return answer.status_code == 200 and answer.json()["user"] == "alice@example.com"


def write() -> dict[str, Any]:
    flask.session.update(flask.request.args)
    return dict(flask.session)


@pytest.fixture(params=["one server", "two ports of a host"])
def beside(
    request: pytest.FixtureRequest, serve: Serve, visit: Visit, provider: Provider
) -> Beside:
    """Give `beside(**options)`: both apps, alice logged in through the provider."""

    def beside(**options: Any) -> Neighbours:
        server = flask.Flask(__name__)
        one = make_app("/one/", server)
        two = make_app("/two/", server if request.param == "one server" else None)
        register(OIDCAuth(one, secret_key=KEY), provider)
        two.server.add_url_rule("/two/private", "private", lambda: dict(flask.session))
        two.server.add_url_rule("/two/write", "write", write)
        users = {"bob": "p", "alice@example.com": "p"}
        options = {"public_routes": ["/whoami"], "user_groups": {"bob": ["admin"]}, **options}
        BasicAuth(two, users, secret_key=KEY, **options)
        visitor = visit(one)
        other = visitor.address if request.param == "one server" else serve(two)
        visitor.log_in(provider, path="/one/")
        neighbours = Neighbours(server, f"{visitor.address}/one/", f"{other}/two/", visitor)
        assert neighbours.is_logged_in()
        return neighbours

    return beside


def test_a_public_page_neither_reads_nor_ends_the_login_of_another_app(beside: Beside) -> None:
    here = beside()
    before = here.visitor.client.cookies.get_dict()
    for _ in range(2):
        assert here.open_page() == NOBODY
        assert here.visitor.client.cookies.get_dict() == before
    assert here.is_logged_in()


@pytest.mark.parametrize("credentials", [("bob", "wrong"), ("alice@example.com", "wrong")])
def test_nor_does_one_that_is_asked_for_with_wrong_credentials(
    beside: Beside, credentials: tuple[str, str]
) -> None:
    here = beside()
    assert here.open_page(**basic(*credentials)) == NOBODY
    assert here.is_logged_in()


def test_using_one_app_does_not_log_out_of_the_other(beside: Beside) -> None:
    here = beside()
    for _ in range(2):
        held = here.private_page()
        assert held["user"] == BOB
        assert not {"idp", "refresh_token"} & set(held)
        known = here.open_page()
        assert (known["session"]["user"], known["user"], known["admin"]) == (BOB, "bob", True)
        assert here.is_logged_in()


@pytest.mark.parametrize("public_routes", [None, ["/whoami"], ["/write"]])
def test_what_an_app_writes_leaves_the_login_to_another(
    beside: Beside, public_routes: list[str] | None
) -> None:
    here = beside(public_routes=public_routes)
    written = here.writing_page()
    assert written["theme"] == "dark"
    assert "idp" not in written
    assert here.is_logged_in()
    assert session_of(here.server, here.visitor.cookie)["theme"] == "dark"


@pytest.mark.parametrize("public_routes", [None, ["/whoami"]])
def test_what_an_app_writes_under_that_name_lasts_as_long_as_the_request(
    beside: Beside, public_routes: list[str] | None
) -> None:
    here = beside(public_routes=public_routes)
    here.visitor.client.cookies.clear()
    assert here.writing_page("write?idp=mine&theme=dark")["idp"] == "mine"
    held = here.private_page()
    assert (held["user"], held.get("idp"), held["theme"]) == (BOB, None, "dark")
    if public_routes:
        assert here.open_page()["session"] == {"user": BOB, "idp": None, "refresh_token": None}
