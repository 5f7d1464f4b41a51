"""`dash-auth users`: keeps the users of an app."""

from __future__ import annotations

import click

from dash_auth._cli.errors import EXIT_CODES, Commands
from dash_auth._cli.users.add import add
from dash_auth._cli.users.disable import disable, enable
from dash_auth._cli.users.groups import groups
from dash_auth._cli.users.import_users import import_users
from dash_auth._cli.users.listing import list_users
from dash_auth._cli.users.passwd import passwd
from dash_auth._cli.users.remove import remove
from dash_auth._cli.users.show import show


@click.group(cls=Commands, epilog=EXIT_CODES)
def users() -> None:
    """Add, change and remove users; what is changed counts in a running app within seconds."""


for _command in (add, passwd, remove, list_users, show, disable, enable, groups, import_users):
    users.add_command(_command)
