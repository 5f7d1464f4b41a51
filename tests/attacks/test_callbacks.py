"""S1: which callback a body runs is decided by what is declared, not by what the body says."""

from __future__ import annotations

import inspect
from typing import Any

import dash
import dash_auth
import pytest
from dash import ALL, ALLSMALLER, MATCH, Dash, Input, Output, State, html

from .apps import body, guard, item, new_app, pages_app, plain_app, route_body
from .callbacks import (
    PRIVATE_BODY,
    PUBLIC_BODY,
    private,
    public,
    ran,
    simple_app,
)
from .http import ALICE, PRIVATE, PUBLIC, REFUSED, held, honest, no_server_error


@pytest.mark.rule("S1")
def test_public_and_private_callback(serve: Any) -> None:
    site = serve(simple_app())
    honest(site.call(PUBLIC_BODY))
    held(site.call(PRIVATE_BODY), ran=ran)
    honest(site.call(PRIVATE_BODY, auth=ALICE), PRIVATE)


@pytest.mark.rule("S1")
@pytest.mark.parametrize("routes", [[], ["/"], ["/<path:p>"]])
@pytest.mark.parametrize("where", ["renamed", "prepended", "appended", "wrong id"])
def test_pathname_in_the_body_opens_no_private_callback(
    serve: Any, routes: list[str], where: str
) -> None:
    site = serve(simple_app(routes))
    honest(site.call(PUBLIC_BODY))
    lure = item("url", "pathname", "/")
    real = item("priv-in", "value", "x")
    inputs = {
        "renamed": [item("priv-in", "pathname", "/")],
        "prepended": [lure, real],
        "appended": [real, lure],
        "wrong id": [lure],
    }[where]
    held(site.call(body("priv.children", inputs)), ran=ran)


@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    "inputs,state",
    [
        ([], [item("pub-st", "value", "y")]),
        (
            [item("pub-in", "value", "x"), item("more", "value", "z")],
            [item("pub-st", "value", "y")],
        ),
        ([item("pub-in", "value", "x")], None),
        ([item("pub-in", "value", "x")], []),
        ([item("pub-in", "value", "x"), item("pub-st", "value", "y")], None),
        ([item("pub-in", "value", "x"), item("pub-st", "value", "y")], []),
        ([], [item("pub-in", "value", "x"), item("pub-st", "value", "y")]),
        (
            [item("pub-in", "value", "x")],
            [item("pub-st", "value", "y"), item("more", "value", "z")],
        ),
        ([item("pub-st", "value", "y")], [item("pub-in", "value", "x")]),
    ],
    ids=[
        "no inputs", "extra input", "state missing", "state empty", "state among inputs",
        "state moved", "input moved", "extra state", "swapped",
    ],
)  # fmt: skip
def test_lengths_and_places_must_match(serve: Any, inputs: Any, state: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    held(site.call(body("pub.children", inputs, state)), PUBLIC)


@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    "component,prop",
    [
        ("other", "value"),
        ("pub-in", "other"),
        ("pub-in", "value "),
        ("PUB-IN", "value"),
        (5, "value"),
        (None, "value"),
        ({"id": "pub-in"}, "value"),
        (["pub-in"], "value"),
        ("pub-in", 5),
        ("pub-in", None),
        ("pub-in", ["value"]),
        ("pub-in", "value@0"),
    ],
)
def test_ids_and_properties_must_match(serve: Any, component: Any, prop: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    sent = body("pub.children", [item(component, prop, "x")], [item("pub-st", "value", "y")])
    held(site.call(sent), PUBLIC)
    sent = body("pub.children", [item("pub-in", "value", "x")], [item(component, prop, "y")])
    held(site.call(sent), PUBLIC)


@pytest.mark.rule("S1")
@pytest.mark.parametrize("key", ["inputs", "state"])
@pytest.mark.parametrize(
    "value",
    [
        None, 5, "x", True, {}, {"id": "pub-in", "property": "value"}, [None], ["x"], [5], [[]],
        [[None]], [{}], [{"id": "pub-in"}], [{"property": "value"}],
    ],
)  # fmt: skip
def test_inputs_and_state_of_another_shape(serve: Any, key: str, value: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    held(site.call({**PUBLIC_BODY, key: value}), PUBLIC, status=REFUSED)


@pytest.mark.rule("S1")
@pytest.mark.parametrize("key", ["output", "inputs"])
def test_a_key_is_missing(serve: Any, key: str) -> None:
    site = serve(simple_app([]))
    sent = dict(honest(site.call(PUBLIC_BODY)) and PUBLIC_BODY)
    del sent[key]
    held(site.call(sent), PUBLIC, status=REFUSED)


@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    "output",
    [
        "nowhere.children", "", "pub.children ", "pub.children@x", "..pub.children..",
        "..pub.children...priv.children..", "PUB.children", "priv.children", None, 5, True,
        ["pub.children"], {"pub.children": 1}, "\ud800",
    ],
)  # fmt: skip
def test_output_names_nothing_public(serve: Any, output: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    held(site.call({**PUBLIC_BODY, "output": output}), PUBLIC, status=REFUSED, ran=ran)


@pytest.mark.rule("S1")
@pytest.mark.parametrize("first", ["public", "private"])
def test_first_request_of_all_is_the_callback(serve: Any, first: str) -> None:
    """Global callbacks reach callback_map only with Dash's first-request set-up."""
    site = serve(simple_app([]))
    if first == "public":
        honest(site.call(PUBLIC_BODY))
        held(site.call(PRIVATE_BODY), ran=ran)
    else:
        held(site.call(PRIVATE_BODY), ran=ran)
        honest(site.call(PUBLIC_BODY))


@pytest.mark.rule("S1")
def test_absent_values_are_honest(serve: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(body("pub.children", [item("pub-in", "value")], [item("pub-st", "value")])))
    held(site.call(body("pub.children", [{}], [item("pub-st", "value")])), PUBLIC)
    held(site.call(body("priv.children", [item("priv-in", "value")])), ran=ran)


@pytest.mark.rule("S1")
def test_state_is_absent_where_none_is_declared(serve: Any) -> None:
    app = plain_app()
    dash_auth.public_callback(Output("o", "children"), Input("i", "n_clicks"))(lambda n: public(n))
    guard(app, public_routes=[])
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "n_clicks")])))
    honest(site.call(body("o.children", [item("i", "n_clicks")], [])))
    held(site.call(body("o.children", [item("i", "n_clicks")], [item("s", "value", 1)])), PUBLIC)


@pytest.mark.rule("S1")
@pytest.mark.not_on("quart", "Dash 4.4.1 cannot put two apps on one Quart")
def test_the_map_is_that_of_this_app(serve: Any) -> None:
    """What is public in one app opens nothing of that name in another."""
    one = new_app("one", url_base_pathname="/one/")
    two = new_app("two", server=one.server, url_base_pathname="/two/")
    for app in (one, two):
        app.layout = html.Div(id="empty")
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda v: public(v))
    guard(one, public_routes=[])
    one._setup_server()
    two.callback(Output("o", "children"), Input("i", "value"))(private)
    guard(two, public_routes=[])
    site = serve(one)
    sent = body("o.children", [item("i", "value", "x")])
    held(site.call(sent, url="/two/_dash-update-component"), ran=ran)
    honest(site.call(sent, url="/one/_dash-update-component"))


@pytest.mark.rule("S1")
def test_clientside_callback_is_no_public_one(serve: Any) -> None:
    app = plain_app()
    app.clientside_callback("x => x", Output("cs", "children"), Input("i", "value"))
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda v: public(v))
    guard(app, public_routes=[])
    site = serve(app)
    honest(site.call(body("o.children", [item("i", "value", "x")])))
    held(site.call(body("cs.children", [item("i", "value", "x")])))


def wildcard_app() -> Dash:
    """Return an app with public callbacks whose ids have wildcards."""
    app = plain_app()
    button = {"type": "b", "i": MATCH}
    dash_auth.public_callback(
        Output({"type": "m", "i": MATCH}, "children"),
        Input(button, "n_clicks"),
        State(button, "id"),
    )(lambda n, i: public(n, i))
    dash_auth.public_callback(
        Output("all", "children"),
        Input({"type": "b", "i": ALL}, "n_clicks"),
        State({"type": "b", "i": ALL}, "id"),
    )(lambda n, i: public(n, i))
    dash_auth.public_callback(
        Output({"type": "as", "i": MATCH}, "children"),
        Input({"type": "b", "i": ALLSMALLER}, "n_clicks"),
        Input({"type": "as", "i": MATCH}, "id"),
    )(lambda n, i: public(n, i))
    dash_auth.public_callback(Output({"type": "ao", "i": ALL}, "children"), Input("one", "value"))(
        lambda v: [public(v), public(v)]
    )
    dash_auth.public_callback(
        Output({"type": "so", "i": 1}, "children"), Input({"type": "si", "i": 1}, "n_clicks")
    )(lambda n: public(n))
    guard(app, public_routes=[])
    return app


MATCH_ID = '{"i":["MATCH"],"type":"m"}.children'
ALLSMALLER_ID = '{"i":["MATCH"],"type":"as"}.children'
ALL_OUT_ID = '{"i":["ALL"],"type":"ao"}.children'
STATIC_ID = '{"i":1,"type":"so"}.children'


def b(i: Any, **more: Any) -> dict[str, Any]:
    """Return the id of a button."""
    return {"i": i, "type": "b", **more}


def out(kind: str, i: Any) -> dict[str, Any]:
    """Return an entry of `outputs` with a wildcard id."""
    return {"id": {"i": i, "type": kind}, "property": "children"}


def match_body(component: Any = None, outputs: Any = None, state: Any = None) -> dict[str, Any]:
    """Return the body of the MATCH callback."""
    component = b(1) if component is None else component
    return body(
        MATCH_ID,
        [item(component, "n_clicks", 1)],
        [item(b(1), "id", b(1)) if state is None else state],
        outputs=out("m", 1) if outputs is None else outputs,
        changed=['{"i":1,"type":"b"}.n_clicks'],
    )


def all_body(inputs: Any, state: Any = None) -> dict[str, Any]:
    """Return the body of the ALL callback."""
    return body("all.children", [inputs], [[item(b(0), "id", b(0))] if state is None else state])


@pytest.mark.rule("S1")
def test_wildcards_of_honest_clients(serve: Any) -> None:
    site = serve(wildcard_app())
    honest(site.call(match_body()))
    honest(site.call(match_body(b("text"), out("m", "text"), item(b("text"), "id", b("text")))))
    honest(site.call(all_body([item(b(0), "n_clicks"), item(b(1), "n_clicks", 3)])))
    honest(site.call(all_body([], [])))
    smaller = item({"i": 1, "type": "as"}, "id", {"type": "as", "i": 1})
    for before in ([], [item(b(0), "n_clicks")]):
        honest(site.call(body(ALLSMALLER_ID, [before, smaller], outputs=out("as", 1))))
    two = [out("ao", 0), out("ao", 1)]
    honest(site.call(body(ALL_OUT_ID, [item("one", "value", 1)], outputs=two)))
    honest(
        site.call(body(STATIC_ID, [item({"i": 1, "type": "si"}, "n_clicks")], outputs=out("so", 1)))
    )


@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    "component",
    [
        {"i": 1}, {"type": "b"}, {}, b(1, more=2), {"i": 1, "type": "other"}, {"i": 1, "type": 5},
        {"j": 1, "type": "b"}, {"i": 1, "type": ["MATCH"]}, "b", '{"i":1,"type":"b"}', 5,
        [b(1)], [], {"i": 1, "type": None},
    ],
    ids=str,
)  # fmt: skip
def test_wildcard_ids_match_key_by_key(serve: Any, component: Any) -> None:
    site = serve(wildcard_app())
    honest(site.call(match_body()))
    held(site.call(match_body(component)), PUBLIC)
    held(site.call(match_body(state=item(component, "id", 1))), PUBLIC)
    held(site.call(all_body([item(component, "n_clicks", 1)])), PUBLIC)
    held(site.call(body(STATIC_ID, [item(component, "n_clicks")], outputs=out("so", 1))), PUBLIC)


@pytest.mark.rule("S1")
@pytest.mark.parametrize("i", [None, 1.5, True, [1], {"x": 1}, "a.b", "\ud800", 10**400])
def test_odd_wildcard_values_are_no_server_error(serve: Any, i: Any) -> None:
    site = serve(wildcard_app())
    honest(site.call(match_body()))
    no_server_error(site.call(match_body(b(i), out("m", i), item(b(i), "id", b(i)))))
    no_server_error(site.call(match_body(b(i))))
    no_server_error(site.call(match_body(outputs=out("m", i))))
    no_server_error(site.call(all_body([item(b(i), "n_clicks")])))


@pytest.mark.rule("S1")
def test_a_list_stands_only_where_all_is_declared(serve: Any) -> None:
    site = serve(wildcard_app())
    one = item(b(1), "n_clicks", 1)
    state = [item(b(1), "id", b(1))]
    shape = out("m", 1)
    honest(site.call(match_body()))
    held(site.call(body(MATCH_ID, [[one]], state, outputs=shape)), PUBLIC)
    held(site.call(body(MATCH_ID, [one], [state], outputs=shape)), PUBLIC)
    held(site.call(body(MATCH_ID, [[]], state, outputs=shape)), PUBLIC)
    honest(site.call(all_body([one])))
    held(site.call(all_body(one)), PUBLIC)
    held(site.call(all_body([[one]])), PUBLIC)
    held(site.call(all_body([one], item(b(0), "id", b(0)))), PUBLIC)
    held(site.call(all_body([one, None])), PUBLIC)
    held(site.call(all_body([one, item(b(1), "other", 1)])), PUBLIC)
    single = body(STATIC_ID, [[item({"i": 1, "type": "si"}, "n_clicks")]], outputs=out("so", 1))
    held(site.call(single), PUBLIC)


@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    "outputs",
    [
        None, 5, "x", [], {}, [{"id": "pub", "property": "children"}], {"id": "pub"},
        {"property": "children"}, {"id": "other", "property": "children"},
        {"id": "pub", "property": "other"}, {"id": None, "property": None},
        {"id": ["pub"], "property": "children"}, {"id": {"a": 1}, "property": "children"}, [[]],
        True,
    ],
    ids=str,
)  # fmt: skip
def test_outputs_of_another_shape(serve: Any, outputs: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    held(site.call({**PUBLIC_BODY, "outputs": outputs}), PUBLIC, status=REFUSED)


@pytest.mark.rule("S1")
def test_outputs_are_missing(serve: Any) -> None:
    site = serve(simple_app([]))
    sent = dict(honest(site.call(PUBLIC_BODY)) and PUBLIC_BODY)
    del sent["outputs"]
    no_server_error(site.call(sent))


@pytest.mark.rule("S1")
def test_outputs_of_several(serve: Any) -> None:
    app = plain_app()
    pair = (Output("m1", "children"), Output("m2", "children"))
    dash_auth.public_callback(*pair, Input("i", "value"))(lambda v: (public(v), public(v)))
    guard(app, public_routes=[])
    site = serve(app)
    name, inputs = "..m1.children...m2.children..", [item("i", "value", 1)]
    one, two = ({"id": f"m{n}", "property": "children"} for n in (1, 2))
    honest(site.call(body(name, inputs)))
    for wrong in (
        [one],
        [two, one],
        [one, two, two],
        [one, one],
        one,
        [one, None],
        [[one], two],
        5,
    ):
        held(site.call(body(name, inputs, outputs=wrong)), PUBLIC, status=REFUSED)


@pytest.mark.rule("S1")
def test_outputs_with_wildcards(serve: Any) -> None:
    site = serve(wildcard_app())
    honest(site.call(match_body()))
    for wrong in (
        [out("m", 1)], out("other", 1), {"id": {"i": 1}, "property": "children"},
        {"id": "m", "property": "children"}, {"id": {"i": 1, "type": "m"}, "property": "x"},
    ):  # fmt: skip
        held(site.call(match_body(outputs=wrong)), PUBLIC)
    inputs = [item("one", "value", 1)]
    honest(site.call(body(ALL_OUT_ID, inputs, outputs=[out("ao", 0), out("ao", 1)])))
    for wrong in (out("ao", 0), [out("ao", 0), out("x", 1)], [[out("ao", 0)], [out("ao", 1)]], [5]):
        held(site.call(body(ALL_OUT_ID, inputs, outputs=wrong)), PUBLIC)


@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    "changed",
    [5, True, {"a": 1}, "pub-in.value", [1], [{}], [[]], [None], ["pub-in.value", ["x"]], [True]],
    ids=str,
)
def test_changed_prop_ids_of_another_shape(serve: Any, changed: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    honest(site.call({**PUBLIC_BODY, "changedPropIds": []}))
    held(site.call({**PUBLIC_BODY, "changedPropIds": changed}), PUBLIC, status=REFUSED)


@pytest.mark.rule("S1")
@pytest.mark.parametrize("changed", [None, ["x"], [""], ["no-dot"], ["..."], ["\ud800.x"], ["{.x"]])
def test_odd_changed_prop_ids_are_no_server_error(serve: Any, changed: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    no_server_error(site.call({**PUBLIC_BODY, "changedPropIds": changed}))
    sent = {**PUBLIC_BODY, "parsedChangedPropsIds": changed}
    no_server_error(site.call(sent))


@pytest.mark.rule("S1")
@pytest.mark.parametrize("search", [5, {}, [], ["?x=1"], True, {"a": 1}])
def test_search_must_be_a_string(serve: Any, search: Any) -> None:
    app = pages_app()
    dash.register_page("open", path="/open", layout=lambda **_: html.Div(PUBLIC))
    guard(app, public_routes=["/open"])
    site = serve(app)
    honest(site.call(route_body("/open", "?x=1")))
    held(site.call(route_body("/open", search)), PUBLIC, status=REFUSED)


# `allow_optional`: what is not on the page


OPTIONAL = pytest.mark.skipif(
    "allow_optional" not in inspect.signature(Input).parameters, reason="this Dash has none"
)


def absent(component: Any, prop: str, **more: Any) -> dict[str, Any]:
    """Return what the renderer sends for an optional component that is not on the page."""
    return {"id": component, "property": prop, "allow_optional": True, "value": None, **more}


def optional_app(**optional: bool) -> Dash:
    """Return a guarded app whose public callback has patterns for an input and a state."""
    app = plain_app()
    dash_auth.public_callback(
        Output({"type": "out", "value": MATCH}, "children"),
        Input({"type": "in", "value": MATCH}, "n", **optional),
        State({"type": "all", "value": ALL}, "n", **optional),
        State({"type": "one", "value": MATCH}, "n", **optional),
        State("text", "n", **optional),
    )(public)
    guard(app)
    return app


def optional_body(**ids: Any) -> dict[str, Any]:
    """Return the renderer's body with nothing of it on the page but the output."""
    wild = {"wild": "MATCH"}
    return body(
        '{"type":"out","value":["MATCH"]}.children',
        [ids.get("sent", absent({"type": "in", "value": wild}, "n"))],
        [
            ids.get("several", []),
            ids.get("one", absent({"type": "one", "value": wild}, "n")),
            ids.get("text", absent("text", "n")),
        ],
        outputs=item({"type": "out", "value": 1}, "children"),
    )


@OPTIONAL
@pytest.mark.rule("S1")
def test_an_optional_pattern_may_be_absent(serve: Any) -> None:
    site = serve(optional_app(allow_optional=True))
    honest(site.call(optional_body()), "[None, [], None, None]")
    present = item({"type": "in", "value": 1}, "n", 5)
    honest(site.call(optional_body(sent=present)), "[5, [], None, None]")
    without = {"id": {"type": "in", "value": {"wild": "MATCH"}}, "property": "n"}
    honest(site.call(optional_body(sent=without)), "[None, [], None, None]")


@OPTIONAL
@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    "sent",
    [
        absent({"type": "in", "value": {"wild": "ALL"}}, "n"),
        absent({"type": "in", "value": {"wild": "MATCH", "multi": 1}}, "n"),
        absent({"type": "in", "value": {"wild": ["MATCH"]}}, "n"),
        absent({"type": "in", "value": ["MATCH"]}, "n"),
        absent({"type": "in", "value": {}}, "n"),
        absent({"type": "in", "value": None}, "n"),
        absent({"type": "other", "value": {"wild": "MATCH"}}, "n"),
        absent({"type": {"wild": "MATCH"}, "value": {"wild": "MATCH"}}, "n"),
        absent({"value": {"wild": "MATCH"}}, "n"),
        absent({"type": "in", "value": {"wild": "MATCH"}, "more": 1}, "n"),
        absent({"type": "in", "value": {"wild": "MATCH"}}, "other"),
        absent({"type": "in", "value": {"wild": "MATCH"}}, "n", value=7),
        absent({"type": "in", "value": {"wild": "MATCH"}}, "n", value=False),
        absent({"type": "in", "value": {"wild": "MATCH"}}, "n", value=[]),
        absent({"type": "in", "value": {"wild": "MATCH"}}, "n", value={}),
        [absent({"type": "in", "value": {"wild": "MATCH"}}, "n")],
    ],
    ids=lambda sent: str(sent)[:80],
)
def test_what_is_absent_is_sent_as_declared(serve: Any, sent: Any) -> None:
    held(serve(optional_app(allow_optional=True)).call(optional_body(sent=sent)), PUBLIC)


@OPTIONAL
@pytest.mark.rule("S1")
def test_only_what_is_optional_may_be_absent(serve: Any) -> None:
    site = serve(optional_app())
    held(site.call(optional_body()), PUBLIC)
    several = absent({"type": "all", "value": {"wild": "ALL", "multi": 1}}, "n")
    optional = serve(optional_app(allow_optional=True))
    held(optional.call(optional_body(several=[several])), PUBLIC)
    held(optional.call(optional_body(several=several)), PUBLIC)
