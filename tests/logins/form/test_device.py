"""The cookie of a browser's device: for which accounts it is known, and for how long."""

from __future__ import annotations

from typing import Any, cast

import pytest
from clock import Clock
from dash_auth._request import CookieAttributes, Request, Server
from dash_auth.logins.form.device import ACCOUNTS, LIFETIME, Devices

KEY, OLD_KEY = b"a key of some length", b"an old key of some length"


class FakeServer:
    """Has keys, and says nothing of cookies."""

    def __init__(self, *keys: bytes, is_secure: bool = False) -> None:
        self.keys = keys
        self.is_secure = is_secure

    def secret_keys(self) -> tuple[bytes, ...]:
        return self.keys

    def cookie_attributes(self) -> CookieAttributes:
        return CookieAttributes(is_secure=self.is_secure)


class Browser:
    """Keeps cookies, and is a request of its own."""

    def __init__(self, scheme: str = "http") -> None:
        self.own_origin = f"{scheme}://localhost"
        self.set_cookies: dict[str, str] = {}

    @property
    def has_cookies(self) -> bool:
        return bool(self.set_cookies)

    def cookie(self, name: str) -> str | None:
        header = self.set_cookies.get(name)
        return None if header is None else header.partition("=")[2].partition(";")[0]

    def sends(self, value: str) -> None:
        """Send another value, whatever the cookie is called."""
        for name in self.set_cookies:
            self.set_cookies[name] = f"{name}={value}; Path=/"


def devices(*keys: bytes, guard: str = "guard", **options: Any) -> Devices:
    return Devices(cast(Server, FakeServer(*(keys or (KEY,)), **options)), guard)


def as_request(browser: Browser) -> Request:
    return cast(Request, browser)


def remembered(*accounts: str, browser: Browser | None = None, **options: Any) -> Browser:
    """Return a browser with which some logged in."""
    browser = Browser() if browser is None else browser
    for account in accounts:
        devices(**options).remember(as_request(browser), account)
    return browser


def test_a_device_is_known_for_the_accounts_that_logged_in_with_it() -> None:
    browser, other = remembered("alice", "bob"), remembered("alice")
    known = {name: devices().id_of(as_request(browser), name) for name in ("alice", "bob")}
    assert None not in known.values() and len(set(known.values())) == 2
    for name in ("carol", "", "alice "):
        assert devices().id_of(as_request(browser), name) is None
    assert devices().id_of(as_request(other), "alice") not in known.values()
    # A further login leaves the id as it is.
    remembered("alice", browser=browser)
    assert devices().id_of(as_request(browser), "alice") == known["alice"]


def test_it_counts_for_one_guard_under_the_servers_keys() -> None:
    browser = remembered("alice")
    request = as_request(browser)
    assert devices(OLD_KEY).id_of(request, "alice") is None
    assert devices(OLD_KEY, KEY).id_of(request, "alice") is not None
    value = next(iter(browser.set_cookies.values())).partition("=")[2].partition(";")[0]
    another = devices(guard="another")
    browser.set_cookies = {another.name: f"{another.name}={value}"}
    assert another.id_of(request, "alice") is None


def test_with_no_key_nothing_is_remembered() -> None:
    browser, server = Browser(), cast(Server, FakeServer())
    Devices(server, "guard").remember(as_request(browser), "alice")
    assert browser.set_cookies == {}
    assert Devices(server, "guard").id_of(as_request(remembered("alice")), "alice") is None


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("is_secure", [False, True])
def test_what_the_cookie_says(scheme: str, is_secure: bool) -> None:
    browser = Browser(scheme)
    one = devices(is_secure=is_secure)
    one.remember(as_request(browser), "alice")
    ((name, header),) = browser.set_cookies.items()
    secure = is_secure or scheme == "https"
    assert name == (f"__Host-{one.name}" if secure else one.name)
    _, *attributes = header.split("; ")
    expected = ["Path=/", "Max-Age=31536000", "HttpOnly", "SameSite=Lax"]
    assert attributes == [*expected, *(["Secure"] if secure else [])]
    # Whoever reads it learns no account's name.
    assert "alice" not in header


def test_a_device_is_forgotten_after_a_year(clock: Clock) -> None:
    browser = remembered("alice")
    clock.advance(LIFETIME - 60)
    assert devices().id_of(as_request(browser), "alice") is not None
    clock.advance(121)
    assert devices().id_of(as_request(browser), "alice") is None


def test_the_accounts_that_logged_in_last_are_kept() -> None:
    names = [f"user{number}" for number in range(ACCOUNTS + 3)]
    browser = remembered(*names)
    known = [name for name in names if devices().id_of(as_request(browser), name) is not None]
    assert known == names[-ACCOUNTS:]
    assert all(len(header) < 700 for header in browser.set_cookies.values())


def test_what_was_made_up_is_for_nobody() -> None:
    browser = remembered("alice")
    value = browser.cookie(devices().name)
    assert value is not None
    id, since, seal = value.split(".")
    for made in (
        "",
        "~",
        f"{id}.{since}",
        f"{id}.{int(since) + 1}.{seal}",
        f"{id[:-1]}{'x' if id[-1] != 'x' else 'y'}.{since}.{seal}",
        f"{id}.{since}.{'0' * 64}",
        f"{id}.\u0661.{seal}",
        f"{id}.{'9' * 12}.{seal}",
        f"{id}.{since}.{seal}\n",
        "~".join([value] * 50),
    ):
        browser.sends(made)
        assert devices().id_of(as_request(browser), "alice") is None, made
        remembered("bob", browser=browser)
        assert devices().id_of(as_request(browser), "bob") is not None, made
