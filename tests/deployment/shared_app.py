"""An app whose workers share their logins, in the store that the environment names."""

import os

import dash_auth
from dash import Dash, Input, Output, dcc, html

BACKEND = os.environ["DASH_BACKEND"]

app = Dash("deployed", **({} if BACKEND == "flask" else {"backend": BACKEND}))
app.layout = html.Div([dcc.Input(id="in"), html.Div(id="out")])


@app.callback(Output("out", "children"), Input("in", "value"))
def private_callback(value: str) -> str:
    return f"process {os.getpid()} asked by {dash_auth.current_user()}"


dash_auth.FormAuth(
    app,
    {"alice": "wonder-land", "bob": "builds-it"},
    public_routes=["/public"],
    secret_key="shared-by-all-processes",
)
server = app.server
