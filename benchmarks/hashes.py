"""One verification of a password: the core's beside hashlib's and argon2-cffi's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from time import process_time

from peers import Peers
from rows import Row, at_least, median_ratio, seconds

ROUNDS = 9
PASSWORD = "correct horse battery staple"
SALT = "sixteen-letters-"


def rows(_: Peers) -> list[Row]:
    """Measure each scheme; both sides run in this process, in turn."""
    import argon2
    from argon2.low_level import Type, hash_secret, verify_secret
    from dash_auth.security import check_password_hash

    memory, passes, lanes = 64 * 1024, 3, 4
    password, salt = PASSWORD.encode(), SALT.encode()
    scrypt = hashlib.scrypt(password, salt=salt, n=32768, r=8, p=1, maxmem=132 * 32768 * 8)
    pbkdf2 = hashlib.pbkdf2_hmac("sha256", password, salt, 1_000_000)
    argon = hash_secret(password, salt, passes, memory, lanes, 32, Type.ID)

    def by_core(stored: str) -> Callable[[], object]:
        return lambda: check_password_hash(stored, PASSWORD)

    cases = (
        (
            "scrypt 32768:8:1",
            "hashlib",
            1.3,
            by_core(f"scrypt:32768:8:1${SALT}${scrypt.hex()}"),
            lambda: (
                scrypt
                == hashlib.scrypt(password, salt=salt, n=32768, r=8, p=1, maxmem=132 * 32768 * 8)
            ),
        ),
        (
            "pbkdf2-sha256 1,000,000",
            "hashlib",
            2.0,
            by_core(f"pbkdf2:sha256:1000000${SALT}${pbkdf2.hex()}"),
            lambda: pbkdf2 == hashlib.pbkdf2_hmac("sha256", password, salt, 1_000_000),
        ),
        (
            "argon2id 64 MiB, 3 passes, 4 lanes",
            f"argon2-cffi {argon2.__version__}"
            if hasattr(argon2, "__version__")
            else "argon2-cffi",
            1.15,
            by_core(argon.decode()),
            lambda: verify_secret(argon, password, Type.ID),
        ),
    )
    found = []
    for name, other, goal, ours, theirs in cases:
        times = _in_turn(ours, theirs)
        mine, others = times
        found.append(
            Row(
                f"Verify {name}",
                seconds(mine),
                f"{seconds(others)} ({other})",
                median_ratio(others, mine),
                at_least(goal),
            )
        )
    return found


def _in_turn(*verify: Callable[[], object]) -> list[list[float]]:
    """Return the seconds of processor time that each takes, on all cores, measured in turn."""
    times: list[list[float]] = [[] for _ in verify]
    for _ in range(ROUNDS):
        for function, collected in zip(verify, times, strict=True):
            start = process_time()
            if function() is not True:
                raise RuntimeError("a right password was refused")
            collected.append(process_time() - start)
    return times
