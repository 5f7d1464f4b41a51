"""Requests made in this process, timed by the processor time of this thread."""

from __future__ import annotations

import gc
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import thread_time_ns
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder

Call = Callable[[], Any]


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]


@dataclass(frozen=True)
class WsgiRequest:
    """A request to a server, made as often as wanted."""

    server: Flask
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] | None = None

    def call(self) -> Call:
        """Return a function that makes the request and reads the answer to its end."""
        builder = EnvironBuilder(
            path=self.path,
            method="GET" if self.body is None else "POST",
            data=self.body,
            content_type=None if self.body is None else "application/json",
            headers=dict(self.headers or {}),
        )
        environ, body, application = builder.get_environ(), self.body, self.server.wsgi_app
        answer = Answer(0, [])

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            answer.status, answer.headers = int(status[:3]), headers
            return lambda _: None

        def call() -> Answer:
            request = environ.copy()
            if body is not None:
                request["wsgi.input"] = io.BytesIO(body)
            content = application(request, start_response)
            for _ in content:
                pass
            if hasattr(content, "close"):
                content.close()
            return answer

        return call


def expect(call: Call, status: int) -> None:
    """Make a request once; what is measured must be what was meant.

    :raises RuntimeError: if it is answered with another status
    """
    found = call().status
    if found != status:
        raise RuntimeError(f"expected {status}, found {found}")


def batch(call: Call, requests: int) -> float:
    """Return the processor time of one request, in microseconds.

    :param call: makes the request
    :param requests: how many are made
    """
    gc.disable()
    try:
        start = thread_time_ns()
        for _ in range(requests):
            call()
        return (thread_time_ns() - start) / requests / 1000
    finally:
        gc.enable()
        gc.collect(0)


def interleaved(
    calls: Mapping[str, Any],
    batches: int,
    requests: int,
    timed: Callable[[Any, int], float] = batch,
) -> dict[str, list[float]]:
    """Return the times of several requests, made in turn, in microseconds.

    :param calls: the requests by name
    :param batches: how many batches of each
    :param requests: how many requests a batch
    :param timed: makes a batch and returns the time of one request
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(batches):
        for name, call in calls.items():
            times[name].append(timed(call, requests))
    return times
