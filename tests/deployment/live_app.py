"""An app whose users are where the environment says, and change while it runs."""

import os

import dash_auth
from dash import Dash, Input, Output, dcc, html

app = Dash("deployed")
app.layout = html.Div([dcc.Input(id="in"), html.Div(id="out"), html.Div(id="pub")])


@app.callback(Output("out", "children"), Input("in", "value"))
def private_callback(value: str) -> str:
    return f"process {os.getpid()} asked by {dash_auth.current_user()}"


@dash_auth.public_callback(Output("pub", "children"), Input("in", "value"))
def public_callback(value: str) -> str:
    return f"process {os.getpid()} asked by {dash_auth.current_user()}"


# The secret key is the environment's as well, where the command finds it. Guesses are not counted:
# the tests ask again and again whether a login is refused.
dash_auth.FormAuth(app, os.environ["DASH_AUTH_USERS"], public_routes=["/public"], throttle=None)
server = app.server
"""What gunicorn serves."""
