"""A way with steps: walked in place or beside an event loop, it ends alike."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest
from dash_auth import _steps as steps
from dash_auth import _threads as threads
from dash_auth._steps import Read, Wait

ASKED: contextvars.ContextVar[str] = contextvars.ContextVar("asked", default="nobody")


class Body:
    """A request whose body is what a step asks for, or does not come."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def json_body(self, limit: int) -> Any:
        if self.error is not None:
            raise self.error
        return f"{limit} bytes"

    async def read_body(self, limit: int) -> Any:
        return self.json_body(limit)


def in_place(way: Any, request: Any = None) -> Any:
    return steps.walk(way, request or Body())


def beside_loop(way: Any, request: Any = None, **options: Any) -> Any:
    return asyncio.run(steps.walk_beside_loop(way, request or Body(), **options))


drivers = pytest.mark.parametrize("drive", [in_place, beside_loop])


def way_of(*taken: Any, end: Callable[..., Any] = lambda *found: found) -> Generator[Any, Any, Any]:
    found = []
    for step in taken:
        found.append((yield step))
    return end(*found)


def end_program() -> None:
    raise SystemExit


def cancel() -> None:
    raise asyncio.CancelledError


@drivers
def test_each_step_gives_what_it_finds(drive: Any) -> None:
    assert drive(way_of(Wait(lambda: "called"), Read(5), Wait(lambda: None))) == (
        "called",
        "5 bytes",
        None,
    )
    assert drive(way_of()) == ()


@drivers
@pytest.mark.parametrize(
    ("step", "raised"),
    [
        (Wait(lambda: {}["alice"]), KeyError),
        (Wait(lambda: next(iter(()))), RuntimeError),
        (Wait(cancel), RuntimeError),
        (Read(5), TimeoutError),
    ],
    ids=["an error", "StopIteration", "CancelledError", "a body that does not end"],
)
def test_what_a_step_raises_is_raised_in_the_way(drive: Any, step: Any, raised: Any) -> None:
    def way() -> Any:
        with pytest.raises(raised):
            yield step
        # It goes on from there.
        return (yield Wait(lambda: "went on"))

    request = Body(TimeoutError())
    assert drive(way(), request) == "went on"
    with pytest.raises(raised):
        drive(way_of(step), request)


def test_what_would_end_the_process_ends_it_in_the_main_thread_alone() -> None:
    with pytest.raises(SystemExit):
        in_place(way_of(Wait(end_program)))
    with pytest.raises(RuntimeError, match="would end the process"):
        beside_loop(way_of(Wait(end_program)))

    async def end_later() -> None:
        end_program()

    # In the loop of the server itself.
    with pytest.raises(RuntimeError, match="would end the process"):
        beside_loop(way_of(Wait(lambda: steps.run_to_end(end_later()))))


def test_a_signal_during_a_step_is_raised_in_the_way_too() -> None:
    landed = []

    def way() -> Any:
        try:
            yield Wait(interrupt)
        finally:
            landed.append(True)

    def interrupt() -> None:
        raise KeyboardInterrupt

    walking = way()
    with pytest.raises(KeyboardInterrupt) as raised:
        in_place(walking)
    assert landed == [True]
    # In the way itself, and not where it was dropped.
    assert any(entry.name == "way" for entry in raised.traceback)


# Beside a loop


def test_each_call_runs_in_a_thread_and_in_a_copy_of_the_context() -> None:
    context = contextvars.copy_context()
    context.run(ASKED.set, "alice")
    seen: list[Any] = []

    def look() -> None:
        seen.append((ASKED.get(), threading.current_thread() is threading.main_thread()))
        ASKED.set("left behind")

    beside_loop(way_of(Wait(look), Wait(look)), context=context)
    assert seen == [("alice", False)] * 2
    assert context[ASKED] == "alice"


def test_each_call_sees_the_callers_context_by_default() -> None:
    seen: list[str] = []

    def look() -> None:
        seen.append(ASKED.get())
        ASKED.set("left behind")

    async def ask() -> None:
        ASKED.set("bob")
        await steps.walk_beside_loop(way_of(Wait(look), Wait(look)), Body())
        assert ASKED.get() == "bob"

    asyncio.run(ask())
    assert seen == ["bob", "bob"]


@pytest.mark.parametrize("of_all", [False, True])
@pytest.mark.parametrize("of_step", [False, True])
def test_who_is_remembered_has_threads_apart(of_all: bool, of_step: bool) -> None:
    step = Wait(lambda: threading.current_thread().name, is_remembered=of_step)
    (name,) = beside_loop(way_of(step), is_remembered=of_all)
    assert name.startswith("dash_auth_remembered") is (of_all or of_step)


def test_where_too_many_wait_the_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "VISITORS", threads.Threads("test", 0))

    def way() -> Any:
        with pytest.raises(threads.Crowded):
            yield Wait(lambda: "never")
        return (yield Wait(lambda: "other threads", is_remembered=True))

    assert beside_loop(way()) == "other threads"


def test_a_way_whose_client_has_gone_is_told() -> None:
    """What it holds is given back at once: others may wait for it."""
    let_go, landed = threading.Event(), []

    def way() -> Any:
        try:
            yield Wait(lambda: let_go.wait(30))
        except asyncio.CancelledError:
            landed.append("cancelled")
            raise

    async def hang_up() -> None:
        walking = asyncio.create_task(steps.walk_beside_loop(way(), Body()))
        await asyncio.sleep(0)
        walking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walking

    try:
        asyncio.run(hang_up())
    finally:
        let_go.set()
    assert landed == ["cancelled"]


async def loop_at_work() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_an_async_function_runs_in_the_loop_that_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()

        async def found_in(call: Callable[[], Any]) -> Any:
            return (await steps.walk_beside_loop(way_of(Wait(call)), Body()))[0]

        assert await found_in(lambda: steps.run_to_end(loop_at_work())) is loop
        assert await found_in(in_a_job) is not loop

    def in_a_job() -> Any:
        # A fork of the process that serves, in which that loop never runs again.
        monkeypatch.setattr("os.getpid", lambda: 1)
        return steps.run_to_end(loop_at_work())

    asyncio.run(serve())


def test_no_loop_waits_for_itself() -> None:
    async def below() -> Any:
        return await asyncio.to_thread(lambda: steps.run_to_end(loop_at_work()))

    async def serve() -> None:
        steps.serve_from_this_loop()
        found = [steps.run_to_end(loop_at_work()), steps.run_to_end(below())]
        assert asyncio.get_running_loop() not in found

    asyncio.run(serve())


# Ways that may be none


def test_a_way_is_told_from_its_end() -> None:
    way = way_of(end=lambda: "an end")
    assert steps.is_way(way)
    assert not any(map(steps.is_way, (None, "an end", [], iter(()), (1,))))
    assert in_place(steps.stepwise(way)) == "an end"
    assert in_place(steps.stepwise("an end")) == "an end"
    assert in_place(steps.stepwise(None)) is None


def test_at_once_takes_no_step() -> None:
    called, landed = [], []

    def way() -> Any:
        try:
            yield Wait(lambda: called.append(True))
        finally:
            landed.append(True)

    assert steps.at_once(way_of(end=lambda: "an end")) == "an end"
    walking = way()
    assert steps.at_once(walking) is None
    # Nothing of it is left, though somebody holds it.
    assert (called, landed) == ([], [True])
    del walking
    gc.collect()
    assert landed == [True]
