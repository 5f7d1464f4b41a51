"""A login of the developer's own: the recipe of the documents, and what else one may be."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import dash_auth
import pytest
from attacks import apps
from attacks.apps import body, item, plain_app
from attacks.http import PRIVATE, PUBLIC, Reply, held, honest
from attacks.routes import add_route, session
from attacks.servers import BACKENDS, running
from conftest import on_server
from dash import Dash, Input, Output
from dash_auth._current import RequestIdentity
from dash_auth.auth import Auth
from dash_auth.logins import Answer, Login, Outcome, Refusal, Request, Steps, User, Visitor, Wait
from docs.blocks import PYTHON
from sockets.apps import refused, shown
from sockets.servers import LOGIN_REQUIRED, Address
from waiting import GIVE_UP
from websockets.exceptions import InvalidStatus

RECIPE = PYTHON["recipes: A login of your own"].removesuffix("app.run()\n")
SECRET = "only-nginx-and-this-app-know-this"
HEADER = "X-Client-Certificate"
ALICE = f"SUCCESS CN=alice,O=Example {SECRET}"
BOB = f"SUCCESS CN=bob,O=Example {SECRET}"

PRIVATE_BODY = body("private.children", [item("private-in", "value", 1)])
PUBLIC_BODY = body("public.children", [item("public-in", "value", 1)])

on_event_loops = pytest.mark.parametrize(
    "backend", [name for name in BACKENDS if name != "flask"], indirect=True
)
"""Flask has no event loop, and Dash no WebSockets there."""

NOBODY = {"user": None, "groups": None, "session": None}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Say on which kind of server the test runs, and have the apps made for it."""
    monkeypatch.setattr(apps, "backend", request.param)
    return str(request.param)


@pytest.fixture
def serve(backend: str) -> Iterator[Callable[[Dash], Address]]:
    """Serve apps for the length of one test."""
    with contextlib.ExitStack() as stack:

        def serve(app: Dash) -> Address:
            site = stack.enter_context(running(app.server, backend))
            return Address(site.port, site.loop)

        yield serve


@pytest.fixture
def recipe(backend: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the recipe as it is written for this server, and give the names that it defines."""
    monkeypatch.setenv("PROXY_SECRET", SECRET)
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(RECIPE if backend == "flask" else on_server(backend, RECIPE), names)
    return names


@pytest.fixture
def site(recipe: dict[str, Any], serve: Callable[[Dash], Address]) -> Address:
    """Serve the recipe, with private and public parts."""
    complete(recipe["app"])
    return serve(recipe["app"])


def complete(app: Dash, **options: Any) -> None:
    """Give an app private and public parts that say who is asking.

    :param app: a guarded app
    :param options: what its callbacks take
    """
    if apps.backend == "fastapi":
        from starlette.middleware.sessions import SessionMiddleware

        app.server.add_middleware(SessionMiddleware, secret_key="the key of a test")
    add_route(app, "/private", who)
    add_route(app, "/public", who)
    dash_auth.add_public_routes(app, ["/public"])
    app.callback(Output("private", "children"), Input("private-in", "value"), **options)(
        lambda _: f"{PRIVATE} {said()}"
    )
    dash_auth.public_callback(Output("public", "children"), Input("public-in", "value"), **options)(
        lambda _: f"{PUBLIC} {said()}"
    )


def who() -> dict[str, Any]:
    """Say who the app thinks is there."""
    user = dash_auth.current_user()
    return {
        "user": None if user is None else user.name,
        "groups": dash_auth.list_groups(),
        "session": session().get("user"),
    }


def said() -> str:
    return f"{dash_auth.current_user()} {dash_auth.list_groups()}"


def sending(*values: str) -> list[tuple[str, str]]:
    return [(HEADER, value) for value in values]


# The recipe


@pytest.mark.parametrize(
    ("value", "name", "groups"), [(ALICE, "alice", ["board"]), (BOB, "bob", [])]
)
@pytest.mark.parametrize("path", ["/private", "/public"])
def test_the_right_certificate_is_a_user(
    site: Address, path: str, value: str, name: str, groups: list[str]
) -> None:
    found = honest(site.get(path, headers=sending(value)), marker=None).json()
    claims = {"email": name, "groups": groups}
    assert found == {
        "user": name,
        "groups": groups,
        "session": claims if "private" in path else None,
    }


WRONG = {
    "none": [],
    "empty": [""],
    "no secret": ["SUCCESS CN=alice,O=Example"],
    "the secret alone": [SECRET],
    "another secret": [f"SUCCESS CN=alice,O=Example {'x' * len(SECRET)}"],
    "less than the secret": [ALICE[:-1]],
    "more than the secret": [f"{ALICE}x"],
    "no text": ["SUCCESS CN=alice,O=Example \xe4\xff"],
    "no certificate": [f"NONE  {SECRET}"],
    "failed": [f"FAILED CN=alice,O=Example {SECRET}"],
    "expired": [f"FAILED:certificate has expired CN=alice,O=Example {SECRET}"],
    "not quite verified": [ALICE.replace("SUCCESS", "success")],
    "nobody's": [f"SUCCESS  {SECRET}"],
    "another's": [f"SUCCESS CN=mallory,O=Example {SECRET}"],
    "part of a subject": [f"SUCCESS CN=alice {SECRET}"],
    "more before a subject": [f"SUCCESS CN=mallory,CN=alice,O=Example {SECRET}"],
    "more after a subject": [f"SUCCESS CN=alice,O=Example,O=Example {SECRET}"],
    "long": [f"SUCCESS {'CN=alice,' * 500} {SECRET}"],
    "twice": [ALICE, ALICE],
    "two users": [ALICE, BOB],
    "a client's before nginx's": ["SUCCESS CN=alice,O=Example x", f"NONE  {SECRET}"],
    "a client's part before nginx's": ["SUCCESS CN=alice", f"SUCCESS O=Example {SECRET}"],
    "a client's part after nginx's": [f"SUCCESS CN=alice {SECRET}", f"O=Example {SECRET[:-1]}"],
}


@pytest.mark.parametrize("values", WRONG.values(), ids=WRONG)
def test_any_other_header_is_nobody(site: Address, values: list[str]) -> None:
    headers = sending(*values)
    for path in ("/private", "/", "/_dash-layout", "/no-such-page"):
        held(site.get(path, headers=headers))
    held(site.call(PRIVATE_BODY, headers=headers))
    assert honest(site.get("/public", headers=headers), marker=None).json() == NOBODY
    assert f"{PUBLIC} None None" in honest(site.call(PUBLIC_BODY, headers=headers)).text


def test_callbacks_know_the_user(site: Address) -> None:
    for asked, marker in ((PRIVATE_BODY, PRIVATE), (PUBLIC_BODY, PUBLIC)):
        honest(site.call(asked, headers=sending(ALICE)), f"{marker} alice ['board']")


def test_another_site_cannot_use_the_certificate_that_a_browser_holds(site: Address) -> None:
    foreign = [*sending(ALICE), ("Sec-Fetch-Site", "cross-site")]
    held(site.call(PRIVATE_BODY, headers=foreign), status=403)
    honest(site.call(PUBLIC_BODY, headers=foreign), f"{PUBLIC} None None")


def test_the_dict_stays_live(site: Address, recipe: dict[str, Any]) -> None:
    users = recipe["USERS"]
    users["CN=alice,O=Example"] = ("alice", ["guests"])
    assert site.get("/private", headers=sending(ALICE)).json()["groups"] == ["guests"]
    del users["CN=alice,O=Example"]
    held(site.get("/private", headers=sending(ALICE)))


@pytest.mark.parametrize("secret", ["", "x" * 31, f"{'x' * 32} ", f"{'x' * 16} {'x' * 16}"])
def test_a_weak_secret_is_an_error_at_start(recipe: dict[str, Any], secret: str) -> None:
    with pytest.raises(ValueError, match="32 characters or more, and no space"):
        recipe["ClientCertificate"](recipe["USERS"], secret)


# Over WebSockets


def app_with_sockets(recipe: dict[str, Any]) -> Dash:
    """Return an app with the recipe's login, to be given callbacks."""
    app = plain_app()
    Auth(app, login=recipe["ClientCertificate"](recipe["USERS"], SECRET))
    return app


@on_event_loops
def test_a_socket_is_the_users(serve: Any, recipe: dict[str, Any]) -> None:
    app = app_with_sockets(recipe)
    complete(app, websocket=True)
    site = serve(app)
    for value, text in ((ALICE, "alice ['board']"), (BOB, "bob []")):
        with site.open(headers=sending(value)) as socket:
            assert shown(socket.call(PRIVATE_BODY), "private") == f"{PRIVATE} {text}"
            assert shown(socket.call(PUBLIC_BODY), "public") == f"{PUBLIC} {text}"
    for values in WRONG.values():
        with site.open(headers=sending(*values)) as socket:
            assert refused(socket.call(PRIVATE_BODY))
            assert shown(socket.call(PUBLIC_BODY), "public") == f"{PUBLIC} None None"


@on_event_loops
def test_a_visitor_for_what_is_public_alone_is_anonymous_over_a_socket(serve: Any) -> None:
    class Known(Login):
        is_for_public = False

        def claim(self, request: Request) -> str | None:
            return request.header("X-Key")

        def verify(self, request: Request, claim: str) -> Outcome:
            return Visitor(
                self,
                claim,
                RequestIdentity(None, {"email": claim}),
                is_for_public=self.is_for_public,
            )

    login, app = Known(), plain_app()
    Auth(app, login=login)
    complete(app, websocket=True)
    site = serve(app)
    with site.open(headers=[("X-Key", "carol")]) as socket:
        assert shown(socket.call(PRIVATE_BODY), "private") == f"{PRIVATE} carol []"
        login.is_for_public = True
        socket.request(PRIVATE_BODY)
        assert socket.closing_code() == LOGIN_REQUIRED
    held(site.call(PRIVATE_BODY, headers=[("X-Key", "carol")]))
    with site.open(headers=[("X-Key", "carol")]) as socket:
        assert refused(socket.call(PRIVATE_BODY))
        assert shown(socket.call(PUBLIC_BODY), "public").startswith(PUBLIC)


@on_event_loops
def test_the_socket_of_a_visitor_ends_with_the_visitors_time(serve: Any) -> None:
    class Brief(Login):
        def claim(self, request: Request) -> str | None:
            return request.header("X-Key")

        def verify(self, request: Request, claim: str) -> Outcome:
            identity = RequestIdentity(None, {"email": claim})
            return Visitor(self, claim, identity, until=time.monotonic())

    app = plain_app()
    Auth(app, login=Brief())
    complete(app, websocket=True)
    with serve(app).open(headers=[("X-Key", "carol")]) as socket:
        assert socket.closing_code() == LOGIN_REQUIRED


@on_event_loops
def test_no_other_header_opens_a_socket_where_nothing_is_public(
    serve: Any, recipe: dict[str, Any]
) -> None:
    app = app_with_sockets(recipe)
    app.callback(Output("private", "children"), Input("private-in", "value"), websocket=True)(
        lambda _: f"{PRIVATE} {said()}"
    )
    site = serve(app)
    for values in WRONG.values():
        with pytest.raises(InvalidStatus) as refusal, site.open(headers=sending(*values)):
            pass
        assert refusal.value.response.status_code == 403
    with site.open(headers=sending(ALICE)) as socket:
        assert shown(socket.call(PRIVATE_BODY), "private") == f"{PRIVATE} alice ['board']"


@on_event_loops
def test_the_idle_socket_of_a_removed_user_is_closed(serve: Any, recipe: dict[str, Any]) -> None:
    app = app_with_sockets(recipe)
    complete(app, websocket=True)
    with serve(app).open(headers=sending(ALICE)) as alice:
        assert shown(alice.call(PRIVATE_BODY), "private") == f"{PRIVATE} alice ['board']"
        del recipe["USERS"]["CN=alice,O=Example"]
        assert alice.closing_code() == LOGIN_REQUIRED


# What else a login may be


class ByKey(Login):
    """Knows whoever sends a key, as another class says."""

    def claim(self, request: Request) -> str | None:
        return request.header("X-Key")


class Waiting(ByKey):
    def verify(self, request: Request, claim: str) -> Steps[Outcome]:
        found: bool = yield Wait(lambda: claim == "right")
        return User("alice", ("board",)) if found else Refusal.WRONG


class WaitingForAsync(ByKey):
    def verify(self, request: Request, claim: str) -> Steps[Outcome]:
        async def look() -> bool:
            return claim == "right"

        found: bool = yield Wait(look)
        return User("alice", ("board",)) if found else None


class Async(ByKey):
    async def verify(self, request: Request, claim: str) -> Outcome:
        return User("alice", ("board",)) if claim == "right" else None


def served(serve: Any, login: Login, **options: Any) -> Address:
    app = plain_app()
    Auth(app, login=login, **options)
    complete(app)
    site: Address = serve(app)
    return site


@pytest.mark.parametrize("kind", [Waiting, WaitingForAsync, Async])
def test_a_login_may_wait(serve: Any, kind: type[Login]) -> None:
    site = served(serve, kind())
    right, wrong = {"X-Key": "right"}, {"X-Key": "wrong"}
    claims = {"email": "alice", "groups": ["board"]}
    known = {"user": "alice", "groups": ["board"], "session": claims}
    assert honest(site.get("/private", headers=right), marker=None).json() == known
    assert site.get("/public", headers=right).json() == {**known, "session": None}
    honest(site.call(PRIVATE_BODY, headers=right), f"{PRIVATE} alice ['board']")
    for headers in (wrong, {}):
        held(site.get("/private", headers=headers))
        held(site.call(PRIVATE_BODY, headers=headers))
        assert site.get("/public", headers=headers).json() == NOBODY


@on_event_loops
def test_an_event_loop_goes_on_while_a_login_waits(serve: Any) -> None:
    went_on = threading.Event()

    class Slow(ByKey):
        def verify(self, request: Request, claim: str) -> Steps[Outcome]:
            def look() -> bool:
                assert site.loop is not None
                site.loop.call_soon_threadsafe(went_on.set)
                return went_on.wait(GIVE_UP)

            found: bool = yield Wait(look)
            return User("alice") if found else None

    site = served(serve, Slow())
    honest(site.get("/private", headers={"X-Key": "any"}), marker=None)


@on_event_loops
def test_an_event_loop_goes_on_where_a_public_route_is_known_to_ask(serve: Any) -> None:
    in_loop: list[bool] = []

    class Looking(ByKey):
        def verify(self, request: Request, claim: str) -> Steps[Outcome]:
            def look() -> None:
                in_loop.append(asyncio._get_running_loop() is not None)

            yield Wait(look)
            return User("alice")

    app = plain_app()
    Auth(app, login=Looking())

    @app.server.get("/public")
    async def asking() -> str:
        return str(dash_auth.current_user())

    dash_auth.add_public_routes(app, ["/public"])
    site = serve(app)
    for _ in range(3):
        honest(site.get("/public", headers={"X-Key": "any"}), "alice")
    # The first time nothing tells yet that this route asks.
    assert in_loop == [True, False, False]


@pytest.mark.parametrize(
    ("groups", "claims"),
    [
        (("board",), {"email": "eve", "groups": ["admin"], "team": "red"}),
        ("board", {}),
    ],
)
def test_a_users_name_and_groups_are_what_the_login_says(
    serve: Any, groups: Any, claims: dict[str, Any]
) -> None:
    class Saying(ByKey):
        def verify(self, request: Request, claim: str) -> Outcome:
            return User("alice", groups, claims)

    found = served(serve, Saying()).get("/private", headers={"X-Key": "any"}).json()
    assert (found["user"], found["groups"]) == ("alice", ["board"])
    assert found["session"] == {**claims, "email": "alice", "groups": ["board"]}


ERRORS = [
    (LookupError("no such table"), 401),
    (RecursionError(), 401),
    (TimeoutError("no answer"), 503),
    (ConnectionRefusedError("no directory"), 503),
    (dash_auth.Unavailable("no directory"), 503),
]


class Failing(ByKey):
    """Raises an error in one of the places where it could."""

    error: BaseException = LookupError()

    def __init__(self, where: str) -> None:
        self.where = where

    def claim(self, request: Request) -> str | None:
        if self.where == "claim":
            raise self.error
        return super().claim(request)

    def verify(self, request: Request, claim: str) -> Any:
        if self.where == "verify":
            raise self.error
        return self.fail_later() if self.where == "async verify" else self.steps()

    def steps(self) -> Steps[Outcome]:
        yield Wait(self.fail if self.where == "a step" else self.fail_later)
        return User("mallory")

    def fail(self) -> None:
        raise self.error

    async def fail_later(self) -> None:
        raise self.error


@pytest.mark.parametrize("where", ["claim", "verify", "a step", "an async step", "async verify"])
def test_an_error_lets_nobody_in(serve: Any, where: str) -> None:
    login = Failing(where)
    site = served(serve, login)
    headers = {"X-Key": "any"}
    for login.error, status in ERRORS:
        replies = (
            site.get("/private", headers=headers),
            site.get("/_dash-layout", headers=headers),
            site.call(PRIVATE_BODY, headers=headers),
        )
        assert [without_traceback(one).status for one in replies] == [status] * 3, login.error
        assert without_traceback(site.get("/public", headers=headers)).json() == NOBODY


@pytest.mark.parametrize("error", [StopIteration, SystemExit])
@pytest.mark.parametrize("where", ["a step", "an async step"])
def test_what_would_end_more_than_a_step_lets_nobody_in(
    serve: Any, where: str, error: type[BaseException]
) -> None:
    login = Failing(where)
    login.error = error()
    held(without_traceback(served(serve, login).get("/private", headers={"X-Key": "any"})))


def without_traceback(reply: Reply) -> Reply:
    for text in ("Traceback", "no such table", "no directory", "no answer", PRIVATE):
        assert text not in reply.text
    return reply


def test_a_login_that_returns_no_user_lets_nobody_in(serve: Any) -> None:
    made: dict[str, Any] = {
        "true": True,
        "text": "alice",
        "dict": {"name": "alice"},
        "pair": ("alice", []),
        "class": User,
    }

    class Mistaken(ByKey):
        def verify(self, request: Request, claim: str) -> Any:
            return made[claim]

    site = served(serve, Mistaken())
    for key in made:
        held(site.get("/private", headers={"X-Key": key}))
        assert site.get("/public", headers={"X-Key": key}).json() == NOBODY


# How it asks


class Asking(ByKey):
    def verify(self, request: Request, claim: str) -> None:
        return None

    def ask(self, request: Request) -> Any:
        return Answer(403, "Show your key", {"X-Asked": request.path})


class AskingLater(Asking):
    async def ask(self, request: Request) -> Any:
        return super().ask(request)


class AskingInSteps(Asking):
    def ask(self, request: Request) -> Steps[Any]:
        return (yield Wait(lambda: super(AskingInSteps, self).ask(request)))


@pytest.mark.parametrize("kind", [Asking, AskingLater, AskingInSteps])
def test_a_login_asks_in_its_own_way(serve: Any, kind: type[Login]) -> None:
    reply = held(served(serve, kind()).get("/private"), status=403)
    assert (reply.text, reply.headers["X-Asked"]) == ("Show your key", "/private")


class AskingForNothing(Asking):
    def ask(self, request: Request) -> Any:
        return None


class AskingForNothingLater(Asking):
    async def ask(self, request: Request) -> Any:
        return None


@pytest.mark.parametrize("kind", [AskingForNothing, AskingForNothingLater])
def test_a_login_that_asks_for_nothing_lets_nobody_in(serve: Any, kind: type[Login]) -> None:
    reply = held(served(serve, kind()).get("/private"))
    assert reply.text == "Login required"


class OwnCheck(Auth):
    def is_authorized(self) -> bool:
        return False


class OwnCheckLater(OwnCheck):
    async def login_request(self) -> Any:
        return Answer(403, "Show your key")


class OwnCheckForNothing(OwnCheck):
    async def login_request(self) -> Any:
        return None


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [(OwnCheckLater, 403, "Show your key"), (OwnCheckForNothing, 401, "Login required")],
)
def test_an_async_login_request_lets_nobody_in(
    serve: Any, kind: type[Auth], status: int, text: str
) -> None:
    app = plain_app()
    kind(app)
    complete(app)
    site = serve(app)
    for path in ("/private", "/_dash-layout"):
        assert held(site.get(path), status=status).text == text


# Mistakes that show at start


def test_what_is_no_login_is_refused() -> None:
    for login in (Waiting, "alice", object(), True, lambda request: True):
        with pytest.raises(TypeError, match="login must be an instance of"):
            Auth(plain_app(), login=login)  # type: ignore[arg-type]


def test_a_login_that_lacks_a_method_is_refused() -> None:
    class NoClaim(Login):
        def verify(self, request: Request, claim: Any) -> None:
            return None

    for kind, name in ((ByKey, "verify"), (NoClaim, "claim")):
        with pytest.raises(TypeError, match=f"{kind.__name__} must define {name}"):
            Auth(plain_app(), login=kind())


def test_a_method_whose_yes_would_come_later_is_refused() -> None:
    class AsyncClaim(Waiting):
        async def claim(self, request: Request) -> str | None:  # type: ignore[override]
            return None

    class AsyncHolds(Waiting):
        async def holds(self, visitor: Visitor) -> bool:  # type: ignore[override]
            return False

    class HoldsInSteps(Waiting):
        def holds(self, visitor: Visitor) -> Any:
            return (yield Wait(lambda: False))

    for kind, name in ((AsyncClaim, "claim"), (AsyncHolds, "holds"), (HoldsInSteps, "holds")):
        with pytest.raises(TypeError, match=f"{kind.__name__}.{name} must return at once"):
            Auth(plain_app(), login=kind())
