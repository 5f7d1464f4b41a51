"""Invitations, on each server: a link sets a password once, and its user is logged in."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from accounts import (
    NEW,
    OLD,
    STORED,
    Users,
    account,
    account_app,
    can_log_in,
    logged_in,
    note,
    token_of,
    use,
)
from attacks.apps import plain_app
from dash_auth import FormAuth
from dash_auth.logins.form.invitation import Invitations
from elements import element, elements
from events import Events
from everywhere import Serve
from forms import KEY, Browser, form_app
from stores import MemoryStore

LONG = "".join(map(str, range(1000, 1020)))
GONE = "This link is no longer good"


def path_of(token: str) -> str:
    return f"/login/invitation/{token}"


def is_gone(reply: Any) -> bool:
    return reply.status == 410 and element(reply.text, "h1").text == GONE


@pytest.fixture(params=["new", "reset", "as in an htpasswd file"])
def users(request: pytest.FixtureRequest) -> Users:
    stored = None if request.param == "new" else STORED
    return Users(
        account("ada", "math", password=stored),
        account("grace"),
        has_versions="file" not in request.param,
    )


def test_a_link_sets_the_password_and_logs_in_once(
    everywhere: Serve, users: Users, events: Events
) -> None:
    site = everywhere(account_app(users))
    token, browser = token_of(users), Browser(site)
    # What fetches links beforehand, such as a mail filter, uses none up.
    for _ in range(2):
        page = browser.visit(path_of(token))
    assert (page.status, note(page)) == (200, None)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert element(page.text, "form")["action"] == path_of(token)
    kinds = {
        one["name"]: one.attributes.get("autocomplete") for one in elements(page.text, "input")
    }
    assert kinds == {
        "proof": None,
        "username": "username",
        "new": "new-password",
        "again": "new-password",
    }
    assert element(page.text, "input", name="username")["value"] == "ada"
    used = use(browser, token)
    assert (used.status, used.headers["Location"]) == (303, "/login/done?next=/")
    landed = browser.visit(used.headers["Location"])
    assert (landed.status, landed.headers["Location"]) == (303, "/")
    assert browser.fetch("/private").json()["groups"] == ["math"]
    assert can_log_in(site, "ada", NEW) and not can_log_in(site, "ada", OLD)
    assert any("device" in name for name in browser.cookies)
    another = Browser(site)
    assert is_gone(another.visit(path_of(token)))
    assert is_gone(use(another, token, "yet another password"))
    assert can_log_in(site, "ada", NEW) and another.ticket is None
    told = events.take("event", "user", "reason")
    assert told.count(("invitation_used", "ada", None)) == 1
    assert ("invitation_refused", None, "link") in told
    assert token not in str(told)


def test_a_reset_ends_the_sessions_before(everywhere: Serve, users: Users) -> None:
    if users.rows["ada"].password is None:
        pytest.skip("there was no session before")
    store = MemoryStore()
    site = everywhere(account_app(users, sessions=store))
    before, grace = logged_in(site), logged_in(site, "grace")
    browser = Browser(site)
    assert use(browser, token_of(users)).status == 303
    assert (before.who(), browser.who(), grace.who()) == (None, "ada", "grace")
    assert len(store.rows) == 2


def test_a_bad_password_uses_nothing_up(everywhere: Serve, users: Users) -> None:
    browser, token = Browser(everywhere(account_app(users))), token_of(users)
    for new, again, said in [
        ("short", "short", "at least 15"),
        (NEW, OLD, "not the same"),
        ("", "", "too short"),
        (LONG, LONG, "too long"),
    ]:
        refused = use(browser, token, new, again=again)
        assert refused.status == 422 and said in (note(refused) or "")
        assert refused.headers["Cache-Control"] == "no-store"
        assert browser.ticket is None
    assert users.hashes == [LONG]
    assert use(browser, token).status == 303


def test_a_temporary_password_is_over_with_it(everywhere: Serve, users: Users) -> None:
    past = datetime.now(timezone.utc) - timedelta(days=1)
    users.change("ada", must_change=past)
    browser = Browser(everywhere(account_app(users)))
    assert use(browser, token_of(users)).status == 303
    assert browser.who() == "ada"


def test_who_is_logged_in_gives_way(everywhere: Serve, users: Users) -> None:
    site = everywhere(account_app(users))
    browser = logged_in(site, "grace")
    copy = Browser(site, dict(browser.cookies), dict(browser.paths))
    assert use(browser, token_of(users)).status == 303
    assert (browser.who(), copy.who()) == ("ada", None)


def test_the_page_speaks_the_browsers_language(everywhere: Serve, users: Users) -> None:
    browser = Browser(everywhere(account_app(users)))
    for lang, heading in [
        ("de", "Wählen Sie Ihr Passwort"),
        ("fr", "Choisissez votre mot de passe"),
        ("es", "Elija su contraseña"),
    ]:
        page = browser.visit(path_of(token_of(users)), **{"Accept-Language": lang})
        assert element(page.text, "h1").text == heading
        gone = browser.visit(path_of("x"), **{"Accept-Language": lang})
        assert gone.status == 410 and GONE not in gone.text


def test_there_is_none_where_no_password_can_be_set(everywhere: Serve, users: Users) -> None:
    browser = Browser(everywhere(form_app()))
    assert GONE not in browser.visit(path_of(token_of(users))).text
    assert browser.fetch(path_of("x")).status in (401, 404)


def test_it_is_there_without_an_account_page(everywhere: Serve, users: Users) -> None:
    browser = Browser(everywhere(account_app(users, account_route=None)))
    assert use(browser, token_of(users)).status == 303


def test_the_links_of_old_keys_count(everywhere: Serve, users: Users) -> None:
    app = account_app(users, secret_key=["the newest of all the keys", "the key before that one"])
    browser = Browser(everywhere(app))
    token = Invitations(lambda: (b"the key before that one",)).token(users.rows["ada"])
    assert use(browser, token).status == 303


def test_no_provider_has_its_name(users: Users) -> None:
    pytest.importorskip("authlib")
    auth = FormAuth(plain_app(), users, secret_key=KEY)
    with pytest.raises(ValueError, match="'invitation' itself: give another name"):
        auth.register_provider("invitation", client_id="x", client_secret="y")
