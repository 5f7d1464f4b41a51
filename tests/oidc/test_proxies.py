"""What decides the redirect URI: the request's own host, and the proxy that is trusted."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from dash_auth import OIDCAuth

from .apps import KEY, Direct, make_app, register
from .mock_provider import Provider, parameters
from .servers import add_page, mounted, trust_a_proxy
from .visitor import OWN_LINK, Visit

pytestmark = pytest.mark.usefixtures("each_server")

ADVICE = {"flask": "ProxyFix", "quart": "ProxyFixMiddleware", "fastapi": "--proxy-headers"}
FORGED = {
    "X-Forwarded-Host": "app.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/here",
    "Forwarded": "host=app.example",
}


def test_a_forged_host_steers_nothing(
    direct: Callable[..., Direct],
    caplog: pytest.LogCaptureFixture,
    each_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # uvicorn believes whoever is on its own host, unless it is told not to.
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")
    here = direct()
    for _ in range(2):
        answer = here.client.get("/", headers=FORGED)
        assert answer.headers["Location"] == f"{here.client.address}/oidc/idp/callback"
    assert caplog.text.count(ADVICE[each_server]) == 1


def test_a_trusted_proxy_names_the_host(direct: Callable[..., Direct], each_server: str) -> None:
    here = direct()
    trust_a_proxy(here.app.server)
    host = here.client.address.removeprefix("http://")
    names = {"flask": "app.example/here", "quart": "app.example", "fastapi": host}
    answer = here.client.get("/", headers=FORGED)
    assert answer.headers["Location"] == f"https://{names[each_server]}/oidc/idp/callback"


def test_a_server_may_be_mounted(visit: Visit, provider: Provider) -> None:
    prefixes = {"routes_pathname_prefix": "/", "requests_pathname_prefix": "/below/"}
    app = make_app(options=prefixes)
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(mounted(app.server, "/below"))
    begun = visitor.begin("/below/whoami?a=1")
    assert parameters(begun)["redirect_uri"] == f"{visitor.address}/below/oidc/idp/callback"
    back = visitor.get(provider.consent(begun, "alice"))
    assert back.headers["Location"] == "/below/whoami?a=1"
    assert visitor.whoami("/below/whoami")["user"] == "alice@example.com"
    asked = visitor.get("/below/oidc/logout", **{"Sec-Fetch-Site": "cross-site"})
    assert 'action="/below/oidc/logout"' in asked.text
    style = re.search(r'href="(/below/oidc/logout/files/login.css[^"]*)"', asked.text)
    assert style is not None
    assert visitor.get(style[1]).headers["Content-Type"].startswith("text/css")
    assert (
        'href="/below/"' in visitor.get("/below/oidc/logout", Accept="text/html", **OWN_LINK).text
    )
    assert visitor.get("/below/whoami").status_code == 302


@pytest.mark.parametrize(
    ("outside", "inside", "callback_route", "callback", "target"),
    [
        ("/", "/", "/back/<idp>", "/back/idp", "/beside"),
        # A proxy cuts `/app` off.
        ("/app/", "/", "/back/<idp>", "/app/back/idp", "/app/beside"),
        ("/app/board/", "/board/", "/back/<idp>", "/app/back/idp", "/app/beside"),
        ("/app/board/", "/board/", "/board/back/<idp>", "/app/board/back/idp", "/app/beside"),
        # It puts one path in the place of another.
        ("/outside/", "/inside/", "/back/<idp>", "/back/idp", "/beside"),
        ("/outside/", "/inside/", "/inside/back/<idp>", "/outside/back/idp", "/beside"),
    ],
)
def test_the_prefix_that_a_proxy_cuts_off_is_put_back(
    direct: Callable[..., Direct],
    outside: str,
    inside: str,
    callback_route: str,
    callback: str,
    target: str,
) -> None:
    prefixes = {"requests_pathname_prefix": outside, "routes_pathname_prefix": inside}
    here = direct(app=make_app(options=prefixes), callback_route=callback_route)
    add_page(here.app.server, "/beside", str)
    begun = here.client.get("/beside")
    assert begun.headers["Location"] == f"{here.client.address}{callback}"
    back = here.client.get(f"{callback_route.replace('<idp>', 'idp')}?state=the-state")
    assert back.headers["Location"] == target


def test_a_prefix_that_the_server_knows_of_is_not_put_back_twice(
    direct: Callable[..., Direct], each_server: str
) -> None:
    if each_server != "flask":
        pytest.skip("ProxyFix alone believes a proxy about its prefix")
    prefixes = {"requests_pathname_prefix": "/here/", "routes_pathname_prefix": "/"}
    here = direct(app=make_app(options=prefixes))
    trust_a_proxy(here.app.server)
    begun = here.client.get("/reports", headers=FORGED).headers["Location"]
    assert begun.endswith("/here/oidc/idp/callback") and begun.count("/here") == 1
    back = here.client.get("/oidc/idp/callback?state=the-state", headers=FORGED)
    assert back.headers["Location"] == "/here/reports"


def test_a_mounted_server_behind_a_proxy(visit: Visit, provider: Provider) -> None:
    prefixes = {"routes_pathname_prefix": "/", "requests_pathname_prefix": "/cut/below/"}
    app = make_app(options=prefixes)
    register(OIDCAuth(app, secret_key=KEY), provider)
    visitor = visit(mounted(app.server, "/below"))
    begun = visitor.begin("/below/whoami")
    redirect_uri = f"{visitor.address}/cut/below/oidc/idp/callback"
    assert parameters(begun)["redirect_uri"] == redirect_uri
    back = visitor.get(provider.consent(begun, "alice").replace("/cut/", "/"))
    assert back.headers["Location"] == "/cut/below/whoami"


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
    client = direct(force_https_callback=option).client
    host = client.address.removeprefix("http://")
    assert client.get("/").headers["Location"] == f"{scheme}://{host}/oidc/idp/callback"
