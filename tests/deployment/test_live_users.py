"""The command against a running app: four workers each do what it says within five seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from dash_auth._cli import main
from waiting import GIVE_UP

from .conftest import deployed

WORKERS = 4
BOUND = 5
"""After how many seconds at most a change counts."""

PASSWORD = "plum trees by the lake"
OTHER = "a heron on one leg"
KEY = "sealed-for-the-tests-of-live-users"


def body(output: str) -> dict[str, Any]:
    """Return a request to a callback."""
    return {
        "output": f"{output}.children",
        "outputs": {"id": output, "property": "children"},
        "inputs": [{"id": "in", "property": "value", "value": "x"}],
        "changedPropIds": ["in.value"],
        "state": [],
    }


@dataclass(frozen=True)
class Live:
    """The workers as browsers see them, and the command."""

    address: str
    store: str

    def run(self, *arguments: str, input: str = "") -> str:
        """Run the command, and return what it prints."""
        variables = {
            "DASH_AUTH_USERS": self.store,
            "DASH_AUTH_SECRET_KEY": KEY,
            "DASH_AUTH_URL": self.address,
        }
        done = CliRunner().invoke(main, ["users", *arguments], input=input, env=variables)
        assert done.exit_code == 0, done.output
        return done.stdout

    def post(self, path: str, **form: str) -> requests.Response:
        """Send a form of one of the app's own pages."""
        return requests.post(
            self.address + path,
            form,
            headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
            allow_redirects=False,
            timeout=20,
        )

    def log_in(self, name: str, password: str = PASSWORD) -> dict[str, str] | None:
        """Return the cookies of a login, None if it is refused."""
        answer = self.post("/login", username=name, password=password)
        assert answer.status_code in (303, 401), answer.text
        return answer.cookies.get_dict() if answer.status_code == 303 else None

    def known(self, cookies: dict[str, str]) -> set[str]:
        """Return who each of the workers says that a browser's user is, once all were asked."""
        found: dict[str, str] = {}
        end = time.monotonic() + GIVE_UP
        # Several connections at once, or one process alone may take them all.
        with ThreadPoolExecutor(8) as clients:
            while len(found) < WORKERS:
                assert time.monotonic() < end, "one of the processes never answered"
                found |= dict(clients.map(lambda _: self._asked(cookies), range(16)))
        return set(found.values())

    def _asked(self, cookies: dict[str, str]) -> tuple[str, str]:
        url = f"{self.address}/_dash-update-component"
        answer = requests.post(url, json=body("pub"), cookies=cookies, timeout=20)
        _, process, _, _, name = answer.json()["response"]["pub"]["children"].split()
        return process, name

    def is_private_open(self, cookies: dict[str, str]) -> bool:
        """Tell whether a browser gets an answer of a private callback."""
        url = f"{self.address}/_dash-update-component"
        answer = requests.post(url, json=body("out"), cookies=cookies, timeout=20)
        assert answer.status_code in (200, 401)
        return answer.status_code == 200


@pytest.fixture(params=["users.toml", "sqlite"], scope="module")
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """Serve an app with four processes, whose users are kept in a file, or in a database."""
    folder = tmp_path_factory.mktemp("live")
    store = f"sqlite:///{folder / 'users.db'}"
    if request.param != "sqlite":
        store = str(Path(folder) / request.param)
    command = Live("", store)
    for name in ("alice", "bob", "carol"):
        command.run("add", name, "--stdin", input=PASSWORD)
    variables = {"DASH_AUTH_USERS": store, "DASH_AUTH_SECRET_KEY": KEY}
    with deployed("flask", app="live_app", workers=WORKERS, **variables) as port:
        yield Live(f"http://127.0.0.1:{port}", store)


def bound() -> float:
    """Return until when what was just changed may count for nothing."""
    return time.monotonic() + BOUND


def within(until: float, is_so: Callable[[], bool], what: str) -> None:
    """Ask until something is so, as it has to be for all that is asked after a time."""
    while True:
        begun = time.monotonic()
        if is_so():
            return
        # A busy machine may answer late, and what began in time may have been too early.
        assert begun <= until, what


def test_what_the_command_says_is_done_by_each_worker(live: Live) -> None:
    browsers = {name: live.log_in(name) or {} for name in ("alice", "bob", "carol")}
    for name, cookies in browsers.items():
        # By now each worker has read them.
        assert live.known(cookies) == {name}
        assert live.is_private_open(cookies)
    with ThreadPoolExecutor(8) as clients:
        # And that there is nobody else.
        assert set(clients.map(lambda _: live.log_in("dora") is None, range(16))) == {True}
    live.run("disable", "alice")
    live.run("remove", "bob", "--yes")
    live.run("add", "dora", "--stdin", input=PASSWORD)
    until = bound()
    for name in ("alice", "bob"):
        within(
            until,
            lambda cookies=browsers[name]: live.known(cookies) == {"None"},  # type: ignore[misc]
            f"{name} is still let in",
        )
        assert not live.is_private_open(browsers[name])
        assert live.log_in(name) is None
    within(until, lambda: live.log_in("dora") is not None, "dora is not let in")
    within(until, lambda: live.known(live.log_in("dora") or {}) == {"dora"}, "dora is not known")
    # What is said of others stays.
    assert live.known(browsers["carol"]) == {"carol"}


def test_who_is_invited_sets_a_password_and_logs_in(live: Live) -> None:
    link = live.run("add", "eve", "--invite").strip()
    assert link.startswith(f"{live.address}/login/invitation/")
    path = link.removeprefix(live.address)
    within(
        bound(), lambda: requests.get(link, timeout=20).status_code == 200, "the link leads nowhere"
    )
    used = live.post(path, new=OTHER, again=OTHER)
    assert used.status_code == 303
    # Each worker lets the new login in, and takes the link no more.
    within(
        bound(), lambda: live.known(used.cookies.get_dict()) == {"eve"}, "the password is not there"
    )
    assert live.known(live.log_in("eve", OTHER) or {}) == {"eve"}
    assert {live.post(path, new=PASSWORD, again=PASSWORD).status_code for _ in range(12)} == {410}
