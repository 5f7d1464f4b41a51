"""Why a callback does not run with no login, and which function it is."""

from __future__ import annotations

import inspect
from typing import NamedTuple

from dash_auth import _dash_internals as internals
from dash_auth._quoted import quoted


class Closed(NamedTuple):
    """Why a callback does not run with no login.

    Attributes:
        why: the reason.
        output: the id that the body names, None where it names none.
        entry: the callback as Dash keeps it, None where none is registered.
    """

    why: str
    output: str | None = None
    entry: internals.CallbackEntry | None = None

    def __str__(self) -> str:
        if self.output is None:
            return self.why
        function = None if self.entry is None else internals.registered_function(self.entry)
        place = "" if function is None else f" ({' at '.join(source(function, self.output))})"
        return f"callback {quoted(self.output)}{place}: {self.why}"


def source(function: object, output: str) -> tuple[str, str]:
    """Return name and place of a callback's function.

    :param function: the function as Dash keeps it
    :param output: the callback's id, which stands for what is not known
    """
    function = inspect.unwrap(function) if callable(function) else function
    name = getattr(function, "__name__", None) or output
    code = getattr(function, "__code__", None)
    place = f"{code.co_filename}:{code.co_firstlineno}" if code else output
    return name, place
