"""Stores that can be written, and stores that have to look first, on each server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dash_auth
import pytest
from attacks.apps import plain_app
from attacks.http import ALICE, BOB, PRIVATE, held, honest
from dash_auth import security
from dash_auth.logins import stored_passwords
from dash_auth.users import Account, UsersFile
from events import Events
from everywhere import NOBODY, PRIVATE_BODY, app_behind, known, on_event_loops
from forms import Browser, form_app
from guarded import new_app
from sockets.apps import shown
from sockets.servers import LOGIN_REQUIRED
from writable import MemoryUsers, hashed

STRONG = security.generate_password_hash(ALICE[1])
WEAK = hashed(ALICE[1])
SHA = "{SHA}" + base64.b64encode(hashlib.sha1(ALICE[1].encode()).digest()).decode()


class LookingUsers(MemoryUsers):
    """Keeps users where to look takes a while: it says so, and notes who waits for it."""

    def __init__(self, *accounts: Account) -> None:
        super().__init__(*accounts)
        self.seen: dict[str, Account | None] = {}
        self.on_loop: list[str] = []

    def is_current(self, name: str) -> bool:
        return name in self.seen

    def find(self, name: str) -> Account | None:
        if name in self.seen and not self.is_away:
            return self.seen[name]
        try:
            asyncio.get_running_loop()
            self.on_loop.append(name)
        except RuntimeError:
            pass
        self.seen.pop(name, None)
        self.seen[name] = super().find(name)
        return self.seen[name]


@pytest.fixture
def looking() -> LookingUsers:
    return LookingUsers(Account("alice", WEAK, ["board"]), Account("bob", hashed(BOB[1])))


# Stores that have to look first


def test_a_store_that_has_to_look_is_asked_in_a_thread(
    everywhere: Any, looking: LookingUsers
) -> None:
    site = everywhere(app_behind(looking, secret_key="k" * 32))
    looking.seen.clear()
    cookie = site.get("/private", auth=ALICE).cookie()
    for _ in range(2):
        looking.seen.clear()
        assert site.get("/private", auth=ALICE).json()["user"] == "alice"
        looking.seen.clear()
        honest(site.call(PRIVATE_BODY, auth=ALICE), f"{PRIVATE} alice ['board']")
        looking.seen.clear()
        assert site.get("/public", cookie=cookie).json()["user"] == "alice"
        looking.seen.clear()
        held(site.get("/private", auth=("alice", "wrong")))
        held(site.get("/private", auth=("eve", "wrong")))
    assert looking.on_loop == []


def test_a_session_asks_a_store_in_a_thread(everywhere: Any, looking: LookingUsers) -> None:
    browser = Browser(everywhere(form_app(looking)))
    looking.seen.clear()
    assert browser.log_in().status == 303
    for _ in range(2):
        looking.seen.clear()
        assert browser.who() == "alice"
    looking.change("alice", disabled=True)
    looking.seen.clear()
    assert browser.who() is None
    assert looking.on_loop == []


def test_a_store_that_is_away_refuses_what_is_private(
    everywhere: Any, looking: LookingUsers
) -> None:
    browser = Browser(everywhere(form_app(looking)))
    browser.log_in()
    looking.seen.clear()
    looking.is_away = True
    assert browser.fetch("/private").status == 503
    assert browser.fetch("/public").json() == NOBODY
    assert looking.on_loop == []
    looking.is_away = False
    assert browser.who() == "alice"


@on_event_loops
def test_an_idle_socket_ends_by_what_a_store_finds(everywhere: Any, looking: LookingUsers) -> None:
    site = everywhere(app_behind(looking))
    with site.open(auth=ALICE) as alice:
        assert shown(alice.call(PRIVATE_BODY), "private") == f"{PRIVATE} alice ['board']"
        looking.remove("alice")
        looking.seen.clear()
        assert alice.closing_code() == LOGIN_REQUIRED
    assert looking.on_loop == []


# A weak hash is made anew


@pytest.fixture
def fast_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Have a hash that is strong enough by its look cost a test little, and count them."""
    made: list[str] = []
    lock = threading.Lock()

    def generate(password: str) -> str:
        with lock:
            made.append(password)
        return security.generate_password_hash(password, "argon2:7168:5:1")

    class Security:
        generate_password_hash = staticmethod(generate)
        password_needs_rehash = staticmethod(security.password_needs_rehash)

    monkeypatch.setattr(stored_passwords, "security", Security)
    yield made


@pytest.mark.parametrize("weak", [WEAK, ALICE[1], SHA], ids=["cheap", "plaintext", "SHA"])
def test_a_weak_password_is_stored_anew_at_a_right_login(
    everywhere: Any, fast_hashes: list[str], weak: str
) -> None:
    store = MemoryUsers(Account("alice", weak))
    version = store.rows["alice"].credential_version
    browser = Browser(everywhere(form_app(store)))
    assert browser.log_in("alice", "wrong").status == 401
    assert store.rows["alice"].password == weak and fast_hashes == []
    assert browser.log_in().status == 303
    stored = store.rows["alice"].password
    assert stored is not None and stored != weak and not security.password_needs_rehash(stored)
    assert security.check_password_hash(stored, ALICE[1])
    # It is the same password: the session goes on, and so does one from before.
    assert store.rows["alice"].credential_version == version
    assert browser.who() == "alice"
    again = Browser(browser.site)
    assert again.log_in().status == 303
    assert fast_hashes == [ALICE[1]]


def test_a_session_from_before_outlives_a_new_hash(everywhere: Any, fast_hashes: list[str]) -> None:
    store = MemoryUsers(Account("alice", STRONG))
    browser = Browser(everywhere(form_app(store)))
    browser.log_in()
    store.replace_password("alice", STRONG, WEAK)
    assert browser.who() == "alice"
    assert Browser(browser.site).log_in().status == 303
    assert fast_hashes == [ALICE[1]]
    assert browser.who() == "alice"
    store.change("alice", password=STRONG)
    assert browser.who() is None


def test_what_an_administrator_changes_meanwhile_stays(
    everywhere: Any, fast_hashes: list[str]
) -> None:
    store = MemoryUsers(Account("alice", WEAK))
    site = everywhere(form_app(store))
    found = store.replace_password

    def late(name: str, old: str, new: str) -> bool:
        store.change("alice", password="the administrator's")
        return found(name, old, new)

    store.replace_password = late  # type: ignore[method-assign]
    browser = Browser(site)
    browser.log_in()
    assert store.rows["alice"].password == "the administrator's"
    # The login was by a password that is none any more.
    assert browser.who() is None


def test_a_store_that_cannot_be_written_keeps_the_hash(
    everywhere: Any, fast_hashes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryUsers(Account("alice", WEAK))

    def refuse(name: str, old: str, new: str) -> bool:
        raise PermissionError(new)

    store.replace_password = refuse  # type: ignore[method-assign]
    browser = Browser(everywhere(form_app(store)))
    assert browser.log_in().status == 303
    assert browser.who() == "alice"
    assert "could not be stored anew: PermissionError" in caplog.text
    assert "argon2" not in caplog.text


def test_a_hash_to_which_logins_are_bound_stays(everywhere: Any, fast_hashes: list[str]) -> None:
    store = MemoryUsers(Account("alice", WEAK))
    store.rows["alice"] = replace(store.rows["alice"], credential_version=None)
    browser = Browser(everywhere(form_app(store)))
    assert browser.log_in().status == 303
    assert store.rows["alice"].password == WEAK and fast_hashes == []


# What an account says


def test_the_session_shows_what_an_account_says(everywhere: Any) -> None:
    account = Account(
        "alice", WEAK, ["board"], {"team": "north"}, email="a@example.com", full_name="Alice A."
    )
    site = everywhere(app_behind(MemoryUsers(account)))
    said = {"team": "north", "email_address": "a@example.com", "full_name": "Alice A."}
    assert site.get("/private", auth=ALICE).json() == known("alice", ["board"], **said)
    user = dash_auth.User.from_claims({"email": "alice", "groups": [], **said})
    assert (user.name, user.email, user.full_name) == ("alice", "a@example.com", "Alice A.")


def test_a_providers_user_says_no_address_under_our_name() -> None:
    claims = {"sub": "1", "email": "a@x.y", "email_verified": True, "email_address": "b@x.y"}
    user = dash_auth.User.from_claims({**claims, "name": "A", "full_name": "B"})
    assert (user.name, user.email, user.full_name) == ("a@x.y", "a@x.y", "A")


TIMES = {
    "for good": True,
    "in an hour": datetime.now(timezone.utc) + timedelta(hours=1),
    "an hour ago": datetime.now(timezone.utc) - timedelta(hours=1),
    "an hour ago, with no zone": datetime.now(timezone.utc).replace(tzinfo=None)
    - timedelta(hours=1),
}


@pytest.mark.parametrize("until", TIMES)
def test_a_password_that_is_to_be_changed_opens_nothing_by_basic(
    everywhere: Any, until: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryUsers(Account("alice", WEAK), Account("bob", hashed(BOB[1])))
    site = everywhere(app_behind(store))
    honest(site.get("/private", auth=ALICE), marker=None)
    store.change("alice", must_change=TIMES[until])
    for _ in range(2):
        held(site.get("/private", auth=ALICE))
        held(site.call(PRIVATE_BODY, auth=ALICE))
        assert site.get("/public", auth=ALICE).json() == NOBODY
    honest(site.get("/private", auth=BOB), marker=None)
    store.change("alice", must_change=False)
    honest(site.get("/private", auth=ALICE), marker=None)


def test_a_temporary_password_ends(everywhere: Any) -> None:
    store = MemoryUsers(Account("alice", WEAK, must_change=TIMES["an hour ago"]))
    assert Browser(everywhere(form_app(store))).log_in().status == 401


# Where users are taken


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "users.toml"
    UsersFile(path).create(Account("alice", WEAK, ["board"]))
    return path


def test_a_path_names_a_file(everywhere: Any, path: Path) -> None:
    for named in (str(path), path, UsersFile(path)):
        site = everywhere(app_behind(named))
        assert site.get("/private", auth=ALICE).json() == known("alice", ["board"])
        held(site.get("/private", auth=BOB))


def test_what_is_changed_in_a_file_counts_at_once(everywhere: Any, path: Path) -> None:
    site, browser = everywhere(app_behind(path)), Browser(everywhere(form_app(path)))
    browser.log_in()
    store = UsersFile(path)
    assert store.create(Account("bob", hashed(BOB[1])))
    assert site.get("/private", auth=BOB).json() == known("bob", [])
    assert store.change("alice", groups=["staff"])
    assert site.get("/private", auth=ALICE).json() == known("alice", ["staff"])
    assert store.change("alice", disabled=True)
    held(site.get("/private", auth=ALICE))
    assert browser.who() is None
    # The login was ended, and does not come back with the account.
    assert store.change("alice", disabled=False)
    assert site.get("/private", auth=ALICE).json()["user"] == "alice"
    assert browser.who() is None


def test_a_dict_may_hold_tables(everywhere: Any) -> None:
    users: dict[str, Any] = {
        "alice": {"password": WEAK, "groups": ["board"], "team": "north"},
        "bob": hashed(BOB[1]),
    }
    site = everywhere(app_behind(users))
    assert site.get("/private", auth=ALICE).json() == known("alice", ["board"], team="north")
    assert site.get("/private", auth=BOB).json() == known("bob", [])
    users["alice"] = {**users["alice"], "disabled": True}
    held(site.get("/private", auth=ALICE))
    users["bob"] = {"password": 5}
    held(site.get("/private", auth=BOB))


@pytest.mark.parametrize("kind", [dash_auth.BasicAuth, dash_auth.FormAuth])
def test_users_that_cannot_be_taken_are_refused_at_start(kind: Any, tmp_path: Path) -> None:
    def start(users: Any, **options: Any) -> None:
        kind(new_app(), users, secret_key="k" * 32, **options)

    missing = tmp_path / "users.toml"
    line = rf"dash-auth users add NAME --store {missing}"
    with pytest.raises(ValueError, match=line):
        start(missing)
    missing.touch()
    with pytest.raises(ValueError, match=line):
        start(str(missing))
    with pytest.raises(ValueError, match="pairs of user name and password, or named by a path"):
        start("postgres.example.com")
    with pytest.raises(ValueError, match="the users have groups of their own"):
        start({"alice": {"password": WEAK}}, user_groups={"alice": ["board"]})
    with pytest.raises(TypeError, match=r"groups of user 'alice' must be a list of text, not str"):
        start({"alice": {"password": WEAK, "groups": "board"}})
    with pytest.raises(ValueError, match=r"'gruops' of user 'alice' is no field: write 'groups'"):
        start({"alice": {"password": WEAK, "gruops": ["board"]}})


def test_an_app_starts_whose_only_user_was_invited(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    UsersFile(path).create(Account("alice"))
    app = plain_app()
    dash_auth.FormAuth(app, path, secret_key="k" * 32)


def test_a_store_of_ones_own_with_a_hash_that_cannot_be_read_is_refused_at_start() -> None:
    store = MemoryUsers(Account("alice", WEAK), Account("bob", "5" * 32))
    with pytest.raises(ValueError, match="bob"):
        dash_auth.BasicAuth(new_app(), store)


def test_the_events_name_a_user_who_is_disabled(everywhere: Any, events: Events) -> None:
    store = MemoryUsers(Account("alice", WEAK, disabled=True), Account("bob", WEAK))
    site = everywhere(app_behind(store))
    held(site.get("/private", auth=ALICE))
    held(site.get("/private", auth=("eve", "x")))
    said = events.take("event", "user")
    assert said[0] == ("login_fail", "alice")
    assert said[1][1].startswith("unknown:")
