"""A store of users of the developer's own, on each server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import dash_auth
import pytest
from attacks.http import ALICE, BOB, PRIVATE, held, honest
from dash_auth.security import generate_password_hash
from dash_auth.users import Account
from everywhere import NOBODY, PRIVATE_BODY, app_behind, known, on_event_loops
from guarded import new_app
from hashing import Hashing
from sockets.apps import shown
from sockets.servers import LOGIN_REQUIRED

HASH = generate_password_hash(ALICE[1], "scrypt:1024:8:1")
SHOUTED = ("ALICE", ALICE[1])


class Store:
    """Keeps accounts in memory, and knows each by its name in any case."""

    error: BaseException | None = None

    def __init__(self, *accounts: Account) -> None:
        self.kept: dict[str, Any] = {account.name: account for account in accounts}

    def find(self, name: str) -> Account | None:
        if self.error is not None:
            raise self.error
        found: Account | None = self.kept.get(name.lower())
        return found

    def names(self) -> Iterable[str]:
        return list(self.kept)

    def version(self) -> object:
        return len(self.kept)

    def change(self, key: str, **fields: Any) -> None:
        self.kept[key] = replace(self.kept[key], **fields)


def store_of_two(stored: str = HASH, **fields: Any) -> Store:
    return Store(Account("alice", stored, ["board"], **fields), Account("bob", BOB[1]))


@pytest.mark.parametrize("stored", [HASH, ALICE[1]], ids=["hash", "plaintext"])
def test_users_of_a_store_log_in(everywhere: Any, stored: str) -> None:
    site = everywhere(app_behind(store_of_two(stored)))
    # Twice: verified first, and known then.
    for _ in range(2):
        found = honest(site.get("/private", auth=ALICE), marker=None).json()
        assert found == known("alice", ["board"])
        honest(site.call(PRIVATE_BODY, auth=ALICE), f"{PRIVATE} alice ['board']")
        assert site.get("/private", auth=BOB).json() == known("bob", [])
    for wrong in (("alice", BOB[1]), ("eve", ALICE[1]), ("", ""), ("alice", stored + "x"), None):
        held(site.get("/private", auth=wrong))
        held(site.call(PRIVATE_BODY, auth=wrong))
        assert site.get("/public", auth=wrong).json() == NOBODY


@pytest.mark.parametrize("stored", [HASH, ALICE[1]], ids=["hash", "plaintext"])
def test_a_user_has_the_name_of_the_account(everywhere: Any, stored: str) -> None:
    site = everywhere(app_behind(store_of_two(stored)))
    for _ in range(2):
        assert site.get("/private", auth=SHOUTED).json() == known("alice", ["board"])
        honest(site.call(PRIVATE_BODY, auth=SHOUTED), f"{PRIVATE} alice ['board']")
        assert site.get("/public", auth=SHOUTED).json()["user"] == "alice"


def test_groups_are_asked_by_the_name_of_the_account(everywhere: Any) -> None:
    asked: list[str] = []

    def groups(name: str) -> list[str]:
        asked.append(name)
        return ["staff"]

    site = everywhere(app_behind(store_of_two(), user_groups=groups))
    assert site.get("/private", auth=SHOUTED).json() == known("alice", ["staff"])
    assert asked == ["alice"]


def test_groups_that_are_given_count_in_the_place_of_the_accounts(everywhere: Any) -> None:
    site = everywhere(app_behind(store_of_two(), user_groups={"bob": ["staff"]}))
    assert site.get("/private", auth=ALICE).json() == known("alice", [])
    assert site.get("/private", auth=BOB).json() == known("bob", ["staff"])


def test_claims_name_nobody_else(everywhere: Any) -> None:
    claims = {"email": "eve", "groups": ["admin"], "team": "red"}
    site = everywhere(app_behind(store_of_two(claims=claims)))
    assert site.get("/private", auth=ALICE).json() == known("alice", ["board"], team="red")


ENDS: dict[str, Any] = {
    "removed": lambda store: store.kept.pop("alice"),
    "disabled": lambda store: store.change("alice", disabled=True),
    "no password": lambda store: store.change("alice", password=None),
    "another password": lambda store: store.change("alice", password="another"),
    "another hash": lambda store: store.change("alice", password=generate_password_hash("x")),
    "no text": lambda store: store.change("alice", password=5),
    "no account": lambda store: store.kept.update(alice=("alice", HASH)),
    "a name that is no text": lambda store: store.change("alice", name=5),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("stored", [HASH, ALICE[1]], ids=["hash", "plaintext"])
def test_a_store_is_live(everywhere: Any, stored: str, end: str) -> None:
    store = store_of_two(stored)
    site = everywhere(app_behind(store))
    honest(site.get("/private", auth=ALICE), marker=None)
    ENDS[end](store)
    for _ in range(2):
        held(site.get("/private", auth=ALICE))
        held(site.call(PRIVATE_BODY, auth=ALICE))
        assert site.get("/public", auth=ALICE).json() == NOBODY
    honest(site.get("/private", auth=BOB), marker=None)
    store.kept["carol"] = Account("carol", "later")
    assert site.get("/private", auth=("carol", "later")).json() == known("carol", [])


def test_a_disabled_account_logs_nobody_in(everywhere: Any) -> None:
    store = store_of_two(disabled=True)
    site = everywhere(app_behind(store))
    held(site.get("/private", auth=ALICE))
    store.change("alice", disabled=False)
    honest(site.get("/private", auth=ALICE), marker=None)


def test_names_with_no_password_cost_what_others_cost(everywhere: Any, hashing: Hashing) -> None:
    store = Store(
        *(Account(name, hashing.of(name)) for name in ("alice", "bob")),
        Account("carol", hashing.of("carol"), disabled=True),
        Account("dora"),
    )
    site = everywhere(app_behind(store))
    guesses = [
        [(name, f"guess {n}") for name in ("alice", "carol", "dora", "eve") for n in numbers]
        for numbers in ((1, 2), (3, 4))
    ]
    asked = store.names
    listed: list[None] = []
    store.names = lambda: listed.append(None) or asked()  # type: ignore
    for guess in guesses[0]:
        assert hashing.count(lambda guess=guess: held(site.get("/private", auth=guess))) == 1
    # Names are listed when there are others, not at each guess.
    assert listed == []
    store.kept["frank"] = Account("frank", hashing.of("frank"))
    for guess in guesses[1]:
        assert hashing.count(lambda guess=guess: held(site.get("/private", auth=guess))) == 1
    assert listed == [None]


def test_a_right_password_is_hashed_once_a_spelling(everywhere: Any, hashing: Hashing) -> None:
    site = everywhere(app_behind(store_of_two(hashing.of(ALICE[1]))))
    for _ in range(3):
        honest(site.get("/private", auth=ALICE), marker=None)
        honest(site.get("/private", auth=SHOUTED), marker=None)
    assert len(hashing.begun) == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyError("alice"), 401),
        (RecursionError(), 401),
        (ConnectionRefusedError("no database"), 503),
        (dash_auth.Unavailable("no database"), 503),
    ],
    ids=repr,
)
def test_a_store_that_fails_lets_nobody_in(
    everywhere: Any, caplog: pytest.LogCaptureFixture, error: Exception, status: int
) -> None:
    store = store_of_two()
    site = everywhere(app_behind(store))
    honest(site.get("/private", auth=ALICE), marker=None)
    store.error = error
    for user in (ALICE, ("alice", "wrong"), ("eve", "x")):
        for reply in (site.get("/private", auth=user), site.call(PRIVATE_BODY, auth=user)):
            assert reply.status == status
            assert PRIVATE not in reply.text
        assert site.get("/public", auth=user).json() == NOBODY
    if status == 401:
        assert "ERROR" in {record.levelname for record in caplog.records}
    assert ALICE[1] not in caplog.text
    store.error = None
    honest(site.get("/private", auth=ALICE), marker=None)


# What a session remembers


SESSION_ENDS = [end for end in ENDS if end != "a name that is no text"]


@pytest.mark.parametrize("end", SESSION_ENDS)
def test_a_session_is_of_the_account(everywhere: Any, end: str) -> None:
    store = store_of_two()
    site = everywhere(app_behind(store, secret_key="k" * 32))
    cookie = site.get("/private", auth=SHOUTED).cookie()
    assert site.get("/public", cookie=cookie).json() == known("alice", ["board"])
    store.change("alice", groups=["staff"])
    assert site.get("/public", cookie=cookie).json() == known("alice", ["staff"])
    ENDS[end](store)
    assert site.get("/public", cookie=cookie).json() == NOBODY


@on_event_loops
@pytest.mark.parametrize("end", ENDS)
def test_the_idle_socket_of_a_user_who_may_not_log_in_is_closed(everywhere: Any, end: str) -> None:
    store = store_of_two()
    site = everywhere(app_behind(store))
    with site.open(auth=SHOUTED) as alice, site.open(auth=BOB) as bob:
        assert shown(alice.call(PRIVATE_BODY), "private") == f"{PRIVATE} alice ['board']"
        ENDS[end](store)
        assert alice.closing_code() == LOGIN_REQUIRED
        assert shown(bob.call(PRIVATE_BODY), "private") == f"{PRIVATE} bob []"


# Mistakes that show at start


@pytest.mark.parametrize("stored", ["", "$2b$12$" + "a" * 52, "5" * 32, "line feed\n"])
def test_what_cannot_be_checked_is_refused_at_start(stored: str) -> None:
    with pytest.raises(ValueError, match='user "alice"') as refusal:
        dash_auth.BasicAuth(new_app(), Store(Account("alice", stored), Account("bob", "x")))
    assert not stored or stored not in str(refusal.value)


@pytest.mark.parametrize(
    ("accounts", "error", "words"),
    [
        ([], ValueError, "there are no users"),
        ([Account("alice", "x", disabled=True)], ValueError, "there are no users"),
        ([Account("a:b", "x")], ValueError, "colon"),
        ([Account("alice\n", "x")], ValueError, "control character"),
        ([Account("alice", 5)], TypeError, "user 'alice' must be a str, not int"),  # type: ignore
    ],
)
def test_who_could_never_log_in_is_refused_at_start(
    accounts: list[Account], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        dash_auth.BasicAuth(new_app(), Store(*accounts))


def test_what_is_no_account_is_refused_at_start() -> None:
    store = Store(Account("bob", "x"))
    store.kept["alice"] = {"name": "alice"}
    with pytest.raises(TypeError, match=r"Store\.find must return an Account.*, not dict"):
        dash_auth.BasicAuth(new_app(), store)
    store.kept["alice"] = Account(5, "x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Store\.find must return an Account, its name a str"):
        dash_auth.BasicAuth(new_app(), store)


def test_a_store_that_cannot_be_asked_at_start_says_why() -> None:
    store = store_of_two()
    store.error = ConnectionRefusedError("no database")
    with pytest.raises(ConnectionRefusedError):
        dash_auth.BasicAuth(new_app(), store)


@pytest.mark.parametrize("missing", ["find", "names", "version"])
def test_what_is_half_a_store_is_none(missing: str) -> None:
    class Half(Store):
        locals()[missing] = None

    for half in (Half(), Store):
        with pytest.raises(TypeError, match="the users must be a dict"):
            dash_auth.BasicAuth(new_app(), half)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["find", "names", "version"])
def test_a_store_answers_at_once(name: str) -> None:
    class Later(Store):
        async def _later(self, *_: object) -> None:
            return None

        locals()[name] = _later

    with pytest.raises(TypeError, match=f"Later.{name} must return at once: it cannot be async"):
        dash_auth.BasicAuth(new_app(), Later())


@pytest.mark.parametrize("name", ["auth_func_cache_seconds", "auth_func_session_seconds"])
def test_what_goes_with_a_verifier_goes_with_no_store(name: str) -> None:
    with pytest.raises(ValueError, match="go with auth_func="):
        dash_auth.BasicAuth(new_app(), store_of_two(), **{name: 5})


def test_weak_passwords_of_a_store_are_told() -> None:
    app = new_app()
    store = store_of_two()
    store.kept["carol"] = Account("carol")
    dash_auth.BasicAuth(app, store)
    weak = dict(dash_auth.explain(app).weak_passwords)
    assert weak == {"alice": "hash is outdated", "bob": "stored as plaintext"}


def test_a_subclass_with_its_own_check_may_read_what_ours_cannot() -> None:
    class Own(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            return False

    Own(new_app(), Store(Account("alice", "$2b$12$" + "a" * 52)))
