"""Invitations: links with which a user sets a password, once.

A link is sealed over the user's name, what the user is verified against, and a time. So it is void
once the password changes, by the link itself too; nothing is stored for it. A reset of a password
is the same link.
(OWASP, Forgot Password Cheat Sheet, "URL Tokens".)
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
import time
from collections.abc import Callable

from dash_auth import _core
from dash_auth._secret_keys import Keys
from dash_auth.users.store import Account, WritableUserStore

SECONDS = 72 * 60 * 60
"""For how long an invitation is good, in seconds."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TOKEN = re.compile(r"([A-Za-z0-9_-]{2,1400})\.([0-9]{1,12})\.([0-9a-f]{64})")


class Invitations:
    """Makes links with which users set a password, and reads them."""

    def __init__(self, keys: Callable[[], Keys]) -> None:
        """Say what seals them.

        :param keys: returns the secret keys of the app, the current one first
        """
        self._keys = keys

    def token(self, account: Account) -> str:
        """Return what the link of an account ends in; it is good for 72 hours.

        :param account: the account as it is stored now
        """
        until = str(int(time.time()) + SECONDS)
        seal = _seal(self._keys()[0], account, until)
        name = base64.urlsafe_b64encode(account.name.encode()).decode().rstrip("=")
        return f"{name}.{until}.{seal}"

    def account(self, token: str, find: Callable[[str], Account | None]) -> Account | None:
        """Return the account whose link it is, None if the link is none, used or too old.

        :param token: what came in the link
        :param find: returns the account of a name
        """
        found = _TOKEN.fullmatch(token) if len(token) <= 2048 else None
        if found is None:
            return None
        name, until, seal = found.groups()
        try:
            named = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        # No user has such a name, and a database may take it for an error.
        account = None if _CONTROL.search(named) else find(named)
        if account is None or account.disabled or int(until) <= time.time():
            return None
        if not _is_bound(account):
            return None
        seals = [_seal(key, account, until) for key in self._keys()]
        return account if any([hmac.compare_digest(one, seal) for one in seals]) else None


def made_ready(store: WritableUserStore, account: Account) -> Account | None:
    """Return an account to which a link can be bound.

    One that has neither a password nor a version of one is given a password that is told to no one:
    else its link would be that of any account of this name.

    :param store: keeps the account
    :param account: the account as it is stored now
    :return: the account as it is stored by now, None if it is gone
    """
    if _is_bound(account):
        return account
    store.set_password(account.name, store.hashed(secrets.token_urlsafe(32)), was=None)
    return store.find(account.name)


def _is_bound(account: Account) -> bool:
    return bool(account.password or account.credential_version)


def _seal(key: bytes, account: Account, until: str) -> str:
    # Which of the two it is counts, too: one may read like the other.
    kind, against = "version", account.credential_version
    if against is None:
        kind, against = "password", account.password or ""
    return _core.seal(key, "invitation", account.name, kind, against, until)
