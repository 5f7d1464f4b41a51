"""The commands, the app and the file of docs/keeping-users.md."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from dash_auth.users import UsersFile

from .blocks import PYTHON, written_in
from .programs import run

FIRST = "keeping-users: Users in a file or a database"
SH = written_in("sh")
TOML = written_in("toml")["keeping-users: A file"]
INVITE = written_in("text")["keeping-users: Invitations"]
PASSWORD = "a quiet place by the sea"


def command(line: str, folder: Path, **environment: str) -> str:
    """Run a command as it stands, but for a password that no terminal gives."""
    name, *words = shlex.split(line)
    assert name == "dash-auth"
    asks = words[:2] in (["users", "add"], ["users", "passwd"])
    is_asked = asks and not {"--temporary", "--invite"} & set(words)
    done = subprocess.run(
        [sys.executable, "-m", "dash_auth", *words, *(["--stdin"] if is_asked else [])],
        cwd=folder,
        env={**os.environ, **environment},
        input=PASSWORD,
        text=True,
        capture_output=True,
        timeout=50,
    )
    assert done.returncode == 0 and "Error" not in done.stderr, (line, done.stderr)
    return done.stdout


def test_the_first_user_logs_in(tmp_path: Path) -> None:
    (line,) = SH[FIRST].splitlines()
    command(line, tmp_path)
    checks = f"""
visitor, own = client(app), {{"Sec-Fetch-Site": "same-origin"}}
sent = {{"username": "alice", "password": {PASSWORD!r}}}
assert visitor.post("/login", data=sent, headers=own).status_code == 303
assert "Sales" in visitor.get("/_dash-layout").text
for path in ("/account", "/users"):
    assert "Alice Adams" in visitor.get(path, headers={{"Accept": "text/html"}}).text
"""
    run(PYTHON[FIRST], checks, tmp_path)


def test_the_commands_do_what_they_say(tmp_path: Path) -> None:
    add, listed, groups, disable, enable, passwd, remove = SH[
        "keeping-users: The command"
    ].splitlines()
    store = UsersFile(tmp_path / "users.toml")
    drawn = command(add, tmp_path)
    before = store.find("bob")
    assert before is not None and before.must_change and before.email == "bob@example.com"
    assert len(drawn.split()[-1]) >= 15
    assert "bob@example.com" in command(listed, tmp_path)
    command(groups, tmp_path)
    command(disable, tmp_path)
    account = store.find("bob")
    assert account is not None and account.disabled and account.groups == ("board",)
    command(enable, tmp_path)
    command(passwd, tmp_path)
    account = store.find("bob")
    assert account is not None and not account.disabled and not account.must_change
    assert account.credential_version != before.credential_version
    # A file that holds no user is no file of users.
    command(add.replace("bob", "carol"), tmp_path)
    command(remove, tmp_path)
    assert store.find("bob") is None


def test_an_invitation_is_printed(tmp_path: Path) -> None:
    export, line = INVITE.splitlines()
    assert export == "export DASH_AUTH_SECRET_KEY=..."
    link = command(line, tmp_path, DASH_AUTH_SECRET_KEY="k" * 40)
    assert "https://dash.example.com/login/invitation/" in link


def test_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    path.write_text(TOML)
    path.chmod(0o600)
    store = UsersFile(path)
    store.prepare()
    alice, bob = store.find("alice"), store.find("bob@example.com")
    assert alice is not None and alice.claims == {"team": "north"}
    assert (alice.full_name, alice.email) == ("Alice Adams", "alice@example.com")
    assert bob is not None and bob.disabled
    listed = json.loads(command("dash-auth users list --json --store users.toml", tmp_path))
    assert [row["name"] for row in listed] == ["alice", "bob@example.com"]


@pytest.mark.parametrize("line", SH["keeping-users: The command"].splitlines())
def test_the_commands_have_help(line: str, tmp_path: Path) -> None:
    name, group, verb, *_ = shlex.split(line)
    assert "--store" in command(f"{name} {group} {verb} --help", tmp_path)
