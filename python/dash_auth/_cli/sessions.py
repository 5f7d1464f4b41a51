"""`dash-auth sessions`: the sessions that a store keeps, and its tables."""

from __future__ import annotations

import re
from typing import Any

import click

from dash_auth._cli.app_option import app_option, import_app
from dash_auth._cli.errors import EXIT_CODES, Commands, told
from dash_auth._cli.output import print_json, print_table, printable
from dash_auth.sessions import known
from dash_auth.sessions.named import ENVIRONMENT, store_of

_ID = re.compile(r"[0-9a-f]{64}")


@click.group(cls=Commands, epilog=EXIT_CODES)
def sessions() -> None:
    """List and end the sessions of users, and prepare a store of them."""


@sessions.command("list")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one array of JSON.")
@app_option
def list_sessions(name: str, as_json: bool, app: str | None) -> None:
    """List the sessions of a user, the latest first. What is shown opens none of them."""
    import_app(app)
    found = known.of(name)
    if as_json:
        print_json(
            [
                {
                    "id": one.id,
                    "created": one.created.isoformat(),
                    "seen": one.seen.isoformat(),
                }
                for one in found
            ]
        )
        return
    rows = [
        (one.id, f"{one.created:%Y-%m-%d %H:%M}", f"{one.seen:%Y-%m-%d %H:%M}") for one in found
    ]
    print_table(("ID", "CREATED (UTC)", "SEEN (UTC)"), rows)


@sessions.command
@click.argument("name", required=False)
@click.option("--id", "id", metavar="ID", help="This one alone, see sessions list.")
@app_option
@click.option(
    "--store",
    metavar="URL",
    envvar=ENVIRONMENT,
    help=f"With --id: the store, as sessions= takes it; or the variable {ENVIRONMENT}.",
)
def end(name: str | None, id: str | None, app: str | None, store: str | None) -> None:
    """End all sessions of a user, which needs --app; or the one of an --id, in a --store."""
    if (name is None) == (id is None):
        raise click.UsageError("say either the name of a user, or the --id of a session")
    if name is not None:
        import_app(app)
        click.echo(f"Sessions of {printable(name)} ended: {known.end_all(name)}.")
        return
    if not _ID.fullmatch(id or ""):
        raise click.BadParameter("it has 64 hexadecimal digits", param_hint="--id")
    if store is None:
        raise click.UsageError(
            f"say where the session is kept: --store URL, or the environment variable {ENVIRONMENT}"
        )
    named = _named(store)
    try:
        if not named.end(id):
            raise click.ClickException("there is no session of this id")
    finally:
        _close(named)
    click.echo("The session is ended.")


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
    named = _named(store)
    make = getattr(named, "create_tables", None)
    if make is None:
        click.echo("Redis needs no tables: there is nothing to make.")
        return
    try:
        names: list[str] = make()
    except Exception as error:
        raise click.ClickException(f"the tables could not be made: {told(error)}") from None
    finally:
        _close(named)
    click.echo(f"The tables are there: {' and '.join(names)}.")


def _named(store: str) -> Any:
    try:
        return store_of(store)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--store") from None


def _close(named: Any) -> None:
    engine = getattr(named, "engine", None)
    if engine is not None:
        engine.dispose()
