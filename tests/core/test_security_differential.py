"""``dash_auth.security`` beside werkzeug and argon2-cffi: the same outcome, or a named difference.

Differences that are wanted:

-   What starts as an argon2 hash does is read; werkzeug knows no such hash.
-   A wrong type is a ``TypeError``; werkzeug leaves it to whatever fails first.
-   A password over 4096 bytes is not hashed for storage, since it could never log in.
-   An argon2 hash of a version that does not exist is refused; the reference
    implementation computes something.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import werkzeug.security
from argon2 import PasswordHasher, Type, exceptions
from argon2.low_level import hash_secret
from dash_auth import security
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

PASSWORD = "pässword"
METHODS = ["scrypt:128:1:1", "scrypt:1024:8:2", "pbkdf2:sha256:3", "pbkdf2:sha512:2"]
METHODS += ["pbkdf2:sha512_256:7", "pbkdf2:sha3_256:4", "pbkdf2:md5:9", "pbkdf2:blake2b:2"]
BASES = [werkzeug.security.generate_password_hash(PASSWORD, method) for method in METHODS]
ARGON2_BASES = [
    PasswordHasher(2, 64, 2, hash_len, 16, type=variant).hash(PASSWORD)
    for variant in Type
    for hash_len in (16, 32)
] + [hash_secret(b"p\xc3\xa4ssword", b"01234567", 1, 32, 1, 8, Type.I, version=16).decode()]

Outcome = object


def outcome(function: Callable[..., object], *arguments: object) -> Outcome:
    """Return what a call gives, or the class of what it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error)


def same_as_werkzeug(stored: str, password: str) -> None:
    ours = outcome(security.check_password_hash, stored, password)
    assert ours == outcome(werkzeug.security.check_password_hash, stored, password), stored


@st.composite
def edited(draw: st.DrawFn, bases: list[str], alphabet: str) -> str:
    """Return one of the strings with a few characters replaced, put in, or left out."""
    value = draw(st.sampled_from(bases))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, min(len(value), draw(st.sampled_from([30, 200])))))
        put = draw(st.text(alphabet, max_size=1))
        value = value[:at] + put + value[at + draw(st.integers(0, 1)) :]
    return value


passwords = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from(
    [PASSWORD, "", "x" * 63, "x" * 64, "x" * 65, "x" * 129, "\0", "a\0b"]
)
salts = st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]), max_size=20)


def takes_long(arguments: list[str]) -> bool:
    """Tell whether scrypt would compute for seconds: what is more than that, hashlib refuses."""
    try:
        return 2**17 < math.prod(int(argument) for argument in arguments) <= 2**24
    except ValueError:
        return False


# Some of them hash with werkzeug's default parameters, four times each.
@pytest.mark.timeout(180)
@settings(deadline=None, max_examples=400)
@given(edited(BASES, "0123456789abcdefghxABCDEF$:_+- \t\n.\0é٣\ud800"))
@example("")
@example("$")
@example("$$")
@example("\ud800$$")
def test_edited_hashes_have_werkzeugs_outcome(stored: str) -> None:
    same_as_werkzeug(stored, PASSWORD)


NAMES = ["scrypt", "pbkdf2", "SCRYPT", " scrypt", "plain", "md5", "sha256", "", "$2b", "bcrypt"]
DIGESTS = [
    "sha256",
    "SHA256",
    "sha1",
    "md5",
    "sha3_512",
    "sha-256",
    "nonesuch",
    "sha256\0",
    "é",
    "",
]
NUMBERS = ["0", "1", "-1", "2", "8", "08", "+8", " 8", "1_0", "128", "1023", "1024", "1.0", "1e3"]
NUMBERS += ["0x10", "٣", "\ud800", "65536", "2147483648", "4294967296", "9" * 30, "9" * 4301]


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(DIGESTS + NUMBERS), max_size=4),
    st.sampled_from(["salt", "", "é", "\ud800", "a b"]),
    st.sampled_from(["", "00", "0" * 64, "0" * 128, "é", "\ud800", "00$"]),
    st.sampled_from(["x", "", "é", "\ud800"]),
)
@example("pbkdf2", ["sha256", "2147483648"], "salt", "00", "x")
@example("pbkdf2", ["sha256", "9" * 30], "salt", "00", "x")
@example("scrypt", ["65536", "1", "1"], "salt", "00", "x")
@example("scrypt", ["64", "8", "1"], "salt", "00", "x")
@example("scrypt", ["2147483648", "8", "1"], "salt", "00", "x")
@example("scrypt", ["1048576", "16", "1"], "salt", "00", "x")
def test_malformed_methods_have_werkzeugs_outcome(
    name: str, arguments: list[str], salt: str, key: str, password: str
) -> None:
    assume(name != "scrypt" or not takes_long(arguments))
    method = ":".join([name, *arguments])
    same_as_werkzeug(f"{method}${salt}${key}", password)
    # werkzeug makes what it can make; what differs is the salt.
    ours = outcome(security.generate_password_hash, password, method, 4)
    theirs = outcome(werkzeug.security.generate_password_hash, password, method, 4)
    if isinstance(ours, str) and isinstance(theirs, str):
        assert ours.split("$")[0] == theirs.split("$")[0]
        assert len(ours) == len(theirs)
    else:
        assert ours == theirs, method


@settings(deadline=None)
@given(
    st.sampled_from(["scrypt:128:2:1", "scrypt:256:3:3", "pbkdf2:sha256:1", "pbkdf2:sha256:2"])
    | st.sampled_from(["pbkdf2:sha1:3", "pbkdf2:sha224:3", "pbkdf2:sha384:3", "pbkdf2:sha512:3"])
    | st.sampled_from(["pbkdf2:sha512_224:3", "pbkdf2:sha512_256:3", "pbkdf2:sha3_384:3"]),
    passwords,
    passwords,
    st.integers(1, 40),
)
def test_hashes_of_either_side_match_on_the_other(
    method: str, password: str, other: str, salt_length: int
) -> None:
    ours = security.generate_password_hash(password, method, salt_length)
    theirs = werkzeug.security.generate_password_hash(password, method, salt_length)
    for stored in (ours, theirs):
        assert security.check_password_hash(stored, password) is True
        assert werkzeug.security.check_password_hash(stored, password) is True
        # HMAC takes some passwords for equal, such as one with and without a NUL at its end.
        same_as_werkzeug(stored, other)


@settings(deadline=None)
@given(st.sampled_from(["scrypt:128:1:1", "pbkdf2:sha256:2", "pbkdf2:sha512:2"]), salts, passwords)
def test_any_salt_gives_werkzeugs_hash(method: str, salt: str, password: str) -> None:
    key, _ = werkzeug.security._hash_internal(method, salt, password)
    assert security.check_password_hash(f"{method}${salt}${key}", password) is True
    assert security.check_password_hash(f"{method}${salt}${key}", password + "x") is False


def test_the_default_parameters_are_werkzeugs() -> None:
    for method in ("scrypt", "pbkdf2", "pbkdf2:sha1"):
        ours = security.generate_password_hash(PASSWORD, method)
        theirs = werkzeug.security.generate_password_hash(PASSWORD, method)
        assert ours.split("$")[0] == theirs.split("$")[0]
        bare = method + "$" + theirs.split("$", 1)[1]
        assert security.check_password_hash(bare, PASSWORD) is True
        assert werkzeug.security.check_password_hash(bare, PASSWORD) is True


def test_passwords_over_the_bound_are_checked_as_werkzeug_does() -> None:
    long = "x" * 5000
    stored = werkzeug.security.generate_password_hash(long, "pbkdf2:sha256:2")
    assert security.check_password_hash(stored, long) is True
    assert security.check_password_hash(stored, long + "x") is False


def argon2_cffi(stored: str, password: str) -> Outcome:
    """Return argon2-cffi's outcome in our terms."""
    try:
        return PasswordHasher().verify(stored, password)
    except exceptions.VerifyMismatchError:
        return False
    except (exceptions.VerificationError, exceptions.InvalidHashError, UnicodeEncodeError):
        return ValueError


@settings(deadline=None, max_examples=400)
@given(edited(ARGON2_BASES, "0123456789abcdefgxABCDEF$:=,+-/ mtpvid\n.é"))
@example("$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$AAAAAA")
@example("$argon2id$v=19$m=7,t=1,p=1$MDEyMzQ1Njc$AAAAAA")
@example("$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1$AAAAAA")
@example("$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$AAAA")
@example("$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njd$AAAAAA")
def test_edited_argon2_hashes_have_argon2_cffis_outcome(stored: str) -> None:
    if not stored.startswith("$argon2"):
        return same_as_werkzeug(stored, PASSWORD)
    ours = outcome(security.check_password_hash, stored, PASSWORD)
    if stored.count("$") < 2:
        assert ours is False
    elif "$v=" in stored and stored.split("$v=")[1].split("$")[0] not in ("16", "19"):
        assert ours is ValueError
    else:
        assert ours == argon2_cffi(stored, PASSWORD)
    return None


@settings(deadline=None)
@given(
    st.sampled_from(list(Type)),
    st.sampled_from([16, 19]),
    st.tuples(st.integers(1, 4), st.integers(32, 200), st.integers(1, 4)),
    st.binary(min_size=8, max_size=40),
    st.integers(4, 100),
    passwords,
)
def test_argon2_cffis_hashes_match_here(
    variant: Type,
    version: int,
    costs: tuple[int, int, int],
    salt: bytes,
    length: int,
    password: str,
) -> None:
    passes, memory, lanes = costs
    stored = hash_secret(
        password.encode(), salt, passes, memory, lanes, length, variant, version=version
    ).decode()
    assert security.check_password_hash(stored, password) is True
    assert security.check_password_hash(stored, password + "x") is False


@settings(deadline=None)
@given(
    st.tuples(st.integers(32, 200), st.integers(1, 4), st.integers(1, 4)),
    passwords,
    st.integers(8, 40),
)
def test_our_argon2_hashes_match_in_argon2_cffi(
    costs: tuple[int, int, int], password: str, salt_length: int
) -> None:
    method = "argon2:{}:{}:{}".format(*costs)
    stored = security.generate_password_hash(password, method, salt_length)
    assert argon2_cffi(stored, password) is True
    assert argon2_cffi(stored, password + "x") is False
