"""`python -m dash_auth`: what is installed, also where that is damaged, in processes of their own."""

from __future__ import annotations

import os
import platform
import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import dash_auth_check
import pytest
from dash_auth import _installed
from wheels import UPSTREAM, lay, our_files, write_wheel

DOCS = "https://example.org/docs"
METADATA = f"""\
Project-URL: Homepage, https://example.org/
Project-URL: Documentation, {DOCS}
Requires-Dist: dash>=2.18
Requires-Dist: flask>=2.3 ; python_version >= '3.10'
Requires-Dist: authlib>=1.3 ; extra == 'oidc'
Requires-Dist: requests>=2.31 ; extra == 'oidc'
Requires-Dist: nothing-of-this-name[fast]>=1 ; (python_version >= "3.10") and extra == "other"
Provides-Extra: oidc
Provides-Extra: other
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a wheel of ours, of the files that are imported here, and one that stands for dash-auth."""
    folder = tmp_path_factory.mktemp("wheels")
    ours = write_wheel(folder / "dash_auth_rs-3.1.4-py3-none-any.whl", our_files(), METADATA)
    return ours, write_wheel(folder / "dash_auth-2.3.0-py3-none-any.whl", UPSTREAM)


@pytest.fixture
def site(tmp_path: Path, wheels: tuple[Path, Path]) -> Path:
    """Give a folder in which ours is installed; Dash is found where it is installed here."""
    lay(tmp_path / "site", [wheels[0]])
    return tmp_path / "site"


def run(site: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run Python on a folder; return the exit code, and what came on stdout and on stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "300", **environment},
        cwd=site.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def table(said: str) -> dict[str, str]:
    """Return what stands in the rows, by their names."""
    rows = said.partition("\n\n")[0].splitlines()
    return {name: found.strip() for name, _, found in (row.partition("  ") for row in rows)}


def test_the_versions_and_the_docs_are_printed(site: Path) -> None:
    code, said, complained = run(site, "-m", "dash_auth")
    assert (code, complained) == (0, "")
    assert table(said) == {
        "dash-auth-rs": "3.1.4",
        "Folder": str(site / "dash_auth"),
        "Python": f"{platform.python_version()} ({platform.platform()})",
        **{name: metadata.version(name) for name in ("Dash", "Flask", "Quart", "FastAPI")},
        "[oidc]": f"authlib {metadata.version('authlib')}, requests {metadata.version('requests')}",
        "[other]": "nothing-of-this-name not installed",
        "dash-auth": "not installed",
        "Docs": DOCS,
    }
    last = f"dash-auth-rs 3.1.4 is what `import dash_auth` gives ({site / 'dash_auth'})."
    assert said.splitlines()[-1] == last


def test_nothing_of_the_environment_is_printed(site: Path) -> None:
    names = ("SECRET_KEY", "DASH_AUTH_SECRET_KEY", "DASH_PUBLIC_ASSETS_EXTENSIONS", "HTTPS_PROXY")
    code, said, complained = run(site, "-m", "dash_auth", **dict.fromkeys(names, "swordfish"))
    assert (code, "swordfish" in said + complained) == (0, False)


def test_dash_auth_beside_it_is_told(site: Path, wheels: tuple[Path, Path]) -> None:
    lay(site, [wheels[1], wheels[0]])
    code, said, complained = run(site, "-m", "dash_auth")
    assert code == 1
    assert table(said)["dash-auth"] == "2.3.0"
    assert said.endswith(f"are those of dash-auth-rs, for now.\n{dash_auth_check.REMEDY}\n")
    assert "is installed beside dash-auth-rs" in complained


def test_it_runs_where_dash_auth_wrote_over_it(site: Path, wheels: tuple[Path, Path]) -> None:
    lay(site, [wheels[1]])
    code, said, complained = run(site, "-m", "dash_auth")
    assert (code, complained) == (1, "")
    assert (table(said)["dash-auth"], table(said)["dash-auth-rs"]) == ("2.3.0", "3.1.4")
    assert "NOTHING OF DASH-AUTH-RS PROTECTS YOUR APP." in said


def test_it_runs_where_dash_auth_took_files_away(site: Path) -> None:
    for name in UPSTREAM:
        site.joinpath(name).unlink()
    # A whole package in site-packages would come before what is left of this one.
    code, said, complained = run(site, "-S", "-m", "dash_auth")
    assert (code, complained) == (1, "")
    assert "missing or changed: dash_auth/__init__.py, dash_auth/auth.py." in said


def without_core(site: Path) -> None:
    for core in site.glob("dash_auth/_core.*"):
        if core.suffix != ".pyi":
            core.unlink()


def with_broken_core(site: Path) -> None:
    (core,) = (path for path in site.glob("dash_auth/_core.*") if path.suffix != ".pyi")
    core.write_bytes(b"no library")


@pytest.mark.parametrize("damage", [without_core, with_broken_core])
@pytest.mark.parametrize("way", [("-m", "dash_auth"), ("-mdash_auth",), ("-Bm", "dash_auth")])
def test_a_core_that_cannot_be_loaded_is_told(
    site: Path, damage: object, way: tuple[str, ...]
) -> None:
    assert callable(damage)
    damage(site)
    code, said, complained = run(site, *way)
    assert (code, complained) == (1, "")
    assert table(said)["dash-auth-rs"] == "3.1.4"
    assert "missing or changed: dash_auth/_core." in said
    assert said.splitlines()[-1].startswith("The compiled core of dash-auth-rs cannot be loaded: ")
    code, said, complained = run(site, *way, "--help")
    assert (code, complained) == (0, "")
    assert said.startswith("usage: python -m dash_auth ")


@pytest.mark.parametrize(
    "way",
    [
        ("-c", "import dash_auth"),
        ("-c", "import dash_auth", "-m", "dash_auth"),
        ("-c", "import sys; sys.argv = ['-m', 'dash_auth', *'abcdef']; import dash_auth"),
        ("-m", "dash_auth.version"),
        ("-m", "my_dash_auth"),
        ("-m", "my_dash_auth", "-m", "dash_auth"),
    ],
)
def test_a_package_with_no_core_is_not_imported(site: Path, way: tuple[str, ...]) -> None:
    without_core(site)
    other = site / "my_dash_auth"
    other.mkdir()
    other.joinpath("__init__.py").write_text("import dash_auth")
    other.joinpath("__main__.py").write_text("print('started')")
    code, said, complained = run(site, *way)
    assert (code, said) == (1, "")
    assert "The compiled core of dash-auth-rs cannot be loaded: " in complained
    assert "`python -m dash_auth` tells what is installed." in complained


def test_what_else_cannot_be_imported_is_told(site: Path) -> None:
    # With no site-packages there is no Dash.
    code, said, complained = run(site, "-S", "-m", "dash_auth")
    assert (code, complained) == (1, "")
    assert {table(said)[name] for name in ("Dash", "Flask", "Quart", "FastAPI")} == {
        "not installed"
    }
    assert said.splitlines()[-1].startswith("`import dash_auth` fails: No module named ")
    code, said, complained = run(site, "-S", "-c", "import dash_auth")
    assert code == 1
    assert complained.splitlines()[-1].startswith("ModuleNotFoundError: No module named ")


def test_the_arguments_are_those_that_programs_have(site: Path) -> None:
    code, said, _ = run(site, "-m", "dash_auth", "--help")
    assert code == 0
    assert said.startswith("usage: python -m dash_auth [-h] [--version]")
    assert "Exit codes: 0 if dash-auth-rs is whole" in said
    assert run(site, "-m", "dash_auth", "--version")[:2] == (0, "dash-auth-rs 3.1.4\n")
    code, said, complained = run(site, "-m", "dash_auth", "secret")
    assert (code, said) == (2, "")
    assert complained.endswith("error: unrecognized arguments: secret\n")


# In this process


def test_where_no_metadata_are_found_the_rest_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert _installed.main([]) == 1
    said = capsys.readouterr().out
    assert table(said)["dash-auth-rs"] == table(said)["Dash"] == "not installed"
    assert table(said)["Folder"] == "none"
    assert table(said)["Docs"] == "https://pypi.org/project/dash-auth-rs/"
    assert "dash-auth-rs is not installed." in said
    assert "cannot be loaded" not in said


def test_a_distribution_with_no_addresses_is_found_on_pypi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = write_wheel(tmp_path / "dash_auth_rs-3.1.4-py3-none-any.whl", our_files())
    monkeypatch.setattr(sys, "path", lay(tmp_path / "site", [wheel]))
    assert _installed.main([]) == 0
    said = capsys.readouterr().out
    assert not [name for name in table(said) if name.startswith("[")]
    assert table(said)["Docs"] == "https://pypi.org/project/dash-auth-rs/"


@pytest.mark.parametrize("error", [None, ImportError("no Dash")])
def test_the_exit_code_says_whether_all_is_well(
    error: ImportError | None,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    assert _installed.main([], error) == (0 if error is None else 1)
    assert ("`import dash_auth` fails: no Dash." in capsys.readouterr().out) == (error is not None)


def test_the_module_is_run_as_python_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_installed, "main", lambda: 7)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("dash_auth", run_name="__main__")
    assert ended.value.code == 7
    runpy.run_module("dash_auth.__main__", run_name="imported")


def package(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """Run the package's own module where some of the others cannot be imported."""
    for name in missing:
        monkeypatch.setitem(sys.modules, f"dash_auth.{name}", None)
    source = Path(_installed.__file__).with_name("__init__.py")
    exec(compile(source.read_text(), source, "exec"), {"__name__": "dash_auth"})


def test_the_import_fails_as_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^import of dash_auth\.version halted"):
        package(monkeypatch, "version")


def test_the_import_says_that_the_core_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ImportError, match=r"^The compiled core of dash-auth-rs cannot be"
    ) as failed:
        package(monkeypatch, "version", "_core")
    assert failed.value.name == "dash_auth"
    assert isinstance(failed.value.__cause__, ModuleNotFoundError)


def test_python_is_answered_before_it_runs_the_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["-m", "--version"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "dash_auth", "--version"])
    with pytest.raises(SystemExit) as ended:
        package(monkeypatch, "version")
    assert not ended.value.code
    assert capsys.readouterr().out.startswith("dash-auth-rs ")
