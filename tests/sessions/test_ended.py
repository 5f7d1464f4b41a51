"""Logins that the app ends: in that process a copy of the ticket counts no more."""

from __future__ import annotations

import math
import time
from types import SimpleNamespace
from typing import Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import plain_app
from attacks.http import ALICE, Site, honest
from attacks.routes import add_route, session
from attacks.servers import BACKENDS, running
from dash_auth.sessions import ended


def log_out() -> str:
    session().clear()
    return "logged out"


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Give what is remembered of ended logins, emptied for the test."""
    monkeypatch.setattr(ended, "_ended", empty := {})
    return empty


def user_of(site: Site, cookie: str | None) -> str:
    return honest(site.get("/open", cookie=cookie), None).text


@pytest.mark.parametrize("options", [{}, {"session_cookie": True}], ids=["", "session_cookie"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_copy_of_a_password_users_ticket_ends_with_the_logout(
    backend: str,
    options: dict[str, Any],
    remembered: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apps, "backend", backend)
    app = plain_app()
    dash_auth.BasicAuth(
        app, dict([ALICE]), secret_key="a key", public_routes=["/open", "/logout"], **options
    )
    add_route(app, "/open", lambda: str(getattr(dash_auth.current_user(), "name", None)))
    add_route(app, "/private", lambda: "private")
    add_route(app, "/logout", log_out)
    with running(app.server, backend) as site:
        copy, other = (honest(site.get("/private", auth=ALICE), None).cookie() for _ in range(2))
        assert user_of(site, copy) == user_of(site, other) == "alice"
        left = honest(site.get("/logout", cookie=copy), None).cookie()
        assert user_of(site, copy) == user_of(site, left) == "None"
        # It is this login that ended, not each of the user's.
        assert user_of(site, other) == "alice"
        # Who logs in again, over the copy, is known again.
        again = honest(site.get("/private", auth=ALICE, cookie=copy), None).cookie()
        assert again is not None and user_of(site, again) == "alice"
        assert user_of(site, copy) == "None"
    assert list(remembered.values()) == [math.inf]


def test_no_more_are_remembered_than_have_room(
    remembered: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "MOST", 3)
    tickets: list[Any] = [SimpleNamespace(id=str(number), until=None) for number in range(5)]
    for ticket in tickets:
        ended.end(ticket)
    assert [ended.is_ended(ticket) for ticket in tickets] == [False, False, True, True, True]


def test_a_login_that_has_its_time_is_remembered_until_then(
    remembered: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often those log out whose tickets have none."""
    monkeypatch.setattr(ended, "MOST", 3)
    first: Any = SimpleNamespace(id="of a provider", until=int(time.time()) + 3600)
    ended.end(first)
    for number in range(5):
        ended.end(SimpleNamespace(id=str(number), until=None))  # type: ignore[arg-type]
    assert list(remembered) == ["of a provider", "2", "3", "4"]
    assert ended.is_ended(first)


def test_what_is_over_is_forgotten(remembered: dict[str, float]) -> None:
    over, lasting = (
        SimpleNamespace(id="over", until=1),
        SimpleNamespace(id="lasting", until=None),
    )
    ended.end(lasting)  # type: ignore[arg-type]
    ended.end(over)  # type: ignore[arg-type]
    ended.end(lasting)  # type: ignore[arg-type]
    assert list(remembered) == ["lasting"]


@pytest.mark.parametrize("until", [None, 2**40], ids=["lasting", "timed"])
def test_a_logout_takes_no_longer_the_more_there_were(
    monkeypatch: pytest.MonkeyPatch, until: int | None
) -> None:
    looked = 0

    class Counting(dict[str, float]):
        def items(self) -> Any:
            nonlocal looked
            looked += len(self)
            return super().items()

    monkeypatch.setattr(ended, "_ended", kept := Counting())
    monkeypatch.setattr(ended._next_look, "at", 0)
    kept.update(
        (f"before {number}", math.inf if until is None else until) for number in range(9000)
    )
    for number in range(9000):
        ended.end(SimpleNamespace(id=str(number), until=until))  # type: ignore[arg-type]
    assert looked < 10 * 18_000
    assert ended.is_ended(SimpleNamespace(id="before 0"))  # type: ignore[arg-type]
