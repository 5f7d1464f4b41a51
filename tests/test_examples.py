"""The examples, each started as its reader starts it, asked over plain HTTP."""

from __future__ import annotations

import ast
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from waiting import wait_for

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
    url: str,
    output: str,
    *inputs: dict[str, Any],
    auth: tuple[str, str] | None = None,
    by: Any = requests,
) -> requests.Response:
    """Send what the browser sends to run the callback with one output."""
    component, prop = output.rsplit(".", 1)
    body = {
        "output": output,
        "outputs": {"id": component, "property": prop},
        "inputs": inputs,
        "changedPropIds": [f"{given['id']}.{given['property']}" for given in inputs],
    }
    return by.post(f"{url}/_dash-update-component", json=body, auth=auth, timeout=20)


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


def test_a_user_removed_from_the_database_is_out_within_seconds(
    run_example: RunExample, examples: Path
) -> None:
    url = run_example("sqlite_users/app.py")
    carol = ("carol", BOB[1])

    def status() -> int:
        return requests.get(url, auth=carol, timeout=20).status_code

    with closing(sqlite3.connect(examples / "sqlite_users" / "users.db")) as connection:
        with connection:
            connection.execute(
                "INSERT INTO users SELECT 'carol', password_hash FROM users WHERE username = 'bob'"
            )
        # That there is no carol may have been known for some seconds.
        wait_for(lambda: status() == 200, "carol is not in")
        with connection:
            connection.execute("DELETE FROM users WHERE username = 'carol'")
        wait_for(lambda: status() == 401, "carol is still in")


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
        self, url: str, pathname: str, auth: tuple[str, str] | None = None, by: Any = requests
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
        return by.post(f"{url}/_dash-update-component", json=body, auth=auth, timeout=20)

    def logged_in(self, url: str, user: tuple[str, str]) -> requests.Session:
        """Return a client that has logged in on the login page."""
        session = requests.Session()
        fields = dict(zip(("username", "password"), user, strict=True))
        own = {"Sec-Fetch-Site": "same-origin"}
        answer = session.post(f"{url}/login", data=fields, headers=own, timeout=20)
        assert answer.status_code == 200 and "/login" not in answer.url
        return session

    def test_the_public_page_and_its_button_need_no_login(self, run_example: RunExample) -> None:
        url = run_example(self.EXAMPLE)
        assert requests.get(url, timeout=20).status_code == 200
        assert "Everybody may read this page." in self.visit(url, "/").text
        click = {"id": "add", "property": "n_clicks", "value": 7}
        said = shown(call(url, "price.children", click), "price")
        assert said == "7 boxes of tea: 63 €"

    def test_the_private_pages_are_for_users_alone(self, run_example: RunExample) -> None:
        url = run_example(self.EXAMPLE)
        for path, marker in (("/dashboard", "Sales of this year"), ("/targets", "760 k")):
            refused = requests.get(url + path, timeout=20)
            assert refused.status_code == 401 and "WWW-Authenticate" not in refused.headers
            assert refused.headers["Dash-Auth"] == "login"
            led = requests.get(
                url + path, headers={"Accept": "text/html"}, allow_redirects=False, timeout=20
            )
            assert (led.status_code, led.headers["Location"]) == (303, f"/login?next={path}")
            # A password that is sent to a page is no login here.
            for auth in (None, ALICE):
                routed = self.visit(url, path, auth)
                assert routed.status_code == 401 and marker not in routed.text
        region = {"id": "region", "property": "value", "value": "All"}
        assert call(url, "figures.children", region).status_code == 401

    def test_each_user_sees_what_the_group_may(self, run_example: RunExample) -> None:
        url = run_example(self.EXAMPLE)
        for user, is_admin in ((ALICE, True), (BOB, False)):
            with self.logged_in(url, user) as session:
                page = self.visit(url, "/dashboard", by=session).text
                assert f"Hello {user[0]}." in page
                targets = self.visit(url, "/targets", by=session).text
                assert ("760 k" in targets) is is_admin
                assert ("Access denied" in targets) is not is_admin
                assert session.get(f"{url}/targets").status_code == (200 if is_admin else 403)
                nav = session.get(f"{url}/_dash-layout", timeout=20).text
                assert ('"Targets"' in nav) is is_admin
                click = {"id": "close", "property": "n_clicks", "value": 1}
                answer = call(url, "closed.children", click, by=session)
                if is_admin:
                    assert shown(answer, "closed") == "The year is closed."
                else:
                    assert (answer.status_code, answer.text) == (403, "Access denied")

    def test_the_users_page_is_for_administrators(self, run_example: RunExample) -> None:
        url = run_example(self.EXAMPLE)
        for user, status in ((ALICE, 200), (BOB, 403)):
            with self.logged_in(url, user) as session:
                page = session.get(f"{url}/users", timeout=20)
                assert page.status_code == status
                assert ("Add a user" in page.text) is (status == 200)

    def test_nothing_of_the_private_pages_is_in_what_everybody_gets(
        self, run_example: RunExample
    ) -> None:
        url = run_example(self.EXAMPLE)
        for path in ("/", "/_dash-layout", "/_dash-dependencies"):
            response = requests.get(url + path, timeout=20)
            assert response.status_code == 200
            assert "Sales of this year" not in response.text and "760 k" not in response.text

    @pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")
    def test_what_the_demo_says_to_try_answers_as_it_says(
        self, run_example: RunExample, examples: Path
    ) -> None:
        tree = ast.parse((examples / "multi_page" / "demo.py").read_text())
        (text,) = (
            node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        )
        lines = text.partition("In another terminal\n")[2].partition("\nWhat is open")[0]
        first, *commands = re.sub(r"\\\n *", "", lines).strip().splitlines()
        names = first.replace("http://127.0.0.1:8050", run_example(self.EXAMPLE))
        assert len(commands) == 10
        for command in commands:
            said = re.search(r"# (\d{3})", command)
            assert said is not None and "curl -i" in command
            ran = subprocess.run(
                ["bash", "-c", f"{names}\n{command}"],
                capture_output=True,
                check=True,
                timeout=30,
                env={**os.environ, "NO_PROXY": "*"},
            )
            # On the way there may be "100 Continue".
            statuses = re.findall(rb"^HTTP/1\.1 (\d{3})", ran.stdout, re.MULTILINE)
            assert statuses[-1].decode() == said[1], command
            assert b"evil" not in ran.stdout
