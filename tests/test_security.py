"""``dash_auth.security``: what it makes, what it reads, and what it refuses."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import threading
import time

import dash_auth
import pytest
from argon2 import PasswordHasher, profiles
from dash_auth import _core
from dash_auth._unavailable import asked_by_guard
from dash_auth.security import check_password_hash, generate_password_hash, password_needs_rehash

SALT = "0123456789abcdef"
ARGON2 = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"


@pytest.mark.parametrize(
    ("method", "form"),
    [
        ("scrypt", r"scrypt:32768:8:1\$[a-zA-Z0-9]{16}\$[0-9a-f]{128}"),
        ("scrypt:1024:4:2", r"scrypt:1024:4:2\$[a-zA-Z0-9]{16}\$[0-9a-f]{128}"),
        ("pbkdf2", r"pbkdf2:sha256:1000000\$[a-zA-Z0-9]{16}\$[0-9a-f]{64}"),
        ("pbkdf2:sha1", r"pbkdf2:sha1:1000000\$[a-zA-Z0-9]{16}\$[0-9a-f]{40}"),
        ("pbkdf2:sha3_256:5", r"pbkdf2:sha3_256:5\$[a-zA-Z0-9]{16}\$[0-9a-f]{64}"),
        ("argon2", r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}"),
        ("argon2:64:3:2", r"\$argon2id\$v=19\$m=64,t=3,p=2\$[\w+/]{22}\$[\w+/]{43}"),
    ],
)
def test_a_method_makes_its_form_and_matches_its_password_alone(method: str, form: str) -> None:
    stored = generate_password_hash("pässword", method)
    assert re.fullmatch(form, stored)
    assert check_password_hash(stored, "pässword") is True
    assert check_password_hash(stored, "password") is False
    assert check_password_hash(stored, stored) is False
    assert generate_password_hash("pässword", method) != stored


def test_scrypt_is_the_default() -> None:
    assert generate_password_hash("x").startswith("scrypt:32768:8:1$")


def test_salts_have_the_length_asked_for_and_all_characters() -> None:
    salts = [generate_password_hash("x", "pbkdf2:sha1:1", 1000).split("$")[1] for _ in range(20)]
    assert {len(salt) for salt in salts} == {1000}
    # 62 characters in 20,000: the chance that one is missing is below 1e-138.
    assert len(set("".join(salts))) == 62
    assert len(generate_password_hash("x", "pbkdf2:sha1:1", 1).split("$")[1]) == 1
    assert len(generate_password_hash("x", "pbkdf2:sha1:1", 2000).split("$")[1]) == 2000


@pytest.mark.parametrize(
    ("method", "salt_length"),
    [
        ("md5", 16),
        ("", 16),
        ("scrypt:1", 16),
        ("scrypt:3:8:1", 16),
        ("pbkdf2:nonesuch", 16),
        ("pbkdf2:sha256:0", 16),
        ("pbkdf2:sha256:1:1", 16),
        ("argon2:", 16),
        ("argon2:1:1:1", 16),
        ("argon2:4194304:1:1", 16),
        ("argon2", 7),
        ("argon2", 0),
        ("scrypt", 0),
        ("scrypt", -1),
        ("\ud800", 16),
    ],
)
def test_what_cannot_be_made_is_a_value_error(method: str, salt_length: int) -> None:
    with pytest.raises(ValueError):
        generate_password_hash("x", method, salt_length)


def test_a_password_that_could_never_log_in_is_not_hashed() -> None:
    longest = "ä" * 2048
    assert check_password_hash(generate_password_hash(longest, "pbkdf2:sha1:1"), longest)
    for method in ("scrypt", "pbkdf2", "argon2"):
        with pytest.raises(ValueError, match="longer than 4096 bytes"):
            generate_password_hash(longest + "x", method)


@pytest.mark.parametrize("method", ["scrypt", "argon2", "pbkdf2:sha3_256:5"])
def test_a_lone_surrogate_is_a_value_error(method: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        generate_password_hash("\ud800", method)
    with pytest.raises(UnicodeEncodeError):
        check_password_hash(generate_password_hash("x", method), "\ud800")


def test_a_wrong_type_is_a_type_error() -> None:
    stored = generate_password_hash("x", "pbkdf2:sha1:1")
    wrong: list[object] = [None, b"x", 1]
    for value in wrong:
        with pytest.raises(TypeError):
            check_password_hash(stored, value)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            check_password_hash(value, "x")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            generate_password_hash(value)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            password_needs_rehash(value)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        generate_password_hash("x", "scrypt", "16")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "hello", "pa$word", "$argon2id", "\ud800"])
def test_what_has_no_form_of_a_hash_never_matches(value: str) -> None:
    assert check_password_hash(value, value) is False


@pytest.mark.parametrize(
    "value",
    [
        "pa$$w0rd",
        "$2b$12$eImiTXuWVxfM37uY4JANjQ",
        "md5$salt$1bc29b36f623ba82aaf6724fd3b16718",
        "$argon2id$",
        ARGON2 + "=",
        "$argon2id$v=19$m=8388608,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAA",
        "scrypt:1048576:16:1$salt$00",
    ],
)
def test_what_has_the_form_of_an_unknown_hash_is_a_value_error(value: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_password_hash(value, value)
    assert "salt" not in str(caught.value)


def test_the_presets_of_argon2_cffi_match() -> None:
    for preset in (profiles.CHEAPEST, profiles.RFC_9106_LOW_MEMORY, profiles.PRE_21_2):
        stored = PasswordHasher.from_parameters(preset).hash("pässword")
        assert check_password_hash(stored, "pässword") is True
        assert check_password_hash(stored, "password") is False
    # 2 GiB: read, but not run on whatever machine tests this.
    stored = ARGON2.replace("m=64,t=1,p=1", "m=2097152,t=1,p=4") + "A" * 43
    assert password_needs_rehash(stored) is False


@pytest.mark.parametrize(
    ("stored", "weak"),
    [
        ("pa$$w0rd", True),
        (f"scrypt:32768:8:1${SALT}${'0' * 128}", False),
        (f"scrypt:16384:8:1${SALT}${'0' * 128}", True),
        (f"pbkdf2:sha256:1000000${SALT}${'0' * 64}", False),
        (f"pbkdf2:sha256:600000${SALT}${'0' * 64}", True),
        (f"pbkdf2:sha3_256:1000000${SALT}${'0' * 64}", True),
        (ARGON2.replace("m=64,t=1", "m=19456,t=2") + "A" * 43, False),
        (ARGON2 + "A" * 43, True),
    ],
)
def test_what_is_weaker_than_the_defaults_needs_a_rehash(stored: str, weak: bool) -> None:
    assert password_needs_rehash(stored) is weak


@pytest.mark.parametrize("method", ["scrypt", "pbkdf2", "argon2"])
def test_the_defaults_need_no_rehash(method: str) -> None:
    assert password_needs_rehash(generate_password_hash("x", method)) is False


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ("", "is empty"),
        ("$y$j9T$eImiTXuWVxfM37uY4JANjQ$x", "is a yescrypt hash, which this version cannot check"),
        ("$2b$12$eImiTXuWVxfM37uY4JANjQ", "is a damaged bcrypt hash"),
        ("{SSHA256}eImiTXuWVxfM37uY4JANjQ", "LDAP"),
        ("{SHA}eImiTXuWVxfM37uY4JANjQ", "is a damaged SHA-1 hash"),
        ("scrypt:32768:8:1$eImiTXuWVxfM37uY4JANjQ", "damaged"),
        (f" scrypt:32768:8:1${SALT}${'0' * 128}", "white space"),
        ("pbkdf2:sha256:10000001$eImiTXuWVxfM37uY4JANjQ$00", "more memory or work"),
        ("pbkdf2:nonesuch:1$eImiTXuWVxfM37uY4JANjQ$00", "digest"),
        ("scrypt:3:8:1$eImiTXuWVxfM37uY4JANjQ$00", "parameters"),
    ],
)
def test_an_unreadable_value_is_refused_with_the_reason_alone(stored: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        password_needs_rehash(stored)
    assert "eImiTXuWVxfM37uY4JANjQ" not in str(caught.value)
    assert SALT not in str(caught.value)


@pytest.mark.parametrize(
    "method", ["scrypt:131072:8:1", "pbkdf2:sha256:3000000", "argon2:65536:3:2", "bcrypt"]
)
def test_other_threads_run_while_a_password_is_hashed(method: str) -> None:
    bcrypt = method == "bcrypt"
    stored = _core.generate_bcrypt("x") if bcrypt else generate_password_hash("x", method)
    steps, done = itertools.count(), threading.Event()

    def go_on() -> None:
        while not done.is_set():
            next(steps)
            time.sleep(0.001)

    thread = threading.Thread(target=go_on)
    thread.start()
    interval = sys.getswitchinterval()
    # From here on a thread goes on only where another lets it; one switch may be under way.
    sys.setswitchinterval(1000)
    try:
        before = next(steps)
        assert check_password_hash(stored, "x")
        after = next(steps)
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()
    assert after > before + 3


def test_a_forked_process_hashes_on_its_own_threads() -> None:
    script = """
import os, signal
from dash_auth.security import check_password_hash, generate_password_hash
stored = generate_password_hash("x", "argon2:1024:1:4")
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(0 if check_password_hash(stored, "x") else 1)
raise SystemExit(os.waitpid(child, 0)[1])
"""
    command = [sys.executable, "-W", "ignore", "-c", script]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0


# Turns


def test_the_methods_that_work_are_named() -> None:
    for method in ("bcrypt", "md5", "", "Scrypt", "argon2id"):
        with pytest.raises(ValueError, match=r"scrypt.*pbkdf2.*argon2"):
            generate_password_hash("x", method)


def test_a_turn_comes_back_whatever_happens() -> None:
    stored = generate_password_hash("x", "scrypt:1024:8:1")
    # More often than any machine has turns: one that was kept would make the next wait for ever.
    for _ in range(300):
        with pytest.raises(ValueError):
            check_password_hash("$argon2id$", "x")
        with pytest.raises(TypeError):
            check_password_hash(stored, None)  # type: ignore[arg-type]
        with pytest.raises(ValueError):
            generate_password_hash("x", "bcrypt")
    assert check_password_hash(stored, "x")


class Turns:
    """Turns of which none is free the first times."""

    def __init__(self, busy: int) -> None:
        self.busy = busy
        self.given_back = 0

    def wait(self) -> Turns | None:
        self.busy -= 1
        return None if self.busy >= 0 else self

    def give_back(self) -> None:
        self.given_back += 1


def test_where_no_turn_is_free_the_guard_is_told_and_a_script_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = generate_password_hash("x", "scrypt:1024:8:1")
    turns = Turns(busy=3)
    monkeypatch.setattr(_core, "Turn", turns)
    with asked_by_guard(), pytest.raises(dash_auth.Unavailable):
        check_password_hash(stored, "x")
    assert check_password_hash(stored, "x") is True
    assert (turns.busy, turns.given_back) == (-1, 1)


MEMORY = """
import base64, sys, threading
from dash_auth import _core
from dash_auth.security import check_password_hash, generate_password_hash

def kib(what):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what))

way, method = sys.argv[1:]
table = {"alice": generate_password_hash("x", method)}
users = _core.Users(table)

def run(number):
    for guess in range(3):
        if way == "function":
            assert not check_password_hash(table["alice"], f"{number} {guess}")
        else:
            header = base64.b64encode(f"alice:{number} {guess}".encode()).decode()
            users.attempt(f"Basic {header}", table, f"{number} {guess}").verify()

before = kib("VmRSS:")
threads = [threading.Thread(target=run, args=(number,)) for number in range(48)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(kib("VmRSS:") - before, kib("VmHWM:") - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
@pytest.mark.parametrize("method", ["scrypt:16384:8:1", "argon2:19456:1:1", "scrypt:32768:8:1"])
@pytest.mark.parametrize("way", ["function", "table"])
def test_many_threads_hash_in_the_memory_of_a_few(method: str, way: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", MEMORY, way, method]
    printed = subprocess.run(command, timeout=150, check=True, capture_output=True, text=True)
    kept, peak = (int(number) / 1024 for number in printed.stdout.split())
    turns = len(os.sched_getaffinity(0))
    # A hash takes up to 32 MiB, and an arena may hold as much again.
    assert kept < 32 + 40 * turns
    assert peak < 32 + 70 * turns
