"""Users in a database: PostgreSQL or SQLite, with SQLAlchemy."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from dash_auth import security
from dash_auth.users.fields import check_fields, check_name
from dash_auth.users.store import Account

try:
    import sqlalchemy as sql
    from sqlalchemy.exc import DBAPIError, IntegrityError

    from dash_auth.users.sql_columns import Columns
    from dash_auth.users.sql_reading import SqlReading, can_be_asked
except ImportError as _error:
    raise ImportError(
        'users in a database need SQLAlchemy: pip install "dash-auth-rs[sql]"'
    ) from _error

T = TypeVar("T")


class SqlUsers(SqlReading):
    """Keeps users in a database.

    With no table it makes tables of its own. With one it reads that as it stands.
    """

    def hashed(self, password: str) -> str:
        """Return what to store for a new password.

        :param password: the password
        """
        return security.generate_password_hash(password)

    # What it is changed by

    def create(self, account: Account) -> bool:
        """Add an account; see :meth:`WritableUserStore.create`."""
        check_name(account.name)
        fields: dict[str, Any] = {
            "password": account.password,
            "groups": list(account.groups),
            "email": account.email,
            "full_name": account.full_name,
            "disabled": account.disabled,
            "must_change": account.must_change,
        }
        check_fields({key: value for key, value in fields.items() if value}, self.fields, "a table")
        columns = self._ready()
        known = {key: value for key, value in fields.items() if key in columns.fields}
        values = {columns.of["name"].name: account.name, **columns.values(known)}
        if "credential_version" in columns.of:
            values[columns.of["credential_version"].name] = _drawn()

        def creating(connection: sql.Connection) -> bool:
            # A table may hold a name twice.
            if connection.execute(columns.find, {"sought": account.name}).first() is not None:
                return False
            connection.execute(columns.users.insert().values(values))
            self._put_groups(connection, columns, account.name, known.get("groups"))
            return True

        try:
            return self._written(account.name, creating)
        except IntegrityError:
            if self._looked_up(account.name) is not None:
                return False
            raise ValueError(
                f"the table {columns.users.name!r} has columns that need a value: add the user "
                "there"
            ) from None

    def change(self, name: str, **fields: Any) -> bool:
        """Change single fields of an account; see :meth:`WritableUserStore.change`."""
        check_fields(fields, self.fields, "a table")
        columns = self._ready()
        changed = dict(fields)
        if "password" in changed:
            changed.update(self._new_credential(columns, changed))
        elif changed.get("disabled") and "credential_version" in columns.of:
            # What was ended does not come back with the account.
            changed["credential_version"] = _drawn()
        return self._changed(columns, name, changed)

    def set_password(self, name: str, stored: str, *, was: str | None) -> bool:
        """Store a new password while the credential is what it was; see the protocol."""
        columns = self._ready()
        changed = {"password": stored, **self._new_credential(columns, {})}
        password, version = columns.of["password"], columns.of.get("credential_version")
        is_same = _is_none(password) if was is None else password == was
        if version is not None:
            is_same = sql.and_(_is_none(version), is_same)
            if was is not None:
                is_same = sql.or_(version == was, is_same)
        return self._changed(columns, name, changed, is_same)

    def replace_password(self, name: str, old: str, new: str) -> bool:
        """Store the same password in another form; see :meth:`WritableUserStore.replace_password`.

        Without a `credential_version` it stays: the stored password is what logins are bound to.
        """
        columns = self._ready()
        version = columns.of.get("credential_version")
        if version is None:
            return False
        is_same = sql.and_(columns.of["password"] == old, version.is_not(None))
        return self._changed(columns, name, {"password": new}, is_same)

    def remove(self, name: str) -> bool:
        """Remove an account; see :meth:`WritableUserStore.remove`."""
        if not can_be_asked(name):
            return False
        columns = self._ready()
        deletion = columns.users.delete().where(columns.of["name"] == name)

        def removing(connection: sql.Connection) -> bool:
            is_there = _is_one(connection.execute(deletion).rowcount)
            if is_there:
                self._put_groups(connection, columns, name, ())
            return is_there

        return self._written(name, removing)

    def _new_credential(self, columns: Columns, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Return what changes with a password."""
        new: dict[str, Any] = {}
        if "credential_version" in columns.of:
            new["credential_version"] = _drawn()
        if "must_change" in columns.of and "must_change" not in changed:
            new["must_change"] = False
        return new

    def _changed(
        self, columns: Columns, name: str, changed: Mapping[str, Any], condition: Any = None
    ) -> bool:
        values, is_it = columns.values(changed), columns.of["name"] == name
        if not can_be_asked(name):
            return False
        where = is_it if condition is None else sql.and_(is_it, condition)

        def changing(connection: sql.Connection) -> bool:
            if values:
                update = columns.users.update().where(where).values(values)
                is_there = _is_one(connection.execute(update).rowcount)
            else:
                is_there = connection.execute(columns.find, {"sought": name}).first() is not None
            if is_there:
                self._put_groups(connection, columns, name, changed.get("groups"))
            return is_there

        return self._written(name, changing)

    @staticmethod
    def _put_groups(
        connection: sql.Connection, columns: Columns, name: str, groups: Iterable[str] | None
    ) -> None:
        if columns.groups is None or groups is None:
            return
        user, group = columns.groups
        connection.execute(user.table.delete().where(user == name))
        rows = [{user.name: name, group.name: one} for one in dict.fromkeys(groups)]
        if rows:
            connection.execute(user.table.insert(), rows)

    def _written(self, name: str, change: Callable[[sql.Connection], T]) -> T:
        try:
            return self._database.write(change)
        except IntegrityError:
            raise
        except DBAPIError as error:
            # Neither what was to be written nor the statement.
            error.hide_parameters = True
            raise
        finally:
            with self._lock:
                self._changes += 1
                # All of them: a column that ignores case finds an account by many spellings.
                self._kept.clear()
            self._sampled = self._sampled[0], 0.0


def _is_none(column: Any) -> Any:
    # As accounts are read: an empty text is none.
    return sql.or_(column.is_(None), column == "")


def _is_one(rows: int) -> bool:
    """Tell whether one row was changed; of several, which are put back, none was meant.

    :raises ValueError: if there were several
    """
    if rows > 1:
        raise ValueError(f"{rows} rows have that name: none is changed")
    return rows == 1


def _drawn() -> str:
    return secrets.token_hex(8)
