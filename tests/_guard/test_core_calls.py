"""How often a request asks the core: the table of docs/design.md, and when it is asked again."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dash
import dash_auth
import flask
import pytest
from attacks.apps import body, item
from dash import Dash, Input, Output, dcc, html
from dash_auth import _core
from dash_auth.sessions import ended
from guarded import (
    ALICE,
    CALLBACK,
    USERS,
    add_witness,
    basic,
    client_of,
    guarded_app,
    new_app,
)
from tickets import ticket_of

DESIGN = Path(__file__).parents[2] / "docs" / "design.md"
KINDS = {id(one) for one in vars(_core).values() if isinstance(one, type)}


def asked(request: Callable[[], Any]) -> list[str]:
    """Return which functions and methods of the core a request calls."""
    names: list[str] = []

    def note(frame: Any, event: str, called: Any) -> None:
        if event == "c_call":
            owner = getattr(called, "__self__", None)
            if owner is _core or id(type(owner)) in KINDS:
                names.append(called.__qualname__.rpartition(".")[2])

    request()
    sys.setprofile(note)
    try:
        request()
    finally:
        sys.setprofile(None)
    return names


def site(*, use_pages: bool = False) -> Any:
    """Return a client of an app with something of each kind."""
    app = Dash("asked", use_pages=use_pages, pages_folder="", assets_folder="no-assets")
    app.layout = html.Div([dcc.Location(id="url"), html.Div(id="content")])
    if use_pages:
        app.layout = html.Div(dash.page_container)
        dash.register_page("open", path="/open", layout=html.P("open"))
    else:
        app.callback(Output("content", "children"), Input("url", "pathname"))(lambda path: path)
    dash_auth.public_callback(Output("public", "children"), Input("in", "value"))(lambda v: v)
    app.callback(Output("private", "children"), Input("in", "value"))(lambda v: v)
    app.server.add_url_rule("/plain", "plain", lambda: "plain")
    dash_auth.BasicAuth(app, dict(USERS), public_routes=["/plain", "/who", "/open"])
    add_witness(app.server, "/who", "/shut")
    client = app.server.test_client(use_cookies=False)
    client.get("/", headers=basic(*ALICE))
    return client


ROUTER = {
    "output": "_pages_content.children_.._pages_store.data",
    "outputs": [
        {"id": "_pages_content", "property": "children"},
        {"id": "_pages_store", "property": "data"},
    ],
    "inputs": [
        item("_pages_location", "pathname", "/open"),
        item("_pages_location", "search", ""),
    ],
    "changedPropIds": ["_pages_location.pathname"],
}

BROWSER = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize("browser", [{}, BROWSER], ids=["program", "browser"])
def test_the_core_is_asked_as_often_as_the_design_says(browser: dict[str, str]) -> None:
    client, of_alice = site(), {**basic(*ALICE), **browser}

    def get(path: str, headers: dict[str, str] = browser) -> list[str]:
        return asked(lambda: client.get(path, headers=headers))

    def post(output: str, sent: Any, headers: dict[str, str] = browser) -> list[str]:
        posted = body(output, [sent])
        return asked(lambda: client.post(f"/{CALLBACK}", json=posted, headers=headers))

    value = item("in", "value", 1)
    assert get("/plain") == ["ask"]
    assert get("/who", of_alice) == ["ask", "attempt"]
    assert get("/open") == ["ask"]
    assert get("/shut", of_alice) == ["ask", "attempt"]
    assert get("/shut") == ["ask"]
    assert post("private.children", value, of_alice) == ["ask", "attempt"]
    assert post("public.children", value) == ["ask", "ask_callback"]
    assert post("private.children", value) == ["ask", "ask_callback"]
    led = item("url", "pathname", "/open")
    assert post("content.children", led) == ["ask", "ask_callback"]


def test_dashs_own_resolver_runs_between_two_questions() -> None:
    client = site(use_pages=True)
    assert asked(lambda: client.get("/open")) == ["ask", "ask_page"]
    router = {**ROUTER, "output": f"..{'...'.join(_ids(ROUTER['outputs']))}.."}
    posted = asked(lambda: client.post(f"/{CALLBACK}", json=router))
    assert posted == ["ask", "ask_callback", "ask_page"]


def _ids(outputs: Any) -> list[str]:
    return [f"{one['id']}.{one['property']}" for one in outputs]


def test_the_session_of_a_login_page_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended, "_ended", {})
    app = new_app()
    dash_auth.FormAuth(app, dict(USERS), secret_key="a key that is long enough")
    add_witness(app.server, "/private")
    client = client_of(app)
    sent = {"username": ALICE[0], "password": ALICE[1]}
    client.post("/login", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    client.get("/private")
    assert asked(lambda: client.get("/private")) == ["open", "is_against", "ask"]
    assert client.get("/private").json["user"] == ALICE[0]


def test_a_ticket_costs_one_question_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended, "_ended", {})
    app = guarded_app(secret_key="a key that is long enough", public_routes=["/open"])
    client = client_of(app)

    def get(path: str, auth: tuple[str, str] | None = None) -> list[str]:
        return asked(lambda: client.get(path, auth=auth))

    assert get("/private", ALICE) == ["ask", "attempt", "says"]
    assert get("/open") == ["open", "is_against", "ask"]
    # Once a login was ended in this process: is it the one that the ticket is of?
    ended._ended["another"] = math.inf
    assert get("/private", ALICE) == ["ask", "attempt", "says", "open"]


def test_a_login_through_a_provider_takes_three_questions() -> None:
    app, key = new_app(), "a key that is long enough"
    auth = dash_auth.OIDCAuth(app, key)
    auth.register_provider("idp", client_id="x", server_metadata_url="https://idp.invalid/")
    add_witness(app.server, "/private")
    client = app.server.test_client(use_cookies=False)
    cookie = {
        "Cookie": ticket_of(
            auth, key.encode(), {"sub": "1", "email": "carol", "email_verified": True}
        )
    }
    assert client.get("/private", headers=cookie).json["user"] == "carol"
    calls = asked(lambda: client.get("/private", headers=cookie))
    assert calls == ["open", "is_against", "ask"]


def test_the_design_says_what_was_counted() -> None:
    table = dict(re.findall(r"^\| ([^|]+) \| +([\d;, ]+) \|", DESIGN.read_text(), re.MULTILINE))
    assert table["public route, anonymous"] == "1"
    assert table["public page, anonymous; with `use_pages`"] == "1; 2"
    assert table["callback, password known"] == "2"
    assert table["routing callback, public page, anonymous"] == "2"
    assert table["page router, public page, anonymous"] == "3"


@pytest.mark.parametrize(
    "key, changed",
    [("HTTP_HOST", "elsewhere.test"), ("HTTP_ORIGIN", "http://elsewhere.test")],
)
def test_who_makes_a_request_is_asked_again_where_a_hook_has_changed_it(
    key: str, changed: str
) -> None:
    def change() -> None:
        if "X-Changed" in flask.request.headers:
            flask.request.environ[key] = changed

    app = new_app()
    app.server.before_request(change)
    dash_auth.BasicAuth(app, dict(USERS))
    add_witness(app.server, "/private")
    client, own = client_of(app), {"Origin": "http://localhost"}
    assert client.post("/private", auth=ALICE, headers=own).status_code == 200
    refused = client.post("/private", auth=ALICE, headers={**own, "X-Changed": "1"})
    assert refused.status_code == 403


def test_what_a_browser_asks_for_is_looked_at_again_where_a_hook_has_changed_it() -> None:
    app = new_app()

    def divert() -> None:
        flask.request.url_rule = next(iter(app.server.url_map.iter_rules("/_dash-layout")))

    app.server.before_request(divert)
    dash_auth.BasicAuth(app, dict(USERS), public_routes=["/open"])
    add_witness(app.server, "/open")
    assert client_of(app).get("/open", headers=BROWSER).status_code == 401


def test_the_file_that_a_hook_leaves_is_what_counts(tmp_path: Path) -> None:
    (tmp_path / "open.css").write_text("open")
    (tmp_path / "shut.txt").write_text("shut")
    app = new_app(assets_folder=str(tmp_path))

    def another() -> None:
        if "X-Changed" in flask.request.headers:
            assert flask.request.view_args is not None
            flask.request.view_args["filename"] = "shut.txt"

    app.server.before_request(another)
    dash_auth.BasicAuth(app, dict(USERS), public_routes=["/open"])
    client = client_of(app)
    with client.get("/assets/open.css", headers=BROWSER) as reply:
        assert reply.text == "open"
    changed = client.get("/assets/open.css", headers={**BROWSER, "X-Changed": "1"})
    assert changed.status_code == 401
