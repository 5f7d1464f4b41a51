"""The apps of two tutorials about dash-auth, in a real browser: one name changes, and they have a login page.

Their files are in `tutorials/`, as they stand there. They are changed here, in sight.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from attacks.servers import BACKENDS, running
from clock import Clock
from conftest import CHROMIUM, CHROMIUM_FLAGS, on_server
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

TUTORIALS = Path(__file__).parent / "tutorials"
# All that has to change.
ONE_NAME = ("BasicAuth", "FormAuth")
# What the tutorials leave out: imports of one app, and the call for several statements.
LEFT_OUT = {
    "user_info.py": (
        "from dash import Dash, html\n",
        "import flask\nfrom dash import Dash, html, Input, Output\n",
    ),
    "init_db.py": ('cur.execute("""', 'cur.executescript("""'),
}
ALICE, BOB = ("alice", "secret123"), ("bob", "pa$$w0rd")
HOUR = 60 * 60
IN = "If you see this, you are authenticated"

Start = Callable[..., str]
Visit = Callable[..., "Page"]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Give `start("users.py", backend="flask", **options)`: the address of an app that runs."""
    shutil.copytree(TUTORIALS, tmp_path / "tutorials")
    with ExitStack() as servers:

        def started(
            name: str, backend: str = "flask", *, websocket: bool = False, **options: Any
        ) -> str:
            file = tmp_path / "tutorials" / name
            for script in file.parent.rglob("*.py"):
                script.write_text(changed(script, backend))
            if websocket:
                script = file.read_text()
                assert script.count("Dash(__name__, ") == 1
                file.write_text(
                    script.replace("Dash(__name__, ", "Dash(__name__, websocket_callbacks=True, ")
                )
            if options:
                asked = "".join(f"    {key}={value!r},\n" for key, value in options.items())
                script = file.read_text()
                assert script.count("FormAuth(\n    app,\n") == 1
                file.write_text(
                    script.replace("FormAuth(\n    app,\n", f"FormAuth(\n    app,\n{asked}")
                )
            monkeypatch.chdir(file.parent)
            app = imported(file, monkeypatch).app
            site = servers.enter_context(running(app.server, backend))
            return f"http://127.0.0.1:{site.port}"

        yield started


def changed(script: Path, backend: str) -> str:
    """Return a tutorial's file as it runs here."""
    text = script.read_text()
    if script.name in LEFT_OUT:
        before, after = LEFT_OUT[script.name]
        assert text.count(before) == 1
        text = text.replace(before, after)
    text = text.replace(*ONE_NAME)
    return text if backend == "flask" else on_server(backend, text)


def imported(file: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a file, as Python does that is given `app.py`; Dash finds the pages beside it."""
    name = f"tutorial_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Give `visit()`: a page of a browser that remembers nothing.

    In the end no page may have asked another host, or have complained of anything.
    """
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def page(chromium: Browser | None = None) -> Page:
        context = (chromium or browser).new_context()
        context.set_default_timeout(10_000)
        contexts.append(context)
        watched.append(Watched(context))
        return context.new_page()

    yield page
    for context in contexts:
        context.close()
    assert [complaint for one in watched for complaint in one.complaints] == []
    (own,) = {host for one in watched for host in one.hosts}
    assert own.startswith("127.0.0.1:")


class Watched:
    """What the pages of a browser asked for, what they got, and what they complained of."""

    def __init__(self, context: BrowserContext) -> None:
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        context.on("request", self._asked)
        context.on("weberror", lambda error: self._failed(str(error.error)))
        context.on("console", self._said)

    def _asked(self, request: Any) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob"):
            self.hosts.add(url.netloc)

    def _failed(self, error: str) -> None:
        # Dash reads the text of a 401 twice, which is no use to anybody.
        if "body stream already read" not in error:
            self.complaints.append(error)

    def _said(self, message: Any) -> None:
        # The browser itself writes a line for each answer of 4xx.
        refused = "Failed to load resource: the server responded with a status of 4"
        if message.type in ("error", "warning") and not message.text.startswith(refused):
            self.complaints.append(message.text)


def log_in(page: Page, user: tuple[str, str]) -> None:
    page.get_by_label("User name").fill(user[0])
    page.get_by_label("Password", exact=True).fill(user[1])
    page.get_by_role("button", name="Log in").click()


def log_out(page: Page) -> None:
    page.goto(urlsplit(page.url)._replace(path="/logout", query="").geturl())
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()


def asks(page: Page) -> None:
    """Fail unless the login page is shown."""
    expect(page.get_by_label("User name")).to_be_visible()
    assert urlsplit(page.url).path == "/login"
    assert IN not in page.content() and "You are logged in as" not in page.content()


def test_one_name_is_all_that_changes() -> None:
    for script in sorted(TUTORIALS.rglob("*.py")):
        before, after = LEFT_OUT.get(script.name, ("", ""))
        lines = script.read_text().replace(before, after).splitlines()
        now = changed(script, "flask").splitlines()
        differing = [(old, new) for old, new in zip(lines, now, strict=True) if old != new]
        assert all(old.replace(*ONE_NAME) == new for old, new in differing)
        # Where it is imported, and where it is called.
        assert len(differing) <= 2


class TestMultiPage:
    APP = "multi_page/app.py"

    def test_a_link_leads_to_the_login_and_to_the_private_page(
        self, start: Start, visit: Visit
    ) -> None:
        url, page = start(self.APP), visit()
        page.goto(url)
        expect(page.get_by_text("This is a public page.")).to_be_visible()
        page.get_by_role("button", name="Click me (0)").click()
        expect(page.get_by_role("button", name="Click me (1)")).to_be_visible()
        page.get_by_role("link", name="Private page").click()
        expect(page.get_by_label("User name")).to_be_visible()
        asks(page)
        log_in(page, ALICE)
        expect(page.get_by_text(IN)).to_be_visible()
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        assert page.url == f"{url}/private"
        page.get_by_role("link", name="Public page").click()
        page.get_by_role("button", name="Click me (0)").click()
        expect(page.get_by_role("button", name="Click me (1)")).to_be_visible()
        page.get_by_role("link", name="Private page").click()
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()

    def test_back_shows_nothing_private_after_the_logout(
        self, start: Start, visit: Visit, keeping_pages: Browser
    ) -> None:
        url, page = start(self.APP), visit(keeping_pages)
        page.goto(f"{url}/private")
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        log_out(page)
        # The page that asked whether to log out, then the private one.
        page.go_back()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        assert "alice" not in page.content()
        page.go_back()
        expect(page.get_by_label("User name")).to_be_visible()
        asks(page)
        page.go_forward()
        page.goto(f"{url}/private")
        asks(page)

    def test_by_keyboard_alone(self, start: Start, visit: Visit) -> None:
        url, page = start(self.APP), visit()
        page.goto(url)
        expect(page.get_by_text("This is a public page.")).to_be_visible()
        tab_to(page, "Private page")
        page.keyboard.press("Enter")
        expect(page.get_by_label("User name")).to_be_focused()
        page.keyboard.type("alice")
        page.keyboard.press("Tab")
        expect(page.get_by_label("Password", exact=True)).to_be_focused()
        page.keyboard.type("not it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("The user name or password is wrong.")
        expect(page.get_by_label("Password", exact=True)).to_be_focused()
        page.keyboard.type("secret123")
        page.keyboard.press("Enter")
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        page.goto(f"{url}/logout")
        tab_to(page, "Log out")
        page.keyboard.press("Enter")
        expect(page.get_by_text("You are logged out.")).to_be_visible()

    def test_a_wrong_password_is_told_and_the_name_is_kept(
        self, start: Start, visit: Visit
    ) -> None:
        url, page = start(self.APP), visit()
        page.goto(f"{url}/private")
        said = set()
        for user in (("alice", "queen"), ("carol", "secret123"), ("alice", "")):
            page.locator("form").evaluate("form => { form.noValidate = true; }")
            log_in(page, user)
            expect(page.get_by_label("User name")).to_have_value(user[0])
            expect(page.get_by_label("Password", exact=True)).to_have_value("")
            said.add(page.get_by_role("alert").inner_text())
        assert said == {"The user name or password is wrong."}
        asks(page)
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        assert page.url == f"{url}/private"

    def test_two_tabs_share_a_login_and_its_end(self, start: Start, visit: Visit) -> None:
        url, page = start(self.APP), visit()
        page.goto(f"{url}/private")
        other = page.context.new_page()
        other.goto(f"{url}/private")
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        # Its form is still the one of before.
        log_in(other, ALICE)
        expect(other.get_by_text("You are logged in as alice.")).to_be_visible()
        page.get_by_role("link", name="Public page").click()
        expect(page.get_by_text("This is a public page.")).to_be_visible()
        log_out(other)
        page.get_by_role("link", name="Private page").click()
        expect(page.get_by_label("User name")).to_be_visible()
        asks(page)

    def test_a_user_sees_nothing_of_the_one_before(self, start: Start, visit: Visit) -> None:
        url, page = start(self.APP), visit()
        page.goto(f"{url}/private")
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        log_out(page)
        assert_all_of_bob(page, f"{url}/private")

    def test_a_login_ends_after_twelve_hours(
        self, start: Start, visit: Visit, clock: Clock
    ) -> None:
        url, page = start(self.APP), visit()
        page.goto(f"{url}/private")
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        clock.advance(12 * HOUR - 60)
        page.reload()
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        page.get_by_role("link", name="Public page").click()
        expect(page.get_by_text("This is a public page.")).to_be_visible()
        clock.advance(61)
        page.get_by_role("link", name="Private page").click()
        expect(page.get_by_text("Your login has ended.")).to_be_visible()
        asks(page)

    def test_a_login_ends_when_its_user_is_idle(
        self, start: Start, visit: Visit, clock: Clock
    ) -> None:
        url, page = start(self.APP, idle_timeout=600), visit()
        page.goto(f"{url}/private")
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        for _ in range(3):
            clock.advance(500)
            page.reload()
            expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        clock.advance(601)
        page.reload()
        asks(page)


class TestOneApp:
    def test_a_link_from_elsewhere_with_a_query_leads_there(
        self, start: Start, visit: Visit
    ) -> None:
        url, page = start("users.py"), visit()
        page.goto(f"{url}/reports/may?year=2026&plot=a%26b#top")
        expect(page.get_by_label("User name")).to_be_visible()
        log_in(page, ("bob", "secret123"))
        expect(page.get_by_role("alert")).to_be_visible()
        log_in(page, BOB)
        expect(page.get_by_text(IN)).to_be_visible()
        assert page.url.partition("#")[0] == f"{url}/reports/may?year=2026&plot=a%26b"

    def test_the_users_information_is_of_each_user(self, start: Start, visit: Visit) -> None:
        url, page = start("user_info.py"), visit()
        page.goto(url)
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        log_out(page)
        assert_all_of_bob(page, url)

    def test_a_login_that_ends_shows_a_banner_that_leads_back(
        self, start: Start, visit: Visit, clock: Clock
    ) -> None:
        url, page = start("user_info.py"), visit()
        page.goto(f"{url}/sales?year=2026")
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        clock.advance(12 * HOUR + 1)
        run_callback(page)
        expect(page.get_by_role("alert")).to_contain_text("Your login has ended.")
        expect(page.get_by_text(IN)).to_be_visible()
        page.get_by_role("button", name="Log in again").click()
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        assert page.url == f"{url}/sales?year=2026"
        expect(page.get_by_role("alert")).to_have_count(0)

    @pytest.mark.parametrize("name", ["hashed.py", "database.py"])
    def test_a_function_may_check_hashes(
        self, start: Start, visit: Visit, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, page = start(name), visit()
        if name == "database.py":
            imported(tmp_path / "tutorials" / "init_db.py", monkeypatch).init_db()
        page.goto(url)
        for user in (("alice", "queen"), ("carol", "secret123")):
            log_in(page, user)
            expect(page.get_by_role("alert")).to_have_text("The user name or password is wrong.")
        log_in(page, BOB)
        expect(page.get_by_text(IN)).to_be_visible()
        log_out(page)
        page.goto(url)
        asks(page)


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "flask"])
class TestOtherServers:
    def test_the_pages(self, start: Start, visit: Visit, backend: str) -> None:
        url, page = start("multi_page/app.py", backend), visit()
        page.goto(url)
        # Dash itself fails on a click before its first page is there.
        expect(page.get_by_text("This is a public page.")).to_be_visible()
        page.get_by_role("link", name="Private page").click()
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        log_out(page)
        page.go_back()
        page.go_back()
        expect(page.get_by_label("User name")).to_be_visible()
        asks(page)

    def test_two_users_in_turn_over_websockets(
        self, start: Start, visit: Visit, backend: str
    ) -> None:
        url, page = start("user_info.py", backend, websocket=True), visit()
        posted: list[str] = []
        page.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
        page.goto(url)
        log_in(page, ALICE)
        expect(page.get_by_text("You are logged in as alice.")).to_be_visible()
        log_out(page)
        assert_all_of_bob(page, url)
        # The callback went over the WebSocket, which belongs to a worker of the browser.
        assert {urlsplit(one).path for one in posted} <= {"/login", "/logout", "/_dash-auth/touch"}


def assert_all_of_bob(page: Page, url: str) -> None:
    """Log in as the second user; fail if anything that arrives is of the first."""
    page.goto(url)
    asks(page)
    log_in(page, BOB)
    expect(page.get_by_text("You are logged in as bob.")).to_be_visible()
    assert "alice" not in page.content()
    # Of what came before it a page has no bodies.
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))
    page.reload()
    expect(page.get_by_text("You are logged in as bob.")).to_be_visible()
    texts = [one.text() for one in list(answers) if "suites" not in one.url and one.status == 200]
    assert len(texts) >= 3
    held = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    for text in [*texts, held, page.content()]:
        assert "alice" not in text


def run_callback(page: Page) -> None:
    """Have the tutorial's one callback run again, as a part of the page would."""
    page.evaluate("dash_clientside.set_props('user_info', {id: 'user_info'})")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until a link or a button has the focus."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == name:
            return
    raise AssertionError(f"no Tab leads to {name}")


@pytest.fixture(scope="module")
def keeping_pages(browser: Browser) -> Iterator[Browser]:
    """Give a Chromium that keeps pages to go back to, as it does for people."""
    launched = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=CHROMIUM_FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield launched
    launched.close()
