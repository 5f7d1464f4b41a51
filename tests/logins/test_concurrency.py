"""Many threads, one app: right answers, one verification for six connections, hashes that overlap.

What is timed here is compared with itself, never with a clock on the wall: the machine may be busy.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import dash_auth
import pytest
import requests
from dash import Dash, Input, Output
from dash_auth.security import generate_password_hash
from flask.testing import FlaskClient
from guarded import ALICE, add_witness, basic, call, guarded_app
from guarded import client_of as client_of_any_address
from hashing import Hashing
from waiting import wait_until_blocked

# About a second of hashing, in words of the core's own and with the GIL released.
SLOW = generate_password_hash(ALICE[1], "pbkdf2:sha512:1500000")

ADDRESSES = (f"198.51.100.{host}" for host in itertools.count(1))
current_address = ""


@pytest.fixture(autouse=True)
def address_of_its_own() -> None:
    """Give each test an address: the process remembers for a minute from where logins failed."""
    global current_address
    current_address = next(ADDRESSES)


def client_of(app: Dash) -> FlaskClient:
    client = client_of_any_address(app)
    client.environ_base["REMOTE_ADDR"] = current_address
    return client


def at_once(tasks: Iterable[Callable[[], None]]) -> None:
    """Run each task in a thread of its own, and raise what one of them raised."""
    errors: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_many_threads_get_right_answers(serve: Callable[..., str]) -> None:
    users = {
        f"user{number}": generate_password_hash(f"pw{number}", "scrypt:256:8:1")
        for number in range(8)
    }
    app = guarded_app(
        users,
        public_routes=["/open"],
        secret_key="a key",
        user_groups=lambda name: [f"group of {name}"],
    )

    @app.callback(Output("out", "children"), Input("in", "value"))
    def show(value: str) -> str:
        return f"{value} for {dash_auth.current_user()}"

    address = serve(app, threads=8)

    def login(session: requests.Session, auth: tuple[str, str]) -> Any:
        # An address from which wrong passwords come is sent away while all cores hash.
        while (
            reply := session.get(f"{address}/private", auth=auth, timeout=20)
        ).status_code == 503:
            time.sleep(0.02)
        return reply.json()

    def ask(number: int) -> None:
        name, auth = f"user{number % 8}", (f"user{number % 8}", f"pw{number % 8}")
        body = {
            "output": "out.children",
            "outputs": {"id": "out", "property": "children"},
            "inputs": [{"id": "in", "property": "value", "value": number}],
        }
        with requests.Session() as session:
            session.cookies.set("kept", "yes")
            for _ in range(15):
                private = login(session, auth)
                assert (private["user"], private["groups"]) == (name, [f"group of {name}"])
                wrong = session.get(f"{address}/private", auth=(name, "wrong"), timeout=20)
                assert wrong.status_code in (401, 503)
                known = session.get(f"{address}/open", timeout=20).json()
                assert known["user"] == name
                stranger = requests.get(f"{address}/open", timeout=20).json()
                assert stranger["user"] is None
                reply = session.post(
                    f"{address}/_dash-update-component", json=body, auth=auth, timeout=20
                ).json()
                assert reply["response"]["out"]["children"] == f"{number} for {name}"

    at_once(lambda number=number: ask(number) for number in range(12))


# One verification for those who ask at once


def test_six_logins_at_once_are_verified_once(hashing: Hashing) -> None:
    app = guarded_app({"alice": hashing.of(ALICE[1])})
    hashing.meanwhile = lambda: wait_until_blocked("_take", 5)
    statuses: list[int] = []
    barrier = threading.Barrier(6, timeout=20)

    def login(password: str) -> None:
        client = client_of(app)
        barrier.wait()
        statuses.append(client.get("/private", auth=("alice", password)).status_code)

    at_once([lambda: login(ALICE[1])] * 6)
    assert statuses == [200] * 6
    assert len(hashing.begun) == 1
    # And never again.
    assert client_of(app).get("/private", auth=ALICE).status_code == 200
    assert len(hashing.begun) == 1

    # Six wrong ones wait for one verification as well, and the same one is not hashed again.
    statuses.clear()
    at_once([lambda: login("wrong")] * 6)
    assert statuses == [401] * 6
    assert len(hashing.begun) == 2
    hashing.meanwhile = lambda: None
    assert client_of(app).get("/private", auth=("alice", "wrong")).status_code == 401
    assert len(hashing.begun) == 2
    assert client_of(app).get("/private", auth=("alice", "wrong again")).status_code == 401
    assert len(hashing.begun) == 3


def test_six_logins_at_once_ask_a_cached_function_once() -> None:
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(name)
        wait_until_blocked("_ask", 5)
        return (name, password) == ALICE

    app = guarded_app(auth_func=auth_func, auth_func_cache_seconds=60)
    statuses: list[int] = []
    barrier = threading.Barrier(6, timeout=20)

    def login(name: str) -> None:
        client = client_of(app)
        barrier.wait()
        statuses.append(client.get("/private", auth=(name, ALICE[1])).status_code)

    at_once([lambda: login("alice")] * 6)
    assert (statuses, asked) == ([200] * 6, ["alice"])
    statuses.clear()
    at_once([lambda: login("eve")] * 6)
    assert (statuses, asked) == ([401] * 6, ["alice", "eve"])


def test_who_guesses_one_password_at_once_waits_for_no_function() -> None:
    guesses = 12
    # All but the one who asks are sent away while the function is still at it.
    sent_away = threading.Event()

    def auth_func(name: str, password: str) -> bool:
        # Shorter than anybody waits for it.
        return password == "second guess" and not sent_away.wait(4)

    app = guarded_app(auth_func=auth_func, auth_func_cache_seconds=60)
    assert client_of(app).get("/private", auth=("alice", "first guess")).status_code == 401
    statuses: list[int] = []

    def guess() -> None:
        statuses.append(client_of(app).get("/private", auth=("alice", "second guess")).status_code)
        if len(statuses) == guesses - 1:
            sent_away.set()

    at_once([guess] * guesses)
    assert Counter(statuses) == {503: guesses - 1, 401: 1}


def test_a_cache_that_expires_beside_a_guesser_sends_nobody_away() -> None:
    asked: list[str] = []

    def auth_func(name: str, password: str) -> bool:
        asked.append(password)
        wait_until_blocked("_ask", waiting)
        return (name, password) == ALICE

    waiting = 0
    app = guarded_app(auth_func=auth_func, auth_func_cache_seconds=1e-9)
    assert client_of(app).get("/private", auth=ALICE).status_code == 200
    assert client_of(app).get("/private", auth=("alice", "guess")).status_code == 401
    statuses: list[int] = []
    barrier = threading.Barrier(6, timeout=20)

    def login() -> None:
        client = client_of(app)
        barrier.wait()
        statuses.append(client.get("/private", auth=ALICE).status_code)

    waiting = 5
    at_once([login] * 6)
    assert (statuses, asked) == ([200] * 6, [ALICE[1], "guess", ALICE[1]])


# The GIL


def test_others_are_served_while_a_password_is_hashed() -> None:
    app = guarded_app({"alice": SLOW, "bob": "plain"}, public_routes=["/open"])
    client_of(app).get("/private", auth=("bob", "plain"))
    login = client_of(app)
    done = threading.Event()
    served = itertools.count()

    def others() -> None:
        while not done.is_set():
            assert client_of(app).get("/open").status_code == 200
            assert client_of(app).get("/private", auth=("bob", "plain")).status_code == 200
            next(served)
            time.sleep(0.001)

    def log_in() -> None:
        interval = sys.getswitchinterval()
        # From here on a thread goes on only where another lets it; one switch may be under way.
        sys.setswitchinterval(1000)
        try:
            before = next(served)
            assert login.get("/private", auth=ALICE).status_code == 200
            assert next(served) > before + 3
        finally:
            sys.setswitchinterval(interval)
            done.set()

    at_once([others, log_in])


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="hashes overlap on two cores or more")
def test_hashes_overlap() -> None:
    app = guarded_app({"alice": SLOW, "carol": SLOW})
    client_of(app).get("/private")
    clocks: dict[str, int] = {}
    samples: list[tuple[float, ...]] = []
    done = threading.Event()
    started = threading.Barrier(3, timeout=20)
    statuses: list[int] = []

    def login(name: str) -> None:
        clocks[name] = time.pthread_getcpuclockid(threading.get_ident())
        started.wait()
        statuses.append(client_of(app).get("/private", auth=(name, ALICE[1])).status_code)
        # The clock ends with its thread.
        done.wait(20)

    def sample() -> None:
        started.wait()
        try:
            while len(statuses) < 2:
                time.sleep(0.01)
                samples.append(tuple(time.clock_gettime(clock) for clock in clocks.values()))
        finally:
            done.set()

    at_once([lambda: login("alice"), lambda: login("carol"), sample])
    assert statuses == [200, 200]
    # Between 20 and 80 percent of its work each hash is in the core, far from any Python. Both are
    # seen there in one moment, by a third thread that needs the GIL to look.
    ends = samples[-1]
    both = [
        sample
        for sample in samples
        if all(0.2 < spent / end < 0.8 for spent, end in zip(sample, ends, strict=True))
    ]
    assert len(both) >= 3


# Changes


def test_users_may_change_while_others_log_in() -> None:
    users: dict[str, Any] = {f"user{number}": "first" for number in range(50)}
    app = guarded_app(users, public_routes=["/open"], secret_key="a key")
    client_of(app).get("/private")
    guesses = (("user0", "first"), ("user1", "first"), ("user1", "third"), ("eve", "x"))
    rounds = iter(range(400))
    finished: list[int] = []
    statuses: Counter[int] = Counter()

    def change() -> None:
        # As often as it gets a turn: threads that compute leave it few.
        turn = 0
        while len(finished) < 3:
            users[f"extra{turn}"] = "extra"
            users["user1"] = "second" if turn % 2 else "first"
            if turn % 3 == 0:
                users.pop(f"extra{turn - 1}", None)
            turn += 1
            time.sleep(0.001)

    def log_in() -> None:
        client = client_of(app)
        try:
            for _ in rounds:
                for auth in guesses:
                    status = client.get("/private", auth=auth).status_code
                    statuses[status] += 1
                    assert auth != guesses[0] or status == 200
                    assert auth not in guesses[2:] or status == 401
                assert client.get("/open").status_code == 200
        finally:
            finished.append(1)

    at_once([change, log_in, log_in, log_in])
    assert set(statuses) == {200, 401}


def test_routes_and_callbacks_may_be_added_while_others_ask() -> None:
    app = guarded_app(public_routes=["/open"])
    add_witness(app.server, *(f"/page{number}" for number in range(40)))
    client_of(app).get("/open")
    done = threading.Event()

    def add() -> None:
        try:
            for number in range(0, 40, 2):
                dash_auth.add_public_routes(app, [f"/page{number}"])
                dash_auth.public_callback(Output(f"out{number}", "children"), Input("in", "value"))(
                    lambda value: "public"
                )
                time.sleep(0.002)
        finally:
            done.set()

    def ask() -> None:
        client = client_of(app)
        while not done.is_set():
            assert client.get("/open").status_code == 200
            assert client.get("/page1").status_code == 401
            assert call(client, "missing.children", ("in", "value", 1)).status_code == 401

    at_once([add, ask, ask])
    client = client_of(app)
    for number in range(40):
        assert client.get(f"/page{number}").status_code == (200 if number % 2 == 0 else 401)


def test_a_client_that_failed_is_sent_away_while_all_cores_hash(hashing: Hashing) -> None:
    cores = len(os.sched_getaffinity(0))
    users = {f"user{number}": hashing.of(ALICE[1]) for number in range(cores)}
    app = guarded_app({**users, "eve": hashing.of("another")})
    guess = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
    headers = basic("eve", "first guess")
    assert client_of(app).get("/private", headers=headers, **guess).status_code == 401
    hold = hashing.hold()
    logins: list[int] = []

    def login(name: str) -> None:
        logins.append(client_of(app).get("/private", auth=(name, ALICE[1])).status_code)

    def guess_again() -> None:
        assert all(hold.reached() for _ in users)
        headers = basic("eve", "second guess")
        assert client_of(app).get("/private", headers=headers, **guess).status_code == 503
        assert logins == []
        hold.let_go()

    at_once([*(lambda name=name: login(name) for name in users), guess_again])
    assert logins == [200] * cores
    assert not hold.gave_up
