"""What a command prints: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click


def printable(text: str) -> str:
    """Return a text with which no terminal can be steered.

    :param text: any text, such as the name of a user that somebody else has chosen
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "backslashreplace").decode()
        for one in text
    )


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows below a head, each column as wide as it has to be.

    :param head: what the columns are called
    :param rows: the texts of each row
    """
    lines = [[printable(text) for text in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def print_json(found: Any) -> None:
    """Print something as JSON in ASCII, which every terminal and program takes.

    :param found: what is printed
    """
    click.echo(json.dumps(found, indent=2))
