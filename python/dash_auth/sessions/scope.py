"""What tells two instances of a script apart that share a secret key.

Their sessions are of different users if they have different functions to check a password: tenants
of one script, each with a process of its own. What is said of a function is the same in all workers
and after a restart: its name, and the plain values that were bound to it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from enum import Enum
from pathlib import PurePath
from typing import Any

_DEPTH = 5


def scope_of(function: Any) -> str:
    """Return what tells a function from others, the same in all workers of an app."""
    described = "\n".join(_described(function, _DEPTH))
    # What was bound to it may be secret.
    return hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()


def _described(value: Any, depth: int) -> Iterable[str]:
    if isinstance(value, Enum):
        yield f"{type(value).__qualname__}.{value.name}"
    elif value is None or isinstance(value, str | bytes | int | PurePath):
        # No float, which may be a time, and nothing that changes as the app runs.
        yield f"{type(value).__name__} {value!r}"
    elif depth and isinstance(value, tuple):
        for one in value:
            yield from _described(one, depth - 1)
    elif depth and isinstance(value, functools.partial):
        yield from _described((value.func, *value.args), depth - 1)
        yield from _members(value.keywords, depth)
    elif depth and hasattr(value, "__func__"):
        yield from _described(value.__func__, depth - 1)
        yield from _described(value.__self__, depth - 1)
    elif depth and hasattr(value, "__code__"):
        yield from _function(value, depth)
    elif isinstance(value, type):
        yield f"{value.__module__}.{value.__qualname__}"
    elif depth:
        yield f"{type(value).__module__}.{type(value).__qualname__}"
        yield from _members(getattr(value, "__dict__", {}), depth)


def _function(function: Any, depth: int) -> Iterable[str]:
    yield f"{function.__module__}.{function.__qualname__}"
    code = function.__code__
    if function.__name__ == "<lambda>":
        # They all have that name.
        yield from code.co_names
        yield from _described(tuple(code.co_consts), 1)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            content = cell.cell_contents
        except ValueError:  # nothing is bound to it yet
            continue
        yield name
        yield from _described(content, depth - 1)
    yield from _described(function.__defaults__ or (), depth - 1)
    yield from _members(function.__kwdefaults__ or {}, depth)


def _members(members: dict[str, Any], depth: int) -> Iterable[str]:
    for name in sorted(members, key=str):
        yield str(name)
        yield from _described(members[name], depth - 1)
