"""Attacks on sessions that a store keeps."""

from __future__ import annotations

import hashlib
import threading
import weakref
from dataclasses import replace

import dash_auth
import pytest
from clock import Clock
from dash_auth.sessions import ended, reached, stored
from everywhere import Serve
from forms import NAVIGATION, Browser, form_app
from stores import MemoryStore

from .http import ALICE, BOB, Reply
from .routes import add_route, session


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    # This process remembers no logout: what the others know of it is in the store.
    monkeypatch.setattr(ended, "_ended", {})
    monkeypatch.setattr(ended, "end", lambda ticket: None)
    monkeypatch.setattr(stored, "_all", weakref.WeakSet())
    # It is asked again at once when it was away.
    monkeypatch.setattr(reached, "_PAUSE", 0.0)
    return MemoryStore()


def test_no_made_up_token_opens_anything(everywhere: Serve, store: MemoryStore) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    (name,) = [one for one in browser.cookies if "device" not in one]
    token, (id,) = browser.cookies[name], store.rows
    tokens = [
        "",
        id,
        id[:43],
        token[:-1],
        token + "A",
        token.swapcase(),
        f"{token}\\",
        f"{token} ",
        f" {token}",
        token.replace(token[5], "%41"),
        hashlib.sha256(token.encode()).hexdigest(),
        "*",
        "dash_auth:*",
        "' OR '1'='1",
        "A" * 54,
        token[:32] + "A" * 22,
        "A" * 32 + token[32:],
        "\u0661" * 54,
        "A" * 5000,
        store.rows[id].data[:3900],
    ]
    for made_up in tokens:
        # A browser strips the spaces around a value.
        if made_up.strip() == token:
            continue
        cookie = f"{name}={made_up}".encode().decode("latin-1")
        reply = browser.site.request("GET", "/private", cookie=cookie)
        assert reply.status == 401, (made_up, reply.status)
    for header in ("Authorization", "X-Session", "X-Token"):
        assert browser.site.request("GET", "/private", headers={header: token}).status == 401
    assert browser.site.request("GET", f"/private?{name}={token}").status == 401
    assert browser.who() == "alice"


def test_a_session_that_was_planted_is_over_at_the_login(
    everywhere: Serve, store: MemoryStore
) -> None:
    site = everywhere(form_app(sessions=store))
    attacker = Browser(site)
    attacker.log_in(*BOB)
    victim = Browser(site, dict(attacker.cookies), dict(attacker.paths))
    planted = victim.ticket
    victim.log_in(*ALICE)
    assert victim.ticket != planted
    assert (victim.who(), attacker.who()) == ("alice", None)


def test_rows_may_not_change_places(everywhere: Serve, store: MemoryStore) -> None:
    site = everywhere(form_app(sessions=store))
    alice, bob = Browser(site), Browser(site)
    alice.log_in(*ALICE)
    bob.log_in(*BOB)
    first, second = store.rows.values()
    store.rows[first.id] = replace(second, id=first.id)
    store.rows[second.id] = replace(first, id=second.id)
    assert (alice.who(), bob.who()) == (None, None)


def test_a_row_that_is_put_back_counts_no_longer_than_it_would_have(
    everywhere: Serve, store: MemoryStore, clock: Clock
) -> None:
    browser = Browser(everywhere(form_app(sessions=store, session_lifetime=1000)))
    browser.log_in()
    clock.advance(1001)
    store.ends = dict.fromkeys(store.ends, float("inf"))
    assert browser.who() is None


def test_a_late_answer_brings_no_session_back(
    everywhere: Serve, store: MemoryStore, clock: Clock
) -> None:
    arrived, leave = threading.Event(), threading.Event()
    app = form_app(sessions=store, idle_timeout=600)

    def slow() -> str:
        arrived.set()
        leave.wait(20)
        session()["seen"] = "yes"
        return str(dash_auth.current_user())

    add_route(app, "/slow", slow)
    browser = Browser(everywhere(app))
    browser.log_in()
    clock.advance(100)
    stolen = browser.cookie("/")
    replies: list[Reply] = []
    asking = threading.Thread(
        target=lambda: replies.append(
            browser.site.request("GET", "/slow", headers=NAVIGATION, cookie=stolen)
        )
    )
    asking.start()
    assert arrived.wait(20)
    browser.log_out()
    leave.set()
    asking.join(20)
    assert replies[0].status == 200
    assert store.rows == {}
    assert browser.site.request("GET", "/private", cookie=stolen).status == 401


def test_guessing_tokens_learns_nothing_of_the_store(everywhere: Serve, store: MemoryStore) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    (name,) = [one for one in browser.cookies if "device" not in one]
    token = browser.cookies[name]
    store.is_away = True
    store.calls.clear()
    for value in ("A" * 54, token[:32] + "A" * 22, "A" * 32 + token[32:], token[:53] + "!", ""):
        reply = browser.site.request("GET", "/private", cookie=f"{name}={value}")
        assert reply.status == 401
        assert "store" not in reply.text.lower()
        # A logout of a session that never was is kept in mind by nothing.
        own = {"Sec-Fetch-Site": "same-origin"}
        browser.site.request("POST", "/logout", headers=own, cookie=f"{name}={value}")
    # What is made up is known as such, and holds nobody up.
    assert store.calls == []
    assert [one for tickets in stored.all_stored() for one in tickets._unended] == []


def test_an_id_that_no_store_takes_is_none_of_a_session(
    everywhere: Serve, store: MemoryStore
) -> None:
    browser = Browser(everywhere(form_app(sessions=store)))
    browser.log_in()
    for id in ("", "\0", "x", "A" * 64, "0" * 63, "*", None, 5):
        assert not dash_auth.sessions.end(id)  # type: ignore[arg-type]
    assert "end" not in store.calls
    assert browser.who() == "alice"


def test_an_error_about_one_session_takes_the_store_away_from_nobody(
    everywhere: Serve, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reached, "_PAUSE", 1000.0)
    site = everywhere(form_app(sessions=store))
    alice, bob = Browser(site), Browser(site)
    alice.log_in()
    (id,) = store.rows
    bob.log_in(*BOB)
    load = store.load
    poisoned: set[str] = {id}

    def odd(asked: str) -> object:
        if asked in poisoned:
            raise ValueError("a row that the driver does not read")
        return load(asked)

    monkeypatch.setattr(store, "load", odd)
    assert alice.fetch("/private").status == 503
    assert bob.who() == "bob"
    end = store.end

    def odd_end(asked: str) -> bool:
        if asked in poisoned:
            raise ValueError("nor deletes")
        return end(asked)

    monkeypatch.setattr(store, "end", odd_end)
    alice.log_out()
    assert bob.who() == "bob"


def test_one_store_that_is_away_keeps_no_other_from_ending_all(
    everywhere: Serve, store: MemoryStore
) -> None:
    other = MemoryStore()
    sites = [everywhere(form_app(sessions=one)) for one in (store, other)]
    browsers = [Browser(site) for site in sites]
    for browser in browsers:
        browser.log_in()
    for away, there in ((store, other), (other, store)):
        away.is_away = True
        with pytest.raises(dash_auth.Unavailable):
            dash_auth.sessions.end_all("alice")
        away.is_away = False
        assert there.rows == {}
