"""`dash-auth users show`: what is kept of a user."""

from __future__ import annotations

from typing import Any

import click

from dash_auth._cli.errors import Command
from dash_auth._cli.output import print_json, printable
from dash_auth._cli.store_option import store_option
from dash_auth._cli.users.accounts import facts_of, found
from dash_auth._cli.users.stored_kind import describe


@click.command(cls=Command)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one object of JSON.")
@store_option
def show(name: str, as_json: bool, store: Any) -> None:
    """Print what is kept of a user, and how the password is hashed."""
    account = found(store, name)
    facts = {**facts_of(account), "password": describe(account, store)}
    if as_json:
        print_json(facts)
        return
    until = facts["must_change"]
    rows = {
        "Name": account.name,
        "Full name": account.full_name or "",
        "E-mail": account.email or "",
        "Groups": ", ".join(account.groups),
        "State": facts["state"] + (f" until {until}" if isinstance(until, str) else ""),
        "Password": facts["password"],
    }
    for title, text in rows.items():
        click.echo(f"{title:<11}{printable(text)}".rstrip())
