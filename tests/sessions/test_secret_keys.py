"""Secret keys: which count, which are none, and what is said of them."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Iterator
from typing import Any

import dash_auth
import pytest
from dash_auth._secret_keys import given, keys_of, weakness
from dash_auth._servers import server_for
from dash_auth.sessions import ticket
from guarded import ALICE, USERS, client_of, guarded_app, new_app
from tickets import text_in

LONG = "a key that is long enough"
WARNING = "does not verify"


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ticket, "_other_keys", ticket._OtherKeys())
    yield


@pytest.mark.parametrize(
    ("current", "fallbacks", "keys"),
    [
        (None, None, ()),
        ("", ["old"], ()),
        (b"new", None, (b"new",)),
        ("new", ["old", b"older"], (b"new", b"old", b"older")),
        # Of what cannot be a key, or would be one of a single letter, nothing counts.
        ("new", "old", (b"new", b"old")),
        ("new", ["", None, 5, b""], (b"new",)),
        ("new", 5, (b"new",)),
    ],
)
def test_the_keys_of_a_configuration(current: Any, fallbacks: Any, keys: Any) -> None:
    assert keys_of(current, fallbacks) == keys


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (5, TypeError, "secret_key must be a str or bytes, not int"),
        ([], ValueError, "empty list"),
        (["new", ""], ValueError, "secret_key 2 is empty"),
        (["new", None], TypeError, "secret_key 2 must be a str or bytes, not NoneType"),
        ({"new"}, TypeError, "not set"),
    ],
)
def test_what_is_no_key_is_an_error(key: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        given(key)
    with pytest.raises(error, match=message):
        dash_auth.BasicAuth(new_app(), USERS, secret_key=key)


def test_a_list_of_keys_is_the_servers() -> None:
    app = guarded_app(secret_key=[LONG, b"old"])
    assert app.server.secret_key == LONG
    assert app.server.config["SECRET_KEY_FALLBACKS"] == [b"old"]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (b"Super secret key", "is one that a tutorial gives"),
        (b"from your settings", "is one that a tutorial gives"),
        (b"MY_SECRET", "is one that a tutorial gives"),
        (b"change-me", "is one that a tutorial gives"),
        (b"your-very-secret-key-here", "is one that a tutorial gives"),
        (b"Test", "is shorter than 16 bytes"),
        (b"fifteen bytes..", "is shorter than 16 bytes"),
        (b"sixteen bytes...", None),
        (b"the secret keys of the sea", None),
        (bytes(range(240, 256)), None),
    ],
)
def test_a_weak_key_is_known(key: bytes, reason: str | None) -> None:
    assert weakness(key) == reason


@pytest.mark.parametrize(("key", "warnings"), [("MY_SECRET", 1), (LONG, 0), (None, 0)])
def test_a_weak_key_is_told_once(
    key: str | None, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(guarded_app(secret_key=key))
    for _ in range(3):
        client.get("/private", auth=ALICE)
    told = [record for record in caplog.records if "secret key" in record.getMessage().lower()]
    assert [record.levelname for record in told] == ["WARNING"] * warnings
    assert "MY_SECRET" not in caplog.text


def test_a_key_that_the_app_sets_later_counts_from_then_on() -> None:
    app = guarded_app(public_routes=["/open"])
    client = client_of(app)
    assert "Set-Cookie" not in client.get("/private", auth=ALICE).headers
    for key in (LONG, b"another key of the app's own"):
        app.server.secret_key = key
        assert server_for(app.server).secret_keys() == keys_of(key)
        assert client.get("/open").json["user"] is None
        client.get("/private", auth=ALICE)
        assert client.get("/open").json["user"] == "alice"


def ticket_under(key: str, monkeypatch: pytest.MonkeyPatch, made: float | None = None) -> str:
    """Return the ticket of a worker with a key of its own."""
    with monkeypatch.context() as patched:
        if made is not None:
            patched.setattr(time, "time", lambda: made)
        client = client_of(guarded_app(secret_key=key, public_routes=["/open"]))
        answer = client.get("/private", auth=ALICE)
    return text_in(answer.headers["Set-Cookie"]) or ""


def test_keys_that_differ_between_workers_are_told_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(ticket, "_STARTED", now - 100)
    client = client_of(guarded_app(secret_key=LONG, public_routes=["/open"]))
    name = client.get("/private", auth=ALICE).headers["Set-Cookie"].partition("=")[0]
    before = ticket_under("the key of before a restart", monkeypatch, made=now - 1000)
    # By a clock that is ahead, or so that the warning comes.
    later = ticket_under("of a clock that is ahead", monkeypatch, made=now + 1000)
    deep = base64.urlsafe_b64encode(b"[" * 3000).decode() + ".x.y"
    undecodable = ("", "x", "x.y.z", ".eJ.x.y", "é", "W10.x.y", "." + "A" * 3000 + ".x.y")
    for text in (before, later, deep, *undecodable):
        client.set_cookie(name, text)
        assert client.get("/open").status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    drawn = ticket_under("drawn by another worker", monkeypatch)
    client.set_cookie("dash_auth_of_another", drawn)
    client.get("/open")
    assert WARNING not in caplog.text
    client.set_cookie(name, drawn)
    for _ in range(3):
        assert client.get("/open").json["user"] is None
    assert caplog.text.count(WARNING) == 1


def test_a_ticket_that_is_over_says_nothing_of_other_keys(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(ticket, "_STARTED", now - 100)
    options = {"auth_func": lambda name, password: True, "auth_func_session_seconds": 60}
    client = client_of(guarded_app(secret_key=LONG, public_routes=["/open"], **options))
    client.get("/private", auth=ALICE)
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert client.get("/open").json["user"] is None
    assert WARNING not in caplog.text
