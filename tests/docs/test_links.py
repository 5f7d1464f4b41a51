"""What the documents link to and name is there, and they are short and plain."""

from __future__ import annotations

import re
from pathlib import Path

import dash_auth
import pytest

from .blocks import BLOCKS, DOCUMENTS, README, ROOT

# The repository's address. README has it in each link, since PyPI shows README without the files
# beside it: to change it, replace this text here and in README.md.
REPOSITORY = "https://github.com/dash-auth-rs/dash-auth-rs"
# What GitHub serves below that address, and is no file of ours.
SERVED = {f"{REPOSITORY}/issues/new/choose", f"{REPOSITORY}/security/advisories/new"}
# Those beside README have no blocks that a user copies.
PAGES = sorted({*DOCUMENTS, *ROOT.glob("*.md")})
LANGUAGES = {"python", "py", "sh", "nginx", "text", "toml", "ini", "yaml", "dockerfile", "css"}


def test_each_kind_of_block_has_tests_that_ask_for_each_block() -> None:
    """`test_programs.py`, `test_commands.py`, `test_settings.py` and `test_styles.py` name them."""
    assert {block.language for block in BLOCKS} == LANGUAGES


def test_the_documents_name_all_that_the_package_exports() -> None:
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    needless = {"Report", "User", "__version__"}
    assert [name for name in dash_auth.__all__ if name not in text and name not in needless] == []


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_links_to_the_documents_lead_somewhere(document: Path) -> None:
    in_repository = re.compile(rf"{re.escape(REPOSITORY)}/(?:blob|raw|tree)/main/(.+)")
    for target in links(document):
        if found := in_repository.fullmatch(target):
            folder, target = ROOT, found[1]
        elif target.startswith(("https:", "http:")):
            assert target in SERVED or not target.startswith(REPOSITORY), target
            continue
        else:
            folder = document.parent
        name, _, anchor = target.partition("#")
        file = folder / name if name else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_readme_has_absolute_links_alone() -> None:
    targets = links(README)
    assert [target for target in targets if not target.startswith("https://")] == []
    wanted = re.search(r"^## I want to.*?(?=^## )", README.read_text(), re.MULTILINE | re.DOTALL)
    assert wanted is not None and wanted[0].count(f"]({REPOSITORY}/") == 8


def test_the_documents_name_the_rust_that_a_build_needs() -> None:
    manifest = (ROOT / "Cargo.toml").read_text()
    wanted = re.search(r'^rust-version = "(.+)"', manifest, re.MULTILINE)
    assert wanted is not None
    text = " ".join(" ".join(document.read_text().split()) for document in DOCUMENTS)
    assert set(re.findall(r"Rust (\d+\.\d+)", text)) == {wanted[1]}


def test_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_the_documents_speak_plainly(document: Path) -> None:
    words = r"\b(?:whoever|whom|whomever|strangers?|nobody)\b"
    assert re.findall(words, document.read_text(), re.IGNORECASE) == []


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_what_the_documents_name_of_the_repository_is_there(document: Path) -> None:
    text = document.read_text()
    for path in re.findall(r"`((?:benchmarks|docs|examples|release|src|tests)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= set(targets)


def links(document: Path) -> list[str]:
    """Return the targets of a document's links and pictures."""
    return re.findall(r"\]\(([^)]+)\)", document.read_text())


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
