"""What a ticket and the session hold of a login, and until when it counts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from dash_auth import OIDCAuth, _core, explain
from dash_auth.logins import Answer
from starlette.middleware.sessions import SessionMiddleware
from tickets import content_of_ticket

from .apps import ALICE, KEY, Direct, make_app, register
from .mock_provider import Provider
from .servers import Chosen, add_page, keep_sessions, session_of, signed
from .visitor import Visit

pytestmark = pytest.mark.usefixtures("each_server")


def test_a_session_ends(visit: Visit, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, session_lifetime=100), provider)
    visitor = visit(app)
    visitor.log_in(provider)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 90)
    assert visitor.call_back().status_code == 200
    monkeypatch.setattr("time.time", lambda: now + 101)
    assert visitor.call_back().status_code == 401
    assert visitor.get("/").headers["Location"].startswith(provider.address)


def test_a_login_counts_for_eight_hours_by_default(direct: Callable[..., Direct]) -> None:
    here, begun = direct(), int(time.time())
    here.log_in()
    ticket = content_of_ticket(here.client.ticket)
    assert ticket["until"] - ticket["auth_time"] == 8 * 3600
    assert begun <= ticket["auth_time"] <= time.time()
    assert ticket["claims"] == {"user": {"sub": "alice", **ALICE}, "idp": "idp"}
    assert explain(here.app).session == "the login itself, for 8 hours"


def test_a_login_counts_no_longer_than_the_server_has_its_sessions_count(
    direct: Callable[..., Direct], each_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    if each_server == "fastapi":
        app.server.add_middleware(SessionMiddleware, secret_key=KEY, max_age=60)
    here = direct(app=app, secret_key=None if each_server == "fastapi" else KEY)
    if each_server != "fastapi":
        # Said after the login was put before the app, as well.
        app.server.permanent_session_lifetime = timedelta(seconds=60)
    here.log_in()
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 55)
    assert here.client.get("/whoami").status_code == 200
    monkeypatch.setattr("time.time", lambda: now + 61)
    assert here.client.get("/whoami").status_code == 302


@pytest.mark.parametrize("longer", [8 * 3600 + 1, None])
def test_a_longer_time_of_the_servers_makes_no_login_longer(
    direct: Callable[..., Direct], each_server: str, longer: int | None
) -> None:
    app = make_app()
    if each_server == "fastapi":
        options = {} if longer is None else {"max_age": longer}
        app.server.add_middleware(SessionMiddleware, secret_key=KEY, **options)
    here = direct(app=app, secret_key=None if each_server == "fastapi" else KEY)
    if each_server != "fastapi":
        app.server.permanent_session_lifetime = timedelta(seconds=longer or 60)
        if longer is None:
            # What the server keeps ends there, where it is not used.
            keep_sessions(app.server)
    here.log_in()
    ticket = content_of_ticket(here.client.ticket)
    assert ticket["until"] - ticket["auth_time"] == 8 * 3600


def test_a_login_may_count_for_longer_than_a_date_holds(direct: Callable[..., Direct]) -> None:
    here = direct(session_lifetime=1e30)
    if Chosen.kind != "fastapi":
        here.app.server.permanent_session_lifetime = timedelta.max
    assert here.log_in().status_code == 302
    assert here.client.get("/whoami").status_code == 200


def test_a_check_of_a_subclass_refuses_a_request_and_ends_no_login(
    direct: Callable[..., Direct],
) -> None:
    class Selective(OIDCAuth):
        is_open = True

        def is_authorized(self) -> bool:
            return super().is_authorized() and self.is_open

    here = direct(kind=Selective)
    here.log_in()
    here.auth.is_open = False
    refused = here.client.get("/whoami", {"Sec-Fetch-Mode": "cors"})
    assert (refused.status_code, refused.headers.get("Set-Cookie")) == (401, None)
    here.auth.is_open = True
    assert here.client.get("/whoami").json()["user"] == ALICE["email"]


def test_how_the_user_logged_in_stands_in_the_ticket(direct: Callable[..., Direct]) -> None:
    for amr, methods in ((["pwd", "otp", 5], ["pwd", "otp"]), ("pwd", []), (None, [])):
        here = direct()
        here.log_in(sub="1", amr=amr)
        assert content_of_ticket(here.client.ticket)["methods"] == methods


def test_a_changed_ticket_does_not_count(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    note, claims, seal = here.client.ticket.split(".")

    def admitted(ticket: str) -> bool:
        here.client.ticket = ticket
        return bool(here.client.get("/whoami").status_code == 200)

    other = direct()
    other.log_in(sub="bob", email=ALICE["email"])
    other_note, other_claims, other_seal = other.client.ticket.split(".")
    assert admitted(f"{note}.{claims}.{seal}")
    assert not admitted(f"{note}.{other_claims}.{seal}")
    assert not admitted(f"{other_note}.{claims}.{other_seal}")
    assert not admitted(f"{note}..{seal}")
    assert not admitted(f"{note}.{claims}.")
    assert not admitted("x")
    assert not admitted("\u00fc.\u00fc.\u00fc")
    assert admitted(f"{note}.{claims}.{seal}")


@pytest.mark.parametrize(
    "change",
    [
        {"user": {"sub": "bob", "email": ALICE["email"]}},
        {"user": None},
        {"user": "bob"},
        {"idp": "other"},
        {"idp": None},
        {"until": 1},
        {"verified_against": "another registration"},
    ],
    ids=str,
)
def test_a_ticket_counts_for_its_user_provider_and_time_alone(
    direct: Callable[..., Direct], change: dict[str, Any]
) -> None:
    here = direct()
    here.log_in()
    values = {"user": {"sub": "alice", **ALICE}, "idp": "idp"}

    def admitted(change: dict[str, Any]) -> bool:
        held = {name: change.get(name, value) for name, value in values.items()}
        issued = {
            "id": "1",
            "auth_time": 1,
            "until": change.get("until"),
            "methods": [],
            "is_for_public": False,
            "claims": json.dumps(held).encode(),
        }
        against = change.get("verified_against", here.auth._OIDCAuth__providers.registration("idp"))
        tickets = _core.Tickets(here.auth._dash_auth_guard.name)
        here.client.ticket = tickets.issue(KEY.encode(), "alice", against, **issued)
        return bool(here.client.get("/whoami").status_code == 200)

    assert admitted({})
    assert not admitted(change)


@pytest.mark.parametrize(
    "kept",
    [
        "x",
        None,
        {},
        {"{name}": "x"},
        {"{name}": {"id": 5, "values": {}}},
        {"{name}": {"id": "another", "values": {"user": {"sub": "bob"}, "idp": "idp"}}},
        {"other": {"id": "{id}", "values": {"user": {"sub": "alice", "x": 1}, "idp": "idp"}}},
    ],
    ids=str,
)
def test_what_a_session_keeps_beside_the_ticket_is_of_this_login_alone(
    direct: Callable[..., Direct], kept: Any
) -> None:
    here = direct()
    here.log_in()
    name, number = here.ticket_name, content_of_ticket(here.client.ticket)["id"]
    as_text = json.dumps(kept).replace("{name}", name).replace("{id}", number)
    with here.client.session_transaction() as session:
        session["_dash_auth"] = json.loads(as_text)
    shown = here.client.get("/whoami").json()["session"]
    assert shown["user"] == {"sub": "alice", **ALICE}


@pytest.mark.parametrize("values", [None, "x", {}, {"user": {"sub": "bob"}, "idp": "idp"}], ids=str)
def test_nor_does_it_make_another_user_of_it(direct: Callable[..., Direct], values: Any) -> None:
    here = direct()
    here.log_in()
    with here.client.session_transaction() as session:
        number = content_of_ticket(here.client.ticket)["id"]
        session["_dash_auth"] = {here.ticket_name: {"id": number, "values": values}}
    assert here.client.get("/whoami").status_code == 302


def test_a_session_by_itself_names_nobody(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    ticket = here.client.ticket
    here.client.cookie = signed(here.app.server, {"user": {"sub": "bob"}, "idp": "other"})
    assert here.client.get("/whoami").status_code == 302
    # What stands under the names that are shown is masked.
    here.client.take_over(direct().client)
    here.log_in()
    with here.client.session_transaction() as session:
        session.update({"user": {"sub": "bob"}, "idp": "other"})
    assert here.client.get("/whoami").json()["user"] == ALICE["email"]
    assert here.client.ticket != ticket


def test_public_routes_know_who_logged_in_here_alone(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, public_routes=["/whoami"]), provider)
    visitor = visit(app)
    nobody = {
        "session": dict.fromkeys(("user", "idp", "refresh_token")),
        "user": None,
        "groups": [],
        "admin": None,
    }
    assert visitor.whoami() == nobody
    foreign = signed(app.server, {"user": {"sub": "alice", **ALICE}, "idp": "idp"})
    visitor.client.cookies.set("session", foreign, domain="127.0.0.1", path="/")
    assert visitor.whoami() == nobody
    visitor.client.cookies.clear()
    visitor.log_in(provider)
    assert visitor.whoami()["user"] == "alice@example.com"
    assert visitor.whoami()["admin"] is True


def test_nothing_from_before_outlives_a_login(direct: Callable[..., Direct]) -> None:
    here = direct()
    with here.client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["refresh_token"] = "planted"
    here.log_in()
    assert here.client.get("/whoami").json()["session"]["refresh_token"] is None
    with here.client.session_transaction() as session:
        assert session == {}


def test_a_session_on_the_server_gets_another_id(
    direct: Callable[..., Direct], each_server: str
) -> None:
    if each_server == "fastapi":
        pytest.skip("sessions on FastAPI are Starlette's cookies")
    here = direct()
    renewed = []

    async def regenerate(session: Any) -> None:
        renewed.append(session)

    interface: Any = here.app.server.session_interface
    interface.regenerate = renewed.append
    here.log_in()
    assert len(renewed) == 1
    if each_server == "quart":
        interface.regenerate = regenerate
        here.log_in()
        assert len(renewed) == 2


def test_waiting_logins_do_not_pile_up(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    begun = [visitor.begin(f"/{number}/" + "x" * 450) for number in range(6)]
    assert len(visitor.cookie) < 4000
    assert "/oauth2/authorize" not in str(session_of(app.server, visitor.cookie))
    assert visitor.get(provider.consent(begun[0], "alice")).status_code == 400
    back = visitor.get(provider.consent(begun[5], "alice"))
    assert back.headers["Location"] == "/5/" + "x" * 450


def test_what_the_app_adds_to_the_user_is_kept(direct: Callable[..., Direct]) -> None:
    here = direct()

    def add(session: Any) -> str:
        session["user"] = {**session["user"], "team": "red"}
        return "added"

    def add_inside(session: Any) -> str:
        session["user"]["role"] = "lead"
        session["theme"] = "dark"
        return "added"

    def become(session: Any) -> str:
        session["user"] = {"sub": "root", "email": "root@example.com"}
        return "changed"

    for view in (add, add_inside, become):
        add_page(here.app.server, f"/{view.__name__}", view)
    here.log_in()
    for path in ("/add", "/add_inside"):
        assert here.client.get(path).text in ("added", '"added"')
    user = here.client.get("/whoami").json()["session"]["user"]
    assert (user["team"], user["role"], user["sub"]) == ("red", "lead", "alice")
    held = session_of(here.app.server, str(here.client.cookie))
    assert set(held) == {"_dash_auth", "theme"}
    # Who it is the provider said: a change of that ends the login.
    assert here.client.get("/become").status_code == 200
    assert here.client.get("/whoami").status_code == 302


@pytest.mark.parametrize("session_cookie", [False, True])
def test_an_app_may_log_its_user_out(direct: Callable[..., Direct], session_cookie: bool) -> None:
    here = direct(session_cookie=session_cookie)

    def leave(session: Any) -> str:
        session.pop("user")
        return "left"

    add_page(here.app.server, "/leave", leave)
    here.log_in()
    assert here.client.get("/whoami").status_code == 200
    assert here.client.get("/leave").status_code == 200
    assert "user" not in session_of(here.app.server, here.client.cookie)
    # Not by the session alone, which may be lost.
    assert here.client.ticket == ""
    assert here.client.get("/whoami").status_code == 302


class OwnCallback(OIDCAuth):
    """A callback that asks elsewhere who came back."""

    def callback(self, idp: str) -> Any:
        request = self._dash_auth_server.request()
        if request.query != "code=right":
            return Answer(401, "Who are you?")
        self.session["user"] = {"sub": "carol", "email": "carol@example.com"}
        return Answer.redirect("/")


def test_who_a_callback_of_the_developers_own_logs_in_is(direct: Callable[..., Direct]) -> None:
    here = direct(kind=OwnCallback)
    planted = {"user": {"sub": "mallory"}, "idp": "idp"}
    for cookie in (None, signed(here.app.server, planted)):
        if cookie is not None:
            here.client.cookie = cookie
        assert here.client.get("/oidc/idp/callback").status_code == 401
        assert here.client.get("/whoami").status_code == 302
    assert here.client.get("/oidc/idp/callback?code=right").status_code == 302
    known = here.client.get("/whoami").json()
    # What it stores says nothing of the address.
    assert (known["user"], known["session"]["idp"]) == ("carol", "idp")


def test_the_cookie_shows_the_user_where_that_is_asked_for(direct: Callable[..., Direct]) -> None:
    here = direct(session_cookie=True)
    here.log_in()
    with here.client.session_transaction() as session:
        assert session == {"user": {"sub": "alice", **ALICE}, "idp": "idp"}
    assert "Set-Cookie" not in here.client.get("/whoami").headers
    # It decides nothing.
    with here.client.session_transaction() as session:
        session["user"] = {"sub": "bob"}
    assert here.client.get("/whoami").json()["user"] == "alice@example.com"


def test_a_login_under_an_old_key_counts(
    direct: Callable[..., Direct], each_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = direct()
    before.log_in()
    after = direct(secret_key=["the new key of all workers", KEY])
    after.client.take_over(before.client)
    assert after.client.get("/whoami").json()["user"] == "alice@example.com"
    last = direct(secret_key="the new key of all workers")
    last.client.take_over(before.client)
    assert last.client.get("/whoami").status_code == 302


def test_a_login_to_one_instance_is_none_to_another(direct: Callable[..., Direct]) -> None:
    red, again, blue = (direct(session_scope=scope) for scope in ("red", "red", "blue"))
    red.log_in()
    for here, status in ((red, 200), (again, 200), (blue, 302)):
        here.client.take_over(red.client)
        assert here.client.get("/whoami").status_code == status


def test_what_the_app_changes_within_the_user_is_kept_each_time(
    direct: Callable[..., Direct],
) -> None:
    here = direct()

    def leave_a_group(session: Any) -> str:
        session["user"]["groups"].pop()
        return "left"

    add_page(here.app.server, "/leave_a_group", leave_a_group)
    here.log_in()
    for left in (["admin"], []):
        here.client.get("/leave_a_group")
        assert here.client.get("/whoami").json()["groups"] == left
