"""`dash-auth users passwd`: another password, which ends all logins; or a link to set one."""

from __future__ import annotations

from datetime import datetime

import pytest
from dash_auth._secret_keys import ENVIRONMENT as KEY_ENVIRONMENT
from dash_auth.logins.form.invitation import Invitations

from ..conftest import OTHER, PASSWORD, Run, add, kept

KEY = "c7b1d1b6a5f24e0c9f0e"
URL = "https://dash.example.com"


def test_the_password_is_another_one(run: Run, store: str) -> None:
    add(run, "alice", "--group", "board", "--email", "a@example.com")
    add(run, "bob")
    before, bob = kept(store), kept(store, "bob")
    done = run("users", "passwd", "alice", "--stdin", input=f"{OTHER}\n")
    assert done.output == "alice has a new password.\n"
    run("verify", "alice", "--stdin", input=f"{OTHER}\n")
    run("verify", "alice", "--stdin", input=f"{PASSWORD}\n", code=1)
    after = kept(store)
    assert after.credential_version not in (None, before.credential_version)
    assert (list(after.groups), after.email) == (["board"], "a@example.com")
    assert kept(store, "bob") == bob


@pytest.mark.usefixtures("terminal")
def test_it_is_asked_for_twice(run: Run) -> None:
    run("users", "add", "alice", input=f"{PASSWORD}\n{PASSWORD}\n")
    done = run("users", "passwd", "alice", input=f"{OTHER}\n{OTHER}\n")
    assert "New password of alice" in done.stderr
    assert OTHER not in done.output


def test_a_temporary_one_is_to_be_changed_and_the_next_is_not(run: Run, store: str) -> None:
    add(run)
    done = run("users", "passwd", "alice", "--temporary")
    assert isinstance(kept(store).must_change, datetime)
    assert done.stderr == "alice has a new password.\n"
    run("verify", "alice", "--stdin", input=done.stdout)
    run("users", "passwd", "alice", "--stdin", input=f"{OTHER}\n")
    assert kept(store).must_change is False


@pytest.mark.parametrize("options", [[], ["--temporary"], ["--invite", "--url", URL]])
def test_there_is_no_such_user(run: Run, options: list[str]) -> None:
    add(run)
    done = run("users", "passwd", "bob", *options, code=1, **{KEY_ENVIRONMENT: KEY})
    assert done.output == "Error: there is no user bob\n"


def test_a_link_changes_nothing_until_it_is_used(run: Run, store: str) -> None:
    add(run)
    before = kept(store)
    done = run("users", "passwd", "alice", "--invite", "--url", URL, **{KEY_ENVIRONMENT: KEY})
    assert kept(store) == before
    run("verify", "alice", "--stdin", input=f"{PASSWORD}\n")
    token = done.stdout.strip().removeprefix(f"{URL}/login/invitation/")
    invitations = Invitations(lambda: (KEY.encode(),))
    assert invitations.account(token, lambda name: kept(store, name)) == before
    run("users", "passwd", "alice", "--stdin", input=f"{OTHER}\n")
    assert invitations.account(token, lambda name: kept(store, name)) is None


def test_a_disabled_user_gets_no_link(run: Run) -> None:
    add(run)
    run("users", "disable", "alice")
    done = run(
        "users", "passwd", "alice", "--invite", "--url", URL, code=1, **{KEY_ENVIRONMENT: KEY}
    )
    assert "dash-auth users enable alice" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("option", ["--temporary", "--stdin"])
def test_who_is_invited_chooses_the_password(run: Run, option: str) -> None:
    add(run)
    options = ("--invite", "--url", URL, option)
    done = run("users", "passwd", "alice", *options, code=2, **{KEY_ENVIRONMENT: KEY})
    assert "the user chooses the password" in done.stderr
