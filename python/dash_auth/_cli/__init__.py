"""`dash-auth`: commands for who runs an app."""

from __future__ import annotations

import click

from dash_auth._cli.errors import EXIT_CODES, Commands
from dash_auth._cli.hash import hash_password
from dash_auth._cli.sessions import sessions
from dash_auth._cli.users import users
from dash_auth._cli.verify import verify
from dash_auth.version import __version__

__all__ = ["main"]


@click.group(
    name="dash-auth",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="dash-auth-rs", message="%(prog)s %(version)s")
def main() -> None:
    """Keep the users of apps with dash-auth-rs, and what else these need."""


for _command in (hash_password, sessions, users, verify):
    main.add_command(_command)
