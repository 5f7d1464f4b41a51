"""A public page, a dashboard for those who log in, and a page for one group."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import dash
import dash_auth
from dash import Dash, dcc, html

# Name your own file of users itself. The demo takes a copy, so that each start is a new one.
users_file = shutil.copy(Path(__file__).parent / "users.toml", tempfile.mkdtemp(prefix="acme-tea-"))

app = Dash(__name__, use_pages=True, title="Acme Tea")

dash_auth.FormAuth(
    app,
    users_file,
    # What is not named here is private, pages added later included.
    public_routes=["/", "/assets/leaf.svg"],
    # Administrators manage the users there: those in the group "admin".
    users_route="/users",
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
    if dash_auth.check_groups(["admin"]):
        # No page of Dash's: the browser loads it.
        links.append(html.A("Users", href="/users"))
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
