"""`dash-auth users disable` and `enable`: whether users may log in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from dash_auth._cli.errors import Command
from dash_auth._cli.output import printable
from dash_auth._cli.store_option import store_option
from dash_auth._cli.users.accounts import all_found, check_kept


@click.command(cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@store_option
def disable(names: tuple[str, ...], store: Any) -> None:
    """Let users log in no more.

    All their logins end; what is kept of them stays.
    """
    _set(store, names, disabled=True)


@click.command(cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@store_option
def enable(names: tuple[str, ...], store: Any) -> None:
    """Let users log in again."""
    _set(store, names, disabled=False)


def _set(store: Any, names: Iterable[str], *, disabled: bool) -> None:
    check_kept(store, "disabled")
    for account in all_found(store, names):
        shown = printable(account.name)
        if not store.change(account.name, disabled=disabled):
            raise click.ClickException(f"there is no user {shown} any more")
        click.echo(f"{shown} is {'disabled' if disabled else 'enabled'}.")
