"""Who makes a request to one app: its logins are asked, and the app is told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from dash_auth._core import Refusal
from dash_auth._current import RequestIdentity, User, groups_in
from dash_auth._dash.parts import Parts
from dash_auth._login import Login, Logins, Visitor
from dash_auth._request import Request, Server
from dash_auth._secret_keys import OtherKeys
from dash_auth._shown import USER, show
from dash_auth._steps import Steps, Wait, is_way, stepwise, walk
from dash_auth._threads import Crowded
from dash_auth.logins.session import SessionLogin
from dash_auth.sessions.notes import NOTE
from dash_auth.sessions.parked import PARKED

logger = logging.getLogger("dash_auth")


class Visitors:
    """Finds out who makes a request."""

    def __init__(self, server: Server, name: str, parts: Parts) -> None:
        """Remember what a request is judged by; whom to ask is said later.

        :param server: the app's server
        :param name: the name of the guard
        :param parts: the parts of the app
        """
        self.logins = Logins([], [], [], asking=Login())
        self.session: SessionLogin | None = None
        """Shows the app who is known; None where the app's own login does."""
        self._server = server
        self.is_foreign = parts.is_foreign
        self._other_keys = OtherKeys(name)

    # Before the developer's hooks, and after them

    def begin(self, request: Request, *, alone: bool) -> Steps[None]:
        """Show who is known, and have the visitor found for hooks that ask before the guard does.

        :param request: the request
        :param alone: whether the session is this guard's alone in this request
        """
        mine = RequestIdentity()
        try:
            self._look_at_other_keys(request)
            if self.session is not None and not self.is_foreign(request):
                beginning = self.session.begin(request, alone=alone)
                if beginning is not None:
                    yield from beginning
        except Crowded:
            # Not an error: what is public goes on as nobody's.
            pass
        except Exception:
            logger.exception("An error while finding out whom a session shows: nobody")
        else:
            mine = RequestIdentity(self.find)
        request.visitor = known_to_others(request.visitor, mine)

    def _look_at_other_keys(self, request: Request) -> None:
        """Look whether another worker signs sessions with a key of its own."""
        if not (self._other_keys.is_to_be_told and self._server.secret_keys()):
            return
        content = self._server.unverified_session(request)
        if content is not None and NOTE not in request.bare_session:
            self._other_keys.look_at(content)

    def tidy(self, request: Request) -> Steps[None]:
        """Take what does not count out of the session of a public request; it goes on either way.

        :param request: the request
        """
        try:
            if self.session is not None:
                yield from self.session.tidy(request)
        except Crowded:
            pass
        except Exception:
            logger.exception("An error while finding out whether a session counts: it stays")

    def end(self, request: Request) -> dict[str, Any] | None:
        """Take over what the app did to the session before it is saved.

        :param request: the request
        :return: what the cookie is to hold of the user, None to leave that as it is
        """
        try:
            return None if self.session is None else self.session.keep(request)
        except Exception:
            logger.exception("An error while saving a session: nothing of the user is kept")
            return None

    # The logins

    def recognise(self, request: Request, logins: Sequence[Login]) -> Steps[Visitor | None]:
        """Return who makes a request: one login verifies what is its own, alone.

        :param request: the request
        :param logins: the logins to ask
        """
        for login in logins:
            claim = login.claim(request)
            if claim is not None:
                return self._verified(request, login, claim)
        return _nobody()

    def recognise_again(self, request: Request, visitor: Visitor) -> Steps[Visitor | None]:
        """Return who opened a WebSocket, by what was verified then.

        :param request: the handshake
        :param visitor: who it was
        """
        return self._verified(request, visitor.login, visitor.claim)

    def _verified(self, request: Request, login: Login, claim: Any) -> Steps[Visitor | None]:
        outcome: object = login.verify(request, claim)
        if is_way(outcome):
            outcome = yield from outcome
        elif not isinstance(outcome, Visitor):
            outcome = yield from stepwise(outcome)
        if isinstance(outcome, Visitor):
            return outcome
        if isinstance(outcome, User):
            return _visitor_of(login, claim, outcome)
        if isinstance(outcome, Refusal):
            request.refusal = outcome
        elif outcome is not None:
            kind = type(outcome).__name__
            raise TypeError(f"{type(login).__name__}.verify must return a User or None, not {kind}")
        return None

    def find(self, request: Request) -> User | None:
        """Return who makes a public request; where the app asks, in its own thread.

        :param request: the request
        """
        if self.is_foreign(request):
            return None
        visitor = walk(self.recognise(request, self.logins.public), request)
        return None if visitor is None else visitor.identity.user(request)

    def find_now(self, request: Request) -> Steps[RequestIdentity]:
        """Return who makes a public request; nobody where that cannot be found out.

        :param request: the request
        """
        try:
            visitor = yield from self.recognise(request, self.logins.public)
        except Crowded:
            visitor = None
        except Exception:
            logger.exception("An error while finding out who makes a request: nobody")
            visitor = None
        return RequestIdentity() if visitor is None else visitor.identity

    def remember(self, request: Request, visitor: Visitor) -> bool:
        """Have the session remember who makes a request.

        :param request: the request
        :param visitor: who makes it
        :return: whether the session is to have another id, see :meth:`renew_session`
        """
        session = self.session
        return visitor.shown is not None and session is not None and session.issue(request, visitor)

    def renew_session(self, request: Request) -> Steps[None]:
        """Give the session that remembers who makes a request another id.

        :param request: the request
        """
        try:
            yield Wait(partial(self._server.renew_session_id, request.bare_session))
        except BaseException:
            if self.session is not None:
                # Whoever knows the id from before would share the login.
                self.session.withdraw(request)
            raise

    def log_in(self, request: Request, visitor: Visitor) -> None:
        """Have the app know who makes a request.

        :param request: the request
        :param visitor: who makes it
        """
        request.identity = visitor.identity
        if visitor.shown is not None:
            show(request, visitor.shown)

    def bring_claim(self, request: Request) -> bool:
        """Tell whether a login would have something to verify for who makes a public request."""
        try:
            return any(login.claim(request) is not None for login in self.logins.public)
        except Exception:
            # It is told of where the login is asked in earnest.
            return True

    def bring_login(self, request: Request) -> bool:
        """Tell whether credentials, or a session of a user, came along, be they right or not."""
        if request.authorization is not None:
            return True
        # A login of the app's own may keep its user there as well.
        return request.has_session_cookie and any(
            name in request.bare_session for name in (NOTE, PARKED, USER)
        )


def known_to_others(known: RequestIdentity | None, mine: RequestIdentity) -> RequestIdentity:
    """Return who makes a request as the guards that were asked before know, else as this one does.

    :param known: who it is as they know, None if none was asked
    :param mine: who it is as this one knows
    """
    return mine if known is None else known.otherwise(mine)


def _nobody() -> Steps[None]:
    yield from ()


def _visitor_of(login: Login, claim: Any, user: User) -> Visitor:
    """Return the visitor of whom a login said no more than who it is."""
    claims = {**user.claims, "email": user.name, "groups": groups_in(user.groups)}
    return Visitor(login, claim, RequestIdentity(None, claims), {USER: claims})
