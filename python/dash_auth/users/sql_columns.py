"""The tables of users in a database: our own, or the developer's, read as they stand."""

from __future__ import annotations

import difflib
import json
import logging
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sql

from dash_auth.users.store import Account

logger: logging.Logger = logging.getLogger("dash_auth")

OWN_TABLE = "dash_auth_users"
OWN_GROUPS = "dash_auth_user_groups"

_SPLIT = re.compile(r"[,;\s]+")

GroupsTable = str | tuple[str, str, str]
"""The name of a table, or that and the names of its columns of the user and of the group."""


class Columns:
    """Which columns hold what of a user.

    Attributes:
        users: the table of users.
        of: the column of each field, by the field's name; `name` is always there.
        claims: further columns.
        groups: the table of groups, its columns of the user and of the group; None for none.
        is_own: whether the tables are ours.
        is_reversed: whether the column of `disabled` says the opposite.
    """

    def __init__(
        self,
        users: sql.Table,
        of: Mapping[str, Any],
        *,
        claims: Iterable[Any] = (),
        groups: tuple[Any, Any] | None = None,
        is_own: bool = False,
        is_reversed: bool = False,
    ) -> None:
        """Remember them.

        :param users: the table of users
        :param of: the column of each field, by the field's name
        :param claims: further columns
        :param groups: the columns of the user and of the group in the table of groups
        :param is_own: whether the tables are ours
        :param is_reversed: whether the column of `disabled` says the opposite
        """
        self.users: sql.Table = users
        self.of: dict[str, Any] = dict(of)
        self.claims: tuple[Any, ...] = tuple(claims)
        self.groups: tuple[Any, Any] | None = groups
        self.is_own: bool = is_own
        self.is_reversed: bool = is_reversed
        kept = {field for field in self.of if field not in ("name", "credential_version")}
        self.fields: frozenset[str] = frozenset(kept | ({"groups"} if groups else set()))
        labelled = [column.label(f"own_{field}") for field, column in self.of.items()]
        labelled += [column.label(f"claim_{column.name}") for column in self.claims]
        self._selected = labelled
        self.select: sql.Select[Any] = sql.select(*labelled)
        self.find: sql.Select[Any] = self.select.where(self.of["name"] == sql.bindparam("sought"))
        self.groups_of: sql.Select[Any] | None = None
        if groups is not None:
            user, group = groups
            self.groups_of = (
                sql.select(group).where(user == sql.bindparam("sought")).order_by(group)
            )

    def account(self, row: Any, groups: Sequence[Any] = ()) -> Account | None:
        """Return the account that a row holds, None where it holds none.

        :param row: a row of :attr:`select`
        :param groups: the user's groups, where they are in a table of their own
        """
        held = {field: getattr(row, f"own_{field}") for field in self.of}
        name, password = held["name"], held.get("password")
        if not isinstance(name, str) or not isinstance(password, str | None):
            logger.error("A row of the users has a name or a password that is no text: no login")
            return None
        disabled = held.get("disabled")
        version = held.get("credential_version")
        return Account(
            name,
            password or None,
            tuple(groups) if self.groups is not None else _groups_in(held.get("groups")),
            claims={one.name: getattr(row, f"claim_{one.name}") for one in self.claims},
            # Where it is not known whether an account is active, it is not.
            disabled=not _is_yes(disabled) if self.is_reversed else bool(disabled),
            email=_text(held.get("email")),
            full_name=_text(held.get("full_name")),
            must_change=_time(held.get("must_change")),
            credential_version=_text(version),
        )

    def can_log_in(self) -> Any:
        """Return the condition of rows that hold a password and, as far as SQL can tell, count."""
        password, disabled = self.of["password"], self.of.get("disabled")
        is_there = sql.and_(password.is_not(None), password != "")
        if self.is_own:
            until = self.of["must_change"]
            is_good = sql.or_(until.is_(None), until == 0, until > time.time())
            is_there = sql.and_(is_there, is_good)
        if disabled is None or not isinstance(disabled.type, sql.Boolean | sql.Integer):
            return is_there
        is_boolean = isinstance(disabled.type, sql.Boolean)
        off = disabled == (sql.false() if is_boolean else 0)
        counts = sql.not_(off) if self.is_reversed else sql.or_(off, disabled.is_(None))
        return sql.and_(is_there, counts)

    def values(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what to write into which columns.

        :param fields: what is to be kept of a user; groups in a table of their own are left out
        :raises ValueError: if a column cannot hold it
        """
        values: dict[str, Any] = {}
        for field, value in fields.items():
            if field == "groups" and self.groups is not None:
                continue
            column = self.of[field]
            if field == "groups":
                value = ",".join(value)
            elif field == "disabled":
                value = not value if self.is_reversed else bool(value)
            elif field == "must_change":
                value = self._until(column, value)
            values[column.name] = value
        return values

    def _until(self, column: Any, value: bool | datetime) -> Any:
        if self.is_own:
            # Zero is a time that has no end, unlike NULL, which is none.
            return value.timestamp() if isinstance(value, datetime) else 0.0 if value else None
        if isinstance(column.type, sql.DateTime):
            if value is True:
                raise ValueError(f"the column {column.name} needs a time until which it counts")
            return _in_utc(column, value) if isinstance(value, datetime) else None
        if isinstance(value, datetime):
            raise ValueError(
                f"the column {column.name} holds no time: a password that has to be changed within "
                "some hours needs one of type timestamp"
            )
        return bool(value)


def own_columns(metadata: sql.MetaData) -> Columns:
    """Return the columns of tables of our own.

    :param metadata: is given the tables
    """
    users = sql.Table(
        OWN_TABLE,
        metadata,
        sql.Column("name", sql.String(255), primary_key=True),
        sql.Column("password", sql.Text),
        sql.Column("full_name", sql.Text),
        sql.Column("email", sql.Text),
        sql.Column("disabled", sql.Boolean, nullable=False, default=False),
        sql.Column("must_change", sql.Double),
        sql.Column("credential_version", sql.String(32), nullable=False),
    )
    groups = sql.Table(
        OWN_GROUPS,
        metadata,
        sql.Column("name", sql.String(255), primary_key=True),
        sql.Column("group", sql.String(255), primary_key=True),
    )
    return Columns(
        users,
        {column.name: column for column in users.c},
        groups=(groups.c.name, groups.c.group),
        is_own=True,
    )


def columns_of(
    found: Any,
    table: str,
    named: Mapping[str, str],
    claims: Iterable[str],
    groups_table: GroupsTable | None,
    *,
    is_reversed: bool,
) -> Columns:
    """Return the columns of a table that is there.

    :param found: SQLAlchemy's inspector
    :param table: the name of the table
    :param named: the name of the column of each field
    :param claims: the names of further columns
    :param groups_table: the table of groups
    :param is_reversed: whether the column of `disabled` says the opposite
    :raises ValueError: if a table or a column is not there
    """
    users = _reflected(found, table)
    groups: tuple[Any, Any] | None = None
    if groups_table is not None:
        name, user, group = _groups_table(groups_table)
        held = _reflected(found, name)
        groups = _column(held, user), _column(held, group)
    return Columns(
        users,
        {field: _column(users, name) for field, name in named.items()},
        claims=[_column(users, name) for name in claims],
        groups=groups,
        is_reversed=is_reversed,
    )


def _groups_table(named: GroupsTable) -> tuple[str, str, str]:
    if isinstance(named, str):
        return named, "username", "group_name"
    name, user, group = named
    return name, user, group


def _reflected(found: Any, name: str) -> sql.Table:
    there = [*found.get_table_names(), *found.get_view_names()]
    if name not in there:
        raise ValueError(f"there is no table {name!r} in the database{_near(name, there)}")
    columns = found.get_columns(name)
    # Types as the database has them: they say how a value is written.
    return sql.Table(
        name, sql.MetaData(), *(sql.Column(one["name"], one["type"]) for one in columns)
    )


def _column(table: sql.Table, name: str) -> Any:
    there = [column.name for column in table.c]
    if name not in there:
        raise ValueError(f"the table {table.name!r} has no column {name!r}{_near(name, there)}")
    return table.c[name]


def _near(name: str, there: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, there, 1)
    if near:
        return f": did you mean {near[0]!r}?"
    return f"; there is {', '.join(sorted(there))}" if there else ""


def _groups_in(held: Any) -> tuple[str, ...]:
    """Return the groups that a column holds: a list, one in JSON, or text with commas or spaces."""
    if isinstance(held, str):
        try:
            parsed = json.loads(held) if held.lstrip().startswith("[") else None
        except ValueError:
            parsed = None
        held = parsed if isinstance(parsed, list) else [one for one in _SPLIT.split(held) if one]
    return tuple(one for one in held if isinstance(one, str)) if isinstance(held, list) else ()


def _text(held: Any) -> str | None:
    return held if isinstance(held, str) and held else None


def _is_yes(held: Any) -> bool:
    """Tell whether a column says yes; what is not known to mean that does not."""
    if isinstance(held, str):
        return held.strip().lower() in ("1", "t", "true", "y", "yes")
    return bool(held)


def _in_utc(column: Any, value: datetime) -> datetime:
    """Return a time as a column keeps it: in UTC, where it has no zone without one."""
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc)
    return value if column.type.timezone else value.replace(tzinfo=None)


def _time(held: Any) -> bool | datetime:
    if isinstance(held, datetime | bool):
        return held
    if isinstance(held, float | int) and held > 1:
        try:
            return datetime.fromtimestamp(held, timezone.utc)
        except (OverflowError, ValueError, OSError):
            return True
    # Zero is a time that has no end; a column of our own has NULL where there is none.
    return held is not None and (isinstance(held, float) or bool(held))
