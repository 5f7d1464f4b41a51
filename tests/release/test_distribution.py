"""What a distribution says of itself, and what it brings along."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/dash-auth-rs/dash-auth-rs"
METADATA = importlib.metadata.metadata("dash-auth-rs")
FILES = importlib.metadata.files("dash-auth-rs") or []
NOTICES = ROOT.joinpath("THIRD-PARTY-NOTICES.txt").read_text()
CHANGELOG = ROOT.joinpath("CHANGELOG.md").read_text()


def test_the_metadata_lead_to_the_project() -> None:
    urls = dict(url.split(", ") for url in METADATA.get_all("Project-URL", []))
    assert urls["Homepage"] == urls["Source"] == REPOSITORY
    assert urls["Report a vulnerability"] == f"{REPOSITORY}/security/advisories/new"
    assert urls["Report a vulnerability"] in ROOT.joinpath("SECURITY.md").read_text()
    assert {"Documentation", "Changelog", "Issues"} < urls.keys()
    assert {url for url in urls.values() if not url.startswith(REPOSITORY)} == set()


def test_the_metadata_say_who_made_it_and_for_whom() -> None:
    assert METADATA["Author"] and METADATA["Keywords"] and METADATA["License-Expression"] == "MIT"
    classifiers = METADATA.get_all("Classifier", [])
    assert {"Framework :: Dash", "Typing :: Typed"} < set(classifiers)
    oldest = METADATA["Requires-Python"].removeprefix(">=")
    assert f"Programming Language :: Python :: {oldest}" in classifiers


def test_a_wheel_brings_the_licences_and_what_is_built_in() -> None:
    names = {str(file).partition(".dist-info/")[2] for file in FILES}
    assert {"licenses/LICENSE", "licenses/THIRD-PARTY-NOTICES.txt"} < names
    assert any(re.fullmatch(r"sboms/.+\.cyclonedx\.json", name) for name in names)


def test_the_notices_name_each_crate_that_is_built_in() -> None:
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "--offline", "--features", "python", "--edges", "normal"]
        + ["--prefix", "none", "--format", "{p}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    built_in = set(re.findall(r"^(\S+) v(\S+)", tree.stdout, re.MULTILINE))
    named = set(re.findall(r"^  (\S+) (\d+\.[^\s,]+)(?:, https:.*)?$", NOTICES, re.MULTILINE))
    # Further ones are built in on other platforms.
    lock = ROOT.joinpath("Cargo.lock").read_text()
    locked = set(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', lock, re.MULTILINE))
    assert {crate for crate in built_in if crate[0] != "dash-auth-rs"} <= named <= locked


def test_the_changelog_has_a_place_for_what_comes_and_the_version() -> None:
    manifest = ROOT.joinpath("Cargo.toml").read_text()
    crate = re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)
    assert crate is not None
    heads = re.findall(r"^## \[(.+?)\](?: - (.+))?$", CHANGELOG, re.MULTILINE)
    assert heads[0] == ("Unreleased", "")
    assert heads[1][0] == crate[1] and re.fullmatch(r"\d{4}-\d\d-\d\d", heads[1][1])
