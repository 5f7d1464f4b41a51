"""A page for some users only, as it is registered, or declared by its path."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dash_auth._arguments import check_path
from dash_auth._dash.page_need import KEYWORDS, PageNeed, refuse_misnamed

UNSAID = object()
"""Stands for the callbacks of a page where nothing says which they are."""


class _Declared(dict[str, dict[str, Any]]):
    """What `protect_page` was told, by the paths of the pages."""

    is_closed = False
    """Whether a first request has come: from then on nothing is added."""


declared = _Declared()


@dataclass(frozen=True)
class GroupPage:
    """A page for some users only.

    Attributes:
        module: what it is registered under.
        path: its path, or its template.
        need: what a user needs to see it.
        hide: whether it is unknown to anybody else.
        callbacks: the functions of its callbacks; `UNSAID` where nothing says which they are.
    """

    module: str
    path: str
    need: PageNeed
    hide: bool
    callbacks: object

    def lists(self, functions: Iterable[object]) -> bool:
        """Tell whether one of some functions is said to be a callback of the page."""
        said = self.callbacks if isinstance(self.callbacks, tuple) else ()
        return any(one is function for one in said for function in functions)


def _declaration(page: Mapping[str, Any]) -> dict[str, Any] | None:
    if not declared:
        return None
    paths = (page["path"], page.get("path_template") or page["path"])
    return next((declared[path] for path in map(as_key, paths) if path in declared), None)


def declare(path: str, said: dict[str, Any]) -> None:
    """Remember what is said of a page by its path.

    :param path: its path, or its template
    :param said: what is said, under the keywords of a page
    :raises TypeError: if it is of a wrong type
    :raises ValueError: if it says nothing, or is said twice
    :raises RuntimeError: after the first request
    """
    if declared.is_closed:
        raise RuntimeError("protect_page comes too late: call it before the app's first request")
    check_path("path", path)
    if as_key(path) in declared:
        raise ValueError(f"protect_page was called for {path!r} already")
    if not said:
        raise ValueError(f"protect_page needs to know who may see {path!r}: groups=[...]")
    if "groups" in said:
        if not callable(said["groups"]) and isinstance(said["groups"], Iterable):
            if not isinstance(said["groups"], str | bytes | Mapping):
                said = {**said, "groups": tuple(said["groups"])}
        PageNeed(said["groups"], said["check_type"])
    if not isinstance(said.get("hide", False), bool):
        raise TypeError(f"hide must be True or False, not {type(said['hide']).__name__}")
    if "callbacks" in said:
        said = {**said, "callbacks": functions_of(said["callbacks"])}
    declared[as_key(path)] = said


def as_key(path: str) -> str:
    """Return a page's path as Dash compares it."""
    return path.strip("/")


_read: dict[str, tuple[tuple[object, ...], GroupPage | None]] = {}
"""What was read of each page, and of what: it is asked for at each request."""


def group_page(page: Mapping[str, Any]) -> GroupPage | None:
    """Return a page as one for some users only, None if it is for all of them.

    :param page: the page as it was registered
    :raises ValueError: if what is registered says no clear thing
    """
    of = (page, len(page), len(declared), *map(page.get, KEYWORDS))
    known = _read.get(page["module"])
    if known is not None and all(map(operator.is_, known[0], of)):
        return known[1]
    found = _as_group_page(page)
    _read[page["module"]] = of, found
    return found


def _as_group_page(page: Mapping[str, Any]) -> GroupPage | None:
    by_name = _declaration(page)
    path = page.get("path_template") or page["path"]
    try:
        refuse_misnamed(page)
        said = dict(page)
        if by_name is not None:
            if by_name.get("groups") is not None and page.get("groups") is not None:
                raise ValueError("it has groups already, so protect_page must have none")
            said.update(by_name)
        if said.get("groups") is None:
            if by_name is not None:
                raise ValueError("protect_page needs groups=, which register_page has not")
            return None
        need = PageNeed(said["groups"], said.get("check_type", "one_of"))
        hide = said.get("hide", False)
        if not isinstance(hide, bool):
            raise ValueError(f"hide must be True or False, not {type(hide).__name__}")
        callbacks = functions_of(said.get("callbacks", UNSAID))
    except (TypeError, ValueError) as error:
        raise ValueError(f"The page {path!r}: {error}") from error
    return GroupPage(str(page["module"]), path, need, hide, callbacks)


def functions_of(callbacks: object) -> object:
    """Return the functions of a page's callbacks; `UNSAID` stays.

    :param callbacks: what was declared; None says that there are none
    :raises TypeError: if it is no list of functions
    """
    if callbacks is UNSAID:
        return UNSAID
    if callbacks is None:
        return ()
    if isinstance(callbacks, str | bytes | Mapping) or not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks must be a list of functions, not {type(callbacks).__name__}")
    functions = tuple(callbacks)
    for function in functions:
        if not callable(function):
            raise TypeError(f"callbacks has functions, not {type(function).__name__}")
    return functions
