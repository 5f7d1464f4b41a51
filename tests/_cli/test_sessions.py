"""`dash-auth sessions create`: makes the tables, or says in one line why it could not."""

from __future__ import annotations

import sqlite3
import sys
import uuid
from pathlib import Path

import pytest
import sqlalchemy
from click.testing import CliRunner, Result
from dash_auth._cli import main
from dash_auth.sessions.named import ENVIRONMENT
from dash_auth.sessions.sql import SqlSessions
from databases import Database, free_port


def run(*arguments: str, **environment: str) -> Result:
    """Run the command; nothing may escape it but an exit code."""
    done = CliRunner().invoke(main, ["sessions", "create", *arguments], env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.output
    return done


def test_the_tables_are_made_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sessions.db'}"
    for _ in range(2):
        done = run("--store", url)
        assert done.exit_code == 0
        assert (
            done.output
            == "The tables are there: dash_auth_sessions and dash_auth_sessions_ended.\n"
        )
    with sqlite3.connect(tmp_path / "sessions.db") as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    assert {name for (name,) in found} == {"dash_auth_sessions", "dash_auth_sessions_ended"}


def test_the_user_of_the_app_needs_no_right_to_make_tables(postgres_server: Database) -> None:
    name = f"u{uuid.uuid4().hex}"
    admin = sqlalchemy.create_engine(postgres_server.url)
    with admin.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'its secret'")
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {name} TO {name}")
        connection.exec_driver_sql(f"ALTER ROLE {name} SET search_path = {name}")
    options = {"options": f"-c search_path={name}"}
    as_admin = sqlalchemy.make_url(postgres_server.url).update_query_dict(options)
    as_app = sqlalchemy.make_url(postgres_server.url).set(username=name, password="its secret")
    refused = run("--store", as_app.render_as_string(hide_password=False))
    assert refused.exit_code == 1
    assert "permission denied for schema" in refused.output
    assert "secret" not in refused.output
    assert run("--store", as_admin.render_as_string(hide_password=False)).exit_code == 0
    with admin.begin() as connection:
        connection.exec_driver_sql(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO {name}"
        )
    store = SqlSessions(as_app)
    store.prepare()
    assert store.create("1" * 64, "2" * 64, "sealed", 100)
    store.engine.dispose()
    admin.dispose()


def test_the_environment_may_name_the_store(tmp_path: Path) -> None:
    assert run(**{ENVIRONMENT: f"sqlite:///{tmp_path / 'sessions.db'}"}).exit_code == 0
    assert (tmp_path / "sessions.db").exists()


def test_redis_needs_none() -> None:
    done = run("--store", f"redis://:secret@127.0.0.1:{free_port()}")
    assert (done.exit_code, done.output) == (
        0,
        "Redis needs no tables: there is nothing to make.\n",
    )


def test_a_database_that_is_away_is_an_error() -> None:
    done = run("--store", f"postgresql://user:secret@127.0.0.1:{free_port()}/sessions")
    assert done.exit_code == 1
    assert done.output.startswith("Error: the tables could not be made: ")
    assert "secret" not in done.output and "sqlalche.me" not in done.output


def test_a_missing_library_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dash_auth.sessions.sql", None)
    done = run("--store", "sqlite://")
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://user:secret@host/d", "begins with 'mysql'"),
        ("postgresql://user:my@secret@host/d", "write an @ in a password as %40"),
        ("postgresql://user:secret", "is no URL of a database"),
        ("redis://:my/secret@host", "is no URL of a Redis"),
        ("postgresql+psycopg_async://user:secret@host/d", "is for async code"),
        ("postgresql+nothing://user:secret@host/d", "knows no driver postgresql+nothing"),
        ("sqlite:////no/such/folder/x.db", "a folder that is not there: /no/such/folder"),
    ],
)
def test_what_is_no_store_is_a_wrong_argument(url: str, said: str) -> None:
    done = run("--store", url)
    text = " ".join(done.output.split())
    assert done.exit_code == 2
    assert said in text
    assert "secret" not in text


def test_it_needs_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert run().exit_code == 2


def test_the_exit_codes_are_told() -> None:
    for arguments in (["-h"], ["sessions", "create", "--help"]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0
        assert "Exit codes: 0" in done.output
    assert CliRunner().invoke(main, ["--version"]).output.startswith("dash-auth-rs ")
