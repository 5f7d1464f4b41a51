"""The fixture that other tests rest on: an app on a real server."""

from __future__ import annotations

from collections.abc import Callable

import dash
import flask
import requests
from dash import html


def test_an_app_is_served_on_a_port_of_its_own(serve: Callable[..., str]) -> None:
    app = dash.Dash()
    app.layout = html.P("served by Dash")
    server = flask.Flask(__name__)
    server.add_url_rule("/", view_func=lambda: "served by Flask")
    of_dash, of_flask = serve(app), serve(server, threads=1)
    assert of_dash != of_flask
    assert "served by Dash" in requests.get(f"{of_dash}/_dash-layout", timeout=5).text
    assert requests.get(of_flask, timeout=5).text == "served by Flask"
