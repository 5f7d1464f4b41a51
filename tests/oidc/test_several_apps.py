"""Several apps on one server or one host: each login is of one app alone."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from dash_auth import BasicAuth, OIDCAuth, get_oauth
from dash_auth._secret_keys import mark
from tickets import content_of_ticket

from .apps import ALICE, KEY, make_app, register
from .mock_provider import Provider
from .servers import add_page, keep_sessions, new_server, session_of, signed
from .visitor import OWN_LINK, Serve, Visit, Visitor

pytestmark = pytest.mark.usefixtures("each_server")


@pytest.fixture
def several_apps(each_server: str) -> None:
    if each_server == "quart":
        pytest.skip("Dash puts no two apps on one Quart server")


def test_two_apps_on_a_server_log_in_apart(
    several_apps: None, visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    server = new_server()
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
    assert visitor.get("/two/oidc/logout", **OWN_LINK).status_code == 200
    # Each ends its own login.
    assert visitor.call_back("/one/").status_code == 200
    assert visitor.call_back("/two/").status_code == 401
    assert get_oauth(one) is auth_one.oauth
    assert get_oauth(two) is auth_two.oauth


@pytest.mark.parametrize("where", ["cookie", "server"])
def test_what_an_app_took_from_its_user_stays_taken_whatever_another_app_does(
    several_apps: None,
    each_server: str,
    where: str,
    visit: Visit,
    provider: Provider,
    old_provider: Provider,
) -> None:
    if (each_server, where) == ("fastapi", "server"):
        pytest.skip("sessions on FastAPI are Starlette's cookies")
    server = new_server()
    one, two = make_app("/one/", server), make_app("/two/", server)
    auth_one, auth_two = OIDCAuth(one, secret_key=KEY), OIDCAuth(two)
    register(auth_one, provider)
    register(auth_two, old_provider)
    if where == "server":
        keep_sessions(server)

    def dismiss(session: Any) -> str:
        session["user"] = {**session["user"], "groups": []}
        return "dismissed"

    for path in ("/one/dismiss", "/two/dismiss"):
        add_page(server, path, dismiss)
    visitor = visit(server)
    visitor.log_in(provider, path="/one/")
    assert visitor.whoami("/one/whoami")["groups"] == ALICE["groups"]
    visitor.get("/one/dismiss")
    visitor.log_in(old_provider, path="/two/")
    assert visitor.whoami("/two/whoami")["groups"] == ALICE["groups"]
    assert visitor.whoami("/one/whoami")["groups"] == []
    visitor.get("/two/dismiss")
    for path in ("/one/whoami", "/two/whoami"):
        assert visitor.whoami(path)["groups"] == []
    visitor.get("/two/oidc/logout", **OWN_LINK)
    assert visitor.whoami("/one/whoami")["groups"] == []
    assert visitor.call_back("/two/").status_code == 401


def test_where_the_cookie_is_too_short_for_two_logins_the_older_one_is_over(
    several_apps: None,
    each_server: str,
    visit: Visit,
    provider: Provider,
    old_provider: Provider,
) -> None:
    if each_server == "fastapi":
        pytest.skip("Starlette's cookie is not compressed, and holds no more than a ticket")
    server = new_server()
    one, two = make_app("/one/", server), make_app("/two/", server)
    auth_one, auth_two = OIDCAuth(one, secret_key=KEY), OIDCAuth(two)
    register(auth_one, provider)
    register(auth_two, old_provider)

    def grow(session: Any) -> str:
        session["user"] = {**session["user"], "groups": [], "noise": secrets.token_hex(1000)}
        return "grown"

    add_page(server, "/one/grow", grow)
    visitor = visit(server)
    visitor.log_in(provider, path="/one/")
    visitor.get("/one/grow")
    assert visitor.whoami("/one/whoami")["groups"] == []
    old_provider.has("dave", email="dave@example.com", noise=secrets.token_hex(1400))
    visitor.log_in(old_provider, "dave", "/two/")
    assert visitor.whoami("/two/whoami")["user"] == "dave"
    # Not as it was before its groups were taken away.
    assert visitor.call_back("/one/").status_code == 401


def test_an_app_at_the_root_does_not_lock_out_the_login_of_another(
    several_apps: None, visit: Visit, provider: Provider
) -> None:
    server = new_server()
    BasicAuth(make_app("/", server), {"bob": "builder"})
    register(OIDCAuth(make_app("/two/", server), secret_key=KEY), provider)
    visitor = visit(server)
    assert visitor.log_in(provider, path="/two/").status_code == 302
    assert visitor.call_back("/two/").status_code == 200
    assert visitor.call_back("/").status_code == 401


def test_a_route_that_is_taken_twice_is_an_error() -> None:
    server = new_server()
    add_page(server, "/oidc/logout", str)
    add_page(server, "/app/oidc/logout", str)
    with pytest.raises(ValueError, match="give another logout_route"):
        OIDCAuth(make_app("/app/", server), secret_key=KEY)


def test_a_cookie_of_another_app_opens_no_door(
    serve: Serve, visit: Visit, provider: Provider
) -> None:
    app = make_app()
    auth = OIDCAuth(app, secret_key=KEY)
    register(auth, provider)
    basic = make_app()
    users = {"alice@example.com": "p"}
    password_auth = BasicAuth(basic, users, public_routes=["/open"], secret_key=KEY)
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
    assert "alice@example.com" in str(session_of(app.server, upstream))
    door.client.cookies.set("session", upstream, domain="127.0.0.1", path="/")
    assert door.call_back().status_code == 401
    for ticket in (by_password.ticket, elsewhere.ticket):
        assert content_of_ticket(ticket)["name"] in ("alice", "alice@example.com")
        plant(door, auth, ticket)
        assert door.call_back().status_code == 401
    door.client.cookies.clear()
    door.log_in(provider)
    assert door.call_back().status_code == 200
    by_password.client.auth = None
    plant(by_password, password_auth, door.ticket)
    assert by_password.call_back().status_code == 401


def plant(visitor: Visitor, auth: Any, ticket: str) -> None:
    """Have a visitor come with a ticket under the name of another app's."""
    name = f"dash_auth_{mark(auth._dash_auth_guard.name)}"
    visitor.client.cookies.set(name, ticket, domain="127.0.0.1", path="/")


def counts_for_the_first_alone(
    visit: Visit, provider: Provider, *addresses: str, cut: str = "/"
) -> None:
    """Demand that a login to one of two servers counts there, and for the other not."""
    first, second = addresses
    visitor = visit(first)
    # As the proxy that cuts the prefix off.
    visitor.get(provider.consent(visitor.begin(), "alice").replace(cut, "/"))
    assert visitor.call_back().status_code == 200
    # Cookies ignore ports.
    visitor.address = second
    assert visitor.call_back().status_code == 401


def test_apps_of_one_factory_below_paths_of_a_proxy_log_in_apart(
    serve: Serve, visit: Visit, provider: Provider
) -> None:
    addresses = []
    for prefix in ("/one/", "/two/"):
        below = {"requests_pathname_prefix": prefix, "routes_pathname_prefix": "/"}
        app = make_app(options=below)
        register(OIDCAuth(app, secret_key=KEY), provider)
        addresses.append(serve(app))
    counts_for_the_first_alone(visit, provider, *addresses, cut="/one/")


def test_a_login_through_one_provider_is_none_through_another_of_its_name(
    serve: Serve, visit: Visit, provider: Provider, old_provider: Provider
) -> None:
    addresses = []
    for own in (provider, old_provider):
        app = make_app()
        register(OIDCAuth(app, secret_key=KEY), own)
        addresses.append(serve(app))
    counts_for_the_first_alone(visit, provider, *addresses)
