"""The examples in a real browser: log in, see the page, see the name, press the button."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORDS = {"alice": "wonderland", "bob": "tea-at-four"}
RunExample = Callable[[str], str]


@contextmanager
def visiting(browser: Browser, name: str | None = None, password: str = "") -> Iterator[Page]:
    """Open a page in a browser that remembers nothing, with these credentials or none."""
    credentials = None if name is None else {"username": name, "password": password}
    context = browser.new_context(http_credentials=credentials)
    context.set_default_timeout(15_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def complaints(page: Page) -> list[str]:
    """Return a list to which every error of the page's is added as it comes up."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"uncaught: {error}"))
    page.on(
        "console",
        lambda message: (
            found.append(f"{message.type}: {message.text}") if message.type == "error" else None
        ),
    )
    return found


@pytest.mark.parametrize(
    ("example", "text"),
    [
        ("smallest.py", "You are in."),
        ("hashed_passwords.py", "You are in."),
        ("auth_function.py", "You are in."),
        ("sqlite_users/app.py", "You are in."),
        ("user_name.py", "You are logged in as {name}."),
        ("current_user.py", "You are logged in as {name}, in "),
        ("groups.py", "Turnover: 42"),
    ],
)
@pytest.mark.parametrize("name", PASSWORDS)
def test_a_user_logs_in_and_sees_the_app(
    browser: Browser, run_example: RunExample, example: str, text: str, name: str
) -> None:
    with visiting(browser, name, PASSWORDS[name]) as page:
        errors = complaints(page)
        response = page.goto(run_example(example))
        assert response is not None
        assert response.status == 200
        expect(page.get_by_role("heading", name="Sales")).to_be_visible()
        expect(page.get_by_text(text.format(name=name))).to_be_visible()
        assert errors == []


def assert_asked(page: Page, url: str) -> None:
    """Fail unless the browser asks its user for credentials instead of showing the page."""
    with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):
        # Headless, nobody answers the dialog, and Chromium gives up.
        page.goto(url)


def assert_refused(page: Page, url: str) -> None:
    """Fail unless the server refuses the credentials that the browser sends."""
    response = page.goto(url)
    assert response is not None
    assert response.status == 401
    assert response.headers["www-authenticate"].startswith("Basic realm=")


def test_a_stranger_sees_nothing_of_a_private_app(
    browser: Browser, run_example: RunExample
) -> None:
    url = run_example("smallest.py")
    with visiting(browser) as page:
        assert_asked(page, url)
        expect(page.get_by_text("You are in.")).to_have_count(0)
    with visiting(browser, "alice", "queen") as page:
        assert_refused(page, url)
        expect(page.get_by_text("You are in.")).to_have_count(0)


def test_groups_decide_what_the_button_does(browser: Browser, run_example: RunExample) -> None:
    answers = {"alice": "The year is closed.", "bob": "The board alone may do that."}
    for name, answer in answers.items():
        with visiting(browser, name, PASSWORDS[name]) as page:
            page.goto(run_example("groups.py"))
            page.get_by_role("button", name="Close the year").click()
            expect(page.get_by_text(answer)).to_be_visible()


class TestMultiPage:
    EXAMPLE = "multi_page/app.py"

    def log_in(self, page: Page, name: str, password: str) -> None:
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Log in").click()

    def test_an_anonymous_visitor_uses_the_public_page(
        self, browser: Browser, run_example: RunExample
    ) -> None:
        with visiting(browser) as page:
            errors = complaints(page)
            page.goto(run_example(self.EXAMPLE))
            expect(page.get_by_text("Everybody may read this page.")).to_be_visible()
            expect(page.get_by_text("0 boxes of tea: 0 €")).to_be_visible()
            for clicks in (1, 2, 3):
                page.get_by_role("button", name="Add a box").click()
                expect(page.get_by_text(f"{clicks} boxes of tea: {clicks * 9} €")).to_be_visible()
            expect(page.get_by_role("link", name="Log in")).to_be_visible()
            expect(page.get_by_role("link", name="Targets")).to_have_count(0)
            logo = page.get_by_role("banner").locator("img")
            assert logo.evaluate("logo => logo.naturalWidth") > 0
            assert errors == []

    @pytest.mark.parametrize("name", PASSWORDS)
    def test_a_user_logs_in_sees_the_dashboard_and_logs_out(
        self, browser: Browser, run_example: RunExample, name: str
    ) -> None:
        with visiting(browser) as page:
            errors = complaints(page)
            page.goto(run_example(self.EXAMPLE))
            page.get_by_role("link", name="Open the dashboard").click()
            self.log_in(page, name, "queen")
            expect(page.get_by_role("alert")).to_have_text("The user name or password is wrong.")
            self.log_in(page, name, PASSWORDS[name])
            expect(page.get_by_text(f"Hello {name}.")).to_be_visible()
            # Plotly's script is several megabytes.
            page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=30_000)
            expect(page.get_by_text("1,709 k€")).to_be_visible()
            page.get_by_text("West", exact=True).first.click()
            expect(page.get_by_text("391 k€")).to_be_visible()
            page.get_by_text(name, exact=True).click()
            page.get_by_role("button", name="Log out").click()
            expect(page.get_by_text("You are logged out.")).to_be_visible()
            page.go_back()
            expect(page.get_by_label("User name")).to_be_visible()
            expect(page.get_by_text("Turnover")).to_have_count(0)
            # The browser writes a line for each 401, and Dash reads their text twice.
            known = ("401 (", "body stream already read")
            assert [error for error in errors if not any(one in error for one in known)] == []

    def test_the_targets_are_for_one_group(self, browser: Browser, run_example: RunExample) -> None:
        url = run_example(self.EXAMPLE)
        for name, is_admin in (("alice", True), ("bob", False)):
            with visiting(browser) as page:
                page.goto(f"{url}/targets")
                self.log_in(page, name, PASSWORDS[name])
                link = page.get_by_role("link", name="Targets")
                if is_admin:
                    page.get_by_role("button", name="Close the year").click()
                    expect(page.get_by_text("The year is closed.")).to_be_visible()
                    expect(link).to_have_count(1)
                    page.get_by_role("link", name="Users").click()
                    expect(page.get_by_role("heading", name="Users")).to_be_visible()
                    expect(page.locator(".name")).to_have_text(["alice", "bob"])
                else:
                    # It is said inside of the app, which goes on.
                    expect(page.get_by_role("heading", name="Access denied")).to_be_visible()
                    expect(link).to_have_count(0)
                    expect(page.get_by_role("link", name="Users")).to_have_count(0)
                    expect(page.get_by_text("760")).to_have_count(0)
                    page.get_by_role("link", name="Dashboard").click()
                    expect(page.get_by_text("Hello bob.")).to_be_visible()
                    page.go_back()
                    expect(page.get_by_role("heading", name="Access denied")).to_be_visible()
                    assert page.title() == "Access denied"
