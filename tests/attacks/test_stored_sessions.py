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
        "A" * 43,
        "\u0661" * 43,
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
    store.is_away = True
    for value, status in (("A" * 43, 503), ("A" * 44, 401), ("", 401)):
        reply = browser.site.request("GET", "/private", cookie=f"{name}={value}")
        assert reply.status == status
        assert "store" not in reply.text.lower()
