"""Files of users that are read once: CSV, JSON, and what `htpasswd` writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COLUMNS = ("name", "password_hash", "password", "groups", "email", "full_name")
"""What is read of a user."""

_KNOWN = f"{', '.join(COLUMNS[:-1])} and {COLUMNS[-1]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file says of a user; an empty text and None differ, as in the file.

    Attributes:
        place: where it stands in the file.
        fault: why it cannot be read, None if it can.
    """

    place: str
    name: str = ""
    password_hash: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    groups: tuple[str, ...] = ()
    email: str | None = None
    full_name: str | None = None
    fault: str | None = None


def entries_of(path: Path, form: str) -> list[Entry]:
    """Return what a file says.

    :param path: the file
    :param form: one of :data:`FORMATS`
    :raises OSError: if it cannot be read
    :raises ValueError: if it is no such file
    """
    # With or without the mark that programs of Windows put before text.
    text = path.read_text(encoding="utf-8-sig")
    return list(FORMATS[form](text))


def format_of(path: Path) -> str | None:
    """Return which format a file has by its name, None if that says nothing.

    :param path: the file
    """
    ending = path.suffix or path.name
    return next((form for form in FORMATS if ending.lower().lstrip(".") == form), None)


def _csv(text: str) -> Iterator[Entry]:
    rows = csv.DictReader(text.splitlines(keepends=True), strict=True, restkey="", restval=None)
    try:
        unknown = set(rows.fieldnames or [""]) - set(COLUMNS)
        if unknown or "name" not in (rows.fieldnames or ()):
            # Not which: where the line is missing, these are names and passwords.
            raise ValueError(f"the first line must name the columns: some of {_KNOWN}")
        for row in rows:
            place = f"line {rows.line_num}"
            if "" in row or None in row.values():
                yield Entry(place, fault="it has more or fewer columns than the first line")
            else:
                yield _entry(place, row)
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num} is no CSV: {error}") from None


def _json(text: str) -> Iterator[Entry]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno} is no JSON: {error.msg}") from None
    if isinstance(found, dict):
        # As in a script: names, and what is stored or a table of each.
        found = [
            {**kept, "name": name}
            if isinstance(kept, dict)
            else {"name": name, "password_hash": kept}
            for name, kept in found.items()
        ]
    if not isinstance(found, list):
        raise ValueError("it must be an array of objects, or an object by user names")
    for number, one in enumerate(found, start=1):
        place = f"entry {number}"
        if not isinstance(one, dict) or set(one) - set(COLUMNS):
            yield Entry(place, fault=f"it must be an object with some of {_KNOWN}")
        else:
            yield _entry(place, one)


def _htpasswd(text: str) -> Iterator[Entry]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, stored = line.strip().partition(":")
        fault = None if colon else "it has no colon"
        # What follows the next one is a comment, as Apache reads it.
        yield Entry(f"line {number}", name, stored.partition(":")[0], fault=fault)


def _entry(place: str, row: Mapping[str, Any]) -> Entry:
    groups = row.get("groups") or ()
    if isinstance(groups, str):
        groups = groups.replace(";", ",").split(",")
    texts = {column: row.get(column) for column in COLUMNS if column != "groups"}
    if not all(isinstance(text, str | None) for text in texts.values()) or not _are_texts(groups):
        return Entry(place, fault="it holds what is no text, or groups that are no list of texts")
    stripped = tuple(dict.fromkeys(group.strip() for group in groups if group.strip()))
    return Entry(
        place,
        texts["name"] or "",
        texts["password_hash"],
        texts["password"],
        stripped,
        texts["email"] or None,
        texts["full_name"] or None,
    )


def _are_texts(groups: Any) -> bool:
    return isinstance(groups, list | tuple) and all(isinstance(one, str) for one in groups)


FORMATS: dict[str, Callable[[str], Iterable[Entry]]] = {
    "csv": _csv,
    "json": _json,
    "htpasswd": _htpasswd,
}
"""How each format is read."""
