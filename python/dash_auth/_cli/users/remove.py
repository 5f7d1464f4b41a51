"""`dash-auth users remove`: removes users."""

from __future__ import annotations

from typing import Any

import click

from dash_auth._cli.errors import Command
from dash_auth._cli.output import printable
from dash_auth._cli.store_option import store_option
from dash_auth._cli.users.accounts import all_found


@click.command(cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@store_option
def remove(names: tuple[str, ...], yes: bool, store: Any) -> None:
    """Remove users; all their logins end."""
    accounts = all_found(store, names)
    if not yes:
        shown = ", ".join(printable(account.name) for account in accounts)
        click.confirm(f"Remove {shown}?", abort=True, err=True)
    for account in accounts:
        # Gone is gone, also if another one was faster.
        store.remove(account.name)
        click.echo(f"{printable(account.name)} is removed.")
