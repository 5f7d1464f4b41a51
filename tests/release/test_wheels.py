"""The script that builds, checks and installs the distributions: what it does where something is off."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from wheels import write_wheel

ROOT = Path(__file__).parents[2]


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give the script, in a folder of its own for what it builds and for its tools."""
    spec = importlib.util.spec_from_file_location("wheels_script", ROOT / "release" / "wheels.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "DIST", tmp_path / "dist")
    monkeypatch.setattr(script, "TOOLS", tmp_path / "tools")
    return script


def program(folder: Path, name: str, lines: str) -> None:
    """Write a program for the shell."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(name).write_text(f"#!/bin/sh\n{lines}\n")
    folder.joinpath(name).chmod(0o755)


def test_what_a_program_says_beside_its_answer_is_no_part_of_it(
    wheels: ModuleType, tmp_path: Path
) -> None:
    # So does rustup, which stands for `rustc`, where it installs the compiler first.
    program(tmp_path / "tools" / "bin", "rustc", "echo 'info: syncing' >&2; echo /opt/rust")
    assert wheels.sysroot() == Path("/opt/rust")


def test_a_program_that_fails_is_named_with_all_that_it_said(wheels: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"^\$ sh -c [^\n]+\nout\nerror\n$"):
        wheels.run("sh", "-c", "echo error >&2; echo out; exit 3")


@pytest.fixture
def satisfied(wheels: ModuleType, tmp_path: Path) -> None:
    """Have the tools find no fault."""
    for name in ("twine", "check-wheel-contents"):
        program(tmp_path / "tools" / "bin", name, "")
    wheels.DIST.mkdir()


@pytest.mark.usefixtures("satisfied")
def test_a_check_of_no_wheel_is_none(wheels: ModuleType) -> None:
    wheels.DIST.joinpath("dash_auth_rs-3.0.0.tar.gz").touch()
    with pytest.raises(SystemExit, match=r"^There is no wheel in "):
        wheels.check()


def test_the_wheel_that_is_tried_is_the_one_that_was_built(
    wheels: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Another release, where pip looks for packages.
    index = tmp_path / "index" / "dash-auth-rs"
    index.mkdir(parents=True)
    wheel = write_wheel(index / "dash_auth_rs-9.0.0-py3-none-any.whl", {})
    index.joinpath("index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    monkeypatch.setenv("PIP_INDEX_URL", index.parent.as_uri())
    smoke = tmp_path / "smoke.py"
    smoke.write_text("import importlib.metadata as m; print(m.version('dash-auth-rs'))")
    monkeypatch.setattr(wheels, "SMOKE", smoke)
    with pytest.raises(SystemExit, match="No matching distribution found for dash-auth-rs"):
        wheels.install(sys.executable)
    wheels.DIST.mkdir()
    write_wheel(wheels.DIST / "dash_auth_rs-8.0.0rc1-py3-none-any.whl", {})
    wheels.install(sys.executable)
    assert capsys.readouterr().out == f"{sys.executable}: 8.0.0rc1\n"


@pytest.mark.usefixtures("satisfied")
@pytest.mark.parametrize("folder", ["ROOT", "cargo_home", "sysroot"])
@pytest.mark.parametrize("spell", [str, Path.as_uri])
def test_a_wheel_names_no_folder_of_the_builder(
    wheels: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    spell: Callable[[Path], str],
) -> None:
    monkeypatch.setattr(wheels, "ROOT", tmp_path / "my source")
    monkeypatch.setattr(wheels, "cargo_home", lambda: tmp_path / "my cargo")
    monkeypatch.setattr(wheels, "sysroot", lambda: tmp_path / "my rust")
    wheels.ROOT.mkdir()
    wheel = wheels.DIST / "dash_auth_rs-3.0.0-py3-none-any.whl"
    write_wheel(wheel, {"dash_auth/_core.so": str(tmp_path).encode()})
    wheels.check()
    where = getattr(wheels, folder)
    named = spell(where if isinstance(where, Path) else where())
    write_wheel(wheel, {"dash_auth/_core.so": f'"{named}/lib.rs"'.encode()})
    with pytest.raises(SystemExit, match=r"dash_auth/_core.so names the builder's .*/my \w+$"):
        wheels.check()


@pytest.mark.usefixtures("satisfied")
@pytest.mark.parametrize(("found", "is_kept"), [("2_17", True), ("2_34", False)])
def test_a_wheel_keeps_what_its_tag_promises(
    wheels: ModuleType, tmp_path: Path, found: str, is_kept: bool
) -> None:
    tag = "manylinux2014_x86_64.manylinux_2_17_x86_64"
    write_wheel(wheels.DIST / f"dash_auth_rs-3.0.0-cp310-abi3-{tag}.whl", {})
    shown = f'is consistent with\nthe following platform tag: "manylinux_{found}_x86_64".'
    program(tmp_path / "tools" / "bin", "auditwheel", f"echo '{shown}'")
    if is_kept:
        wheels.check()
    else:
        with pytest.raises(SystemExit, match="does not keep what its tag promises"):
            wheels.check()


@pytest.mark.parametrize("has_rust", [True, False])
def test_a_release_leaves_no_wheel_out(
    wheels: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    has_rust: bool,
) -> None:
    built: list[str] = []
    monkeypatch.setattr(wheels, "maturin", lambda *arguments: built.append(arguments[0]))
    monkeypatch.setattr(wheels, "add", lambda target: has_rust)
    monkeypatch.setattr(wheels, "is_here", lambda python: python == sys.executable)
    monkeypatch.delenv("CI", raising=False)
    wheels.build(["x86_64-pc-windows-msvc"])
    assert built == ["sdist", *["build"] * has_rust]
    assert capsys.readouterr().out.startswith("No wheel for x86_64-pc-windows-msvc")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match="No wheel for x86_64-pc-windows-msvc"):
        wheels.build(["x86_64-pc-windows-msvc"])
