"""Groups: everybody who is logged in sees the figures, the board alone may close the year."""

import os
import secrets

import dash_auth
from dash import Dash, Input, Output, html

USERS = {"alice": "wonderland", "bob": "tea-at-four"}
GROUPS = {"alice": ["sales", "board"], "bob": ["sales"]}

app = Dash()
dash_auth.BasicAuth(
    app,
    USERS,
    user_groups=GROUPS,
    secret_key=os.environ.get("SECRET_KEY") or secrets.token_urlsafe(32),
)


@dash_auth.protected("Please log in.", missing_permissions_output="No figures.", groups=["sales"])
def figures() -> str:
    return "Turnover: 42"


def layout() -> html.Main:
    return html.Main(
        [
            html.H1("Sales"),
            html.P(figures(), id="figures"),
            html.Button("Close the year", id="close"),
            html.P(id="closed"),
        ]
    )


app.layout = layout


@dash_auth.protected_callback(
    Output("closed", "children"),
    Input("close", "n_clicks"),
    groups=["board"],
    missing_permissions_output="The board alone may do that.",
    prevent_initial_call=True,
)
def close_the_year(_: int) -> str:
    return "The year is closed."


if __name__ == "__main__":
    app.run()
