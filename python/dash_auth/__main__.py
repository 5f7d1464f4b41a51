"""Runs `python -m dash_auth`: what is installed, or with its arguments the command `dash-auth`."""

import sys

from dash_auth._installed import main


def _run(arguments: list[str]) -> int:
    if arguments and not arguments[0].startswith("-"):
        from dash_auth._cli import main as command

        if arguments[0] in command.commands:
            command(arguments, prog_name="python -m dash_auth")
    return main()


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
