"""Four workers share a store, while the store or a worker is killed under load."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from databases import Database, settle
from requests.exceptions import ChunkedEncodingError
from waiting import wait_for

from .conftest import deployed

BODY: dict[str, Any] = {
    "output": "out.children",
    "outputs": {"id": "out", "property": "children"},
    "inputs": [{"id": "in", "property": "value", "value": "x"}],
    "changedPropIds": ["in.value"],
    "state": [],
}
USERS = {"alice": "wonder-land", "bob": "builds-it"}
AWAY = 503
GOES_ON = (("kept", 200), ("other", 200), ("gone", 401))
"""What the browsers are answered with a store that is there."""


@dataclass(frozen=True)
class Workers:
    """The workers, as browsers see them."""

    address: str

    def log_in(self, name: str) -> dict[str, str]:
        """Return the cookies of a login."""
        answer = self._post("/login", {"username": name, "password": USERS[name]})
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return answer.cookies.get_dict()

    def log_in_fails(self, name: str) -> bool:
        """Tell whether the right password begins no session just now."""
        answer = self._post("/login", {"username": name, "password": USERS[name]})
        return answer.status_code == AWAY

    def log_out(self, cookies: dict[str, str]) -> None:
        """End a login; the answer confirms it."""
        assert self._post("/logout", {}, cookies).status_code == 303

    def _post(
        self, path: str, form: dict[str, str], cookies: dict[str, str] | None = None
    ) -> requests.Response:
        return requests.post(
            self.address + path,
            form,
            cookies=cookies,
            headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
            allow_redirects=False,
            timeout=20,
        )

    def ask(self, cookies: dict[str, str]) -> tuple[int, str]:
        """Return status and words of a private callback, over a connection of its own."""
        answer = requests.post(
            f"{self.address}/_dash-update-component", json=BODY, cookies=cookies, timeout=20
        )
        if answer.status_code != 200:
            assert "asked by" not in answer.text
            return answer.status_code, ""
        return 200, answer.json()["response"]["out"]["children"]


@dataclass
class Load:
    """What browsers were answered that ask all the time."""

    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    def count(self, name: str, status: int) -> int:
        """Return how often a browser was answered with a status."""
        return sum(found == status for found, _ in list(self.answers[name]))

    def statuses(self, name: str) -> set[int]:
        """Return the statuses that a browser was answered with."""
        return {status for status, _ in list(self.answers[name])}

    def users(self, name: str) -> set[str]:
        """Return the users that a browser was taken for."""
        return {said.split(" asked by ")[1] for status, said in self.answers[name] if status == 200}

    def wait_for_more(self, name: str, status: int) -> None:
        """Wait until a browser is answered with a status, several times from now on."""
        before = self.count(name, status)
        wait_for(
            lambda: self.count(name, status) > before + 5,
            f"{name} was never answered {status}, but {self.answers[name][-5:]}",
        )


@contextmanager
def load(workers: Workers, browsers: dict[str, dict[str, str]]) -> Iterator[Load]:
    """Have browsers ask all the time."""
    found, is_over = Load({name: [] for name in browsers}), threading.Event()

    def run(name: str) -> None:
        while not is_over.is_set():
            try:
                found.answers[name].append(workers.ask(browsers[name]))
            except (requests.ConnectionError, ChunkedEncodingError) as error:
                # A worker was killed before it had answered, or while it did.
                found.errors.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in browsers]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        is_over.set()
        for thread in threads:
            thread.join(30)


@pytest.mark.parametrize(
    ("backend", "store"),
    [("flask", "redis"), ("quart", "postgres"), ("fastapi", "redis")],
)
@pytest.mark.timeout(180)
def test_nobody_gets_in_and_no_login_is_lost(
    backend: str, store: str, request: pytest.FixtureRequest
) -> None:
    server: Database = request.getfixturevalue(f"{store}_server")
    with ExitStack() as stack:

        def serve() -> Workers:
            served = deployed(backend, app="shared_app", workers=4, DASH_AUTH_SESSIONS=server.url)
            return Workers(f"http://127.0.0.1:{stack.enter_context(served)}")

        workers = serve()
        browsers = {"kept": workers.log_in("alice"), "other": workers.log_in("bob")}
        browsers["gone"] = workers.log_in("alice")
        assert workers.ask(browsers["gone"])[0] == 200
        workers.log_out(browsers["gone"])
        browsers["anonymous"] = {}
        settle(server)
        with load(workers, browsers) as asked:
            for name, status in GOES_ON:
                asked.wait_for_more(name, status)
            server.kill()
            try:
                asked.wait_for_more("kept", AWAY)
                assert workers.log_in_fails("bob")
            finally:
                server.start()
            for name, status in GOES_ON:
                asked.wait_for_more(name, status)
            assert asked.errors == []
            # A worker, in the middle of its work.
            said = next(words for status, words in reversed(asked.answers["kept"]) if status == 200)
            os.kill(int(said.split()[1]), signal.SIGKILL)
            if backend != "quart":
                for name, status in GOES_ON:
                    asked.wait_for_more(name, status)
        # Logged in, or told to come back; never logged out, and never taken for another.
        assert asked.statuses("kept") == {200, AWAY}
        assert asked.statuses("other") <= {200, AWAY}
        assert asked.users("kept") == {"alice"}
        assert asked.users("other") == {"bob"}
        assert asked.statuses("gone") <= {401, AWAY}
        assert asked.statuses("anonymous") == {401}
        if backend == "quart":
            # Hypercorn ends with the first worker that does: what starts it again finds the logins.
            workers = serve()
            assert [workers.ask(browsers[name])[0] for name, _ in GOES_ON] == [200, 200, 401]
        # A logout in one worker counts in all.
        workers.log_out(browsers["kept"])
        assert {workers.ask(browsers["kept"])[0] for _ in range(20)} == {401}
