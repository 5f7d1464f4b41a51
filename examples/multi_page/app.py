"""A public page, a dashboard for those who log in, and a page for one group."""

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

app = Dash(__name__, use_pages=True, title="Acme Tea")

dash_auth.FormAuth(
    app,
    USERS,
    # What is not named here is private, pages added later included.
    public_routes=["/", "/assets/leaf.svg"],
    user_groups={"alice": ["admin"]},
    secret_key=os.environ.get("SECRET_KEY") or secrets.token_urlsafe(32),
    title="Acme Tea",
    logo="leaf.svg",
    color="#0b6e4f",
    message="This is a demo. Log in as alice (wonderland) or as bob (tea-at-four).",
    remember=True,
)


def layout() -> html.Div:
    links = [dcc.Link("Home", href="/"), dcc.Link("Dashboard", href="/dashboard")]
    if dash_auth.can_see("/targets"):
        links.append(dcc.Link("Targets", href="/targets"))
    brand = html.Span(
        [html.Img(src=app.get_asset_url("leaf.svg"), alt=""), "Acme Tea"], className="brand"
    )
    return html.Div(
        [
            html.Header([brand, html.Nav(links), dash_auth.user_menu()]),
            html.Main(dash.page_container),
        ]
    )


app.layout = layout

if __name__ == "__main__":
    app.run()
