"""Temporary passwords: good for nothing but to be changed, within 72 hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import click

from dash_auth._cli.passwords import drawn_password, new_password
from dash_auth.users.new_password import TEMPORARY_SECONDS
from dash_auth.users.store import Account

F = TypeVar("F", bound=Callable[..., Any])

_HOURS = TEMPORARY_SECONDS // 3600


def temporary_option(command: F) -> F:
    """Add the option `--temporary` to a command."""
    return click.option(
        "--temporary",
        is_flag=True,
        help=f"Draw a password that the user has to change within {_HOURS} hours, and print it, "
        "this once; with --stdin it is the one given.",
    )(command)


def new_or_drawn(
    account: Account, *, temporary: bool, least: int, from_stdin: bool
) -> tuple[str, bool]:
    """Return a new password, and whether it was drawn here.

    :param account: whose it is to be
    :param temporary: whether it is a temporary one
    :param least: how many characters it has at least
    :param from_stdin: whether it is a line of the standard input
    """
    if temporary and not from_stdin:
        return drawn_password(), True
    return new_password(account, least=least, from_stdin=from_stdin), False


def end_of_temporary(temporary: bool) -> bool | datetime:
    """Return until when a new password must be changed, False for one that need not be.

    :param temporary: whether it is a temporary one
    """
    if not temporary:
        return False
    now = datetime.now(timezone.utc).replace(microsecond=0)
    return now + timedelta(seconds=TEMPORARY_SECONDS)
