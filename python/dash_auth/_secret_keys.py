"""The server's secret keys: the current one, and those before it that still count."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import re
import secrets
from collections.abc import Iterable

from dash_auth import _core

logger: logging.Logger = logging.getLogger("dash_auth")

Keys = tuple[bytes, ...]
"""Secret keys, of which the first is current; none where the server has none."""


def keys_of(current: object, fallbacks: object = None) -> Keys:
    """Return what a server's configuration names, without what nothing may be signed with.

    :param current: the current key
    :param fallbacks: keys before it, if there are any
    """
    # One text in the place of a list would be taken for keys of one letter each.
    old = [fallbacks] if isinstance(fallbacks, str | bytes) else fallbacks
    keys = [current, *(old if isinstance(old, Iterable) else ())]
    # An empty key is none, and there is no old one without a current one.
    found = [key.encode() if isinstance(key, str) else key for key in keys]
    named = tuple(key for key in found if isinstance(key, bytes) and key)
    return named if current else ()


def given(key: object) -> list[str | bytes]:
    """Return the keys that a developer gave, as one or as a list of which the first is current.

    :raises TypeError: if a key is neither text nor bytes
    :raises ValueError: if a list is empty, or one of its keys
    """
    if key is None or isinstance(key, str | bytes):
        return [key] if key else []
    if not isinstance(key, list | tuple):
        raise TypeError(f"secret_key must be a str or bytes, not {type(key).__name__}")
    if not key:
        raise ValueError("secret_key is an empty list: give [new key, old key, ...]")
    for number, one in enumerate(key, start=1):
        if not isinstance(one, str | bytes):
            raise TypeError(f"secret_key {number} must be a str or bytes, not {type(one).__name__}")
        if not one:
            raise ValueError(f"secret_key {number} is empty: anybody could sign with it")
    return list(key)


def seal(keys: Keys, *parts: str) -> str:
    """Return the seal of some texts under the current key."""
    return _core.seal(keys[0], *parts)


SHORTEST = 16
"""A key of fewer bytes can be found by trying: with a cookie at hand that takes no server."""

_PLACEHOLDERS = frozenset(
    (
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        "5y2lf4q8zxec",
        "fromyoursettings",
        "somethinglikenugz8dzvb",
    )
)
"""What tutorials and READMEs write in the place of a key, without case and punctuation."""

_PLACEHOLDER = re.compile(
    r"changeme|(super|very|my|your|the|a|app|flask|dash|dev)*secret(key)?(here)?"
)


def weakness(key: bytes) -> str | None:
    """Return why a secret key is none, None for a good one."""
    words = re.sub(r"[^a-z0-9]", "", key.decode("latin-1").lower())
    if words in _PLACEHOLDERS or _PLACEHOLDER.fullmatch(words):
        return "is one that a tutorial gives"
    if len(key) < SHORTEST:
        return f"is shorter than {SHORTEST} bytes"
    return None


def mark(guard: str) -> str:
    """Return a short text by which a cookie is known as this guard's, which proves nothing."""
    return hashlib.sha256(guard.encode("utf-8", "surrogatepass")).hexdigest()[:8]


ENVIRONMENT = "DASH_AUTH_SECRET_KEY"
"""The environment variable that holds a key where no argument gives one."""

MAKE_ONE = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'
"""The command that makes a key."""

_NEEDED = f"""a login page needs a secret key, which seals who has logged in, and every worker needs
the same one. Make it once, keep it outside of the code, and start all workers with it:
    export {ENVIRONMENT}="$({MAKE_ONE})"
or pass secret_key= to FormAuth."""


def for_sessions(own: list[str | bytes], of_server: Keys) -> list[str | bytes]:
    """Return the keys to set for sessions; none where the server's own stay.

    With no key at all one is drawn, where one process serves the app: it is kept in the process's
    environment, so that logins outlast a restart by the debug reloader.

    :param own: the keys that the developer gave
    :param of_server: the keys that the server has
    :raises RuntimeError: if there is no key and several workers would each draw another one
    """
    if own:
        return own
    kept = os.environ.get(ENVIRONMENT)
    if kept:
        return [kept]
    if of_server:
        return []
    if _is_worker():
        raise RuntimeError(f"There is no secret key: {_NEEDED}")
    drawn = os.environ[ENVIRONMENT] = secrets.token_urlsafe(32)
    logger.warning(
        "There is no secret key: one was drawn for this process, and logins end with it. "
        "In production, %s",
        _NEEDED,
    )
    return [drawn]


def _is_worker() -> bool:
    """Tell whether this is one of several processes that serve an app, or may be."""
    is_child = multiprocessing.parent_process() is not None
    return is_child or os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")
