"""What each server is told and asked in a way of its own: key, cookie, routes, answers, tokens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import flask
import pytest
from dash import Dash, html
from dash_auth import OIDCAuth, get_oauth
from starlette.middleware.sessions import SessionMiddleware

from .apps import KEY, Direct, make_app, register
from .mock_provider import Provider, parameters
from .servers import Chosen, add_page, new_server, response, session_of, signed
from .visitor import OWN_LINK, Visit

pytestmark = pytest.mark.usefixtures("each_server")


def with_sessions(**options: Any) -> Dash:
    """Return an app on FastAPI with sessions of the developer's own."""
    app = make_app()
    app.server.add_middleware(SessionMiddleware, **options)
    return app


def write(session: Any) -> str:
    session["theme"] = "dark"
    return "written"


def test_a_missing_key_is_an_error(each_server: str) -> None:
    app = make_app()
    for key in (None, ""):
        with pytest.raises(RuntimeError, match="secret_key="):
            OIDCAuth(app, secret_key=key)
    if each_server == "fastapi":
        with pytest.raises(RuntimeError, match="secret_key="):
            OIDCAuth(with_sessions(secret_key=""))
    # What failed stands in nobody's way.
    OIDCAuth(app, secret_key=KEY.encode())


def test_the_cookie_is_as_closed_as_asked(direct: Callable[..., Direct]) -> None:
    sent = [
        direct(secure_session=secure).log_in().raw.headers.getlist("Set-Cookie")[0].lower()
        for secure in (False, True)
    ]
    for secure, cookie in enumerate(sent):
        assert "samesite=lax" in cookie and "httponly" in cookie and "path=/" in cookie
        assert ("secure" in cookie) == bool(secure)
        # It ends with the browser.
        assert "max-age" not in cookie and "expires" not in cookie


@pytest.mark.parametrize("secure", [False, True])
def test_the_developers_own_sessions_are_used(
    direct: Callable[..., Direct], each_server: str, secure: bool
) -> None:
    if each_server != "fastapi":
        pytest.skip("a matter of FastAPI")
    app = with_sessions(secret_key="theirs", session_cookie="mine", max_age=60)
    here = direct(app=app, secret_key=None, secure_session=secure)
    add_page(app.server, "/oidc/write", write)
    ticket = here.log_in().headers["Set-Cookie"]
    headers = {"Cookie": ticket.split(";")[0]}
    assert here.client.get("/whoami", headers).json()["user"] == "alice@example.com"
    cookie = here.client.get("/oidc/write", headers).headers["Set-Cookie"]
    assert cookie.startswith("mine=") and "Max-Age=60" in cookie
    assert ("secure" in cookie) == secure
    assert ("Secure" in ticket, ticket.startswith("__Host-")) == (secure, secure)
    value = cookie.split(";")[0].removeprefix("mine=")
    assert session_of(app.server, value) == {"theme": "dark"}


def test_an_answer_that_depends_on_the_cookie_says_so(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    assert "Cookie" in here.client.get("/whoami").headers["Vary"]


def test_a_session_written_elsewhere_is_none(direct: Callable[..., Direct]) -> None:
    here = direct()
    kind, Chosen.kind = Chosen.kind, "fastapi" if Chosen.kind == "flask" else "flask"
    other = make_app()
    OIDCAuth(other, KEY)
    here.client.cookie = signed(other.server, {"user": {"sub": "alice"}, "idp": "idp"})
    Chosen.kind = kind
    assert here.client.get("/whoami").status_code == 302


def test_a_name_with_a_space(visit: Visit, provider: Provider) -> None:
    app = make_app()
    auth = OIDCAuth(app, KEY, login_route="/in/<idp>", callback_route="/back/<idp>/here")
    register(auth, provider, "My idp-1.a_b")
    visitor = visit(app)
    begun = visitor.begin("/in/My%20idp-1.a_b")
    redirect_uri = f"{visitor.address}/back/My%20idp-1.a_b/here"
    assert parameters(begun)["redirect_uri"] == redirect_uri
    assert visitor.get(provider.consent(begun, "alice")).status_code == 302
    assert visitor.whoami()["session"]["idp"] == "My idp-1.a_b"


def test_an_app_without_a_server_yet(visit: Visit, each_server: str) -> None:
    app = Dash(
        __name__, server=False, **({"backend": each_server} if each_server != "flask" else {})
    )
    app.layout = html.Div()
    auth = OIDCAuth(app, KEY)
    auth.register_provider("idp", client_id="c", server_metadata_url="http://127.0.0.1:9/")
    app.init_app(new_server())
    client = visit(app)
    assert client.get("/").status_code == 502
    assert client.get("/oidc/logout", **OWN_LINK).status_code == 200
    assert auth.get_oauth_client("idp").client_id == "c"
    assert get_oauth(app) is auth.oauth


@pytest.mark.parametrize(
    ("made", "status", "text"),
    [
        (lambda: ("no", 403), 403, "no"),
        (lambda: ("no", 403, {"X-Mine": "yes"}), 403, "no"),
        (lambda: response("no", 418, {"X-Mine": "yes"}), 418, "no"),
        (lambda: flask.redirect("/elsewhere"), 302, None),
        (lambda: flask.abort(403, "never"), 403, None),
    ],
)
def test_the_hook_answers_as_views_do(
    direct: Callable[..., Direct], made: Callable[[], Any], status: int, text: str | None
) -> None:
    class Answers(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            return made()

    answer = direct(kind=Answers).log_in()
    assert answer.status_code == status
    assert text is None or answer.text == text
    if status != 403 or text:
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_hook_that_fails_logs_nobody_in(direct: Callable[..., Direct]) -> None:
    class Fails(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            raise LookupError

    here = direct(kind=Fails)
    assert here.log_in().status_code == 500
    # The server may have closed the connection.
    here.client.close()
    assert here.client.get("/whoami").status_code == 302


def test_the_token_is_at_hand_while_the_request_lasts(visit: Visit, provider: Provider) -> None:
    seen: list[Any] = []

    class WithUserinfo(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            client = self.get_oauth_client(idp)
            seen.append((client.token["access_token"], client.userinfo()["sub"]))
            return super().after_logged_in(user, idp, token)

    app = make_app()
    auth = WithUserinfo(app, KEY)
    register(auth, provider)
    register(auth, provider, "fetching", fetch_token=lambda: {"access_token": "kept"})
    visitor = visit(app)
    visitor.get(provider.consent(visitor.begin("/oidc/idp/login"), "alice"))
    assert len(seen) == 1 and seen[0][1] == "alice"


def test_a_request_is_refused_whose_error_is_forged(direct: Callable[..., Direct]) -> None:
    here = direct()
    answer = here.client.get("/oidc/none/callback?state=x")
    assert (answer.status_code, answer.text) == (400, "No such identity provider")


def test_outside_of_a_request(each_server: str) -> None:
    auth = OIDCAuth(make_app(), KEY)
    auth.register_provider("idp", client_id="c", fetch_token=lambda: {"access_token": "kept"})
    auth.register_provider("bare", client_id="c")
    framework = auth.get_oauth_client("idp").framework
    if each_server == "flask":
        from authlib.integrations.flask_client import token_update

        sent: list[Any] = []
        with token_update.connected_to(lambda _, **facts: sent.append(facts["token"])):
            framework.update_token({"access_token": "outside"})
            with auth.app.server.app_context():
                framework.update_token({"access_token": "within"})
        assert sent == [{"access_token": "within"}]
        return
    assert auth.get_oauth_client("idp").token == {"access_token": "kept"}
    assert auth.get_oauth_client("bare").token is None
    framework.update_token({})


def test_oauth_1_is_for_flask(each_server: str) -> None:
    auth = OIDCAuth(make_app(), KEY)
    options = {"client_id": "c", "request_token_url": "http://127.0.0.1:9/"}
    if each_server == "flask":
        auth.register_provider("one", **options)
    else:
        with pytest.raises(TypeError, match="on Flask only"):
            auth.register_provider("one", **options)


def test_no_other_server_is_imported(each_server: str) -> None:
    others = {"flask": ["quart", "fastapi"], "quart": ["fastapi"], "fastapi": ["quart"]}
    script = f"""
import sys
import {each_server}
for name in {others[each_server]}:
    sys.modules[name] = None
from dash import Dash
from dash_auth import *
server = {each_server}.{"FastAPI()" if each_server == "fastapi" else each_server.title() + "('x')"}
auth = OIDCAuth(Dash("x", server=server), secret_key="k")
auth.register_provider("idp", client_id="c")
print("done")
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.stdout.strip() == "done", ran.stderr
