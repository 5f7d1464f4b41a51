"""The tables in a TOML file, read in parts."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from dash_auth.users import toml_tables
from dash_auth.users.toml_tables import read, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LINES = st.sampled_from(
    [
        "[alice]",
        "[bob]",
        '["alice"]',
        "['carol x']",
        '["a\\u006cice"]',
        "[ dan ]  # [eve]",
        "[alice.address]",
        '[bob."x"]',
        "[[eve]]",
        "[alice",
        "[]",
        'password = "x"',
        "password = 'y'  # [bob]",
        "groups = [",
        '"a",',
        "]",
        '["a"]',
        '["a"],',
        'note = """',
        '"""',
        "note = '''",
        "'''",
        "'",
        '"',
        "alice = 5",
        "alice.x = 5",
        "# [carol]",
        "",
        "\t",
        "é = 1",
    ]
)
TEXTS = st.lists(LINES, max_size=9).map("\n".join) | st.lists(LINES, max_size=5).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


def as_a_whole(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def in_parts(text: str, known: Any = None) -> tuple[Any, Any]:
    try:
        return read(text, known)
    except ValueError:
        return None, None


@settings(max_examples=200, deadline=None)
@given(one=TEXTS, other=TEXTS)
def test_in_parts_it_is_what_it_is_as_a_whole(one: str, other: str) -> None:
    tables, known = in_parts(one)
    assert tables == as_a_whole(one)
    for text in (other, one + other, one + "\n" + other, one):
        assert in_parts(text, known)[0] == as_a_whole(text)


def test_only_what_is_new_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    users = [f"[user{number}]\npassword = 'x'\n\n" for number in range(9)]
    tables, known = read("# Our users\n" + "".join(users))
    parsed: list[str] = []

    def loads(text: str) -> Any:
        parsed.append(text)
        return tomllib.loads(text)

    new = ["[carol]\n", *users[:3], users[4].replace("'x'", "'y'"), *users[5:]]
    monkeypatch.setattr(toml_tables, "tomllib", type("", (), {"loads": staticmethod(loads)}))
    found, _ = read("".join(new), known)
    assert parsed == ["", "[carol]\n", "[user4]\npassword = 'y'\n\n"]
    expected = {**tables, "user4": {"password": "y"}, "carol": {}}
    del expected["user3"]
    assert found == expected


@pytest.mark.parametrize(
    "text, line",
    [
        ("[alice]\n[bob]\n[alice]\n", 3),
        ("[alice]\n[alice]\n", 2),
        ("[alice]\n[bob]\nx = y\n", 3),
        ("[alice]\n[bob]\n[alice.x]\n[bob]\n", 4),
    ],
)
def test_the_place_in_the_whole_text_is_told(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"line {line}, "):
        read(text)


def test_a_text_is_read_with_any_end_of_lines() -> None:
    assert text_of(b"\xef\xbb\xbfa\r\nb\n\xc3\xa9") == "a\nb\n\xe9"
    with pytest.raises(ValueError, match="no text in UTF-8"):
        text_of(b"\xff")
