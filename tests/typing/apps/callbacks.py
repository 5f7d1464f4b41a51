"""Public and protected callbacks: each is still called as it was written."""

import tempfile
from collections.abc import Callable, Coroutine
from typing import Any

import dash_auth
import diskcache  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
from dash import Dash, DiskcacheManager, Input, Output, State, dcc, html
from typing_extensions import assert_type

jobs = DiskcacheManager(diskcache.Cache(tempfile.mkdtemp()))  # type: ignore[no-untyped-call]
app = Dash("callbacks", background_callback_manager=jobs)
app.layout = html.Div([dcc.Input(id="in"), html.Div(id="out")])
dash_auth.BasicAuth(app, {"alice": "wonderland"}, public_routes=["/"])


@dash_auth.public_callback(Output("greeting", "children"), Input("in", "value"))
def greet(value: str | None) -> str:
    return f"Hello, {value}"


@dash_auth.public_callback(Output("later", "children"), Input("in", "value"), State("in", "id"))
async def greet_later(value: str, name: str = "in") -> str:
    return value + name


@dash_auth.public_callback(
    output=Output("counted", "children"),
    inputs={"clicks": Input("in", "n_submit")},
    background=True,
    prevent_initial_call=True,
)
def count(clicks: int) -> int:
    return clicks + 1


@dash_auth.protected_callback(
    [Output("secret", "children"), Output("secret", "title")],
    [Input("in", "value")],
    groups=["admin"],
    check_type="all_of",
    unauthenticated_output=("Please log in.", ""),
    missing_permissions_output=lambda: ("Not for you.", ""),
)
def show(value: str) -> tuple[str, str]:
    return value, "secret"


@dash_auth.protected_callback(Output("secret-later", "children"), Input("in", "value"))
async def show_later(value: str) -> str:
    return value


@dash_auth.protected_callback(
    Output("report", "children"),
    Input("in", "value"),
    background=True,
    progress=[Output("progress", "value")],
    groups={"admin", "board"},
    recent=600,
)
def report(set_progress: Callable[[tuple[int, int]], None], value: str) -> str:
    set_progress((1, 2))
    return value


class Figures:
    """Holds a callback."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def times(self, value: int) -> int:
        return self.factor * value


times = dash_auth.protected_callback(Output("times", "children"), Input("in", "value"))(
    Figures(2).times
)

assert_type(greet("you"), str)
as_text: Callable[[str | None], str] = greet
as_number: Callable[[int], int] = count
called_later: Callable[[str], Coroutine[Any, Any, str]] = greet_later
both: Callable[[str], tuple[str, str]] = show
name: str = show.__name__
shown_later: Callable[[str], Coroutine[Any, Any, str]] = show_later
with_progress: Callable[[Callable[[tuple[int, int]], None], str], str] = report
multiplied: Callable[[int], int] = times
