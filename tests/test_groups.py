"""What counts as a group: `check_groups`, `list_groups` and `current_user().groups` agree."""

from __future__ import annotations

import decimal
import enum
import uuid
from collections.abc import Iterator
from typing import Any

import dash_auth
import flask
import pytest
from dash_auth import User, _current
from guarded import ALICE, client_of, guarded_app

ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


class Role(enum.Enum):
    ADMIN = "admin"


class TextRole(str, enum.Enum):
    ADMIN = "admin"


class Level(enum.IntEnum):
    HIGH = 3


class Team:
    def __str__(self) -> str:
        return "team red"


class Silent:
    pass


class Failing:
    def __str__(self) -> str:
        raise LookupError("on purpose")


GROUPS = [
    (["admin", "staff"], ["admin", "staff"]),
    (("admin",), ["admin"]),
    ({"b", "a"}, ["a", "b"]),
    (frozenset({Role.ADMIN, ID}), [str(ID), "admin"]),
    ("admin", ["admin"]),
    (None, []),
    ([], []),
    ([ID], [str(ID)]),
    ([Role.ADMIN, TextRole.ADMIN, Level.HIGH], ["admin", "admin", "3"]),
    (TextRole.ADMIN, ["admin"]),
    ([decimal.Decimal("7"), 8], ["7", "8"]),
    ([Team()], ["team red"]),
    ([None, True, b"admin", ["admin"], {"admin": 1}, Silent(), Failing(), "staff"], ["staff"]),
    ({"admin": False}, []),
    ({"admin": True}, []),
    (b"admin", []),
    (5, []),
]


@pytest.fixture(autouse=True)
def unsaid() -> Iterator[None]:
    _current._said.clear()
    yield


def ask() -> flask.Response:
    user = dash_auth.current_user()
    assert user is not None
    listed = dash_auth.list_groups()
    assert listed == list(user.groups)
    names = [name for name in ("admin", "staff", "3", str(ID)) if dash_auth.check_groups([name])]
    assert names == [name for name in ("admin", "staff", "3", str(ID)) if name in user.groups]
    return flask.jsonify(groups=listed, session=flask.session["user"])


@pytest.mark.parametrize(("given", "expected"), GROUPS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("as_function", [True, False])
def test_all_that_say_a_users_groups_agree(given: Any, expected: Any, as_function: bool) -> None:
    user_groups: Any = (lambda name: given) if as_function else {"alice": given}
    app = guarded_app(user_groups=user_groups, secret_key="k" * 32, public_routes=["/ask"])
    app.server.add_url_rule("/ask", "ask", ask)
    client = client_of(app)
    assert client.get("/private", auth=ALICE).status_code == 200
    for auth in (ALICE, None):
        reply = client.get("/ask", auth=auth)
        assert (reply.status_code, reply.json["groups"]) == (200, expected)


@pytest.mark.parametrize(("given", "expected"), GROUPS, ids=lambda value: str(value)[:40])
def test_the_claims_of_a_provider_are_read_likewise(given: Any, expected: list[str]) -> None:
    assert list(User.from_claims({"sub": "77", "groups": given}).groups) == expected
    server = flask.Flask("claims")
    server.secret_key = "a key"
    with server.test_request_context("/"):
        flask.session["user"] = {"sub": "77", "groups": given}
        assert dash_auth.list_groups() == expected
        assert dash_auth.check_groups(["admin"]) is ("admin" in expected)


def test_what_is_asked_for_may_be_no_text_either() -> None:
    app = guarded_app(user_groups={"alice": [ID, Role.ADMIN]})
    app.server.add_url_rule(
        "/ask",
        "ask",
        lambda: [dash_auth.check_groups([asked]) for asked in (ID, Role.ADMIN, Silent(), None)],
    )
    assert client_of(app).get("/ask", auth=ALICE).json == [True, True, False, False]


def test_what_is_no_group_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert User.from_claims({"sub": "77", "groups": {"admin": False}}).groups == ()
        assert User.from_claims({"sub": "77", "groups": [Silent()]}).groups == ()
    assert [record.getMessage() for record in caplog.records] == [
        "Groups must be a list, not dict: there are none.",
        "A group must be text, not Silent: it is none.",
    ]
