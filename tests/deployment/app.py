"""The app that the real servers serve, in as many processes as they are told to start."""

import os

import dash
import dash_auth
from dash import Dash, Input, Output, dcc, html

BACKEND = os.environ["DASH_BACKEND"]
# Stored, as in a database: a hash that each process makes anew is another password to a session.
USERS = {
    "alice": (
        "scrypt:32768:8:1$jKCmAdAE7iDo4jLF$695bebe620c3e167fe37c39e394c5344b8956cd9fec33c"
        "8bbf69a2db30f69ab95fab1821f99fbd8b112b8ef80be3f2cd7138272516d60b6c92349f8997ad53f8"
    ),
}

app = Dash(
    "deployed",
    routes_pathname_prefix="/",
    requests_pathname_prefix=os.environ.get("DASH_REQUESTS_PATHNAME_PREFIX", "/"),
    use_pages=True,
    pages_folder="",
    **({} if BACKEND == "flask" else {"backend": BACKEND, "websocket_callbacks": True}),
)
app.layout = html.Div([dash.page_container, html.Div(id="out"), html.Div(id="pub")])


def who() -> html.Div:
    return html.Div(f"asked by {dash_auth.current_user()}")


dash.register_page("home", path="/", layout=html.Div("PRIVATE-MARKER home"))
dash.register_page("private", path="/private", layout=html.Div("PRIVATE-MARKER"))
dash.register_page("public", path="/public", layout=lambda **_: who())
app.layout.children.append(dcc.Input(id="in"))


@app.callback(Output("out", "children"), Input("in", "value"))
def private_callback(value: str) -> str:
    return f"PRIVATE-MARKER {value} {dash_auth.current_user()}"


@dash_auth.public_callback(Output("pub", "children"), Input("in", "value"))
def public_callback(value: str) -> str:
    return f"process {os.getpid()} asked by {dash_auth.current_user()}"


dash_auth.BasicAuth(
    app,
    USERS,
    public_routes=["/public"],
    secret_key="shared-by-all-processes",
)
server = app.server
