"""What may take long: called in a thread, or run to its end, while an event loop goes on."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from dash_auth import _threads as threads

T = TypeVar("T")

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
