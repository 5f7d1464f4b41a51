"""S1 to S5 in a message: what a stranger sends runs public callbacks, as declared, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import dash
import dash_auth
import pytest
from attacks.apps import PAGE_ROUTER, body, guard, item, outputs_of, route_body
from attacks.http import ALICE, PRIVATE, PUBLIC
from dash import ALL, MATCH, Input, Output, State, dcc, html

from .apps import (
    PRIVATE_BODY,
    PUBLIC_BODY,
    SECRET_KEY,
    ran,
    refused,
    shown,
    simple_app,
    websocket_app,
)
from .servers import Socket

pytestmark = pytest.mark.usefixtures("no_traceback")


@pytest.fixture
def stranger(serve: Any, backend: str) -> Iterator[Socket]:
    """Give a stranger's socket to a simple app; it still works when the test is over."""
    with serve(simple_app(backend, public_routes=["/<path:p>"])).open() as socket:
        yield socket
        assert shown(socket.call(PUBLIC_BODY), "pub") == f"{PUBLIC} x None"
    assert ran == []


LURE = item("url", "pathname", "/")
REAL = item("priv-in", "value", "x")


def without(key: str) -> dict[str, Any]:
    """Return the public callback's body with a key left out."""
    return {name: value for name, value in PUBLIC_BODY.items() if name != key}


@pytest.mark.parametrize(
    "payload",
    [
        PRIVATE_BODY,
        body("priv.children", [item("priv-in", "pathname", "/")]),
        body("priv.children", [LURE, REAL]),
        body("priv.children", [REAL, LURE]),
        body("priv.children", [LURE]),
        {**PUBLIC_BODY, "output": "priv.children"},
        {**PRIVATE_BODY, "outputs": outputs_of("pub.children")},
        {**PUBLIC_BODY, "output": "nowhere.children"},
        {**PUBLIC_BODY, "output": "..pub.children...priv.children.."},
        {**PUBLIC_BODY, "output": "pub.children@x"},
        {**PUBLIC_BODY, "output": "\ud800"},
        {**PUBLIC_BODY, "output": ""},
        {**PUBLIC_BODY, "outputs": outputs_of("priv.children")},
        {**PUBLIC_BODY, "inputs": []},
        {**PUBLIC_BODY, "inputs": None},
        {**PUBLIC_BODY, "inputs": "pub-in"},
        {**PUBLIC_BODY, "inputs": [[]]},
        {**PUBLIC_BODY, "inputs": [None]},
        {**PUBLIC_BODY, "inputs": [[item("pub-in", "value", "x")]]},
        {**PUBLIC_BODY, "inputs": [item("pub-in", "value", "x"), item("more", "value")]},
        {**PUBLIC_BODY, "inputs": [item("pub-in", "other", "x")]},
        {**PUBLIC_BODY, "inputs": [item({"a": []}, "value", "x")]},
        {**PUBLIC_BODY, "inputs": [item("pub-in", ["value"], "x")]},  # type: ignore[arg-type]
        {**PUBLIC_BODY, "state": [item("pub-st", "value", "x")]},
        {**PUBLIC_BODY, "state": "x"},
        {**PUBLIC_BODY, "changedPropIds": ["priv-in.value"]},
        {**PUBLIC_BODY, "changedPropIds": [{}]},
        {**PUBLIC_BODY, "changedPropIds": 5},
        {**PUBLIC_BODY, "changedPropIds": "pub-in.value"},
        without("inputs"),
        route_body("/"),
        {"output": PAGE_ROUTER},
    ],
    ids=lambda payload: json.dumps(payload)[-70:],
)
def test_what_is_no_public_callback_as_declared_is_answered_alone(
    stranger: Socket, payload: dict[str, Any]
) -> None:
    assert refused(stranger.call(payload))


def deep(depth: int, kind: str = "[]") -> str:
    return kind[0] * depth + kind[1] * depth


REQUEST = {
    "type": "callback_request",
    "rendererId": "renderer",
    "requestId": "r",
    "payload": PRIVATE_BODY,
}
TEXT = json.dumps(REQUEST)


@pytest.mark.parametrize(
    "message",
    [
        b"\xff\x00",
        TEXT.encode(),
        "",
        "{",
        "null",
        "[]",
        f"[{TEXT}]",
        "5",
        "NaN",
        '"callback_request"',
        "\ufeff" + TEXT,
        TEXT + "x",
        deep(100_000),
        TEXT.replace('"x"', deep(5_000)),
        '{"type":"callback_request","requestId":"r","payload":' + '{"a":' * 2_000 + "1" + "}" * 2_001,
        '{"x": ' + "9" * 5_000 + "}",
        json.dumps({**REQUEST, "type": ["callback_request"]}),
        json.dumps({**REQUEST, "type": {}}),
        json.dumps({**REQUEST, "type": "callback_request "}),
        json.dumps({**REQUEST, "type": None}),
        json.dumps({**REQUEST, "type": "connect"}),
        json.dumps({**REQUEST, "requestId": 5}),
        json.dumps({**REQUEST, "requestId": None}),
        json.dumps({**REQUEST, "requestId": ["r"]}),
        json.dumps({**REQUEST, "requestId": {}}),
        json.dumps({**REQUEST, "rendererId": 5}),
        json.dumps({**REQUEST, "rendererId": {}}),
        json.dumps({**REQUEST, "payload": None}),
        json.dumps({**REQUEST, "payload": [PUBLIC_BODY]}),
        json.dumps({**REQUEST, "payload": "x"}),
        json.dumps({**REQUEST, "payload": {}}),
        json.dumps({**REQUEST, "payload": {**PRIVATE_BODY, "output": ["priv.children"]}}),
        json.dumps({**REQUEST, "payload": {**PRIVATE_BODY, "output": {"a": 1}}}),
        json.dumps({**REQUEST, "payload": {**PRIVATE_BODY, "output": None}}),
        json.dumps({**REQUEST, "payload": {**PRIVATE_BODY, "output": 5}}),
        json.dumps({"type": "get_props_response", "requestId": "never asked", "payload": {"a": 1}}),
        json.dumps({"type": "get_props_response", "requestId": ["x"], "payload": {}}),
        json.dumps({"type": "get_props_response", "requestId": "x", "payload": "__disconnected__"}),
        json.dumps({"type": "get_props_response"}),
    ],
    ids=lambda message: repr(message)[:60],
)  # fmt: skip
def test_a_message_that_is_none_of_dashs_is_dropped(stranger: Socket, message: Any) -> None:
    stranger.send(message)
    assert stranger.is_alive()


@pytest.mark.parametrize("user", [None, ALICE], ids=["stranger", "user"])
def test_junk_of_a_user_or_stranger_leaves_the_socket(
    serve: Any, backend: str, user: tuple[str, str] | None
) -> None:
    with serve(simple_app(backend)).open(auth=user) as socket:
        for message in (b"junk", "{", "[]", '{"type": "callback_request", "requestId": "r"}'):
            socket.send(message)
        answer = socket.call({**PUBLIC_BODY, "output": "nowhere.children"})
        assert answer["status"] == "error"
        assert socket.is_alive()


@pytest.mark.parametrize("first", ["public", "private"])
def test_of_two_equal_keys_guard_and_app_read_the_same(stranger: Socket, first: str) -> None:
    public, private = json.dumps(PUBLIC_BODY), json.dumps(PRIVATE_BODY)
    one, two = (public, private) if first == "public" else (private, public)
    start = '{"type":"callback_request","rendererId":"renderer","requestId":"r",'
    stranger.send(f'{start}"payload":{one},"payload":{two}}}')
    answer = stranger.answer("r")
    assert refused(answer) if first == "public" else PUBLIC in shown(answer, "pub")
    names = ('"pub.children"', '"priv.children"')
    one, two = names if first == "public" else names[::-1]
    twice = public.replace('"output": "pub.children"', f'"output": {one}, "output": {two}')
    assert twice != public
    stranger.send(f'{start}"payload":{twice}}}')
    answer = stranger.answer("r")
    assert refused(answer) if first == "public" else PUBLIC in shown(answer, "pub")


def test_odd_values_of_a_public_callback_reach_it(stranger: Socket) -> None:
    for value in (None, True, [], {}, [{"a": [1]}], 1.5, "x" * 100_000):
        sent = {**PUBLIC_BODY, "inputs": [item("pub-in", "value", value)]}
        assert PUBLIC in shown(stranger.call(sent), "pub")


@pytest.mark.parametrize("value", ["\ud800", 10**400], ids=["surrogate", "huge number"])
def test_values_that_no_server_could_send_back_are_refused(stranger: Socket, value: Any) -> None:
    assert refused(stranger.call({**PUBLIC_BODY, "inputs": [item("pub-in", "value", value)]}))


@pytest.mark.parametrize("depth", [100, 400, 800, 950])
@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_a_deep_value_ends_in_an_answer_or_nothing(stranger: Socket, depth: int, kind: str) -> None:
    start, end = ("[", "]") if kind == "[]" else ('{"a":', "}")
    message = json.dumps({**REQUEST, "payload": PUBLIC_BODY})
    stranger.send(message.replace('"x"', start * depth + '"x"' + end * depth))
    assert stranger.is_alive()


@pytest.mark.parametrize("request_id", ["\ud800", "", "a" * 10_000, "\u0000"])
def test_odd_ids_of_a_request_come_back_as_they_are(stranger: Socket, request_id: str) -> None:
    renderer = {"rendererId": request_id}
    assert refused(stranger.call(PRIVATE_BODY, requestId=request_id, **renderer))
    assert PUBLIC in shown(stranger.call(PUBLIC_BODY, requestId=request_id, **renderer), "pub")


def test_a_public_callback_that_is_not_for_the_socket_stays_with_http(
    serve: Any, backend: str
) -> None:
    app = websocket_app(backend, websocket_callbacks=False)
    for name, more in (("by-http", {}), ("by-socket", {"websocket": True})):
        dash_auth.public_callback(Output(name, "children"), Input("in", "value"), **more)(
            lambda value: f"{PUBLIC} {value}"
        )
    guard(app, secret_key=SECRET_KEY)
    site = serve(app)
    by_http, by_socket = (
        body(f"{name}.children", [item("in", "value", 1)]) for name in ("by-http", "by-socket")
    )
    assert PUBLIC in site.call(by_http).text
    with site.open() as socket:
        assert refused(socket.call(by_http))
        assert PUBLIC in shown(socket.call(by_socket), "by-socket")
    with site.open(auth=ALICE) as socket:
        assert socket.call(by_http) == {"status": "error", "message": "No such callback"}
        assert PUBLIC in shown(socket.call(by_socket), "by-socket")


def b(i: Any, **more: Any) -> dict[str, Any]:
    """Return the id of a button."""
    return {"i": i, "type": "b", **more}


def match_body(component: Any) -> dict[str, Any]:
    """Return the body of the MATCH callback."""
    output = {"id": {"i": 1, "type": "m"}, "property": "children"}
    inputs, state = [item(component, "n_clicks", 1)], [item(b(1), "id", b(1))]
    return body('{"i":["MATCH"],"type":"m"}.children', inputs, state, outputs=output)


def all_body(inputs: Any) -> dict[str, Any]:
    """Return the body of the ALL callback."""
    return body("all.children", [inputs], [[item(b(0), "id", b(0))]])


def test_wildcards_match_as_declared(serve: Any, backend: str) -> None:
    app = websocket_app(backend)
    button = {"type": "b", "i": MATCH}
    dash_auth.public_callback(
        Output({"type": "m", "i": MATCH}, "children"),
        Input(button, "n_clicks"),
        State(button, "id"),
    )(lambda n, i: f"{PUBLIC} {n}")
    dash_auth.public_callback(
        Output("all", "children"),
        Input({"type": "b", "i": ALL}, "n_clicks"),
        State({"type": "b", "i": ALL}, "id"),
    )(lambda n, i: f"{PUBLIC} {n}")
    guard(app, secret_key=SECRET_KEY)
    with serve(app).open() as socket:
        assert socket.call(match_body(b(1)))["status"] == "ok"
        assert socket.call(all_body([item(b(1), "n_clicks", 1)]))["status"] == "ok"
        for odd in ({"i": 1}, b(1, more=2), {"i": 1, "type": "other"}, "b", [b(1)], [], {}, 5):
            assert refused(socket.call(match_body(odd))), odd
            assert refused(socket.call(all_body([item(odd, "n_clicks", 1)]))), odd
        assert refused(socket.call(all_body(item(b(1), "n_clicks", 1))))
        assert refused(socket.call(all_body([[item(b(1), "n_clicks", 1)]])))


@pytest.mark.parametrize("use_pages", [True, False], ids=["pages", "location"])
def test_routing_callbacks_open_by_the_pathname_that_they_receive(
    serve: Any, backend: str, use_pages: bool
) -> None:
    app = websocket_app(backend, **({"use_pages": True, "pages_folder": ""} if use_pages else {}))
    dash_auth.public_callback(Output("pub", "children"), Input("pub-in", "value"))(lambda v: PUBLIC)
    if use_pages:
        app.layout = html.Div([dash.page_container])
        dash.register_page("open", path="/open", layout=lambda **_: html.Div(PUBLIC))
        dash.register_page("closed", path="/closed", layout=closed_page)
        dash.register_page("wide", path_template="/<tenant>/board", layout=closed_page)
        dash.register_page("list", path="/list", path_template="/one/<n>", layout=list_page)
    else:
        app.layout = html.Div([dcc.Location(id="url"), html.Div(id="content")])
        app.callback(Output("content", "children"), Input("url", "pathname"))(
            lambda path: html.Div(PUBLIC) if path == "/open" else closed_page()
        )

    def route(pathname: Any, search: Any = "") -> dict[str, Any]:
        if use_pages:
            return route_body(pathname, search)
        return body("content.children", [item("url", "pathname", pathname)])

    guard(app, secret_key=SECRET_KEY, public_routes=["/open", "/docs/<path:rest>", "/list"])
    with serve(app).open() as socket:
        assert PUBLIC in json.dumps(socket.call(route("/open")))
        for private in ("/closed", "/", "//closed", "/open/../closed", "/open/", "closed", "", None, 5, ["/open"], {}):  # fmt: skip
            assert refused(socket.call(route(private))), private
        if use_pages:
            assert refused(socket.call(route("/docs/a/board")))
            assert refused(socket.call(route("/open", 5)))
            assert refused(socket.call(route("/open", "?" + "a" * 65_536)))
            assert PUBLIC in json.dumps(socket.call(route("/list")))
            assert refused(socket.call(route("/list", "?n=7")))
        for no_page in ("/docs/a\n/board", "/docs/" + "a" * 8_192):
            assert refused(socket.call(route(no_page)))
    assert ran == []


def list_page(n: Any = None, **_: Any) -> Any:
    """Stand for a public page that shows a private item where it is given one."""
    return html.Div(PUBLIC) if n in (None, "none") else closed_page()


def closed_page(**_: Any) -> Any:
    """Stand for the layout of a private page."""
    ran.append("closed page")
    return html.Div(PRIVATE)


def test_a_background_callback_is_not_for_strangers_sockets(
    serve: Any, backend: str, tmp_path: Any
) -> None:
    import diskcache
    from dash import DiskcacheManager

    with diskcache.Cache(tmp_path) as cache:
        app = websocket_app(backend, background_callback_manager=DiskcacheManager(cache))
        dash_auth.public_callback(Output("pub", "children"), Input("pub-in", "value"))(
            lambda value: f"{PUBLIC} {value} None"
        )
        dash_auth.public_callback(
            Output("job", "children"), Input("job-in", "value"), background=True
        )(lambda value: PUBLIC)
        guard(app, secret_key=SECRET_KEY)
        with serve(app).open() as socket:
            assert refused(socket.call(body("job.children", [item("job-in", "value", 1)])))
            assert PUBLIC in shown(socket.call(PUBLIC_BODY), "pub")
