"""`dash-auth users import`: adds the users of a file, all or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dash_auth import _core
from dash_auth._cli.errors import Command
from dash_auth._cli.names import fault_in
from dash_auth._cli.output import printable
from dash_auth._cli.passwords import reason_against, short_option
from dash_auth._cli.store_option import store_option
from dash_auth._cli.users.accounts import check_folder, check_kept, is_taken
from dash_auth._cli.users.import_file import FORMATS, Entry, entries_of, format_of
from dash_auth.users.store import Account

_MOST_SHOWN = 20
"""So many faults are shown of a file."""


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), help="By default the file's name says it."
)
@click.option("--skip-existing", is_flag=True, help="Leave out those whose name is taken.")
@short_option
@store_option
def import_users(file: Path, form: str | None, skip_existing: bool, least: int, store: Any) -> None:
    """Add the users of a file, all of them or none.

    CSV with a line that names the columns, JSON (an array of objects with these keys, or an object
    of names and stored passwords), or a file of htpasswd. The columns: name; password_hash, which
    is stored as it is; or password, which is hashed, and has to be as long as --short allows;
    groups, with commas or semicolons between; email; full_name. Without a password a user is
    invited: users passwd NAME --invite.
    """
    form = form or format_of(file)
    if form is None:
        raise click.UsageError(f"say which format the file has: --format {'|'.join(FORMATS)}")
    try:
        entries = entries_of(file, form)
    except UnicodeError:
        raise click.ClickException(f"{printable(str(file))} is no text in UTF-8") from None
    except ValueError as error:
        raise click.ClickException(f"{printable(str(file))}: {printable(str(error))}") from None
    taken = [entry for entry in entries if not entry.fault and _is_there(store, entry.name)]
    new = [entry for entry in entries if not (skip_existing and entry in taken)]
    faults = list(_faults(new, [] if skip_existing else taken, least))
    if faults:
        more = len(faults) - _MOST_SHOWN
        shown = faults[:_MOST_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        raise click.ClickException("\n  ".join(["nothing is imported:", *map(printable, shown)]))
    check_folder(store)
    check_kept(store, *_fields_of(new))
    _create(store, [_account(store, entry) for entry in new])
    there = f", {len(entries) - len(new)} there already" if skip_existing else ""
    click.echo(f"Users imported: {len(new)}{there}.")


def _is_there(store: Any, name: str) -> bool:
    return fault_in(name) is None and is_taken(store, name)


def _faults(entries: list[Entry], taken: list[Entry], least: int) -> Any:
    seen: set[str] = set()
    for entry in entries:
        fault = entry.fault or fault_in(entry.name) or _password_fault(entry, least)
        if fault is None and entry in taken:
            fault = f"there is a user {entry.name} already"
        if fault is None and entry.name in seen:
            fault = f"the user {entry.name} stands there twice"
        seen.add(entry.name)
        if fault is not None:
            yield f"{entry.place}: {fault}"


def _password_fault(entry: Entry, least: int) -> str | None:
    if entry.password and entry.password_hash:
        return f"user {entry.name} has a password and a password_hash: give one"
    if not entry.password and not entry.password_hash:
        # Who is invited has none yet.
        return None
    if entry.password:
        reason = reason_against(entry.password, Account(entry.name), least)
        return reason and f"the password of user {entry.name} is not taken: {reason}"
    stored = entry.password_hash or ""
    try:
        _core.Users({entry.name: stored})
    except ValueError as error:
        return str(error)
    if _core.is_plaintext(stored):
        return f"the password_hash of user {entry.name} is no hash that can be read"
    return None


def _fields_of(entries: list[Entry]) -> list[str]:
    return [
        name
        for name in ("groups", "email", "full_name")
        if any(getattr(one, name) for one in entries)
    ]


def _account(store: Any, entry: Entry) -> Account:
    stored = store.hashed(entry.password) if entry.password else entry.password_hash or None
    return Account(
        entry.name, stored, list(entry.groups), email=entry.email, full_name=entry.full_name
    )


def _create(store: Any, accounts: list[Account]) -> None:
    """Add accounts; where one cannot be added, those before it are taken back."""
    create_all = getattr(store, "create_all", None)
    if create_all is not None:
        # A file is written once, and not once for each.
        if not create_all(accounts):
            raise click.ClickException("nothing is imported: one of the names is taken by now")
        return
    created: list[str] = []
    try:
        for account in accounts:
            if not store.create(account):
                raise click.ClickException(
                    f"nothing is imported: there is a user {printable(account.name)} by now"
                )
            created.append(account.name)
    except BaseException:
        for name in created:
            store.remove(name)
        raise
