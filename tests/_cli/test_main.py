"""The command as a whole: exit codes, one line for what goes wrong, help, `python -m dash_auth`."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from dash_auth import _installed
from dash_auth._cli import main
from dash_auth._cli.errors import EXIT_CODES
from dash_auth.users.named import ENVIRONMENT
from databases import free_port

from .conftest import PASSWORD, Run, add


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Name a file: which kind of store it is makes no difference here."""
    return str(tmp_path / "users.toml")


def commands(group: click.Group = main, *path: str) -> list[list[str]]:
    """Return the words of each command."""
    found: list[list[str]] = [list(path)]
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, *path, name)
        else:
            found.append([*path, name])
    return found


def test_the_commands() -> None:
    assert {" ".join(words) for words in commands() if words} == {
        "hash",
        "verify",
        "users",
        *(f"users {one}" for one in ("add", "passwd", "remove", "list", "show", "disable")),
        *(f"users {one}" for one in ("enable", "groups", "import")),
        "sessions",
        *(f"sessions {one}" for one in ("list", "end", "create")),
    }


@pytest.mark.parametrize("words", commands())
def test_each_tells_its_exit_codes(words: list[str]) -> None:
    for way in ("-h", "--help"):
        done = CliRunner().invoke(main, [*words, way])
        assert done.exit_code == 0
        assert "Exit codes: 0 if " in done.output
        assert "2 for wrong arguments." in " ".join(done.output.split())
    assert "1 if it could not be done" in EXIT_CODES


@pytest.mark.parametrize("words", [words for words in commands() if words[:1] == ["users"]][1:])
def test_a_store_is_needed(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name\n")
    needed = {"list": [], "import": [str(tmp_path / "a.csv")]}.get(words[-1], ["alice"])
    done = CliRunner().invoke(main, [*words, *needed], env={ENVIRONMENT: None})
    assert done.exit_code == 2
    assert f"--store users.toml, or the environment variable {ENVIRONMENT}" in " ".join(
        done.stderr.split()
    )


def test_the_option_counts_before_the_environment(run: Run, tmp_path: Path) -> None:
    add(run)
    other = tmp_path / "other.toml"
    add(run, "bob", "--store", str(other))
    assert "alice" in run("users", "list").output
    assert "alice" not in run("users", "list", "--store", str(other)).output


@pytest.mark.parametrize("named", ["users", "users.json", "x://u:swordfish@h", "swordfish@"])
def test_what_is_no_store_is_a_wrong_argument(run: Run, named: str) -> None:
    for way in (["--store", named], []):
        done = run("users", "list", *way, code=2, **({} if way else {ENVIRONMENT: named}))
        assert "Invalid value" in done.stderr
        assert "swordfish" not in done.stderr


def broken(path: Path) -> None:
    path.write_text('[alice\npassword = "swordfish"\n')


def gone(path: Path) -> None:
    path.unlink(missing_ok=True)


def folder(path: Path) -> None:
    path.mkdir()


def damaged(path: Path) -> None:
    path.write_text('[alice]\npassword = "$2b$99$swordfish"\n')


@pytest.mark.parametrize("harm", [broken, gone, folder, damaged])
@pytest.mark.parametrize(
    "command",
    ["list", "show alice", "passwd alice --temporary", "disable alice", "groups alice --add x"]
    + ["remove --yes alice"],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(
    run: Run, tmp_path: Path, harm: object, command: str
) -> None:
    path = tmp_path / "harmed.toml"
    assert callable(harm)
    harm(path)
    done = run("users", *command.split(), "--store", str(path), code=1)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert str(path) in line
    assert "swordfish" not in line


@pytest.mark.parametrize("harm", [broken, folder])
def test_nothing_is_added_to_a_file_that_cannot_be_read(
    run: Run, tmp_path: Path, harm: object
) -> None:
    path = tmp_path / "harmed.toml"
    assert callable(harm)
    harm(path)
    before = path.read_bytes() if path.is_file() else None
    done = run("users", "add", "bob", "--temporary", "--store", str(path), code=1)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "swordfish" not in line
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_file_that_may_not_be_written_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    # Nothing but a file system of another kind keeps root from writing.
    folder = "/proc" if os.geteuid() == 0 else str(tmp_path)
    tmp_path.chmod(0o500)
    done = run("users", "add", "alice", "--temporary", "--store", f"{folder}/users.toml", code=1)
    tmp_path.chmod(0o700)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: {folder}/")


def test_a_database_that_is_away_is_told_in_one_line(run: Run) -> None:
    away = f"postgresql://user:swordfish@127.0.0.1:{free_port()}/users"
    for command in (["list"], ["add", "alice", "--temporary"], ["show", "alice"]):
        done = run("users", *command, "--store", away, code=1)
        (line,) = done.stderr.splitlines()
        assert done.stdout == "" and "swordfish" not in line and "sqlalche.me" not in line


@pytest.mark.parametrize("library", ["dash_auth.users.sql"])
def test_a_missing_library_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    done = run("users", "list", "--store", "sqlite:///x.db", code=1)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "error",
    [RuntimeError("one\ntwo\x1b[2J"), ZeroDivisionError(), KeyError("x"), OSError(5, "I/O")],
)
def test_no_error_is_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("dash_auth.users.toml_file.UsersFile.search", fail)
    done = run("users", "list", "--store", str(tmp_path / "x.toml"), code=1)
    (line,) = done.stderr.splitlines()
    assert "\x1b" not in line
    assert len(line) > len("Error: ")


def test_a_closed_pipe_is_no_error_to_tell(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("dash_auth.users.toml_file.UsersFile.search", fail)
    done = CliRunner().invoke(main, ["users", "list", "--store", "x.toml"])
    assert (done.exit_code, done.output) == (1, "")


@pytest.mark.parametrize(
    "command", ["disable alice", "groups alice --add x", "passwd alice --temporary"]
)
def test_a_user_who_is_removed_in_between_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    add(run)
    monkeypatch.setattr("dash_auth.users.toml_file.UsersFile.change", lambda *_, **__: False)
    done = run("users", *command.split(), code=1)
    assert done.output == "Error: there is no user alice any more\n"


def test_a_shell_that_completes_needs_no_store() -> None:
    users = main.commands["users"]
    assert isinstance(users, click.Group)
    for name, arguments in (("list", []), ("show", ["alice", "more"])):
        with users.commands[name].make_context(name, arguments, resilient_parsing=True) as context:
            assert context.params["store"] is None


# python -m dash_auth


def as_module(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Run the module in this process, and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["-m", *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("dash_auth", run_name="__main__")
    return ended.value.code


def test_the_module_runs_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run: Run, store: str
) -> None:
    add(run)
    monkeypatch.setattr(_installed, "main", lambda: 7)
    assert as_module(monkeypatch, "users", "list", "--store", store) == 0
    assert "alice" in capsys.readouterr().out
    assert as_module(monkeypatch, "users", "show", "eve", "--store", store) == 1
    assert as_module(monkeypatch, "users", "add") == 2
    assert "Usage: python -m dash_auth users add" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--version"], ["-h"], ["other"], [PASSWORD]])
def test_the_module_tells_else_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(_installed, "main", lambda: 7)
    assert as_module(monkeypatch, *arguments) == 7
