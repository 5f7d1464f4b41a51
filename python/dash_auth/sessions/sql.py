"""Sessions in a database: PostgreSQL or SQLite, with SQLAlchemy."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from dash_auth._out_of_order import is_out_of_order
from dash_auth._unavailable import Unavailable
from dash_auth.sessions.deadline import Deadlines
from dash_auth.sessions.store import StoredSession

try:
    import sqlalchemy as sql
    from sqlalchemy.exc import DBAPIError, IntegrityError
    from sqlalchemy.exc import TimeoutError as PoolTimeoutError

    from dash_auth.sessions.engine import TIMEOUT, engine_of
except ImportError as _error:
    raise ImportError(
        'sessions in a database need SQLAlchemy: pip install "dash-auth-rs[sql]"'
    ) from _error

T = TypeVar("T")

DIALECTS = ("postgresql", "sqlite")
"""The databases that are known to work."""

_MARKED = 24 * 60 * 60
"""For how long it is known that all sessions of a user were ended, in seconds."""

_CLEARED_EVERY = 60
"""After how many seconds a process clears away again what is over."""

_BATCH = 1000
"""How many rows are cleared away at once: a lock is held meanwhile."""


class SqlSessions:
    """Keeps sessions in a table of a database.

    Attributes:
        engine: the engine that is asked.
    """

    def __init__(
        self,
        database: str | sql.URL | sql.Engine,
        table: str = "dash_auth_sessions",
        *,
        create_tables: bool = True,
    ) -> None:
        """Name the database; it is reached when it is first asked.

        :param database: its URL, or an engine of your own
        :param table: the name of the table; a second one has the same name and `_ended`
        :param create_tables: whether the tables are made where they are not there
        :raises ValueError: for a database that is neither PostgreSQL nor SQLite
        """
        self.engine: sql.Engine = (
            database if isinstance(database, sql.Engine) else engine_of(database)
        )
        self._dialect = self.engine.dialect.name
        # SQLite has no clock but this one.
        self._now: Any = sql.bindparam("now", callable_=lambda: time.time(), type_=sql.Double)
        if self._dialect == "postgresql":
            self._now = sql.cast(sql.extract("epoch", sql.func.clock_timestamp()), sql.Double)
        if self._dialect not in DIALECTS:
            raise ValueError(
                f"sessions are kept in {' or '.join(DIALECTS)}, not in {self._dialect}"
            )
        if self.engine.dialect.is_async:
            raise ValueError(
                f"the driver {self.engine.dialect.driver} is for async code: sessions are asked in "
                'threads, with "postgresql+psycopg://..." or "sqlite:///..."'
            )
        metadata = sql.MetaData()
        self._sessions = sql.Table(
            table,
            metadata,
            sql.Column("id", sql.String(64), primary_key=True),
            sql.Column("user_key", sql.String(64), nullable=False, index=True),
            sql.Column("data", sql.Text, nullable=False),
            sql.Column("created", sql.Double, nullable=False),
            sql.Column("seen", sql.Double, nullable=False),
            sql.Column("ends", sql.Double, nullable=False, index=True),
        )
        self._ended = sql.Table(
            f"{table}_ended",
            metadata,
            sql.Column("user_key", sql.String(64), primary_key=True),
            sql.Column("ended", sql.Double, nullable=False),
        )
        self._metadata = metadata
        columns = self._sessions.c
        found = sql.select(
            columns.id, columns.user_key, columns.data, columns.created, columns.seen
        ).where(columns.ends > self._now)
        # Made once: to put a statement together takes longer than to run it.
        self._load = found.where(columns.id == sql.bindparam("id"))
        self._of = found.where(columns.user_key == sql.bindparam("user"))
        # No transaction is begun and ended around a look.
        self._looking = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writing = self.engine
        if self._dialect == "postgresql":
            # Stricter ones, which a database may have by default, show what was there before it
            # was this one's turn.
            self._writing = self.engine.execution_options(isolation_level="READ COMMITTED")
        self._deadlines = Deadlines(TIMEOUT)
        self._creates_tables = create_tables
        self._process = os.getpid()
        self._next_clearing = 0.0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        # The address may hold a password.
        return f"<{type(self).__name__} in {self._dialect}>"

    # The calls

    def create(self, id: str, user: str, data: str, seconds: int, *, began: float = 0.0) -> bool:
        """See :meth:`SessionStore.create`."""
        sessions, ended = self._sessions, self._ended

        def creating(connection: sql.Connection) -> bool:
            self._queue_up(connection, user)
            now = self._time(connection)
            marked = connection.execute(
                sql.select(ended.c.ended).where(ended.c.user_key == user)
            ).scalar()
            if marked is not None and marked > now - began:
                return False
            there = sql.select(sessions.c.id).where(sessions.c.id == id)
            if connection.execute(there).first() is not None:
                return False
            connection.execute(
                sessions.insert().values(
                    id=id, user_key=user, data=data, created=now, seen=now, ends=now + seconds
                )
            )
            return True

        try:
            created = self._written(creating)
        except IntegrityError:
            # Another one has made it meanwhile.
            return False
        if created:
            self._clear()
        return created

    def load(self, id: str) -> StoredSession | None:
        """See :meth:`SessionStore.load`."""
        rows = self._read(self._load, id=id)
        return rows[0] if rows else None

    def touch(self, id: str, seconds: int) -> bool:
        """See :meth:`SessionStore.touch`."""
        now = self._now
        update = self._update(id).values(seen=now, ends=now + seconds)
        return bool(self._written(lambda one: one.execute(update).rowcount))

    def change(self, id: str, data: str, was: str) -> bool:
        """See :meth:`SessionStore.change`."""
        update = self._update(id).where(self._sessions.c.data == was).values(data=data)
        return bool(self._written(lambda one: one.execute(update).rowcount))

    def _update(self, id: str) -> Any:
        """Return an update of a session that is still there."""
        sessions = self._sessions
        return sessions.update().where(sessions.c.id == id, sessions.c.ends > self._now)

    def end(self, id: str) -> bool:
        """See :meth:`SessionStore.end`."""
        sessions = self._sessions
        deletion = sessions.delete().where(sessions.c.id == id)
        return bool(self._written(lambda one: one.execute(deletion).rowcount))

    def end_all(self, user: str, except_: str | None = None) -> int:
        """See :meth:`SessionStore.end_all`."""
        sessions, ended = self._sessions, self._ended

        def ending(connection: sql.Connection) -> int:
            self._queue_up(connection, user)
            now = self._time(connection)
            connection.execute(ended.delete().where(ended.c.user_key == user))
            connection.execute(ended.insert().values(user_key=user, ended=now))
            deletion = sessions.delete().where(sessions.c.user_key == user)
            if except_ is not None:
                deletion = deletion.where(sessions.c.id != except_)
            return connection.execute(deletion).rowcount

        return self._written(ending)

    def of(self, user: str) -> list[StoredSession]:
        """See :meth:`SessionStore.of`."""
        return self._read(self._of, user=user)

    # The tables

    def prepare(self) -> None:
        """Make the tables if they are not there, as far as the database can be reached by now.

        :raises RuntimeError: if the user of the database may not make them
        """
        try:
            self._prepare()
        except Exception as error:
            if not is_out_of_order(error):
                raise
        # Workers are made as copies of this process.
        self.engine.dispose()

    def create_tables(self) -> list[str]:
        """Make the tables where they are not there; several workers may do so at once.

        :return: the names of the tables
        """
        with self.engine.begin() as connection:
            if self._dialect == "postgresql":
                connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_LOCK)))
            self._metadata.create_all(connection)
        return sorted(self._metadata.tables)

    def _prepare(self) -> None:
        if self._process != os.getpid():
            # The connections belong to the process that this one is a copy of.
            self.engine.dispose(close=False)
            self._deadlines = Deadlines(TIMEOUT)
            # Another thread may have held it when this process was made.
            self._lock = threading.Lock()
            self._process = os.getpid()
        if self._creates_tables:
            with self._lock:
                if self._creates_tables:
                    self._make_tables()
                    self._creates_tables = False

    def _make_tables(self) -> None:
        with self.engine.connect() as connection, self._deadlines.of(connection):
            there = sql.inspect(connection)
            if all(there.has_table(one.name) for one in (self._sessions, self._ended)):
                return
        try:
            self.create_tables()
        except sql.exc.ProgrammingError as error:
            raise RuntimeError(
                "the table of the sessions is not there, and the user of the database may not make "
                "it. Have it made once: dash-auth sessions create --store URL"
            ) from error

    def _clear(self) -> None:
        """Clear away what is over, now and then."""
        if time.monotonic() < self._next_clearing:
            return
        self._next_clearing = time.monotonic() + _CLEARED_EVERY
        sessions, ended, now = self._sessions, self._ended, self._now
        over = sql.select(sessions.c.id).where(sessions.c.ends <= now).limit(_BATCH)

        def clearing(connection: sql.Connection) -> None:
            connection.execute(sessions.delete().where(sessions.c.id.in_(over)))
            connection.execute(ended.delete().where(ended.c.ended < now - _MARKED))

        self._written(clearing)

    # How the database is asked

    def _time(self, connection: sql.Connection) -> float:
        """Return the time as the database has it, in seconds since 1970."""
        return float(connection.execute(sql.select(self._now)).scalar_one())

    def _queue_up(self, connection: sql.Connection, user: str) -> None:
        """Have all that creates or ends sessions of a user come one after another."""
        if self._dialect == "postgresql":
            lock = sql.func.pg_advisory_xact_lock(sql.func.hashtextextended(user, _LOCK))
            connection.execute(sql.select(lock))
        else:
            # The first that writes has the whole file to itself.
            old = self._ended.c.ended < self._now - _MARKED
            connection.execute(self._ended.delete().where(self._ended.c.user_key == user, old))

    def _read(self, query: Any, **values: str) -> list[StoredSession]:
        def reading() -> list[StoredSession]:
            with self._looking.connect() as connection, self._deadlines.of(connection):
                return [StoredSession(*row) for row in connection.execute(query, values)]

        return self._asked(reading)

    def _written(self, write: Callable[[sql.Connection], T]) -> T:
        def writing() -> T:
            with self._writing.begin() as connection, self._deadlines.of(connection):
                return write(connection)

        return self._asked(writing)

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask the database, once more where it has closed the connection meanwhile."""
        self._prepare()
        try:
            return ask()
        except PoolTimeoutError as error:
            # Too many ask at once: the database itself is there.
            raise Unavailable("too many ask for their sessions at once") from error
        except DBAPIError as error:
            error.hide_parameters = True
            if not error.connection_invalidated:
                raise
        return ask()


_LOCK = 6_128_530_947
"""Tells our locks in the database from an app's."""
