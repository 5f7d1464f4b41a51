"""What needs a login that is not long ago: callbacks, layouts and routes, on each server."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import dash_auth
from attacks import apps
from attacks.apps import body, item
from attacks.http import PRIVATE, Reply
from attacks.routes import add_route
from clock import Clock
from dash import Dash, Input, Output
from everywhere import Serve
from forms import Browser, form_app

RECENT = 600
AGAIN = "Log in again to do this"


def paying_app(**options: Any) -> Dash:
    """Return an app behind FormAuth with parts that need a recent login."""
    app = form_app(**options)
    add_paying(app)
    return app


def add_paying(app: Dash) -> None:
    app.callback(Output("paid", "children"), Input("pay", "n_clicks"))(paid)

    async def paid_async(clicks: int) -> str:
        return paid(clicks)

    if apps.backend != "flask":
        app.callback(Output("paid-async", "children"), Input("pay", "n_clicks"))(paid_async)
    add_route(app, "/pay", lambda: str(dash_auth.require_recent_login(timedelta(minutes=10))))
    dash_auth.add_public_routes(app, ["/open-pay"])
    add_route(app, "/open-pay", lambda: str(dash_auth.require_recent_login(RECENT)))


def paid(_: int) -> str:
    return f"{PRIVATE} paid by {dash_auth.require_recent_login(RECENT)}"


def call(browser: Browser, output: str = "paid.children") -> Reply:
    """Ask for a callback, as the renderer does."""
    sent = json.dumps(body(output, [item("pay", "n_clicks", 1)])).encode()
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    return browser.send("POST", "/_dash-update-component", headers, body=sent)


def outputs() -> list[str]:
    return ["paid.children", *(["paid-async.children"] if apps.backend != "flask" else [])]


def refused(reply: Reply) -> bool:
    """Tell whether an answer asks to log in again, and gives nothing away."""
    assert PRIVATE not in reply.text and "Traceback" not in reply.text
    assert (reply.status, reply.headers.get_all("Dash-Auth")) in (
        (200, None),
        (401, ["recent"]),
    ), (reply.status, reply.text)
    if reply.status == 401:
        assert reply.headers["Cache-Control"] == "no-store"
        assert "WWW-Authenticate" not in reply.headers
        assert AGAIN in reply.text
    return reply.status == 401


def test_who_logged_in_longer_ago_is_asked_again(everywhere: Serve, clock: Clock) -> None:
    browser = Browser(everywhere(paying_app()))
    browser.log_in()
    for output in outputs():
        assert "paid by alice" in call(browser, output).text
    assert browser.fetch("/pay").text == "alice"
    clock.advance(RECENT + 1)
    for output in outputs():
        assert refused(call(browser, output))
    assert refused(browser.fetch("/pay"))
    # Nothing else has ended.
    assert browser.who() == "alice"
    browser.log_in()
    for output in outputs():
        assert "paid by alice" in call(browser, output).text
    assert browser.fetch("/pay").text == "alice"
