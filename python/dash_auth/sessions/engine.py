"""The engine of a database that keeps sessions: what waits for it is bounded."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import sqlalchemy as sql

from dash_auth.sessions.deadline import within

TIMEOUT = 0.5
"""For how long an answer is waited for, in seconds."""


def engine_of(
    database: str | sql.URL, name: str = "sessions=", *, writes_ahead: bool = True
) -> sql.Engine:
    """Return an engine that opens its connections when they are needed.

    :param database: the URL
    :param name: the argument that names it, in messages
    :param writes_ahead: whether a file of SQLite's is one of ours, and may be set to do so
    :raises ImportError: if the driver is not installed
    :raises ValueError: if the URL is none
    """
    try:
        url = sql.make_url(database)
    except (sql.exc.ArgumentError, ValueError):
        # What went wrong may quote a part of the password.
        raise ValueError(f"{name} is no URL of a database") from None
    if "@" in (url.host or ""):
        raise ValueError(f"{name} is no URL of a database: write an @ in a password as %40")
    if url.drivername == "postgresql":
        # The one that SQLAlchemy 2.0 takes where none is named is kept no more.
        url = url.set(drivername="postgresql+psycopg")
    is_file = url.get_backend_name() == "sqlite"
    try:
        engine = sql.create_engine(
            url,
            hide_parameters=True,
            **(
                {"connect_args": {"timeout": TIMEOUT}}
                if is_file
                else {"pool_size": 5, "max_overflow": 5, "pool_timeout": TIMEOUT}
            ),
        )
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{url.drivername} needs a driver: pip install "psycopg[binary]"'
        ) from error
    except sql.exc.NoSuchModuleError:
        raise ValueError(f"SQLAlchemy knows no driver {url.drivername}") from None
    if is_file:
        _make_file(url.database, name)
        if writes_ahead:
            sql.event.listen(engine, "connect", _use_write_ahead_log)
    else:
        sql.event.listen(engine, "do_connect", _connect)
    return engine


def _make_file(path: str | None, name: str) -> None:
    """Make the file of a database, which no other user of the machine may read.

    :raises ValueError: if its folder is not there
    """
    if not path or path == ":memory:" or path.startswith("file:"):
        return
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ValueError(f"{name} names a file in a folder that is not there: {folder}")
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _connect(dialect: Any, _: object, arguments: Any, options: Any) -> Any:
    return within(TIMEOUT, lambda: dialect.connect(*arguments, **options))


def _use_write_ahead_log(connection: Any, _: object) -> None:
    # Who reads does not wait for who writes.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
