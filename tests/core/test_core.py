"""The module `_core`: what it takes, what it raises, what it shows, and where its records go."""

from __future__ import annotations

import base64
import hashlib
import itertools
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from dash_auth import _core
from dash_auth._core import (
    Attempt,
    Callback,
    Credentials,
    Endpoint,
    Gate,
    Refusal,
    RouteMap,
    Standing,
    Users,
    VerifiedCredentials,
)


def basic(text: str | bytes) -> str:
    octets = text if isinstance(text, bytes) else text.encode()
    return "Basic " + base64.b64encode(octets).decode()


def credentials(text: str = "alice:secret") -> Credentials:
    parsed = _core.parse_basic(basic(text))
    assert parsed is not None
    return parsed


# Credentials


def test_a_header_is_parsed_to_name_and_password() -> None:
    for text, name, password in (
        ("alice:secret", "alice", "secret"),
        ("alice:a:b:", "alice", "a:b:"),
        (":", "", ""),
        ("ünï:pä€", "ünï", "pä€"),
    ):
        parsed = credentials(text)
        assert (parsed.username, parsed.password) == (name, password)


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic ", "Bearer x", "Basic !!", basic("x"), basic(b"\xff:x"), "\ud800"],
)
def test_what_holds_no_credentials_is_none(header: str) -> None:
    assert _core.parse_basic(header) is None


@pytest.mark.parametrize("show", [repr, str, ascii, format, "{!r}".format])
def test_credentials_show_nothing_of_themselves(show: Callable[[object], str]) -> None:
    shown = show(credentials("alice:secret"))
    assert "secret" not in shown
    assert "alice" not in shown


def test_credentials_are_made_by_parsing_alone_and_cannot_be_copied_or_changed() -> None:
    import copy
    import pickle

    with pytest.raises(TypeError):
        Credentials()
    with pytest.raises(TypeError):
        pickle.dumps(credentials())
    with pytest.raises(TypeError):
        copy.copy(credentials())
    with pytest.raises(AttributeError):
        credentials().password = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        credentials().extra = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("header", [None, b"Basic x", 5])
def test_a_header_is_text(header: Any) -> None:
    with pytest.raises(TypeError):
        _core.parse_basic(header)


# Users


def verified(users: Users, header: str, table: Any, address: str) -> Any:
    """Return what comes of credentials, be they known or hashed first."""
    attempt = users.attempt(header, table, address)
    if not isinstance(attempt, Attempt):
        return attempt
    with pytest.raises(ValueError, match="verify alone"):
        attempt.land(True)
    return attempt.verify()


def test_the_table_verifies_and_says_why_not() -> None:
    table = {"alice": "secret"}
    users = Users(table)
    assert verified(users, basic("alice:secret"), table, "") == ("alice", "secret")
    assert verified(users, basic("alice:wrong"), table, "") == Refusal.WRONG
    assert verified(users, basic("eve:secret"), table, "") == Refusal.WRONG
    assert verified(users, "", table, "") == Refusal.ABSENT
    # A live table may become empty, and be filled again.
    assert verified(users, basic("alice:secret"), {}, "") == Refusal.WRONG
    assert verified(users, basic("alice:secret"), table, "") == ("alice", "secret")


@pytest.mark.parametrize("table", [None, [("alice", "secret")], "alice"])
def test_the_table_is_a_dict(table: Any) -> None:
    with pytest.raises(TypeError):
        Users(table)


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ({"alice": None}, TypeError),
        ({b"alice": "secret"}, TypeError),
        ({"alice": ""}, ValueError),
        ({"alice": "$2y$10$x"}, ValueError),
        ({"alice": "\ud800"}, ValueError),
        ({"\ud800": "secret"}, ValueError),
        ({}, ValueError),
        ({"a:b": "secret"}, ValueError),
        ({"alice\n": "secret"}, ValueError),
        ({"alice": "secret\n"}, ValueError),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(table: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Users(table)


HASHED = f"pbkdf2:sha3_256:2$salt${'0' * 64}"
"""A hash with a digest of hashlib's, which the core asks: so it can be counted."""


@pytest.mark.parametrize(
    ("before", "after", "hashes"),
    [
        pytest.param({"alice": "plain"}, {"alice": HASHED}, 1, id="changed to a hash"),
        pytest.param({"alice": HASHED}, {"alice": "plain"}, 0, id="changed to plaintext"),
        pytest.param({"alice": "plain"}, {"bob": HASHED}, 1, id="another name"),
        pytest.param({"alice": "plain"}, {"alice": "plain", "bob": None}, 0, id="one more"),
        pytest.param({"alice": HASHED}, {"alice": "$2b$x", "bob": HASHED}, 1, id="unreadable"),
        pytest.param({"alice": HASHED}, {"alice": None}, 0, id="nothing to read"),
        pytest.param({"alice": HASHED}, {}, 0, id="nobody"),
    ],
)
def test_an_unknown_name_costs_what_the_live_table_makes_a_known_one_cost(
    monkeypatch: pytest.MonkeyPatch, before: dict[str, Any], after: dict[str, Any], hashes: int
) -> None:
    table = dict(before)
    users = Users(table)
    verified(users, basic("eve:x"), table, "")
    table.clear()
    table.update(after)
    asked: list[int] = []
    derive = hashlib.pbkdf2_hmac

    def counted(digest: str, password: bytes, salt: bytes, iterations: int) -> bytes:
        asked.append(iterations)
        return derive(digest, password, salt, iterations)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", counted)
    for guess in ("x", "y"):
        asked.clear()
        # A table that is read anew derives once to learn what a digest is.
        assert verified(users, basic(f"eve:{guess}"), table, "") == Refusal.WRONG
        assert asked.count(2) == hashes


def test_an_error_of_the_developers_mapping_is_raised_as_it_is() -> None:
    class Broken(dict[str, str]):
        def get(self, *args: Any) -> Any:
            raise LookupError("the directory is down")

    with pytest.raises(LookupError, match="the directory is down"):
        verified(Users({"alice": "secret"}), basic("alice:secret"), Broken(), "")


def test_the_table_shows_nothing_of_itself() -> None:
    assert "secret" not in repr(Users({"alice": "secret"}))


def test_a_table_may_give_the_users_own_names() -> None:
    users = Users({"alice": "secret", "bob": HASHED}, is_named=True)
    table: dict[str, Any] = {
        "ALICE": ("alice", "secret", "version 1"),
        "bob": ("bob", HASHED, HASHED),
        "eve": None,
    }
    assert verified(users, basic("ALICE:secret"), table, "") == ("alice", "version 1")
    assert verified(users, basic("ALICE:wrong"), table, "") == Refusal.WRONG
    assert verified(users, basic("alice:secret"), table, "") == Refusal.WRONG
    assert verified(users, basic("eve:secret"), table, "") == Refusal.WRONG


@pytest.mark.parametrize(
    ("is_named", "value"),
    [
        (False, ("alice", "secret", "secret")),
        *(
            (True, value)
            for value in ("secret", ("alice", "secret"), ("alice", None, "secret"), ())
        ),
        *((True, value) for value in ((5, "secret", "secret"), ("alice", "secret", None))),
    ],
)
def test_what_is_not_of_the_form_of_the_table_lets_nobody_in(
    caplog: pytest.LogCaptureFixture, is_named: bool, value: Any
) -> None:
    users = Users({"alice": "secret"}, is_named=is_named)
    for password in ("secret", ""):
        assert users.attempt(basic(f"alice:{password}"), {"alice": value}, "") == Refusal.WRONG
    assert "user 'alice' is no str" in caplog.text


# Credentials verified before


def begun(
    cache: VerifiedCredentials, text: str = "alice:secret", address: str = "", account: str = ""
) -> Attempt:
    """Return the attempt of credentials of which nobody knows."""
    attempt = cache.attempt(basic(text), account, address)
    assert isinstance(attempt, Attempt)
    assert f"{attempt.username}:{attempt.password}" == text
    return attempt


@pytest.mark.parametrize("show", [repr, str, ascii, format, "{!r}".format])
def test_an_attempt_shows_nothing_of_itself(show: Callable[[object], str]) -> None:
    shown = show(begun(VerifiedCredentials(60)))
    assert "secret" not in shown
    assert "alice" not in shown


def test_verified_credentials_are_remembered_by_what_they_are() -> None:
    cache = VerifiedCredentials(60)
    attempt = begun(cache)
    assert attempt.verify() is None
    assert attempt.land(True) == ("alice", "")
    assert cache.attempt(basic("alice:secret"), "", "") == ("alice", "")
    assert attempt.verify() == ("alice", "")
    for other in ("alice:other", "bob:secret", "alice:secre", "alices:ecret"):
        attempt = begun(cache, other)
        assert attempt.verify() is None
        assert attempt.land(False) == Refusal.WRONG
        assert begun(cache, other).verify() is None
    # To land twice changes nothing.
    attempt.land(True)
    begun(cache, other)


def test_they_are_remembered_for_the_account_that_was_meant_alone() -> None:
    cache = VerifiedCredentials(60)
    attempt = begun(cache, account="alice.smith")
    assert attempt.verify() is None
    attempt.land(True)
    assert cache.attempt(basic("alice:secret"), "alice.smith", "") == ("alice", "")
    for other in ("alice.jones", ""):
        assert begun(cache, account=other).verify() is None


@pytest.mark.parametrize("seconds", [0, 60])
def test_who_cannot_be_asked_is_neither_right_nor_wrong(seconds: float) -> None:
    cache = VerifiedCredentials(seconds)
    attempt = begun(cache)
    assert attempt.verify() is None
    assert attempt.land(None) == Refusal.UNAVAILABLE
    assert begun(cache).verify() is None


def test_with_no_seconds_nothing_is_remembered_and_nobody_waits() -> None:
    cache = VerifiedCredentials(0)
    first, second = begun(cache), begun(cache)
    assert first.verify() is None
    assert second.verify() is None
    assert first.land(True) == ("alice", "")
    begun(cache)


def test_who_cannot_wait_asks_as_well() -> None:
    cache = VerifiedCredentials(60)
    first, second = begun(cache), begun(cache)
    assert first.verify(can_wait=False) is None
    assert second.verify(can_wait=False) is None
    # The flight is the first's: of what the second finds nothing is kept.
    assert second.land(True) == ("alice", "")
    begun(cache)
    first.land(True)
    assert cache.attempt(basic("alice:secret"), "", "") == ("alice", "")


@pytest.mark.parametrize("header", ["", "Basic", "Bearer x", basic("x"), "\ud800"])
def test_no_credentials_are_refused_at_once(header: str) -> None:
    assert VerifiedCredentials(60).attempt(header, "", "") == Refusal.ABSENT
    assert Users({"alice": "secret"}).attempt(header, {}, "") == Refusal.ABSENT


def test_what_one_flight_finds_those_who_wait_are_told() -> None:
    addresses = (f"203.0.113.{host}" for host in itertools.count(1))
    told: dict[bool | None, Any] = {True: ("alice", ""), False: Refusal.WRONG, None: Refusal.BUSY}
    for verified, outcome in told.items():
        cache = VerifiedCredentials(60)
        attempt = begun(cache)
        assert attempt.verify() is None
        heard: list[Any] = []

        def wait(cache: VerifiedCredentials = cache, heard: list[Any] = heard) -> None:
            # An address that failed before would not wait.
            heard.append(begun(cache, address=next(addresses)).verify())

        threads = [threading.Thread(target=wait) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(0.05)
        assert heard == []
        attempt.land(verified)
        for thread in threads:
            thread.join(10)
        if verified is None:
            # One of those who waited may take the flight over; nobody is let in.
            assert ("alice", "") not in heard
        else:
            assert heard == [outcome] * 3


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_lifetime_is_a_positive_number(seconds: float) -> None:
    with pytest.raises(ValueError, match="positive number"):
        VerifiedCredentials(seconds)


def test_a_lifetime_is_no_text() -> None:
    with pytest.raises(TypeError):
        VerifiedCredentials("60")  # type: ignore[arg-type]


# Callbacks, routes, seals


def test_a_declaration_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        Callback([('{"index":', "value", False)], [], [], False)
    with pytest.raises(TypeError):
        Callback([("in", 5, False)], [], [], False)  # type: ignore[list-item]


def test_a_body_of_any_type_is_compared_without_an_error() -> None:
    callback = Callback([("in", "value", False)], [], [("out", "children")], False)
    gate = Gate(RouteMap(), "/", "/", [])
    good = {
        "outputs": {"id": "out", "property": "children"},
        "inputs": [{"id": "in", "property": "value", "value": {"deep": [[[[[[[]]]]]]]}}],
    }
    assert gate.ask_callback(callback, good, True, False) is None
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    for body in (None, 5, "", [], {}, {5: 5}, object(), {"inputs": object()}, {"inputs": deep}):
        for is_public, is_page_router in ((True, False), (False, True), (False, False)):
            assert isinstance(gate.ask_callback(callback, body, is_public, is_page_router), str)


def test_a_rule_that_cannot_be_read_is_refused_and_not_added() -> None:
    rules = RouteMap()
    for rule in ("/<", "/<nope:x>", "relative", "/<int(max=x):n>", "/\ud800"):
        with pytest.raises(ValueError):
            rules.add(rule)
    with pytest.raises(TypeError):
        rules.add(None)  # type: ignore[arg-type]
    assert (len(rules), rules.rules) == (0, [])


def test_a_path_that_is_no_unicode_matches_nothing() -> None:
    rules = RouteMap()
    rules.add("/<path:p>")
    assert rules.matches("/x")
    assert not rules.matches("/\ud800")
    assert not rules.test("/\ud800")
    gate = Gate(rules, "/", "/", [])
    gate.show(rules, RouteMap(), True)
    for endpoint in (Endpoint.SERVER, Endpoint.PAGE, Endpoint.LAYOUT, Endpoint.STATIC):
        assert gate.ask(endpoint, "GET", "/x")[0] in (Standing.OPEN, Standing.PAGE)
        assert gate.ask(endpoint, "GET", "/\ud800") == (Standing.CLOSED, False)
    assert not rules.opens_page("/\ud800")
    assert not gate.ask_page("/\ud800", None, None, False)
    assert _core.below_prefix("/\ud800", "/") is None


def test_what_a_gate_says_can_be_told_by_identity() -> None:
    rules = RouteMap()
    gate = Gate(rules, "/", "/board/", ["https://friend.example"])
    friend = (None, "https://friend.example", "http://here")
    for asked, standing in (
        ((Endpoint.CALLBACK, "POST", "/x"), Standing.CALLBACK),
        ((Endpoint.LOGIN, "POST", "/x"), Standing.OPEN),
        ((Endpoint.SERVER, "GET", "/x"), Standing.CLOSED),
        ((Endpoint.SERVER, "OPTIONS", "/x", *friend, "POST"), Standing.PREFLIGHT),
    ):
        assert gate.ask(*asked)[0] is standing
    # A rule that is added later counts at once.
    rules.add("/x")
    assert gate.ask(Endpoint.SERVER, "GET", "/x")[0] is Standing.OPEN
    gate.show(rules, RouteMap(), True)
    assert gate.ask(Endpoint.PAGE, "GET", "/x")[0] is Standing.PAGE
    elsewhere = (None, "http://there", "http://here")
    assert gate.ask(Endpoint.SERVER, "POST", "/x", *elsewhere) == (Standing.OPEN, True)
    assert gate.ask_socket(Endpoint.CLOSED, "/x", *elsewhere, True) == (Standing.CALLBACK, False)
    assert gate.ask_socket(Endpoint.SERVER, "/x", *elsewhere, False) == (Standing.OPEN, True)


def test_a_gate_says_where_a_callback_leads() -> None:
    rules = RouteMap()
    rules.add("/x")
    gate = Gate(rules, "/", "/board/", [])
    gate.show(rules, RouteMap(), True)
    callback = Callback([("url", "pathname", False)], [], [("out", "children")], False)

    def led(pathname: str) -> Any:
        body = {
            "outputs": {"id": "out", "property": "children"},
            "inputs": [{"id": "url", "property": "pathname", "value": pathname}],
        }
        return gate.ask_callback(callback, body, False, False, [])

    routed = led("/board/x")
    assert routed.standing is Standing.PAGE
    assert (routed.pathname, routed.search, routed.path) == ("/board/x", "", "/x")
    assert led("/x").standing is Standing.CLOSED


def test_a_seal_is_of_all_its_parts() -> None:
    seal = _core.seal(b"key", "a", "b")
    assert _core.seal(b"key", "a", "b") == seal
    for secret, parts in ((b"kez", ("a", "b")), (b"key", ("ab",)), (b"key", ("a", "b", ""))):
        assert _core.seal(secret, *parts) != seal


def test_refusals_and_endpoints_are_told_apart() -> None:
    assert len({repr(refusal) for refusal in (Refusal.ABSENT, Refusal.WRONG, Refusal.BUSY)}) == 3
    assert Refusal.WRONG != Refusal.BUSY
    assert {Endpoint.PAGE: 1}[Endpoint.PAGE] == 1
    with pytest.raises(TypeError):
        Refusal()


# Records


def test_records_reach_logging_and_hold_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "dash_auth")
    table = {"alice": "secret-stored"}
    users = Users(table)
    assert _core.why_no_credentials("Bearer token-of-a-client") == "the scheme is not Basic"
    assert _core.why_no_credentials(basic("alice:secret-sent")) is None
    verified(users, basic("alice:secret-sent"), table, "")
    verified(users, basic("alice:secret-sent"), {"alice": "$2b$secret"}, "")
    found = [(record.name, record.levelname) for record in caplog.records]
    # A refusal is told by the guard, in one line with the request that it is of.
    assert found == [("dash_auth", "ERROR")]
    assert caplog.messages[0].startswith("refused: the stored password of user 'alice'")
    assert "secret" not in caplog.text
    assert "token-of-a-client" not in caplog.text


def test_records_reach_logging_that_is_set_up_later() -> None:
    # In a process of its own: what this one has logged already would hide a stale cache.
    script = """
import logging
from dash_auth import _core
users = _core.Users({"alice": "pw"})
def meet_an_unreadable_value():
    users.attempt("Basic YWxpY2U6cHc=", {"alice": "$2b$x"}, "").verify()
logging.getLogger("dash_auth").addHandler(logging.NullHandler())
meet_an_unreadable_value()
logging.basicConfig(format="%(name)s %(levelname)s %(message)s", level=logging.DEBUG)
meet_an_unreadable_value()
logging.getLogger("dash_auth").setLevel(logging.CRITICAL)
meet_an_unreadable_value()
logging.getLogger("dash_auth").setLevel(logging.DEBUG)
meet_an_unreadable_value()
"""
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    lines = process.stderr.splitlines()
    assert len(lines) == 2, process.stderr
    assert all(line.startswith("dash_auth ERROR refused: the stored password") for line in lines)
