"""`dash-auth users passwd`: sets the password of a user."""

from __future__ import annotations

from typing import Any

import click

from dash_auth._cli.errors import Command
from dash_auth._cli.output import printable
from dash_auth._cli.passwords import short_option, stdin_option
from dash_auth._cli.store_option import store_option
from dash_auth._cli.users.accounts import check_kept, found
from dash_auth._cli.users.invitation import Link, invitation_options
from dash_auth._cli.users.temporary import end_of_temporary, new_or_drawn, temporary_option
from dash_auth.logins.form.invitation import made_ready


@click.command(cls=Command)
@click.argument("name")
@temporary_option
@invitation_options
@short_option
@stdin_option
@store_option
def passwd(
    name: str, temporary: bool, link: Link | None, least: int, from_stdin: bool, store: Any
) -> None:
    """Ask for a new password of a user; all logins of the user end.

    With --invite the user sets it, and the old one is good until then.
    """
    if link is not None and (temporary or from_stdin):
        raise click.UsageError("with --invite the user chooses the password: give nothing else")
    account = found(store, name)
    shown = printable(account.name)
    if link is not None:
        if account.disabled:
            raise click.ClickException(
                f"{shown} is disabled, so that no link would work: dash-auth users enable {shown}"
            )
        link.show(made_ready(store, account) or account)
        return
    fields: dict[str, Any] = {}
    if temporary:
        check_kept(store, "must_change")
        fields["must_change"] = end_of_temporary(True)
    password, drawn = new_or_drawn(account, temporary=temporary, least=least, from_stdin=from_stdin)
    if not store.change(account.name, password=store.hashed(password), **fields):
        raise click.ClickException(f"there is no user {shown} any more")
    click.echo(f"{shown} has a new password.", err=drawn)
    if drawn:
        click.echo(password)
