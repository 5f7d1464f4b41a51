"""The page on which administrators manage users, in a real browser with no script."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from managed import ADA, PASSWORD, account, managed_app, store_of
from playwright.sync_api import expect
from stores import MemoryStore
from writable import MemoryUsers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung@example.com"


@pytest.fixture
def store() -> MemoryUsers:
    return store_of(
        account("bob", disabled=True, full_name="Bob Builder"),
        account("eve", "sales", "a group of a rather long name", "x", "y", "z", must_change=True),
        account("grace", "navy", full_name="Grace Hopper", email="grace@navy.example"),
        account(LONG, LONG, full_name=LONG, email=LONG),
        *(account(f"user{number:02}") for number in range(60)),
    )


Open = Callable[..., "Page"]


@pytest.fixture
def opened(browser: Browser, serve: Callable[..., str], store: MemoryUsers) -> Iterator[Open]:
    """Give what logs a user in, in a browser of its own that runs no script of a page."""
    address = serve(managed_app(store, sessions=MemoryStore(), title="Sales dashboard"))
    contexts = []

    def log_in(name: str = ADA, password: str = PASSWORD, **options: object) -> Page:
        context = browser.new_context(base_url=address, **{"locale": "en", **options})  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto("/login?next=/users")
        page.locator("#username").fill(name)
        page.locator("#password").fill(password)
        page.locator(".go").click()
        page.wait_for_url("**users")
        return page

    said: list[str] = []
    yield log_in
    for context in contexts:
        context.close()
    # What a policy forbids is said there, and that a page was refused.
    assert [text for text in said if "403" not in text] == []


def of_user(page: Page, name: str) -> None:
    page.locator("summary", has_text=name).click()


def test_a_user_is_added_logs_in_and_is_disabled(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    page.get_by_text("Add a user").click()
    page.get_by_label("User name").fill("newcomer")
    page.get_by_label("Full name").fill("Newly Come")
    page.get_by_label("Groups", exact=False).first.fill("sales, navy")
    page.get_by_label("With a temporary password").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading")).to_have_text("newcomer was added")
    password = page.locator("code").inner_text()
    other = opened("newcomer", password)
    # It opens nothing else before it is changed.
    expect(other.get_by_role("heading", level=1)).to_have_text("Your account")
    other.locator("#current").fill(password)
    for field in ("#new", "#again"):
        other.locator(field).fill("an engine of differences")
    other.locator("form .go").first.click()
    other.goto("/users")
    expect(other.get_by_role("heading")).to_have_text("You have no access")
    page.get_by_role("link", name="Back to the users").click()
    page.get_by_label("Search for a user").fill("newly")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".name")).to_have_text(["newcomer"])
    of_user(page, "newcomer")
    expect(page.get_by_label("Groups", exact=False).last).to_have_value("sales, navy")
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status")).to_have_text("The user is disabled.")
    # The list is where it was.
    expect(page.locator(".name")).to_have_text(["newcomer"])
    other.goto("/users")
    expect(other.get_by_label("User name")).to_be_visible()
    of_user(page, "newcomer")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading")).to_have_text("Remove newcomer?")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_have_text("The user is removed.")
    expect(page.locator(".none")).to_have_text("No user was found.")


def test_enter_in_the_field_of_groups_saves_them(opened: Open, store: MemoryUsers) -> None:
    page = opened(java_script_enabled=False)
    of_user(page, "grace")
    field = page.locator("li", has_text="Grace Hopper").get_by_label("Groups", exact=False)
    field.fill("navy, research")
    field.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The groups are saved.")
    assert store.rows["grace"].groups == ["navy", "research"]


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.scrollingElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened: Open, scheme: str) -> None:
    if not AXE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("axe-core is missing: `make axe` installs it")
        pytest.skip("axe-core is missing: `make axe` installs it")
    axe = AXE.read_text(encoding="utf-8")

    def look_at(page: Page, what: str) -> None:
        page.evaluate(axe)
        # By night only the colors are others.
        only = "" if scheme == "light" else ", runOnly: ['color-contrast']"
        results = page.evaluate(f"axe.run(document, {{resultTypes: ['violations']{only}}})")
        assert results["violations"] == results["incomplete"] == [], what

    page = opened(color_scheme=scheme, viewport={"width": 900, "height": 900})
    look_at(page, "list")
    page.get_by_text("Add a user").click()
    of_user(page, "eve")
    look_at(page, "forms")
    page.get_by_role("button", name="Password link").click()
    page.wait_for_load_state()
    look_at(page, "link")
    page.get_by_role("link", name="Back to the users").click()
    of_user(page, "grace")
    page.get_by_role("button", name="Disable").click()
    look_at(page, "note")
    of_user(page, "grace")
    page.get_by_role("button", name="Remove").click()
    look_at(page, "question")


@pytest.mark.parametrize("lang", ["de", "fr", "es"])
def test_nothing_scrolls_sideways_on_a_phone(opened: Open, lang: str) -> None:
    page = opened(viewport={"width": 320, "height": 640}, locale=lang)
    assert page.locator("html").get_attribute("lang") == lang
    assert not scrolls_sideways(page)
    page.locator(".add summary").click()
    of_user(page, LONG)
    assert page.locator("details[open]").count() == 2
    assert not scrolls_sideways(page)
    page.locator("details[open] button[value=invite]").click()
    expect(page.locator("code")).to_be_visible()
    assert not scrolls_sideways(page)
