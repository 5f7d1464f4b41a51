"""Several processes: what one hands out, the others take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from .conftest import deployed

ALICE = ("alice", "wonder-land")
BODY: dict[str, Any] = {
    "output": "pub.children",
    "outputs": {"id": "pub", "property": "children"},
    "inputs": [{"id": "in", "property": "value", "value": "x"}],
    "changedPropIds": ["in.value"],
    "state": [],
}


@pytest.fixture(scope="module")
def address(backend: str) -> Iterator[str]:
    """Serve the app with two processes."""
    with deployed(backend) as port:
        yield f"http://127.0.0.1:{port}"


def answers(address: str, **options: Any) -> set[str]:
    """Return what both processes answer to the public callback."""

    def ask(_: int) -> tuple[str, str]:
        url = f"{address}/_dash-update-component"
        answer = requests.post(url, json=BODY, timeout=10, **options)
        _, process, asked = answer.json()["response"]["pub"]["children"].split(" ", 2)
        return process, asked

    found: dict[str, str] = {}
    end = time.monotonic() + 30
    # Several connections at once, or one process alone may take them all.
    with ThreadPoolExecutor(8) as clients:
        while len(found) < 2:
            assert time.monotonic() < end, "one of the processes never answered"
            found |= dict(clients.map(ask, range(16)))
    return set(found.values())


def test_all_processes_know_a_session_that_one_wrote(address: str) -> None:
    browser = {"Accept": "text/html"}
    login = requests.get(f"{address}/", auth=ALICE, headers=browser, timeout=10)
    assert login.status_code == 200
    assert answers(address, cookies=login.cookies) == {"asked by alice"}


def test_all_processes_know_the_users(address: str) -> None:
    assert answers(address, auth=ALICE) == {"asked by alice"}
    assert answers(address, auth=("alice", "wrong")) == {"asked by None"}


def test_no_process_lets_a_stranger_in(address: str) -> None:
    for _ in range(20):
        answer = requests.get(f"{address}/", timeout=10)
        assert (answer.status_code, "PRIVATE" in answer.text) == (401, False)
