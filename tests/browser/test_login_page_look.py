"""The login page in a real browser: how it looks, and what its script does.

A small server stands in for the app: it hands out the pages and their files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import serving
from dash_auth.logins.pages import (
    Card,
    Form,
    Link,
    LoginPage,
    Look,
    Note,
    Provider,
    Throttled,
    card,
    forbidden,
    headers,
    in_frame,
    log_out,
    log_out_form,
    login_page,
    no_cookie,
)
from markupsafe import escape
from playwright.sync_api import expect
from werkzeug import Request, Response

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"

PROVIDERS = [
    Provider(name, f"/to/{name}", name.lower())
    for name in ("Google", "Microsoft", "GitHub", "Okta", "Auth0", "Keycloak", "Corporate SSO")
]


def shown(**changes: Any) -> LoginPage:
    return LoginPage("/login", "/login", **{"remember_days": 30, **changes})


STATES = {
    "idle": shown(),
    "error": shown(name="alice", note=Note.WRONG),
    "throttled": shown(name="alice", note=Throttled(32)),
    "logged-out": shown(note=Note.LOGGED_OUT),
    "unavailable": shown(name="alice", note=Note.UNAVAILABLE),
    "providers": shown(providers=PROVIDERS, has_form=False),
    "providers-and-form": shown(providers=PROVIDERS[:2], target="/a", proof="p"),
}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung@example.com"
CARDS: dict[str, Card] = {
    "forbidden": forbidden("/login", LONG, log_out_form("/logout", "p")),
    "log-out": log_out("/login", "alice", log_out_form("/logout", "p"), "/"),
    "no-cookie": no_cookie("/login", "/login", is_insecure=True, is_framed=False),
    "in-frame": in_frame("/login", "/"),
    "long": Card(LONG, LONG, "/login", LONG, Form("/", LONG), Link("/", LONG)),
}
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><path d="M0 40 20 0l20 40z" fill="#0b6e4f"/>
<text x="46" y="30" font-family="sans-serif" font-size="26" fill="#0b6e4f">acme</text><script>fetch("/stolen")</script></svg>"""
MESSAGE = "Trouble logging in? Write to data@acme.com"
LOOKS = {
    "plain": Look(title="Sales dashboard", message=MESSAGE),
    "long": Look(title=LONG, message=LONG),
    "acme": Look(
        title="Acme",
        logo="acme.svg",
        color="#ffe600",
        message=MESSAGE,
        read_logo=lambda _: SVG.encode(),
    ),
}


def stand_in(environ: dict[str, Any], start: Any) -> Any:
    """Answer as an app does: `/LOOK/STATE` is a page; what is posted is answered late, if asked."""
    request = Request(environ)
    first, _, name = request.path.strip("/").partition("/")
    if request.method == "POST":
        # With an icon of its own, so that the browser asks for no other.
        sent = escape(repr(sorted(request.form.items())))
        page = f"<link rel=icon href=/login/icon.svg><main>{sent}</main>"
        return Response(page, mimetype="text/html")(environ, start)
    if first == "login":
        look = LOOKS[request.cookies.get("look", "plain")]
        file = look.files[name]
        response = Response(
            file.content, headers=dict(file.headers), content_type=file.content_type
        )
        # The same address has another content in each look.
        response.headers["Cache-Control"] = "no-store"
        return response(environ, start)
    if first not in LOOKS:
        return Response("Not found", 404)(environ, start)
    language = request.headers.get("Accept-Language")
    if name in STATES:
        page = login_page(LOOKS[first], STATES[name], language)
    else:
        page = card(LOOKS[first], CARDS[name], language)
    response = Response(page, headers=headers(), mimetype="text/html")
    response.set_cookie("look", first)
    return response(environ, start)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(stand_in) as address:
        yield address


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Browser, address: str) -> Visit:
    """Give what opens a page, as a context: a browser that remembers nothing, and fails on errors."""

    @contextmanager
    def visiting(state: str, look: str = "plain", **options: Any) -> Iterator[Page]:
        clock = options.pop("clock", False)
        context = browser.new_context(base_url=address, **{"locale": "en", **options})
        context.set_default_timeout(15_000)
        try:
            page = context.new_page()
            found: list[str] = []
            page.on("pageerror", lambda error: found.append(f"uncaught: {error}"))
            # What a policy forbids is said here too, and what is not found.
            page.on("console", lambda message: found.append(message.text))
            page.on("request", lambda request: asked.append(request.url))
            asked: list[str] = []
            if clock:
                page.clock.install(time=0)
                page.clock.pause_at(1000)
            page.goto(f"/{look}/{state}")
            yield page
            assert found == []
            assert [url for url in asked if not url.startswith(address)] == []
        finally:
            context.close()

    return visiting


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.scrollingElement.scrollWidth > innerWidth"))


def focused(page: Page) -> str:
    """Return the name of what has the focus, or what it says."""
    script = "[document.activeElement].map(e => e.name || e.textContent.trim() || e.tagName)[0]"
    return str(page.evaluate(script)).splitlines()[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 520])
def test_pictures_of_each_state(visit: Visit, tmp_path: Path, width: int, scheme: str) -> None:
    # Twice the zoom is half the width.
    size = {"width": width, "height": 680}
    with visit("idle", viewport=size, color_scheme=scheme) as page:
        for state in STATES:
            page.goto(f"/plain/{state}")
            picture = page.screenshot(path=tmp_path / f"{state}-{width}-{scheme}.png")
            assert len(picture) > 5000
            assert not scrolls_sideways(page), state
    assert len(list(tmp_path.iterdir())) == 7


def test_nothing_scrolls_sideways_however_long_a_word_is(visit: Visit) -> None:
    with visit("providers-and-form", "long", viewport={"width": 320, "height": 340}) as page:
        assert not scrolls_sideways(page)
        for width in (320, 520):
            page.set_viewport_size({"width": width, "height": 340})
            page.goto("/long/long")
            assert not scrolls_sideways(page)


@pytest.mark.parametrize("lang", ["en", "de", "fr", "es"])
def test_nothing_scrolls_sideways_in_any_language(visit: Visit, lang: str) -> None:
    # 640 pixels at 200 % are 320.
    size = {"width": 320, "height": 340}
    with visit("idle", viewport=size, locale=lang) as page:
        for state in ["throttled", "providers-and-form", "forbidden", "no-cookie"]:
            page.goto(f"/acme/{state}")
            assert page.locator("html").get_attribute("lang") == lang
            assert not scrolls_sideways(page), state


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, scheme: str) -> None:
    if not AXE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("axe-core is missing: `make axe` installs it")
        pytest.skip("axe-core is missing: `make axe` installs it")
    axe = AXE.read_text(encoding="utf-8")
    branded = ["acme/providers", "acme/providers-and-form", "acme/forbidden"]
    with visit("idle", color_scheme=scheme) as page:
        for path in [*(f"plain/{state}" for state in [*STATES, *CARDS]), *branded]:
            page.goto(f"/{path}")
            page.evaluate(axe)
            # By night only the colors are others.
            only = "" if scheme == "light" else ", runOnly: ['color-contrast']"
            results = page.evaluate(f"axe.run(document, {{resultTypes: ['violations']{only}}})")
            assert results["violations"] == results["incomplete"] == [], path
            assert "color-contrast" in {rule["id"] for rule in results["passes"]}


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ("idle", "username"),
        ("logged-out", "username"),
        ("providers-and-form", "username"),
        ("error", "password"),
        ("throttled", "password"),
        ("unavailable", "password"),
        ("providers", "BODY"),
    ],
)
def test_the_focus_is_where_something_is_to_be_typed(visit: Visit, state: str, name: str) -> None:
    with visit(state) as page:
        if name == "BODY":
            assert page.evaluate("document.activeElement.tagName") == name
        else:
            assert focused(page) == name


def test_the_keyboard_goes_from_top_to_bottom(visit: Visit) -> None:
    with visit("providers-and-form") as page:
        order = [focused(page)]
        for _ in range(7):
            page.keyboard.press("Tab")
            order.append(focused(page))
        assert order == [
            "username",
            "password",
            "Show",
            "remember",
            "Log in",
            "Continue with Google",
            "Continue with Microsoft",
            "data@acme.com",
        ]


def test_what_went_wrong_is_said_with_the_fields(visit: Visit) -> None:
    with visit("error") as page:
        expect(page.get_by_role("alert")).to_have_text("The user name or password is wrong.")
        for label in ("User name", "Password"):
            field = page.get_by_label(label, exact=True)
            expect(field).to_have_attribute("aria-invalid", "true")
            expect(field).to_have_accessible_description("The user name or password is wrong.")
        expect(page.get_by_label("User name")).to_have_value("alice")
        expect(page.get_by_label("Password", exact=True)).to_have_value("")


def test_the_form_is_sent_as_it_is_filled_in(visit: Visit) -> None:
    with visit("providers-and-form", java_script_enabled=False) as page:
        expect(page.get_by_role("button", name="Show")).to_be_hidden()
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password", exact=True).fill("wonder land")
        page.get_by_label("Keep me logged in for 30 days").check()
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("main")).to_have_text(
            "[('next', '/a'), ('password', 'wonder land'), ('proof', 'p'), ('remember', '1'), "
            "('username', 'alice')]"
        )


def hold(page: Page) -> None:
    """Keep the form from being sent, as if the server took its time."""
    page.evaluate("document.forms[0].addEventListener('submit', (event) => event.preventDefault())")


def test_the_password_can_be_shown(visit: Visit) -> None:
    with visit("error") as page:
        password = page.get_by_label("Password", exact=True)
        password.fill("wonderland")
        page.get_by_role("button", name="Show password").click()
        expect(password).to_have_attribute("type", "text")
        assert focused(page) == "password"
        page.get_by_role("button", name="Hide password").click()
        expect(password).to_have_attribute("type", "password")
        page.get_by_role("button", name="Show password").click()
        # A browser keeps what is typed into fields that show it.
        hold(page)
        password.press("Enter")
        expect(password).to_have_attribute("type", "password")


def test_it_says_that_the_login_is_under_way(visit: Visit) -> None:
    with visit("error", clock=True) as page:
        hold(page)
        button = page.locator(".go")
        before = button.bounding_box()
        page.get_by_label("Password", exact=True).fill("wonderland")
        page.keyboard.press("Enter")
        expect(button).to_be_disabled()
        page.clock.run_for(299)
        expect(button).to_have_text("Log in")
        page.clock.run_for(2)
        expect(button).to_have_text("Logging in…")
        assert button.bounding_box() == before
        # A way that was broken off.
        page.clock.run_for(20_000)
        expect(button).to_be_enabled()
        expect(button).to_have_text("Log in")


def test_a_page_that_the_browser_has_kept_is_as_new(visit: Visit) -> None:
    with visit("error", clock=True) as page:
        hold(page)
        page.get_by_label("Password", exact=True).fill("wonderland")
        page.keyboard.press("Enter")
        page.clock.run_for(400)
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        expect(page.locator(".go")).to_be_enabled()
        expect(page.locator(".go")).to_have_text("Log in")
        expect(page.get_by_label("Password", exact=True)).to_have_value("")
        page.clock.run_for(400)
        expect(page.locator(".go")).to_have_text("Log in")


def test_the_next_attempt_is_counted_down_to(visit: Visit) -> None:
    with visit("throttled", clock=True) as page:
        button, note = page.locator(".go"), page.locator("#note")
        seen, said = note.locator("[aria-hidden]"), page.get_by_role("alert")
        first = "Too many attempts. Try again in 32 seconds."
        expect(seen).to_have_text(first)
        expect(button).to_be_disabled()
        # What a screen reader says, each time that it changes.
        page.evaluate(
            "window.heard = []; new MutationObserver(() => heard.push(1)).observe("
            "document.querySelector('[role=alert]'), {subtree: true, childList: true, characterData: true})"
        )
        page.clock.run_for(1_000)
        expect(seen).to_have_text("Too many attempts. Try again in 31 seconds.")
        page.clock.run_for(30_000)
        expect(seen).to_have_text("Too many attempts. Try again in 1 second.")
        expect(said).to_have_text(first)
        assert page.evaluate("heard.length") == 0
        expect(button).to_be_disabled()
        # What the browser has kept meanwhile waits too.
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        expect(button).to_be_disabled()
        page.clock.run_for(1_000)
        expect(button).to_be_enabled()
        expect(seen).to_have_text("You can try again now.")
        expect(said).to_have_text("You can try again now.")
        assert page.evaluate("heard.length") == 1


def test_with_no_script_the_next_attempt_is_the_servers_to_refuse(visit: Visit) -> None:
    with visit("throttled", java_script_enabled=False) as page:
        expect(page.get_by_role("button", name="Log in")).to_be_enabled()
        expect(page.get_by_role("alert")).to_have_text(
            "Too many attempts. Try again in 32 seconds."
        )


def test_a_logo_is_shown_and_no_script_in_it_runs(visit: Visit) -> None:
    with visit("idle", "acme") as page:
        logo = page.locator("img.logo")
        assert logo.evaluate("image => image.complete && image.naturalWidth > 0")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        # Opened by itself it is a document, in which a script would run.
        source = logo.get_attribute("src")
        page.evaluate("url => { document.body.dataset.svg = url }", source)
        other = page.context.new_page()
        other.on("request", lambda request: asked.append(request.url))
        response = other.goto(str(source))
        assert response is not None
        assert response.status == 200
        assert other.evaluate("document.documentElement.tagName") == "svg"
        assert not any("stolen" in url for url in asked)


def test_a_card_posts_its_form(visit: Visit) -> None:
    with visit("forbidden") as page:
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("main")).to_have_text("[('proof', 'p')]")
