"""Several logins to one app: which of them verifies a request, alone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import plain_app
from attacks.http import ALICE, BOB, Site, basic, held
from attacks.routes import add_route
from attacks.servers import BACKENDS, running
from dash import Dash
from dash_auth._current import RequestIdentity
from dash_auth._login import BASIC, BEARER, FLOW, TRUSTED
from dash_auth.auth import Auth
from dash_auth.logins import Answer, Basic, Login, Outcome, Request, User, Visitor
from tickets import ticket_of

KEY = "a key that is long enough"
CAROL = {"sub": "carol", "email": "carol"}
BROWSER = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}


class Token(Login):
    """A token in a header of its own, which no browser sends by itself."""

    precedence = BEARER
    challenge = "Bearer"

    def __init__(self, header: str = "X-Token", names: tuple[str, ...] = ("robot",)) -> None:
        self.header = header
        self.names = names
        self.verified: list[str] = []

    def claim(self, request: Request) -> str | None:
        return request.header(self.header)

    def verify(self, request: Request, claim: str) -> Outcome:
        self.verified.append(claim)
        return User(claim) if claim in self.names else None


class Trusted(Token):
    precedence = TRUSTED
    challenge = None


def who() -> dict[str, Any]:
    user = dash_auth.current_user()
    held = dash_auth._current.current_session().get("user")
    return {"user": user and user.name, "session": held and held["email"]}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(apps, "backend", request.param)
    return str(request.param)


@pytest.fixture
def serve(backend: str) -> Iterator[Callable[[Dash], Site]]:
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(running(app.server, backend))


def witness_app() -> Dash:
    app = plain_app()
    add_route(app, "/who", who)
    add_route(app, "/open/who", who)
    return app


def known(site: Site, path: str = "/who", **options: Any) -> str | None:
    """Return whom the app takes a request for, None for a refusal or nobody."""
    options["headers"] = {"Accept": "application/json", **options.get("headers", {})}
    reply = site.get(path, **options)
    if reply.status == 401:
        return None
    told = reply.json()
    # Of a public page it may not be known yet whose credentials came along.
    assert told["session"] in ({told["user"]} if path == "/who" else {told["user"], None})
    name: str | None = told["user"]
    return name


def oidc_app(*also: Login) -> tuple[Dash, Any]:
    """Return an app with a login through a provider, and others beside it."""
    app = witness_app()
    auth = dash_auth.OIDCAuth(app, secret_key=KEY, public_routes=["/open/who"], also=also)
    auth.register_provider("idp", client_id="x", server_metadata_url="https://idp.invalid/")
    return app, auth


# Basic beside a login through a provider


@pytest.mark.parametrize("path", ["/who", "/open/who"])
def test_a_program_comes_with_a_password_beside_a_login_with_pages(serve: Any, path: str) -> None:
    app, _ = oidc_app(Basic(dict([ALICE])))
    site = serve(app)
    assert known(site, path, auth=ALICE) == "alice"
    assert known(site, path, auth=BOB) is None
    assert known(site, path, auth=("alice", "wrong")) is None
    # Nothing is remembered of it: no ticket of its own stands in the place of the flow's.
    assert site.get(path, auth=ALICE, headers=BROWSER).headers["Set-Cookie"] is None


@pytest.mark.parametrize("path", ["/who", "/open/who"])
@pytest.mark.parametrize("header", [ALICE, BOB, ("alice", "stale"), "Basic ???"], ids=str)
def test_a_ticket_that_holds_is_asked_and_a_header_beside_it_is_not(
    serve: Any, path: str, header: Any
) -> None:
    verified: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        verified.append(name)
        return (name, password) == ALICE

    app, auth = oidc_app(Basic(auth_func))
    site = serve(app)
    cookie = ticket_of(auth, KEY.encode(), CAROL)
    for headers in ({}, BROWSER):
        assert known(site, path, cookie=cookie, auth=header, headers=headers) == "carol"
    assert verified == []


@pytest.mark.parametrize("path", ["/who", "/open/who"])
def test_after_a_ticket_that_no_longer_holds_a_browser_is_not_taken_for_whom_it_knew(
    serve: Any, path: str
) -> None:
    app, auth = oidc_app(Basic(dict([ALICE])))
    site = serve(app)
    over = ticket_of(auth, KEY.encode(), CAROL, until=int(time.time()) - 1)
    forged = ticket_of(auth, b"another key", CAROL)
    for cookie in (over, forged):
        for headers in (
            BROWSER,
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Mode": "cors"},
            {"Sec-Fetch-Dest": "empty"},
        ):
            sent = {**headers, "Accept": "application/json"}
            assert known(site, path, cookie=cookie, auth=ALICE, headers=sent) is None
        # A program says what it means.
        assert known(site, path, cookie=cookie, auth=ALICE) == "alice"
    # And so does a browser that brings no ticket.
    assert known(site, path, auth=ALICE, headers=BROWSER) == "alice"


def test_a_proxys_own_basic_leads_to_the_login(serve: Any) -> None:
    app, _ = oidc_app(Basic(dict([ALICE])))
    navigation = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
    reply = serve(app).get("/who", auth=("proxy", "its own"), headers=navigation)
    # To the provider, which is none here.
    assert (reply.status, reply.text.strip()) == (502, "The identity provider cannot be reached")
    assert reply.headers["WWW-Authenticate"] is None


def test_where_there_are_pages_no_browser_shows_a_window_of_its_own(serve: Any) -> None:
    app, _ = oidc_app(Basic(dict([ALICE])), Token())
    for headers in ({"Sec-Fetch-Mode": "cors"}, {"Accept": "application/json"}):
        reply = held(serve(app).get("/who", headers=headers), status=401)
        assert reply.headers["WWW-Authenticate"] == "Bearer"


# The order, whatever the order of `also`


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_claims_is_fixed(serve: Any, turned: bool) -> None:
    token, trusted = Token(), Trusted("X-Proxy-User", ("dave",))
    also = [Basic(dict([ALICE])), trusted, token]
    app, auth = oidc_app(*(reversed(also) if turned else also))
    site = serve(app)
    brought = [
        ("robot", {"X-Token": "robot"}),
        ("carol", {"Cookie": ticket_of(auth, KEY.encode(), CAROL)}),
        ("dave", {"X-Proxy-User": "dave"}),
        ("alice", {"Authorization": basic(*ALICE)}),
    ]
    for path in ("/who", "/open/who"):
        for number, (name, _) in enumerate(brought):
            sent = {key: value for _, one in brought[number:] for key, value in one.items()}
            assert known(site, path, headers=sent) == name
    # A refusal falls through to nobody.
    everything = {key: value for _, one in brought for key, value in one.items()}
    for path in ("/who", "/open/who"):
        assert known(site, path, headers={**everything, "X-Token": "eve"}) is None
    no_session = {k: v for k, v in everything.items() if k not in ("X-Token", "Cookie")}
    assert known(site, headers={**no_session, "X-Proxy-User": "eve"}) is None


def test_the_order_has_names() -> None:
    assert BEARER < FLOW < TRUSTED < BASIC
    assert Login.precedence == TRUSTED


def test_basic_auth_takes_others_too(serve: Any) -> None:
    token = Token()
    app = witness_app()
    dash_auth.BasicAuth(
        app, dict([ALICE]), secret_key=KEY, public_routes=["/open/who"], also=[token]
    )
    site = serve(app)
    for path in ("/who", "/open/who"):
        assert known(site, path, auth=ALICE) == "alice"
        assert known(site, path, headers={"X-Token": "robot"}) == "robot"
        assert known(site, path, auth=ALICE, headers={"X-Token": "eve"}) is None
    # A ticket is of a password.
    assert site.get("/who", headers={**BROWSER, "X-Token": "robot"}).headers["Set-Cookie"] is None
    ticket = site.get("/who", auth=ALICE, headers=BROWSER).cookie()
    assert known(site, "/open/who", cookie=ticket) == "alice"
    assert known(site, "/open/who", cookie=ticket, headers={"X-Token": "robot"}) == "robot"
    reply = held(site.get("/who"), status=401)
    challenges = reply.headers["WWW-Authenticate"]
    assert challenges == 'Basic realm="User Visible Realm", charset="UTF-8", Bearer'


def test_a_login_of_the_same_precedence_is_remembered_by_no_ticket(serve: Any) -> None:
    class Old(Token):
        precedence = BASIC

    app = witness_app()
    dash_auth.BasicAuth(
        app, dict([ALICE]), secret_key=KEY, public_routes=["/open/who"], also=[Old("X-Old")]
    )
    site = serve(app)
    headers = {**BROWSER, "X-Old": "robot"}
    assert known(site, headers=headers) == "robot"
    assert site.get("/who", headers=headers).headers["Set-Cookie"] is None


def test_a_visitor_who_is_for_public_pages_opens_no_other(serve: Any) -> None:
    class Guest(Token):
        def verify(self, request: Request, claim: str) -> Outcome:
            identity = RequestIdentity(None, {"email": claim})
            return Visitor(self, claim, identity, is_for_public=True)

    app = witness_app()
    dash_auth.BasicAuth(app, dict([ALICE]), public_routes=["/open/who"], also=[Guest()])
    site = serve(app)
    assert known(site, "/open/who", headers={"X-Token": "guest"}) == "guest"
    assert known(site, "/who", headers={"X-Token": "guest"}) is None


def test_a_login_of_ones_own_takes_others_too(serve: Any) -> None:
    class Own(Trusted):
        def ask(self, request: Request) -> Answer:
            return Answer(401, "Who are you?", {"WWW-Authenticate": "Own"})

    app = witness_app()
    Auth(app, login=Own("X-Own", ("dave",)), also=[Token(), Basic(dict([ALICE]))])
    site = serve(app)
    assert known(site, headers={"X-Own": "dave"}) == "dave"
    assert known(site, headers={"X-Token": "robot"}) == "robot"
    assert known(site, auth=ALICE) == "alice"
    challenges = held(site.get("/who"), status=401).headers["WWW-Authenticate"]
    assert challenges == 'Own, Bearer, Basic realm="User Visible Realm", charset="UTF-8"'


@pytest.mark.parametrize(
    ("also", "said"),
    [
        ("basic", "also must be a list of logins, not str"),
        (Token(), "also must be a list of logins, not Token"),
        (5, "also must be a list of logins, not int"),
        ([Token], "must be an instance of"),
        ([None], "must be an instance of"),
        ([Login()], "Login must define claim"),
    ],
    ids=str,
)
def test_what_is_no_login_is_an_error_at_start(also: Any, said: str) -> None:
    for kind, options in (
        (dash_auth.BasicAuth, {"username_password_list": dict([ALICE])}),
        (dash_auth.OIDCAuth, {"secret_key": KEY}),
        (Auth, {"login": Token()}),
    ):
        with pytest.raises(TypeError, match=said):
            kind(Dash("one"), also=also, **options)
