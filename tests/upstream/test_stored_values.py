"""Stored values that a subclass's own check alone can read."""

from __future__ import annotations

import base64
import hashlib
import logging
from typing import Any

import dash_auth
import flask
import pytest
from dash import Dash, html
from dash_auth.security import generate_password_hash

YESCRYPT = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"
READABLE = {"alice": "wonderland", "bob": generate_password_hash("builder", "scrypt:1024:8:1")}
UNREADABLE: dict[str, Any] = {
    "yescrypt": YESCRYPT,
    "bytes": b"bytes",
    "dict": {"hash": hashlib.sha256(b"pw").hexdigest(), "role": "admin"},
    "none": None,
    "number": 4711,
    "object": object(),
    "empty": "",
}


class OfTheApp(dash_auth.BasicAuth):
    """Reads a table of records."""

    def is_authorized(self) -> bool:
        given = flask.request.authorization
        record: Any = self._users.get(given.username or "") if given else None
        if not isinstance(record, dict) or given is None:
            return False
        return hashlib.sha256((given.password or "").encode()).hexdigest() == record["hash"]


class OnTop(dash_auth.BasicAuth):
    """Asks the base, and has the last word."""

    def is_authorized(self) -> bool:
        return super().is_authorized() and "X-No" not in flask.request.headers


def app_with(kind: Any, users: Any, **options: Any) -> Dash:
    app = Dash("stored", assets_folder="no-assets")
    app.layout = html.Div()
    kind(app, users, secret_key="k" * 32, **options)
    return app


def status(app: Dash, name: str, password: str, **headers: str) -> int:
    token = base64.b64encode(f"{name}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", **headers}
    return app.server.test_client().get("/_dash-layout", headers=headers).status_code


@pytest.mark.parametrize("readable", [{}, READABLE], ids=["none readable", "some readable"])
def test_what_its_own_check_reads_is_accepted(readable: dict[str, Any]) -> None:
    app = app_with(OfTheApp, {**readable, **UNREADABLE}, user_groups={"somebody": ["a"]})
    assert status(app, "dict", "pw") == 200
    assert [status(app, "dict", "other"), status(app, "yescrypt", YESCRYPT)] == [401, 401]
    assert dash_auth.explain(app)


def test_a_check_on_top_of_ours_goes_on_working(caplog: pytest.LogCaptureFixture) -> None:
    app = app_with(OnTop, {**READABLE, **UNREADABLE})
    assert [status(app, "alice", "wonderland"), status(app, "bob", "builder")] == [200, 200]
    assert [status(app, "alice", "builder"), status(app, "eve", "builder")] == [401, 401]
    assert status(app, "alice", "wonderland", **{"X-No": "yes"}) == 401


@pytest.mark.parametrize("readable", [{}, READABLE], ids=["none readable", "some readable"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_ours_refuses_what_it_cannot_read_and_says_so(
    name: str, readable: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    app = app_with(OnTop, {**readable, **UNREADABLE})
    caplog.clear()
    stored = UNREADABLE[name]
    for password in (str(stored), stored if isinstance(stored, str) else "", "pw", "bytes"):
        assert status(app, name, password) == 401
    said = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert said
    assert all(f"'{name}'" in record.getMessage() for record in said)
    assert YESCRYPT not in caplog.text


def test_the_table_stays_live() -> None:
    users = dict(UNREADABLE)
    app = app_with(OnTop, users)
    assert [status(app, "yescrypt", "new"), status(app, "nobody", "new")] == [401, 401]
    users["yescrypt"] = "new"
    users["carol"] = "newer"
    assert [status(app, "yescrypt", "new"), status(app, "carol", "newer")] == [200, 200]


@pytest.mark.parametrize("name", UNREADABLE)
def test_without_a_check_of_its_own_they_are_refused_at_start(name: str) -> None:
    class Plain(dash_auth.BasicAuth):
        def login_request(self) -> Any:
            return "log in", 401

    for kind in (dash_auth.BasicAuth, Plain):
        with pytest.raises((TypeError, ValueError), match=name):
            app_with(kind, {**READABLE, name: UNREADABLE[name]})
