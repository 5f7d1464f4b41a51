"""To wait for what a test looks for, and for nothing else."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GIVE_UP = 30
"""After how many seconds a test that waits fails: many times what a busy machine needs."""


def wait_for(condition: Callable[[], Any], what: str = "it never came") -> Any:
    """Wait until something is true, and return it.

    :param condition: tells what it is
    :param what: what to say if it never is
    """
    end = time.monotonic() + GIVE_UP
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)
    return found


def wait_until_blocked(function: str, count: int) -> None:
    """Wait until some threads stand still in what a function of Python's has called.

    :param function: its name
    :param count: how many threads
    """
    wait_for(lambda: _blocked(function) >= count, f"{count} threads never waited in {function}")


def _blocked(function: str) -> int:
    frames = sys._current_frames()
    return sum(
        thread.ident in frames
        and frames[thread.ident].f_code.co_name == function
        and _sleeps(thread.native_id)
        for thread in threading.enumerate()
    )


def _sleeps(thread: int | None) -> bool:
    """Tell whether a thread of this process waits for something, as Linux has it."""
    try:
        status = Path(f"/proc/self/task/{thread}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(") ")[2].startswith("S")
