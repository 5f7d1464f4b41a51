"""The link with which a user sets a password, once: it needs the app's address, and its key."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import click

from dash_auth._arguments import check_page_route
from dash_auth._secret_keys import ENVIRONMENT, weakness
from dash_auth.logins.form.invitation import SECONDS, Invitations
from dash_auth.users.store import Account

F = TypeVar("F", bound=Callable[..., Any])

URL_ENVIRONMENT = "DASH_AUTH_URL"
"""The environment variable that holds the address of the app where no option gives it."""

_HOURS = SECONDS // 3600

_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))


class Link:
    """Makes links for users of an app."""

    def __init__(self, url: str, login_route: str, key: bytes) -> None:
        """Say which app.

        :param url: its address, with its prefix
        :param login_route: its `login_route`
        :param key: its secret key
        """
        self._start = f"{url.rstrip('/')}{login_route}/invitation/"
        self._invitations = Invitations(lambda: (key,))

    def show(self, account: Account) -> None:
        """Print the link of a user.

        :param account: the account as it is stored now
        """
        click.echo(
            f"With this link the password is set, once, within {_HOURS} hours. Whoever has it can "
            "do so: hand it to the user alone.",
            err=True,
        )
        click.echo(self._start + self._invitations.token(account))


def invitation_options(command: F) -> F:
    """Add `--invite` to a command, and what it needs; it is handed a `link`, or None."""

    @wraps(command)
    def with_link(invite: bool, url: str | None, login_route: str, **options: Any) -> Any:
        return command(link=_link(url, login_route) if invite else None, **options)

    added = click.option(
        "--login-route",
        metavar="PATH",
        default="/login",
        show_default=True,
        callback=_route,
        help="With --invite: the login_route of the app.",
    )(with_link)
    added = click.option(
        "--url",
        metavar="URL",
        envvar=URL_ENVIRONMENT,
        callback=_address,
        help="With --invite: the address of the app with its prefix, such as "
        f"https://dash.example.com; or the variable {URL_ENVIRONMENT}.",
    )(added)
    added = click.option(
        "--invite",
        is_flag=True,
        help=f"Print a link with which the user sets a password, once, within {_HOURS} hours. It "
        f"needs the app's secret key in the variable {ENVIRONMENT}, and --url.",
    )(added)
    return cast("F", added)


def _link(url: str | None, login_route: str) -> Link:
    if not url:
        raise click.UsageError(
            "--invite needs the address of the app: --url https://dash.example.com, or the "
            f"environment variable {URL_ENVIRONMENT}"
        )
    key = os.environ.get(ENVIRONMENT, "").encode("utf-8", "surrogateescape")
    if not key:
        raise click.UsageError(
            "--invite seals a link with the app's secret key: put the one that the app has into "
            f"the environment variable {ENVIRONMENT}"
        )
    weak = weakness(key)
    if weak is not None:
        raise click.ClickException(
            f"the key in {ENVIRONMENT} {weak}: others could make such links. Give the app another"
        )
    return Link(url, login_route, key)


def _address(ctx: click.Context, param: click.Parameter, url: str | None) -> str | None:
    if not url or ctx.resilient_parsing:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
        is_address = parts.scheme in ("http", "https") and host and (parts.port or 1)
    except ValueError:
        is_address = host = None
    extra = "@" in url or "?" in url or "#" in url or not url.isprintable() or " " in url
    if not is_address or extra:
        raise click.BadParameter(
            "it must be the address of the app, such as https://dash.example.com/app", ctx, param
        )
    if url.startswith("http:") and host not in _LOCAL:
        click.echo(
            "Warning: a link with http:// can be read on its way. Serve the app with TLS.", err=True
        )
    return url


def _route(ctx: click.Context, param: click.Parameter, route: str) -> str:
    try:
        check_page_route("it", route)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return route
