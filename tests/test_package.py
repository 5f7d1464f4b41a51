"""What is installed: one version, typed, for every Python from 3.10, on the Dash asked for."""

from __future__ import annotations

import importlib.metadata
import os
import re
from pathlib import Path

import dash
import dash_auth
from dash_auth import _core

ROOT = Path(__file__).parents[1]
FILES = importlib.metadata.files("dash-auth-rs") or []


def test_the_distribution_and_the_core_have_the_version_of_the_crate() -> None:
    manifest = ROOT.joinpath("Cargo.toml").read_text()
    crate = re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)
    assert crate is not None
    assert _core.__version__ == crate[1]
    assert importlib.metadata.version("dash-auth-rs") == crate[1]


def test_what_is_tested_is_the_installed_package() -> None:
    installed = {str(file.locate()) for file in FILES}
    assert dash_auth.__file__ in installed
    assert _core.__file__ in installed


def test_the_package_says_that_it_is_typed() -> None:
    names = {str(file) for file in FILES}
    assert {"dash_auth/py.typed", "dash_auth/_core.pyi"} <= names


def test_what_the_package_reads_is_installed_with_it() -> None:
    source = ROOT / "python"
    ends = {".css", ".html", ".js", ".json", ".lua", ".svg"}
    read = {
        path.relative_to(source).as_posix() for path in source.rglob("*") if path.suffix in ends
    }
    assert "dash_auth/logins/pages/html/login.html" in read
    assert read - {str(file) for file in FILES} == set()


def test_the_extension_serves_every_python_from_3_10() -> None:
    wheel = importlib.metadata.distribution("dash-auth-rs").read_text("WHEEL")
    assert wheel is not None
    assert "Tag: cp310-abi3-" in wheel
    assert str(_core.__file__).endswith(".abi3.so")


def test_the_commands_are_declared() -> None:
    entries = importlib.metadata.distribution("dash-auth-rs").entry_points
    assert sorted((entry.name, entry.value) for entry in entries) == [
        ("dash-auth", "dash_auth._cli:main"),
        ("dash-auth-check", "dash_auth_check:main"),
    ]


def test_extras_bring_what_some_settings_need() -> None:
    extras = importlib.metadata.metadata("dash-auth-rs").get_all("Provides-Extra")
    assert sorted(extras or []) == ["oidc", "redis", "sql"]


def test_the_dash_under_test_is_the_one_that_the_lock_file_names() -> None:
    version = os.environ.get("DASH_VERSION", "4.4")
    locked = ROOT.joinpath("requirements", f"dash-{version}.txt").read_text().splitlines()
    assert f"dash=={dash.__version__}" in locked
