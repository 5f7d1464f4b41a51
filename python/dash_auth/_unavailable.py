"""What the developer's functions raise when a user's credentials cannot be checked just now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_asked: ContextVar[bool] = ContextVar("dash_auth_asked_by_guard", default=False)


class Unavailable(Exception):
    """The users cannot be asked just now; the visitor is to come back later.

    Raise it in `auth_func` when the store of users is out of order: the request is answered 503
    with Retry-After and counts as no wrong guess, where any other exception is a wrong password.

    :func:`dash_auth.security.check_password_hash` raises it when too many passwords are being
    hashed at once.
    """


@contextmanager
def asked_by_guard() -> Iterator[None]:
    """Mark what runs meanwhile as asked by the guard, which answers 503 where it is unavailable."""
    token = _asked.set(True)
    try:
        yield
    finally:
        _asked.reset(token)


def is_asked_by_guard() -> bool:
    """Tell whether the guard asks, and not a script or a view of the developer's."""
    return _asked.get()
