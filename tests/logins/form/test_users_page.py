"""The page on which administrators manage users, on each server."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dash_auth
import pytest
from attacks.apps import plain_app
from clock import Clock
from dash_auth.logins.form.invitation import Invitations
from elements import element, elements
from events import Events
from everywhere import Serve, add_parts
from forms import KEY, USERS, Browser, form_app
from managed import (
    PASSWORD,
    STORED,
    ManagedUsers,
    account,
    act,
    administrator,
    chips,
    listed,
    managed_app,
    once,
    said,
    store_of,
)
from stores import MemoryStore

BAD_GROUPS = (
    "A group has at most 100 characters, and none that cannot be seen. Separate groups by commas."
)


def token_of(link: str) -> str:
    path, _, token = urlsplit(link).path.rpartition("/")
    assert path == "/login/invitation"
    return token


# The list


def test_an_administrator_sees_the_users(everywhere: Serve) -> None:
    store = store_of(
        account("grace", "navy", full_name="Grace Hopper", email="grace@navy.example"),
        account("bob", disabled=True),
        account("<i>eve</i>", "<b>", must_change=True),
    )
    browser = administrator(everywhere(managed_app(store)))
    page = browser.visit("/users")
    assert page.status == 200
    assert listed(page) == ["<i>eve</i>", "ada", "bob", "grace"]
    assert "Grace Hopper · grace@navy.example" in page.text
    assert chips(page) == ["Temporary password", "&lt;b&gt;", "You", "admin", "Disabled", "navy"]
    assert "Logged in as ada" in element(page.text, "p", _class="sub").text
    assert "pbkdf2" not in page.text and PASSWORD not in page.text
    assert element(page.text, "a", href="/").text == "Back to the app"
    for name, value in {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }.items():
        assert page.headers[name].startswith(value)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    (style,) = elements(page.text, "link", rel="stylesheet")[1:]
    sheet = browser.fetch(str(style["href"]))
    assert (sheet.status, sheet.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert elements(page.text, "script") == []


def test_a_search_and_a_list_of_many_pages(everywhere: Serve) -> None:
    many = [account(f"user{number:03}", full_name=f"No {number}") for number in range(120)]
    browser = administrator(everywhere(managed_app(store_of(*many))))
    names = ["ada", *(one.name for one in many)]
    page, seen = browser.visit("/users"), []
    for _ in range(3):
        seen += listed(page)
        going_on = [one for one in elements(page.text, "a") if one.text == "Next page"]
        if going_on:
            page = browser.visit(str(going_on[0]["href"]))
    assert seen == names and going_on == []
    found = browser.visit("/users?q=no+11")
    assert listed(found) == ["user011", *(f"user{number}" for number in range(110, 120))]
    # What is done to one of them leads back to the same place.
    left = act(browser, "disable", "user011", q="no 11", after="user000")
    address = urlsplit(left.headers["Location"])
    assert parse_qs(address.query) == {"q": ["no 11"], "after": ["user000"], "done": ["disabled"]}
    none = browser.visit("/users?q=nobody+of+that+name")
    assert "No user was found." in none.text


def test_it_speaks_the_language_of_the_browser(everywhere: Serve) -> None:
    browser = administrator(everywhere(managed_app(store_of())))
    for lang, question in (("de", "grace entfernen?"), ("fr", "Supprimer"), ("es", "¿Eliminar a")):
        page = browser.visit("/users", **{"Accept-Language": lang})
        assert element(page.text, "html")["lang"] == lang
        assert "Search" not in page.text
        own = {"Accept-Language": lang, "Sec-Fetch-Site": "same-origin"}
        asked = browser.post("/users", {"action": "remove", "user": "grace"}, own)
        assert element(asked.text, "h1").text.startswith(question)


# To add


def test_a_user_is_added_with_a_temporary_password(everywhere: Serve, events: Events) -> None:
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    events.take()
    sent = {"groups": " navy,staff , navy,", "full_name": "Eve", "email": "eve@x.example"}
    reply = act(browser, "add", "eve", first="password", **sent)
    password = once(reply)
    assert re.fullmatch(r"(?:[a-z2-9]{5}-){3}[a-z2-9]{5}", password)
    assert reply.headers["Cache-Control"] == "no-store"
    kept = store.rows["eve"]
    assert (kept.groups, kept.full_name, kept.email) == (["navy", "staff"], "Eve", "eve@x.example")
    assert kept.password is not None and dash_auth.security.check_password_hash(
        kept.password, password
    )
    assert isinstance(kept.must_change, datetime)
    left = kept.must_change - datetime.now(timezone.utc)
    assert timedelta(hours=71) < left < timedelta(hours=73)
    assert password not in browser.visit("/users").text
    (record,) = events.records
    assert vars(record)["event"] == "user_added"
    assert (vars(record)["user"], vars(record)["by"]) == ("eve", "ada")
    assert password not in repr(vars(record))


def test_a_user_is_added_with_a_link(everywhere: Serve, events: Events) -> None:
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    events.take()
    link = once(act(browser, "add", "eve", first="link", groups=""))
    assert link.startswith(f"http://127.0.0.1:{browser.site.port}/login/invitation/")
    kept = store.rows["eve"]
    assert kept.must_change is False
    assert Invitations(lambda: (KEY.encode(),)).account(token_of(link), store.find) == kept
    (record,) = events.records
    assert vars(record)["reason"] == "invitation"
    assert token_of(link) not in repr(vars(record))


def test_what_cannot_be_added_stays_in_the_form(everywhere: Serve) -> None:
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    name = "This user name cannot be used."
    rest = "The full name or the e-mail address cannot be used."
    for sent, status, text in (
        ({"user": ""}, 400, name),
        ({"user": "a\nb"}, 400, name),
        ({"user": "x" * 201}, 400, name),
        # The store refuses it.
        ({"user": "a:b"}, 400, name),
        ({"user": "grace"}, 409, "This user name is taken."),
        ({"user": "eve", "email": "nowhere"}, 400, rest),
        ({"user": "eve", "email": "@"}, 400, rest),
        ({"user": "eve", "full_name": "a\0b"}, 400, rest),
        ({"user": "eve", "groups": "x" * 101}, 400, BAD_GROUPS),
        ({"user": "eve", "groups": "a,b\tc"}, 400, BAD_GROUPS),
    ):
        reply = browser.post("/users", {"action": "add", "first": "password", **sent})
        assert (reply.status, said(reply)) == (status, text), sent
        assert element(reply.text, "details", _class="add").attributes.get("open", "no") is None
        if sent["user"] == "eve":
            assert element(reply.text, "input", id="user")["value"] == "eve"
        (chosen,) = (one for one in elements(reply.text, "input") if "checked" in one.attributes)
        assert chosen["value"] == "password"
    assert set(store.rows) == {"ada", "grace"}


def test_what_the_store_cannot_keep_is_not_asked_for(everywhere: Serve) -> None:
    store = store_of(fields={"password"})
    # `ada` has her group from elsewhere.
    browser = administrator(
        everywhere(managed_app(store, user_groups={"ada": ["admin"], "grace": ["navy"]}))
    )
    page = browser.visit("/users")
    names = {str(one["name"]) for one in elements(page.text, "input")}
    assert names == {"q", "proof", "user"}
    actions = {one["value"] for one in elements(page.text, "button", name="action")}
    assert actions == {"add", "invite", "remove"}
    assert chips(page) == ["You", "admin", "navy"]
    # A temporary password would be good for ever: it is a link.
    sent = {"first": "password", "groups": "admin", "email": "e@x", "full_name": "Eve"}
    token = token_of(once(act(browser, "add", "eve", **sent)))
    assert store.rows["eve"].groups == () and store.rows["eve"].email is None
    assert Invitations(lambda: (KEY.encode(),)).account(token, store.find) is not None
    for action in ("disable", "enable", "groups", "end"):
        assert act(browser, action, groups="", was="").status == 400
    assert "change" not in store.calls


def test_a_temporary_password_opens_the_page_that_changes_it_alone(everywhere: Serve) -> None:
    store = store_of()
    site = everywhere(managed_app(store))
    sent = {"first": "password", "groups": "admin"}
    password = once(act(administrator(site), "add", "eve", **sent))
    eve = Browser(site)
    eve.log_in("eve", password)
    assert eve.who() is None
    assert eve.visit("/users").headers["Location"].startswith("/account")
    assert act(eve, "remove", sure="1").status in (303, 403)
    assert "grace" in store.rows
    changed = {"current": password, "new": "a difference engine", "again": "a difference engine"}
    fields = [str(one["name"]) for one in elements(eve.visit("/account").text, "input")]
    assert set(changed) <= set(fields), fields
    assert eve.post("/account", {"do": "password", **changed}).status == 303
    assert eve.visit("/users").status == 200


def test_with_no_page_that_changes_it_there_is_no_temporary_password(everywhere: Serve) -> None:
    browser = administrator(everywhere(managed_app(store := store_of(), account_route=None)))
    assert elements(browser.visit("/users").text, "input", type="radio") == []
    assert token_of(once(act(browser, "add", "eve", first="password")))
    assert store.rows["eve"].must_change is False


def test_a_link_leads_to_a_page_that_sets_the_password(everywhere: Serve) -> None:
    site = everywhere(managed_app(store_of()))
    link = once(act(administrator(site), "add", "eve"))
    eve = Browser(site)
    path = urlsplit(link).path
    assert eve.visit(path).status == 200
    assert (
        eve.post(path, {"new": "a difference engine", "again": "a difference engine"}).status < 400
    )
    assert Browser(site).log_in("eve", "a difference engine").status == 303


def test_users_in_a_file_are_managed(everywhere: Serve, tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    path.write_text(f'[ada]\npassword = "{STORED}"\ngroups = ["admin"]\n')
    site = everywhere(managed_app(path))
    browser = administrator(site)
    password = once(act(browser, "add", "eve", first="password", full_name="Eve", groups="a, b"))
    assert listed(browser.visit("/users?q=eve")) == ["eve"]
    assert chips(browser.visit("/users?q=eve")) == ["Temporary password", "a", "b"]
    assert act(browser, "groups", "eve", groups="b", was="a, b").status == 303
    assert act(browser, "disable", "eve").status == 303
    assert Browser(site).log_in("eve", password).status == 401
    assert chips(browser.visit("/users?q=eve")) == ["Disabled", "Temporary password", "b"]
    assert act(browser, "remove", "eve", sure="1").status == 303
    assert "eve" not in path.read_text() and "ada" in path.read_text()
    assert act(browser, "add", "\U000e0001").status == 400


def test_users_in_a_database_are_managed(everywhere: Serve, tmp_path: Path) -> None:
    sql = pytest.importorskip("sqlalchemy")
    engine = sql.create_engine(f"sqlite:///{tmp_path}/users.db")
    store = dash_auth.users.SqlUsers(engine)
    assert store.create(account("ada", "admin")) and store.create(account("grace", "navy"))
    site = everywhere(managed_app(store))
    browser, grace = administrator(site), administrator(site, "grace")
    sent = {"first": "password", "email": "eve@x.example", "groups": "a, b"}
    assert once(act(browser, "add", "eve", **sent))
    assert listed(browser.visit("/users")) == ["ada", "eve", "grace"]
    assert listed(browser.visit("/users?q=EVE@")) == ["eve"]
    assert chips(browser.visit("/users?q=eve")) == ["Temporary password", "a", "b"]
    assert act(browser, "groups", "eve", groups="b", was="a, b").status == 303
    assert chips(browser.visit("/users?q=eve")) == ["Temporary password", "b"]
    assert grace.who() == "grace"
    assert act(browser, "disable").status == 303
    assert grace.who() is None
    assert act(browser, "remove", sure="1").status == 303
    assert act(browser, "remove", sure="1").status == 404
    assert act(browser, "invite", "GRACE").status == 404
    engine.dispose()


# What is done to a user


def test_a_link_is_made_for_a_user(everywhere: Serve, events: Events) -> None:
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    before = store.rows["grace"]
    events.take()
    token = token_of(once(act(browser, "invite")))
    assert Invitations(lambda: (KEY.encode(),)).account(token, store.find) == before
    assert store.rows["grace"] == before
    assert events.take("event", "user", "by") == [("user_invited", "grace", "ada")]
    act(browser, "disable")
    assert said(act(browser, "invite")) == "The user is disabled: enable the account first."


def test_a_disabled_user_is_out_until_it_is_enabled(everywhere: Serve, events: Events) -> None:
    store = store_of()
    site = everywhere(managed_app(store))
    browser, grace = administrator(site), Browser(site)
    grace.log_in("grace", PASSWORD)
    assert grace.who() == "grace"
    events.take()
    left = act(browser, "disable")
    assert (left.status, left.headers["Location"]) == (303, "/users?done=disabled")
    assert said(browser.visit("/users?done=disabled")) == "The user is disabled."
    assert grace.who() is None
    assert grace.log_in("grace", PASSWORD).status == 401
    assert act(browser, "enable").headers["Location"] == "/users?done=enabled"
    assert grace.log_in("grace", PASSWORD).status == 303
    assert ("user_disabled", "grace", "ada") in (taken := events.take("event", "user", "by"))
    assert ("user_enabled", "grace", "ada") in taken


def test_groups_are_changed_and_count_at_once(everywhere: Serve, events: Events) -> None:
    store = store_of(account("grace", "navy"))
    site = everywhere(managed_app(store))
    browser, grace = administrator(site), administrator(site, "grace")
    assert grace.visit("/users").status == 403
    events.take()
    left = act(browser, "groups", groups="navy, admin", was="navy")
    assert left.headers["Location"] == "/users?done=groups"
    assert store.rows["grace"].groups == ["navy", "admin"]
    assert events.take("event", "user", "by", "reason") == [
        ("user_groups_changed", "grace", "ada", "navy to navy, admin")
    ]
    assert grace.visit("/users").status == 200
    assert act(browser, "groups", groups=" ", was="navy, admin").status == 303
    assert store.rows["grace"].groups == []
    assert grace.visit("/users").status == 403
    # What is saved as it was is no event.
    events.take()
    act(browser, "groups", groups="", was="")
    assert events.take() == []


def test_groups_that_were_changed_meanwhile_stay(everywhere: Serve) -> None:
    store = store_of(account("grace", "navy"))
    browser = administrator(everywhere(managed_app(store)))
    store.change("grace", groups=["army"])
    reply = act(browser, "groups", groups="navy, staff", was="navy")
    assert (reply.status, said(reply)[:31]) == (409, "The groups were changed meanwhi")
    assert store.rows["grace"].groups == ["army"]
    assert "army" in chips(reply)


def test_groups_that_are_no_text_are_refused(everywhere: Serve) -> None:
    store = store_of(account("grace", "navy"))
    browser = administrator(everywhere(managed_app(store)))
    for groups in ("x" * 101, "a\x00b", "a,b\u202ec", ",".join(map(str, range(201)))):
        reply = act(browser, "groups", groups=groups, was="navy")
        assert (reply.status, said(reply)) == (400, BAD_GROUPS)
        assert store.rows["grace"].groups == ("navy",)


def test_groups_that_no_field_can_hold_stay(everywhere: Serve) -> None:
    odd = ["a,b", " a", "", "x" * 101, "a\tb"]
    users = [account(f"user{number}", group) for number, group in enumerate(odd)]
    store = store_of(*users)
    browser = administrator(everywhere(managed_app(store)))
    page = browser.visit("/users")
    assert [one["value"] for one in elements(page.text, "input", name="was")] == ["admin"]
    for user in users:
        reply = act(browser, "groups", user.name, groups="a", was="a")
        assert (reply.status, store.rows[user.name].groups) == (400, user.groups)


def test_a_user_is_removed_once_that_is_confirmed(everywhere: Serve, events: Events) -> None:
    store = store_of()
    site = everywhere(managed_app(store))
    browser, grace = administrator(site), administrator(site, "grace")
    events.take()
    asked = act(browser, "remove", q="gr")
    assert asked.status == 200 and "Remove grace?" in asked.text
    assert element(asked.text, "a").attributes["href"] == "/users?q=gr"
    assert "grace" in store.rows and events.take() == []
    fields = {str(one["name"]): str(one["value"]) for one in elements(asked.text, "input")}
    left = browser.post("/users", fields)
    assert left.headers["Location"] == "/users?q=gr&done=removed"
    assert "grace" not in store.rows
    assert grace.who() is None
    assert ("user_removed", "grace", "ada") in events.take("event", "user", "by")
    assert [act(browser, "remove").status, browser.post("/users", fields).status] == [404, 404]


def test_users_are_logged_out_where_sessions_are_in_a_store(
    everywhere: Serve, events: Events
) -> None:
    sessions = MemoryStore()
    site = everywhere(managed_app(store_of(), sessions=sessions))
    browser, grace = administrator(site), administrator(site, "grace")
    assert "Log out everywhere" in browser.visit("/users").text
    events.take()
    assert act(browser, "end").headers["Location"] == "/users?done=logged_out"
    assert grace.who() is None
    assert events.take("event", "user", "by")[:1] == [("user_logged_out", "grace", "ada")]
    # Of oneself the others are.
    other = administrator(site)
    assert act(browser, "end", "ada").status == 303
    assert (browser.who(), other.who()) == ("ada", None)
    # Who is disabled or removed has no session that would count again.
    grace.log_in("grace", PASSWORD)
    act(browser, "disable")
    act(browser, "enable")
    assert grace.who() is None
    grace.log_in("grace", PASSWORD)
    assert len(sessions.rows) == 2
    act(browser, "remove", sure="1")
    assert len(sessions.rows) == 1


def test_with_cookies_nobody_is_logged_out_from_here(everywhere: Serve) -> None:
    browser = administrator(everywhere(managed_app(store_of())))
    assert "Log out everywhere" not in browser.visit("/users").text
    assert act(browser, "end").status == 400


def test_the_end_of_sessions_that_cannot_be_reached_undoes_nothing(everywhere: Serve) -> None:
    sessions, store = MemoryStore(), store_of()
    browser = administrator(everywhere(managed_app(store, sessions=sessions)))

    def away(*_: Any) -> int:
        raise ConnectionError("away")

    sessions.end_all = away  # type: ignore[method-assign]
    assert act(browser, "disable").status == 303
    assert store.rows["grace"].disabled is True
    assert act(browser, "end").status == 503


# Who may


def test_who_is_no_administrator_sees_nothing(everywhere: Serve, events: Events) -> None:
    store = store_of()
    site = everywhere(managed_app(store))
    anonymous = Browser(site)
    reply = anonymous.visit("/users")
    assert (reply.status, reply.headers["Location"]) == (303, "/login?next=/users")
    assert anonymous.fetch("/users").status == 401
    assert act(anonymous, "remove", sure="1").status in (303, 401)
    grace = administrator(site, "grace")
    events.take()
    reply = grace.visit("/users")
    assert reply.status == 403
    assert "This page is for administrators." in reply.text and "ada" not in reply.text
    assert grace.fetch("/users").status == 403
    assert events.take("event", "user", "reason") == [("access_denied", "grace", "the users page")]
    for action in ("add", "invite", "disable", "enable", "groups", "remove", "end"):
        assert act(grace, action, "ada", groups="", was="admin", sure="1").status == 403
    assert set(store.rows) == {"ada", "grace"} and "change" not in store.calls


def test_a_login_leads_back_to_the_page(everywhere: Serve) -> None:
    browser = Browser(everywhere(managed_app(store_of())))
    reply = browser.log_in("ada", PASSWORD, next="/users")
    assert (reply.status, reply.headers["Location"]) == (303, "/users")


def test_a_link_on_another_site_leads_to_the_page(everywhere: Serve) -> None:
    browser = administrator(everywhere(managed_app(store_of())))
    assert browser.visit("/users", **{"Sec-Fetch-Site": "cross-site"}).status == 200


def test_the_group_can_have_another_name(everywhere: Serve) -> None:
    store = store_of(account("grace", "staff"))
    site = everywhere(managed_app(store, users_admin="staff"))
    assert administrator(site, "grace").visit("/users").status == 200
    assert administrator(site).visit("/users").status == 403


def test_allow_is_asked_first(everywhere: Serve) -> None:
    store = store_of(account("grace", "admin", "let in"))
    site = everywhere(managed_app(store, allow=["let in"]))
    assert administrator(site, "grace").visit("/users").status == 200
    kept_out = administrator(site)
    reply = kept_out.visit("/users")
    assert reply.status == 403 and "grace" not in reply.text
    assert act(kept_out, "remove", sure="1").status == 403
    assert "grace" in store.rows


def test_basic_alone_does_not_open_it(everywhere: Serve) -> None:
    store = store_of()
    basic = dash_auth.logins.Basic(store)
    site = everywhere(managed_app(store, also=[basic]))
    auth = ("ada", PASSWORD)
    assert site.request("GET", "/private", auth=auth).status == 200
    html = {"Accept": "text/html"}
    reply = site.request("GET", "/users", auth=auth, headers=html)
    assert (reply.status, reply.headers["Location"]) == (303, "/login?next=/users")
    assert site.request("GET", "/users", auth=auth).status == 403
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"action=remove&user=grace&sure=1"
    reply = site.request("POST", "/users", auth=auth, headers=form, body=body)
    assert reply.status == 403
    assert "grace" in store.rows


def test_groups_of_elsewhere_say_who_is_one(everywhere: Serve) -> None:
    async def groups(name: str) -> list[str]:
        return ["admin"] if name == "grace" else []

    store = ManagedUsers(account("ada"), account("grace"), fields={"password", "disabled"})
    site = everywhere(managed_app(store, user_groups=groups))
    assert administrator(site).visit("/users").status == 403
    grace = administrator(site, "grace")
    assert listed(grace.visit("/users")) == ["ada", "grace"]
    assert act(grace, "groups", "ada", groups="admin", was="").status == 400
    assert act(grace, "disable", "ada").status == 303
    assert act(grace, "disable", "grace").status == 409


def test_a_change_needs_a_recent_login(everywhere: Serve, clock: Clock) -> None:
    store = store_of()
    browser = administrator(everywhere(managed_app(store)))
    clock.advance(14 * 60)
    assert act(browser, "disable").headers["Location"] == "/users?done=disabled"
    clock.advance(2 * 60)
    page = browser.visit("/users")
    assert (page.status, said(page)) == (200, "To change something, log in again. Log in again")
    again = "/login?next=/users&again=1"
    left = act(browser, "enable")
    assert (left.status, left.headers["Location"]) == (303, again)
    assert store.rows["grace"].disabled is True
    assert again in page.text.replace("&amp;", "&")
    assert browser.visit(again).status == 200
    assert browser.log_in("ada", PASSWORD, again="1", next="/users").headers["Location"] == "/users"
    assert act(browser, "enable").headers["Location"] == "/users?done=enabled"


# Who stays


@pytest.mark.parametrize("action", ["disable", "remove", "groups"])
def test_administrators_cannot_lock_themselves_out(everywhere: Serve, action: str) -> None:
    store = store_of(account("grace", "admin"))
    browser = administrator(everywhere(managed_app(store)))
    reply = act(browser, action, "ada", groups="staff", was="admin", sure="1")
    assert (reply.status, said(reply)[:30]) == (409, "You cannot disable or remove y")
    assert (store.rows["ada"].groups, store.rows["ada"].disabled) == (("admin",), False)
    # Other groups are one's own to change, and the other administrator is.
    assert act(browser, "groups", "ada", groups="admin, x", was="admin").status == 303
    assert act(browser, action, "grace", groups="", was="admin", sure="1").status == 303


# How it is declared


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"users_route": "users"}, "users_route"),
        ({"users_route": "/users/"}, "users_route must be a plain path"),
        ({"users_route": "/login"}, "must differ"),
        ({"users_route": "/logout"}, "must differ"),
        ({"users_route": "/taken"}, "users_route '/taken' is taken"),
        ({"users_route": "/users", "users": USERS}, "store of users that can be written"),
        ({"users_route": "/users", "users": None, "auth_func": lambda n, p: True}, "be written"),
        ({"users_admin": ""}, "users_admin"),
        ({"users_admin": "a,b"}, "users_admin"),
    ],
)
def test_what_is_declared_wrongly_is_said_at_start(options: dict[str, Any], text: str) -> None:
    app = plain_app()
    app.server.add_url_rule("/taken", "taken", lambda: "taken")
    users = options.pop("users", store_of())
    with pytest.raises(ValueError, match=text):
        dash_auth.FormAuth(app, users, secret_key=KEY, **options)


def test_a_group_that_is_no_text_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="users_admin must be a str, not list"):
        dash_auth.FormAuth(plain_app(), dict(USERS), secret_key=KEY, users_admin=["admin"])  # type: ignore[arg-type]


def test_without_a_route_there_is_no_page(everywhere: Serve) -> None:
    browser = administrator(everywhere(form_app(store_of())))
    assert "users.css" not in browser.visit("/users").text
    assert act(browser, "disable").status in (404, 405)


def test_it_lies_below_the_prefix_of_the_app(everywhere: Serve) -> None:
    app = plain_app(url_base_pathname="/board/")
    dash_auth.FormAuth(app, store_of(), secret_key=KEY, users_route="/users")
    add_parts(app)
    browser = Browser(everywhere(app))
    assert browser.log_in("ada", PASSWORD, path="/board/login").status == 303
    page = browser.visit("/board/users")
    assert listed(page) == ["ada", "grace"]
    assert {one["action"] for one in elements(page.text, "form")} == {"/board/users"}
    reply = browser.post("/board/users", {"action": "invite", "user": "grace"})
    assert urlsplit(once(reply)).path.startswith("/board/login/invitation/")


def test_a_link_has_the_address_that_the_browser_knows(everywhere: Serve) -> None:
    browser = administrator(everywhere(managed_app(store_of())))
    page = browser.visit("/users")
    sent = {"action": "invite", "user": "grace", "proof": browser.field(page, "proof")}
    host = f"127.0.0.1:{browser.site.port}"
    for headers, origin in (
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://app.example"}, "https://app.example"),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, f"http://{host}"),
        ({"Origin": f"http://{host}"}, f"http://{host}"),
        ({"Sec-Fetch-Site": "same-origin"}, f"http://{host}"),
        ({}, f"http://{host}"),
    ):
        link = once(browser.post("/users", sent, headers))
        assert link.startswith(f"{origin}/login/invitation/"), headers


def test_stores_are_asked_in_threads(everywhere: Serve) -> None:
    store = store_of()
    site = everywhere(managed_app(store))
    browser = administrator(site)
    store.threads.clear()
    browser.visit("/users")
    act(browser, "disable")
    act(browser, "add", "eve")
    if site.loop is not None:
        own = site.loop.call_soon_threadsafe
        found: list[int] = []
        done = threading.Event()
        own(lambda: (found.append(threading.get_ident()), done.set()))
        assert done.wait(10)
        assert found[0] not in store.threads
    assert store.threads


def test_an_account_says_no_secret_in_what_is_shown() -> None:
    from dash_auth.logins.form.users_page_changes import Once
    from dash_auth.logins.pages.users import Secret

    shown = Once("eve", "secret-value", is_password=True, is_new=True)
    page = Secret("eve", "secret-value", True, True, "/f", "/b")
    assert "secret-value" not in repr(shown) + repr(page)
