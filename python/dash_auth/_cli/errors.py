"""What a command says that could not do what it was told: one line, and the exit code.

This is the one place where the exit codes are decided: what a command raises becomes one of them.
"""

from __future__ import annotations

import errno
from typing import Any

import click

from dash_auth._cli.output import printable

EXIT_CODES = (
    "Exit codes: 0 if it is done; 1 if it could not be done: no such user, a name that is taken, a "
    "wrong password, a store that is away; 2 for wrong arguments."
)
"""What stands below the help of each command."""


class Command(click.Command):
    """A command that tells its exit codes, and takes no password as an argument."""

    def __init__(self, name: str | None, **options: Any) -> None:
        """Make a command.

        :param name: what it is called
        :param options: what click takes besides
        """
        options["context_settings"] = {
            "allow_extra_args": True,
            **(options.get("context_settings") or {}),
        }
        super().__init__(name, **{"epilog": EXIT_CODES, **options})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what is too much without a word of it: it may be a password."""
        rest = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            raise click.UsageError(
                "there are too many arguments. A password is none: other users of the machine see "
                "arguments, and the shell keeps them. It is asked for, or read with --stdin where "
                "there is that option",
                ctx,
            )
        return rest


class Commands(click.Group):
    """A group of commands, of which none ends in a traceback."""

    command_class = Command
    group_class = type

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it raises is said in one line."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if getattr(error, "errno", None) == errno.EPIPE:
                # Who reads has seen enough: click ends quietly.
                raise
            raise click.ClickException(told(error)) from None


def told(error: Exception) -> str:
    """Return what an error says as one line, without what was to be stored.

    :param error: what was raised
    """
    # The driver's own words, where SQLAlchemy adds the statement and a page of its manual.
    own = getattr(error, "orig", None) or error
    if isinstance(own, OSError) and own.strerror:
        where = f"{own.filename}: " if isinstance(own.filename, str) else ""
        return printable(f"{where}{own.strerror}")
    lines = [line.strip() for line in str(own).splitlines()]
    said = " ".join(line for line in lines if line and not line.startswith(("[SQL", "(Background")))
    kind = type(own).__name__
    if isinstance(own, UnicodeError) or not said:
        # It quotes bytes, which may be of a password.
        return f"what was read is no text in UTF-8 ({kind})" if said else kind
    return printable(said)
