"""What is recorded of an event, for logs, for machines and for functions of the developer's."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import dash_auth
import pytest
from dash_auth import audit
from dash_auth._listeners import Listeners
from dash_auth.audit import Event, Kind
from events import NAMES, Events
from waiting import GIVE_UP, wait_for

ADDRESS = "203.0.113.9"
LINE = re.compile(
    r'failed login user=("(?:[^"\\]|\\.)*") address=203\.0\.113\.9 reason=wrong', re.ASCII
)


def fail(user: str | None = "alice", **options: Any) -> None:
    given: dict[str, Any] = {"address": ADDRESS, "method": "basic", "reason": "wrong", **options}
    audit.record(Kind.LOGIN_FAIL, user=user, **given)


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> Listeners[Event]:
    made: Listeners[Event] = Listeners()
    monkeypatch.setattr(audit, "_listeners", made)
    return made


@pytest.fixture
def names_are_logged() -> Iterator[None]:
    audit.configure(log_unknown_names=True)
    yield
    audit.configure(log_unknown_names=False)


# Records


def test_an_event_is_one_record_with_its_fields(events: Events) -> None:
    fail(session="the id of a ticket", user_agent="Mozilla/5.0 " + "x" * 300)
    (record,) = events.records
    assert record.name == "dash_auth.audit" and record.levelname == "WARNING"
    assert record.getMessage() == f'failed login user="alice" address={ADDRESS} reason=wrong'
    fields = {name: vars(record)[name] for name in audit._FIELDS}
    assert len(fields.pop("user_agent")) == 200
    assert re.fullmatch("[0-9a-f]{12}", fields.pop("session"))
    assert fields == {
        "event": "login_fail",
        "event_code": "authn_login_fail",
        "user": "alice",
        "address": ADDRESS,
        "method": "basic",
        "reason": "wrong",
        "by": None,
    }


def test_one_session_is_told_from_another(events: Events) -> None:
    for ticket in ("one", "one", "another"):
        fail(session=ticket)
    (first,), (second,), (third,) = events.take("session")
    assert first == second != third


def test_each_kind_has_its_level_and_its_code(events: Events) -> None:
    for kind in Kind:
        audit.record(kind, user="alice", address=ADDRESS, method="form")
    assert events.take("event", "event_code", "levelname") == [
        ("login_success", "authn_login_success", "INFO"),
        ("login_fail", "authn_login_fail", "WARNING"),
        ("login_throttled", "authn_login_fail_max", "WARNING"),
        ("users_unreadable", "users_unreadable", "WARNING"),
        ("logout", "session_expired", "INFO"),
        ("password_changed", "authn_password_change", "INFO"),
        ("invitation_used", "authn_password_change", "INFO"),
        ("invitation_refused", "authn_token_reuse", "WARNING"),
        ("session_ended", "session_use_after_expire", "INFO"),
        ("access_denied", "authz_fail", "WARNING"),
        ("user_added", "user_created", "WARNING"),
        ("user_removed", "user_deleted", "WARNING"),
        ("user_disabled", "user_archived", "WARNING"),
        ("user_enabled", "user_updated", "WARNING"),
        ("user_groups_changed", "authz_change", "WARNING"),
        ("user_invited", "authn_token_created", "WARNING"),
        ("user_logged_out", "authn_token_revoked", "WARNING"),
    ]


@pytest.mark.parametrize(
    "given, line",
    [
        ({"user": None}, "failed login user=- address=203.0.113.9 reason=wrong"),
        ({"user": "zoë"}, r'failed login user="zo\u00eb" address=203.0.113.9 reason=wrong'),
        (
            {"by": "ada\nlogin"},
            r'failed login user="alice" address=203.0.113.9 by="ada\\nlogin" reason=wrong',
        ),
        ({"address": "2001:db8::1"}, 'failed login user="alice" address=2001:db8::1 reason=wrong'),
        ({"address": ""}, 'failed login user="alice" address="" reason=wrong'),
        (
            {"address": "8.8.8.8 reason=wrong"},
            'failed login user="alice" address="8.8.8.8 reason=wrong" reason=wrong',
        ),
        ({"reason": "no such"}, 'failed login user="alice" address=203.0.113.9 reason="no such"'),
        ({"reason": None}, 'failed login user="alice" address=203.0.113.9'),
    ],
)
def test_a_line_quotes_what_may_hold_anything(
    events: Events, given: dict[str, Any], line: str
) -> None:
    fail(**{"user": "alice", **given})
    assert events.lines() == [line]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_makes_another_line_or_another_field(events: Events, name: str) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(audit.JSONFormatter())
    audit.logger.addHandler(handler)
    try:
        fail(name, user_agent=name)
    finally:
        audit.logger.removeHandler(handler)
    (record,) = events.records
    (line,) = events.lines()
    assert line.isascii() and line.isprintable() and len(line) < 1500
    quoted = LINE.fullmatch(line)
    assert quoted is not None, line
    # What a line and a record say is the same, and a database takes it.
    user = vars(record)["user"]
    assert json.loads(quoted[1]) == user
    assert user.isprintable() and len(user) <= 200
    assert user.encode().decode() == user
    if name.isprintable() and len(name) <= 200:
        assert user == name
    written = out.getvalue()
    assert written.isascii() and written.count("\n") == 1
    assert json.loads(written)["user"] == json.loads(written)["user_agent"] == user


def test_a_name_that_no_store_knows_is_not_logged(events: Events) -> None:
    for name in ("my password", "my password", "another", "\ud800"):
        fail(name, is_known=False)
    assert [
        record.getMessage() for record in events.records if "password" in str(vars(record))
    ] == []
    lines = events.lines()
    hashed = r"failed login user=unknown:[0-9a-f]{8} address=203\.0\.113\.9 reason=wrong"
    assert all(re.fullmatch(hashed, line) for line in lines)
    assert lines[0] == lines[1] and len(set(lines)) == 3


def test_the_hash_has_a_key_of_the_process(events: Events) -> None:
    fail("guessed", is_known=False)
    script = (
        "from dash_auth import audit; audit.record(audit.Kind.LOGIN_FAIL, user='guessed', "
        "address='203.0.113.9', method='basic', is_known=False, reason='wrong')"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    (line,) = events.lines()
    assert line.startswith("failed login user=unknown:")
    assert other.stderr.startswith("failed login user=unknown:")
    assert other.stderr.strip() != line


@pytest.mark.usefixtures("names_are_logged")
def test_it_is_if_the_developer_wants_it(events: Events) -> None:
    fail("alise", is_known=False)
    assert events.take("user") == [("alise",)]


def test_what_is_configured_wrongly_is_an_error() -> None:
    with pytest.raises(TypeError, match="log_unknown_names must be True or False, not str"):
        audit.configure(log_unknown_names="yes")  # type: ignore[arg-type]
    for function in (None, lambda: None, lambda one, two: None):
        with pytest.raises(TypeError, match="on_event takes a function of one argument"):
            audit.on_event(function)  # type: ignore[type-var]


# What fails breaks nothing


class Broken(logging.Handler):
    def handle(self, record: logging.LogRecord) -> bool:
        raise RuntimeError("a handler")


def test_a_handler_that_raises_breaks_nothing(
    events: Events, listeners: Listeners[Event], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Event] = []
    audit.on_event(told.append)
    broken = Broken()
    audit.logger.addHandler(broken)
    try:
        fail()
        # The same handler may be asked to log that.
        logging.getLogger("dash_auth").addHandler(broken)
        fail()
    finally:
        audit.logger.removeHandler(broken)
        logging.getLogger("dash_auth").removeHandler(broken)
    assert "An event could not be logged" in caplog.text
    assert listeners.wait(GIVE_UP) and len(told) == 2


def test_a_factory_that_knows_the_fields_already_breaks_nothing(events: Events) -> None:
    before = logging.getLogRecordFactory()

    def with_user(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = before(*args, **kwargs)
        record.user = "of the app"
        return record

    logging.setLogRecordFactory(with_user)
    try:
        fail()
    finally:
        logging.setLogRecordFactory(before)
    assert events.take() == [("login_fail", "alice", "wrong")]


# For machines


def formatted(write: Callable[[logging.Logger], object]) -> list[dict[str, Any]]:
    out, logger = io.StringIO(), logging.getLogger("dash_auth.audit")
    handler = logging.StreamHandler(out)
    handler.setFormatter(audit.JSONFormatter())
    logger.addHandler(handler)
    try:
        write(logger)
    finally:
        logger.removeHandler(handler)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_record_is_one_line_of_json(events: Events) -> None:
    (line,) = formatted(lambda _: fail("zoë", session="id", user_agent="curl/8"))
    time = datetime.fromisoformat(line.pop("time"))
    assert time.utcoffset() == timedelta(0)
    (record,) = events.records
    assert abs(time.timestamp() - record.created) < 0.001
    assert line == {
        "level": "WARNING",
        "logger": "dash_auth.audit",
        "message": r'failed login user="zo\u00eb" address=203.0.113.9 reason=wrong',
        "event": "login_fail",
        "event_code": "authn_login_fail",
        "user": "zoë",
        "address": ADDRESS,
        "method": "basic",
        "session": vars(record)["session"],
        "reason": "wrong",
        "user_agent": "curl/8",
        "by": None,
    }


def test_records_of_other_loggers_have_no_event() -> None:
    record = logging.LogRecord("app", logging.ERROR, "app.py", 1, "a\n%s", ("b",), None)
    record.exc_info = (ValueError, ValueError("x"), None)
    line = json.loads(audit.JSONFormatter().format(record))
    assert line.pop("time")
    assert line == {
        "level": "ERROR",
        "logger": "app",
        "message": "a\nb",
        "exception": "ValueError: x",
    }


# Functions of the developer's


def test_a_function_is_called_with_each_event(listeners: Listeners[Event]) -> None:
    told: list[Event] = []

    @audit.on_event
    def store(event: Event) -> None:
        told.append(event)

    assert store.__name__ == "store"
    audit.logger.setLevel(logging.CRITICAL)
    try:
        audit.record(Kind.LOGIN_SUCCESS, user="alice", address=ADDRESS, method="form")
    finally:
        audit.logger.setLevel(logging.NOTSET)
    assert listeners.wait(GIVE_UP)
    (event,) = told
    assert (event.event, event.user, event.method) == ("login_success", "alice", "form")
    assert event.time.utcoffset() == timedelta(0)
    with pytest.raises(AttributeError):
        event.user = "bob"  # type: ignore[misc]


def test_async_functions_share_one_loop(listeners: Listeners[Event]) -> None:
    loops = []

    @audit.on_event
    async def store(event: Event) -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())

    fail()
    fail()
    assert listeners.wait(GIVE_UP)
    assert loops[0] is loops[1]


def test_a_function_that_fails_is_told_of_once(
    listeners: Listeners[Event], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Event] = []

    @audit.on_event
    def store(event: Event) -> None:
        raise (SystemExit if told else ValueError)("no such table")

    @audit.on_event
    async def store_later(event: Event) -> None:
        raise KeyError

    audit.on_event(told.append)
    for _ in range(3):
        fail()
    assert listeners.wait(GIVE_UP)
    assert len(told) == 3
    assert caplog.text.count("An error in a function of on_event") == 2
    assert "no such table" in caplog.text


def test_a_slow_function_keeps_nobody_waiting(
    listeners: Listeners[Event], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Event] = []
    begun, go_on = threading.Event(), threading.Event()

    @audit.on_event
    def store(event: Event) -> None:
        begun.set()
        go_on.wait(GIVE_UP)
        told.append(event)

    fail()
    assert begun.wait(GIVE_UP)
    assert not listeners.wait(0)
    for _ in range(1100):
        fail()
    assert told == []
    go_on.set()
    assert listeners.wait(GIVE_UP)
    assert len(told) == 1001
    assert caplog.text.count("some events do not reach them") == 1


def test_functions_may_be_added_and_told_in_many_threads(listeners: Listeners[Event]) -> None:
    told: list[Event] = []
    barrier = threading.Barrier(8)

    def add() -> None:
        barrier.wait()
        audit.on_event(lambda event: told.append(event))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fail()
    assert listeners.wait(GIVE_UP)
    assert len(told) == 8


def test_a_fork_tells_what_happens_in_it(listeners: Listeners[Event]) -> None:
    told: list[Event] = []
    audit.on_event(told.append)
    fail()
    wait_for(lambda: len(told) == 1)
    # As a fork finds it: with no thread.
    listeners._start()
    fail()
    assert listeners.wait(GIVE_UP) and len(told) == 2


# With no set-up

APP = """
import base64
import dash_auth
from dash import Dash, html
app = Dash(__name__)
app.layout = html.P("hello")
dash_auth.BasicAuth(app, {"alice": "wonderland"})
client = app.server.test_client()
def get(password):
    return client.get("/", auth=("alice", password)).status_code
assert [get("wonderland"), get("wrong"), get("wonderland")] == [200, 401, 200]
print("done")
"""


def test_by_default_failed_logins_are_one_line_each_and_nothing_else_is_said() -> None:
    run = subprocess.run([sys.executable, "-c", APP], capture_output=True, text=True)
    assert run.stdout == "done\n"
    assert run.stderr == 'failed login user="alice" address=127.0.0.1 reason=wrong\n'


def test_what_is_still_to_be_told_is_told_at_the_end_of_the_process() -> None:
    script = (
        "import sys, time; from dash_auth import audit\n"
        "async def store(event): print(event.user)\n"
        "audit.on_event(store)\n"
        "for name in 'abc': audit.record(audit.Kind.LOGOUT, user=name, address='', method='form')"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("a\nb\nc\n", "")


def test_the_module_is_at_hand() -> None:
    assert dash_auth.audit is audit
