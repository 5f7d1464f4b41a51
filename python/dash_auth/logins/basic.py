"""HTTP Basic authentication (RFC 7617): the name and the password in each request."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from dash_auth._core import Refusal
from dash_auth._current import RequestIdentity
from dash_auth._login import BASIC, Login, Outcome, Visitor
from dash_auth._request import Answer, Request
from dash_auth._shown import USER
from dash_auth._steps import Steps, Wait, at_once, is_way
from dash_auth.logins.function import GroupsFunc, UserGroups, groups_of
from dash_auth.logins.passwords import Passwords, Verified


class Basic(Login):
    """Recognises requests by their Authorization header."""

    precedence = BASIC

    def __init__(
        self,
        passwords: Passwords,
        groups: UserGroups | GroupsFunc | None,
        refuse: Callable[[], Answer],
    ) -> None:
        """Remember whom to ask.

        :param passwords: who knows the passwords
        :param groups: the groups of each user, or a function of the user's name
        :param refuse: returns the answer with the challenge
        """
        self._passwords = passwords
        self._groups = groups
        self._refuse = refuse

    def claim(self, request: Request) -> str | None:
        return request.authorization

    def verify(self, request: Request, claim: str) -> Steps[Outcome]:
        made = self._verified(request, claim)
        outcome = (yield from made) if is_way(made) else made
        request.verified = (self, claim, outcome)
        if isinstance(outcome, Refusal):
            return outcome
        claims = yield from self.claims(outcome[0])
        seconds = self._passwords.seconds
        until = None if seconds is None else time.monotonic() + seconds
        identity = RequestIdentity(None, claims)
        return Visitor(self, claim, identity, {USER: claims}, against=outcome, until=until)

    def _verified(
        self, request: Request, header: str
    ) -> Steps[Verified | Refusal] | Verified | Refusal:
        """Return what comes of a request's credentials, verified once."""
        known = request.verified
        if known is None or known[:2] != (self, header) or request.is_socket:
            return self._passwords.verify(header, request.address)
        found: Verified | Refusal = known[2]
        return found

    def are_right(self, request: Request) -> bool:
        """Tell whether a request's credentials are right, as far as that costs nothing.

        :param request: the request
        """
        header = request.authorization
        if header is None:
            return False
        made = self._verified(request, header)
        outcome = at_once(made) if is_way(made) else made
        return outcome is not None and not isinstance(outcome, Refusal)

    def claims(self, name: str) -> Steps[dict[str, Any]]:
        """Return what the session shows of a user.

        :param name: the user's name
        """
        if callable(self._groups):
            groups = yield Wait(partial(groups_of, self._groups, name), is_remembered=True)
        else:
            groups = groups_of(self._groups, name)
        return {"email": name, "groups": groups}

    def holds(self, visitor: Visitor) -> bool:
        if visitor.until is not None and time.monotonic() >= visitor.until:
            return False
        name, verified_against = visitor.against
        return bool(self._passwords.stored(name) == verified_against)

    def weak_passwords(self) -> list[tuple[str, str]]:
        return self._passwords.weak()

    def ask(self, request: Request) -> Answer:
        return self._refuse()
