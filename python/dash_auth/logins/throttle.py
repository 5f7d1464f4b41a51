"""How often passwords may be guessed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from dash_auth._arguments import check_number
from dash_auth._core import Counters
from dash_auth._request import Request

_MOST = 1_000_000
"""The largest number of attempts that may be free: beyond it nothing would be counted."""

_LONGEST = 24 * 60 * 60
"""The longest wait, in seconds: failures are forgotten after it."""

REPEATED = 5.0
"""For how long a wrong password counts once where passwords are kept elsewhere, in seconds: by then
the forty requests of a page that repeat it are over."""


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """How many wrong passwords are free, and how long the waits are after that.

    Each wait is twice as long as the one before. A login that comes earlier is answered 429 with
    Retry-After, and no password is looked at. Failures are forgotten after 24 hours without one.
    The counters are those of a process: with four workers up to four times as much is free. With
    `sessions="redis://..."` they are those of all workers together.

    Attributes:
        account_free: how many failures of an account are free.
        account_first: the first wait of an account after these, in seconds.
        account_longest: the longest wait of an account, in seconds.
        address_free: how many failures of a client's address are free, for IPv6 of a /64; one is
            forgiven each minute.
        address_longest: the longest wait of an address, in seconds; the first is one second.
        known_free: how many failures are free for a browser that logged in to the account lately,
            which has a counter of its own. It is known by its address, with a login page by a
            cookie. So people who guess elsewhere lock no user out.
        stop_after: after how many failures an account is shut, until 24 hours have passed without
            one or the app is started anew; None for never. With it anyone can lock a user out.
    """

    account_free: int = 4
    account_first: float = 1
    account_longest: float = 900
    address_free: int = 50
    address_longest: float = 60
    known_free: int = 10
    stop_after: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no throttle.

        :raises TypeError: for a value of a wrong type
        :raises ValueError: for a value that is out of its range
        """
        for name in ("account_free", "address_free", "known_free"):
            _check_count(name, getattr(self, name), least=0)
        if self.stop_after is not None:
            _check_count("stop_after", self.stop_after, least=self.account_free + 1)
        for name in ("account_first", "account_longest", "address_longest"):
            value = getattr(self, name)
            check_number(name, value, "seconds", above=0)
            if value > _LONGEST:
                raise ValueError(f"{name} must be {_LONGEST} seconds or less: 24 hours")
        if self.account_first > self.account_longest:
            raise ValueError("account_first must be account_longest or less")

    def stricter(self, other: Throttle) -> Throttle:
        """Return a throttle that is as strict as both, in each of its numbers.

        :param other: another one
        """
        stops = [one.stop_after for one in (self, other) if one.stop_after is not None]
        return Throttle(
            account_free=min(self.account_free, other.account_free),
            account_first=max(self.account_first, other.account_first),
            account_longest=max(self.account_longest, other.account_longest),
            address_free=min(self.address_free, other.address_free),
            address_longest=max(self.address_longest, other.address_longest),
            known_free=min(self.known_free, other.known_free),
            stop_after=min(stops, default=None),
        )


def check_throttle(throttle: object) -> None:
    """Refuse what is no throttle.

    :raises TypeError: if it is neither one nor None
    """
    if throttle is not None and not isinstance(throttle, Throttle):
        raise TypeError(
            "throttle must be a dash_auth.Throttle, or None for none, "
            f"not {type(throttle).__name__}"
        )


def counters_of(
    throttle: Throttle | None, *, repeated: float | None = None, asks_again: bool = False
) -> Counters | None:
    """Return new counters, None where nothing is counted.

    :param throttle: how many attempts are free, None for no throttle
    :param repeated: for how long, in seconds, a wrong password that comes again is refused without
        being looked at; None for as long as it is remembered
    :param asks_again: whether for so long it is looked at again instead, and counts once
    """
    if throttle is None:
        return None
    return Counters(
        account_free=throttle.account_free,
        account_first=throttle.account_first,
        account_longest=throttle.account_longest,
        address_free=throttle.address_free,
        address_longest=throttle.address_longest,
        known_free=throttle.known_free,
        stop_after=throttle.stop_after,
        repeated=repeated,
        asks_again=asks_again,
    )


def forwarded_of(request: Request) -> str | None:
    """Return what the headers of proxies say of the client's address, None if there are none.

    :param request: the request
    """
    found = [request.header(name) for name in ("X-Forwarded-For", "Forwarded")]
    named = [value for value in found if value is not None]
    return ", ".join(named) if named else None


def folded(name: str) -> str:
    """Return under which name one that no store knows is counted: directories fold them so.

    :param name: the name as it was typed
    """
    return unicodedata.normalize("NFKC", name).casefold()


def _check_count(name: str, value: object, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a number of attempts, not {type(value).__name__}")
    if not least <= value <= _MOST:
        raise ValueError(f"{name} must be a number of attempts from {least} to {_MOST}")
