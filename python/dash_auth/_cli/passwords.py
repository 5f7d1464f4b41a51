"""How a command comes by a password: asked for twice, unseen, or as the one line of its input.

Never as an argument, which other users of the machine see.
"""

from __future__ import annotations

import getpass
import secrets
import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import click

from dash_auth.users.new_password import LEAST, SHORT, Fault, fault_of
from dash_auth.users.store import Account

F = TypeVar("F", bound=Callable[..., Any])

_TRIES = 3
"""So often a new password is asked for."""

_LONGEST_LINE = 16 * 1024
"""So many bytes are read of a line; a password has fewer."""

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""What passwords are made of that a person may have to copy: no letters that look like digits."""

_REASONS: dict[Fault, str] = {
    "short": "it is too short: {least} characters at least",
    "long": "it is too long: 4096 bytes at most",
    "control": "it holds a control character, which no login can send",
    "common": "it is easily guessed: one of those that many people use, or a pattern",
    "name": "it is too much like the user's name",
}


def stdin_option(command: F) -> F:
    """Add the option `--stdin` to a command."""
    return click.option(
        "--stdin",
        "from_stdin",
        is_flag=True,
        help="Read the password from the standard input, where it is one line.",
    )(command)


def short_option(command: F) -> F:
    """Add the option `--short` to a command."""
    return click.option(
        "--short",
        "least",
        flag_value=SHORT,
        default=LEAST,
        type=int,
        help=f"Take a password of {SHORT} characters or more, in the place of {LEAST}.",
    )(command)


def new_password(account: Account, *, least: int = LEAST, from_stdin: bool = False) -> str:
    """Return a new password, asked for until it is taken, three times at most.

    :param account: whose it is to be
    :param least: how many characters it has at least
    :param from_stdin: whether it is a line of the standard input, and read once
    :raises click.ClickException: if none is taken
    :raises click.UsageError: if there is no terminal to ask at
    """
    if from_stdin:
        password = _line()
        fault = reason_against(password, account, least)
        if fault is not None:
            raise click.ClickException(f"the password is not taken: {fault}")
        return password
    whose = f" of {account.name}" if account.name else ""
    for _ in range(_TRIES):
        password = _asked(f"New password{whose}")
        fault = reason_against(password, account, least)
        if fault is not None:
            click.echo(f"This one is not taken: {fault}.", err=True)
        elif _asked("The same once more") == password:
            return password
        else:
            click.echo("These were not the same.", err=True)
    raise click.ClickException(f"no password was taken in {_TRIES} tries")


def current_password(name: str, *, from_stdin: bool = False) -> str:
    """Return a password that a user has, asked for once.

    :param name: whose it is
    :param from_stdin: whether it is a line of the standard input
    :raises click.UsageError: if there is no terminal to ask at
    """
    return _line() if from_stdin else _asked(f"Password of {name}")


def reason_against(password: str, account: Account, least: int = LEAST) -> str | None:
    """Return why a new password is not taken as a part of a sentence, None if it is.

    :param password: the password
    :param account: whose it is to be
    :param least: how many characters it has at least
    """
    try:
        fault = fault_of(password, account, least=least)
    except UnicodeError:
        return "it is no text in UTF-8"
    return None if fault is None else _REASONS[fault].format(least=least)


def drawn_password() -> str:
    """Return a password that no one can guess, in groups that a person can copy."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def _asked(prompt: str) -> str:
    if not _is_terminal():
        # click and getpass would show it, and only warn.
        raise click.UsageError(
            "there is no terminal at which the password could be asked for unseen: hand it over "
            "as a line of the standard input, with --stdin"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        answer: str = click.prompt(
            prompt, default="", show_default=False, hide_input=True, err=True
        )
    return answer


def _line() -> str:
    """Return the line that the standard input holds, without its end."""
    if _is_terminal():
        raise click.UsageError(
            "--stdin reads what another program writes, and a terminal would show the password: "
            "leave --stdin out, and it is asked for"
        )
    line = b"" if sys.stdin is None else sys.stdin.buffer.readline(_LONGEST_LINE)
    if not line:
        raise click.ClickException("the standard input is empty: there is no password in it")
    ending = b"\r\n" if line.endswith(b"\r\n") else b"\n"
    return line.removesuffix(ending).decode()


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
