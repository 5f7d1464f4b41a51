"""S2: which callbacks run with no login, and which only look as if they should."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import dash
import dash_auth
import pytest
from dash import MATCH, Input, Output, State

from .apps import DASH_VERSION, IS_UPSTREAM, body, guard, item, plain_app, route_body
from .callbacks import (
    PRIVATE_BODY,
    PUBLIC_BODY,
    location_app,
    location_body,
    no_output_id,
    private,
    public,
    ran,
    simple_app,
    twin_id,
)
from .http import ALICE, PRIVATE, PUBLIC, held, honest, no_server_error

# S2(a): public_callback, and nothing that only looks like it


@pytest.mark.rule("S2")
@pytest.mark.parametrize("register", ["global", "app"])
def test_plain_callbacks_are_private(serve: Any, register: str) -> None:
    app = plain_app()
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda v: public(v))
    on = dash.callback if register == "global" else app.callback
    on(Output("p", "children"), Input("i", "value"))(private)
    dash_auth.protected_callback(Output("q", "children"), Input("i", "value"))(private)
    guard(app, public_routes=["/"])
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", 1)])))
    for name in ("p.children", "q.children"):
        held(site.call(body(name, [item("i", "value", 1)])), ran=ran)


@pytest.mark.rule("S2")
def test_no_output_callback(serve: Any) -> None:
    app = plain_app()
    seen: list[Any] = []

    @dash_auth.public_callback(Input("i", "value"))
    def note(value: Any) -> None:
        seen.append(value)

    guard(app, public_routes=[])
    site = serve(app)
    sent = body(no_output_id(app), [item("i", "value", PUBLIC)])
    assert "outputs" not in sent
    honest(site.call(sent), None, 204)
    assert seen == [PUBLIC]
    for extra in ([], {}, 5, [{"id": "x", "property": "y"}]):
        no_server_error(site.call({**sent, "outputs": extra}))


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", ["public first", "private first"])
def test_no_output_callbacks_collide(serve: Any, order: str) -> None:
    """The id is a hash of the inputs; the callback registered last is the one that runs."""
    app = plain_app()

    def register_public() -> None:
        dash_auth.public_callback(Input("i", "value"))(lambda _: dash.set_props("x", {"a": PUBLIC}))

    def register_private() -> None:
        @dash.callback(Input("i", "value"))
        def closed(_: Any) -> None:
            dash.set_props("x", {"a": private()})

    steps = [register_public, register_private]
    for step in steps if order == "public first" else reversed(steps):
        step()
    guard(app, public_routes=[])
    site = serve(app)
    sent = body(no_output_id(app), [item("i", "value", 1)])
    if order == "public first":
        held(site.call(sent), ran=ran)
        honest(site.call(sent, auth=ALICE), PRIVATE)
    else:
        honest(site.call(sent))
        assert not ran


@pytest.mark.rule("S2")
def test_allow_duplicate_twins(serve: Any) -> None:
    app = plain_app()
    twin = Output("o", "children", allow_duplicate=True)
    dash.callback(Output("o", "children"), Input("first", "value"))(private)
    dash_auth.public_callback(twin, Input("i", "value"), prevent_initial_call=True)(
        lambda v: public(v)
    )
    guard(app, public_routes=[])
    site = serve(app)
    honest(site.call(body(twin_id(app, "o.children@"), [item("i", "value", 1)])))
    held(site.call(body("o.children", [item("first", "value", 1)])), ran=ran)
    held(site.call(body("o.children", [item("i", "value", 1)])), ran=ran)


@pytest.mark.rule("S2")
@pytest.mark.parametrize("last", ["public", "private"])
@pytest.mark.parametrize("duplicate", [True, False], ids=["allow_duplicate", "redefined"])
def test_of_two_with_one_id_the_last_counts(serve: Any, last: str, duplicate: bool) -> None:
    app = plain_app()
    options: dict[str, Any] = {"prevent_initial_call": True} if duplicate else {}

    def declared() -> Output:
        return Output("o", "children", allow_duplicate=duplicate)

    def register_public() -> None:
        dash_auth.public_callback(declared(), Input("i", "value"), **options)(lambda v: public(v))

    def register_private() -> None:
        dash.callback(declared(), Input("i", "value"), **options)(private)

    steps = [register_public, register_private]
    for step in steps if last == "private" else reversed(steps):
        step()
    guard(app, public_routes=[])
    site = serve(app)
    sent = body(twin_id(app, "o.children"), [item("i", "value", 1)])
    if last == "private":
        held(site.call(sent), ran=ran)
        honest(site.call(sent, auth=ALICE), PRIVATE)
    else:
        honest(site.call(sent))


def factory(register: Any, name: str, answer: str) -> None:
    """Register a callback; all those made here share their source text."""

    @register(Output(name, "children"), Input("i", "value"))
    def made(_: Any) -> str:
        if answer == PRIVATE:
            ran.append(name)
        return answer


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", ["public first", "private first"])
def test_factories_share_source_text(serve: Any, order: str) -> None:
    app = plain_app()
    made = [(dash_auth.public_callback, "o", PUBLIC), (dash.callback, "p", PRIVATE)]
    for each in made if order == "public first" else reversed(made):
        factory(*each)
    guard(app, public_routes=[])
    site = serve(app)
    held(site.call(body("p.children", [item("i", "value", 1)])), ran=ran)
    honest(site.call(body("o.children", [item("i", "value", 1)])))


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", ["public first", "private first"])
def test_lambdas_of_one_line_share_source_text(serve: Any, order: str) -> None:
    app = plain_app()
    f, g = (lambda v: public(v)), (lambda v: private(v))
    if order == "public first":
        dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(f)
    dash.callback(Output("p", "children"), Input("i", "value"))(g)
    if order == "private first":
        dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(f)
    guard(app, public_routes=[])
    site = serve(app)
    held(site.call(body("p.children", [item("i", "value", 1)])), ran=ran)
    honest(site.call(body("o.children", [item("i", "value", 1)])))


@pytest.mark.rule("S2")
@pytest.mark.parametrize("depth", [1, 2])
def test_functools_wraps_copies_no_permission(serve: Any, depth: int) -> None:
    app = plain_app()

    def mark(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*values: Any) -> str:
            return private()

        return wrapper

    def open_to_all(value: Any) -> str:
        return public(value)

    shown = dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(open_to_all)
    for _ in range(depth):
        shown = mark(shown)
    dash.callback(Output("p", "children"), Input("i", "value"))(shown)
    original: Any = open_to_all
    for _ in range(depth):
        original = mark(original)
    dash.callback(Output("q", "children"), Input("i", "value"))(original)
    guard(app, public_routes=[])
    app._setup_server()
    registered = app.callback_map["o.children"]["callback"]
    app.callback(Output("r", "children"), Input("i", "value"))(mark(registered))
    app.callback(Output("s", "children"), Input("i", "value"))(mark(registered.__wrapped__))
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", 1)])))
    for name in "pqrs":
        held(site.call(body(f"{name}.children", [item("i", "value", 1)])), ran=ran)


@pytest.mark.rule("S2")
def test_a_plain_callback_stacked_above_stays_private(serve: Any) -> None:
    app = plain_app()

    @dash.callback(Output("p", "children"), Input("j", "value"))
    @dash_auth.public_callback(Output("o", "children"), Input("i", "value"))
    def both(value: Any) -> str:
        return public(value) if value == "open" else private()

    @dash_auth.public_callback(Output("o2", "children"), Input("i", "value"))
    @dash.callback(Output("p2", "children"), Input("j", "value"))
    def below(value: Any) -> str:
        return public(value) if value == "open" else private()

    guard(app, public_routes=[])
    site = serve(app)
    for number in ("", "2"):
        honest(site.call(body(f"o{number}.children", [item("i", "value", "open")])))
        held(site.call(body(f"p{number}.children", [item("j", "value", "x")])), ran=ran)


@pytest.mark.rule("S2")
def test_the_developers_own_function_comes_back() -> None:
    app = plain_app()

    def mine(value: Any) -> str:
        return public(value)

    decorated = dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(mine)
    guard(app, public_routes=[])
    assert decorated is mine


@pytest.mark.rule("S2")
def test_source_and_signature_show_the_original() -> None:
    app = plain_app()

    def mine(value: Any, *, other: int = 3) -> str:
        """Say what it is."""
        return public(value)

    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(mine)
    guard(app, public_routes=[])
    app._setup_server()
    registered = app.callback_map["o.children"]["callback"]
    assert inspect.getsource(registered) == inspect.getsource(mine)
    assert inspect.signature(registered) == inspect.signature(mine)
    assert registered.__name__ == "mine" and registered.__doc__ == mine.__doc__


@pytest.mark.rule("S2")
@pytest.mark.skipif(DASH_VERSION < (3, 1), reason="Dash has async callbacks from 3.1 on")
def test_a_coroutine_function_stays_one(serve: Any, backend: str) -> None:
    if backend == "flask":
        pytest.importorskip("asgiref", reason="Flask runs async views with asgiref")
    app = plain_app(**({"use_async": True} if backend == "flask" else {}))

    async def open_to_all(value: Any) -> str:
        return public(value)

    async def closed(value: Any) -> str:
        return private(value)

    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(open_to_all)
    dash.callback(Output("p", "children"), Input("i", "value"))(closed)
    guard(app, public_routes=[])
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", 1)])))
    held(site.call(body("p.children", [item("i", "value", 1)])), ran=ran)
    assert inspect.iscoroutinefunction(app.callback_map["o.children"]["callback"])
    assert inspect.iscoroutinefunction(app.callback_map["o.children"]["callback"].__wrapped__)


@pytest.mark.rule("S2")
def test_partials(serve: Any) -> None:
    app = plain_app()

    def made(answer: str, value: Any) -> str:
        return private() if answer == PRIVATE else public(value)

    register = dash_auth.public_callback(Output("o", "children"), Input("i", "value"))
    register(functools.partial(made, PUBLIC))
    dash.callback(Output("p", "children"), Input("i", "value"))(functools.partial(made, PRIVATE))
    guard(app, public_routes=[])
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", 1)])))
    held(site.call(body("p.children", [item("i", "value", 1)])), ran=ran)


@pytest.mark.rule("S2")
def test_functions_without_source_text(serve: Any) -> None:
    app = plain_app()
    scope: dict[str, Any] = {"public": public, "private": private}
    exec("def f(v): return public(v)\ndef g(v): return private(v)", scope)
    dash.callback(Output("p", "children"), Input("i", "value"))(scope["g"])
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(scope["f"])
    guard(app, public_routes=[])
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", 1)])))
    held(site.call(body("p.children", [item("i", "value", 1)])), ran=ran)


@pytest.mark.rule("S2")
def test_dict_and_list_outputs_and_keyword_inputs(serve: Any) -> None:
    app = plain_app()

    @dash_auth.public_callback(
        output={"a": Output("d1", "children"), "b": Output("d2", "children")},
        inputs={"x": Input("i", "value"), "y": Input("j", "value")},
        state={"z": State("k", "value")},
    )
    def by_name(x: Any, y: Any, z: Any) -> dict[str, Any]:
        return {"a": public(x, y, z), "b": 1}

    @dash_auth.public_callback([Output("l1", "children")], [Input("i", "value")])
    def in_lists(x: Any) -> list[Any]:
        return [public(x)]

    @dash.callback(
        output={"a": Output("e1", "children"), "b": Output("e2", "children")},
        inputs={"x": Input("i", "value"), "y": Input("j", "value")},
    )
    def closed(x: Any, y: Any) -> dict[str, Any]:
        return {"a": private(), "b": 1}

    guard(app, public_routes=[])
    site = serve(app)
    two = [item("i", "value", 1), item("j", "value", 2)]
    honest(site.call(body("..d1.children...d2.children..", two, [item("k", "value", 3)])))
    honest(site.call(body("..l1.children..", two[:1])))
    held(site.call(body("..d1.children...d2.children..", two[::-1], [item("k", "value")])), PUBLIC)
    held(site.call(body("..e1.children...e2.children..", two)), ran=ran)


@pytest.mark.rule("S2")
def test_registered_before_the_app_exists(serve: Any) -> None:
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda v: public(v))
    dash.callback(Output("p", "children"), Input("i", "value"))(private)
    app = plain_app()
    guard(app, public_routes=[])
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", 1)])))
    held(site.call(body("p.children", [item("i", "value", 1)])), ran=ran)


@pytest.mark.rule("S2")
def test_registered_after_the_guard(serve: Any) -> None:
    app = plain_app()
    guard(app)
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda v: public(v))
    dash.callback(Output("p", "children"), Input("i", "value"))(private)
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", 1)])))
    held(site.call(body("p.children", [item("i", "value", 1)])), ran=ran)


@pytest.mark.rule("S2")
def test_after_an_earlier_clientside_callback(serve: Any) -> None:
    app = plain_app()
    dash.clientside_callback("x => x", Output("cs", "children"), Input("i", "value"))
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda v: public(v))
    dash.callback(Output("p", "children"), Input("i", "value"))(private)
    guard(app, public_routes=[])
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", 1)])))
    held(site.call(body("p.children", [item("i", "value", 1)])), ran=ran)


@pytest.mark.rule("S2")
def test_wrong_credentials_on_a_public_callback_are_anonymous(serve: Any) -> None:
    site = serve(simple_app([]))
    for wrong in (("alice", "wrong"), "Basic ???", "Bearer x"):
        honest(site.call(PUBLIC_BODY, auth=wrong))
        held(site.call(PRIVATE_BODY, auth=wrong), ran=ran)


# S2(b): routing callbacks


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    "props",
    [
        ["pathname"], ["pathname", "search"], ["search", "pathname"],
        ["pathname", "search", "hash"], ["hash", "pathname"],
    ],
)  # fmt: skip
def test_routing_callback_follows_its_pathname(serve: Any, props: list[str]) -> None:
    site = serve(location_app([Input("url", prop) for prop in props]))

    def sent(path: str) -> dict[str, Any]:
        values = {"pathname": path, "search": "?x=1", "hash": ""}
        return location_body(*[(prop, values[prop]) for prop in props])

    honest(site.call(sent("/")))
    held(site.call(sent("/private")), ran=ran)


@pytest.mark.rule("S2")
@pytest.mark.parametrize("routes", [None, []])
def test_no_rule_no_routing_callback(serve: Any, routes: Any) -> None:
    site = serve(location_app([Input("url", "pathname")], routes=routes))
    honest(site.call(location_body(("pathname", "/")), auth=ALICE))
    held(site.call(location_body(("pathname", "/"))), PUBLIC, ran=ran)


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    "case",
    [
        "state", "other component", "two locations", "href", "search only", "data", "figure",
        "options", "value", "two outputs", "no output", "wildcard", "allow_duplicate",
    ],
)  # fmt: skip
def test_what_only_resembles_a_routing_callback_is_private(serve: Any, case: str) -> None:
    path, pathname = Input("url", "pathname"), item("url", "pathname", "/")
    inputs, sent, state, sent_state = [path], [pathname], (), None
    outputs: Any = Output("content", "children")
    name, shape = "content.children", None
    if case == "state":
        state, sent_state = (State("store", "data"),), [item("store", "data", 1)]
    elif case == "other component":
        inputs, sent = [path, Input("b", "value")], [pathname, item("b", "value", 1)]
    elif case == "two locations":
        inputs, sent = [path, Input("v", "pathname")], [pathname, item("v", "pathname", "/")]
    elif case == "href":
        inputs, sent = [path, Input("url", "href")], [pathname, item("url", "href", "/")]
    elif case == "search only":
        inputs, sent = [Input("url", "search")], [item("url", "search", "/")]
    elif case in ("data", "figure", "options", "value"):
        outputs, name = Output("content", case), f"content.{case}"
    elif case == "two outputs":
        outputs = [Output("content", "children"), Output("c2", "children")]
        name = "..content.children...c2.children.."
    elif case == "wildcard":
        location = {"type": "url", "i": MATCH}
        inputs = [Input(location, "pathname")]
        sent = [item({"type": "url", "i": 1}, "pathname", "/")]
        outputs = Output({"type": "c", "i": MATCH}, "children")
        name = '{"i":["MATCH"],"type":"c"}.children'
        shape = {"id": {"type": "c", "i": 1}, "property": "children"}
    if case == "no output":
        app = plain_app()
        app.callback(path, prevent_initial_call=True)(lambda _: dash.set_props("x", {"a": PUBLIC}))
        guard(app, public_routes=["/"])
        name = no_output_id(app)
    elif case == "allow_duplicate":
        app = plain_app()
        app.callback(
            Output("content", "children", allow_duplicate=True),
            path,
            Input("b", "value"),
            prevent_initial_call=True,
        )(public)
        guard(app, public_routes=["/"])
        name, sent = twin_id(app, "content.children@"), [pathname, item("b", "value", 1)]
    else:
        app = location_app(inputs, outputs, state)
    site = serve(app)
    attack = body(name, sent, sent_state, outputs=shape)
    held(site.call(attack), PUBLIC, ran=ran)
    honest(site.call(attack, auth=ALICE))


@pytest.mark.rule("S2")
def test_the_page_routers_id_means_nothing_without_pages(serve: Any) -> None:
    app = plain_app()
    app.callback(
        Output("_pages_content", "children"),
        Output("_pages_store", "data"),
        Input("_pages_location", "pathname"),
        Input("_pages_location", "search"),
    )(lambda *_: (private(), {}))
    guard(app, public_routes=["/"])
    site = serve(app)
    held(site.call(route_body("/")), ran=ran)
    honest(site.call(route_body("/"), auth=ALICE), PRIVATE)


@pytest.mark.rule("S2")
@pytest.mark.skipif(IS_UPSTREAM, reason="upstream writes no such log")
def test_open_routing_callbacks_are_named_once(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="dash_auth")
    app = location_app([Input("url", "pathname")])
    app.callback(Output("d", "data"), Input("url", "pathname"))(private)
    site = serve(app)
    for _ in range(3):
        honest(site.call(location_body(("pathname", "/"))))
        site.get("/")
    named = [r for r in caplog.records if r.name.startswith("dash_auth")]
    assert sum(r.getMessage().count("content.children") for r in named) == 1
    assert not any("d.data" in r.getMessage() for r in named)
