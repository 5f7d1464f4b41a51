"""The tables in a TOML file: of one that was read before, only those that are new are parsed."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

Parts = Mapping[str, Mapping[str, Any]]
"""Tables by the lines that hold them."""

_HEADER = re.compile(
    r"""^[ \t]*\[[ \t]*(?:[A-Za-z0-9_-]+|"[^"\\\n]*"|'[^'\n]*')[ \t]*\][ \t]*(?:\#[^\n]*)?$""",
    re.MULTILINE | re.VERBOSE,
)
"""The header of a table that is in no other one."""


def text_of(content: bytes) -> str:
    """Return the text of a file.

    :raises ValueError: if it is none
    """
    try:
        # Windows' editors put a mark before it.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None


def read(text: str, known: Parts | None = None) -> tuple[dict[str, Any], Parts]:
    """Return the tables in a text by their names, and by their lines for the next time.

    Python's parser takes a second for some ten thousand users, while all who ask wait.

    :param text: the text
    :param known: tables of a text that was read before
    :raises ValueError: if it cannot be read; what it says quotes no value
    """
    parts = _parts(text, known or {})
    if parts is not None:
        tables = {name: table for one in parts.values() for name, table in one.items()}
        # A name that is there twice is told, with its place.
        if len(tables) == len(parts):
            return tables, parts
    return _read_as_a_whole(text), {}


def _parts(text: str, known: Parts) -> Parts | None:
    """Return each table by its lines; None if they say something only together."""
    if '"""' in text or "'''" in text:
        # Within such text a line may look like a header.
        return None
    begins = [found.start() for found in _HEADER.finditer(text)]
    if not begins:
        return None
    parts: dict[str, Mapping[str, Any]] = {}
    try:
        if tomllib.loads(text[: begins[0]]):
            return None
        for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
            lines = text[begin:end]
            table = known.get(lines)
            table = tomllib.loads(lines) if table is None else table
            if lines in parts or len(table) != 1:
                return None
            parts[lines] = table
    except (ValueError, RecursionError):
        return None
    return parts


def _read_as_a_whole(text: str) -> dict[str, Any]:
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        # What it says ends with the place, and quotes no value.
        raise ValueError(str(error)) from None
    return tables
