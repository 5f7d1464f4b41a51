"""The option `--store`: where the users are that a command is about."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from dash_auth._cli.output import printable
from dash_auth.users.named import ENVIRONMENT, store_of

logger: logging.Logger = logging.getLogger("dash_auth")

F = TypeVar("F", bound=Callable[..., Any])


def _given(ctx: click.Context, param: click.Parameter, named: str | None) -> Any:
    if ctx.resilient_parsing:
        return None
    if not named:
        raise click.UsageError(
            "say where the users are: --store users.toml, or the environment variable "
            f"{ENVIRONMENT}",
            ctx,
        )
    makes = ctx.command.name in ("add", "import")
    path = named.partition(":///")[2] if named.startswith("sqlite") else ""
    if path and not makes and not os.path.exists(path.partition("?")[0]):
        raise click.ClickException(f"there is no file {printable(path)}")
    try:
        store = store_of(named)
    except ValueError as error:
        raise click.BadParameter(printable(str(error)), ctx, param) from None
    # What is wrong with a file is said by the command, in one line.
    quiet = logging.NullHandler()
    logger.addHandler(quiet)
    ctx.call_on_close(lambda: logger.removeHandler(quiet))
    if hasattr(store, "makes_tables"):
        store.makes_tables = makes
    close = getattr(store, "close", None)
    if close is not None:
        ctx.call_on_close(close)
    return store


def store_option(command: F) -> F:
    """Add the option `--store` to a command, which is handed the store."""
    return click.option(
        "--store",
        metavar="X",
        envvar=ENVIRONMENT,
        callback=_given,
        help="Where the users are, as the app names it: users.toml, a file that ends in .htpasswd, "
        "or the URL of a database. Other users of the machine see arguments: put a URL that holds "
        f"a password into the variable {ENVIRONMENT} instead.",
    )(command)
