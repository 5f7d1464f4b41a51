"""The command, run in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dash_auth import _core
from dash_auth._cli import main, passwords
from dash_auth.users.named import ENVIRONMENT, store_of

PASSWORD = "plum trees by the lake"
OTHER = "a heron on one leg"

Run = Callable[..., Result]


@pytest.fixture(params=["users.toml", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a store that keeps everything, and holds no user yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'users.db'}"
    return str(tmp_path / "users.toml")


@pytest.fixture
def run(store: str) -> Run:
    """Run the command on the store; nothing may escape it but an exit code."""

    def run(*arguments: str, code: int = 0, input: str | bytes = "", **environment: Any) -> Result:
        variables = {ENVIRONMENT: store, **environment}
        done = CliRunner().invoke(main, arguments, input=input, env=variables)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.output
        assert done.exit_code == code, done.output
        if code == 1:
            last = done.stderr.splitlines()[-1]
            assert (
                last.startswith("Error: ")
                or last.endswith("Aborted!")
                or "nothing is" in done.stderr
            )
        return done

    return run


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the command ask, as if there were a terminal."""
    monkeypatch.setattr(passwords, "_is_terminal", lambda: True)


@pytest.fixture
def real_hashes() -> None:
    """Have passwords hashed as they are everywhere else."""


@pytest.fixture(autouse=True)
def _cheap_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have passwords hashed at little cost, where the hash is not what the test is about."""
    if "real_hashes" not in request.fixturenames:
        generate = _core.generate_password_hash

        def cheap(password: str, method: str, salt_length: int) -> str | None:
            method = {"scrypt": "scrypt:1024:8:1"}.get(method, method)
            return generate(password, method, salt_length)

        monkeypatch.setattr(_core, "generate_password_hash", cheap)


def add(run: Run, name: str = "alice", *options: str, password: str = PASSWORD) -> None:
    """Add a user."""
    run("users", "add", name, *options, "--stdin", input=f"{password}\n")


def kept(store: str, name: str = "alice") -> Any:
    """Return the account that a store has of a name now, None if there is none."""
    found = store_of(store)
    try:
        return found.find(name)
    finally:
        if hasattr(found, "close"):
            found.close()
