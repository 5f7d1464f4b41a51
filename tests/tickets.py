"""Tickets: what is in one, and one of a user who logged in through a provider."""

from __future__ import annotations

import json
import re
import secrets
import time
from base64 import urlsafe_b64decode
from typing import Any

from dash_auth import _core
from dash_auth._secret_keys import mark

NAMES = (
    "name",
    "id",
    "auth_time",
    "until",
    "idle_until",
    "methods",
    "is_for_public",
    "fingerprint",
)


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def text_in(cookies: Any) -> str | None:
    """Return the one ticket among cookies, None if there is none.

    :param cookies: the cookies as text, `name=value; name=value`
    """
    found = re.findall(r"(?:__Host-)?dash_auth_[0-9a-f]{8}=([^;,\s]+)", cookies or "")
    assert len(found) <= 1, found
    return found[0] if found else None


def content_of_ticket(text: str) -> dict[str, Any]:
    """Return what a ticket says, whoever sealed it.

    :param text: the value of its cookie
    """
    note, claims, _ = text.split(".")
    content = dict(zip(NAMES, json.loads(_decoded(note)), strict=True))
    return {**content, "claims": json.loads(_decoded(claims)) if claims else None}


def ticket_of(
    auth: Any, key: bytes, user: Any, idp: str = "idp", *, until: int | None = None, **options: Any
) -> str:
    """Return the cookie of a user who logged in through a provider, as `auth` issues it.

    :param auth: an OIDCAuth
    :param key: the key that seals it
    :param user: the claims of the user
    :param idp: the name of the provider
    :param until: when it ends, in seconds since 1970; an hour from now by default
    :param options: what `_core.Tickets.issue` takes, in the place of what is right
    """
    guard = auth._dash_auth_guard.name
    name = next(user[name] for name in ("sub", "email") if name in user)
    issued = {
        "id": secrets.token_hex(4),
        "auth_time": int(time.time()),
        "until": int(time.time()) + 3600 if until is None else until,
        "methods": [],
        "is_for_public": False,
        "claims": json.dumps({"user": user, "idp": idp}).encode(),
        **options,
    }
    registration = auth._OIDCAuth__providers.registration(idp)
    text = _core.Tickets(guard).issue(key, name, registration, **issued)
    return f"dash_auth_{mark(guard)}={text}"
