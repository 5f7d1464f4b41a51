"""The start page, with a button that needs no login."""

import dash
from dash import Input, Output, dcc, html
from dash_auth import public_callback

dash.register_page(__name__, path="/", name="Home", title="Acme Tea")


def layout() -> html.Section:
    return html.Section(
        [
            html.H1("Tea, and how it sells"),
            html.P("Everybody may read this page. The dashboard is for those who log in."),
            dcc.Link("Open the dashboard", href="/dashboard", className="action"),
            html.Div(
                [
                    html.H2("How much is it?"),
                    html.P(id="price", className="figure"),
                    html.Button("Add a box", id="add", n_clicks=0),
                ],
                className="card",
            ),
        ],
        className="start",
    )


# All callbacks of an app share one URL, so the page's being public does not make this one public.
@public_callback(Output("price", "children"), Input("add", "n_clicks"))
def price(clicks: int) -> str:
    return f"{clicks} boxes of tea: {clicks * 9} €"
