"""What was found out of an app's registrations holds until one is added."""

from __future__ import annotations

import pytest
from dash_auth._dash.registry import UntilAdded


def test_an_answer_holds_until_something_is_registered() -> None:
    registered: list[str] = []
    found: list[int] = []

    def find() -> int:
        found.append(len(registered))
        return found[-1]

    ask = UntilAdded(lambda: tuple(registered), find)
    assert found == []
    assert [ask(), ask()] == [0, 0]
    registered.append("a")
    assert [ask(), ask()] == [1, 1]
    # One that takes another's place counts too.
    registered[0] = "b"
    assert [ask(), ask()] == [1, 1]
    assert found == [0, 1, 1]


def test_what_is_added_while_it_is_looked_at_is_looked_at_the_next_time() -> None:
    registered = ["a"]

    def find() -> list[str]:
        seen = list(registered)
        if len(registered) == 1:
            registered.append("b")
        return seen

    ask = UntilAdded(lambda: len(registered), find)
    assert ask() == ["a"]
    assert ask() == ["a", "b"]


def test_an_answer_that_could_not_be_found_is_looked_for_again() -> None:
    errors = [LookupError("not set up")]

    def find() -> str:
        if errors:
            raise errors.pop()
        return "found"

    ask = UntilAdded(lambda: None, find)
    with pytest.raises(LookupError):
        ask()
    assert ask() == "found"
