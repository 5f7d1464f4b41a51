"""`dash-auth verify`: tells whether a password is right, and nothing else to others."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from dash_auth.security import generate_password_hash
from dash_auth.users.named import store_of

from .conftest import OTHER, PASSWORD, Run, add, kept

WRONG = "Error: there is no such user, or the password is wrong\n"


def test_right_wrong_and_unknown(run: Run) -> None:
    add(run)
    right = run("verify", "alice", "--stdin", input=f"{PASSWORD}\n")
    assert right.output == "The password of alice is right.\n"
    for name, password in (("alice", OTHER), ("bob", PASSWORD), ("ALICE", PASSWORD), ("alice", "")):
        done = run("verify", name, "--stdin", input=f"{password}\n", code=1)
        assert done.output == WRONG


@pytest.mark.usefixtures("terminal")
def test_it_is_asked_for_once(run: Run) -> None:
    add_asked = run("users", "add", "alice", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert add_asked.exit_code == 0
    done = run("verify", "alice", input=f"{PASSWORD}\n")
    assert done.stderr.startswith("Password of alice: ")
    assert PASSWORD not in done.output


def test_the_state_of_the_account_is_told_to_who_knows_the_password(run: Run, store: str) -> None:
    add(run)
    run("users", "disable", "alice")
    done = run("verify", "alice", "--stdin", input=f"{PASSWORD}\n", code=1)
    assert done.output == "Error: the password is right, but alice is disabled\n"
    assert run("verify", "alice", "--stdin", input=f"{OTHER}\n", code=1).output == WRONG
    run("users", "enable", "alice")
    run("users", "passwd", "alice", "--temporary", "--stdin", input=f"{OTHER}\n")
    done = run("verify", "alice", "--stdin", input=f"{OTHER}\n")
    assert "has to be changed at the next login" in done.output


@pytest.mark.parametrize("stored", [PASSWORD, generate_password_hash(PASSWORD, "scrypt:1024:8:1")])
def test_plaintext_and_weak_hashes_are_read_as_an_app_reads_them(
    tmp_path: Path, run: Run, stored: str, store: str
) -> None:
    path = tmp_path / "by_hand.toml"
    ended = datetime.now(timezone.utc) - timedelta(seconds=1)
    path.write_text(
        f'["alice"]\npassword = "{stored}"\n'
        f'["bob"]\npassword = "{stored}"\nmust_change = {ended:%Y-%m-%dT%H:%M:%SZ}\n'
        '["carol"]\nemail = "carol@example.com"\n'
    )
    run("verify", "alice", "--store", str(path), "--stdin", input=f"{PASSWORD}\n")
    for wrong in (stored + "x", OTHER, *([] if stored == PASSWORD else [stored])):
        run("verify", "alice", "--store", str(path), "--stdin", input=f"{wrong}\n", code=1)
    done = run("verify", "bob", "--store", str(path), "--stdin", input=f"{PASSWORD}\n", code=1)
    assert "its time is over" in done.stderr
    # Who was invited has no password yet.
    assert (
        run("verify", "carol", "--store", str(path), "--stdin", input="\n", code=1).output == WRONG
    )
    assert store_of(str(path)).find("alice").password == stored
    assert kept(str(path), "carol").password is None
