"""Which new passwords are taken: long ones that are not known to be used by many.

There is no other rule (NIST SP 800-63B-4, section 3.1.1.2): none for digits or punctuation, and no
password has to be changed after some time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast

from dash_auth import _core
from dash_auth.users.store import Account

LEAST = 15
"""So many characters a password has at least, where it is all that is asked for."""

SHORT = 8
"""So many, where the developer says that shorter ones will do."""

TEMPORARY_SECONDS = 72 * 60 * 60
"""For how long a temporary password is good, in seconds."""

Fault = Literal["short", "long", "control", "common", "name"]
"""Why a password is not taken: too few characters, more than 4096 bytes, a control character, among
those that many use, or like the user's name or the app's."""


def fault_of(
    password: str, account: Account, *, least: int = LEAST, names: Iterable[str] = ()
) -> Fault | None:
    """Return why a new password is not taken, None if it is.

    :param password: the new password
    :param account: whose it is to be
    :param least: how many characters it has at least
    :param names: further names that it may not be, such as the app's
    """
    own = (account.name, account.full_name, account.email, *names)
    return cast(
        "Fault | None", _core.password_fault(password, [name for name in own if name], least)
    )
