"""HTTP Basic authentication (RFC 7617): the name and the password in each request."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from dash_auth import _core, _witness
from dash_auth._arguments import Pair
from dash_auth._core import Refusal, Throttled
from dash_auth._current import RequestIdentity
from dash_auth._login import BASIC, Login, Outcome, Visitor
from dash_auth._request import Answer, Request
from dash_auth._shown import USER
from dash_auth._steps import Steps, at_once, is_way
from dash_auth.logins import pages
from dash_auth.logins.function import AuthFunc, GroupsFunc
from dash_auth.logins.passwords import Passwords, Verification, Verifier
from dash_auth.logins.passwords_of import DEFAULT_THROTTLE, SESSION_SECONDS, passwords_of
from dash_auth.logins.throttle import Throttle
from dash_auth.users.store import UserStore

DEFAULT_REALM = "User Visible Realm"
"""The realm that dash-auth names: password managers file what they hold under it."""


class Basic(Login):
    """Recognises requests by the user name and password in their Authorization header.

    :class:`dash_auth.BasicAuth` protects an app with it; it can stand beside another login too.
    """

    precedence = BASIC
    method: str = "basic"
    challenge: str
    """What makes a browser ask for user name and password."""
    logout_path: str | None = None
    """Path that logs out, as the browser sees it, None where there is none."""

    def __init__(
        self,
        users: Mapping[str, str] | Iterable[Pair] | UserStore | Verifier | AuthFunc | Passwords,
        *,
        user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = None,
        realm: str = DEFAULT_REALM,
        auth_func_cache_seconds: float = 0,
        auth_func_session_seconds: float = SESSION_SECONDS,
        throttle: Throttle | None = DEFAULT_THROTTLE,
    ) -> None:
        """Say who knows the users.

        :param users: users and their stored passwords, as a dict or a list of pairs, or a store of
            users (:class:`dash_auth.users.UserStore`); or a function of user name and password that
            returns True for a user, or a :class:`dash_auth.logins.Verifier`
        :param user_groups: the groups of each user, as a dict, or as a function of the user's name
            that returns them; by default those of the user's account
        :param realm: what the browser shows when it asks for the password
        :param auth_func_cache_seconds: for how long, in seconds, credentials that a function or a
            verifier accepted are not asked about again; 0, the default, asks at each request
        :param auth_func_session_seconds: for how long, in seconds, an open WebSocket counts of a
            user whom a function or a verifier accepted; 8 hours by default
        :param throttle: how often passwords may be guessed, see :class:`dash_auth.Throttle`; None
            for as often as you like
        :raises TypeError: for an argument of a wrong type
        :raises ValueError: if a stored password cannot be read (the message names the user, never
            the value), or the realm is no printable ASCII
        """
        self.challenge = f'Basic realm="{_quoted(realm)}", charset="UTF-8"'
        self.passwords: Passwords = (
            users
            if isinstance(users, Passwords)
            else passwords_of(
                users,
                auth_func_cache_seconds,
                auth_func_session_seconds,
                user_groups=user_groups,
                throttle=throttle,
            )
        )
        self._successes = _witness.Once(_witness.HOUR)

    def claim(self, request: Request) -> str | None:
        return request.authorization

    def verify(self, request: Request, claim: str) -> Steps[Outcome]:
        made = self._verified(request, claim)
        outcome = (yield from made) if is_way(made) else made
        is_new = request.verified is None or request.verified[2] is not outcome
        request.verified = (self, claim, outcome)
        if is_new:
            self._witness(request, claim, outcome)
        if isinstance(outcome, Throttled):
            request.retry_after = outcome.seconds
            return Refusal.THROTTLED
        if isinstance(outcome, Refusal):
            return outcome
        claims = yield from self.passwords.claims(outcome[0])
        seconds = self.passwords.seconds
        until = None if seconds is None else time.monotonic() + seconds
        identity = RequestIdentity(None, claims)
        return Visitor(self, claim, identity, {USER: claims}, against=outcome, until=until)

    def _verified(self, request: Request, header: str) -> Steps[Verification] | Verification:
        """Return what comes of a request's credentials, verified once."""
        known = request.verified
        if known is None or known[:2] != (self, header) or request.is_socket:
            return self.passwords.verify(header, request)
        found: Verification = known[2]
        return found

    def _witness(self, request: Request, header: str, outcome: Verification) -> None:
        """Tell of what came of credentials; of right ones once an hour."""
        if not isinstance(outcome, Refusal | Throttled):
            if self._successes.is_new((outcome[0], request.address)):
                _witness.succeeded(request, self.method, outcome[0])
        elif outcome == Refusal.WRONG or isinstance(outcome, Throttled):
            credentials = _core.parse_basic(header)
            name = "" if credentials is None else credentials.username
            knows = self.passwords.knows
            if isinstance(outcome, Throttled):
                _witness.throttled(request, self.method, name, knows=knows)
            else:
                _witness.failed(request, self.method, name, knows=knows, guess=header)

    def known_name(self, request: Request) -> str | None:
        """Return whose credentials a request has, None where to find out may take long.

        :param request: the request
        :return: the name of the account, whatever was typed
        """
        header = request.authorization
        if header is None:
            return None
        made = self._verified(request, header)
        outcome = at_once(made) if is_way(made) else made
        return outcome[0] if isinstance(outcome, tuple) else None

    def look_up(self, visitor: Visitor) -> Steps[None] | None:
        return self.passwords.look_up(visitor.against[0])

    def holds(self, visitor: Visitor) -> bool:
        name, verified_against = visitor.against
        return super().holds(visitor) and self.passwords.stored_in_use(name) == verified_against

    def weak_passwords(self) -> list[tuple[str, str]]:
        return self.passwords.weak()

    def forbid(self, request: Request, name: str) -> Answer:
        return pages.no_access(request, name, request.start, self.logout_path)

    def ask(self, request: Request) -> Answer:
        challenge = {"WWW-Authenticate": self.challenge}
        return pages.answer(request, 401, "Login Required", request.start, challenge)


def _quoted(realm: str) -> str:
    """Return a realm as the content of a quoted-string (RFC 9110 section 5.6.4)."""
    if not isinstance(realm, str):
        raise TypeError(f"the realm must be a str, not {type(realm).__name__}")
    if not realm.isprintable() or not realm.isascii():
        raise ValueError("the realm must be printable ASCII text")
    return realm.replace("\\", "\\\\").replace('"', '\\"')
