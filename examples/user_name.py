"""Who is asking, from the session: what an app written for dash-auth does."""

import os
import secrets

import dash_auth
import flask
from dash import Dash, Input, Output, html

USERS = {"alice": "wonderland", "bob": "tea-at-four"}

app = Dash()
dash_auth.BasicAuth(
    app,
    USERS,
    # A session needs a key. This one is made at each start; servers of several processes share one.
    secret_key=os.environ.get("SECRET_KEY") or secrets.token_urlsafe(32),
)

app.layout = html.Main([html.H1("Sales"), html.P(id="greeting")])


@app.callback(Output("greeting", "children"), Input("greeting", "id"))
def greet(_: str) -> str:
    username = flask.session.get("user").get("email")
    return f"You are logged in as {username}."


if __name__ == "__main__":
    app.run()
