"""Users in a store that takes new passwords, and an app whose users have pages to set them."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from attacks.http import Reply
from dash import Dash
from dash_auth.logins.form.invitation import Invitations
from dash_auth.users import Account
from elements import elements
from forms import KEY, Browser, form_app
from writable import MemoryUsers, hashed

OLD, NEW = "the-analytical-engine", "a difference of engines"
STORED = hashed(OLD)


class Users(MemoryUsers):
    """Keeps users in a dict, and sets passwords.

    Attributes:
        before_hash: called before a new password is hashed.
        before_write: called before a password is set.
        after_write: called once one is set.
        hashes: the passwords that were to be hashed.
        has_versions: whether accounts have a `credential_version`; else the stored password stands
            for itself, as in an htpasswd file.
    """

    def __init__(self, *accounts: Account, has_versions: bool = True, **options: Any) -> None:
        self.before_hash: Any = None
        self.before_write: Any = None
        self.after_write: Any = None
        self.hashes: list[str] = []
        self.has_versions: bool = has_versions
        super().__init__(*accounts, **options)
        if not has_versions:
            for name, account in self.rows.items():
                self.rows[name] = replace(account, credential_version=None)

    def find(self, name: str) -> Account | None:
        if "\0" in name:
            raise ValueError("as databases do")
        return super().find(name)

    def hashed(self, password: str) -> str:
        self.hashes.append(password)
        if self.before_hash is not None:
            self.before_hash()
        if len(password.encode()) > 72:
            raise ValueError("more than 72 bytes")
        return super().hashed(password)

    @property
    def replace_password(self) -> Any:  # type: ignore[override]
        # To store the tests' weak hashes anew would take as long as real ones do.
        raise AttributeError("replace_password")

    def set_password(self, name: str, stored: str, *, was: str | None) -> bool:
        if self.before_write is not None:
            self.before_write()
        with self._asked("set_password"):
            account = self.rows.get(name)
            if account is None:
                return False
            version = account.credential_version
            if was != (account.password if version is None else version):
                return False
            version = secrets.token_hex(4) if self.has_versions else None
            self.rows[name] = replace(
                account, password=stored, credential_version=version, must_change=False
            )
            if self.after_write is not None:
                self.after_write()
            return True


def account(name: str = "ada", *groups: str, **fields: Any) -> Account:
    """Return an account whose password is :data:`OLD`."""
    return Account(name, fields.pop("password", STORED), groups, **fields)


def account_app(store: Users | None = None, **options: Any) -> Dash:
    """Return an app whose users can set their passwords; by default ada and grace."""
    return form_app(Users(account(), account("grace")) if store is None else store, **options)


def logged_in(site: Any, name: str = "ada", password: str = OLD) -> Browser:
    """Return a browser in which a user is logged in."""
    browser = Browser(site)
    assert browser.log_in(name, password).status == 303
    return browser


def change(browser: Browser, current: str = OLD, new: str = NEW, **fields: str) -> Reply:
    """Send the form that changes the password."""
    form = {"do": "password", "current": current, "new": new, "again": new, **fields}
    return browser.post("/account", form)


def token_of(store: Users, name: str = "ada") -> str:
    """Return what the link of an invitation ends in."""
    found = store.rows[name]
    return Invitations(lambda: (KEY.encode(),)).token(found)


def use(browser: Browser, token: str, new: str = NEW, **fields: str) -> Reply:
    """Send the form of an invitation."""
    return browser.post(f"/login/invitation/{token}", {"new": new, "again": new, **fields})


def note(reply: Reply) -> str | None:
    """Return what a page says above its forms, None if it says nothing."""
    found = elements(reply.text, "div", id="note")
    return found[0].text if found else None


def can_log_in(site: Any, name: str, password: str) -> bool:
    """Tell whether a password is good."""
    return Browser(site).log_in(name, password).status == 303
