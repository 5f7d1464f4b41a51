"""`dash-auth users list`: which users there are."""

from __future__ import annotations

from typing import Any

import click

from dash_auth._cli.errors import Command
from dash_auth._cli.output import print_json, print_table
from dash_auth._cli.store_option import store_option
from dash_auth._cli.users.accounts import facts_of, matching, state_of

_HEAD = ("NAME", "FULL NAME", "E-MAIL", "GROUPS", "STATE")


@click.command("list", cls=Command)
@click.option(
    "--search", metavar="TEXT", default="", help="Those with it in the name, full name or e-mail."
)
@click.option("--json", "as_json", is_flag=True, help="Print one array of JSON.")
@store_option
def list_users(search: str, as_json: bool, store: Any) -> None:
    """List the users.

    A user is active, disabled, invited (there is no password yet), or must change the password;
    expired, if it was temporary and its time is over.
    """
    accounts = list(matching(store, search))
    if as_json:
        print_json([facts_of(account) for account in accounts])
        return
    rows = [
        (
            account.name,
            account.full_name or "",
            account.email or "",
            ", ".join(account.groups),
            state_of(account),
        )
        for account in accounts
    ]
    print_table(_HEAD, rows)
