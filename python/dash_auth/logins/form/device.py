"""The cookie of a browser's device (OWASP's "device cookie"): who logged in with it before.

It lets nobody in. Guesses that are made elsewhere do not count against a browser that has one: it
has a counter of its own. It names no account: whether it is for one shows by its seal alone.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from typing import NamedTuple

from dash_auth import _core
from dash_auth._request import Request, Server
from dash_auth._secret_keys import mark

LIFETIME = 365 * 24 * 60 * 60
"""For how long a device is known after a login, in seconds."""

ACCOUNTS = 5
"""How many accounts the cookie of one browser is for: those that logged in last."""

_SKEW = 60
"""How far ahead of this machine's clock another's may be that wrote the cookie, in seconds."""

_FORMAT = "dash_auth device 1"
_ENTRY = re.compile(r"([A-Za-z0-9_-]{16})\.([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)
_LONGEST = ACCOUNTS * 100
"""The longest value that is read, in characters: a client chooses it."""


class _Device(NamedTuple):
    """A browser's device, as it is known for one account.

    Attributes:
        id: what tells it from any other.
        since: when its user logged in last, in seconds since 1970.
        seal: what shows that this server wrote it, and for which account.
    """

    id: str
    since: int
    seal: str

    def __str__(self) -> str:
        return f"{self.id}.{self.since}.{self.seal}"


class Devices:
    """Reads and writes the cookies of the devices that log in to one app."""

    def __init__(self, server: Server, guard_name: str) -> None:
        """Name the guard.

        :param server: the app's server, whose keys seal the cookies
        :param guard_name: what tells this guard from any other that shares the keys
        """
        self._server = server
        self._guard = guard_name
        self.name: str = f"dash_auth_device_{mark(guard_name)}"

    def id_of(self, request: Request, account: str) -> str | None:
        """Return the id of the device that makes a request, None if it is not known for an account.

        :param request: the request
        :param account: the name of the account
        """
        device = self._known(self._held(request), account)
        return None if device is None else device.id

    def remember(self, request: Request, account: str) -> None:
        """Have the device that makes a request known for an account, after a login.

        :param request: the request
        :param account: the name of the account
        """
        keys = self._server.secret_keys()
        if not keys:
            return
        held = self._held(request)
        known = self._known(held, account)
        id = secrets.token_urlsafe(12) if known is None else known.id
        now = int(time.time())
        mine = _Device(id, now, self._seal(keys[0], account, id, now))
        others = [device for device in held if device is not known]
        value = "~".join(map(str, [mine, *others][:ACCOUNTS]))
        cookie = self._cookie_name(request)
        attributes = f"Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Lax"
        secure = "; Secure" if self._is_secure(request) else ""
        request.set_cookies[cookie] = f"{cookie}={value}; {attributes}{secure}"

    def _held(self, request: Request) -> list[_Device]:
        """Return the devices that a cookie names, those that are not over, for any account."""
        text = request.cookie(self._cookie_name(request)) if request.has_cookies else None
        if text is None or len(text) > _LONGEST:
            return []
        found = [_ENTRY.fullmatch(entry) for entry in text.split("~")]
        devices = [_Device(one[1], int(one[2]), one[3]) for one in found if one is not None]
        now = time.time()
        # The clocks of two machines differ a little.
        return [device for device in devices if -_SKEW <= now - device.since <= LIFETIME]

    def _known(self, held: list[_Device], account: str) -> _Device | None:
        for key in self._server.secret_keys():
            for device in held[:ACCOUNTS]:
                expected = self._seal(key, account, device.id, device.since)
                if hmac.compare_digest(expected, device.seal):
                    return device
        return None

    def _seal(self, key: bytes, account: str, id: str, since: int) -> str:
        return _core.seal(key, _FORMAT, self._guard, account, id, str(since))

    def _cookie_name(self, request: Request) -> str:
        # No other host of the domain, and no page over http, can put a cookie of such a name.
        return f"__Host-{self.name}" if self._is_secure(request) else self.name

    def _is_secure(self, request: Request) -> bool:
        is_secure = self._server.cookie_attributes().is_secure
        return is_secure or request.own_origin.startswith("https:")
