"""Who knows the passwords, by what a developer gives for the users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dash_auth._arguments import check_auth_func, check_number, is_store, is_verifier
from dash_auth.logins.asked_passwords import AskedPasswords, FunctionVerifier
from dash_auth.logins.function import (
    GroupsFunc,
    check_user_groups,
)
from dash_auth.logins.passwords import Passwords
from dash_auth.logins.stored_passwords import StoredPasswords
from dash_auth.logins.throttle import (
    Throttle,
    check_throttle,
)
from dash_auth.users.named import store_of
from dash_auth.users.table import Table

SESSION_SECONDS = 8 * 60 * 60
"""For how long a login counts whose password is kept elsewhere, in seconds."""

DEFAULT_THROTTLE = Throttle()
"""How often passwords may be guessed, unless an app says otherwise."""


def passwords_of(
    users: Any,
    cache_seconds: float = 0,
    session_seconds: float = SESSION_SECONDS,
    *,
    user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = None,
    is_strict: bool = True,
    throttle: Throttle | None = DEFAULT_THROTTLE,
) -> Passwords:
    """Return who knows the passwords.

    :param users: a mapping or pairs of names and stored passwords, a store of users or what names
        one, a verifier, or a function of name and password
    :param cache_seconds: see :class:`AskedPasswords`
    :param session_seconds: see :class:`AskedPasswords`
    :param user_groups: see :class:`Passwords`
    :param is_strict: see :class:`StoredPasswords`
    :param throttle: how often passwords may be guessed, None for as often as you like
    :raises TypeError: if it is none of these, for a time that is no number, or see
        :class:`StoredPasswords`
    :raises ValueError: for a time that is none, or goes with no store, where both the store and
        `user_groups` know groups, or see :class:`StoredPasswords`
    """
    check_user_groups(user_groups)
    check_number("auth_func_cache_seconds", cache_seconds, "seconds")
    check_number("auth_func_session_seconds", session_seconds, "seconds")
    check_throttle(throttle)
    passwords = _passwords_of(
        users, cache_seconds, session_seconds, is_strict=is_strict, throttle=throttle
    )
    if user_groups is not None and "groups" in getattr(passwords.store, "fields", ()):
        raise ValueError(
            "the users have groups of their own: put all groups there, or none there, and "
            "pass user_groups="
        )
    passwords.user_groups = user_groups
    return passwords


def _passwords_of(
    users: Any,
    cache_seconds: float,
    session_seconds: float,
    *,
    is_strict: bool,
    throttle: Throttle | None,
) -> Passwords:
    is_other = isinstance(users, Mapping | type) or is_store(users) or is_verifier(users)
    if callable(users) and not is_other:
        check_auth_func(users)
        users = FunctionVerifier(users)
    users = store_of(users)
    if is_verifier(users):
        return AskedPasswords(users, cache_seconds, session_seconds, throttle)
    if cache_seconds or session_seconds != SESSION_SECONDS:
        raise ValueError(
            "auth_func_cache_seconds and auth_func_session_seconds go with auth_func=: "
            "a table of users is asked at each request"
        )
    store = Table(users, has_tables=is_strict) if isinstance(users, Mapping) else users
    prepare = getattr(store, "prepare", None)
    if prepare is not None:
        prepare()
    return StoredPasswords(store, is_strict=is_strict, throttle=throttle)
