"""The account page, on each server: what it shows, and how a password is changed on it."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dash
import dash_auth
import pytest
from accounts import NEW, OLD, Users, account, account_app, can_log_in, change, logged_in, note
from attacks.apps import plain_app
from attacks.http import ALICE, Site
from attacks.servers import running
from dash import Dash, html
from dash_auth.sessions import ended, stored
from elements import element, elements
from events import Events
from everywhere import Serve
from forms import KEY, USERS, Browser, form_app
from stores import MemoryStore

LONG = "".join(map(str, range(1000, 1020)))
WRONG = "The user name or password is wrong."


@contextmanager
def flask_site(app: Dash) -> Iterator[Site]:
    with running(app.server, "flask") as found:
        yield Site(found.port, found.loop)


@pytest.fixture
def users() -> Users:
    ada = account("ada", "math", "poetry", full_name="Ada <Lovelace>", email="ada@example.com")
    return Users(ada, account("grace"))


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryStore]:
    # This process remembers no logout: what the others know of it is in the store.
    monkeypatch.setattr(ended, "_ended", {})
    monkeypatch.setattr(ended, "end", lambda ticket: None)
    monkeypatch.setattr(stored, "_all", weakref.WeakSet())
    yield MemoryStore()


def test_an_anonymous_visitor_is_led_to_the_login_and_back(everywhere: Serve, users: Users) -> None:
    browser = Browser(everywhere(account_app(users)))
    asked = browser.visit("/account")
    assert (asked.status, asked.headers["Location"]) == (303, "/login?next=/account")
    sent = change(browser)
    assert (sent.status, sent.headers["Location"]) == (303, "/login?next=/account")
    landed = browser.log_in("ada", OLD, next="/account")
    assert landed.headers["Location"] == "/account"
    page = browser.visit("/account")
    assert page.status == 200
    facts = [one.text for one in elements(page.text, "dd")]
    assert facts == ["ada", "Ada <Lovelace>", "ada@example.com", "math, poetry"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "same-origin"
    kinds = {
        one["name"]: one.attributes.get("autocomplete") for one in elements(page.text, "input")
    }
    assert kinds == {
        "do": None,
        "proof": None,
        "username": "username",
        "current": "current-password",
        "new": "new-password",
        "again": "new-password",
    }
    assert [one["href"] for one in elements(page.text, "a")] == ["/", "/logout"]
    # Where cookies hold the sessions, no one knows them.
    assert not elements(page.text, "ul", _class="sessions")


def test_a_new_password_ends_the_other_sessions_alone(
    everywhere: Serve, users: Users, events: Events
) -> None:
    site = everywhere(account_app(users))
    browser, other, stranger = (
        logged_in(site),
        logged_in(site),
        logged_in(site, "grace"),
    )
    before, copy = browser.ticket, Browser(site, dict(browser.cookies), dict(browser.paths))
    device = {name: value for name, value in browser.cookies.items() if "device" in name}
    assert device
    changed = change(browser)
    assert (changed.status, changed.headers["Location"]) == (303, "/account?done=password")
    said = note(browser.visit("/account?done=password"))
    assert said == "Your password is changed. You are logged out everywhere else."
    assert browser.who() == "ada" and browser.ticket not in (before, None)
    assert (copy.who(), other.who(), stranger.who()) == (None, None, "grace")
    assert {name.rsplit("_", 1)[0] for name in browser.cookies} >= {"dash_auth_device"}
    assert can_log_in(site, "ada", NEW) and not can_log_in(site, "ada", OLD)
    told = events.take("event", "user")
    assert told.count(("password_changed", "ada")) == 1


def test_the_current_password_is_asked_and_counted_as_at_a_login(
    everywhere: Serve, users: Users, events: Events
) -> None:
    site = everywhere(account_app(users, throttle=dash_auth.Throttle()))
    browser = logged_in(site)
    for guess in range(20):
        wrong = change(browser, f"guess {guess}")
        if wrong.status == 429:
            break
        assert (wrong.status, note(wrong)) == (401, WRONG)
        assert element(wrong.text, "input", name="current")["aria-invalid"] == "true"
        assert "guess" not in wrong.text and NEW not in wrong.text
    late = change(browser, "another guess")
    assert late.status == 429 and int(late.headers["Retry-After"]) >= 1
    assert (note(late) or "").startswith("Too many attempts.")
    # The right one is not looked at either.
    assert change(browser).status == 429
    assert browser.who() == "ada" and users.hashes == []
    assert users.rows["ada"].password == account().password
    assert ("login_fail", "ada") in events.take("event", "user")


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("short", "short", "The new password is too short: it needs at least 15 characters."),
        (NEW, NEW + "!", "The new passwords are not the same. Please type both again."),
        (OLD, OLD, "The new password is the current one. Choose another one."),
        (LONG, LONG, "The new password is too long."),
        ("a\x07" * 10, "a\x07" * 10, "holds a character that cannot be typed everywhere"),
        ("123456789012345", "123456789012345", "Many people use this password"),
        ("My own dashboard", "My own dashboard", "is like your name, or the name of the app"),
        ("", "", "too short"),
    ],
)
def test_a_new_password_has_to_be_a_good_one(new: str, again: str, said: str) -> None:
    users = Users(account())
    with flask_site(account_app(users, title="My own dashboard")) as site:
        browser = logged_in(site)
        refused = change(browser, new=new, again=again)
        assert refused.status == 422 and said in (note(refused) or "")
        for name in ("new", "again"):
            field = element(refused.text, "input", name=name)
            assert field["aria-invalid"] == "true" and "value" not in field.attributes
        assert browser.who() == "ada" and can_log_in(site, "ada", OLD)


def test_a_form_of_another_site_changes_nothing(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users)))
    form = {"do": "password", "current": OLD, "new": NEW, "again": NEW}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ):
        refused = browser.post("/account", form, headers)
        assert refused.status == 403, headers
    assert users.rows["ada"].password == account().password
    # Where a browser says neither, the field of the page does.
    page = browser.visit("/account")
    proof = browser.field(page, "proof")
    sent = browser.post("/account", {**form, "proof": proof}, {})
    assert sent.status == 303 and browser.who() == "ada"


def test_own_sessions_are_listed_and_ended(
    everywhere: Serve, users: Users, sessions: MemoryStore
) -> None:
    site = everywhere(account_app(users, sessions=sessions))
    browser, other, stranger = logged_in(site), logged_in(site), logged_in(site, "grace")
    page = browser.visit("/account")
    listed = [one.text for one in elements(page.text, "li")]
    assert len(listed) == 2
    assert sum("This browser" in one for one in listed) == 1
    assert all("UTC" in one for one in listed)
    refused = browser.post("/account", {"do": "end_others"}, {"Sec-Fetch-Site": "cross-site"})
    assert (refused.status, other.who()) == (403, "ada")
    sent = browser.post("/account", {"do": "end_others"})
    assert (sent.status, sent.headers["Location"]) == (303, "/account?done=end_others")
    page = browser.visit(sent.headers["Location"])
    assert note(page) == "You are logged out everywhere else."
    assert (browser.who(), other.who(), stranger.who()) == ("ada", None, "grace")
    assert not elements(page.text, "input", value="end_others")
    another = logged_in(site)
    assert change(browser).status == 303
    assert (browser.who(), another.who()) == ("ada", None)
    assert len(sessions.rows) == 2
    sessions.is_away = True
    assert browser.visit("/account").status == 503


@pytest.mark.parametrize("when", ["before_hash", "before_write", "after_write"])
def test_what_is_set_meanwhile_is_not_undone(everywhere: Serve, users: Users, when: str) -> None:
    browser = logged_in(everywhere(account_app(users)))
    setattr(users, when, lambda: users.change("ada", password=MEANWHILE))
    sent = change(browser)
    assert (sent.status, sent.headers["Location"]) == (303, "/login?next=/account")
    assert users.rows["ada"].password == MEANWHILE
    assert browser.who() is None


MEANWHILE = "pbkdf2:sha256:10$abcdefgh$" + "0" * 64


def test_a_store_that_is_away_is_no_error(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users)))
    users.is_away = True
    assert browser.visit("/account").status == 503
    assert change(browser).status == 503
    users.is_away = False

    def fail() -> None:
        raise ConnectionError("the store is away")

    users.before_write = fail
    assert change(browser).status == 503
    users.before_write = None
    assert change(browser).status == 303


def test_a_login_that_is_kept_for_long_stays_so(everywhere: Serve, users: Users) -> None:
    browser = Browser(everywhere(account_app(users, remember=True)))
    assert browser.log_in("ada", OLD, remember="1").status == 303
    change(browser)
    assert any("Max-Age=2592000" in one for one in browser.set_cookies)
    assert browser.who() == "ada"


def test_the_page_speaks_the_browsers_language(everywhere: Serve, users: Users) -> None:
    browser = logged_in(everywhere(account_app(users)))
    for lang, heading in [("de", "Ihr Konto"), ("fr", "Votre compte"), ("es", "Su cuenta")]:
        page = browser.visit("/account", **{"Accept-Language": lang})
        assert element(page.text, "h1").text == heading
        refused = browser.post(
            "/account",
            {"do": "password"},
            {"Sec-Fetch-Site": "same-origin", "Accept-Language": lang},
        )
        assert refused.status == 422 and "15" in (note(refused) or "")


# At start


def test_without_a_store_that_can_be_written_there_is_no_page(everywhere: Serve) -> None:
    app = form_app()
    browser = Browser(everywhere(app))
    browser.log_in()
    assert browser.fetch("/account").status in (200, 404)
    assert "Your account" not in browser.visit("/account").text
    assert browser.post("/account", {"do": "password"}).status in (403, 404, 405)
    assert USERS[ALICE[0]] == ALICE[1]


def test_no_page_is_there_if_none_is_wanted(users: Users) -> None:
    auth = dash_auth.FormAuth(plain_app(), users, secret_key=KEY, account_route=None)
    assert auth.account_route is None
    with flask_site(auth.app) as site:
        assert "Your account" not in logged_in(site).visit("/account").text


def test_a_page_of_the_apps_own_is_not_taken_over(users: Users) -> None:
    app = plain_app(use_pages=True, pages_folder="")
    dash.register_page("own", path="/account", layout=html.Div())
    with pytest.raises(ValueError, match=r"'/account': give another account_route, or account_r"):
        dash_auth.FormAuth(app, users, secret_key=KEY)


def test_a_route_of_the_servers_own_is_not_taken_over(users: Users) -> None:
    app = plain_app()
    app.server.add_url_rule("/account", "own", lambda: "own")
    with pytest.raises(ValueError, match=r"'/account' is taken: give another .*account_route=None"):
        dash_auth.FormAuth(app, users, secret_key=KEY)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"account_route": "/login"}, ValueError),
        ({"account_route": "account/"}, ValueError),
        ({"account_route": 1}, TypeError),
        ({"password_length": 7}, ValueError),
        ({"password_length": "15"}, TypeError),
        ({"password_length": 15.5}, TypeError),
    ],
)
def test_what_makes_no_sense_is_told(
    users: Users, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=next(iter(options))):
        dash_auth.FormAuth(plain_app(), users, secret_key=KEY, **options)


def test_shorter_passwords_are_taken_if_the_developer_says_so(users: Users) -> None:
    with flask_site(account_app(users, password_length=8)) as site:
        browser = logged_in(site)
        assert "at least 8" in (note(change(browser, new="zq7w")) or "")
        assert change(browser, new="zq7wpl3xv").status == 303
