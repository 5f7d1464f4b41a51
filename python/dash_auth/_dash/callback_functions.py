"""The function behind a callback, and what it is made of: so it is known where it comes from."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, CoroutineType, FrameType, GeneratorType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

_MOST = 1000
"""So many objects are looked at that a function holds."""

_SHARED = (type, ModuleType, CodeType, FrameType, GeneratorType, CoroutineType, str, bytes)
"""What leads to functions that are no part of the one that holds it, or to none."""

_OF_SERVERS = frozenset({"dash", "flask", "quart", "fastapi", "starlette", "werkzeug", "logging"})
"""The packages whose objects know all functions of an app."""

_with_groups: WeakSet[Any] = WeakSet()

_modules: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
"""Where each function comes from, once that was found out: it is asked at each request."""


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


def _within(functions: Iterable[object]) -> Iterator[object]:
    """Return functions, and what they hold, the nearest first.

    So a decorator that does not say what it wraps holds it, in whatever way, and what a factory
    makes its own.

    :param functions: the functions
    """
    found = list(functions)
    seen = set(map(id, found))
    # What is found is looked at in turn.
    for one in found:
        yield one
        for held in _held_by(one):
            if len(found) < _MOST and id(held) not in seen:
                seen.add(id(held))
                found.append(held)


def _held_by(one: object) -> Iterable[object]:
    """Return what an object refers to, but for what all of a program refers to."""
    if inspect.isfunction(one):
        # Its globals are its module's, and not its own.
        return one.__closure__ or (), one.__defaults__, one.__kwdefaults__, vars(one)
    if isinstance(one, _SHARED):
        return ()
    packages = {str(kind.__module__).partition(".")[0] for kind in type(one).__mro__}
    if packages & _OF_SERVERS:
        return ()
    # An attribute might run code of the object's, this does not.
    return gc.get_referents(one)


def modules_of(functions: Iterable[object]) -> set[str]:
    """Return the names of the modules that functions come from.

    :param functions: the functions
    """
    functions = list(functions)
    first = functions[0] if functions and inspect.isfunction(functions[0]) else None
    if first is not None and first in _modules:
        return _modules[first]
    modules = {str(getattr(one, "__module__", None) or "") for one in functions}
    for one in _within(functions):
        if inspect.isfunction(one):
            modules.add(str(one.__module__ or ""))
        elif callable(one) and not isinstance(one, type):
            modules.add(str(type(one).__module__))
    modules -= {""}
    if first is not None:
        _modules[first] = modules
    return modules


def module_of_layout(page: Mapping[str, Any]) -> object:
    """Return the name of the module that the layout function of a page comes from.

    :param page: the page as it was registered
    """
    layout = page.get("layout")
    function = list(unwrapped(layout))[-1] if callable(layout) else None
    return getattr(function, "__module__", None)
