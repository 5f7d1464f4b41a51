"""What the developer's own functions say of a user: `auth_func` and `user_groups`."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from dash_auth._arguments import takes
from dash_auth._core import Refusal
from dash_auth._current import groups_in
from dash_auth._out_of_order import is_out_of_order, say_out_of_order
from dash_auth._steps import call, run_to_end
from dash_auth._unavailable import asked_by_guard
from dash_auth.users.store import Account

logger: logging.Logger = logging.getLogger("dash_auth")

_NAMED = 10
"""How many users a warning names."""

UserGroups = Mapping[str, list[str]]
"""The groups of each user, under dash-auth's name."""

AuthFunc = Callable[[str, str], bool | Awaitable[bool]]
GroupsFunc = Callable[[str], Iterable[str] | Awaitable[Iterable[str] | None] | None]


def asked(
    what: str, check: Callable[[str, str], object], name: str, password: str
) -> Account | Refusal:
    """Return the account of a user, or why there is none; what a check raises is logged.

    :param what: what is asked, for the log
    :param check: function of user name and password that returns an account, or None
    :param name: the user's name
    :param password: the password that came along
    """
    try:
        with asked_by_guard():
            account = account_in(_run(check, name, password), what)
    except Exception as error:
        if is_out_of_order(error):
            say_out_of_order(what, error)
            return Refusal.UNAVAILABLE
        logger.exception("Error in authorization function.")
        return Refusal.WRONG
    return Refusal.WRONG if account is None or account.disabled else account


def account_in(result: object, what: str) -> Account | None:
    """Return the account that was found, if one was.

    :param result: what was returned
    :param what: what returned it
    :raises TypeError: if it is no account of a name
    """
    if result is None or (isinstance(result, Account) and isinstance(result.name, str)):
        return result
    _close(result)
    kind = type(result).__name__
    raise TypeError(f"{what} must return an Account, its name a str, or None, not {kind}")


def ask_function(auth_func: AuthFunc, name: str, password: str) -> bool:
    """Tell whether a function lets a user in: by True alone.

    :param auth_func: function of user name and password
    :param name: the user's name
    :param password: the password that came along
    """
    result = _run(auth_func, name, password)
    if isinstance(result, bool) or _is_numpy_bool(result):
        return bool(result)
    if result is not None:
        logger.error(
            "Refused: the authorization function must return True or False, not %s",
            type(result).__name__,
        )
        _close(result)
    return False


def _close(result: object) -> None:
    """Have nobody warned of what nobody will await."""
    if inspect.iscoroutine(result):
        result.close()


def check_user_groups(user_groups: object) -> None:
    """Refuse what could name the groups of nobody.

    :raises TypeError: if it is neither a dict nor a function of a name, nor None for none
    """
    if not (user_groups is None or callable(user_groups) or isinstance(user_groups, Mapping)):
        raise TypeError(
            "user_groups must be a dict of the groups of each user, or a function of the "
            f"user's name, not {type(user_groups).__name__}"
        )
    if callable(user_groups) and not takes(user_groups, "name"):
        raise TypeError("user_groups must take one positional argument: def user_groups(username)")


def warn_of_unknown_users(user_groups: object, users: Mapping[str, Any]) -> None:
    """Warn of names that have groups and are no user's: one of the two may be misspelt.

    :param user_groups: groups of each user; a function is not asked
    :param users: the users
    """
    if not isinstance(user_groups, Mapping):
        return
    unknown = [repr(name) for name in user_groups if name not in users]
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        logger.warning(
            "user_groups names users who do not exist: %s%s",
            ", ".join(unknown[:_NAMED]),
            more,
        )


def warn_of_empty_groups(allow: object, user_groups: object) -> None:
    """Warn of groups that may enter and have no user: one of the two may be misspelt.

    :param allow: names of groups; a function is not asked
    :param user_groups: groups of each user; a function is not asked
    """
    if callable(allow) or not isinstance(allow, Iterable) or not isinstance(user_groups, Mapping):
        return
    held = {group for groups in user_groups.values() for group in groups_in(groups)}
    empty = [repr(group) for group in allow if group not in held]
    if empty:
        logger.warning(
            "allow names groups that no user is in, by user_groups: %s", ", ".join(empty[:_NAMED])
        )


def groups_of(user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None, name: str) -> Any:
    """Return the groups of a user; where there is a fault, it is logged and they are none.

    :param user_groups: groups of each user, or function that returns a user's
    :param name: the user's name
    """
    if user_groups is None:
        return []
    try:
        groups: object = (
            _run(user_groups, name) if callable(user_groups) else user_groups.get(name, [])
        )
        # One text of groups is parted where they are asked for, see `groups_str_split`.
        groups = groups.value if isinstance(groups, Enum) else groups
        if isinstance(groups, str):
            return str(groups) or []
        if groups is None or (
            isinstance(groups, Iterable) and not isinstance(groups, Mapping | bytes)
        ):
            return groups_in(groups)
    except Exception:
        logger.exception("Error in user_groups: %r has no groups.", name)
        return []
    logger.error("user_groups must give a list, not %s", type(groups).__name__)
    return []


def _is_numpy_bool(result: object) -> bool:
    """Tell whether a result is numpy's bool, which a comparison in pandas returns."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(result, numpy.bool_)


def _run(function: Callable[..., Any], *arguments: str) -> Any:
    """Call the developer's function, an async one to its end."""
    target = function
    while isinstance(target, functools.partial):
        target = target.func
    if inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(
        getattr(target, "__call__", None)  # noqa: B004
    ):
        return call(run_to_end, function(*arguments))
    return call(function, *arguments)
