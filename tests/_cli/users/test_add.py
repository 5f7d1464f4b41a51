"""`dash-auth users add`: a user with a password, with a temporary one, or with an invitation."""

from __future__ import annotations

import importlib
import os
import re
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from dash_auth._secret_keys import ENVIRONMENT as KEY_ENVIRONMENT
from dash_auth.logins.form.invitation import Invitations

from ..conftest import OTHER, PASSWORD, Run, add, kept

KEY = "c7b1d1b6a5f24e0c9f0e"
URL = "https://dash.example.com/app"


@pytest.mark.usefixtures("real_hashes")
def test_a_user_is_added(run: Run, store: str) -> None:
    done = run(
        *("users", "add", "alice", "--email", "a@example.com", "--full-name", "Alice Liddell"),
        *("--group", "board", "--group", "staff", "--group", "board", "--stdin"),
        input=f"{PASSWORD}\n",
    )
    assert (done.stdout, done.stderr) == ("alice is added.\n", "")
    account = kept(store)
    assert account.password.startswith("scrypt:32768:8:1$")
    assert (account.email, account.full_name) == ("a@example.com", "Alice Liddell")
    assert list(account.groups) == ["board", "staff"]
    assert (account.disabled, account.must_change) == (False, False)
    assert account.credential_version


def test_a_file_that_is_not_there_is_made(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    add(run, "alice", "--store", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    add(run, "bob", "--store", str(path))
    assert kept(str(path)) and kept(str(path), "bob")


@pytest.mark.parametrize("content", ["", "\n", "# our users\n"])
def test_a_file_that_holds_no_user_takes_one(run: Run, tmp_path: Path, content: str) -> None:
    path = tmp_path / "new.toml"
    path.write_text(content)
    add(run, "alice", "--store", str(path))
    assert path.read_text().startswith(content)
    assert kept(str(path))


def test_a_folder_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    done = run("users", "add", "alice", "--store", str(tmp_path / "no" / "users.toml"), code=1)
    assert done.output == f"Error: there is no folder {tmp_path / 'no'}\n"
    assert not (tmp_path / "no").exists()


def test_a_name_that_is_taken_is_told_before_anything_is_asked(run: Run, store: str) -> None:
    add(run)
    before = kept(store)
    done = run("users", "add", "alice", code=1)
    assert done.stderr.startswith("Error: there is a user alice already; ")
    assert kept(store) == before


def test_one_who_was_faster_is_not_overwritten(
    run: Run, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(run)
    before = kept(store)
    command = importlib.import_module("dash_auth._cli.users.add")
    monkeypatch.setattr(command, "is_taken", lambda *_: False)
    done = run("users", "add", "alice", "--stdin", input=f"{OTHER}\n", code=1)
    assert done.stderr.startswith("Error: there is a user alice already; ")
    assert kept(store) == before


@pytest.mark.parametrize(
    "name", ["a:b", "", "a\nb", "a\x00b", "a\x7f", " a", "a ", "x" * 256, "\udcff"]
)
def test_names_that_can_never_log_in_are_refused(run: Run, name: str) -> None:
    done = run("users", "add", "--stdin", "--", name, input=f"{PASSWORD}\n", code=2)
    assert "a user's name must have" in " ".join(done.stderr.split())
    assert "\x00" not in done.output and "\x7f" not in done.output


@pytest.mark.parametrize(
    "name", ["x" * 255, "Åsa Öst", "a@example.com", "-x", "日本", "a.b", "a'\"\\"]
)
def test_other_names_are_taken(run: Run, store: str, name: str) -> None:
    run("users", "add", "--stdin", "--", name, input=f"{PASSWORD}\n")
    assert kept(store, name).name == name
    run("verify", "--stdin", "--", name, input=f"{PASSWORD}\n")


# Temporary passwords


def test_a_temporary_password_is_drawn_and_printed_once(run: Run, store: str) -> None:
    done = run("users", "add", "alice", "--temporary")
    assert re.fullmatch(r"([2-9a-z]{5}-){3}[2-9a-z]{5}\n", done.stdout)
    assert done.stderr == "alice is added.\n"
    account = kept(store)
    left = account.must_change - datetime.now(timezone.utc)
    assert timedelta(hours=71) < left <= timedelta(hours=72)
    assert not account.is_expired()
    run("verify", "alice", "--stdin", input=done.stdout)
    assert done.stdout.strip() not in run("users", "show", "alice").output


def test_a_temporary_password_may_be_given(run: Run, store: str) -> None:
    done = run("users", "add", "alice", "--temporary", "--stdin", input=f"{PASSWORD}\n")
    assert done.stdout == "alice is added.\n"
    assert isinstance(kept(store).must_change, datetime)
    run("verify", "alice", "--stdin", input=f"{PASSWORD}\n")


# Invitations


def token_of(said: str, start: str = f"{URL}/login/invitation/") -> str:
    """Return the token in a link."""
    assert said.startswith(start)
    return said.removeprefix(start).removesuffix("\n")


def test_an_invitation_is_a_link_of_the_app(run: Run, store: str) -> None:
    done = run("users", "add", "alice", "--invite", "--url", URL, **{KEY_ENVIRONMENT: KEY})
    assert kept(store).password is None
    token = token_of(done.stdout)
    assert token.strip() not in done.stderr
    invitations = Invitations(lambda: (KEY.encode(),))
    assert invitations.account(token, lambda name: kept(store, name)).name == "alice"  # type: ignore
    others = Invitations(lambda: (b"another key of the app",))
    assert others.account(token, lambda name: kept(store, name)) is None
    run("users", "passwd", "alice", "--stdin", input=f"{PASSWORD}\n")
    assert invitations.account(token, lambda name: kept(store, name)) is None


def test_the_environment_may_name_the_app(run: Run) -> None:
    variables = {KEY_ENVIRONMENT: KEY, "DASH_AUTH_URL": f"{URL}/"}
    done = run("users", "add", "alice", "--invite", "--login-route", "/sign-in", **variables)
    token_of(done.stdout, f"{URL}/sign-in/invitation/")


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        ([], {KEY_ENVIRONMENT: KEY}, "--invite needs the address of the app"),
        (["--url", URL], {}, "put the one that the app has into the environment variable"),
        (["--url", URL], {KEY_ENVIRONMENT: ""}, "put the one that the app has"),
        (["--url", "dash.example.com"], {KEY_ENVIRONMENT: KEY}, "such as https://"),
        (["--url", "ftp://dash.example.com"], {KEY_ENVIRONMENT: KEY}, "such as https://"),
        (["--url", "https://"], {KEY_ENVIRONMENT: KEY}, "such as https://"),
        (["--url", "https://u:secret@host"], {KEY_ENVIRONMENT: KEY}, "such as https://"),
        (["--url", f"{URL}?next=/"], {KEY_ENVIRONMENT: KEY}, "such as https://"),
        (["--url", f"{URL}#x"], {KEY_ENVIRONMENT: KEY}, "such as https://"),
        (["--url", "https://[::1"], {KEY_ENVIRONMENT: KEY}, "such as https://"),
        (["--url", "https://host:99999"], {KEY_ENVIRONMENT: KEY}, "such as https://"),
        (["--url", URL, "--login-route", "login"], {KEY_ENVIRONMENT: KEY}, "begin with"),
        (["--url", URL, "--login-route", "/a/../b"], {KEY_ENVIRONMENT: KEY}, "plain path"),
        (["--url", URL, "--temporary"], {KEY_ENVIRONMENT: KEY}, "the user chooses the password"),
        (["--url", URL, "--stdin"], {KEY_ENVIRONMENT: KEY}, "the user chooses the password"),
    ],
)
def test_what_makes_no_link_adds_nothing(
    run: Run, store: str, options: list[str], variables: dict[str, str], said: str
) -> None:
    variables = {KEY_ENVIRONMENT: None, "DASH_AUTH_URL": None, **variables}  # type: ignore
    done = run("users", "add", "alice", "--invite", *options, code=2, **variables)
    assert said in " ".join(done.stderr.split())
    assert "secret" not in done.output.replace("secret key", "")
    assert KEY not in done.output
    run("users", "show", "alice", code=1)


@pytest.mark.parametrize("key", ["k7#q", "your-secret-key", "super secret key"])
def test_a_weak_key_makes_no_link(run: Run, key: str) -> None:
    done = run("users", "add", "alice", "--invite", "--url", URL, code=1, **{KEY_ENVIRONMENT: key})
    assert "Give the app another" in done.stderr
    assert key not in done.output
    run("users", "show", "alice", code=1)


def test_a_link_without_tls_is_warned_of(run: Run) -> None:
    for number, (url, is_warned) in enumerate(
        [("http://dash.example.com", True), ("http://localhost:8050", False), (URL, False)]
    ):
        options = ("--invite", "--url", url)
        done = run("users", "add", f"alice{number}", *options, **{KEY_ENVIRONMENT: KEY})
        assert ("Warning: " in done.stderr) == is_warned


# Files that keep little


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--email", "a@example.com"], "e-mail addresses"),
        (["--full-name", "Alice"], "full names"),
        (["--group", "board"], "groups"),
        (["--temporary"], "that a password must be changed"),
        (["--invite", "--url", URL], "a user who has no password"),
    ],
)
def test_an_htpasswd_file_keeps_passwords_alone(
    run: Run, tmp_path: Path, option: list[str], said: str
) -> None:
    path = str(tmp_path / "users.htpasswd")
    variables = {KEY_ENVIRONMENT: KEY}
    done = run("users", "add", "alice", *option, "--store", path, code=1, **variables)
    assert said in done.stderr
    assert not os.path.exists(path)


def test_a_user_is_added_to_an_htpasswd_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "users.htpasswd"
    add(run, "alice", "--store", str(path))
    assert re.fullmatch(r"alice:\$2[by]\$\d\d\$\S{53}\n", path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    run("verify", "alice", "--store", str(path), "--stdin", input=f"{PASSWORD}\n")
