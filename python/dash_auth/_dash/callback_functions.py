"""The function behind a callback, and what it is made of: so it is known where it comes from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakSet

_MOST = 50
"""So many functions are looked at that one holds."""

_with_groups: WeakSet[Any] = WeakSet()


def noting_groups(decorator: Callable[..., Any]) -> Callable[..., Any]:
    """Return a decorator that notes of each function that it checks its user's groups itself.

    :param decorator: has functions check groups
    """

    def noting(*outputs: Any, **variables: Any) -> Any:
        made = decorator(*outputs, **variables)
        if inspect.isfunction(made):
            _with_groups.add(made)
        return made

    return noting


def checks_groups(functions: Iterable[object]) -> bool:
    """Tell whether one of some functions checks its user's groups itself.

    :param functions: the functions
    """
    return any(one in _with_groups for one in functions if inspect.isfunction(one))


def unwrapped(function: object) -> Iterator[object]:
    """Return a function, and what it wraps.

    :param function: the function
    """
    seen: list[object] = []
    while function is not None and not any(function is one for one in seen):
        seen.append(function)
        yield function
        partial_of = getattr(function, "func", None)
        function = getattr(function, "__wrapped__", partial_of)


def _within(functions: Iterable[object]) -> list[object]:
    """Return functions, and those that they hold.

    So a decorator that does not say what it wraps holds it, and what a factory makes its own.

    :param functions: the functions
    """
    found = list(functions)
    # What is found is looked at in turn.
    for one in found:
        for cell in getattr(one, "__closure__", None) or ():
            held = cell.cell_contents if _is_bound(cell) else None
            if inspect.isfunction(held) and len(found) < _MOST and held not in found:
                found.append(held)
    return found


def _is_bound(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def modules_of(functions: Iterable[object]) -> set[str]:
    """Return the names of the modules that functions come from.

    :param functions: the functions
    """
    return {str(getattr(one, "__module__", None) or "") for one in _within(functions)} - {""}


def module_of_layout(page: Mapping[str, Any]) -> object:
    """Return the name of the module that the layout function of a page comes from.

    :param page: the page as it was registered
    """
    layout = page.get("layout")
    function = list(unwrapped(layout))[-1] if callable(layout) else None
    return getattr(function, "__module__", None)
