"""`dash-auth-check` beside a distribution that owns the same folder, with real installations.

`dash-auth` is built here, tiny, under its own name: what counts is that it brings files of the same
names, as the real one does.
"""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import dash_auth_check

# Its finder takes the place of Python's, and behaves as Python's own does from 3.12 on.
import importlib_metadata  # noqa: F401
import pytest
from dash_auth_check import PACKAGE, REMEDY
from wheels import UPSTREAM, lay, our_files, write_wheel


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give a wheel of each distribution; ours holds the files that are imported here."""
    folder = tmp_path_factory.mktemp("wheels")
    return {
        "dash-auth-rs": write_wheel(folder / "dash_auth_rs-0.1.0-py3-none-any.whl", our_files()),
        "dash-auth": write_wheel(folder / "dash_auth-2.3.0-py3-none-any.whl", UPSTREAM),
    }


@dataclass(frozen=True)
class Environment:
    """A virtual environment without anything in it, and the two wheels to put there."""

    folder: Path
    wheels: dict[str, Path]

    def pip(self, *arguments: str | Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", self.folder, "--quiet", "--no-input"]
        subprocess.run([*pip, "--disable-pip-version-check", *arguments], check=True)

    def install(self, *names: str) -> None:
        for name in names:
            self.pip("install", "--no-deps", "--no-index", self.wheels[name])

    def check(self) -> tuple[int, str]:
        return self.run("dash-auth-check")

    def run(self, program: str, *arguments: str) -> tuple[int, str]:
        """Run a program of the environment; return its exit code and what it printed."""
        done = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture
def environment(tmp_path: Path, wheels: dict[str, Path]) -> Environment:
    venv.create(tmp_path / "venv", with_pip=False)
    return Environment(tmp_path / "venv", wheels)


def test_alone_all_is_well(environment: Environment) -> None:
    environment.install("dash-auth-rs")
    code, said = environment.check()
    assert code == 0
    assert said.startswith("dash-auth-rs 0.1.0 is what `import dash_auth` gives (")
    assert REMEDY not in said


def test_upstream_installed_later_wins(environment: Environment) -> None:
    environment.install("dash-auth-rs", "dash-auth")
    code, said = environment.check()
    assert code == 1
    assert "dash-auth 2.3.0 is installed, in the same folder." in said
    assert "dash-auth wrote over files of dash-auth-rs" in said
    assert "NOTHING OF DASH-AUTH-RS PROTECTS YOUR APP." in said
    assert REMEDY in said


def test_upstream_installed_earlier_loses_but_stays_a_danger(environment: Environment) -> None:
    environment.install("dash-auth", "dash-auth-rs")
    code, said = environment.check()
    assert code == 1
    assert "are those of dash-auth-rs, for now." in said
    assert "NOTHING OF" not in said
    assert REMEDY in said


@pytest.mark.parametrize("order", [("dash-auth", "dash-auth-rs"), ("dash-auth-rs", "dash-auth")])
def test_uninstalling_upstream_alone_breaks_ours(
    environment: Environment, order: tuple[str, str]
) -> None:
    environment.install(*order)
    environment.pip("uninstall", "--yes", "dash-auth")
    code, said = environment.check()
    assert code == 1
    assert "dash-auth 2.3.0" not in said
    assert "Files of dash-auth-rs are missing or changed: dash_auth/__init__.py" in said
    assert REMEDY in said


def test_the_remedy_helps(environment: Environment) -> None:
    environment.install("dash-auth-rs", "dash-auth")
    environment.pip("uninstall", "--yes", "dash-auth", "dash-auth-rs")
    environment.install("dash-auth-rs")
    assert environment.check()[0] == 0


AS_MODULE = ("python", "-m", "dash_auth_check")
WAYS = [("dash-auth-check",), AS_MODULE]


def test_it_runs_as_a_module_and_imports_nothing_that_it_checks(environment: Environment) -> None:
    environment.install("dash-auth-rs")
    assert environment.run(*AS_MODULE) == environment.check()
    (package,) = environment.folder.glob(f"lib/*/site-packages/{PACKAGE}")
    package.joinpath("__init__.py").write_text("raise SystemExit('imported')")
    code, said = environment.run(*AS_MODULE)
    assert code == 1
    assert f"missing or changed: {PACKAGE}/__init__.py." in said


@pytest.mark.parametrize("way", WAYS, ids=["script", "module"])
def test_its_arguments_are_those_that_programs_have(
    environment: Environment, way: tuple[str, ...]
) -> None:
    environment.install("dash-auth-rs")
    code, said = environment.run(*way, "--help")
    assert code == 0
    assert said.startswith("usage: dash-auth-check [-h] [--version]")
    assert (
        "Exit codes: 0 if dash-auth-rs is whole and has its folder to itself; 1 if not; 2 for"
        in (" ".join(said.split()))
    )
    assert environment.run(*way, "--version") == (0, "dash-auth-rs 0.1.0\n")
    assert environment.run(*way, "--versions") == (2, "")


def test_what_is_not_installed_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        dash_auth_check.main(["--version"])
    assert not ended.value.code
    assert capsys.readouterr().out == "dash-auth-rs is not installed\n"


def test_the_module_is_run_as_the_script_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dash_auth_check, "main", lambda: 7)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("dash_auth_check", run_name="__main__", alter_sys=True)
    assert ended.value.code == 7
    runpy.run_module("dash_auth_check.__main__", run_name="imported")


def test_the_exit_code_says_whether_all_is_well(
    tmp_path: Path,
    wheels: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "path", lay(tmp_path, [wheels["dash-auth-rs"]]))
    assert dash_auth_check.main([]) == 0
    assert capsys.readouterr().out.startswith("dash-auth-rs 0.1.0 is what")
    lay(tmp_path, [wheels["dash-auth"]])
    assert dash_auth_check.main([]) == 1
    assert capsys.readouterr().out.endswith(f"{REMEDY}\n")


def test_a_changed_file_is_named(tmp_path: Path, wheels: dict[str, Path]) -> None:
    path = lay(tmp_path, [wheels["dash-auth-rs"]])
    assert dash_auth_check.inspect(path).sound
    with (tmp_path / PACKAGE / "__init__.py").open("a") as file:
        file.write("# patched\n")
    found = dash_auth_check.inspect(path)
    assert not found.sound
    assert (found.foreign, found.damaged) == ((), (f"{PACKAGE}/__init__.py",))
    assert "missing or changed: dash_auth/__init__.py." in found.describe()


def test_a_missing_file_is_named(tmp_path: Path, wheels: dict[str, Path]) -> None:
    path = lay(tmp_path, [wheels["dash-auth-rs"]])
    (tmp_path / PACKAGE / "py.typed").unlink()
    assert dash_auth_check.inspect(path).damaged == (f"{PACKAGE}/py.typed",)


def test_both_with_our_files_is_not_sound(tmp_path: Path, wheels: dict[str, Path]) -> None:
    found = dash_auth_check.inspect(lay(tmp_path, [wheels["dash-auth"], wheels["dash-auth-rs"]]))
    assert not found.sound
    assert (found.foreign, found.damaged) == ((), ())
    assert "are those of dash-auth-rs, for now." in found.describe()


def test_upstream_alone_is_not_ours(tmp_path: Path, wheels: dict[str, Path]) -> None:
    found = dash_auth_check.inspect(lay(tmp_path, [wheels["dash-auth"]]))
    assert not found.sound
    assert (found.ours, found.upstream) == (None, "2.3.0")
    assert found.describe().startswith("dash-auth-rs is not installed.\ndash-auth 2.3.0 is")


def test_a_folder_that_is_gone_is_said_to_be(tmp_path: Path, wheels: dict[str, Path]) -> None:
    path = lay(tmp_path, [wheels["dash-auth-rs"]])
    shutil.rmtree(tmp_path / PACKAGE)
    found = dash_auth_check.inspect(path)
    assert not found.sound
    assert "There is no `dash_auth` to import." in found.describe()


def test_an_editable_installation_is_ours_unless_upstream_hides_it(
    tmp_path: Path, wheels: dict[str, Path]
) -> None:
    site, source = tmp_path / "site", tmp_path / "source"
    lay(source, [wheels["dash-auth-rs"]])
    info = site / "dash_auth_rs-0.1.0.dist-info"
    shutil.copytree(source / info.name, info)
    (info / "RECORD").write_text("")
    direct = {"url": source.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(direct))
    path = [str(site), str(source)]
    assert dash_auth_check.inspect(path).sound
    lay(site, [wheels["dash-auth"]])
    found = dash_auth_check.inspect(path)
    assert found.foreign == (f"{PACKAGE}/__init__.py",)
    assert "NOTHING OF" in found.describe()
