"""`dash-auth verify`: tells whether a password is right."""

from __future__ import annotations

import hmac
from typing import Any

import click

from dash_auth import _core
from dash_auth._cli.errors import Command
from dash_auth._cli.output import printable
from dash_auth._cli.passwords import current_password, stdin_option
from dash_auth._cli.store_option import store_option
from dash_auth.security import check_password_hash


@click.command(
    cls=Command,
    epilog="Exit codes: 0 if the password is right; 1 if it is wrong, if there is no such user, "
    "if the user may not log in with it, or if that could not be found out; 2 for wrong arguments.",
)
@click.argument("name")
@stdin_option
@store_option
def verify(name: str, from_stdin: bool, store: Any) -> None:
    """Ask for the password of a user, and tell whether it is right."""
    password = current_password(printable(name), from_stdin=from_stdin)
    account = store.find(name)
    if account is None or account.password is None or not is_right(account.password, password):
        raise click.ClickException("there is no such user, or the password is wrong")
    shown = printable(account.name)
    if account.disabled:
        raise click.ClickException(f"the password is right, but {shown} is disabled")
    if account.is_expired():
        raise click.ClickException(
            f"the password is right, but it was temporary, and its time is over: "
            f"dash-auth users passwd {shown}"
        )
    click.echo(f"The password of {shown} is right.")
    if account.must_change:
        click.echo("It has to be changed at the next login.")


def is_right(stored: str, password: str) -> bool:
    """Tell whether a password is the one that is stored, as an app would.

    :param stored: a hash, or the password itself
    :param password: the password
    """
    if _core.is_plaintext(stored):
        return hmac.compare_digest(stored.encode(), password.encode())
    return check_password_hash(stored, password)
