"""What a login through a provider leaves in the log of events."""

from __future__ import annotations

import pytest
from clock import Clock
from dash_auth import OIDCAuth
from events import Events

from .apps import KEY, make_app, register
from .mock_provider import Provider
from .servers import add_page
from .visitor import OWN_LINK, Visit, Visitor

pytestmark = pytest.mark.usefixtures("each_server")


@pytest.fixture
def visitor(visit: Visit, provider: Provider) -> Visitor:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)

    def clear(session: dict[str, object]) -> dict[str, object]:
        session.clear()
        return {}

    add_page(app.server, "/clear", clear)
    return visit(app)


def test_a_login_and_its_logout(visitor: Visitor, provider: Provider, events: Events) -> None:
    assert visitor.begin()
    assert events.take() == []
    assert visitor.log_in(provider).status_code == 302
    ticket = visitor.client.cookies.copy()
    for _ in range(3):
        visitor.whoami()
    ((*login, number),) = events.take("event", "user", "method", "address", "session")
    assert login == ["login_success", "alice@example.com", "oidc", "127.0.0.1"]
    assert visitor.get("/oidc/logout", **OWN_LINK).status_code == 200
    visitor.client.cookies.update(ticket)
    for _ in range(3):
        assert visitor.get("/whoami").status_code == 302
    told = events.take("event", "method", "session", "reason")
    assert told == [
        ("logout", "oidc", number, None),
        ("session_ended", "oidc", number, "logged_out"),
    ]


def test_an_app_that_clears_the_session_logs_out(
    visitor: Visitor, provider: Provider, events: Events
) -> None:
    visitor.log_in(provider)
    assert visitor.get("/clear").status_code == 200
    told = events.take("event", "user", "method")
    assert told[1:] == [("logout", "alice@example.com", "oidc")]


def test_a_session_that_is_over(
    visitor: Visitor, provider: Provider, events: Events, clock: Clock
) -> None:
    visitor.log_in(provider)
    events.records.clear()
    clock.advance(31 * 24 * 3600)
    for _ in range(3):
        visitor.get("/whoami")
    over = ("session_ended", "alice@example.com", "oidc", "expired")
    assert events.take("event", "user", "method", "reason") == [over]


def test_failed_logins_are_told_once_a_minute(
    visitor: Visitor, provider: Provider, events: Events, clock: Clock
) -> None:
    def ask(count: int = 3) -> None:
        for _ in range(count):
            # Nobody waits for this one.
            assert visitor.get("/oidc/idp/callback?code=x&state=y").status_code == 400
            # The provider does not confirm that one.
            back = provider.consent(visitor.begin(), "alice")
            assert visitor.get(back.replace("code=", "code=no")).status_code == 401

    ask()
    assert events.take("event", "user", "method", "reason") == [
        ("login_fail", None, "oidc", "not_begun"),
        ("login_fail", None, "oidc", "refused"),
    ]
    clock.advance(61)
    ask(1)
    assert len(events.lines()) == 2


def test_nothing_of_a_token_is_told(visitor: Visitor, provider: Provider, events: Events) -> None:
    back = provider.consent(visitor.begin(), "alice")
    visitor.get(back)
    ticket = visitor.ticket
    visitor.get("/oidc/logout", **OWN_LINK)
    said = str([{**vars(record), "text": record.getMessage()} for record in events.records])
    assert "alice@example.com" in said
    code = back.split("code=")[1].split("&")[0]
    for secret in (code, ticket, KEY, "the-client-secret"):
        assert len(secret) > 3 and secret not in said
