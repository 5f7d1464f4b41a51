"""Who makes a request to one app: its logins are asked, and the app is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash_auth._core import Refusal
from dash_auth._current import RequestIdentity, User, groups_in, named
from dash_auth._dash.parts import Parts
from dash_auth._guard.allow import Allow
from dash_auth._login import Login, Logins, Visitor
from dash_auth._out_of_order import is_out_of_order
from dash_auth._request import Request
from dash_auth._shown import USER, show
from dash_auth._steps import Steps, is_way, stepwise, walk
from dash_auth._threads import Crowded
from dash_auth.logins.session import SessionLogin

logger = logging.getLogger("dash_auth")


class Visitors:
    """Finds out who makes a request."""

    def __init__(self, parts: Parts, allow: Allow | None = None) -> None:
        """Remember what a request is judged by; whom to ask is said later.

        :param parts: the parts of the app
        :param allow: tells which users may enter; None lets all of them in
        """
        self._allow = allow
        self.logins: Logins = Logins([], [], [], asking=Login())
        self.session: SessionLogin | None = None
        """Shows the app who is known; None where the app's own login does."""
        self.is_foreign: Callable[[Request], bool] = parts.is_foreign

    # Before the developer's hooks, and after them

    def begin(self, request: Request) -> Steps[None]:
        """Show who is known, and have the visitor found for hooks that ask before the guard does.

        :param request: the request
        """
        mine = RequestIdentity()
        try:
            loading = self._loading(request)
            if loading is not None:
                yield from loading
            if self.session is not None and self._is_to_show(request):
                beginning = self.session.begin(request)
                if beginning is not None:
                    yield from beginning
        except Crowded:
            # Not an error: what is public goes on as nobody's.
            pass
        except Exception as error:
            _say(error, "An error while finding out whom a session shows: nobody")
        else:
            mine = RequestIdentity(self.find)
        request.visitor = known_to_others(request.visitor, mine)

    def _loading(self, request: Request) -> Steps[None] | None:
        """Return the way on which the session of a request is looked up, if that takes a while."""
        if self.session is None or not request.has_cookies or self.is_foreign(request):
            return None
        return self.session.load(request)

    def _is_to_show(self, request: Request) -> bool:
        """Tell whether the session says who makes a request, and no other login before it."""
        if not request.has_cookies or self.is_foreign(request):
            return False
        for login in self.logins.public:
            if login is self.session:
                break
            if login.claim(request) is not None:
                # Who that is, is known once it is verified.
                return False
        return True

    def show_known(self, request: Request) -> Steps[None]:
        """Show who makes a public request, as far as that costs nothing; it goes on either way.

        :param request: the request
        """
        try:
            if self.session is not None:
                yield from self.session.show_known(request)
        except Crowded:
            pass
        except Exception as error:
            _say(error, "An error while finding out whom a session shows: nobody")

    def end(self, request: Request) -> dict[str, Any] | None:
        """Take over what the app did to the session before it is saved.

        :param request: the request
        :return: what the cookie is to hold of the user, None to leave that as it is
        """
        try:
            if self.session is None or self.session.load(request) is not None:
                # What was not looked up was not shown either.
                return None
            return self.session.keep(request)
        except Exception as error:
            _say(error, "An error while saving a session: nothing of the user is kept")
            return None

    # The logins

    def recognise(self, request: Request, logins: Sequence[Login]) -> Steps[Visitor | None]:
        """Return who makes a request: one login verifies what is its own, alone.

        :param request: the request
        :param logins: the logins to ask
        """
        loading = self._loading(request)
        if loading is not None:
            return self._recognise_once_loaded(request, logins, loading)
        for login in logins:
            claim = login.claim(request)
            if claim is not None:
                return self._verified(request, login, claim)
        return _nobody()

    def _recognise_once_loaded(
        self, request: Request, logins: Sequence[Login], loading: Steps[None]
    ) -> Steps[Visitor | None]:
        yield from loading
        return (yield from self.recognise(request, logins))

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
        if isinstance(outcome, User):
            request.login_method = login.method
            outcome = _visitor_of(login, claim, outcome)
        elif isinstance(outcome, Visitor):
            request.login_method = outcome.login.method
        if isinstance(outcome, Visitor):
            if self._allow is not None:
                yield from self._look_at(request, outcome, self._allow)
            return outcome
        if isinstance(outcome, Refusal):
            request.refusal = outcome
        elif outcome is not None:
            kind = type(outcome).__name__
            raise TypeError(f"{type(login).__name__}.verify must return a User or None, not {kind}")
        return None

    @staticmethod
    def _look_at(request: Request, visitor: Visitor, allow: Allow) -> Steps[None]:
        """Have a user who may not enter be known on public pages alone."""
        shown = None if visitor.shown is None else visitor.shown.get(USER)
        # What the session is to show later, it may not show yet.
        if isinstance(shown, Mapping):
            user: User | None = User.from_claims(shown)
        else:
            user = visitor.identity.user(request)
        if user is None or not (yield from allow.lets_in(user)):
            request.denied_user = "" if user is None else user.name
            visitor.is_for_public = True

    def find(self, request: Request) -> RequestIdentity | None:
        """Return who makes a public request; where the app asks, in its own thread.

        :param request: the request
        """
        if self.is_foreign(request):
            return None
        visitor = walk(self.recognise(request, self.logins.public), request)
        return None if visitor is None else visitor.identity

    def find_now(self, request: Request) -> Steps[RequestIdentity]:
        """Return who makes a public request; nobody where that cannot be found out.

        :param request: the request
        """
        try:
            visitor = yield from self.recognise(request, self.logins.public)
        except Crowded:
            visitor = None
        except Exception as error:
            _say(error, "An error while finding out who makes a request: nobody")
            visitor = None
        return RequestIdentity() if visitor is None else visitor.identity

    def remember(self, request: Request, visitor: Visitor) -> None:
        """Have a ticket remember who makes a request.

        :param request: the request
        :param visitor: who makes it
        """
        if visitor.shown is not None and self.session is not None:
            self.session.issue(request, visitor)

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
        """Tell whether credentials, or a ticket, came along, be they right or not."""
        if request.authorization is not None or self.bring_claim(request):
            return True
        # A login of the app's own may keep its user there.
        is_there = self.session is not None and self.session.is_brought(request)
        return is_there or USER in request.bare_session


def known_to_others(known: RequestIdentity | None, mine: RequestIdentity) -> RequestIdentity:
    """Return who makes a request as the guards that were asked before know, else as this one does.

    :param known: who it is as they know, None if none was asked
    :param mine: who it is as this one knows
    """
    return mine if known is None else known.otherwise(mine)


def _say(error: Exception, text: str) -> None:
    """Log an error; one that says that the sessions cannot be asked is told of elsewhere."""
    if is_out_of_order(error):
        logger.debug("%s", text, exc_info=error)
    else:
        logger.error("%s", text, exc_info=error)


def _nobody() -> Steps[None]:
    yield from ()


def _visitor_of(login: Login, claim: Any, user: User) -> Visitor:
    """Return the visitor of whom a login said no more than who it is."""
    claims = named(user.name, {**user.claims, "groups": groups_in(user.groups)})
    return Visitor(login, claim, RequestIdentity(None, claims), {USER: claims})
