"""What decides the redirect URI: the request's own host, and the proxy that is trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from .apps import Direct

FORGED = {
    "X-Forwarded-Host": "app.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/here",
    "Forwarded": "host=app.example",
}


def test_a_forged_host_steers_nothing(
    direct: Callable[..., Direct], caplog: pytest.LogCaptureFixture
) -> None:
    here = direct()
    for _ in range(2):
        answer = here.client.get("/", headers=FORGED)
        assert answer.headers["Location"] == "http://localhost/oidc/idp/callback"
    assert caplog.text.count("ProxyFix") == 1


def test_a_trusted_proxy_names_the_host(direct: Callable[..., Direct]) -> None:
    here = direct()
    server: Any = here.app.server
    server.wsgi_app = ProxyFix(server.wsgi_app, x_host=1, x_proto=1, x_prefix=1)
    answer = here.client.get("/", headers=FORGED)
    assert answer.headers["Location"] == "https://app.example/here/oidc/idp/callback"


@pytest.mark.parametrize(
    ("option", "scheme"),
    [(None, "http"), (False, "http"), (True, "https"), ("HTTPS_SET", "https"), ("UNSET", "http")],
)
def test_https_can_be_forced(
    direct: Callable[..., Direct],
    monkeypatch: pytest.MonkeyPatch,
    option: bool | str | None,
    scheme: str,
) -> None:
    monkeypatch.setenv("HTTPS_SET", "")
    answer = direct(force_https_callback=option).client.get("/")
    assert answer.headers["Location"] == f"{scheme}://localhost/oidc/idp/callback"
