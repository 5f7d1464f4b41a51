"""Logging out: a page that asks, and a form, which the app's own pages alone can send."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from dash_auth import _refused
from dash_auth._request import Answer, PageServer, Request
from dash_auth._steps import Steps, Wait
from dash_auth._threads import Crowded
from dash_auth.logins import pages
from dash_auth.logins.form.places import Places
from dash_auth.logins.form.proof import Proof
from dash_auth.logins.form.submission import read_form
from dash_auth.logins.pages import Look

logger: logging.Logger = logging.getLogger("dash_auth")


class Remembered(Protocol):
    """What remembers who has logged in."""

    def log_out(self, request: Request) -> None:
        """End the login of a request, and for the browser; it may take a while.

        :param request: the request
        """

    def empty(self, request: Request) -> None:
        """Empty the app's session, but for what it keeps of logins to other apps.

        :param request: the request
        """


@dataclass(frozen=True, kw_only=True)
class Asking:
    """The page that asks whether to log out.

    Attributes:
        server: the app's server.
        proof: proves whose page sends a form.
        places: where the pages are.
        look: how they look.
        files: returns the path below which style and logo are.
    """

    server: PageServer
    proof: Proof
    places: Places
    look: Look
    files: Callable[[Request], str]

    def ask(self) -> Steps[Answer]:
        """Return the page that asks whether to log out: a link alone logs nobody out."""
        return (yield from self._ask(self.server.request(), 200))

    def _ask(self, request: Request, status: int) -> Steps[Answer]:
        action = self.places.seen(request, self.places.logout)
        form = pages.log_out_form(action, self.proof.field(request, action))
        user = None
        if request.identity is not None:
            with contextlib.suppress(Crowded):
                user = yield Wait(partial(request.identity.user, request))
        name = None if user is None else user.name
        card = pages.log_out(self.files(request), name, form, self.places.start())
        html = pages.card(self.look, card, request.header("Accept-Language"))
        return Answer(status, html, pages.headers(), "text/html; charset=utf-8")

    def refusal(self) -> Steps[Answer | None]:
        """Return the answer to a form that no page of the app sent, None to one of its own."""
        request = self.server.request()
        field = ""
        if request.header("Content-Type") is not None:
            fields = yield from read_form(request)
            if isinstance(fields, Answer):
                return fields
            field = fields.get("proof", "")
        if self.proof.is_own(request, field):
            return None
        logger.debug("Refused: no page of this app's asks to log out")
        _refused.note(request, brought=False)
        return (yield from self._ask(request, 403))


@dataclass(frozen=True, kw_only=True)
class LogOut(Asking):
    """The routes by which a user logs out.

    Attributes:
        session: remembers who has logged in.
        finish: returns the answer once the user is logged out.
    """

    session: Remembered
    finish: Callable[[Request], Answer]

    def leave(self) -> Steps[Answer]:
        """Log the user out, if a page of the app's own asks for it."""
        refused = yield from self.refusal()
        if refused is not None:
            return refused
        request = self.server.request()
        log_out = partial(self.session.log_out, request)
        try:
            yield Wait(log_out, is_remembered=True)
        except Crowded:
            log_out()
        self.session.empty(request)
        try:
            yield Wait(partial(self.server.renew_session_id, request.session), is_remembered=True)
        except Exception:
            # The login is over all the same, and what the session held is gone.
            logger.exception("An error while a session was to get another id")
        return self.finish(request)
