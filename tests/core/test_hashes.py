"""Hashes of other programs: those of htpasswd and mkpasswd themselves, of Django, passlib and LDAP.

The programs make them anew in each run, so that it is their opinion which is tested.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from dash_auth import _core
from dash_auth.security import check_password_hash, password_needs_rehash
from hypothesis import given, settings
from hypothesis import strategies as st

MISSING = shutil.which("htpasswd") is None or shutil.which("mkpasswd") is None
needs_programs = pytest.mark.skipif(
    MISSING and "CI" not in os.environ,
    reason="htpasswd or mkpasswd is missing: `make htpasswd` installs them",
)

PASSWORDS = ["pässword", "two words", " ", "a:b$c", "\U0001f511" * 18]
"""The last has 72 bytes."""


def made(command: str, password: str) -> str:
    """Return what a program writes that reads a password from its standard input."""
    return subprocess.run(
        command.split(),
        input=password.encode() + b"\n",
        capture_output=True,
        check=True,
        timeout=30,
    ).stdout.decode()


def assert_matches_alone(stored: str, password: str) -> None:
    """See that a password matches, as it is in a table as well, and that others do not."""
    assert check_password_hash(stored, password) is True, (stored, password)
    for other in (password + " ", password[1:], password.upper() + "x", stored):
        assert check_password_hash(stored, other) is False, (stored, other)
    table = {"alice": stored}
    users = _core.Users(table)
    assert outcome(users, table, password + "x") == _core.Refusal.WRONG
    assert outcome(users, table, password) == ("alice", stored)


def outcome(users: _core.Users, table: dict[str, str], password: str) -> object:
    header = "Basic " + base64.b64encode(f"alice:{password}".encode()).decode()
    attempt = users.attempt(header, table, "")
    return attempt.verify() if isinstance(attempt, _core.Attempt) else attempt


# htpasswd and mkpasswd


@needs_programs
@pytest.mark.parametrize("option", ["-B -C 4", "-m", "-s"])
def test_what_htpasswd_makes_is_read_and_matches(option: str) -> None:
    for password in PASSWORDS:
        line = made(f"htpasswd -i -n {option} alice", password)
        ((name, stored),) = _core.read_htpasswd(line.encode())
        assert (name, stored) == ("alice", line.strip().split(":", 1)[1])
        assert_matches_alone(stored, password)
        assert password_needs_rehash(stored) is True


@needs_programs
@pytest.mark.parametrize(
    "method",
    ["bcrypt -R 4", "bcrypt-a -R 4", "sha512crypt -R 1000", "sha256crypt -R 1000"]
    + ["sha512crypt", "sha256crypt", "md5crypt"],
)
def test_what_mkpasswd_makes_matches(method: str) -> None:
    for password in PASSWORDS:
        stored = made(f"mkpasswd -s -m {method}", password).strip()
        assert_matches_alone(stored, password)
        assert password_needs_rehash(stored) is True


@needs_programs
@pytest.mark.parametrize("method", ["md5crypt", "sha256crypt -R 1000", "sha512crypt -R 1000"])
def test_passwords_of_any_length_match_what_crypt_makes_of_them(method: str) -> None:
    # These schemes cut and repeat passwords by the block of their hash.
    for length in (0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 511):
        password = ("0123456789abcdé" * 40).encode()[:length].decode(errors="ignore")
        stored = made(f"mkpasswd -s -m {method}", password).strip()
        assert check_password_hash(stored, password) is True, length
        assert check_password_hash(stored, password + "x") is False, length


@needs_programs
def test_what_is_over_72_bytes_never_matches_what_bcrypt_cut() -> None:
    stored = made("mkpasswd -s -m bcrypt -R 4", "x" * 73).strip()
    for length in (71, 73, 74, 4096, 5000):
        assert check_password_hash(stored, "x" * length) is False, length
    # The password that bcrypt saw; a NUL would end another one there.
    assert check_password_hash(stored, "x" * 72) is True
    assert check_password_hash(made("mkpasswd -s -m bcrypt -R 4", "a").strip(), "a\0b") is False


@needs_programs
@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("yescrypt", "is a yescrypt hash, which this version cannot check"),
        ("gost-yescrypt", "is a yescrypt hash"),
        ("scrypt", "is an scrypt hash in the form of crypt(3)"),
        ("sunmd5", "is in the form of a hash"),
        ("nt", "is in the form of a hash"),
    ],
)
def test_what_is_not_checked_is_refused_by_name(method: str, reason: str) -> None:
    stored = made(f"mkpasswd -s -m {method}", "pässword").strip()
    with pytest.raises(ValueError, match=re.escape(reason)):
        password_needs_rehash(stored)
    with pytest.raises(ValueError, match=re.escape(f"line 2 holds what {reason}")) as caught:
        _core.read_htpasswd(f"# users\nalice:{stored}\n".encode())
    assert stored[-10:] not in str(caught.value)


@needs_programs
@pytest.mark.parametrize(("option", "reason"), [("-d", "a DES hash"), ("-p", "no hash")])
def test_des_and_plaintext_are_refused_in_a_file(option: str, reason: str) -> None:
    line = made(f"htpasswd -i -n {option} alice", "secret-pässword")
    with pytest.raises(ValueError, match=f"line 1 holds {reason}.*htpasswd -B") as caught:
        _core.read_htpasswd(line.encode())
    assert line.strip().split(":")[1] not in str(caught.value)


@needs_programs
def test_htpasswd_knows_what_is_made_here(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"alice:{_core.generate_bcrypt('pässword')}\n")
    for password, code in (("pässword", 0), ("password", 3)):
        command = ["htpasswd", "-vb", str(file), "alice", password]
        assert subprocess.run(command, capture_output=True, check=False).returncode == code


def test_what_bcrypt_does_not_see_as_a_whole_is_not_hashed() -> None:
    stored = _core.generate_bcrypt("ä" * 36)
    assert re.fullmatch(r"\$2y\$12\$[./A-Za-z0-9]{53}", stored)
    assert password_needs_rehash(stored) is False
    assert check_password_hash(stored, "ä" * 36) is True
    for password in ("ä" * 36 + "x", "a\0b", "\0"):
        with pytest.raises(ValueError, match="72 bytes") as caught:
            _core.generate_bcrypt(password)
        assert password not in str(caught.value)
    with pytest.raises(UnicodeEncodeError):
        _core.generate_bcrypt("\ud800")


# Django, passlib and LDAP, by hashlib's word


def b64(octets: bytes, *, plus: str = "+") -> str:
    return base64.b64encode(octets).decode().rstrip("=").replace("+", plus)


passwords = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80)


@settings(deadline=None, max_examples=50)
@given(passwords, st.binary(min_size=1, max_size=40), st.integers(1, 20))
def test_hashes_in_the_forms_of_others_match(password: str, salt: bytes, rounds: int) -> None:
    octets, text = password.encode(), salt.hex()
    pbkdf2 = hashlib.pbkdf2_hmac("sha256", octets, salt, rounds)
    django = hashlib.pbkdf2_hmac("sha256", octets, text.encode(), rounds)
    scrypt = hashlib.scrypt(octets, salt=salt, n=128, r=8, p=1, dklen=32)
    ssha = hashlib.sha1(octets + salt).digest() + salt
    for stored in (
        f"pbkdf2_sha256${rounds}${text}${base64.b64encode(django).decode()}",
        f"$pbkdf2-sha256${rounds}${b64(salt, plus='.')}${b64(pbkdf2, plus='.')}",
        f"$scrypt$ln=7,r=8,p=1${b64(salt)}${b64(scrypt)}",
        "{SSHA}" + base64.b64encode(ssha).decode(),
        "{SHA}" + base64.b64encode(hashlib.sha1(octets).digest()).decode(),
    ):
        assert check_password_hash(stored, password) is True, stored
        assert check_password_hash(stored, password + "x") is False, stored
        assert password_needs_rehash(stored) is True, stored


# Hostile values

BCRYPT = "$2y$04$UXeFsnRZqxBxNHXhq15wFe1xfQXURUvR4BdU67SKXRNFN72gyP7sG"
SHA = "{SHA}zH9xIdvvCk1Psi4ui9OBlBDDcdA="
KEY = "A" * 43


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (BCRYPT.replace("$04$", "$15$"), "more memory or work"),
        (BCRYPT.replace("$04$", "$31$"), "more memory or work"),
        (BCRYPT.replace("$04$", "$99$"), "more memory or work"),
        (BCRYPT.replace("$04$", "$03$"), "parameters"),
        (BCRYPT.replace("$04$", "$4$"), "damaged"),
        (BCRYPT.replace("$04$", "$-4$"), "damaged"),
        (BCRYPT[:-1], "damaged"),
        (BCRYPT + "A", "damaged"),
        (BCRYPT + "$", "damaged"),
        (BCRYPT[:-1] + "ä", "damaged"),
        (BCRYPT[:-1] + "=", "damaged"),
        (f"$5$rounds=2000001$salt${KEY}", "more memory or work"),
        (f"$6$rounds=999999999$salt${'.' * 86}", "more memory or work"),
        (f"$6$rounds=4294967296$salt${'.' * 86}", "damaged"),
        (f"$6$rounds=999$salt${'.' * 86}", "parameters"),
        (f"$6$rounds=-1$salt${'.' * 86}", "damaged"),
        (f"$6$rounds=$salt${'.' * 86}", "damaged"),
        (f"$6$rounds=5000$${'.' * 86}", "damaged"),
        (f"$6$${'.' * 86}", "damaged"),
        (f"$6$0123456789abcdefg${'.' * 86}", "damaged"),
        (f"$6$salt${'.' * 85}", "damaged"),
        (f"$5$salt$x${KEY}", "damaged"),
        (f"$6$salt${'.' * 85}2", "damaged"),
        (f"$5$salt${'.' * 42}E", "damaged"),
        ("$apr1$salt$" + "." * 21 + "2", "damaged"),
        ("$apr1$012345678$" + "." * 22, "damaged"),
        ("$apr1$salt$" + "." * 21, "damaged"),
        ("$1$salt$" + "." * 23, "damaged"),
        (f"$scrypt$ln=60,r=8,p=1$c2FsdA${KEY}", "more memory or work"),
        (f"$scrypt$ln=21,r=8,p=1$c2FsdA${KEY}", "more memory or work"),
        (f"$scrypt$ln=7,r=4294967295,p=4294967295$c2FsdA${KEY}", "more memory or work"),
        (f"$scrypt$ln=0,r=8,p=1$c2FsdA${KEY}", "parameters"),
        (f"$scrypt$ln=7,r=8,p=0$c2FsdA${KEY}", "parameters"),
        (f"$scrypt$ln=7,r=8,p=1,x=1$c2FsdA${KEY}", "damaged"),
        (f"$scrypt$r=8,ln=7,p=1$c2FsdA${KEY}", "damaged"),
        ("$scrypt$ln=7,r=8,p=1$c2FsdA$AAAA", "damaged"),
        (f"$scrypt$ln=7,r=8,p=1$c2FsdA=${KEY}", "damaged"),
        (f"pbkdf2_sha256$10000001$salt${KEY}=", "more memory or work"),
        (f"pbkdf2_sha256$0$salt${KEY}=", "parameters"),
        (f"pbkdf2_sha256$1_0$salt${KEY}=", "damaged"),
        (f"pbkdf2_sha256$1$salt${KEY}", "damaged"),
        (f"$pbkdf2-sha256$10000001$c2FsdA${KEY}", "more memory or work"),
        (f"$pbkdf2-sha256$1$c2F+dA${KEY}", "damaged"),
        (f"$pbkdf2-sha256$1$c2FsdA${KEY}=", "damaged"),
        ("{SHA}zH9xIdvvCk1Psi4ui9OBlBDDcdA", "damaged"),
        ("{SHA}zH9xIdvvCk1Psi4ui9OBlBDDcd==", "damaged"),
        ("{SHA}" + base64.b64encode(b"x" * 21).decode(), "damaged"),
        ("{SSHA}zH9xIdvvCk1Psi4ui9OBlBDDcdA=", "damaged"),
        ("{SSHA}" + base64.b64encode(b"x" * 85).decode(), "damaged"),
        ("{sha}zH9xIdvvCk1Psi4ui9OBlBDDcdA=", "damaged"),
        (BCRYPT.replace("$2y", "$2Y"), "damaged"),
        (BCRYPT.replace("$2y", "$2x"), "an old bcrypt hash"),
        (BCRYPT.replace("$", "$$"), "doubled or escaped"),
        ("{SSHA256}x", "LDAP or Dovecot"),
        ("$bcrypt-sha256$v=2,t=2b,r=12$x$y", "bcrypt hash of a SHA-256"),
        ("bcrypt_sha256$$2b$12$x", "a Django hash"),
        ("argon2$argon2id$v=19$m=102400,t=2,p=8$x$y", "a Django hash"),
        ("$P$984478476IagS59wHZvyQMArzfx58u.", "a phpass hash"),
        ("$pbkdf2-sha512$29000$x$y", "a pbkdf2 hash of passlib's other than SHA-256"),
    ],
)
def test_a_value_that_cannot_be_checked_is_refused_when_it_is_read(
    stored: str, reason: str
) -> None:
    for read in (password_needs_rehash, lambda value: _core.Users({"alice": value})):
        with pytest.raises(ValueError, match=re.escape(reason)) as caught:
            read(stored)
        assert stored[-8:] not in str(caught.value)
    # As a line of a file it is refused with the same reason.
    with pytest.raises(ValueError, match=re.escape(reason)):
        _core.read_htpasswd(f"alice:{stored}".encode())


def test_what_asks_for_the_most_that_is_given_is_read() -> None:
    for stored in (
        BCRYPT.replace("$04$", "$14$"),
        f"$6$rounds=2000000$salt${'.' * 86}",
        f"$scrypt$ln=20,r=8,p=1$c2FsdA${KEY}",
        f"pbkdf2_sha256$10000000$salt${KEY}=",
    ):
        password_needs_rehash(stored)


@pytest.mark.parametrize(
    ("stored", "is_weak"),
    [
        (BCRYPT.replace("$04$", "$09$"), True),
        (BCRYPT.replace("$04$", "$10$"), False),
        (BCRYPT.replace("$04$", "$12$"), False),
        (f"$6$rounds=2000000$salt${'.' * 86}", True),
        (f"pbkdf2_sha256$999999$saltsaltsaltsalt${KEY}=", True),
        (f"pbkdf2_sha256$1000000$saltsaltsaltsalt${KEY}=", False),
        (f"pbkdf2_sha256$1000000$salt${KEY}=", True),
        (f"$scrypt$ln=16,r=8,p=1${'A' * 22}${KEY}", False),
        (f"$scrypt$ln=14,r=8,p=1${'A' * 22}${KEY}", True),
    ],
)
def test_what_is_weaker_than_today_needs_a_rehash(stored: str, is_weak: bool) -> None:
    assert password_needs_rehash(stored) is is_weak


# Lines


def test_a_file_gives_names_and_hashes() -> None:
    content = f"\ufeff# users\r\n\r\nalice:{BCRYPT}\r\n #x\nbob smith:{SHA}:a comment\nzoë:{SHA}"
    expected = [("alice", BCRYPT), ("bob smith", SHA), ("zoë", SHA)]
    assert _core.read_htpasswd(content.encode()) == expected
    for empty in (b"", b"\n\n", b"# nothing\n", b"\xef\xbb\xbf"):
        assert _core.read_htpasswd(empty) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"alice", "line 1 has no colon"),
        (b"# x\n\n:" + SHA.encode(), "line 3 has no name"),
        (f"a:{SHA}\nb:{SHA}\na:{BCRYPT}".encode(), "line 3 names a user again"),
        (f"a\0:{SHA}".encode(), "line 1 has a control character"),
        (f"a\rb:{SHA}".encode(), "line 1 has a control character"),
        (f"a:{SHA}\x1b".encode(), "line 1 has a control character"),
        (b"a:{SHA}x", "line 1 holds what is a damaged SHA-1 hash"),
        (b"\xff:x", "line 1 is no text in UTF-8"),
        (f"a:{SHA}\n".encode("utf-16"), "line 1 is no text in UTF-8"),
        (b"a:", "line 1 holds what is empty"),
        (f"a:{SHA[:-1]}:{SHA}".encode(), "line 1 holds what is a damaged SHA-1 hash"),
        (f"a:x:{SHA}".encode(), "line 1 holds no hash"),
        (f"a: {SHA}".encode(), "line 1 holds what is a hash with white space"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_not_shown(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}") as caught:
        _core.read_htpasswd(content)
    assert "zH9x" not in str(caught.value)


# New passwords


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("correct horse battery", None),
        ("ein schönes langes Wort", None),
        ("alice likes her bicycle", None),
        ("\U0001f511" * 14, "short"),
        ("", "short"),
        ("ä" * 2049, "long"),
        ("a line\nfeed in a password", "control"),
        ("a C1 control\x85 in a password", "control"),
        ("a" * 15, "common"),
        ("A" * 40, "common"),
        ("123456789012345", "common"),
        ("ponmlkjihgfedcba", "common"),
        ("1q2w3e4r1q2w3e4r1q2w3e4r", None),
        ("ALICE.SMITH@example.com", "name"),
        ("alice.smith2026!", "name"),
        ("Quarterly Sales 1", "name"),
    ],
)
def test_which_new_passwords_are_taken(password: str, fault: str | None) -> None:
    names = ["alice.smith@example.com", "Quarterly sales"]
    assert _core.password_fault(password, names, 15) == fault


def test_a_common_password_is_not_taken_in_any_letter_case() -> None:
    for password in ("password1", "PASSWORD1", "Football", "qwertyuiop"):
        assert _core.password_fault(password, [], 8) == "common"
        assert _core.password_fault(password, [], 15) == "short"
    for password in ("password1 and more", "footbal|"):
        assert _core.password_fault(password, [], 8) is None
