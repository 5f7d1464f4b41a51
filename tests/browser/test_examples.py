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

    def test_a_stranger_uses_the_public_page(
        self, browser: Browser, run_example: RunExample
    ) -> None:
        with visiting(browser) as page:
            errors = complaints(page)
            page.goto(run_example(self.EXAMPLE))
            expect(page.get_by_text("Everybody may read this.")).to_be_visible()
            expect(page.get_by_text("Counted: 0")).to_be_visible()
            for clicks in (1, 2, 3):
                page.get_by_role("button", name="Count").click()
                expect(page.get_by_text(f"Counted: {clicks}")).to_be_visible()
            assert errors == []

    def test_a_stranger_is_asked_on_the_private_page(
        self, browser: Browser, run_example: RunExample
    ) -> None:
        url = run_example(self.EXAMPLE) + "/private"
        with visiting(browser) as page:
            assert_asked(page, url)
            expect(page.get_by_text("Turnover")).to_have_count(0)
        with visiting(browser, "alice", "queen") as page:
            assert_refused(page, url)
            expect(page.get_by_text("Turnover")).to_have_count(0)

    def test_a_link_leads_a_stranger_no_further_than_the_question(
        self, browser: Browser, run_example: RunExample
    ) -> None:
        answered: list[str] = []
        with visiting(browser) as page:
            page.goto(run_example(self.EXAMPLE))
            expect(page.get_by_text("Everybody may read this.")).to_be_visible()
            page.on("response", lambda answer: answered.append(answer.request.post_data or ""))
            with page.expect_request(lambda request: "/private" in (request.post_data or "")):
                page.get_by_role("link", name="Figures").click()
            # The browser holds the answer back while its dialog is open, so there is no event to
            # wait for.
            page.wait_for_timeout(1_000)
            assert not any("/private" in body for body in answered)
            expect(page.get_by_text("Turnover")).to_have_count(0)
            expect(page.get_by_text("Everybody may read this.")).to_be_visible()

    @pytest.mark.parametrize("name", PASSWORDS)
    def test_a_user_goes_from_the_public_page_to_the_private_one(
        self, browser: Browser, run_example: RunExample, name: str
    ) -> None:
        with visiting(browser, name, PASSWORDS[name]) as page:
            errors = complaints(page)
            page.goto(run_example(self.EXAMPLE))
            expect(page.get_by_text("Everybody may read this.")).to_be_visible()
            page.get_by_role("link", name="Figures").click()
            expect(page.get_by_text("Turnover: 42")).to_be_visible()
            expect(page.get_by_text(f"You are logged in as {name}.")).to_be_visible()
            # The browser writes a line for each 401, the one after which it logs in included.
            assert [error for error in errors if "401 (UNAUTHORIZED)" not in error] == []
            page.get_by_role("link", name="Home").click()
            page.get_by_role("button", name="Count").click()
            expect(page.get_by_text("Counted: 1")).to_be_visible()

    def test_a_user_opens_the_private_page_directly(
        self, browser: Browser, run_example: RunExample
    ) -> None:
        with visiting(browser, "bob", PASSWORDS["bob"]) as page:
            errors = complaints(page)
            page.goto(run_example(self.EXAMPLE) + "/private")
            expect(page.get_by_text("You are logged in as bob.")).to_be_visible()
            assert errors == []
