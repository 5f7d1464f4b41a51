"""Two pages: a home page for everybody, and one for those who log in."""

import os
import secrets

import dash
import dash_auth
from dash import Dash, dcc, html

# The passwords are "wonderland" and "tea-at-four".
USERS = {
    "alice": (
        "scrypt:32768:8:1$73YdaGErRzb2xt46$79aaba3a9291e3b6025795a45dc697e9a26005aaef98832e7156c79943b9"
        "5124fe8c7dc1668f4007bb615662a7f596b2eca2f5e323df2dbd0befb102ca026d63"
    ),
    "bob": (
        "scrypt:32768:8:1$0HoWUTac1iHW4bE4$7c34c1b86d2884c23ecc211b302f7a980f2e5dc11e60587d55d24f190ed6"
        "a1e3682255e24a763997b1e054d41ec53d7b6b50f31308cf53150cd97e01d4b71669"
    ),
}

app = Dash(__name__, use_pages=True)

dash_auth.BasicAuth(
    app,
    USERS,
    # What is not named here is private, pages added later included.
    public_routes=["/"],
    secret_key=os.environ.get("SECRET_KEY") or secrets.token_urlsafe(32),
)

app.layout = html.Main(
    [
        html.H1("Sales"),
        html.Nav([dcc.Link("Home", href="/"), " | ", dcc.Link("Figures", href="/private")]),
        html.Hr(),
        dash.page_container,
    ]
)

if __name__ == "__main__":
    app.run()
