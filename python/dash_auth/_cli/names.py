"""Which names a user may have: those that can log in."""

from __future__ import annotations

import click

from dash_auth.users.fields import check_name


def fault_in(name: str) -> str | None:
    """Return why a name is not taken, None if it is.

    :param name: the name that a user is to have
    """
    try:
        check_name(name)
    except ValueError as error:
        return str(error)
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
        raise click.BadParameter(fault, ctx, param)
    return name
