"""OIDCAuth in a real browser: provider and app on two sites, as in life."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import running
from oidc.mock_provider import Provider, providing
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EXAMPLE = Path(__file__).parents[2] / "examples" / "oidc" / "app.py"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing(pkce=True) as provider:
        provider.has("alice", email="alice@example.com", email_verified=True, groups=["admin"])
        provider.has("bob", email="bob@example.com", email_verified=True)
        yield provider


@pytest.fixture(scope="module", params=["flask", "quart", "fastapi"])
def address(
    request: pytest.FixtureRequest, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    script = tmp_path_factory.mktemp(request.param) / "app.py"
    app = f'Dash(__name__, backend="{request.param}")'
    script.write_text(EXAMPLE.read_text().replace("Dash(__name__)", app))
    environment = {
        "SECRET_KEY": "the key of a test",
        "OIDC_CLIENT_ID": "the-client",
        "OIDC_CLIENT_SECRET": "the-client-secret",
        "OIDC_METADATA_URL": provider.metadata_url,
    }
    with running(script, **environment) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def log_in(page: Page, provider: Provider, sub: str) -> None:
    expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()
    assert page.url.startswith(provider.address)
    page.get_by_placeholder("sub").fill(sub)
    page.get_by_role("button", name="Authorize").click()


def test_log_in_use_the_app_log_out(page: Page, provider: Provider, address: str) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/reports/2026?a=1")
    log_in(page, provider, "alice")
    expect(page.get_by_text("You are logged in as alice@example.com.")).to_be_visible()
    assert page.url == f"{address}/reports/2026?a=1"
    expect(page.get_by_text("You are at /reports/2026?a=1")).to_be_visible()
    expect(page.get_by_text("The secret of the admins.")).to_be_visible()
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("Counted 1")).to_be_visible()
    # The login alone: what waited in the session for the callback is over.
    (cookie,) = page.context.cookies(address)
    assert cookie["name"].startswith("dash_auth_")
    assert (cookie["sameSite"], cookie["httpOnly"]) == ("Lax", True)
    assert complaints == []

    page.get_by_role("link", name="Log out").click()
    expect(page.get_by_text("Logged out successfully")).to_be_visible()
    page.get_by_role("link", name="Go back").click()
    log_in(page, provider, "bob")
    expect(page.get_by_text("You are logged in as bob@example.com.")).to_be_visible()
    expect(page.get_by_text("Only for admins.")).to_be_visible()


def test_a_session_that_ends_leaves_the_page_where_it_is(
    page: Page, provider: Provider, address: str
) -> None:
    page.goto(address)
    log_in(page, provider, "alice")
    expect(page.get_by_text("Counted 0")).to_be_visible()
    page.context.clear_cookies()
    with page.expect_response("**/_dash-update-component*") as answer:
        page.get_by_role("button", name="Count").click()
    assert answer.value.status == 401
    expect(page.get_by_text("Counted 0")).to_be_visible()
    assert page.context.cookies(address) == []
    page.reload()
    log_in(page, provider, "alice")
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("Counted 1")).to_be_visible()


def test_another_site_logs_nobody_out(page: Page, provider: Provider, address: str) -> None:
    page.goto(address)
    log_in(page, provider, "alice")
    expect(page.get_by_text("You are logged in as alice@example.com.")).to_be_visible()
    # From the provider's site, which is not the app's.
    page.goto(provider.address)
    for load in ("fetch(url, {mode: 'no-cors', credentials: 'include'})", "embed(url)"):
        page.evaluate(
            """async ([url, load]) => {
                const embed = (url) => new Promise((done) => {
                    const frame = document.createElement("iframe");
                    frame.onload = done;
                    frame.src = url;
                    document.body.append(frame);
                });
                await eval(load);
            }""",
            [f"{address}/oidc/logout", load],
        )
    page.goto(address)
    expect(page.get_by_text("You are logged in as alice@example.com.")).to_be_visible()
    page.goto(provider.address)
    page.evaluate("(url) => { location.href = url }", f"{address}/oidc/logout")
    expect(page.get_by_text("Log out?")).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("You are logged in as alice@example.com.")).to_be_visible()
    page.goto(provider.address)
    page.evaluate("(url) => { location.href = url }", f"{address}/oidc/logout")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("Logged out successfully")).to_be_visible()


def test_each_of_five_tabs_ends_in_the_app(page: Page, provider: Provider, address: str) -> None:
    tabs = [page, *(page.context.new_page() for _ in range(4))]
    for number, tab in enumerate(tabs):
        tab.goto(f"{address}/reports/{number}")
        expect(tab.get_by_role("heading", name="Authorize Client")).to_be_visible()
    for number in (2, 0, 4, 1, 3):
        log_in(tabs[number], provider, "alice")
        expect(tabs[number].get_by_text(f"You are at /reports/{number}")).to_be_visible()
        assert tabs[number].url == f"{address}/reports/{number}"


def test_back_and_reload_of_the_redirect_uri(page: Page, provider: Provider, address: str) -> None:
    with page.expect_request("**/callback?*") as callback:
        page.goto(address)
        log_in(page, provider, "alice")
    expect(page.get_by_text("You are logged in as alice@example.com.")).to_be_visible()
    page.goto(callback.value.url)
    expect(page.get_by_text("You are logged in as alice@example.com.")).to_be_visible()
    page.context.clear_cookies()
    page.goto(callback.value.url)
    page.get_by_role("link", name="Log in").click()
    log_in(page, provider, "bob")
    expect(page.get_by_text("You are logged in as bob@example.com.")).to_be_visible()
