"""What the company wants to reach: for the group `admin`."""

import dash
from dash import Input, Output, callback, html
from sales import SOLD, TARGETS

# For one group: the page, its title, and the callbacks of this file.
dash.register_page(__name__, path="/targets", name="Targets", title="Targets", groups=["admin"])


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


@callback(Output("closed", "children"), Input("close", "n_clicks"), prevent_initial_call=True)
def close(_: int) -> str:
    return "The year is closed."
