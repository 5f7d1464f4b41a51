"""Attacks on the page on which administrators manage users."""

from __future__ import annotations

import logging
import threading
from urllib.parse import urlencode

import dash_auth
import pytest
from dash_auth.logins.form.invitation import Invitations
from dash_auth.logins.form.users_page_changes import Changes
from dash_auth.logins.pages.users import Said
from elements import elements
from events import NAMES
from everywhere import Serve
from forms import NAVIGATION, Browser
from managed import (
    PASSWORD,
    ManagedUsers,
    account,
    act,
    administrator,
    listed,
    managed_app,
    said,
    store_of,
)
from waiting import wait_until_blocked

ACTIONS = ("add", "invite", "disable", "enable", "groups", "remove", "end")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OWN = {**FORM, **NAVIGATION, "Sec-Fetch-Site": "same-origin"}


def sent_by(action: str) -> dict[str, str]:
    name = "eve" if action == "add" else "grace"
    return {"action": action, "user": name, "groups": "", "was": "", "sure": "1"}


def untouched(store: ManagedUsers) -> bool:
    """Tell whether nothing was asked of the store that changes something."""
    return not {"create", "change", "remove"}.intersection(store.calls)


def test_another_site_changes_nothing(everywhere: Serve) -> None:
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://sub.test"},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        # A program, or an old browser: with no field it is nobody's page.
        {},
    ):
        for action in ACTIONS:
            reply = browser.post("/users", sent_by(action), headers)
            assert reply.status == 403, (headers, action)
            assert elements(reply.text, "code") == []
    assert untouched(store)


def test_a_field_counts_with_the_cookie_of_the_page_alone(everywhere: Serve) -> None:
    store = store_of()
    site = everywhere(managed_app(store))
    browser, other = administrator(site), administrator(site)
    field = browser.field(browser.visit("/users"), "proof")
    (cookie,) = [one for one in browser.set_cookies if "dash_auth_form" in one]
    assert "; Path=/users;" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    other.visit("/users")
    for forged in (field, "", "0" * 64, "é"):
        reply = other.post("/users", {**sent_by("remove"), "proof": forged}, {})
        assert (reply.status, said(reply)[:24]) == (403, "This page was open for t")
    login = Browser(site)
    of_login = login.field(login.visit("/login"), "proof")
    assert browser.post("/users", {**sent_by("remove"), "proof": of_login}, {}).status == 403
    assert untouched(store)
    assert browser.post("/users", {**sent_by("remove"), "proof": field}, {}).status == 303


def test_no_rule_opens_it(everywhere: Serve) -> None:
    store = store_of()
    app = managed_app(store)
    dash_auth.add_public_routes(app, ["/users", "/<path:path>"])
    site = everywhere(app)
    for browser in (Browser(site), administrator(site, "grace")):
        assert browser.visit("/users").status in (303, 403)
        for action in ACTIONS:
            assert browser.post("/users", sent_by(action)).status in (303, 401, 403)
    assert untouched(store)
    assert listed(administrator(site).visit("/users")) == ["ada", "grace"]


def test_a_cookie_that_is_none_and_a_ticket_of_before_are_nobodys(everywhere: Serve) -> None:
    store = store_of()
    site = everywhere(managed_app(store))
    browser = administrator(site)
    copy = Browser(site, dict(browser.cookies), dict(browser.paths))
    browser.log_out()
    made_up = Browser(site, dict.fromkeys(copy.cookies, "x"), dict(copy.paths))
    for one in (copy, made_up):
        assert one.visit("/users").status == 303
        assert act(one, "remove", sure="1").status in (303, 401)
    assert untouched(store)


def test_who_is_an_administrator_no_more_is_so_at_once(everywhere: Serve) -> None:
    store = store_of(account("grace", "admin"))
    site = everywhere(managed_app(store))
    browser, grace = administrator(site), administrator(site, "grace")
    assert grace.visit("/users").status == 200
    assert act(browser, "groups", groups="", was="admin").status == 303
    assert grace.visit("/users").status == act(grace, "disable", "ada").status == 403
    store.change("grace", groups=["admin"])
    assert grace.visit("/users").status == 200
    store.change("grace", disabled=True)
    assert act(grace, "disable", "ada").status in (303, 401)
    assert store.rows["ada"].disabled is False


def test_of_two_who_remove_each_other_at_once_one_stays(everywhere: Serve) -> None:
    store = store_of(account("grace", "admin"))
    site = everywhere(managed_app(store))
    both = {"ada": administrator(site, "ada"), "grace": administrator(site, "grace")}
    remove, begun, second_waits = store.remove, threading.Event(), threading.Event()

    def slowly(name: str) -> bool:
        # The other one has been let in as an administrator before this one is removed.
        begun.set()
        assert second_waits.wait(20)
        return remove(name)

    store.remove = slowly  # type: ignore[method-assign]
    came: dict[str, int] = {}

    def send(by: str, other: str) -> None:
        came[by] = act(both[by], "remove", other, sure="1").status

    first = threading.Thread(target=send, args=("ada", "grace"))
    second = threading.Thread(target=send, args=("grace", "ada"))
    first.start()
    assert begun.wait(20)
    second.start()
    # It was let in, too, and waits for its turn.
    wait_until_blocked("remove", 1)
    second_waits.set()
    first.join(20)
    second.join(20)
    assert came == {"ada": 303, "grace": 409}
    assert set(store.rows) == {"ada"}


def test_a_name_that_is_none_is_no_error(
    everywhere: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    for name in [*NAMES, "ADA", " ada", "ada\0", "ada,grace", "../ada", "%", "_", "x" * 60_000]:
        fields = {**sent_by("remove"), "user": name}
        body = urlencode(fields, errors="surrogatepass").encode()
        reply = browser.send("POST", "/users", OWN, body=body)
        assert reply.status in (404, 413), (name[:60], reply.status)
    for action in ("invite", "disable", "enable", "groups", "remove", "end"):
        for name in ("nobody", "ada\0", ""):
            reply = browser.post("/users", {**sent_by(action), "user": name})
            assert reply.status == (400 if action == "end" else 404), (action, name)
        assert browser.post("/users", {"action": action}).status in (400, 404)
    for missing in ({"user": "grace"}, {"user": "grace", "action": "x" * 1000}, {}):
        assert browser.post("/users", missing).status == 400
    assert untouched(store)
    assert caplog.records == []


def test_a_body_that_is_no_form_is_no_error(
    everywhere: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    own = {**NAVIGATION, "Sec-Fetch-Site": "same-origin"}
    for headers, body, allowed in (
        ({"Content-Type": "application/json"}, b'{"action": "remove", "user": "grace"}', {415}),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", {415}),
        ({}, b"action=remove&user=grace&sure=1", {415}),
        (FORM, b"action=remove&user=grace&user=ada&sure=1", {400}),
        (FORM, b"action=remove&action=enable&user=grace&sure=1", {400}),
        (FORM, b"\xff\xfe\x00", {400}),
        (FORM, b"action=disable&user=%ff%fe", {400, 404}),
        (FORM, b"action=disable&user=%ed%a0%80", {400, 404}),
        (FORM, b"&".join(b"f%d=1" % number for number in range(5000)), {400, 413}),
        (FORM, b"action=add&user=" + b"x" * 100_000, {413}),
        (FORM, b"", {400}),
    ):
        reply = browser.send("POST", "/users", {**own, **headers}, body=body)
        assert reply.status in allowed, (headers, body[:60], reply.status)
    assert untouched(store)
    assert caplog.records == []


def test_an_odd_query_is_no_error(everywhere: Serve) -> None:
    browser = administrator(everywhere(managed_app(store_of())))
    for query in (
        "q=%ff",
        "q=%00",
        "q=%ed%a0%80&after=%ed%a0%80",
        "after=%00",
        "q=a&q=b",
        "q=" + "x" * 5000,
        "after=" + "%F0%9F%98%80" * 500,
        "done=nothing",
        "done=recent",
        "done=%3Cscript%3E&q=%22%3E%3Cscript%3E",
        "&=&;",
        "%",
    ):
        page = browser.visit(f"/users?{query}")
        assert page.status == 200, query
        assert elements(page.text, "script") == []
        assert 'id="note"' not in page.text


def test_a_database_is_asked_for_no_text_that_it_refuses(everywhere: Serve) -> None:
    store = store_of()
    asked: list[str] = []
    search, find = store.search, store.find

    def noted_search(text: str = "", *, after: str = "", limit: int = 50) -> object:
        asked.extend((text, after))
        return search(text, after=after, limit=limit)

    def noted_find(name: str) -> object:
        asked.append(name)
        return find(name)

    store.search = noted_search  # type: ignore[method-assign,assignment]
    store.find = noted_find  # type: ignore[method-assign,assignment]
    browser = administrator(everywhere(managed_app(store)))
    browser.visit("/users?q=a%00b%0a&after=%e2%80%8b%00")
    act(browser, "disable", "a\0b")
    act(browser, "add", "a\0b")
    assert all(text.isprintable() for text in asked)


def test_a_store_that_is_away_is_said(everywhere: Serve, caplog: pytest.LogCaptureFixture) -> None:
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    real_search, real_change = store.search, store.change

    def away(*_: object, **__: object) -> object:
        raise ConnectionError("postgresql://user:secret@host")

    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("a fault of the store's")

    for fault in (away, broken):
        store.search, store.change = fault, fault  # type: ignore[method-assign,assignment]
        page = browser.visit("/users")
        assert (page.status, page.headers["Retry-After"]) == (503, "10")
        assert said(page)[:33] == "The users cannot be asked for jus"
        assert "secret" not in page.text
        assert act(browser, "disable").status == 503
    store.search, store.change = real_search, real_change  # type: ignore[method-assign]
    store.is_away = True
    assert browser.visit("/users").status == 503
    assert act(browser, "disable").status == 503
    store.is_away = False
    assert browser.visit("/users").status == 200
    assert store.rows["grace"].disabled is False


def test_the_last_administrator_stays_for_one_of_elsewhere() -> None:
    # Such as a provider's user, whom the store does not know.
    by = "somebody@elsewhere.example"
    many = [account(f"user{number:04}") for number in range(1200)]
    store = store_of(account("zoe", "admin"), account("eve", "admin", disabled=True), *many)
    changes = Changes(store, "admin", Invitations(lambda: (b"key",)))
    assert changes.may_remove(by, "ada") is changes.may_remove(by, "zoe") is None
    store.change("zoe", disabled=True)
    assert changes.may_remove(by, "ada") is Said.LAST
    # Who cannot log in is none, and can go.
    assert changes.may_remove(by, "zoe") is changes.may_remove(by, "eve") is None
    store.change("zoe", disabled=False, groups=["staff"])
    assert changes.may_remove(by, "ada") is Said.LAST
    assert changes.may_remove("zoe", "ada") is Said.LAST
    assert changes.may_remove(by, "zoe") is None


def test_the_last_administrator_stays_where_groups_are_of_elsewhere() -> None:
    groups = {"ada": ["admin"], "grace": ["admin"]}
    store = ManagedUsers(account("ada"), account("grace"))
    changes = Changes(store, "admin", Invitations(lambda: (b"key",)), user_groups=groups)
    assert changes.may_remove("else", "ada") is None
    del groups["grace"]
    assert changes.may_remove("else", "ada") is Said.LAST


def test_names_are_no_markup_anywhere(everywhere: Serve) -> None:
    odd = '"><script>alert(1)</script>'
    store = store_of(account(odd, odd.replace('"', ""), full_name=odd, email=odd))
    browser = administrator(everywhere(managed_app(store)))
    pages = [browser.visit("/users"), act(browser, "invite", odd), act(browser, "remove", odd)]
    pages.append(act(browser, "add", odd, full_name=odd, groups=odd, q=odd, after=odd))
    for page in pages:
        assert elements(page.text, "script") == []
    assert PASSWORD not in "".join(page.text for page in pages)
