"""Several logins to one app: one of them verifies what a request brings, alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from dash_auth._login import BASIC, FLOW, Login, Logins, Outcome, Visitor
from dash_auth._request import Answer, Request
from dash_auth._steps import Steps, stepwise
from dash_auth.logins.session import SessionLogin, is_browser


def together(logins: Logins, others: Sequence[Login]) -> Logins:
    """Return an app's logins with further ones, in the order of their precedence.

    :param logins: the logins of the app's class
    :param others: the further ones
    """
    if not others:
        return logins
    flows = [one for one in logins.private if isinstance(one, SessionLogin)]

    def both(own: Sequence[Login]) -> list[Login]:
        added = [BesideFlow(one, flows) if one.precedence == BASIC else one for one in others]
        return sorted([*own, *added], key=attrgetter("precedence"))

    return Logins(
        both(logins.private),
        both(logins.public),
        both(logins.socket),
        asking=AllChallenges(logins.asking, others),
    )


class BesideFlow(Login):
    """Basic beside a login with pages.

    Browsers go on sending what they once sent: after a session that is over the user is to log in
    again, and not to be taken for whoever the browser knew before.
    """

    precedence = BASIC

    def __init__(self, basic: Login, flows: Sequence[SessionLogin]) -> None:
        """Remember what stands beside what.

        :param basic: the login by header
        :param flows: the logins whose tickets a browser may hold
        """
        self._basic = basic
        self._flows = flows

    def claim(self, request: Request) -> Any:
        claim = self._basic.claim(request)
        if claim is None or not any(flow.is_brought(request) for flow in self._flows):
            return claim
        return None if is_browser(request) else claim

    def verify(self, request: Request, claim: Any) -> Steps[Outcome]:
        return (yield from stepwise(self._basic.verify(request, claim)))

    def look_up(self, visitor: Visitor) -> Steps[None] | None:
        return self._basic.look_up(visitor)

    def holds(self, visitor: Visitor) -> bool:
        return self._basic.holds(visitor)

    def weak_passwords(self) -> list[tuple[str, str]]:
        return self._basic.weak_passwords()


class AllChallenges(Login):
    """Asks as one login does, and states the challenges of the others too."""

    def __init__(self, first: Login, others: Sequence[Login]) -> None:
        """Remember who asks.

        :param first: the login that answers
        :param others: the other logins
        """
        self._first = first
        # Where there is a page to log in, no browser is to show its own window.
        asked = [one for one in others if first.precedence != FLOW or one.precedence != BASIC]
        self._challenges = [one.challenge for one in asked if one.challenge is not None]
        self.can_ask_again: bool = first.can_ask_again

    def ask_again(self, request: Request) -> Any:
        return self._first.ask_again(request)

    def forbid(self, request: Request, name: str) -> Answer:
        return self._first.forbid(request, name)

    def ask(self, request: Request) -> Steps[Any]:
        answer = yield from stepwise(self._first.ask(request))
        if not self._challenges or not isinstance(answer, Answer) or answer.status != 401:
            return answer
        own = answer.headers.get("WWW-Authenticate")
        challenges = ", ".join([*([] if own is None else [own]), *self._challenges])
        return replace(answer, headers={**answer.headers, "WWW-Authenticate": challenges})
