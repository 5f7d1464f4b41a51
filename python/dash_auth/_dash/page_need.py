"""What a user needs to see a page, as it is registered or declared."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any

from dash_auth._arguments import takes
from dash_auth._current import User, groups_in
from dash_auth._keywords import refuse_unknown
from dash_auth._steps import Steps, Wait

logger: logging.Logger = logging.getLogger("dash_auth")

KEYWORDS = ("groups", "check_type", "hide", "callbacks")
"""The keywords of a page that are about who may see it."""

CHECK_TYPES = ("one_of", "all_of")

_MEANT = {
    "group": "groups",
    "role": "groups",
    "roles": "groups",
    "permission": "groups",
    "permissions": "groups",
}
"""Keywords that would open a page to all users, and what is meant by them."""

_OF_CALLBACKS = ("groups_key", "groups_str_split")
"""Keywords of `protected_callback` that a page has no use for."""


class PageNeed:
    """What a user needs to see a page."""

    def __init__(self, groups: Any, check_type: object = "one_of") -> None:
        """Read what is needed.

        :param groups: names of groups; or a function of the user that returns True for one who may
            see the page
        :param check_type: whether a user needs `"one_of"` the groups, or `"all_of"` them
        :raises TypeError: if the groups are neither
        :raises ValueError: if the list is empty, or the check type none of the two
        """
        if check_type not in CHECK_TYPES:
            known = " or ".join(map(repr, CHECK_TYPES))
            raise ValueError(f"check_type must be {known}, not {check_type!r}")
        self._function = groups if callable(groups) else None
        self._names: tuple[str, ...] = ()
        self._needs_all = check_type == "all_of"
        if self._function is None:
            self._names = _names_of(groups)
        elif not takes(self._function, None):
            raise TypeError("groups must take one positional argument: def groups(user)")
        elif self._needs_all:
            raise ValueError("check_type is for a list of groups, not for a function")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PageNeed):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return self._function, frozenset(self._names), self._needs_all

    def __str__(self) -> str:
        if self._function is not None:
            return getattr(self._function, "__name__", type(self._function).__name__)
        return f" {'and' if self._needs_all else 'or'} ".join(self._names)

    def admits(self, user: User) -> Steps[bool]:
        """Tell whether a user may see the page; anything but True refuses, and so does an error.

        :param user: who is logged in
        """
        if self._function is None:
            owned = [name in user.groups for name in self._names]
            return all(owned) if self._needs_all else any(owned)
        outcome: object = yield Wait(partial(self._function, user), is_remembered=True)
        if outcome is not True and outcome is not False:
            logger.error(
                "Refused: groups= of a page must return True or False, not %s",
                type(outcome).__name__,
            )
        return outcome is True


def _names_of(groups: object) -> tuple[str, ...]:
    if isinstance(groups, str):
        raise TypeError(f"groups must be a list: [{groups!r}]")
    if isinstance(groups, bytes | Mapping) or not isinstance(groups, Iterable):
        raise TypeError(
            f"groups must be a list, or a function of the user, not {type(groups).__name__}"
        )
    names: list[str] = []
    for group in groups:
        # What is no text is none that a user has.
        found = groups_in((group,))
        if len(found) != 1:
            raise TypeError(f"a group must be a str, not {type(group).__name__}")
        if not found[0]:
            raise ValueError("groups has an empty name: write the group's, or leave it out")
        names += found
    if not names:
        raise ValueError("groups is an empty list: no user could see the page; leave it out")
    return tuple(names)


def refuse_misnamed(page: Mapping[str, Any]) -> None:
    """Refuse what somebody took for the keyword `groups` of a page, and Dash takes with any other.

    :param page: the page as it was registered
    :raises ValueError: if there is one
    """
    for name in page:
        if name in _MEANT:
            raise ValueError(
                f"{name}= says nothing of who may see it: did you mean {_MEANT[name]}=?"
            )
        if name in _OF_CALLBACKS:
            raise ValueError(
                f"{name}= is for callbacks: write a function, groups=lambda user: ... user.claims"
            )
        # Without it a user would need one of the groups, and not all of them.
        near = get_close_matches(name, KEYWORDS, 1, 0.85)
        if near and name not in KEYWORDS and (page.get("groups") is not None or near == ["groups"]):
            raise ValueError(f"{name}= says nothing of who may see it: did you mean {near[0]}=?")
    if page.get("groups") is None and "check_type" in page:
        raise ValueError("check_type= needs groups=")


def check_keywords(whose: str, unknown: Iterable[str]) -> None:
    """Refuse keywords that nobody knows.

    :param whose: name of what was called
    :param unknown: the keywords
    :raises TypeError: if there is one; it names the right one that is nearest to it
    """
    refuse_unknown(whose, unknown, KEYWORDS)
