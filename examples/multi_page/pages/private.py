"""The page for those who are logged in; it greets them by name."""

import dash
import flask
from dash import html

dash.register_page(__name__, path="/private", name="Figures")


def layout() -> html.Section:
    username = flask.session.get("user").get("email")
    return html.Section(
        [html.P("Turnover: 42"), html.P(f"You are logged in as {username}.", id="greeting")]
    )
