"""Login through an identity provider: whoever logs in there sees the app, and their name in it."""

import os

from dash import Dash, Input, Output, dcc, html
from dash_auth import OIDCAuth, current_user, protected

app = Dash(__name__)
auth = OIDCAuth(app, secret_key=os.environ["SECRET_KEY"], public_routes=["/health"])
auth.register_provider(
    "idp",
    client_id=os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    server_metadata_url=os.environ["OIDC_METADATA_URL"],
    client_kwargs={"scope": "openid email profile"},
)


@app.server.get("/health")
def health() -> str:
    return "ok"


@protected("Only for admins.", groups=["admin"])
def for_admins() -> str:
    return "The secret of the admins."


def layout() -> html.Div:
    return html.Div(
        [
            html.P(f"You are logged in as {current_user()}."),
            html.P(for_admins()),
            html.Button("Count", id="count"),
            html.Output(id="counted"),
            dcc.Location(id="location"),
            html.P(id="where"),
            html.A("Log out", href=auth.logout_route),
        ]
    )


app.layout = layout


@app.callback(Output("counted", "children"), Input("count", "n_clicks"))
def count(clicks: int | None) -> str:
    return f"Counted {clicks or 0}"


@app.callback(
    Output("where", "children"), Input("location", "pathname"), Input("location", "search")
)
def where(pathname: str, search: str) -> str:
    return f"You are at {pathname}{search}"


if __name__ == "__main__":
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "8050")))
