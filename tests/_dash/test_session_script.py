"""Our script in the index page: the tag, the routes that it asks, and the header that it acts on."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import quote

import dash_auth
import flask
import pytest
from attacks.apps import new_app, plain_app
from attacks.http import ALICE, BOB, USERS
from dash import Dash, html, page_container, register_page
from dash_auth._core import Refusal
from dash_auth._dash import session_script
from dash_auth.logins.basic import Basic
from dash_auth.logins.session import SessionLogin
from everywhere import PRIVATE_BODY, Serve, app_behind

CALLBACK = "/_dash-update-component"
SCRIPT, TOUCH, LOGIN = (f"/_dash-auth/{name}" for name in ("session.js", "touch", "login"))
KEY = "a key that is long enough"
OWN = {"Sec-Fetch-Site": "same-origin"}
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
PRIVATE_BODY_BYTES = json.dumps(PRIVATE_BODY).encode()
JSON = {"Content-Type": "application/json"}


def tag_in(page: str) -> dict[str, str]:
    """Return the attributes of our script in an index page."""
    (tag,) = re.findall(r"<script( src=\"[^\"]*/_dash-auth/session\.js[^>]*)></script>", page)
    return {name: unescape(value) for name, value in re.findall(r' ([\w-]+)="([^"]*)"', tag)}


# The header


def test_each_refusal_says_what_it_is(everywhere: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_behind(dict(USERS), secret_key=KEY, anonymous_body_limit=1000)
    site = everywhere(app)
    ticket = site.request("GET", "/private", auth=ALICE).cookie()

    def said(status: int, method: str = "GET", path: str = "/private", **options: Any) -> Any:
        reply = site.request(method, path, **options)
        assert reply.status == status
        return reply.headers.get_all("Dash-Auth")

    assert said(200, auth=ALICE) is None
    assert said(200, path="/public") is None
    assert said(401) == ["login"]
    assert said(401, headers={"Accept": "text/html"}) == ["login"]
    assert said(401, auth=("alice", "wrong")) == ["login"]
    assert said(401, cookie=ticket) == ["ended"]
    assert said(401, cookie="session=x") == ["login"]
    assert said(401, "POST", CALLBACK, headers=JSON, body=PRIVATE_BODY_BYTES) == ["login"]
    assert said(401, "POST", CALLBACK, headers=JSON, body=PRIVATE_BODY_BYTES, cookie=ticket) == [
        "ended"
    ]
    assert said(403, "POST", CALLBACK, headers={**JSON, **FOREIGN}, auth=ALICE) == ["forbidden"]
    large = json.dumps({**PRIVATE_BODY, "more": "x" * 1000}).encode()
    assert said(413, "POST", CALLBACK, headers=JSON, body=large) == ["login"]
    for refusal, status in ((Refusal.BUSY, 503), (Refusal.UNAVAILABLE, 503)):
        monkeypatch.setattr(Basic, "verify", lambda *_, refusal=refusal: refusal)
        assert said(status, auth=BOB) == ["busy"]


def test_an_answer_of_the_apps_own_says_nothing_but_what_asks_for_a_login() -> None:
    app = new_app()
    app.layout = html.Div("private")
    auth = dash_auth.BasicAuth(app, dict(USERS), public_routes=["/shut", "/asks"])
    app.server.add_url_rule("/shut", "shut", lambda: ("shut", 401))
    app.server.add_url_rule("/asks", "asks", auth.login_request)
    client = app.server.test_client()
    assert "Dash-Auth" not in client.get("/shut").headers
    reply = client.get("/asks")
    assert (reply.status_code, reply.headers["Dash-Auth"]) == (401, "login")


def test_a_login_request_of_the_developers_says_it_where_it_refuses() -> None:
    class Own(dash_auth.auth.Auth):
        answer: Any = None

        def is_authorized(self) -> bool:
            return False

        def login_request(self) -> Any:
            return self.answer() if callable(self.answer) else self.answer

    app = Dash("own", assets_folder="no-assets")
    app.layout = html.Div("private")
    auth = Own(app)
    client = app.server.test_client()
    for auth.answer, status, word in [
        (("who?", 401), 401, "login"),
        (lambda: flask.Response("who?", 401, {"Dash-Auth": "busy"}), 401, "login"),
        (lambda: flask.abort(401), 401, "login"),
        (lambda: flask.redirect("/elsewhere"), 302, None),
        (lambda: "the page of a login", 200, None),
        (None, 401, "login"),
    ]:
        reply = client.get("/")
        assert (reply.status_code, reply.headers.get("Dash-Auth")) == (status, word)
        assert len(reply.headers.getlist("Dash-Auth")) == (word is not None)


def test_who_guesses_too_often_is_told_so(everywhere: Serve) -> None:
    site = everywhere(app_behind(dict(USERS), secret_key=KEY))
    replies = [site.request("GET", "/private", auth=("alice", f"wrong{i}")) for i in range(8)]
    said = [(reply.status, reply.headers["Dash-Auth"]) for reply in replies]
    assert set(said) == {(401, "login"), (429, "throttled")}
    assert int(replies[-1].headers["Retry-After"]) > 0


# The tag


def test_the_script_is_the_first_thing_in_the_head(everywhere: Serve) -> None:
    app = app_behind(dict(USERS), secret_key=KEY)
    dash_auth.add_public_routes(app, ["/"])
    site = everywhere(app)
    for auth in (None, ALICE):
        page = site.request("GET", "/", auth=auth).text
        assert re.search(r"<head><script src=\"/_dash-auth/session\.js\?v=\w+\"", page)
        assert not re.search(r"<script(?=[^>]* (defer|async|type))[^>]*session\.js", page)
        assert page.index("session.js") < page.index("dash_renderer")
        tag = tag_in(page)
        assert tag["data-prefix"] == "/"
        assert tag["data-login"] == "/_dash-auth/login"
        assert (tag["data-touch"], tag["data-banner"], tag["data-own"]) == ("", "true", "")
        texts = json.loads(tag["data-lang"])
        assert list(texts) == ["en", "de", "fr", "es"]
        assert len({frozenset(each) for each in texts.values()}) == 1
        assert all("%" in each["throttled"] for each in texts.values())


def test_the_page_names_its_user_and_nothing_of_the_user(everywhere: Serve) -> None:
    app = app_behind(dict(USERS), secret_key=KEY)
    dash_auth.add_public_routes(app, ["/"])
    site = everywhere(app)
    # An anonymous visitor and one whom nobody asked for are none.
    assert tag_in(site.request("GET", "/").text)["data-user"] == ""
    of_alice = tag_in(site.request("GET", "/", auth=ALICE).text)["data-user"]
    of_bob = tag_in(site.request("GET", "/", auth=BOB).text)["data-user"]
    assert re.fullmatch("[0-9a-f]{16}", of_alice) and re.fullmatch("[0-9a-f]{16}", of_bob)
    assert of_alice != of_bob
    ticket = site.request("GET", "/private", auth=ALICE).cookie()
    assert tag_in(site.request("GET", "/", cookie=ticket).text)["data-user"] == of_alice


def test_a_public_page_is_kept_as_before_and_its_visitor_not_asked_for() -> None:
    asked: list[str] = []
    app = Dash("kept", assets_folder="no-assets", use_pages=True, pages_folder="")
    app.layout = html.Div(page_container)
    register_page("open", path="/open", layout=html.P("open"))
    dash_auth.BasicAuth(app, auth_func=lambda *given: bool(asked.append(given[0])))
    dash_auth.add_public_routes(app, ["/open"])
    reply = app.server.test_client().get("/open")
    assert reply.status_code == 200 and "Cache-Control" not in reply.headers
    assert "Vary" not in reply.headers and asked == []


PARTS = "{%metas%}{%css%}{%app_entry%}{%config%}{%scripts%}{%renderer%}"
PLACES = [
    ("<!DOCTYPE html><html><head>|<title>x</title></head><body>PARTS</body></html>"),
    ('<html lang="de">\n<HEAD data-x="1">|<title>x</title></HEAD><body>PARTS</body></html>'),
    ("<!-- <head> --><html><head\n>|</head><body>PARTS</body></html>"),
    ("<!doctype html>\n<html lang='en'>|<header></header><body>PARTS</body></html>"),
    ("<!doctype html>|<body>PARTS</body>"),
    ("|<div>PARTS</div>"),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", ["index_string", "interpolate_index", "subclass"])
def test_it_stands_first_in_an_index_page_of_the_developers(place: str, way: str) -> None:
    before, after = place.replace("PARTS", PARTS).split("|")

    def made(**parts: str) -> str:
        page = before + after
        for name, part in parts.items():
            page = page.replace(f"{{%{name}%}}", part)
        return page

    class Own(Dash):
        def interpolate_index(self, *_: Any, **parts: Any) -> str:
            return made(**parts)

    app = (Own if way == "subclass" else Dash)("own", assets_folder="no-assets")
    app.layout = html.Div("x")
    if way == "index_string":
        app.index_string = before + after
    elif way == "interpolate_index":
        app.interpolate_index = made
    dash_auth.BasicAuth(app, dict(USERS))
    page = app.server.test_client().get("/", auth=ALICE).text
    page = page.replace("\r", "")
    at = page.index('<script src="/_dash-auth/session.js')
    assert page[:at].strip() == before.strip()
    assert tag_in(page)["data-prefix"] == "/"


def test_prefixes_and_several_apps_have_scripts_of_their_own() -> None:
    app = new_app("first", url_base_pathname="/first/")
    second = new_app("second", server=app.server, url_base_pathname="/second/")
    for one in (app, second):
        one.layout = html.Div("x")
    auth = dash_auth.BasicAuth(app, dict(USERS), session_banner=False)
    auth.protect(second)
    client = app.server.test_client()
    assert auth.login_path == "/first/_dash-auth/login"
    for prefix in ("/first/", "/second/"):
        tag = tag_in(client.get(prefix, auth=ALICE).text)
        assert tag["data-prefix"] == prefix and tag["data-banner"] == "false"
        assert tag["src"].startswith(f"{prefix}_dash-auth/session.js?v=")
        assert tag["data-login"] == f"{prefix}_dash-auth/login"
        assert client.get(tag["src"]).status_code == 200
        assert client.get(tag["data-login"]).status_code == 401
        touched = client.get(f"{prefix}_dash-auth/touch", auth=ALICE)
        assert touched.headers["Dash-Auth-User"] == tag["data-user"]


def test_what_a_proxy_cuts_off_is_in_what_the_browser_is_told() -> None:
    app = Dash(
        "cut",
        assets_folder="no-assets",
        routes_pathname_prefix="/",
        requests_pathname_prefix="/board/",
    )
    app.layout = html.Div("x")
    auth = dash_auth.BasicAuth(app, dict(USERS))
    client = app.server.test_client()
    tag = tag_in(client.get("/", auth=ALICE).text)
    assert tag["src"].startswith("/board/_dash-auth/session.js")
    assert tag["data-login"] == auth.login_path == "/board/_dash-auth/login"
    reply = client.get("/_dash-auth/login?next=/board/x", auth=ALICE)
    assert reply.headers["Location"] == "/board/x"
    assert client.get("/_dash-auth/login", auth=ALICE).headers["Location"] == "/board/"


# The routes


def test_the_script_is_kept_for_long_under_its_version_alone(everywhere: Serve) -> None:
    app = app_behind(dict(USERS), secret_key=KEY)
    site = everywhere(app)
    source = tag_in(site.request("GET", "/", auth=ALICE).text)["src"]
    reply = site.request("GET", source)
    assert reply.status == 200 and reply.headers["Cache-Control"].endswith("immutable")
    assert "max-age=31536000" in reply.headers["Cache-Control"]
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.cookie() is None and "Vary" not in reply.headers
    for other in (SCRIPT, f"{SCRIPT}?v=another", f"{source}&v=x"):
        assert site.request("GET", other).headers["Cache-Control"] == "no-store"
    # Ours is the only thing that differs between two users' copies: nothing.
    assert site.request("GET", source, auth=ALICE).body == reply.body
    assert len(reply.body) < 8 * 1024


def test_a_look_says_who_is_there_and_asks_for_nothing(everywhere: Serve) -> None:
    app = app_behind(dict(USERS), secret_key=KEY)
    site = everywhere(app)
    shown = tag_in(site.request("GET", "/", auth=ALICE).text)["data-user"]
    ticket = site.request("GET", "/private", auth=ALICE).cookie()
    for auth, cookie, user in [
        (ALICE, None, shown),
        (None, ticket, shown),
        (None, None, ""),
        (("alice", "wrong"), None, ""),
    ]:
        reply = site.request("GET", TOUCH, auth=auth, cookie=cookie, headers=OWN)
        if auth == ("alice", "wrong"):
            assert reply.status == 401
            continue
        assert (reply.status, reply.headers["Dash-Auth-User"]) == (204, user)
        assert reply.headers["Cache-Control"] == "no-store"
        assert "WWW-Authenticate" not in reply.headers


def test_a_touch_renews_the_login_of_who_is_logged_in(
    everywhere: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[str] = []
    app = app_behind(dict(USERS), secret_key=KEY)
    guard = dash_auth.auth.guard_of(app)
    assert guard is not None
    kind = type(guard.visitors.session)
    assert kind.renew is SessionLogin.renew

    def renew(_: SessionLogin, request: Any) -> None:
        if request.path == TOUCH:
            renewed.append(request.method)

    monkeypatch.setattr(kind, "renew", renew)
    site = everywhere(app)
    tag = tag_in(site.request("GET", "/", auth=ALICE).text)
    assert tag["data-touch"] == "60"

    touched = site.request("POST", TOUCH, auth=ALICE, headers=OWN)
    assert (touched.status, touched.headers["Dash-Auth-User"]) == (204, tag["data-user"])
    assert renewed == ["POST"]
    site.request("GET", TOUCH, auth=ALICE, headers=OWN)
    ticket = site.request("GET", "/private", auth=ALICE).cookie()
    for options, status, word in [
        ({"headers": OWN}, 401, "login"),
        ({"headers": OWN, "cookie": ticket}, 401, "ended"),
        ({"headers": FOREIGN, "auth": ALICE}, 403, "forbidden"),
        ({"headers": {"Sec-Fetch-Site": "same-site"}, "auth": ALICE}, 403, "forbidden"),
        ({"headers": {"Origin": "null"}, "auth": ALICE}, 403, "forbidden"),
    ]:
        reply = site.request("POST", TOUCH, **options)
        assert (reply.status, reply.headers["Dash-Auth"]) == (status, word)
        assert "Dash-Auth-User" not in reply.headers
    assert renewed == ["POST"]
    assert site.request("PUT", TOUCH, auth=ALICE).status in (404, 405)


SPELLINGS = [
    "//evil.example",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "http://evil.example",
    "HTTPS:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "/%0d%0aLocation: https://evil.example".replace("%0d%0a", "\r\n"),
    "/a b",
    "/ü",
    "/../evil",
    "/./x",
    "/x/..",
    "/_dash-auth/login?next=/",
    "/_dash-auth/touch",
    "/\x00",
    "/" + "x" * 3000,
    "",
]


def test_the_login_leads_to_a_path_of_the_app_and_nowhere_else(everywhere: Serve) -> None:
    app = app_behind(dict(USERS), secret_key=KEY)
    site = everywhere(app)

    def led(query: str) -> tuple[int, str | None]:
        reply = site.request("GET", f"{LOGIN}{query}", auth=ALICE)
        assert reply.headers["Cache-Control"] == "no-store"
        return reply.status, reply.headers["Location"]

    assert led("?next=/private") == (303, "/private")
    assert led(f"?next={quote('/a?b=c&d=/e', safe='')}") == (303, "/a?b=c&d=/e")
    for spelling in SPELLINGS:
        assert led(f"?next={quote(spelling, safe='')}") == (303, "/"), spelling
    for query in ("", "?next", "?next=%ff%fe", "?next=%ed%a0%80", "?next=/a&next=/b", "?next=%"):
        assert led(query) == (303, "/"), query


def test_the_login_asks_whoever_is_not_logged_in(everywhere: Serve) -> None:
    app = app_behind(dict(USERS), secret_key=KEY)
    site = everywhere(app)
    ticket = site.request("GET", "/private", auth=ALICE).cookie()
    for options in ({}, {"cookie": ticket}, {"auth": ("alice", "wrong")}):
        reply = site.request("GET", f"{LOGIN}?next=/private", **options)
        assert reply.status == 401 and reply.headers["WWW-Authenticate"].startswith("Basic ")
        assert "Location" not in reply.headers
    # It knows the user of a public page afterwards too.
    reply = site.request("GET", f"{LOGIN}?next=/public", auth=ALICE)
    assert site.request("GET", "/public", cookie=reply.cookie()).json()["user"] == "alice"


def test_a_login_of_ones_own_is_asked_too() -> None:
    class Own(dash_auth.auth.Auth):
        def is_authorized(self) -> bool:
            return flask.request.headers.get("X-Token") == "right"

        def login_request(self) -> Any:
            return flask.redirect("/my-login")

    app = Dash("own", assets_folder="no-assets")
    app.layout = html.Div("private")
    auth = Own(app)
    client = app.server.test_client()
    path = f"{auth.login_path}?next=/x"
    assert client.get(path).headers["Location"] == "/my-login"
    reply = client.get(path, headers={"X-Token": "right"})
    assert (reply.status_code, reply.headers["Location"]) == (303, "/x")
    page = client.get("/", headers={"X-Token": "right"}).text
    look = client.get(TOUCH, headers={"X-Token": "right"})
    assert tag_in(page)["data-user"] == look.headers["Dash-Auth-User"] != ""


def test_who_cannot_be_asked_about_is_no_error_of_the_routes(everywhere: Serve) -> None:
    def fails(*_: str) -> bool:
        raise dash_auth.Unavailable("down")

    app = plain_app()
    dash_auth.BasicAuth(app, auth_func=fails)
    site = everywhere(app)
    for method, path in (("GET", TOUCH), ("POST", TOUCH), ("GET", LOGIN)):
        reply = site.request(method, path, auth=ALICE)
        assert (reply.status, reply.headers["Dash-Auth"]) == (503, "busy")


def test_what_is_shown_is_there_in_each_language() -> None:
    words = {"ended", "recent", "login", "again", "in", "busy", "throttled", "close"}
    assert all(set(texts) == words for texts in session_script.TEXTS.values())
    assert all(f"text.{word}" in session_script._SCRIPT for word in words - {"ended"})
