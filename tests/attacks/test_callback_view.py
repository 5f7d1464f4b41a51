"""S5: the rules on callbacks hold only for the POST that reaches this app's callback view."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .callbacks import (
    PRIVATE_BODY,
    PUBLIC_BODY,
    private,
    ran,
    simple_app,
)
from .http import ALICE, CALLBACK_URL, PRIVATE, PUBLIC, REFUSED, held, honest, no_server_error
from .routes import add_route


@pytest.mark.rule("S5")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY"])
def test_other_methods(serve: Any, method: str) -> None:
    app = simple_app([])
    app.index_string = app.index_string.replace("<body>", f"<body>{PRIVATE}")
    site = serve(app)
    honest(site.call(PUBLIC_BODY))
    headers = {"Content-Type": "application/json"}
    sent = json.dumps(PUBLIC_BODY).encode()
    reply = site.request(method, CALLBACK_URL, headers=headers, body=sent)
    held(reply, PUBLIC, status=(401, 405))


@pytest.mark.rule("S5")
@pytest.mark.parametrize(
    "target",
    [
        "/api/private", "/_dash-update-component/", "//_dash-update-component",
        "/x/_dash-update-component", "/_dash-update-component%2f", "/_dash-update-component/x",
        "/_DASH-UPDATE-COMPONENT", "/./_dash-update-component", "/x/../_dash-update-component",
        "/_dash-update-component;x", "/_dash-update-component?x=/api/private",
        "/api/private?/_dash-update-component", "/api/private#/_dash-update-component",
        "http://x/api/private",
    ],
)  # fmt: skip
def test_other_targets(serve: Any, target: str) -> None:
    app = simple_app([])
    for rule in ("/api/private", "/x/_dash-update-component", "/_dash-update-component/x"):
        add_route(app, rule, private, methods=["POST"])
    site = serve(app)
    honest(site.call(PUBLIC_BODY))
    reply = no_server_error(site.call(PUBLIC_BODY, url=target), ran)
    if PUBLIC not in reply.text:
        held(reply, status=(308, *REFUSED))


@pytest.mark.rule("S5")
@pytest.mark.parametrize(
    "options",
    [
        {"url_base_pathname": "/app/"},
        {"routes_pathname_prefix": "/app/", "requests_pathname_prefix": "/proxy/app/"},
    ],
    ids=["prefix", "split"],
)
def test_the_callback_view_under_a_prefix(serve: Any, options: dict[str, str]) -> None:
    app = simple_app([], **options)
    add_route(app, CALLBACK_URL, private, methods=["POST"])
    site = serve(app)
    held(site.call(PUBLIC_BODY), ran=ran)
    held(site.call(PRIVATE_BODY, url=f"/app{CALLBACK_URL}"), ran=ran)
    honest(site.call(PUBLIC_BODY, url=f"/app{CALLBACK_URL}"))
    honest(site.call(PRIVATE_BODY, url=f"/app{CALLBACK_URL}", auth=ALICE), PRIVATE)
