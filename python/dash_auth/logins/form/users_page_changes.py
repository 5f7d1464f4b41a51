"""What an administrator does to users: each change looks at what is stored, and is told of."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from dash_auth import _witness
from dash_auth._current import groups_in
from dash_auth._request import Request
from dash_auth.audit import Kind
from dash_auth.logins.form.invitation import Invitations, made_ready
from dash_auth.logins.form.users_page_fields import can_be_text, groups_in_text, is_text
from dash_auth.logins.function import GroupsFunc, groups_of
from dash_auth.logins.pages.users import Said, Typed
from dash_auth.users.new_password import TEMPORARY_SECONDS
from dash_auth.users.store import Account, WritableUserStore

logger: logging.Logger = logging.getLogger("dash_auth")

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""What temporary passwords are of: nothing that looks like something else in print."""

_AT_ONCE = 500
"""So many users are looked at in one go."""


@dataclass(frozen=True)
class Once:
    """What comes of a change that is shown once: a temporary password, or the token of a link.

    Attributes:
        name: the name of the user whose it is.
        value: the password, or the token.
        is_password: which of the two it is.
        is_new: whether the user was added with it.
    """

    name: str
    value: str = field(repr=False)
    is_password: bool
    is_new: bool


class Changes:
    """Changes users, for an administrator. All of it may take a while.

    Attributes:
        store: keeps the users.
        user_groups: says the groups of each user where the store does not.
        fields: what can be said of a user on the page.
        can_end: whether all sessions of a user can be ended.
    """

    def __init__(
        self,
        store: WritableUserStore,
        admin: str,
        invitations: Invitations,
        *,
        user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = None,
        end_all: Callable[[str, bool], object] | None = None,
        has_account_page: bool = True,
    ) -> None:
        """Remember what is changed.

        :param store: keeps the users
        :param admin: the group of the administrators
        :param invitations: makes the links
        :param user_groups: the groups of each user, None for those of the accounts
        :param end_all: ends all sessions of a user of this name, but for the current one if that is
            to stay; None where sessions are in cookies
        :param has_account_page: whether there is a page on which users change a temporary password
        """
        self.store: WritableUserStore = store
        self.user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = user_groups
        away = set() if user_groups is None else {"groups"}
        if not has_account_page:
            away.add("must_change")
        self.fields: frozenset[str] = store.fields - away
        self.can_end: bool = end_all is not None
        self._admin = admin
        self._invitations = invitations
        self._end_all = end_all
        # Two administrators who remove each other at once: the second finds the first gone.
        self._lock = threading.Lock()

    def groups(self, account: Account) -> list[str]:
        """Return the groups of a user.

        :param account: the user's account
        """
        if self.user_groups is None:
            return groups_in(account.groups)
        return groups_in(groups_of(self.user_groups, account.name))

    def can_edit_groups(self, groups: Iterable[str]) -> bool:
        """Tell whether groups are the store's, and can be written into one field.

        :param groups: the groups of a user
        """
        return "groups" in self.fields and can_be_text(groups)

    def account(self, name: str) -> Account | None:
        """Return the account of exactly this name.

        :param name: what a client sent
        """
        # What another process did a second ago is not undone.
        find = getattr(self.store, "find_now", self.store.find)
        account = find(name) if is_text(name) else None
        return account if account is not None and account.name == name else None

    # The changes

    def add(self, request: Request, by: str, typed: Typed) -> Said | Once:
        """Add a user, with a temporary password or with a link that sets one.

        :param request: the request that asks for it
        :param by: the name of the administrator
        :param typed: what was typed
        """
        if not is_text(typed.name):
            return Said.BAD_NAME
        kept: dict[str, Any] = {}
        for key in ("full_name", "email"):
            text = getattr(typed, key)
            if key in self.fields and text:
                if not is_text(text) or (key == "email" and "@" not in text[1:-1]):
                    return Said.BAD_FIELD
                kept[key] = text
        if "groups" in self.fields:
            groups = groups_in_text(typed.groups)
            if groups is None:
                return Said.BAD_GROUPS
            kept["groups"] = groups
        # One that would be good for ever is none.
        is_temporary = typed.is_temporary and "must_change" in self.fields
        password = _drawn()
        if is_temporary:
            until = datetime.now(timezone.utc) + timedelta(seconds=TEMPORARY_SECONDS)
            kept["must_change"] = until.replace(microsecond=0)
        stored = self.store.hashed(password)
        try:
            is_new = self.store.create(Account(typed.name, stored, **kept))
        except ValueError as error:
            logger.debug("A user could not be added", exc_info=error)
            return Said.BAD_NAME
        if not is_new:
            return Said.TAKEN
        reason = "temporary password" if is_temporary else "invitation"
        _witness.managed(request, Kind.USER_ADDED, typed.name, by=by, reason=reason)
        if is_temporary:
            return Once(typed.name, password, is_password=True, is_new=True)
        account = self.store.find(typed.name)
        if account is None:
            return Said.GONE
        return Once(account.name, self._invitations.token(account), is_password=False, is_new=True)

    def invite(self, request: Request, by: str, name: str) -> Said | Once:
        """Return the token of a link with which a user sets a password.

        :param request: the request that asks for it
        :param by: the name of the administrator
        :param name: the user's name
        """
        account = self.account(name)
        if account is None:
            return Said.GONE
        if account.disabled:
            return Said.ENABLE_FIRST
        ready = made_ready(self.store, account)
        if ready is None:
            return Said.GONE
        token = self._invitations.token(ready)
        _witness.managed(request, Kind.USER_INVITED, name, by=by)
        return Once(name, token, is_password=False, is_new=False)

    def disable(self, request: Request, by: str, name: str) -> Said:
        """Have nobody log in to an account, and end its sessions.

        :param request: the request that asks for it
        :param by: the name of the administrator
        :param name: the user's name
        """
        if "disabled" not in self.fields:
            return Said.NOT_KEPT
        with self._lock:
            refused = self._kept_from(by, name)
            if refused is None:
                refused = self._changed(name, disabled=True)
        if refused is not None:
            return refused
        self._end(name)
        _witness.managed(request, Kind.USER_DISABLED, name, by=by)
        return Said.DISABLED

    def enable(self, request: Request, by: str, name: str) -> Said:
        """Have a user log in to an account again.

        :param request: the request that asks for it
        :param by: the name of the administrator
        :param name: the user's name
        """
        if "disabled" not in self.fields:
            return Said.NOT_KEPT
        if self.account(name) is None:
            return Said.GONE
        refused = self._changed(name, disabled=False)
        if refused is not None:
            return refused
        _witness.managed(request, Kind.USER_ENABLED, name, by=by)
        return Said.ENABLED

    def set_groups(self, request: Request, by: str, name: str, text: str, was: str) -> Said:
        """Give a user other groups.

        :param request: the request that asks for it
        :param by: the name of the administrator
        :param name: the user's name
        :param text: the groups, separated by commas
        :param was: which there were when they were shown
        """
        groups = groups_in_text(text)
        if groups is None:
            return Said.BAD_GROUPS
        with self._lock:
            account = self.account(name)
            if account is None:
                return Said.GONE
            before = self.groups(account)
            if not self.can_edit_groups(before):
                return Said.NOT_KEPT
            if groups_in_text(was) != groups_in_text(", ".join(before)):
                # What somebody else did meanwhile would be undone.
                return Said.CHANGED
            if self._admin in before and self._admin not in groups:
                refused = self._kept_from(by, name)
                if refused is not None:
                    return refused
            refused = self._changed(name, groups=groups)
        if refused is not None:
            return refused
        if groups != before:
            reason = f"{', '.join(before) or '-'} to {', '.join(groups) or '-'}"
            _witness.managed(request, Kind.USER_GROUPS_CHANGED, name, by=by, reason=reason)
        return Said.GROUPS

    def may_remove(self, by: str, name: str) -> Said | None:
        """Return why a user cannot be removed, None for no reason.

        :param by: the name of the administrator
        :param name: the user's name
        """
        return self._kept_from(by, name)

    def remove(self, request: Request, by: str, name: str) -> Said:
        """Remove a user, and end the sessions.

        :param request: the request that asks for it
        :param by: the name of the administrator
        :param name: the user's name
        """
        with self._lock:
            refused = self._kept_from(by, name)
            if refused is not None:
                return refused
            if not self.store.remove(name):
                return Said.GONE
        self._end(name)
        _witness.managed(request, Kind.USER_REMOVED, name, by=by)
        return Said.REMOVED

    def log_out(self, request: Request, by: str, name: str) -> Said:
        """End all sessions of a user, but the administrator's own current one.

        :param request: the request that asks for it
        :param by: the name of the administrator
        :param name: the user's name
        """
        if self._end_all is None:
            return Said.NOT_KEPT
        if self.account(name) is None:
            return Said.GONE
        self._end_all(name, name == by)
        _witness.managed(request, Kind.USER_LOGGED_OUT, name, by=by)
        return Said.LOGGED_OUT

    # What they share

    def _changed(self, name: str, **fields: Any) -> Said | None:
        """Change fields of an account; return why not, None once they are."""
        try:
            return None if self.store.change(name, **fields) else Said.GONE
        except ValueError as error:
            logger.debug("A user could not be changed", exc_info=error)
            return Said.NOT_KEPT

    def _end(self, name: str) -> None:
        if self._end_all is None:
            # Whose account cannot be used is logged in no more.
            return
        try:
            self._end_all(name, False)
        except Exception as error:
            logger.warning("Sessions of a user who may not log in any more remain: %s", error)

    def _kept_from(self, by: str, name: str) -> Said | None:
        """Return why somebody has to stay an administrator who can log in, None for no reason."""
        account = self.account(name)
        if account is None:
            return Said.GONE
        if name == by:
            return Said.SELF
        return Said.LAST if self._is_last(account, by) else None

    def _is_last(self, account: Account, by: str) -> bool:
        if not self._administrates(account):
            return False
        # Mostly it is a user of the store who asks, and stays.
        own = self.account(by)
        if own is not None and self._administrates(own):
            return False
        after = ""
        search = partial(self.store.search, "", limit=_AT_ONCE)
        while found := search(after=after):
            if any(one.name != account.name and self._administrates(one) for one in found):
                return False
            after = found[-1].name
        return True

    def _administrates(self, account: Account) -> bool:
        return not account.disabled and self._admin in self.groups(account)


def _drawn() -> str:
    """Return a password that is typed from paper: 99 bits."""
    letters = [secrets.choice(_LETTERS) for _ in range(20)]
    return "-".join("".join(letters[at : at + 5]) for at in range(0, 20, 5))
