"""Several workers whose logins end in one of them alone are told of."""

from __future__ import annotations

import pytest
from attacks.apps import reset_dash
from dash_auth.sessions import ticket, workers
from everywhere import Serve, app_behind
from forms import Browser, form_app
from stores import MemoryStore

WARNING = "Several workers serve this app"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    reset_dash()
    monkeypatch.setattr(workers, "_STARTED", 0.0)


def another_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process know nothing of the logins before."""
    monkeypatch.setattr(ticket, "_workers", workers.Workers())


def test_a_login_of_another_worker_is_told_of_once(
    everywhere: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    another_worker(monkeypatch)
    browser = Browser(everywhere(form_app(idle_timeout=600)))
    browser.log_in()
    assert browser.who() == "alice"
    assert WARNING not in caplog.text
    another_worker(monkeypatch)
    for _ in range(3):
        assert browser.who() == "alice"
    assert caplog.text.count(WARNING) == 1
    assert "sessions=" in caplog.text


@pytest.mark.parametrize("kind", ["before this worker started", "stored", "basic"])
def test_nothing_is_told_where_all_is_well(
    everywhere: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    if kind == "basic":
        site = everywhere(
            app_behind(secret_key="the secret key of a test", users={"alice": "wonder-land"})
        )
        cookie = site.get("/public", auth=("alice", "wonder-land")).cookie()
        another_worker(monkeypatch)
        assert site.get("/public", cookie=cookie).status == 200
    else:
        store = MemoryStore() if kind == "stored" else None
        browser = Browser(everywhere(form_app(sessions=store)))
        browser.log_in()
        another_worker(monkeypatch)
        if kind != "stored":
            monkeypatch.setattr(workers, "_STARTED", float("inf"))
        assert browser.who() == "alice"
    assert WARNING not in caplog.text


def test_of_so_many_logins_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    known = workers.Workers()
    for number in range(workers._MOST + 1):
        known.note(_Ticket(str(number)))
    known.look_at(_Ticket("of another"))
    assert WARNING not in caplog.text


class _Ticket:
    auth_time = 5

    def __init__(self, id: str) -> None:
        self.id = id
