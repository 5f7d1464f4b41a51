"""Hash passwords for storage, and check them: werkzeug's two functions, and more hashes.

The functions have werkzeug's signatures and outcomes, so that an import of
``werkzeug.security`` can be replaced by one of this module. The work is done without
the GIL, and as many hashes run at once as there are cores: others wait for their turn.
What werkzeug answers with an exception, and the few spellings that only it
reads, are handed to werkzeug itself.

Beside werkzeug's hashes these are checked: argon2 and scrypt in the PHC string format,
bcrypt, the hashes of ``htpasswd`` and crypt(3) (``$apr1$``, ``$1$``, ``{SHA}``, ``$5$``,
``$6$``), LDAP's ``{SSHA}``, and PBKDF2 with SHA-256 as Django and passlib write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import werkzeug.security

from dash_auth import _core
from dash_auth._unavailable import Unavailable, is_asked_by_guard

__all__ = ["check_password_hash", "generate_password_hash", "password_needs_rehash"]


def generate_password_hash(password: str, method: str = "scrypt", salt_length: int = 16) -> str:
    """Hash a password for storage, with a new random salt.

    -   ``scrypt`` is the default; its parameters are N, r and p:
        ``scrypt:32768:8:1``.
    -   ``pbkdf2`` takes a digest of :mod:`hashlib` and the iterations:
        ``pbkdf2:sha256:1000000``.
    -   ``argon2`` is Argon2id; its parameters are the memory in KiB, the passes and the
        lanes: ``argon2:19456:2:1``, which is what OWASP recommends. The result is a string
        in the PHC format. werkzeug does not know this method.

    :param password: The password, at most 4096 bytes in UTF-8: :class:`dash_auth.BasicAuth`
        lets nobody in with a longer one.
    :param method: The method, and its parameters after colons.
    :param salt_length: The length of the salt: characters, or bytes with ``argon2`` (at
        least 8).
    :return: The stored value: method, parameters, salt and hash in one string.
    :raises ValueError: If the method, its parameters, the salt length or the password
        cannot be used.
    :raises OSError: If there is not enough memory, or no random bytes are to be had.
    """
    with _turn():
        generated = _core.generate_password_hash(password, method, salt_length)
        if generated is None:
            return werkzeug.security.generate_password_hash(password, method, salt_length)
    return generated


def check_password_hash(pwhash: str, password: str) -> bool:
    """Tell whether a password matches a stored hash.

    A value that is no hash never matches; in particular it is not compared as
    plaintext, which :class:`dash_auth.BasicAuth` does with the values that it is given.

    bcrypt sees 72 bytes of a password and crypt(3) takes 512: a longer one never matches
    their hashes, and is never cut.

    :param pwhash: A hash made by :func:`generate_password_hash`, here or in werkzeug, or
        one of the others that this module checks.
    :param password: The password to check.
    :return: True if it matches; False if it does not, or if ``pwhash`` has fewer than
        two ``$`` and does not begin as ``{SHA}`` and ``{SSHA}`` do.
    :raises ValueError: If ``pwhash`` has the form of a hash and cannot be read, or asks
        for more memory or work than is given.
    :raises dash_auth.Unavailable: If it is called to decide on a request, in ``auth_func``
        or ``is_authorized``, and no turn to hash is free for five seconds: let it pass, the
        request is answered 503. Anywhere else it waits for as long as it takes.
    """
    with _turn():
        matches = _core.check_password_hash(pwhash, password)
        if matches is None:
            return werkzeug.security.check_password_hash(pwhash, password)
    return matches


def password_needs_rehash(stored: str) -> bool:
    """Tell whether a stored value is weaker than what is made today.

    After a login whose value is weak, hash the password again and store that. A value
    is weak if it is plaintext, or if it costs less to guess, with its own method, than
    that method's default and whatever OWASP calls equal to it. bcrypt is weak below cost
    10, the least that OWASP lists; what htpasswd makes with ``-B`` alone has 5. The other
    hashes of ``htpasswd``, crypt(3) and LDAP are always weak.

    :param stored: A stored value, as in the users of :class:`dash_auth.BasicAuth`.
    :return: True if it is weaker than what :func:`generate_password_hash` makes.
    :raises ValueError: If BasicAuth would refuse the value: it is empty, damaged, asks
        for too much, or is a hash of a kind that cannot be checked.
    """
    return _core.password_needs_rehash(stored)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for a turn to hash, which strangers who guess would otherwise take without bound."""
    turn = _core.Turn.wait()
    while turn is None:
        if is_asked_by_guard():
            raise Unavailable("too many passwords are being hashed at once")
        turn = _core.Turn.wait()
    try:
        yield
    finally:
        turn.give_back()
