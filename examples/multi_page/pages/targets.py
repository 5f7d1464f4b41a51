"""What the company wants to reach: for the group `admin`."""

import dash
from dash import Input, Output, html
from dash_auth import protected, protected_callback
from sales import SOLD, TARGETS

dash.register_page(__name__, path="/targets", name="Targets", title="Targets")


@protected(
    html.P("Please log in."),
    missing_permissions_output=html.P("The targets are for the group admin.", className="card"),
    groups=["admin"],
)
def layout() -> html.Section:
    rows = [
        html.Tr(
            [
                html.Th(region),
                html.Td(f"{target} k€"),
                html.Td(f"{sum(SOLD[region])} k€"),
                html.Td(html.Meter(value=str(sum(SOLD[region]) / target), min="0", max="1")),
            ]
        )
        for region, target in TARGETS.items()
    ]
    head = html.Tr([html.Th(name) for name in ("Region", "Target", "Sold", "")])
    return html.Section(
        [
            html.H1("Targets"),
            html.Div(html.Table([html.Thead(head), html.Tbody(rows)]), className="card"),
            html.Button("Close the year", id="close"),
            html.P(id="closed", role="status"),
        ]
    )


# The page is protected, and so is what its button does: a callback can be called without the page.
@protected_callback(
    Output("closed", "children"),
    Input("close", "n_clicks"),
    groups=["admin"],
    missing_permissions_output="The admins alone may do that.",
    prevent_initial_call=True,
)
def close(_: int) -> str:
    return "The year is closed."
