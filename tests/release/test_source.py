"""The source distribution, and building from it."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "Cargo.toml"
NEEDS = "dash-auth-rs is built from source here, which needs Rust"


@pytest.fixture
def no_rust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the one folder on the path, which is empty."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def ask(hook: str) -> subprocess.CompletedProcess[str]:
    """Ask the build backend what it needs, as pip does."""
    return subprocess.run(
        [sys.executable, "-c", f"import build_backend; print(build_backend.{hook}())"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "release")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what git tracks is asked of git")
def test_it_holds_what_git_tracks_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "maturin", "sdist", "--out", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert names == {"PKG-INFO", *filter(None, tracked.stdout.split("\0"))}
    wanted = {"CHANGELOG.md", "SECURITY.md", "LICENSE", "THIRD-PARTY-NOTICES.txt", "Makefile"}
    assert wanted < names
    for folder in ("docs", "tests", "examples"):
        assert any(name.startswith(f"{folder}/") for name in names)


def test_pip_says_that_rust_is_missing_before_it_downloads_anything(
    no_rust: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("Cargo.toml", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "release", source / "release")
    done = subprocess.run(
        # With no index there is nothing that it could download.
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", source],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert NEEDS in said and "https://rustup.rs" in said
    assert "Traceback" not in said and "maturin" not in said


@pytest.mark.parametrize(
    "hook",
    [
        "get_requires_for_build_wheel",
        "get_requires_for_build_editable",
        "get_requires_for_build_sdist",
    ],
)
@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("", "none"),
        ("#!/bin/sh\nexit 1", "none"),
        ("#!/bin/sh\necho cargo 1.87.9", "1.87.9"),
        ("#!/bin/sh\necho since 2026.11; echo cargo 1.87.9", "1.87.9"),
        ("#!/bin/sh\nprintf '\\377'", "none"),
        ("no program", "none"),
    ],
)
def test_a_rust_that_is_too_old_is_none(no_rust: Path, hook: str, said: str, found: str) -> None:
    if said:
        cargo = no_rust / "cargo"
        cargo.write_text(f"{said}\n")
        cargo.chmod(0o755)
    done = ask(hook)
    assert done.returncode == 1
    wanted = re.search(r'^rust-version = "(.+)"', MANIFEST.read_text(), re.MULTILINE)
    assert wanted is not None
    assert done.stderr.startswith(f"{NEEDS} {wanted[1]} or newer (found: {found}): ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("version", ["1.88.0", "1.100.0", "2.0.0-nightly"])
def test_a_newer_rust_is_enough(no_rust: Path, version: str) -> None:
    cargo = no_rust / "cargo"
    cargo.write_text(f"#!/bin/sh\necho 'cargo {version} (0123456 2026-01-01)'\n")
    cargo.chmod(0o755)
    done = ask("get_requires_for_build_wheel")
    assert done.stdout == "['maturin==1.16.0']\n"


def test_one_version_of_maturin_is_named_everywhere() -> None:
    backend = ROOT.joinpath("release", "build_backend.py").read_text()
    pinned = re.search(r'"(maturin==.+)"', backend)
    assert pinned is not None
    for name in ("test.in", "release.in", "dash-4.4.txt", "release.txt"):
        assert pinned[1] in ROOT.joinpath("requirements", name).read_text().splitlines()


@pytest.mark.parametrize(
    ("hook", "asked", "arguments"),
    [
        ("build_wheel", "build_wheel", ("wheels", {"a": "b"}, "metadata")),
        ("build_editable", "build_editable", ("wheels", {"a": "b"}, "metadata")),
        ("build_sdist", "build_sdist", ("sdists", {"a": "b"})),
        *(
            (f"prepare_metadata_for_build_{kind}", "prepare_metadata_for_build_wheel", ("m", None))
            for kind in ("wheel", "editable")
        ),
    ],
)
def test_what_is_built_is_built_by_maturin(
    monkeypatch: pytest.MonkeyPatch, hook: str, asked: str, arguments: tuple[object, ...]
) -> None:
    maturin = ModuleType("maturin")
    setattr(maturin, asked, lambda *given: (asked, given))
    monkeypatch.setitem(sys.modules, "maturin", maturin)
    backend = runpy.run_path(str(ROOT / "release" / "build_backend.py"))
    assert backend[hook](*arguments) == (asked, arguments)
