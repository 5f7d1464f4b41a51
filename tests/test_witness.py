"""What requests to real servers leave in the log of events, and what they leave out."""

from __future__ import annotations

import base64
import logging
import re
import threading
from typing import Any

import dash_auth
import pytest
from attacks.apps import body, item
from attacks.http import ALICE, BOB, USERS, held, honest
from attacks.routes import add_route, session
from clock import Clock
from dash import Input, Output
from dash_auth import BasicAuth, Unavailable, _witness, audit
from dash_auth.users import Account
from events import Events
from everywhere import PRIVATE_BODY, Serve, app_behind
from guarded import guarded_app, new_app

KEY = "a key that is long enough"
ADDRESS = "127.0.0.1"


def with_kept_session(users: Any = None, **options: Any) -> Any:
    """Return an app that remembers who logged in, and a route by which it forgets that."""
    if users is None and "auth_func" not in options:
        users = dict(USERS)
    app = app_behind(users, secret_key=KEY, **options)

    def log_out() -> str:
        session().clear()
        return "out"

    add_route(app, "/log-out", log_out)
    dash_auth.add_public_routes(app, ["/log-out"])
    return app


# Logins


def test_a_failed_login_is_one_line(everywhere: Serve, events: Events, clock: Clock) -> None:
    site = everywhere(app_behind(dict(USERS)))
    headers = {"User-Agent": "Mozilla/5.0 " + "x" * 300}
    held(site.get("/private", auth=("alice", "wrong"), headers=headers))
    (record,) = events.records
    assert len(vars(record)["user_agent"]) == 200
    assert vars(record)["method"] == "basic"
    assert vars(record)["session"] is None
    assert events.lines() == ['failed login user="alice" address=127.0.0.1 reason=wrong']
    # The same one again is what else a page asks for, or costs nothing.
    for _ in range(40):
        held(site.get("/private", auth=("alice", "wrong")))
    assert events.take() == []
    held(site.call(PRIVATE_BODY, auth=("alice", "wrong, too")))
    # There the app asks who it is, and so a guess would be answered.
    honest(site.get("/public", auth=("alice", "and this")), None)
    held(site.get("/private", auth=("alice", "and this"), source="127.0.0.2"))
    assert events.take() == [("login_fail", "alice", "wrong")] * 3
    clock.advance(61)
    held(site.get("/private", auth=("alice", "wrong")))
    assert events.take() == [("login_fail", "alice", "wrong")]


def test_a_right_login_is_told_of_once_an_hour(
    everywhere: Serve, events: Events, clock: Clock
) -> None:
    site = everywhere(app_behind(dict(USERS)))
    for path in ("/private", "/private", "/public"):
        honest(site.get(path, auth=ALICE), None)
    success = ("login_success", "alice", ADDRESS, "basic")
    fields = ("event", "user", "address", "method")
    assert events.take(*fields) == [success]
    honest(site.get("/private", auth=BOB), None)
    honest(site.get("/private", auth=ALICE, source="127.0.0.2"), None)
    assert events.take(*fields) == [
        ("login_success", "bob", ADDRESS, "basic"),
        ("login_success", "alice", "127.0.0.2", "basic"),
    ]
    clock.advance(3590)
    honest(site.get("/private", auth=ALICE), None)
    assert events.take() == []
    clock.advance(11)
    honest(site.get("/private", auth=ALICE), None)
    assert events.take(*fields) == [success]


def test_forty_requests_of_a_page_are_one_success(everywhere: Serve, events: Events) -> None:
    site, barrier, statuses = everywhere(app_behind(dict(USERS))), threading.Barrier(40), []

    def ask() -> None:
        barrier.wait()
        statuses.append(site.get("/private", auth=ALICE).status)

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 40
    assert events.take("event", "user") == [("login_success", "alice")]


def test_without_credentials_and_on_public_pages_nothing_is_told(
    everywhere: Serve, events: Events
) -> None:
    app = app_behind(dict(USERS))
    add_route(app, "/open", lambda: "open")
    dash_auth.add_public_routes(app, ["/open"])
    site = everywhere(app)
    held(site.get("/private"))
    held(site.call(PRIVATE_BODY))
    for header in ("Bearer abc", "Basic", "Basic !!", "Basic YWxpY2U="):
        held(site.get("/private", auth=header))
    for auth in (None, ALICE, ("alice", "wrong")):
        honest(site.get("/open", auth=auth), "open")
    honest(site.get("/public"), None)
    assert events.take() == []


def test_a_page_of_another_site_makes_no_failed_logins(everywhere: Serve, events: Events) -> None:
    site = everywhere(app_behind(dict(USERS)))
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    held(site.call(PRIVATE_BODY, auth=("alice", "wrong"), headers=foreign), status=403)
    assert events.take() == []


def test_who_cannot_be_asked_is_no_failed_login(everywhere: Serve, events: Events) -> None:
    def is_right(name: str, password: str) -> bool:
        raise Unavailable("the directory is down")

    site = everywhere(app_behind(auth_func=is_right))
    assert site.get("/private", auth=ALICE).status == 503
    assert events.take() == []


class Directory:
    """Knows names in any case; cannot be asked for that of eve."""

    def check(self, name: str, password: str) -> Account | None:
        account = self.find(name)
        return account if password == ALICE[1] else None

    def find(self, name: str) -> Account | None:
        if name == "eve":
            raise OSError
        return Account("alice") if name.lower() == "alice" else None


@pytest.mark.parametrize(
    "users, name, is_known",
    [
        (dict(USERS), "alice", True),
        (dict(USERS), "alise", False),
        (dict(USERS), ALICE[1], False),
        (Directory(), "ALICE", True),
        (Directory(), "alise", False),
        (lambda name, password: False, "alice", False),
    ],
)
def test_a_name_is_told_if_it_is_known(
    events: Events, users: Any, name: str, is_known: bool
) -> None:
    app = new_app()
    BasicAuth(app, **({"auth_func": users} if callable(users) else {"users": users}))
    app.server.test_client().get("/", auth=(name, "wrong"))
    ((told,),) = events.take("user")
    assert (told == name) == is_known
    assert is_known or re.fullmatch("unknown:[0-9a-f]{8}", told)


def test_a_store_that_raises_only_then_hides_the_name(events: Events) -> None:
    app = guarded_app(Directory())
    assert app.server.test_client().get("/private", auth=("eve", "x")).status_code == 503
    request: Any = type("Request", (), {"address": ADDRESS, "header": lambda self, name: None})()
    _witness.failed(request, "form", "eve", knows=lambda name: bool(Directory().find(name)))
    ((told,),) = events.take("user")
    assert told.startswith("unknown:")


# Checks of the app's own


def test_a_refusal_of_the_apps_own_check_is_told(events: Events) -> None:
    class Weekdays(BasicAuth):
        def is_authorized(self) -> bool:
            return super().is_authorized() and dash_auth.current_user() != dash_auth.User("bob")

    app = new_app()
    Weekdays(app, dict(USERS))
    client = app.server.test_client()
    statuses = [client.get("/", auth=auth).status_code for auth in (ALICE, BOB, ("bob", "no"))]
    assert statuses == [200, 401, 401]
    assert client.get("/").status_code == 401
    assert events.take("event", "user", "method", "reason") == [
        ("login_success", "alice", "basic", None),
        ("login_success", "bob", "basic", None),
        ("access_denied", "bob", "basic", "is_authorized"),
        ("login_fail", "bob", "basic", "wrong"),
    ]


def test_credentials_that_it_refuses_are_told_once_a_minute(events: Events, clock: Clock) -> None:
    class Own(BasicAuth):
        def is_authorized(self) -> bool:
            return False

    app = new_app()
    Own(app, dict(USERS))
    client = app.server.test_client()

    def ask() -> None:
        for header in ("Basic YWxpY2U6eA==", "Basic YWxpY2U6eA==", "Bearer x"):
            assert client.get("/", headers={"Authorization": header}).status_code == 401

    ask()
    assert client.get("/").status_code == 401
    ((event, method, user),) = events.take("event", "method", "user")
    assert (event, method) == ("login_fail", "own") and user.startswith("unknown:")
    clock.advance(61)
    ask()
    assert len(events.records) == 1


# Sessions


def test_a_logout_is_told_and_then_that_the_session_has_ended(
    everywhere: Serve, events: Events
) -> None:
    site = everywhere(with_kept_session())
    cookie = honest(site.get("/private", auth=ALICE), None).cookie()
    assert cookie is not None
    honest(site.get("/public", cookie=cookie), None)
    assert events.take() == [("login_success", "alice", None)]
    honest(site.get("/log-out", cookie=cookie), None)
    ((*logout, number),) = events.take("event", "user", "method", "session")
    assert logout == ["logout", "alice", "basic"] and re.fullmatch("[0-9a-f]{12}", number)
    for _ in range(3):
        honest(site.get("/public", cookie=cookie), None)
    honest(site.get("/log-out", cookie=cookie), None)
    assert events.take("event", "user", "reason", "session") == [
        ("session_ended", "alice", "logged_out", number)
    ]


def test_a_changed_password_ends_the_session(everywhere: Serve, events: Events) -> None:
    users = dict(USERS)
    site = everywhere(with_kept_session(users))
    cookie = honest(site.get("/private", auth=ALICE), None).cookie()
    users["alice"] = "another one"
    events.records.clear()
    for _ in range(3):
        honest(site.get("/public", cookie=cookie), None)
    assert events.take() == [("session_ended", "alice", "changed")]


def test_a_session_that_is_over_is_told_of_once(
    everywhere: Serve, events: Events, clock: Clock
) -> None:
    app = with_kept_session(auth_func=lambda *_: True, auth_func_session_seconds=60)
    site = everywhere(app)
    cookie = honest(site.get("/private", auth=ALICE), None).cookie()
    assert cookie is not None
    events.records.clear()
    clock.advance(62)
    for _ in range(3):
        honest(site.get("/public", cookie=cookie), None)
    # What was never issued here says nothing.
    honest(site.get("/public", cookie=cookie[:-4] + "AAAA"), None)
    assert events.take() == [("session_ended", "alice", "expired")]


# Groups


def test_a_user_without_the_group_is_told_once_an_hour(
    everywhere: Serve, events: Events, clock: Clock
) -> None:
    app = app_behind(dict(USERS), user_groups={"alice": ["board"]})

    @dash_auth.protected_callback(
        Output("figures", "children"), Input("in", "value"), groups=["board", "audit"]
    )
    def update_figures(value: Any) -> str:
        return "42"

    add_route(app, "/menu", lambda: dash_auth.protected("none", groups=["board"])("for the board"))

    app.callback(Output("later", "children"), Input("in", "value"))(
        dash_auth.protected("none", groups=["board"], check_type="all_of")(lambda value: "later")
    )
    site = everywhere(app)
    figures = body("figures.children", [item("in", "value", 1)])
    later_too = body("later.children", [item("in", "value", 1)])
    assert site.call(figures, auth=ALICE).status == 200
    events.records.clear()
    for _ in range(3):
        assert site.call(figures, auth=BOB).status == 204
        assert site.call(later_too, auth=BOB).status == 200
        # This is only shown, or not.
        assert site.get("/menu", auth=BOB).text.strip('"') == "none"
    assert events.take("event", "user", "address", "method", "reason") == [
        ("login_success", "bob", ADDRESS, "basic", None),
        ("access_denied", "bob", ADDRESS, "basic", "update_figures needs one_of: board, audit"),
        ("access_denied", "bob", ADDRESS, "basic", "<lambda> needs all_of: board"),
    ]
    clock.advance(3601)
    site.call(figures, auth=BOB)
    assert events.take("event", "user")[-1] == ("access_denied", "bob")


def test_in_a_background_callback_there_is_no_request(events: Events) -> None:
    _witness.denied(None, "alice", "report needs one_of: board")
    assert events.take("event", "address", "method", "user_agent") == [
        ("access_denied", "", "", None)
    ]


# What is kept out, and bounds


def test_no_record_holds_what_proves_a_login(
    everywhere: Serve, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    guess = "a-wrong-guess"
    app = with_kept_session()
    site = everywhere(app)
    cookies = [honest(site.get("/private", auth=ALICE), None).cookie() or ""]
    held(site.get("/private", auth=("alice", guess)))
    held(site.get("/private", auth=(BOB[1], guess)))
    held(site.get("/private", auth="Bearer the-token-of-a-program"))
    honest(site.get("/log-out", cookie=cookies[0]), None)
    honest(site.get("/public", cookie=cookies[0]), None)
    assert [event for (event,) in events.take("event")] == [
        "login_success",
        "login_fail",
        "login_fail",
        "logout",
        "session_ended",
    ]
    tickets = [part.split("=", 1)[1] for part in cookies[0].split("; ")]
    assert len(tickets[0]) > 40
    headers = [base64.b64encode(f"alice:{guess}".encode()).decode()]
    secrets = [ALICE[1], BOB[1], guess, "the-token-of-a-program", KEY, *headers]
    # Of a ticket neither the whole nor a readable part.
    secrets += [part for ticket in tickets for part in re.split(r"[.:]", ticket) if len(part) > 8]
    said = [str({**vars(record), "text": record.getMessage()}) for record in caplog.records]
    assert any("failed login" in one for one in said)
    for secret in secrets:
        assert [one for one in said if secret in one] == []


def test_a_store_of_names_is_bounded() -> None:
    once = _witness.Once(60, most=100)
    assert all(once.is_new(number) for number in range(1000))
    assert len(once._until) == 100
    assert not once.is_new(999) and once.is_new(0)


def test_it_is_new_to_one_of_those_who_ask_at_once(clock: Clock) -> None:
    once = _witness.Once(60)

    class Late(dict[Any, float]):
        """Answers who looks as it was before another one wrote."""

        def get(self, what: Any, default: Any = None) -> Any:
            return default

    assert once.is_new("alice")
    once._until = Late(once._until)
    assert not once.is_new("alice")
    clock.advance(61)
    assert once.is_new("alice")


def test_guesses_that_are_sent_away_are_one_line(everywhere: Serve, events: Events) -> None:
    site = everywhere(app_behind(dict(USERS)))
    statuses = [
        site.get("/private", auth=("alice", f"guess {number}")).status for number in range(12)
    ]
    wrong = statuses.count(401)
    assert statuses == [401] * wrong + [429] * (12 - wrong) and 0 < wrong < 12
    failed, throttled = ("login_fail", "alice", "wrong"), ("login_throttled", "alice", "wait")
    assert events.take() == [failed] * wrong + [throttled]


def test_throttled_guesses_are_told_once_a_minute_for_an_address(
    events: Events, clock: Clock
) -> None:
    def request(address: str) -> Any:
        return type("Request", (), {"address": address, "header": lambda self, name: None})()

    for number in range(3):
        name = f"user{number}"
        _witness.throttled(request("203.0.113.9"), "form", name, knows=lambda name: True)
    _witness.throttled(request("203.0.113.10"), "form", "eve")
    clock.advance(61)
    _witness.throttled(request("203.0.113.9"), "form", "user3", knows=lambda name: True)
    lines = events.lines()
    assert lines[0] == 'throttled login user="user0" address=203.0.113.9 reason=wait'
    assert lines[1].startswith("throttled login user=unknown:")
    assert lines[2:] == ['throttled login user="user3" address=203.0.113.9 reason=wait']


def test_a_remembered_user_costs_one_look_an_hour(
    events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = guarded_app().server.test_client()
    told: list[Any] = []
    monkeypatch.setattr(audit, "record", lambda *args, **fields: told.append(args))
    for _ in range(10):
        assert client.get("/private", auth=("alice", "wonderland")).status_code == 200
    assert len(told) == 1
