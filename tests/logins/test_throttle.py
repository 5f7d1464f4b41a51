"""How often passwords may be guessed: what a developer may say, and what a form builds on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import dash_auth
import pytest
from clock import Clock
from dash_auth import Throttle, _core
from dash_auth._core import Credentials, Refusal, Throttled
from dash_auth._request import Request
from dash_auth._steps import stepwise, walk
from dash_auth.logins import Basic
from dash_auth.logins.passwords import Passwords
from dash_auth.logins.passwords_of import passwords_of
from dash_auth.users import Account
from guarded import ALICE, USERS, guarded_app, new_app


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"account_free": -1}, ValueError, "account_free must be a number of attempts from 0"),
        ({"account_free": 1.5}, TypeError, "account_free must be a number of attempts, not float"),
        ({"account_free": True}, TypeError, "not bool"),
        ({"address_free": 10**9}, ValueError, "from 0 to 1000000"),
        ({"known_free": "10"}, TypeError, "not str"),
        ({"account_first": 0}, ValueError, "account_first must be a number of seconds, above 0"),
        ({"account_longest": float("inf")}, ValueError, "account_longest"),
        ({"address_longest": 10**6}, ValueError, "address_longest must be 86400 seconds or less"),
        ({"account_first": 901}, ValueError, "account_first must be account_longest or less"),
        ({"stop_after": 4}, ValueError, "stop_after must be a number of attempts from 5"),
        ({"account_fre": 3}, TypeError, "account_fre"),
    ],
)
def test_what_is_no_throttle_is_an_error_at_start(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Throttle(**options)


def test_a_throttle_is_one_or_none() -> None:
    for throttle in (3, {"account_free": 3}, Throttle, False):
        for make in (
            lambda throttle=throttle: dash_auth.BasicAuth(new_app(), USERS, throttle=throttle),
            lambda throttle=throttle: Basic(USERS, throttle=throttle),
            lambda throttle=throttle: passwords_of(USERS, throttle=throttle),
        ):
            with pytest.raises(TypeError, match="throttle must be a dash_auth"):
                make()


def test_the_stricter_of_two_counts() -> None:
    one = Throttle(account_free=2, account_first=60, known_free=0, address_longest=30)
    both = one.stricter(Throttle(stop_after=100, address_free=20))
    assert both == Throttle(
        account_free=2, account_first=60, known_free=0, address_free=20, stop_after=100
    )
    assert Throttle().stricter(Throttle()) == Throttle()
    assert one.stricter(Throttle(stop_after=5)).stricter(Throttle(stop_after=7)).stop_after == 5


def test_what_an_app_says_counts(clock: Clock) -> None:
    client = guarded_app(throttle=Throttle(account_free=1, account_first=30)).server.test_client()
    codes = [client.get("/private", auth=("alice", f"{n}")).status_code for n in range(3)]
    assert codes == [401, 401, 429]
    reply = client.get("/private", auth=ALICE)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "30")
    clock.advance(31)
    assert client.get("/private", auth=ALICE).status_code == 200


# What a form builds on


class FromForm(SimpleNamespace):
    """A request that posts a form."""

    address = "203.0.113.1"

    def header(self, name: str) -> None:
        return None


def verified(
    passwords: Passwords, name: str, password: str, device: str | None = None, **facts: Any
) -> Any:
    request = cast(Request, FromForm(**facts))
    asked: list[str] = []

    def device_of(account: str) -> str | None:
        asked.append(account)
        return device

    made = passwords.verify(Credentials(name, password), request, device_of)
    found = walk(stepwise(made), request)  # type: ignore[arg-type]
    assert len(asked) <= 1
    return found


class Store:
    """Knows alice by her address too."""

    def find(self, name: str) -> Account | None:
        return Account("alice", ALICE[1]) if name in ("alice", "alice@example.com") else None

    def names(self) -> list[str]:
        return ["alice"]

    def version(self) -> object:
        return None


class Checks:
    """The same as a verifier."""

    def check(self, name: str, password: str) -> Account | None:
        return self.find(name) if password == ALICE[1] else None

    def find(self, name: str) -> Account | None:
        return Store().find(name)


KINDS: dict[str, Any] = {
    "table": dict(USERS),
    "store": Store(),
    "verifier": Checks(),
    "function": lambda *given: given == ALICE,
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_a_form_brings_a_name_and_a_password(kind: str) -> None:
    passwords = passwords_of(KINDS[kind])
    assert verified(passwords, *ALICE)[0] == "alice"
    assert verified(passwords, "alice", "wrong") == Refusal.WRONG
    for name in ("alice:x", "alice\n", "\ud800", "ali\x00ce", "", "alice\x85"):
        assert verified(passwords, name, ALICE[1]) == Refusal.WRONG, name


@every_kind
def test_who_guesses_at_a_form_waits_but_for_a_known_device(kind: str, clock: Clock) -> None:
    passwords = passwords_of(KINDS[kind])
    for number in range(5):
        assert verified(passwords, "alice", f"{number}") == Refusal.WRONG
    held = verified(passwords, *ALICE)
    assert isinstance(held, Throttled) and held.seconds == 1
    assert verified(passwords, *ALICE, device="a device")[0] == "alice"
    clock.advance(2)
    assert verified(passwords, *ALICE)[0] == "alice"


@pytest.mark.parametrize("kind", ["store", "verifier"])
def test_guesses_count_for_the_account_whatever_was_typed(kind: str) -> None:
    passwords = passwords_of(KINDS[kind])
    names = ["alice", "alice@example.com"] * 3
    found = [
        verified(passwords, name, f"{n}", address=f"203.0.113.{n}") for n, name in enumerate(names)
    ]
    assert found[:5] == [Refusal.WRONG] * 5
    assert isinstance(found[5], Throttled)


def test_names_that_no_verifier_knows_are_folded() -> None:
    passwords = passwords_of(lambda name, password: False)
    names = ["straße", "STRASSE", "ｓｔｒａｓｓｅ", " Strasse ", "strasse", "StraSSe"]
    found = [
        verified(passwords, name, f"{n}", address=f"203.0.113.{n}") for n, name in enumerate(names)
    ]
    assert found[:5] == [Refusal.WRONG] * 5
    assert isinstance(found[5], Throttled)


def test_an_attempt_that_never_began_is_not_verified() -> None:
    counters = _core.Counters(
        account_free=4,
        account_first=1,
        account_longest=900,
        address_free=50,
        address_longest=60,
        known_free=10,
    )
    users = _core.Users(dict(USERS), counters=counters)
    memory = _core.VerifiedCredentials(60, counters=counters)
    given = Credentials(*ALICE)
    for attempt in (users.attempt(given, USERS, "", 0.0), memory.attempt(given, "", "", 0.0)):
        assert isinstance(attempt, _core.Attempt)
        with pytest.raises(ValueError, match="is to begin first"):
            attempt.verify()


def test_throttled_says_how_long_and_no_more() -> None:
    assert "wonderland" not in repr(Credentials(*ALICE))
    with pytest.raises(TypeError):
        Throttled()
