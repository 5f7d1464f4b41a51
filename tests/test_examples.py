"""The examples, each started as its reader starts it, asked over plain HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

ALICE = ("alice", "wonderland")
BOB = ("bob", "tea-at-four")
# What each private app shows to those who are logged in, and to nobody else.
MARKERS = {
    "smallest.py": "You are in.",
    "hashed_passwords.py": "You are in.",
    "auth_function.py": "You are in.",
    "sqlite_users/app.py": "You are in.",
    "user_name.py": "greeting",
    "current_user.py": "greeting",
    "groups.py": "Turnover: 42",
}
RunExample = Callable[[str], str]


def call(
    url: str, output: str, *inputs: dict[str, Any], auth: tuple[str, str] | None = None
) -> requests.Response:
    """Send what the browser sends to run the callback with one output."""
    component, prop = output.rsplit(".", 1)
    body = {
        "output": output,
        "outputs": {"id": component, "property": prop},
        "inputs": inputs,
        "changedPropIds": [f"{given['id']}.{given['property']}" for given in inputs],
    }
    return requests.post(f"{url}/_dash-update-component", json=body, auth=auth, timeout=20)


def shown(response: requests.Response, component: str) -> Any:
    """Return what a callback gave as the children of a component."""
    assert response.status_code == 200, response.text
    return response.json()["response"][component]["children"]


def assert_refused(response: requests.Response, marker: str) -> None:
    """Fail unless the answer asks for credentials and shows nothing."""
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert marker not in response.text


@pytest.mark.parametrize("example", MARKERS)
def test_a_private_app_is_for_its_users_alone(run_example: RunExample, example: str) -> None:
    url, marker = run_example(example), MARKERS[example]
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        assert_refused(requests.get(url + path, timeout=20), marker)
        assert_refused(requests.get(url + path, auth=("alice", "queen"), timeout=20), marker)
        assert_refused(requests.get(url + path, auth=("carol", "wonderland"), timeout=20), marker)
    for user in (ALICE, BOB):
        assert requests.get(url, auth=user, timeout=20).status_code == 200
        assert marker in requests.get(f"{url}/_dash-layout", auth=user, timeout=20).text


@pytest.mark.parametrize("example", ["hashed_passwords.py", "auth_function.py"])
def test_a_stored_hash_is_no_password(
    run_example: RunExample, examples: Path, example: str
) -> None:
    namespace: dict[str, Any] = {"__name__": example}
    source = (examples / example).read_text()
    start = source.index("USERS = {")
    exec(source[start : source.index("\n}\n", start) + 3], namespace)
    stored = namespace["USERS"]["alice"]
    assert stored.startswith("scrypt:32768:8:1$")
    refused = requests.get(run_example(example), auth=("alice", stored), timeout=20)
    assert_refused(refused, MARKERS[example])


@pytest.mark.parametrize(
    ("example", "user", "greeting"),
    [
        ("user_name.py", ALICE, "You are logged in as alice."),
        ("user_name.py", BOB, "You are logged in as bob."),
        ("current_user.py", ALICE, "You are logged in as alice, in sales, board."),
        ("current_user.py", BOB, "You are logged in as bob, in no group."),
    ],
)
def test_a_callback_knows_who_asks(
    run_example: RunExample, example: str, user: tuple[str, str], greeting: str
) -> None:
    url = run_example(example)
    trigger = {"id": "greeting", "property": "id", "value": "greeting"}
    assert shown(call(url, "greeting.children", trigger, auth=user), "greeting") == greeting
    assert_refused(call(url, "greeting.children", trigger), user[0])


def test_a_user_removed_from_the_database_is_out_at_once(
    run_example: RunExample, examples: Path
) -> None:
    url = run_example("sqlite_users/app.py")
    carol = ("carol", BOB[1])

    def status() -> int:
        return requests.get(url, auth=carol, timeout=20).status_code

    with closing(sqlite3.connect(examples / "sqlite_users" / "users.db")) as connection:
        assert status() == 401
        with connection:
            connection.execute(
                "INSERT INTO users SELECT 'carol', password_hash FROM users WHERE username = 'bob'"
            )
        assert status() == 200
        with connection:
            connection.execute("DELETE FROM users WHERE username = 'carol'")
        assert status() == 401


def test_groups_decide_what_a_user_may_do(run_example: RunExample) -> None:
    url = run_example("groups.py")
    click = {"id": "close", "property": "n_clicks", "value": 1}
    done = call(url, "closed.children", click, auth=ALICE)
    assert shown(done, "closed") == "The year is closed."
    refused = call(url, "closed.children", click, auth=BOB)
    assert shown(refused, "closed") == "The board alone may do that."
    assert_refused(call(url, "closed.children", click), "The year is closed.")


class TestMultiPage:
    EXAMPLE = "multi_page/app.py"
    ROUTER = ".._pages_content.children..._pages_store.data.."

    def visit(
        self, url: str, pathname: str, auth: tuple[str, str] | None = None
    ) -> requests.Response:
        """Ask Dash's page router for a page, as a click on a link does."""
        body = {
            "output": self.ROUTER,
            "outputs": [
                {"id": "_pages_content", "property": "children"},
                {"id": "_pages_store", "property": "data"},
            ],
            "inputs": [
                {"id": "_pages_location", "property": "pathname", "value": pathname},
                {"id": "_pages_location", "property": "search", "value": ""},
            ],
            "changedPropIds": ["_pages_location.pathname"],
        }
        return requests.post(f"{url}/_dash-update-component", json=body, auth=auth, timeout=20)

    def test_the_public_page_and_its_button_need_no_login(self, run_example: RunExample) -> None:
        url = run_example(self.EXAMPLE)
        for auth in (None, ("alice", "queen"), ALICE):
            assert requests.get(url, auth=auth, timeout=20).status_code == 200
            assert "Everybody may read this." in self.visit(url, "/", auth).text
            click = {"id": "count", "property": "n_clicks", "value": 7}
            assert shown(call(url, "counted.children", click, auth=auth), "counted") == "Counted: 7"

    def test_the_private_page_is_for_its_users_alone(self, run_example: RunExample) -> None:
        url = run_example(self.EXAMPLE)
        for auth in (None, ("alice", "queen"), ("carol", "wonderland")):
            assert_refused(requests.get(f"{url}/private", auth=auth, timeout=20), "Turnover")
            assert_refused(self.visit(url, "/private", auth), "Turnover")
        for name, password in (ALICE, BOB):
            assert requests.get(f"{url}/private", auth=(name, password), timeout=20).ok
            page = self.visit(url, "/private", (name, password))
            assert "Turnover: 42" in page.text
            assert f"You are logged in as {name}." in page.text

    def test_nothing_of_the_private_page_is_in_what_everybody_gets(
        self, run_example: RunExample
    ) -> None:
        url = run_example(self.EXAMPLE)
        for path in ("/", "/_dash-layout", "/_dash-dependencies"):
            response = requests.get(url + path, timeout=20)
            assert response.status_code == 200
            assert "Turnover" not in response.text
