"""A way with steps that may take long, written once: walked in place, or beside an event loop."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dash_auth import _threads as threads

if TYPE_CHECKING:
    from typing_extensions import TypeIs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wait:
    """A step: a call that may take long.

    Attributes:
        call: what to call. What it returns is awaited, if it can be.
        is_remembered: whether it is for a user whose credentials were verified before.
    """

    call: Callable[[], Any]
    is_remembered: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A step: the body of the request, as JSON, or as a form.

    Attributes:
        limit: the largest body that is read, in bytes.
        is_form: whether it is a form, as browsers send one.
    """

    limit: int
    is_form: bool = False


Steps = Generator[Wait | Read, Any, T]
"""A way with steps: a generator that yields them, is sent what they give, and returns its end."""


class _Readable(Protocol):
    def json_body(self, limit: int) -> Any: ...
    def form_body(self, limit: int) -> Any: ...


class _ReadableOffLoop(Protocol):
    async def read_body(self, limit: int) -> Any: ...
    async def read_form(self, limit: int) -> Any: ...


def walk(steps: Steps[T], request: _Readable) -> T:
    """Go a way in place: each step is taken by this thread.

    :param steps: the way
    :param request: the request, for its body
    :return: what the way ends with
    """
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Read):
                    read = request.form_body if step.is_form else request.json_body
                    found = read(step.limit)
                else:
                    found = call(_take, step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(found)
    except StopIteration as end:
        result: T = end.value
        return result


async def walk_beside_loop(
    steps: Steps[T],
    request: _ReadableOffLoop,
    *,
    context: contextvars.Context | None = None,
    is_remembered: bool = False,
) -> T:
    """Go a way while the event loop goes on: what waits is called in a thread.

    :param steps: the way
    :param request: the request, for its body
    :param context: the context that each call runs in a copy of, the caller's by default
    :param is_remembered: whether all of it is for a user who was verified before
    :return: what the way ends with
    """
    serve_from_this_loop()
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Read):
                    read = request.read_form if step.is_form else request.read_body
                    found = await read(step.limit)
                else:
                    found = await off_loop(
                        _take,
                        step,
                        context=None if context is None else context.copy(),
                        is_remembered=is_remembered or step.is_remembered,
                    )
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(found)
    except StopIteration as end:
        result: T = end.value
        return result


def is_way(made: object) -> TypeIs[Steps[Any]]:
    """Tell whether something is a way, and not its end already.

    :param made: a way, or its end
    """
    # To ask `Generator` takes ten times as long.
    return type(made) is GeneratorType


def _take(step: Wait) -> Any:
    made = step.call()
    # As it stands it would pass for a yes, or for an answer.
    return run_to_end(awaited(made)) if inspect.isawaitable(made) else made


async def awaited(made: Awaitable[T]) -> T:
    """Return what an awaitable gives, as a coroutine, which alone can be run to its end.

    :param made: the awaitable
    """
    return await made


def stepwise(made: Steps[T] | Awaitable[T] | T) -> Steps[T]:
    """Return the end of a way that may be none: a plain value is where it ends.

    :param made: a way, its end, or what gives it once it is awaited
    """
    if is_way(made):
        return (yield from made)
    if inspect.isawaitable(made):
        return (yield Wait(lambda: made))  # type: ignore[no-any-return]
    return made


def at_once(steps: Steps[T]) -> T | None:
    """Return the end of a way if no step of it takes long, else None.

    :param steps: the way
    """
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    return None


_serving: contextvars.ContextVar[tuple[asyncio.AbstractEventLoop, int] | None] = (
    contextvars.ContextVar("dash_auth_serving", default=None)
)
"""The event loop that serves the current request, and its process: a job may be a fork of it."""


def serve_from_this_loop() -> None:
    """Have the developer's async functions run in this event loop while a request is worked on."""
    _serving.set((asyncio.get_running_loop(), os.getpid()))


async def off_loop(
    function: Callable[..., T],
    *arguments: Any,
    context: contextvars.Context | None = None,
    is_remembered: bool = False,
) -> T:
    """Call a function in another thread, which sees this request as its caller does.

    :param function: function that may take long
    :param arguments: what it is called with
    :param context: the context in which it runs, a copy of the caller's by default
    :param is_remembered: whether it is for a user whose credentials were verified before
    :return: what it returns
    :raises Crowded: if too many wait for a thread already
    """
    context = contextvars.copy_context() if context is None else context
    pool = threads.REMEMBERED if is_remembered else threads.VISITORS
    return await pool.call(context, call, function, *arguments)


def call(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function of the developer's; have it raise errors alone, not what would end a server.

    That a request itself is cancelled is told where it awaits something, never in here.

    :param function: function that may raise anything
    :param arguments: what it is called with
    :return: what it returns
    """
    try:
        return function(*arguments)
    except asyncio.CancelledError as error:
        raise RuntimeError("The function was cancelled") from error
    except StopIteration as error:
        # It would end the way whose step this is.
        raise RuntimeError("The function raised StopIteration") from error
    except SystemExit as error:
        # A signal's handler ends the process so, but in the main thread alone.
        if threading.current_thread() is threading.main_thread():
            raise
        raise RuntimeError("The function would end the process") from error


async def _ending(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        return await coroutine
    except SystemExit as error:
        # It would end the event loop, and the server with it.
        raise RuntimeError("The function would end the process") from error


def run_to_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end: in the event loop that this thread works for, if there is one.

    :param coroutine: what an async function of the developer's returned
    :return: what the coroutine returns
    """
    serving, process = _serving.get() or (None, None)
    try:
        running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if serving is not None and serving is not running and process == os.getpid():
        return asyncio.run_coroutine_threadsafe(_ending(coroutine), serving).result()
    if running is None:
        return asyncio.run(coroutine)
    # This thread's own loop cannot run inside of itself.
    context = contextvars.copy_context()
    context.run(_serving.set, None)
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(context.run, asyncio.run, coroutine).result()
