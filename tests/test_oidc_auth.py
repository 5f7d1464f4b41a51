"""OIDCAuth against an identity provider over HTTP, and what must not get past it."""

from __future__ import annotations

import base64
import hashlib
import logging
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import flask
import pytest
import requests
from dash import Dash, Input, Output, html
from dash_auth import (
    BasicAuth,
    OIDCAuth,
    check_groups,
    current_user,
    explain,
    get_oauth,
)
from oidc_provider import Provider, parameters, providing
from werkzeug.middleware.proxy_fix import ProxyFix

KEY = "a-secret-key-of-the-tests"
ALICE = {"email": "alice@example.com", "name": "Alice", "groups": ["admin", "staff"]}
NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
CALLBACK = {
    "output": "out.children",
    "outputs": {"id": "out", "property": "children"},
    "inputs": [{"id": "in", "property": "value", "value": "x"}],
    "changedPropIds": ["in.value"],
}
Serve = Callable[..., str]
Visit = Callable[[Any], "Visitor"]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Give a provider that demands PKCE."""
    with providing(pkce=True) as provider:
        provider.has("alice", **ALICE)
        provider.has("bob", email="bob@example.com")
        yield provider


@pytest.fixture(scope="module")
def old_provider() -> Iterator[Provider]:
    """Give a provider that knows no PKCE, so that the nonce alone binds a code to a login."""
    with providing(pkce=False) as provider:
        provider.has("alice", **ALICE)
        yield provider


def make_app(prefix: str = "/", server: flask.Flask | bool = True, name: str = __name__) -> Dash:
    """Return an app of which a callback and a route say who is asking."""
    app = Dash(name, server=server, url_base_pathname=prefix)
    app.layout = html.Div([html.Div(id="in"), html.Div(id="out")])

    @app.callback(Output("out", "children"), Input("in", "value"))
    def secret(value: str) -> str:
        return f"secret {value}"

    @app.server.route(f"{prefix}whoami", endpoint=f"{prefix}whoami")
    def whoami() -> dict[str, Any]:
        user = current_user()
        return {
            "session": {key: flask.session.get(key) for key in ("user", "idp", "refresh_token")},
            "user": None if user is None else user.name,
            "admin": check_groups(["admin"]),
        }

    return app


def register(auth: OIDCAuth, provider: Provider, *names: str, **options: Any) -> None:
    for name in names or ("idp",):
        auth.register_provider(
            name,
            client_id=f"client-{name}",
            client_secret="the-client-secret",
            server_metadata_url=provider.metadata_url,
            **{"client_kwargs": {"scope": "openid email profile"}, **options},
        )


class Visitor:
    """A browser, as far as redirects, cookies and fetch metadata go."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = requests.Session()

    def get(self, path: str, **headers: str) -> requests.Response:
        """Navigate to a path, or to a full address, and follow no redirect."""
        url = path if path.startswith("http") else self.address + path
        headers = {**NAVIGATE, **headers}
        # As it stands: `requests` would tidy the path.
        request = self.client.prepare_request(requests.Request("GET", url, headers=headers))
        request.url = url
        return self.client.send(request, allow_redirects=False, timeout=20)

    def begin(self, path: str = "/", **headers: str) -> str:
        """Navigate to a path that needs a login, and return the authorization request."""
        answer = self.get(path, **headers)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def log_in(self, provider: Provider, sub: str = "alice", path: str = "/") -> requests.Response:
        """Log in, and return the answer of the callback."""
        return self.get(provider.consent(self.begin(path), sub))

    def whoami(self, path: str = "/whoami") -> dict[str, Any]:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def call_back(self, prefix: str = "/") -> requests.Response:
        url = f"{self.address}{prefix}_dash-update-component"
        return self.client.post(url, json=CALLBACK, allow_redirects=False, timeout=20)

    @property
    def cookie(self) -> str:
        return str(self.client.cookies.get("session"))


def session_of(server: flask.Flask, cookie: str) -> dict[str, Any]:
    serializer: Any = server.session_interface.get_signing_serializer(server)  # type: ignore[attr-defined]
    return dict(serializer.loads(cookie))


def signed(server: flask.Flask, session: dict[str, Any]) -> str:
    serializer: Any = server.session_interface.get_signing_serializer(server)  # type: ignore[attr-defined]
    return str(serializer.dumps(session))


class Direct:
    """An app whose provider is skipped: each callback is a login of the user that is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        from authlib.integrations.flask_client.apps import FlaskOAuth2App

        self.token: dict[str, Any] = {"userinfo": {"sub": "alice", **ALICE}}
        self.app = options.pop("app", None) or make_app()
        kind = options.pop("kind", OIDCAuth)
        self.auth = kind(self.app, **{"secret_key": KEY, **options})
        self.auth.register_provider("idp", client_id="c", client_secret="s")
        self.client = self.app.server.test_client()
        monkeypatch.setattr(
            FlaskOAuth2App, "authorize_redirect", lambda _, uri, **__: flask.redirect(uri)
        )
        monkeypatch.setattr(
            FlaskOAuth2App, "authorize_access_token", lambda _, **__: dict(self.token)
        )

    def log_in(self, **claims: Any) -> Any:
        if claims:
            self.token["userinfo"] = claims
        return self.client.get("/oidc/idp/callback")


@pytest.fixture
def visit(serve: Serve) -> Iterator[Callable[[Any], Visitor]]:
    """Give `visit(app)`, or `visit(address)`: somebody with a browser of their own."""
    with ExitStack() as clients:

        def visitor(place: Any) -> Visitor:
            visitor = Visitor(place if isinstance(place, str) else serve(place))
            clients.enter_context(visitor.client)
            return visitor

        yield visitor


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Direct]:
    return lambda **options: Direct(monkeypatch, **options)


# The login


def test_a_user_logs_in_and_comes_back_to_the_page(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    assert visitor.call_back().status_code == 401
    answer = visitor.log_in(provider, path="/reports/2026?a=1&b=%C3%A9&c=%26")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/reports/2026?a=1&b=%C3%A9&c=%26"
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.get("/reports/2026").status_code == 200
    assert visitor.call_back().json()["response"]["out"]["children"] == "secret x"
    known = visitor.whoami()
    assert abs(known["session"]["user"].pop("auth_time") - time.time()) < 600
    assert known == {
        "session": {
            "user": {"iss": provider.address, "sub": "alice", **ALICE},
            "idp": "idp",
            "refresh_token": None,
        },
        "user": "alice@example.com",
        "admin": True,
    }


def test_a_login_proves_who_began_it(serve: Serve, visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    address = serve(app)
    sent = parameters(visit(address).begin())
    assert sent["code_challenge_method"] == "S256"
    assert sent["redirect_uri"] == f"{address}/oidc/idp/callback"
    assert len(sent["state"]) >= 32 and len(sent["nonce"]) >= 20


def test_pkce_is_for_the_developer_to_turn_off(visit: Visit, provider: Provider) -> None:
    app = make_app()
    options = {"scope": "openid", "code_challenge_method": None}
    register(OIDCAuth(app, secret_key=KEY), provider, client_kwargs=options)
    visitor = visit(app)
    assert "code_challenge" not in parameters(visitor.begin())
    refused = visitor.log_in(provider)
    assert (refused.status_code, refused.text) == (401, "invalid_grant: PKCE")


@pytest.mark.parametrize("kind", ["provider", "old_provider"])
def test_a_code_of_another_login_is_refused(
    serve: Serve, visit: Visit, kind: str, request: pytest.FixtureRequest
) -> None:
    provider: Provider = request.getfixturevalue(kind)
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    address = serve(app)
    attacker, victim = visit(address), visit(address)
    code = parameters(provider.consent(attacker.begin(), "alice"))["code"]
    state = parameters(victim.begin())["state"]
    refused = victim.get(f"/oidc/idp/callback?code={code}&state={state}")
    assert refused.status_code == 401
    assert victim.call_back().status_code == 401


def test_a_callback_without_its_login_is_refused(
    serve: Serve, visit: Visit, provider: Provider
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    address = serve(app)
    attacker, victim = visit(address), visit(address)
    forged = provider.consent(attacker.begin(), "alice")
    for visit in (forged, "/oidc/idp/callback", "/oidc/idp/callback?state=x&code=y"):
        assert victim.get(visit).status_code == 400
    victim.begin()
    assert victim.get(forged).status_code == 400
    assert victim.call_back().status_code == 401
    assert victim.log_in(provider, "bob").status_code == 302
    assert victim.get(forged).status_code == 400
    assert victim.whoami()["user"] == "bob@example.com"


def test_a_callback_counts_once(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    location = provider.consent(visitor.begin(), "alice")
    before = visitor.cookie
    assert visitor.get(location).status_code == 302
    assert visitor.get(location).status_code == 400
    thief = visit(visitor.address)
    thief.client.cookies.set("session", before, domain="127.0.0.1", path="/")
    assert thief.get(location).status_code == 401
    assert thief.call_back().status_code == 401


def test_what_the_provider_refuses_is_plain_text(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    refused = visitor.get(provider.refuse(visitor.begin()))
    assert refused.status_code == 401
    assert refused.text.startswith("access_denied")
    assert visitor.client.cookies.get("session") is None
    markup = quote("<script>alert(1)</script>")
    for path in (
        f"/oidc/idp/callback?error=e&error_description={markup}",
        f"/oidc/{quote('<img src=x onerror=alert(1)>')}/callback",
    ):
        answer = visitor.get(path)
        assert answer.status_code in (400, 401)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Traceback" not in answer.text


def test_a_provider_that_does_not_answer_is_no_error_of_the_app(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), Provider("http://127.0.0.1:9"))
    client = app.server.test_client()
    for path in ("/", "/oidc/idp/login"):
        assert client.get(path).status_code == 502
    assert "Traceback" not in caplog.text
    assert client.get("/oidc/idp/callback?state=x&code=y").status_code == 400


def test_a_login_without_an_id_token_is_refused(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider, client_kwargs={"scope": "email"})
    visitor = visit(app)
    refused = visitor.log_in(provider)
    assert refused.status_code == 401
    assert visitor.call_back().status_code == 401


def test_nothing_secret_is_logged(
    visit: Visit, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="dash_auth")
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, log_signins=True), provider)
    visitor = visit(app)
    location = provider.consent(visitor.begin(), "alice")
    visitor.get(location)
    visitor.get(location)
    logged = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("dash_auth"))
    assert "User alice@example.com is logging in." in logged
    assert "A login through idp failed: MismatchingStateError" in logged
    for secret in (*parameters(location).values(), visitor.cookie, KEY, "the-client-secret"):
        assert secret not in logged


def test_a_name_cannot_forge_a_line_of_the_log(
    direct: Callable[..., Direct], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="dash_auth")
    direct(log_signins=True).log_in(sub="1", email="a\nUser root is logging in.")
    assert "User 'a\\nUser root is logging in.' is logging in." in caplog.text


# Redirects


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 302),
        ("GET", {"Accept": "text/html,*/*;q=0.8"}, 302),
        ("GET", {"Accept": "*/*"}, 302),
        ("GET", {"Accept": "application/json"}, 401),
        ("GET", {"Sec-Fetch-Mode": "cors", "Accept": "*/*"}, 401),
        ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 401),
        ("GET", NAVIGATE, 302),
        ("POST", {}, 401),
        ("POST", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}, 302),
        ("HEAD", {}, 401),
    ],
)
def test_only_a_navigation_is_redirected(
    direct: Callable[..., Direct], method: str, headers: dict[str, str], status: int
) -> None:
    answer = direct().client.open("/reports", method=method, headers=headers)
    assert answer.status_code == status
    assert ("Set-Cookie" in answer.headers) == (status == 302)


def test_a_callback_that_is_refused_is_not_come_back_to(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    refused = visitor.call_back()
    assert refused.status_code == 401
    assert "Set-Cookie" not in refused.headers and "Location" not in refused.headers
    begun = visitor.client.post(
        f"{visitor.address}/form", headers=NAVIGATE, allow_redirects=False, timeout=20
    )
    back = visitor.get(provider.consent(begun.headers["Location"], "alice"))
    assert back.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/"),
        ("/a/b?c=d", "/a/b?c=d"),
        ("/a%20b%25c%3Fd", "/a%20b%25c%3Fd"),
        ("/%5Cevil.example", "/%5Cevil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("/%0d%0aSet-Cookie:a=b", "/%0D%0ASet-Cookie:a=b"),
        ("/a?next=//evil.example", "/a?next=//evil.example"),
        ("/a?" + "q" * 600, "/a"),
        ("/" + "p" * 600, "/"),
    ],
)
def test_the_way_back_stays_on_the_origin(
    visit: Visit, provider: Provider, path: str, target: str
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    assert visitor.log_in(provider, path=path).headers["Location"] == target


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", 1]
)
def test_the_way_back_is_no_other_host(direct: Callable[..., Direct], target: object) -> None:
    here = direct()
    with here.client.session_transaction() as session:
        session["_dash_auth_pending"] = [1, [], ["idp", "the-state", target]]
    answer = here.client.get("/oidc/idp/callback?state=the-state")
    assert answer.headers["Location"] == "/"


FORGED = {
    "X-Forwarded-Host": "app.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/here",
    "Forwarded": "host=app.example",
}


def test_a_forged_host_steers_nothing(
    direct: Callable[..., Direct], caplog: pytest.LogCaptureFixture
) -> None:
    here = direct()
    for _ in range(2):
        answer = here.client.get("/", headers=FORGED)
        assert answer.headers["Location"] == "http://localhost/oidc/idp/callback"
    assert caplog.text.count("ProxyFix") == 1


def test_a_trusted_proxy_names_the_host(direct: Callable[..., Direct]) -> None:
    here = direct()
    server: Any = here.app.server
    server.wsgi_app = ProxyFix(server.wsgi_app, x_host=1, x_proto=1, x_prefix=1)
    answer = here.client.get("/", headers=FORGED)
    assert answer.headers["Location"] == "https://app.example/here/oidc/idp/callback"


@pytest.mark.parametrize(
    ("option", "scheme"),
    [(None, "http"), (False, "http"), (True, "https"), ("HTTPS_SET", "https"), ("UNSET", "http")],
)
def test_https_can_be_forced(
    direct: Callable[..., Direct],
    monkeypatch: pytest.MonkeyPatch,
    option: bool | str | None,
    scheme: str,
) -> None:
    monkeypatch.setenv("HTTPS_SET", "")
    answer = direct(force_https_callback=option).client.get("/")
    assert answer.headers["Location"] == f"{scheme}://localhost/oidc/idp/callback"


# Several providers, several apps


def test_the_user_chooses_one_of_several_providers(
    visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY, idp_selection_route="/choose")

    @app.server.route("/choose")
    def choose() -> str:
        return "<a href=/oidc/new/login>New</a> <a href=/oidc/old/login>Old</a>"

    register(auth, provider, "new")
    register(auth, old_provider, "old")
    visitor = visit(app)
    chosen = visitor.get("/reports?a=1")
    assert (chosen.status_code, chosen.headers["Location"]) == (302, "/choose")
    assert visitor.get("/choose").status_code == 200
    assert visitor.get("/other-route").headers["Location"] == "/choose"
    visitor.get("/reports?a=1")
    for name, there in (("new", provider), ("old", old_provider)):
        begun = visitor.get(f"/oidc/{name}/login")
        back = visitor.get(there.consent(begun.headers["Location"], "alice"))
        assert back.headers["Location"] == ("/reports?a=1" if name == "new" else "/")
        assert visitor.whoami()["session"]["idp"] == name
    assert visitor.get("/oidc/none/login").headers["Location"] == "/choose"


def test_a_code_is_for_the_provider_that_was_asked(
    visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY)
    register(auth, provider, "new")
    register(auth, old_provider, "old")
    visitor = visit(app)
    begun = visitor.begin("/oidc/old/login")
    back = old_provider.consent(begun, "alice").replace("/oidc/old/", "/oidc/new/")
    assert visitor.get(back).status_code == 400


def test_several_providers_and_no_page_to_choose_on() -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY)
    client = app.server.test_client()
    assert client.get("/").get_data(as_text=True) == "No OAuth provider is registered."
    auth.register_provider("a", client_id="c")
    auth.register_provider("b", client_id="c")
    answer = client.get("/")
    assert answer.status_code == 400
    assert answer.text == "Several OAuth providers are registered. Please choose one."


def test_a_prefix_and_a_page_of_dash_to_choose_on(visit: Visit) -> None:
    app = make_app("/app/")
    OIDCAuth(app, secret_key=KEY, idp_selection_route="/app/choose")
    visitor = visit(app)
    assert visitor.get("/app/reports").headers["Location"] == "/app/choose"
    assert visitor.get("/app/choose").status_code == 200
    assert visitor.get("/app/choose/other").headers["Location"] == "/app/choose"


def test_a_prefix_is_kept(visit: Visit, provider: Provider) -> None:
    app = make_app("/app/")
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    assert (
        visitor.log_in(provider, path="/app/reports?x=1").headers["Location"] == "/app/reports?x=1"
    )
    assert visitor.whoami("/app/whoami")["user"] == "alice@example.com"
    assert 'href="/app/"' in visitor.get("/oidc/logout").text


def test_a_stripped_prefix_is_put_back(direct: Callable[..., Direct]) -> None:
    prefixes = {"routes_pathname_prefix": "/inside/", "requests_pathname_prefix": "/outside/"}
    here = direct(app=Dash(__name__, **prefixes))
    here.app.layout = html.Div()
    here.app.server.add_url_rule("/beside", endpoint="beside", view_func=str)
    for path, target in (("/inside/x", "/outside/x"), ("/beside", "/beside")):
        here.client.get(path)
        with here.client.session_transaction() as session:
            assert session["_dash_auth_pending"][-1][2] == target


def test_two_apps_on_a_server_log_in_apart(
    visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    server = flask.Flask(__name__)
    one, two = make_app("/one/", server), make_app("/two/", server)
    auth_one, auth_two = OIDCAuth(one, secret_key=KEY), OIDCAuth(two)
    register(auth_one, provider)
    register(auth_two, old_provider)
    old_provider.has("carol", email="carol@example.com")
    visitor = visit(server)
    assert visitor.log_in(provider, path="/one/x").headers["Location"] == "/one/x"
    assert visitor.call_back("/one/").status_code == 200
    assert visitor.call_back("/two/").status_code == 401
    assert visitor.log_in(old_provider, "carol", "/two/y").headers["Location"] == "/two/y"
    for _ in range(2):
        assert visitor.whoami("/one/whoami")["user"] == "alice@example.com"
        assert visitor.call_back("/one/").status_code == 200
        assert visitor.whoami("/two/whoami")["session"]["user"]["email"] == "carol@example.com"
        assert visitor.call_back("/two/").status_code == 200
    assert visitor.get("/two/oidc/logout").status_code == 200
    assert visitor.call_back("/one/").status_code == 401
    assert visitor.call_back("/two/").status_code == 401
    assert get_oauth(one) is auth_one.oauth
    assert get_oauth(two) is auth_two.oauth


def test_an_app_at_the_root_does_not_lock_out_the_login_of_another(
    visit: Visit, provider: Provider
) -> None:
    server = flask.Flask(__name__)
    BasicAuth(make_app("/", server), {"bob": "builder"})
    register(OIDCAuth(make_app("/two/", server), secret_key=KEY), provider)
    visitor = visit(server)
    assert visitor.log_in(provider, path="/two/").status_code == 302
    assert visitor.call_back("/two/").status_code == 200
    assert visitor.call_back("/").status_code == 401


def test_a_route_that_is_taken_twice_is_an_error() -> None:
    server = flask.Flask(__name__)
    server.add_url_rule("/oidc/logout", endpoint="one", view_func=str)
    server.add_url_rule("/app/oidc/logout", endpoint="two", view_func=str)
    with pytest.raises(ValueError, match="give another logout_route"):
        OIDCAuth(make_app("/app/", server), secret_key=KEY)


# The session


def test_a_session_ends(visit: Visit, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, session_seconds=100), provider)
    visitor = visit(app)
    visitor.log_in(provider)
    now = time.time()
    monkeypatch.setattr("dash_auth._oidc_session.time.time", lambda: now + 90)
    assert visitor.call_back().status_code == 200
    monkeypatch.setattr("dash_auth._oidc_session.time.time", lambda: now + 101)
    assert visitor.call_back().status_code == 401
    assert visitor.get("/").headers["Location"].startswith(provider.address)


def test_a_login_counts_for_eight_hours_by_default(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    with here.client.session_transaction() as session:
        assert abs(session["_dash_auth"]["until"] - time.time() - 8 * 3600) < 60
    assert explain(here.app).session == "the login itself, for 8 hours"


def test_a_changed_note_does_not_count(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    server = here.app.server
    cookie = here.client.get_cookie("session")
    assert cookie is not None
    held = session_of(server, cookie.value)
    note = held["_dash_auth"]

    def admitted(**changes: Any) -> bool:
        here.client.set_cookie("session", signed(server, {**held, **changes}))
        return bool(here.client.get("/whoami").status_code == 200)

    assert admitted()
    assert admitted(user={**held["user"], "theme": "dark", "groups": []})
    assert not admitted(user={"sub": "bob", "email": ALICE["email"]})
    assert not admitted(user={**held["user"], "sub": "bob"})
    assert not admitted(idp="other")
    assert not admitted(_dash_auth={**note, "until": note["until"] + 1})
    assert not admitted(_dash_auth={**note, "until": None})
    assert not admitted(_dash_auth={**note, "seal": None})
    assert not admitted(_dash_auth={**note, "seal": "0" * 64})
    assert not admitted(_dash_auth="x")
    assert not admitted(_dash_auth=None)
    assert not admitted(user=None)
    assert not admitted(_dash_auth_parked="x", _dash_auth=None)
    assert not admitted(_dash_auth_parked=[1, {"user": held["user"]}], _dash_auth=None)


def test_a_cookie_of_another_app_opens_no_door(
    serve: Serve, visit: Visit, provider: Provider
) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    basic = make_app()
    BasicAuth(basic, {"alice@example.com": "p"}, public_routes=["/open"], secret_key=KEY)
    other = make_app(name="dash")
    register(OIDCAuth(other, secret_key=KEY), provider)
    addresses = [serve(app), serve(basic), serve(other)]
    door = visit(addresses[0])
    by_password = visit(addresses[1])
    by_password.client.auth = ("alice@example.com", "p")
    assert by_password.get("/whoami").json()["user"] == "alice@example.com"
    elsewhere = visit(addresses[2])
    elsewhere.log_in(provider)
    assert elsewhere.call_back().status_code == 200
    upstream = signed(app.server, {"user": {"sub": "alice", **ALICE}, "idp": "idp"})
    for cookie in (by_password.cookie, elsewhere.cookie, upstream):
        assert session_of(app.server, cookie)["user"]["email"] == "alice@example.com"
        door.client.cookies.set("session", cookie, domain="127.0.0.1", path="/")
        assert door.call_back().status_code == 401
    door.client.cookies.clear()
    door.log_in(provider)
    assert door.call_back().status_code == 200
    by_password.client.auth = None
    by_password.client.cookies.set("session", door.cookie, domain="127.0.0.1", path="/")
    assert by_password.call_back().status_code == 401


def test_public_routes_know_who_logged_in_here_alone(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY, public_routes=["/whoami"]), provider)
    visitor = visit(app)
    nobody = {
        "session": dict.fromkeys(("user", "idp", "refresh_token")),
        "user": None,
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
    with here.client.session_transaction() as session:
        assert set(session) == {"user", "idp", "_dash_auth"}


def test_a_session_on_the_server_gets_another_id(direct: Callable[..., Direct]) -> None:
    here = direct()
    renewed = []
    here.app.server.session_interface.regenerate = renewed.append  # type: ignore[attr-defined]
    here.log_in()
    assert len(renewed) == 1


def test_waiting_logins_do_not_pile_up(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    begun = [visitor.begin(f"/{number}/" + "x" * 450) for number in range(5)]
    assert len(visitor.cookie) < 4000
    assert "/oauth2/authorize" not in str(session_of(app.server, visitor.cookie))
    assert visitor.get(provider.consent(begun[2], "alice")).status_code == 400
    back = visitor.get(provider.consent(begun[3], "alice"))
    assert back.headers["Location"] == "/3/" + "x" * 450


def test_the_claims_of_the_token_itself_are_not_kept(direct: Callable[..., Direct]) -> None:
    protocol = dict.fromkeys(("aud", "azp", "nonce", "at_hash", "iat", "nbf", "exp", "jti"), 1)
    here = direct()
    here.log_in(sub="1", email="a@b", iss="i", roles=["x"], **protocol)
    assert here.client.get("/whoami").json["session"]["user"] == {
        "sub": "1",
        "email": "a@b",
        "iss": "i",
        "roles": ["x"],
    }
    chosen = direct(session_claims=["email", "iat"])
    chosen.log_in(sub="1", email="a@b", iat=1)
    assert chosen.client.get("/whoami").json["session"]["user"] == {"email": "a@b", "iat": 1}


def test_claims_that_no_cookie_holds_are_refused_and_named(
    direct: Callable[..., Direct], caplog: pytest.LogCaptureFixture
) -> None:
    groups = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(120)]
    here = direct()
    refused = here.log_in(sub="1", email="a@b", groups=groups)
    assert refused.status_code == 401
    assert "session_claims" in caplog.text
    assert here.client.get("/whoami").status_code == 302
    chosen = direct(session_claims=["email"])
    assert chosen.log_in(sub="1", email="a@b", groups=groups).status_code == 302
    assert chosen.client.get("/whoami").status_code == 200


def test_logins_to_other_apps_give_way_to_a_large_one(direct: Callable[..., Direct]) -> None:
    here = direct()
    incompressible = base64.b64encode(random.Random(0).randbytes(1600)).decode()
    until = int(time.time()) + 100
    parked = {"user": incompressible, "idp": "x", "_dash_auth": {"until": until, "seal": ""}}
    with here.client.session_transaction() as session:
        session["_dash_auth_parked"] = [parked]
    assert here.log_in(sub="1").status_code == 302
    with here.client.session_transaction() as session:
        assert "_dash_auth_parked" in session
    assert here.log_in(sub="1", about=incompressible[::-1]).status_code == 302
    with here.client.session_transaction() as session:
        assert "_dash_auth_parked" not in session
        assert session["user"]["sub"] == "1"


class OnServer(flask.sessions.SessionInterface):
    """Sessions that are kept in this process: one for everybody."""

    kept = type("Kept", (dict, flask.sessions.SessionMixin), {})()

    def open_session(self, app: flask.Flask, request: flask.Request) -> Any:
        return self.kept

    def save_session(self, app: flask.Flask, session: Any, response: flask.Response) -> None:
        pass


@pytest.mark.parametrize(
    ("scope", "options", "on_server", "kept"),
    [
        ("openid", {}, True, None),
        ("openid offline_access", {}, False, None),
        ("openid offline_access", {"refresh_token_in_cookie": True}, False, "refresh"),
        ("openid offline_access", {}, True, "refresh"),
        ("openid no_offline_access", {"refresh_token_in_cookie": True}, False, None),
    ],
)
def test_a_refresh_token_is_kept_where_its_owner_cannot_read_it(
    direct: Callable[..., Direct],
    caplog: pytest.LogCaptureFixture,
    scope: str,
    options: dict[str, Any],
    on_server: bool,
    kept: str | None,
) -> None:
    here = direct(**options)
    here.auth.get_oauth_client("idp").client_kwargs["scope"] = scope
    here.token["refresh_token"] = "refresh"
    if on_server:
        here.app.server.session_interface = OnServer()
    stored = []
    original = here.auth.callback
    with here.app.server.test_request_context("/oidc/idp/callback"):
        original("idp")
        stored.append(flask.session.get("refresh_token"))
    assert stored == [kept]
    assert ("refresh_token_in_cookie" in caplog.text) == (
        kept is None and "openid offline_access" == scope
    )


# Logging out


def test_logging_out_ends_the_login(visit: Visit, provider: Provider) -> None:
    app = make_app()
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(app)
    visitor.log_in(provider)
    out = visitor.get("/oidc/logout", **{"Sec-Fetch-Site": "same-origin"})
    assert out.status_code == 200
    assert "Logged out successfully" in out.text
    assert visitor.client.cookies.get("session") is None
    assert visitor.call_back().status_code == 401


def test_another_site_logs_nobody_out(direct: Callable[..., Direct]) -> None:
    here = direct()
    here.log_in()
    cross = {"Sec-Fetch-Site": "cross-site"}
    embedded = {**cross, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    for headers in ({**cross, "Sec-Fetch-Dest": "image"}, embedded, cross):
        assert here.client.get("/oidc/logout", headers=headers).status_code == 403
    asked = here.client.get("/oidc/logout", headers={**cross, **NAVIGATE})
    assert asked.status_code == 200
    assert 'href="/oidc/logout"' in asked.text
    assert here.client.get("/whoami").status_code == 200
    assert here.client.post("/oidc/logout").status_code == 405
    here.client.get("/oidc/logout")
    assert here.client.get("/whoami").status_code == 302


def test_the_page_after_logging_out_is_the_developers(direct: Callable[..., Direct]) -> None:
    assert direct(logout_page="<p>Bye</p>").client.get("/oidc/logout").text == "<p>Bye</p>"
    page = flask.Response("Gone", 203, {"X-Mine": "yes"})
    here = direct(logout_page=page)
    for _ in range(2):
        here.log_in()
        answer = here.client.get("/oidc/logout")
        assert (answer.status_code, answer.text, answer.headers["X-Mine"]) == (203, "Gone", "yes")
        assert len(answer.headers.getlist("Set-Cookie")) == 1
    assert "Set-Cookie" not in page.headers


# What the developer declares and overrides


def test_the_hook_adds_to_the_user(direct: Callable[..., Direct]) -> None:
    class WithTeam(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            assert token["userinfo"] is user
            user["team"] = f"{idp}-team"
            return super().after_logged_in(user, idp, token)

    here = direct(kind=WithTeam)
    here.client.get("/reports")
    assert here.log_in().headers["Location"] == "/"
    assert here.client.get("/whoami").json["session"]["user"]["team"] == "idp-team"


def test_the_hook_refuses(direct: Callable[..., Direct]) -> None:
    class Nobody(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            return "not you", 403

    here = direct(kind=Nobody)
    with here.client.session_transaction() as session:
        session["user"] = {"sub": "alice"}
    refused = here.log_in()
    assert (refused.status_code, refused.text) == (403, "not you")
    assert here.client.get("/whoami").status_code == 302


def test_the_hook_stores_a_user_of_its_own(direct: Callable[..., Direct]) -> None:
    class Own(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            flask.session["user"] = self.user
            return flask.redirect("/elsewhere")

    here = direct(kind=Own)
    for user in ({"email": "x@y"}, {"groups": ["g"]}, "a name"):
        Own.user = user  # type: ignore[attr-defined]
        assert here.log_in().headers["Location"] == "/elsewhere"
        assert here.client.get("/whoami").json["session"]["user"] == user
    assert here.client.get("/whoami").json["session"]["idp"] == "idp"


def test_a_missing_key_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"secrets.token_urlsafe.*\n.*secret_key="):
        OIDCAuth(make_app())
    with pytest.raises(RuntimeError):
        OIDCAuth(make_app(), secret_key="")
    moved = make_app()
    moved.server.secret_key = KEY
    OIDCAuth(moved)
    with pytest.raises(RuntimeError):
        moved.init_app(flask.Flask(__name__))


def test_the_apps_own_key_is_left_alone() -> None:
    app = make_app()
    app.server.secret_key = "mine"
    OIDCAuth(app)
    assert app.server.secret_key == "mine"
    other = make_app()
    OIDCAuth(other, "given")
    assert other.server.secret_key == "given"


def test_the_cookie_is_as_closed_as_asked() -> None:
    app, secure, own = make_app(), make_app(), make_app()
    OIDCAuth(app, KEY)
    OIDCAuth(secure, KEY, secure_session=True)
    own.server.config["SESSION_COOKIE_SAMESITE"] = "None"
    OIDCAuth(own, KEY)
    assert app.server.config["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert app.server.config["SESSION_COOKIE_SECURE"] is False
    assert secure.server.config["SESSION_COOKIE_SECURE"] is True
    assert secure.server.config["SESSION_COOKIE_HTTPONLY"] is True
    assert own.server.config["SESSION_COOKIE_SAMESITE"] == "None"


def test_an_app_without_a_server_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Dash(__name__, server=False)
    app.layout = html.Div()
    auth = OIDCAuth(app, KEY)
    auth.register_provider("idp", client_id="c", server_metadata_url="http://127.0.0.1:9/")
    server = flask.Flask(__name__)
    app.init_app(server)
    client = server.test_client()
    assert client.get("/").status_code == 502
    assert client.get("/oidc/logout").status_code == 200
    assert auth.get_oauth_client("idp").client_id == "c"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"login_route": "/login"}, ValueError, "The login route must contain a <idp> placeholder"),
        ({"callback_route": "/<idp>x"}, ValueError, "The callback route must contain"),
        ({"session_seconds": 0}, ValueError, "session_seconds"),
        ({"session_seconds": float("inf")}, ValueError, "session_seconds"),
        ({"session_claims": "email"}, TypeError, "session_claims"),
    ],
)
def test_wrong_arguments_are_errors(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        OIDCAuth(make_app(), secret_key=KEY, **options)


def test_what_cannot_be_protected_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"must be a dash\.Dash"):
        OIDCAuth(flask.Flask(__name__), KEY)  # type: ignore[arg-type]
    app = make_app()
    app.server = object()
    with pytest.raises(TypeError, match="on Flask, not on object"):
        OIDCAuth(app, KEY)


def test_users_can_choose_on_another_host() -> None:
    app = make_app()
    OIDCAuth(app, KEY, idp_selection_route="https://choose.example/here")
    client = app.server.test_client()
    assert client.get("/").headers["Location"] == "https://choose.example/here"
    assert client.get("/here").status_code == 302
    assert explain(app).public_routes == ()


def test_a_client_of_oauth_1_takes_no_timeout(direct: Callable[..., Direct]) -> None:
    auth = direct().auth
    auth.register_provider("one", client_id="c", request_token_url="http://127.0.0.1:9/")
    assert auth.get_oauth_client("one").client_kwargs == {"scope": "openid email"}
    assert auth.get_oauth_client("idp").client_kwargs["default_timeout"] == 10


def test_a_waiting_login_of_a_provider_that_is_gone(direct: Callable[..., Direct]) -> None:
    here = direct()
    with here.client.session_transaction() as session:
        session["_dash_auth_pending"] = [["gone", "1", None], ["idp", "2", None]]
    assert here.client.get("/").status_code == 302
    with here.client.session_transaction() as session:
        assert session["_dash_auth_pending"][0] == ["idp", "2", None]


def test_providers_are_named_in_paths() -> None:
    app = make_app()
    auth = OIDCAuth(app, KEY, login_route="/in/<idp>", callback_route="/back/<idp>/")
    mine = {"scope": "openid"}
    auth.register_provider("My idp-1.a_b", client_id="c", client_kwargs=mine)
    assert mine == {"scope": "openid"}
    assert auth.get_oauth_kwargs("My idp-1.a_b")["client_id"] == "c"
    auth.register_provider("plain", client_id="c")
    assert auth.get_oauth_client("plain").client_kwargs["scope"] == "openid email"
    for name in ("a/b", "a\n", "", "a<b"):
        with pytest.raises(ValueError, match="idp_name"):
            auth.register_provider(name)
    for ask in (auth.get_oauth_client, auth.get_oauth_kwargs):
        with pytest.raises(ValueError, match="'none' is not a valid registered idp"):
            ask("none")
    assert repr(auth) == f"<OIDCAuth of {__name__!r}>"


def test_the_providers_of_an_app_can_be_had() -> None:
    app = make_app()
    with pytest.raises(RuntimeError, match="needs to be run before"):
        get_oauth(app)
    auth = OIDCAuth(app, KEY)
    assert get_oauth(app) is auth.oauth
    assert get_oauth() is auth.oauth
    plain = make_app()
    plain.server.extensions["authlib.integrations.flask_client"] = marker = object()
    assert get_oauth(plain) is marker


def test_without_authlib_the_rest_works() -> None:
    script = """
import sys
sys.modules["authlib"] = None
from dash_auth import *
import dash_auth, dash
app = dash.Dash("x")
BasicAuth(app, {"a": "b"})
class Mine(OIDCAuth): pass
try:
    Mine(dash.Dash("y"), secret_key="k")
except ImportError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 'pip install "dash-auth-rs[oidc]"' in ran.stdout


def test_a_missing_authlib_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dash_auth._oidc_client", None)
    with pytest.raises(ImportError, match=r'pip install "dash-auth-rs\[oidc\]"'):
        OIDCAuth(make_app(), KEY)


def test_authlib_is_not_loaded_unless_needed() -> None:
    script = "import sys, dash_auth; print('authlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
