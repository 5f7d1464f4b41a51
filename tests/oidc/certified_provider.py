"""The npm package oidc-provider on loopback: certified, and no relation of Authlib's."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from dash_auth import OIDCAuth

SCRIPT = Path(__file__).parent / "provider" / "provider.mjs"
_FORM = re.compile(r'<form [^>]*action="([^"]+)".*?</form>', re.DOTALL)
_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass(frozen=True)
class CertifiedProvider:
    """A provider that runs; whoever logs in there is known to it, with any password.

    Attributes:
        address: its issuer, without a slash at its end.
    """

    address: str

    def register(
        self, auth: OIDCAuth, address: str, *, without_pkce: bool = False, **options: Any
    ) -> None:
        """Make an app known to the provider, and the provider to the app.

        :param auth: who protects the app
        :param address: where the app is served
        :param without_pkce: whether the provider does without PKCE for this app
        :param options: further arguments of `OIDCAuth.register_provider`
        """
        method = options.get("token_endpoint_auth_method", "client_secret_basic")
        answer = requests.post(
            f"{self.address}/reg",
            json={
                "redirect_uris": [
                    f"{address}/oidc/idp/callback",
                    f"{address}/login/idp/callback",
                ],
                "post_logout_redirect_uris": [f"{address}/"],
                "grant_types": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_method": method,
                "client_name": "without PKCE" if without_pkce else "with PKCE",
            },
            timeout=10,
        )
        assert answer.status_code == 201, answer.text
        auth.register_provider(
            "idp",
            client_id=answer.json()["client_id"],
            client_secret=answer.json()["client_secret"],
            server_metadata_url=f"{self.address}/.well-known/openid-configuration",
            **{"client_kwargs": {"scope": "openid email profile"}, **options},
        )

    def walk(self, client: requests.Session, location: str, **fields: str) -> str:
        """Fill in and send each form that the provider shows; return where it sends the browser.

        :param client: the browser
        :param location: an address of the provider's
        :param fields: what the user fills in
        """
        for _ in range(10):
            if not location.startswith(f"{self.address}/"):
                return location
            answer = client.get(location, allow_redirects=False, timeout=10)
            form = _FORM.search(answer.text)
            if form:
                filled = {**dict(_FIELD.findall(form[0])), **fields}
                url = urljoin(location, html.unescape(form[1]))
                answer = client.post(url, data=filled, allow_redirects=False, timeout=10)
            assert answer.status_code in (302, 303), answer.text
            location = urljoin(location, answer.headers["Location"])
        raise AssertionError(f"the provider goes round in circles: {location}")

    def consent(self, client: requests.Session, location: str, sub: str = "alice") -> str:
        """Log a user in at the provider, and return where it sends the browser.

        :param client: the browser
        :param location: the authorization request, as the app redirected to it
        :param sub: the user
        """
        return self.walk(client, location, login=sub, password="any")

    def refuse(self, client: requests.Session, location: str) -> str:
        """Have the user refuse at the provider, and return where it sends the browser."""
        begun = client.get(location, allow_redirects=False, timeout=10).headers["Location"]
        return self.walk(client, f"{urljoin(location, begun)}/abort")


def what_is_missing() -> str | None:
    """Return why the provider cannot run here, None if it can."""
    node = shutil.which("node")
    if node is None:
        return "node is missing"
    # Node 18 lacks it, and the provider does not start without.
    knows_urls = ["-e", "process.exit(typeof URL.parse === 'function' ? 0 : 1)"]
    if subprocess.run([node, *knows_urls], check=False).returncode:
        return "node is too old for oidc-provider"
    if not (SCRIPT.parent / "node_modules" / "oidc-provider").is_dir():
        return "oidc-provider is missing: `make oidc-provider` installs it"
    return None


@contextmanager
def certified() -> Iterator[CertifiedProvider]:
    """Run the provider, on a site other than that of the apps, which are served on 127.0.0.1."""
    from conftest import running

    with running(SCRIPT, interpreter="node") as address:
        yield CertifiedProvider(address.replace("127.0.0.1", "localhost"))
