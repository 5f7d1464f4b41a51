"""The page that an invitation leads to: its user chooses a password there, once."""

from __future__ import annotations

import logging
from functools import partial

from dash_auth import _refused, _witness
from dash_auth._request import Answer, Request
from dash_auth._steps import Steps, Wait
from dash_auth._threads import Crowded
from dash_auth.audit import Kind
from dash_auth.logins import pages
from dash_auth.logins.form.account_page import end_others, unavailable
from dash_auth.logins.form.flow import FormFlow
from dash_auth.logins.form.invitation import Invitations
from dash_auth.logins.form.new_passwords import NewPasswords
from dash_auth.logins.form.submission import read_form
from dash_auth.logins.pages import AnyNote, Fault, Said
from dash_auth.logins.passwords import Passwords
from dash_auth.logins.stored_passwords import against_of
from dash_auth.users.store import Account

logger: logging.Logger = logging.getLogger("dash_auth")


class InvitationPage:
    """Has a user who was invited, or forgot the password, choose one."""

    def __init__(
        self,
        flow: FormFlow,
        passwords: Passwords,
        invitations: Invitations,
        new: NewPasswords,
    ) -> None:
        """Remember what it works with.

        :param flow: the login
        :param passwords: who knows the passwords
        :param invitations: reads the links
        :param new: takes new passwords
        """
        self._flow = flow
        self._parts = flow.parts
        self._passwords = passwords
        self._invitations = invitations
        self._new = new

    def show(self, token: str) -> Steps[Answer]:
        """Return the page, if the link is good.

        :param token: what the link ends in
        """
        request = self._parts.server.request()
        try:
            account = yield from self._account(token)
            if account is None:
                return self._gone(request)
            return self._page(request, 200, token, account, None)
        except Exception as error:
            return self._unavailable(request, error)

    def use(self, token: str) -> Steps[Answer]:
        """Set the password, if the link is good, and log its user in.

        :param token: what the link ends in
        """
        request = self._parts.server.request()
        fields = yield from read_form(request)
        if isinstance(fields, Answer):
            return fields
        try:
            account = yield from self._account(token)
            if account is None:
                return self._gone(request)
            if not self._parts.proof.is_own(request, fields.get("proof", "")):
                logger.debug("Refused: a form of an invitation that no page of this app's sent")
                return self._page(request, 403, token, account, Said.PAGE_EXPIRED)
            new = fields.get("new", "")
            why = self._new.fault(account, new, fields.get("again", ""))
            if why is None:
                # No hash is made before: what was forged costs a look at the seal.
                changed = yield from self._new.set(account, new)
                if changed is None:
                    return self._gone(request)
                if not isinstance(changed, str):
                    return (yield from self._used(request, changed))
                why = changed
            return self._page(request, 422, token, account, Fault(why, self._new.least))
        except Exception as error:
            return self._unavailable(request, error)

    def _account(self, token: str) -> Steps[Account | None]:
        read = partial(self._invitations.account, token, self._new.store.find)
        account: Account | None = yield Wait(read)
        return account

    def _used(self, request: Request, account: Account) -> Steps[Answer]:
        method = self._parts.session.form.method
        _witness.password_set(request, Kind.INVITATION_USED, method, account.name)
        places, verified = self._parts.places, (account.name, against_of(account))
        if not (yield from self._flow.enter(request, verified, self._passwords, remembers=False)):
            return self._flow.to(places.login_page(request))
        yield from end_others(self._flow, account.name)
        return self._flow.to(places.done(request, places.start()))

    def _page(
        self, request: Request, status: int, token: str, account: Account, note: AnyNote
    ) -> Answer:
        parts, places = self._parts, self._parts.places
        login = places.seen(request, places.login)
        if status != 200:
            _refused.note(request, brought=False)
        page = pages.InvitationPage(
            action=f"{login}/invitation/{token}",
            files=login,
            # For all below the login: a cookie's path holds no token.
            proof=parts.proof.field(request, login),
            name=account.name,
            least=self._new.least,
            note=note,
        )
        html = pages.invitation_page(parts.look, page, request.header("Accept-Language"))
        return Answer(status, html, pages.headers(), "text/html; charset=utf-8")

    def _gone(self, request: Request) -> Answer:
        """Return the one page for all links that are not good: it says nothing of a user."""
        _witness.invitation_refused(request, self._parts.session.form.method)
        return self._flow.card(request, 410, pages.invitation_gone(self._flow.files(request)))

    def _unavailable(self, request: Request, error: Exception) -> Answer:
        is_busy = isinstance(error, Crowded)
        if not is_busy:
            self._flow.say(error)
        return unavailable(self._flow, request, is_busy=is_busy)
