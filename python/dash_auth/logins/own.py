"""The check of a subclass, or of an app, in the place of ours: dash-auth's `is_authorized`."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from dash_auth import _core, _witness
from dash_auth._current import EVENT_LOOP_FACTS, RequestIdentity, session_user
from dash_auth._login import Login, Outcome, Visitor
from dash_auth._request import Answer, Request
from dash_auth._shown import show
from dash_auth._steps import Steps, Wait, call, stepwise
from dash_auth._unavailable import asked_by_guard
from dash_auth.logins.session import SessionLogin

logger: logging.Logger = logging.getLogger("dash_auth")


Method = Callable[[], Any]


class OwnCheck(Login):
    """Recognises whom the developer's own `is_authorized` lets in."""

    def __init__(
        self,
        find: Callable[[], Method | None],
        session: SessionLogin | None,
        *,
        of_headers: bool = False,
    ) -> None:
        """Remember whom to ask.

        :param find: returns the method, None while ours is in its place
        :param session: what remembers whom ours recognises, if anything does
        :param of_headers: whether to ask it only about requests that bring credentials along
        """
        self._find = find
        self._session = session
        self._of_headers = of_headers

    def claim(self, request: Request) -> Method | None:
        if self._of_headers and request.authorization is None:
            return None
        # Whatever the request holds may be what it looks at.
        return self._find()

    def verify(self, request: Request, claim: Method) -> Steps[Outcome]:
        before = noted = request.identity
        authorized = False
        try:
            authorized = yield Wait(partial(self._ask, request, claim))
        finally:
            noted = request.identity
            if not authorized and noted is not before:
                # It has the last word, after ours has noted the user.
                request.identity = RequestIdentity()
                show(request, {})
                if self._session is not None:
                    self._session.withdraw(request)
        if not authorized:
            self._witness(request, noted)
            return None
        identity = request.identity
        if identity is None or identity is before:
            # It never asked ours who that is.
            identity = RequestIdentity(session_user)
        return Visitor(self, claim, identity)

    def _witness(self, request: Request, noted: RequestIdentity | None) -> None:
        """Tell whom it refuses, where that is known."""
        user = None if request.verified is None or noted is None else noted.user(request)
        if user is not None:
            _witness.denied(request, user.name, "is_authorized")
        elif request.verified is None and request.authorization is not None:
            credentials = _core.parse_basic(request.authorization)
            if credentials is not None:
                _witness.refused_by_app(request, credentials.username)

    def _ask(self, request: Request, is_authorized: Method) -> bool:
        if request.is_socket:
            # A WebSocket's messages may come in a context of their own.
            EVENT_LOOP_FACTS.set(request)
        # Who has put a check of its own in the place of ours is asked as it expects to be.
        with asked_by_guard():
            authorized: object = call(is_authorized)
        if isinstance(authorized, bool):
            return authorized and self._notes(request)
        if inspect.isawaitable(authorized):
            logger.error("Refused: is_authorized must not be async on this server")
            request.is_explained = True
            if inspect.iscoroutine(authorized):
                authorized.close()
            return False
        return bool(authorized) and self._notes(request)

    def _notes(self, request: Request) -> bool:
        """Note, where that can be read, whom the app's own login has put into the session."""
        if request.is_socket:
            user = session_user()
            request.identity = RequestIdentity(None, {} if user is None else user.claims)
        return True


class OwnRequest(Login):
    """Asks for a login as the developer's own `login_request` does, else as ours does."""

    def __init__(self, find: Callable[[], Method | None], ours: Login) -> None:
        """Remember who asks.

        :param find: returns the method, None while ours is in its place
        :param ours: what asks then
        """
        self._find = find
        self._ours = ours

    @property
    def can_ask_again(self) -> bool:  # type: ignore[override]
        return self._ours.can_ask_again

    def ask_again(self, request: Request) -> Any:
        return self._ours.ask_again(request)

    def ask(self, request: Request) -> Steps[Any]:
        own = self._find()
        if own is None:
            return (yield from stepwise(self._ours.ask(request)))
        return (yield Wait(own))

    def forbid(self, request: Request, name: str) -> Answer:
        return self._ours.forbid(request, name)
