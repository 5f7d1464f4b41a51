"""Public callbacks: which function is public, and in what forms it may be declared."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from pathlib import Path
from typing import Any

import dash
import dash_auth
import pytest
from attacks.apps import DASH_VERSION, item, route_body
from dash import ALL, MATCH, Dash, Input, Output, State, html
from dash_auth import public_callback
from dash_auth.public_routes import get_public_callbacks
from guarded import (
    USERS,
    call,
    client_of,
    guarded_app,
)


def say(*args: Any, **kwargs: Any) -> str:
    return "public"


def test_a_public_callback_runs_and_its_neighbour_does_not() -> None:
    app = guarded_app()
    public_callback(Output("a", "children"), Input("in", "value"))(lambda value: "public")
    dash.callback(Output("b", "children"), Input("in", "value"))(lambda value: "private")
    client = client_of(app)
    assert call(client, "a.children", ("in", "value", 1)).json["response"] == {
        "a": {"children": "public"}
    }
    refused = call(client, "b.children", ("in", "value", 1))
    assert (refused.status_code, refused.text) == (401, "Login Required")
    assert get_public_callbacks(app) == ["a.children"]


def test_a_public_callback_may_be_registered_before_the_app_exists() -> None:
    public_callback(Output("a", "children"), Input("in", "value"))(say)
    assert call(client_of(guarded_app()), "a.children", ("in", "value", 1)).status_code == 200


@pytest.mark.parametrize(
    ("declared", "output", "inputs", "options"),
    [
        (
            ([Output("a", "children"), Output("b", "children")], [Input("in", "value")]),
            "..a.children...b.children..",
            [item("in", "value", 1)],
            {},
        ),
        (
            ({"x": Output("a", "children")}, {"v": Input("in", "value")}, {"s": State("s", "d")}),
            "..a.children..",
            [item("in", "value", 1)],
            {"state": [item("s", "d", 2)]},
        ),
        (
            (
                Output({"i": MATCH}, "children"),
                Input({"i": MATCH}, "value"),
                State({"t": ALL}, "d"),
            ),
            '{"i":["MATCH"]}.children',
            [item({"i": 1}, "value", 1)],
            {
                "state": [[item({"t": 1}, "d"), item({"t": 2}, "d")]],
                "outputs": item({"i": 1}, "children"),
            },
        ),
    ],
    ids=["list", "dict", "patterns"],
)
def test_outputs_and_inputs_take_every_form_of_dash(
    declared: tuple[Any, ...], output: str, inputs: list[Any], options: dict[str, Any]
) -> None:
    app = guarded_app()

    @public_callback(*declared)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if isinstance(declared[0], dict):
            return {"x": "public"}
        return ["public", "public"] if isinstance(declared[0], list) else "public"

    from attacks.apps import body

    sent = body(output, inputs, options.get("state"), outputs=options.get("outputs"))
    reply = client_of(app).post("/_dash-update-component", json=sent)
    assert (reply.status_code, "public" in reply.text) == (200, True)


def test_keywords_duplicates_and_no_output_work_too() -> None:
    app = guarded_app()
    ran: list[str] = []
    public_callback(output=Output("a", "children"), inputs=Input("in", "value"))(say)
    public_callback(
        Output("a", "children", allow_duplicate=True),
        Input("other", "value"),
        prevent_initial_call=True,
    )(say)
    public_callback(Input("in", "value"))(lambda value: ran.append("public"))
    client = client_of(app)
    first, second, third = get_public_callbacks(app)
    assert call(client, first, ("in", "value", 1)).status_code == 200
    assert second.startswith("a.children@")
    assert call(client, second, ("other", "value", 1)).status_code == 200
    assert call(client, third, ("in", "value", 1)).status_code == 204
    assert ran == ["public"]


def made_by_factory(value: str) -> Any:
    return lambda _: value


def test_functions_of_one_source_are_told_apart() -> None:
    app = guarded_app()
    dash.callback(Output("a", "children"), Input("in", "value"))(made_by_factory("private"))
    public_callback(Output("b", "children"), Input("in", "value"))(made_by_factory("public"))
    client = client_of(app)
    assert call(client, "a.children", ("in", "value", 1)).status_code == 401
    assert "public" in call(client, "b.children", ("in", "value", 1)).text


def test_the_function_itself_is_returned_so_that_another_callback_stays_private() -> None:
    app = guarded_app()

    @dash.callback(Output("private", "children"), Input("in", "value"))
    @public_callback(Output("public", "children"), Input("in", "value"))
    def both(value: str) -> str:
        """Say it."""
        return "said"

    client = client_of(app)
    assert call(client, "public.children", ("in", "value", 1)).status_code == 200
    assert call(client, "private.children", ("in", "value", 1)).status_code == 401
    decorated = public_callback(Output("x", "children"), Input("in", "value"))(say)
    assert decorated is say


def test_a_copy_of_its_attributes_is_not_public() -> None:
    app = guarded_app()
    public_callback(Output("a", "children"), Input("in", "value"))(say)

    @dash.callback(Output("b", "children"), Input("in", "value"))
    @functools.wraps(dash._callback.GLOBAL_CALLBACK_MAP["a.children"]["callback"])
    def copied(*args: Any, **kwargs: Any) -> str:
        return "private"

    assert call(client_of(app), "b.children", ("in", "value", 1)).status_code == 401


def test_partials_and_functions_without_source_may_be_public() -> None:
    app = guarded_app()
    namespace: dict[str, Any] = {}
    exec("def made(value): return 'public'", namespace)
    public_callback(Output("a", "children"), Input("in", "value"))(namespace["made"])
    public_callback(Output("b", "children"), Input("in", "value"))(functools.partial(say, 5))
    client = client_of(app)
    assert call(client, "a.children", ("in", "value", 1)).status_code == 200
    assert call(client, "b.children", ("in", "value", 1)).status_code == 200


def test_what_dash_keeps_looks_like_the_function() -> None:
    guarded_app()
    public_callback(Output("a", "children"), Input("in", "value"))(made_by_factory)
    kept = dash._callback.GLOBAL_CALLBACK_MAP["a.children"]["callback"].__wrapped__
    assert kept is not made_by_factory
    assert inspect.getsource(kept) == inspect.getsource(made_by_factory)
    assert inspect.signature(kept) == inspect.signature(made_by_factory)


def test_a_coroutine_function_stays_one() -> None:
    from dash_auth.public_routes import _wrapped_afresh

    async def answer(value: str) -> str:
        return f"public {value}"

    wrapped = _wrapped_afresh(answer)
    assert inspect.iscoroutinefunction(wrapped)
    assert asyncio.run(wrapped("word")) == "public word"
    assert not inspect.iscoroutinefunction(_wrapped_afresh(say))


def test_a_clientside_callback_disturbs_nothing() -> None:
    dash.clientside_callback("v => v", Output("c", "children"), Input("in", "value"))
    public_callback(Output("a", "children"), Input("in", "value"))(say)
    app = guarded_app()
    client = client_of(app)
    assert call(client, "a.children", ("in", "value", 1)).status_code == 200
    assert call(client, "c.children", ("in", "value", 1)).status_code == 401
    assert get_public_callbacks(app) == ["a.children"]


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [(public_callback, dash.callback, 401), (dash.callback, public_callback, 204)],
    ids=["made private", "made public"],
)
def test_a_redefined_callback_is_what_its_last_definition_says(
    first: Any, last: Any, status: int
) -> None:
    # Callbacks with no output are named by their inputs, so that these two share a name.
    app = guarded_app()
    for definition in (first, last):
        definition(Input("in", "value"), prevent_initial_call=True)(lambda value: None)
    (output,) = dash._callback.GLOBAL_CALLBACK_MAP
    assert call(client_of(app), output, ("in", "value", 1)).status_code == status


def test_the_modules_of_pages_register_public_callbacks(tmp_path: Path) -> None:
    tmp_path.joinpath("pages").mkdir()
    tmp_path.joinpath("pages", "open.py").write_text(
        "import dash\n"
        "from dash import Input, Output, html\n"
        "from dash_auth import public_callback\n"
        "dash.register_page(__name__, path='/open', layout=html.P('an open page'))\n"
        "@public_callback(Output('p', 'children'), Input('b', 'n_clicks'))\n"
        "def press(clicks):\n"
        "    return 'pressed'\n"
    )
    name = f"pages_app_{DASH_VERSION[0]}"
    tmp_path.joinpath(f"{name}.py").write_text("")
    sys.path.insert(0, str(tmp_path))
    try:
        __import__(name)
        app = Dash(name, use_pages=True, pages_folder=str(tmp_path / "pages"), assets_folder="no")
    finally:
        sys.path.remove(str(tmp_path))
        for module in [module for module in sys.modules if module.split(".")[0] in (name, "pages")]:
            del sys.modules[module]
    app.layout = html.Div([dash.page_container])
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    client = client_of(app)
    assert client.get("/open").status_code == 200
    assert "pressed" in call(client, "p.children", ("b", "n_clicks", 1)).text
    sent = route_body("/open")
    assert "an open page" in client.post("/_dash-update-component", json=sent).text
