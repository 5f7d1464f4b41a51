"""The accounts that a command is about, and what it says of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import click

from dash_auth._cli.output import printable
from dash_auth._unavailable import Unavailable
from dash_auth.users.store import Account

_AT_ONCE = 500


def found(store: Any, name: str) -> Account:
    """Return the account of a name.

    :param store: the store of users
    :param name: the name
    :raises click.ClickException: if there is none
    """
    account: Account | None = store.find(name)
    if account is None:
        raise click.ClickException(f"there is no user {printable(name)}")
    return account


def is_taken(store: Any, name: str) -> bool:
    """Tell whether a name is taken; in a file that is not there, or holds no user yet, none is.

    :param store: the store of users
    :param name: the name
    """
    try:
        return store.find(name) is not None
    except Unavailable:
        if not hasattr(store, "path"):
            raise
        # If something else is wrong with the file, that is said when it is to be written.
        return False


def check_folder(store: Any) -> None:
    """Refuse a file in a folder that is not there; a file is made, a folder is not.

    :param store: the store of users
    :raises click.ClickException: if it is not there
    """
    folder = os.path.dirname(getattr(store, "path", "")) or "."
    if not os.path.isdir(folder):
        raise click.ClickException(f"there is no folder {printable(folder)}")


def all_found(store: Any, names: Iterable[str]) -> list[Account]:
    """Return the accounts of some names, each once.

    :param store: the store of users
    :param names: the names
    :raises click.ClickException: if there is none of one of them
    """
    accounts = {name: store.find(name) for name in names}
    missing = [printable(name) for name, account in accounts.items() if account is None]
    if missing:
        raise click.ClickException(f"there is no user {', '.join(missing)}; nothing is changed")
    return list({account.name: account for account in accounts.values()}.values())


def matching(store: Any, text: str = "") -> Iterator[Account]:
    """Go through the accounts in the order of their names.

    :param store: the store of users
    :param text: what stands in the name, the full name or the e-mail address
    """
    after = ""
    while page := store.search(text, after=after, limit=_AT_ONCE):
        yield from page
        after = page[-1].name


def check_kept(store: Any, *fields: str) -> None:
    """Refuse what a store cannot keep.

    :param store: the store of users
    :param fields: names of fields of an account
    :raises click.ClickException: if it cannot keep one of them
    """
    missing = [_FIELDS[field] for field in fields if field not in store.fields]
    if missing:
        raise click.ClickException(
            f"this store cannot keep {' and '.join(missing)}: a users.toml or a database can"
        )


_FIELDS = {
    "disabled": "that a user is disabled",
    "email": "e-mail addresses",
    "full_name": "full names",
    "groups": "groups",
    "must_change": "that a password must be changed",
}


def state_of(account: Account) -> str:
    """Return in a word or two whether an account is used.

    :param account: the account
    """
    if account.disabled:
        return "disabled"
    if account.password is None:
        return "invited"
    if account.is_expired():
        return "expired"
    return "must change" if account.must_change else "active"


def facts_of(account: Account) -> dict[str, Any]:
    """Return what JSON says of an account: never its password.

    :param account: the account
    """
    until = account.must_change
    return {
        "name": account.name,
        "full_name": account.full_name,
        "email": account.email,
        "groups": list(account.groups),
        "state": state_of(account),
        "disabled": account.disabled,
        "must_change": until.isoformat() if isinstance(until, datetime) else bool(until),
    }
