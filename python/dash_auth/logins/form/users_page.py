"""The page on which administrators manage the users of a store that can be written."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from dash_auth import _core, _witness
from dash_auth._current import User
from dash_auth._out_of_order import is_out_of_order, say_out_of_order
from dash_auth._request import Answer, Request
from dash_auth._steps import Steps, Wait
from dash_auth._threads import Crowded
from dash_auth.logins import pages
from dash_auth.logins.form.flow import FormFlow
from dash_auth.logins.form.routes import Routes
from dash_auth.logins.form.session import came_over_tls
from dash_auth.logins.form.submission import read_form
from dash_auth.logins.form.users_page_changes import Changes, Once
from dash_auth.logins.form.users_page_fields import LONGEST, can_be_text, typed_in
from dash_auth.logins.pages import users as shown
from dash_auth.logins.pages.users import Row, Said, Typed, UsersList
from dash_auth.users.store import Account, WritableUserStore

logger: logging.Logger = logging.getLogger("dash_auth")

RECENT_SECONDS = 15 * 60
"""How long ago an administrator who changes something has logged in, at most, in seconds."""

_SKEW = 60
"""By how much the clocks of several servers may differ, in seconds."""

_PAGE = 50
"""So many users are on a page."""

_DONE = {
    said.name.lower(): said
    for said in (Said.DISABLED, Said.ENABLED, Said.GROUPS, Said.REMOVED, Said.LOGGED_OUT)
}
"""What the address says that was done."""


def check_managed(store: WritableUserStore | None) -> None:
    """Refuse a store whose users no page can manage.

    :param store: the store, None where it is none that can be written
    :raises ValueError: if it is none
    """
    if store is None or not isinstance(getattr(store, "fields", None), frozenset):
        raise ValueError(
            "users_route needs a store of users that can be written, such as "
            "users='users.toml' or the URL of a database"
        )


def check_admin_group(group: object) -> str:
    """Return the name of the group of the administrators.

    :param group: the argument `users_admin=`
    :raises TypeError: if it is no text
    :raises ValueError: if it is no name that users can be given
    """
    if not isinstance(group, str):
        raise TypeError(f"users_admin must be a str, not {type(group).__name__}")
    if not can_be_text([group]):
        raise ValueError(f"users_admin={group!r} is no name of a group that users could have")
    return group


@dataclass(frozen=True)
class Door:
    """What the guard says of who asks for the page.

    Attributes:
        admits: tells whether a request is made by who is logged in, and may enter the app.
        refuse: returns the response that refuses one that was not admitted.
        renew: has the login of a request that was admitted last on.
        is_admin: tells whether the current user is in the group of the administrators.
    """

    admits: Callable[[Request], Steps[bool]]
    refuse: Callable[[Request], Steps[Any]]
    renew: Callable[[Request], Steps[None]]
    is_admin: Callable[[], bool]


class UsersPage:
    """Shows the users, and changes them."""

    def __init__(self, flow: FormFlow, door: Door, changes: Changes, path: str) -> None:
        """Remember what it is made of.

        :param flow: the login whose page it is
        :param door: what the guard says of who asks
        :param changes: changes the users
        :param path: path of the page on the server
        """
        self._flow = flow
        self._parts = flow.parts
        self._door = door
        self._changes = changes
        self._path = path

    # The routes

    def show(self) -> Steps[Any]:
        """Return the list of users."""
        request = self._parts.server.request()
        user = yield from self._administrator(request)
        if not isinstance(user, User):
            return user
        query = {name: "".join(request.query_values(name)[:1]) for name in ("q", "after", "done")}
        said = _DONE.get(query["done"])
        if said is None and not self._is_recent(request):
            said = Said.RECENT
        return (yield from self._list(request, user, query, said))

    def act(self) -> Steps[Any]:
        """Do what a form asks for."""
        request = self._parts.server.request()
        user = yield from self._administrator(request)
        if not isinstance(user, User):
            return user
        fields = yield from read_form(request)
        if isinstance(fields, Answer):
            return fields
        if not self._parts.proof.is_own(request, fields.get("proof", "")):
            logger.debug("Refused: no page of this app's asks to change users")
            return (yield from self._list(request, user, fields, Said.EXPIRED))
        if not self._is_recent(request):
            return self._to(self._again(request))
        change = self._change(request, user, fields)
        if change is None:
            return (yield from self._list(request, user, fields, Said.UNREAD))
        try:
            came = yield Wait(change, is_remembered=True)
        except Exception as error:
            came = self._unavailable(error)
        if isinstance(came, Answer):
            return came
        if isinstance(came, Once):
            return self._once(request, fields, came)
        if came.status == 200:
            return self._to(self._listed(request, fields, done=came.name.lower()))
        typed = typed_in(fields) if fields.get("action") == "add" else None
        return (yield from self._list(request, user, fields, came, typed))

    # Who may

    def _administrator(self, request: Request) -> Steps[Any]:
        """Return the user who asks if it may, else what is answered."""
        if not (yield from self._door.admits(request)):
            return (yield from self._door.refuse(request))
        known = self._parts.session.name_of_user(request)
        user = None if request.identity is None else request.identity.user(request)
        if known is None and pages.is_shown(request) and request.method == "GET":
            # Who came by credentials that a browser sends by itself.
            return self._flow.begin(request, self._seen(request))
        if user is None or user.name != known or not self._door.is_admin():
            return self._not_for(request, "" if user is None else user.name)
        yield from self._door.renew(request)
        return user

    def _not_for(self, request: Request, name: str) -> Answer:
        _witness.denied(request, name, "the users page")
        if not pages.is_shown(request):
            return Answer(403, "Access denied", pages.HEADERS)
        card = shown.not_for(self._flow.files(request), name, self._parts.places.start())
        return self._card(request, 403, card)

    @staticmethod
    def _is_recent(request: Request) -> bool:
        at = None if request.identity is None else request.identity.auth_time(request)
        return at is not None and -_SKEW <= time.time() - at <= RECENT_SECONDS

    # What is asked for

    def _change(
        self, request: Request, user: User, fields: Mapping[str, str]
    ) -> Callable[[], Said | Once | Answer] | None:
        """Return what does what a form asks for, None if it asks for nothing."""
        changes, by, name = self._changes, user.name, fields.get("user", "")
        action = fields.get("action")
        if action == "add":
            return partial(changes.add, request, by, typed_in(fields))
        if action == "groups":
            groups, was = fields.get("groups"), fields.get("was")
            if groups is None or was is None:
                return None
            return partial(changes.set_groups, request, by, name, groups, was)
        if action == "remove" and "sure" not in fields:
            return partial(self._asked, request, user, fields)
        known = {
            "invite": changes.invite,
            "disable": changes.disable,
            "enable": changes.enable,
            "end": changes.log_out,
            "remove": changes.remove,
        }
        done = known.get(action or "")
        return None if done is None else partial(done, request, by, name)

    def _asked(self, request: Request, user: User, fields: Mapping[str, str]) -> Said | Answer:
        """Return the page that asks whether to remove a user."""
        name = fields.get("user", "")
        refused = self._changes.may_remove(user.name, name)
        if refused is not None:
            return refused
        action = self._seen(request)
        sent = {"action": "remove", "sure": "1", "user": name, **_place(fields)}
        form = shown.remove_form(action, self._parts.proof.field(request, action), sent)
        card = shown.remove_user(
            self._parts.look,
            request.header("Accept-Language"),
            self._flow.files(request),
            name,
            form,
            self._listed(request, fields),
        )
        return self._card(request, 200, card)

    # What is answered

    def _list(
        self,
        request: Request,
        user: User,
        asked: Mapping[str, str],
        said: Said | None,
        typed: Typed | None = None,
    ) -> Steps[Answer]:
        place = _place(asked)
        search, after = place.get("q", ""), place.get("after", "")
        rows: list[Row] = []
        is_more = False
        try:
            rows, is_more = yield Wait(
                partial(self._rows, user.name, search, after), is_remembered=True
            )
        except Exception as error:
            said = self._unavailable(error)
        action = self._seen(request)
        going_on = {**({"q": search} if search else {}), "after": rows[-1].name} if is_more else {}
        look = self._parts.look
        page = UsersList(
            action=action,
            files=self._flow.files(request),
            start=self._parts.places.start(),
            proof=self._parts.proof.field(request, action),
            name=user.name,
            rows=rows,
            search=search,
            after=after,
            next_page=f"{action}?{urlencode(going_on)}" if is_more else None,
            fields=self._changes.fields,
            can_end=self._changes.can_end,
            said=said,
            login=self._again(request),
            typed=typed,
        )
        html = shown.users_list(look, page, request.header("Accept-Language"))
        retry_after = 10 if said is Said.UNAVAILABLE else None
        status = 200 if said is None else said.status
        return self._html(status, html, retry_after)

    def _rows(self, own: str, search: str, after: str) -> tuple[list[Row], bool]:
        found = self._changes.store.search(search, after=after, limit=_PAGE + 1)
        return [self._row(account, own) for account in found[:_PAGE]], len(found) > _PAGE

    def _row(self, account: Account, own: str) -> Row:
        # A function of the developer's may take long, for each of the users.
        is_asked = not callable(self._changes.user_groups)
        groups = self._changes.groups(account) if is_asked else []
        return Row(
            name=account.name,
            details=" · ".join(text for text in (account.full_name, account.email) if text),
            groups=groups,
            can_edit_groups=self._changes.can_edit_groups(groups),
            is_disabled=account.disabled,
            has_temporary=bool(account.must_change),
            is_self=account.name == own,
        )

    def _once(self, request: Request, fields: Mapping[str, str], once: Once) -> Answer:
        value = once.value if once.is_password else self._link(request, once.value)
        secret = shown.Secret(
            name=once.name,
            value=value,
            is_password=once.is_password,
            is_new=once.is_new,
            files=self._flow.files(request),
            back=self._listed(request, fields),
        )
        html = shown.secret(self._parts.look, secret, request.header("Accept-Language"))
        return self._html(200, html)

    def _link(self, request: Request, token: str) -> str:
        origin = request.origin or ""
        # Where a proxy stands before the server, the browser knows the address better.
        is_own = request.sec_fetch_site == "same-origin" or came_over_tls(request)
        if not (is_own and _core.is_same_origin(origin, origin)):
            origin = request.own_origin
        login = self._parts.places.seen(request, self._parts.places.login)
        return f"{origin}{login}/invitation/{token}"

    @staticmethod
    def _unavailable(error: Exception) -> Said:
        if is_out_of_order(error):
            say_out_of_order("the users", error)
        elif not isinstance(error, Crowded):
            logger.error("An error while users were to be managed", exc_info=error)
        return Said.UNAVAILABLE

    def _seen(self, request: Request) -> str:
        """Return the path of the page, as the browser sees it."""
        return self._parts.places.seen(request, self._path)

    def _listed(self, request: Request, asked: Mapping[str, str], **done: str) -> str:
        """Return the address of the list where it was left."""
        query = urlencode({**_place(asked), **done})
        return self._seen(request) + (f"?{query}" if query else "")

    def _again(self, request: Request) -> str:
        """Return where an administrator logs in again, to come back."""
        return self._parts.places.login_page(request, self._seen(request), again="1")

    def _card(self, request: Request, status: int, card: pages.Card) -> Answer:
        return self._html(
            status, pages.card(self._parts.look, card, request.header("Accept-Language"))
        )

    @staticmethod
    def _html(status: int, html: str, retry_after: int | None = None) -> Answer:
        headers = pages.headers(retry_after=retry_after)
        return Answer(status, html, headers, "text/html; charset=utf-8")

    @staticmethod
    def _to(path: str) -> Answer:
        # With GET, whatever it was (RFC 9110 section 15.4.4).
        return Answer(303, "", {"Location": path, **pages.HEADERS})


def _place(asked: Mapping[str, str]) -> dict[str, str]:
    """Return which part of the list is shown, as far as anything says so."""
    named = {name: asked.get(name, "")[:LONGEST] for name in ("q", "after")}
    # What cannot be seen is in no name, and some databases refuse it.
    seen = {name: "".join(filter(str.isprintable, text)) for name, text in named.items()}
    return {name: text for name, text in seen.items() if text}


def add_users_page(
    routes: Routes, flow: FormFlow, door: Door, changes: Changes, route: str, path: str
) -> None:
    """Add the page to an app.

    :param routes: adds routes of the login's own
    :param flow: the login whose page it is
    :param door: what the guard says of who asks
    :param changes: changes the users
    :param route: path of the page, relative to the app's prefix
    :param path: the same on the server
    :raises ValueError: if something of the app's has that path
    """
    routes.refuse_taken("users_route", route)
    page = UsersPage(flow, door, changes, path)
    routes.add("users", path, page.show)
    routes.add("users_change", path, page.act, "POST")
