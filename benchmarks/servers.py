"""Servers with an event loop, for the apps that are measured."""

from __future__ import annotations

from typing import Any

import apps
from dash import Dash

KINDS = ("FastAPI", "Quart")
REMEMBER = "/remember"
"""A route that keeps something of the developer's own in the session."""


def server_of(kind: str) -> Any:
    """Return a new server with a route that writes to the session."""
    if kind == "FastAPI":
        from fastapi import FastAPI, Request

        server = FastAPI()

        async def remember(request: Any) -> str:
            request.session["seen"] = 1
            return "remembered"

        # FastAPI reads the annotation, which here names what only this function imports.
        remember.__annotations__["request"] = Request
        server.get(REMEMBER)(remember)
        return server
    import quart

    server = quart.Quart("benchmarks")

    @server.get(REMEMBER)
    async def remember_on_quart() -> str:
        quart.session["seen"] = 1
        return "remembered"

    return server


def sign_sessions(app: Dash, key: str) -> Dash:
    """Give an unprotected app sessions, as `secret_key=` gives them to a protected one.

    :param app: Dash app on one of these servers
    :param key: secret key
    """
    if type(app.server).__name__ == "FastAPI":
        from starlette.middleware.sessions import SessionMiddleware

        app.server.add_middleware(SessionMiddleware, secret_key=key)
    else:
        app.server.secret_key = key
    return app


def plain_app(kind: str) -> Dash:
    """Return an unprotected app whose server signs sessions."""
    return sign_sessions(apps.app_with_callbacks(server=server_of(kind)), apps.SECRET_KEY)
