"""To read users in a database: what is asked of it, and what is remembered of its answers."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sql

from dash_auth._arguments import check_number
from dash_auth.sessions.database import Database
from dash_auth.sessions.reached import Breaker
from dash_auth.users.sql_columns import Columns, GroupsTable, columns_of, own_columns
from dash_auth.users.store import Account

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("dash_auth")

UNREADABLE = (sql.exc.DataError, ValueError, TypeError, OverflowError)
"""What is raised for a value that its column cannot have."""

_MOST_KEPT = 10_000
"""So many users are remembered, and names that are none's."""

_SAMPLE = 64

_SAMPLED_EVERY = 60
"""After how many seconds the sample of names is read again."""

_PAGE = 500

_LONGEST_NAME = 255


class SqlReading:
    """Reads users in a database.

    Attributes:
        fields: what can be kept of a user.
        stale_seconds: for how long an answer counts, in seconds.
        makes_tables: whether tables of its own are made where they are not there.
    """

    def __init__(
        self,
        database: str | sql.URL | sql.Engine,
        table: str | None = None,
        name: str = "username",
        password: str = "password_hash",
        groups: str | None = None,
        claims: Iterable[str] = (),
        groups_table: GroupsTable | None = None,
        *,
        email: str | None = None,
        full_name: str | None = None,
        disabled: str | None = None,
        active: str | None = None,
        must_change: str | None = None,
        credential_version: str | None = None,
        stale_seconds: float = 5,
    ) -> None:
        """Name the database, and what is where in it; it is reached when it is first asked.

        :param database: its URL, or an engine of your own
        :param table: a table of yours; None has tables made, `dash_auth_users` and
            `dash_auth_user_groups`. What follows names columns of your table
        :param name: the column of the users' names
        :param password: the column of the stored passwords
        :param groups: a column of groups: text with commas or spaces, or a list in JSON
        :param claims: columns that `session["user"]` holds, too
        :param groups_table: a table of groups with the columns `username` and `group_name`, or its
            name and the names of these two columns
        :param email: the column of the e-mail addresses
        :param full_name: the column of the full names
        :param disabled: a column that is true for who may not log in
        :param active: a column that is true for who may log in, in place of `disabled`
        :param must_change: a column that says that the password has to be changed, or until when
        :param credential_version: a text column that changes with the password. With it weak hashes
            are made anew when their users log in
        :param stale_seconds: for how long an answer counts, in seconds: so late is what other
            programs change; what is changed through this store counts at once
        :raises ImportError: if the driver is not installed
        :raises TypeError: for an argument of a wrong type
        :raises ValueError: for a database that is neither PostgreSQL nor SQLite, for columns
            without a table, and for two that say the same
        """
        check_number("stale_seconds", stale_seconds, "seconds")
        if isinstance(claims, str):
            raise TypeError(f"claims must be a list of columns: [{claims!r}]")
        if groups is not None and groups_table is not None:
            raise ValueError("groups are in a column, groups=, or in a table, groups_table=")
        if disabled is not None and active is not None:
            raise ValueError("disabled= and active= say the opposite of each other: pass one")
        self.stale_seconds: float = stale_seconds
        self.makes_tables: bool = True
        self._database = Database(
            database, "users", "the users' database", writes_ahead=table is None
        )
        named = {
            "name": name,
            "password": password,
            "groups": groups,
            "email": email,
            "full_name": full_name,
            "disabled": disabled if active is None else active,
            "must_change": must_change,
            "credential_version": credential_version,
        }
        self._table = table
        self._named = {field: column for field, column in named.items() if column is not None}
        self._claims = tuple(claims)
        self._groups_table = groups_table
        self._is_reversed = active is not None
        extra = set(self._named) - {"name", "password"}
        if table is None and (extra or self._claims or groups_table is not None):
            raise ValueError("columns are those of a table of yours: pass table= as well")
        self._metadata = sql.MetaData()
        self._columns: Columns | None = own_columns(self._metadata) if table is None else None
        self._are_there = False
        self._breaker = Breaker("the users")
        # To search through millions may take too long, and says nothing of logins.
        self._breaker_of_lists = Breaker("the list of users")
        # Name, account, and when it was read: the one used last is the last.
        self._kept: OrderedDict[str, tuple[Account | None, float]] = OrderedDict()
        self._changes = 0
        self._sampled: tuple[list[str], float] = ([], 0.0)
        self._lock = threading.Lock()
        if self._columns is not None:
            self.fields: frozenset[str] = self._columns.fields
        else:
            kept = {"groups"} if groups_table is not None else set()
            self.fields = frozenset({*self._named, *kept} - {"name", "credential_version"})

    def __repr__(self) -> str:
        # The address may hold a password.
        return f"<{type(self).__name__} in {self._database.dialect}>"

    # What a store is asked

    def find(self, name: str) -> Account | None:
        """Return the account of a name, None if there is none.

        :param name: the name
        :raises Unavailable: if the database cannot be asked
        """
        kept = self._fresh(name)
        return self._looked_up(name) if kept is None else kept[0]

    def find_now(self, name: str) -> Account | None:
        """Return what :meth:`find` does, as it is in the database now.

        :param name: the name
        :raises Unavailable: if the database cannot be asked
        """
        return self._looked_up(name)

    def is_current(self, name: str) -> bool:
        """Tell whether :meth:`find` answers from memory.

        :param name: the name
        """
        return self._fresh(name) is not None

    def names(self) -> Iterator[str]:
        """Return the names of all accounts, one after another."""
        after = ""
        while page := self._names_after(after):
            yield from page
            after = page[-1]

    def sample(self) -> list[str]:
        """Return some of the names with which somebody can log in, read once a minute.

        Against what is stored for them unknown names are verified in vain.
        """
        names, read = self._sampled
        if not names or time.monotonic() - read > _SAMPLED_EVERY:
            self._sampled = self._read_sample(), time.monotonic()
        return self._sampled[0]

    def version(self) -> object:
        """Return when the sample of names was read."""
        names, read = self._sampled
        is_old = not names or time.monotonic() - read > _SAMPLED_EVERY
        return object() if is_old else read

    def search(self, text: str = "", *, after: str = "", limit: int = 50) -> list[Account]:
        """Return accounts in the order of their names; see :class:`WritableUserStore`."""
        return self._page(text, after, limit)

    # The tables

    def prepare(self) -> None:
        """Look at the tables at start, where what is wrong with them is an error.

        :raises RuntimeError: if the tables are not there, and may not be made
        :raises ValueError: if a table or a column is not there, or there is no user
        """
        self._ready()
        if not self.sample() and not self._page("", "", 1):
            if self._table is not None:
                raise ValueError(f"there are no users in the table {self._table!r}: add one there")
            url = self._database.engine.url.render_as_string(hide_password=True)
            raise ValueError(f"there are no users. Add one: dash-auth users add NAME --store {url}")
        # Workers are made as copies of this process.
        self._database.engine.dispose()

    def close(self) -> None:
        """Close the connections to the database; they are opened anew where it is asked again."""
        self._database.engine.dispose()

    def create_tables(self) -> list[str]:
        """Make the tables of its own where they are not there.

        :return: their names
        """
        return self._database.make(self._metadata)

    def _ready(self) -> Columns:
        self._database.settle()
        if self._columns is None or not self._are_there:
            with self._database.lock:
                if self._columns is None or not self._are_there:
                    self._columns = self._looked_at()
                    self._are_there = True
        return self._columns

    def _looked_at(self) -> Columns:
        if self._columns is None:
            return self._asked(
                lambda: self._database.inspect(
                    lambda found: columns_of(
                        found,
                        str(self._table),
                        self._named,
                        self._claims,
                        self._groups_table,
                        is_reversed=self._is_reversed,
                    )
                )
            )
        tables = list(self._metadata.tables)
        if not self._asked(
            lambda: self._database.inspect(lambda found: all(map(found.has_table, tables)))
        ):
            if not self.makes_tables:
                raise ValueError("there are no users in this database, and no tables of users")
            try:
                self.create_tables()
            except (sql.exc.ProgrammingError, sql.exc.OperationalError) as error:
                raise RuntimeError(
                    "the tables of the users are not there, and the user of the database may not "
                    "make them. Have them made once, by a user who may: dash-auth users add NAME "
                    "--store URL"
                ) from error
        return self._columns

    # How the database is asked

    def _fresh(self, name: str) -> tuple[Account | None, float] | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or time.monotonic() - kept[1] >= self.stale_seconds:
                return None
            self._kept.move_to_end(name)
            return kept

    def _looked_up(self, name: str) -> Account | None:
        if not can_be_asked(name):
            return None
        changes, begun = self._changes, time.monotonic()
        account = self._read(lambda one, columns: self._found(one, columns, name))
        with self._lock:
            # What was read before a change of ours says nothing of what is there now.
            if changes == self._changes:
                self._kept[name] = account, begun
                self._kept.move_to_end(name)
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return account

    @staticmethod
    def _found(connection: sql.Connection, columns: Columns, name: str) -> Account | None:
        try:
            rows = connection.execute(columns.find, {"sought": name}).all()
        except UNREADABLE as error:
            # A value that its column cannot have, or a name that the database cannot: nothing of
            # others.
            logger.error("A row of the users cannot be read: no login (%s)", type(error).__name__)
            return None
        if len(rows) != 1:
            # Of two that are like each other in a column that ignores case, neither is meant.
            return None
        return columns.account(rows[0], _groups(connection, columns, rows[0].own_name))

    def _page(self, text: str, after: str, limit: int) -> list[Account]:
        def page(connection: sql.Connection, columns: Columns) -> list[Account]:
            name = columns.of["name"]
            query = columns.select.where(name > after).order_by(name).limit(limit)
            if text:
                sought = [columns.of.get(one) for one in ("name", "full_name", "email")]
                query = query.where(
                    sql.or_(
                        *(one.icontains(text, autoescape=True) for one in sought if one is not None)
                    )
                )
            try:
                rows = connection.execute(query).all()
            except UNREADABLE:
                # One row that cannot be read hides no other.
                names = connection.execute(query.with_only_columns(name)).scalars()
                found = [self._found(connection, columns, one) for one in names]
            else:
                found = [
                    columns.account(row, _groups(connection, columns, row.own_name)) for row in rows
                ]
            return [account for account in found if account is not None]

        return self._read(page, self._breaker_of_lists)

    def _names_after(self, after: str) -> list[str]:
        def names(connection: sql.Connection, columns: Columns) -> list[str]:
            name = columns.of["name"]
            query = sql.select(name).where(name > after).order_by(name).limit(_PAGE)
            return [one for one in connection.execute(query).scalars() if isinstance(one, str)]

        return self._read(names)

    def _read_sample(self) -> list[str]:
        def sample(connection: sql.Connection, columns: Columns) -> list[str]:
            query = sql.select(columns.of["name"]).where(columns.can_log_in()).limit(_SAMPLE)
            return [row[0] for row in connection.execute(query) if isinstance(row[0], str)]

        return self._read(sample)

    def _read(
        self, look: Callable[[sql.Connection, Columns], T], breaker: Breaker | None = None
    ) -> T:
        columns = self._ready()
        return self._asked(lambda: self._database.read(lambda one: look(one, columns)), breaker)

    def _asked(self, ask: Callable[[], T], breaker: Breaker | None = None) -> T:
        failed: list[ValueError] = []

        def asking() -> T | None:
            try:
                return ask()
            except ValueError as error:
                # A table that is not there says nothing of the database.
                failed.append(error)
                return None

        found = (breaker or self._breaker).asked(asking)
        if failed:
            raise failed[0]
        return found  # type: ignore[return-value]


def _groups(connection: sql.Connection, columns: Columns, name: Any) -> Sequence[str]:
    if columns.groups_of is None:
        return ()
    rows = connection.execute(columns.groups_of, {"sought": name})
    return [row[0] for row in rows if isinstance(row[0], str)]


def can_be_asked(name: str) -> bool:
    """Tell whether a database can be asked for a name: it calls others an error."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return len(name) <= _LONGEST_NAME and "\0" not in name
