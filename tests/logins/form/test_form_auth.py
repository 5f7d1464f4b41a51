"""FormAuth: its arguments, its keys, and where its pages are."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any

import dash
import dash_auth
import pytest
from attacks import apps
from attacks.apps import new_app, pages_app, plain_app, reset_dash
from attacks.http import ALICE, BOB
from dash import Dash, html
from dash_auth.logins import Basic
from dash_auth.logins.form.providers import button_of
from everywhere import Serve, add_parts
from forms import KEY, USERS, Browser, form_app

PREFIXED = {"routes_pathname_prefix": "/board/", "requests_pathname_prefix": "/board/"}


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"login_route": "login"}, ValueError, "begin with a slash"),
        ({"login_route": "/"}, ValueError, "login_route"),
        ({"login_route": "/login/"}, ValueError, "login_route"),
        ({"login_route": "/<x>"}, ValueError, "login_route"),
        ({"logout_route": "/login"}, ValueError, "differ"),
        ({"login_route": 3}, TypeError, "login_route"),
        ({"page": "welcome"}, ValueError, "page"),
        ({"session_lifetime": 0}, ValueError, "session_lifetime"),
        ({"session_lifetime": "1h"}, TypeError, "session_lifetime"),
        ({"session_lifetime": lambda: 1}, TypeError, "session_lifetime"),
        ({"session_lifetime": float("inf")}, ValueError, "session_lifetime"),
        ({"idle_timeout": -1}, ValueError, "idle_timeout"),
        ({"remember": 0}, ValueError, "remember"),
        ({"remember": "yes"}, TypeError, "remember"),
        ({"color": "purple"}, ValueError, "color"),
        ({"lang": "xx"}, ValueError, "lang"),
        ({"logo": "nowhere.svg"}, ValueError, "logo"),
        ({"throttle": 3}, TypeError, "throttle"),
        ({"auth_func": lambda name, password: True}, ValueError, "cannot use both"),
        ({"username_password_list": {"a": "b"}}, TypeError, "not both"),
        ({"tittle": "x"}, TypeError, "title"),
        ({"secret_key": 3}, TypeError, "secret_key"),
    ],
)
def test_a_wrong_argument_is_an_error_at_start(
    options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        dash_auth.FormAuth(plain_app(), dict(USERS), **{"secret_key": KEY, **options})


def test_neither_users_nor_a_function_is_an_error_unless_there_are_providers() -> None:
    app = plain_app()
    auth = dash_auth.FormAuth(app, secret_key=KEY)
    with pytest.raises(ValueError, match=r"FormAuth knows no users.*register_provider"):
        dash_auth.explain(app)
    auth.register_provider("idp", client_id="c", server_metadata_url="https://idp.example/x")
    assert dash_auth.explain(app).protected_by == "FormAuth"
    with pytest.raises(ValueError, match="users"):
        dash_auth.FormAuth(plain_app(), secret_key=KEY, user_groups={"alice": ["x"]})


PUBLIC = [
    {"server_metadata_url": "https://accounts.google.com/.well-known/openid-configuration"},
    {"server_metadata_url": "HTTPS://ACCOUNTS.GOOGLE.COM:443/.well-known/openid-configuration"},
    *(
        {"server_metadata_url": f"https://login.microsoftonline.com/{tenant}/v2.0/.well-known/x"}
        for tenant in ("common", "organizations", "consumers", "Common")
    ),
    {"authorize_url": "https://github.com/login/oauth/authorize"},
    {"server_metadata_url": "https://idp.example/x", "api_base_url": "https://api.github.com/"},
]
PRIVATE = [
    {"server_metadata_url": "https://login.microsoftonline.com/our-tenant/v2.0/.well-known/x"},
    {"server_metadata_url": "https://idp.example/accounts.google.com"},
    {"authorize_url": "https://github.example/login/oauth/authorize"},
    {"server_metadata_url": "http://[broken"},
]


@pytest.mark.parametrize("where", PUBLIC)
def test_a_provider_of_everybody_needs_to_be_told_who_may_enter(where: dict[str, str]) -> None:
    auth = dash_auth.FormAuth(plain_app(), dict(USERS), secret_key=KEY)
    with pytest.raises(ValueError, match=r"FormAuth\(app, \.\.\., allow="):
        auth.register_provider("there", client_id="c", **where)
    reset_dash()
    auth = dash_auth.FormAuth(plain_app(), secret_key=KEY, allow=lambda user: True)
    auth.register_provider("there", client_id="c", **where)


@pytest.mark.parametrize("where", PRIVATE)
def test_a_provider_of_the_team_needs_nothing(where: dict[str, str]) -> None:
    auth = dash_auth.FormAuth(plain_app(), secret_key=KEY)
    auth.register_provider("there", client_id="c", **where)


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("done", {}, "another name"),
        ("login.css", {}, "another name"),
        ("a/b", {}, "letters"),
        ("idp", {}, "already"),
        ("other", {"label": " "}, "label"),
    ],
)
def test_a_provider_that_cannot_be_registered(
    name: str, options: dict[str, str], match: str
) -> None:
    auth = dash_auth.FormAuth(plain_app(), secret_key=KEY)
    auth.register_provider("idp", client_id="c")
    with pytest.raises(ValueError, match=match):
        auth.register_provider(name, client_id="c", **options)


@pytest.mark.parametrize(
    ("name", "where", "label", "shown"),
    [
        ("google", "https://idp.example/x", None, ("Google", "google")),
        ("GitHub", "https://idp.example/x", None, ("GitHub", "github")),
        ("work", "https://work.okta.com/x", None, ("work", "okta")),
        ("work", "https://work.eu.auth0.com/x", "Work", ("Work", "auth0")),
        ("sso", "https://sso.example/realms/ours/.well-known/x", None, ("sso", "keycloak")),
        ("sso", "https://okta.com.example/x", None, ("sso", "")),
        ("sso", "http://[broken", None, ("sso", "")),
    ],
)
def test_the_button_of_a_provider(
    name: str, where: str, label: str | None, shown: tuple[str, str]
) -> None:
    button = button_of(name, label, {"server_metadata_url": where})
    assert (button.label, button.mark) == shown


def test_its_repr_shows_no_secret() -> None:
    auth = dash_auth.FormAuth(plain_app(), dict(USERS), secret_key=KEY)
    assert KEY not in repr(auth)
    assert ALICE[1] not in repr(vars(auth))


# The key


def _started(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {key: value for key, value in os.environ.items() if key != "DASH_AUTH_SECRET_KEY"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**known, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


_APP = """
import dash, dash_auth, os
app = dash.Dash("x")
app.layout = dash.html.Div()
dash_auth.FormAuth(app, {"alice": "wonderland"})
"""


def test_with_no_key_one_is_drawn_and_said_once_and_never_shown() -> None:
    code = _APP + "print(len(os.environ['DASH_AUTH_SECRET_KEY']), app.server.secret_key != '')\n"
    code += "print(os.environ['DASH_AUTH_SECRET_KEY'] == app.server.secret_key)"
    ran = _started(code)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["43", "True", "True"]
    assert ran.stderr.count("export DASH_AUTH_SECRET_KEY=") == 1
    shown = _started(_APP + "print(os.environ['DASH_AUTH_SECRET_KEY'])")
    assert shown.stdout.strip() not in shown.stderr
    # As the debug reloader starts a child.
    child = _started(code, DASH_AUTH_SECRET_KEY="k" * 43)
    assert child.stdout.split() == ["43", "True", "True"]
    assert "secret key" not in child.stderr


def test_a_worker_draws_no_key_of_its_own() -> None:
    ran = _started(_APP, SERVER_SOFTWARE="gunicorn/23.0.0")
    assert ran.returncode != 0
    assert "RuntimeError: There is no secret key" in ran.stderr
    assert "export DASH_AUTH_SECRET_KEY=" in ran.stderr
    child = f"import multiprocessing\ndef work():\n    exec({_APP!r}, {{}})\n"
    child += "if __name__ == '__main__':\n"
    child += (
        "    p = multiprocessing.get_context('fork').Process(target=work); p.start(); p.join()\n"
    )
    assert "RuntimeError: There is no secret key" in _started(child).stderr


def test_the_argument_comes_before_the_environment_and_that_before_the_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DASH_AUTH_SECRET_KEY", "of the environment " * 3)
    app = new_app()
    app.layout = html.Div()
    app.server.secret_key = "of the server " * 3
    dash_auth.FormAuth(app, dict(USERS))
    assert app.server.secret_key == "of the environment " * 3
    monkeypatch.delenv("DASH_AUTH_SECRET_KEY")
    app = new_app()
    app.layout = html.Div()
    app.server.secret_key = "of the server " * 3
    dash_auth.FormAuth(app, dict(USERS))
    assert app.server.secret_key == "of the server " * 3


# Where its pages are


def test_a_route_that_is_taken_is_an_error_at_start() -> None:
    app = plain_app()
    app.server.add_url_rule("/login", "taken", lambda: "mine")
    with pytest.raises(ValueError, match="login_route '/login' is taken"):
        dash_auth.FormAuth(app, dict(USERS), secret_key=KEY)


def test_a_page_of_the_app_there_is_an_error_at_start() -> None:
    app = pages_app()
    dash.register_page("entrance", path="/login", layout=html.Div("my own"))
    with pytest.raises(ValueError, match="pass page= to have it show the form"):
        dash_auth.FormAuth(app, dict(USERS), secret_key=KEY)


def test_its_routes_are_below_the_apps_prefix(everywhere: Serve) -> None:
    app = plain_app(**PREFIXED)
    dash_auth.FormAuth(app, dict(USERS), secret_key=KEY)
    add_parts(app)
    browser = Browser(everywhere(app))
    asked = browser.visit("/board/x?y=1")
    assert asked.headers["Location"] == "/board/login?next=/board/x%3Fy%3D1"
    page = browser.visit(asked.headers["Location"])
    assert 'action="/board/login"' in page.text
    assert "/board/login/login.css" in page.text
    assert browser.fetch("/board/login/login.css").status == 200
    done = browser.log_in(path="/board/login", next="/board/x?y=1")
    assert done.headers["Location"] == "/board/x?y=1"
    assert browser.log_in(path="/board/login").headers["Location"] == "/board/"
    # A route of the server's own that lies outside of the prefix needs the login too.
    assert browser.who() == "alice"
    assert browser.log_in(path="/board/login", next="/private").headers["Location"] == "/private"
    assert browser.log_out("/board/logout").headers["Location"] == "/board/login?logged_out=1"


def test_a_prefix_that_a_proxy_takes_away_stands_in_all_addresses(everywhere: Serve) -> None:
    app = plain_app(routes_pathname_prefix="/", requests_pathname_prefix="/seen/")
    dash_auth.FormAuth(app, dict(USERS), secret_key=KEY)
    add_parts(app)
    browser = Browser(everywhere(app))
    asked = browser.visit("/private")
    assert asked.headers["Location"] == "/seen/login?next=/seen/private"
    page = browser.visit("/login?next=/seen/private")
    assert 'action="/seen/login"' in page.text
    sent = {"username": ALICE[0], "password": ALICE[1], "next": "/seen/private"}
    done = browser.post("/login", sent)
    assert done.headers["Location"] == "/seen/login/done?next=/seen/private"
    for foreign in ("/private", "/seen/../private", "/other/"):
        done = browser.post("/login", {**sent, "next": foreign})
        assert done.headers["Location"] == "/seen/login/done?next=/seen/"


def test_a_page_of_the_apps_own_holds_the_form(everywhere: Serve) -> None:
    app = pages_app()
    dash.register_page("welcome", path="/welcome", layout=lambda **_: dash_auth.login_form())
    dash_auth.FormAuth(app, dict(USERS), secret_key=KEY, page="/welcome")
    add_parts(app)
    browser = Browser(everywhere(app))
    asked = browser.visit("/private?x=1")
    assert asked.headers["Location"] == "/welcome?next=/private%3Fx%3D1"
    assert browser.visit(asked.headers["Location"]).status == 200
    headers = {"Sec-Fetch-Site": "same-origin", "Referer": f"http://h{asked.headers['Location']}"}
    sent = {"username": ALICE[0], "password": ALICE[1]}
    assert browser.post("/login", {**sent, "password": "x"}, headers).status == 401
    done = browser.post("/login", sent, headers)
    assert browser.visit(done.headers["Location"]).headers["Location"] == "/private?x=1"
    assert browser.log_out().headers["Location"] == "/welcome?logged_out=1"


def test_a_page_of_the_apps_own_may_have_the_route_of_the_login(everywhere: Serve) -> None:
    app = pages_app()
    dash.register_page("welcome", path="/login", layout=lambda **_: dash_auth.login_form())
    dash_auth.FormAuth(app, dict(USERS), secret_key=KEY, page="/login")
    add_parts(app)
    browser = Browser(everywhere(app))
    page = browser.visit("/login?next=/private")
    assert page.status == 200
    assert "_dash-config" in page.text
    assert browser.log_in(next="/private").headers["Location"] == "/private"
    assert browser.who() == "alice"


def test_a_page_of_an_app_below_a_prefix_holds_the_form(everywhere: Serve) -> None:
    app = pages_app(**PREFIXED)
    dash.register_page("welcome", path="/welcome", layout=lambda **_: dash_auth.login_form())
    dash_auth.FormAuth(app, dict(USERS), secret_key=KEY, page="/welcome")
    browser = Browser(everywhere(app))
    asked = browser.visit("/board/x")
    assert asked.headers["Location"] == "/board/welcome?next=/board/x"
    assert browser.visit(asked.headers["Location"]).status == 200


# Dash 4.4.1 cannot put two apps on one Quart: it gives their WebSockets one name.
@pytest.mark.parametrize("everywhere", ["flask", "fastapi"], indirect=True)
def test_two_apps_behind_one_login(everywhere: Serve) -> None:
    first = plain_app(**PREFIXED)
    other = Dash(
        "other",
        server=first.server,
        routes_pathname_prefix="/other/",
        requests_pathname_prefix="/other/",
        **({} if apps.backend == "flask" else {"backend": apps.backend}),
    )
    other.layout = html.Div("the other's layout")
    auth = dash_auth.FormAuth(first, dict(USERS), secret_key=KEY)
    auth.protect(other)
    add_parts(first)
    browser = Browser(everywhere(first))
    asked = browser.visit("/other/page")
    assert asked.headers["Location"] == "/board/login?next=/other/page"
    done = browser.log_in(path="/board/login", next="/other/page")
    assert done.headers["Location"] == "/other/page"
    assert "the other's layout" in browser.fetch("/other/_dash-layout").text


def test_programs_may_log_in_with_basic_beside_it(everywhere: Serve) -> None:
    browser = Browser(everywhere(form_app(also=[Basic(dict(USERS))])))
    program = browser.site.request("GET", "/private", auth=BOB)
    assert program.json()["user"] == "bob"
    wrong = browser.site.request("GET", "/private", auth=("bob", "x"))
    assert wrong.status == 401
    assert "WWW-Authenticate" not in wrong.headers
    browser.log_in()
    # The session's, whatever the header says.
    both = browser.send("GET", "/private", {"Accept": "*/*"}, auth=BOB, cookie=browser.cookie("/"))
    assert both.json()["user"] == "alice"


def test_explain_says_what_a_login_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    app = form_app(session_lifetime=3600)
    assert "the login itself, for 1 hours" in str(dash_auth.explain(app))
