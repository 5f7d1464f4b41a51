"""`dash-auth hash`: prints what to store, of a password that is taken."""

from __future__ import annotations

import pytest
from dash_auth.security import check_password_hash, password_needs_rehash

from .conftest import PASSWORD, Run

LONG = (PASSWORD * 9)[::2][:72]


@pytest.fixture
def store() -> str:
    """Name no store: none is needed."""
    return ""


@pytest.mark.usefixtures("real_hashes")
@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ([], "scrypt:"),
        (["--method", "scrypt"], "scrypt:"),
        (["--method", "argon2"], "$argon2id$"),
        (["--method", "bcrypt"], "$2"),
    ],
)
def test_the_hash_alone_is_printed(run: Run, options: list[str], begins: str) -> None:
    done = run("hash", *options, "--stdin", input=f"{PASSWORD}\n")
    assert done.stderr == ""
    assert done.stdout.startswith(begins)
    stored = done.stdout.removesuffix("\n")
    assert check_password_hash(stored, PASSWORD)
    assert not check_password_hash(stored, f"{PASSWORD} ")
    assert not password_needs_rehash(stored)


def test_the_rules_count(run: Run) -> None:
    assert "15 characters at least" in run("hash", "--stdin", input="heron-14\n", code=1).stderr
    assert run("hash", "--short", "--stdin", input="heron-14\n").stdout.startswith("scrypt:")
    assert "easily guessed" in run("hash", "--short", "--stdin", input="sunshine\n", code=1).stderr


def test_bcrypt_sees_72_bytes(run: Run) -> None:
    run("hash", "--method", "bcrypt", "--stdin", input=LONG + "\n")
    done = run("hash", "--method", "bcrypt", "--stdin", input=LONG + "z\n", code=1)
    assert "72 bytes" in done.stderr
    assert LONG not in done.output


@pytest.mark.usefixtures("terminal")
def test_it_asks_twice(run: Run) -> None:
    done = run("hash", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.stderr.startswith("New password: ")
    assert check_password_hash(done.stdout.removesuffix("\n"), PASSWORD)
