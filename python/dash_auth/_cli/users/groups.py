"""`dash-auth users groups`: which groups a user is in."""

from __future__ import annotations

from typing import Any

import click

from dash_auth._cli.errors import Command
from dash_auth._cli.output import printable
from dash_auth._cli.store_option import store_option
from dash_auth._cli.users.accounts import check_kept, found


@click.command(cls=Command)
@click.argument("name")
@click.option("--add", metavar="GROUP", multiple=True, help="Add a group; once for each.")
@click.option("--remove", metavar="GROUP", multiple=True, help="Take a group away; once for each.")
@click.option(
    "--set", "exact", metavar="GROUP,...", help='These groups and no others; "" for none.'
)
@store_option
def groups(
    name: str, add: tuple[str, ...], remove: tuple[str, ...], exact: str | None, store: Any
) -> None:
    """Change the groups of a user, and print them, one in a line."""
    if exact is not None and (add or remove):
        raise click.UsageError("--set says all groups: give neither --add nor --remove with it")
    account = found(store, name)
    now = list(account.groups)
    if exact is not None:
        wanted = [group.strip() for group in exact.split(",") if group.strip()]
    else:
        wanted = [group for group in (*now, *add) if group not in remove]
    wanted = list(dict.fromkeys(wanted))
    if not all(group and group.isprintable() for group in wanted if group not in now):
        raise click.UsageError("the name of a group is empty, or holds what is not seen")
    if wanted != now:
        check_kept(store, "groups")
        if not store.change(account.name, groups=wanted):
            raise click.ClickException(f"there is no user {printable(account.name)} any more")
    for group in wanted:
        click.echo(printable(group))
