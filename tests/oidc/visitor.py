"""Somebody with a browser, as the login meets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from .mock_provider import Provider

NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
OWN_LINK = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a link on a page of the app's own."""

CALLBACK = {
    "output": "out.children",
    "outputs": {"id": "out", "property": "children"},
    "inputs": [{"id": "in", "property": "value", "value": "x"}],
    "changedPropIds": ["in.value"],
}
Serve = Callable[..., str]
Visit = Callable[[Any], "Visitor"]


class Visitor:
    """A browser, as far as redirects, cookies and fetch metadata go."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = requests.Session()

    def get(self, path: str, **headers: str) -> requests.Response:
        """Navigate to a path, or to a full address, and follow no redirect."""
        url = path if path.startswith("http") else self.address + path
        headers = {**NAVIGATE, **headers}
        # As it stands: `requests` would tidy the path.
        request = self.client.prepare_request(requests.Request("GET", url, headers=headers))
        request.url = url
        return self.client.send(request, allow_redirects=False, timeout=20)

    def begin(self, path: str = "/", **headers: str) -> str:
        """Navigate to a path that needs a login, and return the authorization request."""
        answer = self.get(path, **headers)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def log_in(self, provider: Provider, sub: str = "alice", path: str = "/") -> requests.Response:
        """Log in, and return the answer of the callback."""
        return self.get(provider.consent(self.begin(path), sub))

    def whoami(self, path: str = "/whoami") -> dict[str, Any]:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def call_back(self, prefix: str = "/") -> requests.Response:
        url = f"{self.address}{prefix}_dash-update-component"
        return self.client.post(url, json=CALLBACK, allow_redirects=False, timeout=20)

    @property
    def cookie(self) -> str:
        return str(self.client.cookies.get("session", ""))

    @property
    def ticket(self) -> str:
        """What is remembered of the login."""
        cookies = self.client.cookies.items()
        return next((value for name, value in cookies if name.startswith("dash_auth_")), "")
