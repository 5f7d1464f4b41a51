"""A keyword that nobody knows is an error: misspelt, it would take away what it asks for."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from typing import Any

_OTHER_WORDS = {
    "accounts": "users",
    "credentials": "users",
    "passwords": "users",
    "role": "groups",
    "roles": "groups",
}
"""What others call the same thing, which is spelt too differently to be found."""


def keywords_of(*functions: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that functions take by keyword."""
    return [
        parameter.name
        for function in functions
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and parameter.name != "self"
    ]


def keywords_of_class(kind: type) -> list[str]:
    """Return the names of the arguments that a class and its bases take by keyword."""
    return keywords_of(*(vars(base)["__init__"] for base in kind.__mro__[:-1] if _has_own(base)))


def _has_own(base: type) -> bool:
    return inspect.isfunction(vars(base).get("__init__"))


def refuse_unknown(whose: str, unknown: Iterable[str], known: Iterable[str]) -> None:
    """Refuse keywords that nobody knows, if there are any.

    :param whose: name of what was called
    :param unknown: the keywords
    :param known: those that it takes
    :raises TypeError: names the first one, and the right one that is nearest to it
    """
    first = next(iter(unknown), None)
    if first is None:
        return
    candidates = [keyword for keyword in known if keyword != first]
    meant = _OTHER_WORDS.get(first.lower())
    nearest = [meant] if meant in candidates else difflib.get_close_matches(first, candidates, n=1)
    hint = f": did you mean {nearest[0]}=?" if nearest else ""
    raise TypeError(f"{whose}() got an unexpected keyword argument {first!r}{hint}")
