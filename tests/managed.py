"""An app whose users have a page, and an administrator's browser."""

from __future__ import annotations

import re
from typing import Any

from attacks.http import Reply
from dash import Dash
from dash_auth.users import Account
from elements import Element, element, elements
from forms import Browser, form_app
from writable import MemoryUsers, hashed

ADA, PASSWORD = "ada", "the-analytical-engine"
STORED = hashed(PASSWORD)


class ManagedUsers(MemoryUsers):
    """Keeps weak hashes as they are: to hash anew at each login costs more than all else."""

    @property
    def replace_password(self) -> Any:  # type: ignore[override]
        raise AttributeError


def account(name: str, *groups: str, **fields: Any) -> Account:
    """Return an account whose password is known to the tests."""
    return Account(name, STORED, groups, **fields)


def store_of(*accounts: Account, **options: Any) -> ManagedUsers:
    """Return a store with ada, who is an administrator, and others: by default grace, who is none."""
    return ManagedUsers(account(ADA, "admin"), *(accounts or (account("grace"),)), **options)


def managed_app(store: Any, **options: Any) -> Dash:
    """Return an app with a page for its users at `/users`."""
    return form_app(store, **{"users_route": "/users", **options})


def administrator(site: Any, name: str = ADA) -> Browser:
    """Return a browser in which an administrator is logged in."""
    browser = Browser(site)
    assert browser.log_in(name, PASSWORD).status == 303
    return browser


def act(browser: Browser, action: str, name: str = "grace", **fields: str) -> Reply:
    """Send what a button of the page sends."""
    return browser.post("/users", {"action": action, "user": name, **fields})


def listed(reply: Reply) -> list[str]:
    """Return the names in the list of a page."""
    return [one.text for one in elements(reply.text, "span", _class="name")]


def said(reply: Reply) -> str:
    """Return what a page says above the list."""
    return element(reply.text, "div", id="note").text


def once(reply: Reply) -> str:
    """Return what a page shows once."""
    assert reply.status == 200, (reply.status, reply.text)
    found: Element = element(reply.text, "code")
    return found.text


def chips(reply: Reply) -> list[str]:
    """Return what stands beside the names in the list of a page."""
    return re.findall(r'class="chip(?: \w+)?">([^<]*)<', reply.text)
