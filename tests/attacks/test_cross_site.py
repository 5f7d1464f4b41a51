"""S18: no foreign page makes the browser of a logged-in user change something."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest
from dash import Dash, Input, Output

from .apps import IS_UPSTREAM, body, guard, item, plain_app
from .http import ALICE, PRIVATE, PUBLIC, held, honest, no_server_error
from .routes import add_route, session

FRIEND = "https://friend.example"
ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def change(_: Any = None) -> str:
    """Stand for what changes something."""
    ran.append("changed")
    return PRIVATE


def app_with(**options: Any) -> Dash:
    """Return a guarded app with something that changes state: a callback and a route."""
    app = plain_app()
    app.callback(Output("p", "children"), Input("i", "value"))(change)
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda _: PUBLIC)
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    add_route(app, "/admin", lambda: change(), methods=every)
    add_route(app, "/hook", lambda: PUBLIC, methods=every)
    guard(app, public_routes=["/hook"], secret_key="k" * 32, **options)
    return app


CALL = body("p.children", [item("i", "value", 1)])
OPEN_CALL = body("o.children", [item("i", "value", 1)])
CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.mark.rule("S18")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_cross_site_change_is_refused(serve: Any, method: str) -> None:
    site = serve(app_with())
    honest(site.request(method, "/admin", body=b"", auth=ALICE), PRIVATE)
    ran.clear()
    held(site.request(method, "/admin", body=b"", auth=ALICE, headers=CROSS), status=403, ran=ran)
    only = {"Sec-Fetch-Site": "cross-site"}
    held(site.request(method, "/admin", body=b"", auth=ALICE, headers=only), status=403, ran=ran)
    held(site.request(method, "/admin", body=b"", headers=CROSS), status=(401, 403), ran=ran)


@pytest.mark.rule("S18")
def test_a_cross_site_callback_is_refused(serve: Any) -> None:
    site = serve(app_with())
    honest(site.call(CALL, auth=ALICE), PRIVATE)
    ran.clear()
    held(site.call(CALL, auth=ALICE, headers=CROSS), status=403, ran=ran)
    simple = {**CROSS, "Content-Type": "text/plain"}
    held(site.call(CALL, auth=ALICE, headers=simple), status=403, ran=ran)


@pytest.mark.rule("S18")
@pytest.mark.parametrize("value", ["same-origin", "none", None])
def test_other_requests_pass(serve: Any, value: str | None) -> None:
    site = serve(app_with())
    headers = {} if value is None else {"Sec-Fetch-Site": value}
    honest(site.request("POST", "/admin", body=b"", auth=ALICE, headers=headers), PRIVATE)
    honest(site.call(CALL, auth=ALICE, headers=headers), PRIVATE)
    ran.clear()
    held(site.call(CALL, headers=headers), ran=ran)


def own(site: Any, scheme: str = "http") -> str:
    """Return the origin of a site's own pages."""
    return f"{scheme}://127.0.0.1:{site.port}"


@pytest.mark.rule("S18")
@pytest.mark.every_server
def test_over_plain_http_the_origin_tells(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Browsers send no `Sec-Fetch-Site` there."""
    site = serve(app_with(trusted_origins=[FRIEND]))
    for origin in (own(site), own(site, "HTTP"), FRIEND, f"{FRIEND}:443"):
        headers = {"Origin": origin}
        honest(site.request("POST", "/admin", body=b"", auth=ALICE, headers=headers), PRIVATE)
        honest(site.call(CALL, auth=ALICE, headers=headers), PRIVATE)
    ran.clear()
    foreign = [
        "http://evil.test", "null", "", own(site, "https"), f"http://localhost:{site.port}",
        "http://127.0.0.1", f"{own(site)}1", f"{own(site)}/", f"{own(site)}@evil.test", "//", "*",
        f"{own(site)}.evil.test", f"{own(site)},http://evil.test", "http://[::1", "http://" + "x" * 9000,
    ]  # fmt: skip
    for origin in foreign:
        headers = {"Origin": origin}
        held(site.call(CALL, auth=ALICE, headers=headers), status=403, ran=ran)
        held(
            site.request("DELETE", "/admin", body=b"", auth=ALICE, headers=headers),
            status=403,
            ran=ran,
        )
    assert "trusted_origins=['http://evil.test']" in caplog.text
    assert "trusted_origins=['null']" not in caplog.text and "x" * 300 not in caplog.text
    # A link from elsewhere opens the page, and reads nothing.
    honest(site.get("/", auth=ALICE, headers={"Origin": "http://evil.test"}), None)


@pytest.mark.rule("S18")
@pytest.mark.every_server
@pytest.mark.parametrize(
    "name,good", [("Origin", "{own}"), ("Origin", FRIEND), ("Sec-Fetch-Site", "same-origin")]
)
def test_of_several_headers_none_is_believed(serve: Any, name: str, good: str) -> None:
    site = serve(app_with(trusted_origins=[FRIEND]))
    good = good.format(own=own(site))
    honest(site.call(CALL, auth=ALICE, headers={name: good}), PRIVATE)
    ran.clear()
    bad = "cross-site" if name == "Sec-Fetch-Site" else "http://evil.test"
    for values in ((good, bad), (bad, good), (good, good), (good, "", bad)):
        headers = [(name, value) for value in values]
        held(site.call(CALL, auth=ALICE, headers=headers), status=403, ran=ran)
        change = site.request("POST", "/admin", body=b"", auth=ALICE, headers=headers)
        held(change, status=403, ran=ran)


@pytest.mark.rule("S18")
@pytest.mark.parametrize(
    "host,origin,status",
    [
        ("dash.example", "http://dash.example", 200),
        ("DASH.example:80", "http://dash.example", 200),
        ("[::1]:8050", "http://[::1]:8050", 200),
        ("[::1]:8050", "http://[0:0:0:0:0:0:0:1]:8050", 200),
        ("127.0.0.1:9999", "http://dash.example", 403),
        ("dash.example:443", "https://dash.example", 403),
        ("evil.test@dash.example", "http://evil.test", 403),
    ],
)
def test_the_host_header_names_the_own_origin(
    serve: Any, host: str, origin: str, status: int
) -> None:
    site = serve(app_with())
    headers = {"Host": host, "Origin": origin}
    reply = site.request("POST", "/admin", body=b"", auth=ALICE, headers=headers)
    # A server may refuse the Host header itself.
    if status == 200:
        honest(reply, PRIVATE)
    else:
        held(reply, status=(400, status), ran=ran)


@pytest.mark.rule("S18")
@pytest.mark.parametrize("trusts_the_proxy", [False, True])
def test_behind_a_proxy_the_servers_own_support_for_it_counts(
    serve: Any, backend: str, trusts_the_proxy: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_with()
    if trusts_the_proxy:
        app = behind_proxy(app, backend)
    site = serve(app)
    headers = {
        # What stands before FastAPI knows no X-Forwarded-Host.
        "Host": "dash.example" if backend == "fastapi" and trusts_the_proxy else "10.0.0.7:8050",
        "X-Forwarded-Host": "dash.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "1.2.3.4",
        "Origin": "https://dash.example",
    }
    reply = site.call(CALL, auth=ALICE, headers=headers)
    if trusts_the_proxy:
        honest(reply, PRIVATE)
        return
    held(reply, status=403, ran=ran)
    advice = {"flask": "ProxyFix", "quart": "ProxyFixMiddleware", "fastapi": "--proxy-headers"}
    assert advice[backend] in caplog.text


def behind_proxy(app: Dash, backend: str) -> Any:
    """Have a server believe the proxy before it, in its own way."""
    if backend == "flask":
        from werkzeug.middleware.proxy_fix import ProxyFix

        app.server.wsgi_app = ProxyFix(app.server.wsgi_app, x_host=1)
        return app
    if backend == "quart":
        from hypercorn.middleware import ProxyFixMiddleware

        app.server.asgi_app = ProxyFixMiddleware(app.server.asgi_app, mode="legacy")
        return app
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    app.server.add_middleware(ProxyHeadersMiddleware, trusted_hosts="*")
    return app


@pytest.mark.rule("S18")
def test_a_sibling_host_is_another(serve: Any) -> None:
    site = serve(app_with(trusted_origins=[FRIEND]))
    sibling = {"Sec-Fetch-Site": "same-site", "Origin": "http://sibling.example"}
    held(site.call(CALL, auth=ALICE, headers=sibling), status=403, ran=ran)
    held(site.call(CALL, auth=ALICE, headers={"Sec-Fetch-Site": "same-site"}), status=403, ran=ran)
    honest(site.call(CALL, auth=ALICE, headers={**sibling, "Origin": FRIEND}), PRIVATE)
    ran.clear()
    for site_of, status in (("same-origin", 200), ("none", 403)):
        headers = {"Sec-Fetch-Site": site_of, "Origin": "null"}
        assert site.call(CALL, auth=ALICE, headers=headers).status == status


@pytest.mark.rule("S18")
def test_a_link_from_elsewhere_opens_the_page(serve: Any, backend: str) -> None:
    site = serve(app_with())
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    honest(site.get("/", auth=ALICE, headers=headers), None)
    # FastAPI answers HEAD for no route of Dash's.
    head = site.request("HEAD", "/", auth=ALICE, headers=headers)
    honest(head, None, 405 if backend == "fastapi" else 200)
    held(site.get("/", headers=headers))
    held(site.request("HEAD", "/", headers=headers))


@pytest.mark.rule("S18")
def test_what_needs_no_credentials_is_open_to_other_sites(serve: Any) -> None:
    site = serve(app_with())
    honest(site.call(OPEN_CALL, headers=CROSS))
    honest(site.request("POST", "/hook", body=b"{}", headers=CROSS))
    held(site.call(CALL, headers=CROSS), status=(401, 403), ran=ran)


@pytest.mark.rule("S18")
@pytest.mark.parametrize("trusted", [(FRIEND,), [FRIEND, "https://other.example:8443"]], ids=str)
def test_origins_that_the_app_allows(serve: Any, trusted: Any) -> None:
    site = serve(app_with(trusted_origins=trusted))
    allowed = {"Sec-Fetch-Site": "cross-site", "Origin": FRIEND}
    honest(site.call(CALL, auth=ALICE, headers=allowed), PRIVATE)
    ran.clear()
    for origin in (
        "https://evil.example", "null", "", "https://friend.example.evil.example",
        "https://evil-friend.example", "http://friend.example", "https://friend.example:444",
        "https://friend.example@evil.example", f"{FRIEND}/", f"{FRIEND}, https://evil.example",
        f"https://evil.example {FRIEND}", "https://friend", "friend.example", "*",
        "https://sub.friend.example", "https://FRIEND.example.evil",
    ):  # fmt: skip
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": origin}
        held(site.call(CALL, auth=ALICE, headers=headers), status=403, ran=ran)
    without = {"Sec-Fetch-Site": "cross-site", "Referer": f"{FRIEND}/"}
    held(site.call(CALL, auth=ALICE, headers=without), status=403, ran=ran)
    twice = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "https://evil.example"),
        ("Origin", FRIEND),
    ]
    held(site.call(CALL, auth=ALICE, headers=twice), status=403, ran=ran)


@pytest.mark.rule("S18")
@pytest.mark.parametrize(
    "override",
    [
        {"X-HTTP-Method-Override": "GET"}, {"X-Requested-With": "XMLHttpRequest"},
        {"Referer": "http://127.0.0.1/"}, {"X-Forwarded-Host": "evil.example"},
        {"Host": "evil.example"}, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
    ids=str,
)  # fmt: skip
def test_other_headers_do_not_help(serve: Any, override: dict[str, str]) -> None:
    site = serve(app_with())
    honest(site.call(CALL, auth=ALICE), PRIVATE)
    ran.clear()
    headers = {**CROSS, **override}
    held(site.call(CALL, auth=ALICE, headers=headers), status=403, ran=ran)


@pytest.mark.rule("S18")
@pytest.mark.skipif(IS_UPSTREAM, reason="upstream has no current_user")
def test_a_public_callback_does_not_act_as_the_user(serve: Any) -> None:
    app = app_with()

    @dash_auth.public_callback(Output("w", "children"), Input("i", "value"))
    def who(_: Any) -> str:
        user = dash_auth.current_user()
        session().get("user")
        return f"{PUBLIC} {user.name if user else 'nobody'}"

    site = serve(app)
    sent = body("w.children", [item("i", "value", 1)])
    honest(site.call(sent, auth=ALICE), "alice")
    cookie = site.get("/", auth=ALICE).cookie()
    honest(site.call(sent, cookie=cookie), "alice")
    honest(site.call(sent, headers=CROSS), "nobody")
    plain = {"Origin": "http://evil.test"}
    for credentials in ({"auth": ALICE}, {"cookie": cookie}):
        honest(site.call(sent, headers=plain, **credentials), "nobody")
        held_from_acting = no_server_error(site.call(sent, headers=CROSS, **credentials))
        held(held_from_acting, "alice", status=(200, 403))


@pytest.mark.rule("S18")
@pytest.mark.rule("S27")
@pytest.mark.every_server
@pytest.mark.skipif(IS_UPSTREAM, reason="upstream has no current_user")
def test_a_forged_request_shows_nobody(serve: Any) -> None:
    """The session names the user as little as `current_user()` does."""
    app = app_with()
    add_route(
        app, "/who", lambda: f"{PUBLIC} {(session().get('user') or {})}", methods=["GET", "POST"]
    )
    dash_auth.add_public_routes(app, ["/who"])
    site = serve(app)
    cookie: dict[str, Any] = {"cookie": site.get("/", auth=ALICE).cookie()}
    for held_by_browser in (cookie, {**cookie, "auth": ALICE}):
        honest(site.request("POST", "/who", body=b"", **held_by_browser), "alice")
        for foreign in (CROSS, {"Origin": "http://evil.test"}):
            forged = site.request("POST", "/who", body=b"", headers=foreign, **held_by_browser)
            assert "alice" not in honest(forged).text
