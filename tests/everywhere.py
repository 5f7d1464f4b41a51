"""Guarded apps on each of the three servers, with parts that say who is asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import body, item, plain_app
from attacks.http import PRIVATE, PUBLIC, Site
from attacks.routes import add_route, session
from attacks.servers import BACKENDS, running
from dash import Dash, Input, Output

if TYPE_CHECKING:
    from sockets.servers import Address

PRIVATE_BODY = body("private.children", [item("private-in", "value", 1)])
NOBODY = {"user": None, "groups": None, "session": None}

Serve = Callable[[Dash], "Address"]

on_event_loops = pytest.mark.parametrize(
    "everywhere", [name for name in BACKENDS if name != "flask"], indirect=True
)
"""Flask has no event loop, and Dash no WebSockets there."""


def _kind_of_site() -> type[Any]:
    try:
        from sockets.servers import Address
    except ModuleNotFoundError:
        # Where the newest Dash is not, there is no client for WebSockets either.
        return Site
    return Address


@pytest.fixture(params=BACKENDS)
def everywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Give `everywhere(app)`, which serves an app on each kind of server in turn."""
    kind = _kind_of_site()
    monkeypatch.setattr(apps, "backend", request.param)
    with ExitStack() as stack:

        def serve(app: Dash) -> Address:
            site = stack.enter_context(running(app.server, request.param))
            return kind(site.port, site.loop)

        yield serve


def app_behind(users: Any = None, **options: Any) -> Dash:
    """Return an app behind BasicAuth, with private and public parts.

    :param users: who knows the users
    :param options: what BasicAuth takes
    """
    app = plain_app()
    dash_auth.BasicAuth(app, users, **options)
    if apps.backend == "fastapi" and "secret_key" not in options:
        from starlette.middleware.sessions import SessionMiddleware

        app.server.add_middleware(SessionMiddleware, secret_key="the key of a test")
    add_parts(app, websocket=apps.backend != "flask" and "secret_key" not in options)
    return app


def add_parts(app: Dash, **options: Any) -> None:
    """Give an app private and public parts that say who is asking.

    :param app: a guarded app
    :param options: what its callbacks take
    """
    add_route(app, "/private", who)
    add_route(app, "/public", who)
    dash_auth.add_public_routes(app, ["/public"])
    options = {name: value for name, value in options.items() if value}
    app.callback(Output("private", "children"), Input("private-in", "value"), **options)(
        lambda _: f"{PRIVATE} {dash_auth.current_user()} {dash_auth.list_groups()}"
    )
    dash_auth.public_callback(Output("public", "children"), Input("public-in", "value"), **options)(
        lambda _: PUBLIC
    )


def who() -> dict[str, Any]:
    """Say who the app thinks is there."""
    user = dash_auth.current_user()
    return {
        "user": None if user is None else user.name,
        "groups": dash_auth.list_groups(),
        "session": session().get("user"),
    }


def known(name: str, groups: list[str], **claims: Any) -> dict[str, Any]:
    """Return what a part says of a user."""
    return {"user": name, "groups": groups, "session": {**claims, "email": name, "groups": groups}}
