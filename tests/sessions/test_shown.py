"""What one request's session shows of the user, and what is saved: every way that it can go."""

from __future__ import annotations

from collections import UserDict
from typing import Any

import pytest
from dash_auth._shown import Shown
from flask.sessions import SecureCookieSession

OWN = "of a login of the developer's own"
SHOWN = {"user": "alice", "idp": "idp"}


class OnServer(UserDict[str, Any]):
    """A session that is no dict, and counts what is written into it."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.writes = 0
        super().__init__(content)
        self.writes = 0

    def __setitem__(self, key: str, value: Any) -> None:
        self.writes += 1
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.writes += 1
        super().__delitem__(key)


@pytest.fixture(params=[SecureCookieSession, OnServer])
def session(request: pytest.FixtureRequest) -> Any:
    """Give a session of each kind, in which somebody has written a user."""
    return request.param({"user": OWN, "theme": "dark"})


def test_what_the_session_holds_is_masked_and_not_saved(session: Any) -> None:
    shown = Shown(session)
    assert dict(session) == {"theme": "dark"}
    shown.take_out()
    assert dict(session) == {"theme": "dark"}
    shown.put_back()
    assert dict(session) == {"theme": "dark"}
    assert not shown.is_taken_away


def test_what_is_shown_is_read_before_and_after_it_is_saved_without(session: Any) -> None:
    shown = Shown(session)
    shown.show(SHOWN)
    assert dict(session) == {"theme": "dark", **SHOWN}
    shown.take_out()
    assert dict(session) == {"theme": "dark"}
    shown.put_back()
    assert dict(session) == {"theme": "dark", **SHOWN}


def test_what_the_app_writes_in_the_place_of_nobody_is_gone_when_nobody_is_shown(
    session: Any,
) -> None:
    shown = Shown(session)
    session["user"] = "mallory"
    shown.show({})
    assert "user" not in session
    session["user"] = "mallory"
    shown.take_out()
    assert dict(session) == {"theme": "dark"}


def test_where_a_login_of_the_developers_own_may_go_by_it_it_is_saved_again(session: Any) -> None:
    shown = Shown(session, restores=True)
    assert "user" not in session
    shown.take_out()
    assert session["user"] == OWN
    # Saved, and masked again for what reads the session later.
    shown.put_back()
    assert "user" not in session
    shown.show(SHOWN)
    shown.take_out()
    assert dict(session) == {"theme": "dark", "user": OWN}


def test_an_app_that_empties_the_session_gets_nothing_back(session: Any) -> None:
    shown = Shown(session, restores=True)
    shown.show(SHOWN)
    session.clear()
    assert shown.is_taken_away
    shown.take_out()
    assert dict(session) == {}


def test_with_no_mask_the_developers_own_login_stays_until_something_is_shown(session: Any) -> None:
    shown = Shown(session, masks=False)
    assert session["user"] == OWN
    shown.show({})
    assert session["user"] == OWN
    shown.take_out()
    shown.put_back()
    assert dict(session) == {"theme": "dark", "user": OWN}


def test_with_no_mask_what_the_app_writes_is_saved(session: Any) -> None:
    shown = Shown(session, masks=False)
    session["user"] = "of a login just now"
    shown.take_out()
    assert session["user"] == "of a login just now"


def test_with_no_mask_what_was_shown_gives_way_to_the_developers_own(session: Any) -> None:
    shown = Shown(session, masks=False)
    shown.show(SHOWN)
    assert session["user"] == "alice"
    shown.take_out()
    assert dict(session) == {"theme": "dark", "user": OWN}
    shown.put_back()
    assert session["user"] == "alice"
    shown.show({})
    assert "user" not in session


def test_what_the_cookie_is_to_hold_is_written_once(session: Any) -> None:
    for _ in range(2):
        shown = Shown(session)
        shown.show(SHOWN)
        shown.take_out({"user": "alice"})
        assert dict(session) == {"theme": "dark", "user": "alice"}
    if isinstance(session, SecureCookieSession):
        assert session.modified
        session.modified = False
        shown = Shown(session)
        shown.take_out({"user": "alice"})
        assert not session.modified
    shown.take_out({})
    assert dict(session) == {"theme": "dark"}
    assert getattr(session, "modified", True)


def test_showing_and_masking_alone_change_nothing_that_the_server_would_save() -> None:
    session = SecureCookieSession({"user": OWN})
    session.modified = session.accessed = False
    shown = Shown(session)
    shown.show(SHOWN)
    shown.take_out()
    shown.put_back()
    assert not session.modified


def test_a_session_that_is_no_dict_is_written_to_where_it_says_something_else() -> None:
    session = OnServer(dict(SHOWN))
    shown = Shown(session, masks=False)
    shown.show(SHOWN)
    assert session.writes == 0
    shown.show({**SHOWN, "user": "bob"})
    assert session.writes == 1
