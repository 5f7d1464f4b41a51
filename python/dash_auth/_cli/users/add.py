"""`dash-auth users add`: adds a user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from dash_auth._cli.errors import Command
from dash_auth._cli.names import new_name
from dash_auth._cli.output import printable
from dash_auth._cli.passwords import short_option, stdin_option
from dash_auth._cli.store_option import store_option
from dash_auth._cli.users.accounts import check_folder, check_kept, found, is_taken
from dash_auth._cli.users.invitation import Link, invitation_options
from dash_auth._cli.users.temporary import end_of_temporary, new_or_drawn, temporary_option
from dash_auth.logins.form.invitation import made_ready
from dash_auth.users.store import Account


@click.command(cls=Command)
@click.argument("name", callback=new_name)
@click.option("--email", metavar="ADDRESS", help="The user's e-mail address; no mail is sent.")
@click.option("--full-name", metavar="TEXT", help="The name that people call the user by.")
@click.option(
    "--group", "groups", metavar="NAME", multiple=True, help="A group; give it once for each."
)
@temporary_option
@invitation_options
@short_option
@stdin_option
@store_option
def add(
    name: str,
    email: str | None,
    full_name: str | None,
    groups: tuple[str, ...],
    temporary: bool,
    link: Link | None,
    least: int,
    from_stdin: bool,
    store: Any,
) -> None:
    """Add a user.

    The password is asked for, unless it is --temporary, or there is an --invite. A users.toml or
    .htpasswd that is not there is made.
    """
    if link is not None and (temporary or from_stdin):
        raise click.UsageError("with --invite the user chooses the password: give nothing else")
    account = Account(name, None, list(dict.fromkeys(groups)), email=email, full_name=full_name)
    given = {"email": email, "full_name": full_name, "groups": groups, "must_change": temporary}
    check_kept(store, *(field for field, value in given.items() if value))
    # Before a password is thought of, and asked for twice.
    check_folder(store)
    if is_taken(store, name):
        raise _taken(name)
    drawn = False
    if link is None:
        password, drawn = new_or_drawn(
            account, temporary=temporary, least=least, from_stdin=from_stdin
        )
        account = replace(
            account, password=store.hashed(password), must_change=end_of_temporary(temporary)
        )
    if not store.create(account):
        raise _taken(name)
    # What a script may read stands on the standard output alone.
    is_read = drawn or link is not None
    click.echo(f"{printable(name)} is added.", err=is_read)
    if link is not None:
        added = found(store, name)
        link.show(made_ready(store, added) or added)
    elif drawn:
        click.echo(password)


def _taken(name: str) -> click.ClickException:
    return click.ClickException(
        f"there is a user {printable(name)} already; dash-auth users passwd sets another password"
    )
