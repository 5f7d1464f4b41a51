"""A provider's users, whose sessions are in a store."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import dash_auth
import pytest
from dash_auth import OIDCAuth, sessions
from dash_auth.sessions import ended, reached, stored
from stores import MemoryStore

from .apps import ALICE, KEY, Direct, make_app, register
from .mock_provider import Provider
from .servers import add_page, session_of
from .visitor import Visitor

pytestmark = pytest.mark.usefixtures("each_server")

Made = Callable[..., Direct]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    # This process remembers no logout: what the others know of it is in the store.
    monkeypatch.setattr(ended, "_ended", {})
    monkeypatch.setattr(ended, "end", lambda ticket: None)
    monkeypatch.setattr(stored, "_all", weakref.WeakSet())
    # It is asked again at once when it was away.
    monkeypatch.setattr(reached, "_PAUSE", 0.0)
    return MemoryStore()


def offline(direct: Made, store: MemoryStore) -> Direct:
    """Return an app that asks for a refresh token."""
    here = direct(sessions=store)
    here.auth.get_oauth_client("idp").client_kwargs["scope"] = "openid offline_access"
    here.token["refresh_token"] = "refresh"
    return here


def test_claims_may_be_long(direct: Made, store: MemoryStore) -> None:
    here = direct(sessions=store)
    groups = [f"{number} of many groups with a long name" for number in range(1000)]
    assert here.log_in(sub="1", email="a@b", groups=groups).status_code == 302
    assert here.client.get("/whoami").json()["groups"] == groups
    assert len(str(here.client.cookie)) < 500
    assert len(here.client.ticket) == 54


def test_the_refresh_token_is_kept_and_not_in_a_cookie(direct: Made, store: MemoryStore) -> None:
    here = offline(direct, store)

    def renew(session: Any) -> str:
        session["refresh_token"] = "another"
        return "renewed"

    add_page(here.app.server, "/renew", renew)
    here.log_in()
    assert here.client.get("/whoami").json()["session"]["refresh_token"] == "refresh"
    assert here.client.get("/renew").status_code == 200
    assert here.client.get("/whoami").json()["session"]["refresh_token"] == "another"
    assert "_dash_auth" not in session_of(here.app.server, str(here.client.cookie))


def test_what_the_app_adds_is_kept_for_all_servers(direct: Made, store: MemoryStore) -> None:
    here, other = direct(sessions=store), direct(sessions=store)

    def add(session: Any) -> str:
        session["user"]["team"] = "red"
        return "added"

    def become(session: Any) -> str:
        session["user"] = {"sub": "root", "email": "root@example.com"}
        return "changed"

    add_page(here.app.server, "/add", add)
    add_page(here.app.server, "/become", become)
    here.log_in()
    other.client.take_over(here.client)
    assert here.client.get("/add").status_code == 200
    assert other.client.get("/whoami").json()["session"]["user"]["team"] == "red"
    # Who it is the provider said.
    assert here.client.get("/become").status_code == 200
    assert other.client.get("/whoami").status_code == 302


def test_what_is_changed_after_a_logout_brings_nothing_back(
    direct: Made, store: MemoryStore
) -> None:
    here = direct(sessions=store)

    def add(session: Any) -> str:
        session["user"]["team"] = "red"
        store.end(next(iter(store.rows)))
        return "added"

    add_page(here.app.server, "/add", add)
    here.log_in()
    assert here.client.get("/add").status_code == 200
    assert store.rows == {}
    assert here.client.get("/whoami").status_code == 302


@pytest.mark.parametrize("way", ["route", "clear", "end_all"])
def test_a_login_ends_for_all_servers(direct: Made, store: MemoryStore, way: str) -> None:
    here, other = direct(sessions=store), direct(sessions=store)

    def clear(session: Any) -> str:
        session.clear()
        return "gone"

    add_page(here.app.server, "/clear", clear)
    here.log_in()
    other.client.take_over(here.client)
    assert other.client.get("/whoami").status_code == 200
    if way == "end_all":
        # By the name that the app knows: the verified address.
        assert len(sessions.of(ALICE["email"])) == 1
        assert sessions.end_all(ALICE["email"]) == 1
    else:
        path = "/clear" if way == "clear" else "/oidc/logout"
        own = {"Sec-Fetch-Site": "same-origin"}
        assert here.client.get(path, own).status_code == 200
    assert store.rows == {}
    assert other.client.get("/whoami").status_code == 302


def test_the_next_login_of_a_browser_ends_the_one_before(direct: Made, store: MemoryStore) -> None:
    here, other = direct(sessions=store), direct(sessions=store)
    here.log_in()
    other.client.take_over(here.client)
    here.log_in(sub="bob", email="bob@example.com")
    assert here.client.get("/whoami").status_code == 200
    assert len(store.rows) == 1
    assert other.client.get("/whoami").status_code == 302


def test_nobody_logs_in_while_the_store_is_away(
    visit: Any, provider: Provider, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, sessions=store), provider)
    visitor: Visitor = visit(app)
    callback = provider.consent(visitor.begin("/"), "alice")
    store.is_away = True
    assert visitor.get(callback).status_code == 503
    assert "Traceback" not in caplog.text or "cannot be asked" in caplog.text
    assert store.rows == {}
    store.is_away = False
    assert visitor.log_in(provider).status_code == 302
    assert visitor.whoami()["user"] == ALICE["email"]
    store.is_away = True
    assert visitor.get("/whoami").status_code == 503
    assert visitor.get("/oidc/logout", **{"Sec-Fetch-Site": "same-origin"}).status_code == 200
    store.is_away = False
    assert visitor.get("/whoami").status_code == 302
    # It is ended at the next call.
    visitor.log_in(provider)
    assert len(store.rows) == 1


def test_a_login_that_began_before_all_were_ended_does_not_count(
    visit: Any, provider: Provider, store: MemoryStore
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, sessions=store), provider)
    visitor: Visitor = visit(app)
    callback = provider.consent(visitor.begin("/"), "alice")
    sessions.end_all(ALICE["email"])
    assert visitor.get(callback).status_code == 503
    assert store.rows == {}
    # In whole seconds one that begins just after would be one of those, too.
    store.marks.clear()
    assert visitor.log_in(provider).status_code == 302
    assert visitor.whoami()["user"] == ALICE["email"]


def test_what_could_not_be_taken_away_is_not_left(direct: Made, store: MemoryStore) -> None:
    here = direct(sessions=store)

    def demote(session: Any) -> str:
        session["user"]["groups"] = []
        store.is_away = True
        return "demoted"

    add_page(here.app.server, "/demote", demote)
    here.log_in(sub="alice", **{**ALICE, "groups": ["board"]})
    here.client.get("/demote")
    store.is_away = False
    assert here.client.get("/whoami").status_code == 302
    assert store.rows == {}


def test_a_late_answer_brings_no_group_back(direct: Made, store: MemoryStore) -> None:
    here, other = direct(sessions=store), direct(sessions=store)

    def demote(session: Any) -> str:
        session["user"]["groups"] = []
        return "demoted"

    def slow(session: Any) -> str:
        session["user"]["theme"] = "dark"
        session["user"].pop("family_name", None)
        assert other.client.get("/demote").status_code == 200
        return "done"

    add_page(here.app.server, "/slow", slow)
    add_page(other.app.server, "/demote", demote)
    here.log_in(sub="alice", **{**ALICE, "groups": ["board"], "family_name": "L"})
    other.client.take_over(here.client)
    assert here.client.get("/slow").status_code == 200
    user = here.client.get("/whoami").json()["session"]["user"]
    assert (user["groups"], user["theme"], "family_name" in user) == ([], "dark", False)


def test_a_change_does_not_say_that_the_user_was_seen(direct: Made, store: MemoryStore) -> None:
    here = direct(sessions=store, idle_timeout=600)

    def add(session: Any) -> str:
        session["user"]["theme"] = "dark"
        return "added"

    add_page(here.app.server, "/add", add)
    here.log_in()
    (id,) = store.rows
    here.client.get("/whoami")
    ends = store.ends[id]
    here.client.get("/add")
    assert "change" in store.calls
    assert store.ends[id] == ends


def test_all_sessions_end_of_a_user_whom_the_app_gave_another_name(
    direct: Made, store: MemoryStore
) -> None:
    here = direct(sessions=store)

    def rename(session: Any) -> str:
        session["user"]["email"] = "alice@new.example.com"
        return "renamed"

    def end_all(session: Any) -> str:
        user = dash_auth.current_user()
        assert user is not None and user.name == "alice@new.example.com"
        return str(sessions.end_all(user))

    add_page(here.app.server, "/rename", rename)
    add_page(here.app.server, "/end-all", end_all)
    here.log_in()
    assert here.client.get("/rename").status_code == 200
    assert here.client.get("/end-all").status_code == 200
    assert store.rows == {}
