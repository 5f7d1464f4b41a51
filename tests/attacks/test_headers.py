"""S10, S13: the Authorization header, and how much work a client may cause with it."""

from __future__ import annotations

import base64
import os
import re
import threading
from typing import Any

import dash_auth
import pytest
from dash import Dash, Input, Output
from hashing import Hashing
from werkzeug.security import generate_password_hash

from .apps import body, guard, item, plain_app
from .http import ALICE, PRIVATE, PUBLIC, Reply, basic, held, honest
from .routes import add_route

CAROL = ("carol", "pa:ss:word:")
DAVE = ("dåvé", "pässwörd ✓")
EMPTY = ("empty name", "x")
PEOPLE = dict([ALICE, CAROL, DAVE, EMPTY])

PUBLIC_CALL = body("o.children", [item("i", "value", 1)])
PRIVATE_CALL = body("p.children", [item("i", "value", 1)])


def app_with(users: Any = None, **options: Any) -> Dash:
    """Return a guarded app with a public and a private route and callback."""
    app = plain_app()
    dash_auth.public_callback(Output("o", "children"), Input("i", "value"))(lambda _: PUBLIC)
    app.callback(Output("p", "children"), Input("i", "value"))(lambda _: PRIVATE)
    add_route(app, "/about", lambda: PUBLIC)
    add_route(app, "/admin", lambda: PRIVATE)
    guard(app, dict(PEOPLE) if users is None else users, public_routes=["/about"], **options)
    return app


def b64(raw: bytes) -> str:
    """Return base64 of bytes."""
    return base64.b64encode(raw).decode()


GOOD = b64(b"alice:wonder-land")


# S10: what counts as credentials


@pytest.mark.rule("S10")
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc"])
@pytest.mark.parametrize("who", [ALICE, CAROL, DAVE, EMPTY], ids=lambda who: who[0])
def test_credentials_of_honest_users(serve: Any, scheme: str, who: tuple[str, str]) -> None:
    site = serve(app_with())
    header = basic(*who).replace("Basic", scheme)
    honest(site.get("/admin", auth=header), PRIVATE)
    honest(site.call(PRIVATE_CALL, auth=header), PRIVATE)
    held(site.get("/admin", auth=(who[0], who[1] + "x")))


BAD = {
    "bearer": "Bearer x",
    "bearer with credentials": f"Bearer {GOOD}",
    "digest": 'Digest username="alice", realm="x", nonce="x", uri="/", response="x"',
    "negotiate": "Negotiate YII=",
    "no scheme": GOOD,
    "scheme alone": "Basic",
    "nothing after the scheme": "Basic ",
    "empty": "",
    "spaces": "   ",
    "no space": f"Basic{GOOD}",
    "colon": f"Basic:{GOOD}",
    "equals": f"Basic={GOOD}",
    "other scheme": f"Basics {GOOD}",
    "two schemes": f"Basic Basic {GOOD}",
    "no base64": "Basic !!!",
    "plain": "Basic alice:wonder-land",
    "padding missing": "Basic " + b64(b"alice:wonder-lan").rstrip("="),
    "padding too long": f"Basic {GOOD}=",
    "padding inside": "Basic YWxp=Y2U6d29uZGVyLWxhbmQ",
    "padding in front": f"Basic =={GOOD}",
    "rubbish inside": f"Basic {GOOD[:6]}*{GOOD[6:]}",
    "rubbish behind": f"Basic {GOOD}!",
    "space inside": f"Basic {GOOD[:6]} {GOOD[6:]}",
    "two tokens": f"Basic {GOOD} {GOOD}",
    "comma": f"Basic {GOOD}, Basic {GOOD}",
    "comma behind": f"Basic {GOOD},",
    "parameter": f"Basic {GOOD}; charset=utf-8",
    "quoted": f'Basic "{GOOD}"',
    "no colon": "Basic " + b64(b"alicewonder-land"),
    "name alone": "Basic " + b64(b"alice"),
    "no password": "Basic " + b64(b"alice:"),
    "no name": "Basic " + b64(b":wonder-land"),
    "colon alone": "Basic " + b64(b":"),
    "no utf-8": "Basic " + b64(b"alice:\xff\xfe"),
    "latin-1": basic(*DAVE[:1], "pässwörd", encoding="latin-1"),
    "utf-16": "Basic " + b64("alice:wonder-land".encode("utf-16")),
    "bom": "Basic " + b64(b"\xef\xbb\xbfalice:wonder-land"),
    "surrogate": "Basic " + b64(b"alice:\xed\xa0\x80"),
    "overlong": "Basic " + b64(b"\xc1\xa1lice:wonder-land"),
    "nul in the name": "Basic " + b64(b"alice\x00:wonder-land"),
    "nul in the password": "Basic " + b64(b"alice:wonder-land\x00"),
    "newline": "Basic " + b64(b"alice:wonder-land\n"),
    "name in capitals": basic("ALICE", "wonder-land"),
    "name with a space": basic("alice ", "wonder-land"),
    "password in capitals": basic("alice", "WONDER-LAND"),
    "password cut": basic("alice", "wonder-lan"),
    "password and more": basic("alice", "wonder-land2"),
    "another form of unicode": basic("da\u030ave\u0301", DAVE[1]),
    "url-safe": "Basic " + base64.urlsafe_b64encode(b"alice:\xc3\xbf\xc3\xbf?>").decode(),
    "no ascii": "Basic \xe9\xe9\xe9\xe9",
    "raw bytes": "\xff\xfe Basic",
    "long": "Basic " + "A" * 40_000,
    "long password": basic("alice", "x" * 20_000),
    "long name": basic("x" * 20_000, "x"),
    "many colons": basic(":" * 5_000, ":" * 5_000),
    "none": basic("None", "None"),
    "json": basic('{"$ne": null}', '{"$ne": null}'),
}


@pytest.mark.rule("S10")
@pytest.mark.every_server
@pytest.mark.parametrize("case", BAD)
def test_everything_else_is_no_credentials(serve: Any, case: str) -> None:
    site = serve(app_with())
    header = BAD[case]
    honest(site.get("/admin", auth=ALICE), PRIVATE)
    reply = held(site.get("/admin", auth=header))
    assert reply.headers["WWW-Authenticate"].lower().startswith("basic ")
    held(site.get("/", auth=header))
    held(site.call(PRIVATE_CALL, auth=header))
    honest(site.get("/about", auth=header))
    honest(site.call(PUBLIC_CALL, auth=header))


@pytest.mark.rule("S10")
@pytest.mark.every_server
@pytest.mark.parametrize(
    "values",
    [
        [basic(*ALICE), basic(*ALICE)],
        [basic(*ALICE), basic("alice", "wrong")],
        [basic("alice", "wrong"), basic(*ALICE)],
        [basic(*ALICE), basic(*CAROL)],
        ["Bearer x", basic(*ALICE)],
        [basic(*ALICE), "Bearer x"],
        ["", basic(*ALICE), "x"],
    ],
    ids=["same", "good bad", "bad good", "two users", "bearer first", "bearer last", "three"],
)
def test_exactly_one_header(serve: Any, values: list[str]) -> None:
    site = serve(app_with())
    honest(site.get("/admin", auth=ALICE), PRIVATE)
    headers = [("Authorization", value) for value in values]
    held(site.get("/admin", headers=headers))
    held(site.call(PRIVATE_CALL, headers=headers))
    headers = [("authorization" if n else "Authorization", v) for n, v in enumerate(values)]
    held(site.get("/admin", headers=headers))
    honest(site.get("/about", headers=headers))


@pytest.mark.rule("S10")
def test_the_challenge(serve: Any) -> None:
    site = serve(app_with(realm="The Reports"))
    reply = held(site.get("/admin"))
    (challenge,) = reply.headers.get_all("WWW-Authenticate")
    assert re.fullmatch(r'Basic realm="[^"]+"(, charset="UTF-8")?', challenge)
    if "The Reports" in challenge:
        assert challenge == 'Basic realm="The Reports", charset="UTF-8"'


@pytest.mark.rule("S10")
@pytest.mark.parametrize("error", [RuntimeError, KeyError, MemoryError, RecursionError])
def test_the_unforeseen_refuses(
    serve: Any, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    """A users dict that fails at every question stands for what nobody thought of."""

    class Broken(dict[str, str]):
        armed = False

        def __getitem__(self, name: str) -> str:
            if self.armed:
                raise error("on purpose")
            return super().__getitem__(name)

        def get(self, name: str, default: Any = None) -> Any:
            if self.armed:
                raise error("on purpose")
            return super().get(name, default)

    users = Broken(PEOPLE)
    site = serve(app_with(users))
    honest(site.get("/admin", auth=ALICE), PRIVATE)
    users.armed = True
    held(site.get("/admin", auth=("alice", "wrong")))
    held(site.call(PRIVATE_CALL, auth=("alice", "wrong")))
    users.armed = False
    honest(site.get("/admin", auth=ALICE), PRIVATE)


# S13: work is bounded


# Which addresses failed lately is known to the whole process: the other tests fail from 127.0.0.1.
GUESSER, HONEST = "127.0.2.1", "127.0.3.1"


def hashed(password: str, cost: str = "scrypt:16384:8:1") -> str:
    """Return werkzeug's hash of a password."""
    return generate_password_hash(password, cost)


@pytest.mark.rule("S13")
def test_password_length_is_bounded(serve: Any, hashing: Hashing) -> None:
    longest = "x" * 4096
    site = serve(app_with({"alice": hashing.of(longest), "bob": longest + "x"}))
    honest(site.get("/admin", auth=("alice", longest)), PRIVATE)
    held(site.get("/admin", auth=("alice", longest + "x")))
    held(site.get("/admin", auth=("bob", longest + "x")))
    held(site.get("/admin", auth=("alice", "y" * 40_000)))
    assert len(hashing.begun) == 1, "passwords that are too long are hashed"


COSTLY = [
    "scrypt:4194304:8:1$c2FsdHNhbHQ$" + "00" * 64,
    "scrypt:32768:1024:1$c2FsdHNhbHQ$" + "00" * 64,
    "scrypt:32768:8:100000$c2FsdHNhbHQ$" + "00" * 64,
    "scrypt:18446744073709551616:8:1$c2FsdHNhbHQ$" + "00" * 64,
    "pbkdf2:sha256:100000000000$c2FsdHNhbHQ$" + "00" * 32,
    "pbkdf2:sha512:4294967297$c2FsdHNhbHQ$" + "00" * 64,
    "$argon2id$v=19$m=1073741824,t=3,p=4$c2FsdHNhbHQ$" + "A" * 43,
    "$argon2id$v=19$m=65536,t=4000000000,p=4$c2FsdHNhbHQ$" + "A" * 43,
]


@pytest.mark.rule("S13")
@pytest.mark.parametrize("stored", COSTLY, ids=lambda stored: stored[:40])
def test_a_stored_hash_may_not_ask_for_too_much(serve: Any, stored: str) -> None:
    try:
        app = app_with({"alice": stored, "bob": "builder-yes"})
    except ValueError as refusal:
        assert "alice" in str(refusal)
        assert stored not in str(refusal)
        return
    site = serve(app)
    held(site.get("/admin", auth=("alice", stored), timeout=30))
    pytest.fail("a hash that asks for too much work was taken")


def crowd(count: int) -> dict[str, str]:
    """Return users whose stored passwords are hashes that differ."""
    return {f"user{n}": hashed(f"password {n}") for n in range(count)}


@pytest.mark.rule("S13")
def test_while_clients_guess_others_are_served(serve: Any, hashing: Hashing) -> None:
    """Who guesses holds half of the turns at most, and never waits for one."""
    users = {f"user{n}": hashing.of(f"password {n}") for n in range(3)}
    site = serve(app_with(users))
    known = ("user1", "password 1")
    honest(site.get("/admin", auth=known, source=HONEST), PRIVATE)
    held(site.get("/admin", auth=("user0", "guess"), source=GUESSER))
    turns = (len(os.sched_getaffinity(0)) + 1) // 2
    replies: list[Reply] = []

    def guess(number: int) -> None:
        who = ("user0", f"guess {number}")
        replies.append(site.get("/admin", auth=who, source=GUESSER, timeout=60))

    guessers = [threading.Thread(target=guess, args=(n,), daemon=True) for n in range(turns)]
    hold = hashing.hold()
    for guesser in guessers:
        guesser.start()
        assert hold.reached()
    # Half of the turns are taken, for as long as this test wants.
    for number in range(turns, turns + 12):
        reply = site.get("/admin", auth=("user0", f"guess {number}"), source=GUESSER)
        assert (reply.status, PRIVATE in reply.text) == (503, False)
        assert int(reply.headers["Retry-After"]) >= 1
    honest(site.get("/about", source=HONEST))
    honest(site.get("/admin", auth=known, source=HONEST), PRIVATE)
    # Somebody who has not failed gets one of the other turns.
    hashing.meanwhile = lambda: None
    honest(site.get("/admin", auth=("user2", "password 2"), source=HONEST), PRIVATE)
    assert replies == []
    hold.let_go()
    for guesser in guessers:
        guesser.join()
    assert [reply.status for reply in replies] == [401] * turns
    assert not hold.gave_up


@pytest.mark.rule("S13")
def test_many_users_come_back_at_once(serve: Any) -> None:
    site = serve(app_with(crowd(16)))
    statuses: dict[int, int] = {}

    def log_in(number: int) -> None:
        who = (f"user{number}", f"password {number}")
        statuses[number] = site.get("/admin", auth=who, source="127.0.3.2", timeout=30).status

    threads = [threading.Thread(target=log_in, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == dict.fromkeys(range(16), 200)
    held(site.get("/admin", auth=("user0", "password 1")))
