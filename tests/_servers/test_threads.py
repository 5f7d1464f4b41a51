"""The threads beside an event loop: how many calls are under way, and what counts as one."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest
from dash_auth._threads import Crowded, Threads
from waiting import wait_for


def call(threads: Threads, function: Callable[[], Any]) -> Any:
    return asyncio.run(threads.call(contextvars.copy_context(), function))


def test_what_goes_on_for_a_client_that_has_gone_counts_until_it_ends() -> None:
    """Else clients that hang up would have any number of calls wait."""
    threads, begun, let_go = Threads("test", 1), threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        let_go.wait(30)

    async def hang_up() -> None:
        calling = asyncio.create_task(threads.call(contextvars.copy_context(), wait))
        await asyncio.to_thread(begun.wait, 30)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

    asyncio.run(hang_up())
    try:
        with pytest.raises(Crowded):
            call(threads, lambda: "another")
    finally:
        let_go.set()
    wait_for(lambda: threads._under_way == 0)
    assert call(threads, lambda: "another") == "another"


def test_what_raises_counts_no_longer() -> None:
    threads = Threads("test", 1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            call(threads, lambda: 1 // 0)
    wait_for(lambda: threads._under_way == 0)


def test_what_could_not_begin_does_not_count() -> None:
    threads = Threads("test", 1)
    threads._pool.shutdown()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            call(threads, lambda: None)
