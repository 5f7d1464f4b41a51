"""A login through a provider behind a real nginx that ends TLS and cuts the prefix off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import requests
from oidc.mock_provider import parameters, providing

from .conftest import NGINX, behind_nginx, deployed

pytestmark = pytest.mark.skipif(
    NGINX is None and "CI" not in os.environ, reason="nginx is missing: `make nginx` installs it"
)


def test_a_user_logs_in_and_comes_back(backend: str, tmp_path: Path) -> None:
    with (
        providing(pkce=True) as provider,
        deployed(backend, "/app/", "oidc_app", OIDC_METADATA_URL=provider.metadata_url) as behind,
        behind_nginx(behind, tmp_path) as port,
        requests.Session() as browser,
    ):
        browser.trust_env = False
        browser.verify = str(tmp_path / "certificate")
        site = f"https://127.0.0.1:{port}"

        def get(location: str, **options: Any) -> requests.Response:
            return browser.get(location, allow_redirects=False, timeout=20, **options)

        begun = get(f"{site}/app/reports?a=1").headers["Location"]
        callback = f"{site}/app/oidc/idp/callback"
        assert parameters(begun)["redirect_uri"] == callback
        location = provider.consent(begun, "alice")
        assert location.startswith(f"{callback}?")
        assert get(location).headers["Location"] == "/app/reports?a=1"
        assert "asked by alice" in get(f"{site}/app/_dash-layout").text
        assert get(location).headers["Location"] == "/app/"
        own_link = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        logged_out = get(f"{site}/app/oidc/logout", headers=own_link)
        assert 'href="/app/"' in logged_out.text
        assert 'href="/app/oidc/idp/login"' in get(location).text
