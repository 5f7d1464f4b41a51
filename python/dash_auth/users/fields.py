"""What is kept of a user, as it stands in a table: a value of a dict, or a table of a `users.toml`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dash_auth.users.store import Account

FIELDS = frozenset(("password", "groups", "email", "full_name", "disabled", "must_change"))
"""What can be kept of a user beside the name."""

_OWN = (*sorted(FIELDS), "credential_version")

_TEXT = ("password", "email", "full_name", "credential_version")

_WHO = ("name", "sub", "preferred_username", "email_verified")
"""Claims by which a provider says who a user is."""

_MEANT = {
    "enabled": "disabled",
    "active": "disabled",
    "hash": "password",
    "password_hash": "password",
}
"""Names that mean a field of ours, and are too far from it to be found by their letters."""


def account_of(name: str, kept: Any) -> Account:
    """Return the account of a user.

    :param name: the user's name
    :param kept: a stored password, or a table with the fields of :class:`Account`; other keys of it
        are claims
    :raises TypeError: if a value is of a wrong type; the message never has the value
    :raises ValueError: if a key is nearly one of ours, or a claim that would say who the user is
    """
    if not isinstance(kept, Mapping):
        return Account(name, kept)
    own: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    for key, value in kept.items():
        if key in _OWN:
            own[key] = _checked(name, key, value)
        else:
            _refuse_claim(name, key)
            claims[key] = value
    return Account(name, claims=claims, **own)


def table_of(account: Account) -> dict[str, Any]:
    """Return an account as a table: what :func:`account_of` reads, without what is not there.

    :param account: the account
    """
    own = {
        "password": account.password,
        "full_name": account.full_name,
        "email": account.email,
        "groups": list(account.groups) or None,
        "disabled": account.disabled or None,
        "must_change": account.must_change or None,
        "credential_version": account.credential_version,
    }
    return {**{key: value for key, value in own.items() if value is not None}, **account.claims}


def check_fields(fields: Mapping[str, Any], can_keep: frozenset[str], store: str) -> None:
    """Refuse to change what a store cannot keep.

    :param fields: what is to be changed
    :param can_keep: what the store can keep
    :param store: what the store is called in the message
    :raises ValueError: for a field that it cannot keep
    """
    others = sorted(set(fields) - can_keep)
    if others:
        raise ValueError(
            f"{store} cannot keep {', '.join(others)}: it keeps {', '.join(sorted(can_keep))}"
        )


def check_name(name: object) -> None:
    """Refuse a name that could never log in, or looks like another one.

    :param name: the name of a new user
    :raises ValueError: if it is none
    """
    if not isinstance(name, str) or not name or len(name) > 255:
        raise ValueError("a user's name must have 1 to 255 characters")
    if ":" in name:
        raise ValueError("a user's name must have no colon: it could never log in")
    if name != name.strip() or not name.isprintable():
        raise ValueError(
            "a user's name must have no space at its ends, and no control characters: it could "
            "never log in, or be taken for another one"
        )


def _checked(name: str, key: str, value: Any) -> Any:
    """Return the value of a field of ours."""
    if key in _TEXT:
        is_right, right = isinstance(value, str), "text"
    elif key == "groups":
        is_right = isinstance(value, list | tuple | set | frozenset)
        is_right, right = is_right and all(isinstance(one, str) for one in value), "a list of text"
    elif key == "disabled":
        is_right, right = isinstance(value, bool), "true or false"
    else:
        is_right, right = isinstance(value, bool | datetime), "true, false or a date and time"
    if not is_right:
        kind = type(value).__name__
        raise TypeError(f"{key} of user {name!r} must be {right}, not {kind}")
    return tuple(value) if key == "groups" else value


def _refuse_claim(name: str, key: object) -> None:
    """Refuse a claim whose name is a mistake, or would say who the user is."""
    if not isinstance(key, str):
        raise TypeError(f"the keys of user {name!r} must be text, not {type(key).__name__}")
    if key in _WHO:
        raise ValueError(
            f"{key!r} of user {name!r} would say who the user is: give it another name, such as "
            f"{'full_name' if key == 'name' else 'my_' + key!r}"
        )
    near = difflib.get_close_matches(key.lower().replace("-", "_"), _OWN, 1, 0.8)
    meant = _MEANT.get(key.lower()) or (near[0] if near else None)
    if meant is not None:
        raise ValueError(f"{key!r} of user {name!r} is no field: write {meant!r}")
