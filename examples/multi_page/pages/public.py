"""The home page, with a button that needs no login."""

import dash
from dash import Input, Output, html
from dash_auth import public_callback

dash.register_page(__name__, path="/", name="Home")


def layout() -> html.Section:
    return html.Section(
        [
            html.P("Everybody may read this."),
            html.Button("Count", id="count", n_clicks=0),
            html.P(id="counted"),
        ]
    )


# All callbacks of an app share one URL, so the page's being public does not make this one public.
@public_callback(Output("counted", "children"), Input("count", "n_clicks"))
def count(clicks: int) -> str:
    return f"Counted: {clicks}"
