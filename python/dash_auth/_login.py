"""A login: what recognises whose request it is, and asks for what it needs to."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash_auth._core import Refusal
from dash_auth._current import RequestIdentity, User
from dash_auth._request import Answer, Request
from dash_auth._steps import Steps


@dataclass(slots=True)
class Visitor:
    """Who makes a request, once a login has recognised it.

    Attributes:
        login: the login that recognised it.
        claim: what the login verified.
        identity: the user, as the app will ask for it.
        shown: what the session shows of the user; None leaves it as it is.
        against: what the claim was verified against; it decides for how long that holds.
        is_for_public: whether the visitor is known on public pages alone.
        until: when it ends, by the monotonic clock in seconds; None for no time of its own.
    """

    login: Login
    claim: Any
    identity: RequestIdentity
    shown: Mapping[str, Any] | None = None
    against: Any = None
    is_for_public: bool = False
    until: float | None = None


Outcome = Visitor | User | Refusal | None
"""What comes of a claim: a visitor, or just the user; or why it is nobody."""


LOG_IN_AGAIN = "Log in again to do this"
"""What is answered to what cannot follow the way to a login page."""

BEARER, FLOW, TRUSTED, BASIC, TICKET = range(5)
"""The order in which logins are asked what in a request is theirs."""


class Login:
    """Recognises the requests of users.

    A guard asks the logins of its app one after another what in a request is theirs. The first that
    finds something verifies it, alone: if that is wrong, the request is nobody's.
    """

    precedence: int = TRUSTED
    """Of several logins to one app the one with the lowest that claims something verifies it:
    `BEARER`, what no browser sends by itself; `FLOW`, a ticket that holds; `TRUSTED`, the header of
    a proxy, or a login of your own; `BASIC`, what browsers and proxies go on sending."""
    method: str = "own"
    """What :mod:`dash_auth.audit` calls this way to log in."""
    challenge: str | None = None
    """What a 401 says of this login in WWW-Authenticate (RFC 9110 section 11.6.1), if anything."""

    def claim(self, request: Request) -> Any:
        """Return what in a request is for this login to verify, None if nothing is.

        It looks and never waits.

        :param request: the request
        """
        raise NotImplementedError

    def verify(self, request: Request, claim: Any) -> Steps[Outcome] | Awaitable[Outcome] | Outcome:
        """Return whose a request is, or why it is nobody's.

        What may take long is a step: `yield Wait(call)` gives what the call returns. It may be an
        async method as well.

        :param request: the request
        :param claim: what :meth:`claim` found in it
        """
        raise NotImplementedError

    def holds(self, visitor: Visitor) -> bool:
        """Tell, at once, whether what was verified still holds: an open WebSocket asks.

        It asks every few seconds, and at each of its callbacks, where :meth:`verify` is asked too.

        :param visitor: a visitor whom this login recognised
        """
        return visitor.until is None or time.monotonic() < visitor.until

    def look_up(self, visitor: Visitor) -> Steps[None] | None:
        """Find out what :meth:`holds` is to know, if that takes a while: it is asked before it.

        :param visitor: a visitor whom this login recognised
        """
        return None

    def ask(self, request: Request) -> Steps[Any] | Awaitable[Any] | Any:
        """Return the answer that asks for a login; it may wait as :meth:`verify` does.

        :param request: a request that needs one
        :return: an :class:`Answer`, or whatever the server's own views return
        """
        return Answer(401, "Login required")

    can_ask_again: bool = False
    """Whether :meth:`ask_again` has a user who is logged in log in again, and its session says when
    that was."""

    def ask_again(self, request: Request) -> Steps[Any] | Awaitable[Any] | Any:
        """Return the answer that asks a user who is logged in to log in again.

        :param request: the request that needs it
        :return: see :meth:`ask`
        """
        return Answer(401, LOG_IN_AGAIN)

    def forbid(self, request: Request, name: str) -> Answer:
        """Return the answer to a user who is recognised and may not enter.

        :param request: the request
        :param name: the user's name
        """
        return Answer(403, "Access denied")

    def weak_passwords(self) -> list[tuple[str, str]]:
        """Return the names of users whose stored password should be stored anew, and why."""
        return []


class LoginFlow(Login):
    """A login with pages of its own. It ends in a ticket, by which a session knows the user."""

    precedence = FLOW

    def claim(self, request: Request) -> None:
        return None

    def begin(self, request: Request, target: str | None) -> Any:
        """Return the answer that begins a login.

        :param request: the request
        :param target: path to come back to, None for the app's start
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Logins:
    """The logins that a guard asks, in this order, for each kind of request.

    Attributes:
        private: for what needs a login.
        public: for who makes a request that needs none.
        socket: for the handshake of a WebSocket.
        asking: the one that asks for a login.
    """

    private: Sequence[Login]
    public: Sequence[Login]
    socket: Sequence[Login]
    asking: Login = field(repr=False)
