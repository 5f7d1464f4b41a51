"""`dash-auth`: commands for who runs an app."""

from __future__ import annotations

import click

from dash_auth._cli.sessions import sessions
from dash_auth.version import __version__

__all__ = ["main"]


@click.group(
    name="dash-auth",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 if it is done; 1 if it could not be done; 2 for wrong arguments.",
)
@click.version_option(__version__, prog_name="dash-auth-rs", message="%(prog)s %(version)s")
def main() -> None:
    """Prepare what apps with dash-auth-rs need."""


main.add_command(sessions)
