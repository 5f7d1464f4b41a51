"""S4, S18, S19: what an answer says, who may keep it, and what the log says of a refusal."""

from __future__ import annotations

import http.client
import json
import logging
import re
from pathlib import Path
from typing import Any

import dash_auth
import pytest
from dash import Dash, Input, Output, html

from . import apps
from .apps import AUDIT, IS_UPSTREAM, body, guard, item, new_app, plain_app
from .callbacks import PRIVATE_BODY, PUBLIC_BODY, private, ran, simple_app
from .http import ALICE, CALLBACK_URL, PRIVATE, PUBLIC, AttackSucceeded, held, honest
from .routes import add_route, session

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
CALL = body("o.children", [item("i", "value", 1)])


# S19: who may keep an answer


def kept_app(folder: Path, public_routes: list[str], **options: Any) -> Dash:
    """Return an app with something of each kind, public and private."""
    folder = folder / "assets"
    folder.mkdir()
    (folder / "a.txt").write_text(PRIVATE)
    app = new_app(assets_folder=str(folder))
    app.layout = html.Div(PRIVATE)
    app.callback(Output("o", "children"), Input("i", "value"))(lambda _: PRIVATE)
    dash_auth.public_callback(Output("silent", "children"), Input("i", "value"))(lambda _: PUBLIC)
    dash_auth.public_callback(Output("asking", "children"), Input("i", "value"))(
        lambda _: f"{PUBLIC} {dash_auth.current_user()}"
    )
    for path in ("/own", "/silent"):
        add_route(app, path, lambda: PUBLIC)
    add_route(app, "/asking", lambda: f"{PUBLIC} {dash_auth.current_user()}")
    add_route(app, "/reading", lambda: f"{PUBLIC} {session().get('user')}")
    guard(app, public_routes=public_routes, secret_key="k" * 32, **options)
    return app


def kept(reply: Any) -> str | None:
    """Return what an answer says of who may keep it, in one order."""
    value = reply.headers.get("Cache-Control")
    return None if value is None else ", ".join(sorted(value.replace(" ", "").split(",")))


@pytest.mark.rule("S19")
@pytest.mark.parametrize("public_routes", [[], ["/silent", "/asking"]], ids=["none", "some"])
def test_what_is_private_is_kept_by_no_cache(
    serve: Any, tmp_path: Path, public_routes: list[str]
) -> None:
    site = serve(kept_app(tmp_path, public_routes))
    for target in ("/", "/any/page", "/_dash-layout", "/_dash-dependencies", "/own"):
        said = kept(honest(site.get(target, auth=ALICE), None))
        if said != "no-store":
            raise AttackSucceeded(f"{target} may be kept: {said}")
    assert kept(honest(site.call(CALL, auth=ALICE), PRIVATE)) == "no-store"
    answer = honest(site.get("/assets/a.txt", auth=ALICE), PRIVATE)
    assert "private" in (kept(answer) or "") and "no-store" not in (kept(answer) or "")
    etag = answer.headers["ETag"]
    again = site.get("/assets/a.txt", auth=ALICE, headers={"If-None-Match": etag})
    assert again.status == 304 and "private" in (kept(again) or "")
    for target in ("/", "/own", "/assets/a.txt", "/nowhere/at/all"):
        assert kept(held(site.get(target))) == "no-store", target
        assert kept(held(site.get(target, auth=("alice", "wrong"), headers=HTML))) == "no-store"
    evil = {"Origin": "http://evil.test"}
    assert kept(held(site.call(CALL, auth=ALICE, headers=evil), status=403)) == "no-store"


@pytest.mark.rule("S19")
def test_a_private_file_that_may_be_kept_for_long_is_for_one_browser(
    serve: Any, tmp_path: Path
) -> None:
    app = kept_app(tmp_path, [])
    if apps.backend == "fastapi":

        @app.server.middleware("http")
        async def keep(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            for value in ("public", "max-age=3600"):
                response.headers.append("Cache-Control", value)
            return response

    else:
        app.server.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    answer = honest(serve(app).get("/assets/a.txt", auth=ALICE), PRIVATE)
    told = answer.headers.get_all("Cache-Control")
    if (kept(answer), len(told)) != ("max-age=3600, private", 1):
        raise AttackSucceeded(str(told))


@pytest.mark.rule("S19")
@pytest.mark.parametrize("public_routes", [[], ["/open"]], ids=["none", "some"])
def test_what_is_the_same_for_everybody_may_be_kept(
    serve: Any, tmp_path: Path, public_routes: list[str]
) -> None:
    """The component suites are some megabytes."""
    site = serve(kept_app(tmp_path, public_routes))
    cookie = site.get("/own", auth=ALICE).cookie()
    index = honest(site.get("/", auth=ALICE), None).text
    suite = re.findall(r'"(/_dash-component-suites/[^"?]*)', index)[0]
    plain = re.sub(r"[.]v[^/]*m\d+[.]", ".", suite)
    assert plain != suite
    for visitor in ({"auth": ALICE}, *([{}, {"cookie": cookie}] if public_routes else [])):
        for target in ("/_favicon.ico", suite, plain):
            assert "no-store" not in (kept(site.get(target, **visitor)) or ""), (target, visitor)


@pytest.mark.rule("S15")
@pytest.mark.skipif(IS_UPSTREAM, reason="upstream sets a cookie with each answer")
@pytest.mark.parametrize("session_cookie", [False, True])
@pytest.mark.parametrize("public_routes", [[], ["/silent"]], ids=["none", "some"])
def test_a_file_that_may_be_kept_brings_no_session_along(
    serve: Any, tmp_path: Path, public_routes: list[str], session_cookie: bool
) -> None:
    """A cache between would give it to the next visitor."""
    app = kept_app(tmp_path, public_routes, session_cookie=session_cookie)
    (tmp_path / "assets" / "b.css").write_text("")
    site = serve(app)
    page = honest(site.get("/", auth=ALICE), None)
    assert page.cookie()
    suite = re.findall(r'"(/_dash-component-suites/[^"?]*)', page.text)[0]
    plain = re.sub(r"[.]v[^/]*m\d+[.]", ".", suite)
    for target in ("/_favicon.ico", "/assets/a.txt", "/assets/b.css", suite, plain):
        reply = honest(site.get(target, auth=ALICE), None)
        # Flask before 3.1.3 takes our own look at the session for the app's, and says so.
        varies = reply.headers["Vary"] is not None and apps.DASH_VERSION >= (3,)
        if reply.cookie() or varies:
            raise AttackSucceeded(f"{target}: {reply.headers.items()}")


@pytest.mark.rule("S19")
@pytest.mark.skipif(IS_UPSTREAM, reason="upstream sets no Cache-Control")
@pytest.mark.parametrize("handled", [False, True], ids=["by the server", "by the developer"])
def test_an_error_while_a_private_page_is_made_is_kept_by_no_cache(
    serve: Any, handled: bool
) -> None:
    """Starlette answers it outside of all middleware."""
    app = plain_app()

    def fail() -> str:
        raise LookupError("on purpose")

    def tell(*_: Any) -> Any:
        if apps.backend != "fastapi":
            return PRIVATE, 500
        from starlette.responses import PlainTextResponse

        return PlainTextResponse(PRIVATE, 500)

    add_route(app, "/fails", fail)
    server: Any = app.server
    if handled:
        handler = server.exception_handler if apps.backend == "fastapi" else server.errorhandler
        handler(Exception)(tell)
    guard(app)
    site = serve(app)
    reply = site.get("/fails", auth=ALICE)
    assert (reply.status, PRIVATE in reply.text, kept(reply)) == (500, handled, "no-store")
    assert kept(held(site.get("/fails"))) == "no-store"


@pytest.mark.rule("S19")
@pytest.mark.skipif(IS_UPSTREAM, reason="upstream has no current_user")
def test_public_answers_say_whether_the_visitor_was_asked_for(serve: Any, tmp_path: Path) -> None:
    site = serve(kept_app(tmp_path, ["/silent", "/asking", "/reading"]))
    cookie = site.get("/own", auth=ALICE).cookie()
    for visitor in ({}, {"auth": ALICE}, {"auth": ("alice", "wrong")}, {"cookie": cookie}):
        for _ in range(2):
            silent = honest(site.get("/silent", **visitor))
            # The session may have been read, where it shows a user.
            assert kept(silent) == ("no-store, private" if "cookie" in visitor else None), visitor
            asked = honest(site.get("/asking", **visitor))
            assert kept(asked) == "no-store, private", visitor
    # What the session shows is the visitor too.
    assert kept(honest(site.get("/reading", cookie=cookie), "alice")) == "no-store, private"
    for visitor in ({}, {"cookie": cookie}):
        call = body("asking.children", [item("i", "value", 1)])
        assert kept(honest(site.call(call, **visitor))) == "no-store, private"
        call = body("silent.children", [item("i", "value", 1)])
        told = kept(honest(site.call(call, **visitor)))
        assert told == ("no-store, private" if "cookie" in visitor else None)


def test_what_a_view_says_of_caches_stays(serve: Any, backend: str) -> None:
    app = plain_app()

    def view() -> Any:
        headers = {"Cache-Control": "max-age=60"}
        if backend == "fastapi":
            from starlette.responses import PlainTextResponse

            return PlainTextResponse(PUBLIC, headers=headers)
        return PUBLIC, 200, headers

    if backend == "fastapi":
        app.server.add_api_route("/own", view)
    else:
        app.server.add_url_rule("/own", "own", view)
    guard(app)
    if backend != "fastapi":

        @app.server.after_request
        def later(response: Any) -> Any:
            response.headers.setdefault("Cache-Control", "max-age=5")
            return response

    site = serve(app)
    assert kept(honest(site.get("/own", auth=ALICE))) == "max-age=60"
    expected = "no-store" if backend == "fastapi" else "max-age=5"
    assert kept(honest(site.get("/", auth=ALICE), None)) == expected


# Pages for people


@pytest.mark.parametrize(
    "accept,is_page",
    [
        ("text/html", True),
        ("application/xml, Text/HTML;q=0.5", True),
        ("text/html;q=0", False),
        ("text/html;q=0.0, */*", False),
        ("*/*", False),
        ("application/json", False),
        ("text/htmlx", False),
        ("", False),
        (None, False),
        ("x/y," * 300 + "text/html", False),
    ],
)
def test_people_get_a_page(serve: Any, accept: str | None, is_page: bool) -> None:
    site = serve(simple_app(["/open"]))
    headers = {} if accept is None else {"Accept": accept}
    reply = held(site.get("/private", headers=headers))
    assert reply.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "Login Required" in reply.text
    if not is_page:
        assert reply.text == "Login Required"
        assert reply.headers["Content-Type"].startswith("text/plain")
        return
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.text.startswith("<!doctype html>") and "<script" not in reply.text
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_each_refusal_has_a_page(serve: Any) -> None:
    site = serve(simple_app([]))
    evil = {**HTML, "Origin": "http://evil.test"}
    forged = held(site.call(PRIVATE_BODY, auth=ALICE, headers=evil), status=403, ran=ran)
    large = held(site.call({"x": "p" * 2_000_000}, headers=HTML), status=413, ran=ran)
    for reply, text in ((forged, "Cross-site request refused"), (large, "Request too large")):
        assert f"<h1>{text}</h1>" in reply.text and ' href="/">' in reply.text
        assert "WWW-Authenticate" not in reply.headers


# S4: a body that is too large


@pytest.mark.rule("S4")
@pytest.mark.every_server
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_too_large_a_body_is_413(
    serve: Any, chunked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = plain_app()
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda _: PUBLIC)
    guard(app, public_routes=[], anonymous_body_limit=1000, secret_key="k" * 32)
    site = serve(app)
    honest(site.call(CALL, chunked=chunked))
    large = {**CALL, "pad": "p" * 50_000}
    reply = held(site.call(large, chunked=chunked), PUBLIC, status=413)
    assert "WWW-Authenticate" not in reply.headers
    assert "anonymous_body_limit=1000" in caplog.text
    held(site.call(large, chunked=chunked, auth=("alice", "wrong")), PUBLIC, status=401)
    cookie = site.get("/", auth=ALICE).cookie()
    assert cookie is not None
    held(site.call(large, chunked=chunked, cookie=cookie), PUBLIC, status=401)
    honest(site.call(large, chunked=chunked, auth=ALICE))


@pytest.mark.rule("S4")
def test_with_nothing_public_a_large_body_is_401(serve: Any) -> None:
    app = plain_app()
    app.callback(Output("priv", "children"), Input("priv-in", "value"))(private)
    guard(app, anonymous_body_limit=1000)
    site = serve(app)
    held(site.call({**PRIVATE_BODY, "pad": "p" * 50_000}), status=401, ran=ran)


@pytest.mark.rule("S4")
@pytest.mark.every_server
def test_the_connection_goes_on_after_413(serve: Any) -> None:
    site = serve(simple_app([]))
    large = json.dumps({**PUBLIC_BODY, "pad": "p" * 1_500_000}).encode()
    kind = {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)

    def call(sent: bytes) -> tuple[int, str]:
        while True:
            try:
                connection.request("POST", CALLBACK_URL, sent, kind)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except ConnectionError:
                # Hypercorn hangs up on a body that nobody read. A client connects anew.
                connection.close()

    try:
        for _ in range(2):
            assert call(large)[0] == 413
            status, text = call(json.dumps(PUBLIC_BODY).encode())
            assert (status, PUBLIC in text) == (200, True)
    finally:
        connection.close()


# What the log says


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged of refusals since the last look."""
    records = [r for r in caplog.records if r.name.startswith("dash_auth") and r.name != AUDIT]
    found = [r.getMessage() for r in records if r.levelno != logging.INFO]
    caplog.clear()
    return found


def test_each_refusal_has_one_line_with_its_reason(
    serve: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "dash_auth")
    site = serve(kept_app(tmp_path, ["/silent"]))
    honest(site.get("/silent"))
    refusals(caplog)
    wrong, bearer = {"auth": ("alice", "wrong")}, {"auth": "Bearer token-of-a-client"}
    cases: list[tuple[Any, tuple[str, ...]]] = [
        (lambda: site.get("/reports"), ("GET /reports", "public_routes=['/reports']", "no login")),
        (lambda: site.get("/reports", **wrong), ("GET /reports", "credentials are wrong")),
        (lambda: site.get("/reports", **bearer), ("the scheme is not Basic",)),
        (lambda: site.get("/own"), ("public_routes=['/own']",)),
        (lambda: site.get("/assets/a.txt"), ("extension 'txt'", "/assets/a.txt")),
        (lambda: site.get("/_dash-layout"), ("no rule leads to a page",)),
        (lambda: site.get("/%0AX" + "y" * 2000), (r"/\nXyyy",)),
        (lambda: site.call(CALL), ("'o.children'", "<lambda> at", "test_answers.py:")),
        (lambda: site.call({**CALL, "output": "no.such"}), ("'no.such'", "registered")),
        (lambda: site.call(b"{"), ("no callback request",)),
        (
            lambda: site.call(body("silent.children", [item("other", "value", 1)])),
            ("'silent.children'", "the inputs are not those declared"),
        ),
        (lambda: site.call(b"[" * 2_000_000), ("anonymous_body_limit=1048576",)),
        (
            lambda: site.call(CALL, auth=ALICE, headers={"Origin": "http://evil.test"}),
            ("trusted_origins=['http://evil.test']",),
        ),
    ]
    for ask, parts in cases:
        assert ask().status in (401, 403, 413)
        (line,) = refusals(caplog)
        assert line.startswith("Refused: ") and "\n" not in line and len(line) < 1500, line
        assert all(part in line for part in parts), (line, parts)
        assert "token-of-a-client" not in line and "wrong'" not in line
    honest(site.get("/own", auth=ALICE))
    honest(site.get("/silent", **wrong))
    assert refusals(caplog) == []


class Failing(dash_auth.BasicAuth):
    def is_authorized(self) -> bool:
        raise self.error  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "error", [LookupError("on purpose"), dash_auth.Unavailable("on purpose")], ids=repr
)
def test_an_error_while_deciding_is_all_that_the_log_says_of_the_refusal(
    serve: Any, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    app = plain_app()
    auth = Failing(app, dict([ALICE]))
    vars(auth)["error"] = error
    site = serve(app)
    caplog.set_level(logging.DEBUG, "dash_auth")
    reply = site.get("/", auth=ALICE)
    expected = 503 if isinstance(error, dash_auth.Unavailable) else 401
    assert (reply.status, PRIVATE in reply.text) == (expected, False)
    lines = [line for line in refusals(caplog) if line.startswith(("Refused", "Answered"))]
    assert len(lines) == 1
