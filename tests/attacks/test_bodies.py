"""S4: the body that is judged is the body that runs, and it is bounded."""

from __future__ import annotations

import json
from typing import Any

import dash_auth
import pytest
from dash import Input, Output, State

from . import routes
from .apps import body, guard, item, plain_app
from .callbacks import (
    PRIVATE_BODY,
    PUBLIC_BODY,
    location_app,
    location_body,
    private,
    public,
    ran,
    simple_app,
)
from .http import ALICE, CALLBACK_URL, PRIVATE, PUBLIC, REFUSED, held, honest, no_server_error


def raw(text: str) -> bytes:
    return text.encode()


PUB_TEXT = json.dumps(PUBLIC_BODY)[1:-1]
PRIV_TEXT = json.dumps(PRIVATE_BODY)[1:-1]


@pytest.mark.rule("S4")
def test_duplicate_keys(serve: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    for text in (f"{{{PUB_TEXT}, {PRIV_TEXT}}}", f"{{{PRIV_TEXT}, {PUB_TEXT}}}"):
        no_server_error(site.call(raw(text)), ran)
    held(site.call(raw(f'{{"output": "pub.children", {PRIV_TEXT}}}')), ran=ran)


@pytest.mark.rule("S4")
def test_duplicate_keys_in_a_pathname(serve: Any) -> None:
    site = serve(location_app([Input("url", "pathname")]))
    honest(site.call(location_body(("pathname", "/"))))
    one = '{"id":"url","property":"pathname","value":"/private","value":"/"}'
    two = '{"id":"url","property":"pathname","value":"/","value":"/private"}'
    frame = '{{"output":"content.children","outputs":{{"id":"content","property":"children"}},"inputs":[{}],"changedPropIds":[]}}'
    for text in (one, two):
        no_server_error(site.call(raw(frame.format(text))), ran)


@pytest.mark.rule("S4")
@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "cp037", "latin-1"]
)
@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_other_charsets(serve: Any, encoding: str, named: bool) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    kind = f"application/json; charset={encoding}" if named else "application/json"
    headers = {"Content-Type": kind}
    for sent in (PRIVATE_BODY, {**PRIVATE_BODY, "x": "é"}):
        text = json.dumps(sent, ensure_ascii=False).encode(encoding)
        held(site.call(text, headers=headers), ran=ran, status=REFUSED)
    text = json.dumps(PUBLIC_BODY).encode(encoding)
    no_server_error(site.call(text, headers=headers))


@pytest.mark.rule("S4")
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-0", "1" + "0" * 400])
def test_odd_numbers(serve: Any, value: str) -> None:
    site = serve(location_app([Input("url", "pathname")]))
    honest(site.call(location_body(("pathname", "/"))))
    text = json.dumps(location_body(("pathname", "SLOT"))).replace('"SLOT"', value)
    held(site.call(raw(text)), PUBLIC, ran=ran)
    one = serve(simple_app([]))
    no_server_error(one.call(raw(json.dumps(PUBLIC_BODY).replace('"x"', value))))
    held(one.call(raw(json.dumps(PRIVATE_BODY).replace('"x"', value))), ran=ran)


@pytest.mark.rule("S4")
@pytest.mark.parametrize("digits", [4299, 4301, 100_000])
def test_numbers_beyond_what_python_parses(serve: Any, digits: int) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    no_server_error(site.call(raw(json.dumps(PUBLIC_BODY).replace('"x"', "9" * digits))))
    number = raw(json.dumps(PRIVATE_BODY).replace('"x"', "9" * digits))
    held(site.call(number), ran=ran, status=REFUSED)


@pytest.mark.rule("S4")
@pytest.mark.parametrize(
    "text",
    [
        b"", b" ", b"null", b"[]", b"[1]", b'"x"', b"5", b"true", b"{", b"{}", b"{]", b"\xff\xfe",
        b'{"output": "\xff"}', b"\x00", b"output=pub.children", b'{"output": "\\ud800"}',
        b'{"output": "pub.children"', b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900_000,
        b'{"output":' + b"[" * 2000 + b"]" * 2000 + b"}",
    ],
    ids=lambda text: repr(text[:24]),
)  # fmt: skip
def test_bodies_that_are_no_callback(serve: Any, text: bytes) -> None:
    site = serve(simple_app(["/"]))
    honest(site.call(PUBLIC_BODY))
    held(site.call(text), ran=ran, status=REFUSED)
    honest(site.call(PUBLIC_BODY))


@pytest.mark.rule("S4")
@pytest.mark.parametrize("depth", [500, 5000, 100_000])
def test_deep_values(serve: Any, depth: int) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    deep = "[" * depth + "]" * depth
    no_server_error(site.call(raw(json.dumps(PUBLIC_BODY).replace('"x"', deep))))
    held(site.call(raw(json.dumps(PRIVATE_BODY).replace('"x"', deep))), ran=ran, status=REFUSED)


@pytest.mark.rule("S4")
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": ""},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=str,
)
def test_content_types(serve: Any, headers: dict[str, str]) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    held(site.call(PRIVATE_BODY, headers=headers), ran=ran, status=REFUSED)
    no_server_error(site.call(PUBLIC_BODY, headers=headers))


def sized(limit: int) -> bytes:
    """Return a public callback's body of exactly that many bytes."""
    empty = json.dumps({**PUBLIC_BODY, "pad": ""})
    return json.dumps({**PUBLIC_BODY, "pad": "p" * (limit - len(empty))}).encode()


@pytest.mark.rule("S4")
@pytest.mark.every_server
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_anonymous_bodies_have_a_limit(serve: Any, chunked: bool) -> None:
    site = serve(simple_app([]))
    honest(site.call(sized(1_048_576), chunked=chunked))
    held(site.call(sized(1_048_577), chunked=chunked), PUBLIC, status=413)
    held(site.call(sized(3_000_000), chunked=chunked), PUBLIC, status=413)
    honest(site.call(sized(3_000_000), chunked=chunked, auth=ALICE))


@pytest.mark.rule("S4")
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_the_limit_can_be_set(serve: Any, chunked: bool) -> None:
    app = plain_app()
    dash_auth.public_callback(
        Output("pub", "children"), Input("pub-in", "value"), State("pub-st", "value")
    )(lambda v, s: public(v, s))
    guard(app, public_routes=[], anonymous_body_limit=1000, secret_key="k" * 32)
    site = serve(app)
    honest(site.call(sized(1000), chunked=chunked))
    held(site.call(sized(1001), chunked=chunked), PUBLIC, status=413)
    # Who has a login that opens nothing is to log in again.
    cookie = honest(site.get("/", auth=ALICE), None).cookie()
    assert cookie is not None
    for stale in ({"auth": ("alice", "wrong")}, {"cookie": cookie}):
        held(site.call(sized(1001), chunked=chunked, **stale), PUBLIC, status=401)
    theme = routes.forge({"theme": "dark"}, "k" * 32)
    held(site.call(sized(1001), chunked=chunked, cookie=theme), PUBLIC, status=413)
    honest(site.call(sized(5000), chunked=chunked, auth=ALICE))


@pytest.mark.rule("S4")
def test_too_large_a_body_is_refused_unread(serve: Any) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    held(
        site.request(
            "POST",
            CALLBACK_URL,
            headers={"Content-Type": "application/json"},
            declared_length="50000000",
            timeout=30,
        ),
        status=413,
    )


@pytest.mark.rule("S4")
def test_with_nothing_public_no_body_is_read(serve: Any) -> None:
    app = plain_app()
    app.callback(Output("priv", "children"), Input("priv-in", "value"))(private)
    guard(app)
    site = serve(app)
    honest(site.call(PRIVATE_BODY, auth=ALICE), PRIVATE)
    ran.clear()
    headers = {"Content-Type": "application/json"}
    reply = site.request("POST", CALLBACK_URL, headers=headers, declared_length="100", timeout=30)
    held(reply, ran=ran)


@pytest.mark.rule("S4")
@pytest.mark.parametrize("length", ["-1", "abc", "99999999999999999999", "1e3", ""])
def test_odd_content_lengths(serve: Any, length: str) -> None:
    site = serve(simple_app([]))
    honest(site.call(PUBLIC_BODY))
    headers = {"Content-Type": "application/json"}
    reply = site.request("POST", CALLBACK_URL, headers=headers, declared_length=length, timeout=30)
    held(reply, status=REFUSED)


@pytest.mark.rule("S4")
@pytest.mark.flask_only(
    "a callback's own look at the body is Flask's; every callback shows the rest"
)
def test_the_callback_still_sees_the_body(serve: Any) -> None:
    import flask

    app = plain_app()

    @dash_auth.public_callback(Output("o", "children"), Input("i", "value"))
    def echo(value: Any) -> str:
        return public(len(flask.request.get_data()), flask.request.get_json()["output"])

    guard(app, public_routes=[])
    site = serve(app)
    sent = body("o.children", [item("i", "value", 1)])
    honest(site.call(sent), f"{PUBLIC} [{len(json.dumps(sent))}, ")
    honest(site.call(sent, chunked=True), f"{PUBLIC} [{len(json.dumps(sent))}, ")
