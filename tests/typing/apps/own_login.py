"""Logins of one's own: a class, and the methods that subclasses of dash-auth's Auth define."""

from collections.abc import Mapping

import dash_auth
import flask
from dash import Dash, html
from dash_auth.auth import Auth, get_public_callbacks, get_public_routes
from dash_auth.logins import (
    Answer,
    Basic,
    Login,
    Outcome,
    Refusal,
    Request,
    Steps,
    User,
    Visitor,
    Wait,
)


class ApiKey(Login):
    """Knows programs by a key in a header."""

    challenge = "ApiKey"

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.keys = keys

    def claim(self, request: Request) -> str | None:
        return request.header("X-Api-Key")

    def verify(self, request: Request, claim: str) -> User | Refusal:
        name = self.keys.get(claim)
        return Refusal.WRONG if name is None else User(name, ("programs",))

    def holds(self, visitor: Visitor) -> bool:
        return visitor.claim in self.keys

    def ask(self, request: Request) -> Answer:
        return Answer(401, "A key is needed", {"X-Path": request.path})


class SlowKey(Login):
    """Looks keys up where that takes long."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.keys = keys

    def claim(self, request: Request) -> str | None:
        return request.header("X-Api-Key")

    def verify(self, request: Request, claim: str) -> Steps[Outcome]:
        name = yield Wait(lambda: self.keys.get(claim))
        return User(str(name)) if name else None


class LaterKey(Login):
    """Looks keys up in an event loop."""

    def claim(self, request: Request) -> str | None:
        return request.header("X-Api-Key")

    async def verify(self, request: Request, claim: str) -> User | None:
        return User(claim, claims={"method": request.method})


class FlaskLogin(Auth):
    """Says by two methods who is logged in, as dash-auth has it."""

    def __init__(self, app: Dash, public_routes: list[str] | None = None) -> None:
        super().__init__(app, public_routes=public_routes)

    def is_authorized(self) -> bool:
        return "name" in flask.session

    def login_request(self) -> tuple[str, int]:
        return "Please log in.", 401


def new_app() -> Dash:
    app = Dash("own_login")
    app.layout = html.Div("Sales")
    return app


KEYS = {"0123456789abcdef": "robot"}
Auth(new_app(), login=ApiKey(KEYS))
Auth(new_app(), ["/about"], login=SlowKey(KEYS), also=(Basic({"alice": "wonderland"}),))
dash_auth.BasicAuth(new_app(), {"alice": "wonderland"}, also=[LaterKey()])
auth = FlaskLogin(new_app(), public_routes=["/about"])
authorized: bool = get_public_routes(auth.app).test("/about")
callbacks: list[str] = get_public_callbacks(auth.app)
