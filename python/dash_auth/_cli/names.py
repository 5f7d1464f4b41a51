"""Which names a user may have: those that can log in."""

from __future__ import annotations

import click

from dash_auth import _core
from dash_auth._cli.output import printable

LONGEST = 255
"""So many characters a name has at most."""


def fault_in(name: str) -> str | None:
    """Return why a name is not taken, None if it is.

    :param name: the name that a user is to have
    """
    if not name:
        return "the user name is empty"
    if len(name) > LONGEST:
        return f"the user name is longer than {LONGEST} characters"
    if name != name.strip():
        return "the user name begins or ends with a space, which is not seen where it is typed"
    try:
        _core.Users({name: "any"})
    except ValueError as error:
        # UnicodeError is one, too: of bytes that are no text.
        return "the user name is no text" if isinstance(error, UnicodeError) else str(error)
    return None


def new_name(ctx: click.Context, param: click.Parameter, name: str) -> str:
    """Return the argument that names a user to be.

    :param ctx: the command's
    :param param: the argument
    :param name: its value
    :raises click.BadParameter: if it could never log in
    """
    fault = fault_in(name)
    if fault is not None:
        raise click.BadParameter(printable(fault), ctx, param)
    return name
