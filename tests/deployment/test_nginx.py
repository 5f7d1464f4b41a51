"""Behind a real nginx that ends TLS and cuts the prefix off."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from .conftest import NGINX, behind_nginx, deployed, trusting

pytestmark = pytest.mark.skipif(
    NGINX is None and "CI" not in os.environ, reason="nginx is missing: `make nginx` installs it"
)

LOGIN = {"Authorization": "Basic " + b64encode(b"alice:wonder-land").decode()}
PRIVATE = {
    "output": "out.children",
    "outputs": {"id": "out", "property": "children"},
    "inputs": [{"id": "in", "property": "value", "value": "x"}],
    "changedPropIds": ["in.value"],
    "state": [],
}


@dataclass
class Site:
    """The way to the app through nginx."""

    port: int
    tls: ssl.SSLContext

    def ask(
        self, target: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> tuple[int, str]:
        """Send a request exactly as described, and return status and body."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.tls, timeout=20
        )
        sent = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        try:
            method = "GET" if body is None else "POST"
            connection.request(method, target, sent, {**kind, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def site(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the app under `/app/` behind nginx."""
    folder = tmp_path_factory.mktemp("nginx")
    with deployed(backend, "/app/") as behind, behind_nginx(behind, folder) as port:
        yield Site(port, trusting(folder))


def routing(pathname: str) -> dict[str, Any]:
    return {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [
            {"id": "_pages_content", "property": "children"},
            {"id": "_pages_store", "property": "data"},
        ],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": pathname},
            {"id": "_pages_location", "property": "search", "value": ""},
        ],
        "changedPropIds": ["_pages_location.pathname"],
        "state": [],
    }


def test_private_and_public_pages(site: Site) -> None:
    assert site.ask("/app/")[0] == 401
    assert site.ask("/app/", LOGIN)[0] == 200
    assert site.ask("/app/public")[0] == 200
    assert site.ask("/app/private")[0] == 401


def test_callbacks(site: Site) -> None:
    callback = "/app/_dash-update-component"
    assert site.ask(callback, body=PRIVATE)[0] == 401
    assert "PRIVATE-MARKER x alice" in site.ask(callback, LOGIN, PRIVATE)[1]
    assert "asked by None" in site.ask(callback, body=routing("/app/public"))[1]
    assert "asked by alice" in site.ask(callback, LOGIN, routing("/app/public"))[1]
    for pathname in ("/app/private", "/private", "/app/public/../private", "/public"):
        status, text = site.ask(callback, body=routing(pathname))
        assert (status, "PRIVATE" in text) == (401, False)


@pytest.mark.parametrize(
    "header",
    [
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-Prefix",
        "X-Forwarded-Path",
        "X-Script-Name",
        "X-Forwarded-Uri",
    ],
)
@pytest.mark.parametrize("value", ["/public", "/app/public", "/"])
def test_forged_headers_open_nothing(site: Site, header: str, value: str) -> None:
    assert site.ask("/app/private", {header: value})[0] == 401


@pytest.mark.parametrize(
    "target",
    [
        "/app/public/../private",
        "/app/public/%2e%2e/private",
        "/app/public%2f..%2fprivate",
        "/app//private",
        "/app/./private",
        "/app/public/..%5cprivate",
        "/app/private?/public",
        "/app/private;/public",
        "/app/private%00",
        "/app/PRIVATE",
    ],
)
def test_odd_paths_open_nothing(site: Site, target: str) -> None:
    status, text = site.ask(target)
    assert "PRIVATE-MARKER" not in text
    assert status in (400, 401, 404)


def test_a_websocket_through_tls(site: Site, backend: str) -> None:
    if backend == "flask":
        pytest.skip("Dash has no WebSocket callbacks on Flask")
    connect = pytest.importorskip("websockets.sync.client").connect
    request = {"type": "callback_request", "rendererId": "r", "requestId": "1", "payload": PRIVATE}
    for headers, expected in ((LOGIN, "PRIVATE-MARKER x alice"), ({}, "Login required")):
        with connect(
            f"wss://127.0.0.1:{site.port}/app/_dash-ws-callback",
            ssl=site.tls,
            origin=f"https://127.0.0.1:{site.port}",
            additional_headers=headers,
        ) as socket:
            socket.send(json.dumps(request))
            assert expected in socket.recv(timeout=10)
