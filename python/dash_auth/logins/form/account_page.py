"""The account page: a user changes the password there, and ends sessions elsewhere."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from dash_auth import _refused, _witness
from dash_auth._core import Credentials, Refusal, Throttled
from dash_auth._current import User
from dash_auth._request import Answer, Request
from dash_auth._steps import Steps, Wait, is_way
from dash_auth._threads import RETRY_AFTER, Crowded
from dash_auth.audit import Kind
from dash_auth.logins import pages
from dash_auth.logins.form.flow import FormFlow
from dash_auth.logins.form.new_passwords import NewPasswords
from dash_auth.logins.form.submission import read_form
from dash_auth.logins.pages import AnyNote, Fault, Said, ShownSession
from dash_auth.logins.passwords import Passwords, Verification
from dash_auth.logins.stored_passwords import against_of
from dash_auth.sessions import known
from dash_auth.users.store import Account

logger: logging.Logger = logging.getLogger("dash_auth")

_DONE = {"password": Said.PASSWORD_CHANGED, "end_others": Said.OTHERS_ENDED}


class AccountPage:
    """Shows a user's own account, and changes what the user may change."""

    def __init__(self, flow: FormFlow, passwords: Passwords, new: NewPasswords) -> None:
        """Remember what it works with.

        :param flow: the login, whose sessions it is about
        :param passwords: who knows the passwords
        :param new: takes new passwords
        """
        self._flow = flow
        self._parts = flow.parts
        self._passwords = passwords
        self._new = new

    def show(self) -> Steps[Answer]:
        """Return the page; an anonymous visitor is led to the login page, and back."""
        request = self._parts.server.request()
        done = _DONE.get("".join(request.query_values("done")[:1]))
        asked = "".join(request.query_values("next")[:1])
        try:
            if self._parts.session.name_of_user(request) is None:
                return self._to_login(request)
            return (yield from self._page(request, 200, done, asked=asked))
        except Exception as error:
            return self._unavailable(request, error)

    def act(self) -> Steps[Answer]:
        """Do what a form of the page asks for."""
        request = self._parts.server.request()
        fields = yield from read_form(request)
        if isinstance(fields, Answer):
            return fields
        try:
            name = self._parts.session.name_of_user(request)
            if name is None:
                return self._to_login(request)
            asked = fields.get("next", "")
            if not self._parts.proof.is_own(request, fields.get("proof", "")):
                logger.debug("Refused: a form of the account page that no page of this app's sent")
                return (yield from self._page(request, 403, Said.PAGE_EXPIRED, asked=asked))
            if fields.get("do") == "end_others":
                return (yield from self._end_others(request, name))
            if not self._has_password(request):
                return (yield from self._page(request, 403, None, asked=asked))
            return (yield from self._change(request, name, fields))
        except Exception as error:
            return self._unavailable(request, error)

    # To change the password

    def _change(self, request: Request, name: str, fields: dict[str, str]) -> Steps[Answer]:
        passwords, asked = self._passwords, fields.get("next", "")
        current, new = fields.get("current", ""), fields.get("new", "")
        looking = passwords.look_up(name)
        if looking is not None:
            yield from looking
        account = passwords.account(name)
        if account is None:
            return self._to_login(request)
        why = self._new.fault(account, new, fields.get("again", ""))
        if why is None and new == current:
            why = "same"
        if why is not None:
            # Before the current one is looked at: it says nothing of that.
            return (yield from self._page(request, 422, self._fault(why), asked=asked))
        outcome = yield from self._verified(request, account, current)
        if isinstance(outcome, Refusal | Throttled):
            status, note, retry_after = self._flow.refusal(request, name, current, outcome)
            return (
                yield from self._page(request, status, note, asked=asked, retry_after=retry_after)
            )
        changed = yield from self._new.set(account, new)
        if isinstance(changed, str):
            return (yield from self._page(request, 422, self._fault(changed), asked=asked))
        if changed is None:
            # Another password was set meanwhile: who knows that one goes on.
            return self._to_login(request)
        return (yield from self._changed(request, changed, asked))

    def _verified(self, request: Request, account: Account, password: str) -> Steps[Verification]:
        """Return what comes of the current password, which is counted as at a login."""
        device = partial(self._parts.devices.id_of, request)
        try:
            credentials = Credentials(account.name, password)
            verified = self._passwords.verify(credentials, request, device)
            outcome: Verification
            outcome = (yield from verified) if is_way(verified) else verified
        except Crowded:
            return Refusal.BUSY
        except Exception as error:
            self._flow.say(error)
            return Refusal.UNAVAILABLE
        if isinstance(outcome, Refusal | Throttled):
            return outcome
        # What is written next is bound to this very credential.
        return outcome if outcome == (account.name, against_of(account)) else Refusal.WRONG

    def _changed(self, request: Request, account: Account, asked: str) -> Steps[Answer]:
        """Go on with a session of its own where the password is another now."""
        session, had_to = self._parts.session.form, bool(asked)
        _witness.password_set(request, Kind.PASSWORD_CHANGED, session.method, account.name)
        remembers = session.is_remembered(request)
        verified = account.name, against_of(account)
        if not (
            yield from self._flow.enter(request, verified, self._passwords, remembers=remembers)
        ):
            return self._to_login(request)
        yield from end_others(self._flow, account.name)
        if had_to:
            return self._flow.to(self._parts.places.landing(request, asked))
        return self._flow.to(self._parts.places.account_page(request, done="password"))

    def _fault(self, why: str) -> Fault:
        return Fault(why, self._new.least)

    # The sessions

    def _end_others(self, request: Request, name: str) -> Steps[Answer]:
        yield from end_others(self._flow, name, is_asked=True)
        return self._flow.to(self._parts.places.account_page(request, done="end_others"))

    def _sessions(self, name: str) -> Steps[list[ShownSession] | None]:
        """Return the user's sessions, None where nobody knows them."""
        if not self._parts.tickets.are_stored:
            return None
        found = yield Wait(partial(known.of, name), is_remembered=True)
        return [ShownSession(one.created, one.seen, one.is_current) for one in found]

    # The page

    def _page(
        self,
        request: Request,
        status: int,
        note: AnyNote,
        *,
        asked: str = "",
        retry_after: int | None = None,
    ) -> Steps[Answer]:
        parts, places = self._parts, self._parts.places
        user: User | None = None
        if request.identity is not None:
            user = yield Wait(partial(request.identity.user, request), is_remembered=True)
        name = parts.session.name_of_user(request)
        if name is None:
            return self._to_login(request)
        sessions = yield from self._sessions(name)
        must_change = parts.session.has_to_change(request)
        if status != 200:
            _refused.note(request, brought=False)
        action = places.seen(request, places.account or "")
        page = pages.AccountPage(
            action=action,
            files=self._flow.files(request),
            proof=parts.proof.field(request, action),
            name=name,
            full_name=None if user is None else user.full_name,
            email=None if user is None else user.email,
            groups=() if user is None else user.groups,
            has_password=self._has_password(request),
            must_change=must_change,
            least=self._new.least,
            note=Said.MUST_CHANGE if note is None and must_change else note,
            sessions=sessions,
            target=places.landing(request, asked) if must_change else None,
            start=places.start(),
            logout=places.seen(request, places.logout),
        )
        html = pages.account_page(parts.look, page, request.header("Accept-Language"))
        return _html(status, html, retry_after)

    def _has_password(self, request: Request) -> bool:
        return not self._parts.session.provider.wrote(request)

    def _to_login(self, request: Request) -> Answer:
        places = self._parts.places
        return self._flow.to(places.login_page(request, places.account_page(request)))

    def _unavailable(self, request: Request, error: Exception) -> Answer:
        """Return the page where something cannot be asked."""
        is_busy = isinstance(error, Crowded)
        if not is_busy:
            self._flow.say(error)
        return unavailable(self._flow, request, is_busy=is_busy)


def end_others(flow: FormFlow, name: str, *, is_asked: bool = False) -> Steps[None]:
    """End all sessions of a user but the current one, where a store knows them.

    :param flow: the login
    :param name: the user's name
    :param is_asked: whether the user asks for just that: else they are over without, since what
        they were made under is another
    """
    if not flow.parts.tickets.are_stored:
        return
    try:
        yield Wait(partial(known.end_all, name, except_current=True), is_remembered=True)
    except Exception as error:
        if is_asked:
            raise
        flow.say(error)


def unavailable(flow: FormFlow, request: Request, *, is_busy: bool) -> Answer:
    """Return what is answered where something cannot be asked: 503.

    :param flow: the login
    :param request: the request
    :param is_busy: whether all threads are taken
    """
    seconds = RETRY_AFTER if is_busy else 10
    said = "Too many logins" if is_busy else "Logins cannot be checked at the moment"
    _refused.note(request, brought=False)
    later: dict[str, Any] = {"Retry-After": str(seconds)}
    return pages.answer(request, 503, said, flow.parts.places.start(), later)


def _html(status: int, html: str, retry_after: int | None) -> Answer:
    headers = pages.headers(retry_after=retry_after)
    return Answer(status, html, headers, "text/html; charset=utf-8")
