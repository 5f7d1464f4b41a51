"""The styles of the documentation reach what they are for."""

from __future__ import annotations

import re

import dash_auth
from dash import Dash, html

from .blocks import written_in

MENU = "login-page: Log out, and who is logged in"


def test_each_block_has_its_check() -> None:
    assert written_in("css").keys() == {MENU}


def test_the_style_of_the_menu_names_each_of_its_parts() -> None:
    app = Dash()
    app.layout = lambda: html.Div([dash_auth.user_menu(className="who")])
    dash_auth.BasicAuth(app, {"alice": "wonderland"}, logout_route="/logout", public_routes=["/"])
    client = app.server.test_client()
    shown = client.get("/_dash-layout").text
    shown += client.get("/_dash-layout", auth=("alice", "wonderland")).text
    classes = set(re.findall(r'"className":"([^"]+)"', shown))
    assert set(re.findall(r"\.([a-z-]+)[^{}]*\{", written_in("css")[MENU])) == classes
