"""The login page: who is to log in is led there, and from there to what was asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from dash import Dash

from dash_auth import _refused, _witness
from dash_auth._core import Credentials, Refusal, Throttled
from dash_auth._login import LOG_IN_AGAIN, LoginFlow
from dash_auth._out_of_order import is_out_of_order, say_out_of_order
from dash_auth._request import Answer, PageServer, Request
from dash_auth._steps import Steps, Wait, is_way
from dash_auth._threads import RETRY_AFTER, Crowded
from dash_auth.logins import pages
from dash_auth.logins.form.device import Devices
from dash_auth.logins.form.either import EitherSession
from dash_auth.logins.form.places import Places, asked_of_page, is_again
from dash_auth.logins.form.proof import Proof
from dash_auth.logins.form.submission import read_form
from dash_auth.logins.pages import Look, Note
from dash_auth.logins.passwords import Passwords, Verification, Verified
from dash_auth.sessions.ticket import Tickets

logger: logging.Logger = logging.getLogger("dash_auth")

_RETRY_AFTER = 10
"""After how many seconds a user may come back where nobody can be asked about the password."""

NOBODY = (
    "FormAuth knows no users, so nobody can log in. Pass users= or auth_func=, or call "
    "register_provider before the app answers"
)
"""What a developer is told who has named neither users nor a provider."""

CHANGE_FIRST = "Change your password first"
"""What is answered to what cannot follow the way to the account page."""

_FRAMES = ("iframe", "frame", "embed", "object")


@dataclass(frozen=True)
class Parts:
    """What the flow is made of.

    Attributes:
        server: the app's server.
        tickets: the tickets of the guard.
        session: remembers who has logged in.
        passwords: who knows the passwords; None where providers alone know the users.
        devices: tells browsers that a user has logged in with.
        proof: proves whose page sends a form.
        places: where the pages are.
        look: how they look.
        app_of: returns the app that a request is to, of those behind this login.
    """

    server: PageServer
    tickets: Tickets
    session: EitherSession
    passwords: Passwords | None
    devices: Devices
    proof: Proof
    places: Places
    look: Look
    app_of: Callable[[Request], Dash]


class FormFlow(LoginFlow):
    """Asks for a name and a password on a page of its own.

    Attributes:
        parts: what it is made of.
    """

    method = "form"

    def __init__(
        self,
        parts: Parts,
        providers: Callable[[Request, str, bool], Sequence[pages.Provider]] = lambda *_: (),
    ) -> None:
        """Remember what it is made of.

        :param parts: what
        :param providers: returns the ways to providers, which lead where a request asks to, and
            have the user log in anew there if that is asked for
        """
        self.parts: Parts = parts
        self._providers = providers
        self._places = parts.places
        self.passwords: Passwords | None = parts.passwords

    # To be asked to log in

    def ask(self, request: Request) -> Answer:
        if self._has_to_change(request):
            return self._to_change(request)
        is_by_header = request.authorization is not None and not pages.is_shown(request)
        known = None if is_by_header else self._known(request)
        if known is not None:
            # A check of the app's own refuses, or fails: to log in again would lead back here.
            return self.forbid(request, known)
        if not pages.is_shown(request):
            return pages.answer(request, 401, "Login required", self._places.start())
        if request.header("Sec-Fetch-Dest") in _FRAMES:
            # Where no frame shows the login page: the way out of it, which holds no password.
            href = self._target(request) or self._places.start()
            card = pages.in_frame(self.files(request), href)
            return self.card(request, 401, card, in_frame=True)
        target = self._target(request)
        return self.to(self._places.login_page(request, target))

    def _known(self, request: Request) -> str | None:
        """Return the name of who is logged in, None if it is nobody, or nobody can tell."""
        try:
            return self.parts.session.name_of_user(request)
        except Exception as error:
            self.say(error)
            return None

    def _has_to_change(self, request: Request) -> bool:
        try:
            return self.parts.session.has_to_change(request)
        except Exception as error:
            self.say(error)
            return False

    def _to_change(self, request: Request) -> Answer:
        """Lead a user to the account page who has to change the password before anything else."""
        name = self._known(request) or ""
        request.is_explained = True
        logger.debug("Refused: the user has to change the password first")
        _witness.denied(request, name, "must_change")
        if self._places.account is None:
            logger.warning(
                "%r has to change the password, and there is no page for it: that takes a store "
                "that can be written, and account_route=",
                name,
            )
            return self.forbid(request, name)
        if not pages.is_shown(request):
            return Answer(403, CHANGE_FIRST, pages.HEADERS)
        page = self._places.account_page(request, self._target(request))
        if request.header("Sec-Fetch-Dest") in _FRAMES:
            card = pages.in_frame(self.files(request), page)
            return self.card(request, 403, card, in_frame=True)
        return self.to(page)

    def _target(self, request: Request) -> str | None:
        return self._places.target(request, self.parts.app_of(request))

    can_ask_again = True

    def ask_again(self, request: Request) -> Answer:
        if not pages.is_shown(request):
            return pages.answer(request, 401, LOG_IN_AGAIN, self._places.start())
        target = self._target(request)
        return self.to(self._places.login_page(request, target, again="1"))

    def begin(self, request: Request, target: str | None) -> Answer:
        return self.to(self._places.login_page(request, target))

    def forbid(self, request: Request, name: str) -> Answer:
        """Return what a user sees who is logged in, and may not enter.

        :param request: the request
        :param name: the user's name
        """
        if not pages.is_shown(request):
            return pages.answer(request, 403, "Access denied", self._places.start())
        form = pages.log_out_form(*self._form_of(request, self._places.logout))
        return self.card(request, 403, pages.forbidden(self.files(request), name, form))

    # The page

    # Ways with no steps: those who guess passwords must not hold them up.

    def show(self) -> Steps[Answer]:
        """Return the login page; a user who is logged in is led on, or asked again."""
        yield from ()
        request = self.parts.server.request()
        asked = "".join(request.query_values("next")[:1])
        try:
            known = self.parts.session.name_of_user(request)
            if known is not None and is_again(request):
                name = self.parts.session.name_in_form(request)
                return self._page(request, 200, Note.RECENT, asked=asked, name=name, again=True)
            if known is not None:
                return self.to(self._places.landing(request, asked))
        except Exception as error:
            return self._unavailable(request, error, asked)
        note = None
        if request.query_values("logged_out"):
            note = Note.LOGGED_OUT
        elif self.parts.session.is_brought(request):
            note = Note.ENDED
        return self._page(request, 200, note, asked=asked)

    def show_done(self) -> Steps[Answer]:
        """Lead on a user who has just logged in, unless the browser has kept no cookie of it.

        Without this page it would be asked to log in again and again.
        """
        yield from ()
        request = self.parts.server.request()
        target = self._places.landing(request, "".join(request.query_values("next")[:1]))
        try:
            if self.parts.session.found(request):
                return self.to(target)
        except Exception as error:
            return self._unavailable(request, error, target)
        card = pages.no_cookie(
            self.files(request),
            self._places.login_page(request, target),
            is_insecure=self.parts.tickets.is_secure(request)
            and not request.own_origin.startswith("https:"),
            is_framed=request.header("Sec-Fetch-Dest") in _FRAMES,
        )
        return self.card(request, 200, card)

    def _unavailable(self, request: Request, error: Exception, asked: str) -> Answer:
        """Return the page where nobody can tell whether a ticket counts."""
        self.say(error)
        note = Note.UNAVAILABLE
        return self._page(request, 503, note, asked=asked, retry_after=_RETRY_AFTER)

    @staticmethod
    def say(error: Exception) -> None:
        """Log why nobody can tell who logs in.

        :param error: what was raised
        """
        if is_out_of_order(error):
            say_out_of_order("the users", error)
        else:
            logger.error("Refused: an error while logging in", exc_info=error)

    def _page(
        self,
        request: Request,
        status: int,
        note: Note | pages.Throttled | None,
        *,
        asked: str,
        name: str = "",
        retry_after: int | None = None,
        again: bool = False,
    ) -> Answer:
        target = self._places.landing(request, asked) if asked else None
        providers = self._providers(request, target or "", again)
        if self.parts.passwords is None and not providers:
            logger.error("Refused: %s", NOBODY)
            status, note = 503, Note.UNAVAILABLE
        if status != 200:
            _refused.note(request, brought=False)
        action, proof = self._form_of(request, self._places.login)
        seconds = self.parts.session.form.lifetime.remember_seconds
        days = None if seconds is None else max(1, round(seconds / 86400))
        page = pages.LoginPage(
            action=action,
            files=self.files(request),
            target=target,
            again=again,
            proof=proof,
            name=name,
            note=note,
            remember_days=days if self.parts.session.form.may_remember(request) else None,
            providers=providers,
            has_form=self.parts.passwords is not None,
        )
        html = pages.login_page(self.parts.look, page, request.header("Accept-Language"))
        headers = pages.headers(retry_after=retry_after)
        return Answer(status, html, headers, "text/html; charset=utf-8")

    def show_failed(self, request: Request, status: int, note: Note, asked: str) -> Answer:
        """Return the login page after a login that came to nothing.

        :param request: the request
        :param status: the status
        :param note: what the page says
        :param asked: where the login was to lead
        """
        return self._page(request, status, note, asked=asked)

    def card(
        self, request: Request, status: int, card: pages.Card, *, in_frame: bool = False
    ) -> Answer:
        """Return a page that looks as the login page does.

        :param request: the request
        :param status: the status
        :param card: what it shows
        :param in_frame: whether a frame may show it
        """
        html = pages.card(self.parts.look, card, request.header("Accept-Language"))
        return Answer(status, html, pages.headers(in_frame=in_frame), "text/html; charset=utf-8")

    def _form_of(self, request: Request, path: str) -> tuple[str, str]:
        """Return where a form is sent to, and the field that proves whose it is."""
        action = self._places.seen(request, path)
        return action, self.parts.proof.field(request, action)

    def files(self, request: Request) -> str:
        """Return the path below which style, script and logo are, as the browser sees it."""
        return self._places.seen(request, self._places.login)

    def logged_out(self, request: Request) -> Answer:
        """Return where a user goes who has just logged out."""
        return self.to(self._places.login_page(request, logged_out="1"))

    # The form

    def submit(self) -> Steps[Answer]:
        """Return the answer to a name and a password."""
        request = self.parts.server.request()
        fields = yield from read_form(request)
        if isinstance(fields, Answer):
            return fields
        asked = fields.get("next") or asked_of_page(request) or ""
        name, passwords = fields.get("username", ""), self.parts.passwords
        if passwords is None:
            return self._page(request, 403, None, asked=asked)
        again = "again" in fields
        if not self.parts.proof.is_own(request, fields.get("proof", "")):
            logger.debug("Refused: a login form that no page of this app's sent")
            return self._page(request, 403, Note.EXPIRED, asked=asked, name=name, again=again)
        try:
            credentials = Credentials(name, fields.get("password", ""))
            device = partial(self.parts.devices.id_of, request)
            verified = passwords.verify(credentials, request, device)
            outcome: Verification
            outcome = (yield from verified) if is_way(verified) else verified
            if not isinstance(outcome, Refusal | Throttled):
                return (yield from self._log_in(request, fields, asked, outcome, passwords))
        except Crowded:
            outcome = Refusal.BUSY
        except Exception as error:
            outcome = Refusal.UNAVAILABLE
            self.say(error)
        guess = fields.get("password", "")
        status, note, retry_after = self.refusal(request, name, guess, outcome)
        return self._page(
            request, status, note, asked=asked, name=name, retry_after=retry_after, again=again
        )

    def refusal(
        self, request: Request, name: str, guess: str, outcome: Refusal | Throttled
    ) -> tuple[int, Note | pages.Throttled, int | None]:
        """Tell of a login that came to nothing; return its status, its note, and when to retry.

        :param request: the request
        :param name: the name that was typed
        :param guess: the password that was typed
        :param outcome: why it came to nothing
        """
        knows = None if self.passwords is None else self.passwords.knows
        if isinstance(outcome, Throttled):
            _witness.throttled(request, self.method, name, knows=knows)
            return 429, pages.Throttled(outcome.seconds), outcome.seconds
        if outcome == Refusal.BUSY:
            return 503, Note.BUSY, RETRY_AFTER
        if outcome == Refusal.UNAVAILABLE:
            return 503, Note.UNAVAILABLE, _RETRY_AFTER
        _witness.failed(request, self.method, name, knows=knows, guess=guess)
        return 401, Note.WRONG, None

    def _log_in(
        self,
        request: Request,
        fields: dict[str, str],
        asked: str,
        verified: Verified,
        passwords: Passwords,
    ) -> Steps[Answer]:
        if not (
            yield from self.enter(request, verified, passwords, remembers="remember" in fields)
        ):
            return self._page(request, 401, Note.WRONG, asked=asked)
        return self.to(self._places.done(request, self._places.landing(request, asked)))

    def enter(
        self, request: Request, verified: Verified, passwords: Passwords, *, remembers: bool
    ) -> Steps[bool]:
        """Log in a user who has just shown to be one.

        :param request: the request
        :param verified: the user's name, and what the user was verified against
        :param passwords: who knows the user
        :param remembers: whether the browser is to keep the login
        :return: whether it can be kept
        """
        parts, (name, against) = self.parts, verified
        claims = yield from passwords.claims(name)
        # Before anything of the login is there: it may fail, and then there is no login.
        yield Wait(partial(parts.server.renew_session_id, request.session), is_remembered=True)
        is_kept = yield from parts.session.form.log_in(
            request, name, against, claims, remembers=remembers
        )
        if not is_kept:
            logger.error("Refused: a user name of %d characters fits no cookie", len(name))
            return False
        parts.devices.remember(request, name)
        return True

    @staticmethod
    def to(path: str) -> Answer:
        """Return an answer that leads a browser elsewhere.

        :param path: where to, as the browser sees it
        """
        # With GET, whatever it was (RFC 9110 section 15.4.4).
        return Answer(303, "", {"Location": path, **pages.HEADERS})
