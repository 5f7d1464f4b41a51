"""What an open dashboard does in a real browser when its login ends, or another user comes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import new_app
from attacks.http import ALICE, BOB, USERS
from attacks.servers import BACKENDS, running
from conftest import CHROMIUM, CHROMIUM_FLAGS
from dash import Dash, Input, Output, dcc, html, page_container, register_page
from dash_auth.logins.oidc.session import ProviderSession
from oidc.apps import register
from oidc.mock_provider import Provider, providing
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

KEY = "a key that is long enough"
ENDED, PLEASE = "Your login has ended.", "Please log in."


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing(pkce=True) as provider:
        provider.has("alice", email="alice@example.com", email_verified=True)
        provider.has("bob", email="bob@example.com", email_verified=True)
        yield provider


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Give `visit(**options)`: a page of a browser that remembers nothing."""
    contexts: list[BrowserContext] = []

    def page(**options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(10_000)
        return contexts[-1].new_page()

    yield page
    for context in contexts:
        context.close()


@contextlib.contextmanager
def served(app: Dash) -> Iterator[str]:
    with running(app.server, apps.backend) as site:
        yield f"http://127.0.0.1:{site.port}"


def site(interval: int = 0, **options: Any) -> Dash:
    """Return an app with a public start page, and a private page with a counter."""
    app = new_app("open", use_pages=True, pages_folder="", **options)
    links = [
        dcc.Link(name, href=path, id=f"to-{name}")
        for name, path in (
            ("home", "/"),
            ("inside", "/inside?a=1"),
            ("logout", "/oidc/logout"),
            ("login", "/_dash-auth/login"),
        )
    ]
    # Below the banner, which covers what is at the top.
    app.layout = html.Div([html.Nav(links), page_container], style={"paddingTop": "64px"})
    parts = [
        html.H1("Inside"),
        html.P(id="who"),
        html.Button("count", id="count"),
        html.P(id="counted"),
    ]
    if interval:
        parts.append(dcc.Interval(id="tick", interval=interval))
        app.callback(Output("ticked", "children"), Input("tick", "n_intervals"))(str)
        parts.append(html.P(id="ticked"))
    register_page(
        "home",
        path="/",
        layout=html.Div([html.H1("Home"), html.Button("private", id="ask"), html.P(id="asked")]),
    )
    register_page("inside", path="/inside", layout=html.Div(parts))
    app.callback(Output("counted", "children"), Input("count", "n_clicks"))(
        lambda clicks: f"Counted {clicks or 0}"
    )
    app.callback(Output("asked", "children"), Input("ask", "n_clicks"), prevent_initial_call=True)(
        lambda clicks: f"Asked {clicks}"
    )
    app.callback(Output("who", "children"), Input("who", "id"))(
        lambda _: f"You are {dash_auth.current_user()}"
    )
    return app


def through(provider: Provider, app: Dash, **options: Any) -> dash_auth.OIDCAuth:
    auth = dash_auth.OIDCAuth(app, KEY, public_routes=["/"], **options)
    register(auth, provider)
    return auth


def log_in(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()
    page.get_by_placeholder("sub").fill(name)
    page.get_by_role("button", name="Authorize").click()


def banner(page: Page) -> Any:
    return page.get_by_role("alert")


def test_a_login_that_ends_shows_one_banner_that_leads_back(
    visit: Callable[..., Page], provider: Provider
) -> None:
    app = site(interval=200)
    through(provider, app)
    with served(app) as url:
        page = visit()
        page.goto(f"{url}/inside?a=1")
        log_in(page, "alice")
        expect(page.get_by_text("You are alice@example.com")).to_be_visible()
        expect(banner(page)).to_have_count(0)
        page.context.clear_cookies()
        page.context.add_cookies([{"name": "other", "value": "x", "url": url}])
        expect(banner(page)).to_have_count(1)
        expect(banner(page)).to_contain_text(PLEASE)
        page.locator("dash-auth-banner").evaluate("bar => { bar.first = true; }")
        refused(page, "count")
        refused(page, "count")
        expect(page.get_by_text("Counted 0")).to_be_visible()
        # Read out once: it is the very same.
        expect(banner(page)).to_have_count(1)
        assert page.locator("dash-auth-banner").evaluate("bar => bar.first")
        box = page.locator("dash-auth-banner").bounding_box()
        assert box is not None and (box["y"], box["height"]) == (0, 48)
        page.get_by_role("button", name="Log in").click()
        log_in(page, "alice")
        expect(page.get_by_text("You are alice@example.com")).to_be_visible()
        assert page.url == f"{url}/inside?a=1"
        expect(banner(page)).to_have_count(0)


def test_a_link_to_a_private_page_leads_to_the_login_and_there(
    visit: Callable[..., Page], provider: Provider
) -> None:
    app = site()
    through(provider, app)
    with served(app) as url:
        page = visit()
        page.goto(url)
        page.locator("#to-inside").click()
        log_in(page, "alice")
        expect(page.get_by_text("You are alice@example.com")).to_be_visible()
        assert page.url == f"{url}/inside?a=1"
        page.go_back()
        page.go_back()
        expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_a_link_to_the_routes_of_the_login_is_followed(
    visit: Callable[..., Page], provider: Provider
) -> None:
    app = site()
    through(provider, app)
    with served(app) as url:
        page = visit()
        page.goto(url)
        page.locator("#to-login").click()
        log_in(page, "alice")
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        page.locator("#to-inside").click()
        expect(page.get_by_text("You are alice@example.com")).to_be_visible()
        page.locator("#to-logout").click()
        expect(page.get_by_text("Logged out successfully")).to_be_visible()
        page.goto(f"{url}/inside")
        expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()


def test_a_login_that_holds_no_longer_has_ended(
    visit: Callable[..., Page], provider: Provider
) -> None:
    app = site()
    auth = through(provider, app)
    with served(app) as url:
        page = visit(locale="de-AT", color_scheme="dark")
        page.goto(f"{url}/inside")
        log_in(page, "alice")
        expect(page.get_by_text("You are alice@example.com")).to_be_visible()
        end_sessions(auth)
        page.get_by_role("button", name="count").click()
        expect(banner(page)).to_contain_text("Ihre Anmeldung ist abgelaufen.")
        expect(page.get_by_text("Counted 0")).to_be_visible()
        bar = page.locator("dash-auth-banner div")
        assert bar.evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(27, 32, 48)"
        # By keyboard alone, back from the button to what stands before the app.
        focused = "document.activeElement.shadowRoot?.activeElement?.textContent"
        for _ in range(8):
            page.keyboard.press("Shift+Tab")
            if page.evaluate(focused) == "Erneut anmelden":
                break
        page.keyboard.press("Enter")
        log_in(page, "bob")
        expect(page.get_by_text("You are bob@example.com")).to_be_visible()
        assert page.url == f"{url}/inside"


def end_sessions(auth: dash_auth.OIDCAuth) -> None:
    """Have no ticket hold that was issued before."""
    auth._dash_auth_server.set_secret_keys(["another key that is long enough"])


def test_a_banner_that_was_closed_stays_away_for_a_while(
    visit: Callable[..., Page], provider: Provider
) -> None:
    app = site()
    auth = through(provider, app)
    with served(app) as url:
        page = visit()
        page.clock.install()
        page.goto(f"{url}/inside")
        log_in(page, "alice")
        expect(page.get_by_text("Counted 0")).to_be_visible()
        end_sessions(auth)
        refused(page, "count")
        page.get_by_role("button", name="Close").click()
        expect(banner(page)).to_have_count(0)
        refused(page, "count")
        expect(banner(page)).to_have_count(0)
        page.clock.fast_forward(61_000)
        refused(page, "count")
        expect(banner(page)).to_contain_text(ENDED)


def refused(page: Page, name: str) -> None:
    """Press a button whose callback is refused."""
    with page.expect_response("**/_dash-update-component*") as answer:
        page.get_by_role("button", name=name).click()
    assert answer.value.status == 401


def test_an_app_may_do_without_the_banner(visit: Callable[..., Page], provider: Provider) -> None:
    app = site()
    auth = through(provider, app, session_banner=False)
    with served(app) as url:
        page = visit()
        page.goto(f"{url}/inside")
        log_in(page, "alice")
        expect(page.get_by_text("Counted 0")).to_be_visible()
        end_sessions(auth)
        refused(page, "count")
        refused(page, "count")
        page.locator("#to-home").click()
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        expect(banner(page)).to_have_count(0)
        page.locator("#to-inside").click()
        expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()


def test_a_policy_that_forbids_the_script_breaks_nothing(
    visit: Callable[..., Page], provider: Provider
) -> None:
    app = site()
    auth = through(provider, app)
    policy = {"value": "script-src 'unsafe-inline' 'unsafe-eval' HOST/_dash-component-suites/"}
    if apps.backend == "flask":

        @app.server.after_request
        def state(answer: Any) -> Any:
            answer.headers["Content-Security-Policy"] = policy["value"]
            return answer

    with served(app) as url:
        policy["value"] = policy["value"].replace("HOST", url)
        page = visit()
        page.goto(f"{url}/inside")
        log_in(page, "alice")
        expect(page.get_by_text("Counted 0")).to_be_visible()
        page.get_by_role("button", name="count").click()
        expect(page.get_by_text("Counted 1")).to_be_visible()
        assert page.evaluate("String(window.fetch)").endswith("{ [native code] }")
        # And one that names it lets it show what it has to, styles too.
        policy["value"] += f" {url}/_dash-auth/; style-src 'self'"
        page.reload()
        expect(page.get_by_text("Counted 0")).to_be_visible()
        end_sessions(auth)
        refused(page, "count")
        expect(banner(page)).to_contain_text(ENDED)
        box = page.locator("dash-auth-banner").bounding_box()
        assert box is not None and box["height"] == 48


# Basic


def dialogs(page: Page, user: tuple[str, str] | None = None) -> list[str]:
    """Answer the browser's dialog: with a user once, after that by cancelling it.

    :param page: the page
    :param user: name and password, None to cancel it from the first on
    :return: a list to which the answer of each is added
    """
    answers: list[str] = []
    session = page.context.new_cdp_session(page)

    def answer(event: dict[str, Any]) -> None:
        response = {"response": "CancelAuth"}
        if user is not None and not answers:
            given = {"username": user[0], "password": user[1]}
            response = {"response": "ProvideCredentials", **given}
        answers.append(response["response"])
        session.send(
            "Fetch.continueWithAuth",
            {"requestId": event["requestId"], "authChallengeResponse": response},
        )

    session.on("Fetch.authRequired", answer)
    session.on(
        "Fetch.requestPaused",
        lambda event: session.send("Fetch.continueRequest", {"requestId": event["requestId"]}),
    )
    session.send("Fetch.enable", {"handleAuthRequests": True})
    return answers


def test_an_interval_opens_the_dialog_once(visit: Callable[..., Page]) -> None:
    users = dict(USERS)
    app = site(interval=50)
    dash_auth.BasicAuth(app, users, public_routes=["/"])
    with served(app) as url:
        page = visit()
        answers = dialogs(page, ALICE)
        page.goto(f"{url}/inside")
        expect(page.get_by_text("You are alice")).to_be_visible()
        expect(page.locator("#ticked")).to_have_text(re.compile(r"\d"))
        # Each call of the renderer's from now on.
        page.evaluate(
            """() => {
                const fetch = window.fetch;
                window.calls = window.failed = window.done = 0;
                window.fetch = (...given) => {
                    window.calls += 1;
                    const made = fetch(...given);
                    made.then(() => { window.done += 1; }, () => { window.failed += 1; });
                    return made;
                };
            }"""
        )
        users.clear()
        expect(banner(page)).to_contain_text(PLEASE)
        # More than are held: the rest fail. Dash itself asks no more before an answer came.
        page.evaluate(
            """() => {
                for (let i = 0; i < 25; i++)
                    fetch("/_dash-update-component", {method: "POST", body: '{"output":"x.y"}'});
            }"""
        )
        page.wait_for_function("window.failed >= 5")
        assert page.evaluate("window.calls - window.done - window.failed") == 20
        # One more tick may have been on its way before the first came back.
        assert answers[0] == "ProvideCredentials"
        assert answers[1:] in (["CancelAuth"], ["CancelAuth"] * 2)
        answers.clear()
        users.update(USERS)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("You are alice")).to_be_visible()
        assert page.url == f"{url}/inside"


def test_a_held_request_ends_with_its_signal(visit: Callable[..., Page]) -> None:
    app = site()
    users = dict(USERS)
    dash_auth.BasicAuth(app, users)
    with served(app) as url:
        page = visit(http_credentials=dict(zip(("username", "password"), ALICE, strict=True)))
        page.goto(f"{url}/inside")
        expect(page.get_by_text("You are alice")).to_be_visible()
        users.clear()
        page.get_by_role("button", name="count").click()
        expect(banner(page)).to_have_count(1)
        names = page.evaluate(
            """async () => {
                const abort = new AbortController();
                const asked = [...Array(20)].map(() => fetch("/_dash-layout", {signal: abort.signal}));
                const names = [await fetch("/_dash-layout").catch((error) => error.name)];
                abort.abort();
                for (const one of asked) names.push(await one.catch((error) => error.name));
                const again = new AbortController();
                const later = fetch("/_dash-layout", {signal: again.signal});
                again.abort();
                names.push(await later.catch((error) => error.name));
                return names;
            }"""
        )
        assert names == ["TypeError", *["AbortError"] * 21]


def test_what_is_public_goes_on_after_a_dialog_was_cancelled(visit: Callable[..., Page]) -> None:
    app = site()
    dash_auth.BasicAuth(app, dict(USERS), public_routes=["/"])
    dash_auth.public_callback(Output("to-home", "title"), Input("to-home", "n_clicks"))(str)
    register_page(
        "free", path="/free", layout=html.Div([html.Button("free", id="free"), html.P(id="freed")])
    )
    dash_auth.public_callback(Output("freed", "children"), Input("free", "n_clicks"))(
        lambda clicks: f"Freed {clicks or 0}"
    )
    dash_auth.add_public_routes(app, ["/free"])
    with served(app) as url:
        page = visit()
        answers = dialogs(page)
        page.goto(url)
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        refused(page, "private")
        expect(banner(page)).to_contain_text(PLEASE)
        # The same again is held: it would open the dialog again.
        page.get_by_role("button", name="private").click()
        page.evaluate("history.pushState({}, '', '/free')")
        page.evaluate("dispatchEvent(new CustomEvent('_dashprivate_pushstate'))")
        page.get_by_role("button", name="free").click()
        expect(page.get_by_text("Freed 1")).to_be_visible()
        assert answers == ["CancelAuth"]
        # A link to what is private shows the banner and goes nowhere: the browser has asked.
        page.get_by_role("button", name="Close").click()
        with page.expect_response("**/_dash-update-component*"):
            page.locator("#to-inside").click()
        expect(page.get_by_role("heading", name="Inside")).to_have_count(0)
        assert page.url == f"{url}/inside?a=1"
        assert answers == ["CancelAuth"] * 2
        # And links to what is public lead there as before.
        page.locator("#to-home").click()
        expect(page.get_by_role("heading", name="Home")).to_be_visible()


# What is busy, and what is throttled


def refuse(page: Page, times: int, status: int, word: str, seconds: str) -> list[str]:
    """Have callbacks refused so many times, and return a list of what is asked."""
    asked: list[str] = []
    headers = {"Dash-Auth": word, "Retry-After": seconds}

    def answer(route: Route) -> None:
        asked.append(route.request.post_data or "")
        if len(asked) <= times:
            route.fulfill(status=status, headers=headers, body="later")
        else:
            route.continue_()

    page.route("**/_dash-update-component*", answer)
    return asked


def inside(visit: Callable[..., Page], url: str) -> Page:
    page = visit(http_credentials=dict(zip(("username", "password"), ALICE, strict=True)))
    page.goto(f"{url}/inside")
    expect(page.get_by_text("Counted 0")).to_be_visible()
    return page


def test_a_busy_server_is_asked_again(visit: Callable[..., Page]) -> None:
    app = site()
    dash_auth.BasicAuth(app, dict(USERS))
    with served(app) as url:
        page = inside(visit, url)
        asked = refuse(page, 3, 503, "busy", "0")
        page.get_by_role("button", name="count").click()
        expect(banner(page)).to_contain_text("The server is busy.")
        expect(page.get_by_text("Counted 1")).to_be_visible()
        expect(banner(page)).to_have_count(0)
        assert len(asked) == 4 and len(set(asked)) == 1

        page.unroute_all()
        asked = refuse(page, 9, 503, "busy", "0")
        body = "{method: 'POST', body: '{}'}"
        last = page.evaluate(f"async () => (await fetch('/_dash-update-component', {body})).status")
        assert (last, len(asked)) == (503, 4)
        expect(banner(page)).to_contain_text("The server is busy.")
        page.unroute_all()
        page.get_by_role("button", name="count").click()
        expect(page.get_by_text("Counted 2")).to_be_visible()
        expect(banner(page)).to_have_count(0)


def test_a_503_of_the_apps_own_is_handed_on(visit: Callable[..., Page]) -> None:
    app = site()
    dash_auth.BasicAuth(app, dict(USERS))
    with served(app) as url:
        page = inside(visit, url)
        asked: list[int] = []

        def answer(route: Route) -> None:
            asked.append(1)
            route.fulfill(status=503, body="ours is down", headers={"Retry-After": "0"})

        page.route("**/_dash-update-component*", answer)
        said = page.evaluate(
            """async () => {
                const one = await fetch("/_dash-update-component", {method: "POST", body: "{}"});
                return [one instanceof Response, one.bodyUsed, await one.text()];
            }"""
        )
        assert said == [True, False, "ours is down"] and asked == [1]
        expect(banner(page)).to_have_count(0)


def test_who_guesses_too_often_is_told_for_how_long(visit: Callable[..., Page]) -> None:
    app = site()
    dash_auth.BasicAuth(app, dict(USERS))
    with served(app) as url:
        page = inside(visit, url)
        asked = refuse(page, 1, 429, "throttled", "7")
        page.get_by_role("button", name="count").click()
        expect(banner(page)).to_contain_text("Too many attempts. Try again in 7 s.")
        assert len(asked) == 1


# Who is there


def test_a_page_that_is_gone_back_to_shows_nothing_of_another_user(
    playwright_with_bfcache: Any,
) -> None:
    import flask

    class Own(dash_auth.auth.Auth):
        def is_authorized(self) -> bool:
            name = flask.request.cookies.get("who")
            flask.session["user"] = {"email": name}
            return name is not None

        def login_request(self) -> Any:
            return "Who are you?", 401

    app = Dash("back", assets_folder="no-assets")
    app.layout = lambda: html.P(f"You are {dash_auth.current_user()}", id="who")
    app.server.secret_key = KEY
    Own(app, public_routes=["/other"])
    app.server.add_url_rule("/other", "other", lambda: "<p>another page</p>")

    @app.server.after_request
    def may_be_kept(answer: Any) -> Any:
        # A page that is not to be stored is not kept by Chromium either.
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    with running(app.server, "flask") as site:
        url = f"http://127.0.0.1:{site.port}"
        for after, shown, is_kept in [
            ("alice", "You are alice", True),
            ("bob", "You are bob", False),
            (None, "Who are you?", False),
        ]:
            context = playwright_with_bfcache.new_context()
            page = context.new_page()
            page.add_init_script(
                "addEventListener('pageshow', (e) => { window.restored = e.persisted; })"
            )
            context.add_cookies([{"name": "who", "value": "alice", "url": url}])
            page.goto(url)
            expect(page.get_by_text("You are alice")).to_be_visible()
            page.evaluate("window.mine = 1")
            page.goto(f"{url}/other")
            context.clear_cookies()
            if after is not None:
                context.add_cookies([{"name": "who", "value": after, "url": url}])
            with page.expect_response(f"{url}/_dash-auth/touch"):
                page.evaluate("history.back()")
            expect(page.get_by_text(shown)).to_be_visible()
            assert page.evaluate("[window.mine === 1, window.restored]") == [is_kept, is_kept]
            if after != "alice":
                expect(page.get_by_text("You are alice")).to_have_count(0)
            context.close()


@pytest.fixture
def playwright_with_bfcache(browser: Browser) -> Iterator[Browser]:
    """Give a Chromium that keeps pages to go back to, as it does for people."""
    launched = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=CHROMIUM_FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield launched
    launched.close()


def test_a_tab_of_the_user_before_shows_the_one_after(
    visit: Callable[..., Page], provider: Provider
) -> None:
    app = site()
    through(provider, app)
    with served(app) as url:
        page = visit()
        page.goto(f"{url}/inside")
        log_in(page, "alice")
        expect(page.get_by_text("You are alice@example.com")).to_be_visible()
        other = page.context.new_page()
        other.goto(f"{url}/oidc/logout")
        other.get_by_role("button", name="Log out").click()
        expect(other.get_by_text("Logged out successfully")).to_be_visible()
        look = "document.dispatchEvent(new Event('visibilitychange'))"
        with page.expect_response("**/_dash-auth/touch"):
            page.evaluate(look)
        # Nobody else is there yet: what the user was at stays.
        expect(page.get_by_text("You are alice@example.com")).to_be_visible()
        other.goto(f"{url}/inside")
        log_in(other, "bob")
        expect(other.get_by_text("You are bob@example.com")).to_be_visible()
        page.evaluate(look)
        expect(page.get_by_text("You are bob@example.com")).to_be_visible()


def test_who_uses_the_page_says_so_once_a_minute(
    visit: Callable[..., Page], provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[str] = []
    monkeypatch.setattr(ProviderSession, "renew", lambda _, request: renewed.append(request.path))
    app = site()
    auth = through(provider, app)
    with served(app) as url:
        page = visit()
        page.clock.install()
        page.goto(f"{url}/inside")
        log_in(page, "alice")
        expect(page.get_by_text("Counted 0")).to_be_visible()
        touches: list[str] = []
        page.on("request", lambda one: touches.append(one.method) if "touch" in one.url else None)
        # With nobody at it nothing is said.
        page.clock.fast_forward(120_000)
        page.get_by_role("button", name="count").focus()
        assert touches == []
        with page.expect_response("**/_dash-auth/touch") as answer:
            page.keyboard.press("a")
            page.clock.fast_forward(1_000)
        assert answer.value.status == 204
        page.mouse.move(10, 10)
        page.mouse.move(20, 20)
        page.clock.fast_forward(30_000)
        assert len(touches) == 1
        with page.expect_response("**/_dash-auth/touch"):
            page.clock.fast_forward(31_000)
        # To open the page renews as well.
        noted = [path for path in renewed if path.endswith("/touch")]
        assert touches == ["POST", "POST"] == ["POST" for _ in noted]
        end_sessions(auth)
        page.mouse.move(30, 30)
        with page.expect_response("**/_dash-auth/touch") as answer:
            page.clock.fast_forward(61_000)
        assert answer.value.status == 401
        expect(banner(page)).to_contain_text(ENDED)


def test_a_page_with_nobody_to_renew_says_nothing(visit: Callable[..., Page]) -> None:
    app = site()
    dash_auth.BasicAuth(app, dict(USERS))
    with served(app) as url:
        page = visit(http_credentials=dict(zip(("username", "password"), ALICE, strict=True)))
        page.clock.install()
        page.goto(f"{url}/inside")
        expect(page.get_by_text("Counted 0")).to_be_visible()
        touches: list[str] = []
        page.on("request", lambda one: touches.append(one.method) if "touch" in one.url else None)
        page.keyboard.press("a")
        page.clock.fast_forward(120_000)
        page.get_by_role("button", name="count").click()
        expect(page.get_by_text("Counted 1")).to_be_visible()
        assert touches == []


# FormAuth


def behind_a_page(app: Dash, **options: Any) -> dash_auth.FormAuth:
    return dash_auth.FormAuth(app, dict(USERS), public_routes=["/"], secret_key=KEY, **options)


def fill_in(page: Page, user: tuple[str, str]) -> None:
    page.locator("input[name=username]").fill(user[0])
    page.locator("input[name=password]").fill(user[1])
    page.locator("form button.go").click()


def test_a_login_on_the_login_page_ends_and_the_next_user_sees_the_page(
    visit: Callable[..., Page],
) -> None:
    app = site()
    behind_a_page(app, lang="es")
    with served(app) as url:
        page = visit()
        page.goto(url)
        page.locator("#to-inside").click()
        fill_in(page, ALICE)
        expect(page.get_by_text("You are alice")).to_be_visible()
        assert page.url == f"{url}/inside?a=1"
        page.get_by_role("button", name="count").click()
        expect(page.get_by_text("Counted 1")).to_be_visible()
        other = page.context.new_page()
        other.goto(f"{url}/logout")
        other.locator("form button").click()
        expect(other.locator("input[name=username]")).to_be_visible()
        refused(page, "count")
        # The cookie is gone: nothing says that there was a login.
        expect(banner(page)).to_contain_text("Inicie sesión.")
        expect(page.get_by_text("Counted 1")).to_be_visible()
        banner(page).get_by_role("button").first.click()
        fill_in(page, BOB)
        expect(page.get_by_text("You are bob")).to_be_visible()
        expect(page.get_by_text("Counted 0")).to_be_visible()
        assert page.url == f"{url}/inside?a=1"


def test_links_to_login_and_logout_page_are_followed(visit: Callable[..., Page]) -> None:
    app = site()
    app.layout.children.append(dcc.Link("go out", href="/logout"))
    app.layout.children.append(dcc.Link("go in", href="/login?next=/inside"))
    behind_a_page(app)
    with served(app) as url:
        page = visit()
        page.goto(url)
        page.get_by_role("link", name="go in").click()
        fill_in(page, ALICE)
        expect(page.get_by_text("You are alice")).to_be_visible()
        page.get_by_role("link", name="go out").click()
        expect(page.locator("form button")).to_be_visible()
        assert page.url == f"{url}/logout"


# The other servers


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "flask"])
def test_a_closed_websocket_shows_the_banner(
    visit: Callable[..., Page], backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "backend", backend)
    users = dict(USERS)
    app = site(websocket_callbacks=True)
    dash_auth.BasicAuth(app, users, public_routes=["/"], secret_key=KEY)
    with served(app) as url:
        page = inside(visit, url)
        users.clear()
        expect(banner(page)).to_contain_text(ENDED)
        users.update(USERS)
        page.get_by_role("button", name="Log in again").click()
        expect(page.get_by_text("Counted 0")).to_be_visible()
        expect(banner(page)).to_have_count(0)


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "flask"])
def test_banner_and_link_on_the_other_servers(
    visit: Callable[..., Page], provider: Provider, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "backend", backend)
    app = site()
    through(provider, app)
    with served(app) as url:
        page = visit()
        page.goto(url)
        page.locator("#to-inside").click()
        log_in(page, "alice")
        expect(page.get_by_text("You are alice@example.com")).to_be_visible()
        page.context.clear_cookies()
        refused(page, "count")
        page.get_by_role("button", name="Log in").click()
        log_in(page, "alice")
        expect(page.get_by_text("Counted 0")).to_be_visible()
        assert page.url == f"{url}/inside?a=1"
