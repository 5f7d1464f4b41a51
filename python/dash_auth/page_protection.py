"""Pages for some users only, and what of them to show in menus."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, NoReturn

from dash_auth import _dash_internals as internals
from dash_auth._current import User, current_facts, current_user
from dash_auth._dash.group_page import declare
from dash_auth._dash.page_need import check_keywords
from dash_auth._guard.guard import Guard
from dash_auth._steps import walk
from dash_auth.auth import guard_of

__all__ = ["can_see", "protect_page", "visible_pages"]

logger: logging.Logger = logging.getLogger("dash_auth")

_UNSAID: Any = ...


def protect_page(
    path: str,
    *,
    groups: Iterable[str] | Callable[[User], bool | Awaitable[bool]] | None = None,
    check_type: Literal["one_of", "all_of"] = "one_of",
    hide: bool = False,
    callbacks: Iterable[Callable[..., Any]] | None = _UNSAID,
    **unknown: NoReturn,
) -> None:
    """Keep a page for some users, or say which callbacks belong to such a page.

    It does for a page that a package registers what `dash.register_page(..., groups=[...])` does
    for your own.

    :param path: path of the page, or its template, as it is registered
    :param groups: names of groups; or a function of the user that returns True for one who may see
        the page. None where `register_page` has the groups
    :param check_type: whether a user needs `"one_of"` the groups, or `"all_of"` them
    :param hide: whether the page is unknown to anybody else, instead of refused
    :param callbacks: the functions of the page's callbacks; None says that there are none. Left
        out, they are those of the module that registers this page alone
    :raises TypeError: for groups that are one string, callbacks that are no functions, and an
        unknown keyword
    :raises ValueError: for no groups at all, a wrong check type, and a path that is declared twice
    :raises RuntimeError: after the first request
    """
    check_keywords("protect_page", unknown)
    said: dict[str, Any] = {}
    if groups is not None:
        said = {"groups": groups, "check_type": check_type}
    elif check_type != "one_of":
        raise ValueError("check_type= needs groups=")
    if hide:
        said["hide"] = hide
    if callbacks is not _UNSAID:
        said["callbacks"] = callbacks
    declare(path, said)


def can_see(path: str) -> bool:
    """Tell whether the current user may see the page at a path, for a link in a menu.

    :param path: path of the page, without the app's prefix
    :return: False too where there is no such page
    """
    try:
        page = internals.find_page(path)
    except Exception:
        logger.debug("Dash fails to look for a page", exc_info=True)
        return False
    return page is not None and _is_visible(page, _guard())


def visible_pages() -> list[dict[str, Any]]:
    """Return the entries of `dash.page_registry` that the current user may see, for a menu.

    A page with no groups is seen by everybody who is logged in, and by anyone if it is public.
    """
    guard = _guard()
    return [page for page in internals.page_entries() if _is_visible(page, guard)]


def _guard() -> Guard | None:
    return guard_of(internals.current_app())


def _is_visible(page: dict[str, Any], guard: Guard | None) -> bool:
    if guard is None:
        return False
    try:
        return walk(guard.pages.shows(current_user(), page), current_facts())
    except Exception:
        logger.exception("An error while finding out who may see a page: it is left out")
        return False
