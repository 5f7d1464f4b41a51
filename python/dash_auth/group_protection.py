"""Outputs and callbacks that depend on the user's groups."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import FrameType, FunctionType
from typing import Any, Literal, NoReturn, Protocol, TypeVar, cast, overload

import dash
from dash.exceptions import PreventUpdate

from dash_auth import _witness
from dash_auth._arguments import takes
from dash_auth._current import User, current_facts, current_session, current_user, groups_in
from dash_auth._dash.callback_functions import noting_groups
from dash_auth._keywords import keywords_of, refuse_unknown
from dash_auth.public_routes import check_callback_arguments
from dash_auth.recent_login import seconds_of, with_recent_login

__all__ = [
    "CheckType",
    "OutputVal",
    "check_groups",
    "list_groups",
    "protected",
    "protected_callback",
]

logger: logging.Logger = logging.getLogger("dash_auth")

OutputVal = Callable[[], Any] | Any
CheckType = Literal["one_of", "all_of", "none_of"]

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """What :func:`protected` returns: a function keeps its type, an output may become another."""

    @overload
    def __call__(self, output: F, /) -> F: ...
    @overload
    def __call__(self, output: object, /) -> Any: ...


CHECK_TYPES = ("one_of", "all_of", "none_of")

_EXAMPLE = ' Write @protected(...), for example @protected("Please log in.")'
_NO_PARENTHESES = f"protected() needs to know what to show instead.{_EXAMPLE}"


def list_groups(
    *,
    groups_key: str = "groups",
    groups_str_split: str | None = None,
) -> list[str] | None:
    """List the groups that the current user belongs to.

    :param groups_key: key of the groups in the user's data,
        e.g. `flask.session["user"] == {"email": "a.b@mail.com", "groups": ["admin"]}`
    :param groups_str_split: regular expression that parts the groups where they are one string
    :return: the groups; None if nobody is logged in
    """
    user = current_user()
    if user is None:
        return None
    return groups_in(_claims(user).get(groups_key), groups_str_split)


def _claims(user: User) -> Mapping[str, Any]:
    # The app may have added to what the session holds of this very user.
    held = current_session().get("user")
    if isinstance(held, Mapping) and held.get("email") == user.claims.get("email"):
        return {**held, **user.claims}
    return user.claims


def check_groups(
    groups: Iterable[str] | None = None,
    *,
    groups_key: str = "groups",
    groups_str_split: str | None = None,
    check_type: CheckType = "one_of",
) -> bool | None:
    """Check whether the current user is logged in and has the given groups.

    :param groups: groups to check for; None asks for a login alone
    :param groups_key: key of the groups in the user's data
    :param groups_str_split: regular expression that parts the groups where they are one string
    :param check_type: `"one_of"`, `"all_of"` or `"none_of"` the groups
    :return: None if nobody is logged in, else whether the user has the right permissions
    :raises TypeError: if the groups are one string
    :raises ValueError: if the check type is none of the three
    """
    if check_type not in CHECK_TYPES:
        raise ValueError(f"Invalid check_type: {check_type}")
    if isinstance(groups, str):
        raise TypeError(f"groups must be a list: [{groups!r}]")
    user_groups = list_groups(groups_key=groups_key, groups_str_split=groups_str_split)
    if user_groups is None:
        return None
    if groups is None:
        return True
    # Each by itself: what is no text is none that a user has.
    owned = [any(name in user_groups for name in groups_in((group,))) for group in groups]
    if check_type == "one_of":
        return any(owned)
    if check_type == "all_of":
        return all(owned)
    return not any(owned)


def protected(
    unauthenticated_output: OutputVal,
    *,
    missing_permissions_output: OutputVal | None = None,
    groups: Iterable[str] | None = None,
    groups_key: str = "groups",
    groups_str_split: str | None = None,
    check_type: CheckType = "one_of",
    **unknown: NoReturn,
) -> Decorator:
    """Alter a function or an output depending on the current user.

    A function is altered at each call (an async one stays async), anything else at once.

    :param unauthenticated_output: output if nobody is logged in: static, or a function with no
        argument
    :param missing_permissions_output: output if the user lacks the permissions: static, or a
        function with no argument; None stands for `unauthenticated_output`
    :param groups: groups to check for; None asks for a login alone
    :param groups_key: key of the groups in the user's data
    :param groups_str_split: regular expression that parts the groups where they are one string
    :param check_type: `"one_of"`, `"all_of"` or `"none_of"` the groups
    :return: a decorator
    :raises TypeError: if the groups are one string, for an unknown keyword, for an output that is
        a function with arguments, and with no parentheses
    :raises ValueError: if the check type is none of the three
    """
    refuse_unknown("protected", unknown, keywords_of(protected))
    if _is_decorated(unauthenticated_output, sys._getframe(1)):
        raise TypeError(_NO_PARENTHESES)
    return _protected(
        unauthenticated_output,
        missing_permissions_output,
        groups,
        groups_key=groups_key,
        groups_str_split=groups_str_split,
        check_type=check_type,
    )


def _protected(
    unauthenticated_output: OutputVal,
    missing_permissions_output: OutputVal | None,
    groups: Iterable[str] | None,
    *,
    groups_key: str,
    groups_str_split: str | None,
    check_type: CheckType,
) -> Decorator:
    if check_type not in CHECK_TYPES:
        raise ValueError(f"Invalid check_type: {check_type}")
    if isinstance(groups, str):
        raise TypeError(f"groups must be a list: [{groups!r}]")
    for name, given in (
        ("unauthenticated_output", unauthenticated_output),
        ("missing_permissions_output", missing_permissions_output),
    ):
        if callable(given) and not takes(given):
            raise TypeError(f"{name} must be a value, or a function with no argument.{_EXAMPLE}")
    checked_groups = None if groups is None else list(groups)
    if missing_permissions_output is None:
        missing_permissions_output = unauthenticated_output

    def instead(function: Callable[..., Any] | None = None) -> tuple[bool, Any]:
        """Tell whether the output is replaced, and by what."""
        authorized = check_groups(
            checked_groups,
            groups_key=groups_key,
            groups_str_split=groups_str_split,
            check_type=check_type,
        )
        if authorized:
            return False, None
        if authorized is not None and function is not None:
            _tell_denied(function, checked_groups or [], check_type)
        output = unauthenticated_output if authorized is None else missing_permissions_output
        return True, output() if callable(output) else output

    def decorator(*outputs: Any, **variables: Any) -> Any:
        if len(outputs) != 1 or variables:
            raise TypeError(_NO_PARENTHESES)
        output = outputs[0]
        if inspect.iscoroutinefunction(output):

            @functools.wraps(output)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                replaced, replacement = instead(output)
                if replaced:
                    return await replacement if inspect.isawaitable(replacement) else replacement
                return await output(*args, **kwargs)

            return run_async
        if callable(output):

            @functools.wraps(output)
            def run(*args: Any, **kwargs: Any) -> Any:
                replaced, replacement = instead(output)
                return replacement if replaced else output(*args, **kwargs)

            return run
        replaced, replacement = instead()
        return replacement if replaced else output

    return cast("Decorator", noting_groups(decorator) if checked_groups else decorator)


def _tell_denied(function: Callable[..., Any], groups: list[str], check_type: str) -> None:
    """Tell who may not run a function. What is no function is only shown, or not."""
    user = current_user()
    name = getattr(function, "__name__", type(function).__name__)
    reason = f"{name} needs {check_type}: {', '.join(groups_in(groups))}"
    _witness.denied(current_facts(), "" if user is None else user.name, reason)


def _is_decorated(output: object, caller: FrameType) -> bool:
    """Tell whether an output is a function under `@protected` with no parentheses.

    Such a function was defined in the very frame that calls, and has no name there yet.
    """
    if not isinstance(output, FunctionType) or output.__name__ == "<lambda>":
        return False
    code = output.__code__
    if not any(constant is code for constant in caller.f_code.co_consts):
        return False
    # A loop that defines it again and again has a name for the last one.
    named = [each for each in caller.f_locals.values() if type(each) is FunctionType]
    return not any(each.__code__ is code for each in named)


def protected_callback(
    *callback_args: Any,
    unauthenticated_output: OutputVal | None = None,
    missing_permissions_output: OutputVal | None = None,
    groups: Iterable[str] | None = None,
    groups_key: str = "groups",
    groups_str_split: str | None = None,
    check_type: CheckType = "one_of",
    recent: float | timedelta | None = None,
    **callback_kwargs: Any,
) -> Callable[[F], F]:
    """Register a Dash callback that runs for some users only.

    :param callback_args: positional arguments of `dash.callback`
    :param unauthenticated_output: output if nobody is logged in: static, or a function with no
        argument; None leaves the outputs as they are (`PreventUpdate`)
    :param missing_permissions_output: output if the user lacks the permissions, likewise
    :param groups: groups to check for; None asks for a login alone
    :param groups_key: key of the groups in the user's data
    :param groups_str_split: regular expression that parts the groups where they are one string
    :param check_type: `"one_of"`, `"all_of"` or `"none_of"` the groups
    :param recent: how long ago the login may be, in seconds or as a timedelta, see
        :func:`dash_auth.require_recent_login`; None for as long as you like
    :param callback_kwargs: keyword arguments of `dash.callback`
    :return: a decorator
    :raises TypeError: if the groups are one string, for a keyword that neither this nor Dash
        knows, for an output that is a function with arguments, and with no parentheses
    :raises ValueError: if the check type is none of the three, for a `recent` below 10 s
    """
    limit = None if recent is None else seconds_of("protected_callback(recent=...)", recent)
    check_callback_arguments(
        "protected_callback", callback_args, callback_kwargs, keywords_of(protected_callback)
    )

    def decorator(function: F) -> F:
        name = getattr(function, "__name__", repr(function))

        def prevent_unauthenticated() -> None:
            logger.info("A user tried to run %s without being authenticated.", name)
            raise PreventUpdate

        def prevent_unauthorised() -> None:
            user = current_user()
            logger.info("%r tried to run %s but lacks the permissions.", user and user.name, name)
            raise PreventUpdate

        guarded = _protected(
            prevent_unauthenticated if unauthenticated_output is None else unauthenticated_output,
            prevent_unauthorised
            if missing_permissions_output is None
            else missing_permissions_output,
            groups,
            groups_key=groups_key,
            groups_str_split=groups_str_split,
            check_type=check_type,
        )(function if limit is None else with_recent_login(limit, function))
        return cast("F", dash.callback(*callback_args, **callback_kwargs)(guarded))

    return decorator
