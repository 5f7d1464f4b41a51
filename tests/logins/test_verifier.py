"""A verifier of the developer's own, which checks passwords that are kept elsewhere."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import dash_auth
import pytest
from attacks.http import ALICE, BOB, PRIVATE, held, honest
from dash_auth.logins import Verifier
from dash_auth.users import Account
from everywhere import NOBODY, PRIVATE_BODY, app_behind, known, on_event_loops
from guarded import new_app
from sockets.apps import shown
from sockets.servers import LOGIN_REQUIRED
from waiting import GIVE_UP

SHOUTED = ("ALICE", ALICE[1])


class Directory:
    """Checks passwords as a directory does, which knows names in any case."""

    check_error: BaseException | None = None
    find_error: BaseException | None = None

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {
            "alice": Account("alice", groups=["board"]),
            "bob": Account("bob"),
        }
        self.passwords = dict([ALICE, BOB])
        self.asked: list[tuple[str, str]] = []

    def check(self, name: str, password: str) -> Any:
        self.asked.append((name, password))
        if self.check_error is not None:
            raise self.check_error
        if self.passwords.get(name.lower()) != password:
            return None
        return self.kept.get(name.lower())

    def find(self, name: str) -> Account | None:
        if self.find_error is not None:
            raise self.find_error
        found: Account | None = self.kept.get(name.lower())
        return found


class LaterDirectory(Directory):
    """Checks in an event loop."""

    async def check(self, name: str, password: str) -> Any:
        return super().check(name, password)


@pytest.mark.parametrize("seconds", [0, 60])
@pytest.mark.parametrize("kind", [Directory, LaterDirectory])
def test_users_of_a_directory_log_in(everywhere: Any, kind: Any, seconds: float) -> None:
    directory: Verifier = kind()
    site = everywhere(app_behind(directory, auth_func_cache_seconds=seconds))
    for _ in range(2):
        for user in (ALICE, SHOUTED):
            found = honest(site.get("/private", auth=user), marker=None).json()
            assert found == known("alice", ["board"])
            honest(site.call(PRIVATE_BODY, auth=user), f"{PRIVATE} alice ['board']")
            assert site.get("/public", auth=user).json()["user"] == "alice"
        assert site.get("/private", auth=BOB).json() == known("bob", [])
    for wrong in (("alice", BOB[1]), ("eve", ALICE[1]), ("", ""), None):
        held(site.get("/private", auth=wrong))
        held(site.call(PRIVATE_BODY, auth=wrong))
        assert site.get("/public", auth=wrong).json() == NOBODY


def test_what_it_accepted_is_not_asked_about_again_for_a_while(everywhere: Any) -> None:
    directory = Directory()
    site = everywhere(app_behind(directory, auth_func_cache_seconds=3600))
    wrong = ("alice", "wrong")
    for user in (ALICE, ALICE, wrong, wrong, SHOUTED, SHOUTED):
        site.get("/private", auth=user)
    assert directory.asked == [ALICE, wrong, wrong, SHOUTED]


@pytest.mark.parametrize("end", ["removed", "disabled", "no account", "a name that is no text"])
@pytest.mark.parametrize("seconds", [0, 3600])
def test_an_account_that_is_gone_is_out_at_once(everywhere: Any, seconds: float, end: str) -> None:
    directory = Directory()
    site = everywhere(app_behind(directory, auth_func_cache_seconds=seconds))
    honest(site.get("/private", auth=ALICE), marker=None)
    made = {
        "removed": None,
        "disabled": replace(directory.kept["alice"], disabled=True),
        "no account": {"name": "alice"},
        "a name that is no text": Account(5),  # type: ignore[arg-type]
    }
    directory.kept["alice"] = made[end]
    for _ in range(2):
        held(site.get("/private", auth=ALICE))
        held(site.call(PRIVATE_BODY, auth=ALICE))
        assert site.get("/public", auth=ALICE).json() == NOBODY
    honest(site.get("/private", auth=BOB), marker=None)


ERRORS = [
    (KeyError("alice"), 401),
    (StopIteration(), 401),
    (SystemExit(), 401),
    (ConnectionRefusedError("no directory"), 503),
    (dash_auth.Unavailable("no directory"), 503),
]


@pytest.mark.parametrize("seconds", [0, 3600])
@pytest.mark.parametrize(("error", "status"), ERRORS, ids=repr)
@pytest.mark.parametrize("kind", [Directory, LaterDirectory])
def test_a_directory_that_fails_lets_nobody_in(
    everywhere: Any,
    caplog: pytest.LogCaptureFixture,
    kind: Any,
    error: BaseException,
    status: int,
    seconds: float,
) -> None:
    directory = kind()
    site = everywhere(app_behind(directory, auth_func_cache_seconds=seconds))
    directory.check_error = error
    for user in (ALICE, ("alice", "wrong")):
        for reply in (site.get("/private", auth=user), site.call(PRIVATE_BODY, auth=user)):
            assert reply.status == status
            assert PRIVATE not in reply.text
        assert site.get("/public", auth=user).json() == NOBODY
    if status == 401:
        assert "ERROR" in {record.levelname for record in caplog.records}
    assert ALICE[1] not in caplog.text
    directory.check_error = None
    honest(site.get("/private", auth=ALICE), marker=None)
    if not isinstance(error, Exception):
        return
    directory.find_error = error
    for reply in (site.get("/private", auth=ALICE), site.call(PRIVATE_BODY, auth=ALICE)):
        assert reply.status == status
        assert PRIVATE not in reply.text
    assert site.get("/public", auth=ALICE).json() == NOBODY


MADE: dict[str, Any] = {
    "true": True,
    "text": "alice",
    "pair": ("alice", ["board"]),
    "dict": {"name": "alice"},
    "class": Account,
    "user": dash_auth.User("alice"),
    "name that is no text": Account(None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", MADE)
def test_what_is_no_account_lets_nobody_in(
    everywhere: Any, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    directory = Directory()
    directory.check = lambda name, password: MADE[case]  # type: ignore[method-assign]
    site = everywhere(app_behind(directory, auth_func_cache_seconds=60))
    for _ in range(2):
        held(site.get("/private", auth=ALICE))
    assert "Directory.check must return an Account, its name a str, or None, not " in caplog.text


def test_a_coroutine_that_nobody_awaits_lets_nobody_in(
    everywhere: Any, caplog: pytest.LogCaptureFixture
) -> None:
    later = LaterDirectory()
    directory = Directory()
    # It hides from inspection that it is async.
    directory.check = lambda name, password: later.check(name, password)  # type: ignore
    held(everywhere(app_behind(directory)).get("/private", auth=ALICE))
    assert "not coroutine" in caplog.text


def test_a_disabled_account_logs_nobody_in(everywhere: Any) -> None:
    directory = Directory()
    directory.kept["alice"] = Account("alice", disabled=True)
    directory.find = lambda name: Account("alice")  # type: ignore[method-assign]
    site = everywhere(app_behind(directory, auth_func_cache_seconds=60))
    for _ in range(2):
        held(site.get("/private", auth=ALICE))
    assert len(directory.asked) == 2


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_password_is_of_the_account_that_was_meant(everywhere: Any, seconds: float) -> None:
    directory = Directory()
    directory.kept["boss"] = directory.kept["alice"]
    directory.passwords["boss"] = "first"
    site = everywhere(app_behind(directory, auth_func_cache_seconds=seconds))
    first, second = ("boss", "first"), ("boss", "second")
    for _ in range(2):
        assert site.get("/private", auth=first).json() == known("alice", ["board"])
    directory.kept["boss"], directory.passwords["boss"] = directory.kept["bob"], "second"
    held(site.get("/private", auth=first))
    for _ in range(2):
        assert site.get("/private", auth=second).json() == known("bob", [])
        held(site.get("/private", auth=first))
    del directory.kept["boss"]
    held(site.get("/private", auth=second))


@on_event_loops
def test_an_event_loop_goes_on_while_a_directory_checks(everywhere: Any) -> None:
    went_on = threading.Event()

    class Slow(Directory):
        def check(self, name: str, password: str) -> Any:
            site.loop.call_soon_threadsafe(went_on.set)
            return self.kept["alice"] if went_on.wait(GIVE_UP) else None

    site = everywhere(app_behind(Slow()))
    honest(site.get("/private", auth=ALICE), marker=None)


# What a session remembers


def test_a_session_is_of_the_account(everywhere: Any) -> None:
    directory = Directory()
    site = everywhere(app_behind(directory, secret_key="k" * 32))
    cookie = site.get("/private", auth=SHOUTED).cookie()
    assert site.get("/public", cookie=cookie).json() == known("alice", ["board"])
    # What is kept of the password, where the directory says that.
    directory.kept["alice"] = Account("alice", "another version")
    assert site.get("/public", cookie=cookie).json() == NOBODY
    cookie = site.get("/private", auth=SHOUTED).cookie()
    assert site.get("/public", cookie=cookie).json() == known("alice", [])
    directory.kept["alice"] = Account("alice", "another version", disabled=True)
    assert site.get("/public", cookie=cookie).json() == NOBODY


def test_a_session_ends_in_time(everywhere: Any, clock: Any) -> None:
    options: dict[str, Any] = {"secret_key": "k" * 32, "auth_func_session_seconds": 60}
    site = everywhere(app_behind(Directory(), **options))
    cookie = site.get("/private", auth=ALICE).cookie()
    assert site.get("/public", cookie=cookie).json() == known("alice", ["board"])
    clock.advance(61)
    assert site.get("/public", cookie=cookie).json() == NOBODY


@on_event_loops
def test_the_idle_socket_of_a_user_who_is_gone_is_closed(everywhere: Any) -> None:
    directory = Directory()
    site = everywhere(app_behind(directory))
    with site.open(auth=SHOUTED) as alice, site.open(auth=BOB) as bob:
        assert shown(alice.call(PRIVATE_BODY), "private") == f"{PRIVATE} alice ['board']"
        del directory.kept["alice"]
        assert alice.closing_code() == LOGIN_REQUIRED
        assert shown(bob.call(PRIVATE_BODY), "private") == f"{PRIVATE} bob []"


def test_sessions_of_two_directories_are_of_different_users() -> None:
    class Tenant(Directory):
        def __init__(self, name: str) -> None:
            self.name = name

    auths = [dash_auth.BasicAuth(new_app(), Tenant(name)) for name in ("a", "a", "b")]
    scopes = [auth._dash_auth_scope for auth in auths]
    assert scopes[0] == scopes[1] != scopes[2]
    assert all(scopes)


# Mistakes that show at start


@pytest.mark.parametrize("missing", ["check", "find"])
def test_what_is_half_a_verifier_is_none(missing: str) -> None:
    class Half(Directory):
        locals()[missing] = None

    for half in (Half(), Directory):
        with pytest.raises(TypeError, match="the users must be a dict"):
            dash_auth.BasicAuth(new_app(), half)  # type: ignore[arg-type]


def test_a_verifier_finds_at_once() -> None:
    class Later(Directory):
        async def find(self, name: str) -> Any:
            return None

    with pytest.raises(TypeError, match=r"Later\.find must return at once: it cannot be async"):
        dash_auth.BasicAuth(new_app(), Later())


def test_a_function_is_a_function_whatever_else_it_has(everywhere: Any) -> None:
    class Both(Directory):
        def __call__(self, name: str, password: str) -> bool:
            return (name, password) == BOB

    site = everywhere(app_behind(auth_func=Both()))
    held(site.get("/private", auth=ALICE))
    assert site.get("/private", auth=BOB).json() == known("bob", [])
