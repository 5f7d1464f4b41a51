"""A database that is asked with a bound, and by each process over connections of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dash_auth._unavailable import Unavailable
from dash_auth.sessions.deadline import Deadlines
from dash_auth.sessions.engine import TIMEOUT, engine_of

T = TypeVar("T")

DIALECTS = ("postgresql", "sqlite")
"""The databases that are known to work."""


class Database:
    """Asks a database, and waits half a second at most for each answer.

    Attributes:
        engine: the engine.
        dialect: `postgresql` or `sqlite`.
        lock: held while something is set up in this process.
    """

    def __init__(
        self,
        database: str | sql.URL | sql.Engine,
        what: str,
        name: str,
        *,
        writes_ahead: bool = True,
    ) -> None:
        """Name the database; it is reached when it is first asked.

        :param database: its URL, or an engine of the developer's
        :param what: what is kept there, in messages
        :param name: the argument that names it, in messages
        :param writes_ahead: see :func:`engine_of`
        :raises ImportError: if the driver is not installed
        :raises ValueError: for a database that is neither PostgreSQL nor SQLite
        """
        self.engine: sql.Engine = (
            database
            if isinstance(database, sql.Engine)
            else engine_of(database, name, writes_ahead=writes_ahead)
        )
        self.dialect: str = self.engine.dialect.name
        self._what = what
        if self.dialect not in DIALECTS:
            raise ValueError(f"{what} are kept in {' or '.join(DIALECTS)}, not in {self.dialect}")
        if self.engine.dialect.is_async:
            raise ValueError(
                f"the driver {self.engine.dialect.driver} is for async code: {what} are asked in "
                'threads, with "postgresql+psycopg://..." or "sqlite:///..."'
            )
        # No transaction is begun and ended around a look.
        self._looking = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writing = self.engine
        if self.dialect == "postgresql":
            # Stricter ones, which a database may have by default, show what was there before it
            # was this one's turn.
            self._writing = self.engine.execution_options(isolation_level="READ COMMITTED")
        self._deadlines = Deadlines(TIMEOUT)
        self._process = os.getpid()
        self.lock: threading.Lock = threading.Lock()

    def __repr__(self) -> str:
        # The address may hold a password.
        return f"<{type(self).__name__} {self.dialect}>"

    def read(self, ask: Callable[[sql.Connection], T]) -> T:
        """Return what a look finds, in no transaction.

        :param ask: looks
        :raises Unavailable: if too many ask at once
        """

        def reading() -> T:
            with self._looking.connect() as connection, self._deadlines.of(connection):
                return ask(connection)

        return self._asked(reading)

    def write(self, change: Callable[[sql.Connection], T]) -> T:
        """Return what a change says, made in one transaction.

        :param change: makes it
        :raises Unavailable: if too many ask at once
        """

        def writing() -> T:
            with self._writing.begin() as connection, self._deadlines.of(connection):
                return change(connection)

        return self._asked(writing)

    def inspect(self, look: Callable[[Any], T]) -> T:
        """Return what a look at the tables finds.

        :param look: is given SQLAlchemy's inspector
        """
        self.settle()
        with self.engine.connect() as connection, self._deadlines.of(connection):
            return look(sql.inspect(connection))

    def settle(self) -> None:
        """Leave the connections to the process that this one is a copy of, if it is one."""
        if self._process != os.getpid():
            self.engine.dispose(close=False)
            self._deadlines = Deadlines(TIMEOUT)
            # Another thread may have held it when this process was made.
            self.lock = threading.Lock()
            self._process = os.getpid()

    def make(self, metadata: sql.MetaData) -> list[str]:
        """Make tables where they are not there; several workers may do so at once.

        :param metadata: the tables
        :return: their names
        """
        with self.engine.begin() as connection:
            if self.dialect == "postgresql":
                connection.execute(sql.select(sql.func.pg_advisory_xact_lock(LOCK)))
            metadata.create_all(connection)
        return sorted(metadata.tables)

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask the database, once more where it has closed the connection meanwhile."""
        self.settle()
        try:
            return ask()
        except PoolTimeoutError as error:
            # Too many ask at once: the database itself is there.
            raise Unavailable(f"too many ask for {self._what} at once") from error
        except DBAPIError as error:
            error.hide_parameters = True
            if not error.connection_invalidated:
                raise
        return ask()


LOCK = 6_128_530_947
"""Tells our locks in the database from an app's."""
