"""Attacks on invitations: the links with which users set a password."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from accounts import NEW, STORED, Users, account, account_app, can_log_in, token_of, use
from dash_auth.logins.form import invitation
from dash_auth.logins.form.invitation import Invitations
from dash_auth.users import Account
from everywhere import Serve
from forms import KEY, Browser

from .http import Reply


@pytest.fixture
def users() -> Users:
    return Users(account("ada"), account("grace"))


def sealed_with(key: bytes, one: Account) -> str:
    return Invitations(lambda: (key,)).token(one)


def text_of(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.text


def test_no_made_up_link_opens_anything(everywhere: Serve, users: Users) -> None:
    browser = Browser(everywhere(account_app(users)))
    token = token_of(users)
    name, until, seal = token.split(".")
    grace = base64.urlsafe_b64encode(b"grace").decode().rstrip("=")
    nul = base64.urlsafe_b64encode(b"ada\0").decode().rstrip("=")
    made_up = [
        "x",
        seal,
        f"{grace}.{until}.{seal}",
        f"{name}.{int(until) + 1}.{seal}",
        f"{name}.0{until}.{seal}",
        f"{name}.{until}.{seal[:-1]}",
        f"{name}.{until}.{seal[:-1]}{'0' if seal[-1] != '0' else '1'}",
        f"{name}.{until}.{seal.upper()}",
        f"{name}.{until}.{'0' * 64}",
        f"{name}.{until}.",
        f"{name}..{seal}",
        f"A.{until}.{seal}",
        f"_____w.{until}.{seal}",
        f"{nul}.{until}.{seal}",
        f"{name}.999999999999.{seal}",
        f"{name}.{until}.{seal}.{seal}",
        f"{token}%00",
        f"{token}%20",
        f"{token}%0a",
        f"{'A' * 1300}.{until}.{seal}",
        "A" * 3000,
        "%ff%fe",
        "%F0%9F%92%A9",
        "callback",
        sealed_with(b"another key", users.rows["ada"]),
        sealed_with(KEY.encode(), account("nobody")),
        sealed_with(KEY.encode(), account("ada")),
    ]
    gone = text_of(browser.visit("/login/invitation/none"))
    assert gone[0] == 410
    for one in made_up:
        assert text_of(browser.visit(f"/login/invitation/{one}")) == gone, one
        assert text_of(use(browser, one)) == gone, one
    # No hash was made, and nothing was written.
    assert users.hashes == [] and "set_password" not in users.calls
    assert browser.ticket is None
    assert use(browser, token).status == 303


def test_a_link_that_was_good_is_answered_like_any_other(
    everywhere: Serve, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = everywhere(account_app(users))
    gone = text_of(Browser(site).visit("/login/invitation/none"))

    def refused(token: str) -> bool:
        browser = Browser(site)
        answers = browser.visit(f"/login/invitation/{token}"), use(browser, token)
        return [text_of(one) for one in answers] == [gone, gone]

    disabled = token_of(users)
    users.change("ada", disabled=True)
    assert refused(disabled)
    users.change("ada", disabled=False)
    changed = token_of(users)
    users.change("ada", password=STORED)
    # The same stored password is another credential all the same.
    assert refused(changed)
    removed = token_of(users)
    users.remove("ada")
    assert refused(removed)
    users.create(account("ada"))
    # Who has the name now is another user.
    assert refused(removed)
    monkeypatch.setattr(invitation, "SECONDS", 0)
    assert refused(token_of(users))
    monkeypatch.undo()
    assert users.hashes == []
    assert use(Browser(site), token_of(users)).status == 303


@pytest.mark.parametrize("has_versions", [True, False])
def test_a_link_that_is_used_twice_at_once_sets_one_password(
    everywhere: Serve, has_versions: bool
) -> None:
    users = Users(account("ada"), has_versions=has_versions)
    site = everywhere(account_app(users))
    # Both have seen that it is good, and made their hash.
    both = threading.Barrier(2, timeout=30)
    users.before_write = both.wait
    token = token_of(users)
    browsers, passwords = [Browser(site), Browser(site)], [NEW, "a quite different one"]
    with ThreadPoolExecutor(2) as threads:
        answers = list(
            threads.map(
                lambda one: use(one[0], token, one[1]), zip(browsers, passwords, strict=True)
            )
        )
    users.before_write = None
    assert sorted(one.status for one in answers) == [303, 410]
    won = [one.status == 303 for one in answers]
    assert [browser.who() == "ada" for browser in browsers] == won
    assert [can_log_in(site, "ada", one) for one in passwords] == won


def test_what_happens_to_the_user_meanwhile_counts(everywhere: Serve, users: Users) -> None:
    site = everywhere(account_app(users))

    def meanwhile(change: Any, when: str = "before_write") -> None:
        setattr(users, when, change)
        browser = Browser(site)
        assert use(browser, token_of(users)).status == 410, when
        setattr(users, when, None)
        assert browser.ticket is None

    for when in ("before_hash", "before_write", "after_write"):
        meanwhile(lambda: users.change("ada", password=STORED), when)
        assert users.rows["ada"].password == STORED
    meanwhile(lambda: users.remove("ada"))
    assert "ada" not in users.rows
    users.create(account("ada"))
    # It is written, and opens nothing.
    users.before_write = lambda: users.change("ada", disabled=True)
    browser = Browser(site)
    use(browser, token_of(users))
    assert browser.who() is None


def test_a_form_of_another_site_uses_none(everywhere: Serve, users: Users) -> None:
    browser, token = Browser(everywhere(account_app(users))), token_of(users)
    path, form = f"/login/invitation/{token}", {"new": NEW, "again": NEW}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ):
        assert browser.post(path, form, headers).status == 403
    assert users.hashes == [] and browser.ticket is None
    page = browser.visit(path)
    # Bound to the cookie of this browser, whose path holds no token.
    assert all(token not in one for one in browser.set_cookies)
    proof = browser.field(page, "proof")
    assert Browser(browser.site).post(path, {**form, "proof": proof}, {}).status == 403
    assert browser.post(path, {**form, "proof": proof}, {}).status == 303


def test_what_is_no_form_is_refused(everywhere: Serve, users: Users) -> None:
    browser, token = Browser(everywhere(account_app(users))), token_of(users)
    for path in (f"/login/invitation/{token}", "/account"):
        for kind, body in [
            ("application/json", b"{}"),
            ("application/x-www-form-urlencoded", b"new=" + b"a" * 70_000),
            ("application/x-www-form-urlencoded", b"\xff=%ff&new=\xff"),
            ("application/x-www-form-urlencoded", b"new=%00&again=%00"),
        ]:
            own = {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
            assert browser.send("POST", path, own, body=body).status < 500
        for method in ("PUT", "DELETE", "PATCH"):
            assert browser.send(method, path).status in (303, 401, 404, 405)
    assert users.rows["ada"].password == STORED


def test_a_store_that_is_away_is_no_error(everywhere: Serve, users: Users) -> None:
    browser, token = Browser(everywhere(account_app(users))), token_of(users)
    users.is_away = True
    assert browser.visit(f"/login/invitation/{token}").status == 503
    assert use(browser, token).status == 503
    users.is_away = False
    assert use(browser, token).status == 303


def test_no_log_holds_the_token(
    everywhere: Serve, users: Users, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="dash_auth")
    browser, token = Browser(everywhere(account_app(users))), token_of(users)
    browser.visit(f"/login/invitation/{token}")
    browser.post(f"/login/invitation/{token}", {}, {"Sec-Fetch-Site": "cross-site"})
    use(browser, token)
    use(browser, token)
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("dash_auth")]
    assert ours
    assert not [one for one in ours if token in one or token[-40:] in one or NEW in one]


def test_a_link_of_an_account_with_nothing_is_bound_first(everywhere: Serve, users: Users) -> None:
    browser = Browser(everywhere(account_app(users)))
    blank = Account("ada", None)
    users.rows["ada"] = blank
    token = Invitations(lambda: (KEY.encode(),)).token(blank)
    # It would be that of any account of this name, in any app with this key.
    assert use(browser, token).status == 410
    ready = invitation.made_ready(users, blank)
    assert ready is not None and ready.password and not can_log_in(browser.site, "ada", token)
    assert use(browser, Invitations(lambda: (KEY.encode(),)).token(ready)).status == 303
    assert invitation.made_ready(users, ready) is ready
