"""The developer's dict as a store."""

from __future__ import annotations

from typing import Any

import pytest
from dash_auth.users import Account, UserStore
from dash_auth.users.table import Table


def test_a_table_is_a_live_store() -> None:
    users = {"alice": "wonderland"}
    table: UserStore = Table(users)
    before = table.version()
    assert table.find("alice") == Account("alice", "wonderland")
    assert table.find("bob") is None
    users["bob"] = "the:builder"
    assert table.find("bob") == Account("bob", "the:builder")
    assert list(table.names()) == ["alice", "bob"]
    assert table.version() != before


@pytest.mark.parametrize("value", [None, 5, ("alice", "wonderland")])
def test_what_is_no_stored_password_stays_what_it_is(value: Any) -> None:
    assert Table({"alice": value}).find("alice") == Account("alice", value)


def test_an_account_shows_no_password() -> None:
    shown = repr(Account("alice", "wonderland", ["board"], {"token": "secret"}))
    assert "wonderland" not in shown
    assert "secret" not in shown
    assert "alice" in shown
