"""`dash-auth sessions`: prepares a store of sessions."""

from __future__ import annotations

from typing import Any

import click

from dash_auth.sessions.named import ENVIRONMENT, store_of


@click.group()
def sessions() -> None:
    """Prepare a store of sessions."""


@sessions.command(
    epilog="Exit codes: 0 if the tables are there; 1 if they could not be made; 2 for wrong "
    "arguments.",
)
@click.option(
    "--store",
    metavar="URL",
    required=True,
    envvar=ENVIRONMENT,
    help="What `sessions=` takes, as the user of the database who may make tables. Other users of "
    f"the machine see arguments: put a password into the variable {ENVIRONMENT} instead.",
)
def create(store: str) -> None:
    """Make the tables of a store where they are not there."""
    try:
        named: Any = store_of(store)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--store") from None
    except ImportError as error:
        raise click.ClickException(str(error)) from None
    make = getattr(named, "create_tables", None)
    if make is None:
        click.echo("Redis needs no tables: there is nothing to make.")
        return
    try:
        names: list[str] = make()
    except Exception as error:
        # The driver's own words, without the statement and its page in the manual of SQLAlchemy's.
        said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        raise click.ClickException(f"the tables could not be made: {said}") from None
    finally:
        named.engine.dispose()
    click.echo(f"The tables are there: {' and '.join(names)}.")
