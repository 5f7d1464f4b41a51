"""What is kept of a user, as a table."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest
from dash_auth.users import Account
from dash_auth.users.fields import FIELDS, account_of, check_fields, check_name, table_of

UNTIL = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
SECRET = "wonderland"


@pytest.mark.parametrize("stored", [SECRET, None, 5, ["a"]])
def test_what_is_no_table_is_a_stored_password(stored: Any) -> None:
    assert account_of("alice", stored) == Account("alice", stored)


def test_a_table_has_the_fields_of_an_account_and_claims() -> None:
    table = {
        "password": SECRET,
        "groups": ["board", "staff"],
        "email": "alice@example.com",
        "full_name": "Alice Liddell",
        "disabled": True,
        "must_change": UNTIL,
        "credential_version": "1",
        "tenant": 7,
        "address": {"city": "Oxford"},
    }
    assert account_of("alice", table) == Account(
        "alice",
        SECRET,
        ("board", "staff"),
        {"tenant": 7, "address": {"city": "Oxford"}},
        disabled=True,
        email="alice@example.com",
        full_name="Alice Liddell",
        must_change=UNTIL,
        credential_version="1",
    )
    assert account_of("alice", {}) == Account("alice")


def test_an_account_becomes_a_table_and_the_same_account() -> None:
    full = Account("a", SECRET, ("b",), {"c": 1}, True, "d", "e", UNTIL, "f")
    for account in (full, Account("a"), Account("a", must_change=True)):
        assert account_of("a", table_of(account)) == account
    assert table_of(Account("a")) == {}
    with pytest.raises(ValueError, match="'disabled' of user 'a' is a field, and no claim"):
        table_of(Account("a", claims={"disabled": SECRET}))


@pytest.mark.parametrize(
    "key, value, right",
    [
        ("password", 5, "text"),
        ("password", None, "text"),
        ("email", ["x"], "text"),
        ("full_name", True, "text"),
        ("credential_version", 1, "text"),
        ("groups", "board", "a list of text"),
        ("groups", ["board", 5], "a list of text"),
        ("groups", {"board": True}, "a list of text"),
        ("disabled", "no", "true or false"),
        ("disabled", 0, "true or false"),
        ("disabled", None, "true or false"),
        ("must_change", "yes", "true, false or a date and time"),
        ("must_change", 1, "true, false or a date and time"),
        ("must_change", date(2030, 1, 2), "true, false or a date and time"),
    ],
)
def test_a_wrong_type_is_told_with_no_value(key: str, value: Any, right: str) -> None:
    with pytest.raises(TypeError) as raised:
        account_of("alice", {"password": SECRET, key: value})
    kind = type(value).__name__
    assert str(raised.value) == f"{key} of user 'alice' must be {right}, not {kind}"


@pytest.mark.parametrize(
    "wrong, right",
    [
        ("passwort", "password"),
        ("Password", "password"),
        ("passwd", "password"),
        ("password_hash", "password"),
        ("hashed_password", "password"),
        ("pwd", "password"),
        ("group", "groups"),
        ("Groups", "groups"),
        ("e-mail", "email"),
        ("full-name", "full_name"),
        ("fullname", "full_name"),
        ("disable", "disabled"),
        ("Disabled", "disabled"),
        ("enabled", "disabled"),
        ("active", "disabled"),
        ("is_active", "disabled"),
        ("locked", "disabled"),
        ("must-change", "must_change"),
        ("must_changed", "must_change"),
        ("credentials_version", "credential_version"),
    ],
)
def test_what_is_nearly_a_field_is_a_mistake(wrong: str, right: str) -> None:
    with pytest.raises(ValueError, match=f"'{wrong}' of user 'alice' is no field: write '{right}'"):
        account_of("alice", {wrong: SECRET})


@pytest.mark.parametrize("key", ["tenant", "department", "phone", "role", "city", "given_name"])
def test_what_is_far_from_each_field_is_a_claim(key: str) -> None:
    assert account_of("alice", {key: "x"}).claims == {key: "x"}


@pytest.mark.parametrize("key", ["sub", "name", "preferred_username", "email_verified"])
def test_no_claim_says_who_the_user_is(key: str) -> None:
    with pytest.raises(
        ValueError, match=f"'{key}' of user 'alice' would say who .* such as "
    ) as told:
        account_of("alice", {key: SECRET})
    assert SECRET not in str(told.value)


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="the keys of user 'alice' must be text, not int"):
        account_of("alice", {5: SECRET})


def test_what_a_store_cannot_keep_is_named() -> None:
    check_fields({"password": "x"}, FIELDS, "it")
    with pytest.raises(ValueError, match=r"it cannot keep email, groups: it keeps password$"):
        check_fields({"groups": 1, "email": 2, "password": 3}, frozenset({"password"}), "it")


@pytest.mark.parametrize("name", ["alice", "alice@example.com", "Zoë", "a b", "x" * 255, "a.b"])
def test_names_that_can_log_in(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "a:b", " a", "a ", "a\nb", "a\x00", "\u202ea", "x" * 256, None, 5, b"a", "\ud800"]
)
def test_names_that_cannot(name: Any) -> None:
    with pytest.raises(ValueError, match="a user's name must have"):
        check_name(name)
