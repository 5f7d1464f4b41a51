"""Subclasses that replace a method of OIDCAuth, as those of dash-auth's do."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import flask
import pytest
from authlib.integrations.base_client import OAuthError
from dash_auth import OIDCAuth
from dash_auth.logins import Answer
from dash_auth.logins.oidc import pending
from tickets import content_of_ticket
from werkzeug.utils import redirect

from .apps import ALICE, KEY, Direct, make_app, register
from .mock_provider import Provider, parameters
from .visitor import OWN_LINK, Visit, Visitor

pytestmark = pytest.mark.usefixtures("each_server")


class Own(OIDCAuth):
    """As in dash-auth: it asks the provider itself, stores the user, and redirects."""

    def callback(self, idp: str) -> Any:
        token = self.get_oauth_client(idp).authorize_access_token()
        self.session["user"] = self.stored(token["userinfo"])
        return redirect("/elsewhere")

    def stored(self, claims: dict[str, Any]) -> Any:
        return {"sub": claims["sub"], "email": claims["email"], "team": "blue"}


def visitor_of(visit: Visit, provider: Provider, kind: type[OIDCAuth]) -> Visitor:
    app = make_app()
    register(kind(app, secret_key=KEY), provider)
    visitor = visit(app)
    visitor.server = app.server  # type: ignore[attr-defined]
    return visitor


def test_a_callback_that_stores_the_user_logs_in(visit: Visit, provider: Provider) -> None:
    visitor = visitor_of(visit, provider, Own)
    other = visitor.begin("/other")
    answer = visitor.log_in(provider)
    assert answer.headers["Location"] == "/elsewhere"
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.call_back().json()["response"]["out"]["children"] == "secret x"
    user = {"sub": "alice", "email": "alice@example.com", "team": "blue"}
    assert visitor.whoami()["session"] == {"user": user, "idp": "idp", "refresh_token": None}
    # Another tab, another user, and the first address again.
    assert visitor.get(provider.consent(other, "bob")).headers["Location"] == "/elsewhere"
    # What it stores says nothing of the address.
    assert visitor.whoami()["user"] == "bob"
    assert visitor.get("/oidc/idp/callback?code=x&state=y").headers["Location"] == "/"
    # What it stores says nothing of the address.
    assert visitor.whoami()["user"] == "bob"


def test_a_callback_as_dash_auth_has_it(visit: Visit, provider: Provider, each_server: str) -> None:
    if each_server != "flask":
        pytest.skip("dash-auth runs on Flask alone")

    class Upstreams(OIDCAuth):
        def login_request(self, idp: str | None = None) -> Any:
            client = self.get_oauth_client("idp")
            flask.session["next"] = flask.request.path
            return client.authorize_redirect(self._create_redirect_uri("idp"))

        def _create_redirect_uri(self, idp: str) -> str:
            return flask.url_for("oidc_callback", idp=idp, _external=True)

        def callback(self, idp: str) -> Any:
            token = self.get_oauth_client(idp).authorize_access_token()
            flask.session["user"] = token.get("userinfo")
            flask.session["idp"] = idp
            return flask.redirect(flask.session.pop("next", "/"))

        def logout(self) -> Any:
            flask.session.clear()
            return "bye"

    visitor = visitor_of(visit, provider, Upstreams)
    begun = [visitor.begin("/reports") for _ in range(5)]
    for location in reversed(begun[1:]):
        visitor.get(provider.consent(location, "alice"))
        assert visitor.whoami()["user"] == "alice@example.com"
    assert visitor.get("/oidc/logout", **OWN_LINK).text == "bye"
    assert visitor.call_back().status_code == 302


@pytest.mark.parametrize(
    "path", ["callback", "callback?state=x&code=y", "callback?error=e&state=x"]
)
def test_a_forged_callback_is_no_error(visit: Visit, provider: Provider, path: str) -> None:
    visitor = visitor_of(visit, provider, Own)
    page = visitor.get(f"/oidc/idp/{path}")
    assert (page.status_code, 'href="/oidc/idp/login"' in page.text) == (400, True)
    assert visitor.get(f"/oidc/none/{path}").status_code == 400
    refused = visitor.get(provider.refuse(visitor.begin()))
    assert (refused.status_code, refused.text[:13]) == (401, "access_denied")


def test_a_callback_of_its_own_that_fails_for_another_reason(
    visit: Visit, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Own):
        def stored(self, claims: dict[str, Any]) -> Any:
            raise KeyError("team")

    visitor = visitor_of(visit, provider, Broken)
    location = provider.consent(visitor.begin(), "alice")
    assert visitor.get(location).status_code == 500
    assert visitor.call_back().status_code == 401


def test_an_answer_of_the_provider_is_believed_no_more(visit: Visit, provider: Provider) -> None:
    class Trusting(Own):
        def callback(self, idp: str) -> Any:
            token = self.get_oauth_client(idp).authorize_access_token()
            self.session["user"] = token.get("userinfo")
            return redirect("/elsewhere")

    visitor = visitor_of(visit, provider, Trusting)
    with provider.goes_wrong(answer={"userinfo": {"sub": "root"}}, without=["id_token"]):
        visitor.log_in(provider)
    assert visitor.call_back().status_code == 401


def test_what_a_callback_stores_is_checked(
    visit: Visit, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(Own):
        user: Any = None

        def stored(self, claims: dict[str, Any]) -> Any:
            return self.user

    visitor = visitor_of(visit, provider, Odd)
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]
    large = {"sub": "1", "large": random.Random(0).randbytes(4000).hex()}
    for user in (None, large, {"sub": "1", "deep": deep}):
        Odd.user = user
        visitor.log_in(provider)
        assert visitor.call_back().status_code == 401
    assert caplog.text.count("session_claims=") == 2
    Odd.user = {"sub": "a\ud800", "name": "\udc00"}
    visitor.log_in(provider)
    assert visitor.whoami()["session"]["user"] == {"sub": "a\ufffd", "name": "\ufffd"}


def test_a_callback_may_go_on_from_ours(direct: Callable[..., Direct]) -> None:
    class Members(OIDCAuth):
        def callback(self, idp: str) -> Any:
            answer = super().callback(idp)
            if self.session["user"]["email"] != ALICE["email"]:
                self.session.clear()
                return "Members only", 403
            self.session["user"] = {"sub": "member", **self.session["user"], "team": "blue"}
            self.session["user"]["sub"] = "member"
            return answer

    here = direct(kind=Members)
    assert here.log_in().headers["Location"] == "/"
    assert here.client.get("/whoami").json()["session"]["user"]["sub"] == "member"
    assert here.log_in(sub="bob", email="bob@example.com").status_code == 403
    assert here.client.get("/whoami").status_code == 302


def test_what_a_callback_leaves_alone_is_not_of_the_new_login(
    direct: Callable[..., Direct],
) -> None:
    class Short(OIDCAuth):
        def callback(self, idp: str) -> Any:
            if idp == "idp":
                self.session["user"] = {"sub": "bob"}
            return "welcome"

    here = direct(kind=Short)
    here.auth.register_provider("other", client_id="c")
    with here.client.session_transaction() as session:
        session.update(refresh_token="of alice", idp="other", user={"sub": "alice"})
    # It stored nobody, and the session's user is no login.
    assert here.client.get("/oidc/other/callback").text == "welcome"
    assert here.client.get("/whoami", {"Sec-Fetch-Mode": "cors"}).status_code == 401
    assert here.log_in().text == "welcome"
    held = here.client.get("/whoami").json()["session"]
    assert held == {"user": {"sub": "bob"}, "idp": "idp", "refresh_token": None}


def test_a_callback_may_be_async_and_renews_the_session(
    direct: Callable[..., Direct], each_server: str
) -> None:
    class Async(OIDCAuth):
        async def callback(self, idp: str) -> Any:
            self.session["user"] = {"sub": "alice"}
            return "welcome"

    here = direct(kind=Async)
    renewed: list[Any] = []
    if each_server != "fastapi":
        here.app.server.session_interface.regenerate = lambda session: renewed.append(len(session))
    assert here.log_in().text == "welcome"
    assert here.client.get("/whoami").status_code == 200
    # Flask-Session gives no other id to a session that is empty.
    assert all(renewed) and len(renewed) == (0 if each_server == "fastapi" else 1)


def test_a_check_of_its_own_that_refuses_ends_no_login_in_a_circle(
    visit: Visit, provider: Provider
) -> None:
    class Closed(OIDCAuth):
        def is_authorized(self) -> bool:
            return False

    visitor = visitor_of(visit, provider, Closed)
    visitor.log_in(provider)
    assert visitor.get("/oidc/idp/callback").status_code == 400
    assert content_of_ticket(visitor.ticket)["name"] == "alice"


def test_a_state_of_the_developers_own(visit: Visit, provider: Provider) -> None:
    app = make_app()
    options = {"authorize_redirect_kwargs": {"state": "theirs"}}
    auth = OIDCAuth(app, secret_key=KEY)
    register(auth, provider, **options)
    visitor = visit(app)
    # What proves who began is drawn then, and two logins at once are one.
    nonces = {parameters(visitor.begin())["nonce"] for _ in range(2)}
    assert len(nonces) == 2
    assert visitor.log_in(provider).status_code == 302
    assert visitor.whoami()["user"] == "alice@example.com"


def test_a_client_by_itself(direct: Callable[..., Direct]) -> None:
    client = direct().auth.get_oauth_client("idp")
    assert client.parse_id_token({}, nonce="x") is None
    session: dict[str, Any] = {}
    pending.aim(session, "/x")
    assert session == {}


class Fails(OIDCAuth):
    """It stores the user before it knows whether the login counts."""

    fails = False

    def callback(self, idp: str) -> Any:
        self.session["user"] = {"sub": "1", "team": "admins" if self.fails else "guests"}
        if self.fails:
            raise OAuthError("denied")
        return Answer.redirect("/")


def test_what_a_callback_stored_that_failed_is_taken_back(direct: Callable[..., Direct]) -> None:
    here = direct(kind=Fails)
    here.auth.fails = True  # type: ignore[attr-defined]
    assert here.client.get("/oidc/idp/callback").status_code == 401
    assert here.client.get("/whoami").status_code == 302
    here.auth.fails = False  # type: ignore[attr-defined]
    assert here.client.get("/oidc/idp/callback").status_code == 302
    here.auth.fails = True  # type: ignore[attr-defined]
    assert here.client.get("/oidc/idp/callback").status_code == 401
    # The login before it goes on, as it was.
    held = here.client.get("/whoami").json()["session"]
    assert (held["user"], held["idp"]) == ({"sub": "1", "team": "guests"}, "idp")
