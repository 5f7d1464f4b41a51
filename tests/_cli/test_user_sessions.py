"""`dash-auth sessions list` and `end`: what the app of a store knows of a user."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from click.testing import CliRunner, Result
from dash_auth._cli import main
from dash_auth.sessions import stored
from dash_auth.sessions.named import ENVIRONMENT, store_of
from databases import free_port

APP = """
import dash_auth
from dash import Dash, html

print("noise of the app")
app = Dash(__name__)
app.layout = html.Div()
users = {"alice": "wonder-land", "bob": "builds-it"}
dash_auth.FormAuth(app, users, secret_key="of-the-tests-of-the-command")
server = app.server
"""
FORM = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
PASSWORDS = {"alice": "wonder-land", "bob": "builds-it"}


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Put an app into a folder, go there, and name its store."""
    (tmp_path / "served.py").write_text(APP)
    url = f"sqlite:///{tmp_path / 'sessions.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv(ENVIRONMENT, url)
    # Those of other tests' apps are no part of this process's.
    monkeypatch.setattr(stored, "_all", WeakSet())
    yield url
    forget()


def forget() -> None:
    """Have the app imported anew, as by another process."""
    sys.modules.pop("served", None)
    for tickets in stored.all_stored():
        reached: Any = tickets.store
        reached.store.engine.dispose()
    stored._all.clear()


def run(*arguments: str, code: int = 0) -> Result:
    """Run the command as a process of its own would."""
    forget()
    done = CliRunner().invoke(main, ["sessions", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def log_in(url: str) -> Callable[[str], Any]:
    """Log in to the app, and return the browser."""
    server = importlib.import_module("served").server

    def log_in(name: str) -> Any:
        browser = server.test_client()
        form = {"username": name, "password": PASSWORDS[name]}
        assert browser.post("/login", data=form, headers=FORM).status_code == 303
        return browser

    return log_in


def is_in(browser: Any) -> bool:
    return bool(browser.get("/").status_code == 200)


def test_they_are_listed(log_in: Callable[[str], Any]) -> None:
    before = datetime.now(timezone.utc)
    browsers = [log_in("alice"), log_in("alice"), log_in("bob")]
    listed = run("list", "alice", "--app", "served:server", "--json")
    found = json.loads(listed.stdout)
    assert "noise of the app" in listed.stderr
    assert len(found) == 2
    for one in found:
        assert set(one) == {"id", "created", "seen"}
        assert abs((datetime.fromisoformat(one["created"]) - before).total_seconds()) < 60
    lines = run("list", "alice", "--app", "served:server").stdout.splitlines()
    assert lines[0].split() == ["ID", "CREATED", "(UTC)", "SEEN", "(UTC)"]
    assert [line.split()[0] for line in lines[1:]] == [one["id"] for one in found]
    assert len(json.loads(run("list", "bob", "--app", "served", "--json").stdout)) == 1
    assert json.loads(run("list", "eve", "--app", "served", "--json").stdout) == []
    assert all(map(is_in, browsers))


def test_all_of_a_user_end(log_in: Callable[[str], Any]) -> None:
    browsers = [log_in("alice"), log_in("alice"), log_in("bob")]
    done = run("end", "alice", "--app", "served:server")
    assert done.stdout == "Sessions of alice ended: 2.\n"
    assert [is_in(browser) for browser in browsers] == [False, False, True]
    assert run("end", "alice", "--app", "served").stdout == "Sessions of alice ended: 0.\n"


def test_one_of_them_ends_and_no_app_is_needed(url: str, log_in: Callable[[str], Any]) -> None:
    browsers = [log_in("alice"), log_in("alice")]
    newest, _ = json.loads(run("list", "alice", "--app", "served", "--json").stdout)
    assert run("end", "--id", newest["id"], "--store", url).output == "The session is ended.\n"
    assert [is_in(browser) for browser in browsers].count(True) == 1
    done = run("end", "--id", newest["id"], code=1)
    assert done.output == "Error: there is no session of this id\n"


def test_the_app_may_be_named_by_the_environment(
    log_in: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in("alice")
    monkeypatch.setenv("DASH_AUTH_APP", "served:server")
    assert run("end", "alice").stdout.endswith(": 1.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "alice"], "name the app as its server does, --app app:server"),
        (["end", "alice"], "name the app as its server does, --app app:server"),
        (["end"], "either the name of a user, or the --id of a session"),
        (["end", "alice", "--id", "1" * 64], "either the name of a user, or the --id"),
        (["end", "--id", "swordfish"], "64 hexadecimal digits"),
        (["end", "--id", "1" * 64, "--store", "x://swordfish"], "begins with 'x'"),
    ],
)
def test_wrong_arguments(url: str, arguments: list[str], said: str) -> None:
    done = run(*arguments, code=2)
    assert said in " ".join(done.stderr.split())
    assert "swordfish" not in done.stderr


def test_a_store_is_needed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT)
    assert "say where the session is kept" in run("end", "--id", "1" * 64, code=2).stderr
    # The app's sessions are in cookies then.
    done = run("list", "alice", "--app", "served", code=1)
    assert "keeps sessions in a store" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("app", ["no_such_module", "failing:server", "", "a b"])
def test_an_app_that_cannot_be_imported(url: str, tmp_path: Path, app: str) -> None:
    (tmp_path / "failing.py").write_text("raise RuntimeError('one\\ntwo')")
    done = run("list", "alice", "--app", app, code=1 if app else 2)
    if app:
        (line,) = done.stderr.splitlines()
        assert line.startswith("Error: the app could not be imported: ")


def test_a_store_that_is_away(url: str, log_in: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "sessions.db").write_bytes(b"no database" * 1000)
    done = run("end", "--id", "1" * 64, code=1)
    assert len(done.stderr.splitlines()) == 1
    assert store_of(url) is not None


def test_a_redis_that_is_away() -> None:
    url = f"redis://:swordfish@127.0.0.1:{free_port()}"
    done = CliRunner().invoke(main, ["sessions", "end", "--id", "1" * 64, "--store", url])
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ") and "swordfish" not in line
