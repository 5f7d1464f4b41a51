"""What kind of stored password an account has."""

from __future__ import annotations

import contextlib
from typing import Any

from dash_auth import _core
from dash_auth.security import password_needs_rehash
from dash_auth.users.store import Account

_KINDS = {
    "scrypt": ("scrypt:", "scrypt$", "$scrypt$", "$7$"),
    "pbkdf2": ("pbkdf2:", "pbkdf2_", "$pbkdf2"),
    "argon2": ("argon2$", "$argon2"),
    "bcrypt": ("$2a$", "$2b$", "$2x$", "$2y$", "bcrypt", "$bcrypt"),
    "MD5-crypt": ("$apr1$", "$1$"),
    "SHA-256-crypt": ("$5$",),
    "SHA-512-crypt": ("$6$",),
    "SHA-1": ("{SHA}",),
    "salted SHA-1": ("{SSHA}",),
    "yescrypt": ("$y$",),
}
"""How the hashes of each kind begin."""


def describe(account: Account, store: Any) -> str:
    """Return the kind of an account's stored password, and whether it is a weak one.

    :param account: the account
    :param store: where it is kept
    """
    stored = account.password
    if stored is None:
        return "none yet"
    kind = kind_of(stored)
    try:
        is_weak = password_needs_rehash(stored)
    except ValueError:
        return f"{kind}, which cannot be checked: nobody can log in with it"
    if not is_weak:
        return kind
    # As the app decides whether to.
    is_renewed = hasattr(store, "replace_password") and account.credential_version is not None
    return f"{kind}, weak" + (": hashed anew at the next login" if is_renewed else "")


def kind_of(stored: str) -> str:
    """Return what kind of hash a stored password is.

    :param stored: the stored password
    """
    # What is damaged is no plaintext either.
    with contextlib.suppress(ValueError):
        if _core.is_plaintext(stored):
            return "plaintext"
    for kind, beginnings in _KINDS.items():
        if stored.startswith(beginnings):
            return kind
    return "a hash"
