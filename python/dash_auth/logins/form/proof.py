"""What proves that the app's own page sends a form with which a user logs in or out.

Browsers say so in a header. Where they do not (plain http, a proxy that tells the server another
host), the form has a field that is bound to a random cookie, which the page with the form has set.
The field alone proves nothing: anybody can fetch one.
(OWASP, Cross-Site Request Forgery Prevention Cheat Sheet, "Signed Double-Submit Cookie".)
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable

from dash_auth import _core
from dash_auth._request import Request
from dash_auth._secret_keys import Keys, mark
from dash_auth.sessions.ticket import Tickets

SECONDS = 60 * 60
"""For how long a page with such a form can be sent, in seconds."""

_VALUE = re.compile(r"[A-Za-z0-9_-]{22}")


class Proof:
    """Proves whose page sends a form."""

    def __init__(self, tickets: Tickets, guard: str, keys: Callable[[], Keys]) -> None:
        """Name the guard.

        :param tickets: the tickets of the guard: its cookies go over https where theirs do
        :param guard: what tells this guard from any other that shares the keys
        :param keys: returns the keys that bind the fields, the current one first
        """
        self._tickets = tickets
        self._guard = guard
        self._keys = keys
        self._name = f"dash_auth_form_{mark(guard)}"

    def field(self, request: Request, path: str) -> str:
        """Return the field of a form, and have the answer set the cookie that it is bound to.

        :param request: the request for the page
        :param path: the path that the form is sent to, as the browser sees it
        """
        # One for all tabs: each of their forms can be sent.
        value = self._value(request) or secrets.token_urlsafe(16)
        secure = "; Secure" if self._tickets.is_secure(request) else ""
        request.set_cookies[self._name] = (
            f"{self._name}={value}; Path={path}; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{secure}"
        )
        return self._seal(self._keys()[0], value)

    def is_own(self, request: Request, field: str) -> bool:
        """Tell whether a form was sent by the app's own page.

        :param request: the request that brought it
        :param field: the field that came along, nothing where none did
        """
        is_own = _core.is_own_page(request.sec_fetch_site, request.origin, request.own_origin)
        if is_own is not None:
            return is_own
        value = self._value(request)
        if value is None or not field.isascii():
            return False
        return any([hmac.compare_digest(self._seal(key, value), field) for key in self._keys()])

    def _value(self, request: Request) -> str | None:
        value = request.cookie(self._name)
        return value if value is not None and _VALUE.fullmatch(value) else None

    def _seal(self, key: bytes, value: str) -> str:
        return _core.seal(key, "form", self._guard, value)
