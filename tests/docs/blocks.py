"""The blocks of code of README.md and docs/."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted(ROOT.glob("docs/*.md"))]


class Block(NamedTuple):
    """A block of code in a document."""

    language: str
    place: str
    """The document and the heading, with a number where there are several below it."""
    code: str


def blocks(document: Path) -> Iterator[Block]:
    """Return the blocks of a document, those within a list too."""
    heading, numbers = "", Counter[tuple[str, str]]()
    found = re.compile(r"^#+ ([^\n]+)$|^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
    for title, indent, language, code in found.findall(document.read_text()):
        if title:
            heading = title
            continue
        place = f"{document.stem}: {heading}"
        numbers[place, language] += 1
        number = numbers[place, language]
        code = re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)
        yield Block(language, place if number == 1 else f"{place} {number}", code)


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]


def written_in(language: str) -> dict[str, str]:
    """Return the code of each block in a language, by its place."""
    return {block.place: block.code for block in BLOCKS if block.language == language}


PYTHON = written_in("python")
"""Whole programs. What is marked `py` is part of one."""
