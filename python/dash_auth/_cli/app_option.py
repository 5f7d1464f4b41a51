"""The option `--app`: the app whose sessions a command is about."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from dash_auth._cli.errors import told

F = TypeVar("F", bound=Callable[..., Any])

ENVIRONMENT = "DASH_AUTH_APP"
"""The environment variable that names the app where no option does."""


def app_option(command: F) -> F:
    """Add the option `--app` to a command, which hands it to :func:`import_app`."""
    return click.option(
        "--app",
        metavar="MODULE",
        envvar=ENVIRONMENT,
        help="The app as its server names it, such as app:server: it is imported from this folder, "
        "and needs the settings that it has there. The sessions of a user are found by the app "
        f"alone; or the variable {ENVIRONMENT}.",
    )(command)


def import_app(named: str | None) -> None:
    """Import an app, so that its sessions are known.

    :param named: its module, and what a server takes out of it, which is not looked at
    :raises click.ClickException: if it cannot be imported
    :raises click.UsageError: if none is named
    """
    if not named:
        raise click.UsageError(
            "a store tells users apart by the app alone: name the app as its server does, "
            "--app app:server, in the folder where that is started, or in the environment variable "
            f"{ENVIRONMENT}"
        )
    sys.path.insert(0, os.getcwd())
    module = named.partition(":")[0].removesuffix(".py").replace("/", ".")
    try:
        # What it prints is not what the command has found.
        with contextlib.redirect_stdout(sys.stderr):
            importlib.import_module(module)
    except Exception as error:
        raise click.ClickException(f"the app could not be imported: {told(error)}") from None
