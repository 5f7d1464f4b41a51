"""`dash-auth-check` beside a distribution that owns the same folder, with real installations.

`dash-auth` is built here, tiny, under its own name: what counts is that it brings files of the same
names, as the real one does.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import dash_auth_check

# Its finder takes the place of Python's, and behaves as Python's own does from 3.12 on.
import importlib_metadata  # noqa: F401
import pytest
from dash_auth_check import PACKAGE, REMEDY


def write_wheel(wheel: Path, files: dict[str, bytes], requires: str | None = None) -> Path:
    """Write a wheel with these files, and the RECORD that makes it one."""
    name, version = wheel.name.split("-")[:2]
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
            + (f"Requires-Dist: {requires}\n" if requires else "")
        ).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if name == "dash_auth_rs":
        entry = b"[console_scripts]\ndash-auth-check = dash_auth_check:main\n"
        files[f"{info}/entry_points.txt"] = entry
    record = [
        f"{path},sha256={recorded(content)},{len(content)}" for path, content in files.items()
    ]
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]))
    return wheel


def recorded(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give a wheel of each distribution; ours holds the files that are installed here."""
    folder = tmp_path_factory.mktemp("wheels")
    ours = {
        file.as_posix(): Path(str(file.locate())).read_bytes()
        for file in importlib.metadata.files("dash-auth-rs") or []
        if file.parts[0] in {PACKAGE, "dash_auth_check"} and file.suffix != ".pyc"
    }
    assert f"{PACKAGE}/__init__.py" in ours
    upstream = {
        f"{PACKAGE}/__init__.py": b"from .auth import Auth\n",
        f"{PACKAGE}/auth.py": b"class Auth: ...\n",
    }
    return {
        "dash-auth-rs": write_wheel(folder / "dash_auth_rs-0.1.0-py3-none-any.whl", ours),
        "dash-auth": write_wheel(folder / "dash_auth-2.3.0-py3-none-any.whl", upstream),
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
        script = self.folder / "bin" / "dash-auth-check"
        done = subprocess.run([script], stdout=subprocess.PIPE, text=True, check=False)
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


def lay(folder: Path, wheels: Iterable[Path]) -> list[str]:
    """Unpack wheels over each other and return the path that `inspect` shall look in."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return [str(folder)]


def test_the_exit_code_says_whether_all_is_well(
    tmp_path: Path,
    wheels: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "path", lay(tmp_path, [wheels["dash-auth-rs"]]))
    assert dash_auth_check.main() == 0
    assert capsys.readouterr().out.startswith("dash-auth-rs 0.1.0 is what")
    lay(tmp_path, [wheels["dash-auth"]])
    assert dash_auth_check.main() == 1
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
