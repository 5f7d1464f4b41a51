"""A FastAPI server with routes of its own, one of which asks who is there."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any

import dash_auth
from dash import Dash, html
from fastapi import Depends, FastAPI

app = Dash("fastapi_routes", backend="fastapi")
app.layout = html.Div("Sales")
dash_auth.BasicAuth(
    app, users=[("alice", "wonderland")], public_routes=["/me"], secret_key="k" * 36
)
server: FastAPI = app.server


@server.get("/me")
def me(user: Annotated[dash_auth.User, Depends(dash_auth.require_user)]) -> dict[str, object]:
    return {"name": user.name, "groups": user.groups}


@server.get("/board")
def board(user: Annotated[dash_auth.User, Depends(dash_auth.require_groups("board"))]) -> str:
    return user.name


@server.get("/report")
@dash_auth.require_groups("board", "staff", check_type="all_of")
async def report(number: int) -> str:
    return f"{number} for {dash_auth.require_recent_login(timedelta(minutes=10)).name}"


typed: Callable[[int], Coroutine[Any, Any, str]] = report
