"""What is answered to who may not pass."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from dash import Dash
from werkzeug.exceptions import HTTPException

from dash_auth import _dash_internals as internals
from dash_auth import _refused, _witness
from dash_auth._caching import demand
from dash_auth._core import Refusal, Standing
from dash_auth._current import RequestIdentity
from dash_auth._dash.parts import Parts
from dash_auth._guard.reasons import Reasons
from dash_auth._guard.visitors import Visitors
from dash_auth._raised import FORBIDDEN, RECENT, Refused
from dash_auth._request import Answer, Caching, Request, Server
from dash_auth._steps import Steps, stepwise
from dash_auth._threads import RETRY_AFTER, Crowded
from dash_auth.logins import pages
from dash_auth.logins.pages.headers import HEADERS

logger = logging.getLogger("dash_auth")

_RETRY_AFTER = {True: str(RETRY_AFTER), False: "10"}
"""After how many seconds a client may come back, by whether all turns are taken."""


class Refusals:
    """Answers those who may not pass: mostly by asking for a login."""

    def __init__(self, app: Dash, server: Server, parts: Parts, visitors: Visitors) -> None:
        """Remember what is refused.

        :param app: Dash app
        :param server: its server
        :param parts: the parts of the app
        :param visitors: whom its logins know, and how they ask
        """
        self._server = server
        self._visitors = visitors
        self.start: str = internals.requests_prefix(app)
        self.reasons: Reasons = Reasons(parts, server.how_to_trust_a_proxy)

    def preflight(self, request: Request) -> Any:
        """Return the answer to what a browser asks before a request of a trusted origin, else None.

        No view, and no hook that comes after the guard, runs for it.

        :param request: the request
        """
        if request.standing is not Standing.PREFLIGHT:
            return None
        request.identity = RequestIdentity()
        return self._server.automatic_options() or self._server.respond(Answer(204))

    def note(self, request: Request) -> None:
        """Have the answer to a request say to our script that it refuses, and why.

        :param request: the request
        """
        session = self._visitors.session
        _refused.note(request, brought=session is not None and session.is_brought(request))

    def refuse(self, request: Request) -> Steps[Any]:
        """Return what is answered in place of the app.

        :param request: a request that may not pass
        """
        # What the session holds was not asked, and names nobody.
        request.identity = RequestIdentity()
        if request.shown is not None:
            request.shown.show({})
        demand(request, Caching.PRIVATE)
        self.note(request)
        if request.is_forged:
            self.reasons.tell_of_foreign(request)
            return self._answer(request, 403, "Cross-site request refused")
        if request.denied_user is not None:
            self.reasons.tell(request, lambda: "allow= lets the user not in")
            _witness.denied(request, request.denied_user, "allow")
            answer = self._visitors.logins.asking.forbid(request, request.denied_user)
            return self._server.respond(answer)
        if request.refusal in (Refusal.BUSY, Refusal.UNAVAILABLE):
            return self._later(request)
        if request.refusal == Refusal.THROTTLED:
            return self._too_many(request)
        if request.is_of_closed_page:
            return self._server.respond(Answer(403, "Access denied", HEADERS))
        if request.is_too_large and not self._visitors.bring_login(request):
            self.reasons.tell(request, warn_of="anonymous_body_limit")
            return self._answer(request, 413, "Request too large")
        return (yield from self._ask(request, self._visitors.logins.asking.ask))

    def refuse_for_app(self, request: Request, refused: Refused) -> Steps[Any]:
        """Return what is answered where code of the app's own refuses what has passed.

        :param request: the request
        :param refused: why
        """
        demand(request, Caching.PRIVATE)
        request.start = self.start
        asking = self._visitors.logins.asking
        if refused.why == FORBIDDEN:
            self.note(request)
            self.reasons.tell(request, lambda: "code of the app's own says so")
            return self._answer(request, 403, refused.text)
        if refused.why == RECENT:
            self.reasons.tell(request, lambda: "its user logged in too long ago")
            # The one reason to tell of.
            request.is_explained = True
            answer = yield from self._ask(request, asking.ask_again)
            _refused.note_recent(request)
            return answer
        self.note(request)
        return (yield from self._ask(request, asking.ask))

    def _later(self, request: Request) -> Any:
        self.reasons.tell(request)
        is_busy = request.refusal == Refusal.BUSY
        said = "Too many logins" if is_busy else "Logins cannot be checked at the moment"
        return self._answer(request, 503, said, {"Retry-After": _RETRY_AFTER[is_busy]})

    def _too_many(self, request: Request) -> Any:
        self.reasons.tell(request)
        # No challenge: a browser would ask for the password again at once.
        return self._answer(
            request, 429, "Too many wrong passwords", {"Retry-After": str(request.retry_after or 1)}
        )

    def _ask(self, request: Request, ask: Callable[[Request], Any]) -> Steps[Any]:
        """Have the login ask for what it needs."""
        try:
            answer = yield from stepwise(ask(request))
        except HTTPException:
            # `flask.abort`, or a redirect: an answer as well.
            self.reasons.tell(request)
            raise
        except Crowded:
            request.refusal = Refusal.BUSY
            return self._later(request)
        except Exception:
            logger.exception("Refused: an error while asking to log in")
            answer = None
        else:
            if answer is None:
                # The server would take it for leave to go on.
                logger.error("Refused: login_request returned None")
        if answer is None:
            return self._answer(request, 401, "Login required")
        self.reasons.tell(request)
        return self._server.respond(answer) if isinstance(answer, Answer) else answer

    def _answer(
        self, request: Request, status: int, text: str, headers: dict[str, str] | None = None
    ) -> Any:
        """Return an answer of ours: a page to people, plain text to programs."""
        return self._server.respond(pages.answer(request, status, text, self.start, headers))
