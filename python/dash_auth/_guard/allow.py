"""Who may enter: to be recognised is not to be allowed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from dash_auth._arguments import takes
from dash_auth._current import User
from dash_auth._steps import Steps, Wait

logger: logging.Logger = logging.getLogger("dash_auth")


class Allow:
    """Tells which users may enter an app."""

    def __init__(self, allow: Iterable[str] | Callable[[User], bool | Awaitable[bool]]) -> None:
        """Read who may enter.

        :param allow: names of groups, one of which a user needs; or a function of the user that
            returns True for one who may enter
        :raises TypeError: if it is neither
        :raises ValueError: if the list is empty
        """
        self._function: Callable[[User], Any] | None = None
        self._groups: frozenset[str] = frozenset()
        if callable(allow):
            if not takes(allow, None):
                raise TypeError("allow must take one positional argument: def allow(user)")
            self._function = allow
            return
        if isinstance(allow, str | bytes | Mapping) or not isinstance(allow, Iterable):
            raise TypeError(
                f"allow must be a list of groups, or a function of the user, not "
                f"{type(allow).__name__}"
            )
        groups = list(allow)
        for group in groups:
            if not isinstance(group, str):
                raise TypeError(f"allow names groups, each a str, not {type(group).__name__}")
        if not groups:
            raise ValueError("allow is an empty list: nobody could enter; leave it out")
        if "" in groups:
            raise ValueError("allow names an empty group: write its name, or leave it out")
        self._groups = frozenset(groups)

    def lets_in(self, user: User) -> Steps[bool]:
        """Tell whether a user may enter; anything but True refuses, and so does an error.

        :param user: who is recognised
        """
        if self._function is None:
            return not self._groups.isdisjoint(user.groups)
        outcome: object = yield Wait(partial(self._function, user), is_remembered=True)
        if outcome is not True and outcome is not False:
            logger.error("Refused: allow must return True or False, not %s", type(outcome).__name__)
        return outcome is True
