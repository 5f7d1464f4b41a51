"""`dash-auth hash`: makes what is stored of a password."""

from __future__ import annotations

import click

from dash_auth import _core
from dash_auth._cli.errors import Command
from dash_auth._cli.passwords import new_password, short_option, stdin_option
from dash_auth.security import generate_password_hash
from dash_auth.users.store import Account


@click.command("hash", cls=Command)
@click.option(
    "--method",
    type=click.Choice(["scrypt", "argon2", "bcrypt"]),
    default="scrypt",
    show_default=True,
    help="How it is hashed; bcrypt is for files that other programs read.",
)
@short_option
@stdin_option
def hash_password(method: str, least: int, from_stdin: bool) -> None:
    """Ask for a new password, and print what to store of it."""
    password = new_password(Account(""), least=least, from_stdin=from_stdin)
    if method == "bcrypt":
        click.echo(_core.generate_bcrypt(password))
    else:
        click.echo(generate_password_hash(password, method))
