"""Routes of the server's own that are for some groups only."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, overload

from dash_auth import _witness
from dash_auth._current import User, current_facts
from dash_auth._guard import group_routes
from dash_auth._raised import FORBIDDEN, Refused
from dash_auth.group_protection import CHECK_TYPES, CheckType, check_groups
from dash_auth.identity import require_user

__all__ = ["RequiredGroups", "require_groups"]

F = TypeVar("F", bound=Callable[..., Any])

_EXAMPLE = ': write require_groups("board"), or require_groups("board", "staff") for one of them'


class RequiredGroups:
    """What :func:`require_groups` returns: a decorator, and a dependency of FastAPI's.

    Attributes:
        groups: the names of the groups.
        check_type: `"one_of"`, `"all_of"` or `"none_of"` of them.
    """

    # FastAPI reads from it what to call it with: nothing.
    __signature__: inspect.Signature = inspect.Signature(return_annotation=User)

    def __init__(self, groups: tuple[str, ...], check_type: CheckType) -> None:
        """Remember what is needed.

        :param groups: the names of the groups
        :param check_type: `"one_of"`, `"all_of"` or `"none_of"` of them
        """
        self.groups: tuple[str, ...] = groups
        self.check_type: CheckType = check_type

    def __repr__(self) -> str:
        return f"<require_groups: {self._needs()}>"

    def _needs(self) -> str:
        return f"{self.check_type}: {', '.join(self.groups)}"

    @overload
    def __call__(self) -> User: ...
    @overload
    def __call__(self, view: F) -> F: ...
    def __call__(self, view: Any = None) -> Any:
        """Return the user if it is in the groups; a view that asks for that before it runs.

        :param view: function of a route; None, as a dependency, asks at once
        :raises TypeError: for what is no function
        """
        if view is None:
            return self._user("route")
        if not callable(view) or inspect.isclass(view):
            raise TypeError(
                f"@require_groups decorates the function of a route, not {type(view).__name__}"
            )
        name = getattr(view, "__name__", type(view).__name__)
        if inspect.isfunction(view):
            group_routes.note(view)
        if inspect.iscoroutinefunction(view):

            @functools.wraps(view)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                self._user(name)
                return await view(*args, **kwargs)

            return run_async

        @functools.wraps(view)
        def run(*args: Any, **kwargs: Any) -> Any:
            self._user(name)
            return view(*args, **kwargs)

        return run

    def _user(self, name: str) -> User:
        user = require_user()
        if check_groups(self.groups, check_type=self.check_type):
            return user
        facts = current_facts()
        _witness.denied(facts, user.name, f"{name} needs {self._needs()}")
        refused = Refused(FORBIDDEN, "Access denied")
        raise refused if facts is None else facts.raised(refused)


def require_groups(*groups: str, check_type: CheckType = "one_of") -> RequiredGroups:
    """Return what lets the users of some groups into a route of the server's own.

    It is a decorator below the one of the route, `@require_groups("board")`, for functions and
    async functions on Flask, Quart and FastAPI; and a dependency of FastAPI's,
    `Depends(require_groups("board"))`, which gives the user.

    A user who is in none of them gets 403. On a route that is declared public, a visitor who is not
    logged in is asked to log in.

    :param groups: the names of the groups
    :param check_type: `"one_of"`, `"all_of"` or `"none_of"` of them
    :raises TypeError: with no name, and for one that is no text
    :raises ValueError: if the check type is none of the three
    """
    if not groups:
        raise TypeError(f"require_groups needs the names of groups{_EXAMPLE}")
    for group in groups:
        if not isinstance(group, str):
            raise TypeError(f"a group must be a str, not {type(group).__name__}{_EXAMPLE}")
    if check_type not in CHECK_TYPES:
        raise ValueError(f"Invalid check_type: {check_type}")
    return RequiredGroups(groups, check_type)
