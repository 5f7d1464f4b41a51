"""A FastAPI server with routes of its own, one of which asks who is there."""

from typing import Annotated

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
