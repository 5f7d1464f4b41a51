"""The dashboard, for those who are logged in."""

import dash
import dash_auth
import plotly.graph_objects as go
from dash import Input, Output, callback, dcc, html
from sales import COLORS, MONTHS, SHARES, SOLD

dash.register_page(__name__, path="/dashboard", name="Dashboard", title="Dashboard")

# A grey that can be read on white and on black; the page shows through.
LOOK = {
    "font": {"color": "#7f8b9c", "family": "system-ui, sans-serif", "size": 13},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 44, "r": 12, "t": 12, "b": 32},
    "xaxis": {"gridcolor": "rgba(127,139,156,0.2)"},
    "yaxis": {"gridcolor": "rgba(127,139,156,0.2)", "ticksuffix": " k"},
    "legend": {"orientation": "h", "y": 1.16},
}


def layout() -> html.Section:
    user = dash_auth.current_user()
    regions = dcc.RadioItems(
        ["All", *SOLD], "All", id="region", inline=True, className="choice", labelClassName="one"
    )
    return html.Section(
        [
            html.H1("Sales of this year"),
            html.P(f"Hello {user.name}. Choose a region, and see how it does.", id="greeting"),
            regions,
            html.Div(id="figures", className="row"),
            html.Div(
                [
                    plot("Month by month", "months", wide=True),
                    plot("What is sold", "products"),
                    plot("Where it is sold", "regions"),
                ],
                className="plots",
            ),
        ]
    )


def plot(title: str, name: str, wide: bool = False) -> html.Div:
    graph = dcc.Graph(
        id=name, config={"displayModeBar": False}, responsive=True, style={"height": "280px"}
    )
    return html.Div([html.H2(title), graph], className="card wide" if wide else "card")


def figure_of(name: str, value: str) -> html.Div:
    return html.Div([html.Span(name), html.Strong(value)], className="card")


@callback(
    Output("figures", "children"),
    Output("months", "figure"),
    Output("products", "figure"),
    Output("regions", "figure"),
    Input("region", "value"),
)
def show(region: str) -> tuple[list[html.Div], go.Figure, go.Figure, go.Figure]:
    chosen = SOLD if region == "All" else {region: SOLD[region]}
    by_month = [sum(month) for month in zip(*chosen.values(), strict=True)]
    total, best = sum(by_month), MONTHS[by_month.index(max(by_month))]
    growth = by_month[-1] / by_month[0] - 1
    months = go.Figure(
        [
            go.Scatter(x=MONTHS, y=sold, name=name, line={"color": COLORS[name], "width": 3})
            for name, sold in chosen.items()
        ],
        {**LOOK, "showlegend": True},
    )
    products = go.Figure(
        go.Bar(
            x=[round(total * share) for share in SHARES.values()],
            y=list(SHARES),
            orientation="h",
            marker={"color": "#0b8457", "cornerradius": 4, "line": {"width": 0}},
        ),
        {
            **LOOK,
            "xaxis": {**LOOK["xaxis"], "ticksuffix": " k", "zeroline": False},
            "yaxis": {"autorange": "reversed"},
            "margin": {**LOOK["margin"], "l": 84},
        },
    )
    regions = go.Figure(
        go.Pie(
            labels=list(SOLD),
            values=[sum(sold) for sold in SOLD.values()],
            hole=0.45,
            pull=[0.06 if name == region else 0 for name in SOLD],
            marker={"colors": [COLORS[name] for name in SOLD]},
            textinfo="label+percent",
            textposition="inside",
            textfont={"color": "white"},
        ),
        {**LOOK, "showlegend": False, "margin": dict.fromkeys("lrtb", 12)},
    )
    figures = [
        figure_of("Turnover", f"{total:,} k€"),
        figure_of("Best month", best),
        figure_of("Since January", f"{growth:+.0%}"),
    ]
    return figures, months, products, regions
