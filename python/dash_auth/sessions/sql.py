"""Sessions in a database: PostgreSQL or SQLite, with SQLAlchemy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from dash_auth._out_of_order import is_out_of_order
from dash_auth.sessions.store import StoredSession

try:
    import sqlalchemy as sql
    from sqlalchemy.exc import IntegrityError

    from dash_auth.sessions.database import LOCK, Database
except ImportError as _error:
    raise ImportError(
        'sessions in a database need SQLAlchemy: pip install "dash-auth-rs[sql]"'
    ) from _error

T = TypeVar("T")

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
        self._database = Database(database, "sessions", "sessions=")
        self.engine: sql.Engine = self._database.engine
        # SQLite has no clock but this one.
        self._now: Any = sql.bindparam("now", callable_=lambda: time.time(), type_=sql.Double)
        if self._database.dialect == "postgresql":
            self._now = sql.cast(sql.extract("epoch", sql.func.clock_timestamp()), sql.Double)
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
        self._creates_tables = create_tables
        self._next_clearing = 0.0

    def __repr__(self) -> str:
        # The address may hold a password.
        return f"<{type(self).__name__} in {self._database.dialect}>"

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
        return self._database.make(self._metadata)

    def _prepare(self) -> None:
        self._database.settle()
        if self._creates_tables:
            with self._database.lock:
                if self._creates_tables:
                    self._make_tables()
                    self._creates_tables = False

    def _make_tables(self) -> None:
        tables = (self._sessions.name, self._ended.name)
        if self._database.inspect(lambda found: all(map(found.has_table, tables))):
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
        if self._database.dialect == "postgresql":
            lock = sql.func.pg_advisory_xact_lock(sql.func.hashtextextended(user, LOCK))
            connection.execute(sql.select(lock))
        else:
            # The first that writes has the whole file to itself.
            old = self._ended.c.ended < self._now - _MARKED
            connection.execute(self._ended.delete().where(self._ended.c.user_key == user, old))

    def _read(self, query: Any, **values: str) -> list[StoredSession]:
        self._prepare()
        rows = self._database.read(lambda one: one.execute(query, values).all())
        return [StoredSession(*row) for row in rows]

    def _written(self, change: Callable[[sql.Connection], T]) -> T:
        self._prepare()
        return self._database.write(change)
