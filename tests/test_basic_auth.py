"""`BasicAuth`: who gets in, who does not, and what a developer is told."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
from collections.abc import Callable
from types import MappingProxyType, SimpleNamespace
from typing import Any

import dash_auth
import flask
import numpy as np
import pytest
from dash import Dash
from dash_auth.security import generate_password_hash
from guarded import ALICE, BOB, PRIVATE, USERS, basic, client_of, guarded_app, new_app

CHALLENGE = 'Basic realm="User Visible Realm", charset="UTF-8"'


def statuses(app: Dash, *credentials: tuple[str, str] | None) -> list[int]:
    client = client_of(app)
    return [client.get("/_dash-layout", auth=pair).status_code for pair in credentials]


# Users


@pytest.mark.parametrize(
    "users",
    [
        USERS,
        list(USERS.items()),
        [list(pair) for pair in USERS.items()],
        tuple(USERS.items()),
        USERS.items(),
        (pair for pair in list(USERS.items())),
        MappingProxyType(USERS),
    ],
    ids=["dict", "tuples", "lists", "tuple", "items", "generator", "mapping"],
)
def test_users_are_a_mapping_or_pairs(users: Any) -> None:
    app = guarded_app(users)
    assert statuses(app, ALICE, BOB, ("alice", BOB[1]), ("eve", ALICE[1]), None) == [
        *(200, 200),
        *(401, 401, 401),
    ]


def test_who_logs_in_is_served_the_private_layout() -> None:
    client = client_of(guarded_app())
    assert PRIVATE in client.get("/_dash-layout", auth=ALICE).text
    refused = client.get("/_dash-layout")
    assert (refused.status_code, refused.text) == (401, "Login Required")
    assert refused.headers["WWW-Authenticate"] == CHALLENGE


@pytest.mark.parametrize("method", ["scrypt:1024:8:1", "pbkdf2:sha256:1000", "argon2:64:1:1"])
def test_a_stored_password_may_be_a_hash(method: str) -> None:
    stored = generate_password_hash(ALICE[1], method)
    app = guarded_app({"alice": stored})
    assert statuses(app, ALICE, ALICE, ("alice", stored), ("alice", "")) == [200, 200, 401, 401]


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        ("", ValueError),
        ("$2b$12$abcdefghijklmnopqrstuuJ6Q8oXkJ0bJ2zFQb0Z1v1v1v1v1v1v", ValueError),
        ("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ", ValueError),
        ("scrypt:32768:8:1$salt$nothex", ValueError),
        (None, TypeError),
        (b"bytes", TypeError),
        (4711, TypeError),
    ],
)
def test_a_stored_password_that_cannot_be_checked_is_refused_at_start(
    stored: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="mallory") as refusal:
        dash_auth.BasicAuth(new_app(), {"alice": "right", "mallory": stored})
    if stored:
        assert str(stored) not in str(refusal.value)
    assert "right" not in str(refusal.value)


@pytest.mark.parametrize(
    "users", [["ab"], [("alice",)], [("alice", "pw", "more")], [b"ab"], [5], [{"alice": 1, "b": 2}]]
)
def test_what_is_no_pair_is_refused(users: Any) -> None:
    with pytest.raises(ValueError, match="entry 1 is no pair"):
        dash_auth.BasicAuth(new_app(), users)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="name must be a str, not int"):
        dash_auth.BasicAuth(new_app(), {5: "five"})  # type: ignore[dict-item]


def test_the_users_stay_live() -> None:
    users = dict(USERS)
    client = client_of(guarded_app(users))

    def status(pair: tuple[str, str]) -> int:
        return client.get("/_dash-layout", auth=pair).status_code

    assert status(ALICE) == 200
    users["alice"] = generate_password_hash("changed", "scrypt:1024:8:1")
    assert status(ALICE) == 401
    assert status(("alice", "changed")) == 200
    users["carol"] = "new here"
    assert status(("carol", "new here")) == 200
    del users["alice"]
    assert status(("alice", "changed")) == 401
    users.clear()
    assert [status(ALICE), status(BOB), status(("", ""))] == [401, 401, 401]


@pytest.mark.parametrize("stored", [None, 5, "", "$2b$12$bad", "scrypt:1:1:1$x$zz"])
def test_a_bad_value_put_in_later_lets_nobody_in(
    stored: Any, caplog: pytest.LogCaptureFixture
) -> None:
    users: dict[str, Any] = dict(USERS)
    app = guarded_app(users)
    assert statuses(app, ALICE) == [200]
    users["alice"] = stored
    caplog.clear()
    assert statuses(app, ALICE, ("alice", str(stored)), ("alice", ""), BOB) == [401, 401, 401, 200]
    # An unknown name has no entry at all: whatever stands there is for the developer to see.
    assert [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert "zz" not in caplog.text


def test_names_and_passwords_may_hold_any_text() -> None:
    users = {"ünï": "pä:ss\u20ac", "": "nameless", "blank": " "}
    app = guarded_app(users)
    client = client_of(app)
    for name, password in users.items():
        reply = client.get("/private", headers=basic(name, password))
        assert reply.json["user"] == name


# Arguments


def test_users_and_function_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="cannot use both"):
        dash_auth.BasicAuth(new_app(), USERS, auth_func=lambda name, password: True)
    with pytest.raises(ValueError, match="requires username/password map"):
        dash_auth.BasicAuth(new_app())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"username_password_list": None, "auth_func": "no"}, TypeError, "auth_func must be"),
        ({"realm": 5}, TypeError, "realm must be a str, not int"),
        ({"realm": "a\nb"}, ValueError, "printable ASCII"),
        ({"realm": "zürich"}, ValueError, "printable ASCII"),
        ({"anonymous_body_limit": -1}, ValueError, "number of bytes"),
        ({"anonymous_body_limit": "1 MB"}, TypeError, "number of bytes, an int, not str"),
        ({"trusted_origins": "https://a.example"}, TypeError, "trusted_origins must be a list"),
        ({"trusted_origins": [None]}, TypeError, "origin must be a str, not NoneType"),
        ({"secret_key": 4711}, TypeError, "secret_key must be a str or bytes, not int"),
        ({"user_groups": ["admin"]}, TypeError, "user_groups must be a dict .*, not list"),
        ({"auth_func_session_seconds": None}, TypeError, "NoneType"),
        ({"auth_func_session_seconds": -1}, ValueError, "session_seconds must be a number"),
        ({"auth_func_session_seconds": math.inf}, ValueError, "session_seconds must be a number"),
        ({"auth_func_session_seconds": math.nan}, ValueError, "session_seconds must be a number"),
        ({"public_routes": "/open"}, TypeError, r"list of rules: \['/open'\]"),
        ({"public_routes": True}, TypeError, "public routes must be a list of rules, not bool"),
        ({"public_routes": ["/<nope:x>"]}, ValueError, "nope"),
        ({"public_routes": [7]}, TypeError, "must be a str, not int"),
        ({"tokens": True}, TypeError, "tokens"),
    ],
)
def test_a_wrong_argument_is_named(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        dash_auth.BasicAuth(new_app(), **{"username_password_list": USERS, **options})


def test_only_a_dash_app_that_is_not_yet_protected_can_be_protected() -> None:
    app = guarded_app()
    with pytest.raises(ValueError, match="protected already"):
        dash_auth.BasicAuth(app, USERS)
    with pytest.raises(TypeError, match=r"must be a dash\.Dash, not Flask"):
        dash_auth.BasicAuth(app.server, USERS)  # type: ignore[arg-type]


def test_a_mistake_in_the_routes_leaves_the_app_closed() -> None:
    app = new_app()
    with pytest.raises(ValueError, match="nope"):
        dash_auth.BasicAuth(app, USERS, public_routes=["/", "/<nope:x>"])
    assert [client_of(app).get(path).status_code for path in ("/", "/_dash-layout")] == [401, 401]


def test_the_realm_is_quoted() -> None:
    app = guarded_app(realm='The "west" \\ wing')
    challenge = client_of(app).get("/").headers["WWW-Authenticate"]
    assert challenge == 'Basic realm="The \\"west\\" \\\\ wing", charset="UTF-8"'


def test_its_repr_shows_no_user_and_no_password() -> None:
    auth = dash_auth.BasicAuth(new_app(), USERS, secret_key="the key")
    assert repr(auth) == "<BasicAuth of 'guarded'>"


# The developer's own function


def accepts_alice(name: str, password: str) -> bool:
    return (name, password) == ALICE


async def accepts_alice_async(name: str, password: str) -> bool:
    return (name, password) == ALICE


class AcceptsAlice:
    async def __call__(self, name: str, password: str) -> bool:
        return (name, password) == ALICE


@pytest.mark.parametrize(
    "auth_func",
    [
        accepts_alice,
        accepts_alice_async,
        functools.partial(accepts_alice_async),
        functools.partial(functools.partial(accepts_alice)),
        AcceptsAlice(),
        lambda name, password: np.bool_(accepts_alice(name, password)),
    ],
    ids=["sync", "async", "partial async", "partial", "async object", "numpy"],
)
def test_a_function_decides(auth_func: Callable[[str, str], bool]) -> None:
    app = guarded_app(auth_func=auth_func)
    assert statuses(app, ALICE, ("alice", "x"), BOB, None) == [200, 401, 401, 401]


def test_an_async_function_is_run_to_its_end_in_a_thread_that_has_a_loop_too() -> None:
    paths: list[str] = []

    async def auth_func(name: str, password: str) -> bool:
        await asyncio.sleep(0)
        paths.append(flask.request.path)
        return (name, password) == ALICE

    app = guarded_app(auth_func=auth_func)

    async def ask() -> list[int]:
        return statuses(app, ALICE, ("alice", "x"))

    assert asyncio.run(ask()) == [200, 401]
    assert paths == ["/_dash-layout"] * 2


@pytest.mark.parametrize(
    "result", [1, "yes", ("alice",), [True], object(), np.array([True])], ids=repr
)
def test_only_a_bool_lets_in(result: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = guarded_app(auth_func=lambda name, password: result)
    assert statuses(app, ALICE) == [401]
    assert f"must return True or False, not {type(result).__name__}" in caplog.text


def test_a_coroutine_that_nobody_awaits_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    # A lambda hides from inspection that it is async. Warnings are errors here, so the coroutine
    # must be closed too.
    app = guarded_app(auth_func=lambda name, password: accepts_alice_async(name, password))
    assert statuses(app, ALICE) == [401]
    assert "not coroutine" in caplog.text


def test_none_is_a_plain_refusal(caplog: pytest.LogCaptureFixture) -> None:
    app = guarded_app(auth_func=lambda name, password: None)
    assert statuses(app, ALICE) == [401]
    told = [record for record in caplog.records if record.name != "dash_auth.audit"]
    assert not [record for record in told if record.levelno > logging.INFO]


def test_a_function_that_fails_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    def fails(name: str, password: str) -> bool:
        raise LookupError("the directory is down")

    app = guarded_app(auth_func=fails)
    assert statuses(app, ALICE) == [401]
    assert "Error in authorization function." in caplog.text
    assert "the directory is down" in caplog.text
    assert ALICE[1] not in caplog.text


def test_a_function_is_asked_at_each_request_unless_told_otherwise() -> None:
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(name)
        return (name, password) == ALICE

    assert statuses(guarded_app(auth_func=auth_func), ALICE, ALICE, ALICE) == [200, 200, 200]
    assert asked == ["alice"] * 3

    asked.clear()
    cached = guarded_app(auth_func=auth_func, auth_func_cache_seconds=60)
    assert statuses(cached, ALICE, ALICE, ALICE) == [200, 200, 200]
    assert asked == ["alice"]
    # Failures are not remembered, and what is remembered holds for one password.
    wrong = ("alice", "wrong")
    assert statuses(cached, wrong, wrong, ALICE) == [401, 401, 200]
    assert asked == ["alice"] * 3


def test_what_a_function_said_is_forgotten_in_time() -> None:
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(name)
        return True

    app = guarded_app(auth_func=auth_func, auth_func_cache_seconds=1e-9)
    assert statuses(app, ALICE, ALICE) == [200, 200]
    assert len(asked) == 2


def test_a_cached_function_may_fail_and_be_asked_again() -> None:
    answers = iter([LookupError("down"), True])

    def auth_func(name: str, password: str) -> bool:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    app = guarded_app(auth_func=auth_func, auth_func_cache_seconds=60)
    assert statuses(app, ALICE, ALICE, ALICE) == [401, 200, 200]


def test_greenlets_that_ask_about_the_same_credentials_do_not_wait_in_the_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(name)
        if len(asked) == 1:
            # As gevent switches to another request of this thread.
            assert statuses(app, ALICE) == [200]
        return True

    lock = type("GreenLock", (), {"__module__": "gevent.thread"})
    monkeypatch.setattr("dash_auth.logins.asked_passwords.threading", SimpleNamespace(Lock=lock))
    app = guarded_app(auth_func=auth_func, auth_func_cache_seconds=60)
    assert statuses(app, ALICE, ALICE) == [200, 200]
    assert len(asked) == 2


def test_a_function_is_not_asked_without_credentials() -> None:
    def auth_func(name: str, password: str) -> bool:
        raise AssertionError("asked")

    client = client_of(guarded_app(auth_func=auth_func))
    for header in ("", "Basic", "Basic !!!", "Bearer abc", "Basic YWxpY2U="):
        refused = client.get("/_dash-layout", headers={"Authorization": header})
        assert refused.status_code == 401


def test_the_cache_takes_no_negative_seconds() -> None:
    with pytest.raises(ValueError, match="auth_func_cache_seconds must be a number of seconds, 0"):
        guarded_app(auth_func=accepts_alice, auth_func_cache_seconds=-1)


# Groups


async def groups_async(name: str) -> list[str]:
    return [f"{name}s"]


@pytest.mark.parametrize(
    ("user_groups", "expected"),
    [
        (None, []),
        ({"alice": ["readers"]}, ["readers"]),
        ({"bob": ["readers"]}, []),
        (lambda name: [name, "readers"], ["alice", "readers"]),
        (groups_async, ["alices"]),
        (lambda name: ("a", "b"), ["a", "b"]),
        (lambda name: {"b", "c", "a"}, ["a", "b", "c"]),
        (lambda name: (group for group in "ab"), ["a", "b"]),
        (lambda name: None, []),
    ],
)
def test_groups_come_from_a_dict_or_a_function(user_groups: Any, expected: Any) -> None:
    app = guarded_app(user_groups=user_groups)
    reply = client_of(app).get("/private", auth=ALICE).json
    assert reply["groups"] == expected
    assert reply["session"] == {"email": "alice", "groups": expected}


def test_one_text_of_groups_is_one_group_until_it_is_split() -> None:
    app = guarded_app(user_groups={"alice": "readers,writers"})
    reply = client_of(app).get("/private", auth=ALICE).json
    assert reply["groups"] == ["readers,writers"]
    # As it stands, so that the app can split it.
    assert reply["session"] == {"email": "alice", "groups": "readers,writers"}


@pytest.mark.parametrize("answer", [5, {"alice": ["admin"]}, b"admin"])
def test_what_is_no_list_of_groups_is_none(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = guarded_app(user_groups=lambda name: answer)
    assert client_of(app).get("/private", auth=ALICE).json["groups"] == []
    assert f"user_groups must give a list, not {type(answer).__name__}" in caplog.text


def test_a_function_for_groups_that_fails_gives_none(caplog: pytest.LogCaptureFixture) -> None:
    def fails(name: str) -> list[str]:
        raise LookupError("the directory is down")

    app = guarded_app(user_groups=fails)
    reply = client_of(app).get("/private", auth=ALICE)
    assert (reply.status_code, reply.json["groups"]) == (200, [])
    assert "'alice' has no groups" in caplog.text
