"""Two processes that run the same script: one with this package, one with dash-auth or its fork.

Both are asked in turn, within the same seconds, so that whatever else the machine does falls on
both. A worker reads one question a line from its standard input and writes one answer a line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORK = "dash-auth-async 1.3.4"
"""The fork of dash-auth that protects apps on FastAPI and Quart as well."""


class Worker:
    """A process that answers questions."""

    def __init__(self, python: str, script: Path) -> None:
        """Start a script in an environment.

        :param python: path of the environment's interpreter
        :param script: path of the script, which calls :func:`answer_questions`
        """
        self._process = subprocess.Popen(
            [python, str(script), "--worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # dash-auth without a secret key logs at each request: to nowhere is the cheapest place.
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, operation: str, **arguments: Any) -> Any:
        """Return the worker's answer.

        :param operation: name of one of the functions that the script offers
        :param arguments: its arguments, of types that JSON knows
        :raises RuntimeError: if the worker failed
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([operation, arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended with status {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(frozen=True)
class Peers:
    """The interpreters of the environments."""

    ours: str
    upstream: str
    fork: str

    @contextmanager
    def workers(self, script: str, other: str | None = None) -> Iterator[tuple[Worker, Worker]]:
        """Run a script in two environments; ours comes first.

        :param script: path of the script
        :param other: interpreter of the second environment, dash-auth's by default
        """
        path = Path(script)
        both = Worker(self.ours, path), Worker(other or self.upstream, path)
        try:
            yield both
        finally:
            for worker in both:
                worker.stop()


@contextmanager
def worker(python: str, script: str) -> Iterator[Worker]:
    """Run a script in one environment.

    :param python: path of the environment's interpreter
    :param script: path of the script
    """
    started = Worker(python, Path(script))
    try:
        yield started
    finally:
        started.stop()


def answer_questions(*operations: Callable[..., Any]) -> None:
    """Answer questions until the standard input ends.

    :param operations: the functions that may be asked for, by their names
    """
    if "--worker" not in sys.argv:
        sys.exit("This file is part of `make bench`: start benchmarks/run.py.")
    by_name = {operation.__name__: operation for operation in operations}
    # What Dash and the packages print is not to be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"result": by_name[name](**arguments)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
