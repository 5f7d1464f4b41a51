"""A command that looks makes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ..conftest import Run

LOOKING = [["list"], ["show", "alice"], ["remove", "--yes", "alice"], ["disable", "alice"]]


@pytest.mark.parametrize("command", LOOKING, ids=lambda words: words[0])
def test_a_path_that_is_mistyped_makes_no_file(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    path = tmp_path / "mistyped.db"
    done = run("users", *command, "--store", f"sqlite:///{path}", code=1)
    assert "there is no file" in done.stderr
    assert not path.exists()


@pytest.mark.parametrize("command", LOOKING, ids=lambda words: words[0])
def test_the_database_of_another_app_gets_no_tables(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    path = tmp_path / "company.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table people (name text)")
        connection.commit()
        done = run("users", *command, "--store", f"sqlite:///{path}", code=1)
        assert "no tables of users" in done.stderr
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        assert tables.fetchall() == [("people",)]
