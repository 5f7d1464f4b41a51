"""The pages on which users set their passwords, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from accounts import NEW, OLD, Users, account, account_app, token_of
from attacks.servers import running
from elements import element
from playwright.sync_api import expect
from stores import MemoryStore

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
LAST = "one more difference engine"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung@example.com"


@pytest.fixture
def users() -> Users:
    ada = account(
        "ada", "math", "poetry", password=None, full_name="Ada Lovelace", email="ada@example.com"
    )
    return Users(
        ada, account("grace", must_change=True), account(LONG, *["group"] * 30, email=LONG)
    )


@pytest.fixture
def address(users: Users) -> Iterator[str]:
    app = account_app(users, title="Analytics", sessions=MemoryStore())
    with running(app.server, "flask") as site:
        yield f"http://localhost:{site.port}"


Open = Callable[..., "Page"]


@pytest.fixture
def page_of(browser: Browser, address: str) -> Iterator[Open]:
    """Give what opens a page in a browser that remembers nothing."""
    contexts: list[BrowserContext] = []
    found: list[str] = []

    def open_page(**options: object) -> Page:
        given = {"base_url": address, "locale": "en", **options}
        contexts.append(browser.new_context(**given))  # type: ignore[arg-type]
        contexts[-1].set_default_timeout(15_000)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: found.append(f"uncaught: {error}"))
        page.on("console", lambda message: found.append(message.text))
        return page

    yield open_page
    for context in contexts:
        context.close()
    # What the browser keeps from being loaded is said there.
    assert not [one for one in found if "uncaught" in one or "Content Security" in one]


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def type_new(page: Page, new: str, again: str | None = None) -> None:
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("New password, once more").fill(new if again is None else again)


@pytest.mark.parametrize("has_script", [True, False])
def test_an_invitation_and_a_change(users: Users, page_of: Open, has_script: bool) -> None:
    page, link = page_of(java_script_enabled=has_script), f"/login/invitation/{token_of(users)}"
    page.goto(link)
    type_new(page, "short")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("alert")).to_contain_text("at least 15 characters")
    type_new(page, NEW)
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url("**/")
    page.goto(link)
    expect(page.get_by_role("heading")).to_have_text("This link is no longer good")
    other = page_of()
    other.goto("/account")
    log_in(other, "ada", NEW)
    expect(other.get_by_role("heading", level=1)).to_have_text("Your account")
    expect(other.locator(".sessions li")).to_have_count(2)
    page.goto("/account")
    page.get_by_label("Current password").fill(NEW)
    type_new(page, LAST)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
    expect(page.locator(".sessions li")).to_have_count(1)
    other.goto("/account")
    expect(other.get_by_text("Your login has ended.")).to_be_visible()
    log_in(other, "ada", LAST)
    other.get_by_role("button", name="Log out everywhere else").click()
    expect(other.get_by_role("status")).to_have_text("You are logged out everywhere else.")
    page.goto("/account")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_temporary_password_is_changed_first(page_of: Open) -> None:
    page = page_of()
    page.goto("/private")
    log_in(page, "grace", OLD)
    expect(page.get_by_role("alert")).to_have_text("Choose a password of your own to go on.")
    assert page.evaluate("document.activeElement.name") == "current"
    page.keyboard.type(OLD)
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    page.wait_for_url("**/private")
    expect(page.locator("body")).to_contain_text("grace")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(users: Users, page_of: Open, scheme: str) -> None:
    if not AXE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("axe-core is missing: `make axe` installs it")
        pytest.skip("axe-core is missing: `make axe` installs it")
    axe = AXE.read_text(encoding="utf-8")
    folder = os.environ.get("PICTURES")
    page = page_of(color_scheme=scheme, viewport={"width": 520, "height": 680})

    def look(state: str) -> None:
        page.evaluate(axe)
        # By night only the colors are others.
        only = "" if scheme == "light" else ", runOnly: ['color-contrast']"
        results = page.evaluate(f"axe.run(document, {{resultTypes: ['violations']{only}}})")
        assert results["violations"] == results["incomplete"] == [], state
        for width in (520, 320):
            page.set_viewport_size({"width": width, "height": 680})
            assert not page.evaluate("document.scrollingElement.scrollWidth > innerWidth"), state
            if folder is not None:
                page.screenshot(path=f"{folder}/{state}-{width}-{scheme}.png", full_page=True)

    token = token_of(users)
    page.goto(f"/login/invitation/{token}x")
    look("gone")
    page.goto(f"/login/invitation/{token}")
    assert page.evaluate("document.activeElement.name") == "new"
    look("invitation")
    type_new(page, NEW, OLD)
    page.get_by_role("button", name="Set password").click()
    for label in ("New password", "New password, once more"):
        field = page.get_by_label(label, exact=True)
        expect(field).to_have_attribute("aria-invalid", "true")
    look("invitation-fault")
    type_new(page, NEW)
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url("**/")
    other = page_of()
    other.goto("/account")
    log_in(other, "ada", NEW)
    page.goto("/account")
    look("account")
    page.get_by_label("Current password").fill("wrong")
    type_new(page, LAST)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_label("Current password")).to_have_attribute("aria-invalid", "true")
    look("account-wrong")
    page.get_by_label("Current password").fill(NEW)
    type_new(page, LAST)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status")).to_be_visible()
    look("account-changed")


@pytest.mark.parametrize("lang", ["de", "fr", "es"])
def test_nothing_scrolls_sideways(page_of: Open, lang: str) -> None:
    page = page_of(locale=lang, viewport={"width": 320, "height": 340})
    page.goto("/account")
    page.locator("#username").fill(LONG)
    page.locator("#password").fill(OLD)
    page.locator(".go").click()
    expect(page.locator(".facts")).to_contain_text(LONG)
    assert page.locator("html").get_attribute("lang") == lang
    assert not page.evaluate("document.scrollingElement.scrollWidth > innerWidth")
    assert element(page.content(), "h1").text
