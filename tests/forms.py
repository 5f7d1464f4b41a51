"""A browser that logs in on a login page, as far as HTTP goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import dash_auth
from attacks import apps
from attacks.apps import plain_app
from attacks.http import ALICE, BOB, Reply, Site
from dash import Dash
from everywhere import add_parts

KEY = "the secret key of the tests of forms"
USERS = dict([ALICE, BOB])

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}


def form_app(users: Any = None, **options: Any) -> Dash:
    """Return an app behind FormAuth, with private and public parts that say who asks.

    :param users: who knows the users, alice and bob by default
    :param options: what FormAuth takes
    """
    app = plain_app()
    if users is None and "auth_func" not in options:
        users = dict(USERS)
    dash_auth.FormAuth(app, users, **{"secret_key": KEY, **options})
    add_parts(app, websocket=apps.backend != "flask")
    return app


@dataclass
class Browser:
    """Keeps cookies, and follows no redirect by itself."""

    site: Site
    cookies: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)
    """The headers of the last answer that set cookies."""

    def cookie(self, path: str) -> str | None:
        """Return the header with what the browser sends to a path."""
        held = [
            f"{name}={value}"
            for name, value in self.cookies.items()
            if path.startswith(self.paths[name])
        ]
        return "; ".join(held) or None

    def send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Reply:
        """Send one request, and keep what its answer sets."""
        cookie = options.pop("cookie", self.cookie(urlsplit(target).path))
        reply = self.site.request(
            method, target, headers=dict(headers or {}), cookie=cookie, **options
        )
        self.keep(reply)
        return reply

    def keep(self, reply: Reply) -> None:
        """Keep the cookies that an answer sets."""
        self.set_cookies = reply.headers.get_all("Set-Cookie") or []
        for one in self.set_cookies:
            name, value = one.split(";", 1)[0].split("=", 1)
            if "max-age=0" in one.lower() or "1970" in one:
                self.cookies.pop(name, None)
                continue
            self.cookies[name] = value
            path = re.search(r"(?i);\s*path=([^;]*)", one)
            self.paths[name] = "/" if path is None else path[1]

    def visit(self, target: str, **headers: str) -> Reply:
        """Navigate to a path."""
        return self.send("GET", target, {**NAVIGATION, **headers})

    def fetch(self, target: str) -> Reply:
        """Fetch a path, as a script does."""
        return self.send("GET", target, {"Accept": "*/*", "Sec-Fetch-Mode": "cors"})

    def post(
        self, target: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a form; by default as a page of the app's own does."""
        own = {**NAVIGATION, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        form = {"Content-Type": "application/x-www-form-urlencoded", **own}
        return self.send("POST", target, form, body=urlencode(fields).encode())

    def log_in(
        self, name: str = ALICE[0], password: str = ALICE[1], path: str = "/login", **fields: str
    ) -> Reply:
        """Send name and password, and go on to the page that looks for the cookie."""
        reply = self.post(path, {"username": name, "password": password, **fields})
        return self.visit(reply.headers["Location"]) if reply.status == 303 else reply

    def log_out(self, path: str = "/logout") -> Reply:
        """Send the form that logs out."""
        return self.post(path, {})

    def who(self, path: str = "/private") -> str | None:
        """Return whom a part of the app takes the browser for, None where it may not be seen."""
        reply = self.fetch(path)
        assert reply.status in (200, 401, 403), (reply.status, reply.text)
        return reply.json()["user"] if reply.status == 200 else None

    @property
    def ticket(self) -> str | None:
        """The ticket that the browser holds."""
        found = [value for name, value in self.cookies.items() if _TICKET.fullmatch(name)]
        assert len(found) <= 1
        return found[0] if found else None

    def field(self, page: Reply, name: str) -> str:
        """Return the value of a field in a page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
        assert found is not None, page.text
        return found[1]


_TICKET = re.compile(r"(?:__Host-)?dash_auth_[0-9a-f]{8}")
